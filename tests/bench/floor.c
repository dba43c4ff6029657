/* SPDX-License-Identifier: MIT */
/* The least a durable submission can do, static and without any library of ours: standard
 * input to a file, synced, renamed, and its directory synced. Usage: floor DIRECTORY */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char buffer[256 * 1024];

static int
copy (int to)
{
    ssize_t got;

    while ((got = read (0, buffer, sizeof buffer)) > 0)
        if (write (to, buffer, (size_t) got) != got)
            return -1;
    return got < 0 ? -1 : 0;
}

int
main (int argc, char **argv)
{
    char temporary[32], name[32];
    int dir, fd;

    if (argc != 2 || (dir = open (argv[1], O_RDONLY | O_DIRECTORY)) < 0)
        return 64;
    (void) snprintf (temporary, sizeof temporary, "t%d", getpid ());
    (void) snprintf (name, sizeof name, "q%d", getpid ());
    fd = openat (dir, temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || copy (fd) < 0 || fsync (fd) < 0 ||
        renameat (dir, temporary, dir, name) < 0 || fsync (dir) < 0)
        return 71;
    return 0;
}
