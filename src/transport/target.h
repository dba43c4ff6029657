/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/socket.h>

#include <glib.h>

/* What may be asked of the network at all: pure checks, before a byte leaves. */

/* Where a request goes. */
typedef struct {
    char *origin;      /* owned: "https://host:port", fit for an error message: a path can
                          hold what nobody should read */
    gboolean is_plain; /* http: only ever to a loopback address */
} BrevTarget;

void brev_target_clear (BrevTarget *target);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevTarget, brev_target_clear)

/**
 * brev_target_parse:
 * @url: where a request shall go
 *
 * https to anywhere, http to a loopback address or to "localhost"; neither a user name
 * nor a password in it.
 *
 * Returns: %FALSE with %BREV_ERROR_CONFIG
 */
gboolean brev_target_parse (const char *url, BrevTarget *target, GError **error);
/* So, but smtps:// or smtp://, whose TLS is not the URL's to tell. */
gboolean brev_target_parse_smtp (const char *url, BrevTarget *target, GError **error);

/* As brev_target_parse(), but http also goes to the addresses at which machines and
 * containers of AWS hand out their keys: 169.254.169.254, 169.254.170.2, 169.254.170.23. No
 * packet to them leaves the machine's link. */
gboolean brev_target_parse_metadata (const char *url, BrevTarget *target, GError **error);
gboolean brev_target_is_metadata (const struct sockaddr *address);

/* Whether @address is in 127.0.0.0/8 or ::1: what "localhost" must have led to. */
gboolean brev_target_is_loopback (const struct sockaddr *address);

/**
 * brev_target_check_header:
 *
 * Refuses a name that is no token (RFC 9110 section 5.1), a value that could begin a
 * second field, and the fields that say where a request ends: those are the transport's
 * own.
 *
 * Returns: %FALSE with %BREV_ERROR_INPUT, whose text does not hold the value
 */
gboolean brev_target_check_header (const char *name, const char *value, GError **error);

/* Whether @text is a token: a method, or a field's name. */
gboolean brev_target_is_token (const char *text);
