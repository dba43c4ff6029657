/* SPDX-License-Identifier: MIT */
#include "envelope/frame.h"

#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "envelope/bytes.h"

static const char origin_magic[8] = { 'b', 'r', 'e', 'v', 'o', 'r', 'i', '1' };

/* magic | u32 uid | u32 gid | u32 pid | u64 arrival | u8 way | zeros | u32 CRC-32C */
enum {
    UID_AT = 8,
    GID_AT = 12,
    PID_AT = 16,
    ARRIVAL_AT = 20,
    WAY_AT = 28,
    ORIGIN_CRC_AT = BREV_ORIGIN_SIZE - 4,
};

static const char ways[] = { BREV_WAY_SOCKET, BREV_WAY_DROP, BREV_WAY_OWN,
                             BREV_WAY_REPORT };

void
brev_origin_write (const BrevOrigin *origin, guint8 record[BREV_ORIGIN_SIZE])
{
    memset (record, 0, BREV_ORIGIN_SIZE);
    memcpy (record, origin_magic, sizeof origin_magic);
    brev_put32 (record + UID_AT, origin->uid);
    brev_put32 (record + GID_AT, origin->gid);
    brev_put32 (record + PID_AT, origin->pid);
    brev_put64 (record + ARRIVAL_AT, (guint64) origin->arrival);
    record[WAY_AT] = (guint8) origin->way;
    brev_put32 (record + ORIGIN_CRC_AT, brev_crc32c (0, record, ORIGIN_CRC_AT));
}

gboolean
brev_origin_read (const guint8 record[BREV_ORIGIN_SIZE], BrevOrigin *origin,
                  GError **error)
{
    if (memcmp (record, origin_magic, sizeof origin_magic) != 0)
        return brev_throw (error, BREV_ERROR_INPUT, "this is no queue file of brevdue");
    if (brev_get32 (record + ORIGIN_CRC_AT) != brev_crc32c (0, record, ORIGIN_CRC_AT))
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the origin record's checksum is wrong");
    if (memchr (ways, record[WAY_AT], sizeof ways) == NULL)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the origin record has an unknown way in");
    origin->uid = brev_get32 (record + UID_AT);
    origin->gid = brev_get32 (record + GID_AT);
    origin->pid = brev_get32 (record + PID_AT);
    origin->arrival = (gint64) brev_get64 (record + ARRIVAL_AT);
    origin->way = (BrevWay) record[WAY_AT];
    return TRUE;
}
