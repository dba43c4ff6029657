/* SPDX-License-Identifier: MIT */
#pragma once

#include "admin/listing.h"

/**
 * brev_follow:
 * @id: of a message that has just been accepted
 * @timeout: ms
 *
 * Waits until delivery of the message was tried once, or until it waits for a person.
 *
 * Returns: (transfer full) (nullable): what the queue says about it then; %NULL with
 * @error, %BREV_ERROR_NO_FILE when it knows nothing about it
 */
BrevListed *brev_follow (const BrevConfig *config, const char *id, gint64 timeout,
                         GError **error);
