/* SPDX-License-Identifier: MIT */
#include "message/address.h"

#include <string.h>

#include "message/gmime.h"

/* Whether a phrase of RFC 5322 may hold it as it stands: dots and UTF-8 among it, but
 * nothing that a reader could take for an encoded word. */
static gboolean
is_phrase (const char *name)
{
    if (strstr (name, "=?") != NULL || strstr (name, "  ") != NULL || *name == ' ')
        return FALSE;
    for (; *name != '\0'; name++)
        if ((*name & 0x80) == 0 && !g_ascii_isalnum (*name) &&
            strchr (" !#$%&'*+-/=?^_`{|}~", *name) == NULL)
            return FALSE;
    return TRUE;
}

static char *
quote (const char *name)
{
    GString *quoted = g_string_new ("\"");

    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\')
            g_string_append_c (quoted, '\\');
        g_string_append_c (quoted, g_ascii_iscntrl (*name) ? ' ' : *name);
    }
    g_string_append_c (quoted, '"');
    return g_string_free (quoted, FALSE);
}

char *
brev_mailbox_format (const BrevMailbox *mailbox, gboolean ascii)
{
    g_autofree char *name = NULL;

    if (mailbox->name == NULL || mailbox->name[0] == '\0')
        return g_strdup (mailbox->address);
    if (ascii && !g_str_is_ascii (mailbox->name))
        name = g_mime_utils_header_encode_phrase (NULL, mailbox->name, "utf-8");
    else if (is_phrase (mailbox->name))
        name = g_strdup (mailbox->name);
    else
        name = quote (mailbox->name);
    return g_strdup_printf ("%s <%s>", name, mailbox->address);
}

char *
brev_mailboxes_format (const GPtrArray *mailboxes, gboolean ascii)
{
    GString *list = g_string_new (NULL);

    for (guint i = 0; i < mailboxes->len; i++) {
        g_autofree char *mailbox = brev_mailbox_format (mailboxes->pdata[i], ascii);
        g_string_append_printf (list, "%s%s", i == 0 ? "" : ", ", mailbox);
    }
    return g_string_free (list, FALSE);
}

char *
brev_header_encode (const char *text)
{
    return g_mime_utils_header_encode_text (NULL, text, "utf-8");
}
