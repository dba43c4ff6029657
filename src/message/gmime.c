/* SPDX-License-Identifier: MIT */
#include "message/gmime.h"

#include <string.h>

#include "base/text.h"
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

/* GMime is given no message but a part: the fields it would parse as addresses are no
 * business of its own, and 50,000 nested groups in one end its stack. */
GMimeObject *
brev_gmime_parse (int fd, guint64 offset, guint64 length)
{
    g_autoptr (GMimeStream) stream = g_mime_stream_fs_new_with_bounds (
        fd, (gint64) offset, (gint64) (offset + length));
    g_autoptr (GMimeParser) parser = NULL;

    g_mime_stream_fs_set_owner (GMIME_STREAM_FS (stream), FALSE);
    parser = g_mime_parser_new_with_stream (stream);
    g_mime_parser_set_persist_stream (parser, TRUE);
    return g_mime_parser_construct_part (parser, brev_gmime_options ());
}

char *
brev_gmime_decode (const char *raw)
{
    gboolean is_plain = brev_text_is_ascii (raw) && strstr (raw, "=?") == NULL;
    g_autofree char *joined = is_plain ? NULL : brev_words_join (raw);
    g_autofree char *text =
        is_plain ? NULL : g_mime_utils_header_decode_text (brev_gmime_options (), joined);
    char *line = brev_gmime_line (is_plain ? raw : text);

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

static void
append_without_controls (GString *line, const char *text)
{
    for (; *text != '\0'; text = g_utf8_find_next_char (text, NULL)) {
        gunichar c = g_utf8_get_char (text);
        g_string_append_unichar (line, g_unichar_iscntrl (c) ? ' ' : c);
    }
}

char *
brev_gmime_line (const char *text)
{
    g_autofree char *valid = make_utf8 (text != NULL ? text : "");
    GString *line = g_string_new (NULL);

    if (brev_text_is_ascii (valid))
        g_string_append (line, valid);
    else
        append_without_controls (line, valid);
    g_strstrip (line->str);
    return g_string_free (line, line->str[0] == '\0');
}
