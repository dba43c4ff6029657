/* SPDX-License-Identifier: MIT */
#pragma once

#include "message/message.h"

/* The decoder of one Content-Transfer-Encoding. What it cannot make sense of it leaves
 * out: a message is sent with a damaged attachment rather than not at all. */
typedef struct {
    BrevEncoding encoding;
    guint32 bits; /* base64: of the group that is not complete */
    guint n_bits;
    gboolean is_begun; /* uuencode: behind the line "begin" */
    gboolean is_ended; /* base64: behind the padding; uuencode: behind the line "end" */
    guint n_line;      /* uuencode, quoted-printable: length of line */
    char line[96];     /* what is not decided yet; uuencode has 85 at the very most */
} BrevTransfer;

void brev_transfer_init (BrevTransfer *transfer, BrevEncoding encoding);

/* Both append to @out. */
void brev_transfer_step (BrevTransfer *transfer, const guint8 *bytes, gsize length,
                         GByteArray *out);
void brev_transfer_finish (BrevTransfer *transfer, GByteArray *out);
