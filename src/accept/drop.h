/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/stat.h>

#include "accept/arrival.h"
#include "accept/connection.h"
#include "accept/ledger.h"

/* The drop directory: anybody may put a file there. Only whole messages are taken, one at
 * a time, by copying them; everything else stays where it is, is logged once, and is
 * shown by "brevdue status". */
typedef struct BrevDrop BrevDrop;

BrevDrop *brev_drop_new (const BrevSpool *spool);
void brev_drop_free (BrevDrop *drop);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevDrop, brev_drop_free)

/* Looks through the directory for what is there; @name: a file that has just come. */
void brev_drop_scan (BrevDrop *drop, gint64 ticks);
void brev_drop_add (BrevDrop *drop, const char *name);

/* Returns: ms until brev_drop_scan() should be called again */
gint64 brev_drop_wait (const BrevDrop *drop, gint64 ticks);
/* Whether there are files to look at. */
gboolean brev_drop_is_pending (const BrevDrop *drop);

/**
 * brev_drop_take:
 *
 * Looks at the next file and copies it.
 *
 * Returns: (transfer full) (nullable): a finished arrival, to be committed and given to
 * brev_drop_settle(); %NULL when the file was none
 */
BrevArrival *brev_drop_take (BrevDrop *drop, BrevReception *reception,
                             const BrevLedger *ledger);

/* Unlinks the dropped file, now that its copy is safe, or tells why there is none. */
void brev_drop_settle (BrevDrop *drop, const BrevArrival *arrival);

/* What a file in the drop directory is, by its name and its inode alone. */
typedef enum {
    BREV_DROPPED_MESSAGE, /* worth reading */
    BREV_DROPPED_UNDONE,  /* perhaps still being written */
    BREV_DROPPED_FOREIGN, /* not for us */
} BrevDropped;

BrevDropped brev_drop_judge (const char *name, const struct stat *info, guint64 max_size,
                             gint64 now, const char **why);
