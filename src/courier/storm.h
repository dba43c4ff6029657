/* SPDX-License-Identifier: MIT */
#pragma once

#include "store/store.h"

/* The same mail again and again: of a cron job gone wild, of a shop whose error page sends
 * one. These functions decide, and are pure. Times are ms since 1970, and may jump. */

typedef struct {
    guint limit;       /* so many alike are no storm, in: */
    gint64 window;     /* ms */
    gboolean may_hold; /* what comes on top waits */
} BrevStormRule;

typedef enum {
    BREV_STORM_NONE,
    BREV_STORM_BEGINS, /* with this message */
    BREV_STORM_GOES_ON,
} BrevStormVerdict;

/**
 * brev_storm_sum:
 * @recipients: (array of BrevStoreRecipient)
 * @subject: (nullable): as in the header
 *
 * Returns: the same number for mail of one user that is alike, never 0; nothing can be read
 * out of it
 */
gint64 brev_storm_sum (guint32 uid, const GPtrArray *recipients, const char *subject);

/* Brings @storm up to @now: what is over is forgotten. A storm goes on until a whole window
 * had fewer messages than the limit. */
void brev_storm_age (BrevStoreStorm *storm, const BrevStormRule *rule, gint64 now);

/**
 * brev_storm_judge:
 * @storm: (inout): what is known of the mail that is alike, or of other mail that has its
 *   place: that yields when it is rare
 * @sum: of the message
 * @arrival: of the message, which may have waited to be read. Older than the window it
 *   counts for nothing: a day's mail that is read at once is no storm.
 */
BrevStormVerdict brev_storm_judge (BrevStoreStorm *storm, const BrevStormRule *rule,
                                   gint64 sum, gint64 arrival, gint64 now);

/* Returns: when the report about messages that are held from @now on is written: the first
 * after a window, each further one after twice the time, or four hours */
gint64 brev_storm_digest_due (const BrevStoreStorm *storm, const BrevStormRule *rule,
                              gint64 now);
