/* SPDX-License-Identifier: MIT */
#include "base/sum.h"
#include "base/text.h"
#include "store/sql.h"

/* How many reports a sender got of late. Of the sender only a one-way sum is kept. */

static gint64
sum_of (const char *sender)
{
    g_autoptr (GChecksum) checksum = brev_sum_new ();
    g_autofree char *folded = brev_text_fold (sender);

    g_checksum_update (checksum, (const guchar *) folded, -1);
    return brev_sum_end (checksum);
}

static gboolean
read_count (BrevStore *store, gint64 sum, BrevStoreReportCount *count, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_GET_REPORT_COUNT, error, SQL_I (sum));
    int got = row == NULL ? -1 : brev_sql_step (store, row, error);

    if (got < 0)
        return FALSE;
    *count = (BrevStoreReportCount){ 0 };
    if (got > 0) {
        count->since = sqlite3_column_int64 (row, 0);
        count->sent = (guint) sqlite3_column_int64 (row, 1);
        (void) g_strlcpy (count->digest, brev_column_text (row, 2) ?: "",
                          sizeof count->digest);
    }
    (void) sqlite3_reset (row);
    return TRUE;
}

gboolean
brev_cap_choose (BrevStore *store, const char *sender, gint64 now,
                 char report[BREV_ID_LENGTH + 1], GError **error)
{
    BrevStoreReportCount count;
    gint64 sum = sum_of (sender);

    if (store->guard.cap == NULL)
        return TRUE;
    if (!read_count (store, sum, &count, error))
        return FALSE;
    if (!store->guard.cap (&count, sender, now, store->guard.data))
        (void) g_strlcpy (report, count.digest, BREV_ID_LENGTH + 1);
    if (count.digest_due != 0 &&
        !brev_digest_open (store, count.digest, BREV_DIGEST_FAILED, count.digest_due,
                           error))
        return FALSE;
    return BREV_SQL_RUN (store, SQL_SET_REPORT_COUNT, error, SQL_I (sum),
                         SQL_I (count.since), SQL_I (count.sent),
                         SQL_T (count.digest)) >= 0;
}

gboolean
brev_cap_choose_for (BrevStore *store, gint64 n, gint64 now,
                     char report[BREV_ID_LENGTH + 1], GError **error)
{
    g_autofree char *sender = NULL;
    sqlite3_stmt *row;

    if (store->guard.cap == NULL)
        return TRUE;
    row = BREV_SQL_START (store, SQL_SENDER, error, SQL_I (n));
    if (row == NULL || brev_sql_step (store, row, error) < 0)
        return FALSE;
    sender = brev_column_dup (row, 0);
    (void) sqlite3_reset (row);
    return brev_cap_choose (store, sender != NULL ? sender : "", now, report, error);
}

gboolean
brev_cap_forget (BrevStore *store, gint64 now, GError **error)
{
    return store->guard.report_memory == 0 ||
           BREV_SQL_RUN (store, SQL_FORGET_REPORT_COUNTS, error,
                         SQL_I (now - store->guard.report_memory)) >= 0;
}
