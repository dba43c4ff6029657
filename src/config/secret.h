/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"

/**
 * brev_secret_load:
 * @as_service: refuse a file that others can read, unless a *_FILE variable named it or
 * it lies below /run/secrets
 *
 * The account's token: from "token", "token-env", "token-file", the systemd credential
 * brevdue.ACCOUNT.token, the well-known variable of its provider, in this order. Wipe it with brev_secret_free().
 *
 * Returns: (transfer full) (nullable): or %NULL with %BREV_ERROR_CONFIG, whose text never
 * holds any part of the secret
 */
char *brev_secret_load (const BrevAccount *account, gboolean as_service, GError **error);
void brev_secret_free (char *secret);

/* Replaces every occurrence of @secret in @text (owned) by "***". */
char *brev_secret_mask (char *text, const char *secret);
