/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define DATA(members) "{\"request_id\": \"r\", \"data\": {" members "}}"
#define OK(id) \
    DATA ("\"succeeded\": 1, \"failed\": 0, \"failures\": [], \"email_id\": \"" id "\"")
#define FAILED(words) \
    DATA ("\"succeeded\": 0, \"failed\": 1, \"failures\": [\"" words "\"]")
#define ERROR(code, text) \
    DATA ("\"error_code\": \"E_ApiResponseCodes." code "\", \"error\": \"" text "\"")
#define INVALID(field, text)                                                            \
    DATA (                                                                              \
        "\"error_code\": \"E_ApiResponseCodes.NON_VALIDATING_IN_PAYLOAD\", \"error\": " \
        "\"x\", \"field_validation_errors\": {\"fieldname\": \"" field                  \
        "\", \"message\": \"" text "\"}")

/* clang-format off */
static const TestReply accepted[] = {
    { ONE, 200, NULL, OK ("1u0SwL-B9"), "accepted(1u0SwL-B9)" },
    { TWO, 200, NULL, OK ("1u0SwL-B9"), "accepted(1u0SwL-B9) accepted(1u0SwL-B9)" },
    { ONE, 200, NULL, DATA ("\"succeeded\": 1, \"failed\": 0, \"failures\": []"), "accepted((null))" },
    /* it failed, and says so with 200 */
    { ONE, 200, NULL, FAILED ("a@example.com is suppressed"), "refused 5.2.1" },
    { TWO, 200, NULL, FAILED ("b@example.org is suppressed"), "again refused 5.2.1" },
    { TWO, 200, NULL, FAILED ("recipient is suppressed"), "split split" },
    { ONE, 200, NULL, FAILED ("the sender domain is not verified"), "account/sender" },
    { ONE, 200, NULL, FAILED ("something new"), "later" },
    { ONE, 200, NULL, DATA ("\"succeeded\": 0, \"failed\": 1"), "later" },
    /* not what is documented */
    { ONE, 200, NULL, DATA ("\"succeeded\": 0, \"failed\": 0, \"failures\": []"), "unknown" },
    { ONE, 200, NULL, DATA ("\"succeeded\": 1, \"failed\": 1, \"failures\": []"), "unknown" },
    { ONE, 200, NULL, DATA ("\"email_id\": \"1\""), "unknown" }, /* of fastaccept, which we do not ask for */
    { ONE, 200, NULL, ERROR ("API_EXCEPTION", "x"), "unknown" },
};

static const TestReply errors[] = {
    { ONE, 401, NULL, ERROR ("API_EXCEPTION", "x"), "account/account" },
    { ONE, 402, NULL, ERROR ("API_EXCEPTION", "x"), "account/account" },
    { ONE, 403, NULL, ERROR ("API_EXCEPTION", "x"), "account/account" },
    { ONE, 403, NULL, "<html>", "later" },
    { ONE, 400, NULL, ERROR ("ENDPOINT_PERMISSION_DENIED", "You do not have permission"), "account/account" },
    { ONE, 400, NULL, ERROR ("API_EXCEPTION", "The API key is not valid"), "account/account" },
    { ONE, 400, NULL, "{\"error_code\": \"E_ApiResponseCodes.API_EXCEPTION\", \"error\": \"no such api key\"}",
      "account/account" },
    { ONE, 400, NULL, INVALID ("sender", "is not verified"), "account/sender" },
    { ONE, 400, NULL, INVALID ("sender", "is no address"), "account/sender" },
    { ONE, 400, NULL, INVALID ("to", "is no address"), "refused 5.1.3" },
    { TWO, 400, NULL, INVALID ("cc", "is no address"), "split split" },
    { TWO, 400, NULL, INVALID ("to", "b@example.org is no address"), "again refused 5.1.3" },
    { ONE, 400, NULL, INVALID ("attachments", "x"), "refused 5.6.1" },
    { ONE, 400, NULL, INVALID ("custom_headers", "x"), "park" },
    { ONE, 400, NULL, ERROR ("API_EXCEPTION", "something new"), "later" },
    { ONE, 413, NULL, "", "refused 5.3.4" },
    { ONE, 500, NULL, ERROR ("API_EXCEPTION", "x"), "later" },
};

static const TestReply rates[] = {
    { ONE, 429, NULL, ERROR ("API_EXCEPTION", "x"), "later+60" },
    { ONE, 429, "Retry-After: 90", "", "later+90" },
    { ONE, 429, "Retry-After: 5", ERROR ("API_EXCEPTION", "x"), "later+60" },
};
/* clang-format on */

static const BrevProvider *
smtp2go (void)
{
    return brev_provider_find ("smtp2go");
}

static void
test_tables (void)
{
    test_replies (smtp2go (), accepted, G_N_ELEMENTS (accepted));
    test_replies (smtp2go (), errors, G_N_ELEMENTS (errors));
    test_replies (smtp2go (), rates, G_N_ELEMENTS (rates));
}

static void
test_common (void)
{
    test_common_replies (smtp2go ());
    test_mutated_reply (smtp2go (), &accepted[0]);
    test_mutated_reply (smtp2go (), &accepted[4]);
    test_mutated_reply (smtp2go (), &errors[9]);
}

#define EVENT(event, id, recipient, recipients)                                    \
    "{\"event\": \"" event "\", \"email_id\": \"e1\", \"recipient\": " recipient   \
    ", \"recipients\": " recipients ", \"custom_headers\": {\"Message-ID\": \"" id \
    "\"}}"
#define OURS "<q1@web.example>"
#define A "\"A@example.com\""
#define B "\"b@example.org\""
#define LIST(events) \
    "{\"request_id\": \"r\", \"data\": {\"events\": [" events "], \"total_events\": 9}}"

