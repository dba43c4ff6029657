/* SPDX-License-Identifier: MIT */
#include "envelope/frame.h"
#include "store/callers.h"

static const char doubtful_reply[] =
    "possible duplicate: the record of what was sent is lost, and this message may have been "
    "sent before that; 'brevdue queue release' sends it";

/* What begin_import does with a file. */
typedef enum { IMPORT_READ, IMPORT_SUSPECT, IMPORT_SKIP, IMPORT_FAILED } ImportChoice;

enum { COLUMN_IMPORTED = 2, COLUMN_CRASHES = 14, COLUMN_PARKED = 16, COLUMN_OWNER = 17 };

static ImportChoice
choose (const BrevStore *store, sqlite3_stmt *row)
{
    gint64 owner = sqlite3_column_int64 (row, COLUMN_OWNER);

    if (sqlite3_column_int (row, COLUMN_IMPORTED) ||
        sqlite3_column_type (row, COLUMN_PARKED) != SQLITE_NULL)
        return IMPORT_SKIP;
    /* the dead were recovered: who is named here lives */
    if (owner != 0 && owner != store->lock.number)
        return IMPORT_SKIP;
    return sqlite3_column_int (row, COLUMN_CRASHES) > 0 ? IMPORT_SUSPECT : IMPORT_READ;
}

static ImportChoice
look_at (BrevStore *store, const char *id, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_GET_MESSAGE, error, SQL_T (id));
    ImportChoice choice = IMPORT_READ;
    int got = row == NULL ? -1 : brev_sql_step (store, row, error);

    if (got < 0)
        return IMPORT_FAILED;
    if (got > 0)
        choice = choose (store, row);
    (void) sqlite3_reset (row);
    return choice;
}

static gboolean
begin_one (BrevStore *store, const char *id, gint64 now, GError **error)
{
    return BREV_SQL_RUN (store, SQL_BEGIN_IMPORT, error, SQL_T (id),
                         SQL_I (store->lock.number), SQL_I (now)) >= 0;
}

/* Marks those of @ids that may be read as this courier's. */
static GPtrArray *
begin_all (BrevStore *store, const GPtrArray *ids, gint64 now, GError **error)
{
    g_autoptr (GPtrArray) chosen = g_ptr_array_new_with_free_func (g_free);
    const char *suspect = NULL;

    for (guint i = 0; i < ids->len; i++) {
        const char *id = ids->pdata[i];
        switch (look_at (store, id, error)) {
        case IMPORT_READ:
            if (!begin_one (store, id, now, error))
                return NULL;
            g_ptr_array_add (chosen, g_strdup (id));
            break;
        case IMPORT_SUSPECT:
            suspect = id;
            break;
        case IMPORT_SKIP:
            break;
        case IMPORT_FAILED:
        default:
            return NULL;
        }
    }
    if (chosen->len == 0 && suspect != NULL) {
        if (!begin_one (store, suspect, now, error))
            return NULL;
        g_ptr_array_add (chosen, g_strdup (suspect));
    }
    return g_steal_pointer (&chosen);
}

GPtrArray *
brev_store_begin_import (BrevStore *store, const GPtrArray *ids, gint64 now,
                         GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };
    g_autoptr (GPtrArray) chosen = NULL;

    if (!brev_transaction_begin (&transaction, store, error) ||
        !brev_recover (store, FALSE, now, error))
        return NULL;
    chosen = begin_all (store, ids, now, error);
    if (chosen == NULL || !brev_transaction_commit (&transaction, error))
        return NULL;
    return g_steal_pointer (&chosen);
}

gboolean
brev_store_end_import (BrevStore *store, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };

    return brev_transaction_begin (&transaction, store, error) &&
           BREV_SQL_RUN (store, SQL_LET_IMPORTS_GO, error, SQL_I (store->lock.number)) >=
               0 &&
           brev_transaction_commit (&transaction, error);
}

static gboolean
insert_recipient (BrevStore *store, gint64 n, const BrevStoreMessage *message,
                  gboolean is_held, const BrevStoreRecipient *r, GError **error)
{
    return BREV_SQL_RUN (store, SQL_IMPORT_RECIPIENT, error, SQL_I (n),
                         SQL_I (message->uid), SQL_I (is_held), SQL_I (message->is_bulk),
                         SQL_I (r->index), SQL_T (r->address), SQL_T (r->original),
                         SQL_T (r->account), SQL_I (r->state), SQL_I (r->due),
                         SQL_I (r->attempts), SQL_I (r->maybe_sent), SQL_T (r->key),
                         SQL_T (r->remote_id), SQL_T (r->dsn), SQL_T (r->reply),
                         SQL_T (r->report), SQL_I (r->changed), SQL_I (r->notify),
                         SQL_T (r->orcpt), SQL_I (r->warn_from), SQL_I (r->doubt_from),
                         SQL_I (r->unanswered)) >= 0 &&
           (r->report == NULL || BREV_SQL_RUN (store, SQL_REPORT_WANTED, error, SQL_I (n),
                                               SQL_I (r->index)) >= 0);
}

