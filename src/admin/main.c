/* SPDX-License-Identifier: MIT */

/* brevdue: what an administrator asks and does. One command a run; commands.c lists them.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/help.h"
#include "base/error.h"
#include "base/fs.h"
#include "brevdue-paths.h"

/* NO_COLOR: https://no-color.org */
static gboolean
may_colour (void)
{
    const char *refused = getenv ("NO_COLOR");
    const char *terminal = getenv ("TERM");

    return isatty (STDOUT_FILENO) && (refused == NULL || *refused == '\0') &&
           g_strcmp0 (terminal, "dumb") != 0;
}

static gboolean
run (const char *const *arguments, int *status, GError **error)
{
    g_autoptr (BrevCall) call = brev_call_parse (arguments, error);

    if (call == NULL)
        return FALSE;
    if (brev_call_option (call, "help") != NULL) {
        brev_help_print_command (call->command, call->is_json);
        return TRUE;
    }
    call->has_colour = may_colour () && !call->is_json;
    call->config = brev_config_load ();
    if (!call->command->run (call, error))
        return FALSE;
    *status = call->exit_status;
    return TRUE;
}

/* --help and --version stand alone; so does the first word of a pair. */
static gboolean
run_general (const char *const *arguments, int *status, GError **error)
{
    const char *first = arguments[0];

    if (first != NULL && strcmp (first, "--version") == 0) {
        (void) printf ("brevdue %s\n", BREV_VERSION);
        return TRUE;
    }
    if (first != NULL && (strcmp (first, "--help") == 0 || strcmp (first, "help") == 0)) {
        brev_help_print_all (g_strcmp0 (arguments[1], "--json") == 0);
        return TRUE;
    }
    if (first == NULL)
        return brev_throw (error, BREV_ERROR_USAGE,
                           "no command: 'brevdue --help' lists them");
    return run (arguments, status, error);
}

int
main (int argc, char **argv)
{
    g_autoptr (GError) error = NULL;
    int status = 0;

    brev_open_std_fds ();
    (void) run_general ((const char *const *) argv + (argc > 0 ? 1 : 0), &status, &error);
    if ((fflush (stdout) != 0 || ferror (stdout)) && error == NULL)
        (void) brev_throw (&error, BREV_ERROR_SYSTEM, "cannot write to standard output");
    if (error != NULL)
        (void) fprintf (stderr, "brevdue: %s\n", error->message);
    return error == NULL ? status : brev_exit_status (error);
}
