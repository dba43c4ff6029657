/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* aliases(5): names to lists of addresses. Files, pipes and :include: files that cannot
 * be read are errors of the alias file, reported, never executed. */
typedef struct BrevAliases BrevAliases;

/**
 * brev_aliases_load:
 * @path: a file that need not exist
 *
 * Returns: (transfer full): never %NULL; see brev_aliases_problems()
 */
BrevAliases *brev_aliases_load (const char *path);
void brev_aliases_free (BrevAliases *aliases);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevAliases, brev_aliases_free)

/* (transfer none): of BrevProblem */
const GPtrArray *brev_aliases_problems (const BrevAliases *aliases);

/**
 * brev_aliases_expand:
 * @local: a name without a domain, of any case
 *
 * Follows aliases of aliases; a name that leads back to itself stands for itself.
 *
 * Returns: (transfer full) (nullable): the addresses, some perhaps still without a
 * domain, as (array of char *), or %NULL when @local is no alias
 */
GPtrArray *brev_aliases_expand (const BrevAliases *aliases, const char *local);
