/* SPDX-License-Identifier: MIT */
/* An HTTP server on a loopback port that accepts whatever Postmark's API accepts, as fast as
 * it can be read: one thread, epoll, keep-alive. Prints its port, and answers GET /count with
 * the numbers of requests, messages, connections, and of the requests that waited for their
 * answer at the same time, at most. It ends with its standard input.
 *
 * Usage: httpsink [-d MS] [CERTIFICATE KEY]    -d: each answer comes so much later */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 16384, MAX_CONNECTIONS = 1024, EVENTS = 64 };

/* How far a JSON text was read: only as far as to count the objects of a batch. */
typedef struct {
    int depth;
    int in_string, escaped;
    long objects; /* at the top, or directly in the outermost array */
} Json;

typedef struct {
    int fd;
    SSL *tls; /* NULL: none */
    long due; /* ms: when the request is answered, 0: there is none */
    char head[HEAD_MAX];
    size_t head_length;
    long body_left; /* -1: the head is not complete */
    int is_count;   /* GET /count */
    int is_batch;
    Json json;
    char *out; /* what is still to be written */
    size_t out_length, out_done;
} Connection;

static struct {
    int epoll;
    SSL_CTX *tls;
    long delay; /* ms */
    long requests, messages, connections, waiting, most;
} sink;

static Connection connections[MAX_CONNECTIONS];

static void
read_json (Json *json, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (json->escaped)
            json->escaped = 0;
        else if (json->in_string && c == '\\')
            json->escaped = 1;
        else if (c == '"')
            json->in_string = !json->in_string;
        else if (json->in_string)
            continue;
        else if (c == '{' || c == '[') {
            json->objects += c == '{' && json->depth <= 1;
            json->depth++;
        } else if (c == '}' || c == ']')
            json->depth--;
    }
}

__attribute__ ((format (printf, 2, 3))) static void
append (Connection *connection, const char *format, ...)
{
    va_list args;
    char text[512];
    size_t length;

    va_start (args, format);
    length = (size_t) vsnprintf (text, sizeof text, format, args);
    va_end (args);
    connection->out = realloc (connection->out, connection->out_length + length);
    memcpy (connection->out + connection->out_length, text, length);
    connection->out_length += length;
}

static void
append_result (Connection *connection, long number)
{
    append (connection,
            "{\"To\":\"a@example.net\",\"SubmittedAt\":\"2024-01-01T00:00:00Z\","
            "\"MessageID\":\"00000000-0000-4000-8000-%012ld\",\"ErrorCode\":0,"
            "\"Message\":\"OK\",\"id\":\"%ld\"}", /* id: Resend's */
            number, number);
}

/* Writes the body first, to know its length, then the head in front of it. */
static void
answer (Connection *connection)
{
    size_t start = connection->out_length, length;
    char head[128];

    if (connection->is_count) {
        append (connection,
                "{\"requests\":%ld,\"messages\":%ld,\"connections\":%ld,\"most\":%ld}",
                sink.requests, sink.messages, sink.connections, sink.most);
    } else {
        sink.requests++;
        if (connection->is_batch)
            append (connection, "[");
        for (long i = 0; i < connection->json.objects; i++) {
            if (connection->is_batch && i > 0)
                append (connection, ",");
            append_result (connection, ++sink.messages);
            if (!connection->is_batch)
                break;
        }
        if (connection->is_batch)
            append (connection, "]");
    }
    length = (size_t) snprintf (head, sizeof head,
                                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                "Content-Length: %zu\r\n\r\n",
                                connection->out_length - start);
    connection->out = realloc (connection->out, connection->out_length + length);
    memmove (connection->out + start + length, connection->out + start,
             connection->out_length - start);
    memcpy (connection->out + start, head, length);
    connection->out_length += length;
}