/* Returns: 1 when the row is new, with @n and @is_held; 0 when it stood there already; -1 */
static int
insert_message (BrevStore *store, const BrevStoreMessage *m, gint64 caller, gint64 *n,
                gboolean *is_held, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (
        store, SQL_IMPORT_MESSAGE, error, SQL_T (m->id), SQL_I (m->uid),
        SQL_I (m->arrival), SQL_I (m->finished), SQL_I (m->size), SQL_I (m->checksum),
        SQL_T (m->sender), SQL_T (m->message_id), SQL_T (m->login), SQL_T (m->program),
        SQL_I (m->way), SQL_I (m->is_held ? MAX (m->arrival, 1) : 0), SQL_I (m->crashes),
        SQL_I (m->paused), SQL_I (m->recipients->len), SQL_T (m->options),
        SQL_T (m->ignored), SQL_I (m->dot_bytes), SQL_T (m->script), SQL_T (m->rewritten),
        SQL_I (caller), SQL_I (m->is_storm), SQL_I (m->sender_is_login),
        SQL_I (m->is_bulk));
    int got = row == NULL ? -1 : brev_sql_step (store, row, error);

    if (got <= 0)
        return got;
    *n = sqlite3_column_int64 (row, 0);
    *is_held = sqlite3_column_int64 (row, 1) > 0;
    return brev_sql_step (store, row, error) < 0 ? -1 : 1;
}

int
brev_import_one (BrevStore *store, const BrevStoreMessage *message, gint64 caller,
                 GError **error)
{
    gint64 n = 0;
    gboolean is_held = FALSE;
    int is_new = insert_message (store, message, caller, &n, &is_held, error);

    if (is_new <= 0)
        return is_new;
    for (guint i = 0; i < message->recipients->len; i++) {
        if (!insert_recipient (store, n, message, is_held, message->recipients->pdata[i],
                               error))
            return -1;
    }
    return BREV_SQL_RUN (store, SQL_REPORT_IMPORTED, error, SQL_T (message->id)) < 0 ? -1
                                                                                     : 1;
}

/* Those of its recipients that failed from the start have one report, or a place in one. */
static gboolean
cap_report (BrevStore *store, BrevStoreMessage *message, gint64 now, GError **error)
{
    char report[BREV_ID_LENGTH + 1] = "";

    for (guint i = 0; i < message->recipients->len; i++) {
        BrevStoreRecipient *recipient = message->recipients->pdata[i];
        if (recipient->report == NULL || !brev_state_is_final (recipient->state))
            continue;
        if (report[0] == '\0') {
            (void) g_strlcpy (report, recipient->report, sizeof report);
            if (!brev_cap_choose (store, message->sender, now, report, error))
                return FALSE;
        }
        g_free (recipient->report);
        recipient->report = g_strdup (report);
    }
    return TRUE;
}

/* Only a new row counts: another copy of a message is none. Nobody called for a report of
 * our own. */
static gboolean
import_and_count (BrevStore *store, GHashTable *tallies, BrevStoreMessage *message,
                  gint64 now, GError **error)
{
    BrevStoreStorm storm = { 0 };
    BrevTally *caller = NULL;
    int is_new;

    if (message->way != BREV_WAY_REPORT &&
        (!brev_callers_find (store, tallies, message, &caller, error) ||
         !brev_storm_ask (store, message, now, &storm, error) ||
         !cap_report (store, message, now, error)))
        return FALSE;
    is_new = brev_import_one (store, message, caller == NULL ? 0 : caller->n, error);
    if (is_new > 0 && caller != NULL)
        brev_callers_count (caller->counts, message);
    if (is_new > 0 && message->way == BREV_WAY_REPORT)
        return brev_digest_end (store, message->id, error);
    return is_new >= 0 && (is_new == 0 || brev_storm_note (store, &storm, error));
}

/* Nobody knows whether a message from before the damage was sent. */
static void
park_doubtful (const BrevStore *store, BrevStoreMessage *message, gint64 now)
{
    if (store->doubtful == 0 || message->arrival > store->doubtful)
        return;
    for (guint i = 0; i < message->recipients->len; i++) {
        BrevStoreRecipient *recipient = message->recipients->pdata[i];
        if (brev_state_is_final (recipient->state))
            continue;
        recipient->state = BREV_STATE_PARKED;
        recipient->maybe_sent = TRUE;
        recipient->doubt_from = recipient->changed = now;
        g_free (recipient->reply);
        recipient->reply = g_strdup (doubtful_reply);
    }
}

gboolean
brev_store_import (BrevStore *store, const GPtrArray *messages, gint64 now,
                   GPtrArray **finished, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };
    g_autoptr (GPtrArray) done = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GHashTable) tallies = brev_callers_new ();

    if (!brev_transaction_begin (&transaction, store, error))
        return FALSE;
    for (guint i = 0; i < messages->len; i++) {
        BrevStoreMessage *message = messages->pdata[i];
        park_doubtful (store, message, now);
        if (!import_and_count (store, tallies, message, now, error) ||
            !brev_finish (store, message->id, now, done, error))
            return FALSE;
    }
    if (!brev_callers_write (store, tallies, error) ||
        !brev_transaction_commit (&transaction, error))
        return FALSE;
    if (finished != NULL)
        *finished = g_steal_pointer (&done);
    return TRUE;
}
