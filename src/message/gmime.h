/* SPDX-License-Identifier: MIT */
#pragma once

#include <gmime/gmime.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeContentDisposition, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeContentType, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeObject, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeParserOptions, g_mime_parser_options_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeStream, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InternetAddressList, g_object_unref)

/**
 * brev_gmime_options:
 *
 * Starts GMime on the first call.
 *
 * Returns: (transfer none): how everything here is parsed: as leniently as GMime can, and
 * bytes without a charset are UTF-8, or else windows-1252
 */
GMimeParserOptions *brev_gmime_options (void);

/* Returns: (transfer full) (nullable): a message, read as a part: see brev_structure_read() */
GMimeObject *brev_gmime_parse (int fd, guint64 offset, guint64 length);

/**
 * brev_gmime_decode:
 * @raw: an unfolded field body
 *
 * Returns: (transfer full): one line of UTF-8 with the encoded words of RFC 2047 decoded
 * and without the control characters that may hide in them
 */
char *brev_gmime_decode (const char *raw);

/**
 * brev_gmime_line:
 * @text: (nullable): what GMime returned, or took out of the message as it was
 *
 * Returns: (transfer full) (nullable): one line of valid UTF-8 without control characters
 * or outer blanks, or %NULL when nothing is left
 */
char *brev_gmime_line (const char *text);
