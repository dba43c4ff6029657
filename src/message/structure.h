/* SPDX-License-Identifier: MIT */
#pragma once

#include "message/header.h"
#include "message/message.h"

/**
 * brev_structure_read:
 *
 * Has GMime find the parts of the message and says which of them is its text, its HTML,
 * its attachments. What GMime cannot read, and what follows a header that no empty line
 * ends, is one text.
 *
 * Returns: %FALSE with %BREV_ERROR_INPUT when parts nest too deep
 */
gboolean brev_structure_read (BrevMessage *message, int fd, const BrevHeaderBlock *block,
                              GError **error);
