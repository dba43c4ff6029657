/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/fs.h"
#include "store/sql.h"
#include "tests/store/fixture.h"

#define NOW G_GINT64_CONSTANT (1700000000000)
#define MANY 300

static char *
path_of (const Fixture *f, const char *name)
{
    return g_build_filename (f->directory, name, NULL);
}

static void
truncate_to (const Fixture *f, const char *name, off_t length)
{
    g_autofree char *path = path_of (f, name);

    g_assert_cmpint (truncate (path, length), ==, 0);
}

static void
overwrite (const Fixture *f, const char *name, off_t from, size_t length)
{
    g_autofree char *path = path_of (f, name);
    g_autofree char *junk = g_malloc (length);
    brev_autofd int fd = open (path, O_WRONLY | O_CLOEXEC);

    memset (junk, 0xa5, length);
    g_assert_cmpint (pwrite (fd, junk, length, from), ==, (gssize) length);
}

static void delete (const Fixture *f, const char *name)
{
    g_autofree char *path = path_of (f, name);

    g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
do_nothing (const Fixture *f)
{
}

static void
do_overwrite_header (const Fixture *f)
{
    overwrite (f, "store.db", 0, 100);
}

/* In the middle: the pages of both tables stand on both sides. */
static void
do_overwrite_middle (const Fixture *f)
{
    overwrite (f, "store.db", 26 * 4096, 4 * 4096);
}

static void
do_truncate (const Fixture *f)
{
    truncate_to (f, "store.db", 28 * 4096);
}

static void
do_empty (const Fixture *f)
{
    truncate_to (f, "store.db", 0);
    truncate_to (f, "store.db-wal", 0);
}

static void
do_delete_log (const Fixture *f)
{
    delete (f, "store.db-wal");
}

/* As if the last courier had been killed. */
static void
do_delete_log_after_crash (const Fixture *f)
{
    g_autofree char *in_use = path_of (f, "in-use");

    g_assert_false (g_file_test (in_use, G_FILE_TEST_EXISTS));
    g_assert_true (g_file_set_contents (in_use, "", 0, NULL));
    delete (f, "store.db-wal");
}

static void
do_delete_database (const Fixture *f)
{
    delete (f, "store.db");
    delete (f, "store.db-wal");
    delete (f, "store.db-shm");
}

static void
do_delete_all (const Fixture *f)
{
    do_delete_database (f);
    delete (f, "lock");
}

/* MANY messages, every second of them sent, all of it in the database file itself. */
static Fixture
filled (void)
{
    Fixture f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) messages = message_array ();

    for (int i = 0; i < MANY; i++) {
        g_autofree char *id = g_strdup_printf ("%026d", i);
        BrevStoreMessage *message = new_message (id, 1000, NOW);
        first (message)->state = i % 2 == 0 ? BREV_STATE_SENT : BREV_STATE_QUEUED;
        g_ptr_array_add (messages, message);
    }
    g_assert_true (brev_store_import (f.store, messages, NOW, NULL, NULL));
    g_assert_true (brev_sql_exec (f.store, "PRAGMA wal_checkpoint (TRUNCATE)", NULL));
    brev_store_free (f.store);
    f.store = NULL;
    return f;
}

typedef struct {
    guint sent, queued, parked;
} Count;

/* Imports what has no row again, as the courier does with the files it finds. */
static void
import_missing (BrevStore *store, gint64 arrival)
{
    g_autoptr (GPtrArray) messages = message_array ();

    for (int i = 0; i < MANY; i++) {
        g_autofree char *id = g_strdup_printf ("%026d", i);
        g_autoptr (BrevStoreMessage) got = brev_store_get (store, id, NULL);
        if (got == NULL)
            g_ptr_array_add (messages, new_message (id, 1000, arrival));
    }
    g_assert_true (brev_store_import (store, messages, NOW, NULL, NULL));
}

