/* SPDX-License-Identifier: MIT */
#include "base/sum.h"

#include <string.h>

GChecksum *
brev_sum_new (void)
{
    return g_checksum_new (G_CHECKSUM_SHA256);
}

gint64
brev_sum_end (GChecksum *checksum)
{
    guint8 digest[32];
    gsize length = sizeof digest;
    gint64 sum;

    g_checksum_get_digest (checksum, digest, &length);
    memcpy (&sum, digest, sizeof sum);
    return sum;
}
