/* SPDX-License-Identifier: MIT */
#include "courier/doubt.h"

#include "courier/backoff.h"

static const char not_shown[] = "the provider was asked and does not show it yet";

gint64
brev_doubt_indexing (const BrevAccount *account, const BrevProvider *provider)
{
    return account->indexing_time > 0 ? account->indexing_time : provider->index_time;
}

/* When the doubt began: a clock that was set back does not prolong it. */
static gint64
since (const BrevStoreRecipient *recipient, const BrevSettleFacts *facts)
{
    return MIN (recipient->doubt_from, facts->now);
}

static gboolean
is_over (const BrevStoreRecipient *recipient, const BrevSettleFacts *facts,
         gint64 indexing)
{
    return recipient->unanswered + 1 >= BREV_DOUBT_QUESTIONS &&
           facts->now - since (recipient, facts) >= BREV_DOUBT_PATIENCE * indexing;
}

/* Not longer than until the patience is over. */
static gint64
next_question (const BrevVerdict *answer, const BrevStoreRecipient *recipient,
               const BrevSettleFacts *facts, gint64 indexing)
{
    gint64 end = since (recipient, facts) + BREV_DOUBT_PATIENCE * indexing;
    gint64 next = brev_backoff_next (facts->config, facts->now, recipient->unanswered + 1,
                                     answer->after, facts->random);

    return CLAMP (end, facts->now + facts->config->retry_min, next);
}

BrevDoubt
brev_doubt_settle (const BrevVerdict *answer, const BrevStoreRecipient *recipient,
                   const BrevSettleFacts *facts, gint64 indexing,
                   BrevSettlement *settlement)
{
    gboolean is_found = answer->kind == BREV_VERDICT_ACCEPTED;
    gboolean is_absent = answer->kind == BREV_VERDICT_AGAIN;
    gboolean may_ask = answer->kind != BREV_VERDICT_REFUSED;
    gint64 counts_from = since (recipient, facts) + indexing;

    if (is_absent ? facts->now >= counts_from
                  : !is_found && (!may_ask || is_over (recipient, facts, indexing)))
        return BREV_DOUBT_SEND;
    *settlement = (BrevSettlement){
        .index = recipient->index,
        .state = is_found ? BREV_STATE_SENT : BREV_STATE_DEFERRED,
        .was_asked = TRUE,
        .maybe_sent = TRUE,
        .doubt_from = is_found ? 0 : since (recipient, facts),
        .unanswered = is_found ? 0 : recipient->unanswered,
        .due = counts_from,
        .remote_id = answer->remote_id,
        .dsn = answer->dsn != NULL ? answer->dsn : "4.4.2",
        .reply = is_absent ? not_shown : answer->text,
    };
    if (!is_found && !is_absent) {
        settlement->unanswered = recipient->unanswered + 1;
        settlement->due = next_question (answer, recipient, facts, indexing);
    }
    return is_found ? BREV_DOUBT_SENT : BREV_DOUBT_WAIT;
}

void
brev_search_judge (const BrevProvider *provider, const BrevHttpReply *reply,
                   const BrevMail *mail, BrevOutcome *outcome)
{
    const BrevVerdict none = { .kind = BREV_VERDICT_LATER,
                               .dsn = "4.4.2",
                               .text = reply->error };

    if (reply->status != 0 && reply->is_complete)
        provider->read_search (reply, mail, outcome);
    else
        brev_outcome_set_all (outcome, &none);
}
