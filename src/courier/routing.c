/* SPDX-License-Identifier: MIT */
#include "courier/routing.h"

#include <pwd.h>

static const char *
header_value (const char *name, gconstpointer data)
{
    const BrevMessage *message = data;
    const BrevHeader *header;

    if (message == NULL)
        return NULL;
    if (g_ascii_strcasecmp (name, "Subject") == 0)
        return message->subject;
    header = brev_message_header (message, name);
    return header == NULL ? NULL : header->text;
}

static const char *
login_of (guint32 uid)
{
    const struct passwd *entry = getpwuid (uid);

    return entry == NULL ? NULL : entry->pw_name;
}

const BrevAccount *
brev_routing_account (const BrevRouting *routing, const char *recipient)
{
    const BrevMessage *message = routing->message;
    gboolean has_from = message != NULL && message->from->len > 0;
    BrevRouteFacts facts = {
        .sender = routing->sender,
        .from =
            has_from ? ((const BrevMailbox *) message->from->pdata[0])->address : NULL,
        .recipient = recipient,
        .uid = routing->uid,
        .header = header_value,
        .data = message,
    };

    if (routing->config->routes->len > 0)
        facts.user = login_of (routing->uid);
    return brev_route_choose (routing->config, &facts);
}
