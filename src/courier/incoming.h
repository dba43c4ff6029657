/* SPDX-License-Identifier: MIT */
#pragma once

#include "courier/courier.h"

/* A whole queue file on its way to a row. */
typedef struct {
    char *id;            /* owned: its name in queue/ */
    int fd;              /* owned */
    BrevQueueFile *file; /* owned */
} BrevIncoming;

void brev_incoming_free (BrevIncoming *arrival);

/**
 * brev_incoming_read:
 * @id: its name in queue/
 *
 * Returns: (nullable): %NULL without @error when the file is gone
 */
BrevIncoming *brev_incoming_read (const BrevCourier *courier, const char *id,
                                  GError **error);

/**
 * brev_incoming_row:
 *
 * Finds out whom the message is for, by which accounts, and what else its row says.
 *
 * Returns: (nullable): or %NULL with @error when it cannot be told now
 */
BrevStoreMessage *brev_incoming_row (const BrevCourier *courier,
                                     const BrevIncoming *arrival, GError **error);
