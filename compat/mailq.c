/* SPDX-License-Identifier: MIT */
#include "compat/mailq.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "compat/child.h"
#include "spool/layout.h"
#include "spool/submit.h"

#define LIST_MAX (256 * 1024 * 1024)

static const char *const list_command[] = { "queue", "list", "--mailq", NULL };

/* A spool of the service is closed to other users; one that is not there may be the
 * caller's own elsewhere, which brevdue finds. */
static gboolean
is_closed_to_us (const BrevConfig *config)
{
    g_autofree char *store = g_build_filename (config->spool, "store", NULL);

    return access (store, R_OK | W_OK | X_OK) < 0 && errno != ENOENT && errno != ENOTDIR;
}

static gboolean
ask_brevdue (int out, GError **error)
{
    const BrevChild brevdue = { "brevdue", list_command, out, -1, FALSE };
    int status = brev_child_run (&brevdue, error);

    if (status > 0)
        (void) brev_throw (error, BREV_ERROR_SYSTEM,
                           "brevdue queue list failed (status %d)", status);
    return status == 0;
}

static gboolean
copy_out (int list, GError **error)
{
    char buffer[8192];
    gssize got;

    for (guint64 at = 0; (got = brev_read_at (list, buffer, sizeof buffer, at)) > 0;
         at += (guint64) got)
        if (!brev_write_all (STDOUT_FILENO, buffer, (gsize) got))
            return brev_throw_errno (error, errno, "cannot write the list");
    return got == 0 || brev_throw_errno (error, errno, "cannot read the list");
}

/* The list tells it in the line "Total requests: N". */
static gboolean
print_count (int list, GError **error)
{
    g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", list);
    g_autofree char *text = brev_read_file_at (-1, path, LIST_MAX, NULL, error);
    const char *total;

    if (text == NULL)
        return FALSE;
    total = strstr (text, "Total requests: ");
    if (total == NULL && strstr (text, "Mail queue is empty") == NULL)
        return brev_throw (error, BREV_ERROR_BUSY,
                           "the list does not say how long it is");
    (void) printf ("%d\n",
                   total == NULL ? 0 : atoi (total + strlen ("Total requests: ")));
    return TRUE;
}

gboolean
brev_mailq_show (const BrevConfig *config, gboolean count_only, GError **error)
{
    gboolean is_closed = is_closed_to_us (config);
    brev_autofd int list = memfd_create ("brevdue-list", MFD_CLOEXEC);

    if (!is_closed && !count_only)
        return brev_child_become ("brevdue", list_command, error);
    if (list < 0)
        return brev_throw_errno (error, errno, "cannot keep the list");
    /* Nothing is printed before all of it is there: a service that ends in the middle
     * must not look like a short queue. */
    if (!(is_closed ? brev_submit_request (config, "list", list, error)
                    : ask_brevdue (list, error)) ||
        (lseek (list, 0, SEEK_END) <= 0 &&
         !brev_throw (error, BREV_ERROR_BUSY, "the service sent no list"))) {
        g_prefix_error (error, "the queue of '%s' could not be read: ", config->spool);
        return FALSE;
    }
    return count_only ? print_count (list, error) : copy_out (list, error);
}

gboolean
brev_mailq_run (const BrevConfig *config, GError **error)
{
    static const char *const drain[] = { "--drain", NULL };
    g_autoptr (BrevSpool) own = NULL;

    if (brev_submit_request (config, "wake", -1, error))
        return TRUE;
    g_prefix_error (error,
                    "cannot ask the service at '%s' to run the queue: ", config->socket);
    if (access (config->socket, F_OK) == 0 || config->delivery == BREV_DELIVERY_QUEUE)
        return FALSE;
    own = brev_spool_open_own (config, NULL);
    if (own == NULL)
        return FALSE;
    g_clear_error (error);
    return brev_child_become ("courier", drain, error);
}
