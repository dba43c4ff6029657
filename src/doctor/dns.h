/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Questions to DNS. What nobody could answer is kept apart from what is surely not there:
 * only the latter is a fault of whoever publishes records. */

typedef enum {
    BREV_DNS_FOUND,
    BREV_DNS_NOTHING, /* no such name, or one without such a record */
    BREV_DNS_UNKNOWN, /* no answer, or one that says nothing */
} BrevDnsState;

typedef struct {
    BrevDnsState state;
    GPtrArray *records; /* owned, of GBytes: the strings of each record, joined */
    const char *reason; /* static: why it is unknown; else NULL */
} BrevDnsAnswer;

#define BREV_DNS_LIMIT (4 * BREV_SECOND) /* for all names together */

/**
 * brev_dns_find_txt:
 * @names: (element-type utf8): of ASCII; each is as it stands, without search domains
 * @servers: (array zero-terminated=1) (nullable): "127.0.0.1:5353", "::1"; %NULL: those of
 * the system
 *
 * Asks for the TXT records of all names at once, and waits no longer than %BREV_DNS_LIMIT.
 * CNAMEs are followed by the name server. Strings of a record are joined with nothing
 * between them, as RFC 6376 3.6.2.2 and 7208 3.3 want it.
 *
 * Returns: (transfer full): (array of BrevDnsAnswer), one for each name
 */
GPtrArray *brev_dns_find_txt (const GPtrArray *names, char **servers);
