/* SPDX-License-Identifier: MIT */
#pragma once

#include "store/store.h"

/* A token bucket for each account, shared by all processes through the store: these
 * functions decide. A request may take more than there is; the debt delays what follows, so
 * that the mean holds and no batch is broken up. Times are ms since 1970, and may jump. */

/* Returns: messages each second, 0: no limit; @configured, less after the provider's 429 */
double brev_limiter_rate (const BrevStoreBucket *bucket, double configured);

/**
 * brev_limiter_take:
 * @bucket: (inout):
 * @configured: the account's rate, 0: none
 * @need: messages of the next request
 * @want: as many as may be taken ahead, if they are there
 * @wait: (out): ms until it is worth asking again, when nothing is granted
 *
 * Returns: how many messages may be sent: 0, or @need at least
 */
guint brev_limiter_take (BrevStoreBucket *bucket, double configured, guint need,
                         guint want, gint64 now, gint64 *wait);

/**
 * brev_limiter_slow:
 * @observed: messages each second, lately
 * @after: ms the provider asked to be left alone, 0: it did not say
 * @is_too_much: it said 429: half the rate from now on
 *
 * What was on its way when it said so meets the same answer: during the pause that follows
 * the rate is not halved again.
 */
void brev_limiter_slow (BrevStoreBucket *bucket, double configured, double observed,
                        gint64 after, gboolean is_too_much, gint64 now);

/**
 * brev_limiter_quota:
 * @quota: messages in 24 hours, 0: no limit
 * @left: (out): how many of them may still be sent
 *
 * Returns: ms until there are more, 0 when some are left
 */
gint64 brev_limiter_quota (BrevStoreBucket *bucket, guint quota, gint64 now, guint *left);

/* Brings @bucket up to @now: what was filled and has recovered since. */
void brev_limiter_age (BrevStoreBucket *bucket, double configured, gint64 now);
