/* SPDX-License-Identifier: MIT */
#include "courier/limiter.h"

#include "base/clock.h"

#define RECOVERY 0.05      /* of the full rate, each minute */
#define LEAST_SHARE 32     /* the rate is halved five times at most */
#define LEAST_OBSERVED 2.0 /* messages each second: fewer say nothing of a limit */
#define LONGEST_PAUSE BREV_HOUR

double
brev_limiter_rate (const BrevStoreBucket *bucket, double configured)
{
    if (bucket->rate <= 0)
        return configured;
    return configured > 0 ? MIN (bucket->rate, configured) : bucket->rate;
}

static void
recover (BrevStoreBucket *bucket, double configured, gint64 passed)
{
    double base = configured > 0 ? configured : bucket->base;

    if (bucket->rate <= 0)
        return;
    bucket->rate += base * RECOVERY * (double) passed / (double) BREV_MINUTE;
    if (bucket->rate >= base)
        bucket->rate = bucket->base = 0;
}

/* After a clock that was set back, a time that is still to come counts as now. */
void
brev_limiter_age (BrevStoreBucket *bucket, double configured, gint64 now)
{
    double rate = brev_limiter_rate (bucket, configured);
    gboolean is_new = bucket->at == 0;
    gint64 passed;

    bucket->until = MIN (bucket->until, now + LONGEST_PAUSE);
    passed = MAX (now - MAX (MIN (bucket->at, now), bucket->until), 0);
    bucket->at = now;
    if (is_new)
        bucket->tokens = MAX (rate, 1.0);
    else
        bucket->tokens =
            MIN (bucket->tokens + (double) passed / 1000.0 * rate, MAX (rate, 1.0));
    recover (bucket, configured, passed);
}

guint
brev_limiter_take (BrevStoreBucket *bucket, double configured, guint need, guint want,
                   gint64 now, gint64 *wait)
{
    guint granted;
    double rate;

    brev_limiter_age (bucket, configured, now);
    rate = brev_limiter_rate (bucket, configured);
    *wait = MAX (bucket->until - now, 0);
    if (rate > 0 && bucket->tokens < 1.0)
        *wait += (gint64) ((1.0 - bucket->tokens) / rate * 1000.0) + 1;
    if (*wait > 0)
        return 0;
    granted = MAX (need, want);
    if (rate > 0) {
        granted = MAX (need, (guint) MIN ((double) want, bucket->tokens));
        bucket->tokens -= granted;
    }
    return granted;
}

/* The 24 hours begin with the first message behind the last ones; after a clock that was set
 * back they are over 24 hours later at most. */
gint64
brev_limiter_quota (BrevStoreBucket *bucket, guint quota, gint64 now, guint *left)
{
    gint64 passed = now - MIN (bucket->day_from, now);

    *left = G_MAXUINT;
    if (quota == 0)
        return 0;
    if (passed >= BREV_DAY) {
        bucket->day_from = now;
        bucket->day_used = 0;
        passed = 0;
    }
    bucket->day_from = now - passed;
    *left = quota - MIN (bucket->day_used, quota);
    return *left > 0 ? 0 : BREV_DAY - passed;
}

void
brev_limiter_slow (BrevStoreBucket *bucket, double configured, double observed,
                   gint64 after, gboolean is_too_much, gint64 now)
{
    gboolean is_known;
    double rate;

    brev_limiter_age (bucket, configured, now);
    is_known = now < bucket->until;
    bucket->until = MAX (bucket->until, now + CLAMP (after, BREV_SECOND, LONGEST_PAUSE));
    bucket->tokens = MIN (bucket->tokens, 0.0);
    if (!is_too_much || is_known)
        return;
    rate = brev_limiter_rate (bucket, configured);
    if (bucket->base <= 0 || configured > 0)
        bucket->base = configured > 0 ? configured : MAX (observed, LEAST_OBSERVED);
    if (rate <= 0)
        rate = bucket->base;
    bucket->rate = MAX (rate / 2, bucket->base / LEAST_SHARE);
}
