/* SPDX-License-Identifier: MIT */
#include "courier/settle.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "courier/digest.h"
#include "courier/guard.h"
#include "courier/record.h"
#include "courier/report.h"

/* What became of one recipient. */
typedef struct {
    BrevLetter *letter;                               /* owned */
    const BrevStoreRecipient *recipient;              /* of @letter */
    char *relay;                                      /* owned, nullable */
    char *account, *remote_id, *dsn, *reply, *report; /* owned, nullable: those of @row */
    BrevSettlement row;
} Result;

struct BrevSettler {
    BrevSettlerSetup setup;
    GPtrArray *pending;  /* owned, of Result */
    GPtrArray *finished; /* owned, of char *: files to unlink, once their reports exist */
    GPtrArray *reports;  /* owned, of char *: written, not yet imported */
    BrevGuard *guard;    /* owned */
    gboolean owes_reports; /* some that were committed are not written */
};

static void
free_result (gpointer data)
{
    Result *result = data;

    g_free (result->account);
    g_free (result->remote_id);
    g_free (result->dsn);
    g_free (result->reply);
    g_free (result->report);
    g_free (result->relay);
    brev_letter_unref (result->letter);
    g_free (result);
}

static GPtrArray *
new_results (void)
{
    return g_ptr_array_new_with_free_func (free_result);
}

BrevSettler *
brev_settler_new (const BrevSettlerSetup *setup)
{
    BrevSettler *settler = g_new0 (BrevSettler, 1);

    settler->setup = *setup;
    settler->pending = new_results ();
    settler->guard = brev_guard_new (setup->config, setup->store, setup->may_park);
    settler->finished = g_ptr_array_new_with_free_func (g_free);
    settler->reports = g_ptr_array_new_with_free_func (g_free);
    return settler;
}

void
brev_settler_free (BrevSettler *settler)
{
    if (settler == NULL)
        return;
    brev_guard_free (settler->guard);
    g_ptr_array_unref (settler->pending);
    g_ptr_array_unref (settler->finished);
    g_ptr_array_unref (settler->reports);
    g_free (settler);
}

static Result *
new_result (BrevLetter *letter, const BrevStoreRecipient *recipient, const char *relay,
            const BrevSettlement *settlement)
{
    Result *result = g_new0 (Result, 1);
    BrevSettlement *row = &result->row;

    result->letter = brev_letter_ref (letter);
    result->recipient = recipient;
    result->relay = g_strdup (relay);
    *row = *settlement;
    row->id = letter->row->id;
    row->rewritten = letter->row->rewritten;
    row->account = result->account = g_strdup (settlement->account);
    row->remote_id = result->remote_id = g_strdup (settlement->remote_id);
    row->dsn = result->dsn = g_strdup (settlement->dsn);
    if (settlement->reply != NULL) /* one line */
        row->reply = result->reply = brev_text_printable (settlement->reply);
    return result;
}

void
brev_settler_add (BrevSettler *settler, BrevLetter *letter,
                  const BrevStoreRecipient *recipient, const char *relay,
                  const BrevSettlement *settlement)
{
    g_ptr_array_add (settler->pending, new_result (letter, recipient, relay, settlement));
}

guint
brev_settler_pending (const BrevSettler *settler)
{
    return settler->pending->len;
}

/* -- reports ------------------------------------------------------------------------- */

static gboolean
is_failure (BrevState state)
{
    return brev_report_action (state) == BREV_ACTION_FAILED;
}

