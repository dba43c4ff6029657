/* SPDX-License-Identifier: MIT */
#include "admin/service.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "admin/site.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "spool/talk.h"

#define PATIENCE (3 * BREV_SECOND)

/* A client that says nothing and ends is let go without a word: the end is the answer. */
gboolean
brev_service_answers (const BrevConfig *config)
{
    brev_autofd int fd = brev_talk_connect (config->socket, NULL);
    char byte;

    return fd >= 0 && shutdown (fd, SHUT_WR) == 0 &&
           brev_talk_get (fd, &byte, 1, brev_clock_ticks () + PATIENCE, NULL) >= 0;
}

gboolean
brev_service_has_token (const BrevConfig *config, const BrevAccount *account)
{
    return brev_site_has_service (config) && account->token == NULL &&
           account->token_file == NULL;
}

static char **
command_line (const char *const *arguments)
{
    g_autoptr (GPtrArray) words = g_ptr_array_new ();

    g_ptr_array_add (words, brev_program_path ("courier"));
    for (guint i = 0; arguments[i] != NULL; i++)
        g_ptr_array_add (words, g_strdup (arguments[i]));
    g_ptr_array_add (words, NULL);
    return (char **) g_ptr_array_free (g_steal_pointer (&words), FALSE);
}

gboolean
brev_service_run_courier (const char *const *arguments, int fd, int *status,
                          GError **error)
{
    g_auto (GStrv) words = command_line (arguments);
    g_autoptr (GError) local = NULL;
    int wait_status;

    if (fd >= 0 && fcntl (fd, F_SETFD, 0) < 0)
        return brev_throw_errno (error, errno, "cannot hand the message to the courier");
    if (!g_spawn_sync (NULL, words, NULL,
                       fd >= 0 ? G_SPAWN_LEAVE_DESCRIPTORS_OPEN : G_SPAWN_DEFAULT, NULL,
                       NULL, NULL, NULL, &wait_status, &local))
        return brev_throw (error, BREV_ERROR_SYSTEM, "cannot start the courier: %s",
                           local->message);
    if (!WIFEXITED (wait_status))
        return brev_throw (error, BREV_ERROR_INTERNAL,
                           "the courier was killed by signal %d", WTERMSIG (wait_status));
    *status = WEXITSTATUS (wait_status);
    return TRUE;
}
