/* SPDX-License-Identifier: MIT */
#include "store/callers.h"

/* What the row says before it is settled. */
typedef struct {
    gint64 message;
    BrevState state;
    gint64 owner;
    gboolean is_deleted; /* deletion was asked for while it was being sent */
} Current;

/* Returns: 1, 0 when there is no such row, -1 with @error set */
static int
read_current (BrevStore *store, const BrevSettlement *s, Current *current, GError **error)
{
    sqlite3_stmt *row =
        BREV_SQL_START (store, SQL_SETTLE_STATE, error, SQL_T (s->id), SQL_I (s->index));
    int got = row == NULL ? -1 : brev_sql_step (store, row, error);

    if (got <= 0)
        return got;
    current->message = sqlite3_column_int64 (row, 0);
    current->state = (BrevState) sqlite3_column_int (row, 1);
    current->owner = sqlite3_column_int64 (row, 2);
    current->is_deleted = sqlite3_column_int (row, 3);
    (void) sqlite3_reset (row);
    return 1;
}

/* Pure: the state that follows, or @current's own when nothing may change. */
static BrevState
next_state (const BrevStore *store, const Current *current, const BrevSettlement *s)
{
    gboolean is_anothers =
        current->state == BREV_STATE_SENDING && current->owner != store->lock.number;

    if (brev_state_is_final (current->state))
        return current->state;
    if (brev_state_is_final (s->state))
        return s->state;
    if (is_anothers)
        return current->state;
    return current->is_deleted ? BREV_STATE_DELETED : s->state;
}

static gboolean
is_failure (BrevState state)
{
    return state == BREV_STATE_REFUSED || state == BREV_STATE_EXPIRED;
}

/* @reports: from the ids that were chosen to those that the reports of failures have: of a
 * digest, when there are many. Returns: (transfer none) (nullable): %NULL with @error set */
static const char *
report_of (BrevStore *store, GHashTable *reports, gint64 n, const char *report,
           gint64 now, GError **error)
{
    char *chosen = g_hash_table_lookup (reports, report);

    if (chosen != NULL)
        return chosen;
    chosen = g_malloc (BREV_ID_LENGTH + 1);
    (void) g_strlcpy (chosen, report, BREV_ID_LENGTH + 1);
    if (!brev_cap_choose_for (store, n, now, chosen, error)) {
        g_free (chosen);
        return NULL;
    }
    (void) g_hash_table_insert (reports, g_strdup (report), chosen);
    return chosen;
}

static gboolean
settle_recipient (BrevStore *store, const BrevSettlement *s, GHashTable *reports,
                  gint64 now, GError **error)
{
    Current current;
    const char *report = s->report;
    BrevState state;
    int got = read_current (store, s, &current, error);

    if (got <= 0)
        return got == 0;
    state = next_state (store, &current, s);
    if (state == current.state &&
        (brev_state_is_final (state) || state == BREV_STATE_SENDING))
        return TRUE;
    if (report != NULL && is_failure (state))
        report = report_of (store, reports, current.message, report, now, error);
    if (report == NULL && s->report != NULL)
        return FALSE;
    return BREV_SQL_RUN (store, SQL_SETTLE_RECIPIENT, error, SQL_I (current.message),
                         SQL_I (s->index), SQL_I (state), SQL_I (s->due),
                         SQL_I (s->due_is_named), SQL_I (s->was_tried ? 1 : 0),
                         SQL_I (s->maybe_sent ? 1 : 0), SQL_T (s->account),
                         SQL_T (s->remote_id), SQL_T (s->dsn), SQL_T (s->reply),
                         SQL_T (report), SQL_I (now), SQL_I (s->doubt_from),
                         SQL_I (s->unanswered)) >= 0 &&
           (s->report == NULL ||
            BREV_SQL_RUN (store, SQL_REPORT_WANTED, error, SQL_I (current.message),
                          SQL_I (s->index)) >= 0);
}

gboolean
brev_finish (BrevStore *store, const char *id, gint64 now, GPtrArray *finished,
             GError **error)
{
    int changed =
        BREV_SQL_RUN (store, SQL_FINISH_MESSAGE, error, SQL_T (id), SQL_I (now));

    if (changed > 0 && finished != NULL)
        g_ptr_array_add (finished, g_strdup (id));
    return changed >= 0;
}

