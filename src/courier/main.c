/* SPDX-License-Identifier: MIT */

/* The courier takes messages from the queue to their providers. src/README.md draws the
 * way of a message; the second half of it is the first section here. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "courier/claim.h"
#include "courier/delay.h"
#include "courier/doubt.h"
#include "courier/fallback.h"
#include "courier/import.h"
#include "courier/outbox.h"
#include "courier/record.h"
#include "courier/run.h"
#include "courier/verdict.h"
#include "courier/worker.h"

#define FILES_IN_A_TURN 512 /* of those that a scan finds */

/* -- the way of a message ------------------------------------------------------------ */

/* All of queue/: also what nobody told us of, or could not be read before. */
static gboolean
scan (BrevFlow *flow, GError **error)
{
    g_clear_pointer (&flow->scan, closedir);
    flow->scan = brev_import_scan (flow->courier, error);
    flow->wants_scan = flow->scan == NULL;
    return !flow->wants_scan;
}

/* import: a file without a row gets its row */
static gboolean
import (BrevFlow *flow, GError **error)
{
    if (flow->wants_scan && !scan (flow, error))
        return FALSE;
    g_ptr_array_extend_and_steal (flow->arrivals, brev_import_take_due (flow->courier));
    /* not all at once: nobody who comes now waits until old files are looked at */
    if (!brev_import_take_names (flow->courier, &flow->scan, FILES_IN_A_TURN,
                                 flow->arrivals, error)) {
        flow->wants_scan = TRUE;
        return FALSE;
    }
    if (flow->arrivals->len == 0)
        return TRUE;
    if (!brev_import (flow->courier, flow->arrivals, error))
        return FALSE;
    g_ptr_array_set_size (flow->arrivals, 0);
    brev_flow_note_due (flow);
    flow->busy = brev_clock_ticks ();
    return TRUE;
}

/* read: a reply becomes a verdict for each recipient */
static void
read_reply (BrevJob *job, const BrevHttpReply *answer)
{
    BrevWorker *worker = job->worker;
    BrevHttpReply own = *answer;
    const BrevHttpReply *reply = &own;

    own.is_prelude = job->is_prelude;

    brev_job_expect (job);
    job->is_too_much = reply->status == 429;
    if (job->is_question)
        brev_search_judge (brev_job_provider (job), reply, job->mails->pdata[0],
                           job->outcomes->pdata[0]);
    else
        brev_reply_judge (brev_job_provider (job), reply, job->mails, job->outcomes);
    brev_outcomes_keep_key (job->outcomes, brev_job_provider (job), worker->account);
    worker->open--;
    brev_worker_answered (worker, job);
}

static void answered (const BrevHttpReply *reply, gpointer data);

static void
fly (BrevFlight *flight, BrevHttpRequest *request)
{
    flight->job->is_prelude = request->is_prelude;
    brev_http_send (flight->flow->courier->http, request, answered, flight);
}

static void
answered (const BrevHttpReply *reply, gpointer data)
{
    BrevFlight *flight = data;
    BrevFlow *flow = flight->flow;
    BrevWorker *worker = flight->job->worker;
    g_autoptr (GError) error = NULL;
    BrevHttpRequest *next = brev_worker_follow (worker, flight->job, reply, &error);

    if (next != NULL) {
        fly (flight, next);
        return;
    }
    if (error != NULL) {
        worker->open--;
        brev_worker_unmade (worker, flight->job, error);
    } else {
        read_reply (flight->job, reply);
    }
    (void) g_ptr_array_remove_fast (flow->flying, flight);
    flow->busy = brev_clock_ticks ();
    brev_flow_go_on (flow);
}

/* Returns: (transfer full) (nullable): the request that sends, where @first leads to it */
static BrevHttpRequest *
find_last (const BrevWorker *worker, const BrevJob *job, BrevHttpRequest *first,
           GError **error)
{
    const BrevProvider *provider = brev_job_provider (job);
    g_autofree char *endpoint = brev_provider_endpoint (provider, worker->account);
    g_autoptr (BrevHttpRequest) own = first;
    g_autoptr (GPtrArray) all = NULL;

    if (!own->is_prelude)
        return g_steal_pointer (&own);
    all = brev_provider_requests (provider, job->mails, worker->account,
                                  brev_access_token (worker->access), endpoint, error);
    return all != NULL ? g_ptr_array_steal_index (all, all->len - 1) : NULL;
}

