/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/provider.h"

/* OAuth 2, RFC 6749: an account with a "client-id" shows an access token that lives for a
 * time. It is asked for by the client's secret (section 4.4), or with "SECRET:REFRESH-TOKEN"
 * as the account's token by the latter (section 6). */

/**
 * brev_oauth_check:
 * @secret: the account's token
 *
 * Returns: %FALSE with %BREV_ERROR_CONFIG when something is missing to ask by, without any
 * part of @secret; %TRUE of an account without OAuth 2
 */
gboolean brev_oauth_check (const BrevAccount *account, const BrevProvider *provider,
                           const char *secret, GError **error);

/* Returns: (transfer full) (nullable): the one request, %NULL when it has its reply */
BrevHttpRequest *brev_oauth_next (const BrevAccount *account, const char *secret,
                                  const GPtrArray *replies, GError **error);

/**
 * brev_oauth_read:
 * @now: ms since 1970
 * @expiry: (out): so
 *
 * Reads what section 5 of the RFC describes.
 *
 * Returns: (transfer full) (nullable): the access token, to be freed with
 * brev_secret_free(); or %NULL with %BREV_ERROR_CONFIG when the administrator must act,
 * else with %BREV_ERROR_SYSTEM
 */
char *brev_oauth_read (const BrevHttpReply *reply, gint64 now, gint64 *expiry,
                       GError **error);
