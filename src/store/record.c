/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "store/sql.h"

/* clang-format off */
const char *const brev_state_names[BREV_STATE_LAST] = {
    [BREV_STATE_QUEUED]    = "queued",
    [BREV_STATE_DEFERRED]  = "deferred",
    [BREV_STATE_SENDING]   = "sending",
    [BREV_STATE_PARKED]    = "parked",
    [BREV_STATE_SENT]      = "sent",
    [BREV_STATE_DISCARDED] = "discarded-by-test",
    [BREV_STATE_REFUSED]   = "refused",
    [BREV_STATE_EXPIRED]   = "expired",
    [BREV_STATE_DELETED]   = "deleted",
};
/* clang-format on */

gboolean
brev_state_is_final (BrevState state)
{
    return state >= BREV_STATE_SENT;
}

static void
recipient_free (gpointer data)
{
    BrevStoreRecipient *recipient = data;

    g_free (recipient->address);
    g_free (recipient->original);
    g_free (recipient->account);
    g_free (recipient->key);
    g_free (recipient->remote_id);
    g_free (recipient->dsn);
    g_free (recipient->reply);
    g_free (recipient->report);
    g_free (recipient->orcpt);
    g_free (recipient);
}

BrevStoreMessage *
brev_store_message_new (const char *id)
{
    BrevStoreMessage *message = g_new0 (BrevStoreMessage, 1);

    message->id = g_strdup (id);
    message->sender = g_strdup ("");
    message->recipients = g_ptr_array_new_with_free_func (recipient_free);
    return message;
}

void
brev_store_message_free (BrevStoreMessage *message)
{
    if (message == NULL)
        return;
    g_free (message->id);
    g_free (message->sender);
    g_free (message->message_id);
    g_free (message->login);
    g_free (message->program);
    g_free (message->parked);
    g_free (message->options);
    g_free (message->ignored);
    g_free (message->script);
    g_free (message->rewritten);
    g_ptr_array_unref (message->recipients);
    g_free (message);
}

BrevStoreRecipient *
brev_store_message_add (BrevStoreMessage *message, const char *address,
                        const char *original, const char *account, gint64 due)
{
    BrevStoreRecipient *recipient = g_new0 (BrevStoreRecipient, 1);

    recipient->index = message->recipients->len;
    recipient->address = g_strdup (address);
    recipient->original = g_strdup (original);
    recipient->account = g_strdup (account);
    recipient->due = due;
    recipient->changed = due;
    g_ptr_array_add (message->recipients, recipient);
    return recipient;
}

const char *
brev_column_text (sqlite3_stmt *row, int column)
{
    return (const char *) sqlite3_column_text (row, column);
}

char *
brev_column_dup (sqlite3_stmt *row, int column)
{
    return g_strdup (brev_column_text (row, column));
}

/* Columns in the order of MESSAGE_COLUMNS. */
BrevStoreMessage *
brev_record_message (sqlite3_stmt *row)
{
    BrevStoreMessage *message = brev_store_message_new (brev_column_text (row, 1));

    message->is_imported = sqlite3_column_int (row, 2);
    message->uid = (guint32) sqlite3_column_int64 (row, 3);
    message->arrival = sqlite3_column_int64 (row, 4);
    message->finished = sqlite3_column_int64 (row, 5);
    message->size = (guint64) sqlite3_column_int64 (row, 6);
    message->checksum = (guint32) sqlite3_column_int64 (row, 7);
    g_free (message->sender);
    message->sender = g_strdup (brev_column_text (row, 8) ?: "");
    message->message_id = brev_column_dup (row, 9);
    message->login = brev_column_dup (row, 10);
    message->program = brev_column_dup (row, 11);
    message->way = (char) sqlite3_column_int (row, 12);
    message->is_held = sqlite3_column_int64 (row, 13) > 0;
    message->crashes = (guint) sqlite3_column_int (row, 14);
    message->paused = sqlite3_column_int64 (row, 15);
    message->parked = brev_column_dup (row, 16);
    message->options = brev_column_dup (row, 19);
    message->ignored = brev_column_dup (row, 20);
    message->dot_bytes = (guint) sqlite3_column_int64 (row, 21);
    message->script = brev_column_dup (row, 22);
    message->rewritten = brev_column_dup (row, 23);
    message->is_storm = sqlite3_column_int (row, 24);
    message->sender_is_login = sqlite3_column_int (row, 25);
    message->is_bulk = sqlite3_column_int (row, 26);
    return message;
}

