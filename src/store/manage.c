/* SPDX-License-Identifier: MIT */
#include "store/sql.h"

/* What an administrator does, and what time does. */

/* One thing to be done with one message. Returns: 1 when it changed, 0, -1 with @error */
typedef int (*Change) (BrevStore *store, const char *id, gpointer data, GError **error);

typedef struct {
    gint64 now;
    const char *reason;
    GPtrArray *finished;
} ChangeData;

static int
changed (int rows)
{
    return rows > 0 ? 1 : rows;
}

static int
change_each (BrevStore *store, const GPtrArray *ids, Change change, gpointer data,
             GError **error)
{
    int total = 0;

    for (guint i = 0; i < ids->len; i++) {
        int one = change (store, ids->pdata[i], data, error);
        if (one < 0)
            return -1;
        total += one;
    }
    return total;
}

/* Of @id, or of all unfinished messages, in one transaction. */
static int
change_some (BrevStore *store, const char *id, Change change, gpointer data,
             GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };
    g_autoptr (GPtrArray) ids = NULL;
    int total;

    if (!brev_transaction_begin (&transaction, store, error))
        return -1;
    if (id != NULL) {
        ids = g_ptr_array_new_with_free_func (g_free);
        g_ptr_array_add (ids, g_strdup (id));
    } else {
        ids = brev_sql_strings (store, BREV_SQL_START (store, SQL_UNFINISHED_IDS, error),
                                error);
    }
    total = ids == NULL ? -1 : change_each (store, ids, change, data, error);
    return total >= 0 && brev_transaction_commit (&transaction, error) ? total : -1;
}

static int
retry_one (BrevStore *store, const char *id, gpointer data, GError **error)
{
    const ChangeData *change = data;
    int rows = BREV_SQL_RUN (store, SQL_RETRY_RECIPIENTS, error, SQL_T (id),
                             SQL_I (change->now));

    if (rows > 0 && BREV_SQL_RUN (store, SQL_PROBE_BUCKETS, error, SQL_T (id),
                                  SQL_I (change->now)) < 0)
        return -1;
    return changed (rows);
}

int
brev_store_retry (BrevStore *store, const char *id, gint64 now, GError **error)
{
    ChangeData change = { .now = now };

    return change_some (store, id, retry_one, &change, error);
}

static int
hold_one (BrevStore *store, const char *id, gpointer data, GError **error)
{
    const ChangeData *change = data;
    int rows = BREV_SQL_RUN (store, SQL_HOLD, error, SQL_T (id), SQL_I (change->now));

    if (rows > 0 && BREV_SQL_RUN (store, SQL_HOLD_RECIPIENTS, error, SQL_T (id)) < 0)
        return -1;
    return changed (rows);
}

int
brev_store_hold (BrevStore *store, const char *id, gint64 now, GError **error)
{
    ChangeData change = { .now = now };

    return change_some (store, id, hold_one, &change, error);
}

static int
release_one (BrevStore *store, const char *id, gpointer data, GError **error)
{
    const ChangeData *change = data;
    int rows = BREV_SQL_RUN (store, SQL_RELEASE, error, SQL_T (id), SQL_I (change->now));

    if (rows > 0 && BREV_SQL_RUN (store, SQL_RELEASE_RECIPIENTS, error, SQL_T (id),
                                  SQL_I (change->now)) < 0)
        return -1;
    return changed (rows);
}

int
brev_store_release (BrevStore *store, const char *id, gint64 now, GError **error)
{
    ChangeData change = { .now = now };

    return change_some (store, id, release_one, &change, error);
}

static int
delete_one (BrevStore *store, const char *id, gpointer data, GError **error)
{
    const ChangeData *change = data;
    int rows = BREV_SQL_RUN (store, SQL_DELETE, error, SQL_T (id));

    if (rows > 0 && (BREV_SQL_RUN (store, SQL_DELETE_RECIPIENTS, error, SQL_T (id),
                                   SQL_I (change->now)) < 0 ||
                     !brev_finish (store, id, change->now, change->finished, error)))
        return -1;
    return changed (rows);
}

