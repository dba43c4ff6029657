/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "envelope/frame.h"
#include "store/sql.h"

/* What is due for that much longer than the other mail of its submitter, bulk mail does not
 * let pass any more: else it is never sent where that mail never stops. */
#define BULK_PATIENCE BREV_HOUR

/* A claim while it is made. */
typedef struct {
    BrevStore *store;
    const BrevClaim *claim;
    GPtrArray *messages;
    gint64 turn;      /* the uid that was served last */
    gboolean is_over; /* a message over which a courier died travels alone */
} Claiming;

/* The next (account, uid, bulk) with waiting mail, and when its first is due. */
typedef struct {
    char *account; /* owned */
    gint64 uid;
    gint64 bulk;
    gint64 due;
} Waiting;

static void
waiting_clear (Waiting *waiting)
{
    g_clear_pointer (&waiting->account, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Waiting, waiting_clear)

/* Returns: 1 with @waiting filled, 0 at the end, -1 with @error set */
static int
read_waiting_row (BrevStore *store, sqlite3_stmt *row, Waiting *waiting, GError **error)
{
    int got = row == NULL ? -1 : brev_sql_step (store, row, error);

    if (got <= 0)
        return got;
    waiting_clear (waiting);
    waiting->account = brev_column_dup (row, 0);
    waiting->uid = sqlite3_column_int64 (row, 1);
    waiting->bulk = sqlite3_column_int64 (row, 2);
    waiting->due = sqlite3_column_int64 (row, 3);
    (void) sqlite3_reset (row);
    return 1;
}

/* The next submitter of the same account: one step down an index, however much waits. */
static int
next_submitter (BrevStore *store, Waiting *waiting, GError **error)
{
    return read_waiting_row (store,
                             BREV_SQL_START (store, SQL_NEXT_SUBMITTER, error,
                                             SQL_T (waiting->account ?: ""),
                                             SQL_I (waiting->uid)),
                             waiting, error);
}

/* What the same submitter has that may wait for the rest of its mail. */
static int
bulk_of_submitter (BrevStore *store, Waiting *waiting, GError **error)
{
    return read_waiting_row (store,
                             BREV_SQL_START (store, SQL_BULK_OF_SUBMITTER, error,
                                             SQL_T (waiting->account ?: ""),
                                             SQL_I (waiting->uid), SQL_I (waiting->bulk)),
                             waiting, error);
}

static int
next_account (BrevStore *store, Waiting *waiting, GError **error)
{
    return read_waiting_row (
        store,
        BREV_SQL_START (store, SQL_NEXT_ACCOUNT, error, SQL_T (waiting->account ?: "")),
        waiting, error);
}

/* Mail for which no account was found has the account "", and comes first. */
static int
next_waiting (BrevStore *store, Waiting *waiting, GError **error)
{
    int got = bulk_of_submitter (store, waiting, error);

    if (got == 0)
        got = next_submitter (store, waiting, error);
    return got != 0 ? got : next_account (store, waiting, error);
}

gint64
brev_store_next_due (BrevStore *store, GError **error)
{
    g_auto (BrevTransaction) view = { 0 };
    g_auto (Waiting) waiting = { .uid = -1 };
    gint64 due = G_MAXINT64;
    int got;

    if (!brev_transaction_begin_read (&view, store, error))
        return -1;
    while ((got = next_waiting (store, &waiting, error)) > 0)
        due = MIN (due, waiting.due);
    return got < 0 ? -1 : due;
}

GPtrArray *
brev_store_due_accounts (BrevStore *store, gint64 now, GError **error)
{
    g_auto (BrevTransaction) view = { 0 };
    g_auto (Waiting) waiting = { .uid = -1 };
    g_autoptr (GPtrArray) accounts = g_ptr_array_new_with_free_func (g_free);
    int got;

    if (!brev_transaction_begin_read (&view, store, error))
        return NULL;
    while ((got = next_waiting (store, &waiting, error)) > 0) {
        if (waiting.due > now)
            continue;
        g_ptr_array_add (accounts, g_strdup (waiting.account));
        waiting.uid = G_MAXINT64; /* on to the next account */
    }
    return got < 0 ? NULL : g_steal_pointer (&accounts);
}

/* Which recipients of the message are taken. */
static gboolean
read_waiting (Claiming *claiming, BrevStoreMessage *message, gint64 n, GError **error)
{
    const BrevClaim *claim = claiming->claim;
    gint64 until = claim->only_id != NULL ? G_MAXINT64 : claim->now;
    sqlite3_stmt *row = BREV_SQL_START (claiming->store, SQL_WAITING_OF, error, SQL_I (n),
                                        SQL_T (claim->account), SQL_I (until));
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (claiming->store, row, error)) > 0)
        (void) brev_record_recipient (message, row);
    return got == 0;
}

