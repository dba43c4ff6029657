/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/fs.h"
#include "envelope/frame.h"

#define ID "0123456789abcdefghijklmnop"

static BrevEnvelope *
make_envelope (void)
{
    BrevEnvelope *envelope = brev_envelope_new ();

    g_free (envelope->sender);
    envelope->sender = g_strdup ("root");
    envelope->sender_is_login = TRUE;
    g_ptr_array_add (envelope->recipients, g_strdup ("a@example.com, b@example.com"));
    g_ptr_array_add (envelope->recipients, g_strdup ("ops"));
    g_ptr_array_add (envelope->wishes, brev_wish_format (BREV_NOTIFY_NEVER, NULL));
    g_ptr_array_add (envelope->wishes, brev_wish_format (0, "rfc822;ops+2B@example.com"));
    envelope->options = g_strdup ("-t -oi -U");
    envelope->ignored = g_strdup ("-U");
    envelope->dot_bytes = G_MAXUINT32;
    envelope->header_recipients = TRUE;
    envelope->full_name = g_strdup ("J\xc3\xb8rgen\nBcc: x");
    envelope->program = g_strdup ("/usr/sbin/cron");
    envelope->notify = BREV_NOTIFY_FAILURE | BREV_NOTIFY_DELAY;
    envelope->ret = BREV_RETURN_HEADERS;
    envelope->hops = 3;
    envelope->queue_only = TRUE;
    envelope->submitted = 1700000000123;
    return envelope;
}

/* A whole frame around @message. */
static GByteArray *
make_frame (GByteArray *head, const char *message)
{
    guint8 tail[BREV_FRAME_TAIL];
    guint32 crc;

    g_byte_array_append (head, (const guint8 *) message, (guint) strlen (message));
    crc = brev_crc32c (0, head->data, head->len);
    brev_frame_tail (strlen (message), crc, tail);
    g_byte_array_append (head, tail, sizeof tail);
    return head;
}

static GByteArray *
make_valid_frame (void)
{
    g_autoptr (BrevEnvelope) envelope = make_envelope ();

    return make_frame (brev_frame_head (ID, envelope), "Subject: x\n\nbody\n");
}

static gboolean
read_frame (const GByteArray *frame, gsize step, guint64 max, GError **error)
{
    g_autoptr (BrevFrameReader) reader = brev_frame_reader_new (max);

    for (gsize at = 0; at < frame->len; at += step)
        if (!brev_frame_reader_feed (reader, frame->data + at,
                                     MIN (step, frame->len - at), error))
            return FALSE;
    return brev_frame_reader_finish (reader, error);
}

static void
test_id (void)
{
    static const struct {
        const char *id;
        gboolean is_valid;
    } cases[] = {
        { ID, TRUE },
        { "0123456789abcdefghijklmno", FALSE },
        { "0123456789abcdefghijklmnopq", FALSE },
        { "0123456789abcdefghijklmno/", FALSE },
        { "0123456789ABCDEFGHIJKLMNOP", FALSE },
        { "", FALSE },
    };
    char one[BREV_ID_LENGTH + 1], two[BREV_ID_LENGTH + 1];

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
        g_assert_cmpint (brev_id_is_valid (cases[i].id), ==, cases[i].is_valid);
    brev_id_new (one);
    brev_id_new (two);
    g_assert_true (brev_id_is_valid (one));
    g_assert_cmpstr (one, !=, two);
}

