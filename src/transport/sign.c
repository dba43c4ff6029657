/* SPDX-License-Identifier: MIT */
#include "transport/sign.h"

#include <string.h>

#define SHA256_SIZE 32

char *
brev_sign_date (gint64 seconds)
{
    static const char days[][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (seconds);

    return g_strdup_printf ("%s, %02d %s %04d %02d:%02d:%02d GMT",
                            days[g_date_time_get_day_of_week (time) - 1],
                            g_date_time_get_day_of_month (time),
                            months[g_date_time_get_month (time) - 1],
                            g_date_time_get_year (time), g_date_time_get_hour (time),
                            g_date_time_get_minute (time), g_date_time_get_second (time));
}

/* What stands behind "scheme://". */
static const char *
authority_of (const char *url)
{
    const char *end = strstr (url, "://");

    return end != NULL ? end + strlen ("://") : url;
}

char *
brev_sign_host (const char *url)
{
    const char *host = authority_of (url);
    const char *usual = g_ascii_strncasecmp (url, "https:", 6) == 0 ? ":443" : ":80";
    char *text = g_strndup (host, strcspn (host, "/?#"));

    if (g_str_has_suffix (text, usual))
        text[strlen (text) - strlen (usual)] = '\0';
    return text;
}

/* (transfer full): of the text, by the key, in base64 */
static char *
hmac_of (const char *text, const char *key)
{
    gsize length, size = SHA256_SIZE;
    guint8 result[SHA256_SIZE];
    guchar *bytes = g_base64_decode (key, &length);
    g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, bytes, length);

    g_hmac_update (hmac, (const guchar *) text, -1);
    g_hmac_get_digest (hmac, result, &size);
    explicit_bzero (bytes, length);
    g_free (bytes);
    return g_base64_encode (result, size);
}

GStrv
brev_sign_azure (const char *method, const char *url, gint64 seconds,
                 const guint8 *digest, const char *key)
{
    const char *authority = authority_of (url);
    const char *path = authority + strcspn (authority, "/?#");
    g_autofree char *date = brev_sign_date (seconds);
    g_autofree char *host = brev_sign_host (url);
    g_autofree char *sum = g_base64_encode (digest, SHA256_SIZE);
    g_autofree char *text =
        g_strdup_printf ("%s\n%s\n%s;%s;%s", method, path, date, host, sum);
    g_autofree char *signature = hmac_of (text, key);
    char *const lines[] = {
        g_strconcat ("Host: ", host, NULL),
        g_strconcat ("x-ms-date: ", date, NULL),
        g_strconcat ("x-ms-content-sha256: ", sum, NULL),
        g_strconcat ("Authorization: HMAC-SHA256 SignedHeaders=x-ms-date;host;"
                     "x-ms-content-sha256&Signature=",
                     signature, NULL),
        NULL,
    };

    return (GStrv) g_memdup2 (lines, sizeof lines);
}
