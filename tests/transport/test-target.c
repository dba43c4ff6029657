/* SPDX-License-Identifier: MIT */
#include "transport/target.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/error.h"

/* clang-format off */
static const struct {
    const char *url;
    const char *origin; /* NULL: refused */
    gboolean is_plain;
} urls[] = {
    { "https://api.example/email",       "https://api.example:443",   FALSE },
    { "https://api.example:8443/?key=x", "https://api.example:8443",  FALSE },
    { "HTTPS://api.example",             "https://api.example:443",   FALSE },
    { "http://127.0.0.1:1/",             "http://127.0.0.1:1",        TRUE },
    { "http://127.255.0.9/",             "http://127.255.0.9:80",     TRUE },
    { "http://0x7f.1/",                  "http://127.0.0.1:80",       TRUE },
    { "http://[::1]:8080/x",             "http://[::1]:8080",         TRUE },
    { "http://LocalHost/",               "http://LocalHost:80",       TRUE },
    { "http://128.0.0.1/",               NULL, FALSE },
    { "http://0.0.0.0/",                 NULL, FALSE },
    { "http://[::]/",                    NULL, FALSE },
    { "http://[::ffff:192.0.2.1]/",      NULL, FALSE },
    { "http://127.0.0.1.example/",       NULL, FALSE },
    { "http://localhost.example/",       NULL, FALSE },
    { "http://localhost@192.0.2.1/",     NULL, FALSE },
    { "https://user:sesame@api.example/",  NULL, FALSE },
    { "ftp://127.0.0.1/",                NULL, FALSE },
    { "file:///etc/passwd",              NULL, FALSE },
    { "api.example/email",               NULL, FALSE },
    { "https://",                        NULL, FALSE },
    { "https://a b/",                    NULL, FALSE },
    { "https://api.example/\r\nX: y",    NULL, FALSE },
    { "",                                NULL, FALSE },
};

static const struct {
    const char *name;
    const char *value;
    gboolean is_sound;
} headers[] = {
    { "X-Token",           "abc",       TRUE },
    { "X-Empty",           "",          TRUE },
    { "X-Tab",             "a\tb",      TRUE },
    { "X-Utf8",            "J\303\266", TRUE },
    { "X-Line",            "a\nb",      FALSE },
    { "X-Return",          "a\rb",      FALSE },
    { "X-Delete",          "a\177",     FALSE },
    { "X Space",           "a",         FALSE },
    { "X-Colon:",          "a",         FALSE },
    { "X-Line\n",          "a",         FALSE },
    { "",                  "a",         FALSE },
    { "content-length",    "1",         FALSE },
    { "Transfer-Encoding", "chunked",   FALSE },
    { "Host",              "other",     FALSE },
};

static const struct {
    const char *address;
    gboolean is_loopback;
} addresses[] = {
    { "127.0.0.1",        TRUE },
    { "127.1.2.3",        TRUE },
    { "::1",              TRUE },
    { "126.255.255.255",  FALSE },
    { "128.0.0.1",        FALSE },
    { "0.0.0.0",          FALSE },
    { "::",               FALSE },
    { "::ffff:10.0.0.1",  FALSE },
    { "fe80::1",          FALSE },
};
/* clang-format on */

static void
test_urls (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (urls); i++) {
        g_auto (BrevTarget) target = { NULL };
        g_autoptr (GError) error = NULL;
        gboolean is_sound = brev_target_parse (urls[i].url, &target, &error);

        g_test_message ("'%s': %s", urls[i].url, is_sound ? "taken" : error->message);
        g_assert_cmpint (is_sound, ==, urls[i].origin != NULL);
        g_assert_cmpstr (target.origin, ==, urls[i].origin);
        g_assert_cmpint (target.is_plain, ==, urls[i].is_plain);
        if (!is_sound) {
            g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
            g_assert_null (strstr (error->message, "sesame"));
        }
    }
}

static void
test_headers (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
        g_autoptr (GError) error = NULL;

        g_test_message ("'%s'", headers[i].name);
        g_assert_cmpint (
            brev_target_check_header (headers[i].name, headers[i].value, &error), ==,
            headers[i].is_sound);
        if (!headers[i].is_sound)
            g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
    }
}

static void
test_loopback (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (addresses); i++) {
        struct sockaddr_in in4 = { .sin_family = AF_INET };
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
        const struct sockaddr *address = (const struct sockaddr *) &in4;

        if (inet_pton (AF_INET, addresses[i].address, &in4.sin_addr) != 1) {
            g_assert_cmpint (inet_pton (AF_INET6, addresses[i].address, &in6.sin6_addr),
                             ==, 1);
            address = (const struct sockaddr *) &in6;
        }
        g_test_message ("%s", addresses[i].address);
        g_assert_cmpint (brev_target_is_loopback (address), ==, addresses[i].is_loopback);
    }
}

/* Where the machine's keys are, and nobody else, is asked without TLS; for nothing else. */
static void
test_metadata (void)
{
    static const struct {
        const char *url;
        gboolean is_taken;
    } rows[] = {
        { "http://169.254.169.254/latest", TRUE },
        { "http://169.254.170.2/v2", TRUE },
        { "http://169.254.170.23/v1", TRUE },
        { "http://0xa9.254.43518/latest", TRUE },
        { "http://127.0.0.1/", TRUE },
        { "https://api.example/", TRUE },
        { "http://169.254.169.253/", FALSE },
        { "http://169.254.169.254.example/", FALSE },
        { "http://192.0.2.1/", FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_auto (BrevTarget) target = { 0 }, other = { 0 };
        gboolean is_for_all = strstr (rows[i].url, "127.0.0.1") != NULL ||
                              g_str_has_prefix (rows[i].url, "https:");
        g_test_message ("%s", rows[i].url);
        g_assert_true (brev_target_parse_metadata (rows[i].url, &target, NULL) ==
                       rows[i].is_taken);
        g_assert_true (brev_target_parse (rows[i].url, &other, NULL) == is_for_all);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/transport/urls", test_urls);
    g_test_add_func ("/transport/headers", test_headers);
    g_test_add_func ("/transport/loopback", test_loopback);
    g_test_add_func ("/transport/metadata", test_metadata);
    return g_test_run ();
}