static Count
import_again (BrevStore *store, gint64 arrival)
{
    BrevStoreFilter all = { .uid = -1 };
    g_autoptr (GPtrArray) messages = NULL;
    Count count = { 0 };

    import_missing (store, arrival);
    messages = brev_store_list (store, &all, NULL);
    g_assert_cmpuint (messages->len, ==, MANY);
    for (guint i = 0; i < messages->len; i++) {
        const BrevStoreRecipient *r = first (messages->pdata[i]);
        count.sent += r->state == BREV_STATE_SENT;
        count.queued += r->state == BREV_STATE_QUEUED;
        count.parked += r->state == BREV_STATE_PARKED && r->maybe_sent;
    }
    g_assert_cmpuint (count.sent + count.queued + count.parked, ==, MANY);
    return count;
}

/* What the log says was read is what is there, from whichever end it was read. */
static void
check_told (BrevStore *store, const char *reason)
{
    BrevStoreFilter all = { .uid = -1 };
    g_autoptr (GPtrArray) messages = brev_store_list (store, &all, NULL);
    g_autofree char *told = g_strdup_printf ("; %u messages were read", messages->len);

    if (strstr (reason, "messages were read") != NULL)
        g_assert_nonnull (strstr (reason, told));
}

static void
test_damages (void)
{
    static const struct {
        const char *name;
        void (*damage) (const Fixture *f);
        const char *reason;      /* part of it; NULL: nothing is wrong */
        gboolean is_suspected;   /* by a process that read a damaged page */
        gboolean something_sent; /* rows of finished messages survive */
        gboolean something_queued;
        gboolean something_parked;
    } cases[] = {
        { "nothing", do_nothing, NULL, FALSE, TRUE, TRUE, FALSE },
        { "groundless-suspicion", do_nothing, NULL, TRUE, TRUE, TRUE, FALSE },
        { "header", do_overwrite_header, "was damaged", FALSE, FALSE, FALSE, TRUE },
        { "middle", do_overwrite_middle, "was damaged", TRUE, TRUE, TRUE, TRUE },
        { "truncated", do_truncate, "was damaged", FALSE, TRUE, TRUE, TRUE },
        { "empty", do_empty, "is gone", FALSE, FALSE, FALSE, TRUE },
        { "log-deleted", do_delete_log, NULL, FALSE, TRUE, TRUE, FALSE },
        { "log-deleted-after-crash", do_delete_log_after_crash, "log of the database",
          FALSE, TRUE, FALSE, TRUE },
        { "deleted", do_delete_database, "is gone", FALSE, FALSE, FALSE, TRUE },
        { "all-deleted", do_delete_all, NULL, FALSE, FALSE, TRUE, FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_auto (Fixture) f = filled ();
        g_autofree char *reason = NULL, *again = NULL, *suspect = path_of (&f, "suspect");
        Count count;

        g_test_message ("%s", cases[i].name);
        cases[i].damage (&f);
        if (cases[i].is_suspected)
            g_assert_true (g_file_set_contents (suspect, "", 0, NULL));
        reason = fixture_reopen (&f, NOW + 1000);
        g_test_message ("%s", reason == NULL ? "sound" : reason);
        g_assert_cmpint (reason != NULL, ==, cases[i].reason != NULL);
        if (reason != NULL)
            g_assert_nonnull (strstr (reason, cases[i].reason));
        if (reason != NULL)
            check_told (f.store, reason);
        g_assert_false (g_file_test (suspect, G_FILE_TEST_EXISTS));
        count = import_again (f.store, NOW);
        g_assert_cmpint (count.sent > 0, ==, cases[i].something_sent);
        g_assert_cmpint (count.queued > 0, ==, cases[i].something_queued);
        g_assert_cmpint (count.parked > 0, ==, cases[i].something_parked);
        g_assert_cmpint (brev_store_release (f.store, NULL, NOW, NULL), ==, count.parked);
        again = fixture_reopen (&f, NOW + 2000);
        g_assert_null (again);
    }
}

/* Mail that came after the damage is not doubted. */
static void
test_new_mail_is_not_doubted (void)
{
    g_auto (Fixture) f = filled ();
    g_autofree char *reason = NULL;
    Count count;

    do_delete_database (&f);
    reason = fixture_reopen (&f, NOW + 1000);
    g_assert_nonnull (reason);
    count = import_again (f.store, NOW + 1001);
    g_assert_cmpuint (count.queued, ==, MANY);
}

/* The page is read while the courier works: it ends, and the next one mends. */
static void
test_damage_is_found_at_work (void)
{
    g_auto (Fixture) f = filled ();
    g_autofree char *reason = NULL, *suspect = path_of (&f, "suspect");
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) messages = NULL;
    BrevStoreFilter all = { .uid = -1 };

    do_overwrite_middle (&f);
    f.store = brev_store_open (f.directory, BREV_STORE_ADMIN, NOW, NULL, &error);
    g_assert_no_error (error);
    messages = brev_store_list (f.store, &all, &error);
    g_assert_null (messages);
    g_assert_error (error, BREV_ERROR, BREV_ERROR_SYSTEM);
    g_assert_nonnull (strstr (error->message, "is damaged"));
    g_assert_true (g_file_test (suspect, G_FILE_TEST_EXISTS));
    reason = fixture_reopen (&f, NOW);
    g_assert_nonnull (reason);
}

