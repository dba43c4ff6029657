/* SPDX-License-Identifier: MIT */
#include "store/sql.h"

/* Reports about many messages. A digest collects from the moment its id is chosen: the
 * recipients it is about name it as their report, in the transaction that makes it needed.
 * When its time has come it is closed, then written from these rows, then imported. */

void
brev_store_digest_free (BrevStoreDigest *digest)
{
    if (digest == NULL)
        return;
    g_free (digest->id);
    g_ptr_array_unref (digest->messages);
    g_free (digest);
}

gboolean
brev_digest_open (BrevStore *store, const char *id, BrevDigestKind kind, gint64 due,
                  GError **error)
{
    return BREV_SQL_RUN (store, SQL_OPEN_DIGEST, error, SQL_T (id), SQL_I (kind),
                         SQL_I (due)) >= 0;
}

gboolean
brev_digest_end (BrevStore *store, const char *id, GError **error)
{
    return BREV_SQL_RUN (store, SQL_END_DIGEST, error, SQL_T (id)) >= 0;
}

gint64
brev_store_next_digest (BrevStore *store, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_NEXT_DIGEST, error);
    gint64 next;

    if (row == NULL || brev_sql_step (store, row, error) < 0)
        return -1;
    next = sqlite3_column_int64 (row, 0); /* NULL reads as 0 */
    (void) sqlite3_reset (row);
    return next > 0 ? next : G_MAXINT64;
}

int
brev_store_close_digests (BrevStore *store, gint64 now, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };
    gint64 next = brev_store_next_digest (store, error);
    int closed;

    if (next < 0)
        return -1;
    if (next > now)
        return 0;
    if (!brev_transaction_begin (&transaction, store, error))
        return -1;
    closed = BREV_SQL_RUN (store, SQL_CLOSE_DIGESTS, error, SQL_I (now));
    if (closed < 0 || BREV_SQL_RUN (store, SQL_LEAVE_DIGESTS, error) < 0 ||
        BREV_SQL_RUN (store, SQL_LEAVE_REPORT_DIGESTS, error) < 0 ||
        !brev_transaction_commit (&transaction, error))
        return -1;
    return closed;
}

/* Not all of them: a message may have thousands. */
static gboolean
read_recipients (BrevStore *store, const BrevStoreDigest *digest, gint64 n,
                 BrevStoreMessage *message, GError **error)
{
    sqlite3_stmt *row =
        BREV_SQL_START (store, SQL_DIGEST_RECIPIENTS, error, SQL_I (n),
                        SQL_T (digest->id), SQL_I (BREV_DIGEST_RECIPIENTS));
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0)
        (void) brev_record_recipient (message, row);
    return got == 0;
}

static gboolean
read_message (BrevStore *store, BrevStoreDigest *digest, gint64 n, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_CLAIM_MESSAGE, error, SQL_I (n));
    int got = row == NULL ? -1 : brev_sql_step (store, row, error);
    BrevStoreMessage *message;

    if (got <= 0)
        return got == 0;
    message = brev_record_message (row);
    (void) sqlite3_reset (row);
    g_ptr_array_add (digest->messages, message);
    return read_recipients (store, digest, n, message, error);
}

static gboolean
read_messages (BrevStore *store, BrevStoreDigest *digest, guint most, GError **error)
{
    g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
    sqlite3_stmt *row =
        BREV_SQL_START (store, SQL_DIGEST_MESSAGES, error, SQL_T (digest->id),
                        SQL_I (digest->kind), SQL_I (most));
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0) {
        gint64 n = sqlite3_column_int64 (row, 0);
        g_array_append_val (numbers, n);
    }
    for (guint i = 0; got == 0 && i < numbers->len; i++)
        if (!read_message (store, digest, g_array_index (numbers, gint64, i), error))
            return FALSE;
    return got == 0;
}

static gboolean
count_messages (BrevStore *store, BrevStoreDigest *digest, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_COUNT_DIGEST, error,
                                        SQL_T (digest->id), SQL_I (digest->kind));

    if (row == NULL || brev_sql_step (store, row, error) < 0)
        return FALSE;
    digest->total = (guint) sqlite3_column_int64 (row, 0);
    digest->recipients = (guint) sqlite3_column_int64 (row, 1);
    (void) sqlite3_reset (row);
    return TRUE;
}

static GPtrArray *
closed_ones (BrevStore *store, GError **error)
{
    g_autoptr (GPtrArray) digests =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_store_digest_free);
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_CLOSED_DIGESTS, error);
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0) {
        BrevStoreDigest *digest = g_new0 (BrevStoreDigest, 1);
        digest->id = brev_column_dup (row, 0);
        digest->kind = (BrevDigestKind) sqlite3_column_int (row, 1);
        digest->messages =
            g_ptr_array_new_with_free_func ((GDestroyNotify) brev_store_message_free);
        g_ptr_array_add (digests, digest);
    }
    return got < 0 ? NULL : g_steal_pointer (&digests);
}

GPtrArray *
brev_store_closed_digests (BrevStore *store, guint most, GError **error)
{
    g_autoptr (GPtrArray) digests = closed_ones (store, error);

    for (guint i = 0; digests != NULL && i < digests->len; i++)
        if (!count_messages (store, digests->pdata[i], error) ||
            !read_messages (store, digests->pdata[i], most, error))
            return NULL;
    return g_steal_pointer (&digests);
}

gboolean
brev_store_drop_digest (BrevStore *store, const char *id, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };

    return brev_transaction_begin (&transaction, store, error) &&
           BREV_SQL_RUN (store, SQL_FORGET_DIGEST, error, SQL_T (id)) >= 0 &&
           brev_digest_end (store, id, error) &&
           brev_transaction_commit (&transaction, error);
}

gboolean
brev_digest_salvage (BrevStore *store, BrevStore *old, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (old, SQL_SALVAGE_DIGESTS, NULL);
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (old, row, NULL)) > 0) {
        const char *id = brev_column_text (row, 0);
        gint64 kind = sqlite3_column_int64 (row, 1);
        if (id != NULL && brev_id_is_valid (id) && kind >= 0 && kind < BREV_DIGEST_LAST &&
            !brev_digest_open (store, id, (BrevDigestKind) kind,
                               sqlite3_column_int64 (row, 2), error))
            return FALSE;
    }
    return TRUE;
}
