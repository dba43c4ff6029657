/* SPDX-License-Identifier: MIT */
#pragma once

#include "store/store.h"

/* What a caller is told that waited for its message. */
typedef struct {
    int status; /* sysexits */
    char *text; /* owned, nullable: one line for standard error */
} BrevDirectResult;

void brev_direct_result_clear (BrevDirectResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevDirectResult, brev_direct_result_clear)

/**
 * brev_direct_judge:
 * @message: with all its recipients
 * @is_durable: what is queued in this spool survives
 * @problem: (nullable): what the configuration lacks
 *
 * Pure. 0 means that the provider has the message, or that it is durably queued and will
 * be tried again, with a report to come about whoever was refused. Where it is not durably
 * queued the text names the refused, too. A message that somebody has got only fails when
 * somebody else may still get it by trying again.
 */
BrevDirectResult brev_direct_judge (const BrevStoreMessage *message, gboolean is_durable,
                                    const char *problem);

/* Whether some recipient still waits, and whether another process is sending to one. */
gboolean brev_direct_is_open (const BrevStoreMessage *message);
gboolean brev_direct_is_anothers (const BrevStoreMessage *message);

/**
 * brev_direct_delay:
 * @attempt: how many were made
 *
 * Returns: ms before the next one
 */
gint64 brev_direct_delay (guint attempt);

/* Starts "courier --drain" in a session of its own, holding nothing of the caller's. */
void brev_direct_start_drain (void);
