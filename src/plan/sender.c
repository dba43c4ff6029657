/* SPDX-License-Identifier: MIT */
#include "plan/rules.h"

#include <string.h>

#include "base/text.h"
#include "message/address.h"

char *
brev_rule_qualify (const BrevPlanInput *input, const char *address)
{
    const char *domain = brev_text_domain (address);
    g_autofree char *ascii = NULL;

    if (domain == NULL)
        return g_strconcat (address, "@", input->config->mail_name, NULL);
    ascii = g_str_is_ascii (domain) ? NULL : g_hostname_to_ascii (domain);
    if (ascii == NULL)
        return g_strdup (address);
    return g_strdup_printf ("%.*s%s", (int) (domain - address), address, ascii);
}

static BrevMailbox *
qualified (const BrevPlanInput *input, const BrevMailbox *mailbox)
{
    g_autofree char *address = brev_rule_qualify (input, mailbox->address);

    return brev_mailbox_new (address, mailbox->name);
}

GPtrArray *
brev_rule_qualify_all (const BrevPlanInput *input, const GPtrArray *mailboxes)
{
    g_autoptr (GPtrArray) all =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
    gboolean is_other = FALSE;

    for (guint i = 0; i < mailboxes->len; i++) {
        const BrevMailbox *before = mailboxes->pdata[i];
        BrevMailbox *after = qualified (input, before);
        is_other |= strcmp (before->address, after->address) != 0;
        g_ptr_array_add (all, after);
    }
    return is_other ? g_steal_pointer (&all) : NULL;
}

/* Who wrote the message: From, else the envelope's sender. Returns NULL for neither, as
 * in a report without a From. */
static BrevMailbox *
find_author (const BrevPlanInput *input)
{
    if (input->message->from->len > 0)
        return qualified (input, input->message->from->pdata[0]);
    if (*input->sender == '\0')
        return NULL;
    g_autofree char *address = brev_rule_qualify (input, input->sender);
    return brev_mailbox_new (address, input->full_name);
}

/* The configured "from". Returns NULL when there is none, or none that can be read. */
static BrevMailbox *
find_stand_in (const BrevPlanInput *input)
{
    if (input->config->from == NULL)
        return NULL;
    g_autoptr (BrevAddressList) list = brev_address_parse (input->config->from, NULL);
    if (list == NULL || list->mailboxes->len != 1 || list->bad->len > 0)
        return NULL;
    return qualified (input, list->mailboxes->pdata[0]);
}

static gboolean
may_send_as (const BrevPlanInput *input, const BrevMailbox *mailbox)
{
    return mailbox != NULL &&
           brev_account_covers (input->config, input->account, mailbox->address);
}

/* Whether nobody but senders of the account shows as the author. Only a raw message shows
 * more than the first of them. */
static gboolean
may_all_send (const BrevPlanInput *input, const BrevMailbox *author)
{
    const GPtrArray *from = input->message->from;
    gboolean may = may_send_as (input, author);

    for (guint i = 1; may && brev_rule_is_raw (input->provider) && i < from->len; i++) {
        g_autoptr (BrevMailbox) other = qualified (input, from->pdata[i]);
        may = may_send_as (input, other);
    }
    return may;
}

static gboolean
wait_for_sender (const BrevPlanInput *input, const BrevMailbox *author, BrevPlan *plan)
{
    const char *account = input->account->name;
    const char *from = input->config->from;
    g_autofree char *who = author == NULL
                               ? g_strdup ("a message without From needs a sender")
                               : g_strdup_printf ("account '%s' may not send as '%s'",
                                                  account, author->address);

    plan->kind = BREV_PLAN_WAIT;
    plan->dsn = "4.3.5";
    if (from == NULL)
        plan->reason = g_strdup_printf (
            "%s: add \"from = NAME <ADDRESS>\" to [brevdue] to stand in for such senders, and "
            "\"senders = DOMAIN\" to [account %s] with each domain that it may send as",
            who, account);
    else
        plan->reason = g_strdup_printf (
            "%s, and \"from = %s\" cannot stand in: give \"from =\" in [brevdue] an address that "
            "is covered by \"senders =\" in [account %s]",
            who, from, account);
    return FALSE;
}

static void
add_reply_to (const BrevPlanInput *input, BrevMail *draft)
{
    const GPtrArray *reply_to = input->message->reply_to;

    for (guint i = 0; i < reply_to->len; i++)
        g_ptr_array_add (draft->reply_to, qualified (input, reply_to->pdata[i]));
}

/* Nobody can answer to a domain of one word, root@web1, and providers refuse it. */
static gboolean
can_be_answered (const BrevMailbox *mailbox)
{
    const char *domain = brev_text_domain (mailbox->address);

    return domain != NULL && strchr (domain, '.') != NULL;
}

static gboolean
has_name (const BrevMailbox *mailbox)
{
    return mailbox->name != NULL && *mailbox->name != '\0';
}

gboolean
brev_rule_sender (const BrevPlanInput *input, BrevMail *draft, BrevPlan *plan)
{
    g_autoptr (BrevMailbox) author = find_author (input);
    g_autoptr (BrevMailbox) stand_in = NULL;
    /* A report of ours speaks for this host, whatever mail from it may look like. */
    gboolean may_stay = !input->is_report || input->config->from == NULL;

    add_reply_to (input, draft);
    if (may_stay && may_all_send (input, author)) {
        draft->from = g_steal_pointer (&author);
        return TRUE;
    }
    stand_in = find_stand_in (input);
    if (!may_send_as (input, stand_in))
        return wait_for_sender (input, author, plan);
    if (author == NULL) {
        draft->from = g_steal_pointer (&stand_in);
        return TRUE;
    }
    draft->from = brev_mailbox_new (stand_in->address,
                                    has_name (author) ? author->name : author->address);
    plan->rewritten_from = g_strdup (author->address);
    if (draft->reply_to->len == 0 && !input->is_report && can_be_answered (author))
        g_ptr_array_add (draft->reply_to, g_steal_pointer (&author));
    return TRUE;
}
