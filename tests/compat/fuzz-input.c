/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/fs.h"
#include "compat/input.h"

/* The first byte chooses how dots are read, the second how large the pieces are. Whatever
 * comes in, the pieces give what the whole gives, and the result has one header boundary:
 * read again, it is unchanged. */

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static GByteArray *
convert (BrevDots dots, const guint8 *data, gsize size, gsize step)
{
    const BrevInputRules rules = { dots, 1 << 30 };
    g_autoptr (BrevInput) input = brev_input_new (&rules);
    g_auto (BrevMessageBytes) message = { .fd = -1 };

    for (gsize at = 0; at < size; at += step)
        (void) brev_input_feed (input, (const char *) data + at, MIN (step, size - at));
    g_assert_true (brev_input_finish (input, &message, NULL));
    if (message.fd >= 0) {
        g_byte_array_set_size (message.memory, (guint) message.length);
        g_assert_cmpint (
            brev_read_at (message.fd, message.memory->data, message.length, 0), ==,
            message.length);
    }
    return g_byte_array_ref (message.memory);
}

static void
assert_equal (const GByteArray *one, const GByteArray *other)
{
    g_assert_cmpmem (one->data, one->len, other->data, other->len);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
    if (size < 2)
        return 0;
    BrevDots dots = (BrevDots) (data[0] % 3);
    gsize step = data[1] + 1u;
    g_autoptr (GByteArray) whole = convert (dots, data + 2, size - 2, size);
    g_autoptr (GByteArray) pieces = convert (dots, data + 2, size - 2, step);
    g_autoptr (GByteArray) again =
        convert (BREV_DOTS_DATA, whole->data, whole->len, step);

    assert_equal (whole, pieces);
    assert_equal (whole, again);
    return 0;
}
