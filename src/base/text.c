/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <string.h>

gboolean
brev_text_is_ascii (const char *text)
{
    while (g_ascii_isprint (*text))
        text++;
    return *text == '\0';
}

gboolean
brev_text_is_made_of (const char *text, const char *others)
{
    for (const char *p = text; *p != '\0'; p++)
        if (!g_ascii_isalnum (*p) && (guchar) *p < 0x80 && strchr (others, *p) == NULL)
            return FALSE;
    return TRUE;
}

char *
brev_text_printable (const char *text)
{
    g_autofree char *valid = NULL;
    GString *clean;

    if (brev_text_is_ascii (text)) /* as most is */
        return g_strdup (text);
    valid = g_utf8_make_valid (text, -1);
    clean = g_string_sized_new (strlen (valid));
    for (char *p = valid; *p != '\0'; p = g_utf8_next_char (p)) {
        gunichar c = g_utf8_get_char (p);
        if (g_unichar_iscntrl (c) || c == 0x2028 || c == 0x2029)
            g_string_append_c (clean, '?');
        else
            g_string_append_unichar (clean, c);
    }
    return g_string_free (clean, FALSE);
}

char *
brev_text_fold (const char *address)
{
    g_autofree char *valid = NULL;

    if (brev_text_is_ascii (address))
        return g_ascii_strdown (address, -1);
    valid = g_utf8_make_valid (address, -1);
    return g_utf8_strdown (valid, -1);
}

gboolean
brev_text_is_idle_backslash (const char *p)
{
    return p[0] == '\\' && p[1] != '\0' && strchr ("!#$%&'*=?^`{|}", p[1]) != NULL;
}

/* Whether @c, beside an address, makes it another one. */
static gboolean
belongs_to_address (char c)
{
    return g_ascii_isalnum (c) || c == '-' || c == '_' || c == '+' || (c & 0x80) != 0;
}

gboolean
brev_text_names (const char *text, const char *address)
{
    g_autofree char *folded = brev_text_fold (text);
    gsize length = strlen (address);

    if (length == 0)
        return FALSE;
    for (const char *p = folded; (p = strstr (p, address)) != NULL; p++) {
        const char *end = p + length;
        gboolean goes_on =
            belongs_to_address (end[0]) || (end[0] == '.' && belongs_to_address (end[1]));
        if (!goes_on && (p == folded || !(belongs_to_address (p[-1]) || p[-1] == '.')))
            return TRUE;
    }
    return FALSE;
}

const char *
brev_text_domain (const char *address)
{
    const char *at = strrchr (address, '@');

    return at == NULL ? NULL : at + 1;
}
