/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/**
 * brev_aws_keys_fetch:
 * @expiry: (out): ms since 1970
 *
 * The keys that AWS gives to what runs there: of the container, where one of the variables
 * AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI is set, else of the machine (IMDSv2).
 * Waits for the answers, six seconds at most.
 *
 * Returns: (transfer full) (nullable): "ID:SECRET:SESSION", to be freed with
 * brev_secret_free(); or %NULL with %BREV_ERROR_CONFIG
 */
char *brev_aws_keys_fetch (gint64 *expiry, GError **error);
