/* SPDX-License-Identifier: MIT */
#include "envelope/frame.h"

#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "envelope/bytes.h"
#include "envelope/fields.h"

static const char frame_magic[8] = { 'b', 'r', 'e', 'v', 'd', 'u', 'e', '1' };

#define ID_AT sizeof frame_magic
#define LENGTH_AT (ID_AT + BREV_ID_LENGTH)
#define FIXED_HEAD (LENGTH_AT + sizeof (guint32))

GByteArray *
brev_frame_head (const char *id, const BrevEnvelope *envelope)
{
    GByteArray *head = g_byte_array_sized_new (512);
    guint8 length[sizeof (guint32)] = { 0 };

    g_assert (brev_id_is_valid (id));
    g_byte_array_append (head, (const guint8 *) frame_magic, sizeof frame_magic);
    g_byte_array_append (head, (const guint8 *) id, BREV_ID_LENGTH);
    g_byte_array_append (head, length, sizeof length);
    brev_fields_write (head, envelope);
    brev_put32 (head->data + LENGTH_AT, head->len - (guint32) FIXED_HEAD);
    return head;
}

void
brev_frame_tail (guint64 message_length, guint32 crc, guint8 tail[BREV_FRAME_TAIL])
{
    brev_put64 (tail, message_length);
    brev_put32 (tail + sizeof (guint64), brev_crc32c (crc, tail, sizeof (guint64)));
}

struct BrevFrameReader {
    guint64 max_message_size;
    GByteArray *head; /* until it is whole */
    char id[BREV_ID_LENGTH + 1];
    BrevEnvelope *envelope;
    guint64 head_length;
    guint32 crc;                  /* of the head, and of the message but for @last */
    guint64 message_length;       /* without @last */
    guint8 last[BREV_FRAME_TAIL]; /* the newest bytes behind the head: perhaps the tail */
    gsize n_last;
    guint32 checksum;
};

BrevFrameReader *
brev_frame_reader_new (guint64 max_message_size)
{
    BrevFrameReader *reader = g_new0 (BrevFrameReader, 1);

    reader->max_message_size = max_message_size;
    reader->head = g_byte_array_new ();
    return reader;
}

void
brev_frame_reader_free (BrevFrameReader *reader)
{
    if (reader == NULL)
        return;
    g_clear_pointer (&reader->head, g_byte_array_unref);
    brev_envelope_free (reader->envelope);
    g_free (reader);
}

static gsize
add_to_head (BrevFrameReader *reader, gsize wanted, const guint8 *bytes, gsize length)
{
    gsize taken = MIN (wanted - reader->head->len, length);

    g_byte_array_append (reader->head, bytes, (guint) taken);
    return taken;
}

/* A stranger is recognised by its first bytes, not when it has sent 38 of them. */
static gboolean
check_fixed_head (BrevFrameReader *reader, GError **error)
{
    const GByteArray *head = reader->head;

    if (memcmp (head->data, frame_magic, MIN (head->len, sizeof frame_magic)) != 0)
        return brev_throw (error, BREV_ERROR_INPUT, "this is no frame of brevdue");
    if (head->len < FIXED_HEAD)
        return TRUE;
    memcpy (reader->id, head->data + ID_AT, BREV_ID_LENGTH);
    if (!brev_id_is_valid (reader->id)) {
        reader->id[0] = '\0';
        return brev_throw (error, BREV_ERROR_INPUT, "the frame has no valid ID");
    }
    if (brev_get32 (head->data + LENGTH_AT) > BREV_ENVELOPE_MAX)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the envelope is larger than %d bytes", BREV_ENVELOPE_MAX);
    return TRUE;
}

