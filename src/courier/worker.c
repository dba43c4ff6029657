/* SPDX-License-Identifier: MIT */
#include "courier/worker.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/secret.h"
#include "courier/claim.h"
#include "courier/doubt.h"
#include "courier/limiter.h"
#include "courier/record.h"
#include "courier/routing.h"
#include "courier/verdict.h"

/* Claimed ahead, for each slot, where a request takes one mail: saves a disk sync for
 * each. */
#define CLAIM_AHEAD 4
/* Mail that waits for the administrator is looked at again this often at least. */
#define LONGEST_PAUSE (15 * BREV_MINUTE)
/* After a request without a useful answer the account rests: 1 s, 2 s, 4 s, ... */
#define FIRST_REST BREV_SECOND
#define LONGEST_REST (5 * BREV_MINUTE)
/* After so many in a row what waits behind them counts as delayed, too. */
#define STUCK_AFTER 3

/* -- life ---------------------------------------------------------------------------- */

static gboolean
load_token (BrevWorker *worker, GError **error)
{
    if (worker->provider == NULL)
        return brev_throw (
            error, BREV_ERROR_CONFIG, "account '%s' has an unknown provider '%s'",
            worker->account->name,
            worker->is_outbox ? worker->account->as : worker->account->provider);
    if (worker->is_outbox) { /* its requests show no secret anyway */
        worker->token = g_strdup ("outbox");
        return TRUE;
    }
    worker->token =
        brev_secret_load (worker->account, worker->courier->is_service, error);
    if (worker->token == NULL)
        return FALSE;
    if (brev_token_check (worker->account, worker->token, error))
        return TRUE;
    g_clear_pointer (&worker->token, brev_secret_free);
    return FALSE;
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
    if (account == NULL)
        return worker;
    worker->rate = account->rate;
    worker->provider = brev_provider_for (account);
    worker->is_outbox = worker->provider != brev_provider_find (account->provider);
    return worker;
}

void
brev_worker_free (BrevWorker *worker)
{
    if (worker == NULL)
        return;
    g_queue_clear_full (&worker->jobs, (GDestroyNotify) brev_job_free);
    g_clear_pointer (&worker->token, brev_secret_free);
    brev_trouble_free (worker->trouble);
    g_free (worker);
}

/* -- what it may do now -------------------------------------------------------------- */

static const char *
account_name (const BrevWorker *worker)
{
    return worker->account == NULL ? "none" : worker->account->name;
}

/* Whether the account as a whole can send; looks for its token again when it had none. */
static gboolean
is_able (BrevWorker *worker)
{
    g_autoptr (GError) error = NULL;
    gint64 now = brev_clock_now ();
    gint64 until;

    if (brev_trouble_find (worker->trouble, BREV_SCOPE_WHOLE, now, &until) != NULL)
        return FALSE;
    if (worker->account == NULL)
        return TRUE;
    if (worker->token != NULL || load_token (worker, &error))
        return TRUE;
    (void) brev_trouble_add (worker->trouble, BREV_SCOPE_WHOLE, error->message, now);
    return FALSE;
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
           ticks >= worker->rest_until && ticks >= worker->bucket_until;
}

gboolean
brev_worker_may_claim (BrevWorker *worker)
{
    return worker->may_have_due && worker->courier->suspects == 0 &&
           g_queue_is_empty (&worker->jobs) && brev_worker_may_send (worker) &&
           is_able (worker);
}

guint
brev_worker_batch (const BrevWorker *worker)
{
    guint most = worker->account->batch;

    if ((worker->provider->caps & BREV_CAP_BATCH) == 0 || worker->is_outbox)
        return 1;
    return most == 0 ? worker->provider->max_batch
                     : MIN (most, worker->provider->max_batch);
}

guint
brev_worker_appetite (const BrevWorker *worker)
{
    if (is_probing (worker))
        return 1;
    if (worker->account == NULL)
        return worker->courier->max_claim;
    return MIN (
        MAX (brev_worker_batch (worker), CLAIM_AHEAD * worker->account->concurrency),
        worker->courier->max_claim);
}

void
brev_worker_wake (BrevWorker *worker)
{
    worker->may_have_due = TRUE;
    worker->rest_until = worker->bucket_until = worker->bucket_seen = 0;
    brev_trouble_retry (worker->trouble);
}

