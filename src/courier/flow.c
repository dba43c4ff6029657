/* SPDX-License-Identifier: MIT */
#include "courier/flow.h"

#include <signal.h>
#include <sysexits.h>

#include <glib-unix.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "courier/delay.h"
#include "courier/direct.h"
#include "courier/worker.h"

/* How long a courier that was told to end waits for replies. */
#define GRACE_TIME (20 * BREV_SECOND)
#define RETRY_STORE_TIME BREV_SECOND
#define STORE_PATIENCE 60 /* turns */
#define DIRECT_STORE_PATIENCE 3

/* Due mail may be there for each account. */
void
brev_flow_note_due (BrevFlow *flow)
{
    for (guint i = 0; i < flow->courier->workers->len; i++)
        ((BrevWorker *) flow->courier->workers->pdata[i])->may_have_due = TRUE;
}

/* Whatever waits is worth a try now. */
void
brev_flow_wake (BrevFlow *flow)
{
    for (guint i = 0; i < flow->courier->workers->len; i++)
        brev_worker_wake (flow->courier->workers->pdata[i]);
    flow->courier->put_off_until = 0;
}

static gboolean
timer_fired (gpointer data)
{
    BrevFlow *flow = data;

    flow->timer = 0;
    if (flow->courier->only_id != NULL)
        brev_flow_wake (flow);
    else
        brev_flow_note_due (flow);
    brev_flow_go_on (flow);
    return G_SOURCE_REMOVE;
}

static void
set_timer (BrevFlow *flow, gint64 wait)
{
    if (flow->timer != 0)
        g_source_remove (flow->timer);
    flow->timer = g_timeout_add ((guint) CLAMP (wait, 1, BREV_HOUR), timer_fired, flow);
}

static void
finish (BrevFlow *flow, int status)
{
    flow->status = status;
    g_main_loop_quit (flow->loop);
}

/* Whether everything in hand has come to its end. */
static gboolean
is_idle (const BrevFlow *flow)
{
    for (guint i = 0; i < flow->courier->workers->len; i++) {
        BrevWorker *worker = flow->courier->workers->pdata[i];
        if (!g_queue_is_empty (&worker->jobs) || brev_worker_is_asking (worker))
            return FALSE;
    }
    return flow->flying->len == 0 && flow->arrivals->len == 0 && flow->scan == NULL &&
           brev_settler_pending (flow->courier->settler) == 0;
}

/* In the foreground nobody waits for it. */
static gint64
next_digest (const BrevCourier *courier)
{
    gint64 next =
        courier->only_id != NULL ? -1 : brev_store_next_digest (courier->store, NULL);

    return next < 0 ? G_MAXINT64 : next;
}

/* ms until something can be done, -1 when it is not time that is waited for */
gint64
brev_flow_next_wait (BrevFlow *flow)
{
    gint64 due = MIN (brev_store_next_due (flow->courier->store, NULL),
                      flow->courier->put_off_until);
    gint64 report = MIN (brev_delay_next (flow->courier), next_digest (flow->courier));
    gint64 left = due - brev_clock_now ();
    gint64 wait = G_MAXINT64;

    if (due == G_MAXINT64 && report == G_MAXINT64 && is_idle (flow))
        return -1;
    for (guint i = 0; i < flow->courier->workers->len; i++) {
        gint64 own = brev_worker_wait (flow->courier->workers->pdata[i]);
        if (own > 0)
            wait = MIN (wait, own);
    }
    if (due != G_MAXINT64 && (left > 0 || wait == G_MAXINT64))
        wait = MIN (wait,
                    MAX (left, BREV_SECOND)); /* due already: another's, or ours soon */
    if (report != G_MAXINT64)
        wait = MIN (wait, MAX (report - brev_clock_now (), 1));
    return wait == G_MAXINT64 ? -1 : wait;
}

