/* SPDX-License-Identifier: MIT */

/* The courier takes messages from the queue to their providers. src/README.md draws the way
 * of a message; the second half of it is the section "the way of a message" here. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <glib-unix.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "courier/claim.h"
#include "courier/control.h"
#include "courier/courier.h"
#include "courier/direct.h"
#include "courier/import.h"
#include "courier/outbox.h"
#include "courier/record.h"
#include "courier/verdict.h"
#include "courier/worker.h"

#define IDLE_TIME (60 * BREV_SECOND)
#define REQUEST_TIME (10 * BREV_MINUTE)
/* How long a caller waits for its message in direct mode; they were promised 20 s. */
#define DIRECT_TIME (18 * BREV_SECOND)
/* How long a courier that was told to end waits for replies. */
#define GRACE_TIME (20 * BREV_SECOND)
/* Mail that nobody in the foreground has taken for so long was left behind by somebody. */
#define ABANDONED_TIME (20 * BREV_SECOND)
#define RETRY_STORE_TIME BREV_SECOND
#define STORE_PATIENCE 60       /* turns */
#define DIRECT_STORE_PATIENCE 3

typedef enum { MODE_CONTROL, MODE_DRAIN, MODE_DIRECT, MODE_DIRECT_FD } Mode;

typedef struct {
    Mode mode;
    int fd;          /* --control, --direct-fd */
    char *id;        /* owned: --direct */
    BrevLogTarget log; /* where lines go */
    gint64 idle;     /* ms without work before a service's courier ends */
    gint64 timeout;  /* ms for a request and its reply; in direct mode for all of them */
} Options;

/* One run of the courier. */
typedef struct {
    const Options *options;
    BrevCourier *courier;
    BrevControl *control; /* nullable */
    GMainLoop *loop;
    GPtrArray *arrivals;  /* owned, of char *: ids to import */
    GPtrArray *flying;    /* owned, of Flight: sent, without a reply */
    guint turn;           /* source: take_turn() */
    guint timer;          /* source: the next turn by time */
    guint failures;       /* of the store, in a row */
    guint attempts;       /* direct mode */
    gint64 started;       /* ticks */
    gint64 busy;          /* ticks: the last work */
    gint64 ending;        /* ticks: asked to end, 0: not */
    gboolean wrote_reports;
    int status;
} Flow;

/* A request on its way. */
typedef struct {
    Flow *flow;
    BrevJob *job;
} Flight;

static void decide (Flow *flow);
static void go_on (Flow *flow);
static void note_due (Flow *flow);

/* -- the way of a message ------------------------------------------------------------ */

/* import: a file without a row gets its row */
static gboolean
import (Flow *flow, GError **error)
{
    g_autoptr (GPtrArray) reports = brev_settler_take_reports (flow->courier->settler);

    flow->wrote_reports |= reports->len > 0;
    g_ptr_array_extend_and_steal (flow->arrivals, g_steal_pointer (&reports));
    if (flow->arrivals->len == 0)
        return TRUE;
    if (!brev_import (flow->courier, flow->arrivals, error))
        return FALSE;
    g_ptr_array_set_size (flow->arrivals, 0);
    note_due (flow);
    flow->busy = brev_clock_ticks ();
    return TRUE;
}

/* read: a reply becomes a verdict for each recipient */
static void
read_reply (BrevJob *job, const BrevHttpReply *reply)
{
    BrevWorker *worker = job->worker;

    brev_job_expect (job);
    brev_reply_judge (worker->provider, reply, job->mails, job->outcomes);
    worker->open--;
    brev_worker_answered (worker, job);
}

static void
answered (const BrevHttpReply *reply, gpointer data)
{
    Flight *flight = data;
    Flow *flow = flight->flow;

    read_reply (flight->job, reply);
    (void) g_ptr_array_remove_fast (flow->flying, flight);
    flow->busy = brev_clock_ticks ();
    go_on (flow);
}

