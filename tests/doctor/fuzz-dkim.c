/* SPDX-License-Identifier: MIT */
#include "doctor/dkim.h"

/* Records of any bytes, with a line feed between two: the verdict fits what it comes with. */

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static GPtrArray *
split (const char *data, gsize size)
{
    GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
    gsize start = 0;

    for (gsize i = 0; i <= size; i++)
        if (i == size || data[i] == '\n') {
            g_ptr_array_add (records, g_bytes_new (data + start, i - start));
            start = i + 1;
        }
    return records;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
    g_autoptr (GPtrArray) records = split ((const char *) data, size);
    BrevDkimKey key = brev_dkim_judge (records);

    g_assert_true ((key.verdict == BREV_DKIM_SEVERAL) == (records->len > 1));
    g_assert_true ((key.verdict == BREV_DKIM_BAD) == (key.fault != NULL));
    g_assert_true (key.verdict != BREV_DKIM_MISSING);
    if (key.verdict == BREV_DKIM_SHORT)
        g_assert_true (key.bits > 0 && key.bits < BREV_DKIM_BITS_MIN);
    if (key.verdict == BREV_DKIM_GOOD)
        g_assert_true (key.bits == 256 || key.bits >= BREV_DKIM_BITS_MIN);
    return 0;
}
