/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "mails.h"
#include "provider/template.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"

static const BrevProvider *
http (void)
{
    return brev_provider_find ("http");
}

/* -- replies ------------------------------------------------------------------------- */

/* clang-format off */
static const TestReply replies[] = { /* of an account that says nothing of them */
    { TWO, 200, NULL, "", "accepted((null)) accepted((null))" },
    { ONE, 202, NULL, "<html>", "accepted((null))" },
    { ONE, 204, NULL, "", "unknown" },
    { ONE, 301, NULL, "", "account/account" },
    { ONE, 401, NULL, "{\"message\": \"no\"}", "account/account" },
    { ONE, 403, NULL, "", "account/account" },
    { ONE, 404, NULL, "", "account/account" },
    { ONE, 400, NULL, "{\"error\": \"bad\"}", "park" },
    { ONE, 422, NULL, "", "park" },
    { ONE, 413, NULL, "", "refused 5.3.4" },
    { ONE, 418, NULL, "", "later" },
    { ONE, 429, "Retry-After: 7", "", "later+7" },
    { ONE, 500, "Retry-After: 7", "", "later+7" },
    { ONE, 502, NULL, "", "unknown" },
    { ONE, 503, "Retry-After: 7", "", "later+7" },
};

static const struct {
    const char *success, *refused, *field, *header;
    TestReply reply;
} accounts[] = {
    { "204", NULL, NULL, NULL, { ONE, 204, NULL, "", "accepted((null))" } },
    { "204", NULL, NULL, NULL, { ONE, 200, NULL, "", "unknown" } },
    { NULL, "422 404", NULL, NULL, { ONE, 422, NULL, "", "refused 5.0.0" } },
    { NULL, "422 404", NULL, NULL, { TWO, 404, NULL, "", "split split" } },
    { NULL, "422", NULL, NULL, { ONE, 400, NULL, "", "park" } },
    { NULL, NULL, "id", NULL, { ONE, 200, NULL, "{\"id\": \"x1\"}", "accepted(x1)" } },
    { NULL, NULL, "id", NULL, { ONE, 200, NULL, "{\"id\": 7}", "accepted(7)" } },
    { NULL, NULL, "id", NULL, { ONE, 200, NULL, "{\"id\": \"\"}", "unknown" } },
    { NULL, NULL, "id", NULL, { ONE, 200, NULL, "{\"id\": null}", "unknown" } },
    { NULL, NULL, "id", NULL, { ONE, 200, NULL, "{\"id\": {}}", "unknown" } },
    { NULL, NULL, "id", NULL, { ONE, 200, NULL, "<html>", "unknown" } },
    { NULL, NULL, "id", NULL, { ONE, 200, NULL, "", "unknown" } },
    { NULL, NULL, "id", NULL, { ONE, 204, NULL, "", "unknown" } },
    { NULL, NULL, "data.1.id", NULL,
      { ONE, 200, NULL, "{\"data\": [{}, {\"id\": \"x2\"}]}", "accepted(x2)" } },
    { NULL, NULL, "data.2.id", NULL,
      { ONE, 200, NULL, "{\"data\": [{}, {\"id\": \"x2\"}]}", "unknown" } },
    { NULL, NULL, "data.x.id", NULL,
      { ONE, 200, NULL, "{\"data\": [{}, {\"id\": \"x2\"}]}", "unknown" } },
    { NULL, NULL, NULL, "X-Id", { ONE, 202, "X-Id: x3", "", "accepted(x3)" } },
    { NULL, NULL, NULL, "X-Id", { ONE, 202, NULL, "{\"id\": \"x\"}", "unknown" } },
};
/* clang-format on */

static char **
words (const char *text)
{
    return text != NULL ? g_strsplit (text, " ", -1) : NULL;
}

static void
test_table (void)
{
    test_replies (http (), replies, G_N_ELEMENTS (replies));
}

static void
test_of_accounts (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (accounts); i++) {
        g_auto (GStrv) success = words (accounts[i].success);
        g_auto (GStrv) refused = words (accounts[i].refused);
        g_autofree char *field = g_strdup (accounts[i].field);
        g_autofree char *header = g_strdup (accounts[i].header);
        BrevAccount account = {
            .success = success, .refused = refused, .id_field = field, .id_header = header
        };
        g_test_message ("account %u", i);
        test_replies_of (&account, http (), &accounts[i].reply, 1);
    }
}

/* -- accounts ------------------------------------------------------------------------ */

#define FROM "\"f\": \"${from}\", \"s\": \"${subject}\""
#define TEXT FROM ", \"x\": \"${text}\""
#define ALL "\"r\": [\"${recipients}\"]"

