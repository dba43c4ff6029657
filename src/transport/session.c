/* SPDX-License-Identifier: MIT */
#include "transport/session.h"

#include <string.h>

#include <glib-unix.h>

#include "base/error.h"
#include "base/text.h"
#include "transport/pool.h"
#include "transport/target.h"

/* RFC 5321 section 4.5.3.1.5 has 512; some servers say more. */
#define LINE_MAX_SIZE 8192
/* So much may come while the connection is opened. */
#define GREETING_MAX (256 * 1024)

struct BrevSession {
    char *url; /* owned */
    BrevSmtpPeer peer;
    BrevTarget target;
    gboolean is_tls_at_once; /* smtps:// */
    BrevPool
        *pool;  /* owned: of its own, where no other request can meet the connection */
    CURL *easy; /* owned */
    BrevSessionOpened opened;
    BrevSessionReady ready;
    gpointer data;
    BrevSmtpLines lines; /* while it is opened */
    BrevSmtpReply last;
    gsize heard;
    BrevSmtpExtensions extensions;
    guint64 size_limit; /* bytes, 0: none is known */
    gboolean is_authenticated;
    gboolean is_open;
    BrevSmtpStage stage;
    char *failure; /* owned, nullable */
    char curls_words[CURL_ERROR_SIZE];
    curl_socket_t socket; /* libcurl's, once it is open */
    guint watch;          /* source, 0: none */
    gboolean watches_write;
    GString *in; /* owned: read, without a line end yet */
};

static void
must (CURLcode result)
{
    if (result != CURLE_OK)
        g_error ("libcurl refused an option: %s", curl_easy_strerror (result));
}

/* -- opening ------------------------------------------------------------------------- */

/* What the server is told about its last reply: 220 is a greeting, or the word to begin
 * TLS: what was said before counts for nothing. 250 is the reply to EHLO or HELO alone,
 * 235 that to AUTH. */
static void
note_reply (BrevSession *session)
{
    g_autofree char *text = g_strdup (session->lines.text->str);
    int code = session->lines.code;

    if (code == 220) {
        session->extensions = 0;
        session->size_limit = 0;
        session->is_authenticated = FALSE;
    }
    if (code == 250) {
        session->extensions = brev_smtp_extensions (text);
        session->size_limit = brev_smtp_size_limit (text);
    }
    if (code == 235)
        session->is_authenticated = TRUE;
    brev_smtp_reply_set (&session->last, code, g_strdelimit (text, "\n", ' '));
}

/* libcurl hands each line of the server's over here, until the connection is open. */
static size_t
on_line (char *bytes, size_t size, size_t count, void *data)
{
    BrevSession *session = data;
    g_autofree char *line = g_strndup (bytes, size * count);

    session->heard += size * count;
    if (session->heard > GREETING_MAX)
        return 0;
    g_strchomp (line);
    if (brev_smtp_lines_add (&session->lines, line) && session->lines.is_complete)
        note_reply (session);
    return size * count;
}

