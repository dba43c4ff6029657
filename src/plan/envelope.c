/* SPDX-License-Identifier: MIT */
#include "plan/rules.h"

/* The envelope as SMTP would be told, RFC 5321 and RFC 3461. */

/* Reports of failures go to who sent the message, if the account may speak for that one;
 * a server that lets nobody use another's name refuses all else. The null sender is
 * nobody's name. */
static const char *
envelope_sender (const BrevPlanInput *input, const BrevMail *draft)
{
    if (*input->sender == '\0' ||
        brev_account_covers (input->config, input->account, input->sender))
        return input->sender;
    return draft->from->address;
}

/* RFC 3461 section 4: what is no visible ASCII, and "+" and "=", as "+2B". */
static char *
to_xtext (const char *text)
{
    GString *out = g_string_new (NULL);

    for (const char *p = text; *p != '\0'; p++)
        if (!g_ascii_isgraph (*p) || *p == '+' || *p == '=')
            g_string_append_printf (out, "+%02X", (guint) (guchar) *p);
        else
            g_string_append_c (out, *p);
    return g_string_free (out, FALSE);
}

void
brev_rule_envelope (const BrevPlanInput *input, BrevMail *draft)
{
    static const char *const returns[] = {
        [BREV_RETURN_UNSAID] = NULL,
        [BREV_RETURN_HEADERS] = "HDRS",
        [BREV_RETURN_FULL] = "FULL",
    };

    draft->envelope = brev_smtp_new (envelope_sender (input, draft));
    draft->envelope->peer.helo = g_strdup (input->config->mail_name);
    draft->envelope->ret = returns[input->ret];
    if (input->envid != NULL)
        draft->envelope->envid = to_xtext (input->envid);
}

/* Returns: (transfer full) (nullable): "SUCCESS,DELAY" */
static char *
format_notify (BrevNotify notify)
{
    static const struct {
        BrevNotify flag;
        const char *word;
    } words[] = {
        { BREV_NOTIFY_NEVER, "NEVER" },
        { BREV_NOTIFY_SUCCESS, "SUCCESS" },
        { BREV_NOTIFY_FAILURE, "FAILURE" },
        { BREV_NOTIFY_DELAY, "DELAY" },
    };
    GString *list = g_string_new (NULL);

    if ((notify & BREV_NOTIFY_NEVER) != 0) /* it stands alone */
        notify = BREV_NOTIFY_NEVER;
    for (guint i = 0; i < G_N_ELEMENTS (words); i++)
        if ((notify & words[i].flag) != 0)
            g_string_append_printf (list, "%s%s", list->len == 0 ? "" : ",",
                                    words[i].word);
    return g_string_free (list, list->len == 0);
}

void
brev_rule_add_recipient (BrevMail *mail, const char *address,
                         const BrevPlanRecipient *recipient)
{
    g_autofree char *notify = format_notify (recipient->notify);

    brev_smtp_add_recipient (mail->envelope, address, notify, recipient->orcpt);
}
