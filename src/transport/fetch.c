/* SPDX-License-Identifier: MIT */
#include "transport/exchange.h"

BrevHttpReply *
brev_http_fetch (BrevHttpRequest *request, const BrevHttpLimits *limits, GError **error)
{
    g_autoptr (BrevExchange) exchange = brev_exchange_new (request, limits, error);

    if (exchange == NULL)
        return NULL;
    return brev_exchange_finish (exchange,
                                 curl_easy_perform (brev_exchange_easy (exchange)));
}
