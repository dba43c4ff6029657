/* SPDX-License-Identifier: MIT */
#pragma once

#include "envelope/frame.h"
#include "spool/layout.h"

typedef enum {
    BREV_KEPT_NOT_YET,
    BREV_KEPT_NEW,     /* it is in the queue, synced */
    BREV_KEPT_ALREADY, /* the same message was there before: a repetition */
    BREV_KEPT_FOREIGN, /* its ID is another message's */
    BREV_KEPT_FAILED,  /* the disk did not take it */
} BrevKept;

/* One message on its way into the queue, by whichever way it comes: its bytes are checked
 * as they come and go straight to a file in tmp, so that memory does not grow with it. */
typedef struct {
    const BrevSpool *spool; /* borrowed */
    BrevOrigin origin;
    BrevFrameReader *reader; /* owned */
    char *temporary;         /* owned: its name in tmp */
    int fd;                  /* owned */
    BrevKept kept;
    char *problem; /* owned, nullable: why it was not kept */
} BrevArrival;

/**
 * brev_arrival_new:
 * @serial: a number that no other arrival of this process has
 *
 * Returns: (transfer full) (nullable): with the origin record written, or %NULL with
 * @error
 */
BrevArrival *brev_arrival_new (const BrevSpool *spool, const BrevOrigin *origin,
                               guint64 max_message_size, guint64 serial, GError **error);
/* Leaves nothing behind in tmp. */
void brev_arrival_free (BrevArrival *arrival);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevArrival, brev_arrival_free)

/**
 * brev_arrival_put:
 *
 * Returns: %FALSE with %BREV_ERROR_INPUT when this is no frame of ours, or too large, and
 * with %BREV_ERROR_SYSTEM when the disk did not take it
 */
gboolean brev_arrival_put (BrevArrival *arrival, const void *bytes, gsize length,
                           GError **error);

/* At the end of the bytes: is it one whole message? */
gboolean brev_arrival_finish (BrevArrival *arrival, GError **error);

const char *brev_arrival_id (const BrevArrival *arrival);

/**
 * brev_arrivals_commit:
 * @arrivals: of BrevArrival, each finished
 *
 * Makes them durable together and sets what became of each: the disk works on all of them
 * at once, and one sync of the directory serves the group.
 */
void brev_arrivals_commit (const BrevSpool *spool, const GPtrArray *arrivals);

/* Whether two messages of one ID are one and the same, sent again. */
gboolean brev_is_repetition (const BrevOrigin *origin, guint32 checksum,
                             const BrevOrigin *other, guint32 other_checksum);
