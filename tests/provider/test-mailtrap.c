/* SPDX-License-Identifier: MIT */
#include "mails.h"

#include <string.h>

#include "base/error.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define MAILS "a@example.com | b@example.org | c@example.org"
#define OK "{\"success\": true, \"message_ids\": [\"0c7f-1\"]}"
#define OK_TWO "{\"success\": true, \"message_ids\": [\"0c7f-1\", \"0c7f-2\"]}"
#define ERRORS(list) "{\"success\": false, \"errors\": [" list "]}"
#define BATCH(list) "{\"success\": true, \"responses\": [" list "]}"

/* clang-format off */
static const TestReply accepted[] = {
    { ONE, 200, NULL, OK, "accepted(0c7f-1)" },
    { TWO, 200, NULL, OK_TWO, "accepted(0c7f-1) accepted(0c7f-2)" },
    /* the sandbox has one id for all */
    { "sandbox " TWO, 200, NULL, OK, "accepted(0c7f-1)test accepted(0c7f-1)test" },
    { MAILS, 200, NULL, BATCH (OK "," OK "," OK),
      "accepted(0c7f-1) | accepted(0c7f-1) | accepted(0c7f-1)" },
    /* not what is documented */
    { TWO, 200, NULL, OK, "unknown unknown" },
    { ONE, 200, NULL, OK_TWO, "unknown" },
    { ONE, 200, NULL, "{\"message_ids\": [\"0c7f-1\"]}", "unknown" },
    { ONE, 200, NULL, "{\"success\": \"true\", \"message_ids\": [\"0c7f-1\"]}", "unknown" },
    { ONE, 200, NULL, "{\"success\": true, \"message_ids\": [1]}", "unknown" },
    { ONE, 200, NULL, "{\"success\": true, \"message_ids\": [\"\"]}", "unknown" },
    { ONE, 200, NULL, "{\"success\": true, \"message_ids\": []}", "unknown" },
    { ONE, 200, NULL, BATCH (OK), "unknown" },
    { MAILS, 200, NULL, BATCH (OK "," OK), "unknown | unknown | unknown" },
    { MAILS, 200, NULL, OK, "unknown | unknown | unknown" },
    { ONE, 400, NULL, OK, "later" },
};

static const TestReply errors[] = {
    { ONE, 400, NULL, ERRORS ("\"'to' address is invalid\""), "refused 5.1.3" },
    { ONE, 401, NULL, "{\"errors\": [\"Unauthorized\"]}", "account/account" },
    { ONE, 401, NULL, ERRORS ("\"Unauthorized\""), "account/account" },
    { ONE, 401, NULL, "", "account/account" },
    { ONE, 403, NULL, ERRORS ("\"Forbidden\""), "account/account" },
    { ONE, 403, NULL, ERRORS ("\"Account is banned\""), "account/account" },
    { ONE, 403, NULL, ERRORS ("\"Sending from domain example.com is not allowed\""), "account/sender" },
    { ONE, 403, NULL, ERRORS ("\"Demo domains can only be used to send emails to account owners.\""),
      "account/sender" },
    { ONE, 400, NULL, ERRORS ("\"'from' address is invalid\""), "account/sender" },
    { ONE, 400, NULL, ERRORS ("\"'from' is required\",\"'subject' is required\""), "park" },
    { ONE, 400, NULL, ERRORS ("\"must specify either text or html body\""), "park" },
    { ONE, 400, NULL, ERRORS ("\"'to', 'cc' or 'bcc' address is required\""), "park" },
    { TWO, 400, NULL, ERRORS ("\"'to' address is invalid\""), "split split" },
    { TWO, 400, NULL, ERRORS ("\"'cc' address is invalid: b@example.org\""), "again refused 5.1.3" },
    { ONE, 400, NULL, ERRORS ("\"'reply_to' address is invalid\""), "refused 5.6.0" },
    /* nothing bounces while one of them is no refusal */
    { ONE, 400, NULL, ERRORS ("\"'to' address is invalid\",\"Something new\""), "later" },
    { ONE, 400, NULL, ERRORS ("\"Something new\""), "later" },
    { ONE, 400, NULL, ERRORS ("7"), "later" },
    { ONE, 403, NULL, "<html>", "later" },
    { ONE, 500, NULL, ERRORS ("\"Internal server error\""), "later" },
    { ONE, 502, NULL, ERRORS ("\"'to' address is invalid\""), "unknown" },
    { ONE, 200, NULL, ERRORS ("\"'to' address is invalid\""), "refused 5.1.3" },
    { ONE, 200, NULL, ERRORS (""), "unknown" },
};

