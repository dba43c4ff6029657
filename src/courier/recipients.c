/* SPDX-License-Identifier: MIT */
#include "courier/recipients.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* The result while it grows. */
typedef struct {
    BrevRecipients *result;
    GHashTable *seen; /* owned, of owned folded addresses */
    const BrevLocalNames *names;
    BrevNotify default_notify;
    BrevNotify notify; /* the wishes for what is added now */
    const char *orcpt;
} Gathering;

static void
free_recipient (gpointer data)
{
    BrevRecipient *recipient = data;

    g_free (recipient->address);
    g_free (recipient->original);
    g_free (recipient->orcpt);
    g_free (recipient);
}

void
brev_recipients_free (BrevRecipients *recipients)
{
    if (recipients == NULL)
        return;
    g_ptr_array_unref (recipients->good);
    g_ptr_array_unref (recipients->bad);
    g_free (recipients);
}

static BrevRecipients *
new_recipients (void)
{
    BrevRecipients *recipients = g_new (BrevRecipients, 1);

    recipients->good = g_ptr_array_new_with_free_func (free_recipient);
    recipients->bad = g_ptr_array_new_with_free_func (free_recipient);
    return recipients;
}

static gboolean
same_name (const char *a, const char *b)
{
    return b != NULL && g_ascii_strcasecmp (a, b) == 0;
}

/* The host's own name and "localhost" are where programs on it think its users are. */
static gboolean
is_this_host (const char *domain, const BrevLocalNames *names)
{
    return same_name (domain, "localhost") ||
           same_name (domain, "localhost.localdomain") ||
           same_name (domain, names->host_name);
}

/* What follows from the domain of an address. */
typedef enum {
    PLACE_ELSEWHERE, /* goes as it stands */
    PLACE_MAY_ALIAS, /* a host that is also a mail domain: alias, else as it stands */
    PLACE_HERE,      /* no domain that takes mail: alias, postmaster, mail-name */
} Place;

static Place
place_of (const char *address, const BrevLocalNames *names)
{
    const char *domain = brev_text_domain (address);

    if (domain == NULL)
        return PLACE_HERE;
    if (!is_this_host (domain, names))
        return PLACE_ELSEWHERE;
    return same_name (domain, names->mail_name) ? PLACE_MAY_ALIAS : PLACE_HERE;
}

static char *
local_part (const char *address)
{
    const char *domain = brev_text_domain (address);

    return domain == NULL ? g_strdup (address)
                          : g_strndup (address, (gsize) (domain - 1 - address));
}

static char *
qualify (const char *local, const BrevLocalNames *names)
{
    return g_strconcat (local, "@", names->mail_name, NULL);
}

/* Where a local name goes that is no alias. */
static char *
without_alias (const char *local, const BrevLocalNames *names)
{
    if (names->postmaster == NULL || *names->postmaster == '\0')
        return qualify (local, names);
    if (brev_text_domain (names->postmaster) == NULL)
        return qualify (names->postmaster, names);
    return g_strdup (names->postmaster);
}

static void
add_to (GPtrArray *recipients, const Gathering *gathering, char *address,
        const char *original)
{
    BrevRecipient *recipient = g_new (BrevRecipient, 1);

    recipient->address = address;
    recipient->original = g_strdup (original);
    recipient->notify = gathering->notify;
    recipient->orcpt = g_strdup (gathering->orcpt);
    g_ptr_array_add (recipients, recipient);
}

static void
add_bad (Gathering *gathering, const char *piece)
{
    add_to (gathering->result->bad, gathering, g_strdup (piece), piece);
}

static void
add (Gathering *gathering, char *address, const char *original)
{
    char *folded = brev_text_fold (address);

    if (g_hash_table_add (gathering->seen, folded))
        add_to (gathering->result->good, gathering, address, original);
    else
        g_free (address);
}

/* One address that an alias led to: aliases are not followed again. */
static void
add_alias_target (Gathering *gathering, const char *target, const char *original)
{
    g_autofree char *local = NULL;

    if (place_of (target, gathering->names) != PLACE_HERE) {
        add (gathering, g_strdup (target), original);
        return;
    }
    local = local_part (target);
    add (gathering, without_alias (local, gathering->names), original);
}

static gboolean
add_alias (Gathering *gathering, const char *local, const char *original)
{
    g_autoptr (GPtrArray) targets = NULL;

    if (gathering->names->aliases == NULL)
        return FALSE;
    targets = brev_aliases_expand (gathering->names->aliases, local);
    if (targets == NULL)
        return FALSE;
    for (guint i = 0; i < targets->len; i++)
        add_alias_target (gathering, targets->pdata[i], original);
    return TRUE;
}

static void
add_address (Gathering *gathering, const char *address)
{
    Place place = place_of (address, gathering->names);
    g_autofree char *local = local_part (address);

    if (place != PLACE_ELSEWHERE && add_alias (gathering, local, address))
        return;
    if (place == PLACE_HERE)
        add (gathering, without_alias (local, gathering->names), address);
    else
        add (gathering, g_strdup (address), address);
}

