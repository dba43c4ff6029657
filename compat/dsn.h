/* SPDX-License-Identifier: MIT */
#pragma once

#include "envelope/envelope.h"

/* RFC 3461: the words that -N, -R and -V share with the parameters of MAIL and RCPT. */

#define BREV_ENVID_MAX 100 /* sections 4.2 and 4.4, as written */
#define BREV_ORCPT_MAX 500

/**
 * brev_dsn_notify:
 * @word: one of a NOTIFY list, in any case
 *
 * Returns: 0 when it is none
 */
BrevNotify brev_dsn_notify (const char *word);

/* Whether @notify may be said: "never" stands alone. */
gboolean brev_dsn_notify_is_sound (BrevNotify notify);

/* Returns: %BREV_RETURN_UNSAID when @word is neither "full" nor "hdrs" */
BrevReturn brev_dsn_return (const char *word);

/**
 * brev_dsn_decode_xtext:
 *
 * RFC 3461 section 4: "+41" stands for a character.
 *
 * Returns: (nullable) (transfer full): %NULL also for what holds control characters
 */
char *brev_dsn_decode_xtext (const char *text);