static void
assert_same_envelope (const BrevEnvelope *got, const BrevEnvelope *want)
{
    g_assert_cmpstr (got->sender, ==, want->sender);
    g_assert_cmpint (got->sender_is_login, ==, want->sender_is_login);
    g_assert_cmpuint (got->recipients->len, ==, want->recipients->len);
    for (guint i = 0; i < want->recipients->len; i++)
        g_assert_cmpstr (got->recipients->pdata[i], ==, want->recipients->pdata[i]);
    g_assert_cmpuint (got->wishes->len, ==, want->wishes->len);
    for (guint i = 0; i < want->wishes->len; i++)
        g_assert_cmpstr (got->wishes->pdata[i], ==, want->wishes->pdata[i]);
    g_assert_cmpstr (got->options, ==, want->options);
    g_assert_cmpstr (got->ignored, ==, want->ignored);
    g_assert_cmpuint (got->dot_bytes, ==, want->dot_bytes);
    g_assert_cmpint (got->header_recipients, ==, want->header_recipients);
    g_assert_cmpint (got->gateway, ==, want->gateway);
    g_assert_cmpstr (got->login, ==, want->login);
    g_assert_cmpstr (got->program, ==, want->program);
    g_assert_cmpstr (got->envid, ==, want->envid);
    g_assert_cmpuint (got->notify, ==, want->notify);
    g_assert_cmpuint (got->ret, ==, want->ret);
    g_assert_cmpuint (got->hops, ==, want->hops);
    g_assert_cmpint (got->queue_only, ==, want->queue_only);
    g_assert_cmpint (got->submitted, ==, want->submitted);
}

static void
test_round_trip (void)
{
    g_autoptr (BrevEnvelope) want = make_envelope ();
    g_autoptr (GByteArray) frame = make_valid_frame ();

    for (gsize step = 1; step <= frame->len; step++) {
        g_autoptr (BrevFrameReader) reader = brev_frame_reader_new (17);
        g_autoptr (GError) error = NULL;
        for (gsize at = 0; at < frame->len; at += step) {
            (void) brev_frame_reader_feed (reader, frame->data + at,
                                           MIN (step, frame->len - at), &error);
            g_assert_no_error (error);
        }
        (void) brev_frame_reader_finish (reader, &error);
        g_assert_no_error (error);
        g_assert_cmpstr (brev_frame_reader_id (reader), ==, ID);
        assert_same_envelope (brev_frame_reader_envelope (reader), want);
        g_assert_cmpstr (brev_frame_reader_envelope (reader)->full_name, ==,
                         "J\xc3\xb8rgen?Bcc: x");
        g_assert_cmpuint (brev_frame_reader_message_length (reader), ==, 17);
        g_assert_cmpuint (brev_frame_reader_head_length (reader), ==,
                          frame->len - 17 - 12);
    }
}

static void
test_every_cut_and_every_flip_is_refused (void)
{
    g_autoptr (GByteArray) frame = make_valid_frame ();

    for (guint length = 0; length < frame->len; length++) {
        g_autoptr (GByteArray) cut = g_byte_array_new ();
        g_autoptr (GError) error = NULL;
        g_byte_array_append (cut, frame->data, length);
        g_assert_false (read_frame (cut, 7, 1000, &error));
        g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
    }
    for (guint bit = 0; bit < 8 * frame->len; bit++) {
        g_autoptr (GError) error = NULL;
        frame->data[bit / 8] ^= (guint8) (1 << bit % 8);
        g_assert_false (read_frame (frame, 64, 1000, &error));
        g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
        frame->data[bit / 8] ^= (guint8) (1 << bit % 8);
    }
}

