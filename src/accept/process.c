/* SPDX-License-Identifier: MIT */
#include "accept/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"

/* Whatever this process blocks or ignores, its children start as others would. */
static void
reset_signals (void)
{
    sigset_t none;

    (void) signal (SIGPIPE, SIG_DFL);
    (void) sigemptyset (&none);
    (void) sigprocmask (SIG_SETMASK, &none, NULL);
}

/* In the child: nothing but system calls. */
static void
become (const BrevProgram *program)
{
    int null = open ("/dev/null", O_RDWR);

    (void) dup2 (null, STDIN_FILENO);
    if (program->out >= 0)
        (void) dup2 (program->out, STDOUT_FILENO);
    if (program->control >= 0)
        (void) dup2 (program->control, BREV_CONTROL_FD);
    if (program->control == BREV_CONTROL_FD)
        (void) fcntl (BREV_CONTROL_FD, F_SETFD, 0);
    (void) close_range (program->control >= 0 ? BREV_CONTROL_FD + 1 : 3, ~0U, 0);
    reset_signals ();
    if (program->seconds > 0)
        (void) alarm (program->seconds);
    (void) execv (program->argv[0], (char *const *) (gconstpointer) program->argv);
}

pid_t
brev_program_start (const BrevProgram *program, GError **error)
{
    pid_t pid = fork ();

    if (pid == 0) {
        become (program);
        _exit (127);
    }
    if (pid < 0)
        (void) brev_throw_errno (error, errno, "cannot start '%s'", program->argv[0]);
    return pid;
}
