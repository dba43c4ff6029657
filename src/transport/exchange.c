/* SPDX-License-Identifier: MIT */
#include "transport/exchange.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "brevdue-paths.h"
#include "transport/sign.h"
#include "transport/target.h"

/* Header and body of a reply together. */
#define REPLY_MAX (1024 * 1024)

/* A connection that was idle for longer is not used again. A provider that closes an idle
 * connection at the moment we use it leaves us with an unknown outcome, which may become
 * a duplicate; a new connection costs only its handshake. */
#define MAX_IDLE_SECONDS 20L

struct BrevExchange {
    BrevHttpRequest *request; /* owned */
    BrevTarget target;
    CURL *easy;                 /* owned */
    struct curl_slist *headers; /* owned */
    guint64 length;             /* of the body */
    guint8 digest[32];          /* SHA-256 of the body, if it is signed */
    guint64 taken;              /* bytes of the body that libcurl has been given */
    gboolean was_ready; /* a connection stood, the request was about to be written */
    GError *failure;    /* owned, nullable: ours, when a callback ended the exchange */
    GPtrArray *reply_headers; /* owned, of BrevHttpHeader */
    GByteArray *reply_body;   /* owned */
    gsize reply_size;         /* bytes, header and body */
    gboolean is_too_long;
    char curls_words[CURL_ERROR_SIZE];
};

/* Every option below is one that libcurl 7.88 knows: anything else is a bug, and going on
 * would mean to go on without a rule of ours. */
static void
must (CURLcode result)
{
    if (result != CURLE_OK)
        g_error ("libcurl refused an option: %s", curl_easy_strerror (result));
}

/* Once the last byte of the body was handed over, the provider may have accepted the
 * mail: nobody below the courier may send it again. */
static gboolean
last_byte_has_left (const BrevExchange *exchange)
{
    return exchange->taken == exchange->length && exchange->length > 0;
}

static gboolean
rewind_body (BrevExchange *exchange)
{
    if (last_byte_has_left (exchange)) {
        if (exchange->failure == NULL)
            (void) brev_throw (&exchange->failure, BREV_ERROR_NETWORK,
                               "the connection ended after the request was sent");
        return FALSE;
    }
    brev_body_rewind (exchange->request->body);
    exchange->taken = 0;
    return TRUE;
}

/* libcurl asks for this when it wants to send again on a new connection, because a
 * kept-alive one had closed (libcurl 7.88 does so by itself, without telling). */
static int
on_seek (void *data, curl_off_t offset, int origin)
{
    if (offset != 0 || origin != SEEK_SET || !rewind_body (data))
        return CURL_SEEKFUNC_FAIL;
    return CURL_SEEKFUNC_OK;
}

/* Called each time a request is about to be written to a connection that stands. libcurl
 * does not always rewind before it starts anew: it looks at what it wrote, not at what it
 * read from us. */
static int
on_ready (void *data, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    BrevExchange *exchange = data;

    exchange->was_ready = TRUE;
    if (exchange->taken > 0 && !rewind_body (exchange))
        return CURL_PREREQFUNC_ABORT;
    return CURL_PREREQFUNC_OK;
}

/* The next bytes of the body: never more than its header promised, never fewer. */
static size_t
on_read (char *buffer, size_t size, size_t count, void *data)
{
    BrevExchange *exchange = data;
    guint64 left = exchange->length - exchange->taken;
    gssize got;

    if (left == 0)
        return 0;
    got = brev_body_read (exchange->request->body, buffer, MIN (size * count, left),
                          &exchange->failure);
    if (got == 0)
        (void) brev_throw (&exchange->failure, BREV_ERROR_SYSTEM,
                           "the message's file became shorter while it was sent");
    if (got <= 0)
        return CURL_READFUNC_ABORT;
    exchange->taken += (guint64) got;
    return (size_t) got;
}

/* Counts what came against the limit. */
static gboolean
reply_fits (BrevExchange *exchange, gsize size)
{
    if (size > REPLY_MAX - exchange->reply_size) {
        exchange->is_too_long = TRUE;
        return FALSE;
    }
    exchange->reply_size += size;
    return TRUE;
}

