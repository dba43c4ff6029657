/* SPDX-License-Identifier: MIT */
#include "compat/sender.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

gboolean
brev_text_has_controls (const char *text)
{
    for (; *text != '\0'; text++)
        if (g_ascii_iscntrl (*text))
            return TRUE;
    return FALSE;
}

/* Returns: the character after the quoted string at @p, which is copied with its quotes
 */
static const char *
copy_quoted (const char *p, GString *out)
{
    const char *start = p++;

    while (*p != '\0' && *p != '"')
        p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;
    if (*p == '"')
        p++;
    g_string_append_len (out, start, p - start);
    return p;
}

/* Returns: the character after the comment at @p */
static const char *
skip_comment (const char *p)
{
    guint depth = 0;

    do {
        if (*p == '(')
            depth++;
        else if (*p == ')')
            depth--;
        else if (p[0] == '\\' && p[1] != '\0')
            p++;
        p++;
    } while (depth > 0 && *p != '\0');
    return p;
}

/* Returns: (transfer full): @text without comments, and without all that stands outside
 * of angle brackets, if there are any. */
static GString *
bare_address (const char *text)
{
    GString *out = g_string_new (NULL);
    const char *p = text;
    gboolean in_angles = FALSE;

    while (*p != '\0' && !(in_angles && *p == '>')) {
        if (*p == '"')
            p = copy_quoted (p, out);
        else if (*p == '(')
            p = skip_comment (p);
        else if (*p == '<') {
            g_string_truncate (out, 0);
            in_angles = TRUE;
            p++;
        } else if (brev_text_is_idle_backslash (p))
            p++;
        else
            g_string_append_c (out, *p++);
    }
    g_strstrip (out->str);
    out->len = strlen (out->str);
    return out;
}

/* Whether something separates two addresses, or two words, outside of quotes. */
static gboolean
is_one_word (const char *address)
{
    gboolean quoted = FALSE;

    for (const char *p = address; *p != '\0'; p++) {
        if (p[0] == '\\' && p[1] != '\0')
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (!quoted && strchr (" \t,;<>()", *p) != NULL)
            return FALSE;
    }
    return !quoted;
}

gboolean
brev_sender_parse (const char *text, char **address, GError **error)
{
    g_autoptr (GString) bare = NULL;

    if (brev_text_has_controls (text))
        return brev_throw (
            error, BREV_ERROR_USAGE,
            "the sender '%s' holds a line break or another control character", text);
    bare = bare_address (text);
    if (!is_one_word (bare->str))
        return brev_throw (error, BREV_ERROR_USAGE, "the sender '%s' is not one address",
                           text);
    *address = g_string_free (g_steal_pointer (&bare), FALSE);
    return TRUE;
}
