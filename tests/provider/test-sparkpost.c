/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define RESULTS(accepted, rejected, more)                            \
    "\"results\": {" more "\"total_rejected_recipients\": " rejected \
    ", \"total_accepted_recipients\": " accepted ", \"id\": \"11668787484950529\"}"
#define SUCCESS(accepted, rejected) "{" RESULTS (accepted, rejected, "") "}"
#define REJECTED(accepted, rejected)                                                     \
    "{\"errors\": [{\"message\": \"transmission created, but with validation errors\", " \
    "\"code\": \"2000\"}], " RESULTS (                                                   \
        accepted, rejected,                                                              \
        "\"rcpt_to_errors\": [{\"message\": \"invalid data format\", \"code\": "         \
        "\"1300\", \"description\": \"no valid address\"}], ") "}"
#define ERROR(code, words)             \
    "{\"errors\": [{\"code\": \"" code \
    "\", \"message\": \"m\", \"description\": \"" words "\"}]}"
/* As its users have seen it: the results are those of a success. */
#define SUPPRESSED                                                                             \
    "{\"errors\": [{\"code\": \"1902\", \"message\": \"Message generation rejected\", "        \
    "\"description\": \"recipient address was suppressed due to system policy\"}], " RESULTS ( \
        "1", "0", "") "}"