static void
test_only_a_lone_courier_mends (void)
{
    g_auto (Fixture) f = filled ();
    g_autofree char *reason = NULL;
    g_autoptr (BrevStore) other = NULL;
    g_autoptr (GError) error = NULL;

    other = brev_store_open (f.directory, BREV_STORE_ADMIN, NOW, NULL, &error);
    g_assert_no_error (error);
    overwrite (&f, "store.db", 0, 100);
    f.store = brev_store_open (f.directory, BREV_STORE_ADMIN, NOW, NULL, &error);
    g_assert_null (f.store);
    g_assert_error (error, BREV_ERROR, BREV_ERROR_SYSTEM);
    g_clear_error (&error);
    f.store = brev_store_open (f.directory, BREV_STORE_COURIER, NOW, NULL, &error);
    g_assert_null (f.store);
    g_assert_error (error, BREV_ERROR, BREV_ERROR_SYSTEM);
    g_clear_pointer (&other, brev_store_free);
    reason = fixture_reopen (&f, NOW);
    g_assert_nonnull (reason);
}

static void
test_newer_version_is_left_alone (void)
{
    g_auto (Fixture) f = filled ();
    g_autoptr (BrevStore) store = NULL;

    g_assert_null (fixture_reopen (&f, NOW));
    g_assert_true (brev_sql_exec (f.store, "PRAGMA user_version = 99", NULL));
    g_clear_pointer (&f.store, brev_store_free);
    for (int mode = BREV_STORE_COURIER; mode <= BREV_STORE_READ; mode++) {
        g_autoptr (GError) error = NULL;
        store = brev_store_open (f.directory, (BrevStoreMode) mode, NOW, NULL, &error);
        g_assert_null (store);
        g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
        g_assert_nonnull (strstr (error->message, "99"));
    }
}

/* A crash before the first version was complete leaves version 0. */
static void
test_version_zero_is_taken_up (void)
{
    g_auto (Fixture) f = { g_dir_make_tmp ("brevdue-store-XXXXXX", NULL), NULL };
    g_autofree char *path = path_of (&f, "store.db"), *damaged = NULL;
    sqlite3 *db = NULL;

    g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
    g_assert_cmpint (sqlite3_exec (db,
                                   "PRAGMA journal_mode = WAL; CREATE TABLE t (a);"
                                   "DROP TABLE t",
                                   NULL, NULL, NULL),
                     ==, SQLITE_OK);
    g_assert_cmpint (sqlite3_close (db), ==, SQLITE_OK);
    damaged = fixture_reopen (&f, NOW);
    g_assert_null (damaged);
    import_in_state (f.store, "m", BREV_STATE_QUEUED, NOW);
    claim_ids (f.store, 1, NOW, "m");
}

