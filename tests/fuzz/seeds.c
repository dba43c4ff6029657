/* SPDX-License-Identifier: MIT */
#include "seeds.h"

#include <string.h>

#include "base/crc32c.h"
#include "envelope/frame.h"

#define ID "0123456789abcdefghijklmnop"

static const struct {
    const char *sender;
    const char *recipients; /* cut at spaces */
    gboolean header_recipients;
    const char *text; /* of the fields that are shown */
    guint number;
    const char *message;
} rows[] = {
    { "root", "a@example.com", FALSE, NULL, 0, "Subject: x\n\nbody\n" },
    { "", "", TRUE, NULL, 0, "To: a@example.com\n\n" },
    { "a@b", "a@b c@d e@f", TRUE, "J\xc3\xb8rgen", 1, "\n" },
    { "a@b", "a", FALSE, "", 0, "" },
};

static GByteArray *
make_seed (guint row)
{
    g_autoptr (BrevEnvelope) envelope = brev_envelope_new ();
    g_auto (GStrv) recipients = g_strsplit (rows[row].recipients, " ", -1);
    guint8 tail[BREV_FRAME_TAIL] = { 0 };
    GByteArray *frame;

    g_free (envelope->sender);
    envelope->sender = g_strdup (rows[row].sender);
    for (char **one = recipients; *one != NULL; one++)
        g_ptr_array_add (envelope->recipients, g_strdup (*one));
    envelope->header_recipients = rows[row].header_recipients;
    envelope->full_name = g_strdup (rows[row].text);
    envelope->login = g_strdup (rows[row].text);
    envelope->program = g_strdup (rows[row].text);
    envelope->envid = g_strdup (rows[row].text);
    envelope->notify = rows[row].number;
    envelope->hops = rows[row].number;
    frame = brev_frame_head (ID, envelope);
    g_byte_array_append (frame, (const guint8 *) rows[row].message,
                         (guint) strlen (rows[row].message));
    g_byte_array_append (frame, tail, sizeof tail);
    brev_frame_mend (frame);
    return frame;
}

GPtrArray *
brev_frame_seeds (void)
{
    GPtrArray *seeds =
        g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref);

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
        g_ptr_array_add (seeds, make_seed (i));
    return seeds;
}

void
brev_frame_mend (GByteArray *frame)
{
    const gsize fixed = 8 + BREV_ID_LENGTH;
    guint32 envelope;
    gsize before;

    if (frame->len < fixed + sizeof envelope + BREV_FRAME_TAIL)
        return;
    before = frame->len - BREV_FRAME_TAIL;
    memcpy (&envelope, frame->data + fixed, sizeof envelope);
    gsize head = fixed + sizeof envelope + GUINT32_FROM_BE (envelope);
    if (head <= before)
        brev_frame_tail (before - head, brev_crc32c (0, frame->data, before),
                         frame->data + before);
}
