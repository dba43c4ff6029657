/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "provider/provider.h"
#include "store/store.h"

/* What a settlement depends on, beside the verdict and the recipient's row. */
typedef struct {
    gint64 now;
    gint64 arrival;    /* of the message */
    gint64 paused;     /* ms so far that do not count for its lifetime */
    gint64 hold_until; /* with %BREV_VERDICT_ACCOUNT: when it is tried again */
    guint32 random;
    const BrevConfig *config;
} BrevSettleFacts;

/**
 * brev_verdict_settle:
 * @verdict: what was said about one recipient
 * @recipient: its row
 * @settlement: (out): borrows the strings of @verdict
 *
 * Pure: what becomes of a recipient. Only an understood "never" and the end of its
 * lifetime are final; all else is tried again.
 */
void brev_verdict_settle (const BrevVerdict *verdict, const BrevStoreRecipient *recipient,
                          const BrevSettleFacts *facts, BrevSettlement *settlement);

/**
 * brev_reply_judge:
 * @outcomes: of BrevOutcome, one for each of @mails
 *
 * Reads a reply. A whole one is the provider's to understand; one that broke off, or
 * never came, means "later", and "unknown" when the request may have left: it is never
 * success.
 */
void brev_reply_judge (const BrevProvider *provider, const BrevHttpReply *reply,
                       const GPtrArray *mails, GPtrArray *outcomes);

/**
 * brev_outcomes_keep_key:
 *
 * Notes in each verdict for how long the key of its request makes a repeat harmless: with a
 * batch not at all, as its mails need not meet again under one key.
 */
void brev_outcomes_keep_key (const GPtrArray *outcomes, const BrevProvider *provider,
                             const BrevAccount *account);

/* What one request taught about its account as a whole. */
typedef enum {
    BREV_HEALTH_GOOD,   /* the provider understood it, whatever it said */
    BREV_HEALTH_SLOW,   /* no answer, or "later" for all of it */
    BREV_HEALTH_PAUSED, /* the account itself must be mended first */
} BrevHealth;

/**
 * brev_outcomes_health:
 * @after: (out): ms that the provider asked to be left alone, 0 when it did not
 * @pause: (out) (nullable): the verdict that paused the account
 */
BrevHealth brev_outcomes_health (const GPtrArray *outcomes, gint64 *after,
                                 const BrevVerdict **pause);
