/* SPDX-License-Identifier: MIT */
#include "fuzz-frame.h"

#include "envelope/frame.h"

/* Whatever the bytes are: no crash, and the same verdict however they are cut. */
int
LLVMFuzzerTestOneInput (const guint8 *bytes, gsize length)
{
    gboolean verdicts[2];
    BrevOrigin origin;

    for (guint whole = 0; whole < 2; whole++) {
        g_autoptr (BrevFrameReader) reader = brev_frame_reader_new (4096);
        gsize step = whole ? MAX (length, 1) : 1 + length % 61;
        gboolean is_sound = TRUE;
        for (gsize at = 0; is_sound && at < length; at += step)
            is_sound = brev_frame_reader_feed (reader, bytes + at,
                                               MIN (step, length - at), NULL);
        verdicts[whole] = is_sound && brev_frame_reader_finish (reader, NULL);
        g_assert_true (!verdicts[whole] || brev_frame_reader_envelope (reader) != NULL);
    }
    g_assert_cmpint (verdicts[0], ==, verdicts[1]);
    if (length >= BREV_ORIGIN_SIZE)
        (void) brev_origin_read (bytes, &origin, NULL);
    return 0;
}
