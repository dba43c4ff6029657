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

/* ms: both may have to look through a long queue */
#define LIST_PATIENCE 30000
#define RUN_PATIENCE 60000

/* A spool of the service is closed to other users; one that is not there may be the
 * caller's own elsewhere, which brevdue finds. */
static gboolean
is_closed_to_us (const BrevConfig *config)
{
    g_autofree char *store = g_build_filename (config->spool, "store", NULL);

    return access (store, R_OK | W_OK | X_OK) < 0 && errno != ENOENT && errno != ENOTDIR;
}

static void
add_filter (GString *request, const char *prefix, const char *text)
{
    if (text != NULL)
        g_string_append_printf (request, " %s%s", prefix, text);
}

/* Returns: (transfer full): what to ask the service */
static char *
make_request (const char *word, const BrevRunFilter *filter)
{
    GString *request = g_string_new (word);

    add_filter (request, "I=", filter->id);
    add_filter (request, "R=", filter->recipient);
    add_filter (request, "S=", filter->sender);
    return g_string_free (request, FALSE);
}

static void
add_option (GPtrArray *arguments, const char *option, const char *text)
{
    if (text != NULL)
        g_ptr_array_add (arguments, g_strconcat (option, text, NULL));
}

/* Returns: (transfer full): the same for brevdue: @command, options, %NULL */
static GPtrArray *
make_arguments (const char *const *command, const BrevRunFilter *filter)
{
    GPtrArray *arguments = g_ptr_array_new_with_free_func (g_free);

    for (; *command != NULL; command++)
        g_ptr_array_add (arguments, g_strdup (*command));
    add_option (arguments, "--id=", filter->id);
    add_option (arguments, "--recipient=", filter->recipient);
    add_option (arguments, "--sender=", filter->sender);
    g_ptr_array_add (arguments, NULL);
    return arguments;
}

/* @out: what it prints goes there; -1: nowhere */
static gboolean
run_brevdue (const char *const *arguments, int out, gboolean is_quiet, GError **error)
{
    const BrevChild brevdue = { "brevdue", arguments, out, -1, is_quiet };
    int status = brev_child_run (&brevdue, error);

    if (status > 0)
        (void) brev_throw (error, BREV_ERROR_SYSTEM, "brevdue %s %s failed (status %d)",
                           arguments[0], arguments[1], status);
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

/* The end of the list tells how long it is, and that it is whole. */
static gboolean
read_total (int list, guint *total, GError **error)
{
    char end[256];
    off_t size = lseek (list, 0, SEEK_END);
    gsize wanted = (gsize) MIN (MAX (size, 0), (off_t) sizeof end - 1);
    gssize got = brev_read_at (list, end, wanted, (guint64) (size - (off_t) wanted));
    const char *line;

    end[MAX (got, 0)] = '\0';
    line = g_strrstr (end, "\tTotal requests: ");
    if (line != NULL && g_str_has_suffix (line, ".\n")) {
        *total = (guint) atoi (line + strlen ("\tTotal requests: "));
        return TRUE;
    }
    *total = 0;
    return strcmp (end, "Mail queue is empty\n") == 0 ||
           brev_throw (error, BREV_ERROR_BUSY, "the list ends before it is whole");
}

gboolean
brev_mailq_show (const BrevConfig *config, const BrevOptions *options, GError **error)
{
    static const char *const command[] = { "queue", "list", "--mailq", NULL };
    gboolean is_closed = is_closed_to_us (config);
    gboolean count_only = options->mode == BREV_MODE_COUNT;
    g_autofree char *request = make_request ("list", &options->filter);
    g_autoptr (GPtrArray) made = make_arguments (command, &options->filter);
    const char *const *arguments = (const char *const *) made->pdata;
    brev_autofd int list = memfd_create ("brevdue-list", MFD_CLOEXEC);
    guint total;

    if (!is_closed && !count_only)
        return brev_child_become ("brevdue", arguments, error);
    if (list < 0)
        return brev_throw_errno (error, errno, "cannot keep the list");
    /* Nothing is printed before all of it is there: a service that ends in the middle
     * must not look like a short queue. */
    if (!(is_closed ? brev_submit_ask (config, request, LIST_PATIENCE, list, error)
                    : run_brevdue (arguments, list, FALSE, error)) ||
        !read_total (list, &total, error)) {
        g_prefix_error (error, "the queue of '%s' could not be read: ", config->spool);
        return FALSE;
    }
    if (!count_only)
        return copy_out (list, error);
    (void) printf ("%u\n", total);
    return TRUE;
}

/* -- running it ---------------------------------------------------------------------- */

/* Makes what waits due: the caller's own messages, root's command all of them. */
static gboolean
ask_service (const BrevConfig *config, const BrevOptions *options, GError **error)
{
    g_autofree char *request = make_request ("run", &options->filter);

    if (brev_submit_ask (config, request, RUN_PATIENCE,
                         options->is_verbose ? STDERR_FILENO : -1, error))
        return TRUE;
    g_prefix_error (error,
                    "cannot ask the service at '%s' to run the queue: ", config->socket);
    return FALSE;
}

/* The same for a spool of the caller's own. */
static gboolean
make_due (const BrevOptions *options, GError **error)
{
    static const char *const command[] = { "queue", "retry", "--all", NULL };
    g_autoptr (GPtrArray) arguments = make_arguments (command, &options->filter);

    return run_brevdue ((const char *const *) arguments->pdata, -1, options->is_quiet,
                        error);
}

static gboolean
run_own (const BrevConfig *config, const BrevOptions *options, GError **error)
{
    static const char *const drain[] = { "--drain", NULL };
    g_autoptr (BrevSpool) own = brev_spool_open_own (config, error);

    return own != NULL && make_due (options, error) &&
           brev_child_become ("courier", drain, error);
}

gboolean
brev_mailq_run (const BrevConfig *config, const BrevOptions *options, GError **error)
{
    static const char *const flush[] = { "flush", "--wait", NULL };
    g_autoptr (GError) failure = NULL;

    if (options->runs_in_foreground && !brev_run_filter_chooses (&options->filter) &&
        !is_closed_to_us (config))
        return run_brevdue (flush, -1, options->is_quiet, error);
    if (ask_service (config, options, &failure))
        return TRUE;
    if (access (config->socket, F_OK) < 0 && config->delivery != BREV_DELIVERY_QUEUE &&
        run_own (config, options, NULL))
        return TRUE;
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
}