gint64
brev_worker_wait (BrevWorker *worker)
{
    gint64 ticks = brev_clock_ticks ();
    gint64 now = brev_clock_now ();
    gint64 wait = MAX (worker->rest_until, worker->bucket_until) - ticks;
    gint64 until;

    if (!worker->may_have_due && g_queue_is_empty (&worker->jobs))
        return -1;
    if (brev_trouble_find (worker->trouble, BREV_SCOPE_WHOLE, now, &until) != NULL)
        wait = MAX (wait, until - now);
    return wait > 0 ? wait : -1;
}

/* -- the bucket of its account ------------------------------------------------------- */

/* A lease saves a disk sync for each request; unused, it is lost, so it is small. */
#define LEASES_EACH_SECOND 10
#define LEASE_TIME BREV_SECOND
/* Where there is no limit: how soon it is noticed that another process met one. */
#define LOOK_EVERY BREV_SECOND
#define OBSERVED_TIME (10 * BREV_SECOND)

/* What is asked of the bucket, and what it says. */
typedef struct {
    BrevWorker *worker;
    guint need, want; /* @need 0: nothing is taken */
    guint granted;
    gint64 wait;
    gint64 after;
    gboolean is_too_much;
} Dealing;

static void
take (BrevStoreBucket *bucket, gpointer data)
{
    Dealing *dealing = data;
    BrevWorker *worker = dealing->worker;

    dealing->granted =
        brev_limiter_take (bucket, worker->account->rate, dealing->need, dealing->want,
                           brev_clock_now (), &dealing->wait);
    worker->rate = brev_limiter_rate (bucket, worker->account->rate);
}

static double
observed_rate (const BrevWorker *worker)
{
    gint64 passed = MAX (brev_clock_ticks () - worker->sent_from, BREV_SECOND);

    return (double) worker->sent * BREV_SECOND / (double) passed;
}

static void
slow (BrevStoreBucket *bucket, gpointer data)
{
    Dealing *dealing = data;
    BrevWorker *worker = dealing->worker;

    brev_limiter_slow (bucket, worker->account->rate, observed_rate (worker),
                       dealing->after, dealing->is_too_much, brev_clock_now ());
    worker->rate = brev_limiter_rate (bucket, worker->account->rate);
}

/* Everybody who sends with this account leaves the provider alone for @after. */
static void
slow_all (BrevWorker *worker, gint64 after, gboolean is_too_much)
{
    Dealing dealing = { .worker = worker, .after = after, .is_too_much = is_too_much };
    g_autoptr (GError) error = NULL;

    worker->leased = 0;
    worker->bucket_seen = 0;
    if (!brev_store_change_bucket (worker->courier->store, worker->account->name, slow,
                                   &dealing, &error))
        brev_log (BREV_LOG_WARNING, "cannot note that account '%s' is too fast: %s",
                  worker->account->name, error->message);
    else if (is_too_much)
        brev_log (BREV_LOG_WARNING,
                  "account '%s': the provider takes no more for now; %g messages each "
                  "second from now on",
                  worker->account->name, worker->rate);
}

int
brev_worker_look (BrevWorker *worker, GError **error)
{
    gint64 ticks = brev_clock_ticks ();
    Dealing dealing = { .worker = worker };
    BrevStoreBucket bucket;

    if (worker->account == NULL || (worker->leased > 0 && ticks < worker->lease_end) ||
        (worker->rate <= 0 && worker->bucket_seen != 0 &&
         ticks - worker->bucket_seen < LOOK_EVERY))
        return 1;
    if (!brev_store_get_bucket (worker->courier->store, worker->account->name, &bucket,
                                error))
        return -1;
    take (&bucket, &dealing);
    worker->bucket_seen = dealing.wait == 0 ? ticks : 0;
    worker->bucket_until = ticks + dealing.wait;
    return dealing.wait == 0;
}

static void
note_sent (BrevWorker *worker, guint n)
{
    gint64 ticks = brev_clock_ticks ();

    if (worker->sent == 0 || ticks - worker->sent_from > OBSERVED_TIME) {
        worker->sent = 0;
        worker->sent_from = ticks;
    }
    worker->sent += n;
    worker->leased -= MIN (worker->leased, n);
}

