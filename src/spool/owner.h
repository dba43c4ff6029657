/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/types.h>

#include <glib.h>

/**
 * brev_spool_owner:
 * @path: of a spool
 *
 * Returns: %FALSE, with both untouched, when there is no queue
 */
gboolean brev_spool_owner (const char *path, uid_t *uid, gid_t *gid);

/**
 * brev_become:
 *
 * Gives up root's rights for those of another account, for good.
 */
gboolean brev_become (uid_t uid, gid_t gid, GError **error);