static size_t
on_body (char *bytes, size_t size, size_t count, void *data)
{
    BrevExchange *exchange = data;

    if (!reply_fits (exchange, size * count))
        return 0;
    g_byte_array_append (exchange->reply_body, (const guint8 *) bytes,
                         (guint) (size * count));
    return size * count;
}

static size_t
on_header (char *bytes, size_t size, size_t count, void *data)
{
    BrevExchange *exchange = data;
    g_autofree char *line = NULL;
    char *colon;

    if (!reply_fits (exchange, size * count))
        return 0;
    line = g_strndup (bytes, size * count);
    colon = strchr (line, ':');
    if (g_str_has_prefix (line, "HTTP/")) /* another one after an interim reply */
        g_ptr_array_set_size (exchange->reply_headers, 0);
    else if (colon != NULL) {
        *colon = '\0';
        g_ptr_array_add (exchange->reply_headers,
                         brev_http_header_new (line, g_strstrip (colon + 1), FALSE));
    }
    return size * count;
}

/* "localhost" is what a resolver says it is: plain http goes to a loopback address or
 * nowhere. The descriptor is no child's. */
static curl_socket_t
on_open_socket (void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    const BrevExchange *exchange = data;

    if (exchange->target.is_plain && !brev_target_is_loopback (&address->addr) &&
        !(exchange->request->is_for_keys && brev_target_is_metadata (&address->addr)))
        return CURL_SOCKET_BAD;
    return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Where requests may go, and what they may take along. */
static void
set_rules (BrevExchange *exchange)
{
    CURL *easy = exchange->easy;
    gboolean is_plain = exchange->target.is_plain;

    must (curl_easy_setopt (easy, CURLOPT_URL, exchange->request->url));
    must (curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, is_plain ? "http" : "https"));
    must (curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 0L));
    must (curl_easy_setopt (easy, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED));
    must (curl_easy_setopt (easy, CURLOPT_PROXY, "")); /* nor one from the environment */
    must (curl_easy_setopt (easy, CURLOPT_SSL_VERIFYPEER, 1L));
    must (curl_easy_setopt (easy, CURLOPT_SSL_VERIFYHOST, 2L));
    must (curl_easy_setopt (easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2));
    must (curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket));
    must (curl_easy_setopt (easy, CURLOPT_OPENSOCKETDATA, exchange));
    must (curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L));
    must (curl_easy_setopt (easy, CURLOPT_USERAGENT, "brevdue/" BREV_VERSION));
    /* A new request waits to learn whether a handshake in progress leads to HTTP/2 and
     * can be shared. Without TLS that is only known with the first reply: too late. */
    must (curl_easy_setopt (easy, CURLOPT_PIPEWAIT, is_plain ? 0L : 1L));
    /* A libcurl without HTTP/2 stays with HTTP/1.1. */
    (void) curl_easy_setopt (easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
}

static void
set_limits (BrevExchange *exchange, const BrevHttpLimits *limits)
{
    CURL *easy = exchange->easy;
    long stall = (long) MAX ((limits->stall_timeout + 999) / 1000, 1);

    must (curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS,
                            (long) limits->connect_timeout));
    must (curl_easy_setopt (easy, CURLOPT_TIMEOUT_MS, (long) limits->total_timeout));
    must (curl_easy_setopt (easy, CURLOPT_LOW_SPEED_LIMIT, 1L));
    must (curl_easy_setopt (easy, CURLOPT_LOW_SPEED_TIME, stall));
    must (curl_easy_setopt (easy, CURLOPT_MAXAGE_CONN, MAX_IDLE_SECONDS));
    /* A time-out does not wait for a resolver thread that hangs. */
    must (curl_easy_setopt (easy, CURLOPT_QUICK_EXIT, 1L));
}

