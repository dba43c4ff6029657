/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "accept/daemon.h"
#include "accept/listen.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "brevdue-paths.h"

typedef struct {
    const char *name;
    int (*run) (void);
    const char *help;
} Option;

static int show_help (void);
static int show_version (void);

/* clang-format off */
static const Option options[] = {
    { "--help",    show_help,    "print this text" },
    { "--version", show_version, "print the version" },
};
/* clang-format on */

static int
show_help (void)
{
    (void) printf (
        "Usage: brevdued [OPTION]\n"
        "Takes mail from sendmail into the queue and keeps the courier at work.\n\n");
    for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
        (void) printf ("  %-10s %s\n", options[i].name, options[i].help);
    (void) printf ("\nIt runs in the foreground. Settings stand in brevdue.conf(5).\n"
                   "Example: BREVDUE_CONFIG=./brevdue.conf brevdued\n");
    return fflush (stdout) == 0 ? EX_OK : EX_IOERR;
}

static int
show_version (void)
{
    (void) printf ("brevdued %s\n", BREV_VERSION);
    return fflush (stdout) == 0 ? EX_OK : EX_IOERR;
}

static int
run_option (const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
        if (strcmp (options[i].name, name) == 0)
            return options[i].run ();
    (void) fprintf (stderr, "brevdued: unknown option '%s'; see brevdued --help\n", name);
    return EX_USAGE;
}

int
main (int argc, char **argv)
{
    g_autoptr (GError) error = NULL;

    if (argc > 1)
        return run_option (argv[1]);
    /* mail and, in the environment of the courier, tokens: neither for debuggers nor
     * dumps */
    (void) prctl (PR_SET_DUMPABLE, 0);
    (void) umask (022);
    brev_open_std_fds ();
    if (!brev_daemon_run (brev_listen_inherited (), &error))
        brev_log (BREV_LOG_ERROR, "%s", error->message);
    return brev_exit_status (error);
}
