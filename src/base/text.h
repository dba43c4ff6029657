/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Returns: whether all of @text is ASCII that shows: the usual case, and quickly found */
gboolean brev_text_is_ascii (const char *text);

/* Returns: whether all of @text is letters, digits, bytes of UTF-8, or one of @others */
gboolean brev_text_is_made_of (const char *text, const char *others);

/**
 * brev_text_printable:
 *
 * Returns: (transfer full): valid UTF-8 without control characters, each of which became
 * '?': fit for one line of a log or a terminal
 */
char *brev_text_printable (const char *text);

/**
 * brev_text_fold:
 *
 * Returns: (transfer full): an address in the form in which two are compared: all of it in
 * lower case (RFC 5321 lets a host tell local parts apart by case; no provider does)
 */
char *brev_text_fold (const char *address);

/**
 * brev_text_is_idle_backslash:
 *
 * Returns: whether the backslash at @p, outside of quotes in an address, stands before a
 * character that needs none. Ruby's mail writes o\'hara@example.org in its arguments, out
 * of care for the shell.
 */
gboolean brev_text_is_idle_backslash (const char *p);

/**
 * brev_text_names:
 * @address: folded
 *
 * Returns: whether @address stands in @text, and not as part of a longer one
 */
gboolean brev_text_names (const char *text, const char *address);

/**
 * brev_text_domain:
 *
 * Returns: (nullable): the domain of @address, a pointer into it, or %NULL when it has none
 */
const char *brev_text_domain (const char *address);
