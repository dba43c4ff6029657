/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Signatures that libcurl does not make. Pure. */

/* Returns: (transfer full): @seconds since 1970 as RFC 9110 section 5.6.7 has it, in any locale */
char *brev_sign_date (gint64 seconds);

/* Returns: (transfer full): host and port of @url as the field Host has them: no port that its
 * scheme has anyway */
char *brev_sign_host (const char *url);

/**
 * brev_sign_azure:
 * @digest: (array fixed-size=32): SHA-256 of the body
 * @key: in base64
 *
 * Azure Communication Services: an HMAC over method, path, time, host and body.
 *
 * Returns: (transfer full): of header lines: Host, the time, the digest, Authorization
 */
GStrv brev_sign_azure (const char *method, const char *url, gint64 seconds,
                       const guint8 *digest, const char *key);
