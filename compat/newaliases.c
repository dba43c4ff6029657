/* SPDX-License-Identifier: MIT */
#include "compat/newaliases.h"

#include "base/error.h"
#include "config/alias.h"

gboolean
brev_newaliases (const BrevConfig *config, GError **error)
{
    g_autoptr (BrevAliases) aliases = brev_aliases_load (config->aliases);
    const GPtrArray *problems = brev_aliases_problems (aliases);

    for (guint i = 0; i < problems->len; i++) {
        g_autofree char *text = brev_problem_format (g_ptr_array_index (problems, i));
        g_printerr ("newaliases: %s\n", text);
    }
    if (problems->len == 0)
        return TRUE;
    return brev_throw (
        error, BREV_ERROR_INPUT,
        "%u lines of '%s' have no effect; mail to the other aliases is not affected",
        problems->len, config->aliases);
}
