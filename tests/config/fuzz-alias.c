/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <unistd.h>

#include <sys/mman.h>

#include "base/fs.h"
#include "config/alias.h"

/* An alias file of any bytes: each expansion ends, and is never empty. */

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
    static const char *const names[] = { "root", "a", "b", "postmaster", "" };
    brev_autofd int fd = memfd_create ("aliases", MFD_CLOEXEC);
    g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
    g_autoptr (BrevAliases) aliases = NULL;

    g_assert_true (brev_write_all (fd, data, size));
    aliases = brev_aliases_load (path);
    for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
        g_autoptr (GPtrArray) found = brev_aliases_expand (aliases, names[i]);
        g_assert_true (found == NULL || found->len > 0);
    }
    return 0;
}
