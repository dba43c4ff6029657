/* SPDX-License-Identifier: MIT */
#include "transport/target.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <curl/curl.h>

#include "base/error.h"

void
brev_target_clear (BrevTarget *target)
{
    g_clear_pointer (&target->origin, g_free);
}

/* One part of a URL; NULL when it has none. */
static char *
url_part (CURLU *url, CURLUPart part, unsigned flags)
{
    char *curls_own = NULL;
    char *copy;

    if (curl_url_get (url, part, &curls_own, flags) != CURLUE_OK)
        return NULL;
    copy = g_strdup (curls_own);
    curl_free (curls_own);
    return copy;
}

static const char *const metadata_hosts[] = { "169.254.169.254", "169.254.170.2",
                                              "169.254.170.23" };

/* libcurl has already turned odd spellings such as 0x7f.1 into dotted numbers. */
static gboolean
host_is_metadata (const char *host)
{
    for (guint i = 0; i < G_N_ELEMENTS (metadata_hosts); i++)
        if (strcmp (metadata_hosts[i], host) == 0)
            return TRUE;
    return FALSE;
}

gboolean
brev_target_is_metadata (const struct sockaddr *address)
{
    char text[INET_ADDRSTRLEN];
    struct sockaddr_in in4;

    if (address->sa_family != AF_INET)
        return FALSE;
    memcpy (&in4, address, sizeof in4);
    return inet_ntop (AF_INET, &in4.sin_addr, text, sizeof text) != NULL &&
           host_is_metadata (text);
}

static gboolean
host_is_loopback (const char *host)
{
    struct sockaddr_in in4 = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

    if (inet_pton (AF_INET, host, &in4.sin_addr) == 1)
        return brev_target_is_loopback ((const struct sockaddr *) &in4);
    if (*host == '[') {
        g_autofree char *bare = g_strndup (host + 1, strcspn (host + 1, "]"));
        return inet_pton (AF_INET6, bare, &in6.sin6_addr) == 1 &&
               brev_target_is_loopback ((const struct sockaddr *) &in6);
    }
    return g_ascii_strcasecmp (host, "localhost") == 0;
}

typedef enum { KIND_HTTP, KIND_SMTP, KIND_METADATA } Kind;

/* What smtp:// may do is not told by its URL. */
static gboolean
check_parts (CURLU *parts, Kind kind, BrevTarget *target, GError **error)
{
    gboolean is_smtp = kind == KIND_SMTP;
    const char *wanted = is_smtp ? "smtps" : "https";
    const char *other = is_smtp ? "smtp" : "http";
    g_autofree char *scheme = url_part (parts, CURLUPART_SCHEME, 0);
    g_autofree char *host = url_part (parts, CURLUPART_HOST, 0);
    g_autofree char *port = url_part (parts, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    g_autofree char *user = url_part (parts, CURLUPART_USER, 0);
    gboolean is_other = g_strcmp0 (scheme, other) == 0;
    gboolean is_plain = is_other && !is_smtp;

    if (user != NULL)
        return brev_throw (error, BREV_ERROR_CONFIG,
                           "the endpoint at '%s' must not hold a user name or a password",
                           host);
    if (!is_other && g_strcmp0 (scheme, wanted) != 0)
        return brev_throw (error, BREV_ERROR_CONFIG,
                           "the endpoint at '%s' is '%s', must be %s", host, scheme,
                           wanted);
    if (is_plain && !host_is_loopback (host) &&
        !(kind == KIND_METADATA && host_is_metadata (host)))
        return brev_throw (
            error, BREV_ERROR_CONFIG,
            "the endpoint at '%s' must be https: http would show the token "
            "to the network; it is taken on loopback addresses only",
            host);
    target->origin = g_strdup_printf ("%s://%s:%s", scheme, host, port);
    target->is_plain = is_plain;
    return TRUE;
}

static gboolean
parse (const char *url, Kind kind, BrevTarget *target, GError **error)
{
    CURLU *parts = curl_url ();
    CURLUcode result = curl_url_set (parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    gboolean is_sound;

    if (result == CURLUE_OK)
        is_sound = check_parts (parts, kind, target, error);
    else
        is_sound = brev_throw (error, BREV_ERROR_CONFIG, "the endpoint is no URL: %s",
                               curl_url_strerror (result));
    curl_url_cleanup (parts);
    return is_sound;
}

gboolean
brev_target_parse (const char *url, BrevTarget *target, GError **error)
{
    return parse (url, KIND_HTTP, target, error);
}

gboolean
brev_target_parse_smtp (const char *url, BrevTarget *target, GError **error)
{
    return parse (url, KIND_SMTP, target, error);
}

gboolean
brev_target_parse_metadata (const char *url, BrevTarget *target, GError **error)
{
    return parse (url, KIND_METADATA, target, error);
}

gboolean
brev_target_is_loopback (const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in4;

        memcpy (&in4, address, sizeof in4);
        return (ntohl (in4.sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy (&in6, address, sizeof in6);
        return IN6_IS_ADDR_LOOPBACK (&in6.sin6_addr);
    }
    return FALSE;
}

gboolean
brev_target_is_token (const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (!g_ascii_isalnum (*p) && strchr ("!#$%&'*+-.^_`|~", *p) == NULL)
            return FALSE;
    }
    return *text != '\0';
}

gboolean
brev_target_check_header (const char *name, const char *value, GError **error)
{
    static const char *const own[] = { "Connection", "Content-Length",
                                       "Expect",     "Host",
                                       "TE",         "Transfer-Encoding",
                                       "Upgrade" };

    if (!brev_target_is_token (name))
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the name of a header field is invalid");
    for (guint i = 0; i < G_N_ELEMENTS (own); i++) {
        if (g_ascii_strcasecmp (name, own[i]) == 0)
            return brev_throw (error, BREV_ERROR_INPUT, "header field '%s' cannot be set",
                               own[i]);
    }
    for (const char *p = value; *p != '\0'; p++) {
        if (g_ascii_iscntrl (*p) && *p != '\t')
            return brev_throw (error, BREV_ERROR_INPUT,
                               "header field '%s' holds a control character", name);
    }
    return TRUE;
}
