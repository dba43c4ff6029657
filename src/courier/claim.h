/* SPDX-License-Identifier: MIT */
#pragma once

#include "courier/worker.h"

/**
 * brev_claim_mail:
 *
 * Claims due mail of the worker's account, reads, decodes and plans it. What can be sent
 * stands in the worker's jobs afterwards; everything else is settled.
 *
 * Returns: %FALSE with @error when the store fails
 */
gboolean brev_claim_mail (BrevWorker *worker, GError **error);

/**
 * brev_claim_plan:
 * @recipients: (array of BrevStoreRecipient): of @letter, which is decoded
 * @may_ask: whether the provider is asked about those that may have been sent
 *
 * Plans a letter, or what is left of it, for the worker's account.
 */
void brev_claim_plan (BrevWorker *worker, BrevLetter *letter, const GPtrArray *recipients,
                      gboolean may_ask);