int
brev_worker_lease (BrevWorker *worker, GError **error)
{
    const BrevJob *job = g_queue_peek_head (&worker->jobs);
    gint64 ticks = brev_clock_ticks ();
    Dealing dealing = { .worker = worker };
    int may = 1;

    if (job == NULL || worker->account == NULL ||
        (worker->leased >= job->mails->len && ticks < worker->lease_end))
        return 1;
    if (worker->rate <= 0)
        may = brev_worker_look (worker, error);
    if (may <= 0 || worker->rate <= 0)
        return may;
    dealing.need = job->mails->len;
    dealing.want = (guint) (worker->rate / LEASES_EACH_SECOND);
    if (!brev_store_change_bucket (worker->courier->store, worker->account->name, take,
                                   &dealing, error))
        return -1;
    worker->leased = dealing.granted;
    worker->lease_end = ticks + LEASE_TIME;
    worker->bucket_until = ticks + dealing.wait;
    return dealing.granted > 0;
}

/* -- settling ------------------------------------------------------------------------ */

/* What becomes of a recipient becomes of those who share its mailbox. */
static void
settle_with_twins (BrevWorker *worker, BrevLetter *letter,
                   const BrevStoreRecipient *recipient, const char *relay,
                   const BrevSettlement *settlement)
{
    BrevSettler *settler = worker->courier->settler;

    brev_settler_add (settler, letter, recipient, relay, settlement);
    for (guint i = 0; i < letter->plans->len; i++) {
        const BrevPlan *plan = letter->plans->pdata[i];
        for (guint j = 0; plan->kind == BREV_PLAN_SEND && j < plan->twins->len; j++) {
            const BrevPlanTwin *twin = &g_array_index (plan->twins, BrevPlanTwin, j);
            BrevSettlement same = *settlement;
            same.index = twin->index;
            if (twin->of == recipient->index)
                brev_settler_add (settler, letter,
                                  brev_letter_recipient (letter, twin->index), relay,
                                  &same);
        }
    }
}

static BrevSettleFacts
facts_of (const BrevWorker *worker, const BrevLetter *letter, gint64 hold_until)
{
    return (BrevSettleFacts){
        .now = brev_clock_now (),
        .arrival = letter->row->arrival,
        .paused = letter->row->paused,
        .hold_until = hold_until,
        .random = g_random_int (),
        .config = worker->courier->config,
    };
}

void
brev_worker_settle (BrevWorker *worker, BrevLetter *letter, BrevStoreRecipient *recipient,
                    const BrevVerdict *verdict, gint64 hold_until)
{
    const BrevSettleFacts facts = facts_of (worker, letter, hold_until);
    BrevSettlement settlement;

    brev_verdict_settle (verdict, recipient, &facts, &settlement);
    settle_with_twins (worker, letter, recipient, account_name (worker), &settlement);
}

void
brev_worker_return (BrevWorker *worker, BrevLetter *letter, guint index,
                    const BrevAccount *account, gint64 due)
{
    const BrevStoreRecipient *recipient = brev_letter_recipient (letter, index);
    BrevSettlement settlement = {
        .index = index,
        .state = recipient->attempts == 0 ? BREV_STATE_QUEUED : BREV_STATE_DEFERRED,
        .due = due,
        .maybe_sent = recipient->maybe_sent,
        .doubt_from = recipient->doubt_from,
        .unanswered = recipient->unanswered,
        .account = account == NULL ? NULL : account->name,
        .dsn = recipient->dsn,
        .reply = recipient->reply,
    };

    settle_with_twins (worker, letter, recipient, NULL, &settlement);
}

/* What shares the fate of @mail when the provider objects to it for this scope. */
static char *
scope_of (const BrevWorker *worker, const BrevMail *mail, const char *recipient,
          BrevScope scope)
{
    const char *stream = mail->controls.stream;

    switch (scope) {
    case BREV_SCOPE_SENDER:
        return brev_trouble_scope ("sender", mail->from->address);
    case BREV_SCOPE_RECIPIENT:
        return brev_trouble_scope ("recipient", recipient);
    case BREV_SCOPE_STREAM:
        if (stream == NULL)
            stream = worker->account->stream;
        return brev_trouble_scope ("stream", stream != NULL ? stream : "(default)");
    case BREV_SCOPE_ACCOUNT:
    default:
        return g_strdup (BREV_SCOPE_WHOLE);
    }
}

