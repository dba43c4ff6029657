/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* The directories of a spool (modes in design of the service: 0755, drop 3733, the others
 * 0700). src/store/README.md says what a file in each of them means. */
typedef struct {
    char *path; /* owned */
    int dir;
    int queue; /* ID: origin record and frame, whole and synced */
    int tmp;   /* what is not a message yet; emptied at start */
    int store; /* the database */
    int drop;  /* -1 in a spool of a caller's own */
} BrevSpool;

/**
 * brev_spool_open:
 * @with_drop: the service's spool has a drop directory
 *
 * Opens the directories and makes those that are missing.
 *
 * Returns: (transfer full) (nullable): or %NULL with @error set
 */
BrevSpool *brev_spool_open (const char *path, gboolean with_drop, GError **error);
void brev_spool_free (BrevSpool *spool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevSpool, brev_spool_free)