/* clang-format off */
static const struct {
    const char *template_text, *headers, *query;
    const char *want; /* in the error; NULL: it is sound */
    guint most;
} checks[] = {
    { "{" TEXT ", " ALL "}", NULL, NULL, NULL, 50 },
    { "{" TEXT ", \"to\": [{\"a\": \"${to-address}\"}]}", NULL, NULL, NULL, 1 },
    { "{" TEXT ", \"to\": \"${to}\", \"cc\": \"${cc}\", \"bcc\": \"${bcc}\"}", NULL, NULL, NULL, 50 },
    { "{" TEXT "}", "X-To: ${recipients}", NULL, NULL, 50 },
    { NULL, NULL, "to=${recipients}&a=b", NULL, 50 },
    { NULL, NULL, "to=${to-address}", NULL, 1 },
    { "{\"m\": [{" TEXT ", \"to\": [{\"a\": \"${to-address}\", \"t\": [1]}], \"cc\": [\"${cc}\"]}]}",
      NULL, NULL, NULL, 1 },
    { NULL, NULL, NULL, "who gets the mail", 0 },
    { "{" TEXT "}", NULL, NULL, "who gets the mail", 0 },
    { "{" TEXT ", \"cc\": \"${cc}\"}", NULL, NULL, "who gets the mail", 0 },
    { "{" FROM ", " ALL "}", NULL, NULL, "${text}", 0 },
    { "{\"s\": \"${subject}\", \"x\": \"${text}\", " ALL "}", NULL, NULL, "${from}", 0 },
    { "{\"f\": \"${from}\", \"x\": \"${text}\", " ALL "}", NULL, NULL, "${subject}", 0 },
    { "{" TEXT ", " ALL ", \"raw\": \"${raw-base64}\"}", NULL, NULL, "whole message", 0 },
    { "{" TEXT ", " ALL ", \"y\": \"${txet}\"}", NULL, NULL, "'${txet}' is no placeholder", 0 },
    { "{" TEXT ", " ALL ", \"y\": \"Hello ${to}\"}", NULL, NULL, "is no placeholder", 0 },
    { "{" TEXT ", " ALL ", \"y\": \"${header-name}\"}", NULL, NULL, "element of an array", 0 },
    { "{" TEXT ", " ALL ", \"y\": [\"${header-name}\", 1]}", NULL, NULL, "element of an array", 0 },
    { "{" TEXT ", " ALL ", \"y\": [{\"a\": \"${to}\", \"b\": \"${cc}\"}]}", NULL, NULL,
      "array of something else", 0 },
    { "{" TEXT, NULL, NULL, "no object or array", 0 },
    { "\"${text}\"", NULL, NULL, "no object or array", 0 },
    { "{\"a\": 1, \"a\": 2}", NULL, NULL, "a name twice", 0 },
    { NULL, "X-To: ${recipients}; Content-Length: 3", NULL, "'headers'", 0 },
    { NULL, "X-To: ${recipients}; X A: 3", NULL, "'headers'", 0 },
    { NULL, "X-To: ${recipients}; X-Text: ${text}", NULL, "in a template alone", 0 },
    { NULL, NULL, "to=${recipients}&h=${header-name}", "element of an array", 0 },
};
/* clang-format on */

static void
test_checks (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (checks); i++) {
        g_autofree char *name = g_strdup ("main"), *provider = g_strdup ("http");
        g_autofree char *endpoint = g_strdup ("https://gateway.example/x");
        g_autofree char *text = g_strdup (checks[i].template_text);
        g_autofree char *headers = g_strdup (checks[i].headers);
        g_autofree char *query = g_strdup (checks[i].query);
        const BrevAccount account = { .name = name,
                                      .provider = provider,
                                      .endpoint = endpoint,
                                      .template_text = text,
                                      .header_fields = headers,
                                      .query = query };
        g_autoptr (GError) error = NULL;
        gboolean is_sound = brev_account_check (&account, "token", &error);

        g_test_message ("check %u: %s", i, is_sound ? "sound" : error->message);
        g_assert_cmpint (is_sound, ==, checks[i].want == NULL);
        if (!is_sound)
            g_assert_nonnull (strstr (error->message, checks[i].want));
        else
            g_assert_cmpuint (brev_provider_for (&account)->max_recipients, ==,
                              checks[i].most);
        g_assert_true (brev_provider_for (&account) == brev_provider_for (&account));
    }
}

static void
test_token (void)
{
    g_autofree char *name = g_strdup ("main"), *provider = g_strdup ("http");
    g_autofree char *query = g_strdup ("to=${recipients}");
    g_autofree char *endpoint = g_strdup ("https://gateway.example/x");
    BrevAccount account = { .name = name, .provider = provider, .query = query };

    g_assert_false (brev_account_check (&account, "token", NULL));
    account.endpoint = endpoint;
    g_assert_true (brev_account_check (&account, "", NULL)); /* it may want none */
    g_assert_false (brev_account_check (&account, "a b", NULL));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/http/replies", test_table);
    g_test_add_func ("/http/accounts", test_of_accounts);
    g_test_add_func ("/http/checks", test_checks);
    g_test_add_func ("/http/token", test_token);
    return g_test_run ();
}
