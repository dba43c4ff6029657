/* SPDX-License-Identifier: MIT */
#include "spool/layout.h"

#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "brevdue-paths.h"

/* "/" is what a service without a home has for one. */
static gboolean
is_usable_home (const char *home)
{
    return home != NULL && g_path_is_absolute (home) && strcmp (home, "/") != 0;
}

GPtrArray *
brev_spool_own_paths (const BrevConfig *config, const char *state_home, const char *home)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

    g_ptr_array_add (paths, g_strdup (config->spool));
    if (config->spool_is_named)
        return paths;
    if (state_home != NULL && g_path_is_absolute (state_home))
        g_ptr_array_add (paths, g_build_filename (state_home, "brevdue", NULL));
    else if (is_usable_home (home))
        g_ptr_array_add (paths,
                         g_build_filename (home, ".local", "state", "brevdue", NULL));
    return paths;
}

BrevSpool *
brev_spool_open_own (const BrevConfig *config, GError **error)
{
    const char *home = g_getenv ("HOME");
    gboolean has_home = home != NULL && g_file_test (home, G_FILE_TEST_IS_DIR);
    g_autoptr (GPtrArray) paths = brev_spool_own_paths (
        config, g_getenv ("XDG_STATE_HOME"), has_home ? home : NULL);

    for (guint i = 0; i < paths->len; i++) {
        BrevSpool *spool =
            brev_spool_open (g_ptr_array_index (paths, i), FALSE, i == 0 ? error : NULL);
        if (spool == NULL)
            continue;
        g_clear_error (error);
        return spool;
    }
    return NULL;
}

gboolean
brev_spool_facts_are_durable (const BrevSpoolFacts *facts)
{
    if (facts->is_vouched_for)
        return TRUE;
    return facts->is_intended && !facts->is_below_tmp && facts->is_on_durable_fs;
}

static gboolean
is_below_tmp (int dir)
{
    g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", dir);
    g_autofree char *path = g_file_read_link (link, NULL);

    return path == NULL || strcmp (path, "/tmp") == 0 || g_str_has_prefix (path, "/tmp/");
}

gboolean
brev_spool_is_durable (const BrevSpool *spool, const BrevConfig *config)
{
    const BrevSpoolFacts facts = {
        .is_vouched_for = config->spool_durable,
        .is_intended =
            strcmp (spool->path, BREV_SPOOL) == 0 ||
            (config->spool_is_named && strcmp (spool->path, config->spool) == 0),
        .is_below_tmp = is_below_tmp (spool->dir),
        .is_on_durable_fs = brev_fs_is_durable (spool->dir),
    };

    return brev_spool_facts_are_durable (&facts);
}
