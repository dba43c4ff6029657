/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "store/sql.h"

static const char crash_reply[] = "a courier died while it sent this";
static const char end_reply[] = "the courier ended before the provider had answered";

/* Returns: the smallest owner of unsettled rows beyond @after, 0 when there is none, -1 */
static gint64
next_owner (BrevStore *store, gint64 after, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_NEXT_OWNER, error, SQL_I (after));
    gint64 owner;

    if (row == NULL || brev_sql_step (store, row, error) < 0)
        return -1;
    owner = sqlite3_column_int64 (row, 0); /* NULL reads as 0 */
    (void) sqlite3_reset (row);
    return owner;
}

/* -- for the log --------------------------------------------------------------------- */

/* What an update has changed: a recipient, or with @index -1 a message that has none yet. */
typedef struct {
    gint64 message;
    gint64 index;
} Changed;

static GPtrArray *
new_messages (void)
{
    return g_ptr_array_new_with_free_func ((GDestroyNotify) brev_store_message_free);
}

GPtrArray *
brev_store_take_recovered (BrevStore *store)
{
    GPtrArray *recovered = store->recovered != NULL ? store->recovered : new_messages ();

    store->recovered = NULL;
    store->n_committed = 0;
    return recovered;
}

static gboolean
note (BrevStore *store, const Changed *changed, GError **error)
{
    sqlite3_stmt *row =
        BREV_SQL_START (store, SQL_CLAIM_MESSAGE, error, SQL_I (changed->message));
    BrevStoreMessage *message;

    if (row == NULL || brev_sql_step (store, row, error) <= 0)
        return FALSE;
    message = brev_record_message (row);
    (void) sqlite3_reset (row);
    if (store->recovered == NULL)
        store->recovered = new_messages ();
    g_ptr_array_add (store->recovered, message);
    if (changed->index < 0)
        return TRUE;
    row = BREV_SQL_START (store, SQL_GET_RECIPIENT, error, SQL_I (changed->message),
                          SQL_I (changed->index));
    if (row == NULL || brev_sql_step (store, row, error) <= 0)
        return FALSE;
    (void) brev_record_recipient (message, row);
    (void) sqlite3_reset (row);
    return TRUE;
}

/* Runs an update that returns what it changes, which is noted. */
static gboolean
run_and_note (BrevStore *store, sqlite3_stmt *row, GError **error)
{
    g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (Changed));
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0) {
        Changed changed = { sqlite3_column_int64 (row, 0),
                            sqlite3_column_int64 (row, 1) };
        g_array_append_val (all, changed);
    }
    for (guint i = 0; got == 0 && i < all->len; i++)
        if (!note (store, &g_array_index (all, Changed, i), error))
            return FALSE;
    return got == 0;
}

/* -- recovery ------------------------------------------------------------------------ */

static gboolean
recover_sending (BrevStore *store, gint64 owner, const char *reply, gint64 now,
                 GError **error)
{
    return run_and_note (store,
                         BREV_SQL_START (store, SQL_RECOVER_RECIPIENTS, error,
                                         SQL_I (owner), SQL_I (now), SQL_T (reply)),
                         error);
}

static gboolean
recover_crash (BrevStore *store, gint64 owner, gint64 now, GError **error)
{
    return BREV_SQL_RUN (store, SQL_CRASHED_MESSAGES, error, SQL_I (owner)) >= 0 &&
           run_and_note (
               store, BREV_SQL_START (store, SQL_CRASHED_IMPORTS, error, SQL_I (owner)),
               error) &&
           recover_sending (store, owner, crash_reply, now, error);
}

/* What was to be deleted as soon as it came back has come back. */
static gboolean
finish_deleted (BrevStore *store, gint64 now, GError **error)
{
    sqlite3_stmt *statement = BREV_SQL_START (store, SQL_DELETED_IDS, error);
    g_autoptr (GPtrArray) ids = brev_sql_strings (store, statement, error);

    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        if (!brev_finish (store, ids->pdata[i], now, NULL, error))
            return FALSE;
    }
    return ids != NULL;
}

gboolean
brev_recover (BrevStore *store, gboolean own_too, gint64 now, GError **error)
{
    gint64 owner = 0;
    gboolean found = FALSE;

    while ((owner = next_owner (store, owner, error)) > 0) {
        gboolean lives = owner == store->lock.number
                             ? !own_too
                             : brev_lock_other_lives (&store->lock, (guint) owner);
        if (lives)
            continue;
        found = TRUE;
        if (!recover_crash (store, owner, now, error))
            return FALSE;
    }
    return owner == 0 && (!found || finish_deleted (store, now, error));
}

gboolean
brev_let_go (BrevStore *store, gint64 now, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };
    gint64 owner = store->lock.number;

    return brev_transaction_begin (&transaction, store, error) &&
           BREV_SQL_RUN (store, SQL_LET_IMPORTS_GO, error, SQL_I (owner)) >= 0 &&
           recover_sending (store, owner, end_reply, now, error) &&
           finish_deleted (store, now, error) &&
           brev_transaction_commit (&transaction, error);
}
