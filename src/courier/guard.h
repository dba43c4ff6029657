/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "courier/storm.h"

/* Against floods: what storm.c decides of each message that is imported, and report-cap.c of
 * each report, done inside the transactions of the store. */
typedef struct BrevGuard BrevGuard;

/* The rule of @config. */
BrevStormRule brev_guard_rule (const BrevConfig *config);

/**
 * brev_guard_new:
 * @store: (nullable): whose imports it watches from now on
 * @is_durable: what waits in the queue survives, so mail and reports may wait
 */
BrevGuard *brev_guard_new (const BrevConfig *config, BrevStore *store,
                           gboolean is_durable);
void brev_guard_free (BrevGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevGuard, brev_guard_free)

/* Before a transaction: what an earlier one did not commit is no storm. */
void brev_guard_reset (BrevGuard *guard);

/* After it: one line for each storm that began, and for each sender who had enough reports. */
void brev_guard_log (BrevGuard *guard);
