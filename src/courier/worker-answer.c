/* SPDX-License-Identifier: MIT */
#include "courier/worker.h"

#include "base/clock.h"
#include "base/error.h"
#include "courier/claim.h"
#include "courier/doubt.h"
#include "courier/fallback.h"
#include "courier/record.h"
#include "courier/verdict.h"

/* After a request without a useful answer the account rests: 1 s, 2 s, 4 s, ... */
#define FIRST_REST BREV_SECOND
#define LONGEST_REST (5 * BREV_MINUTE)

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

static const char *
relay_of (const BrevWorker *worker)
{
    return worker->account == NULL ? "none" : worker->account->name;
}

static BrevSettleFacts
facts_of (const BrevWorker *worker, const BrevLetter *letter, gint64 hold_until)
{
    return (BrevSettleFacts){
        .now = letter->answered > 0 ? letter->answered : brev_clock_now (),
        .arrival = letter->row->arrival,
        .paused = letter->row->paused,
        .hold_until = hold_until,
        .random = letter->answered > 0 ? letter->random : g_random_int (),
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
    settle_with_twins (worker, letter, recipient, relay_of (worker), &settlement);
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

/* -- what a reply says of the account ------------------------------------------------ */

static gint64
rest_after (guint failures, gint64 asked)
{
    gint64 rest = FIRST_REST << MIN (failures - 1, 20);

    return MAX (MIN (rest, LONGEST_REST), MIN (asked, BREV_HOUR));
}

void
brev_worker_rest (BrevWorker *worker, gint64 asked)
{
    worker->failures++;
    worker->rest_until = brev_clock_ticks () + rest_after (worker->failures, asked);
}

/* What is held for the trouble that ends now is found by its rows: a failure shows in the
 * next turn. */
static void
write_down (const BrevWorker *worker)
{
    (void) brev_settler_flush (worker->courier->settler, NULL);
}

/* What a reply says about the account, for the requests after it. */
static void
learn (BrevWorker *worker, const BrevJob *job)
{
    gint64 now = brev_clock_now ();
    const BrevVerdict *pause;
    gint64 asked, until;

    switch (brev_outcomes_health (job->outcomes, &asked, &pause)) {
    case BREV_HEALTH_GOOD:
        worker->failures = 0;
        brev_access_worked (worker->access);
        worker->stand_in = NULL;
        if (brev_trouble_is_known (worker->trouble, BREV_SCOPE_WHOLE))
            write_down (worker);
        brev_trouble_end (worker->trouble, BREV_SCOPE_WHOLE, now);
        break;
    case BREV_HEALTH_SLOW:
        if (job->is_too_much || asked > 0)
            brev_pace_slow (&worker->pace, asked, job->is_too_much);
        brev_worker_rest (worker, asked);
        brev_worker_give_back (worker, now);
        break;
    case BREV_HEALTH_PAUSED:
        until = brev_trouble_add (worker->trouble, BREV_SCOPE_WHOLE, pause->text, now);
        brev_worker_give_back (worker, brev_fallback_for (worker) != NULL ? now : until);
        break;
    }
}

BrevHttpRequest *
brev_worker_follow (const BrevWorker *worker, BrevJob *job, const BrevHttpReply *reply,
                    GError **error)
{
    const BrevProvider *provider = brev_job_provider (job);
    g_autofree char *endpoint = brev_provider_endpoint (provider, worker->account);
    const char *token = brev_access_token (worker->access);

    if (!job->is_prelude || reply->status == 0 || !reply->is_complete)
        return NULL;
    if (token == NULL) {
        (void) brev_throw (error, BREV_ERROR_SYSTEM, "account '%s' has no keys",
                           worker->account->name);
        return NULL;
    }
    g_ptr_array_add (job->replies, brev_http_reply_copy (reply));
    return provider->next (job->mails, worker->account, token, endpoint, job->replies,
                           error);
}

/* -- what it says of its mails ------------------------------------------------------- */

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

/* The recipients of one mail that was refused for one of them, nobody knows whom. */
static void
halve_recipients (BrevWorker *worker, BrevJob *job)
{
    BrevLetter *letter = job->letters->pdata[0];
    const BrevMail *mail = job->mails->pdata[0];
    const guint ends[] = { 0, mail->n_recipients / 2, mail->n_recipients };

    for (guint half = 0; half < 2; half++) {
        g_autoptr (GPtrArray) some = g_ptr_array_new ();
        for (guint j = ends[half]; j < ends[half + 1]; j++)
            g_ptr_array_add (some, brev_letter_recipient (letter, mail->recipients[j]));
        brev_claim_plan (worker, letter, some, FALSE);
    }
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

char *
brev_worker_scope (const BrevWorker *worker, const BrevMail *mail, const char *recipient,
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

static void
note_success (BrevWorker *worker, const BrevMail *mail, const char *recipient)
{
    static const BrevScope shared[] = { BREV_SCOPE_SENDER, BREV_SCOPE_STREAM,
                                        BREV_SCOPE_RECIPIENT };

    if (brev_trouble_is_empty (worker->trouble))
        return;
    for (gsize i = 0; i < G_N_ELEMENTS (shared); i++) {
        g_autofree char *scope = brev_worker_scope (worker, mail, recipient, shared[i]);
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
            brev_worker_scope (worker, mail, recipient->address, verdict->scope);
        until =
            brev_trouble_add (worker->trouble, scope, verdict->text, brev_clock_now ());
    }
    if (!brev_fallback_return (worker, letter, recipient, verdict))
        brev_worker_settle (worker, letter, recipient, verdict, until);
}

/* A provider may repeat our secret in its words; nobody else must. */
static void
mask_secret (const BrevWorker *worker, BrevOutcome *outcome)
{
    for (guint i = 0; i < outcome->n && !worker->is_outbox; i++) {
        BrevVerdict *verdict = &outcome->verdicts[i];
        if (verdict->text != NULL)
            verdict->text = brev_access_mask (worker->access, verdict->text);
        if (verdict->remote_id != NULL)
            verdict->remote_id = brev_access_mask (worker->access, verdict->remote_id);
    }
}

static gboolean
is_about_account (const BrevVerdict *verdict)
{
    return verdict->kind == BREV_VERDICT_ACCOUNT && verdict->scope == BREV_SCOPE_ACCOUNT;
}

/* Keys that are refused may have been withdrawn: others come before the administrator. */
static void
doubt_keys (BrevWorker *worker, BrevOutcome *outcome)
{
    for (guint i = 0; i < outcome->n && !worker->is_outbox; i++)
        if (is_about_account (&outcome->verdicts[i]) &&
            brev_access_refused (worker->access))
            outcome->verdicts[i].kind = BREV_VERDICT_LATER;
}

/* -- what the search says ------------------------------------------------------------ */

void
brev_worker_send_doubtful (BrevWorker *worker, BrevLetter *letter,
                           const GPtrArray *recipients, const char *why)
{
    for (guint i = 0; i < recipients->len; i++)
        brev_record_again (letter->row, recipients->pdata[i], why);
    brev_claim_plan (worker, letter, recipients, FALSE);
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
    settle_with_twins (worker, letter, recipient, relay_of (worker), &settlement);
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
    const char *reason = "the provider could not be asked";

    for (guint j = 0; j < outcome->n; j++) {
        const BrevVerdict *answer = &outcome->verdicts[j];
        BrevStoreRecipient *recipient =
            brev_letter_recipient (letter, mail->recipients[j]);
        gboolean is_absent = answer->kind == BREV_VERDICT_AGAIN;
        if (!settle_answer (worker, letter, recipient, answer))
            continue;
        if (is_absent)
            recipient->doubt_from = recipient->unanswered = 0;
        else if (answer->text != NULL)
            reason = answer->text;
        g_ptr_array_add (is_absent ? absent : unanswered, recipient);
    }
    if (absent->len > 0)
        brev_worker_send_doubtful (worker, letter, absent,
                                   "the provider does not show it");
    if (unanswered->len > 0)
        brev_worker_send_doubtful (worker, letter, unanswered, reason);
}

/* The reply to a question. That a search fails says nothing about sending, and that it
 * works neither: the account learns only what was said about itself, and a 429 is that. */
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
    if (job->is_too_much)
        brev_pace_slow (&worker->pace, asked, TRUE);
    settle_answers (worker, job);
    if (job->is_too_much)
        brev_worker_give_back (worker, now);
    if (pause != NULL &&
        brev_trouble_find (worker->trouble, BREV_SCOPE_WHOLE, now, &until) != NULL)
        brev_worker_give_back (worker, until);
}

/* -- all of it ----------------------------------------------------------------------- */

/* Whether a request that was refused as a whole can be made smaller. */
static gboolean
is_divisible (const BrevJob *job, guint i)
{
    return job->mails->len > 1 || ((BrevOutcome *) job->outcomes->pdata[i])->n > 1;
}

static void
settle_mail (BrevWorker *worker, BrevJob *job, guint i)
{
    const BrevOutcome *outcome = job->outcomes->pdata[i];
    BrevLetter *letter = job->letters->pdata[i];
    gboolean is_split = is_divisible (job, i) && says_all (outcome, BREV_VERDICT_SPLIT);
    gboolean are_all_again = says_all (outcome, BREV_VERDICT_AGAIN);

    letter->answered = brev_clock_now ();
    letter->random = g_random_int ();
    for (guint j = 0; j < outcome->n && !is_split; j++)
        if (outcome->verdicts[j].kind != BREV_VERDICT_AGAIN || are_all_again)
            settle_verdict (worker, letter, job->mails->pdata[i], j,
                            &outcome->verdicts[j]);
    letter->answered = 0;
}

void
brev_worker_answered (BrevWorker *worker, BrevJob *answered)
{
    g_autoptr (BrevJob) job = answered;

    brev_pace_end (&worker->pace, job->slot);
    for (guint i = 0; i < job->mails->len; i++) {
        mask_secret (worker, job->outcomes->pdata[i]);
        doubt_keys (worker, job->outcomes->pdata[i]);
    }
    if (job->is_question) {
        answered_question (worker, job);
        return;
    }
    for (guint i = 0; i < job->mails->len; i++)
        settle_mail (worker, job, i);
    learn (worker, job);
    if (job->mails->len > 1)
        halve (worker, job);
    else if (is_divisible (job, 0) &&
             says_all (job->outcomes->pdata[0], BREV_VERDICT_SPLIT))
        halve_recipients (worker, job);
    for (guint i = 0; i < job->mails->len; i++)
        send_again (worker, job, i);
}
