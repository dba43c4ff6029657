/* SPDX-License-Identifier: MIT */
#include "store/sql.h"

/* How much of a user's mail is alike. A user has so many rows and no more: what falls into the
 * same one displaces what is rare, or is not counted itself. */
enum { SLOTS = 1024 };

void
brev_store_set_guard (BrevStore *store, const BrevStoreGuard *guard)
{
    store->guard = *guard;
}

static gint64
slot_of (gint64 sum)
{
    return sum & (SLOTS - 1);
}

static void
read_storm (sqlite3_stmt *row, BrevStoreStorm *storm)
{
    *storm = (BrevStoreStorm){
        .uid = sqlite3_column_int64 (row, 0),
        .sum = sqlite3_column_int64 (row, 1),
        .since = sqlite3_column_int64 (row, 2),
        .seen = (guint64) sqlite3_column_int64 (row, 3),
        .began = sqlite3_column_int64 (row, 4),
        .total = (guint64) sqlite3_column_int64 (row, 5),
        .held = (guint64) sqlite3_column_int64 (row, 6),
    };
    (void) g_strlcpy (storm->digest, brev_column_text (row, 7) ?: "",
                      sizeof storm->digest);
}

gboolean
brev_storm_ask (BrevStore *store, BrevStoreMessage *message, gint64 now,
                BrevStoreStorm *storm, GError **error)
{
    sqlite3_stmt *row;
    int got;

    if (store->guard.judge == NULL || message->sum == 0)
        return TRUE;
    row = BREV_SQL_START (store, SQL_GET_STORM, error, SQL_I (message->uid),
                          SQL_I (slot_of (message->sum)));
    got = row == NULL ? -1 : brev_sql_step (store, row, error);
    if (got < 0)
        return FALSE;
    if (got > 0)
        read_storm (row, storm);
    (void) sqlite3_reset (row);
    storm->uid = message->uid;
    store->guard.judge (storm, message, now, store->guard.data);
    return TRUE;
}

gboolean
brev_storm_note (BrevStore *store, const BrevStoreStorm *storm, GError **error)
{
    if (storm->sum == 0)
        return TRUE;
    if (storm->digest_due != 0 &&
        !brev_digest_open (store, storm->digest, BREV_DIGEST_HELD, storm->digest_due,
                           error))
        return FALSE;
    return BREV_SQL_RUN (store, SQL_SET_STORM, error, SQL_I (storm->uid),
                         SQL_I (slot_of (storm->sum)), SQL_I (storm->sum),
                         SQL_I (storm->since), SQL_I (storm->seen), SQL_I (storm->began),
                         SQL_I (storm->total), SQL_I (storm->held),
                         SQL_T (storm->digest)) >= 0;
}

gboolean
brev_storm_forget (BrevStore *store, gint64 now, GError **error)
{
    return store->guard.memory == 0 || /* nobody has said yet what is old */
           BREV_SQL_RUN (store, SQL_FORGET_STORMS, error,
                         SQL_I (now - store->guard.memory)) >= 0;
}

GArray *
brev_store_storms (BrevStore *store, GError **error)
{
    g_autoptr (GArray) storms = g_array_new (FALSE, FALSE, sizeof (BrevStoreStorm));
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_STORMS, error);
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0) {
        BrevStoreStorm storm;
        read_storm (row, &storm);
        g_array_append_val (storms, storm);
    }
    return got < 0 ? NULL : g_steal_pointer (&storms);
}