/* A key that may have reached the provider is used again, so that the provider can tell. */
static gboolean
mark_sending (Claiming *claiming, BrevStoreMessage *message, gint64 n, GError **error)
{
    BrevStore *store = claiming->store;
    char key[BREV_ID_LENGTH + 1];

    brev_id_new (key);
    for (guint i = 0; i < message->recipients->len; i++) {
        BrevStoreRecipient *r = message->recipients->pdata[i];
        if (!r->maybe_sent || r->key == NULL) {
            g_free (r->key);
            r->key = g_strdup (key);
        }
        r->state = BREV_STATE_SENDING;
        r->changed = claiming->claim->now;
        if (BREV_SQL_RUN (store, SQL_CLAIM_RECIPIENT, error, SQL_I (n), SQL_I (r->index),
                          SQL_T (r->key), SQL_I (store->lock.number),
                          SQL_I (r->changed)) < 0)
            return FALSE;
    }
    return TRUE;
}

static BrevStoreMessage *
read_message (BrevStore *store, sqlite3_stmt *row, gint64 *n, GError **error)
{
    BrevStoreMessage *message;

    if (row == NULL || brev_sql_step (store, row, error) <= 0)
        return NULL;
    message = brev_record_message (row);
    *n = sqlite3_column_int64 (row, 0);
    (void) sqlite3_reset (row);
    return message;
}

/* Takes what is due of one message, unless that has to wait for a claim of its own. */
static gboolean
take (Claiming *claiming, sqlite3_stmt *row, GError **error)
{
    gint64 n = 0;
    g_autoptr (GError) failure = NULL;
    g_autoptr (BrevStoreMessage) message =
        read_message (claiming->store, row, &n, &failure);

    if (failure != NULL) {
        g_propagate_error (error, g_steal_pointer (&failure));
        return FALSE;
    }
    if (message == NULL)
        return TRUE;
    claiming->is_over = message->crashes > 0;
    if (claiming->is_over && claiming->messages->len > 0)
        return TRUE;
    if (!read_waiting (claiming, message, n, error) ||
        !mark_sending (claiming, message, n, error))
        return FALSE;
    claiming->turn = message->uid;
    if (message->recipients->len > 0)
        g_ptr_array_add (claiming->messages, g_steal_pointer (&message));
    return TRUE;
}

static gboolean
take_oldest_of (Claiming *claiming, const Waiting *waiting, GError **error)
{
    BrevStore *store = claiming->store;
    sqlite3_stmt *oldest =
        BREV_SQL_START (store, SQL_OLDEST_WAITING, error, SQL_T (waiting->account),
                        SQL_I (waiting->uid), SQL_I (waiting->bulk));
    gint64 n;

    if (oldest == NULL || brev_sql_step (store, oldest, error) <= 0)
        return FALSE;
    n = sqlite3_column_int64 (oldest, 0);
    (void) sqlite3_reset (oldest);
    return take (claiming, BREV_SQL_START (store, SQL_CLAIM_MESSAGE, error, SQL_I (n)),
                 error);
}

