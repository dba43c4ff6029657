/* SPDX-License-Identifier: MIT */
#include "spool/stream.h"

#include <errno.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/fs.h"

#define CHUNK (64 * 1024)

gboolean
brev_stream_put_file (int fd, const void *bytes, gsize length, GError **error)
{
    if (!brev_write_ahead (fd, bytes, length))
        return brev_throw_errno (error, errno, "cannot write the message");
    return TRUE;
}

/* Puts @pending, then the message behind it; @pending is empty afterwards. */
static gboolean
stream_file (GByteArray *pending, const BrevMessageBytes *message, guint32 *crc, int fd,
             BrevPut put, GError **error)
{
    g_autofree guint8 *chunk = g_malloc (CHUNK);

    if (!put (fd, pending->data, pending->len, error))
        return FALSE;
    g_byte_array_set_size (pending, 0);
    for (guint64 at = 0; at < message->length;) {
        gssize got =
            brev_read_at (message->fd, chunk, MIN (CHUNK, message->length - at), at);
        if (got <= 0)
            return brev_throw_errno (
                error, got < 0 ? errno : EIO,
                "cannot read the message back from its temporary file");
        *crc = brev_crc32c (*crc, chunk, (gsize) got);
        if (!put (fd, chunk, (gsize) got, error))
            return FALSE;
        at += (guint64) got;
    }
    return TRUE;
}

gboolean
brev_stream_frame (const GByteArray *head, const BrevMessageBytes *message,
                   const BrevOrigin *origin, int fd, BrevPut put, GError **error)
{
    gsize in_memory = message->fd < 0 ? message->memory->len : 0;
    g_autoptr (GByteArray) pending = g_byte_array_sized_new (
        (guint) (BREV_ORIGIN_SIZE + head->len + in_memory + BREV_FRAME_TAIL));
    guint32 crc = brev_crc32c (0, head->data, head->len);
    guint8 record[BREV_ORIGIN_SIZE], tail[BREV_FRAME_TAIL];

    if (origin != NULL) {
        brev_origin_write (origin, record);
        g_byte_array_append (pending, record, sizeof record);
    }
    g_byte_array_append (pending, head->data, head->len);
    if (message->fd < 0) {
        crc = brev_crc32c (crc, message->memory->data, message->memory->len);
        g_byte_array_append (pending, message->memory->data, message->memory->len);
    } else if (!stream_file (pending, message, &crc, fd, put, error)) {
        return FALSE;
    }
    brev_frame_tail (message->length, crc, tail);
    g_byte_array_append (pending, tail, sizeof tail);
    return put (fd, pending->data, pending->len, error);
}
