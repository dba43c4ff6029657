/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "brevdue-paths.h"
#include "config/config.h"
#include "config/environment.h"

/* Every other program of ours is for people, and lies where theirs do. */
static const char *const internal_programs[] = { "courier" };

char *
brev_program_path (const char *name)
{
    const char *directory = brev_environment ("BREVDUE_PROGRAMS");

    if (directory != NULL)
        return g_build_filename (directory, name, NULL);
    for (guint i = 0; i < G_N_ELEMENTS (internal_programs); i++)
        if (strcmp (internal_programs[i], name) == 0)
            return g_build_filename (BREV_LIBEXECDIR, name, NULL);
    return g_build_filename (BREV_BINDIR, name, NULL);
}
