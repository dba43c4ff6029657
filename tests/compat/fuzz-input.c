/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/fs.h"
#include "compat/input.h"

/* The first byte chooses how dots are read, the second how large the pieces are. Whatever
 * comes in, a message of SMTP ends where it must, the pieces give what the whole gives,
 * and the result has one header boundary: read again, it is unchanged. */

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static gboolean
has_suffix (const GString *text, const char *suffix)
{
    gsize length = strlen (suffix);

    return text->len >= length &&
           memcmp (text->str + text->len - length, suffix, length) == 0;
}

/* Where SMTP data ends, found the slow way. Returns: the length of it, 0: nowhere */
static gsize
end_of_data (const guint8 *data, gsize size, gboolean is_lf_only)
{
    g_autoptr (GString) text = g_string_new (is_lf_only ? "\n" : "\r\n");
    gsize before = text->len;

    for (gsize at = 0; at < size; at++) {
        g_string_append_c (text, (char) data[at]);
        is_lf_only = is_lf_only && !has_suffix (text, "\r\n");
        if (has_suffix (text, "\r\n.\r\n") || (is_lf_only && has_suffix (text, "\n.\n")))
            return text->len - before;
    }
    return 0;
}

static GByteArray *
convert (BrevDots dots, const guint8 *data, gsize size, gsize step)
{
    const BrevInputRules rules = { dots, 1 << 30 };
    g_autoptr (BrevInput) input = brev_input_new (&rules);
    g_auto (BrevMessageBytes) message = { .fd = -1 };
    gsize used = 0;

    for (gsize at = 0; at < size; at += step)
        used += brev_input_feed (input, (const char *) data + at, MIN (step, size - at));
    if (dots == BREV_DOTS_SMTP || dots == BREV_DOTS_SMTP_LF) {
        gsize end = end_of_data (data, size, dots == BREV_DOTS_SMTP_LF);
        g_assert_cmpint (brev_input_is_ended (input), ==, end > 0);
        g_assert_cmpuint (used, ==, end > 0 ? end : size);
    }
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
    BrevDots dots = (BrevDots) (data[0] % 4);
    gsize step = data[1] + 1u;
    g_autoptr (GByteArray) whole = convert (dots, data + 2, size - 2, size);
    g_autoptr (GByteArray) pieces = convert (dots, data + 2, size - 2, step);
    g_autoptr (GByteArray) again =
        convert (BREV_DOTS_DATA, whole->data, whole->len, step);

    assert_equal (whole, pieces);
    assert_equal (whole, again);
    return 0;
}
