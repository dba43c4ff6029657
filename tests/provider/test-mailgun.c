/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define SAYS(text) "{\"message\": \"" text "\"}"
#define QUEUED "{\"id\": \"<1@example.com>\", \"message\": \"Queued. Thank you.\"}"
#define NOT_ALLOWED "Domain example.com is not allowed to send: "
#define DATE "Date: Wed, 25 Nov 2026 18:00:00 GMT"

/* clang-format off */
static const TestReply replies[] = {
    { TWO, 200, NULL, QUEUED, "accepted(<1@example.com>) accepted(<1@example.com>)" },
    { ONE, 200, NULL, "{\"id\": \"\", \"message\": \"Queued\"}", "unknown" },
    { ONE, 200, NULL, "{\"id\": \"<1@example.com>\"}", "unknown" },
    { ONE, 200, NULL, SAYS ("Queued. Thank you."), "unknown" },
    { ONE, 200, NULL, "<html>", "unknown" },
    { ONE, 202, NULL, QUEUED, "unknown" },
    /* the account */
    { ONE, 401, NULL, "Forbidden", "account/account" },
    { ONE, 402, NULL, SAYS ("Payment required"), "account/account" },
    { ONE, 403, NULL, "", "account/account" },
    { ONE, 403, NULL, SAYS (NOT_ALLOWED "Please activate your Mailgun account"),
      "account/account" },
    { ONE, 400, NULL, SAYS (NOT_ALLOWED "Domain is disabled"), "account/account" },
    /* the sender's domain */
    { ONE, 404, NULL, SAYS ("Domain not found: example.com"), "account/sender" },
    { ONE, 403, NULL, SAYS (NOT_ALLOWED "The domain is unverified and requires DNS configuration"),
      "account/sender" },
    { ONE, 400, NULL, SAYS ("'from' parameter is not a valid address. please check documentation"),
      "account/sender" },
    /* a recipient; in the sandbox only some are authorized */
    { TWO, 403, NULL, SAYS (NOT_ALLOWED "add the address to authorized recipients"),
      "account/recipient account/recipient" },
    { ONE, 400, NULL, SAYS ("'to' parameter is not a valid address. please check documentation"),
      "refused 5.1.3" },
    { TWO, 400, NULL, SAYS ("'to' parameter is not a valid address. please check documentation"),
      "split split" },
    { TWO, 400, NULL, SAYS ("'b@example.org' is not a valid address"), "again refused 5.1.3" },
    { TWO, 400, NULL, SAYS ("b@example.org is suppressed"), "again refused 5.2.1" },
    /* too much: for seconds, until a date, or not said */
    { ONE, 429, NULL, SAYS (NOT_ALLOWED "account-requests-per-sec limit exceeded, try again after "
      "120 seconds"), "later+120" },
    { ONE, 429, NULL, SAYS ("try again after 2 minutes"), "later+120" },
    { ONE, 429, DATE, SAYS (NOT_ALLOWED "recipient limit exceeded, try again after "
      "Wed, 25 Nov 2026 18:30:00 GMT"), "later+1800" },
    { ONE, 429, DATE, SAYS ("try again after Wed, 25 Nov 2026 18:30:00 UTC"), "later+1800" },
    { ONE, 429, DATE, SAYS ("try again after Wed, 25 Nov 2036 18:30:00 GMT"), "later+86400" },
    { ONE, 429, DATE, SAYS ("try again after Wed, 25 Nov 2026 17:00:00 GMT"), "later" },
    { ONE, 429, NULL, SAYS ("try again after Wed, 25 Nov 2026 18:30:00 GMT"), "later" },
    { ONE, 429, NULL, SAYS ("try again after a while"), "later" },
    { ONE, 429, "Retry-After: 5", SAYS ("try again after 120 seconds"), "later+5" },
    { ONE, 400, NULL, SAYS (NOT_ALLOWED "bytes limit exceeded, try again after 60 seconds"),
      "later+60" },
    /* our own mistakes */
    { ONE, 400, NULL, SAYS ("to parameter is missing"), "park" },
    { ONE, 400, NULL, SAYS ("'message' parameter is not a file"), "park" },
    { ONE, 400, NULL, SAYS ("Send options (parameters starting with o:, h:, or v:) are limited to "
      "16KB total"), "park" },
    { TWO, 400, NULL, SAYS ("Too many recipients; max is 1000"), "park park" },
    /* what nobody knows */
    { ONE, 400, NULL, SAYS ("something new"), "later" },
    { ONE, 413, NULL, "", "refused 5.3.4" },
    { ONE, 500, NULL, SAYS ("Internal Server Error"), "later" },
    { ONE, 502, NULL, SAYS ("'to' parameter is not a valid address"), "unknown" },
};
/* clang-format on */

static const BrevProvider *
mailgun (void)
{
    return brev_provider_find ("mailgun");
}

