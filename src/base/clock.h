/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Wall-clock times are gint64 milliseconds since 1970; durations are milliseconds too. */
#define BREV_SECOND G_GINT64_CONSTANT (1000)
#define BREV_MINUTE (60 * BREV_SECOND)
#define BREV_HOUR (60 * BREV_MINUTE)
#define BREV_DAY (24 * BREV_HOUR)

/**
 * brev_clock_now:
 *
 * Returns: the wall clock, in milliseconds since 1970
 */
gint64 brev_clock_now (void);

/**
 * brev_clock_ticks:
 *
 * Returns: a clock that never steps, in milliseconds since some moment
 */
gint64 brev_clock_ticks (void);
