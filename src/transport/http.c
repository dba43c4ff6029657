/* SPDX-License-Identifier: MIT */
#include "transport/http.h"

#include <signal.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "transport/dispatch.h"
#include "transport/exchange.h"
#include "transport/pool.h"

struct BrevHttp {
    BrevHttpLimits limits;
    BrevPool *pool;    /* owned: takes new requests */
    BrevPost *post;    /* owned: what goes by SMTP */
    GHashTable *calls; /* owned, of Call: those that have not called back */
};

/* Somebody waits for the outcome of one request. */
typedef struct {
    BrevHttp *http;
    BrevPool *pool;         /* owned, nullable: where its exchange is */
    BrevExchange *exchange; /* owned, nullable: the request never began */
    BrevDispatch *dispatch; /* owned, nullable: it goes by SMTP instead */
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
    if (call->pool != NULL)
        brev_pool_remove (call->pool, brev_exchange_easy (call->exchange));
    brev_pool_unref (call->pool);
    brev_exchange_free (call->exchange);
    if (call->dispatch != NULL)
        brev_dispatch_free (call->dispatch);
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

static void on_done (CURL *easy, CURLcode result, gpointer data);

/* A request that timed out leaves its HTTP/2 connection open and libcurl would put the
 * next ones on it. If that connection is dead, and nobody hears of its end, they time out
 * too, for as long as there is mail. So new requests get new connections, while what is
 * under way on the old ones comes to its own end. */
static void
leave_connections (BrevHttp *http, const BrevPool *pool)
{
    if (http->pool != pool)
        return; /* left already */
    brev_pool_unref (http->pool);
    http->pool = brev_pool_new (on_done, http);
}

static void
on_done (CURL *easy, CURLcode result, gpointer data)
{
    BrevHttp *http = data;
    Call *call = NULL;

    curl_easy_getinfo (easy, CURLINFO_PRIVATE, (char **) &call);
    call->reply = brev_exchange_finish (call->exchange, result);
    if (result == CURLE_OPERATION_TIMEDOUT && call->reply->may_have_left)
        leave_connections (http, call->pool);
    tell (call);
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
    http->pool = brev_pool_new (on_done, http);
    http->post = brev_post_new (&http->limits);
    return http;
}

void
brev_http_free (BrevHttp *http)
{
    if (http == NULL)
        return;
    g_hash_table_unref (http->calls);
    brev_post_free (http->post);
    brev_pool_unref (http->pool);
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

/* (transfer full): @reply */
static void
on_delivered (BrevHttpReply *reply, gpointer data)
{
    Call *call = data;

    call->dispatch = NULL;
    call->reply = reply;
    tell (call);
}

static gboolean
send_by_smtp (Call *call, BrevHttpRequest *request, GError **error)
{
    call->dispatch =
        brev_dispatch_new (call->http->post, request, on_delivered, call, error);
    return call->dispatch != NULL;
}

/* What answers is on the same link, or nothing is there. */
static const BrevHttpLimits limits_for_keys = {
    .connect_timeout = BREV_SECOND,
    .stall_timeout = 2 * BREV_SECOND,
    .total_timeout = 2 * BREV_SECOND,
};

static gboolean
send_by_http (Call *call, BrevHttpRequest *request, GError **error)
{
    const BrevHttpLimits *limits =
        request->is_for_keys ? &limits_for_keys : &call->http->limits;
    CURL *easy;

    call->exchange = brev_exchange_new (request, limits, error);
    if (call->exchange == NULL)
        return FALSE;
    call->pool = brev_pool_ref (call->http->pool);
    easy = brev_exchange_easy (call->exchange);
    curl_easy_setopt (easy, CURLOPT_PRIVATE, call);
    brev_pool_add (call->pool, easy);
    return TRUE;
}

void
brev_http_send (BrevHttp *http, BrevHttpRequest *request, BrevHttpDone done,
                gpointer data)
{
    Call *call = g_new0 (Call, 1);
    g_autoptr (GError) error = NULL;

    call->http = http;
    call->done = done;
    call->data = data;
    g_hash_table_add (http->calls, call);
    if (!(request->smtp != NULL ? send_by_smtp : send_by_http) (call, request, &error))
        give_up (call, error->message);
}

guint
brev_http_open (const BrevHttp *http)
{
    return g_hash_table_size (http->calls);
}
