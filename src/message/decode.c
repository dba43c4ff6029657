/* SPDX-License-Identifier: MIT */
#include "message/fields.h"
#include "message/header.h"
#include "message/message.h"
#include "message/scan.h"
#include "message/structure.h"

/* Whether nothing but blanks is in the part. */
static gboolean
is_empty (int fd, const BrevPart *part)
{
    g_autoptr (BrevReader) reader = brev_reader_new (fd, part, FALSE, NULL);
    char buffer[4096];
    gssize got;

    while (reader != NULL &&
           (got = brev_reader_read (reader, buffer, sizeof buffer, NULL)) > 0)
        for (gssize i = 0; i < got; i++)
            if (!g_ascii_isspace (buffer[i]))
                return FALSE;
    return TRUE;
}

static void
note_empty (BrevMessage *message, int fd)
{
    if ((message->text == NULL || is_empty (fd, message->text)) &&
        (message->html == NULL || is_empty (fd, message->html)))
        message->features |= BREV_BIT (BREV_FEATURE_EMPTY_BODY);
}

static BrevMessage *
message_new (guint64 offset, guint64 length)
{
    BrevMessage *message = g_new0 (BrevMessage, 1);

    message->from = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
    message->reply_to =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
    message->to = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
    message->cc = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
    message->headers = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_header_free);
    message->attachments =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_part_free);
    message->places = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_place_free);
    message->odd = g_ptr_array_new_with_free_func (g_free);
    message->offset = message->body = offset;
    message->length = length;
    return message;
}

BrevMessage *
brev_message_decode (int fd, guint64 offset, guint64 length, GError **error)
{
    g_autoptr (BrevMessage) message = message_new (offset, length);
    g_auto (BrevHeaderBlock) block = { NULL };

    if (!brev_header_block_read (&block, fd, offset, length, error) ||
        !brev_scan_limits (fd, offset, length, error) ||
        !brev_message_fields_read (message, &block, error) ||
        !brev_structure_read (message, fd, &block, error))
        return NULL;
    note_empty (message, fd);
    return g_steal_pointer (&message);
}
