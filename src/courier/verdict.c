/* SPDX-License-Identifier: MIT */
#include "courier/verdict.h"

#include "courier/backoff.h"

typedef struct {
    BrevState state;
    const char *dsn; /* when the provider named none */
} Result;

/* clang-format off */
static const Result results[] = {
    [BREV_VERDICT_ACCEPTED] = { BREV_STATE_SENT,     "2.0.0" },
    [BREV_VERDICT_REFUSED]  = { BREV_STATE_REFUSED,  "5.0.0" },
    [BREV_VERDICT_LATER]    = { BREV_STATE_DEFERRED, "4.0.0" },
    [BREV_VERDICT_ACCOUNT]  = { BREV_STATE_DEFERRED, "4.7.0" },
    [BREV_VERDICT_UNKNOWN]  = { BREV_STATE_DEFERRED, "4.4.2" },
    [BREV_VERDICT_SPLIT]    = { BREV_STATE_REFUSED,  "5.6.0" }, /* it stands alone now */
    [BREV_VERDICT_PARK]     = { BREV_STATE_PARKED,   "4.3.0" },
    [BREV_VERDICT_AGAIN]    = { BREV_STATE_DEFERRED, "4.0.0" },
};
/* clang-format on */

/* Mail that an account cannot carry now: its clock stands still until then. */
static void
hold (const BrevSettleFacts *facts, BrevSettlement *settlement)
{
    settlement->due = MAX (facts->hold_until, facts->now);
    settlement->paused = settlement->due - facts->now;
    settlement->was_tried = FALSE;
}

static void
defer (const BrevVerdict *verdict, const BrevStoreRecipient *recipient,
       const BrevSettleFacts *facts, BrevSettlement *settlement)
{
    const BrevConfig *config = facts->config;
    guint attempts = recipient->attempts + 1;

    if (brev_backoff_is_over (config, facts->now, facts->arrival, facts->paused,
                              attempts)) {
        settlement->state = BREV_STATE_EXPIRED;
        settlement->dsn = "4.4.7";
        return;
    }
    settlement->due_is_named = verdict->after > 0;
    settlement->due =
        brev_backoff_next (config, facts->now, attempts, verdict->after, facts->random);
}

/* By its key the provider knows a repeat, for a time that begins with the first request: not
 * before the message arrived. One that was held in between may have got another key. What
 * waits for a person, or is refused, is no repeat that it knew. */
static gboolean
is_sent_once (const BrevVerdict *verdict, const BrevSettleFacts *facts,
              const BrevSettlement *settlement)
{
    gint64 age = facts->now - facts->arrival;
    gboolean is_known = settlement->state == BREV_STATE_SENT ||
                        settlement->state == BREV_STATE_DISCARDED ||
                        settlement->state == BREV_STATE_DEFERRED;

    return settlement->maybe_sent && is_known && facts->paused == 0 && age >= 0 &&
           age < verdict->key_time;
}

void
brev_verdict_settle (const BrevVerdict *verdict, const BrevStoreRecipient *recipient,
                     const BrevSettleFacts *facts, BrevSettlement *settlement)
{
    const Result *result = &results[verdict->kind];

    *settlement = (BrevSettlement){ 0 };
    settlement->index = recipient->index;
    settlement->state = result->state;
    settlement->was_tried = TRUE;
    settlement->maybe_sent =
        recipient->maybe_sent || verdict->kind == BREV_VERDICT_UNKNOWN;
    settlement->doubt_from =
        verdict->kind == BREV_VERDICT_UNKNOWN ? facts->now : recipient->doubt_from;
    settlement->unanswered =
        verdict->kind == BREV_VERDICT_UNKNOWN ? 0 : recipient->unanswered;
    settlement->remote_id = verdict->remote_id;
    settlement->dsn = verdict->dsn != NULL ? verdict->dsn : result->dsn;
    settlement->reply = verdict->text;
    settlement->has_dsn = verdict->has_dsn;
    if (verdict->kind == BREV_VERDICT_ACCEPTED && verdict->is_test)
        settlement->state = BREV_STATE_DISCARDED;
    else if (verdict->kind == BREV_VERDICT_ACCOUNT)
        hold (facts, settlement);
    else if (settlement->state == BREV_STATE_DEFERRED)
        defer (verdict, recipient, facts, settlement);
    settlement->is_sent_once = is_sent_once (verdict, facts, settlement);
}

static gboolean
is_whole (const BrevHttpReply *reply)
{
    return reply->status != 0 && reply->is_complete;
}

/* Nobody got anything by a prelude, whatever its reply is. */
static void
judge_prelude (const GPtrArray *outcomes)
{
    for (guint i = 0; i < outcomes->len; i++) {
        const BrevOutcome *outcome = outcomes->pdata[i];
        for (guint j = 0; j < outcome->n; j++) {
            BrevVerdict *verdict = &outcome->verdicts[j];
            if (verdict->kind == BREV_VERDICT_UNKNOWN ||
                verdict->kind == BREV_VERDICT_ACCEPTED)
                verdict->kind = BREV_VERDICT_LATER;
        }
    }
}

void
brev_reply_judge (const BrevProvider *provider, const BrevHttpReply *reply,
                  const GPtrArray *mails, GPtrArray *outcomes)
{
    BrevVerdict verdict = { .kind = BREV_VERDICT_LATER, .dsn = "4.4.1" };

    if (is_whole (reply)) {
        provider->read (reply, mails, outcomes);
        if (reply->is_prelude)
            judge_prelude (outcomes);
        return;
    }
    if (reply->may_have_left && !reply->is_prelude) {
        verdict.kind = BREV_VERDICT_UNKNOWN;
        verdict.dsn = "4.4.2";
    }
    verdict.text = reply->error;
    for (guint i = 0; i < outcomes->len; i++)
        brev_outcome_set_all (outcomes->pdata[i], &verdict);
    if (reply->smtp != NULL) /* some may have had their own answer before */
        provider->read (reply, mails, outcomes);
}

void
brev_outcomes_keep_key (const GPtrArray *outcomes, const BrevProvider *provider,
                        const BrevAccount *account)
{
    for (guint i = 0; i < outcomes->len; i++) {
        const BrevOutcome *outcome = outcomes->pdata[i];
        for (guint j = 0; j < outcome->n; j++)
            outcome->verdicts[j].key_time = account->batch > 1 ? 0 : provider->key_time;
    }
}

BrevHealth
brev_outcomes_health (const GPtrArray *outcomes, gint64 *after, const BrevVerdict **pause)
{
    BrevHealth health = BREV_HEALTH_SLOW;

    *after = 0;
    *pause = NULL;
    for (guint i = 0; i < outcomes->len; i++) {
        const BrevOutcome *outcome = outcomes->pdata[i];
        for (guint j = 0; j < outcome->n; j++) {
            const BrevVerdict *verdict = &outcome->verdicts[j];
            if (verdict->kind == BREV_VERDICT_ACCOUNT &&
                verdict->scope == BREV_SCOPE_ACCOUNT)
                *pause = verdict;
            else if (verdict->kind == BREV_VERDICT_LATER)
                *after = MAX (*after, verdict->after);
            else if (verdict->kind != BREV_VERDICT_UNKNOWN)
                health = BREV_HEALTH_GOOD;
        }
    }
    return *pause != NULL ? BREV_HEALTH_PAUSED : health;
}
