/* SPDX-License-Identifier: MIT */
#include "provider/placeholder.h"

#include <string.h>

#include "message/address.h"

/* -- what there is to say ------------------------------------------------------------ */

static const GPtrArray *
mailboxes_of (const BrevMail *mail, BrevList list)
{
    switch (list) {
    case BREV_LIST_TO:
        return mail->to;
    case BREV_LIST_CC:
        return mail->cc;
    case BREV_LIST_BCC:
        return mail->bcc;
    case BREV_LIST_REPLY_TO:
        return mail->reply_to;
    case BREV_LIST_NONE:
    case BREV_LIST_RECIPIENTS:
    case BREV_LIST_HEADERS:
    case BREV_LIST_ATTACHMENTS:
    default:
        return NULL;
    }
}

guint
brev_list_length (const BrevMail *mail, BrevList list)
{
    const GPtrArray *mailboxes = mailboxes_of (mail, list);

    switch (list) {
    case BREV_LIST_RECIPIENTS:
        return mail->n_recipients;
    case BREV_LIST_HEADERS:
        return mail->headers->len + mail->added->len;
    case BREV_LIST_ATTACHMENTS:
        return mail->message->attachments->len;
    case BREV_LIST_NONE:
    case BREV_LIST_TO:
    case BREV_LIST_CC:
    case BREV_LIST_BCC:
    case BREV_LIST_REPLY_TO:
    default:
        return mailboxes != NULL ? mailboxes->len : 0;
    }
}

/* Texts: (transfer full), NULL when there is none. */

static const BrevMailbox *
mailbox_of (const BrevFocus *focus, BrevList list)
{
    if (list == BREV_LIST_NONE)
        return focus->mail->from;
    return list == BREV_LIST_RECIPIENTS
               ? brev_mail_recipient (focus->mail, focus->index)
               : mailboxes_of (focus->mail, list)->pdata[focus->index];
}

static char *
say_mailbox (const BrevFocus *focus, BrevList list)
{
    return brev_mailbox_format (mailbox_of (focus, list), FALSE);
}

static char *
say_address (const BrevFocus *focus, BrevList list)
{
    return g_strdup (mailbox_of (focus, list)->address);
}

static char *
say_name (const BrevFocus *focus, BrevList list)
{
    const char *name = mailbox_of (focus, list)->name;

    return name != NULL && name[strspn (name, " \t")] != '\0' ? g_strdup (name) : NULL;
}

static char *
say_subject (const BrevFocus *focus, BrevList list)
{
    return g_strdup (focus->mail->subject);
}

static char *
say_message_id (const BrevFocus *focus, BrevList list)
{
    return g_strdup (focus->mail->message_id);
}

static char *
say_queue_id (const BrevFocus *focus, BrevList list)
{
    return g_strdup (focus->mail->queue_id);
}

static char *
say_sender (const BrevFocus *focus, BrevList list)
{
    const BrevSmtp *envelope = focus->mail->envelope;

    return g_strdup (envelope != NULL ? envelope->sender : "");
}

static const BrevHeader *
header_of (const BrevFocus *focus)
{
    const GPtrArray *own = focus->mail->headers;

    return focus->index < own->len ? own->pdata[focus->index]
                                   : focus->mail->added->pdata[focus->index - own->len];
}

static char *
say_header_name (const BrevFocus *focus, BrevList list)
{
    return g_strdup (header_of (focus)->name);
}

static char *
say_header_value (const BrevFocus *focus, BrevList list)
{
    const BrevHeader *header = header_of (focus);

    return g_str_is_ascii (header->raw) ? g_strdup (header->raw)
                                        : brev_header_encode (header->text);
}

static const BrevPart *
attachment_of (const BrevFocus *focus)
{
    return focus->mail->message->attachments->pdata[focus->index];
}

static char *
say_file_name (const BrevFocus *focus, BrevList list)
{
    return brev_part_filename (attachment_of (focus), focus->index);
}

static char *
say_type (const BrevFocus *focus, BrevList list)
{
    return g_strdup (attachment_of (focus)->content_type);
}

static char *
say_content_id (const BrevFocus *focus, BrevList list)
{
    const BrevPart *part = attachment_of (focus);

    return part->is_inline ? g_strdup (part->content_id) : NULL;
}

/* Values that are streamed, or no text. */

static void
write_text (const BrevFocus *focus, BrevJson *json)
{
    const BrevMail *mail = focus->mail;

    if (mail->blank_body)
        brev_json_text (json, " ");
    else
        brev_json_part (json, mail->fd, mail->message->text, BREV_AS_JSON_TEXT);
}

static void
write_html (const BrevFocus *focus, BrevJson *json)
{
    const BrevMail *mail = focus->mail;

    if (mail->blank_body)
        brev_json_text (json, " ");
    else if (brev_part_has_content (mail->message->html))
        brev_json_part (json, mail->fd, mail->message->html, BREV_AS_JSON_TEXT);
    else
        brev_json_text_as_html (json, mail);
}

static void
write_raw (const BrevFocus *focus, BrevJson *json)
{
    brev_json_body (json, focus->mail->raw, BREV_AS_BASE64);
}

