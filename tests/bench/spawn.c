/* SPDX-License-Identifier: MIT */
/* Runs commands in turn, again and again, so that a slow second of the machine falls on all
 * of them, and prints for each run: the command's number, its exit status, microseconds from
 * before fork to after its end, its own microseconds of CPU, and its peak memory in kB.
 *
 * Usage: spawn ROUNDS INPUT [VARIABLE=VALUE...] COMMAND ARGUMENT... [-- ...]
 *
 * Small and static: what a child takes over from this program would count as its own. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 16 };

static long
microseconds (struct timeval time)
{
    return time.tv_sec * 1000000L + time.tv_usec;
}

static long
now (void)
{
    struct timespec time;

    (void) clock_gettime (CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000L + time.tv_nsec / 1000;
}

static void
start (char **command, const char *input)
{
    int in = open (input, O_RDONLY), null = open ("/dev/null", O_WRONLY);

    (void) dup2 (in, 0);
    (void) dup2 (null, 1);
    (void) close (in);
    (void) close (null);
    for (; strchr (*command, '=') != NULL; command++)
        (void) putenv (*command);
    (void) execv (*command, command);
    _exit (127);
}

static void
run (int number, char **command, const char *input)
{
    struct rusage usage;
    long before = now (), after;
    pid_t child = fork ();
    int status = 0;

    if (child == 0)
        start (command, input);
    (void) wait4 (child, &status, 0, &usage);
    after = now ();
    (void) printf ("%d %d %ld %ld %ld\n", number,
                   WIFEXITED (status) ? WEXITSTATUS (status) : 128, after - before,
                   microseconds (usage.ru_utime) + microseconds (usage.ru_stime),
                   usage.ru_maxrss);
}

int
main (int argc, char **argv)
{
    char **commands[MAX_COMMANDS];
    int n = 0;

    if (argc < 4)
        return 64;
    for (int i = 3; i < argc && n < MAX_COMMANDS; i++) {
        commands[n++] = &argv[i];
        while (i < argc && strcmp (argv[i], "--") != 0)
            i++;
        if (i < argc)
            argv[i] = NULL;
    }
    for (int round = 0; round < atoi (argv[1]); round++)
        for (int i = 0; i < n; i++)
            run (i, commands[i], argv[2]);
    return fflush (stdout) == 0 ? 0 : 74;
}
