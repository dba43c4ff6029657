/* SPDX-License-Identifier: MIT */
#include "message/message.h"

G_STATIC_ASSERT (BREV_FEATURE_LAST <= 8 * sizeof (BrevFeatures));

#define HARMLESS FALSE
#define MATERIAL TRUE

/* clang-format off */
const BrevFeatureHelp brev_features[BREV_FEATURE_LAST] = {
    [BREV_FEATURE_SIGNED]           = { "signed",           MATERIAL, "a signature covers the message (PGP/MIME, S/MIME)" },
    [BREV_FEATURE_ENCRYPTED]        = { "encrypted",        MATERIAL, "the message is encrypted (PGP/MIME, S/MIME)" },
    [BREV_FEATURE_REPORT]           = { "report",           MATERIAL, "a delivery or disposition report" },
    [BREV_FEATURE_SEVERAL_FROM]     = { "several-from",     MATERIAL, "more than one author in From" },
    [BREV_FEATURE_SENDER]           = { "sender",           HARMLESS, "a Sender field that differs from From" },
    [BREV_FEATURE_CALENDAR]         = { "calendar",         HARMLESS, "a calendar alternative, sent as attachment" },
    [BREV_FEATURE_AMP]              = { "amp",              HARMLESS, "an AMP alternative, sent as attachment" },
    [BREV_FEATURE_ALTERNATIVE]      = { "alternative",      HARMLESS, "an alternative that is neither text nor HTML, sent as attachment" },
    [BREV_FEATURE_NESTING]          = { "nesting",          HARMLESS, "part nesting, flattened" },
    [BREV_FEATURE_FLOWED]           = { "flowed",           HARMLESS, "format=flowed" },
    [BREV_FEATURE_CHARSET]          = { "charset",          HARMLESS, "the charset of a body, converted to UTF-8" },
    [BREV_FEATURE_SEVERAL_TEXTS]    = { "several-texts",    HARMLESS, "further text parts, sent as attachments" },
    [BREV_FEATURE_ATTACHED_MESSAGE] = { "attached-message", HARMLESS, "an attached message, sent as a file" },
    [BREV_FEATURE_INLINE]           = { "inline",           HARMLESS, "an image that the HTML body shows, sent as attachment" },
    [BREV_FEATURE_FILE_NAME]        = { "file-name",        HARMLESS, "a file name beyond ASCII, or of a kind that is refused, which may arrive changed" },
    [BREV_FEATURE_ATTACHMENT_CHARSET] = { "attachment-charset", HARMLESS, "the name of the charset of a text attachment" },
    [BREV_FEATURE_PART_HEADERS]     = { "part-headers",     HARMLESS, "Content-Description, -Location and the like of a part" },
    [BREV_FEATURE_DATE]             = { "date",             HARMLESS, "a Date more than an hour from the time of sending" },
    [BREV_FEATURE_MESSAGE_ID]       = { "message-id",       HARMLESS, "the Message-ID, kept in another field" },
    [BREV_FEATURE_REPEATED_HEADER]  = { "repeated-header",  HARMLESS, "a header field given more than once" },
    [BREV_FEATURE_RESENT]           = { "resent",           HARMLESS, "Resent fields" },
    [BREV_FEATURE_RECEIVED]         = { "received",         HARMLESS, "Received and the like: marks of a forward" },
    [BREV_FEATURE_DKIM]             = { "dkim",             HARMLESS, "DKIM-Signature and ARC of other hosts" },
    [BREV_FEATURE_LIST_HEADERS]     = { "list-headers",     HARMLESS, "a List-* field, In-Reply-To or References" },
    [BREV_FEATURE_GROUP]            = { "group",            HARMLESS, "group syntax such as undisclosed-recipients:;" },
    [BREV_FEATURE_HIDDEN_RECIPIENT] = { "hidden-recipient", HARMLESS, "a header recipient that is not in the envelope" },
    [BREV_FEATURE_MOVED_RECIPIENT]  = { "moved-recipient",  HARMLESS, "a Cc or Bcc recipient, shown in To because one must stand there" },
    [BREV_FEATURE_ALIAS]            = { "alias",            HARMLESS, "an alias in To or Cc, shown as what it leads to" },
    [BREV_FEATURE_REPLY_TO]         = { "reply-to",         HARMLESS, "Reply-To, for which the request has no place" },
    [BREV_FEATURE_TEXT_FORM]        = { "text-form",        HARMLESS, "the text beside the HTML body, for which the request has no place" },
    [BREV_FEATURE_HTML_FORM]        = { "html-form",        MATERIAL, "an HTML body, for which the request has no place" },
    [BREV_FEATURE_ATTACHMENT]       = { "attachment",       MATERIAL, "an attachment, for which the request has no place, or of a type that the provider refuses" },
    [BREV_FEATURE_TEXT_ALONE]       = { "text-alone",       HARMLESS, "text without HTML, sent with an HTML form of it" },
    [BREV_FEATURE_SHORT]            = { "short",            HARMLESS, "a short Subject or body, filled up to what the provider takes" },
    [BREV_FEATURE_FROM_NAME]        = { "from-name",        HARMLESS, "the display name in From, in place of which the provider shows its own" },
    [BREV_FEATURE_EMPTY_BODY]       = { "empty-body",       HARMLESS, "an empty body, made one blank" },
    [BREV_FEATURE_EMPTY_SUBJECT]    = { "empty-subject",    HARMLESS, "an empty Subject, made (no subject)" },
    [BREV_FEATURE_EIGHT_BIT]        = { "eight-bit",        HARMLESS, "bytes that are not UTF-8, sent in another encoding" },
    [BREV_FEATURE_BROKEN_MIME]      = { "broken-mime",      HARMLESS, "a part that cannot be read as MIME, taken as it stands" },
};
/* clang-format on */