/* No password in the clear but on this machine, whatever a resolver says. */
static curl_socket_t
on_open_socket (void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    const BrevSession *session = data;

    if (session->peer.is_plaintext && session->peer.user != NULL &&
        !brev_target_is_loopback (&address->addr))
        return CURL_SOCKET_BAD;
    return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static BrevSmtpStage
stage_of (CURLcode result)
{
    switch ((int) result) {
    case CURLE_LOGIN_DENIED:
    case CURLE_AUTH_ERROR:
        return BREV_SMTP_AUTH;
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return BREV_SMTP_TLS;
    default:
        return BREV_SMTP_OPEN;
    }
}

static void
fail (BrevSession *session, BrevSmtpStage stage, const char *words)
{
    session->stage = stage;
    session->failure = brev_text_printable (words);
    if (session->last.code < 400) /* it ended at something else */
        brev_smtp_reply_set (&session->last, 0, NULL);
}

/* libcurl goes on without AUTH when the server offers no way that it may take. */
static void
on_done (CURL *easy, CURLcode result, gpointer data)
{
    BrevSession *session = data;

    if (result != CURLE_OK)
        fail (session, stage_of (result),
              *session->curls_words != '\0' ? session->curls_words
                                            : curl_easy_strerror (result));
    else if (session->peer.user != NULL && !session->is_authenticated)
        fail (session, BREV_SMTP_AUTH,
              "the server offers no way to log in, or none that is set");
    else
        must (curl_easy_getinfo (easy, CURLINFO_ACTIVESOCKET, &session->socket));
    session->is_open = session->failure == NULL;
    session->opened (session, session->data);
}

static void
set_login (BrevSession *session)
{
    /* libcurl takes the first that the server offers, in its own order of strength */
    static const char usual[] = "AUTH=CRAM-MD5;AUTH=PLAIN;AUTH=LOGIN";
    const BrevSmtpPeer *peer = &session->peer;
    g_autofree char *named =
        g_strconcat ("AUTH=", peer->mechanism != NULL ? peer->mechanism : "", NULL);
    gboolean is_bearer = g_strcmp0 (peer->mechanism, "XOAUTH2") == 0;

    if (peer->user == NULL)
        return;
    must (curl_easy_setopt (session->easy, CURLOPT_LOGIN_OPTIONS,
                            peer->mechanism != NULL ? named : usual));
    must (curl_easy_setopt (session->easy, CURLOPT_USERNAME, peer->user));
    if (peer->password != NULL)
        must (curl_easy_setopt (session->easy,
                                is_bearer ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD,
                                peer->password));
}

static void
set_tls (BrevSession *session)
{
    CURL *easy = session->easy;
    const BrevSmtpPeer *peer = &session->peer;

    must (curl_easy_setopt (
        easy, CURLOPT_USE_SSL,
        (long) (peer->is_plaintext ? CURLUSESSL_NONE : CURLUSESSL_ALL)));
    must (curl_easy_setopt (easy, CURLOPT_SSL_VERIFYPEER, 1L));
    must (curl_easy_setopt (easy, CURLOPT_SSL_VERIFYHOST, 2L));
    must (curl_easy_setopt (easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2));
    if (peer->ca_file != NULL) {
        must (curl_easy_setopt (easy, CURLOPT_CAINFO, peer->ca_file));
        must (curl_easy_setopt (easy, CURLOPT_CAPATH, NULL));
    }
    if (peer->certificate != NULL)
        must (curl_easy_setopt (easy, CURLOPT_SSLCERT, peer->certificate));
    if (peer->key != NULL)
        must (curl_easy_setopt (easy, CURLOPT_SSLKEY, peer->key));
}

/* The greeting, EHLO and AUTH count as connecting for libcurl. */
static void
set_rules (BrevSession *session, const BrevHttpLimits *limits)
{
    CURL *easy = session->easy;
    g_autofree char *helo = g_uri_escape_string (session->peer.helo, "[]:", FALSE);
    g_autofree char *url = g_strdup_printf ("%s/%s", session->url, helo);

    must (curl_easy_setopt (easy, CURLOPT_URL, url));
    must (curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR,
                            session->is_tls_at_once ? "smtps" : "smtp"));
    must (curl_easy_setopt (easy, CURLOPT_CONNECT_ONLY, 1L));
    must (curl_easy_setopt (easy, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED));
    must (curl_easy_setopt (easy, CURLOPT_PROXY, ""));
    must (curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L));
    must (curl_easy_setopt (easy, CURLOPT_QUICK_EXIT, 1L));
    must (curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket));
    must (curl_easy_setopt (easy, CURLOPT_OPENSOCKETDATA, session));
    must (curl_easy_setopt (easy, CURLOPT_ERRORBUFFER, session->curls_words));
    must (curl_easy_setopt (easy, CURLOPT_HEADERFUNCTION, on_line));
    must (curl_easy_setopt (easy, CURLOPT_HEADERDATA, session));
    must (curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS,
                            (long) MAX (limits->connect_timeout, limits->stall_timeout)));
    must (curl_easy_setopt (easy, CURLOPT_TIMEOUT_MS, (long) limits->total_timeout));
}

