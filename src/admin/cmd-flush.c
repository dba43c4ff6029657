/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/listing.h"
#include "admin/output.h"
#include "admin/service.h"
#include "base/clock.h"
#include "base/error.h"
#include "spool/submit.h"

#define LOOK_EVERY 250                 /* ms; longer when looking itself takes long */
#define STUCK_AFTER (60 * BREV_SECOND) /* without any change */

typedef struct {
    guint due;  /* messages that could go now */
    guint left; /* messages in the queue */
} Count;

static gboolean
is_due (const BrevListed *listed, gint64 now)
{
    gint64 next = brev_listed_next (listed);

    return strcmp (listed->state, "incoming") == 0 ||
           strcmp (listed->state, "sending") == 0 || (next != 0 && next <= now);
}

static gboolean
count (const BrevSite *site, Count *result, GError **error)
{
    g_autoptr (BrevListing) listing = brev_listing_read (site, -1, error);
    gint64 now = brev_clock_now ();

    if (listing == NULL)
        return FALSE;
    *result = (Count){ .left = listing->messages->len };
    for (guint i = 0; i < listing->messages->len; i++)
        result->due += is_due (listing->messages->pdata[i], now);
    return TRUE;
}

/* The database is made by the courier: there may be none yet. */
static gboolean
count_again (const BrevConfig *config, Count *result, GError **error)
{
    g_autoptr (BrevSite) site = brev_site_open (config, BREV_STORE_READ, error);

    return site != NULL && count (site, result, error);
}

static void
show_progress (const Count *first, const Count *now, gint64 since)
{
    gint64 passed = MAX (brev_clock_ticks () - since, 1);
    guint gone = first->due > now->due ? first->due - now->due : 0;
    double rate = (double) gone * BREV_SECOND / (double) passed;
    g_autofree char *left =
        gone == 0 ? g_strdup ("?")
                  : brev_duration_text ((gint64) (now->due * (double) passed / gone));

    (void) fprintf (stderr, "\r%u of %u done, %.1f/s, %s left\033[K", gone, first->due,
                    rate, left);
}

/* Until nothing is due, or nothing moves any more. */
static gboolean
follow (const BrevConfig *config, gboolean shows, Count *result, GError **error)
{
    const Count first = *result;
    gint64 start = brev_clock_ticks ();
    gint64 moved = start;

    while (result->due > 0) {
        gint64 before = brev_clock_ticks ();
        guint due = result->due;
        if (!count_again (config, result, error))
            return FALSE;
        if (result->due != due)
            moved = brev_clock_ticks ();
        if (brev_clock_ticks () - moved > STUCK_AFTER)
            return brev_throw (
                error, BREV_ERROR_BUSY,
                "nothing was sent for a minute and %u messages are due: see "
                "'brevdue status'",
                result->due);
        if (shows)
            show_progress (&first, result, start);
        g_usleep ((gulong) (1000 * MAX (LOOK_EVERY, 4 * (brev_clock_ticks () - before))));
    }
    if (shows)
        (void) fprintf (stderr, "\r\033[K");
    return TRUE;
}

/* Without a service a courier of our own does it, here and now. */
static gboolean
drain (GError **error)
{
    static const char *const arguments[] = { "--drain", NULL };
    int status;

    if (!brev_service_run_courier (arguments, -1, &status, error))
        return FALSE;
    return status == 0 ||
           brev_throw (error, BREV_ERROR_BUSY,
                       "the courier ended with status %d: see its messages above",
                       status);
}

static gboolean
wake (const BrevConfig *config, GError **error)
{
    g_autoptr (GError) local = NULL;

    if (brev_submit_wake (config, &local))
        return TRUE;
    return brev_throw (
        error, BREV_ERROR_BUSY,
        "the service does not answer at '%s' (%s): start it with 'systemctl "
        "start brevdue'",
        config->socket, local->message);
}

static void
print_result (const BrevCall *call, guint due, const Count *after, gboolean has_waited)
{
    g_autoptr (JsonBuilder) json = NULL;

    if (!call->is_json) {
        (void) printf ("%u message%s due", due, due == 1 ? "" : "s");
        if (has_waited)
            (void) printf ("; %u left in the queue", after->left);
        (void) printf ("\n");
        return;
    }
    json = json_builder_new ();
    json_builder_begin_object (json);
    brev_out_int (json, "due", due);
    if (has_waited)
        brev_out_int (json, "left", after->left);
    json_builder_end_object (json);
    brev_out_print (json);
}

/* Everything that waits becomes due. */
static gboolean
make_due (const BrevConfig *config, gboolean *is_service, Count *result, GError **error)
{
    g_autoptr (BrevSite) site = brev_site_open (config, BREV_STORE_ADMIN, error);

    if (site == NULL)
        return FALSE;
    if (site->store != NULL &&
        brev_store_retry (site->store, NULL, brev_clock_now (), error) < 0)
        return FALSE;
    *is_service = site->spool != NULL && site->spool->drop >= 0;
    return count (site, result, error);
}

gboolean
brev_cmd_flush (BrevCall *call, GError **error)
{
    gboolean shows = isatty (STDERR_FILENO) && !call->is_json;
    gboolean waits = shows || brev_call_option (call, "wait") != NULL;
    gboolean is_service;
    guint due;
    Count now;

    if (!brev_config_check (call->config, error) ||
        !make_due (call->config, &is_service, &now, error))
        return FALSE;
    due = now.due;
    if (is_service) {
        if (!wake (call->config, error) ||
            (waits && !follow (call->config, shows, &now, error)))
            return FALSE;
    } else if (due > 0 && (!drain (error) || !count_again (call->config, &now, error))) {
        return FALSE;
    }
    print_result (call, due, &now, waits || !is_service);
    return TRUE;
}
