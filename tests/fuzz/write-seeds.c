/* SPDX-License-Identifier: MIT */
#include "seeds.h"

/* Usage: write-seeds DIRECTORY */
int
main (int argc, char **argv)
{
    g_autoptr (GPtrArray) seeds = brev_frame_seeds ();

    if (argc != 2 || g_mkdir_with_parents (argv[1], 0755) < 0)
        return 1;
    for (guint i = 0; i < seeds->len; i++) {
        const GByteArray *seed = g_ptr_array_index (seeds, i);
        g_autofree char *path = g_strdup_printf ("%s/frame-%u", argv[1], i);
        if (!g_file_set_contents (path, (const char *) seed->data, seed->len, NULL))
            return 1;
    }
    return 0;
}