/* What the settlements of one message's recipients say about the message. */
typedef struct {
    gint64 paused;         /* the longest */
    const char *rewritten; /* nullable */
    gboolean is_survived;  /* the courier has lived through it */
} Whole;

/* By id. */
static GHashTable *
wholes_of (const BrevSettlement *settlements, guint n)
{
    GHashTable *wholes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

    for (guint i = 0; i < n; i++) {
        Whole *whole = g_hash_table_lookup (wholes, settlements[i].id);
        if (whole == NULL) {
            whole = g_new0 (Whole, 1);
            (void) g_hash_table_insert (wholes, g_strdup (settlements[i].id), whole);
        }
        whole->paused = MAX (whole->paused, settlements[i].paused);
        whole->is_survived |= !settlements[i].was_asked;
        if (settlements[i].rewritten != NULL)
            whole->rewritten = settlements[i].rewritten;
    }
    return wholes;
}

static gboolean
settle_messages (BrevStore *store, GHashTable *wholes, gint64 now, GPtrArray *finished,
                 GError **error)
{
    GHashTableIter iter;
    gpointer id, value;

    g_hash_table_iter_init (&iter, wholes);
    while (g_hash_table_iter_next (&iter, &id, &value)) {
        const Whole *whole = value;
        if (BREV_SQL_RUN (store, SQL_SETTLE_MESSAGE, error, SQL_T (id),
                          SQL_I (whole->paused), SQL_I (whole->is_survived)) < 0 ||
            !brev_callers_rewritten (store, id, whole->rewritten, error) ||
            !brev_finish (store, id, now, finished, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
brev_store_settle (BrevStore *store, const BrevSettlement *settlements, guint n,
                   gint64 now, GPtrArray **finished, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };
    g_autoptr (GPtrArray) done = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GHashTable) wholes = wholes_of (settlements, n);
    g_autoptr (GHashTable) reports =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

    if (!brev_transaction_begin (&transaction, store, error))
        return FALSE;
    for (guint i = 0; i < n; i++) {
        g_return_val_if_fail (settlements[i].state != BREV_STATE_SENDING, FALSE);
        if (!settle_recipient (store, &settlements[i], reports, now, error))
            return FALSE;
    }
    if (!settle_messages (store, wholes, now, done, error) ||
        !brev_transaction_commit (&transaction, error))
        return FALSE;
    if (finished != NULL)
        *finished = g_steal_pointer (&done);
    return TRUE;
}

/* Leaves in @message the recipients of that report alone: of what was deleted since there is
 * nothing to say. */
static void
keep_report (BrevStoreMessage *message, const char *report)
{
    for (guint i = message->recipients->len; i-- > 0;) {
        const BrevStoreRecipient *recipient = message->recipients->pdata[i];
        if (g_strcmp0 (recipient->report, report) != 0 ||
            recipient->state == BREV_STATE_DELETED)
            (void) g_ptr_array_remove_index (message->recipients, i);
    }
}

/* Pairs of ids, one behind the other: message, report. */
static GPtrArray *
missing_pairs (BrevStore *store, GError **error)
{
    g_autoptr (GPtrArray) pairs = g_ptr_array_new_with_free_func (g_free);
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_MISSING_REPORTS, error);
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0) {
        g_ptr_array_add (pairs, brev_column_dup (row, 0));
        g_ptr_array_add (pairs, brev_column_dup (row, 1));
    }
    return got < 0 ? NULL : g_steal_pointer (&pairs);
}

GPtrArray *
brev_store_missing_reports (BrevStore *store, GError **error)
{
    g_autoptr (GPtrArray) pairs = missing_pairs (store, error);
    g_autoptr (GPtrArray) messages =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_store_message_free);

    if (pairs == NULL)
        return NULL;
    for (guint i = 0; i < pairs->len; i += 2) {
        g_autoptr (GError) failure = NULL;
        BrevStoreMessage *message = brev_store_get (store, pairs->pdata[i], &failure);
        if (failure != NULL) {
            g_propagate_error (error, g_steal_pointer (&failure));
            return NULL;
        }
        if (message == NULL)
            continue;
        keep_report (message, pairs->pdata[i + 1]);
        g_ptr_array_add (messages, message);
    }
    return g_steal_pointer (&messages);
}