BrevSession *
brev_session_new (const char *url, const BrevSmtpPeer *peer, const BrevHttpLimits *limits,
                  BrevSessionOpened opened, gpointer data, GError **error)
{
    g_auto (BrevTarget) target = { 0 };
    BrevSession *session;

    if (!brev_target_parse_smtp (url, &target, error))
        return NULL;
    session = g_new0 (BrevSession, 1);
    session->url = g_strdup (url);
    session->is_tls_at_once = g_str_has_prefix (target.origin, "smtps:");
    session->target = target;
    target.origin = NULL;
    brev_smtp_peer_copy (peer, &session->peer);
    session->opened = opened;
    session->data = data;
    session->in = g_string_new (NULL);
    session->easy = curl_easy_init ();
    if (session->easy == NULL)
        g_error ("libcurl has no memory for a connection");
    set_rules (session, limits);
    set_tls (session);
    set_login (session);
    session->pool = brev_pool_new (on_done, session);
    brev_pool_add (session->pool, session->easy);
    return session;
}

void
brev_session_close (BrevSession *session, gboolean is_polite)
{
    if (session == NULL)
        return;
    if (session->watch != 0)
        g_source_remove (session->watch);
    if (session->is_open && is_polite)
        (void) brev_session_write (session, "QUIT\r\n", strlen ("QUIT\r\n"));
    brev_pool_remove (session->pool, session->easy);
    curl_easy_cleanup (session->easy);
    brev_pool_unref (session->pool);
    brev_smtp_lines_clear (&session->lines);
    g_free (session->last.text);
    g_free (session->failure);
    g_string_free (session->in, TRUE);
    brev_smtp_peer_clear (&session->peer);
    brev_target_clear (&session->target);
    g_free (session->url);
    g_free (session);
}

/* -- what it is ---------------------------------------------------------------------- */

gboolean
brev_session_is_for (const BrevSession *session, const char *url,
                     const BrevSmtpPeer *peer)
{
    return strcmp (session->url, url) == 0 && brev_smtp_peer_equal (&session->peer, peer);
}

const char *
brev_session_origin (const BrevSession *session)
{
    return session->target.origin;
}

const char *
brev_session_failure (const BrevSession *session, BrevSmtpStage *stage,
                      const BrevSmtpReply **reply)
{
    *stage = session->stage;
    *reply = &session->last;
    return session->failure;
}

BrevSmtpExtensions
brev_session_extensions (const BrevSession *session)
{
    return session->extensions;
}

guint64
brev_session_size_limit (const BrevSession *session)
{
    return session->size_limit;
}

/* -- reading and writing ------------------------------------------------------------- */

static gboolean
on_socket (int fd, GIOCondition condition, gpointer data)
{
    BrevSession *session = data;

    session->ready (session, session->data);
    return G_SOURCE_CONTINUE; /* without effect if the watch was dropped */
}

void
brev_session_watch (BrevSession *session, gboolean wants_to_write, BrevSessionReady ready,
                    gpointer data)
{
    GIOCondition condition = G_IO_IN | G_IO_HUP | G_IO_ERR;

    session->ready = ready;
    session->data = data;
    if (session->watch != 0 && ready != NULL && session->watches_write == wants_to_write)
        return;
    if (session->watch != 0)
        g_source_remove (session->watch);
    session->watch = 0;
    session->watches_write = wants_to_write;
    if (wants_to_write)
        condition |= G_IO_OUT;
    if (ready != NULL)
        session->watch = g_unix_fd_add (session->socket, condition, on_socket, session);
}

gssize
brev_session_write (BrevSession *session, const char *bytes, gsize length)
{
    size_t written = 0;
    CURLcode result = curl_easy_send (session->easy, bytes, length, &written);

    if (result == CURLE_AGAIN)
        return 0;
    return result == CURLE_OK ? (gssize) written : -1;
}

/* Returns: whether a whole line stands at the start of what was read */
static gboolean
take_line (BrevSession *session, char **line)
{
    const char *end = memchr (session->in->str, '\n', session->in->len);

    if (end == NULL)
        return FALSE;
    *line = g_strndup (session->in->str, (gsize) (end - session->in->str));
    g_string_erase (session->in, 0, end - session->in->str + 1);
    g_strchomp (*line);
    return TRUE;
}

int
brev_session_read_line (BrevSession *session, char **line)
{
    char buffer[4096];

    while (!take_line (session, line)) {
        size_t got = 0;
        CURLcode result = curl_easy_recv (session->easy, buffer, sizeof buffer, &got);
        if (result == CURLE_AGAIN)
            return 0;
        if (result != CURLE_OK || got == 0 || session->in->len + got > LINE_MAX_SIZE)
            return -1;
        g_string_append_len (session->in, buffer, (gssize) got);
    }
    return 1;
}
