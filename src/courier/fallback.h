/* SPDX-License-Identifier: MIT */
#pragma once

#include "courier/worker.h"

/* The account that "fallback" names takes over while the one that names it cannot send:
 * what surely was not accepted. Mail that may have reached a provider stays with that. */

/**
 * brev_fallback_for:
 *
 * Returns: (nullable): who takes over from @worker now
 */
BrevWorker *brev_fallback_for (BrevWorker *worker);

/**
 * brev_fallback_give:
 * @plan: of @recipients, made for the account of @other
 *
 * Hands @recipients over to @other, unless they may have been sent, or it cannot carry
 * them as well.
 *
 * Returns: whether they are settled
 */
gboolean brev_fallback_give (BrevWorker *worker, BrevWorker *other, BrevLetter *letter,
                             const GPtrArray *recipients, const BrevPlan *plan);

/**
 * brev_fallback_keep:
 *
 * What no other account can take waits until the provider is asked again.
 */
void brev_fallback_keep (BrevWorker *worker, BrevLetter *letter,
                         const GPtrArray *recipients);

/**
 * brev_fallback_return:
 * @verdict: of the provider about @recipient
 *
 * Takes back at once, for somebody else, what was refused for the account's sake alone.
 *
 * Returns: whether it is settled
 */
gboolean brev_fallback_return (BrevWorker *worker, BrevLetter *letter,
                               BrevStoreRecipient *recipient, const BrevVerdict *verdict);
