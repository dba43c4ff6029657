/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#define BREV_MAX_PARTS 1000
#define BREV_MAX_DEPTH 64

/**
 * brev_scan_limits:
 *
 * Reads the message line by line, as cheaply as that can be done, and refuses what would
 * cost GMime more than it is worth: 1,000 empty parts are 1.3 MB of its memory, a million
 * of them 1.3 GB.
 *
 * Returns: %FALSE with %BREV_ERROR_INPUT that names the limit
 */
gboolean brev_scan_limits (int fd, guint64 offset, guint64 length, GError **error);

/**
 * brev_scan_for_boundary:
 * @boundaries: of char *, without the leading hyphens
 *
 * Returns: TRUE and the offset of the first line that is one of @boundaries, or of the
 * end; %FALSE when the file cannot be read
 */
gboolean brev_scan_for_boundary (int fd, guint64 offset, guint64 length,
                                 const GPtrArray *boundaries, guint64 *found,
                                 GError **error);
