/* SPDX-License-Identifier: MIT */
#pragma once

#include "store/store.h"

/* How many reports one sender gets: of a thousand refused messages nobody reads a thousand. */

#define BREV_REPORT_CAP_WINDOW BREV_HOUR

/**
 * brev_report_cap:
 * @count: (inout): of its sender
 * @limit: reports in an hour
 *
 * Pure, but for the id of a new digest. The hour begins with the first report; what comes on
 * top of the limit joins a digest that is due at its end.
 *
 * Returns: whether the report goes on its own
 */
gboolean brev_report_cap (BrevStoreReportCount *count, guint limit, gint64 now);
