/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* A token bucket. A batch may take more than there is; the debt delays what follows, so
 * that the mean holds and no batch is broken up. */
typedef struct {
    double rate;   /* tokens each second, 0: no limit */
    double tokens; /* negative: a debt */
    gint64 at;     /* ticks (ms) at which @tokens was true */
} BrevLimiter;

void brev_limiter_init (BrevLimiter *limiter, double rate, gint64 ticks);
void brev_limiter_take (BrevLimiter *limiter, guint n, gint64 ticks);
/* Returns: ms until the next token can be taken, 0: now */
gint64 brev_limiter_wait (BrevLimiter *limiter, gint64 ticks);
