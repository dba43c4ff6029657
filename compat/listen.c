/* SPDX-License-Identifier: MIT */
#include "compat/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "brevdue-paths.h"
#include "compat/child.h"
#include "spool/owner.h"
#include "spool/talk.h"

#define BACKLOG 128
#define START_PATIENCE (10 * BREV_SECOND) /* for brevdued to listen */
#define START_ROUND 10                    /* ms */
#define PATIENCE_FOR_CLIENTS (5 * BREV_SECOND)

typedef struct {
    pid_t pid;
    char peer[INET6_ADDRSTRLEN]; /* its address, without the port */
} Client;

typedef struct {
    const BrevConfig *config;
    GArray *polled;   /* owned, of struct pollfd: the signals, then the ports */
    GArray *clients;  /* owned, of Client */
    pid_t service;    /* brevdued; 0 or less: it is not ours, or not there */
    int ready;        /* owned: who waits for us in the foreground, -1: nobody */
    gint64 ending_at; /* in ticks; 0: it goes on */
    GError *error;    /* owned, nullable: why it ends */
} Listener;

static void
listener_clear (Listener *listener)
{
    for (guint i = 0; i < listener->polled->len; i++)
        brev_close_fd (&g_array_index (listener->polled, struct pollfd, i).fd);
    g_array_unref (listener->polled);
    g_array_unref (listener->clients);
    if (listener->service > 0 && kill (listener->service, SIGTERM) == 0)
        (void) waitpid (listener->service, NULL, 0);
    brev_close_fd (&listener->ready);
    g_clear_error (&listener->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Listener, listener_clear)

/* ---- ports ---- */

/* Returns: (transfer full) (nullable): the host of "127.0.0.1:25" or "[::1]:25" */
static char *
parse_host (const char *text, const char *colon)
{
    gsize length = (gsize) (colon - text);

    if (length > 1 && text[0] == '[' && text[length - 1] == ']')
        return g_strndup (text + 1, length - 2);
    return memchr (text, ':', length) == NULL ? g_strndup (text, length) : NULL;
}

/* Returns: (transfer full) (nullable) */
static struct addrinfo *
parse_address (const char *text, GError **error)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
        .ai_socktype = SOCK_STREAM,
    };
    const char *colon = strrchr (text, ':');
    g_autofree char *host = colon == NULL ? NULL : parse_host (text, colon);
    struct addrinfo *address = NULL;

    if (host != NULL && *host != '\0' &&
        g_ascii_string_to_unsigned (colon + 1, 10, 1, G_MAXUINT16, NULL, NULL) &&
        getaddrinfo (host, colon + 1, &hints, &address) == 0)
        return address;
    (void) brev_throw (error, BREV_ERROR_CONFIG,
                       "'listen': '%s' is not an address and a port such as "
                       "127.0.0.1:25 or [::1]:25",
                       text);
    return NULL;
}

