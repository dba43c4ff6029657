/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "doctor/dkim.h"

/* A DKIM key that the configuration names, as it stands in DNS now. */
typedef struct {
    char *name;         /* owned: "pm._domainkey.example.com" */
    const char *domain; /* in @name: whose mail it signs */
    const char
        *unknown; /* static (nullable): why DNS did not say; @key is nothing then */
    BrevDkimKey key;
} BrevKey;

/**
 * brev_keys_read:
 *
 * Asks DNS for the keys of all accounts; one that several name is asked for once. It takes
 * up to %BREV_DNS_LIMIT, and nothing is asked where none is named.
 *
 * Returns: (transfer full): (array of BrevKey), in the order of the configuration
 */
GPtrArray *brev_keys_read (const BrevConfig *config);