/* clang-format off */
static const TestReply replies[] = {
    { ONE, 200, NULL, SUCCESS ("1", "0"), "accepted(11668787484950529)" },
    { TWO, 200, NULL, SUCCESS ("2", "0"), "accepted(11668787484950529) accepted(11668787484950529)" },
    /* in part, not at all, and what does not add up */
    { ONE, 200, NULL, REJECTED ("0", "1"), "refused 5.1.3" },
    { ONE, 200, NULL, SUCCESS ("0", "1"), "refused 5.1.3" },
    { TWO, 200, NULL, REJECTED ("0", "2"), "split split" },
    { TWO, 200, NULL, REJECTED ("1", "1"), "park park" },
    { TWO, 200, NULL, SUCCESS ("1", "0"), "unknown unknown" },
    { ONE, 200, NULL, SUCCESS ("0", "0"), "unknown" },
    { ONE, 200, NULL, SUCCESS ("2", "-1"), "unknown" },
    { ONE, 200, NULL, SUCCESS ("\"1\"", "0"), "unknown" },
    { ONE, 202, NULL, SUCCESS ("1", "0"), "unknown" },
    { ONE, 200, NULL, "{\"results\": {\"id\": \"1\"}}", "unknown" },
    { ONE, 200, NULL, "{\"results\": []}", "unknown" },
    /* one recipient */
    { ONE, 400, NULL, SUPPRESSED, "refused 5.2.1" },
    { TWO, 400, NULL, SUPPRESSED, "split split" },
    { TWO, 400, NULL, ERROR ("1902", "b@example.org was suppressed"), "again refused 5.2.1" },
    { ONE, 400, NULL, ERROR ("1902", "for another reason"), "later" },
    { ONE, 400, NULL, ERROR ("5002", "no valid recipients"), "refused 5.1.3" },
    { TWO, 400, NULL, ERROR ("5002", "no valid recipients"), "split split" },
    /* the account, the sender, the pool */
    { ONE, 401, NULL, "{\"errors\": [{\"message\": \"Unauthorized.\"}]}", "account/account" },
    { ONE, 401, NULL, ERROR ("1303", "unauthorized tenant"), "account/account" },
    { ONE, 403, NULL, "{\"errors\": [{\"message\": \"Forbidden.\"}]}", "account/account" },
    { ONE, 403, NULL, "<html>", "account/account" },
    { TWO, 403, NULL, ERROR ("1601", "No license"), "account/account account/account" },
    { ONE, 400, NULL, ERROR ("1910", "not configured"), "account/account" },
    { ONE, 420, NULL, ERROR ("2103", "sandbox"), "account/account" },
    { ONE, 400, NULL, ERROR ("7000", "blacklisted"), "account/sender" },
    { ONE, 400, NULL, ERROR ("7001", "Unconfigured or unverified sending domain."), "account/sender" },
    { ONE, 422, NULL, ERROR ("1603", "Subresource not found"), "account/stream" },
    { ONE, 404, NULL, ERROR ("1600", "resource not found"), "account/account" },
    /* later */
    { ONE, 420, NULL, "{\"errors\": [{\"message\": \"Exceed Sending Limit (hourly)\", \"code\": \"2101\"}]}", "later+600" },
    { ONE, 420, NULL, ERROR ("2102", "daily"), "later+3600" },
    { ONE, 420, "Retry-After: 9", ERROR ("2101", "hourly"), "later+9" },
    { ONE, 420, NULL, "<html>", "later+600" },
    { ONE, 429, NULL, "{\"errors\": [{\"message\": \"Too many requests\"}]}", "later" },
    { ONE, 400, NULL, ERROR ("1502", "Server resources unavailable"), "later" },
    { ONE, 500, NULL, ERROR ("1500", "Failed to update database"), "later" },
    { ONE, 503, NULL, ERROR ("1900", "not available"), "later" },
    { ONE, 400, NULL, ERROR ("1901", "Message failed to generate"), "later" },
    { ONE, 400, NULL, ERROR ("9999", "a@example.com"), "later" },
    { ONE, 400, NULL, "{\"errors\": [{\"code\": 1502}]}", "later" },
    { ONE, 400, NULL, "{\"errors\": [7, null]}", "later" },
    { ONE, 400, NULL, "{\"errors\": []}", "later" },
    /* our own mistakes; one that is none decides */
    { ONE, 400, NULL, ERROR ("1200", "invalid params"), "park" },
    { ONE, 422, NULL, ERROR ("1300", "invalid data format/type/length"), "park" },
    { ONE, 422, NULL, "{\"errors\": [{\"code\": 1300}]}", "park" },
    { ONE, 422, NULL, ERROR ("1301", "Invalid combination of fields"), "park" },
    { ONE, 400, NULL, ERROR ("1305", "Input Data not UTF8 encoded"), "park" },
    { ONE, 422, NULL, ERROR ("1400", "Required field is missing"), "park" },
    { ONE, 400, NULL, ERROR ("1401", "Required parameter missing"), "park" },
    { ONE, 406, NULL, ERROR ("1800", "header"), "park" },
    { ONE, 415, NULL, ERROR ("1700", "Unsupported Content-Type header"), "park" },
    { ONE, 422, NULL, ERROR ("3000", "syntax error"), "park" },
    { ONE, 422, NULL, ERROR ("3001", "render error"), "park" },
    { ONE, 422, NULL, ERROR ("3002", "Invalid header"), "park" },
    { ONE, 422, NULL, ERROR ("3010", "mime construction error"), "park" },
    { ONE, 422, NULL, ERROR ("3020", "mime parsing error"), "park" },
    { ONE, 422, NULL, ERROR ("3040", "corrupt"), "park" },
    { ONE, 422, NULL, ERROR ("3050", "invalid"), "park" },
    { ONE, 400, NULL, "{\"errors\": [{\"code\": \"5002\"}, {\"code\": \"7001\"}]}", "account/sender" },
    { ONE, 413, NULL, "<html>", "refused 5.3.4" },
};

#define META(id) "{\"k\": [\"v\"], \"brevdue-id\": \"" id "\"}"
#define EVENT(type, id, to, meta)                                              \
    "{\"type\": \"" type "\", \"message_id\": \"m\", \"transmission_id\": \"" id \
    "\", \"rcpt_to\": \"" to "\", \"rcpt_meta\": " meta "}"
#define EVENTS(events) "{\"results\": [" events "], \"total_count\": 1, \"links\": []}"