/* Returns: a descriptor, or -1 with errno set */
static int
listen_at (const struct addrinfo *address)
{
    brev_autofd int fd = socket (address->ai_family,
                                 SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    const int yes = 1;

    if (fd < 0)
        return -1;
    (void) setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (address->ai_family == AF_INET6)
        (void) setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    if (bind (fd, address->ai_addr, address->ai_addrlen) < 0 || listen (fd, BACKLOG) < 0)
        return -1;
    return brev_steal_fd (&fd);
}

static void
add_polled (Listener *listener, int fd)
{
    const struct pollfd one = { .fd = fd, .events = POLLIN };

    g_array_append_val (listener->polled, one);
}

/* A machine without IPv6 is no reason to complain, unless somebody asked for it. */
static gboolean
open_port (Listener *listener, const char *text, GError **error)
{
    struct addrinfo *address = parse_address (text, error);
    int fd, number;

    if (address == NULL)
        return FALSE;
    fd = listen_at (address);
    number = errno;
    freeaddrinfo (address);
    if (fd >= 0) {
        add_polled (listener, fd);
        return TRUE;
    }
    if (!listener->config->listen_is_named &&
        (number == EAFNOSUPPORT || number == EADDRNOTAVAIL))
        return TRUE;
    return brev_throw_errno (
        error, number, "cannot listen on '%s' ('listen' in brevdue.conf names it)", text);
}

static gboolean
open_ports (Listener *listener, GError **error)
{
    guint before = listener->polled->len;

    for (char **text = listener->config->listen; *text != NULL; text++)
        if (!open_port (listener, *text, error))
            return FALSE;
    return listener->polled->len > before ||
           brev_throw (error, BREV_ERROR_SYSTEM,
                       "there is no address of 'listen' on this machine");
}

/* ---- the account ---- */

/* Whose the spool is; where there is none yet, the account of the package. */
static gboolean
find_account (const BrevConfig *config, uid_t *uid, gid_t *gid, GError **error)
{
    const struct passwd *entry;

    if (brev_spool_owner (config->spool, uid, gid) && *uid != 0)
        return TRUE;
    entry = getpwnam (BREV_USER);
    if (entry == NULL || entry->pw_uid == 0)
        return brev_throw (error, BREV_ERROR_CONFIG,
                           "there is no account '%s' to run as: root does not serve SMTP",
                           BREV_USER);
    *uid = entry->pw_uid;
    *gid = entry->pw_gid;
    return TRUE;
}

/* Below /run nothing is left from before the machine was started. */
static gboolean
give_directory (const char *path, uid_t uid, gid_t gid, GError **error)
{
    if (g_file_test (path, G_FILE_TEST_EXISTS))
        return TRUE;
    if (g_mkdir_with_parents (path, 0755) < 0 || chmod (path, 0755) < 0 ||
        chown (path, uid, gid) < 0)
        return brev_throw_errno (error, errno, "cannot make '%s'", path);
    return TRUE;
}

static gboolean
leave_root (const BrevConfig *config, GError **error)
{
    g_autofree char *run_directory = g_path_get_dirname (config->socket);
    uid_t uid;
    gid_t gid;

    if (geteuid () != 0)
        return TRUE;
    if (!find_account (config, &uid, &gid, error) ||
        !give_directory (config->spool, uid, gid, error) ||
        !give_directory (run_directory, uid, gid, error))
        return FALSE;
    (void) g_setenv ("HOME", config->spool, TRUE);
    return brev_become (uid, gid, error);
}

/* ---- the background ---- */

/* The parent waits until its child says that it is ready, or ends as it does. */
static gboolean
go_to_background (Listener *listener, GError **error)
{
    int ends[2], status;
    pid_t pid;
    char byte;

    if (pipe2 (ends, O_CLOEXEC) < 0 || (pid = fork ()) < 0)
        return brev_throw_errno (error, errno, "cannot go to the background");
    if (pid == 0) {
        (void) close (ends[0]);
        listener->ready = ends[1];
        return setsid () >= 0;
    }
    (void) close (ends[1]);
    if (brev_read_some (ends[0], &byte, 1) == 1)
        _exit (EX_OK);
    if (waitpid (pid, &status, 0) < 0 || !WIFEXITED (status))
        _exit (EX_OSERR);
    _exit (WEXITSTATUS (status));
}

static void
tell_ready (Listener *listener)
{
    brev_autofd int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

    if (listener->ready < 0)
        return;
    for (int fd = 0; fd <= STDERR_FILENO && null >= 0; fd++)
        (void) dup2 (null, fd);
    (void) brev_write_all (listener->ready, "1", 1);
    brev_close_fd (&listener->ready);
    listener->ready = -1;
}

/* ---- the service ---- */

static gboolean
is_served (const BrevConfig *config)
{
    brev_autofd int fd = brev_talk_connect (config->socket, NULL);

    return fd >= 0;
}

/* Mail must find the socket or the drop directory from the first connection on. */
static gboolean
start_service (Listener *listener, GError **error)
{
    static const char *const arguments[] = { NULL };
    /* Who waits in the foreground would wait for brevdued to close standard error. */
    const BrevChild brevdued = { "brevdued", arguments, -1, -1, listener->ready >= 0 };
    gint64 end = brev_clock_ticks () + START_PATIENCE;
    int status;

    if (is_served (listener->config))
        return TRUE;
    listener->service = brev_child_start (&brevdued, error);
    if (listener->service < 0)
        return FALSE;
    while (!is_served (listener->config)) {
        if (waitpid (listener->service, &status, WNOHANG) == listener->service) {
            listener->service = 0;
            return brev_throw (error, BREV_ERROR_SYSTEM,
                               "brevdued could not start: its log says why");
        }
        if (brev_clock_ticks () > end)
            return brev_throw (error, BREV_ERROR_SYSTEM,
                               "brevdued does not listen on '%s'",
                               listener->config->socket);
        g_usleep (START_ROUND * 1000);
    }
    return TRUE;
}

/* ---- clients ---- */

static void
write_peer (const struct sockaddr_storage *address, char peer[INET6_ADDRSTRLEN])
{
    if (getnameinfo ((const struct sockaddr *) address, sizeof *address, peer,
                     INET6_ADDRSTRLEN, NULL, 0, NI_NUMERICHOST) != 0)
        peer[0] = '\0';
}

/* Returns: (nullable): why one more client of @peer is one too many */
static const char *
check_limits (const Listener *listener, const char *peer)
{
    guint n = 0;

    for (guint i = 0; i < listener->clients->len; i++)
        n += strcmp (g_array_index (listener->clients, Client, i).peer, peer) == 0;
    if (listener->clients->len >= BREV_CLIENTS)
        return "Too many connections";
    return n >= BREV_CLIENTS_PER_PEER ? "Too many connections from your address" : NULL;
}

static void
send_away (int fd, const char *peer, const char *reason)
{
    g_autofree char *reply = g_strdup_printf ("421 4.3.2 %s\r\n", reason);

    brev_log (BREV_LOG_WARNING, "%s: %s", peer, reason);
    (void) send (fd, reply, strlen (reply), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
welcome (Listener *listener, int fd, const struct sockaddr_storage *address)
{
    static const char *const arguments[] = { "-bs", NULL };
    const BrevChild server = {
        "sendmail", arguments, .out = fd, .message = -1, .is_connection = TRUE,
    };
    g_autoptr (GError) error = NULL;
    Client client = { 0 };
    const char *problem;

    write_peer (address, client.peer);
    problem = check_limits (listener, client.peer);
    client.pid = problem == NULL ? brev_child_start (&server, &error) : -1;
    if (client.pid >= 0)
        g_array_append_val (listener->clients, client);
    else
        send_away (fd, client.peer, problem == NULL ? error->message : problem);
}

static void
accept_clients (Listener *listener, int port)
{
    struct sockaddr_storage address = { 0 };
    socklen_t size = sizeof address;
    brev_autofd int fd =
        accept4 (port, (struct sockaddr *) &address, &size, SOCK_CLOEXEC);

    if (fd >= 0)
        welcome (listener, fd, &address);
}

/* ---- signals and the end ---- */

static gboolean
catch_signals (Listener *listener, GError **error)
{
    sigset_t caught;
    int fd;

    (void) sigemptyset (&caught);
    (void) sigaddset (&caught, SIGTERM);
    (void) sigaddset (&caught, SIGINT);
    (void) sigaddset (&caught, SIGHUP);
    (void) sigaddset (&caught, SIGCHLD);
    (void) sigprocmask (SIG_BLOCK, &caught, NULL);
    fd = signalfd (-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return brev_throw_errno (error, errno, "cannot catch signals");
    add_polled (listener, fd);
    return TRUE;
}

static void
begin_to_end (Listener *listener)
{
    if (listener->ending_at != 0)
        return;
    listener->ending_at = brev_clock_ticks ();
    for (guint i = 1; i < listener->polled->len; i++) {
        struct pollfd *port = &g_array_index (listener->polled, struct pollfd, i);
        brev_close_fd (&port->fd);
        port->fd = -1; /* poll(2) passes it over */
    }
}

static void
reap (Listener *listener)
{
    int status;
    pid_t pid;

    while ((pid = waitpid (-1, &status, WNOHANG)) > 0) {
        if (pid == listener->service) {
            listener->service = 0;
            if (listener->ending_at == 0)
                (void) brev_throw (&listener->error, BREV_ERROR_SYSTEM,
                                   "brevdued has ended; so does the SMTP port");
            begin_to_end (listener);
        }
        for (guint i = 0; i < listener->clients->len; i++)
            if (g_array_index (listener->clients, Client, i).pid == pid) {
                (void) g_array_remove_index_fast (listener->clients, i);
                break;
            }
    }
}

static void
handle_signals (Listener *listener, int fd)
{
    struct signalfd_siginfo info;

    while (brev_read_some (fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap (listener);
        else if (info.ssi_signo != SIGHUP)
            begin_to_end (listener);
        else if (listener->service > 0)
            (void) kill (listener->service, SIGHUP);
    }
}

/* First the clients, who may be in the middle of a message, then brevdued. */
static void
press_on (const Listener *listener)
{
    if (brev_clock_ticks () - listener->ending_at >= PATIENCE_FOR_CLIENTS)
        for (guint i = 0; i < listener->clients->len; i++)
            (void) kill (g_array_index (listener->clients, Client, i).pid, SIGTERM);
    if (listener->clients->len == 0 && listener->service > 0)
        (void) kill (listener->service, SIGTERM);
}

static void
play_round (Listener *listener)
{
    const GArray *polled = listener->polled;
    struct pollfd *all = (struct pollfd *) (gpointer) polled->data;

    if (listener->ending_at != 0)
        press_on (listener);
    if (poll (all, polled->len, listener->ending_at != 0 ? BREV_SECOND : -1) <= 0)
        return;
    for (guint i = 1; i < polled->len; i++)
        if (all[i].revents != 0)
            accept_clients (listener, all[i].fd);
    if (all[0].revents != 0)
        handle_signals (listener, all[0].fd);
}

static gboolean
is_over (const Listener *listener)
{
    return listener->ending_at != 0 && listener->clients->len == 0 &&
           listener->service <= 0;
}

gboolean
brev_listen_run (const BrevConfig *config, gboolean in_background, GError **error)
{
    g_auto (Listener) listener = {
        .config = config,
        .polled = g_array_new (FALSE, FALSE, sizeof (struct pollfd)),
        .clients = g_array_new (FALSE, FALSE, sizeof (Client)),
        .ready = -1,
    };

    if (!catch_signals (&listener, error) || !open_ports (&listener, error) ||
        !leave_root (config, error) ||
        (in_background && !go_to_background (&listener, error)) ||
        !start_service (&listener, error))
        return FALSE;
    tell_ready (&listener);
    (void) brev_log_open ("brevdue/smtp", config->log);
    while (!is_over (&listener))
        play_round (&listener);
    if (listener.error == NULL)
        return TRUE;
    g_propagate_error (error, g_steal_pointer (&listener.error));
    return FALSE;
}
