/* SPDX-License-Identifier: MIT */
#include "provider/oauth.h"

#include <string.h>

#include "base/error.h"
#include "mails.h"

#define NOW G_GINT64_CONSTANT (1700000000000)
#define URL "https://login.example/token"

static char *
read_body (BrevBody *body)
{
    char text[1024];
    gssize got = brev_body_read (body, text, sizeof text, NULL);

    g_assert_cmpint (got, >=, 0);
    return g_strndup (text, (gsize) got);
}

/* clang-format off */
static const struct {
    const char *secret, *scope, *body;
} requests[] = {
    { "a+b/c=", NULL,
      "grant_type=client_credentials&client_id=me&client_secret=a%2Bb%2Fc%3D" },
    { "s", "mail.send offline",
      "grant_type=client_credentials&scope=mail.send%20offline&client_id=me&client_secret=s" },
    { "s:1//0g~x", NULL,
      "grant_type=refresh_token&refresh_token=1%2F%2F0g~x&client_id=me&client_secret=s" },
    { ":r", NULL, "grant_type=refresh_token&refresh_token=r&client_id=me" },
};

static const struct {
    int status;
    const char *body, *token;
    gint64 seconds; /* that it lives */
    int error;
    const char *words;
} replies[] = {
    { 200, "{\"access_token\":\"a.b-c\",\"token_type\":\"Bearer\",\"expires_in\":3599}", "a.b-c", 3599 },
    { 200, "{\"access_token\":\"a\",\"token_type\":\"bearer\"}", "a", 600 },
    { 200, "{\"access_token\":\"a\",\"expires_in\":0}", "a", 1 },
    { 200, "{\"access_token\":\"a\",\"expires_in\":99999999}", "a", 86400 },
    { 200, "{\"access_token\":\"a b\"}",   NULL, 0, BREV_ERROR_SYSTEM, "HTTP 200" },
    { 200, "{\"access_token\":\"\"}",      NULL, 0, BREV_ERROR_SYSTEM, "HTTP 200" },
    { 200, "{\"access_token\":\"a\",\"token_type\":\"mac\"}", NULL, 0, BREV_ERROR_SYSTEM, "HTTP 200" },
    { 200, "<html>sign in</html>",         NULL, 0, BREV_ERROR_SYSTEM, "HTTP 200" },
    { 200, "",                             NULL, 0, BREV_ERROR_SYSTEM, "HTTP 200" },
    { 302, "",                             NULL, 0, BREV_ERROR_SYSTEM, "HTTP 302" },
    { 400, "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been\\n revoked.\"}",
                                           NULL, 0, BREV_ERROR_CONFIG, "invalid_grant: Token has been" },
    { 401, "{\"error\":\"invalid_client\"}", NULL, 0, BREV_ERROR_CONFIG, "invalid_client" },
    { 400, "{\"error\":\"temporarily_unavailable\"}", NULL, 0, BREV_ERROR_SYSTEM, "unavailable" },
    { 400, "no JSON",                      NULL, 0, BREV_ERROR_SYSTEM, "HTTP 400" },
    { 403, "",                             NULL, 0, BREV_ERROR_CONFIG, "HTTP 403" },
    { 404, "",                             NULL, 0, BREV_ERROR_CONFIG, "HTTP 404" },
    { 408, "",                             NULL, 0, BREV_ERROR_SYSTEM, "HTTP 408" },
    { 429, "{\"error\":\"slow_down\"}",    NULL, 0, BREV_ERROR_SYSTEM, "slow_down" },
    { 503, "{\"error\":\"server_error\"}", NULL, 0, BREV_ERROR_SYSTEM, "server_error" },
};
/* clang-format on */

static char account_name[] = "a", provider_name[] = "smtp", client[] = "me", url[] = URL;

static BrevAccount
new_account (void)
{
    return (BrevAccount){ .name = account_name,
                          .provider = provider_name,
                          .client_id = client,
                          .token_url = url };
}

static void
test_requests (void)
{
    g_autoptr (GPtrArray) none = g_ptr_array_new ();

    for (guint i = 0; i < G_N_ELEMENTS (requests); i++) {
        BrevAccount account = new_account ();
        g_autoptr (GError) error = NULL;
        g_autofree char *scope = g_strdup (requests[i].scope);
        account.scope = scope;
        g_autoptr (BrevHttpRequest) request =
            brev_oauth_next (&account, requests[i].secret, none, &error);
        g_assert_no_error (error);
        g_autofree char *body = read_body (request->body);
        g_assert_cmpstr (request->url, ==, URL);
        g_assert_cmpstr (body, ==, requests[i].body);
    }
}

/* It is one request: with its reply there is no other. */
static void
test_no_second (void)
{
    g_autoptr (GPtrArray) one =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_http_reply_free);
    BrevAccount account = new_account ();
    g_autoptr (GError) error = NULL;

    g_ptr_array_add (one, brev_http_reply_new (200, NULL));
    g_assert_null (brev_oauth_next (&account, "s", one, &error));
    g_assert_no_error (error);
}

static void
test_check (void)
{
    BrevAccount account = new_account ();
    const BrevProvider *provider = brev_provider_find ("smtp");
    g_autoptr (GError) error = NULL, other = NULL;

    g_assert_true (brev_oauth_check (&account, provider, "s", NULL));
    g_assert_false (brev_oauth_check (&account, provider, "", &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
    account.token_url = NULL;
    g_assert_false (brev_oauth_check (&account, provider, "s", &other));
    g_assert_nonnull (strstr (other->message, "token-url"));
    account.client_id = NULL;
    g_assert_true (brev_oauth_check (&account, provider, "", NULL));
}

static void
test_answers (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (replies); i++) {
        GBytes *body = g_bytes_new_static (replies[i].body, strlen (replies[i].body));
        g_autoptr (BrevHttpReply) reply = brev_http_reply_new (replies[i].status, body);
        g_autoptr (GError) error = NULL;
        gint64 expiry = 0;
        g_autofree char *token = brev_oauth_read (reply, NOW, &expiry, &error);
        g_assert_cmpstr (token, ==, replies[i].token);
        if (token != NULL) {
            g_assert_cmpint (expiry, ==, NOW + replies[i].seconds * 1000);
            continue;
        }
        g_assert_error (error, BREV_ERROR, replies[i].error);
        g_assert_nonnull (strstr (error->message, replies[i].words));
        g_assert_null (strchr (error->message, '\n'));
    }
}

/* What was cut off is no token, however it looks. */
static void
test_incomplete (void)
{
    const char text[] = "{\"access_token\":\"a\"}";
    g_autoptr (BrevHttpReply) reply =
        brev_http_reply_new (200, g_bytes_new_static (text, strlen (text)));
    g_autoptr (GError) error = NULL;
    gint64 expiry;

    reply->is_complete = FALSE;
    reply->error = g_strdup ("reset");
    g_assert_null (brev_oauth_read (reply, NOW, &expiry, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_SYSTEM);
    g_assert_nonnull (strstr (error->message, "reset"));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/oauth/requests", test_requests);
    g_test_add_func ("/oauth/no-second", test_no_second);
    g_test_add_func ("/oauth/check", test_check);
    g_test_add_func ("/oauth/answers", test_answers);
    g_test_add_func ("/oauth/incomplete", test_incomplete);
    return g_test_run ();
}
