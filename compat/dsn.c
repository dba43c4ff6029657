/* SPDX-License-Identifier: MIT */
#include "compat/dsn.h"

#include <string.h>

#include "compat/sender.h"

/* clang-format off */
static const struct {
    const char *word;
    BrevNotify notify;
} notify_words[] = {
    { "never",   BREV_NOTIFY_NEVER },
    { "success", BREV_NOTIFY_SUCCESS },
    { "failure", BREV_NOTIFY_FAILURE },
    { "fail",    BREV_NOTIFY_FAILURE }, /* Courier */
    { "delay",   BREV_NOTIFY_DELAY },
};
/* clang-format on */

BrevNotify
brev_dsn_notify (const char *word)
{
    for (guint i = 0; i < G_N_ELEMENTS (notify_words); i++)
        if (g_ascii_strcasecmp (word, notify_words[i].word) == 0)
            return notify_words[i].notify;
    return 0;
}

gboolean
brev_dsn_notify_is_sound (BrevNotify notify)
{
    return (notify & BREV_NOTIFY_NEVER) == 0 || notify == BREV_NOTIFY_NEVER;
}

BrevReturn
brev_dsn_return (const char *word)
{
    if (g_ascii_strcasecmp (word, "full") == 0)
        return BREV_RETURN_FULL;
    return g_ascii_strcasecmp (word, "hdrs") == 0 ? BREV_RETURN_HEADERS
                                                  : BREV_RETURN_UNSAID;
}

char *
brev_dsn_decode_xtext (const char *text)
{
    g_autoptr (GString) out = g_string_new (NULL);

    for (const char *p = text; *p != '\0'; p++) {
        if (*p == ' ' || *p == '=')
            return NULL;
        if (*p != '+') {
            g_string_append_c (out, *p);
            continue;
        }
        if (!g_ascii_isxdigit (p[1]) || !g_ascii_isxdigit (p[2]))
            return NULL;
        g_string_append_c (
            out, (char) (g_ascii_xdigit_value (p[1]) * 16 + g_ascii_xdigit_value (p[2])));
        p += 2;
    }
    if (out->len != strlen (out->str) || brev_text_has_controls (out->str))
        return NULL;
    return g_string_free (g_steal_pointer (&out), FALSE);
}
