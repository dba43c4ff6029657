/* SPDX-License-Identifier: MIT */
#pragma once

#include "base/log.h"
#include "plan/plan.h"
#include "store/store.h"

/* The courier's log lines. Their words and order are those of Postfix, so that the log
 * readers that people have understand them: pflogsumm --syslog-name=brevdue. */

/* The log's name of each kind of line, in the place of Postfix' programs. */
#define BREV_LOG_COURIER "brevdue/courier"
#define BREV_LOG_PICKUP "brevdue/pickup" /* ID: uid=33 from=<a@b> */
#define BREV_LOG_QUEUE \
    "brevdue/qmgr" /* ID: from=<a@b>, size=1, nrcpt=1 (queue active) \
                    */
#define BREV_LOG_BOUNCE "brevdue/bounce" /* ID: sender delay notification: ID */
#define BREV_LOG_OUTCOME \
    "brevdue/smtp" /* ID: to=<a@b>, relay=x, delay=1, dsn=2.0.0, ... */

/* A message got its row. */
void brev_record_import (const BrevStoreMessage *message);

/**
 * brev_record_outcome:
 * @relay: account that was asked, or "none"
 * @settlement: what became of @recipient
 *
 * One line for one recipient.
 */
void brev_record_outcome (const BrevStoreMessage *message,
                          const BrevStoreRecipient *recipient, const char *relay,
                          const BrevSettlement *settlement, gint64 now);

/**
 * brev_record_recovered:
 * @message: of brev_store_take_recovered()
 *
 * One line for what a courier had in hand when it died.
 */
void brev_record_recovered (const BrevStoreMessage *message, gint64 now);

/**
 * brev_record_again:
 * @why: what the provider said when it was asked
 *
 * One line for what may have been sent and is sent again.
 */
void brev_record_again (const BrevStoreMessage *message,
                        const BrevStoreRecipient *recipient, const char *why);

/**
 * brev_record_report:
 * @message: with the recipients the report is about, alone
 * @report: its queue id
 */
void brev_record_report (const BrevStoreMessage *message, const char *report);

/**
 * brev_record_storm:
 * @message: with which it began
 * @limit: so many like it are none, in @window
 *
 * One line, of the storm's first message only.
 */
void brev_record_storm (const BrevStoreMessage *message, guint limit, const char *window);

/* @sender got so many reports in an hour that more of them wait for one. */
void brev_record_cap (const char *sender, guint limit);

/* A digest was written to @to. */
void brev_record_digest (const BrevStoreDigest *digest, const char *to);

/* (nullable): the From address that another one stands in for in @plan, if one does */
const char *brev_record_replaced_from (const BrevPlan *plan);

/* What a message loses on its way, and which sender it goes out under. */
void brev_record_plan (const BrevStoreMessage *message, const BrevPlan *plan);

/* What the log calls a BrevWay. */
const char *brev_record_way (char way);

/**
 * brev_record_status:
 *
 * Returns: the word of the log for a state
 */
const char *brev_record_status (BrevState state);
