/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/fs.h"
#include "envelope/frame.h"
#include "store/sql.h"
#include "tests/store/fixture.h"

#define NOW G_GINT64_CONSTANT (1700000000000)

static GPtrArray *
callers_of (BrevStore *store)
{
    g_autoptr (GError) error = NULL;
    GPtrArray *callers = brev_store_callers (store, &error);

    g_assert_no_error (error);
    return callers;
}

static BrevStoreMessage *
call (const char *id, guint32 uid, const char *program)
{
    BrevStoreMessage *message = new_message (id, uid, NOW);

    message->login = g_strdup ("www-data");
    message->program = g_strdup (program);
    return message;
}

static void
import_call (BrevStore *store, const char *id, const char *program, const char *options,
             const char *ignored)
{
    g_autoptr (BrevStoreMessage) message = call (id, 33, program);

    message->options = g_strdup (options);
    message->ignored = g_strdup (ignored);
    import_message (store, message, NOW);
}

/* "-t 2/0 -U 1/1": each option with the messages that used it, and that it did nothing for */
static char *
options_text (const BrevStoreCaller *caller)
{
    GString *text = g_string_new (NULL);

    for (guint i = 0; i < caller->options->len; i++) {
        const BrevStoreOption *option = caller->options->pdata[i];
        g_string_append_printf (text, "%s%s %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                                i == 0 ? "" : " ", option->name, option->used,
                                option->ignored);
    }
    return g_string_free (text, FALSE);
}

static void
test_options (void)
{
    static const struct {
        const char *name, *options, *ignored, *want;
    } cases[] = {
        { "none", NULL, NULL, "-t 1/0" },
        { "empty", "", " ", "-t 1/0" },
        { "same", "-t", NULL, "-t 2/0" },
        { "several", "-t -oi  -U", "-U", "-t 2/0 -U 1/1 -oi 1/0" },
        { "twice-in-one", "-i -i -i", NULL, "-i 1/0 -t 1/0" },
        { "long", "-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL,
          "(other) 1/0 -t 1/0" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
        g_autoptr (GPtrArray) callers = NULL;
        g_autofree char *text = NULL;

        g_test_message ("%s", cases[i].name);
        import_call (f.store, "first", "php", "-t", NULL);
        import_call (f.store, "second", "php", cases[i].options, cases[i].ignored);
        callers = callers_of (f.store);
        g_assert_cmpuint (callers->len, ==, 1);
        text = options_text (callers->pdata[0]);
        g_assert_cmpstr (text, ==, cases[i].want);
    }
}

static void
test_callers_are_told_apart (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) messages = message_array (), callers = NULL;
    const BrevStoreCaller *caller;

    g_ptr_array_add (messages, call ("a", 33, "php"));
    g_ptr_array_add (messages, call ("b", 33, "php"));
    ((BrevStoreMessage *) messages->pdata[1])->dot_bytes = 100;
    ((BrevStoreMessage *) messages->pdata[1])->arrival = NOW + 7;
    g_ptr_array_add (messages, call ("c", 33, "cron"));
    g_ptr_array_add (messages, call ("d", 34, "php"));
    g_ptr_array_add (messages, call ("e", 33, "php"));
    ((BrevStoreMessage *) messages->pdata[4])->script = g_strdup ("33:mailer.php");
    g_ptr_array_add (messages, call ("report", 33, "brevdue"));
    ((BrevStoreMessage *) messages->pdata[5])->way = BREV_WAY_REPORT;
    g_assert_true (brev_store_import (f.store, messages, NOW, NULL, NULL));
    callers = callers_of (f.store);
    g_assert_cmpuint (callers->len, ==, 4);
    caller = callers->pdata[0];
    g_assert_cmpint (caller->uid, ==, 33);
    g_assert_cmpstr (caller->login, ==, "www-data");
    g_assert_cmpstr (caller->program, ==, "php");
    g_assert_cmpstr (caller->script, ==, "");
    g_assert_cmpuint (caller->messages, ==, 2);
    g_assert_cmpuint (caller->dot_messages, ==, 1);
    g_assert_cmpuint (caller->dot_bytes, ==, 100);
    g_assert_cmpint (caller->first, ==, NOW);
    g_assert_cmpint (caller->last, ==, NOW + 7);
}

