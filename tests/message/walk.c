/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <string.h>

#include "message/body.h"

static void
check_line (const char *text)
{
    g_assert_true (g_utf8_validate (text, -1, NULL));
    g_assert_null (strpbrk (text, "\r\n"));
}

static void
check_mailboxes (const GPtrArray *mailboxes)
{
    for (guint i = 0; i < mailboxes->len; i++) {
        const BrevMailbox *mailbox = g_ptr_array_index (mailboxes, i);
        check_line (mailbox->address);
        g_assert_cmpstr (mailbox->address, !=, "");
        if (mailbox->name != NULL)
            check_line (mailbox->name);
    }
}

/* Two passes, in other pieces, give the same. */
static void
check_body (int fd, const BrevPart *part, BrevAs as)
{
    g_autoptr (BrevBody) body = brev_body_new ();
    g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
    guint8 digest[32], again[32], buffer[1021];
    gsize digest_length = sizeof again;
    guint64 length, total = 0;
    gssize got;

    brev_body_add_part (body, fd, part, as);
    g_assert_true (brev_body_measure (body, &length, digest, NULL));
    while ((got = brev_body_read (body, buffer, sizeof buffer, NULL)) > 0) {
        total += (guint64) got;
        g_checksum_update (checksum, buffer, got);
    }
    g_checksum_get_digest (checksum, again, &digest_length);
    g_assert_cmpuint (length, ==, total);
    g_assert_cmpmem (digest, 32, again, 32);
}

static void
check_utf8 (int fd, const BrevPart *part)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevReader) reader = brev_reader_new (fd, part, TRUE, &error);
    g_autoptr (GString) text = g_string_new (NULL);
    char buffer[1000];
    gssize got;

    g_assert_no_error (error);
    while ((got = brev_reader_read (reader, buffer, sizeof buffer, &error)) > 0)
        g_string_append_len (text, buffer, got);
    g_assert_no_error (error);
    for (gsize i = 0; i < text->len; i++)
        if (text->str[i] == '\0') /* g_utf8_validate() ends there */
            text->str[i] = ' ';
    g_assert_true (g_utf8_validate (text->str, (gssize) text->len, NULL));
}

/* In order, within the message, and never one in the other; as text, each is such. */
static void
check_odd (int fd, const BrevMessage *message)
{
    guint64 at = message->offset, end = message->offset + message->length;
    BrevPart all = { .offset = at, .length = message->length };

    for (guint i = 0; i < message->odd->len; i++) {
        const BrevOdd *odd = g_ptr_array_index (message->odd, i);
        const BrevPart content = { .offset = odd->offset, .length = odd->length };
        g_assert_cmpuint (odd->is_body ? at : odd->field, >=, at);
        g_assert_cmpuint (odd->field + odd->field_length, <=, odd->offset);
        at = odd->offset + odd->length;
        g_assert_cmpuint (at, <=, end);
        check_body (fd, &content, BREV_AS_QUOTED);
    }
    g_assert_true (!message->is_utf8 || message->odd->len == 0);
    check_body (fd, &all, BREV_AS_JSON_MAIL);
}

static void
check_part (int fd, const BrevMessage *message, const BrevPart *part)
{
    if (part == NULL)
        return;
    g_assert_cmpuint (part->offset, >=, message->offset);
    g_assert_cmpuint (part->offset + part->length, <=, message->offset + message->length);
    check_line (part->type);
    check_line (part->content_type);
    if (part->filename != NULL)
        check_line (part->filename);
    if (part->content_id != NULL)
        check_line (part->content_id);
    check_utf8 (fd, part);
    for (int as = BREV_AS_BASE64; as <= BREV_AS_BYTES; as++)
        check_body (fd, part, (BrevAs) as);
}

void
test_walk (int fd, const BrevMessage *message)
{
    check_mailboxes (message->from);
    check_mailboxes (message->reply_to);
    check_mailboxes (message->to);
    check_mailboxes (message->cc);
    check_line (message->subject);
    for (guint i = 0; i < message->headers->len; i++) {
        const BrevHeader *header = g_ptr_array_index (message->headers, i);
        check_line (header->name);
        check_line (header->text);
        g_assert_null (strpbrk (header->raw, "\r\n"));
        g_assert_true (g_ascii_strcasecmp (header->name, "Bcc") != 0);
        g_assert_true (g_ascii_strcasecmp (header->name, "Resent-Bcc") != 0);
    }
    check_part (fd, message, message->text);
    check_part (fd, message, message->html);
    for (guint i = 0; i < message->attachments->len; i++)
        check_part (fd, message, g_ptr_array_index (message->attachments, i));
    check_odd (fd, message);
}
