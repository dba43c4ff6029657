/* SPDX-License-Identifier: MIT */
#include "courier/backoff.h"

#include "base/clock.h"

enum { MIN_ATTEMPTS = 3 };

/* A provider that asks for more is not understood. */
#define LONGEST_WISH BREV_DAY

static gint64
ceiling (const BrevConfig *config, guint attempts)
{
    gint64 top = MAX (config->retry_min, config->retry_max);
    gint64 delay = config->retry_min;

    for (guint i = 0; i < attempts && delay < top; i++)
        delay *= 2;
    return MIN (delay, top);
}

gint64
brev_backoff_next (const BrevConfig *config, gint64 now, guint attempts,
                   gint64 retry_after, guint32 random)
{
    gint64 range = ceiling (config, attempts) - config->retry_min;
    gint64 jitter = (gint64) ((double) range * random / G_MAXUINT32);
    gint64 wish = CLAMP (retry_after, 0, LONGEST_WISH);

    return now + MAX (config->retry_min + jitter, wish);
}

gboolean
brev_backoff_is_over (const BrevConfig *config, gint64 now, gint64 arrival, gint64 paused,
                      guint attempts)
{
    return attempts >= MIN_ATTEMPTS && now - arrival - paused >= config->lifetime;
}
