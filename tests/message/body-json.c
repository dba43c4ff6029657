/* SPDX-License-Identifier: MIT */

/* Writes a message as one JSON object, for body.py: body-json FILE SIZE, where SIZE is
 * how many bytes are read from the body at once. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "message/body.h"

static void
add_text (BrevBody *body, int fd, const char *name, const BrevPart *part)
{
    brev_body_add_json (body, name);
    brev_body_add (body, ":\"");
    if (part != NULL)
        brev_body_add_part (body, fd, part, BREV_AS_JSON_TEXT);
    brev_body_add (body, "\",");
}

static BrevBody *
make_body (int fd, const BrevMessage *message)
{
    BrevBody *body = brev_body_new ();

    brev_body_add (body, "{\"subject\":");
    brev_body_add_json (body, message->subject);
    brev_body_add (body, ",");
    add_text (body, fd, "text", message->text);
    add_text (body, fd, "html", message->html);
    brev_body_add (body, "\"attachments\":[");
    for (guint i = 0; i < message->attachments->len; i++) {
        const BrevPart *part = g_ptr_array_index (message->attachments, i);
        brev_body_add (body, i > 0 ? ",{\"name\":" : "{\"name\":");
        brev_body_add_json (body, part->filename != NULL ? part->filename : "");
        brev_body_add (body, ",\"content\":\"");
        brev_body_add_part (body, fd, part, BREV_AS_BASE64);
        brev_body_add (body, "\"}");
    }
    brev_body_add (body, "]}");
    return body;
}

/* Prints the body, its length and its digest to standard output. */
static void
print_body (BrevBody *body, gsize size)
{
    g_autoptr (GError) error = NULL;
    g_autofree char *buffer = g_malloc (size);
    guint8 digest[32];
    guint64 length;
    gssize got;

    g_assert_true (brev_body_measure (body, &length, digest, &error));
    while ((got = brev_body_read (body, buffer, size, &error)) > 0)
        g_assert_cmpuint (fwrite (buffer, 1, (gsize) got, stdout), ==, (gsize) got);
    g_assert_no_error (error);
    printf ("\n%" G_GUINT64_FORMAT " ", length);
    for (guint i = 0; i < sizeof digest; i++)
        printf ("%02x", digest[i]);
    printf ("\n");
}

int
main (int argc, char **argv)
{
    brev_autofd int fd = argc == 3 ? open (argv[1], O_RDONLY | O_CLOEXEC) : -1;
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevMessage) message = NULL;
    g_autoptr (BrevBody) body = NULL;
    struct stat info;

    if (fd < 0 || fstat (fd, &info) < 0) {
        (void) fprintf (stderr, "usage: body-json FILE SIZE\n");
        return 64;
    }
    message = brev_message_decode (fd, 0, (guint64) info.st_size, &error);
    g_assert_no_error (error);
    body = make_body (fd, message);
    print_body (body, (gsize) strtoul (argv[2], NULL, 10));
    return 0;
}