int
brev_store_delete (BrevStore *store, const char *id, gint64 now, GPtrArray **finished,
                   GError **error)
{
    g_autoptr (GPtrArray) done = g_ptr_array_new_with_free_func (g_free);
    ChangeData change = { .now = now, .finished = done };
    int total = change_some (store, id, delete_one, &change, error);

    if (total >= 0 && finished != NULL)
        *finished = g_steal_pointer (&done);
    return total;
}

static int
park_one (BrevStore *store, const char *id, gpointer data, GError **error)
{
    const ChangeData *change = data;
    int rows = BREV_SQL_RUN (store, SQL_PARK, error, SQL_T (id), SQL_T (change->reason));

    if (rows != 0)
        return changed (rows);
    return changed (BREV_SQL_RUN (store, SQL_PARK_RECIPIENTS, error, SQL_T (id),
                                  SQL_T (change->reason), SQL_I (change->now)));
}

int
brev_store_park (BrevStore *store, const char *id, const char *reason, gint64 now,
                 GError **error)
{
    ChangeData change = { .now = now, .reason = reason };

    return change_some (store, id, park_one, &change, error);
}

gboolean
brev_store_mend_times (BrevStore *store, gint64 now, gint64 ahead, GError **error)
{
    static const BrevSql mends[] = { SQL_MEND_RECIPIENTS, SQL_MEND_WARNINGS,
                                     SQL_MEND_ARRIVALS,   SQL_MEND_FINISHED,
                                     SQL_MEND_KNOWN,      SQL_MEND_PROBLEMS,
                                     SQL_MEND_DIGESTS };
    g_auto (BrevTransaction) transaction = { 0 };

    if (!brev_transaction_begin (&transaction, store, error))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS (mends); i++) {
        if (BREV_SQL_RUN (store, mends[i], error, SQL_I (now), SQL_I (now + ahead)) < 0)
            return FALSE;
    }
    return brev_transaction_commit (&transaction, error);
}

/* Its end: the time that it took does not count for mail that waited for it, and what is
 * held until a later try is due. */
static int
clear_problem (BrevStore *store, const char *account, const char *scope, gint64 now,
               GError **error)
{
    static const BrevSql steps[] = { SQL_PAUSE_MESSAGES, SQL_RESUME_RECIPIENTS };

    for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
        if (BREV_SQL_RUN (store, steps[i], error, SQL_T (account), SQL_T (scope),
                          SQL_I (now)) < 0)
            return -1;
    return BREV_SQL_RUN (store, SQL_CLEAR_PROBLEM, error, SQL_T (account), SQL_T (scope));
}

gboolean
brev_store_set_problem (BrevStore *store, const char *account, const char *scope,
                        const char *problem, gint64 until, gint64 now, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };
    int rows;

    if (!brev_transaction_begin (&transaction, store, error))
        return FALSE;
    if (problem == NULL)
        rows = clear_problem (store, account, scope, now, error);
    else
        rows = BREV_SQL_RUN (store, SQL_SET_PROBLEM, error, SQL_T (account),
                             SQL_T (scope), SQL_T (problem), SQL_I (now), SQL_I (until));
    return rows >= 0 && brev_transaction_commit (&transaction, error);
}

void
brev_store_problem_free (BrevStoreProblem *problem)
{
    if (problem == NULL)
        return;
    g_free (problem->account);
    g_free (problem->scope);
    g_free (problem->problem);
    g_free (problem);
}

static BrevStoreProblem *
read_problem (sqlite3_stmt *row)
{
    BrevStoreProblem *problem = g_new0 (BrevStoreProblem, 1);

    problem->account = brev_column_dup (row, 0);
    problem->scope = brev_column_dup (row, 1);
    problem->problem = brev_column_dup (row, 2);
    problem->since = sqlite3_column_int64 (row, 3);
    problem->until = sqlite3_column_int64 (row, 4);
    return problem;
}

GPtrArray *
brev_store_problems (BrevStore *store, GError **error)
{
    g_autoptr (GPtrArray) problems =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_store_problem_free);
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_PROBLEMS, error);
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0)
        g_ptr_array_add (problems, read_problem (row));
    return got < 0 ? NULL : g_steal_pointer (&problems);
}
