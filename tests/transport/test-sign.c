/* SPDX-License-Identifier: MIT */
#include "transport/sign.h"

#include <string.h>

#define TIME 784111777 /* the example of RFC 9110 */
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

/* clang-format off */
static const struct {
    const char *url, *host;
} hosts[] = {
    { "https://res.communication.azure.com/emails:send", "res.communication.azure.com" },
    { "https://a.example:443/x",  "a.example" },
    { "https://a.example:8443/x", "a.example:8443" },
    { "https://a.example:80",     "a.example:80" },
    { "http://127.0.0.1:80/",     "127.0.0.1" },
    { "http://[::1]:443/?x",      "[::1]:443" },
};

/* Made by @azure/communication-common 2.4.2 and by tests/lib/acs_hmac.py */
static const struct {
    const char *method, *url, *body, *host, *digest, *signature;
} requests[] = {
    { "POST", "https://res.communication.azure.com/emails:send?api-version=2025-09-01",
      "{\"a\":1}", "res.communication.azure.com",
      "AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI=",
      "rJM9QefFbRnDyFY8VIkNVEnjhoJvdwqAcXvr78UeY4g=" },
    { "GET", "http://127.0.0.1:8080/emails/operations/x?api-version=2025-09-01", "",
      "127.0.0.1:8080",
      "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      "8yLKnxBL6seCM9gi7HffX9hVnIQHJ8I62Nwo0eWqGpc=" },
};
/* clang-format on */

static void
test_hosts (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (hosts); i++) {
        g_autofree char *host = brev_sign_host (hosts[i].url);
        g_assert_cmpstr (host, ==, hosts[i].host);
    }
}

static void
test_azure (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (requests); i++) {
        g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
        guint8 digest[32];
        gsize size = sizeof digest;
        g_checksum_update (sum, (const guchar *) requests[i].body, -1);
        g_checksum_get_digest (sum, digest, &size);
        g_auto (GStrv) lines = brev_sign_azure (requests[i].method, requests[i].url, TIME,
                                                digest, "a2V5IG9mIG5vYm9keQ==");
        g_autofree char *got = g_strjoinv ("\n", lines);
        g_autofree char *want = g_strconcat (
            "Host: ", requests[i].host,
            "\nx-ms-date: " DATE "\nx-ms-content-sha256: ", requests[i].digest,
            "\nAuthorization: HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256"
            "&Signature=",
            requests[i].signature, NULL);
        g_assert_cmpstr (got, ==, want);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/sign/hosts", test_hosts);
    g_test_add_func ("/sign/azure", test_azure);
    return g_test_run ();
}