/* Frames whose length and checksum are right, and whose envelope is not. */
static void
test_hostile_envelopes (void)
{
#define F "f\0\0\0\001s"
#define R "r\0\0\0\001x"
#define ROW(name, bytes, why)              \
    {                                      \
        name, bytes, sizeof bytes - 1, why \
    }
    static const struct {
        const char *name, *bytes;
        gsize length;
        const char *why;
    } cases[] = {
        ROW ("sound", F R, NULL),
        ROW ("null-sender", "f\0\0\0\0" R, NULL),
        ROW ("header-recipients", F "t\0\0\0\004\0\0\0\001", NULL),
        ROW ("empty", "", "names no sender"),
        ROW ("no-sender", R, "names no sender"),
        ROW ("no-recipient", F, "names no recipient"),
        ROW ("not-even-in-the-header", F "t\0\0\0\004\0\0\0\0", "names no recipient"),
        ROW ("two-senders", F F R, "field 'f' twice"),
        ROW ("unknown-tag", F R "X\0\0\0\0", "a field 0x58"),
        ROW ("cut-in-its-head", F R "n\0\0", "ends within a field"),
        ROW ("cut-in-its-bytes", F R "n\0\0\0\003ab", "ends within a field"),
        ROW ("longer-than-all",
             F R "n\xff\xff\xff\xff"
                 "ab",
             "ends within a field"),
        ROW ("nul-in-sender", "f\0\0\0\003a\0b" R,
             "field 'f' of the envelope holds a NUL"),
        ROW ("nul-in-recipient", F "r\0\0\0\003a\0b", "holds a NUL"),
        ROW ("line-in-sender", "f\0\0\0\003a\nb" R, "holds a control character"),
        ROW ("line-in-name", F R "n\0\0\0\003a\nb", "holds a control character"),
        ROW ("flag-is-two", F R "g\0\0\0\004\0\0\0\002", "no number from 0 to 1"),
        ROW ("flag-is-short", F R "g\0\0\0\001\001", "no number from 0 to 1"),
        ROW ("notify-too-many", F R "N\0\0\0\004\0\0\0\020", "no number from 0 to 15"),
        ROW ("ret-unknown", F R "R\0\0\0\004\0\0\0\003", "no number from 0 to 2"),
        ROW ("wish", F R "w\0\0\0\0032 x", NULL),
        ROW ("wishes-for-nobody", F R "w\0\0\0\0020 w\0\0\0\0020 ", "wishes for 2 of 1"),
        ROW ("wish-too-many", F R "w\0\0\0\00316 ", "'16 ' is no wish"),
        ROW ("wish-without-number", F R "w\0\0\0\002 x", "' x' is no wish"),
        ROW ("before-1970", F R "d\0\0\0\010\xff\0\0\0\0\0\0\0", "is no time"),
        ROW ("time-is-short", F R "d\0\0\0\004\0\0\0\0", "is no time"),
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (GByteArray) frame = g_byte_array_new ();
        g_autoptr (GError) error = NULL;
        guint32 length = GUINT32_TO_BE ((guint32) cases[i].length);
        g_byte_array_append (frame, (const guint8 *) "brevdue1" ID, 8 + BREV_ID_LENGTH);
        g_byte_array_append (frame, (const guint8 *) &length, sizeof length);
        g_byte_array_append (frame, (const guint8 *) cases[i].bytes,
                             (guint) cases[i].length);
        make_frame (frame, "x\n");
        g_test_message ("%s", cases[i].name);
        if (read_frame (frame, 5, 1000, &error)) {
            g_assert_null (cases[i].why);
            continue;
        }
        g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
        g_assert_nonnull (cases[i].why);
        g_assert_nonnull (strstr (error->message, cases[i].why));
    }
}

static void
test_strangers_are_refused_at_once (void)
{
    static const struct {
        const char *bytes;
        gsize length;
        const char *why;
    } cases[] = {
        { "G", 1, "no frame" },
        { "brevdue2", 8, "no frame" },
        { "brevdue1 wake\n0000000000000000000000000", 38, "no valid ID" },
        { "brevdue1" ID "\x00\x40\x00\x01", 38, "larger than 4194304 bytes" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevFrameReader) reader = brev_frame_reader_new (1000);
        g_autoptr (GError) error = NULL;
        g_assert_false (
            brev_frame_reader_feed (reader, cases[i].bytes, cases[i].length, &error));
        g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
        g_assert_nonnull (strstr (error->message, cases[i].why));
    }
}