/* Requests without a reply are given up: they may have been carried out. */
static void
abandon (BrevFlow *flow, const char *why)
{
    g_autofree char *error = g_strdup (why);
    const BrevHttpReply reply = { .may_have_left = TRUE, .error = error };

    g_clear_pointer (&flow->courier->http, brev_http_free);
    flow->courier->is_stopping = TRUE;
    for (guint i = 0; i < flow->flying->len; i++)
        flow->answer (((const BrevFlight *) flow->flying->pdata[i])->job, &reply);
    g_ptr_array_set_size (flow->flying, 0);
    for (guint i = 0; i < flow->courier->workers->len; i++)
        brev_worker_abandon (flow->courier->workers->pdata[i]);
}

/* No new requests; what was planned goes back. */
void
brev_flow_stop (BrevFlow *flow)
{
    if (flow->ending != 0)
        return;
    flow->ending = brev_clock_ticks ();
    flow->courier->is_stopping = TRUE;
    for (guint i = 0; i < flow->courier->workers->len; i++)
        brev_worker_give_back (flow->courier->workers->pdata[i], brev_clock_now ());
    brev_flow_go_on (flow);
}

static void
decide_end (BrevFlow *flow)
{
    gint64 left = flow->ending + GRACE_TIME - brev_clock_ticks ();

    if (flow->flying->len == 0 && brev_settler_pending (flow->courier->settler) == 0) {
        finish (flow, EX_OK);
    } else if (left > 0) {
        set_timer (flow, left);
    } else {
        abandon (flow, "no reply before the courier was told to end");
        brev_flow_go_on (flow);
    }
}

static void
decide_control (BrevFlow *flow, gint64 wait)
{
    gint64 left = flow->busy + flow->options->idle - brev_clock_ticks ();

    if (is_idle (flow) && left <= 0) {
        finish (flow, EX_OK);
        return;
    }
    if (is_idle (flow))
        wait = wait < 0 ? left : MIN (wait, left);
    if (wait > 0)
        set_timer (flow, wait);
}

static void
decide_drain (BrevFlow *flow, gint64 wait)
{
    if (is_idle (flow))
        finish (flow, EX_OK);
    else if (wait > 0)
        set_timer (flow, wait);
}

/* Whether the quotas of the accounts that @row waits for have no room before tomorrow. */
static gboolean
is_over_quota (const BrevCourier *courier, const BrevStoreMessage *row)
{
    for (guint i = 0; i < row->recipients->len; i++) {
        const BrevStoreRecipient *recipient = row->recipients->pdata[i];
        const BrevAccount *account =
            brev_config_find_account (courier->config, recipient->account);
        if (account == NULL || !brev_courier_worker (courier, account)->pace.is_used_up)
            return FALSE;
    }
    return TRUE;
}

/* @row: (nullable): of the caller's message */
static gboolean
is_worth_another_try (const BrevCourier *courier, const BrevStoreMessage *row)
{
    if (row == NULL || !row->is_imported)
        return g_hash_table_size (courier->put_off) > 0;
    return brev_direct_is_open (row) && brev_courier_problem (courier) == NULL &&
           !is_over_quota (courier, row);
}

/* The caller waits: its message is tried again while there is time. */
static void
decide_direct (BrevFlow *flow, gint64 wait)
{
    BrevCourier *courier = flow->courier;
    gint64 elapsed = brev_clock_ticks () - flow->started;
    gint64 patience = flow->options->timeout;
    g_autoptr (BrevStoreMessage) row = NULL;
    gint64 delay;

    if (elapsed >= patience)
        abandon (flow, "no reply in the time that the caller waits");
    if (!is_idle (flow)) {
        set_timer (flow, wait > 0 ? MIN (wait, patience - elapsed) : patience - elapsed);
        return;
    }
    row = brev_store_get (courier->store, courier->only_id, NULL);
    if (!is_worth_another_try (courier, row)) {
        finish (flow, EX_OK);
        return;
    }
    delay = row != NULL && brev_direct_is_anothers (row)
                ? BREV_SECOND / 5
                : brev_direct_delay (flow->attempts++);
    if (elapsed + delay + BREV_SECOND > patience)
        finish (flow, EX_OK);
    else
        set_timer (flow, delay);
}

