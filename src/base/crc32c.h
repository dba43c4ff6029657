/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/**
 * brev_crc32c:
 * @crc: 0 at first, then what the last call returned
 *
 * CRC-32C (Castagnoli), RFC 3720 section B.4.
 *
 * Returns: the checksum of all bytes so far
 */
guint32 brev_crc32c (guint32 crc, const void *bytes, gsize length);
