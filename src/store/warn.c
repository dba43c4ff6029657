/* SPDX-License-Identifier: MIT */
#include "envelope/frame.h"
#include "store/sql.h"

/* Whose sender is to be told that a message is delayed. */

gint64
brev_store_next_warning (BrevStore *store, gint64 after, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_NEXT_WARNING, error, SQL_I (after));
    gint64 next;

    if (row == NULL || brev_sql_step (store, row, error) < 0)
        return -1;
    next = sqlite3_column_int64 (row, 0); /* NULL reads as 0 */
    (void) sqlite3_reset (row);
    return next > 0 ? next : G_MAXINT64;
}

GPtrArray *
brev_store_delayed_accounts (BrevStore *store, gint64 until, GError **error)
{
    return brev_sql_strings (
        store, BREV_SQL_START (store, SQL_DELAYED_ACCOUNTS, error, SQL_I (until)), error);
}

static GArray *
delayed_messages (BrevStore *store, const BrevDelay *delay, GError **error)
{
    g_autoptr (GArray) messages = g_array_new (FALSE, FALSE, sizeof (gint64));
    sqlite3_stmt *row = BREV_SQL_START (
        store, SQL_DELAYED_MESSAGES, error, SQL_I (delay->until), SQL_T (delay->account),
        SQL_I (delay->due_after), SQL_I (delay->max_messages));
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0) {
        gint64 n = sqlite3_column_int64 (row, 0);
        g_array_append_val (messages, n);
    }
    return got < 0 ? NULL : g_steal_pointer (&messages);
}

static gboolean
warn_of (BrevStore *store, gint64 n, const BrevDelay *delay, GError **error)
{
    char report[BREV_ID_LENGTH + 1];

    brev_id_new (report);
    return brev_cap_choose_for (store, n, delay->now, report, error) &&
           BREV_SQL_RUN (store, SQL_WARN, error, SQL_I (n), SQL_T (report),
                         SQL_I (delay->until), SQL_T (delay->account),
                         SQL_I (delay->due_after)) >= 0;
}

int
brev_store_warn (BrevStore *store, const BrevDelay *delay, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };
    g_autoptr (GArray) messages = NULL;

    if (!brev_transaction_begin (&transaction, store, error))
        return -1;
    messages = delayed_messages (store, delay, error);
    if (messages == NULL)
        return -1;
    for (guint i = 0; i < messages->len; i++)
        if (!warn_of (store, g_array_index (messages, gint64, i), delay, error))
            return -1;
    return brev_transaction_commit (&transaction, error) ? (int) messages->len : -1;
}