/* Whether a turn could do something now. */
static gboolean
has_work (const BrevFlow *flow)
{
    for (guint i = 0; i < flow->courier->workers->len; i++) {
        BrevWorker *worker = flow->courier->workers->pdata[i];
        if (brev_worker_may_claim (worker) ||
            (!g_queue_is_empty (&worker->jobs) && brev_worker_may_send (worker)))
            return TRUE;
    }
    return brev_settler_pending (flow->courier->settler) > 0 || flow->arrivals->len > 0 ||
           flow->scan != NULL || flow->wants_scan;
}

/* After a turn: at once another one, one by time, or the end. */
static void
decide (BrevFlow *flow)
{
    gboolean is_direct = flow->courier->only_id != NULL;

    if (flow->ending != 0) {
        decide_end (flow);
        return;
    }
    if (has_work (flow))
        brev_flow_go_on (flow);
    else if (is_direct)
        decide_direct (flow, brev_flow_next_wait (flow));
    else if (flow->options->mode == BREV_MODE_DRAIN)
        decide_drain (flow, brev_flow_next_wait (flow));
    else
        decide_control (flow, brev_flow_next_wait (flow));
}

/* The store failed: nothing is claimed, nothing lost. What was sent is not on record yet,
 * so it is worth some patience; then another courier has to try. Damage is mended by the
 * start of that one alone. */
static void
survive (BrevFlow *flow, const GError *error)
{
    gboolean is_direct = flow->courier->only_id != NULL;
    guint patience = is_direct ? DIRECT_STORE_PATIENCE : STORE_PATIENCE;

    if (flow->failures++ == 0)
        brev_log (BREV_LOG_ERROR, "cannot go on: %s", error->message);
    if (flow->failures > patience || brev_store_is_damaged (flow->courier->store))
        finish (flow, brev_exit_status (error));
    else
        set_timer (flow, RETRY_STORE_TIME);
}

static gboolean
take_turn (gpointer data)
{
    BrevFlow *flow = data;
    g_autoptr (GError) error = NULL;

    flow->turn = 0;
    if (flow->take_steps (flow, &error)) {
        flow->failures = 0;
        decide (flow);
    } else {
        survive (flow, error);
    }
    return G_SOURCE_REMOVE;
}

void
brev_flow_go_on (BrevFlow *flow)
{
    if (flow->turn == 0)
        flow->turn = g_idle_add_full (G_PRIORITY_DEFAULT, take_turn, flow, NULL);
}

static gboolean
signalled (gpointer data)
{
    brev_flow_stop (data);
    return G_SOURCE_CONTINUE;
}

void
brev_flow_run (BrevFlow *flow)
{
    guint term = g_unix_signal_add (SIGTERM, signalled, flow);
    guint interrupt = g_unix_signal_add (SIGINT, signalled, flow);

    flow->started = flow->busy = brev_clock_ticks ();
    brev_flow_go_on (flow);
    g_main_loop_run (flow->loop);
    g_source_remove (term);
    g_source_remove (interrupt);
    if (flow->turn != 0)
        g_source_remove (flow->turn);
    if (flow->timer != 0)
        g_source_remove (flow->timer);
    flow->turn = flow->timer = 0;
}

static void
changed (gpointer data)
{
    brev_flow_go_on (data);
}

BrevFlow *
brev_flow_new (const BrevRunOptions *options, BrevCourier *courier)
{
    BrevFlow *flow = g_new0 (BrevFlow, 1);

    flow->options = options;
    flow->courier = courier;
    courier->changed = changed;
    courier->changed_data = flow;
    flow->loop = g_main_loop_new (NULL, FALSE);
    flow->arrivals = g_ptr_array_new_with_free_func (g_free);
    flow->flying = g_ptr_array_new_with_free_func (g_free);
    return flow;
}

void
brev_flow_free (BrevFlow *flow)
{
    if (flow == NULL)
        return;
    brev_control_free (flow->control);
    g_main_loop_unref (flow->loop);
    g_ptr_array_unref (flow->arrivals);
    g_clear_pointer (&flow->scan, closedir);
    g_ptr_array_unref (flow->flying);
    g_free (flow);
}
