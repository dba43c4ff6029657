/* SPDX-License-Identifier: MIT */
#include "accept/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "accept/connection.h"
#include "accept/courier.h"
#include "accept/drop.h"
#include "accept/listen.h"
#include "accept/quota.h"
#include "accept/tool.h"
#include "accept/watch.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"

#define LOG_NAME "brevdue/accept"
#define ACCEPTED_AT_ONCE 64
#define DESCRIPTORS (2 * BREV_CONNECTIONS + 64)
#define ROUND_MAX BREV_MINUTE /* the wall clock may step while we sleep */
/* at the end: for clients in mid-stream, and for a courier with requests in flight */
#define PATIENCE_FOR_CLIENTS (5 * BREV_SECOND)
#define PATIENCE_FOR_COURIER (25 * BREV_SECOND)

/* A message that its caller wants to be sent with a run of the queue. */
typedef struct {
    gint64 at; /* in ticks: when there is one at the latest */
    char id[BREV_ID_LENGTH + 1];
} Waiting;

typedef struct {
    BrevConfig *config;
    char *config_stamp; /* owned: of the files of @config */
    BrevSpool *spool;
    BrevReception reception;
    int listener;
    char *own_socket; /* owned, nullable: its path, when we made it */
    int signals;
    BrevWatch watch;
    GPtrArray *connections; /* owned, of BrevConnection */
    GPtrArray *whole;     /* borrowed from @connections: to be committed in this round */
    BrevArrival *dropped; /* owned, nullable: likewise */
    BrevDrop *drop;
    BrevLedger *ledger;
    BrevCourier courier;
    BrevTools tools;
    GQueue waiting;   /* of Waiting: "-odq" */
    gint64 ending_at; /* in ticks; 0: it goes on */
} BrevDaemon;

/* -- setting up ---------------------------------------------------------------------- */

static void
load_config (BrevDaemon *daemon)
{
    g_autoptr (GError) error = NULL;

    brev_config_free (daemon->config);
    daemon->config = brev_config_load ();
    g_free (daemon->config_stamp);
    daemon->config_stamp = brev_watch_stamp (daemon->config);
    daemon->reception.max_message_size = daemon->config->max_message_size;
    brev_log_open (LOG_NAME, daemon->config->log);
    if (!brev_config_check (daemon->config, &error))
        brev_log (BREV_LOG_ERROR, "%s; mail is accepted all the same", error->message);
}

/* One service for one spool. The lock goes with the process. */
static gboolean
open_spool (BrevDaemon *daemon, GError **error)
{
    daemon->spool = brev_spool_open (daemon->config->spool, TRUE, error);
    if (daemon->spool == NULL)
        return FALSE;
    if (flock (daemon->spool->dir, LOCK_EX | LOCK_NB) < 0)
        return brev_throw (error, BREV_ERROR_DENIED,
                           "another service uses the spool '%s'", daemon->spool->path);
    daemon->reception.spool = daemon->spool;
    (void) brev_spool_sweep (daemon->spool);
    /* no name of a torn file that another process has open still */
    daemon->reception.serial = (guint64) brev_clock_now ();
    return TRUE;
}

static gboolean
catch_signals (BrevDaemon *daemon, GError **error)
{
    sigset_t caught;

    (void) sigemptyset (&caught);
    (void) sigaddset (&caught, SIGTERM);
    (void) sigaddset (&caught, SIGINT);
    (void) sigaddset (&caught, SIGHUP);
    (void) sigaddset (&caught, SIGCHLD);
    (void) sigprocmask (SIG_BLOCK, &caught, NULL);
    (void) signal (SIGPIPE, SIG_IGN);
    daemon->signals = signalfd (-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC);
    return daemon->signals >= 0 ||
           brev_throw_errno (error, errno, "cannot catch signals");
}