static void
test_table (void)
{
    test_replies (mailgun (), replies, G_N_ELEMENTS (replies));
}

static void
test_common (void)
{
    test_common_replies (mailgun ());
    test_mutated_reply (mailgun (), &replies[0]);
}

#define VARIABLES(text) ", \"user-variables\": \"" text "\""
#define OURS VARIABLES ("{\\\"shop\\\": \\\"3\\\", \\\"brevdue-id\\\": \\\"q1\\\"}")
#define OTHERS VARIABLES ("{\\\"brevdue-id\\\": \\\"q2\\\"}")
#define EVENT(event, address, id, variables)               \
    "{\"event\": \"" event "\", \"recipient\": \"" address \
    "\", \"message\": {\"headers\": {\"message-id\": \"" id "\"}}" variables "}"
#define ENTRY(address, id, variables) EVENT ("accepted", address, id, variables)
#define LIST(entries) \
    "{\"items\": [" entries "], \"pagination\": {\"next\": \"t\", \"total\": 9}}"

/* clang-format off */
static const TestReply searches[] = { /* of queue id q1 */
    { TWO, 200, NULL, LIST (ENTRY ("A@example.com", "1@x", OURS)), "accepted(1@x) later" },
    { TWO, 200, NULL, LIST (ENTRY ("b@example.org", "1@x", OURS) "," ENTRY ("a@example.com", "1@x", OURS)),
      "accepted(1@x) accepted(1@x)" },
    { ONE, 200, NULL, LIST (ENTRY ("a@example.com", "2@x", OURS) "," ENTRY ("a@example.com", "1@x", OURS)),
      "accepted(2@x)" },
    { ONE, 200, NULL, LIST ("{\"event\": \"accepted\", \"recipient\": \"a@example.com\"" OURS "}"), "later" },
    /* somebody else's among ours */
    { TWO, 200, NULL, LIST (ENTRY ("a@example.com", "1@x", OTHERS) "," ENTRY ("b@example.org", "1@x", OURS)),
      "later accepted(1@x)" },
    /* not shown is no answer, nor is a filter that was ignored, or another form */
    { TWO, 200, NULL, LIST (""), "later later" },
    { ONE, 200, NULL, LIST (ENTRY ("a@example.com", "1@x", OTHERS)), "later" },
    { ONE, 200, NULL, LIST (ENTRY ("stranger@example.com", "1@x", OURS)), "later" },
    { ONE, 200, NULL, LIST (EVENT ("rejected", "a@example.com", "1@x", OURS)), "later" },
    { ONE, 200, NULL, LIST (EVENT ("failed", "a@example.com", "1@x", OURS)), "later" },
    { ONE, 200, NULL, LIST (ENTRY ("a@example.com", "1@x", "")), "later" },
    { ONE, 200, NULL, LIST (ENTRY ("a@example.com", "q1", VARIABLES (""))), "later" },
    { ONE, 200, NULL, LIST (ENTRY ("a@example.com", "q1", VARIABLES ("q1"))), "later" },
    { ONE, 200, NULL, LIST (ENTRY ("a@example.com", "q1", VARIABLES ("{\\\"brevdue-id\\\": 1}"))), "later" },
    { ONE, 200, NULL, LIST (ENTRY ("a@example.com", "q1", VARIABLES ("{\\\"brevdue-id\\\": \\\"q1\\\""))), "later" },
    { ONE, 200, NULL, LIST (ENTRY ("a@example.com", "q1", ", \"user-variables\": [\"q1\"]")), "later" },
    { ONE, 200, NULL, LIST ("1, null, \"q1\", []"), "later" },
    { ONE, 200, NULL, "{\"items\": {}}", "later" },
    { ONE, 200, NULL, "{}", "later" },
    { ONE, 200, NULL, "[]", "later" },
    { ONE, 200, NULL, "<html>", "later" },
    { ONE, 200, NULL, "{\"items\": [" ENTRY ("a@example.com", "1@x", OURS), "later" },
    { ONE, 202, NULL, LIST (ENTRY ("a@example.com", "1@x", OURS)), "later" },
    /* a key that may send may have no right to ask: nothing is said of the account */
    { TWO, 401, NULL, "Forbidden", "refused 4.4.2 refused 4.4.2" },
    { TWO, 403, NULL, SAYS ("Forbidden"), "refused 4.4.2 refused 4.4.2" },
    { ONE, 400, NULL, SAYS ("invalid filter"), "later" },
    { ONE, 404, NULL, "", "later" },
    { ONE, 429, "Retry-After: 5", SAYS ("too many requests"), "later+5" },
    { ONE, 500, NULL, SAYS ("Internal Server Error"), "later" },
    { ONE, 500, NULL, LIST (ENTRY ("a@example.com", "1@x", OURS)), "later" },
};
/* clang-format on */

