/* SPDX-License-Identifier: MIT */

/* Prints the model of a message, for the golden tests: dump FILE */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/text.h"
#include "message/address.h"
#include "message/message.h"

static void
print_mailboxes (const char *label, const GPtrArray *mailboxes)
{
    for (guint i = 0; i < mailboxes->len; i++) {
        const BrevMailbox *mailbox = g_ptr_array_index (mailboxes, i);
        printf ("%s: <%s>", label, mailbox->address);
        if (mailbox->name != NULL)
            printf (" name=%s", mailbox->name);
        printf ("\n");
    }
}

/* The content as it would be sent: text as UTF-8, anything else as a digest. */
static void
print_content (int fd, const BrevPart *part, gboolean as_utf8)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevReader) reader = brev_reader_new (fd, part, as_utf8, &error);
    g_autoptr (GString) text = g_string_new (NULL);
    char buffer[512], exceptions[130] = "\"";
    gssize got;

    for (guint c = 0x80; as_utf8 && c <= 0xff; c++)
        exceptions[c - 0x7f] = (char) c;
    g_assert_no_error (error);
    while ((got = brev_reader_read (reader, buffer, sizeof buffer, &error)) > 0)
        g_string_append_len (text, buffer, got);
    g_assert_no_error (error);
    for (gsize i = 0; i < text->len; i++)
        if (text->str[i] == '\0') /* g_strescape() ends there */
            text->str[i] = '\x01';
    if (text->len <= 512) {
        g_autofree char *shown = g_strescape (text->str, exceptions);
        printf ("  %zu bytes: \"%s\"\n", text->len, shown);
    } else {
        g_autofree char *digest = g_compute_checksum_for_string (
            G_CHECKSUM_SHA256, text->str, (gssize) text->len);
        printf ("  %zu bytes, sha256 %s\n", text->len, digest);
    }
}

static void
print_part (int fd, const char *label, const BrevPart *part, gboolean as_utf8)
{
    static const char *const encodings[] = { "none", "base64", "quoted-printable",
                                             "uuencode" };

    if (part == NULL)
        return;
    printf ("%s: %s, %s\n", label, part->content_type, encodings[part->encoding]);
    if (part->charset != NULL)
        printf ("  charset: %s\n", part->charset);
    if (part->filename != NULL)
        printf ("  filename: %s\n", part->filename);
    if (part->content_id != NULL)
        printf ("  content-id: %s\n", part->content_id);
    if (part->is_inline)
        printf ("  inline\n");
    print_content (fd, part, as_utf8);
}

static void
print_message (int fd, const BrevMessage *message)
{
    g_autoptr (GPtrArray) sender = g_ptr_array_new ();

    if (message->sender != NULL)
        g_ptr_array_add (sender, message->sender);
    print_mailboxes ("from", message->from);
    print_mailboxes ("sender", sender);
    print_mailboxes ("reply-to", message->reply_to);
    print_mailboxes ("to", message->to);
    print_mailboxes ("cc", message->cc);
    printf ("subject: %s\n", message->subject);
    if (message->message_id != NULL)
        printf ("message-id: %s\n", message->message_id);
    if (message->date != 0)
        printf ("date: %" G_GINT64_FORMAT "\n", message->date);
    for (guint i = 0; i < message->headers->len; i++) {
        const BrevHeader *header = g_ptr_array_index (message->headers, i);
        g_autofree char *raw = brev_text_printable (header->raw);
        g_assert_true (g_utf8_validate (header->text, -1, NULL));
        printf ("header: %s: %s\n", header->name, raw);
        if (g_strcmp0 (header->raw, header->text) != 0)
            printf ("  text: %s\n", header->text);
    }
    print_part (fd, "text", message->text, TRUE);
    print_part (fd, "html", message->html, TRUE);
    for (guint i = 0; i < message->attachments->len; i++)
        print_part (fd, "attachment", g_ptr_array_index (message->attachments, i), FALSE);
    printf ("features:");
    for (guint i = 0; i < BREV_FEATURE_LAST; i++)
        if (BREV_HAS (message->features, i))
            printf (" %s", brev_features[i].name);
    printf ("\n");
}

int
main (int argc, char **argv)
{
    brev_autofd int fd = argc == 2 ? open (argv[1], O_RDONLY | O_CLOEXEC) : -1;
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevMessage) message = NULL;
    struct stat info;

    if (fd < 0 || fstat (fd, &info) < 0) {
        (void) fprintf (stderr, "usage: dump FILE\n");
        return 64;
    }
    message = brev_message_decode (fd, 0, (guint64) info.st_size, &error);
    if (message == NULL)
        printf ("refused: %s\n", error->message);
    else
        print_message (fd, message);
    return 0;
}