/* The port of a client is no part of its name, in one transaction or in another one. */
static void
test_connections_are_one_caller (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) messages = message_array (), callers = NULL;
    const BrevStoreCaller *caller;

    g_ptr_array_add (messages, call ("a", 33, "smtp[127.0.0.1]:40312"));
    g_ptr_array_add (messages, call ("b", 33, "smtp[127.0.0.1]:40314"));
    g_assert_true (brev_store_import (f.store, messages, NOW, NULL, NULL));
    import_call (f.store, "c", "smtp[127.0.0.1]:40316", "-bs", NULL);
    import_call (f.store, "d", "smtp[::1]:40318", "-bs", NULL);
    callers = callers_of (f.store);
    g_assert_cmpuint (callers->len, ==, 2);
    caller = callers->pdata[0];
    g_assert_cmpstr (caller->program, ==, "smtp[127.0.0.1]");
    g_assert_cmpuint (caller->messages, ==, 3);
    caller = callers->pdata[1];
    g_assert_cmpstr (caller->program, ==, "smtp[::1]");
}

/* A copy that came late, in the same transaction or in another one. */
static void
test_a_copy_counts_once (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) messages = message_array (), callers = NULL;

    g_ptr_array_add (messages, call ("m", 33, "php"));
    g_ptr_array_add (messages, call ("m", 33, "php"));
    g_assert_true (brev_store_import (f.store, messages, NOW, NULL, NULL));
    g_assert_true (brev_store_import (f.store, messages, NOW, NULL, NULL));
    callers = callers_of (f.store);
    g_assert_cmpuint (callers->len, ==, 1);
    g_assert_cmpuint (((const BrevStoreCaller *) callers->pdata[0])->messages, ==, 1);
}

static void
settle_rewritten (BrevStore *store, const char *from)
{
    const BrevSettlement settlements[] = {
        { .id = "m", .index = 0, .state = BREV_STATE_SENT, .rewritten = from },
        { .id = "m", .index = 1, .state = BREV_STATE_DEFERRED, .rewritten = from },
    };

    g_assert_true (brev_store_settle (store, settlements, 2, NOW, NULL, NULL));
}

/* Once for a message, however many recipients and attempts it has. */
static void
test_rewritten_counts_once (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) message = call ("m", 33, "php"), got = NULL;
    g_autoptr (GPtrArray) callers = NULL;

    (void) brev_store_message_add (message, "b@example.com", "b", "main", NOW);
    import_message (f.store, message, NOW);
    settle_rewritten (f.store, NULL);
    settle_rewritten (f.store, "root@web1");
    settle_rewritten (f.store, "root@web1");
    callers = callers_of (f.store);
    g_assert_cmpuint (((const BrevStoreCaller *) callers->pdata[0])->rewritten, ==, 1);
    got = get_message (f.store, "m");
    g_assert_cmpstr (got->rewritten, ==, "root@web1");
}

static void
test_outlives_the_history (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) callers = NULL;
    g_autoptr (BrevStoreMessage) got = NULL;

    import_call (f.store, "m", "php", "-t -U", "-U");
    g_assert_cmpuint (settle_one (f.store, "m", 0, BREV_STATE_SENT, NOW), ==, 1);
    g_assert_cmpint (brev_store_forget (f.store, NOW, 0, 1000, NULL), ==, 1);
    got = get_message (f.store, "m");
    g_assert_null (got->options);
    g_assert_null (got->ignored);
    g_assert_null (got->program);
    callers = callers_of (f.store);
    g_assert_cmpuint (((const BrevStoreCaller *) callers->pdata[0])->messages, ==, 1);
}

/* -- bounds -------------------------------------------------------------------------- */

/* As a hostile user would: a program of another name for each message. */
static void
import_programs (BrevStore *store, guint32 uid, guint n)
{
    g_autoptr (GPtrArray) messages = message_array ();

    for (guint i = 0; i < n; i++) {
        g_autofree char *id = g_strdup_printf ("%u-%u", uid, i);
        g_autofree char *program = g_strdup_printf ("program-%u", i);
        g_ptr_array_add (messages, call (id, uid, program));
    }
    g_assert_true (brev_store_import (store, messages, NOW, NULL, NULL));
}

static void
test_a_user_has_so_many_rows (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) callers = NULL;
    const BrevStoreCaller *rest;

    import_programs (f.store, 33, 500);
    import_programs (f.store, 34, 1);
    callers = callers_of (f.store);
    g_assert_cmpuint (callers->len, ==, 202);
    rest = callers->pdata[0];
    g_assert_true (rest->is_rest);
    g_assert_cmpint (rest->uid, ==, 33);
    g_assert_cmpstr (rest->program, ==, "");
    g_assert_cmpuint (rest->messages, ==, 300);
}

