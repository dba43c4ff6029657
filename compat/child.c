/* SPDX-License-Identifier: MIT */
#include "compat/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "config/config.h"

/* Returns: (transfer full): @path, @arguments and %NULL */
static GPtrArray *
make_argv (const char *path, const char *const *arguments)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);

    g_ptr_array_add (argv, g_strdup (path));
    for (; *arguments != NULL; arguments++)
        g_ptr_array_add (argv, g_strdup (*arguments));
    g_ptr_array_add (argv, NULL);
    return argv;
}

static void
add_descriptors (posix_spawn_file_actions_t *actions, const BrevChild *child)
{
    if (child->is_connection)
        (void) posix_spawn_file_actions_adddup2 (actions, child->out, 0);
    else
        (void) posix_spawn_file_actions_addopen (actions, 0, "/dev/null", O_RDONLY, 0);
    if (child->out >= 0)
        (void) posix_spawn_file_actions_adddup2 (actions, child->out, 1);
    else
        (void) posix_spawn_file_actions_addopen (actions, 1, "/dev/null", O_WRONLY, 0);
    if (child->is_quiet)
        (void) posix_spawn_file_actions_addopen (actions, 2, "/dev/null", O_WRONLY, 0);
    if (child->message >= 0)
        (void) posix_spawn_file_actions_adddup2 (actions, child->message,
                                                 BREV_CHILD_MESSAGE);
}

/* Returns: 0, or an errno value */
static int
spawn (const BrevChild *child, const char *path, pid_t *pid)
{
    g_autoptr (GPtrArray) argv = make_argv (path, child->arguments);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t ignored, none;
    int failure;

    (void) posix_spawn_file_actions_init (&actions);
    (void) posix_spawnattr_init (&attributes);
    (void) sigemptyset (&ignored);
    (void) sigaddset (&ignored, SIGPIPE);
    (void) posix_spawnattr_setsigdefault (&attributes, &ignored);
    (void) sigemptyset (&none);
    (void) posix_spawnattr_setsigmask (&attributes, &none);
    (void) posix_spawnattr_setflags (&attributes,
                                     POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    add_descriptors (&actions, child);
    failure =
        posix_spawn (pid, path, &actions, &attributes, (char **) argv->pdata, environ);
    (void) posix_spawnattr_destroy (&attributes);
    (void) posix_spawn_file_actions_destroy (&actions);
    return failure;
}

pid_t
brev_child_start (const BrevChild *child, GError **error)
{
    g_autofree char *path = brev_program_path (child->program);
    pid_t pid;
    int failure = spawn (child, path, &pid);

    if (failure == 0)
        return pid;
    (void) brev_throw_errno (error, failure, "cannot start '%s'", path);
    return -1;
}

int
brev_child_run (const BrevChild *child, GError **error)
{
    pid_t pid = brev_child_start (child, error);
    int status;

    if (pid < 0)
        return -1;
    while (waitpid (pid, &status, 0) < 0)
        if (errno != EINTR) {
            (void) brev_throw_errno (error, errno, "cannot wait for '%s'",
                                     child->program);
            return -1;
        }
    if (WIFEXITED (status))
        return WEXITSTATUS (status);
    (void) brev_throw (error, BREV_ERROR_SYSTEM, "'%s' was killed by signal %d",
                       child->program, WTERMSIG (status));
    return -1;
}

gboolean
brev_child_become (const char *program, const char *const *arguments, GError **error)
{
    g_autofree char *path = brev_program_path (program);
    g_autoptr (GPtrArray) argv = make_argv (path, arguments);

    (void) signal (SIGPIPE, SIG_DFL);
    (void) execv (path, (char **) argv->pdata);
    return brev_throw_errno (error, errno, "cannot run '%s'", path);
}
