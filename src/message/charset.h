/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Whether the name is one of UTF-8. */
gboolean brev_charset_is_declared_utf8 (const char *charset);

/* Whether UTF-8 says the same, as far as the name, or that there is none, tells. */
gboolean brev_charset_is_utf8 (const char *charset);

/**
 * brev_charset_open:
 * @charset: (nullable): as the message has it
 *
 * Returns: a converter to UTF-8, or (GIConv) -1 when the name says nothing about bytes
 * beyond ASCII: no name, US-ASCII, one that nobody knows
 */
GIConv brev_charset_open (const char *charset);