/* Two for each client, and some; a shell may have left us fewer. */
static void
allow_descriptors (void)
{
    struct rlimit limit;

    if (getrlimit (RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS)
        return;
    limit.rlim_cur = MIN (DESCRIPTORS, limit.rlim_max);
    (void) setrlimit (RLIMIT_NOFILE, &limit);
}

static gboolean
start_listening (BrevDaemon *daemon, GError **error)
{
    if (daemon->listener >= 0)
        return TRUE;
    daemon->listener = brev_listen_at (daemon->config->socket, error);
    if (daemon->listener < 0)
        return FALSE;
    daemon->own_socket = g_strdup (daemon->config->socket);
    return TRUE;
}

static gboolean
daemon_init (BrevDaemon *daemon, GError **error)
{
    daemon->connections =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_connection_free);
    daemon->whole = g_ptr_array_new ();
    daemon->ledger = brev_ledger_new ();
    brev_courier_init (&daemon->courier);
    brev_tools_init (&daemon->tools);
    allow_descriptors ();
    load_config (daemon);
    if (!open_spool (daemon, error) || !catch_signals (daemon, error) ||
        !brev_watch_init (&daemon->watch, daemon->spool, error))
        return FALSE;
    brev_watch_config (&daemon->watch, daemon->config);
    brev_ledger_load (daemon->ledger, daemon->spool);
    daemon->drop = brev_drop_new (daemon->spool);
    brev_drop_scan (daemon->drop, brev_clock_ticks ());
    return start_listening (daemon, error);
}

static void
daemon_clear (BrevDaemon *daemon)
{
    if (daemon->own_socket != NULL)
        (void) unlink (daemon->own_socket);
    g_free (daemon->own_socket);
    brev_close_fd (&daemon->listener);
    brev_close_fd (&daemon->signals);
    brev_watch_clear (&daemon->watch);
    g_ptr_array_unref (daemon->whole);
    g_ptr_array_unref (daemon->connections);
    brev_arrival_free (daemon->dropped);
    brev_drop_free (daemon->drop);
    brev_ledger_free (daemon->ledger);
    brev_courier_clear (&daemon->courier);
    brev_tools_clear (&daemon->tools);
    g_queue_clear_full (&daemon->waiting, g_free);
    brev_spool_free (daemon->spool);
    brev_config_free (daemon->config);
    g_free (daemon->config_stamp);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevDaemon, daemon_clear)

/* -- signals and folders ------------------------------------------------------------- */

static void
reap (BrevDaemon *daemon, gint64 ticks)
{
    int status;
    pid_t pid;

    while ((pid = waitpid (-1, &status, WNOHANG)) > 0) {
        if (pid == daemon->courier.pid)
            brev_courier_ended (&daemon->courier, status, ticks);
        else
            brev_tools_ended (&daemon->tools, pid);
    }
}

/* The courier reads the configuration when it starts. */
static void
reload (BrevDaemon *daemon)
{
    load_config (daemon);
    brev_watch_config (&daemon->watch, daemon->config);
    brev_courier_stop (&daemon->courier);
    brev_schedule_reload (&daemon->courier.schedule);
}

/* Its folder may be one where much happens. */
static void
reload_if_changed (BrevDaemon *daemon)
{
    g_autofree char *stamp = brev_watch_stamp (daemon->config);

    if (strcmp (stamp, daemon->config_stamp) != 0)
        reload (daemon);
}

static void
begin_to_end (BrevDaemon *daemon, gint64 ticks)
{
    if (daemon->ending_at != 0)
        return;
    daemon->ending_at = ticks;
    brev_notify_manager ("STOPPING=1");
    brev_close_fd (&daemon->listener);
    daemon->listener = -1;
    brev_courier_stop (&daemon->courier);
}

