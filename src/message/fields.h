/* SPDX-License-Identifier: MIT */
#pragma once

#include "message/header.h"
#include "message/message.h"

/**
 * brev_message_fields_read:
 *
 * Fills in what @message has from its header: addresses, subject, date, Message-ID, the
 * other fields, and the features that follow from them.
 *
 * Returns: %FALSE with %BREV_ERROR_INPUT beyond a limit of an address field
 */
gboolean brev_message_fields_read (BrevMessage *message, const BrevHeaderBlock *block,
                                   GError **error);