/* send, to a directory instead of the network */
static void
keep_in_outbox (BrevFlow *flow, BrevWorker *worker, BrevJob *job, BrevHttpRequest *first)
{
    const BrevSpool *spool = flow->courier->spool;
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevHttpRequest) request = find_last (worker, job, first, &error);
    g_autofree char *text = NULL;
    BrevVerdict verdict = { .kind = BREV_VERDICT_ACCEPTED,
                            .is_test = TRUE,
                            .dsn = "2.0.0" };

    if (request == NULL ||
        !brev_outbox_keep (worker->account, spool == NULL ? NULL : spool->path, job,
                           request, &error))
        verdict = (BrevVerdict){ .kind = BREV_VERDICT_LATER, .dsn = "4.3.0" };
    text =
        g_strdup (error != NULL ? error->message : "kept in the outbox; nobody gets it");
    verdict.text = text;
    brev_job_expect (job);
    brev_outcome_set_all (job->outcomes->pdata[0], &verdict);
    brev_worker_answered (worker, job);
}

static void
send (BrevFlow *flow, BrevWorker *worker, BrevJob *job, BrevHttpRequest *request)
{
    BrevFlight *flight;

    if (worker->is_outbox) {
        keep_in_outbox (flow, worker, job, request);
        return;
    }
    flight = g_new (BrevFlight, 1);
    *flight = (BrevFlight){ flow, job };
    g_ptr_array_add (flow->flying, flight);
    worker->open++;
    fly (flight, request);
}

/* Another account takes the mail over: it claims what is written down. */
static gboolean
hand_over (BrevFlow *flow, BrevWorker *worker, GError **error)
{
    return !brev_worker_may_claim (worker) ||
           (brev_claim_mail (worker, error) &&
            brev_settler_flush (flow->courier->settler, error));
}

/* claim, decode and plan due mail; encode and send as much as there are slots for */
static gboolean
carry (BrevFlow *flow, BrevWorker *worker, GError **error)
{
    BrevHttpRequest *request;
    BrevJob *job;
    int may = 1;

    if (brev_fallback_for (worker) != NULL)
        return hand_over (flow, worker, error);
    if (brev_worker_may_claim (worker))
        may = brev_pace_look (&worker->pace, error);
    if (may > 0 && brev_worker_may_claim (worker) && !brev_claim_mail (worker, error))
        return FALSE;
    while (may >= 0 && brev_worker_may_send (worker) &&
           (may = brev_worker_lease (worker, error)) > 0 &&
           (job = brev_worker_next (worker, &request)) != NULL) {
        send (flow, worker, job, request);
        flow->busy = brev_clock_ticks ();
    }
    brev_pace_let_go (&worker->pace);
    return may >= 0;
}

