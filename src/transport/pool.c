/* SPDX-License-Identifier: MIT */
#include "transport/pool.h"

#include <glib-unix.h>

#define IDLE_CONNECTIONS 64L

struct BrevPool {
    CURLM *multi; /* owned */
    guint timer;  /* source of libcurl's next time-out, 0: none */
    BrevPoolDone done;
    gpointer data;
};

static void
reap (BrevPool *pool)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read (pool->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE)
            pool->done (message->easy_handle, message->data.result, pool->data);
    }
}

static void
act (BrevPool *pool, curl_socket_t socket, int events)
{
    g_autoptr (BrevPool) held = brev_pool_ref (pool); /* its last request may end here */
    int running;

    (void) curl_multi_socket_action (held->multi, socket, events, &running);
    reap (held);
}

static gboolean
on_timer (gpointer data)
{
    BrevPool *pool = data;

    pool->timer = 0; /* before libcurl sets the next one */
    act (pool, CURL_SOCKET_TIMEOUT, 0);
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
    BrevPool *pool = data;
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
        source = g_unix_fd_add (socket, condition | G_IO_ERR | G_IO_HUP, on_socket, pool);
    (void) curl_multi_assign (pool->multi, socket, GUINT_TO_POINTER (source));
    return 0;
}

static int
set_timer (CURLM *multi, long timeout, void *data)
{
    BrevPool *pool = data;

    if (pool->timer != 0)
        g_source_remove (pool->timer);
    pool->timer = timeout < 0 ? 0 : g_timeout_add ((guint) timeout, on_timer, pool);
    return 0;
}

BrevPool *
brev_pool_new (BrevPoolDone done, gpointer data)
{
    BrevPool *pool = g_rc_box_new0 (BrevPool);

    pool->done = done;
    pool->data = data;
    pool->multi = curl_multi_init ();
    if (pool->multi == NULL)
        g_error ("libcurl has no memory");
    curl_multi_setopt (pool->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt (pool->multi, CURLMOPT_SOCKETDATA, pool);
    curl_multi_setopt (pool->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt (pool->multi, CURLMOPT_TIMERDATA, pool);
    /* else libcurl closes idle connections as soon as fewer requests are open */
    curl_multi_setopt (pool->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
    curl_multi_setopt (pool->multi, CURLMOPT_PIPELINING, (long) CURLPIPE_MULTIPLEX);
    return pool;
}

static void
clear (gpointer data)
{
    BrevPool *pool = data;

    (void) curl_multi_cleanup (pool->multi); /* drops its watches and its timer itself */
    if (pool->timer != 0)
        g_source_remove (pool->timer);
}

BrevPool *
brev_pool_ref (BrevPool *pool)
{
    return g_rc_box_acquire (pool);
}

void
brev_pool_unref (BrevPool *pool)
{
    if (pool != NULL)
        g_rc_box_release_full (pool, clear);
}

void
brev_pool_add (BrevPool *pool, CURL *easy)
{
    if (curl_multi_add_handle (pool->multi, easy) != CURLM_OK)
        g_error ("libcurl refused a request");
}

void
brev_pool_remove (BrevPool *pool, CURL *easy)
{
    (void) curl_multi_remove_handle (pool->multi, easy);
}
