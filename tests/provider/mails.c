/* SPDX-License-Identifier: MIT */
#include "mails.h"

#include <string.h>

static BrevMail *
mail_new (const char *recipients)
{
    g_auto (GStrv) addresses = g_strsplit (recipients, " ", -1);
    BrevMail *mail = brev_mail_new ();

    mail->from = brev_mailbox_new ("noreply@example.com", NULL);
    mail->message_id = g_strdup ("<1@example.com>");
    mail->n_recipients = g_strv_length (addresses);
    mail->recipients = g_new0 (guint, mail->n_recipients);
    for (guint i = 0; i < mail->n_recipients; i++) {
        mail->recipients[i] = i;
        g_ptr_array_add (mail->to, brev_mailbox_new (addresses[i], NULL));
    }
    return mail;
}

GPtrArray *
test_mails_new (const char *recipients)
{
    g_auto (GStrv) parts = g_strsplit (recipients, " | ", -1);
    GPtrArray *mails = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mail_free);

    for (char **part = parts; *part != NULL; part++)
        g_ptr_array_add (mails, mail_new (*part));
    return mails;
}

static void
append_verdict (GString *text, const BrevVerdict *verdict)
{
    static const char *const kinds[] = { "accepted", "refused", "later", "account",
                                         "unknown",  "split",   "park",  "again" };
    static const char *const scopes[] = { "account", "sender", "recipient", "stream" };

    g_string_append_printf (text, "%s%s", text->len == 0 ? "" : " ",
                            kinds[verdict->kind]);
    if (verdict->kind == BREV_VERDICT_ACCEPTED)
        g_string_append_printf (text, "(%s)%s", verdict->remote_id,
                                verdict->is_test ? "test" : "");
    if (verdict->kind == BREV_VERDICT_REFUSED)
        g_string_append_printf (text, " %s", verdict->dsn);
    if (verdict->kind == BREV_VERDICT_ACCOUNT)
        g_string_append_printf (text, "/%s", scopes[verdict->scope]);
    if (verdict->after != 0)
        g_string_append_printf (text, "+%" G_GINT64_FORMAT, verdict->after / 1000);
}

char *
test_outcome_text (const BrevOutcome *outcome)
{
    GString *text = g_string_new (NULL);

    for (guint i = 0; i < outcome->n; i++) {
        append_verdict (text, &outcome->verdicts[i]);
        g_assert_nonnull (outcome->verdicts[i].dsn);
    }
    return g_string_free (text, FALSE);
}

char *
test_read (const BrevProvider *provider, const char *recipients, BrevHttpReply *reply)
{
    g_autoptr (GPtrArray) mails = test_mails_new (recipients);
    g_autoptr (GPtrArray) outcomes =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_outcome_free);
    g_autoptr (GString) all = g_string_new (NULL);

    for (guint i = 0; i < mails->len; i++)
        g_ptr_array_add (outcomes, brev_outcome_new (mails->pdata[i]));
    provider->read (reply, mails, outcomes);
    for (guint i = 0; i < mails->len; i++) {
        g_autofree char *text = test_outcome_text (outcomes->pdata[i]);
        g_string_append_printf (all, "%s%s", i == 0 ? "" : " | ", text);
    }
    return g_strdup (all->str);
}
