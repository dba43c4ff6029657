/* SPDX-License-Identifier: MIT */
#include "envelope/frame.h"
#include "fuzz-frame.h"
#include "seeds.h"

#define ROUNDS 1000000

/* Always the same numbers, on every machine: a failure can be repeated. */
static guint32
next (guint32 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void
mutate (GByteArray *frame, guint32 *state)
{
    guint at = next (state) % frame->len;

    switch (next (state) % 4) {
    case 0:
        frame->data[at] = (guint8) next (state);
        break;
    case 1:
        frame->data[at] ^= (guint8) (1 << next (state) % 8);
        break;
    case 2:
        g_byte_array_remove_index (frame, at);
        break;
    default:
        g_byte_array_append (frame, frame->data + at, 1);
        break;
    }
}

static void
test_mutations (void)
{
    g_autoptr (GPtrArray) seeds = brev_frame_seeds ();
    guint32 state = 2463534242;

    for (guint i = 0; i < ROUNDS; i++) {
        const GByteArray *seed = g_ptr_array_index (seeds, i % seeds->len);
        g_autoptr (GByteArray) frame = g_byte_array_new ();
        g_byte_array_append (frame, seed->data, seed->len);
        for (guint changes = 1 + next (&state) % 4; changes > 0 && frame->len > 0;
             changes--)
            mutate (frame, &state);
        if (next (&state) % 4 != 0)
            brev_frame_mend (frame);
        (void) LLVMFuzzerTestOneInput (frame->data, frame->len);
    }
}

static void
test_seeds_are_sound (void)
{
    g_autoptr (GPtrArray) seeds = brev_frame_seeds ();

    for (guint i = 0; i < seeds->len; i++) {
        const GByteArray *seed = g_ptr_array_index (seeds, i);
        g_autoptr (BrevFrameReader) reader = brev_frame_reader_new (4096);
        g_autoptr (GError) error = NULL;
        (void) (brev_frame_reader_feed (reader, seed->data, seed->len, &error) &&
                brev_frame_reader_finish (reader, &error));
        g_assert_no_error (error);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/frame/seeds", test_seeds_are_sound);
    g_test_add_func ("/frame/mutations", test_mutations);
    return g_test_run ();
}
