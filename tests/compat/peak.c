/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs its arguments and prints the peak of their resident memory in kB. What starts a
 * program lends it the size of its own memory, so this is as small as can be. */
int
main (int argc, char **argv)
{
    struct rusage usage;
    int status = 1;
    pid_t pid = argc > 1 ? fork () : -1;

    if (pid == 0) {
        (void) execv (argv[1], argv + 1);
        _exit (127);
    }
    if (pid < 0 || wait4 (pid, &status, 0, &usage) != pid || status != 0)
        return 1;
    (void) printf ("%ld\n", usage.ru_maxrss);
    return 0;
}
