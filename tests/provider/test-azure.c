/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define ID "8540c0de-899f-5cce-acb5-3ec493af3800"
#define OPERATION(status) "{\"id\": \"" ID "\", \"status\": \"" status "\"}"
#define ERROR(code, text) \
    "{\"error\": {\"code\": \"" code "\", \"message\": \"" text "\"}}"
#define FAILED                                                            \
    "{\"id\": \"" ID "\", \"status\": \"Failed\", \"error\": {\"code\": " \
    "\"EmailDropped\", \"message\": \"x\"}}"

/* clang-format off */
static const TestReply accepted[] = {
    { ONE, 202, NULL, OPERATION ("Running"), "accepted(" ID ")" },
    { TWO, 202, NULL, OPERATION ("NotStarted"), "accepted(" ID ") accepted(" ID ")" },
    { ONE, 202, NULL, OPERATION ("Succeeded"), "accepted(" ID ")" },
    /* not what is documented */
    { ONE, 202, NULL, FAILED, "unknown" },
    { ONE, 202, NULL, OPERATION ("Canceled"), "unknown" },
    { ONE, 202, NULL, OPERATION ("Else"), "unknown" },
    { ONE, 202, NULL, "{\"id\": \"\", \"status\": \"Running\"}", "unknown" },
    { ONE, 202, NULL, "{\"status\": \"Running\"}", "unknown" },
    { ONE, 200, NULL, OPERATION ("Running"), "unknown" },
    { ONE, 202, NULL, "", "unknown" },
};

static const TestReply errors[] = {
    { ONE, 401, NULL, ERROR ("Denied", "Denied by the resource provider."), "account/account" },
    { ONE, 401, NULL, "", "account/account" },
    { ONE, 403, NULL, ERROR ("Forbidden", "x"), "account/account" },
    { ONE, 404, NULL, ERROR ("DomainNotLinked", "The specified sender domain has not been linked."), "account/sender" },
    { ONE, 404, "x-ms-error-code: DomainNotLinked", "", "account/sender" },
    { ONE, 404, NULL, ERROR ("NotFound", "x"), "account/account" },
    { ONE, 400, NULL, ERROR ("InvalidSenderUserName", "Invalid email sender username found in request."), "account/sender" },
    { TWO, 400, NULL, ERROR ("InvalidEmailAddress", "Invalid format for email address: b@example.org"), "again refused 5.1.3" },
    { ONE, 400, NULL, ERROR ("InvalidEmailAddress", "Invalid recipient"), "refused 5.1.3" },
    { TWO, 400, NULL, ERROR ("InvalidEmailAddress", "Invalid format for email address"), "park park" },
    { ONE, 400, NULL, ERROR ("BadRequest", "Attachment of another type"), "refused 5.6.1" },
    { ONE, 400, NULL, ERROR ("BadRequest", "x"), "park" },
    { ONE, 400, NULL, ERROR ("EmailDroppedAllRecipientsSuppressed", "x"), "refused 5.2.1" },
    { ONE, 409, NULL, ERROR ("Conflict", "x"), "unknown" },
    { ONE, 413, NULL, "", "refused 5.3.4" },
    { ONE, 400, NULL, "<html>", "later" },
    { ONE, 418, NULL, ERROR ("SomethingNew", "x"), "later" },
    { ONE, 500, NULL, ERROR ("InvalidEmailAddress", "a@example.com"), "later" },
};

static const TestReply rates[] = {
    { ONE, 429, NULL, ERROR ("TooManyRequests", "x"), "later" },
    { ONE, 429, "Retry-After: 37", ERROR ("TooManyRequests", "x"), "later+37" },
    { ONE, 429, "Retry-After: 37", "", "later+37" },
};

