/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* store/lock: whose bytes say who has the database open, which couriers live, and how many
 * requests of an account are on their way. The kernel drops a lock with its process, however that ends. */
typedef struct {
    int fd;       /* -1: no lock file (memory, or a reader that may not open it) */
    guint number; /* of this courier, from 1; 0: none */
} BrevLock;

/**
 * brev_lock_open:
 * @may_create: else a missing file is an error
 *
 * Opens the file; no lock is held yet.
 */
gboolean brev_lock_open (BrevLock *lock, int dir, gboolean may_create, GError **error);
void brev_lock_close (BrevLock *lock);

/* Joins those who have the database open. */
gboolean brev_lock_join (BrevLock *lock, GError **error);

/* Joins, and is the one process that opens, makes or mends the database. */
gboolean brev_lock_setup (BrevLock *lock, GError **error);
gboolean brev_lock_setup_done (BrevLock *lock, GError **error);

/* Whether this is the only process with the database open. If so nobody comes in before
 * brev_lock_setup_done(). */
gboolean brev_lock_is_alone (const BrevLock *lock);

/* Takes a number that no living courier has. */
gboolean brev_lock_take_number (BrevLock *lock, GError **error);

/* Whether the courier of that number lives, and is not this one. */
gboolean brev_lock_other_lives (const BrevLock *lock, guint number);

/* Whether no other process has this slot of @account; what no lock can be had for counts as
 * free: too many requests at once are better than none. */
gboolean brev_lock_take_slot (const BrevLock *lock, const char *account, guint slot);
void brev_lock_drop_slot (const BrevLock *lock, const char *account, guint slot);

/* Whether a database was ever made here; brev_lock_note_made() says so from now on. */
gboolean brev_lock_was_made (const BrevLock *lock);
gboolean brev_lock_note_made (const BrevLock *lock, GError **error);