static const TestReply searches[] = { /* of the mail "q1" */
    { ONE, 200, NULL, EVENTS (EVENT ("injection", "t1", "a@example.com", META ("q1"))), "accepted(t1)" },
    { ONE, 200, NULL, EVENTS (EVENT ("delivery", "t1", "A@Example.COM", META ("q1"))), "accepted(t1)" },
    { ONE, 200, NULL, EVENTS (EVENT ("delay", "t1", "a@example.com", META ("q1"))), "accepted(t1)" },
    { ONE, 200, NULL, EVENTS (EVENT ("bounce", "t1", "a@example.com", META ("q1"))), "accepted(t1)" },
    { ONE, 200, NULL, EVENTS (EVENT ("something", "t1", "a@example.com", META ("q1"))), "accepted(t1)" },
    { TWO, 200, NULL, EVENTS (EVENT ("injection", "t2", "b@example.org", META ("q1"))), "later accepted(t2)" },
    /* several events of one copy, among others' mail; two copies */
    { ONE, 200, NULL, EVENTS ("7, null, {}, " EVENT ("open", "t0", "a@example.com", META ("q0")) ", "
      EVENT ("delivery", "t1", "a@example.com", META ("q1")) ", "
      EVENT ("injection", "t1", "a@example.com", META ("q1"))), "accepted(t1)" },
    { ONE, 200, NULL, EVENTS (EVENT ("injection", "t2", "a@example.com", META ("q1")) ", "
      EVENT ("injection", "t1", "a@example.com", META ("q1"))), "accepted(t2)" },
    /* no proof: another mail, another recipient, no metadata, no id */
    { ONE, 200, NULL, EVENTS (EVENT ("injection", "t1", "a@example.com", META ("q2"))), "later" },
    { ONE, 200, NULL, EVENTS (EVENT ("injection", "t1", "b@example.org", META ("q1"))), "later" },
    { ONE, 200, NULL, EVENTS (EVENT ("injection", "t1", "a@example.com", "{}")), "later" },
    { ONE, 200, NULL, EVENTS (EVENT ("injection", "t1", "a@example.com", "[\"brevdue-id\", \"q1\"]")), "later" },
    { ONE, 200, NULL, EVENTS (EVENT ("injection", "t1", "a@example.com", "\"q1\"")), "later" },
    { ONE, 200, NULL, EVENTS (EVENT ("injection", "", "a@example.com", META ("q1"))), "later" },
    { ONE, 200, NULL, EVENTS ("{\"type\": \"injection\", \"rcpt_to\": \"a@example.com\", \"rcpt_meta\": " META ("q1") "}"), "later" },
    { ONE, 200, NULL, EVENTS ("{\"type\": \"injection\", \"transmission_id\": \"t1\", \"rcpt_meta\": " META ("q1") "}"), "later" },
    { ONE, 200, NULL, EVENTS (""), "later" },
    /* SparkPost did not send it: but for another copy it comes again, and is refused in words */
    { ONE, 200, NULL, EVENTS (EVENT ("policy_rejection", "t1", "a@example.com", META ("q1"))), "later" },
    { ONE, 200, NULL, EVENTS (EVENT ("generation_rejection", "t1", "a@example.com", META ("q1"))), "later" },
    { ONE, 200, NULL, EVENTS (EVENT ("generation_failure", "t1", "a@example.com", META ("q1"))), "later" },
    { ONE, 200, NULL, EVENTS (EVENT ("policy_rejection", "t2", "a@example.com", META ("q1")) ", "
      EVENT ("injection", "t1", "a@example.com", META ("q1"))), "accepted(t1)" },
    /* no list */
    { ONE, 200, NULL, "{\"results\": {}}", "later" },
    { ONE, 200, NULL, "[" EVENT ("injection", "t1", "a@example.com", META ("q1")) "]", "later" },
    { ONE, 200, NULL, "<html>", "later" },
    { ONE, 200, NULL, "", "later" },
    { ONE, 202, NULL, EVENTS (EVENT ("injection", "t1", "a@example.com", META ("q1"))), "later" },
    { ONE, 302, NULL, EVENTS (""), "later" },
    { ONE, 400, NULL, ERROR ("1200", "invalid params"), "later" },
    { ONE, 401, NULL, "{\"errors\": [{\"message\": \"Unauthorized.\"}]}", "account/account" },
    { ONE, 403, NULL, "{\"errors\": [{\"message\": \"Forbidden.\"}]}", "refused 4.4.2" },
    { ONE, 403, NULL, "<html>", "refused 4.4.2" },
    { ONE, 404, NULL, "{\"errors\": 7}", "later" },
    { ONE, 429, "Retry-After: 5", "{\"errors\": [{\"message\": \"Too many requests\"}]}", "later+5" },
    { ONE, 500, NULL, EVENTS (EVENT ("injection", "t1", "a@example.com", META ("q1"))), "later" },
};
/* clang-format on */

