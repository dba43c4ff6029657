/* SPDX-License-Identifier: MIT */
#pragma once

#include "admin/listing.h"

#define BREV_MAX_LISTED_STATES 8

/* What keeps an account from sending at once. */
typedef struct {
    double slowed; /* messages each second, after the provider said that it is too much;
                         * 0: it did not */
    gint64 quota_until; /* ms since 1970: the daily quota is used up; 0: it is not */
} BrevAccountPace;

/* How things stand, gathered before a word is printed. */
typedef struct {
    const BrevConfig *config; /* borrowed */
    gint64 now;
    GPtrArray *config_problems; /* owned, of char * */
    gboolean has_service;
    gboolean service_answers;
    BrevSite *site;                       /* owned */
    BrevListing *listing;                 /* owned */
    guint counts[BREV_MAX_LISTED_STATES]; /* by brev_listed_states */
    gint64 oldest;                        /* arrival, 0: none */
    GPtrArray *problems;                  /* owned, of BrevStoreProblem */
    /* owned, of char *, one for each account: what keeps it from working at all, as far as
     * it can be seen from here; NULL: nothing */
    GPtrArray *faults;
    GArray *paces;    /* owned, of BrevAccountPace, one for each account */
    GArray *storms;   /* owned, of BrevStoreStorm: those that go on */
    guint storm_held; /* messages that the storm guard holds */
} BrevStatus;

/**
 * brev_status_read:
 * @status: filled with zeros
 *
 * Returns: %FALSE with @error when some of it cannot be read; what was read before that
 * stays in @status
 */
gboolean brev_status_read (BrevStatus *status, const BrevConfig *config, GError **error);
void brev_status_clear (BrevStatus *status);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevStatus, brev_status_clear)