/* Columns in the order of RECIPIENT_COLUMNS. */
BrevStoreRecipient *
brev_record_recipient (BrevStoreMessage *message, sqlite3_stmt *row)
{
    BrevStoreRecipient *recipient = brev_store_message_add (
        message, brev_column_text (row, 1), brev_column_text (row, 2),
        brev_column_text (row, 3), sqlite3_column_int64 (row, 5));

    recipient->index = (guint) sqlite3_column_int (row, 0);
    recipient->state = (BrevState) sqlite3_column_int (row, 4);
    recipient->attempts = (guint) sqlite3_column_int (row, 6);
    recipient->maybe_sent = sqlite3_column_int (row, 7);
    recipient->key = brev_column_dup (row, 8);
    recipient->remote_id = brev_column_dup (row, 9);
    recipient->dsn = brev_column_dup (row, 10);
    recipient->reply = brev_column_dup (row, 11);
    recipient->report = brev_column_dup (row, 12);
    recipient->changed = sqlite3_column_int64 (row, 13);
    recipient->notify = (BrevNotify) sqlite3_column_int (row, 14);
    recipient->orcpt = brev_column_dup (row, 15);
    recipient->warn_from = sqlite3_column_int64 (row, 16);
    recipient->doubt_from = sqlite3_column_int64 (row, 17);
    recipient->unanswered = (guint) sqlite3_column_int64 (row, 18);
    return recipient;
}

gboolean
brev_record_recipients (BrevStore *store, BrevStoreMessage *message, gint64 n,
                        GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_GET_RECIPIENTS, error, SQL_I (n));
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0)
        (void) brev_record_recipient (message, row);
    return got == 0;
}

static BrevStoreMessage *
get (BrevStore *store, const char *id, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_GET_MESSAGE, error, SQL_T (id));
    g_autoptr (BrevStoreMessage) message = NULL;

    if (row == NULL || brev_sql_step (store, row, error) <= 0)
        return NULL;
    message = brev_record_message (row);
    if (!brev_record_recipients (store, message, sqlite3_column_int64 (row, 0), error))
        return NULL;
    (void) sqlite3_reset (row);
    return g_steal_pointer (&message);
}

BrevStoreMessage *
brev_store_get (BrevStore *store, const char *id, GError **error)
{
    g_auto (BrevTransaction) view = { 0 };

    if (!brev_transaction_begin_read (&view, store, error))
        return NULL;
    return get (store, id, error);
}

static GPtrArray *
new_message_array (void)
{
    return g_ptr_array_new_with_free_func ((GDestroyNotify) brev_store_message_free);
}

static GPtrArray *
list_one (BrevStore *store, const BrevStoreFilter *filter, GError **error)
{
    g_autoptr (GError) failure = NULL;
    g_autoptr (BrevStoreMessage) message = get (store, filter->id, &failure);
    GPtrArray *messages;

    if (failure != NULL) {
        g_propagate_error (error, g_steal_pointer (&failure));
        return NULL;
    }
    messages = new_message_array ();
    if (message != NULL &&
        (filter->uid < 0 || (message->is_imported && message->uid == filter->uid)) &&
        (!filter->unfinished || message->finished == 0) &&
        (!filter->finished || message->finished > 0))
        g_ptr_array_add (messages, g_steal_pointer (&message));
    return messages;
}

static GPtrArray *
list_many (BrevStore *store, const BrevStoreFilter *filter, GError **error)
{
    g_autoptr (GPtrArray) messages = new_message_array ();
    BrevSql sql = filter->unfinished ? SQL_LIST_UNFINISHED
                  : filter->finished ? SQL_LIST_FINISHED
                                     : SQL_LIST_ALL;
    gint64 limit = filter->limit > 0 ? (gint64) filter->limit : -1;
    sqlite3_stmt *row =
        BREV_SQL_START (store, sql, error, SQL_I (filter->uid), SQL_I (limit));
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0) {
        BrevStoreMessage *message = brev_record_message (row);
        g_ptr_array_add (messages, message);
        if (!brev_record_recipients (store, message, sqlite3_column_int64 (row, 0),
                                     error))
            return NULL;
    }
    return got < 0 ? NULL : g_steal_pointer (&messages);
}

GPtrArray *
brev_store_list (BrevStore *store, const BrevStoreFilter *filter, GError **error)
{
    g_auto (BrevTransaction) view = { 0 };

    if (!brev_transaction_begin_read (&view, store, error))
        return NULL;
    return filter->id != NULL ? list_one (store, filter, error)
                              : list_many (store, filter, error);
}

gint64
brev_store_count_outcomes (BrevStore *store, BrevState state, gint64 since,
                           GError **error)
{
    sqlite3_stmt *row =
        BREV_SQL_START (store, SQL_COUNT_OUTCOMES, error, SQL_I (state), SQL_I (since));
    gint64 n;

    if (row == NULL || brev_sql_step (store, row, error) <= 0)
        return -1;
    n = sqlite3_column_int64 (row, 0);
    (void) sqlite3_reset (row);
    return n;
}
