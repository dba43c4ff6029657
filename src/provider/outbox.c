/* SPDX-License-Identifier: MIT */

/* Outbox: no provider at all. The account's "as" names the provider that makes and reads
 * the requests; the courier keeps them in a directory instead of sending them. */

#include "provider/provider.h"

const BrevProvider brev_provider_outbox = {
    .name = "outbox",
    .title = "Outbox (a directory; nothing is sent)",
};
