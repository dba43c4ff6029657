/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* What a verifier makes of the record of a DKIM key. Not judged are flags, hashes and
 * services (t, h, s): they limit a key, and do not make it a bad one. */

typedef enum {
    BREV_DKIM_GOOD,
    BREV_DKIM_MISSING,
    BREV_DKIM_SHORT,
    BREV_DKIM_REVOKED,
    BREV_DKIM_BAD,     /* ignored as a whole */
    BREV_DKIM_SEVERAL, /* records: what a verifier takes is undefined */
} BrevDkimVerdict;

#define BREV_DKIM_BITS_MIN 1024 /* of an RSA key: RFC 8301 3.2 */

typedef struct {
    BrevDkimVerdict verdict;
    guint bits;        /* 0: not read */
    const char *fault; /* static: of a bad one, "its base64 is broken or cut short" */
} BrevDkimKey;

/**
 * brev_dkim_judge:
 * @records: (element-type GBytes): each TXT record at the key's name, its strings joined
 * with nothing between them (RFC 6376 3.6.2.2)
 *
 * Reads the one record as RFC 6376 3.6.1 has it, with the keys of RFC 8463. A verifier must
 * not count a signature by an RSA key under 1024 bits (RFC 8301 3.2).
 *
 * Returns: the verdict
 */
BrevDkimKey brev_dkim_judge (const GPtrArray *records);
