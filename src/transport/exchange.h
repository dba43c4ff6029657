/* SPDX-License-Identifier: MIT */
#pragma once

#include <curl/curl.h>

#include "transport/http.h"

/* One request and its reply: a curl easy handle and what is known about it. */
typedef struct BrevExchange BrevExchange;

/**
 * brev_exchange_new:
 * @request: (transfer full)
 *
 * Returns: (transfer full) (nullable): ready for a multi handle; or %NULL with @error
 * when this request must not leave, or its body cannot be read
 */
BrevExchange *brev_exchange_new (BrevHttpRequest *request, const BrevHttpLimits *limits,
                                 GError **error);
/* To be called when its easy handle is in no multi handle. */
void brev_exchange_free (BrevExchange *exchange);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevExchange, brev_exchange_free)

/* (transfer none) */
CURL *brev_exchange_easy (BrevExchange *exchange);

/**
 * brev_exchange_finish:
 * @result: how libcurl says that it ended
 *
 * Returns: (transfer full): all that is known
 */
BrevHttpReply *brev_exchange_finish (BrevExchange *exchange, CURLcode result);