static const TestReply batches[] = {
    { MAILS, 200, NULL,
      BATCH (OK "," ERRORS ("\"'to' address is invalid\"") "," ERRORS ("\"Something new\"")),
      "accepted(0c7f-1) | refused 5.1.3 | later" },
    { MAILS, 200, NULL, BATCH (OK "," ERRORS ("\"Unauthorized\"") ",{}"),
      "accepted(0c7f-1) | account/account | unknown" },
    { MAILS, 401, NULL, ERRORS ("\"Unauthorized\""),
      "account/account | account/account | account/account" },
    { MAILS, 400, NULL, ERRORS ("\"'to' address is invalid\""), "split | split | split" },
    { MAILS, 400, NULL, ERRORS ("\"Something new\""), "split | split | split" },
    { MAILS, 413, NULL, "", "split | split | split" },
    { MAILS, 429, "Retry-After: 5", "", "later+5 | later+5 | later+5" },
};

static const TestReply rates[] = {
    { ONE, 429, "Retry-After: 9", ERRORS ("\"Too many requests\""), "later+9" },
    { ONE, 429, NULL, ERRORS ("\"Forbidden\""), "later" },
    { ONE, 403, NULL, ERRORS ("\"You have reached your sending limit\""), "account/account" },
};
/* clang-format on */

static const BrevProvider *
mailtrap (void)
{
    return brev_provider_find ("mailtrap");
}

static void
test_accepted (void)
{
    test_replies (mailtrap (), accepted, G_N_ELEMENTS (accepted));
}

static void
test_errors (void)
{
    test_replies (mailtrap (), errors, G_N_ELEMENTS (errors));
    test_replies (mailtrap (), batches, G_N_ELEMENTS (batches));
    test_replies (mailtrap (), rates, G_N_ELEMENTS (rates));
}

static void
test_common (void)
{
    test_common_replies (mailtrap ());
    test_mutated_reply (mailtrap (), &errors[0]);
    test_mutated_reply (mailtrap (), &accepted[1]);
    test_mutated_reply (mailtrap (), &batches[0]);
}

static char *
url_of (const char *recipients, char *region, char *inbox, gboolean is_sandbox)
{
    BrevAccount account = { .name = (char[]){ "m" },
                            .provider = (char[]){ "mailtrap" },
                            .region = region,
                            .user = inbox,
                            .sandbox = is_sandbox };
    g_autofree char *endpoint = brev_provider_endpoint (mailtrap (), &account);
    g_autoptr (GPtrArray) mails = test_mails_new (recipients);
    g_autoptr (GPtrArray) attachments = g_ptr_array_new ();
    const BrevMessage message = { .attachments = attachments };
    g_autoptr (GError) error = NULL;

    if (!brev_account_check (&account, "secret", &error))
        return g_strdup (error->message);
    for (guint i = 0; i < mails->len; i++) {
        BrevMail *mail = mails->pdata[i];
        mail->message = &message;
        mail->subject = "s";
        mail->blank_body = TRUE;
    }
    g_autoptr (BrevHttpRequest) request =
        mailtrap ()->encode (mails, &account, "secret", endpoint, NULL);
    return g_strdup (request->url);
}

/* Where a request goes. */
static void
test_places (void)
{
    /* clang-format off */
    static const struct {
        const char *recipients, *region, *inbox;
        gboolean is_sandbox;
        const char *want;
    } cases[] = {
        { ONE,   NULL,   NULL, FALSE, "https://send.api.mailtrap.io/api/send" },
        { ONE,   NULL,   "7",  FALSE, "https://send.api.mailtrap.io/api/send" },
        { ONE,   "bulk", NULL, FALSE, "https://bulk.api.mailtrap.io/api/send" },
        { MAILS, NULL,   NULL, FALSE, "https://send.api.mailtrap.io/api/batch" },
        { ONE,   NULL,   "7",  TRUE,  "https://sandbox.api.mailtrap.io/api/send/7" },
        { MAILS, "bulk", "7",  TRUE,  "https://sandbox.api.mailtrap.io/api/batch/7" },
        { ONE,   NULL,   NULL, TRUE,  "account 'm': with sandbox" },
        { ONE,   NULL,   "",   TRUE,  "account 'm': with sandbox" },
        { ONE,   NULL,   "../send", TRUE, "account 'm': with sandbox" },
    };
    /* clang-format on */

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *region = g_strdup (cases[i].region);
        g_autofree char *inbox = g_strdup (cases[i].inbox);
        g_autofree char *url =
            url_of (cases[i].recipients, region, inbox, cases[i].is_sandbox);
        g_test_message ("%s", url);
        g_assert_true (g_str_has_prefix (url, cases[i].want));
        g_assert_true (g_str_has_prefix (url, "account") ||
                       strlen (url) == strlen (cases[i].want));
    }
}