static long
now (void)
{
    struct timespec time;

    (void) clock_gettime (CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* As read() and write() would do it, without TLS and with it. */
static ssize_t
result_of (const Connection *connection, int done)
{
    int why = done > 0 ? SSL_ERROR_NONE : SSL_get_error (connection->tls, done);

    if (done > 0 || why == SSL_ERROR_ZERO_RETURN)
        return done > 0 ? done : 0;
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EIO;
    return -1;
}

static ssize_t
read_some (const Connection *connection, char *buffer, size_t size)
{
    return connection->tls == NULL
               ? read (connection->fd, buffer, size)
               : result_of (connection, SSL_read (connection->tls, buffer, (int) size));
}

static ssize_t
write_some (const Connection *connection, const char *bytes, size_t length)
{
    return connection->tls == NULL
               ? write (connection->fd, bytes, length)
               : result_of (connection, SSL_write (connection->tls, bytes, (int) length));
}

static void
watch (Connection *connection, unsigned events, int how)
{
    struct epoll_event event = { .events = events, .data.ptr = connection };

    (void) epoll_ctl (sink.epoll, how, connection->fd, &event);
}

static void
hang_up (Connection *connection)
{
    sink.waiting -= connection->due != 0;
    SSL_free (connection->tls);
    (void) close (connection->fd);
    free (connection->out);
    memset (connection, 0, sizeof *connection);
    connection->fd = -1;
}

/* Returns: 0 when the peer is gone */
static int
flush_out (Connection *connection)
{
    while (connection->out_done < connection->out_length) {
        ssize_t done = write_some (connection, connection->out + connection->out_done,
                                   connection->out_length - connection->out_done);
        if (done < 0 && errno == EAGAIN) {
            watch (connection, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
            return 1;
        }
        if (done <= 0)
            return 0;
        connection->out_done += (size_t) done;
    }
    if (connection->out_length > 0)
        watch (connection, EPOLLIN, EPOLL_CTL_MOD);
    connection->out_length = connection->out_done = 0;
    return 1;
}

static void
begin_body (Connection *connection)
{
    const char *length = strcasestr (connection->head, "\r\ncontent-length:");

    connection->body_left = length == NULL ? 0 : atol (length + 17);
    connection->is_count = strncmp (connection->head, "GET /count ", 11) == 0;
    connection->is_batch = strncmp (connection->head, "POST /email/batch ", 18) == 0;
    memset (&connection->json, 0, sizeof connection->json);
    if (strcasestr (connection->head, "\r\nexpect: 100-continue") != NULL)
        append (connection, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void
end_request (Connection *connection)
{
    if (sink.delay == 0 || connection->is_count) {
        answer (connection);
        return;
    }
    connection->due = now () + sink.delay;
    sink.waiting++;
    sink.most = sink.waiting > sink.most ? sink.waiting : sink.most;
}

/* Takes from @bytes what belongs to the head. Returns: how much */
static size_t
take_head (Connection *connection, const char *bytes, size_t length)
{
    size_t taken = 0;

    while (taken < length && connection->head_length < HEAD_MAX - 1) {
        connection->head[connection->head_length++] = bytes[taken++];
        if (connection->head_length >= 4 &&
            memcmp (connection->head + connection->head_length - 4, "\r\n\r\n", 4) == 0) {
            connection->head[connection->head_length] = '\0';
            begin_body (connection);
            return taken;
        }
    }
    return taken;
}

static void
take (Connection *connection, const char *bytes, size_t length)
{
    while (length > 0 || connection->body_left == 0) {
        size_t taken;
        if (connection->body_left < 0) {
            taken = take_head (connection, bytes, length);
        } else {
            taken = length < (size_t) connection->body_left
                        ? length
                        : (size_t) connection->body_left;
            read_json (&connection->json, bytes, taken);
            connection->body_left -= (long) taken;
            if (connection->body_left > 0)
                return;
            end_request (connection);
            connection->body_left = -1;
            connection->head_length = 0;
        }
        bytes += taken;
        length -= taken;
    }
}

static void
serve (Connection *connection)
{
    static char buffer[256 * 1024];
    ssize_t got;

    while ((got = read_some (connection, buffer, sizeof buffer)) > 0)
        take (connection, buffer, (size_t) got);
    if (got == 0 || errno != EAGAIN || !flush_out (connection))
        hang_up (connection);
}

/* Answers those whose time has come. Returns: ms until the next one's, -1: there is none */
static int
answer_due (void)
{
    long next = -1;

    for (size_t i = 0; sink.waiting > 0 && i < MAX_CONNECTIONS; i++) {
        long left = connections[i].due - now ();
        if (connections[i].due == 0)
            continue;
        if (left > 0) {
            next = next < 0 || left < next ? left : next;
            continue;
        }
        connections[i].due = 0;
        sink.waiting--;
        answer (&connections[i]);
        if (!flush_out (&connections[i]))
            hang_up (&connections[i]);
    }
    return (int) next;
}

static void
welcome (int listener)
{
    int one = 1;
    int fd = accept4 (listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    for (size_t i = 0; fd >= 0 && i < MAX_CONNECTIONS; i++) {
        if (connections[i].fd >= 0)
            continue;
        (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connections[i].fd = fd;
        connections[i].body_left = -1;
        if (sink.tls != NULL) {
            connections[i].tls = SSL_new (sink.tls);
            (void) SSL_set_fd (connections[i].tls, fd);
            SSL_set_accept_state (connections[i].tls);
        }
        sink.connections++;
        watch (&connections[i], EPOLLIN, EPOLL_CTL_ADD);
        return;
    }
    (void) close (fd);
}

static int
listen_on_loopback (void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind (fd, (struct sockaddr *) &address, length) < 0 || listen (fd, 512) < 0 ||
        getsockname (fd, (struct sockaddr *) &address, &length) < 0)
        return -1;
    (void) printf ("%d\n", ntohs (address.sin_port));
    (void) fflush (stdout);
    return fd;
}

static int
take_arguments (int argc, char **argv)
{
    int first = 1;

    if (argc > 2 && strcmp (argv[1], "-d") == 0) {
        sink.delay = atol (argv[2]);
        first = 3;
    }
    if (argc == first)
        return 1;
    sink.tls = argc == first + 2 ? SSL_CTX_new (TLS_server_method ()) : NULL;
    if (sink.tls == NULL)
        return 0;
    (void) SSL_CTX_set_mode (sink.tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                           SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return SSL_CTX_use_certificate_chain_file (sink.tls, argv[first]) == 1 &&
           SSL_CTX_use_PrivateKey_file (sink.tls, argv[first + 1], SSL_FILETYPE_PEM) == 1;
}

int
main (int argc, char **argv)
{
    static int standard_input;
    struct epoll_event events[EVENTS];
    int listener;

    if (!take_arguments (argc, argv))
        return 64;
    listener = listen_on_loopback ();
    if (listener < 0)
        return 71;
    sink.epoll = epoll_create1 (EPOLL_CLOEXEC);
    for (size_t i = 0; i < MAX_CONNECTIONS; i++)
        connections[i].fd = -1;
    events[0] = (struct epoll_event){ .events = EPOLLIN, .data.ptr = NULL };
    (void) epoll_ctl (sink.epoll, EPOLL_CTL_ADD, listener, &events[0]);
    events[0].data.ptr = &standard_input;
    (void) epoll_ctl (sink.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &events[0]);
    for (;;) {
        int n = epoll_wait (sink.epoll, events, EVENTS, answer_due ());
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &standard_input)
                return 0;
            if (events[i].data.ptr == NULL)
                welcome (listener);
            else
                serve (events[i].data.ptr);
        }
    }
}
