/* SPDX-License-Identifier: MIT */
#include "courier/limiter.h"

void
brev_limiter_init (BrevLimiter *limiter, double rate, gint64 ticks)
{
    limiter->rate = rate;
    limiter->tokens = MAX (rate, 1.0);
    limiter->at = ticks;
}

static void
refill (BrevLimiter *limiter, gint64 ticks)
{
    double fresh = (double) (ticks - limiter->at) / 1000.0 * limiter->rate;

    limiter->tokens = MIN (limiter->tokens + fresh, MAX (limiter->rate, 1.0));
    limiter->at = ticks;
}

void
brev_limiter_take (BrevLimiter *limiter, guint n, gint64 ticks)
{
    if (limiter->rate <= 0)
        return;
    refill (limiter, ticks);
    limiter->tokens -= n;
}

gint64
brev_limiter_wait (BrevLimiter *limiter, gint64 ticks)
{
    if (limiter->rate <= 0)
        return 0;
    refill (limiter, ticks);
    if (limiter->tokens >= 1.0)
        return 0;
    return (gint64) ((1.0 - limiter->tokens) / limiter->rate * 1000.0) + 1;
}
