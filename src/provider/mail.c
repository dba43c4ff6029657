/* SPDX-License-Identifier: MIT */
#include "provider/mail.h"

#include <string.h>

#include "base/error.h"

void
brev_controls_copy (const BrevControls *from, BrevControls *to)
{
    to->tag = g_strdup (from->tag);
    to->stream = g_strdup (from->stream);
    to->ip_pool = g_strdup (from->ip_pool);
    to->asm_group = g_strdup (from->asm_group);
    to->track_opens = from->track_opens;
    to->track_links = from->track_links;
    to->metadata = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_header_free);
    for (guint i = 0; from->metadata != NULL && i < from->metadata->len; i++) {
        const BrevHeader *field = from->metadata->pdata[i];
        g_ptr_array_add (to->metadata,
                         brev_header_new (field->name, field->raw, field->text));
    }
}

void
brev_controls_clear (BrevControls *controls)
{
    g_clear_pointer (&controls->tag, g_free);
    g_clear_pointer (&controls->stream, g_free);
    g_clear_pointer (&controls->ip_pool, g_free);
    g_clear_pointer (&controls->asm_group, g_free);
    g_clear_pointer (&controls->metadata, g_ptr_array_unref);
}

static GPtrArray *
mailboxes_new (void)
{
    return g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
}

BrevMail *
brev_mail_new (void)
{
    BrevMail *mail = g_new0 (BrevMail, 1);

    mail->fd = -1;
    mail->reply_to = mailboxes_new ();
    mail->to = mailboxes_new ();
    mail->cc = mailboxes_new ();
    mail->bcc = mailboxes_new ();
    mail->headers = g_ptr_array_new ();
    mail->added = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_header_free);
    return mail;
}

void
brev_mail_free (BrevMail *mail)
{
    if (mail == NULL)
        return;
    brev_mailbox_free (mail->from);
    g_ptr_array_unref (mail->reply_to);
    g_ptr_array_unref (mail->to);
    g_ptr_array_unref (mail->cc);
    g_ptr_array_unref (mail->bcc);
    g_ptr_array_unref (mail->headers);
    g_ptr_array_unref (mail->added);
    g_free (mail->message_id);
    g_free (mail->key);
    g_free (mail->own_subject);
    brev_controls_clear (&mail->controls);
    brev_body_free (mail->raw);
    brev_smtp_free (mail->envelope);
    g_free (mail->recipients);
    g_free (mail);
}

const BrevMailbox *
brev_mail_recipient (const BrevMail *mail, guint i)
{
    const GPtrArray *const fields[] = { mail->to, mail->cc, mail->bcc };

    for (guint f = 0; f < G_N_ELEMENTS (fields); f++) {
        if (i < fields[f]->len)
            return fields[f]->pdata[i];
        i -= fields[f]->len;
    }
    g_assert_not_reached ();
}

gboolean
brev_mail_has_queue_id (const BrevMail *mail, GError **error)
{
    const GPtrArray *metadata = mail->controls.metadata;

    for (guint i = 0; metadata != NULL && i < metadata->len; i++) {
        const BrevHeader *field = metadata->pdata[i];
        if (strcmp (field->name, BREV_QUEUE_ID_FIELD) == 0 &&
            g_strcmp0 (field->text, mail->queue_id) == 0)
            return TRUE;
    }
    return brev_throw (error, BREV_ERROR_INPUT, "the message does not have its queue id");
}

/* RFC 9562: a UUID of version 8, which is ours to fill. (transfer full) */
static char *
uuid_of (const char *text)
{
    char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
    char *uuid = g_strdup_printf ("%.8s-%.4s-8%.3s-8%.3s-%.12s", sum, sum + 8, sum + 12,
                                  sum + 15, sum + 18);

    g_free (sum);
    return uuid;
}

void
brev_mail_name_request (BrevMail *mail, const char *attempt)
{
    g_autoptr (GString) text = g_string_new (attempt);

    for (guint i = 0; i < mail->n_recipients; i++)
        g_string_append_printf (text, " %u", mail->recipients[i]);
    g_free (mail->key);
    mail->key = uuid_of (text->str);
}

char *
brev_mails_key (const GPtrArray *mails)
{
    g_autoptr (GString) text = g_string_new (NULL);

    for (guint i = 0; i < mails->len; i++) {
        const BrevMail *mail = mails->pdata[i];
        if (mail->key == NULL)
            return NULL;
        if (mails->len == 1)
            return g_strdup (mail->key);
        g_string_append (text, mail->key);
    }
    return uuid_of (text->str);
}
