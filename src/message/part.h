/* SPDX-License-Identifier: MIT */
#pragma once

#include "message/gmime.h"
#include "message/message.h"

/**
 * brev_part_new:
 * @fd: the message's file; borrowed
 * @limit: bytes from the start of the file: where the message ends
 *
 * Returns: (transfer full): what there is to say about a part that is no multipart
 */
BrevPart *brev_part_new (GMimePart *leaf, int fd, guint64 limit);

/* Returns: (transfer full): bytes of the file that are taken as text */
BrevPart *brev_part_new_plain (guint64 offset, guint64 length);
