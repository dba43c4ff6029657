/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "courier/storm.h"

/* The storm guard: what storm.c decides, done to each message that is imported. */
typedef struct BrevGuard BrevGuard;

/* The rule of @config. */
BrevStormRule brev_guard_rule (const BrevConfig *config);

/**
 * brev_guard_new:
 * @store: (nullable): whose imports it watches from now on
 * @may_hold: what waits in the queue survives, so mail may be held
 */
BrevGuard *brev_guard_new (const BrevConfig *config, BrevStore *store, gboolean may_hold);
void brev_guard_free (BrevGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevGuard, brev_guard_free)

/* Before an import: what an earlier one did not commit is no storm. */
void brev_guard_reset (BrevGuard *guard);

/* After it: one line for each storm that began. */
void brev_guard_log (BrevGuard *guard);
