/* SPDX-License-Identifier: MIT */
#include "courier/run.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "courier/direct.h"
#include "courier/import.h"

/* Mail that nobody in the foreground has taken for so long was left behind by somebody.
 */
#define ABANDONED_TIME (20 * BREV_SECOND)
#define FORGET_EVERY (10 * BREV_SECOND)

/* -- what brevdued says ---------------------------------------------------------------
 */

static void
arrived (const char *id, gpointer data)
{
    BrevFlow *flow = data;

    g_ptr_array_add (flow->arrivals, g_strdup (id));
    brev_flow_go_on (flow);
}

/* An administrator wants the queue run: also what was submitted to wait for that (-odq).
 */
static void
woken (gpointer data)
{
    BrevFlow *flow = data;

    flow->wants_scan = TRUE;
    brev_flow_wake (flow);
    brev_flow_go_on (flow);
}

static void
hung_up (gpointer data)
{
    brev_flow_stop (data);
}

/* A courier may live for days. What fails now is told of, or done, at its end. */
static gboolean
forget_again (gpointer data)
{
    (void) brev_courier_forget (data, NULL);
    return G_SOURCE_CONTINUE;
}

/* -- runs ---------------------------------------------------------------------------- */

/* As the service's courier, or as one that sends what is due and ends. */
int
brev_run_queue (BrevFlow *flow, GError **error)
{
    BrevControlHooks hooks = { arrived, woken, hung_up, flow };
    guint forgetting;
    gint64 wait;

    if (!brev_settler_mend (flow->courier->settler, error))
        return brev_exit_status (*error);
    flow->wants_scan = TRUE;
    if (flow->options->mode == BREV_MODE_CONTROL)
        flow->control = brev_control_new (flow->options->fd, &hooks);
    forgetting = g_timeout_add (FORGET_EVERY, forget_again, flow->courier);
    brev_flow_run (flow);
    (void) g_source_remove (forgetting);
    if (flow->control == NULL || flow->status != EX_OK)
        return flow->status;
    wait = brev_flow_next_wait (flow);
    (void) brev_control_say_idle (flow->control,
                                  wait < 0 ? G_MAXINT64 : brev_clock_now () + wait, NULL);
    return EX_OK;
}

/* What could not be sent, and is not kept either: its caller is told so. */
static void
forget (BrevCourier *courier, const char *id)
{
    g_autoptr (GError) error = NULL;

    if (brev_store_delete (courier->store, id, brev_clock_now (), NULL, &error) < 0 ||
        (courier->spool != NULL && unlinkat (courier->spool->queue, id, 0) < 0))
        brev_log (BREV_LOG_ERROR, "%s: cannot be taken out of the queue: %s", id,
                  error != NULL ? error->message : g_strerror (errno));
}

/* Somebody's mail lies there and nobody is at it. */
static gboolean
needs_drain (const BrevFlow *flow)
{
    gint64 digest, due;

    if (flow->courier->spool == NULL)
        return FALSE;
    digest = brev_store_next_digest (flow->courier->store, NULL);
    due = brev_store_next_due (flow->courier->store, NULL);
    return flow->wrote_reports || g_hash_table_size (flow->courier->put_off) > 0 ||
           (digest >= 0 && digest <= brev_clock_now ()) ||
           (due >= 0 && due < brev_clock_now () - ABANDONED_TIME);
}

int
brev_run_direct (BrevFlow *flow, gboolean is_durable)
{
    BrevCourier *courier = flow->courier;
    g_autoptr (BrevStoreMessage) row = NULL;
    g_auto (BrevDirectResult) result = { 0 };

    g_ptr_array_add (flow->arrivals, g_strdup (courier->only_id));
    brev_flow_run (flow);
    row = brev_store_get (courier->store, courier->only_id, NULL);
    if (row == NULL || row->recipients->len == 0) {
        (void) fprintf (stderr, "brevdue: message %s could not be read back\n",
                        courier->only_id);
        if (!is_durable)
            forget (courier, courier->only_id);
        else if (needs_drain (flow))
            brev_direct_start_drain ();
        return is_durable ? EX_OK : EX_OSERR;
    }
    result = brev_direct_judge (row, is_durable, brev_courier_problem (courier));
    if (result.text != NULL)
        (void) fprintf (stderr, "brevdue: %s\n", result.text);
    if (row->finished == 0 && !is_durable)
        forget (courier, courier->only_id);
    if (needs_drain (flow))
        brev_direct_start_drain ();
    return result.status;
}
