/* SPDX-License-Identifier: MIT */
#include "message/gmime.h"

#include <string.h>

#include "message/words.h"

#ifdef __SANITIZE_ADDRESS__
#define HAS_LEAK_CHECKER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_LEAK_CHECKER
#endif
#endif
#ifdef HAS_LEAK_CHECKER
#include <sanitizer/lsan_interface.h>
#endif

/* An attached message is a file like any other: its bytes travel, its parts are not ours
 * to look at, and it cannot nest. GMime forgets the entries that these replace, 16 bytes
 * each, once: tell the leak checker. */
static void
init_types (void)
{
    static const char *const messages[] = { "rfc822", "rfc2822", "global", "news" };

#ifdef HAS_LEAK_CHECKER
    __lsan_disable ();
#endif
    g_mime_init ();
    for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
        g_mime_object_register_type ("message", messages[i], GMIME_TYPE_PART);
#ifdef HAS_LEAK_CHECKER
    __lsan_enable ();
#endif
}

static GMimeParserOptions *
start (void)
{
    const char *charsets[] = { "utf-8", "windows-1252", NULL };
    GMimeParserOptions *options;

    init_types ();
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
    g_autofree char *joined = brev_words_join (raw);
    g_autofree char *text =
        g_mime_utils_header_decode_text (brev_gmime_options (), joined);
    char *line = brev_gmime_line (text);

    return line != NULL ? line : g_strdup ("");
}

/* Bytes that are not UTF-8 are windows-1252, as in bodies. */
static char *
make_utf8 (const char *text)
{
    g_autofree char *guessed = NULL;

    if (g_utf8_validate (text, -1, NULL))
        return g_strdup (text);
    guessed = g_mime_utils_decode_8bit (brev_gmime_options (), text, strlen (text));
    return g_utf8_make_valid (guessed, -1);
}

char *
brev_gmime_line (const char *text)
{
    g_autofree char *valid = make_utf8 (text != NULL ? text : "");
    GString *line = g_string_new (NULL);

    for (char *p = valid; *p != '\0'; p = g_utf8_next_char (p)) {
        gunichar c = g_utf8_get_char (p);
        g_string_append_unichar (line, g_unichar_iscntrl (c) ? ' ' : c);
    }
    g_strstrip (line->str);
    return g_string_free (line, line->str[0] == '\0');
}
