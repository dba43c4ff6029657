/* SPDX-License-Identifier: MIT */
#pragma once

#include "courier/flow.h"

/* As the service's courier, or as one that sends what is due and ends.
 * Returns: the status of the process */
int brev_run_queue (BrevFlow *flow, GError **error);

/**
 * brev_run_direct:
 * @is_durable: what is queued in this spool survives
 *
 * For one message, whose caller is told what became of it.
 *
 * Returns: the status of the process
 */
int brev_run_direct (BrevFlow *flow, gboolean is_durable);
