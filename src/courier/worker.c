/* SPDX-License-Identifier: MIT */
#include "courier/worker.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "courier/claim.h"
#include "courier/fallback.h"

/* Claimed ahead, for each slot, where a request takes one mail: saves a disk sync for
 * each. */
#define CLAIM_AHEAD 4
/* Mail that waits for the administrator is looked at again this often at least. */
#define LONGEST_PAUSE (15 * BREV_MINUTE)
/* Planned mail counts as being sent: it does not wait longer than that for its turn. */
#define LONGEST_HOLD (10 * BREV_SECOND)
/* After so many in a row what waits behind them counts as delayed, too. */
#define STUCK_AFTER 3

/* -- life ---------------------------------------------------------------------------- */

/* Keys came, or none. */
static void
access_changed (gpointer data)
{
    BrevWorker *worker = data;

    worker->may_have_due = TRUE;
    worker->courier->changed (worker->courier->changed_data);
}

BrevWorker *
brev_worker_new (BrevCourier *courier, const BrevAccount *account)
{
    BrevWorker *worker = g_new0 (BrevWorker, 1);
    const BrevConfig *config = courier->config;

    worker->courier = courier;
    worker->account = account;
    worker->may_have_due = TRUE;
    g_queue_init (&worker->jobs);
    worker->trouble = brev_trouble_new (
        courier->store, account == NULL ? "" : account->name, config->retry_min,
        MIN (config->retry_max, LONGEST_PAUSE), brev_clock_now ());
    brev_pace_init (&worker->pace, courier->store, account);
    if (account == NULL)
        return worker;
    worker->provider = brev_provider_for (account);
    worker->is_outbox = brev_provider_is_outbox (account);
    if (worker->provider != NULL)
        worker->access = brev_access_new (account, worker->provider, courier->is_service,
                                          access_changed, worker);
    return worker;
}

void
brev_worker_free (BrevWorker *worker)
{
    if (worker == NULL)
        return;
    g_queue_clear_full (&worker->jobs, (GDestroyNotify) brev_job_free);
    brev_access_free (worker->access);
    brev_trouble_free (worker->trouble);
    brev_pace_clear (&worker->pace);
    g_free (worker);
}

/* -- what it may do now -------------------------------------------------------------- */

static void
throw_no_provider (const BrevWorker *worker, GError **error)
{
    (void) brev_throw (error, BREV_ERROR_CONFIG,
                       "account '%s' has an unknown provider '%s'", worker->account->name,
                       worker->is_outbox ? worker->account->as
                                         : worker->account->provider);
}

gboolean
brev_worker_is_able (BrevWorker *worker)
{
    g_autoptr (GError) error = NULL;
    gint64 now = brev_clock_now ();
    gint64 until;
    int able = -1;

    if (brev_trouble_find (worker->trouble, BREV_SCOPE_WHOLE, now, &until) != NULL)
        return FALSE;
    if (worker->account == NULL)
        return TRUE;
    if (worker->access != NULL)
        able = brev_access_prepare (worker->access, worker->courier->http, &error);
    else
        throw_no_provider (worker, &error);
    if (able < 0 && g_error_matches (error, BREV_ERROR, BREV_ERROR_SYSTEM)) {
        brev_log (BREV_LOG_WARNING, "account '%s': mail waits: %s", worker->account->name,
                  error->message);
        brev_worker_rest (worker, 0);
    } else if (able < 0)
        (void) brev_trouble_add (worker->trouble, BREV_SCOPE_WHOLE, error->message, now);
    return able > 0;
}

gboolean
brev_worker_is_asking (const BrevWorker *worker)
{
    return worker->access != NULL && brev_access_is_asking (worker->access);
}

/* After trouble one message goes ahead, and the others when it got through. */
static gboolean
is_probing (const BrevWorker *worker)
{
    return worker->failures > 0 ||
           brev_trouble_is_known (worker->trouble, BREV_SCOPE_WHOLE);
}

gboolean
brev_worker_is_stuck (const BrevWorker *worker)
{
    if (worker->account == NULL) /* with an account the strays are passed on to it */
        return worker->courier->config->accounts->len == 0;
    return worker->failures >= STUCK_AFTER ||
           brev_trouble_is_known (worker->trouble, BREV_SCOPE_WHOLE);
}

static guint
slots (const BrevWorker *worker)
{
    return is_probing (worker) || worker->account == NULL ? 1
                                                          : worker->account->concurrency;
}

gboolean
brev_worker_may_send (BrevWorker *worker)
{
    gint64 ticks = brev_clock_ticks ();

    return !worker->courier->is_stopping && worker->open < slots (worker) &&
           ticks >= worker->rest_until && ticks >= worker->pace.until;
}

gboolean
brev_worker_may_claim (BrevWorker *worker)
{
    return worker->may_have_due && worker->courier->suspects == 0 &&
           g_queue_is_empty (&worker->jobs) && !worker->courier->is_stopping &&
           (brev_fallback_for (worker) != NULL ||
            (brev_worker_may_send (worker) && brev_worker_is_able (worker)));
}