/* send, to a directory instead of the network */
static void
keep_in_outbox (Flow *flow, BrevWorker *worker, BrevJob *job, BrevHttpRequest *request)
{
    const BrevSpool *spool = flow->courier->spool;
    g_autoptr (GError) error = NULL;
    g_autofree char *text = NULL;
    BrevVerdict verdict = { .kind = BREV_VERDICT_ACCEPTED, .is_test = TRUE, .dsn = "2.0.0" };

    if (!brev_outbox_keep (worker->account, spool == NULL ? NULL : spool->path, job, request,
                           &error))
        verdict = (BrevVerdict){ .kind = BREV_VERDICT_LATER, .dsn = "4.3.0" };
    text = g_strdup (error != NULL ? error->message : "kept in the outbox; nobody gets it");
    verdict.text = text;
    brev_http_request_free (request);
    brev_job_expect (job);
    brev_outcome_set_all (job->outcomes->pdata[0], &verdict);
    brev_worker_answered (worker, job);
}

static void
send (Flow *flow, BrevWorker *worker, BrevJob *job, BrevHttpRequest *request)
{
    Flight *flight;

    if (worker->is_outbox) {
        keep_in_outbox (flow, worker, job, request);
        return;
    }
    flight = g_new (Flight, 1);
    *flight = (Flight){ flow, job };
    g_ptr_array_add (flow->flying, flight);
    worker->open++;
    brev_http_send (flow->courier->http, request, answered, flight);
}

/* claim, decode and plan due mail; encode and send as much as there are slots for */
static gboolean
carry (Flow *flow, BrevWorker *worker, GError **error)
{
    BrevHttpRequest *request;
    BrevJob *job;

    if (brev_worker_may_claim (worker) && !brev_claim_mail (worker, error))
        return FALSE;
    while (brev_worker_may_send (worker) &&
           (job = brev_worker_next (worker, &request)) != NULL) {
        send (flow, worker, job, request);
        flow->busy = brev_clock_ticks ();
    }
    return TRUE;
}

