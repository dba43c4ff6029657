/* SPDX-License-Identifier: MIT */
#pragma once

#include "spool/layout.h"

/* How many messages each uid has in the queue: what a submitter may take of the space
 * that all share. Beyond the limit its mail waits in the drop directory, in files of its
 * own, and comes in as the queue drains. A few bytes for each message, however long its
 * ID is. */
typedef struct BrevLedger BrevLedger;

BrevLedger *brev_ledger_new (void);
void brev_ledger_free (BrevLedger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevLedger, brev_ledger_free)

void brev_ledger_add (BrevLedger *ledger, const char *id, guint32 uid);
void brev_ledger_remove (BrevLedger *ledger, const char *id);
guint brev_ledger_count (const BrevLedger *ledger, guint32 uid);

/* Begins anew with what the queue holds. */
void brev_ledger_load (BrevLedger *ledger, const BrevSpool *spool);