/* Whether the @bulk mail of a submitter goes before its @other. Both have waited. */
static gboolean
goes_before (const Waiting *bulk, const Waiting *other, gint64 now)
{
    return bulk->due <= now &&
           (other->due > now || bulk->due <= other->due - BULK_PATIENCE);
}

/* Leaves in @waiting what of its submitter has its turn. Returns: %FALSE with @error set */
static gboolean
choose_of_submitter (Claiming *claiming, Waiting *waiting, GError **error)
{
    g_auto (Waiting) bulk = { .account = g_strdup (waiting->account),
                              .uid = waiting->uid,
                              .bulk = waiting->bulk };
    int got = waiting->bulk > 0 ? 0 : bulk_of_submitter (claiming->store, &bulk, error);

    if (got > 0 && goes_before (&bulk, waiting, claiming->claim->now)) {
        waiting->bulk = bulk.bulk;
        waiting->due = bulk.due;
    }
    return got >= 0;
}

/* Goes once from the submitter behind @claiming->turn to the last one, and takes a message
 * of each. Returns: 1 when there may be more, 0, -1 with @error set */
static int
take_round (Claiming *claiming, GError **error)
{
    const BrevClaim *claim = claiming->claim;
    g_auto (Waiting)
        waiting = { .account = g_strdup (claim->account), .uid = claiming->turn };
    int got;

    while (!claiming->is_over && claiming->messages->len < claim->max_messages &&
           (got = next_submitter (claiming->store, &waiting, error)) != 0) {
        if (got < 0 || !choose_of_submitter (claiming, &waiting, error))
            return -1;
        if (waiting.due <= claim->now && !take_oldest_of (claiming, &waiting, error))
            return -1;
    }
    return 0;
}

static gboolean
take_rounds (Claiming *claiming, GError **error)
{
    guint before;
    gboolean was_at_start;

    do {
        before = claiming->messages->len;
        was_at_start = claiming->turn < 0;
        if (take_round (claiming, error) < 0)
            return FALSE;
        if (!claiming->is_over && claiming->messages->len < claiming->claim->max_messages)
            claiming->turn = -1; /* from the first submitter again */
    } while (!claiming->is_over &&
             claiming->messages->len < claiming->claim->max_messages &&
             (!was_at_start || claiming->messages->len > before));
    return TRUE;
}

static gboolean
get_turn (Claiming *claiming, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (claiming->store, SQL_GET_TURN, error,
                                        SQL_T (claiming->claim->account));
    int got = row == NULL ? -1 : brev_sql_step (claiming->store, row, error);

    claiming->turn = got > 0 ? sqlite3_column_int64 (row, 0) : -1;
    if (got > 0)
        (void) sqlite3_reset (row);
    return got >= 0;
}

static gboolean
take_fairly (Claiming *claiming, GError **error)
{
    return get_turn (claiming, error) && take_rounds (claiming, error) &&
           (claiming->messages->len == 0 ||
            BREV_SQL_RUN (claiming->store, SQL_SET_TURN, error,
                          SQL_T (claiming->claim->account), SQL_I (claiming->turn)) >= 0);
}

static gboolean
take_only (Claiming *claiming, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (claiming->store, SQL_GET_MESSAGE, error,
                                        SQL_T (claiming->claim->only_id));

    return row != NULL && take (claiming, row, error);
}

GPtrArray *
brev_store_claim (BrevStore *store, const BrevClaim *claim, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };
    g_autoptr (GPtrArray) messages =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_store_message_free);
    Claiming claiming = { .store = store, .claim = claim, .messages = messages };

    g_return_val_if_fail (
        store->mode == BREV_STORE_COURIER || store->mode == BREV_STORE_MEMORY, NULL);
    if (!brev_transaction_begin (&transaction, store, error) ||
        !brev_recover (store, FALSE, claim->now, error) ||
        !(claim->only_id != NULL ? take_only (&claiming, error)
                                 : take_fairly (&claiming, error)) ||
        !brev_transaction_commit (&transaction, error))
        return NULL;
    return g_steal_pointer (&messages);
}