static void
handle_signals (BrevDaemon *daemon, gint64 ticks)
{
    struct signalfd_siginfo info;

    while (brev_read_some (daemon->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap (daemon, ticks);
        else if (info.ssi_signo == SIGHUP)
            reload (daemon);
        else
            begin_to_end (daemon, ticks);
    }
}

static void
on_dropped (const char *name, gpointer data)
{
    brev_drop_add (((BrevDaemon *) data)->drop, name);
}

static void
on_unqueued (const char *name, gpointer data)
{
    brev_ledger_remove (((BrevDaemon *) data)->ledger, name);
}

static void
on_config_touched (gpointer data)
{
    reload_if_changed (data);
}

static void
on_overflow (gpointer data)
{
    BrevDaemon *daemon = data;

    brev_drop_scan (daemon->drop, brev_clock_ticks ());
    brev_ledger_load (daemon->ledger, daemon->spool);
    reload_if_changed (daemon);
}

static const BrevWatchHandlers watch_handlers = {
    .dropped = on_dropped,
    .unqueued = on_unqueued,
    .config_touched = on_config_touched,
    .overflowed = on_overflow,
};

/* -- clients ------------------------------------------------------------------------- */

/* The next run of the queue: what waits for one is new mail now. */
static void
run_waiting (BrevDaemon *daemon, gint64 until)
{
    const Waiting *first;

    while ((first = g_queue_peek_head (&daemon->waiting)) != NULL && first->at <= until) {
        g_autofree char *line = g_strdup_printf ("new %s", first->id);
        brev_courier_tell (&daemon->courier, line);
        g_free (g_queue_pop_head (&daemon->waiting));
    }
}

static void
answer (BrevConnection *connection, const char *reply)
{
    g_free (connection->reply);
    connection->reply = g_strdup (reply);
    brev_connection_answer (connection);
}

/* Returns: whether the connection is still needed */
static gboolean
serve (BrevDaemon *daemon, BrevConnection *connection, gint64 ticks)
{
    const char *problem;

    switch (brev_connection_read (connection, &daemon->reception, ticks)) {
    case BREV_TALK_MORE:
        return TRUE;
    case BREV_TALK_MESSAGE:
        g_ptr_array_add (daemon->whole, connection);
        return TRUE;
    case BREV_TALK_WAKE:
        reload_if_changed (daemon); /* what is not watched has changed, perhaps */
        run_waiting (daemon, G_MAXINT64);
        brev_courier_tell (&daemon->courier, "wake");
        answer (connection, "ok\n");
        return FALSE;
    case BREV_TALK_TOOL:
        problem = brev_tools_start (&daemon->tools, connection);
        if (problem != NULL)
            answer (connection, problem);
        return FALSE;
    case BREV_TALK_REPLY:
        brev_connection_answer (connection);
        return FALSE;
    case BREV_TALK_GONE:
        return FALSE;
    }
    g_assert_not_reached ();
}

static guint
count_of_uid (const BrevDaemon *daemon, uid_t uid)
{
    guint n = 0;

    for (guint i = 0; i < daemon->connections->len; i++) {
        const BrevConnection *connection = g_ptr_array_index (daemon->connections, i);
        n += connection->peer.uid == uid;
    }
    return n;
}

/* A client has mostly said everything when it is accepted: it is served at once, so that
 * all who waited during the last sync go into one group. */
static void
welcome (BrevDaemon *daemon, int fd, gint64 ticks)
{
    BrevConnection *connection = brev_connection_new (fd, ticks);
    const char *problem;

    if (connection == NULL)
        return;
    problem = brev_quota_check (daemon->connections->len + 1,
                                count_of_uid (daemon, connection->peer.uid) + 1,
                                brev_ledger_count (daemon->ledger, connection->peer.uid));
    if (problem != NULL) {
        g_autofree char *reply = g_strdup_printf ("busy %s\n", problem);
        answer (connection, reply);
        brev_connection_free (connection);
        return;
    }
    g_ptr_array_add (daemon->connections, connection);
    if (!serve (daemon, connection, ticks))
        (void) g_ptr_array_remove_fast (daemon->connections, connection);
}

static void
accept_clients (BrevDaemon *daemon, gint64 ticks)
{
    for (guint i = 0; i < ACCEPTED_AT_ONCE; i++) {
        int fd = accept4 (daemon->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        welcome (daemon, fd, ticks);
    }
}

/* -- the commit of a round ----------------------------------------------------------- */

/* "-odq" */
static void
let_wait (BrevDaemon *daemon, const char *id)
{
    Waiting *waiting = g_new (Waiting, 1);

    waiting->at = brev_clock_ticks () + daemon->config->queue_run;
    (void) g_strlcpy (waiting->id, id, sizeof waiting->id);
    g_queue_push_tail (&daemon->waiting, waiting);
}

static void
note (BrevDaemon *daemon, const BrevArrival *arrival)
{
    const char *id = brev_arrival_id (arrival);
    g_autofree char *line = g_strdup_printf ("new %s", id);

    if (arrival->problem != NULL)
        brev_log (BREV_LOG_WARNING, "%s: from uid %u: %s", id, arrival->origin.uid,
                  arrival->problem);
    if (arrival->kept != BREV_KEPT_NEW)
        return;
    brev_ledger_add (daemon->ledger, id, arrival->origin.uid);
    if (brev_frame_reader_envelope (arrival->reader)->queue_only)
        let_wait (daemon, id);
    else
        brev_courier_tell (&daemon->courier, line);
}

static void
settle_dropped (BrevDaemon *daemon)
{
    if (daemon->dropped == NULL)
        return;
    note (daemon, daemon->dropped);
    brev_drop_settle (daemon->drop, daemon->dropped);
    g_clear_pointer (&daemon->dropped, brev_arrival_free);
}

static void
commit (BrevDaemon *daemon)
{
    g_autoptr (GPtrArray) group = g_ptr_array_new ();

    for (guint i = 0; i < daemon->whole->len; i++) {
        const BrevConnection *connection = g_ptr_array_index (daemon->whole, i);
        g_ptr_array_add (group, connection->arrival);
    }
    if (daemon->dropped != NULL)
        g_ptr_array_add (group, daemon->dropped);
    brev_arrivals_commit (daemon->spool, group);
    for (guint i = 0; i < daemon->whole->len; i++) {
        BrevConnection *connection = g_ptr_array_index (daemon->whole, i);
        brev_connection_settle (connection);
        brev_connection_answer (connection);
        note (daemon, connection->arrival);
        (void) g_ptr_array_remove_fast (daemon->connections, connection);
    }
    g_ptr_array_set_size (daemon->whole, 0);
    settle_dropped (daemon);
}

/* -- the loop ------------------------------------------------------------------------ */

enum { POLL_LISTENER, POLL_SIGNALS, POLL_WATCH, POLL_COURIER, POLL_FIXED };

static void
prepare (const BrevDaemon *daemon, GArray *polled)
{
    const BrevCourier *courier = &daemon->courier;
    short courier_events = courier->unsent->len > 0 ? POLLIN | POLLOUT : POLLIN;
    const struct pollfd fixed[POLL_FIXED] = {
        [POLL_LISTENER] = { .fd = daemon->listener, .events = POLLIN },
        [POLL_SIGNALS] = { .fd = daemon->signals, .events = POLLIN },
        [POLL_WATCH] = { .fd = daemon->watch.fd, .events = POLLIN },
        [POLL_COURIER] = { .fd = courier->control, .events = courier_events },
    };

    g_array_set_size (polled, 0);
    g_array_append_vals (polled, fixed, POLL_FIXED);
    for (guint i = 0; i < daemon->connections->len; i++) {
        const BrevConnection *connection = g_ptr_array_index (daemon->connections, i);
        const struct pollfd one = { .fd = connection->fd, .events = POLLIN };
        g_array_append_val (polled, one);
    }
}

/* Returns: ms until something is due without anything having happened */
static int
time_to_wait (const BrevDaemon *daemon, gint64 ticks)
{
    gint64 courier =
        brev_schedule_wait (&daemon->courier.schedule, brev_clock_now (), ticks);
    gint64 wait = MIN (ROUND_MAX, brev_drop_wait (daemon->drop, ticks));
    const GList *first = daemon->waiting.head;

    if (daemon->ending_at != 0)
        return BREV_SECOND;
    if (courier >= 0)
        wait = MIN (wait, courier);
    if (first != NULL)
        wait = MIN (wait, MAX (((const Waiting *) first->data)->at - ticks, 0));
    return brev_drop_is_pending (daemon->drop) ? 0 : (int) wait;
}

/* From the last to the first: what is removed is replaced by what was looked at already.
 */
static void
serve_clients (BrevDaemon *daemon, const GArray *polled, gint64 ticks)
{
    for (guint i = polled->len; i-- > POLL_FIXED;) {
        guint at = i - POLL_FIXED;
        BrevConnection *connection = g_ptr_array_index (daemon->connections, at);
        gboolean is_ready = g_array_index (polled, struct pollfd, i).revents != 0;
        if (is_ready ? !serve (daemon, connection, ticks)
                     : brev_connection_is_stale (connection, ticks))
            (void) g_ptr_array_remove_index_fast (daemon->connections, at);
    }
}

static void
look_into_drop (BrevDaemon *daemon, gint64 ticks)
{
    if (brev_drop_wait (daemon->drop, ticks) == 0)
        brev_drop_scan (daemon->drop, ticks);
    if (brev_drop_is_pending (daemon->drop))
        daemon->dropped =
            brev_drop_take (daemon->drop, &daemon->reception, daemon->ledger);
}

static void
play_round (BrevDaemon *daemon, const GArray *polled, gint64 ticks)
{
    const struct pollfd *fixed = (const struct pollfd *) (gconstpointer) polled->data;

    if (fixed[POLL_COURIER].revents != 0 && daemon->courier.control >= 0)
        brev_courier_converse (&daemon->courier);
    if (fixed[POLL_WATCH].revents != 0)
        brev_watch_read (&daemon->watch, &watch_handlers, daemon);
    serve_clients (daemon, polled, ticks);
    if (fixed[POLL_LISTENER].revents != 0)
        accept_clients (daemon, ticks);
    look_into_drop (daemon, ticks);
    commit (daemon);
    run_waiting (daemon, ticks);
    if (fixed[POLL_SIGNALS].revents != 0)
        handle_signals (daemon, ticks);
    if (daemon->ending_at != 0)
        return;
    brev_courier_heed_clock (&daemon->courier, brev_clock_now (), brev_clock_ticks ());
    brev_courier_run (&daemon->courier, brev_clock_now (), ticks);
}

static gboolean
has_ended (BrevDaemon *daemon, gint64 ticks)
{
    gint64 waited = ticks - daemon->ending_at;

    if (daemon->ending_at == 0)
        return FALSE;
    if (waited > PATIENCE_FOR_COURIER && daemon->courier.pid > 0)
        (void) kill (daemon->courier.pid, SIGKILL);
    if (waited > PATIENCE_FOR_CLIENTS)
        g_ptr_array_set_size (daemon->connections, 0);
    return daemon->courier.pid == 0 && daemon->connections->len == 0;
}

gboolean
brev_daemon_run (int listener, GError **error)
{
    g_auto (BrevDaemon) daemon = { .listener = listener, .signals = -1, .watch.fd = -1 };
    g_autoptr (GArray) polled = g_array_new (FALSE, FALSE, sizeof (struct pollfd));

    if (!daemon_init (&daemon, error))
        return FALSE;
    brev_notify_manager ("READY=1");
    brev_courier_run (&daemon.courier, brev_clock_now (), brev_clock_ticks ());
    while (!has_ended (&daemon, brev_clock_ticks ())) {
        prepare (&daemon, polled);
        int ready = poll ((struct pollfd *) (gpointer) polled->data, polled->len,
                          time_to_wait (&daemon, brev_clock_ticks ()));
        if (ready < 0 && errno != EINTR)
            return brev_throw_errno (error, errno, "cannot wait for clients");
        if (ready >= 0)
            play_round (&daemon, polled, brev_clock_ticks ());
    }
    return TRUE;
}
