/* SPDX-License-Identifier: MIT */
#pragma once

#include "admin/listing.h"

/**
 * brev_mailq_text:
 *
 * The list as Postfix prints it with long queue ids, and, so that readers of sendmail's
 * own list count right as well, a line "Total requests" before its last.
 *
 * Returns: (transfer full)
 */
char *brev_mailq_text (const BrevListing *listing);