static gboolean
finish_head (BrevFrameReader *reader, GError **error)
{
    const GByteArray *head = reader->head;

    reader->envelope = brev_envelope_fields_read (head->data + FIXED_HEAD,
                                                  head->len - FIXED_HEAD, error);
    if (reader->envelope == NULL)
        return FALSE;
    reader->crc = brev_crc32c (0, head->data, head->len);
    reader->head_length = head->len;
    g_clear_pointer (&reader->head, g_byte_array_unref);
    return TRUE;
}

/* Takes what belongs to the head off the bytes; @taken says how much that is. */
static gboolean
feed_head (BrevFrameReader *reader, const guint8 *bytes, gsize length, gsize *taken,
           GError **error)
{
    if (reader->head->len < FIXED_HEAD) {
        *taken += add_to_head (reader, FIXED_HEAD, bytes, length);
        if (!check_fixed_head (reader, error))
            return FALSE;
        if (reader->head->len < FIXED_HEAD)
            return TRUE;
    }
    gsize wanted = FIXED_HEAD + brev_get32 (reader->head->data + LENGTH_AT);
    *taken += add_to_head (reader, wanted, bytes + *taken, length - *taken);
    return reader->head->len < wanted || finish_head (reader, error);
}

static void
add_to_message (BrevFrameReader *reader, const guint8 *bytes, gsize length)
{
    reader->crc = brev_crc32c (reader->crc, bytes, length);
    reader->message_length += length;
}

/* Nobody knows where the message ends before the bytes do: the newest are kept back. */
static void
feed_message (BrevFrameReader *reader, const guint8 *bytes, gsize length)
{
    gsize kept = MIN (length, BREV_FRAME_TAIL);
    gsize room = BREV_FRAME_TAIL - kept;
    gsize out = reader->n_last > room ? reader->n_last - room : 0;

    add_to_message (reader, reader->last, out);
    memmove (reader->last, reader->last + out, reader->n_last - out);
    reader->n_last -= out;
    add_to_message (reader, bytes, length - kept);
    memcpy (reader->last + reader->n_last, bytes + length - kept, kept);
    reader->n_last += kept;
}

gboolean
brev_frame_reader_feed (BrevFrameReader *reader, const void *bytes, gsize length,
                        GError **error)
{
    gsize taken = 0;

    if (length == 0)
        return TRUE;
    if (reader->head != NULL && !feed_head (reader, bytes, length, &taken, error))
        return FALSE;
    if (taken < length)
        feed_message (reader, (const guint8 *) bytes + taken, length - taken);
    if (reader->message_length > reader->max_message_size)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the message is larger than %" G_GUINT64_FORMAT
                           " bytes (max-message-size)",
                           reader->max_message_size);
    return TRUE;
}

gboolean
brev_frame_reader_finish (BrevFrameReader *reader, GError **error)
{
    if (reader->head != NULL || reader->n_last < BREV_FRAME_TAIL)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the frame ends before its message does");
    if (brev_get64 (reader->last) != reader->message_length)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the frame does not have the length it says");
    guint32 crc = brev_crc32c (reader->crc, reader->last, sizeof (guint64));
    if (crc != brev_get32 (reader->last + sizeof (guint64)))
        return brev_throw (error, BREV_ERROR_INPUT, "the frame's checksum is wrong");
    reader->checksum = crc;
    return TRUE;
}

const char *
brev_frame_reader_id (const BrevFrameReader *reader)
{
    return reader->id[0] == '\0' ? NULL : reader->id;
}

const BrevEnvelope *
brev_frame_reader_envelope (const BrevFrameReader *reader)
{
    return reader->envelope;
}

BrevEnvelope *
brev_frame_reader_steal_envelope (BrevFrameReader *reader)
{
    return g_steal_pointer (&reader->envelope);
}

guint64
brev_frame_reader_head_length (const BrevFrameReader *reader)
{
    return reader->head_length;
}

guint64
brev_frame_reader_message_length (const BrevFrameReader *reader)
{
    return reader->message_length;
}

guint32
brev_frame_reader_checksum (const BrevFrameReader *reader)
{
    return reader->checksum;
}
