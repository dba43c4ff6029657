/* SPDX-License-Identifier: MIT */
#pragma once

#include "spool/submit.h"

/* Where the bytes of a frame go: brev_talk_put(), or brev_stream_put_file() */
typedef gboolean (*BrevPut) (int fd, const void *bytes, gsize length, GError **error);

gboolean brev_stream_put_file (int fd, const void *bytes, gsize length, GError **error);

/**
 * brev_stream_frame:
 * @head: from brev_frame_head()
 * @origin: (nullable): written in front, as in a queue file
 *
 * Writes a whole frame; one that is in memory with a single call of @put.
 */
gboolean brev_stream_frame (const GByteArray *head, const BrevMessageBytes *message,
                            const BrevOrigin *origin, int fd, BrevPut put,
                            GError **error);
