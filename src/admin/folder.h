/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/stat.h>

#include "admin/site.h"

/* One of the directories of the spool in which messages lie. */
typedef struct {
    const char *name;
    int fd;
    gboolean is_drop; /* as callers wrote them; else as brevdued did */
} BrevFolder;

/**
 * brev_folder_read:
 * @info: (out): of the file, as far as it could be looked at
 *
 * Reads a file that no courier has read.
 *
 * Returns: (transfer full) (nullable): what it says, as the row of a message that is not
 * imported; %NULL without @error when it is gone
 */
BrevStoreMessage *brev_folder_read (const BrevFolder *folder, const char *name,
                                    struct stat *info, GError **error);