const char *
brev_worker_objection (BrevWorker *worker, const BrevMail *mail, gint64 *until)
{
    static const BrevScope shared[] = { BREV_SCOPE_ACCOUNT, BREV_SCOPE_SENDER,
                                        BREV_SCOPE_STREAM };
    gint64 now = brev_clock_now ();

    if (is_able (worker) && brev_trouble_is_empty (worker->trouble))
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS (shared); i++) {
        g_autofree char *scope = scope_of (worker, mail, NULL, shared[i]);
        const char *problem = brev_trouble_find (worker->trouble, scope, now, until);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

/* What came back before may have been a batch that one of its mails spoils: with each
 * attempt it travels in half the company. */
static guint
company_of (const BrevWorker *worker, const BrevLetter *letter, const BrevMail *mail)
{
    guint attempts = 0;

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

/* -- requests ------------------------------------------------------------------------ */

/* The request of @job could not even be made. */
static void
settle_unmade (BrevWorker *worker, BrevJob *job, const GError *error)
{
    gboolean is_input = g_error_matches (error, BREV_ERROR, BREV_ERROR_INPUT);
    gboolean is_system = g_error_matches (error, BREV_ERROR, BREV_ERROR_SYSTEM);
    BrevVerdict verdict = {
        .kind = is_input ? BREV_VERDICT_REFUSED
                         : (is_system ? BREV_VERDICT_LATER : BREV_VERDICT_PARK),
        .dsn = is_input ? "5.6.0" : "4.3.0",
        .text = error->message,
    };

    brev_job_expect (job);
    for (guint i = 0; i < job->outcomes->len; i++)
        brev_outcome_set_all (job->outcomes->pdata[i], &verdict);
    brev_worker_answered (worker, job);
}

static BrevHttpRequest *
encode (const BrevWorker *worker, const BrevJob *job, GError **error)
{
    const char *endpoint = worker->account->endpoint;

    if (endpoint == NULL || *endpoint == '\0' || worker->is_outbox)
        endpoint = worker->provider->url;
    if (job->is_question)
        return worker->provider->search (job->mails->pdata[0], worker->account,
                                         worker->token, endpoint, error);
    return worker->provider->encode (job->mails, worker->account, worker->token, endpoint,
                                     error);
}

/* Those of @recipients are sent although they may have been sent before. */
static void
send_doubtful (BrevWorker *worker, BrevLetter *letter, const GPtrArray *recipients,
               const char *why)
{
    for (guint i = 0; i < recipients->len; i++)
        brev_record_again (letter->row, recipients->pdata[i], why);
    brev_claim_plan (worker, letter, recipients, FALSE);
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
    send_doubtful (worker, job->letters->pdata[0], all, error->message);
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
            settle_unmade (worker, job, error);
            continue;
        }
        g_queue_push_head (&worker->jobs, brev_job_split (job));
        g_queue_push_head (&worker->jobs, job);
    }
    if (job != NULL)
        note_sent (worker, job->mails->len);
    return job;
}

/* -- answers ------------------------------------------------------------------------- */

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

static gint64
rest_after (guint failures, gint64 asked)
{
    gint64 rest = FIRST_REST << MIN (failures - 1, 20);

    return MAX (MIN (rest, LONGEST_REST), MIN (asked, BREV_HOUR));
}

/* What a reply says about the account, for the requests after it. */
static void
learn (BrevWorker *worker, const BrevJob *job)
{
    gint64 now = brev_clock_now ();
    const BrevVerdict *pause;
    gint64 asked;

    switch (brev_outcomes_health (job->outcomes, &asked, &pause)) {
    case BREV_HEALTH_GOOD:
        worker->failures = 0;
        brev_trouble_end (worker->trouble, BREV_SCOPE_WHOLE, now);
        break;
    case BREV_HEALTH_SLOW:
        worker->failures++;
        if (job->is_too_much || asked > 0)
            slow_all (worker, asked, job->is_too_much);
        worker->rest_until = brev_clock_ticks () + rest_after (worker->failures, asked);
        brev_worker_give_back (worker, now);
        break;
    case BREV_HEALTH_PAUSED:
        brev_worker_give_back (
            worker,
            brev_trouble_add (worker->trouble, BREV_SCOPE_WHOLE, pause->text, now));
        break;
    }
}

