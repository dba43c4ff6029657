/* SPDX-License-Identifier: MIT */
#pragma once

#include "message/gmime.h"
#include "message/message.h"

/**
 * brev_odd_find:
 * @object: (nullable): the message as GMime has it; %NULL: it is one text
 *
 * Sets message->is_utf8, and where it is not, message->odd.
 */
gboolean brev_odd_find (BrevMessage *message, int fd, GMimeObject *object, guint64 body,
                        GError **error);
