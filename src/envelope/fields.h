/* SPDX-License-Identifier: MIT */
#pragma once

#include "envelope/envelope.h"

/* The envelope as a row of fields: u8 tag, u32 length, bytes. */

void brev_fields_write (GByteArray *row, const BrevEnvelope *envelope);

/* Returns: (transfer full) (nullable): %NULL with %BREV_ERROR_INPUT when any field is
 * unknown, repeated, too long or not what it should be */
BrevEnvelope *brev_envelope_fields_read (const guint8 *bytes, gsize length,
                                         GError **error);
