/* SPDX-License-Identifier: MIT */
#include "envelope/frame.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"

#define CHUNK (16 * 1024)

static gboolean
read_origin (int fd, BrevOrigin *origin, GError **error)
{
    guint8 record[BREV_ORIGIN_SIZE];
    gssize got = brev_read_at (fd, record, sizeof record, 0);

    if (got < 0)
        return brev_throw_errno (error, errno, "cannot read the queue file");
    if ((gsize) got < sizeof record)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the queue file ends within its origin record");
    return brev_origin_read (record, origin, error);
}

/* Feeds what stands in the file from @offset on. */
static gboolean
feed_file (BrevFrameReader *reader, int fd, guint64 offset, GError **error)
{
    g_autofree guint8 *chunk = g_malloc (CHUNK);
    gssize got = CHUNK;

    while (got == CHUNK) { /* less is its end */
        got = brev_read_at (fd, chunk, CHUNK, offset);
        if (got < 0)
            return brev_throw_errno (error, errno, "cannot read the queue file");
        if (!brev_frame_reader_feed (reader, chunk, (gsize) got, error))
            return FALSE;
        offset += (guint64) got;
    }
    return brev_frame_reader_finish (reader, error);
}

BrevQueueFile *
brev_queue_file_read (int fd, GError **error)
{
    g_autoptr (BrevQueueFile) file = g_new0 (BrevQueueFile, 1);
    g_autoptr (BrevFrameReader) reader = brev_frame_reader_new (G_MAXUINT64);

    if (!read_origin (fd, &file->origin, error) ||
        !feed_file (reader, fd, BREV_ORIGIN_SIZE, error))
        return NULL;
    memcpy (file->id, brev_frame_reader_id (reader), sizeof file->id);
    file->envelope = brev_frame_reader_steal_envelope (reader);
    file->message_offset = BREV_ORIGIN_SIZE + brev_frame_reader_head_length (reader);
    file->message_length = brev_frame_reader_message_length (reader);
    file->checksum = brev_frame_reader_checksum (reader);
    return g_steal_pointer (&file);
}

void
brev_queue_file_free (BrevQueueFile *file)
{
    if (file == NULL)
        return;
    brev_envelope_free (file->envelope);
    g_free (file);
}
