/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "spool/layout.h"
#include "store/store.h"

/* The spool an administrator looks at. */
typedef struct {
    const BrevConfig *config; /* borrowed */
    BrevSpool *spool;         /* owned; NULL: no mail was ever kept */
    BrevStore *store;         /* owned; NULL: no mail was ever imported */
} BrevSite;

/**
 * brev_site_open:
 * @mode: %BREV_STORE_READ or %BREV_STORE_ADMIN
 *
 * Opens the service's spool or the caller's own. root becomes the spool's owner first,
 * for good: whatever is made in a spool must belong to its owner, and what lies in it is
 * hostile. Nothing is made.
 *
 * Returns: (transfer full) (nullable): or %NULL with %BREV_ERROR_DENIED when it belongs
 * to somebody else
 */
BrevSite *brev_site_open (const BrevConfig *config, BrevStoreMode mode, GError **error);
void brev_site_free (BrevSite *site);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevSite, brev_site_free)

/* The first half of it, for commands that need no spool: root becomes the owner if there
 * is one. */
gboolean brev_site_become_owner (const BrevConfig *config, GError **error);

/* Returns: (transfer full) (nullable): where the spool is; %NULL: nowhere yet */
char *brev_site_find (const BrevConfig *config, GError **error);

/* Whether the spool is the service's; else it is a caller's own. */
gboolean brev_site_has_service (const BrevConfig *config);