static const TestReply searches[] = { /* of the operation ID */
    { TWO, 200, NULL, OPERATION ("Running"), "accepted(" ID ") accepted(" ID ")" },
    { ONE, 200, NULL, OPERATION ("Succeeded"), "accepted(" ID ")" },
    { TWO, 404, NULL, ERROR ("NotFound", "x"), "again again" },
    /* no answer: it failed, another's, another form */
    { ONE, 200, NULL, FAILED, "later" },
    { ONE, 200, NULL, "{\"id\": \"b540c0de\", \"status\": \"Succeeded\"}", "later" },
    { ONE, 200, NULL, "{}", "later" },
    { ONE, 202, NULL, OPERATION ("Running"), "later" },
    { ONE, 404, NULL, "<html>", "later" },
    { ONE, 404, NULL, "", "later" },
    { ONE, 401, NULL, ERROR ("Denied", "x"), "account/account" },
    { ONE, 429, NULL, ERROR ("TooManyRequests", "x"), "later" },
    { ONE, 500, NULL, "", "later" },
};
/* clang-format on */

static const BrevProvider *
azure (void)
{
    return brev_provider_find ("azure");
}

static void
test_tables (void)
{
    test_replies (azure (), accepted, G_N_ELEMENTS (accepted));
    test_replies (azure (), errors, G_N_ELEMENTS (errors));
    test_replies (azure (), rates, G_N_ELEMENTS (rates));
}

static void
test_common (void)
{
    test_common_replies (azure ());
    test_mutated_reply (azure (), &accepted[0]);
    test_mutated_reply (azure (), &errors[7]);
}

static void
test_search (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (searches); i++) {
        g_autoptr (GPtrArray) mails = test_mails_new (searches[i].recipients);
        BrevMail *mail = mails->pdata[0];
        g_autoptr (BrevOutcome) outcome = brev_outcome_new (mail);
        g_autoptr (BrevHttpReply) reply = brev_http_reply_new (
            searches[i].status,
            g_bytes_new (searches[i].body, strlen (searches[i].body)));
        mail->key = g_strdup (ID);
        azure ()->read_search (reply, mail, outcome);
        g_autofree char *got = test_outcome_text (outcome);
        g_test_message ("%d %s", searches[i].status, searches[i].body);
        g_assert_cmpstr (got, ==, searches[i].want);
    }
}

static void
test_search_request (void)
{
    g_autoptr (GPtrArray) mails = test_mails_new (ONE);
    BrevMail *mail = mails->pdata[0];
    const BrevAccount account = { 0 };
    g_autoptr (GError) error = NULL;

    g_assert_null (azure ()->search (mail, &account, "a2V5", "https://x", &error));
    g_assert_nonnull (error);
    mail->key = g_strdup (ID);
    g_autoptr (BrevHttpRequest) request =
        azure ()->search (mail, &account, "a2V5", "https://x", NULL);
    g_assert_cmpstr (request->method, ==, "GET");
    g_assert_cmpstr (request->url, ==,
                     "https://x/emails/operations/" ID "?api-version=2025-09-01");
    g_assert_cmpstr (request->signing, ==, BREV_SIGN_AZURE);
    g_assert_cmpstr (request->secret, ==, "a2V5");
}

static void
test_account (void)
{
    static const char *const bad[] = {
        "",     "a2V",  "a2V5=", "====",
        "a b5", "a===", "a2-5",  "endpoint=https://x;accesskey=a2V5"
    };
    g_autofree char *name = g_strdup ("a"), *provider = g_strdup ("azure"),
                    *endpoint = g_strdup ("https://res.communication.azure.com");
    BrevAccount account = { .name = name, .provider = provider };
    g_autoptr (GError) error = NULL;

    g_assert_false (brev_account_check (&account, "a2V5", &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
    account.endpoint = endpoint;
    g_assert_true (brev_account_check (&account, "a2V5", NULL));
    g_assert_true (brev_account_check (&account, "a2U=", NULL));
    for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
        g_autoptr (GError) other = NULL;
        g_assert_false (brev_account_check (&account, bad[i], &other));
        g_assert_error (other, BREV_ERROR, BREV_ERROR_CONFIG);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/azure/replies", test_tables);
    g_test_add_func ("/azure/common", test_common);
    g_test_add_func ("/azure/search", test_search);
    g_test_add_func ("/azure/search-request", test_search_request);
    g_test_add_func ("/azure/account", test_account);
    return g_test_run ();
}
