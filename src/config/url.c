/* SPDX-License-Identifier: MIT */
#include "config/url.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"

/* The host of "host:port/path" or "[v6]:port/path"; %NULL when it is none. */
static char *
url_host (const char *authority)
{
    gsize length = strcspn (authority, "/");
    g_autofree char *copy = g_strndup (authority, length);
    char *bracket = *copy == '[' ? strchr (copy, ']') : NULL;
    char *colon = strchr (bracket == NULL ? copy : bracket, ':');

    if (colon != NULL) {
        if (colon[1] == '\0' || colon[1 + strspn (colon + 1, "0123456789")] != '\0')
            return NULL;
        *colon = '\0';
    }
    if (bracket == NULL)
        return *copy != '\0' && brev_text_is_made_of (copy, ".-_")
                   ? g_steal_pointer (&copy)
                   : NULL;
    if (bracket[1] != '\0')
        return NULL;
    *bracket = '\0';
    return g_strdup (copy + 1);
}

static gboolean
host_is_loopback (const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton (AF_INET, host, &v4) == 1)
        return ntohl (v4.s_addr) >> 24 == 127;
    if (inet_pton (AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK (&v6);
    return g_ascii_strcasecmp (host, "localhost") == 0;
}

static gboolean
has_known_scheme (const char *text)
{
    static const char *const known[] = { "https://", "http://", "smtps://", "smtp://" };

    for (guint i = 0; i < G_N_ELEMENTS (known); i++)
        if (g_str_has_prefix (text, known[i]))
            return TRUE;
    return FALSE;
}

/* A token must never travel in the clear, so http is for tests on this machine alone. */
const char *
brev_url_fault (const char *text)
{
    const char *authority = strstr (text, "://");
    g_autofree char *host = NULL;

    if (!has_known_scheme (text))
        return "must begin with https://, or with smtp:// or smtps:// for SMTP";
    if (text[strcspn (text, "@?#\\ \"<>")] != '\0')
        return "may hold a host, a port and a path, and nothing else";
    host = url_host (authority + 3);
    if (host == NULL)
        return "has no host, or a port that is no number";
    if (g_str_has_prefix (text, "http:") && !host_is_loopback (host))
        return "may use http:// on a loopback address only; write https://";
    return NULL;
}

gboolean
brev_url_is_loopback (const char *text)
{
    const char *authority = strstr (text, "://");
    g_autofree char *host = authority == NULL ? NULL : url_host (authority + 3);

    return host != NULL && host_is_loopback (host);
}

static gboolean
is_address (const char *host)
{
    struct in6_addr address;

    return inet_pton (AF_INET, host, &address) == 1 ||
           inet_pton (AF_INET6, host, &address) == 1;
}

gboolean
brev_url_is_server (const char *word)
{
    const char *end = strrchr (word, ']');
    const char *port = strrchr (end == NULL ? word : end, ':');
    g_autofree char *host = strchr (word, '/') == NULL ? url_host (word) : NULL;

    if (is_address (word))
        return TRUE;
    return host != NULL && is_address (host) && port != NULL &&
           g_ascii_string_to_unsigned (port + 1, 10, 1, G_MAXUINT16, NULL, NULL);
}
