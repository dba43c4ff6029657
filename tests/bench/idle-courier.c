/* SPDX-License-Identifier: MIT */
/* Takes the courier's place where submission alone is measured: it reads what brevdued tells
 * it and sends nothing. Usage: as the courier: --control FD */
#include <stdlib.h>
#include <unistd.h>

int
main (int argc, char **argv)
{
    char buffer[4096];
    int fd = argc == 3 ? atoi (argv[2]) : 0;

    while (read (fd, buffer, sizeof buffer) > 0)
        ;
    return 0;
}