static gboolean
says_all (const BrevOutcome *outcome, BrevVerdictKind kind)
{
    for (guint i = 0; i < outcome->n; i++)
        if (outcome->verdicts[i].kind != kind)
            return FALSE;
    return TRUE;
}

/* The mails of a request that was refused as a whole, as two requests. */
static void
halve (BrevWorker *worker, BrevJob *job)
{
    g_autoptr (BrevJob) rest = brev_job_new (worker);

    for (guint i = 0; i < job->mails->len; i++)
        if (says_all (job->outcomes->pdata[i], BREV_VERDICT_SPLIT))
            brev_job_add (rest, job->letters->pdata[i], job->mails->pdata[i], job->most);
    if (rest->mails->len == 0)
        return;
    if (rest->mails->len > 1)
        g_queue_push_head (&worker->jobs, brev_job_split (rest));
    g_queue_push_head (&worker->jobs, g_steal_pointer (&rest));
}

/* The recipients of one mail that nobody received because of another one. */
static void
send_again (BrevWorker *worker, BrevJob *job, guint i)
{
    const BrevMail *mail = job->mails->pdata[i];
    const BrevOutcome *outcome = job->outcomes->pdata[i];
    g_autoptr (GPtrArray) others = g_ptr_array_new ();

    for (guint j = 0; j < outcome->n; j++)
        if (outcome->verdicts[j].kind == BREV_VERDICT_AGAIN)
            g_ptr_array_add (others, brev_letter_recipient (job->letters->pdata[i],
                                                            mail->recipients[j]));
    if (others->len > 0 && others->len < outcome->n)
        brev_claim_plan (worker, job->letters->pdata[i], others, FALSE);
}

static void
note_success (BrevWorker *worker, const BrevMail *mail, const char *recipient)
{
    static const BrevScope shared[] = { BREV_SCOPE_SENDER, BREV_SCOPE_STREAM,
                                        BREV_SCOPE_RECIPIENT };

    if (brev_trouble_is_empty (worker->trouble))
        return;
    for (gsize i = 0; i < G_N_ELEMENTS (shared); i++) {
        g_autofree char *scope = scope_of (worker, mail, recipient, shared[i]);
        brev_trouble_end (worker->trouble, scope, brev_clock_now ());
    }
}

static void
settle_verdict (BrevWorker *worker, BrevLetter *letter, const BrevMail *mail, guint j,
                const BrevVerdict *verdict)
{
    BrevStoreRecipient *recipient = brev_letter_recipient (letter, mail->recipients[j]);
    gint64 until = 0;

    if (verdict->kind == BREV_VERDICT_ACCEPTED)
        note_success (worker, mail, recipient->address);
    if (verdict->kind == BREV_VERDICT_ACCOUNT) {
        g_autofree char *scope =
            scope_of (worker, mail, recipient->address, verdict->scope);
        until =
            brev_trouble_add (worker->trouble, scope, verdict->text, brev_clock_now ());
    }
    brev_worker_settle (worker, letter, recipient, verdict, until);
}

/* A provider may repeat our secret in its words; nobody else must. */
static void
mask_secret (const BrevWorker *worker, BrevOutcome *outcome)
{
    for (guint i = 0; i < outcome->n && !worker->is_outbox; i++) {
        BrevVerdict *verdict = &outcome->verdicts[i];
        if (verdict->text != NULL)
            verdict->text = brev_secret_mask (verdict->text, worker->token);
        if (verdict->remote_id != NULL)
            verdict->remote_id = brev_secret_mask (verdict->remote_id, worker->token);
    }
}

/* The token was refused. What is sent without an answer will meet that by itself. */
static void
hold_question (BrevWorker *worker, const BrevVerdict *answer, BrevSettlement *settlement)
{
    gint64 now = brev_clock_now ();

    settlement->due =
        brev_trouble_add (worker->trouble, BREV_SCOPE_WHOLE, answer->text, now);
    settlement->paused = MAX (settlement->due - now, 0);
}