static void
test_limits (void)
{
    g_autoptr (BrevEnvelope) envelope = make_envelope ();
    g_autoptr (GByteArray) frame = make_valid_frame ();
    g_autoptr (GError) error = NULL;

    g_assert_true (read_frame (frame, 1000, 17, NULL));
    g_assert_false (read_frame (frame, 1000, 16, &error));
    g_assert_nonnull (strstr (error->message, "larger than 16 bytes (max-message-size)"));
    g_ptr_array_set_size (envelope->wishes, 0);
    while (envelope->recipients->len < BREV_RECIPIENTS_MAX)
        g_ptr_array_add (envelope->recipients, g_strdup ("a@example.com"));
    g_autoptr (GByteArray) many = make_frame (brev_frame_head (ID, envelope), "x");
    g_assert_true (read_frame (many, 1000, 17, NULL));
    g_ptr_array_add (envelope->recipients, g_strdup ("a@example.com"));
    g_autoptr (GByteArray) too_many = make_frame (brev_frame_head (ID, envelope), "x");
    g_assert_false (read_frame (too_many, 1000, 17, NULL));
}

static void
test_origin (void)
{
    const BrevOrigin want = { 1000, 4294967294, 77, 1700000000123, BREV_WAY_DROP };
    BrevOrigin got;
    guint8 record[BREV_ORIGIN_SIZE];

    brev_origin_write (&want, record);
    g_assert_true (brev_origin_read (record, &got, NULL));
    g_assert_cmpuint (got.uid, ==, want.uid);
    g_assert_cmpuint (got.gid, ==, want.gid);
    g_assert_cmpuint (got.pid, ==, want.pid);
    g_assert_cmpint (got.arrival, ==, want.arrival);
    g_assert_cmpint (got.way, ==, want.way);
    for (guint i = 0; i < sizeof record; i++) {
        g_autoptr (GError) error = NULL;
        record[i] ^= 0x20;
        g_assert_false (brev_origin_read (record, &got, &error));
        g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
        record[i] ^= 0x20;
    }
}

static void
test_queue_file (void)
{
    const BrevOrigin origin = { 33, 33, 4711, 1700000000123, BREV_WAY_SOCKET };
    g_autoptr (BrevEnvelope) want = make_envelope ();
    g_autoptr (GByteArray) frame = make_valid_frame ();
    g_autoptr (GError) error = NULL;
    guint8 record[BREV_ORIGIN_SIZE];
    char message[17];
    FILE *stream = tmpfile ();
    int fd = fileno (stream);

    brev_origin_write (&origin, record);
    g_assert_true (brev_write_all (fd, record, sizeof record));
    g_assert_null (brev_queue_file_read (fd, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
    g_clear_error (&error);
    g_assert_true (brev_write_all (fd, frame->data, frame->len));

    g_autoptr (BrevQueueFile) file = brev_queue_file_read (fd, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (file->id, ==, ID);
    g_assert_cmpuint (file->origin.uid, ==, 33);
    assert_same_envelope (file->envelope, want);
    g_assert_cmpuint (file->message_length, ==, sizeof message);
    g_assert_cmpint (brev_read_at (fd, message, sizeof message, file->message_offset), ==,
                     sizeof message);
    g_assert_cmpmem (message, sizeof message, "Subject: x\n\nbody\n", 17);
    g_assert_cmpint (fclose (stream), ==, 0);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/id/shape", test_id);
    g_test_add_func ("/frame/round-trip", test_round_trip);
    g_test_add_func ("/frame/cut-or-flipped", test_every_cut_and_every_flip_is_refused);
    g_test_add_func ("/frame/hostile-envelopes", test_hostile_envelopes);
    g_test_add_func ("/frame/strangers", test_strangers_are_refused_at_once);
    g_test_add_func ("/frame/limits", test_limits);
    g_test_add_func ("/origin/round-trip", test_origin);
    g_test_add_func ("/queue-file/read", test_queue_file);
    return g_test_run ();
}
