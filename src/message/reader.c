/* SPDX-License-Identifier: MIT */
#include "message/message.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "message/charset.h"
#include "message/gmime.h"

#define CHUNK 32768

/* file -> transfer encoding -> charset -> repair -> caller; bytes skip the two in the
 * middle, UTF-8 the charset. Each stage works on one chunk, so that a reader costs the
 * same whatever the part holds. */
struct BrevReader {
    int fd;
    guint64 next, end; /* of the encoded bytes in the file */
    BrevEncoding encoding;
    GMimeFilter *decoder; /* owned, NULL: nothing is encoded */
    gboolean is_text;
    GIConv converter; /* (GIConv) -1: there is nothing to convert */
    gboolean is_flushed;
    GByteArray *pending; /* owned: decoded bytes the converter has not taken */
    GByteArray *utf8;    /* owned: what ought to be UTF-8 */
    GByteArray *ready;   /* owned: for the caller */
    gsize taken;         /* of ready */
    guint8 chunk[CHUNK];
};

static const GMimeContentEncoding encodings[] = {
    [BREV_ENCODING_BASE64] = GMIME_CONTENT_ENCODING_BASE64,
    [BREV_ENCODING_QP] = GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE,
    [BREV_ENCODING_UU] = GMIME_CONTENT_ENCODING_UUENCODE,
};

static BrevReader *
reader_new (int fd, const BrevPart *part)
{
    BrevReader *reader = g_new (BrevReader, 1);

    reader->fd = fd;
    reader->next = part->offset;
    reader->end = part->offset + part->length;
    reader->encoding = part->encoding;
    reader->decoder = part->encoding == BREV_ENCODING_NONE
                          ? NULL
                          : g_mime_filter_basic_new (encodings[part->encoding], FALSE);
    reader->is_text = FALSE;
    reader->converter = (GIConv) -1;
    reader->is_flushed = FALSE;
    reader->pending = g_byte_array_sized_new (64);
    reader->utf8 = g_byte_array_sized_new (64);
    reader->ready = g_byte_array_sized_new (64);
    reader->taken = 0;
    return reader;
}

void
brev_reader_free (BrevReader *reader)
{
    if (reader == NULL)
        return;
    if (reader->converter != (GIConv) -1)
        (void) g_iconv_close (reader->converter);
    g_clear_object (&reader->decoder);
    g_byte_array_unref (reader->pending);
    g_byte_array_unref (reader->utf8);
    g_byte_array_unref (reader->ready);
    g_free (reader);
}

/* Charset */

/* Length of the sequence at @p of @n bytes: 0 when it is wrong, -1 when it may go on
 * behind the chunk. */
static int
sequence_length (const guint8 *p, gsize n)
{
    gunichar c;

    if (p[0] < 0x80)
        return 1;
    c = g_utf8_get_char_validated ((const char *) p, (gssize) n);
    if (c == (gunichar) -2)
        return -1;
    return c == (gunichar) -1 ? 0 : g_utf8_skip[p[0]];
}

static gboolean
is_utf8_so_far (GByteArray *text)
{
    gsize i = 0;

    while (i < text->len) {
        int length = sequence_length (text->data + i, text->len - i);
        if (length == 0)
            return FALSE;
        if (length < 0)
            break;
        i += (gsize) length;
    }
    g_byte_array_remove_range (text, 0, (guint) i);
    return TRUE;
}

static gboolean fill (BrevReader *reader, GError **error);

/* Reads all of the part once, to choose how to read it. */
static gboolean
check_utf8 (int fd, const BrevPart *part, gboolean *is_utf8, GError **error)
{
    g_autoptr (BrevReader) reader = reader_new (fd, part);
    g_autoptr (GByteArray) text = g_byte_array_new ();

    *is_utf8 = TRUE;
    while (*is_utf8) {
        if (!fill (reader, error))
            return FALSE;
        if (reader->ready->len == 0)
            break;
        g_byte_array_append (text, reader->ready->data, reader->ready->len);
        reader->taken = reader->ready->len;
        *is_utf8 = is_utf8_so_far (text);
    }
    *is_utf8 &= text->len == 0;
    return TRUE;
}

static gboolean
open_text (BrevReader *reader, const BrevPart *part, GError **error)
{
    gboolean is_utf8;

    reader->is_text = TRUE;
    if (brev_charset_is_declared_utf8 (part->charset))
        return TRUE;
    reader->converter = brev_charset_open (part->charset);
    if (reader->converter != (GIConv) -1)
        return TRUE;
    if (!check_utf8 (reader->fd, part, &is_utf8, error))
        return FALSE;
    if (is_utf8)
        return TRUE;
    reader->converter = g_iconv_open ("UTF-8", "windows-1252");
    if (reader->converter == (GIConv) -1)
        return brev_throw (error, BREV_ERROR_SYSTEM,
                           "the C library cannot convert windows-1252");
    return TRUE;
}

static void
append_replacement (GByteArray *text)
{
    g_byte_array_append (text, (const guint8 *) "\xef\xbf\xbd", 3); /* U+FFFD */
}