BrevMailbox *
brev_mailbox_new (const char *address, const char *name)
{
    BrevMailbox *mailbox = g_new0 (BrevMailbox, 1);

    mailbox->address = g_strdup (address);
    mailbox->name = g_strdup (name);
    return mailbox;
}

BrevMailbox *
brev_mailbox_copy (const BrevMailbox *mailbox)
{
    return brev_mailbox_new (mailbox->address, mailbox->name);
}

void
brev_mailbox_free (BrevMailbox *mailbox)
{
    if (mailbox == NULL)
        return;
    g_free (mailbox->address);
    g_free (mailbox->name);
    g_free (mailbox);
}

BrevHeader *
brev_header_new (const char *name, const char *raw, const char *text)
{
    BrevHeader *header = g_new0 (BrevHeader, 1);

    header->name = g_strdup (name);
    header->raw = g_strdup (raw);
    header->text = g_strdup (text);
    return header;
}

void
brev_header_free (BrevHeader *header)
{
    if (header == NULL)
        return;
    g_free (header->name);
    g_free (header->raw);
    g_free (header->text);
    g_free (header);
}

void
brev_part_free (BrevPart *part)
{
    if (part == NULL)
        return;
    g_free (part->type);
    g_free (part->content_type);
    g_free (part->charset);
    g_free (part->filename);
    g_free (part->content_id);
    g_free (part);
}

BrevPlace *
brev_place_new (const char *name, guint64 offset, guint64 length)
{
    BrevPlace *place = g_new0 (BrevPlace, 1);

    place->name = g_strdup (name);
    place->offset = offset;
    place->length = length;
    return place;
}

void
brev_place_free (BrevPlace *place)
{
    if (place == NULL)
        return;
    g_free (place->name);
    g_free (place);
}

void
brev_message_free (BrevMessage *message)
{
    if (message == NULL)
        return;
    g_ptr_array_unref (message->from);
    brev_mailbox_free (message->sender);
    g_ptr_array_unref (message->reply_to);
    g_ptr_array_unref (message->to);
    g_ptr_array_unref (message->cc);
    g_free (message->subject);
    g_free (message->message_id);
    g_ptr_array_unref (message->headers);
    brev_part_free (message->text);
    brev_part_free (message->html);
    g_ptr_array_unref (message->attachments);
    g_ptr_array_unref (message->places);
    g_ptr_array_unref (message->odd);
    g_free (message);
}

const BrevHeader *
brev_message_header (const BrevMessage *message, const char *name)
{
    for (guint i = 0; i < message->headers->len; i++) {
        const BrevHeader *header = g_ptr_array_index (message->headers, i);
        if (g_ascii_strcasecmp (header->name, name) == 0)
            return header;
    }
    return NULL;
}