/* No more than its rate lets go in a second: then it is the turn of what came meanwhile. */
static guint
in_a_second (const BrevWorker *worker, guint n)
{
    return worker->pace.rate > 0 ? (guint) CLAMP (worker->pace.rate, 1, n) : n;
}

guint
brev_worker_batch (const BrevWorker *worker)
{
    guint most = worker->account->batch;

    if ((worker->provider->caps & BREV_CAP_BATCH) == 0 || worker->is_outbox)
        return 1;
    /* A key covers a request: its mails would have to meet again in the same company. */
    if (most == 0 && (worker->provider->caps & BREV_CAP_IDEMPOTENCY) != 0)
        return 1;
    if (most == 0 || most > worker->provider->max_batch)
        most = worker->provider->max_batch;
    return in_a_second (worker, most);
}

guint
brev_worker_appetite (const BrevWorker *worker)
{
    guint most;

    if (is_probing (worker))
        return 1;
    if (worker->account == NULL)
        return worker->courier->max_claim;
    most = MAX (brev_worker_batch (worker), CLAIM_AHEAD * worker->account->concurrency);
    return MIN (in_a_second (worker, most), worker->courier->max_claim);
}

void
brev_worker_wake (BrevWorker *worker)
{
    worker->may_have_due = TRUE;
    worker->rest_until = worker->pace.until = worker->pace.seen = 0;
    brev_trouble_retry (worker->trouble);
}

gint64
brev_worker_wait (BrevWorker *worker)
{
    gint64 ticks = brev_clock_ticks ();
    gint64 now = brev_clock_now ();
    gint64 wait = MAX (worker->rest_until, worker->pace.until) - ticks;
    gint64 until;

    if (!worker->may_have_due && g_queue_is_empty (&worker->jobs))
        return -1;
    if (brev_trouble_find (worker->trouble, BREV_SCOPE_WHOLE, now, &until) != NULL)
        wait = MAX (wait, until - now);
    return wait > 0 ? wait : -1;
}

