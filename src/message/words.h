/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/**
 * brev_words_join:
 * @text: an unfolded field body, or a piece of one
 *
 * Encoded words of RFC 2047 that follow each other in base64 and in the same charset
 * become one word.
 *
 * Returns: (transfer full): @text, which means the same
 */
char *brev_words_join (const char *text);
