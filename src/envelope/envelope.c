/* SPDX-License-Identifier: MIT */
#include "envelope/envelope.h"

#include <string.h>

BrevEnvelope *
brev_envelope_new (void)
{
    BrevEnvelope *envelope = g_new0 (BrevEnvelope, 1);

    envelope->sender = g_strdup ("");
    envelope->recipients = g_ptr_array_new_with_free_func (g_free);
    envelope->wishes = g_ptr_array_new_with_free_func (g_free);
    return envelope;
}

void
brev_envelope_free (BrevEnvelope *envelope)
{
    if (envelope == NULL)
        return;
    g_free (envelope->sender);
    g_ptr_array_unref (envelope->recipients);
    g_ptr_array_unref (envelope->wishes);
    g_free (envelope->full_name);
    g_free (envelope->login);
    g_free (envelope->program);
    g_free (envelope->envid);
    g_free (envelope->options);
    g_free (envelope->ignored);
    g_free (envelope);
}

char *
brev_wish_format (BrevNotify notify, const char *orcpt)
{
    return g_strdup_printf ("%u %s", (guint) notify, orcpt == NULL ? "" : orcpt);
}

gboolean
brev_wish_parse (const char *wish, BrevNotify *notify, const char **orcpt)
{
    const char *space = strchr (wish, ' ');
    g_autofree char *number =
        space == NULL ? g_strdup ("") : g_strndup (wish, (gsize) (space - wish));
    guint64 value;

    if (!g_ascii_string_to_unsigned (number, 10, 0, BREV_NOTIFY_ANY, &value, NULL))
        return FALSE;
    *notify = (BrevNotify) value;
    *orcpt = space[1] == '\0' ? NULL : space + 1;
    return TRUE;
}
