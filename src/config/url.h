/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* URLs and servers, as a setting names them. */

/* Returns: (nullable): what is wrong with the URL @text, to stand behind it in a sentence */
const char *brev_url_fault (const char *text);

/* Returns: whether the host of the URL @text is a loopback address, or "localhost" */
gboolean brev_url_is_loopback (const char *text);

/* Returns: whether @word is the address of a server, and perhaps a port: "192.0.2.1",
 * "127.0.0.1:5353", "::1", "[::1]:5353" */
gboolean brev_url_is_server (const char *word);
