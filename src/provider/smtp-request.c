/* SPDX-License-Identifier: MIT */
#include "provider/smtp-request.h"

#include "config/secret.h"

static void
recipient_free (gpointer data)
{
    BrevSmtpRecipient *recipient = data;

    g_free (recipient->address);
    g_free (recipient->notify);
    g_free (recipient->orcpt);
    g_free (recipient);
}

BrevSmtp *
brev_smtp_new (const char *sender)
{
    BrevSmtp *smtp = g_new0 (BrevSmtp, 1);

    smtp->sender = g_strdup (sender);
    smtp->recipients = g_ptr_array_new_with_free_func (recipient_free);
    return smtp;
}

BrevSmtp *
brev_smtp_copy (const BrevSmtp *smtp)
{
    BrevSmtp *copy;

    if (smtp == NULL)
        return NULL;
    copy = brev_smtp_new (smtp->sender);
    brev_smtp_peer_copy (&smtp->peer, &copy->peer);
    copy->ret = smtp->ret;
    copy->envid = g_strdup (smtp->envid);
    for (guint i = 0; i < smtp->recipients->len; i++) {
        const BrevSmtpRecipient *recipient = smtp->recipients->pdata[i];
        brev_smtp_add_recipient (copy, recipient->address, recipient->notify,
                                 recipient->orcpt);
    }
    return copy;
}

void
brev_smtp_free (BrevSmtp *smtp)
{
    if (smtp == NULL)
        return;
    brev_smtp_peer_clear (&smtp->peer);
    g_free (smtp->sender);
    g_ptr_array_unref (smtp->recipients);
    g_free (smtp->envid);
    g_free (smtp);
}

void
brev_smtp_add_recipient (BrevSmtp *smtp, const char *address, const char *notify,
                         const char *orcpt)
{
    BrevSmtpRecipient *recipient = g_new0 (BrevSmtpRecipient, 1);

    recipient->address = g_strdup (address);
    recipient->notify = g_strdup (notify);
    recipient->orcpt = g_strdup (orcpt);
    g_ptr_array_add (smtp->recipients, recipient);
}

void
brev_smtp_peer_copy (const BrevSmtpPeer *from, BrevSmtpPeer *to)
{
    to->helo = g_strdup (from->helo);
    to->user = g_strdup (from->user);
    to->password = g_strdup (from->password);
    to->mechanism = g_strdup (from->mechanism);
    to->is_plaintext = from->is_plaintext;
    to->ca_file = g_strdup (from->ca_file);
    to->certificate = g_strdup (from->certificate);
    to->key = g_strdup (from->key);
}

void
brev_smtp_peer_clear (BrevSmtpPeer *peer)
{
    g_clear_pointer (&peer->helo, g_free);
    g_clear_pointer (&peer->user, g_free);
    g_clear_pointer (&peer->password, brev_secret_free);
    g_clear_pointer (&peer->mechanism, g_free);
    g_clear_pointer (&peer->ca_file, g_free);
    g_clear_pointer (&peer->certificate, g_free);
    g_clear_pointer (&peer->key, g_free);
}

gboolean
brev_smtp_peer_equal (const BrevSmtpPeer *a, const BrevSmtpPeer *b)
{
    return a->is_plaintext == b->is_plaintext && g_strcmp0 (a->helo, b->helo) == 0 &&
           g_strcmp0 (a->user, b->user) == 0 &&
           g_strcmp0 (a->password, b->password) == 0 &&
           g_strcmp0 (a->mechanism, b->mechanism) == 0 &&
           g_strcmp0 (a->ca_file, b->ca_file) == 0 &&
           g_strcmp0 (a->certificate, b->certificate) == 0 &&
           g_strcmp0 (a->key, b->key) == 0;
}

BrevSmtpAnswer *
brev_smtp_answer_new (guint n)
{
    BrevSmtpAnswer *answer = g_new0 (BrevSmtpAnswer, 1);

    answer->n = n;
    answer->recipients = g_new0 (BrevSmtpReply, n);
    return answer;
}

void
brev_smtp_answer_free (BrevSmtpAnswer *answer)
{
    if (answer == NULL)
        return;
    for (guint i = 0; i < answer->n; i++)
        g_free (answer->recipients[i].text);
    g_free (answer->recipients);
    g_free (answer->last.text);
    g_free (answer);
}

void
brev_smtp_reply_set (BrevSmtpReply *reply, int code, const char *text)
{
    g_free (reply->text);
    reply->code = code;
    reply->text = g_strdup (text);
}
