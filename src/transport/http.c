/* SPDX-License-Identifier: MIT */
#include "transport/http.h"

#include <signal.h>

#include <curl/curl.h>
#include <glib-unix.h>

#include "transport/exchange.h"

#define IDLE_CONNECTIONS 64L

struct BrevHttp {
    BrevHttpLimits limits;
    CURLM *multi;      /* owned */
    guint timer;       /* source of libcurl's next time-out, 0: none */
    GHashTable *calls; /* owned, of Call: those that have not called back */
};

/* Somebody waits for the outcome of one request. */
typedef struct {
    BrevHttp *http;
    BrevExchange *exchange; /* owned, nullable: the request never began */
    BrevHttpReply *reply;   /* owned, nullable: known, to be told from the main loop */
    guint idle;             /* source that tells it, 0: none */
    BrevHttpDone done;
    gpointer data;
} Call;

static void
call_free (Call *call)
{
    if (call->idle != 0)
        g_source_remove (call->idle);
    if (call->exchange != NULL)
        curl_multi_remove_handle (call->http->multi, brev_exchange_easy (call->exchange));
    brev_exchange_free (call->exchange);
    brev_http_reply_free (call->reply);
    g_free (call);
}

/* The last thing that is done for a call. */
static void
tell (Call *call)
{
    g_autoptr (BrevHttpReply) reply = g_steal_pointer (&call->reply);
    BrevHttpDone done = call->done;
    gpointer data = call->data;

    g_hash_table_remove (call->http->calls, call);
    done (reply, data);
}

/* Calls back for every exchange that libcurl has finished. */
static void
reap (BrevHttp *http)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read (http->multi, &left)) != NULL) {
        Call *call = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, (char **) &call);
        call->reply = brev_exchange_finish (call->exchange, message->data.result);
        tell (call);
    }
}

static void
act (BrevHttp *http, curl_socket_t socket, int events)
{
    int running;

    (void) curl_multi_socket_action (http->multi, socket, events, &running);
    reap (http);
}

static gboolean
on_timer (gpointer data)
{
    BrevHttp *http = data;

    http->timer = 0; /* before libcurl sets the next one */
    act (http, CURL_SOCKET_TIMEOUT, 0);
    return G_SOURCE_REMOVE;
}

static gboolean
on_socket (int fd, GIOCondition condition, gpointer data)
{
    int events = 0;

    if (condition & G_IO_IN)
        events |= CURL_CSELECT_IN;
    if (condition & G_IO_OUT)
        events |= CURL_CSELECT_OUT;
    if (condition & (G_IO_ERR | G_IO_HUP))
        events |= CURL_CSELECT_ERR;
    act (data, fd, events);
    return G_SOURCE_CONTINUE; /* without effect if libcurl has dropped this watch */
}

/* libcurl tells which events it waits for on a socket. @old is the source that we keep
 * with the socket, as a pointer. */
static int
watch_socket (CURL *easy, curl_socket_t socket, int what, void *data, void *old)
{
    BrevHttp *http = data;
    guint source = GPOINTER_TO_UINT (old);
    GIOCondition condition = 0;

    if (source != 0)
        g_source_remove (source);
    source = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        condition |= G_IO_IN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        condition |= G_IO_OUT;
    if (condition != 0)
        source = g_unix_fd_add (socket, condition | G_IO_ERR | G_IO_HUP, on_socket, http);
    (void) curl_multi_assign (http->multi, socket, GUINT_TO_POINTER (source));
    return 0;
}

static int
set_timer (CURLM *multi, long timeout, void *data)
{
    BrevHttp *http = data;

    if (http->timer != 0)
        g_source_remove (http->timer);
    http->timer = timeout < 0 ? 0 : g_timeout_add ((guint) timeout, on_timer, http);
    return 0;
}

/* Once for the process, before libcurl looks at anything. */
static void
prepare_process (void)
{
    static gsize is_prepared;
    /* libcurl and OpenSSL would write the secrets of TLS to the files these name. */
    static const char *const leaks[] = { "SSLKEYLOGFILE", "QLOGDIR" };

    if (!g_once_init_enter (&is_prepared))
        return;
    for (guint i = 0; i < G_N_ELEMENTS (leaks); i++)
        g_unsetenv (leaks[i]);
    /* OpenSSL writes to a connection that the provider has reset; with CURLOPT_NOSIGNAL
     * libcurl leaves the signal to us. */
    (void) signal (SIGPIPE, SIG_IGN);
    if (curl_global_init (CURL_GLOBAL_DEFAULT) != CURLE_OK)
        g_error ("libcurl cannot be initialised");
    g_once_init_leave (&is_prepared, 1);
}

BrevHttp *
brev_http_new (const BrevHttpLimits *limits)
{
    BrevHttp *http = g_new0 (BrevHttp, 1);

    prepare_process ();
    http->limits = *limits;
    http->calls = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) call_free, NULL);
    http->multi = curl_multi_init ();
    if (http->multi == NULL)
        g_error ("libcurl has no memory");
    curl_multi_setopt (http->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt (http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt (http->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt (http->multi, CURLMOPT_TIMERDATA, http);
    /* else libcurl closes idle connections as soon as fewer requests are open */
    curl_multi_setopt (http->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
    curl_multi_setopt (http->multi, CURLMOPT_PIPELINING, (long) CURLPIPE_MULTIPLEX);
    return http;
}

void
brev_http_free (BrevHttp *http)
{
    if (http == NULL)
        return;
    g_hash_table_unref (http->calls);
    (void) curl_multi_cleanup (http->multi); /* drops its watches and its timer itself */
    if (http->timer != 0)
        g_source_remove (http->timer);
    g_free (http);
}

static gboolean
tell_later (gpointer data)
{
    Call *call = data;

    call->idle = 0;
    tell (call);
    return G_SOURCE_REMOVE;
}

/* Nothing was sent, and nothing will be. */
static void
give_up (Call *call, const char *reason)
{
    call->reply = brev_http_reply_new (0, NULL);
    call->reply->may_have_left = FALSE;
    call->reply->is_complete = FALSE;
    call->reply->error = g_strdup (reason);
    call->idle = g_idle_add (tell_later, call);
}

void
brev_http_send (BrevHttp *http, BrevHttpRequest *request, BrevHttpDone done,
                gpointer data)
{
    Call *call = g_new0 (Call, 1);
    g_autoptr (GError) error = NULL;
    CURL *easy;

    call->http = http;
    call->done = done;
    call->data = data;
    g_hash_table_add (http->calls, call);
    call->exchange = brev_exchange_new (request, &http->limits, &error);
    if (call->exchange == NULL) {
        give_up (call, error->message);
        return;
    }
    easy = brev_exchange_easy (call->exchange);
    curl_easy_setopt (easy, CURLOPT_PRIVATE, call);
    if (curl_multi_add_handle (http->multi, easy) != CURLM_OK)
        g_error ("libcurl refused a request");
}

guint
brev_http_open (const BrevHttp *http)
{
    return g_hash_table_size (http->calls);
}