static void
set_callbacks (BrevExchange *exchange)
{
    CURL *easy = exchange->easy;

    must (curl_easy_setopt (easy, CURLOPT_ERRORBUFFER, exchange->curls_words));
    must (curl_easy_setopt (easy, CURLOPT_PREREQFUNCTION, on_ready));
    must (curl_easy_setopt (easy, CURLOPT_PREREQDATA, exchange));
    must (curl_easy_setopt (easy, CURLOPT_READFUNCTION, on_read));
    must (curl_easy_setopt (easy, CURLOPT_READDATA, exchange));
    must (curl_easy_setopt (easy, CURLOPT_SEEKFUNCTION, on_seek));
    must (curl_easy_setopt (easy, CURLOPT_SEEKDATA, exchange));
    must (curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, on_body));
    must (curl_easy_setopt (easy, CURLOPT_WRITEDATA, exchange));
    must (curl_easy_setopt (easy, CURLOPT_HEADERFUNCTION, on_header));
    must (curl_easy_setopt (easy, CURLOPT_HEADERDATA, exchange));
}

/* The body always goes through on_read: bytes given to libcurl (POSTFIELDS) would be sent
 * again without asking. */
static void
set_method (BrevExchange *exchange)
{
    CURL *easy = exchange->easy;
    const char *method = exchange->request->method;

    if (strcmp (method, "POST") == 0 || exchange->length > 0) {
        must (curl_easy_setopt (easy, CURLOPT_POST, 1L));
        must (curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                (curl_off_t) exchange->length));
    }
    if (strcmp (method, "POST") != 0)
        must (curl_easy_setopt (easy, CURLOPT_CUSTOMREQUEST, method));
}

static void
add_header_line (BrevExchange *exchange, const char *line)
{
    exchange->headers = curl_slist_append (exchange->headers, line);
}

static gboolean
is_signed_by_curl (const BrevHttpRequest *request)
{
    return request->signing != NULL && !g_str_equal (request->signing, BREV_SIGN_AZURE);
}

/* With the time at which it is sent: a signature is old after a few minutes. */
static void
set_azure_signature (BrevExchange *exchange)
{
    const BrevHttpRequest *request = exchange->request;
    g_auto (GStrv) lines =
        brev_sign_azure (request->method, request->url, brev_clock_now () / BREV_SECOND,
                         exchange->digest, request->secret);

    for (char **line = lines; *line != NULL; line++)
        add_header_line (exchange, *line);
}

/* libcurl signs the URL and the header; the body is a digest in it, since it is streamed. */
static void
set_aws_signature (BrevExchange *exchange)
{
    const BrevHttpRequest *request = exchange->request;
    g_autoptr (GString) line = g_string_new ("x-amz-content-sha256: ");

    for (gsize i = 0; i < sizeof exchange->digest; i++)
        g_string_append_printf (line, "%02x", exchange->digest[i]);
    add_header_line (exchange, line->str);
    must (curl_easy_setopt (exchange->easy, CURLOPT_AWS_SIGV4, request->signing));
    must (curl_easy_setopt (exchange->easy, CURLOPT_USERNAME, request->key_id));
    must (curl_easy_setopt (exchange->easy, CURLOPT_PASSWORD, request->secret));
}

static void
set_signature (BrevExchange *exchange)
{
    if (is_signed_by_curl (exchange->request))
        set_aws_signature (exchange);
    else if (exchange->request->signing != NULL)
        set_azure_signature (exchange);
}

/* No round trip before the body. libcurl 7.88 signs a field that it does not send: then it
 * may announce a large body, but does not wait. */
static void
set_expectation (BrevExchange *exchange)
{
    if (!is_signed_by_curl (exchange->request))
        add_header_line (exchange, "Expect:");
    else
        must (curl_easy_setopt (exchange->easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 1L));
}

static gboolean
set_headers (BrevExchange *exchange, GError **error)
{
    const GPtrArray *headers = exchange->request->headers;

    for (guint i = 0; i < headers->len; i++) {
        const BrevHttpHeader *header = headers->pdata[i];
        g_autofree char *line = NULL;

        if (!brev_target_check_header (header->name, header->value, error))
            return FALSE;
        /* libcurl's way to say that a field is to be sent empty */
        line = *header->value == '\0'
                   ? g_strconcat (header->name, ";", NULL)
                   : g_strconcat (header->name, ": ", header->value, NULL);
        add_header_line (exchange, line);
    }
    set_signature (exchange);
    set_expectation (exchange);
    must (curl_easy_setopt (exchange->easy, CURLOPT_HTTPHEADER, exchange->headers));
    return TRUE;
}