static const BrevStoreCaller *
find_caller (const GPtrArray *callers, gint64 uid)
{
    for (guint i = 0; i < callers->len; i++) {
        const BrevStoreCaller *caller = callers->pdata[i];
        if (caller->uid == uid)
            return caller;
    }
    return NULL;
}

static void
test_all_have_so_many_rows (void)
{
    static const struct {
        const char *name, *fill;
        gint64 want_uid; /* of the row that counts a message of uid 33 */
        gboolean want_rest;
    } cases[] = {
        { "room", "100", 33, FALSE },
        { "no-more-names", "5000", 33, TRUE },
        { "no-more-users", "10000", -1, TRUE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
        g_autoptr (GPtrArray) callers = NULL;
        const BrevStoreCaller *caller;
        g_autofree char *fill = g_strdup_printf (
            "WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < %s)"
            " INSERT INTO callers (uid, rest, login, program, script, first)"
            " SELECT 1000 + i, 0, '', '', '', 0 FROM k",
            cases[i].fill);

        g_test_message ("%s", cases[i].name);
        g_assert_true (brev_sql_exec (f.store, fill, NULL));
        import_programs (f.store, 33, 1);
        import_programs (f.store, 33, 1);
        callers = callers_of (f.store);
        caller = find_caller (callers, cases[i].want_uid);
        g_assert_nonnull (caller);
        g_assert_cmpint (caller->is_rest, ==, cases[i].want_rest);
        g_assert_cmpuint (caller->messages, ==, 1);
    }
}

/* Only so many are told apart, of a message and of a caller. */
static void
test_invented_options (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) callers = NULL;
    guint64 used = 0;
    const BrevStoreCaller *caller;

    for (guint i = 0; i < 10; i++) {
        g_autofree char *id = g_strdup_printf ("m%u", i);
        g_autoptr (GString) options = g_string_new ("-t");
        for (guint j = 0; j < 100; j++)
            g_string_append_printf (options, " -%u", 100 * i + j);
        import_call (f.store, id, "php", options->str, NULL);
    }
    callers = callers_of (f.store);
    caller = callers->pdata[0];
    g_assert_cmpuint (caller->options->len, ==, 64);
    for (guint i = 0; i < caller->options->len; i++)
        used += ((const BrevStoreOption *) caller->options->pdata[i])->used;
    g_assert_cmpuint (used, ==, 10 * 33);
}

/* -- damage -------------------------------------------------------------------------- */

/* A page of the messages is gone; the counts are taken over. */
static void
test_outlives_damage (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autofree char *suspect = g_build_filename (f.directory, "suspect", NULL);
    g_autofree char *why = NULL, *options = NULL;
    g_autoptr (GPtrArray) callers = NULL;
    const BrevStoreCaller *caller;

    import_call (f.store, "m", "php", "-t -U", "-U");
    import_call (f.store, "n", "php", "-t", NULL);
    g_assert_true (brev_sql_exec (f.store,
                                  "PRAGMA writable_schema = ON;"
                                  "UPDATE sqlite_schema SET rootpage = 1000"
                                  " WHERE name = 'problems'",
                                  NULL));
    g_assert_true (g_file_set_contents (suspect, "", 0, NULL));
    why = fixture_reopen (&f, NOW + 1000);
    g_assert_nonnull (why);
    callers = callers_of (f.store);
    g_assert_cmpuint (callers->len, ==, 1);
    caller = callers->pdata[0];
    g_assert_cmpuint (caller->messages, ==, 2);
    g_assert_cmpint (caller->first, ==, NOW);
    options = options_text (caller);
    g_assert_cmpstr (options, ==, "-t 2/0 -U 1/1");
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/callers/options", test_options);
    g_test_add_func ("/callers/callers", test_callers_are_told_apart);
    g_test_add_func ("/callers/connections", test_connections_are_one_caller);
    g_test_add_func ("/callers/copy", test_a_copy_counts_once);
    g_test_add_func ("/callers/rewritten", test_rewritten_counts_once);
    g_test_add_func ("/callers/history", test_outlives_the_history);
    g_test_add_func ("/callers/rows-of-a-user", test_a_user_has_so_many_rows);
    g_test_add_func ("/callers/rows", test_all_have_so_many_rows);
    g_test_add_func ("/callers/invented-options", test_invented_options);
    g_test_add_func ("/callers/damage", test_outlives_damage);
    return g_test_run ();
}
