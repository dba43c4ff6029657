/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "config/config.h"

/* The directories of a spool (modes in the service's: 0755, drop 3733, the others 0700).
 * src/store/README.md says what a file in each of them means. */
typedef struct {
    char *path; /* owned */
    int dir;
    int queue; /* ID: origin record and frame, whole and synced */
    int tmp;   /* what is not a message yet; locked while somebody writes it */
    int store; /* the database */
    int drop;  /* -1 in a spool of a caller's own */
} BrevSpool;

/**
 * brev_spool_open:
 * @with_drop: the service's spool has a drop directory
 *
 * Opens the directories and makes those that are missing. A queue that belongs to another
 * user is another user's spool: %BREV_ERROR_DENIED.
 *
 * Returns: (transfer full) (nullable): or %NULL with @error set
 */
BrevSpool *brev_spool_open (const char *path, gboolean with_drop, GError **error);
void brev_spool_free (BrevSpool *spool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevSpool, brev_spool_free)

/**
 * brev_spool_create:
 *
 * Returns: a new file tmp/@name, locked (flock) until it is closed, so that
 * brev_spool_sweep() leaves it alone; -1 with @error set
 */
int brev_spool_create (const BrevSpool *spool, const char *name, GError **error);

/**
 * brev_spool_sweep:
 *
 * Unlinks what crashes left in tmp, but not what is being written.
 *
 * Returns: how many files that were
 */
guint brev_spool_sweep (const BrevSpool *spool);

/* -- a spool of a caller's own ------------------------------------------------------- */

/**
 * brev_spool_own_paths:
 * @state_home: (nullable): $XDG_STATE_HOME
 * @home: (nullable): $HOME, or %NULL when it is no directory
 *
 * Where a caller without the service may keep mail, best first: what the administrator
 * named, and nothing else; without that the default, then the user's own state directory.
 *
 * Returns: (transfer full): (array of char *)
 */
GPtrArray *brev_spool_own_paths (const BrevConfig *config, const char *state_home,
                                 const char *home);

/**
 * brev_spool_open_own:
 *
 * Opens the first of brev_spool_own_paths() that this user can write.
 *
 * Returns: (transfer full) (nullable): or %NULL with @error, that of the first path, set
 */
BrevSpool *brev_spool_open_own (const BrevConfig *config, GError **error);

/* What is known about a spool of a caller's own. */
typedef struct {
    gboolean is_vouched_for;   /* spool-durable = yes */
    gboolean is_intended;      /* named by the administrator, or made by the package */
    gboolean is_below_tmp;     /* /tmp is emptied at start */
    gboolean is_on_durable_fs; /* brev_fs_is_durable() */
} BrevSpoolFacts;

/**
 * brev_spool_facts_are_durable:
 *
 * Returns: whether a message there counts as queued; else the caller is told that it
 * could not be sent, and has to try again itself
 */
gboolean brev_spool_facts_are_durable (const BrevSpoolFacts *facts);

/* The same, with the facts looked up. */
gboolean brev_spool_is_durable (const BrevSpool *spool, const BrevConfig *config);
