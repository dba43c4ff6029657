/* SPDX-License-Identifier: MIT */
#include "message/gmime.h"

static GMimeParserOptions *
start (void)
{
    const char *charsets[] = { "utf-8", "windows-1252", NULL };
    GMimeParserOptions *options;

    g_mime_init ();
    /* An attached message is a file like any other: its bytes travel, its parts are not
     * ours to look at, and it cannot nest. */
    g_mime_object_register_type ("message", "rfc822", GMIME_TYPE_PART);
    g_mime_object_register_type ("message", "rfc2822", GMIME_TYPE_PART);
    g_mime_object_register_type ("message", "global", GMIME_TYPE_PART);
    g_mime_object_register_type ("message", "news", GMIME_TYPE_PART);
    options = g_mime_parser_options_new ();
    g_mime_parser_options_set_fallback_charsets (options, charsets);
    return options;
}

GMimeParserOptions *
brev_gmime_options (void)
{
    static gsize options = 0; /* GMime itself is process-wide */

    if (g_once_init_enter (&options))
        g_once_init_leave (&options, (gsize) start ());
    return (GMimeParserOptions *) options;
}

char *
brev_gmime_decode (const char *raw)
{
    g_autofree char *text = g_mime_utils_header_decode_text (brev_gmime_options (), raw);

    return g_utf8_make_valid (text, -1);
}

char *
brev_gmime_line (const char *text)
{
    g_autofree char *valid = text != NULL ? g_utf8_make_valid (text, -1) : g_strdup ("");
    GString *line = g_string_new (NULL);

    for (char *p = valid; *p != '\0'; p = g_utf8_next_char (p)) {
        gunichar c = g_utf8_get_char (p);
        g_string_append_unichar (line, g_unichar_iscntrl (c) ? ' ' : c);
    }
    g_strstrip (line->str);
    return g_string_free (line, line->str[0] == '\0');
}