/* clang-format off */
#define ENTRY(id, address, name) \
    "{\"message_id\": \"" id "\", \"to\": \"" address "\", \"status\": \"enqueued\", " \
    "\"custom_variables\": {\"shop\": \"3\", \"brevdue-id\": \"" name "\"}}"
#define LIST(entries) "{\"messages\": [" entries "], \"total_count\": 9, \"next_page_cursor\": null}"

static const TestReply searches[] = {
    { TWO, 200, NULL, LIST (ENTRY ("m1", "A@example.com", "q1") ", " ENTRY ("m2", "b@example.org", "q1")),
      "accepted(m1) accepted(m2)" },
    { TWO, 200, NULL, LIST (ENTRY ("m2", "b@example.org", "q1")), "later accepted(m2)" },
    { ONE, 200, NULL, LIST (ENTRY ("m1", "a@example.com", "q2") ", " ENTRY ("m2", "a@example.com", "q1")),
      "accepted(m2)" },
    /* not shown is no answer, nor is a filter that was ignored, or another form */
    { ONE, 200, NULL, LIST (""), "later" },
    { ONE, 200, NULL, LIST (ENTRY ("m1", "a@example.com", "q2")), "later" },
    { ONE, 200, NULL, LIST (ENTRY ("m1", "stranger@example.com", "q1")), "later" },
    { ONE, 200, NULL, LIST (ENTRY ("", "a@example.com", "q1")), "later" },
    { ONE, 200, NULL, LIST ("{\"message_id\": \"m1\", \"to\": \"a@example.com\"}"), "later" },
    { ONE, 200, NULL, LIST ("1, null, []"), "later" },
    { ONE, 200, NULL, "{\"messages\": {}}", "later" },
    { ONE, 200, NULL, "[]", "later" },
    { ONE, 200, NULL, "<html>", "later" },
    { ONE, 201, NULL, LIST (ENTRY ("m1", "a@example.com", "q1")), "later" },
    /* a token that may send may have no right to ask */
    { ONE, 401, NULL, "{\"error\": \"Incorrect API token\"}", "refused 4.4.2" },
    { ONE, 403, NULL, "{\"errors\": \"Access forbidden\"}", "refused 4.4.2" },
    { ONE, 404, NULL, "{\"error\": \"Not Found\"}", "later" },
    { ONE, 429, "Retry-After: 5", "", "later+5" },
    { ONE, 500, NULL, LIST (ENTRY ("m1", "a@example.com", "q1")), "later" },
};
/* clang-format on */

static void
test_search (void)
{
    test_searches (mailtrap (), searches, G_N_ELEMENTS (searches));
    test_cut_search (mailtrap (), &searches[2]);
}

/* At the provider's other host, unless the account has a host of its own. */
static void
test_search_request (void)
{
    char name[] = "m", provider[] = "mailtrap", region[] = "bulk", own[] = "https://x";
    BrevAccount account = { .name = name, .provider = provider, .region = region };
    g_autofree char *endpoint = brev_provider_search_endpoint (mailtrap (), &account);
    g_autoptr (GPtrArray) mails = test_mail_in_doubt ("a+b@example.com c@d", "q1");
    g_autoptr (GPtrArray) others = test_mail_in_doubt (ONE, "theirs");
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevHttpRequest) request =
        mailtrap ()->search (mails->pdata[0], &account, "secret", endpoint, NULL);
    const BrevHttpHeader *token = request->headers->pdata[request->headers->len - 1];

    g_assert_cmpstr (request->method, ==, "GET");
    g_assert_cmpstr (request->url, ==,
                     "https://mailtrap.io/api/email_logs"
                     "?filters%5Bto%5D%5Boperator%5D=ci_equal"
                     "&filters%5Bto%5D%5Bvalue%5D%5B%5D=a%2Bb%40example.com"
                     "&filters%5Bto%5D%5Bvalue%5D%5B%5D=c%40d");
    g_assert_cmpstr (token->value, ==, "Bearer secret");
    g_assert_true (token->is_secret);
    account.endpoint = own;
    g_free (endpoint);
    endpoint = brev_provider_search_endpoint (mailtrap (), &account);
    g_assert_cmpstr (endpoint, ==, "https://x");
    g_assert_null (
        mailtrap ()->search (others->pdata[0], &account, "secret", endpoint, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/mailtrap/accepted", test_accepted);
    g_test_add_func ("/mailtrap/errors", test_errors);
    g_test_add_func ("/mailtrap/common", test_common);
    g_test_add_func ("/mailtrap/places", test_places);
    g_test_add_func ("/mailtrap/search", test_search);
    g_test_add_func ("/mailtrap/search-request", test_search_request);
    return g_test_run ();
}
