/* SPDX-License-Identifier: MIT */
#include "courier/options.h"

#include "base/clock.h"
#include "base/error.h"
#include "envelope/frame.h"

#define IDLE_TIME (60 * BREV_SECOND)
#define REQUEST_TIME (10 * BREV_MINUTE)
/* How long a caller waits for its message in direct mode; they were promised 20 s. */
#define DIRECT_TIME (18 * BREV_SECOND)

gboolean
brev_run_options_are_direct (const BrevRunOptions *options)
{
    return options->mode == BREV_MODE_DIRECT || options->mode == BREV_MODE_DIRECT_FD;
}

void
brev_run_options_clear (BrevRunOptions *options)
{
    g_clear_pointer (&options->id, g_free);
}

gboolean
brev_run_options_parse (BrevRunOptions *options, int argc, char **argv, GError **error)
{
    int control = -1, direct_fd = -1, idle = -1, timeout = 0;
    gboolean is_drain = FALSE;
    const GOptionEntry entries[] = {
        { "control", 0, 0, G_OPTION_ARG_INT, &control, "brevdued's courier", "FD" },
        { "drain", 0, 0, G_OPTION_ARG_NONE, &is_drain, "send what is due, then end",
          NULL },
        { "direct", 0, 0, G_OPTION_ARG_STRING, &options->id, "send one message now",
          "ID" },
        { "direct-fd", 0, 0, G_OPTION_ARG_INT, &direct_fd, "one that is in no spool",
          "FD" },
        { "idle", 0, 0, G_OPTION_ARG_INT, &idle, "end after so long without work",
          "SECONDS" },
        { "timeout", 0, 0, G_OPTION_ARG_INT, &timeout, "give a request up after so long",
          "SECONDS" },
        { NULL },
    };
    g_autoptr (GOptionContext) context = g_option_context_new (NULL);

    g_option_context_add_main_entries (context, entries, NULL);
    if (!g_option_context_parse (context, &argc, &argv, error))
        return FALSE;
    if ((control >= 0) + (direct_fd >= 0) + is_drain + (options->id != NULL) != 1 ||
        argc > 1)
        return brev_throw (error, BREV_ERROR_USAGE,
                           "exactly one of --control, --drain, --direct and --direct-fd");
    if (options->id != NULL && !brev_id_is_valid (options->id))
        return brev_throw (error, BREV_ERROR_USAGE, "'%s' is no queue id", options->id);
    if (control >= 0)
        options->mode = BREV_MODE_CONTROL;
    else if (is_drain)
        options->mode = BREV_MODE_DRAIN;
    else
        options->mode = direct_fd >= 0 ? BREV_MODE_DIRECT_FD : BREV_MODE_DIRECT;
    options->fd = MAX (control, direct_fd);
    options->idle = idle >= 0 ? idle * BREV_SECOND : IDLE_TIME;
    options->timeout = brev_run_options_are_direct (options) ? DIRECT_TIME : REQUEST_TIME;
    if (timeout > 0)
        options->timeout = timeout * BREV_SECOND;
    return TRUE;
}
