/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

gint64
brev_clock_now (void)
{
    return g_get_real_time () / 1000;
}

gint64
brev_clock_ticks (void)
{
    return g_get_monotonic_time () / 1000;
}