static void
test_search (void)
{
    test_searches (mailgun (), searches, G_N_ELEMENTS (searches));
}

static void
add_metadata (BrevMail *mail, const char *name, const char *value)
{
    if (mail->controls.metadata == NULL)
        mail->controls.metadata =
            g_ptr_array_new_with_free_func ((GDestroyNotify) brev_header_free);
    g_ptr_array_add (mail->controls.metadata, brev_header_new (name, value, value));
}

static void
test_search_request (void)
{
    g_autoptr (GPtrArray) mails = test_mails_new (ONE);
    BrevMail *mail = mails->pdata[0];
    char name[] = "main", provider[] = "mailgun", region[] = "eu";
    const BrevAccount account = { .name = name, .provider = provider, .region = region };
    g_autofree char *endpoint = brev_provider_endpoint (mailgun (), &account);
    g_autoptr (GError) error = NULL;
    char buffer[2000] = "";
    guint n_secrets = 0;

    mail->queue_id = "q1";
    g_free (mail->message_id);
    mail->message_id = g_strdup ("<a\"b@x>");
    g_assert_null (mailgun ()->search (mail, &account, "key", endpoint, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
    add_metadata (mail, "brevdue-id", "q1");
    g_autoptr (BrevHttpRequest) request =
        mailgun ()->search (mail, &account, "key", endpoint, NULL);
    g_assert_cmpstr (request->method, ==, "POST");
    g_assert_cmpstr (request->url, ==, "https://api.eu.mailgun.net/v1/analytics/logs");
    g_assert_cmpint (brev_body_read (request->body, buffer, sizeof buffer - 1, NULL), >,
                     0);
    g_assert_cmpstr (
        buffer, ==,
        "{\"duration\":\"1d\",\"events\":[\"accepted\"],\"filter\":{\"AND\":["
        "{\"attribute\":\"domain\",\"comparator\":\"=\",\"values\":"
        "[{\"label\":\"example.com\",\"value\":\"example.com\"}]},"
        "{\"attribute\":\"message_id\",\"comparator\":\"=\",\"values\":"
        "[{\"label\":\"a\\\"b@x\",\"value\":\"a\\\"b@x\"}]}]},"
        "\"pagination\":{\"sort\":\"timestamp:desc\",\"limit\":100}}");
    for (guint i = 0; i < request->headers->len; i++) {
        const BrevHttpHeader *header = request->headers->pdata[i];
        if (strcmp (header->name, "Authorization") != 0)
            continue;
        n_secrets++;
        g_assert_true (header->is_secret);
        g_assert_cmpstr (header->value, ==, "Basic YXBpOmtleQ==");
    }
    g_assert_cmpuint (n_secrets, ==, 1);
}

/* What an application wrote into a name or a value cannot end it. */
static void
test_form (void)
{
    g_autoptr (GPtrArray) mails = test_mails_new (ONE);
    g_autofree char *name = g_strdup ("main"), *provider = g_strdup ("mailgun"),
                    *region = g_strdup ("eu");
    const BrevAccount account = { .name = name, .provider = provider, .region = region };
    g_autofree char *endpoint = brev_provider_endpoint (mailgun (), &account);
    BrevMail *mail = mails->pdata[0];
    const BrevMessage message = { 0 };
    char buffer[2000] = "";

    mail->queue_id = "q1";
    mail->message = &message;
    mail->raw = brev_body_new ();
    brev_body_add (mail->raw, "From: x\r\n\r\n");
    mail->controls.tag = g_strdup ("a\r\n--form-q1");
    add_metadata (mail, "n\"; x=\"\r\nX: y", "v");
    add_metadata (mail, "brevdue-id", "q1");
    g_autoptr (BrevHttpRequest) request =
        mailgun ()->encode (mails, &account, "key", endpoint, NULL);
    g_assert_cmpstr (request->url, ==,
                     "https://api.eu.mailgun.net/v3/example.com/messages.mime");
    g_assert_cmpint (brev_body_read (request->body, buffer, sizeof buffer - 1, NULL), >,
                     0);
    g_assert_nonnull (strstr (buffer, "name=\"v:n%22; x=%22  X: y\"\r\n\r\nv\r\n"));
    g_assert_nonnull (strstr (buffer, "name=\"v:brevdue-id\"\r\n\r\nq1\r\n"));
    g_assert_nonnull (strstr (buffer, "\r\n\r\na  --form-q1\r\n"));
    g_assert_true (g_str_has_suffix (
        buffer, "message/rfc822\r\n\r\nFrom: x\r\n\r\n\r\n--form-q1--\r\n"));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/mailgun/replies", test_table);
    g_test_add_func ("/mailgun/common", test_common);
    g_test_add_func ("/mailgun/form", test_form);
    g_test_add_func ("/mailgun/search", test_search);
    g_test_add_func ("/mailgun/search-request", test_search_request);
    return g_test_run ();
}
