/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "brevdue-paths.h"
#include "config/config.h"
#include "config/environment.h"

/* clang-format off */
static const struct {
    const char *name;
    const char *directory;
} places[] = { /* every other program of ours is for people, and lies where theirs do */
    { "courier",  BREV_LIBEXECDIR },
    { "brevdued", BREV_SBINDIR },
};
/* clang-format on */

char *
brev_program_path (const char *name)
{
    const char *directory = brev_environment ("BREVDUE_PROGRAMS");

    if (directory != NULL)
        return g_build_filename (directory, name, NULL);
    for (guint i = 0; i < G_N_ELEMENTS (places); i++)
        if (strcmp (places[i].name, name) == 0)
            return g_build_filename (places[i].directory, name, NULL);
    return g_build_filename (BREV_BINDIR, name, NULL);
}