static gboolean
fails_in (const GPtrArray *results, const char *id, guint index)
{
    for (guint i = 0; i < results->len; i++) {
        const Result *result = results->pdata[i];
        if (result->row.index == index && is_failure (result->row.state) &&
            strcmp (result->row.id, id) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Whether nobody at all gets a message: then whoever waits for the exit status hears it
 * from that. Only asked in direct mode, where all results are of one message. */
static gboolean
fails_whole (const BrevSettler *settler, const GPtrArray *results, const char *id)
{
    g_autoptr (BrevStoreMessage) stored = brev_store_get (settler->setup.store, id, NULL);
    const BrevStoreMessage *row = stored;

    if (stored == NULL || !stored->is_imported)
        row = ((const Result *) results->pdata[0])->letter->row;
    for (guint i = 0; i < row->recipients->len; i++) {
        const BrevStoreRecipient *recipient = row->recipients->pdata[i];
        if (!is_failure (recipient->state) && !fails_in (results, id, recipient->index))
            return FALSE;
    }
    return TRUE;
}

static BrevHears
who_hears (const BrevSettler *settler, const Result *result)
{
    return brev_report_hears (settler->setup.config, result->letter->row,
                              result->recipient, brev_report_action (result->row.state));
}

/* Whether somebody is to be told of a failure, and the caller is not who hears it already. */
static gboolean
is_bad_news (const BrevSettler *settler, const GPtrArray *results, const Result *result)
{
    return result->letter->file != NULL && is_failure (result->row.state) &&
           !(settler->setup.caller_waits &&
             fails_whole (settler, results, result->row.id));
}

/* The words stay, and say why it is still here. */
static void
park (Result *result)
{
    BrevSettlement *row = &result->row;
    char *reply = g_strdup_printf (
        "%s; nobody can be sent a report about it: %s",
        row->reply != NULL ? row->reply : "no reason was given",
        result->letter->file->origin.way == BREV_WAY_REPORT
            ? "it is one itself"
            : "it has the null sender, and no other postmaster is configured");

    g_free (result->reply);
    row->reply = result->reply = reply;
    row->state = BREV_STATE_PARKED;
}

/* What would vanish without anybody knowing stays. */
static void
park_the_untold (const BrevSettler *settler, const GPtrArray *results)
{
    g_autoptr (GPtrArray) untold = g_ptr_array_new ();

    for (guint i = 0; settler->setup.may_park && i < results->len; i++) {
        Result *result = results->pdata[i];
        if (is_bad_news (settler, results, result) &&
            who_hears (settler, result) == BREV_HEARS_STATUS)
            g_ptr_array_add (untold, result);
    }
    for (guint i = 0; i < untold->len; i++)
        park (untold->pdata[i]);
}

/* What succeeded is reported to who asked for it, if the report will outlive us. */
static gboolean
is_wanted_success (const BrevSettler *settler, const Result *result)
{
    return settler->setup.may_park && result->row.state == BREV_STATE_SENT &&
           !result->row.has_dsn && who_hears (settler, result) == BREV_HEARS_SENDER;
}

static gboolean
deserves_report (const BrevSettler *settler, const GPtrArray *results,
                 const Result *result)
{
    BrevHears who;

    if (is_wanted_success (settler, result))
        return TRUE;
    if (result->row.state == BREV_STATE_DISCARDED && !settler->setup.is_quiet &&
        (result->recipient->notify & BREV_NOTIFY_SUCCESS) != 0)
        brev_log (BREV_LOG_INFO,
                  "%s: no report of success for <%s>: a test delivers nothing",
                  result->row.id, result->recipient->address);
    if (!settler->setup.may_report || !is_bad_news (settler, results, result))
        return FALSE;
    who = who_hears (settler, result);
    if (who == BREV_HEARS_NOBODY)
        brev_log (
            BREV_LOG_WARNING,
            "%s: nobody is told that <%s> does not get it: its sender asked for that",
            result->row.id, result->recipient->address);
    return who == BREV_HEARS_SENDER || who == BREV_HEARS_POSTMASTER;
}

/* One report for all that there is to say of a message in this transaction: the sender's
 * and the postmaster's do not meet, as a message has one sender. */
static gboolean
choose_reports (const BrevSettler *settler, const GPtrArray *results)
{
    g_autoptr (GHashTable) reports =
        g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);

    for (guint i = 0; i < results->len; i++) {
        Result *result = results->pdata[i];
        char *report = g_hash_table_lookup (reports, result->row.id);
        if (!deserves_report (settler, results, result))
            continue;
        if (report == NULL) {
            report = g_malloc (BREV_ID_LENGTH + 1);
            brev_id_new (report);
            g_hash_table_insert (reports, result->letter->row->id, report);
        }
        g_free (result->report);
        result->row.report = result->report = g_strdup (report);
    }
    return g_hash_table_size (reports) > 0;
}

static gboolean
mend_reports (BrevSettler *settler, GError **error)
{
    const BrevSettlerSetup *setup = &settler->setup;

    if (!brev_report_write_all (setup->config, setup->spool, setup->store,
                                setup->is_quiet, settler->reports, error) ||
        !brev_digest_write_all (setup->config, setup->spool, setup->store,
                                settler->reports, error))
        return FALSE;
    settler->owes_reports = FALSE;
    return TRUE;
}

GPtrArray *
brev_settler_take_reports (BrevSettler *settler)
{
    GPtrArray *reports = settler->reports;

    settler->reports = g_ptr_array_new_with_free_func (g_free);
    return reports;
}

/* -- after the transaction ----------------------------------------------------------- */

static void
log_results (const BrevSettler *settler, const GPtrArray *results)
{
    gint64 now = brev_clock_now ();

    for (guint i = 0; i < results->len && !settler->setup.is_quiet; i++) {
        const Result *result = results->pdata[i];
        if (result->relay != NULL)
            brev_record_outcome (result->letter->row, result->recipient, result->relay,
                                 &result->row, now);
    }
}

/* A possible duplicate is logged as one, also when nobody lived to do so. */
static void
log_recovered (const BrevSettler *settler)
{
    g_autoptr (GPtrArray) recovered = brev_store_take_recovered (settler->setup.store);
    gint64 now = brev_clock_now ();

    for (guint i = 0; i < recovered->len; i++)
        brev_record_recovered (recovered->pdata[i], now);
}

static void
remember_finished (BrevSettler *settler, GPtrArray *finished)
{
    for (guint i = 0; i < finished->len; i++)
        g_ptr_array_add (settler->finished, g_strdup (finished->pdata[i]));
}

/* No sync: what a crash brings back has a finished row, and goes again. */
static void
unlink_finished (BrevSettler *settler)
{
    for (guint i = 0; settler->setup.spool != NULL && i < settler->finished->len; i++) {
        const char *id = settler->finished->pdata[i];
        if (unlinkat (settler->setup.spool->queue, id, 0) < 0 && errno != ENOENT)
            brev_log (BREV_LOG_ERROR,
                      "%s: cannot remove its file, though it is finished: %s", id,
                      g_strerror (errno));
    }
    g_ptr_array_set_size (settler->finished, 0);
}

/* The reports quote the files: they come first. */
static gboolean
conclude (BrevSettler *settler, GError **error)
{
    if (settler->owes_reports && !mend_reports (settler, error))
        return FALSE;
    unlink_finished (settler);
    return TRUE;
}

gboolean
brev_settler_warn (BrevSettler *settler, const BrevDelay *delay, GError **error)
{
    int n;

    brev_guard_reset (settler->guard);
    n = brev_store_warn (settler->setup.store, delay, error);
    if (n >= 0)
        brev_guard_log (settler->guard);
    settler->owes_reports |= n > 0;
    return n >= 0 && conclude (settler, error);
}

gboolean
brev_settler_digest (BrevSettler *settler, GError **error)
{
    int n = brev_store_close_digests (settler->setup.store, brev_clock_now (), error);

    settler->owes_reports |= n > 0;
    return n >= 0 && conclude (settler, error);
}

gboolean
brev_settler_mend (BrevSettler *settler, GError **error)
{
    return settler->setup.spool == NULL || mend_reports (settler, error);
}

/* -- the transactions ---------------------------------------------------------------- */

static GArray *
rows_of (const GPtrArray *results)
{
    GArray *rows =
        g_array_sized_new (FALSE, FALSE, sizeof (BrevSettlement), results->len);

    for (guint i = 0; i < results->len; i++)
        g_array_append_val (rows, ((const Result *) results->pdata[i])->row);
    return rows;
}

gboolean
brev_settler_flush (BrevSettler *settler, GError **error)
{
    g_autoptr (GPtrArray) finished = NULL;
    g_autoptr (GArray) rows = NULL;

    log_recovered (settler);
    if (settler->pending->len > 0) {
        park_the_untold (settler, settler->pending);
        settler->owes_reports |= choose_reports (settler, settler->pending);
        rows = rows_of (settler->pending);
        brev_guard_reset (settler->guard);
        if (!brev_store_settle (settler->setup.store, (const BrevSettlement *) rows->data,
                                rows->len, brev_clock_now (), &finished, error))
            return FALSE;
        log_results (settler, settler->pending);
        brev_guard_log (settler->guard);
        remember_finished (settler, finished);
        g_ptr_array_set_size (settler->pending, 0);
    }
    return conclude (settler, error);
}

/* Recipients that are final from the start, as results. */
static GPtrArray *
early_results (const GPtrArray *letters)
{
    GPtrArray *results = new_results ();

    for (guint i = 0; i < letters->len; i++) {
        BrevLetter *letter = letters->pdata[i];
        for (guint j = 0; j < letter->row->recipients->len; j++) {
            const BrevStoreRecipient *recipient = letter->row->recipients->pdata[j];
            BrevSettlement row = { .index = recipient->index,
                                   .state = recipient->state,
                                   .dsn = recipient->dsn,
                                   .reply = recipient->reply };
            if (is_failure (recipient->state))
                g_ptr_array_add (results, new_result (letter, recipient, "none", &row));
        }
    }
    return results;
}

/* What was decided about them becomes part of their rows. */
static void
write_back (const GPtrArray *results)
{
    for (guint i = 0; i < results->len; i++) {
        const Result *result = results->pdata[i];
        BrevStoreRecipient *recipient =
            brev_letter_recipient (result->letter, result->row.index);
        recipient->state = result->row.state;
        recipient->report = g_strdup (result->row.report);
        g_free (recipient->reply);
        recipient->reply = g_strdup (result->row.reply);
    }
}

gboolean
brev_settler_import (BrevSettler *settler, const GPtrArray *letters, GError **error)
{
    g_autoptr (GPtrArray) rows = g_ptr_array_new ();
    g_autoptr (GPtrArray) results = early_results (letters);
    g_autoptr (GPtrArray) finished = NULL;

    park_the_untold (settler, results);
    settler->owes_reports |= choose_reports (settler, results);
    write_back (results);
    brev_guard_reset (settler->guard);
    for (guint i = 0; i < letters->len; i++)
        g_ptr_array_add (rows, ((BrevLetter *) letters->pdata[i])->row);
    if (!brev_store_import (settler->setup.store, rows, brev_clock_now (), &finished,
                            error))
        return FALSE;
    for (guint i = 0; i < rows->len && !settler->setup.is_quiet; i++)
        brev_record_import (rows->pdata[i]);
    brev_guard_log (settler->guard);
    log_results (settler, results);
    remember_finished (settler, finished);
    return conclude (settler, error);
}
