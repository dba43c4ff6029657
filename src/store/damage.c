/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "envelope/frame.h"
#include "store/callers.h"

/* A damaged database: noticed, put aside, read as far as it goes. */

void
brev_damage_suspect (BrevStore *store)
{
    brev_autofd int fd = -1;

    if (store->dir < 0)
        return;
    fd = openat (store->dir, BREV_STORE_SUSPECT,
                 O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0)
        (void) fsync (store->dir);
}

gboolean
brev_damage_is_suspected (BrevStore *store)
{
    return faccessat (store->dir, BREV_STORE_SUSPECT, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

gboolean
brev_store_is_damaged (BrevStore *store)
{
    return store->dir >= 0 && brev_damage_is_suspected (store);
}

void
brev_damage_unsuspect (BrevStore *store)
{
    (void) unlinkat (store->dir, BREV_STORE_SUSPECT, 0);
}

/* Whether the first thing that @query says is "ok". */
static gboolean
is_ok (BrevStore *store, const char *query)
{
    sqlite3_stmt *statement = NULL;
    gboolean is_sound =
        sqlite3_prepare_v2 (store->db, query, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step (statement) == SQLITE_ROW &&
        g_strcmp0 (brev_column_text (statement, 0), "ok") == 0;

    (void) sqlite3_finalize (statement);
    return is_sound;
}

/* Each page may be sound, and yet one table older than the other: that is what a power cut
 * makes of a database that then loses its log. */
static const char agreement[] =
    "SELECT CASE WHEN"
    " EXISTS (SELECT 1 FROM recipients WHERE message NOT IN (SELECT n FROM messages))"
    " OR EXISTS (SELECT 1 FROM messages WHERE total <>"
    " (SELECT count (*) FROM recipients WHERE message = n))"
    " OR EXISTS (SELECT 1 FROM messages JOIN recipients ON message = n"
    " WHERE finished > 0 AND state <= 3)"
    " THEN 'torn' ELSE 'ok' END";

gboolean
brev_damage_is_real (BrevStore *store)
{
    return !is_ok (store, "PRAGMA integrity_check (1)") || !is_ok (store, agreement);
}

static gboolean
move (BrevStore *store, const char *from, const char *to, GError **error)
{
    if (renameat2 (store->dir, from, store->dir, to, RENAME_NOREPLACE) == 0 ||
        errno == ENOENT)
        return TRUE;
    return brev_throw_errno (error, errno, "cannot rename '%s/%s' to '%s'", store->path,
                             from, to);
}

/* The log first: a database alone would be read without what its log holds. */
gboolean
brev_damage_set_aside (BrevStore *store, gint64 now, char **aside, GError **error)
{
    g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (now / 1000);
    g_autofree char *stamp = g_date_time_format (time, "%Y%m%dT%H%M%SZ");
    g_autofree char *name =
        g_strdup_printf ("store.damaged-%s.%03d", stamp, (int) (now % 1000));
    g_autofree char *log = g_strconcat (name, "-wal", NULL);

    if (!move (store, BREV_STORE_LOG, log, error) ||
        !move (store, BREV_STORE_FILE, name, error))
        return FALSE;
    (void) unlinkat (store->dir, BREV_STORE_INDEX, 0);
    if (fsync (store->dir) < 0)
        return brev_throw_errno (error, errno, "cannot sync '%s'", store->path);
    *aside = g_steal_pointer (&name);
    return TRUE;
}

/* Whether a message read from a damaged database is whole and makes sense. */
static gboolean
is_credible (const BrevStoreMessage *message, guint total)
{
    if (!message->is_imported || !brev_id_is_valid (message->id) ||
        message->recipients->len != total)
        return FALSE;
    for (guint i = 0; i < message->recipients->len; i++) {
        const BrevStoreRecipient *r = message->recipients->pdata[i];
        if (r->index != i || r->state >= BREV_STATE_LAST || r->address[0] == '\0')
            return FALSE;
    }
    return TRUE;
}

static void
recover_recipients (BrevStoreMessage *message, gint64 now)
{
    for (guint i = 0; i < message->recipients->len; i++) {
        BrevStoreRecipient *recipient = message->recipients->pdata[i];
        if (recipient->state != BREV_STATE_SENDING)
            continue;
        recipient->state = BREV_STATE_DEFERRED;
        recipient->maybe_sent = TRUE;
        recipient->doubt_from = recipient->due = now;
    }
}

/* Returns: 1 when the message was copied, 0 when it was not believed or stood there already,
 * -1 with @error set */
static int
copy_message (BrevStore *store, BrevStore *old, sqlite3_stmt *row, gint64 now,
              GError **error)
{
    g_autoptr (BrevStoreMessage) message = NULL;
    guint total = (guint) sqlite3_column_int64 (row, 18);

    if (brev_column_text (row, 1) == NULL)
        return 0;
    message = brev_record_message (row);
    if (!brev_record_recipients (old, message, sqlite3_column_int64 (row, 0), NULL) ||
        !is_credible (message, total))
        return 0;
    recover_recipients (message, now);
    return brev_import_one (store, message, 0, error);
}

/* From one end of the old database until it cannot be read any further. What the other end
 * has led to already stands there, and stays. */
static gboolean
copy_from (BrevStore *store, BrevStore *old, BrevSql direction, gint64 now, guint *n,
           GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (old, direction, NULL);
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (old, row, NULL)) > 0) {
        int copied = copy_message (store, old, row, now, error);
        if (copied < 0)
            return FALSE;
        *n += (guint) copied;
    }
    return TRUE;
}

static gboolean
copy_all (BrevStore *store, BrevStore *old, gint64 now, guint *n, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };

    return brev_transaction_begin (&transaction, store, error) &&
           copy_from (store, old, SQL_SALVAGE_UP, now, n, error) &&
           copy_from (store, old, SQL_SALVAGE_DOWN, now, n, error) &&
           brev_callers_salvage (store, old, error) &&
           brev_digest_salvage (store, old, error) &&
           brev_transaction_commit (&transaction, error);
}

gboolean
brev_damage_salvage (BrevStore *store, const char *aside, gint64 now, guint *n,
                     GError **error)
{
    g_autofree char *file = g_build_filename (store->path, aside, NULL);
    g_autofree char *index = g_strconcat (aside, "-shm", NULL);
    BrevStore old = { .path = file, .dir = -1, .mode = BREV_STORE_READ, .lock.fd = -1 };
    gboolean done = TRUE;

    *n = 0;
    /* with "writable_schema" SQLite reads a file that is shorter than it should be */
    if (sqlite3_open_v2 (file, &old.db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        brev_sql_exec (&old, "PRAGMA writable_schema = ON", NULL))
        done = copy_all (store, &old, now, n, error);
    brev_store_disconnect (&old);
    (void) unlinkat (store->dir, index, 0);
    return done;
}