/* What the search says about one recipient. Returns: whether it is to be sent again */
static gboolean
settle_answer (BrevWorker *worker, BrevLetter *letter, BrevStoreRecipient *recipient,
               const BrevVerdict *answer)
{
    const BrevSettleFacts facts = facts_of (worker, letter, 0);
    gint64 indexing = brev_doubt_indexing (worker->account, worker->provider);
    BrevSettlement settlement;

    if (brev_doubt_settle (answer, recipient, &facts, indexing, &settlement) ==
        BREV_DOUBT_SEND)
        return TRUE;
    if (answer->kind == BREV_VERDICT_ACCOUNT)
        hold_question (worker, answer, &settlement);
    settle_with_twins (worker, letter, recipient, account_name (worker), &settlement);
    return FALSE;
}

/* Mail that the provider surely does not have is in doubt no more; what it did not answer
 * is asked about again, should this attempt come to nothing. */
static void
settle_answers (BrevWorker *worker, BrevJob *job)
{
    BrevLetter *letter = job->letters->pdata[0];
    const BrevMail *mail = job->mails->pdata[0];
    const BrevOutcome *outcome = job->outcomes->pdata[0];
    g_autoptr (GPtrArray) absent = g_ptr_array_new ();
    g_autoptr (GPtrArray) unanswered = g_ptr_array_new ();

    for (guint j = 0; j < outcome->n; j++) {
        const BrevVerdict *answer = &outcome->verdicts[j];
        BrevStoreRecipient *recipient =
            brev_letter_recipient (letter, mail->recipients[j]);
        gboolean is_absent = answer->kind == BREV_VERDICT_AGAIN;
        if (!settle_answer (worker, letter, recipient, answer))
            continue;
        if (is_absent)
            recipient->doubt_from = recipient->unanswered = 0;
        g_ptr_array_add (is_absent ? absent : unanswered, recipient);
    }
    if (absent->len > 0)
        send_doubtful (worker, letter, absent, "the provider does not show it");
    if (unanswered->len > 0)
        send_doubtful (worker, letter, unanswered, "the provider could not be asked");
}

/* The reply to a question. That a search fails says nothing about sending, and that it
 * works neither: the account learns only what was said about itself. */
static void
answered_question (BrevWorker *worker, BrevJob *job)
{
    const BrevVerdict *pause;
    gint64 now = brev_clock_now ();
    gint64 asked, until = 0;

    (void) brev_outcomes_health (job->outcomes, &asked, &pause);
    if (asked > 0)
        worker->rest_until =
            MAX (worker->rest_until, brev_clock_ticks () + MIN (asked, BREV_HOUR));
    settle_answers (worker, job);
    if (pause != NULL &&
        brev_trouble_find (worker->trouble, BREV_SCOPE_WHOLE, now, &until) != NULL)
        brev_worker_give_back (worker, until);
}

static void
settle_mail (BrevWorker *worker, BrevJob *job, guint i)
{
    const BrevOutcome *outcome = job->outcomes->pdata[i];
    gboolean is_split = job->mails->len > 1 && says_all (outcome, BREV_VERDICT_SPLIT);
    gboolean are_all_again = says_all (outcome, BREV_VERDICT_AGAIN);

    for (guint j = 0; j < outcome->n && !is_split; j++)
        if (outcome->verdicts[j].kind != BREV_VERDICT_AGAIN || are_all_again)
            settle_verdict (worker, job->letters->pdata[i], job->mails->pdata[i], j,
                            &outcome->verdicts[j]);
}

void
brev_worker_answered (BrevWorker *worker, BrevJob *answered)
{
    g_autoptr (BrevJob) job = answered;

    for (guint i = 0; i < job->mails->len; i++)
        mask_secret (worker, job->outcomes->pdata[i]);
    if (job->is_question) {
        answered_question (worker, job);
        return;
    }
    for (guint i = 0; i < job->mails->len; i++)
        settle_mail (worker, job, i);
    learn (worker, job);
    if (job->mails->len > 1)
        halve (worker, job);
    for (guint i = 0; i < job->mails->len; i++)
        send_again (worker, job, i);
}