static void
test_reading_what_is_not_there (void)
{
    g_auto (Fixture) f = { g_dir_make_tmp ("brevdue-store-XXXXXX", NULL), NULL };
    g_autoptr (GError) error = NULL;

    g_assert_null (brev_store_open (f.directory, BREV_STORE_READ, NOW, NULL, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_NO_FILE);
}

/* The first courier has made the file and not its tables. */
static void
test_reading_what_is_being_made (void)
{
    g_auto (Fixture) f = { g_dir_make_tmp ("brevdue-store-XXXXXX", NULL), NULL };
    g_autofree char *file = g_build_filename (f.directory, "store.db", NULL);
    g_autoptr (GError) error = NULL;

    g_assert_true (g_file_set_contents (file, "", 0, NULL));
    g_assert_null (brev_store_open (f.directory, BREV_STORE_READ, NOW, NULL, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_NO_FILE);
}

/* Reads in a process that may not write anything in the directory. */
static int
read_without_rights (const char *directory)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevStore) store = NULL;
    g_autoptr (GPtrArray) messages = NULL;
    BrevStoreFilter all = { .uid = -1 };

    if (geteuid () == 0 && (setgid (65534) < 0 || setuid (65534) < 0))
        return 2;
    store = brev_store_open (directory, BREV_STORE_READ, NOW, NULL, &error);
    if (store != NULL)
        messages = brev_store_list (store, &all, &error);
    if (error != NULL)
        g_printerr ("%s\n", error->message);
    return messages != NULL && messages->len == MANY ? 0 : 1;
}

static void
in_child (const char *directory)
{
    int status;
    pid_t child = fork ();

    if (child == 0)
        _exit (read_without_rights (directory));
    g_assert_cmpint (waitpid (child, &status, 0), ==, child);
    g_assert_cmpint (status, ==, 0);
}

static void
test_reader_without_rights (void)
{
    static const char *const names[] = { "store.db", "store.db-wal", "store.db-shm",
                                         "lock" };
    g_auto (Fixture) f = filled ();

    for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
        g_autofree char *path = path_of (&f, names[i]);
        g_assert_cmpint (g_chmod (path, i == 3 ? 0400 : 0444), ==, 0);
    }
    g_assert_cmpint (g_chmod (f.directory, 0555), ==, 0);
    in_child (f.directory); /* while nobody has it open */
    g_assert_cmpint (g_chmod (f.directory, 0755), ==, 0);
}

static void
test_reader_beside_a_writer (void)
{
    g_auto (Fixture) f = filled ();
    g_autofree char *damaged = fixture_reopen (&f, NOW);
    g_autoptr (BrevStore) reader = NULL;
    g_autoptr (BrevStoreMessage) got = NULL;

    g_assert_null (damaged);
    import_in_state (f.store, "m", BREV_STATE_SENDING, NOW);
    reader = brev_store_open (f.directory, BREV_STORE_READ, NOW, NULL, NULL);
    got = get_message (reader, "m");
    g_assert_cmpint (first (got)->state, ==, BREV_STATE_SENDING);
    g_assert_cmpint (brev_store_hold (reader, "m", NOW, NULL), ==, -1);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/damage/cases", test_damages);
    g_test_add_func ("/damage/new-mail", test_new_mail_is_not_doubted);
    g_test_add_func ("/damage/at-work", test_damage_is_found_at_work);
    g_test_add_func ("/damage/lone-courier", test_only_a_lone_courier_mends);
    g_test_add_func ("/schema/newer", test_newer_version_is_left_alone);
    g_test_add_func ("/schema/zero", test_version_zero_is_taken_up);
    g_test_add_func ("/read/nothing", test_reading_what_is_not_there);
    g_test_add_func ("/read/being-made", test_reading_what_is_being_made);
    g_test_add_func ("/read/without-rights", test_reader_without_rights);
    g_test_add_func ("/read/beside-a-writer", test_reader_beside_a_writer);
    return g_test_run ();
}
