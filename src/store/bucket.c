/* SPDX-License-Identifier: MIT */
#include "store/sql.h"

gboolean
brev_store_get_bucket (BrevStore *store, const char *account, BrevStoreBucket *bucket,
                       GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_GET_BUCKET, error, SQL_T (account));
    int got = row == NULL ? -1 : brev_sql_step (store, row, error);

    if (got < 0)
        return FALSE;
    *bucket = (BrevStoreBucket){ 0 };
    if (got > 0) {
        bucket->tokens = sqlite3_column_double (row, 0);
        bucket->at = sqlite3_column_int64 (row, 1);
        bucket->rate = sqlite3_column_double (row, 2);
        bucket->base = sqlite3_column_double (row, 3);
        bucket->until = sqlite3_column_int64 (row, 4);
        bucket->day_from = sqlite3_column_int64 (row, 5);
        bucket->day_used = (guint) sqlite3_column_int64 (row, 6);
    }
    (void) sqlite3_reset (row);
    return TRUE;
}

gboolean
brev_store_change_bucket (BrevStore *store, const char *account,
                          BrevStoreBucketChange change, gpointer data, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };
    BrevStoreBucket bucket;

    if (!brev_transaction_begin (&transaction, store, error) ||
        !brev_store_get_bucket (store, account, &bucket, error))
        return FALSE;
    change (&bucket, data);
    return BREV_SQL_RUN (store, SQL_SET_BUCKET, error, SQL_T (account),
                         SQL_R (bucket.tokens), SQL_I (bucket.at), SQL_R (bucket.rate),
                         SQL_R (bucket.base), SQL_I (bucket.until),
                         SQL_I (bucket.day_from), SQL_I (bucket.day_used)) >= 0 &&
           brev_transaction_commit (&transaction, error);
}

gboolean
brev_store_take_slot (BrevStore *store, const char *account, guint slot)
{
    return brev_lock_take_slot (&store->lock, account, slot);
}

void
brev_store_drop_slot (BrevStore *store, const char *account, guint slot)
{
    brev_lock_drop_slot (&store->lock, account, slot);
}
