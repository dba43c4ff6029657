/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"

/* When to try again, and when to give up. Pure: the clock and the dice are arguments. */

/**
 * brev_backoff_next:
 * @attempts: requests made so far, the one that has just failed among them
 * @retry_after: ms the provider asked for; 0: it did not
 * @random: 32 random bits
 *
 * Full jitter: anywhere between "retry-min" and a ceiling that doubles with each attempt up
 * to "retry-max". What the provider asked for is a floor, up to a day.
 *
 * Returns: ms since 1970
 */
gint64 brev_backoff_next (const BrevConfig *config, gint64 now, guint attempts,
                          gint64 retry_after, guint32 random);

/**
 * brev_backoff_is_over:
 * @arrival: ms since 1970
 * @paused: ms that do not count
 *
 * Whether "lifetime" is over. A message that was hardly tried is not given up: the clock may
 * have been wrong, or the service away.
 */
gboolean brev_backoff_is_over (const BrevConfig *config, gint64 now, gint64 arrival,
                               gint64 paused, guint attempts);
