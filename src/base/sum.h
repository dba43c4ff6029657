/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/**
 * brev_sum_new:
 *
 * Returns: (transfer full): to be updated with what is to be told apart and not to be read
 */
GChecksum *brev_sum_new (void);

/**
 * brev_sum_end:
 * @checksum: from brev_sum_new(); not to be updated any more
 *
 * Returns: the first 64 bits of its SHA-256, in the order of this host: for a database that
 * no other host reads. Nothing leads back from it
 */
gint64 brev_sum_end (GChecksum *checksum);