static gboolean
is_whole (const char *address)
{
    const char *domain = brev_text_domain (address);

    return *address != '\0' && *address != '@' && (domain == NULL || *domain != '\0');
}

static void
add_list (Gathering *gathering, const BrevAddressList *list)
{
    for (guint i = 0; i < list->mailboxes->len; i++) {
        const BrevMailbox *mailbox = list->mailboxes->pdata[i];
        if (is_whole (mailbox->address))
            add_address (gathering, mailbox->address);
        else
            add_bad (gathering, mailbox->address);
    }
    for (guint i = 0; i < list->bad->len; i++)
        add_bad (gathering, list->bad->pdata[i]);
}

static void
add_argument (Gathering *gathering, const char *argument)
{
    g_autoptr (BrevAddressList) list = brev_address_parse (argument, NULL);

    if (list == NULL)
        add_bad (gathering, argument);
    else
        add_list (gathering, list);
}

static void
add_header (Gathering *gathering, const BrevHeaderRecipients *header)
{
    gathering->notify = gathering->default_notify;
    gathering->orcpt = NULL;
    add_list (gathering, header->to);
    add_list (gathering, header->cc);
    add_list (gathering, header->bcc);
}

static void
add_arguments (Gathering *gathering, const BrevEnvelope *envelope)
{
    for (guint i = 0; i < envelope->recipients->len; i++) {
        gathering->notify = 0;
        gathering->orcpt = NULL;
        if (i < envelope->wishes->len)
            (void) brev_wish_parse (envelope->wishes->pdata[i], &gathering->notify,
                                    &gathering->orcpt);
        if (gathering->notify == 0)
            gathering->notify = gathering->default_notify;
        add_argument (gathering, envelope->recipients->pdata[i]);
    }
}

/* Exim's way: an argument beside -t names who does not get the message. */
static void
subtract_arguments (Gathering *gathering, const BrevEnvelope *envelope)
{
    g_autoptr (BrevRecipients) taken = new_recipients ();
    Gathering aside = *gathering;

    aside.result = taken;
    add_arguments (&aside, envelope);
}

static void
add_both (Gathering *gathering, const BrevHeaderRecipients *header,
          const BrevEnvelope *envelope)
{
    switch (gathering->names->with_t) {
    case BREV_WITH_T_ADD:
        add_header (gathering, header);
        add_arguments (gathering, envelope);
        break;
    case BREV_WITH_T_SUBTRACT:
        subtract_arguments (gathering, envelope);
        add_header (gathering, header);
        break;
    case BREV_WITH_T_ONLY:
        add_arguments (gathering, envelope);
        if (envelope->recipients->len == 0)
            add_header (gathering, header);
        break;
    }
}

BrevRecipients *
brev_recipients_resolve (const BrevEnvelope *envelope, const BrevHeaderRecipients *header,
                         const BrevLocalNames *names, GError **error)
{
    g_autoptr (BrevRecipients) result = new_recipients ();
    g_autoptr (GHashTable) seen =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    Gathering gathering = { result, seen, names, envelope->notify, 0, NULL };

    if (header != NULL)
        add_both (&gathering, header, envelope);
    else
        add_arguments (&gathering, envelope);
    if (result->good->len + result->bad->len > BREV_RECIPIENTS_MAX) {
        (void) brev_throw (error, BREV_ERROR_INPUT, "more than %d recipients",
                           BREV_RECIPIENTS_MAX);
        return NULL;
    }
    return g_steal_pointer (&result);
}

char *
brev_sender_qualify (const char *sender, const char *fallback,
                     const BrevLocalNames *names)
{
    g_autoptr (BrevAddressList) list = NULL;
    const char *address = fallback;

    if (*sender == '\0')
        return g_strdup ("");
    list = brev_address_parse (sender, NULL);
    /* Of a list nobody can tell who the sender is: a report must not go to a stranger. */
    if (list != NULL && list->mailboxes->len == 1 && list->bad->len == 0)
        address = ((const BrevMailbox *) list->mailboxes->pdata[0])->address;
    if (brev_text_domain (address) != NULL)
        return g_strdup (address);
    return qualify (address, names);
}

/* -- for people ---------------------------------------------------------------------- */

char *
brev_recipient_address (const char *text)
{
    gsize length = strlen (text);
    gboolean is_bracketed = length > 2 && text[0] == '<' && text[length - 1] == '>';
    g_autofree char *address =
        is_bracketed ? g_strndup (text + 1, length - 2) : g_strdup (text);

    if (brev_text_domain (address) == NULL || strpbrk (address, "<> \t\r\n") != NULL)
        return NULL;
    return g_steal_pointer (&address);
}

char *
brev_recipient_show (const char *text)
{
    g_autofree char *address = brev_recipient_address (text);
    g_autofree char *shown = brev_text_printable (address != NULL ? address : text);

    return address != NULL ? g_strdup_printf ("<%s>", shown) : g_steal_pointer (&shown);
}
