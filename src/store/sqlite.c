/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "store/sql.h"

/* Opening and closing: the lock, the connection, its version, and what to believe of it. */

static const char unvouched_reply[] =
    "possible duplicate: the log of the database is gone, and this message may have been sent; "
    "'brevdue queue release' sends it";

static gboolean
exists (BrevStore *store, const char *name)
{
    return faccessat (store->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void
brev_store_disconnect (BrevStore *store)
{
    for (guint i = 0; i < SQL_LAST; i++) {
        (void) sqlite3_finalize (store->statements[i]);
        store->statements[i] = NULL;
    }
    (void) sqlite3_close (store->db);
    store->db = NULL;
}

/* "synchronous" is FULL by SQLite's own default; nothing here may depend on that. */
static const char pragmas[] = "PRAGMA synchronous = FULL;"
                              "PRAGMA foreign_keys = ON;"
                              "PRAGMA secure_delete = ON;"
                              "PRAGMA trusted_schema = OFF;"
                              "PRAGMA temp_store = MEMORY;"
                              "PRAGMA cell_size_check = ON;"
                              "PRAGMA journal_size_limit = 4194304;";

static gboolean
connect_to (BrevStore *store, const char *name, int flags, GError **error)
{
    /* Nobody asks how much memory SQLite uses: to count it costs a lock for each piece. It
     * is too late for that after the first database, and then already done. */
    (void) sqlite3_config (SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_open_v2 (name, &store->db,
                         flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                         NULL) != SQLITE_OK)
        return brev_sql_throw (store, error);
    (void) sqlite3_busy_timeout (store->db, BREV_STORE_PATIENCE);
    return brev_sql_exec (store, pragmas, error);
}

/* The log outlives the last process: a reader without the right to write needs it, and a
 * missing one can be noticed. */
static gboolean
keep_log (BrevStore *store, GError **error)
{
    int keep = 1;

    if (sqlite3_file_control (store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep) !=
        SQLITE_OK)
        return brev_sql_throw (store, error);
    return brev_sql_exec (store, "PRAGMA journal_mode = WAL", error);
}

/* SQLite gives a file the umask's mode; nobody but us reads who wrote to whom. */
static gboolean
make_file (BrevStore *store, GError **error)
{
    brev_autofd int fd =
        openat (store->dir, BREV_STORE_FILE,
                O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 && errno == EEXIST)
        return TRUE;
    if (fd < 0 || fsync (store->dir) < 0)
        return brev_throw_errno (error, errno, "cannot make '%s/" BREV_STORE_FILE "'",
                                 store->path);
    return TRUE;
}

gboolean
brev_store_connect (BrevStore *store, GError **error)
{
    g_autofree char *file = g_build_filename (store->path, BREV_STORE_FILE, NULL);

    return connect_to (store, file, SQLITE_OPEN_READWRITE, error) &&
           keep_log (store, error) && brev_schema_check (store, error);
}

/* A database without a schema is made, with a doubt if there once was another. The schema is
 * moved out of the log, so that a database that lost its log can be told from a new one. */
static gboolean
make_schema (BrevStore *store, gint64 doubtful, GError **error)
{
    return brev_schema_upgrade (store, doubtful, error) &&
           brev_sql_exec (store, "PRAGMA wal_checkpoint (TRUNCATE)", error);
}

/* The rows are those of some earlier time: whatever waits may have been sent since. */
static gboolean
park_unvouched (BrevStore *store, gint64 now, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };

    if (!brev_transaction_begin (&transaction, store, error) ||
        BREV_SQL_RUN (store, SQL_PARK_UNVOUCHED, error, SQL_I (now),
                      SQL_T (unvouched_reply)) < 0 ||
        !brev_sql_set_meta (store, "doubtful", now, error) ||
        !brev_transaction_commit (&transaction, error))
        return FALSE;
    (void) unlinkat (store->dir, BREV_STORE_LOG_LOST, 0);
    return TRUE;
}

static gboolean
replace_damaged (BrevStore *store, gint64 now, char **damaged, GError **error)
{
    g_autofree char *aside = NULL;
    guint n = 0;

    if (store->mode != BREV_STORE_COURIER || !brev_lock_is_alone (&store->lock))
        return brev_throw (
            error, BREV_ERROR_SYSTEM,
            "the database in '%s' is damaged; the courier puts it aside as soon "
            "as no other process uses it",
            store->path);
    brev_store_disconnect (store);
    if (!brev_damage_set_aside (store, now, &aside, error) || !make_file (store, error) ||
        !brev_store_connect (store, error) || !make_schema (store, now, error) ||
        !brev_damage_salvage (store, aside, now, &n, error) ||
        (exists (store, BREV_STORE_LOG_LOST) && !park_unvouched (store, now, error)))
        return FALSE;
    brev_damage_unsuspect (store);
    *damaged =
        g_strdup_printf ("the database was damaged and lies in '%s/%s'; %u messages were "
                         "read from it",
                         store->path, aside, n);
    return TRUE;
}

static gboolean
mark (BrevStore *store, const char *name, GError **error)
{
    brev_autofd int fd =
        openat (store->dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return brev_throw_errno (error, errno, "cannot write to the store '%s'",
                                 store->path);
    return TRUE;
}

/* Opening makes a new log: that the old one is missing must not be forgotten by a crash.
 * After an end in good order the log held nothing; sqlite3(1) then removes it. Without its
 * log a database may be half of an earlier time and half of a later: it is checked. */
static gboolean
note_lost_log (BrevStore *store, GError **error)
{
    gboolean is_lost =
        brev_lock_was_made (&store->lock) && exists (store, BREV_STORE_FILE) &&
        exists (store, BREV_STORE_IN_USE) && !exists (store, BREV_STORE_LOG);

    if (is_lost && (!mark (store, BREV_STORE_SUSPECT, error) ||
                    !mark (store, BREV_STORE_LOG_LOST, error)))
        return FALSE;
    return mark (store, BREV_STORE_IN_USE, error);
}

static gboolean
connect_and_judge (BrevStore *store, gint64 now, char **damaged, GError **error)
{
    gboolean was_made = brev_lock_was_made (&store->lock);
    gint64 version;

    if (!note_lost_log (store, error) || !make_file (store, error) ||
        !brev_store_connect (store, error))
        return FALSE;
    version = brev_schema_version (store, error);
    if (version < 0 || !make_schema (store, was_made ? now : 0, error))
        return FALSE;
    if (version == 0 && was_made)
        *damaged = g_strdup_printf ("the database in '%s' is gone", store->path);
    else if (exists (store, BREV_STORE_LOG_LOST))
        *damaged =
            g_strdup_printf ("the log of the database in '%s' is gone", store->path);
    return !exists (store, BREV_STORE_LOG_LOST) || park_unvouched (store, now, error);
}

/* Damage that was noticed now, or by a process before this one. */
static gboolean
open_or_replace (BrevStore *store, gint64 now, char **damaged, GError **error)
{
    g_autoptr (GError) failure = NULL;
    gboolean is_open = connect_and_judge (store, now, damaged, &failure);

    if (brev_damage_is_suspected (store)) {
        if (!is_open || brev_damage_is_real (store)) {
            g_clear_pointer (damaged, g_free);
            return replace_damaged (store, now, damaged, error);
        }
        brev_damage_unsuspect (store);
    }
    if (!is_open)
        g_propagate_error (error, g_steal_pointer (&failure));
    return is_open;
}

static gboolean
recover_predecessor (BrevStore *store, gint64 now, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };

    return brev_lock_take_number (&store->lock, error) &&
           brev_transaction_begin (&transaction, store, error) &&
           brev_recover (store, TRUE, now, error) &&
           brev_transaction_commit (&transaction, error);
}

static gboolean
open_writable (BrevStore *store, gint64 now, char **damaged, GError **error)
{
    if (!brev_lock_open (&store->lock, store->dir, TRUE, error) ||
        !brev_lock_setup (&store->lock, error) ||
        !open_or_replace (store, now, damaged, error) ||
        !brev_lock_note_made (&store->lock, error))
        return FALSE;
    store->doubtful = brev_sql_meta (store, "doubtful");
    if (store->mode == BREV_STORE_COURIER && !recover_predecessor (store, now, error))
        return FALSE;
    return brev_lock_setup_done (&store->lock, error);
}

/* The first courier may be making the tables in this very moment. */
static gboolean
check_is_made (BrevStore *store, GError **error)
{
    gint64 version = brev_schema_version (store, error);

    if (version == 0)
        return brev_throw (error, BREV_ERROR_NO_FILE,
                           "the database in '%s' is just being made", store->path);
    return version > 0;
}

/* A reader may have no right to write: then SQLite keeps the index of the log in memory. */
static gboolean
open_readable (BrevStore *store, GError **error)
{
    g_autofree char *file = g_build_filename (store->path, BREV_STORE_FILE, NULL);

    if (!exists (store, BREV_STORE_FILE))
        return brev_throw (error, BREV_ERROR_NO_FILE, "there is no database in '%s' yet",
                           store->path);
    if (brev_lock_open (&store->lock, store->dir, FALSE, NULL) &&
        !brev_lock_join (&store->lock, error))
        return FALSE;
    return connect_to (store, file, SQLITE_OPEN_READONLY, error) &&
           brev_schema_check (store, error) && check_is_made (store, error);
}

static gboolean
open_memory (BrevStore *store, GError **error)
{
    return connect_to (store, ":memory:",
                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY,
                       error) &&
           brev_schema_upgrade (store, 0, error);
}

static gboolean
open_directory (BrevStore *store, GError **error)
{
    store->dir = open (store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->dir < 0)
        return brev_throw_errno (error, errno, "cannot open the store '%s'", store->path);
    return TRUE;
}

BrevStore *
brev_store_open (const char *directory, BrevStoreMode mode, gint64 now, char **damaged,
                 GError **error)
{
    g_autoptr (BrevStore) store = g_new0 (BrevStore, 1);
    g_autofree char *why = NULL;
    gboolean is_open;

    store->mode = mode;
    store->path = g_strdup (mode == BREV_STORE_MEMORY ? ":memory:" : directory);
    store->dir = -1;
    store->lock.fd = -1;
    if (mode == BREV_STORE_MEMORY)
        is_open = open_memory (store, error);
    else
        is_open = open_directory (store, error) &&
                  (mode == BREV_STORE_READ ? open_readable (store, error)
                                           : open_writable (store, now, &why, error));
    if (!is_open)
        return NULL;
    store->is_ready = TRUE;
    if (damaged != NULL)
        *damaged = g_steal_pointer (&why);
    return g_steal_pointer (&store);
}

gboolean
brev_store_empty_log (BrevStore *store, int patience)
{
    int status;

    (void) sqlite3_busy_timeout (store->db, patience);
    status = sqlite3_wal_checkpoint_v2 (store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                        NULL);
    (void) sqlite3_busy_timeout (store->db, BREV_STORE_PATIENCE);
    if (status == SQLITE_OK)
        store->has_erased = FALSE;
    return status == SQLITE_OK;
}

/* The last one to leave moves all of the log into the database. */
static void
leave_in_order (BrevStore *store)
{
    if (brev_lock_setup (&store->lock, NULL) && brev_lock_is_alone (&store->lock) &&
        brev_store_empty_log (store, 0))
        (void) unlinkat (store->dir, BREV_STORE_IN_USE, 0);
}

void
brev_store_free (BrevStore *store)
{
    if (store == NULL)
        return;
    /* what was being sent is deferred, and nobody crashed */
    if (store->is_ready && store->lock.number != 0)
        (void) brev_let_go (store, brev_clock_now (), NULL);
    if (store->is_ready && store->dir >= 0 && store->mode != BREV_STORE_READ)
        leave_in_order (store);
    brev_store_disconnect (store);
    brev_lock_close (&store->lock);
    brev_close_fd (&store->dir);
    if (store->recovered != NULL)
        g_ptr_array_unref (store->recovered);
    g_free (store->path);
    g_free (store);
}
