/* SPDX-License-Identifier: MIT */
#pragma once

#include "store/sql.h"

/* Inside the folder only: counts for each calling program. They hold no address and outlive
 * the history. Nothing that a caller says of itself is proved but its uid, so each uid has
 * only so many rows of its own. */

/* What one transaction adds, for one caller. */
typedef struct {
    gint64 n;                /* of its row */
    BrevStoreCaller *counts; /* owned */
} BrevTally;

/* (transfer full): of BrevTally */
GHashTable *brev_callers_new (void);

/**
 * brev_callers_find:
 * @tally: (out) (transfer none): of the caller of @message; its row is made if need be
 */
gboolean brev_callers_find (BrevStore *store, GHashTable *tallies,
                            const BrevStoreMessage *message, BrevTally **tally,
                            GError **error);

/* Pure: one message more. */
void brev_callers_count (BrevStoreCaller *counts, const BrevStoreMessage *message);

/* Adds what was counted to the rows. */
gboolean brev_callers_write (BrevStore *store, GHashTable *tallies, GError **error);

/* Another From stands in for @address (nullable), once for each message. */
gboolean brev_callers_rewritten (BrevStore *store, const char *id, const char *address,
                                 GError **error);

/* Takes over what can be read of a damaged database. */
gboolean brev_callers_salvage (BrevStore *store, BrevStore *old, GError **error);
