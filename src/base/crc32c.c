/* SPDX-License-Identifier: MIT */
#include "base/crc32c.h"

#include <string.h>

/* Reflected polynomial 0x1EDC6F41, four bits at a time: a table that fits a cache line. */
static guint32
crc_portable (guint32 crc, const guint8 *bytes, gsize length)
{
    static const guint32 nibbles[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };

    for (gsize i = 0; i < length; i++) {
        crc ^= bytes[i];
        crc = nibbles[crc & 15] ^ (crc >> 4);
        crc = nibbles[crc & 15] ^ (crc >> 4);
    }
    return crc;
}

#ifdef __x86_64__
__attribute__ ((target ("sse4.2"))) static guint32
crc_sse42 (guint32 crc, const guint8 *bytes, gsize length)
{
    guint64 wide = crc;

    for (; length >= sizeof wide; bytes += sizeof wide, length -= sizeof wide) {
        guint64 word;
        memcpy (&word, bytes, sizeof word);
        wide = __builtin_ia32_crc32di (wide, word);
    }
    crc = (guint32) wide;
    for (; length > 0; bytes++, length--)
        crc = __builtin_ia32_crc32qi (crc, *bytes);
    return crc;
}
#endif

guint32
brev_crc32c (guint32 crc, const void *bytes, gsize length)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports ("sse4.2"))
        return ~crc_sse42 (~crc, bytes, length);
#endif
    return ~crc_portable (~crc, bytes, length);
}
