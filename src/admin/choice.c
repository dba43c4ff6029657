/* SPDX-License-Identifier: MIT */
#include "admin/choice.h"

#include <string.h>

gboolean
brev_choice_read (const BrevCall *call, BrevChoice *choice, GError **error)
{
    choice->id = brev_call_option (call, "id");
    choice->recipient = brev_call_option (call, "recipient");
    choice->sender = brev_call_option (call, "sender");
    return brev_call_peer (call, &choice->uid, error);
}

gboolean
brev_choice_is_everything (const BrevChoice *choice)
{
    return choice->uid < 0 && choice->id == NULL && choice->recipient == NULL &&
           choice->sender == NULL;
}

static gboolean
holds (const char *part, const char *text)
{
    gboolean is_negated = part != NULL && *part == '!';
    g_autofree char *wanted = NULL;
    g_autofree char *folded = NULL;

    if (part == NULL || part[is_negated] == '\0')
        return TRUE;
    wanted = g_utf8_casefold (part + is_negated, -1);
    folded = g_utf8_casefold (text, -1);
    return (strstr (folded, wanted) != NULL) != is_negated;
}

gboolean
brev_choice_holds (const BrevChoice *choice, const BrevStoreMessage *message)
{
    const GPtrArray *recipients = message->recipients;
    gboolean is_to = recipients->len == 0;

    for (guint i = 0; i < recipients->len && !is_to; i++) {
        const BrevStoreRecipient *recipient = recipients->pdata[i];
        is_to = holds (choice->recipient, recipient->address);
    }
    return is_to && holds (choice->id, message->id) &&
           holds (choice->sender, message->sender);
}
