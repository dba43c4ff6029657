/* SPDX-License-Identifier: MIT */
#pragma once

#include "courier/courier.h"

/* Reports of delay ("delay-warning"): whatever keeps a message for so long, its sender is told
 * once. */

/**
 * brev_delay_next:
 *
 * Returns: ms since 1970 when the next sender is to be warned, G_MAXINT64: none
 */
gint64 brev_delay_next (const BrevCourier *courier);

/**
 * brev_delay_warn:
 *
 * Warns those whose time has come, a batch for each account. Mail that is about to be sent
 * is left alone: should that fail, it is deferred, and its sender is warned then.
 */
gboolean brev_delay_warn (const BrevCourier *courier, GError **error);