/* clang-format off */
static const TestReply searches[] = { /* of queue id q1 */
    { TWO, 200, NULL, LIST (EVENT ("processed", OURS, A, "[" A ", " B "]")), "accepted(e1) accepted(e1)" },
    { TWO, 200, NULL, LIST (EVENT ("processed", OURS, A, "[]")), "accepted(e1) later" },
    { TWO, 200, NULL, LIST (EVENT ("processed", OURS, "null", "[null, 1, [], " B "]")), "later accepted(e1)" },
    { ONE, 200, NULL, LIST (EVENT ("processed", "<q2@web.example>", A, "[" A "]") ", "
      EVENT ("processed", OURS, A, "[" A "]")), "accepted(e1)" },
    /* not shown is no answer, nor is a filter that was ignored, or another form */
    { TWO, 200, NULL, LIST (""), "later later" },
    { ONE, 200, NULL, LIST (EVENT ("processed", "<q2@web.example>", A, "[" A "]")), "later" },
    { ONE, 200, NULL, LIST (EVENT ("processed", "<q1@other.example>", A, "[" A "]")), "later" },
    { ONE, 200, NULL, LIST (EVENT ("processed", OURS, B, "[" B "]")), "later" },
    { ONE, 200, NULL, LIST (EVENT ("rejected", OURS, A, "[" A "]")), "later" },
    { ONE, 200, NULL, LIST ("{\"event\": \"processed\", \"recipient\": " A "}"), "later" },
    { ONE, 200, NULL, LIST ("{\"event\": \"processed\", \"recipient\": " A ", \"custom_headers\": []}"), "later" },
    { ONE, 200, NULL, LIST ("null, 1, []"), "later" },
    { ONE, 200, NULL, "{\"data\": {\"events\": {}}}", "later" },
    { ONE, 200, NULL, "{}", "later" },
    { ONE, 200, NULL, "<html>", "later" },
    { ONE, 200, NULL, "{\"data\": {\"events\": [" EVENT ("processed", OURS, A, "[" A "]"), "later" },
    { ONE, 202, NULL, LIST (EVENT ("processed", OURS, A, "[" A "]")), "later" },
    /* a key has permissions for each endpoint: nothing is said of the account */
    { TWO, 400, NULL, ERROR ("ENDPOINT_PERMISSION_DENIED", "x"), "refused 4.4.2 refused 4.4.2" },
    { ONE, 401, NULL, ERROR ("ENDPOINT_PERMISSION_DENIED", "x"), "refused 4.4.2" },
    { ONE, 403, NULL, "", "refused 4.4.2" },
    { ONE, 401, NULL, "", "account/account" },
    { ONE, 200, NULL, ERROR ("ENDPOINT_PERMISSION_DENIED", "x"), "later" },
    { ONE, 400, NULL, INVALID ("limit", "x"), "later" },
    { ONE, 429, "Retry-After: 5", "", "later+5" },
    { ONE, 500, NULL, LIST (EVENT ("processed", OURS, A, "[" A "]")), "later" },
};
/* clang-format on */

static void
test_search (void)
{
    test_searches (smtp2go (), searches, G_N_ELEMENTS (searches));
}

/* An application may have written its Message-ID into other mail, too: that is no proof. */
static void
test_foreign_id (void)
{
    static const char *const ids[] = { NULL,   "",        "<x@web.example>",
                                       "<q1>", "<q11@x>", "q1@web.example" };
    g_autoptr (GPtrArray) mails = test_mails_new (ONE);
    BrevMail *mail = mails->pdata[0];

    mail->queue_id = "q1";
    for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
        g_autoptr (GError) error = NULL;
        g_free (mail->message_id);
        mail->message_id = g_strdup (ids[i]);
        g_assert_null (smtp2go ()->search (mail, NULL, "key", "https://x", &error));
        g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
    }
}

static void
test_search_request (void)
{
    g_autoptr (GPtrArray) mails = test_mails_new (TWO);
    BrevMail *mail = mails->pdata[0];
    char buffer[1000] = "";
    guint n_secrets = 0;

    mail->queue_id = "q1";
    g_free (mail->message_id);
    mail->message_id = g_strdup (OURS);
    g_autoptr (BrevHttpRequest) request =
        smtp2go ()->search (mail, NULL, "key", "https://x/v3", NULL);
    g_assert_cmpstr (request->method, ==, "POST");
    g_assert_cmpstr (request->url, ==, "https://x/v3/activity/search");
    g_assert_cmpint (brev_body_read (request->body, buffer, sizeof buffer - 1, NULL), >,
                     0);
    g_assert_cmpstr (buffer, ==,
                     "{\"search_recipient\":\"a@example.com\","
                     "\"event_types\":[\"processed\"],"
                     "\"custom_headers\":[\"Message-ID\"],\"limit\":1000}");
    for (guint i = 0; i < request->headers->len; i++) {
        const BrevHttpHeader *header = request->headers->pdata[i];
        if (strcmp (header->name, "X-Smtp2go-Api-Key") != 0)
            continue;
        n_secrets++;
        g_assert_true (header->is_secret);
        g_assert_cmpstr (header->value, ==, "key");
    }
    g_assert_cmpuint (n_secrets, ==, 1);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/smtp2go/replies", test_tables);
    g_test_add_func ("/smtp2go/common", test_common);
    g_test_add_func ("/smtp2go/search", test_search);
    g_test_add_func ("/smtp2go/foreign-id", test_foreign_id);
    g_test_add_func ("/smtp2go/search-request", test_search_request);
    return g_test_run ();
}
