/* SPDX-License-Identifier: MIT */
#include "message/charset.h"

#include <string.h>

#include "message/gmime.h"

static gboolean
is_one_of (const char *name, const char *const *names, gsize n)
{
    for (gsize i = 0; i < n; i++)
        if (g_ascii_strcasecmp (name, names[i]) == 0)
            return TRUE;
    return FALSE;
}

/* cron writes what nl_langinfo(3) calls the C locale's charset: ANSI_X3.4-1968. */
static gboolean
is_ascii (const char *charset)
{
    static const char *const names[] = {
        "us-ascii", "ascii",        "ansi_x3.4-1968", "iso646-us",
        "646",      "unknown-8bit", "x-unknown",
    };

    return is_one_of (charset, names, G_N_ELEMENTS (names));
}

gboolean
brev_charset_is_declared_utf8 (const char *charset)
{
    static const char *const names[] = { "utf-8", "utf8", "'utf-8'" };

    return charset != NULL && is_one_of (charset, names, G_N_ELEMENTS (names));
}

gboolean
brev_charset_is_utf8 (const char *charset)
{
    return charset == NULL || is_ascii (charset) ||
           brev_charset_is_declared_utf8 (charset);
}

/* The name comes from the message and goes to iconv_open(), where "//" begins options.
 * Some programs put it in two kinds of quotes. */
static char *
clean_name (const char *charset)
{
    g_autofree char *name = g_strdup (charset);
    gsize length;

    g_strstrip (g_strdelimit (name, "'", ' '));
    length = strlen (name);
    if (length == 0 || length > 64)
        return NULL;
    for (const char *p = name; *p != '\0'; p++)
        if (!g_ascii_isalnum (*p) && strchr ("-_.:+", *p) == NULL)
            return NULL;
    return g_steal_pointer (&name);
}

GIConv
brev_charset_open (const char *charset)
{
    g_autofree char *name = charset != NULL ? clean_name (charset) : NULL;
    const char *known;

    if (name == NULL || is_ascii (name))
        return (GIConv) -1;
    (void) brev_gmime_options ();
    known = g_mime_charset_iconv_name (name);
    /* What calls itself Latin 1 and holds bytes from 0x80 to 0x9f is windows-1252, which
     * is the same elsewhere; mail programs read it so. */
    if (g_ascii_strcasecmp (known, "iso-8859-1") == 0)
        known = "windows-1252";
    return g_iconv_open ("UTF-8", known);
}