static gboolean
carry_all (Flow *flow, GError **error)
{
    for (guint i = 0; i < flow->courier->workers->len; i++)
        if (!carry (flow, flow->courier->workers->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* One turn: everything that can be done without waiting for a provider. Settling stands at
 * both ends: what was read while we waited, and what could not even be sent. */
static gboolean
take_steps (Flow *flow, GError **error)
{
    BrevSettler *settler = flow->courier->settler;

    return brev_settler_flush (settler, error) && import (flow, error) &&
           carry_all (flow, error) && brev_settler_flush (settler, error);
}

/* -- turns --------------------------------------------------------------------------- */

/* Due mail may be there for each account. */
static void
note_due (Flow *flow)
{
    for (guint i = 0; i < flow->courier->workers->len; i++)
        ((BrevWorker *) flow->courier->workers->pdata[i])->may_have_due = TRUE;
}

/* Whatever waits is worth a try now. */
static void
wake_workers (Flow *flow)
{
    for (guint i = 0; i < flow->courier->workers->len; i++)
        brev_worker_wake (flow->courier->workers->pdata[i]);
}

static gboolean
timer_fired (gpointer data)
{
    Flow *flow = data;

    flow->timer = 0;
    if (flow->courier->only_id != NULL)
        wake_workers (flow);
    else
        note_due (flow);
    go_on (flow);
    return G_SOURCE_REMOVE;
}

static void
set_timer (Flow *flow, gint64 wait)
{
    if (flow->timer != 0)
        g_source_remove (flow->timer);
    flow->timer = g_timeout_add ((guint) CLAMP (wait, 1, BREV_HOUR), timer_fired, flow);
}

static void
finish (Flow *flow, int status)
{
    flow->status = status;
    g_main_loop_quit (flow->loop);
}

/* Whether everything in hand has come to its end. */
static gboolean
is_idle (const Flow *flow)
{
    for (guint i = 0; i < flow->courier->workers->len; i++)
        if (!g_queue_is_empty (&((BrevWorker *) flow->courier->workers->pdata[i])->jobs))
            return FALSE;
    return flow->flying->len == 0 && flow->arrivals->len == 0 &&
           brev_settler_pending (flow->courier->settler) == 0;
}

/* ms until something can be done, -1 when it is not time that is waited for */
static gint64
next_wait (Flow *flow)
{
    gint64 due = brev_store_next_due (flow->courier->store, NULL);
    gint64 left = due - brev_clock_now ();
    gint64 wait = G_MAXINT64;

    if (due == G_MAXINT64 && is_idle (flow))
        return -1;
    for (guint i = 0; i < flow->courier->workers->len; i++) {
        gint64 own = brev_worker_wait (flow->courier->workers->pdata[i]);
        if (own > 0)
            wait = MIN (wait, own);
    }
    if (due != G_MAXINT64 && (left > 0 || wait == G_MAXINT64))
        wait = MIN (wait, MAX (left, BREV_SECOND)); /* due already: another's, or ours soon */
    return wait == G_MAXINT64 ? -1 : wait;
}

/* Requests without a reply are given up: they may have been carried out. */
static void
abandon (Flow *flow, const char *why)
{
    g_autofree char *error = g_strdup (why);
    const BrevHttpReply reply = { .may_have_left = TRUE, .error = error };

    g_clear_pointer (&flow->courier->http, brev_http_free);
    flow->courier->is_stopping = TRUE;
    for (guint i = 0; i < flow->flying->len; i++)
        read_reply (((const Flight *) flow->flying->pdata[i])->job, &reply);
    g_ptr_array_set_size (flow->flying, 0);
}

/* No new requests; what was planned goes back. */
static void
stop (Flow *flow)
{
    if (flow->ending != 0)
        return;
    flow->ending = brev_clock_ticks ();
    flow->courier->is_stopping = TRUE;
    for (guint i = 0; i < flow->courier->workers->len; i++)
        brev_worker_give_back (flow->courier->workers->pdata[i], brev_clock_now ());
    go_on (flow);
}

static void
decide_end (Flow *flow)
{
    gint64 left = flow->ending + GRACE_TIME - brev_clock_ticks ();

    if (flow->flying->len == 0 && brev_settler_pending (flow->courier->settler) == 0) {
        finish (flow, EX_OK);
    } else if (left > 0) {
        set_timer (flow, left);
    } else {
        abandon (flow, "no reply before the courier was told to end");
        go_on (flow);
    }
}

static void
decide_control (Flow *flow, gint64 wait)
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
decide_drain (Flow *flow, gint64 wait)
{
    if (is_idle (flow))
        finish (flow, EX_OK);
    else if (wait > 0)
        set_timer (flow, wait);
}

/* The caller waits: its message is tried again while there is time. */
static void
decide_direct (Flow *flow, gint64 wait)
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
    if (row == NULL || !brev_direct_is_open (row) || brev_courier_problem (courier) != NULL) {
        finish (flow, EX_OK);
        return;
    }
    delay = brev_direct_is_anothers (row) ? BREV_SECOND / 5
                                          : brev_direct_delay (flow->attempts++);
    if (elapsed + delay + BREV_SECOND > patience)
        finish (flow, EX_OK);
    else
        set_timer (flow, delay);
}

/* Whether a turn could do something now. */
static gboolean
has_work (const Flow *flow)
{
    for (guint i = 0; i < flow->courier->workers->len; i++) {
        BrevWorker *worker = flow->courier->workers->pdata[i];
        if (brev_worker_may_claim (worker) ||
            (!g_queue_is_empty (&worker->jobs) && brev_worker_may_send (worker)))
            return TRUE;
    }
    return brev_settler_pending (flow->courier->settler) > 0 || flow->arrivals->len > 0;
}

/* After a turn: at once another one, one by time, or the end. */
static void
decide (Flow *flow)
{
    gboolean is_direct = flow->courier->only_id != NULL;

    if (flow->ending != 0) {
        decide_end (flow);
        return;
    }
    if (has_work (flow))
        go_on (flow);
    else if (is_direct)
        decide_direct (flow, next_wait (flow));
    else if (flow->options->mode == MODE_DRAIN)
        decide_drain (flow, next_wait (flow));
    else
        decide_control (flow, next_wait (flow));
}

/* The store failed: nothing is claimed, nothing lost. What was sent is not on record yet, so
 * it is worth some patience; then another courier has to try. */
static void
survive (Flow *flow, const GError *error)
{
    gboolean is_direct = flow->courier->only_id != NULL;

    if (flow->failures++ == 0)
        brev_log (BREV_LOG_ERROR, "cannot go on: %s", error->message);
    if (flow->failures > (is_direct ? DIRECT_STORE_PATIENCE : STORE_PATIENCE))
        finish (flow, brev_exit_status (error));
    else
        set_timer (flow, RETRY_STORE_TIME);
}

static gboolean
take_turn (gpointer data)
{
    Flow *flow = data;
    g_autoptr (GError) error = NULL;

    flow->turn = 0;
    if (take_steps (flow, &error)) {
        flow->failures = 0;
        decide (flow);
    } else {
        survive (flow, error);
    }
    return G_SOURCE_REMOVE;
}

static void
go_on (Flow *flow)
{
    if (flow->turn == 0)
        flow->turn = g_idle_add_full (G_PRIORITY_DEFAULT, take_turn, flow, NULL);
}

/* -- brevdued ------------------------------------------------------------------------ */

static void
arrived (const char *id, gpointer data)
{
    Flow *flow = data;

    g_ptr_array_add (flow->arrivals, g_strdup (id));
    go_on (flow);
}

static void
scan (Flow *flow)
{
    g_autoptr (GError) error = NULL;
    GPtrArray *names = brev_import_scan (flow->courier, &error);

    if (names == NULL)
        brev_log (BREV_LOG_ERROR, "%s", error->message);
    else
        g_ptr_array_extend_and_steal (flow->arrivals, names);
}

/* An administrator wants the queue run: also what was submitted to wait for that (-odq). */
static void
woken (gpointer data)
{
    Flow *flow = data;

    scan (flow);
    wake_workers (flow);
    go_on (flow);
}

static void
hung_up (gpointer data)
{
    stop (data);
}

static gboolean
signalled (gpointer data)
{
    stop (data);
    return G_SOURCE_CONTINUE;
}

/* -- runs ---------------------------------------------------------------------------- */

static void
run_loop (Flow *flow)
{
    guint term = g_unix_signal_add (SIGTERM, signalled, flow);
    guint interrupt = g_unix_signal_add (SIGINT, signalled, flow);

    flow->started = flow->busy = brev_clock_ticks ();
    go_on (flow);
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
free_flight (gpointer data)
{
    g_free (data);
}

static Flow *
flow_new (const Options *options, BrevCourier *courier)
{
    Flow *flow = g_new0 (Flow, 1);

    flow->options = options;
    flow->courier = courier;
    flow->loop = g_main_loop_new (NULL, FALSE);
    flow->arrivals = g_ptr_array_new_with_free_func (g_free);
    flow->flying = g_ptr_array_new_with_free_func (free_flight);
    return flow;
}

static void
flow_free (Flow *flow)
{
    if (flow == NULL)
        return;
    brev_control_free (flow->control);
    g_main_loop_unref (flow->loop);
    g_ptr_array_unref (flow->arrivals);
    g_ptr_array_unref (flow->flying);
    g_free (flow);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Flow, flow_free)

/* As the service's courier, or as one that sends what is due and ends. */
static int
run_queue (Flow *flow, GError **error)
{
    BrevControlHooks hooks = { arrived, woken, hung_up, flow };
    gint64 wait;

    if (!brev_settler_mend (flow->courier->settler, error))
        return brev_exit_status (*error);
    scan (flow);
    if (flow->options->mode == MODE_CONTROL)
        flow->control = brev_control_new (flow->options->fd, &hooks);
    run_loop (flow);
    if (flow->control == NULL || flow->status != EX_OK)
        return flow->status;
    wait = next_wait (flow);
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
needs_drain (const Flow *flow)
{
    gint64 due;

    if (flow->courier->spool == NULL)
        return FALSE;
    due = brev_store_next_due (flow->courier->store, NULL);
    return flow->wrote_reports || (due >= 0 && due < brev_clock_now () - ABANDONED_TIME);
}

static int
run_direct (Flow *flow, gboolean is_durable)
{
    BrevCourier *courier = flow->courier;
    g_autoptr (BrevStoreMessage) row = NULL;
    g_auto (BrevDirectResult) result = { 0 };
    gboolean is_open;

    g_ptr_array_add (flow->arrivals, g_strdup (courier->only_id));
    run_loop (flow);
    row = brev_store_get (courier->store, courier->only_id, NULL);
    if (row == NULL || row->recipients->len == 0) {
        (void) fprintf (stderr, "brevdue: message %s could not be read back\n", courier->only_id);
        return is_durable ? EX_OK : EX_OSERR;
    }
    result = brev_direct_judge (row, is_durable, brev_courier_problem (courier));
    is_open = brev_direct_is_open (row);
    if (result.text != NULL)
        (void) fprintf (stderr, "brevdue: %s\n", result.text);
    if (is_open && !is_durable)
        forget (courier, courier->only_id);
    if (needs_drain (flow))
        brev_direct_start_drain ();
    return result.status;
}

/* -- start --------------------------------------------------------------------------- */

/* What libcurl, TLS and GLib would obey although only the configuration may decide it. */
static const char *const unwanted_variables[] = {
    "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
    "no_proxy",   "NO_PROXY",    "SSLKEYLOGFILE", "G_MESSAGES_DEBUG", "OPENSSL_CONF",
};

/* A secret is in this process: no core dump, no stranger's debugger. */
static void
harden (void)
{
    const struct rlimit no_core = { 0, 0 };

    (void) setrlimit (RLIMIT_CORE, &no_core);
#ifndef __SANITIZE_ADDRESS__ /* its search for leaks needs ptrace */
    (void) prctl (PR_SET_DUMPABLE, 0);
#endif
    for (gsize i = 0; i < G_N_ELEMENTS (unwanted_variables); i++)
        g_unsetenv (unwanted_variables[i]);
    (void) umask (077);
    (void) signal (SIGPIPE, SIG_IGN);
}

static gboolean
parse_options (int argc, char **argv, Options *options, GError **error)
{
    int control = -1, direct_fd = -1, idle = -1, timeout = 0;
    gboolean is_drain = FALSE;
    const GOptionEntry entries[] = {
        { "control", 0, 0, G_OPTION_ARG_INT, &control, "brevdued's courier", "FD" },
        { "drain", 0, 0, G_OPTION_ARG_NONE, &is_drain, "send what is due, then end", NULL },
        { "direct", 0, 0, G_OPTION_ARG_STRING, &options->id, "send one message now", "ID" },
        { "direct-fd", 0, 0, G_OPTION_ARG_INT, &direct_fd, "one that is in no spool", "FD" },
        { "idle", 0, 0, G_OPTION_ARG_INT, &idle, "end after so long without work", "SECONDS" },
        { "timeout", 0, 0, G_OPTION_ARG_INT, &timeout, "give a request up after so long",
          "SECONDS" },
        { NULL },
    };
    g_autoptr (GOptionContext) context = g_option_context_new (NULL);

    g_option_context_add_main_entries (context, entries, NULL);
    if (!g_option_context_parse (context, &argc, &argv, error))
        return FALSE;
    if ((control >= 0) + (direct_fd >= 0) + is_drain + (options->id != NULL) != 1 || argc > 1)
        return brev_throw (error, BREV_ERROR_USAGE,
                           "exactly one of --control, --drain, --direct and --direct-fd");
    if (options->id != NULL && !brev_id_is_valid (options->id))
        return brev_throw (error, BREV_ERROR_USAGE, "'%s' is no queue id", options->id);
    options->mode = control >= 0 ? MODE_CONTROL
                    : is_drain   ? MODE_DRAIN
                    : direct_fd >= 0 ? MODE_DIRECT_FD : MODE_DIRECT;
    options->fd = MAX (control, direct_fd);
    options->idle = idle >= 0 ? idle * BREV_SECOND : IDLE_TIME;
    options->timeout = timeout > 0               ? timeout * BREV_SECOND
                       : options->mode < MODE_DIRECT ? REQUEST_TIME : DIRECT_TIME;
    return TRUE;
}

static void
close_all_but (int kept)
{
    if (kept > 3)
        (void) close_range (3, (unsigned) kept - 1, 0);
    (void) close_range ((unsigned) MAX (kept, 2) + 1, ~0U, 0);
}

static gboolean
is_configuration_sound (const BrevConfig *config)
{
    for (guint i = 0; i < config->problems->len; i++) {
        g_autofree char *text = brev_problem_format (config->problems->pdata[i]);
        brev_log (BREV_LOG_ERROR, "mail waits until the configuration is mended: %s", text);
    }
    return config->problems->len == 0;
}

/* Nobody but the caller's terminal or mail would see what went well. */
static gboolean
is_quiet (const Options *options, const BrevConfig *config)
{
    return options->mode != MODE_CONTROL && config->log == BREV_LOG_AUTO &&
           options->log == BREV_LOG_STDERR;
}

static BrevSpool *
open_spool (const Options *options, const BrevConfig *config, GError **error)
{
    if (options->mode == MODE_CONTROL)
        return brev_spool_open (config->spool, TRUE, error);
    return brev_spool_open_own (config, error);
}

/* A message of which nothing is known but its bytes. */
static gboolean
read_memory (Options *options, GError **error)
{
    g_autoptr (BrevQueueFile) file = brev_queue_file_read (options->fd, error);

    if (file == NULL)
        return FALSE;
    options->id = g_strdup (file->id);
    return TRUE;
}

static BrevHttpLimits
limits_of (const Options *options)
{
    gint64 total = options->timeout;

    return (BrevHttpLimits){ .connect_timeout = MIN (total, 15 * BREV_SECOND),
                             .stall_timeout = MIN (total, BREV_MINUTE),
                             .total_timeout = total };
}

static int
run (const Options *options, BrevConfig *config, BrevSpool *spool, GError **error)
{
    gboolean is_direct = options->mode == MODE_DIRECT || options->mode == MODE_DIRECT_FD;
    gboolean is_durable = !is_direct || (spool != NULL && brev_spool_is_durable (spool, config));
    const BrevCourierSetup setup = {
        .config = config,
        .spool = spool,
        .limits = limits_of (options),
        .is_service = options->mode == MODE_CONTROL,
        .only_id = is_direct ? options->id : NULL,
        .memory_fd = options->mode == MODE_DIRECT_FD ? options->fd : -1,
        .is_quiet = is_quiet (options, config),
        .may_report = is_durable,
    };
    g_autoptr (BrevCourier) courier = brev_courier_open (&setup, error);
    g_autoptr (Flow) flow = NULL;

    if (courier == NULL)
        return brev_exit_status (*error);
    flow = flow_new (options, courier);
    return is_direct ? run_direct (flow, is_durable) : run_queue (flow, error);
}

/* In direct mode the caller hears of it; what is durably queued is kept for better times. */
static int
give_up (const Options *options, const BrevConfig *config, const BrevSpool *spool,
         const GError *error)
{
    int status = brev_exit_status (error);

    brev_log (BREV_LOG_ERROR, "%s", error->message);
    if (options->mode != MODE_DIRECT && options->mode != MODE_DIRECT_FD)
        return status;
    if (spool != NULL && brev_spool_is_durable (spool, config)) {
        (void) fprintf (stderr, "brevdue: message %s is queued in '%s', but cannot be sent: %s\n",
                        options->id, spool->path, error->message);
        return EX_OK;
    }
    if (spool != NULL)
        (void) unlinkat (spool->queue, options->id, 0);
    (void) fprintf (stderr, "brevdue: the message could not be sent, and is not queued: %s\n",
                    error->message);
    return status;
}

static int
start (Options *options, BrevConfig *config)
{
    g_autoptr (BrevSpool) spool = NULL;
    g_autoptr (GError) error = NULL;
    gboolean is_sound = is_configuration_sound (config);
    int status = EX_OK;

    if (options->mode == MODE_DIRECT_FD)
        (void) read_memory (options, &error);
    else
        spool = open_spool (options, config, &error);
    if (error == NULL && !is_sound)
        (void) brev_config_check (config, &error);
    if (error == NULL)
        status = run (options, config, spool, &error);
    return error == NULL ? status : give_up (options, config, spool, error);
}

int
main (int argc, char **argv)
{
    g_autoptr (BrevConfig) config = NULL;
    g_autoptr (GError) error = NULL;
    g_autofree char *id = NULL;
    Options options = { 0 };
    int status;

    brev_open_std_fds ();
    harden ();
    if (!parse_options (argc, argv, &options, &error)) {
        (void) fprintf (stderr, "courier: %s\n", error->message);
        return EX_USAGE;
    }
    close_all_but (options.mode == MODE_CONTROL || options.mode == MODE_DIRECT_FD ? options.fd
                                                                                  : 2);
    config = brev_config_load ();
    options.log = brev_log_open (BREV_LOG_COURIER, config->log);
    status = start (&options, config);
    id = options.id;
    return status;
}
