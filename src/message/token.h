/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/**
 * brev_token_skip:
 * @p: a place in an address field, not its end
 *
 * A token is a quoted string, a comment, a domain literal, a route, an encoded word, each
 * whole, or one character.
 *
 * Returns: (nullable): what is behind the token, or %NULL when it never ends
 */
const char *brev_token_skip (const char *p);