static gboolean
carry_all (BrevFlow *flow, GError **error)
{
    for (guint i = 0; i < flow->courier->workers->len; i++)
        if (!carry (flow, flow->courier->workers->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* Our own reports arrive like any mail, in the next turn. */
static void
collect_reports (BrevFlow *flow)
{
    GPtrArray *reports = brev_settler_take_reports (flow->courier->settler);

    flow->wrote_reports |= reports->len > 0;
    g_ptr_array_extend_and_steal (flow->arrivals, reports);
}

/* One turn: everything that can be done without waiting for a provider. Settling stands
 * at both ends: what was read while we waited, and what could not even be sent. Then it is
 * seen what is delayed, and which digests are due. Whatever wrote a report stands before the
 * collecting of them. */
static gboolean
take_steps (BrevFlow *flow, GError **error)
{
    BrevSettler *settler = flow->courier->settler;

    if (!brev_settler_flush (settler, error) || !import (flow, error) ||
        !carry_all (flow, error) || !brev_settler_flush (settler, error) ||
        !brev_delay_warn (flow->courier, error) ||
        (flow->courier->only_id == NULL && !brev_settler_digest (settler, error)))
        return FALSE;
    collect_reports (flow);
    return TRUE;
}

/* -- start --------------------------------------------------------------------------- */

/* What libcurl, TLS and GLib would obey although only the configuration may decide it. */
static const char *const unwanted_variables[] = {
    "http_proxy",    "https_proxy",      "HTTP_PROXY",   "HTTPS_PROXY",
    "all_proxy",     "ALL_PROXY",        "no_proxy",     "NO_PROXY",
    "SSLKEYLOGFILE", "G_MESSAGES_DEBUG", "OPENSSL_CONF",
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
        brev_log (BREV_LOG_ERROR, "mail waits until the configuration is mended: %s",
                  text);
    }
    return config->problems->len == 0;
}

/* Nobody but the caller's terminal or mail would see what went well. */
static gboolean
is_quiet (const BrevRunOptions *options, const BrevConfig *config)
{
    return options->mode != BREV_MODE_CONTROL && config->log == BREV_LOG_AUTO &&
           options->log == BREV_LOG_STDERR;
}

static BrevSpool *
open_spool (const BrevRunOptions *options, const BrevConfig *config, GError **error)
{
    if (options->mode == BREV_MODE_CONTROL)
        return brev_spool_open (config->spool, TRUE, error);
    return brev_spool_open_own (config, error);
}

/* A message of which nothing is known but its bytes. */
static gboolean
read_memory (BrevRunOptions *options, GError **error)
{
    g_autoptr (BrevQueueFile) file = brev_queue_file_read (options->fd, error);

    if (file == NULL)
        return FALSE;
    options->id = g_strdup (file->id);
    return TRUE;
}

static BrevHttpLimits
limits_of (const BrevRunOptions *options)
{
    gint64 total = options->timeout;

    return (BrevHttpLimits){ .connect_timeout = MIN (total, 15 * BREV_SECOND),
                             .stall_timeout = MIN (total, BREV_MINUTE),
                             .total_timeout = total };
}

static int
run (const BrevRunOptions *options, BrevConfig *config, BrevSpool *spool, GError **error)
{
    gboolean is_direct = brev_run_options_are_direct (options);
    gboolean is_durable =
        !is_direct || (spool != NULL && brev_spool_is_durable (spool, config));
    const BrevCourierSetup setup = {
        .config = config,
        .spool = spool,
        .limits = limits_of (options),
        .is_service = options->mode == BREV_MODE_CONTROL,
        .only_id = is_direct ? options->id : NULL,
        .memory_fd = options->mode == BREV_MODE_DIRECT_FD ? options->fd : -1,
        .is_quiet = is_quiet (options, config),
        .is_durable = is_durable,
    };
    g_autoptr (BrevCourier) courier = brev_courier_open (&setup, error);
    g_autoptr (BrevFlow) flow = NULL;

    if (courier == NULL)
        return brev_exit_status (*error);
    flow = brev_flow_new (options, courier);
    flow->take_steps = take_steps;
    flow->answer = read_reply;
    return is_direct ? brev_run_direct (flow, is_durable) : brev_run_queue (flow, error);
}

/* In direct mode the caller hears of it; what is durably queued is kept for better times.
 */
static int
give_up (const BrevRunOptions *options, const BrevConfig *config, const BrevSpool *spool,
         const GError *error)
{
    int status = brev_exit_status (error);

    brev_log (BREV_LOG_ERROR, "%s", error->message);
    if (!brev_run_options_are_direct (options))
        return status;
    if (spool != NULL && brev_spool_is_durable (spool, config)) {
        (void) fprintf (stderr,
                        "brevdue: message %s is queued in '%s', but cannot be sent: %s\n",
                        options->id, spool->path, error->message);
        return EX_OK;
    }
    if (spool != NULL)
        (void) unlinkat (spool->queue, options->id, 0);
    (void) fprintf (stderr,
                    "brevdue: the message could not be sent, and is not queued: %s\n",
                    error->message);
    return status;
}

static int
start (BrevRunOptions *options, BrevConfig *config)
{
    g_autoptr (BrevSpool) spool = NULL;
    g_autoptr (GError) error = NULL;
    gboolean is_sound = is_configuration_sound (config);
    int status = EX_OK;

    if (options->mode == BREV_MODE_DIRECT_FD)
        (void) read_memory (options, &error);
    else if (is_sound || brev_run_options_are_direct (options))
        spool = open_spool (options, config, &error);
    /* the spool of a wrong configuration may be another's, and is not made */
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
    g_auto (BrevRunOptions) options = { 0 };

    brev_open_std_fds ();
    harden ();
    if (!brev_run_options_parse (&options, argc, argv, &error)) {
        (void) fprintf (stderr, "courier: %s\n", error->message);
        return EX_USAGE;
    }
    close_all_but (MAX (options.fd, 2));
    config = brev_config_load ();
    options.log = brev_log_open (BREV_LOG_COURIER, config->log);
    return start (&options, config);
}
