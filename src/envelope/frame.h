/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "envelope/envelope.h"

/* The frame: what sendmail hands over, byte for byte the same through the socket, the
 * drop directory and a spool of the caller's own. All numbers big-endian.
 *
 *   "brevdue1" | ID, 26 bytes | u32 envelope length | envelope | message |
 *   u64 message length | u32 CRC-32C of all bytes before it
 *
 * The envelope is a row of fields: u8 tag, u32 length, bytes. Nothing is ended by a line
 * feed, so nothing a caller writes can begin a field of its own. A queue file is the
 * origin record, BREV_ORIGIN_SIZE bytes with a checksum of their own, and then the frame.
 *
 * In a message every line ends with LF alone, and its header, if any, with an empty line.
 */

#define BREV_ID_LENGTH 26
#define BREV_ENVELOPE_MAX (4 * 1024 * 1024)
#define BREV_RECIPIENTS_MAX 10000 /* address lists, not addresses */

typedef enum {
    BREV_WAY_SOCKET = 's',
    BREV_WAY_DROP = 'd',
    BREV_WAY_OWN = 'o',
    BREV_WAY_REPORT = 'r', /* brevdue's own report or warning; nobody can claim it */
} BrevWay;

/* Who handed a message over, by the kernel's word; written by the one who keeps it. */
typedef struct {
    guint32 uid;
    guint32 gid;
    guint32 pid;    /* 0: not known (dropped) */
    gint64 arrival; /* ms since 1970 */
    BrevWay way;
} BrevOrigin;

#define BREV_ORIGIN_SIZE 48

/**
 * brev_id_new:
 * @id: 128 random bits and more, as BREV_ID_LENGTH characters 0-9a-z and a NUL
 */
void brev_id_new (char id[BREV_ID_LENGTH + 1]);
gboolean brev_id_is_valid (const char *id);

void brev_origin_write (const BrevOrigin *origin, guint8 record[BREV_ORIGIN_SIZE]);
gboolean brev_origin_read (const guint8 record[BREV_ORIGIN_SIZE], BrevOrigin *origin,
                           GError **error);

/**
 * brev_frame_head:
 *
 * Texts that are only shown (names, programs) are made to fit, without control
 * characters; what the reader would refuse in the others is left to it, so a writer feeds
 * its own head to a reader before anything leaves.
 *
 * Returns: (transfer full): the bytes of a frame that stand before its message
 */
GByteArray *brev_frame_head (const char *id, const BrevEnvelope *envelope);

#define BREV_FRAME_TAIL 12

/**
 * brev_frame_tail:
 * @message_length: in bytes
 * @crc: brev_crc32c() over head and message
 *
 * Finishes the checksum over the length, too.
 */
void brev_frame_tail (guint64 message_length, guint32 crc, guint8 tail[BREV_FRAME_TAIL]);

/* The one reader: fed with bytes as they come, from a socket or a file. */
typedef struct BrevFrameReader BrevFrameReader;

BrevFrameReader *brev_frame_reader_new (guint64 max_message_size);
void brev_frame_reader_free (BrevFrameReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevFrameReader, brev_frame_reader_free)

/**
 * brev_frame_reader_feed:
 *
 * Returns: %FALSE with @error (%BREV_ERROR_INPUT) as soon as the bytes cannot be a frame
 */
gboolean brev_frame_reader_feed (BrevFrameReader *reader, const void *bytes, gsize length,
                                 GError **error);

/**
 * brev_frame_reader_finish:
 *
 * To be called at the end of the bytes: is it one whole frame?
 */
gboolean brev_frame_reader_finish (BrevFrameReader *reader, GError **error);

/* (nullable): %NULL until the bytes have shown it */
const char *brev_frame_reader_id (const BrevFrameReader *reader);
const BrevEnvelope *brev_frame_reader_envelope (const BrevFrameReader *reader);
BrevEnvelope *brev_frame_reader_steal_envelope (BrevFrameReader *reader);
/* Known once brev_frame_reader_finish() has returned %TRUE. */
guint64 brev_frame_reader_head_length (const BrevFrameReader *reader);
guint64 brev_frame_reader_message_length (const BrevFrameReader *reader);
guint32 brev_frame_reader_checksum (const BrevFrameReader *reader);

/* A whole queue file, checked. */
typedef struct {
    char id[BREV_ID_LENGTH + 1];
    BrevOrigin origin;
    BrevEnvelope *envelope; /* owned */
    guint64 message_offset; /* bytes from the start of the file */
    guint64 message_length;
    guint32 checksum; /* the frame's own CRC-32C: tells two copies of one frame */
} BrevQueueFile;

/**
 * brev_queue_file_read:
 * @fd: the file; its position is not used
 *
 * Returns: (transfer full) (nullable): or %NULL with %BREV_ERROR_INPUT when it is torn or
 * foreign, %BREV_ERROR_SYSTEM when it could not be read
 */
BrevQueueFile *brev_queue_file_read (int fd, GError **error);
void brev_queue_file_free (BrevQueueFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevQueueFile, brev_queue_file_free)