const char *
brev_worker_objection (BrevWorker *worker, const BrevMail *mail, gint64 *until)
{
    static const BrevScope shared[] = { BREV_SCOPE_ACCOUNT, BREV_SCOPE_SENDER,
                                        BREV_SCOPE_STREAM };
    gint64 now = brev_clock_now ();

    if (brev_worker_is_able (worker) && brev_trouble_is_empty (worker->trouble))
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS (shared); i++) {
        g_autofree char *scope = brev_worker_scope (worker, mail, NULL, shared[i]);
        const char *problem = brev_trouble_find (worker->trouble, scope, now, until);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

/* -- its jobs ------------------------------------------------------------------------ */

/* What came back before may have been a batch that one of its mails spoils: with each
 * attempt it travels in half the company. */
static guint
company_of (const BrevWorker *worker, const BrevLetter *letter, const BrevMail *mail)
{
    guint attempts = 0;

    if ((mail->provider->caps & BREV_CAP_BATCH) == 0)
        return 1;
    for (guint i = 0; i < mail->n_recipients; i++)
        attempts =
            MAX (attempts, brev_letter_recipient (letter, mail->recipients[i])->attempts);
    return MAX (brev_worker_batch (worker) >> MIN (attempts, 16), 1);
}

void
brev_worker_add (BrevWorker *worker, BrevLetter *letter, BrevMail *mail)
{
    guint most = company_of (worker, letter, mail);

    if (worker->filling == NULL ||
        !brev_job_fits (worker->filling, mail, most, worker->provider->max_batch_size)) {
        worker->filling = brev_job_new (worker);
        g_queue_push_tail (&worker->jobs, worker->filling);
    }
    brev_job_add (worker->filling, letter, mail, most);
}

gboolean
brev_worker_can_ask (const BrevWorker *worker)
{
    return worker->account != NULL && !worker->is_outbox &&
           (worker->provider->caps & BREV_CAP_SEARCH) != 0;
}

void
brev_worker_ask (BrevWorker *worker, BrevLetter *letter, BrevMail *mail)
{
    BrevJob *job = brev_job_new (worker);

    job->is_question = TRUE;
    brev_job_add (job, letter, mail, 1);
    g_queue_push_tail (&worker->jobs, job);
}

/* Planned mail goes back to the queue: nothing of it has left. */
static void
give_back (BrevWorker *worker, const BrevJob *job, gint64 due)
{
    for (guint i = 0; i < job->mails->len; i++) {
        const BrevMail *mail = job->mails->pdata[i];
        for (guint j = 0; j < mail->n_recipients; j++)
            brev_worker_return (worker, job->letters->pdata[i], mail->recipients[j], NULL,
                                due);
    }
}

void
brev_worker_give_back (BrevWorker *worker, gint64 due)
{
    BrevJob *job;

    worker->filling = NULL;
    while ((job = g_queue_pop_head (&worker->jobs)) != NULL) {
        give_back (worker, job, due);
        brev_job_free (job);
    }
    worker->may_have_due = TRUE;
}

void
brev_worker_abandon (BrevWorker *worker)
{
    if (worker->access != NULL)
        brev_access_abandon (worker->access);
    brev_worker_give_back (worker, brev_clock_now ());
}

/* -- requests ------------------------------------------------------------------------ */

void
brev_worker_unmade (BrevWorker *worker, BrevJob *job, const GError *error)
{
    gboolean is_input = g_error_matches (error, BREV_ERROR, BREV_ERROR_INPUT);
    gboolean is_system = g_error_matches (error, BREV_ERROR, BREV_ERROR_SYSTEM);
    gboolean is_config = g_error_matches (error, BREV_ERROR, BREV_ERROR_CONFIG);
    BrevVerdict verdict = {
        .kind = is_input    ? BREV_VERDICT_REFUSED
                : is_system ? BREV_VERDICT_LATER
                : is_config ? BREV_VERDICT_ACCOUNT
                            : BREV_VERDICT_PARK,
        .dsn = is_input ? "5.6.0" : "4.3.0",
        .text = error->message,
    };

    brev_job_expect (job);
    for (guint i = 0; i < job->outcomes->len; i++)
        brev_outcome_set_all (job->outcomes->pdata[i], &verdict);
    brev_worker_answered (worker, job);
}

static BrevHttpRequest *
ask (const BrevWorker *worker, const BrevMail *mail, const char *token, GError **error)
{
    const BrevProvider *provider = mail->provider;
    g_autofree char *endpoint = brev_provider_search_endpoint (provider, worker->account);

    if (provider->search != NULL)
        return provider->search (mail, worker->account, token, endpoint, error);
    (void) brev_throw (error, BREV_ERROR_INPUT, "%s cannot be asked for it",
                       provider->title);
    return NULL;
}

static BrevHttpRequest *
encode (const BrevWorker *worker, const BrevJob *job, GError **error)
{
    const BrevProvider *provider = brev_job_provider (job);
    g_autofree char *endpoint = brev_provider_endpoint (provider, worker->account);
    const char *token = brev_access_token (worker->access);

    if (token == NULL) { /* its keys have ended since it was planned */
        (void) brev_throw (error, BREV_ERROR_SYSTEM, "account '%s' has no keys",
                           worker->account->name);
        return NULL;
    }
    return job->is_question
               ? ask (worker, job->mails->pdata[0], token, error)
               : provider->encode (job->mails, worker->account, token, endpoint, error);
}

/* There is nothing to find it by. */
static void
send_unasked (BrevWorker *worker, BrevJob *question, const GError *error)
{
    g_autoptr (BrevJob) job = question;
    g_autoptr (GPtrArray) all = g_ptr_array_new ();
    const BrevMail *mail = job->mails->pdata[0];

    for (guint i = 0; i < mail->n_recipients; i++)
        g_ptr_array_add (
            all, brev_letter_recipient (job->letters->pdata[0], mail->recipients[i]));
    brev_worker_send_doubtful (worker, job->letters->pdata[0], all, error->message);
}

int
brev_worker_lease (BrevWorker *worker, GError **error)
{
    BrevJob *job = g_queue_peek_head (&worker->jobs);
    guint planned = 0;
    int may;

    if (job == NULL)
        return 1;
    for (const GList *next = worker->jobs.head; next != NULL; next = next->next)
        planned += ((const BrevJob *) next->data)->mails->len;
    may = brev_pace_lease (&worker->pace, job->mails->len, planned, error);
    while (may > 0 && job->mails->len > (guint) may)
        g_queue_insert_after (&worker->jobs, worker->jobs.head, brev_job_split (job));
    if (may == 0 && worker->pace.until - brev_clock_ticks () > LONGEST_HOLD)
        brev_worker_give_back (worker, brev_clock_now ());
    return may;
}

BrevJob *
brev_worker_next (BrevWorker *worker, BrevHttpRequest **request)
{
    BrevJob *job;

    while ((job = g_queue_pop_head (&worker->jobs)) != NULL) {
        g_autoptr (GError) error = NULL;
        if (job == worker->filling)
            worker->filling = NULL;
        *request = encode (worker, job, &error);
        if (*request != NULL)
            break;
        if (job->is_question) {
            send_unasked (worker, job, error);
            continue;
        }
        if (job->mails->len == 1) {
            brev_worker_unmade (worker, job, error);
            continue;
        }
        g_queue_push_head (&worker->jobs, brev_job_split (job));
        g_queue_push_head (&worker->jobs, job);
    }
    if (job != NULL)
        job->slot = job->is_question ? brev_pace_asked (&worker->pace)
                                     : brev_pace_sent (&worker->pace, job->mails->len);
    return job;
}
