/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "spool/layout.h"
#include "store/store.h"

/* One report about many messages, in place of many. Which it is about stands in the store. */

/* As many messages are named in one; the others are counted. */
#define BREV_DIGEST_MOST 200

/* All that the text of a digest depends on. */
typedef struct {
    const BrevConfig *config;
    const BrevStoreDigest *digest; /* with a message at least */
    const char *to;
    const char *subject; /* nullable: of its first message, decoded */
    gint64 now;
} BrevDigestText;

/* Returns: (transfer full): the whole mail. Pure. */
char *brev_digest_text (const BrevDigestText *text);

/**
 * brev_digest_write_all:
 * @reports: (array of char *): the ids of the digests that were written join it; they are
 *   to be imported
 *
 * Writes what the store has closed as queue files. What was written already, since a crash
 * came before the import, is so again.
 */
gboolean brev_digest_write_all (const BrevConfig *config, const BrevSpool *spool,
                                BrevStore *store, GPtrArray *reports, GError **error);
