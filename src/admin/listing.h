/* SPDX-License-Identifier: MIT */
#pragma once

#include <json-glib/json-glib.h>

#include "admin/site.h"

/* One message as the queue has it. */
typedef struct {
    BrevStoreMessage *message; /* owned; of an incoming one, what its file says */
    const char *state;         /* "incoming", "queued", "held", ...; static */
    char *problem;             /* owned, nullable: why it is parked as a whole */
} BrevListed;

/* A file that is no message of ours. */
typedef struct {
    char *path;    /* owned: below the spool, "drop/name" */
    guint32 uid;   /* whose it is */
    char *problem; /* owned */
} BrevStranger;

typedef struct {
    GPtrArray *messages;  /* owned, of BrevListed, oldest first */
    GPtrArray *strangers; /* owned, of BrevStranger */
} BrevListing;

#define BREV_LISTED_FORGOTTEN "forgotten" /* nothing is known of it but its ID */

/* The states of a whole message, for counting. */
extern const char *const brev_listed_states[];

/**
 * brev_listing_read:
 * @uid: only this user's messages; -1: everybody's, and the strange files
 *
 * All that is still in the queue. Files that no courier has read yet are read here, so
 * that the list is whole while no courier runs.
 *
 * Returns: (transfer full) (nullable): never a list that is shorter than the queue: %NULL
 * with @error instead
 */
BrevListing *brev_listing_read (const BrevSite *site, gint64 uid, GError **error);
void brev_listing_free (BrevListing *listing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevListing, brev_listing_free)

/**
 * brev_listed_find:
 *
 * Also finds what is finished and still remembered.
 *
 * Returns: (transfer full) (nullable): or %NULL with %BREV_ERROR_NO_FILE
 */
BrevListed *brev_listed_find (const BrevSite *site, const char *id, GError **error);
void brev_listed_free (BrevListed *listed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevListed, brev_listed_free)

/* Returns: a descriptor of its file in queue/; -1 with %BREV_ERROR_NO_FILE */
int brev_listed_open (const BrevSite *site, const char *id, GError **error);

/* "sending" if any recipient is, "held", "deferred", ... */
const char *brev_message_state (const BrevStoreMessage *message);
/* What a recipient of @listed is called. */
const char *brev_listed_recipient_state (const BrevListed *listed,
                                         const BrevStoreRecipient *recipient);
/* Of all its recipients that still wait; 0: none is due by itself */
gint64 brev_listed_next (const BrevListed *listed);
guint brev_listed_attempts (const BrevListed *listed);

/* The object of "queue list --json". */
void brev_listed_json (JsonBuilder *json, const BrevListed *listed);
