/* SPDX-License-Identifier: MIT */
#include "compat/post.h"

#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "compat/child.h"
#include "spool/layout.h"

/* clang-format off */
static const struct {
    int status;
    BrevError code;
} courier_statuses[] = {
    { EX_DATAERR,     BREV_ERROR_INPUT },
    { EX_NOUSER,      BREV_ERROR_NO_RECIPIENT },
    { EX_UNAVAILABLE, BREV_ERROR_REFUSED },
    { EX_NOPERM,      BREV_ERROR_DENIED },
    { EX_CONFIG,      BREV_ERROR_CONFIG },
};
/* clang-format on */

/* Whatever else a courier ends with is a failure of this host. */
static BrevError
code_of_status (int status)
{
    for (guint i = 0; i < G_N_ELEMENTS (courier_statuses); i++)
        if (courier_statuses[i].status == status)
            return courier_statuses[i].code;
    return BREV_ERROR_SYSTEM;
}

static gboolean
judge_status (int status, BrevPosted *posted, GError **error)
{
    if (status == EX_OK)
        return TRUE;
    posted->is_told = TRUE;
    return brev_throw (
        error, code_of_status (status),
        "the courier could not send the message (status %d); it is not kept", status);
}

/* The courier could not do its work. In a durable spool the message is kept, and a later
 * run sends it; elsewhere it must not stay, because the caller is told to send it again.
 */
static gboolean
settle_own (const BrevPost *post, const BrevSpool *spool, const char *id,
            const GError *cause, GError **error)
{
    if (brev_spool_is_durable (spool, post->submitter.config)) {
        if (!post->is_quiet)
            g_printerr (
                "sendmail: %s; the message is kept as %s in '%s': brevdue flush sends it\n",
                cause->message, id, spool->path);
        return TRUE;
    }
    (void) unlinkat (spool->queue, id, 0);
    return brev_throw (error, BREV_ERROR_SYSTEM,
                       "%s; the message is not kept: send it again", cause->message);
}

static gboolean
deliver_own (const BrevPost *post, const BrevEnvelope *envelope, BrevPosted *posted,
             GError **error)
{
    const char *const arguments[] = { "--direct", posted->id, NULL };
    const BrevChild courier = { "courier", arguments, -1, -1, post->is_quiet };
    g_autoptr (BrevSpool) spool = brev_spool_open_own (post->submitter.config, error);
    g_autoptr (GError) failure = NULL;
    int status;

    if (spool == NULL)
        return FALSE;
    if (envelope->queue_only && brev_spool_is_durable (spool, post->submitter.config))
        return TRUE;
    status = brev_child_run (&courier, &failure);
    if (status < 0)
        return settle_own (post, spool, posted->id, failure, error);
    return judge_status (status, posted, error);
}

static gboolean
deliver_memory (const BrevPost *post, BrevPosted *posted, int frame_fd, GError **error)
{
    const char *const arguments[] = { "--direct-fd", G_STRINGIFY (BREV_CHILD_MESSAGE),
                                      NULL };
    const BrevChild courier = { "courier", arguments, -1, frame_fd, post->is_quiet };
    int status = brev_child_run (&courier, error);

    if (status >= 0)
        return judge_status (status, posted, error);
    g_prefix_error (error, "the message is not kept, send it again: ");
    return FALSE;
}

/* Mail that is refused because of a typing error deserves to hear of it. */
static void
blame_config (const BrevConfig *config, GError **failure)
{
    g_autoptr (GError) storing = g_steal_pointer (failure);
    g_autoptr (GError) problem = NULL;

    if (g_error_matches (storing, BREV_ERROR, BREV_ERROR_SYSTEM) &&
        !brev_config_check (config, &problem))
        (void) brev_throw (failure, BREV_ERROR_CONFIG,
                           "%s; the configuration is not sound: %s", storing->message,
                           problem->message);
    else
        *failure = g_steal_pointer (&storing);
}

/* RFC 5321 section 6.3: what comes by so many hosts goes round in circles. */
static gboolean
check_hops (const BrevPost *post, const BrevEnvelope *envelope, GError **error)
{
    return envelope->hops <= post->max_hops ||
           brev_throw (error, BREV_ERROR_INPUT,
                       "the message came by %u hosts; more than %u mean that it goes "
                       "round in circles",
                       envelope->hops, post->max_hops);
}

gboolean
brev_post (BrevPost *post, const BrevEnvelope *envelope, const BrevMessageBytes *message,
           BrevPosted *posted, GError **error)
{
    brev_autofd int frame_fd = -1;
    GError *failure = NULL;

    posted->is_told = FALSE;
    if (!check_hops (post, envelope, error))
        return FALSE;
    if (!brev_submit (&post->submitter, envelope, message, posted->id, &posted->how,
                      &frame_fd, &failure)) {
        blame_config (post->submitter.config, &failure);
        g_propagate_prefixed_error (error, failure, "the message is not kept: ");
        return FALSE;
    }
    if (posted->how == BREV_SUBMITTED_OWN)
        return deliver_own (post, envelope, posted, error);
    if (posted->how == BREV_SUBMITTED_MEMORY)
        return deliver_memory (post, posted, frame_fd, error);
    if (posted->how == BREV_SUBMITTED_SOCKET && post->waits)
        (void) brev_submit_wait (post->submitter.config, posted->id,
                                 post->is_verbose ? STDERR_FILENO : -1, NULL);
    return TRUE;
}
