/* SPDX-License-Identifier: MIT */
#pragma once

#include <string.h>

#include <glib.h>

/* The big-endian numbers of a frame. */

static inline void
brev_put32 (guint8 *to, guint32 number)
{
    number = GUINT32_TO_BE (number);
    memcpy (to, &number, sizeof number);
}

static inline void
brev_put64 (guint8 *to, guint64 number)
{
    number = GUINT64_TO_BE (number);
    memcpy (to, &number, sizeof number);
}

static inline guint32
brev_get32 (const guint8 *from)
{
    guint32 number;

    memcpy (&number, from, sizeof number);
    return GUINT32_FROM_BE (number);
}

static inline guint64
brev_get64 (const guint8 *from)
{
    guint64 number;

    memcpy (&number, from, sizeof number);
    return GUINT64_FROM_BE (number);
}