static void
write_content (const BrevFocus *focus, BrevJson *json)
{
    const BrevPart *part = attachment_of (focus);

    if (brev_part_has_content (part))
        brev_json_part (json, focus->mail->fd, part, BREV_AS_BASE64);
    else
        brev_json_text (json, "");
}

static void
write_headers (const BrevFocus *focus, BrevJson *json)
{
    brev_json_open (json, '{');
    brev_json_header_members (json, focus->mail);
    brev_json_close (json, '}');
}

/* -- placeholders -------------------------------------------------------------------- */

#define MAILBOXES(name, list, place)                                                   \
    { name, list, place, say_mailbox }, { name "-address", list, place, say_address }, \
    {                                                                                  \
        name "-name", list, 0, say_name                                                \
    }

/* clang-format off */
static const BrevPlaceholder placeholders[] = {
    MAILBOXES ("from",     BREV_LIST_NONE,     BREV_PLACE_FROM),
    MAILBOXES ("to",       BREV_LIST_TO,       BREV_PLACE_TO),
    MAILBOXES ("cc",       BREV_LIST_CC,       BREV_PLACE_CC),
    MAILBOXES ("bcc",      BREV_LIST_BCC,      BREV_PLACE_BCC),
    MAILBOXES ("reply-to", BREV_LIST_REPLY_TO, BREV_PLACE_REPLY_TO),
    { "recipients",      BREV_LIST_RECIPIENTS, BREV_PLACE_RECIPIENTS, say_address },
    { "envelope-sender", BREV_LIST_NONE, 0, say_sender },
    { "subject",         BREV_LIST_NONE, BREV_PLACE_SUBJECT, say_subject },
    { "message-id",      BREV_LIST_NONE, BREV_PLACE_MESSAGE_ID, say_message_id },
    { "queue-id",        BREV_LIST_NONE, 0, say_queue_id },
    { "text",            BREV_LIST_NONE, BREV_PLACE_TEXT, NULL, write_text },
    { "html",            BREV_LIST_NONE, BREV_PLACE_HTML, NULL, write_html },
    { "raw-base64",      BREV_LIST_NONE, BREV_PLACE_RAW, NULL, write_raw },
    { "headers",         BREV_LIST_NONE, BREV_PLACE_HEADERS, NULL, write_headers },
    { "header-name",     BREV_LIST_HEADERS, BREV_PLACE_HEADERS, say_header_name },
    { "header-value",    BREV_LIST_HEADERS, BREV_PLACE_HEADERS, say_header_value },
    { "attachment-name", BREV_LIST_ATTACHMENTS, 0, say_file_name },
    { "attachment-type", BREV_LIST_ATTACHMENTS, BREV_PLACE_TYPE, say_type },
    { "attachment-id",   BREV_LIST_ATTACHMENTS, BREV_PLACE_CONTENT_ID, say_content_id },
    { "attachment-base64", BREV_LIST_ATTACHMENTS, BREV_PLACE_ATTACHMENT, NULL, write_content },
};
/* clang-format on */

const BrevPlaceholder *
brev_placeholder_find (const char *text)
{
    gsize length = strlen (text);

    if (length < 4 || !g_str_has_prefix (text, "${") || text[length - 1] != '}')
        return NULL;
    for (guint i = 0; i < G_N_ELEMENTS (placeholders); i++)
        if (strlen (placeholders[i].name) == length - 3 &&
            strncmp (placeholders[i].name, text + 2, length - 3) == 0)
            return &placeholders[i];
    return NULL;
}

gboolean
brev_placeholder_needs_array (const BrevPlaceholder *one)
{
    return one->list == BREV_LIST_HEADERS || one->list == BREV_LIST_ATTACHMENTS;
}

char *
brev_placeholder_say (const BrevPlaceholder *one, const BrevFocus *focus)
{
    guint n = brev_list_length (focus->mail, one->list);
    BrevFocus each = *focus;
    GString *all;

    if (one->list == BREV_LIST_NONE || one->list == focus->list)
        return one->say (focus, one->list);
    all = g_string_new (NULL);
    for (each.index = 0; each.index < n; each.index++) {
        g_autofree char *text = one->say (&each, one->list);
        if (text != NULL)
            g_string_append_printf (all, "%s%s", all->len > 0 ? ", " : "", text);
    }
    return g_string_free (all, all->len == 0);
}

gboolean
brev_placeholder_has_content (const BrevPlaceholder *one, const BrevFocus *focus)
{
    const BrevMail *mail = focus->mail;
    const BrevMessage *message = mail->message;
    gboolean has_text_place = (focus->places & BREV_PLACE_TEXT) != 0;

    switch ((guint) one->place) {
    case BREV_PLACE_TEXT:
        return mail->blank_body || brev_part_has_content (message->text);
    case BREV_PLACE_HTML:
        return !has_text_place ||
               (!mail->blank_body && brev_part_has_content (message->html));
    case BREV_PLACE_HEADERS:
        return brev_list_length (mail, BREV_LIST_HEADERS) > 0;
    default:
        return TRUE;
    }
}