/* What is signed in place of a body that is not there. */
static void
digest_nothing (guint8 digest[32])
{
    g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
    gsize length = 32;

    g_checksum_get_digest (sum, digest, &length);
}

/* Checks the request, and measures its body: the length is a header field. */
static gboolean
examine (BrevExchange *exchange, GError **error)
{
    BrevHttpRequest *request = exchange->request;

    if (!brev_target_is_token (request->method))
        return brev_throw (error, BREV_ERROR_INPUT, "the request's method is invalid");
    if (!(request->is_for_keys ? brev_target_parse_metadata : brev_target_parse) (
            request->url, &exchange->target, error))
        return FALSE;
    if (request->body == NULL) {
        digest_nothing (exchange->digest);
        return TRUE;
    }
    if (!brev_body_measure (request->body, &exchange->length,
                            request->signing != NULL ? exchange->digest : NULL, error))
        return FALSE;
    brev_body_rewind (request->body);
    return TRUE;
}

BrevExchange *
brev_exchange_new (BrevHttpRequest *request, const BrevHttpLimits *limits, GError **error)
{
    g_autoptr (BrevExchange) exchange = g_new0 (BrevExchange, 1);

    exchange->request = request;
    exchange->reply_headers =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_http_header_free);
    exchange->reply_body = g_byte_array_new ();
    if (!examine (exchange, error))
        return NULL;
    exchange->easy = curl_easy_init ();
    if (exchange->easy == NULL)
        g_error ("libcurl has no memory for a request");
    set_rules (exchange);
    set_limits (exchange, limits);
    set_callbacks (exchange);
    set_method (exchange);
    if (!set_headers (exchange, error))
        return NULL;
    return g_steal_pointer (&exchange);
}

void
brev_exchange_free (BrevExchange *exchange)
{
    if (exchange == NULL)
        return;
    if (exchange->easy != NULL)
        curl_easy_cleanup (exchange->easy);
    curl_slist_free_all (exchange->headers);
    brev_http_request_free (exchange->request);
    brev_target_clear (&exchange->target);
    g_clear_error (&exchange->failure);
    g_ptr_array_unref (exchange->reply_headers);
    g_byte_array_unref (exchange->reply_body);
    g_free (exchange);
}

CURL *
brev_exchange_easy (BrevExchange *exchange)
{
    return exchange->easy;
}

/* Nothing leaves before a connection stands, and with TLS its handshake is done. From
 * there on one byte is enough to make the outcome doubtful. */
static gboolean
may_have_left (BrevExchange *exchange)
{
    long written = 0;

    must (curl_easy_getinfo (exchange->easy, CURLINFO_REQUEST_SIZE, &written));
    return exchange->was_ready && (written > 0 || exchange->taken > 0);
}

/* What went wrong, in words: ours if a callback of ours ended it, else libcurl's. */
static char *
describe (const BrevExchange *exchange, CURLcode result)
{
    const char *words = *exchange->curls_words != '\0' ? exchange->curls_words
                                                       : curl_easy_strerror (result);
    g_autofree char *printable = NULL;

    if (exchange->is_too_long)
        words = "the reply is longer than 1 MB";
    else if (exchange->failure != NULL)
        words = exchange->failure->message;
    printable = brev_text_printable (words);
    return g_strdup_printf ("%s: %s", exchange->target.origin, printable);
}

BrevHttpReply *
brev_exchange_finish (BrevExchange *exchange, CURLcode result)
{
    BrevHttpReply *reply;
    GBytes *body = g_bytes_new (exchange->reply_body->data, exchange->reply_body->len);
    long status = 0;

    must (curl_easy_getinfo (exchange->easy, CURLINFO_RESPONSE_CODE, &status));
    reply = brev_http_reply_new ((int) status, body);
    g_ptr_array_unref (reply->headers);
    reply->headers = g_ptr_array_ref (exchange->reply_headers);
    reply->is_complete = result == CURLE_OK && status != 0;
    reply->may_have_left = reply->is_complete || may_have_left (exchange);
    if (!reply->is_complete)
        reply->error = describe (exchange, result);
    return reply;
}
