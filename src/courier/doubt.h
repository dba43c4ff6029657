/* SPDX-License-Identifier: MIT */
#pragma once

#include "courier/verdict.h"

/* Mail that may have been sent, at a provider that can be searched: it is asked about
 * before it is sent again. */

/* So many questions in vain, and so many times the indexing time, and it is sent without
 * an answer: a duplicate is better than a loss. */
#define BREV_DOUBT_QUESTIONS 5
#define BREV_DOUBT_PATIENCE 3

typedef enum {
    BREV_DOUBT_SENT, /* the provider has it */
    BREV_DOUBT_WAIT, /* nobody knows yet: asked again later */
    BREV_DOUBT_SEND, /* again, as a possible duplicate */
} BrevDoubt;

/* Returns: how long the search may take to show a mail, in ms */
gint64 brev_doubt_indexing (const BrevAccount *account, const BrevProvider *provider);

/**
 * brev_doubt_settle:
 * @answer: what the search said about one recipient
 * @recipient: its row
 * @indexing: ms until "not found" may be believed
 * @settlement: (out): unless it is to be sent; borrows the strings of @answer
 *
 * Pure: what becomes of a recipient that was asked about. A question is no attempt: it
 * brings nobody's lifetime to its end.
 */
BrevDoubt brev_doubt_settle (const BrevVerdict *answer,
                             const BrevStoreRecipient *recipient,
                             const BrevSettleFacts *facts, gint64 indexing,
                             BrevSettlement *settlement);

/**
 * brev_search_judge:
 * @outcome: all LATER
 *
 * Reads the reply to a question. One that broke off, or never came, is no answer.
 */
void brev_search_judge (const BrevProvider *provider, const BrevHttpReply *reply,
                        const BrevMail *mail, BrevOutcome *outcome);