/* One call of iconv. Returns: FALSE when the rest of the input has to wait for more */
static gboolean
convert_some (BrevReader *reader, char **in, gsize *left, gboolean is_last)
{
    char buffer[4096], *out = buffer;
    gsize room = sizeof buffer;
    gsize result = g_iconv (reader->converter, in, left, &out, &room);
    int number = errno;

    g_byte_array_append (reader->utf8, (guint8 *) buffer, (guint) (out - buffer));
    if (result != (gsize) -1 || number == E2BIG)
        return TRUE;
    if (number == EINVAL && !is_last)
        return FALSE;
    append_replacement (reader->utf8);
    (*in)++;
    (*left)--;
    return TRUE;
}

static void
convert (BrevReader *reader, gboolean is_last)
{
    char *in = (char *) reader->pending->data;
    gsize left = reader->pending->len;

    while (left > 0 && convert_some (reader, &in, &left, is_last))
        ;
    g_byte_array_remove_range (reader->pending, 0, (guint) (reader->pending->len - left));
    if (is_last) { /* what a charset with states still holds back */
        char buffer[64], *out = buffer;
        gsize room = sizeof buffer;
        (void) g_iconv (reader->converter, NULL, NULL, &out, &room);
        g_byte_array_append (reader->utf8, (guint8 *) buffer, (guint) (out - buffer));
    }
}

/* iconv() passes on numbers beyond U+10FFFF, which no JSON parser takes. */
static void
repair (BrevReader *reader, gboolean is_last)
{
    const guint8 *text = reader->utf8->data;
    gsize length = reader->utf8->len, start = 0, i = 0;

    while (i < length) {
        int n = text[i] < 0x80 ? 1 : sequence_length (text + i, length - i);
        if (n > 0) {
            i += (gsize) n;
            continue;
        }
        if (n < 0 && !is_last)
            break;
        g_byte_array_append (reader->ready, text + start, (guint) (i - start));
        append_replacement (reader->ready);
        start = ++i;
    }
    g_byte_array_append (reader->ready, text + start, (guint) (i - start));
    g_byte_array_remove_range (reader->utf8, 0, (guint) i);
}

/* Transfer encoding */

/* GMime drops the last bytes of a base64 text whose padding was cut off. Behind one that
 * is whole, further padding says nothing. */
static void
finish_decoding (BrevReader *reader, GByteArray *out)
{
    char padding[] = "==", *decoded;
    gsize length = reader->encoding == BREV_ENCODING_BASE64 ? 2 : 0, room;

    g_mime_filter_complete (reader->decoder, padding, length, 0, &decoded, &length,
                            &room);
    g_byte_array_append (out, (guint8 *) decoded, (guint) length);
}

static void
decode (BrevReader *reader, gsize length, gboolean is_last)
{
    gboolean is_converted = reader->converter != (GIConv) -1;
    GByteArray *text = is_converted ? reader->pending : reader->utf8;
    GByteArray *out = reader->is_text ? text : reader->ready;
    char *decoded = (char *) reader->chunk;
    gsize room;

    if (reader->decoder != NULL)
        g_mime_filter_filter (reader->decoder, (char *) reader->chunk, length, 0,
                              &decoded, &length, &room);
    g_byte_array_append (out, (guint8 *) decoded, (guint) length);
    if (is_last && reader->decoder != NULL)
        finish_decoding (reader, out);
    if (is_converted)
        convert (reader, is_last);
    if (reader->is_text)
        repair (reader, is_last);
}

/* How much of the chunk is decoded at once: in uuencode, GMime loses its place when a
 * line is cut. */
static gsize
whole_lines (const BrevReader *reader, gsize length)
{
    const guint8 *newline = memrchr (reader->chunk, '\n', length);

    return reader->encoding == BREV_ENCODING_UU && newline != NULL
               ? (gsize) (newline - reader->chunk) + 1
               : length;
}

/* Puts at least one byte into ready, or none at the end. */
static gboolean
fill (BrevReader *reader, GError **error)
{
    g_byte_array_set_size (reader->ready, 0);
    reader->taken = 0;
    while (reader->ready->len == 0 && !reader->is_flushed) {
        gsize want = (gsize) MIN (sizeof reader->chunk, reader->end - reader->next);
        gssize got = brev_read_at (reader->fd, reader->chunk, want, reader->next);

        if (got < 0)
            return brev_throw_errno (error, errno, "cannot read a part of the message");
        if ((gsize) got < want)
            return brev_throw (error, BREV_ERROR_SYSTEM,
                               "the message file ends before its last part");
        want = whole_lines (reader, want);
        reader->next += want;
        reader->is_flushed = reader->next == reader->end;
        decode (reader, want, reader->is_flushed);
    }
    return TRUE;
}

BrevReader *
brev_reader_new (int fd, const BrevPart *part, gboolean as_utf8, GError **error)
{
    g_autoptr (BrevReader) reader = reader_new (fd, part);

    if (as_utf8 && !open_text (reader, part, error))
        return NULL;
    return g_steal_pointer (&reader);
}

gssize
brev_reader_read (BrevReader *reader, void *buffer, gsize size, GError **error)
{
    gsize n;

    if (reader->taken == reader->ready->len && !fill (reader, error))
        return -1;
    n = MIN (size, reader->ready->len - reader->taken);
    memcpy (buffer, reader->ready->data + reader->taken, n);
    reader->taken += n;
    return (gssize) n;
}
