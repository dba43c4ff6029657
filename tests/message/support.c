/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <sys/mman.h>

#include "base/fs.h"

int
test_file (const void *bytes, gsize length)
{
    int fd = memfd_create ("message", MFD_CLOEXEC);

    g_assert_cmpint (fd, >=, 0);
    g_assert_true (brev_write_all (fd, bytes, length));
    return fd;
}