static const BrevProvider *
sparkpost (void)
{
    return brev_provider_find ("sparkpost");
}

static void
test_table (void)
{
    test_replies (sparkpost (), replies, G_N_ELEMENTS (replies));
}

static void
test_common (void)
{
    test_common_replies (sparkpost ());
    test_mutated_reply (sparkpost (), &replies[0]);
}

static void
test_search (void)
{
    test_searches (sparkpost (), searches, G_N_ELEMENTS (searches));
    test_cut_search (sparkpost (), &searches[0]);
}

static void
test_search_request (void)
{
    static const struct {
        const char *address, *want;
    } cases[] = {
        { "a@example.com", "a%40example.com" },
        { "A+b@Example.COM", "a%2Bb%40example.com" },
        { "a&from=x@example.com", "a%26from%3Dx%40example.com" },
    };
    const BrevAccount account = { .name = (char[]){ "main" } };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (GPtrArray) mails = test_mail_in_doubt (cases[i].address, "q1");
        g_autoptr (BrevHttpRequest) request = sparkpost ()->search (
            mails->pdata[0], &account, "sp-secret", "https://x", NULL);
        g_autofree char *want = g_strdup_printf (
            "https://x/events/message?recipients=%s&per_page=200", cases[i].want);
        const BrevHttpHeader *token = request->headers->pdata[1];
        g_assert_cmpstr (request->method, ==, "GET");
        g_assert_cmpstr (request->url, ==, want);
        g_assert_cmpuint (request->headers->len, ==, 2);
        g_assert_cmpstr (token->name, ==, "Authorization");
        g_assert_cmpstr (token->value, ==, "sp-secret");
        g_assert_true (token->is_secret);
    }
}

static void
test_search_needs_queue_id (void)
{
    g_autoptr (GPtrArray) mails = test_mail_in_doubt (ONE, "theirs");
    const BrevAccount account = { .name = (char[]){ "main" } };
    g_autoptr (GError) error = NULL;

    g_assert_null (
        sparkpost ()->search (mails->pdata[0], &account, "key", "https://x", &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
}

static void
test_regions (void)
{
    static const struct {
        const char *region, *want;
    } cases[] = {
        { NULL, "https://api.sparkpost.com/api/v1" },
        { "us", "https://api.sparkpost.com/api/v1" },
        { "eu", "https://api.eu.sparkpost.com/api/v1" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *region = g_strdup (cases[i].region);
        BrevAccount account = { .name = (char[]){ "main" },
                                .provider = (char[]){ "sparkpost" },
                                .region = region };
        g_autofree char *endpoint = brev_provider_endpoint (sparkpost (), &account);
        g_assert_true (brev_account_check (&account, "key", NULL));
        g_assert_cmpstr (endpoint, ==, cases[i].want);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/sparkpost/replies", test_table);
    g_test_add_func ("/sparkpost/common", test_common);
    g_test_add_func ("/sparkpost/regions", test_regions);
    g_test_add_func ("/sparkpost/search", test_search);
    g_test_add_func ("/sparkpost/search-request", test_search_request);
    g_test_add_func ("/sparkpost/search-needs-queue-id", test_search_needs_queue_id);
    return g_test_run ();
}
