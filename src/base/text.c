/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <string.h>

char *
brev_text_printable (const char *text)
{
    g_autofree char *valid = g_utf8_make_valid (text, -1);
    GString *clean = g_string_sized_new (strlen (valid));

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
    g_autofree char *valid = g_utf8_make_valid (address, -1);

    return g_utf8_strdown (valid, -1);
}

gboolean
brev_text_is_idle_backslash (const char *p)
{
    return p[0] == '\\' && p[1] != '\0' && strchr ("!#$%&'*=?^`{|}", p[1]) != NULL;
}

const char *
brev_text_domain (const char *address)
{
    const char *at = strrchr (address, '@');

    return at == NULL ? NULL : at + 1;
}
