/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define RESULT(address, status, more) \
    "{\"email\": \"" address "\", \"status\": \"" status "\"" more "}"
#define A(status) \
    RESULT ("a@example.com", status, ", \"reject_reason\": null, \"_id\": \"i1\"")
#define B(status) RESULT ("b@example.org", status, ", \"_id\": \"i2\"")
#define REJECTED(reason)                     \
    "[" RESULT ("a@example.com", "rejected", \
                ", \"_id\": \"i1\", \"reject_reason\": \"" reason "\"") "]"
#define ERROR(name, words)                                    \
    "{\"status\": \"error\", \"code\": -1, \"name\": \"" name \
    "\", \"message\": \"" words "\"}"

/* clang-format off */
static const TestReply replies[] = {
    { ONE, 200, NULL, "[" A ("sent") "]", "accepted(i1)" },
    { TWO, 200, NULL, "[" B ("queued") ", " A ("scheduled") "]", "accepted(i1) accepted(i2)" },
    { ONE, 200, NULL, "[" RESULT ("A@EXAMPLE.com", "queued", ", \"queued_reason\": \"hourly-quota\", \"_id\": \"i1\"") "]",
      "accepted(i1)" },
    /* some, others, nobody, nothing that we know */
    { TWO, 200, NULL, "[" A ("sent") "]", "accepted(i1) unknown" },
    { ONE, 200, NULL, "[" B ("sent") "]", "unknown" },
    { ONE, 200, NULL, "[]", "unknown" },
    { ONE, 200, NULL, "[7, null, {}, []]", "unknown" },
    { ONE, 200, NULL, "[" A ("something") "]", "unknown" },
    { ONE, 200, NULL, "[" RESULT ("a@example.com", "sent", "") "]", "unknown" },
    { ONE, 202, NULL, "[" A ("sent") "]", "unknown" },
    /* one of them is rejected */
    { TWO, 200, NULL, "[" RESULT ("a@example.com", "rejected", ", \"reject_reason\": \"hard-bounce\"") ", " B ("sent") "]",
      "refused 5.2.1 accepted(i2)" },
    { TWO, 200, NULL, "[" A ("sent") ", " RESULT ("b@example.org", "invalid", "") "]", "accepted(i1) refused 5.1.3" },
    { ONE, 200, NULL, REJECTED ("hard-bounce"), "refused 5.2.1" },
    { ONE, 200, NULL, REJECTED ("soft-bounce"), "refused 5.2.1" },
    { ONE, 200, NULL, REJECTED ("spam"), "refused 5.7.1" },
    { ONE, 200, NULL, REJECTED ("unsub"), "refused 5.7.1" },
    { ONE, 200, NULL, REJECTED ("custom"), "refused 5.7.1" },
    { ONE, 200, NULL, REJECTED ("invalid"), "refused 5.1.3" },
    { ONE, 200, NULL, REJECTED ("invalid-sender"), "account/sender" },
    { ONE, 200, NULL, REJECTED ("unsigned"), "account/sender" },
    { ONE, 200, NULL, REJECTED ("test-mode-limit"), "account/account" },
    { ONE, 200, NULL, REJECTED ("rule"), "account/recipient" },
    { ONE, 200, NULL, REJECTED ("something"), "later" },
    { ONE, 200, NULL, "[" A ("rejected") "]", "later" },
    /* errors, by their names */
    { ONE, 401, NULL, ERROR ("Invalid_Key", "Invalid API key"), "account/account" },
    { ONE, 500, NULL, ERROR ("Invalid_Key", "Invalid API key"), "account/account" },
    { ONE, 200, NULL, ERROR ("Invalid_Key", "Invalid API key"), "account/account" },
    { TWO, 402, NULL, ERROR ("PaymentRequired", "balance"), "account/account account/account" },
    { ONE, 500, NULL, ERROR ("PaymentRequired", "balance"), "account/account" },
    { ONE, 500, NULL, ERROR ("PoorReputation", "reputation"), "account/account" },
    { ONE, 404, NULL, ERROR ("Unknown_Subaccount", "No subaccount exists with the id 'x'"), "account/account" },
    { ONE, 403, NULL, ERROR ("Forbidden", "this key may not"), "account/account" },
    { ONE, 500, NULL, ERROR ("GeneralError", "An unknown error occurred"), "later" },
    { ONE, 503, NULL, ERROR ("ServiceUnavailable", "maintenance"), "later" },
    { ONE, 429, "Retry-After: 5", ERROR ("RequestLimitExceeded", "Too Many Requests"), "later+5" },
    { ONE, 500, NULL, ERROR ("ValidationError", "Validation error: {\\\"raw_message\\\":\\\"x\\\"}"), "park" },
    { ONE, 422, NULL, ERROR ("ValidationError", "You must specify a key value"), "park" },
    { TWO, 500, NULL, ERROR ("ValidationError", "Validation error: b@example.org is not valid"), "again refused 5.1.3" },
    { ONE, 500, NULL, ERROR ("SomethingNew", "x"), "later" },
    { ONE, 400, NULL, ERROR ("SomethingNew", "x"), "later" },
    { ONE, 500, NULL, "<html>", "later" },
    { ONE, 502, NULL, "<html>", "unknown" },
    { ONE, 413, NULL, "<html>", "refused 5.3.4" },
};

#define METADATA(id) ", \"metadata\": {\"k\": \"v\", \"brevdue-id\": \"" id "\"}"
#define ENTRY(id, address, state, more) \
    "{\"ts\": 1, \"_id\": \"" id "\", \"email\": \"" address "\", \"state\": \"" state "\"" more "}"

static const TestReply searches[] = { /* of the mail "q1" */
    { ONE, 200, NULL, "[" ENTRY ("i1", "a@example.com", "sent", METADATA ("q1")) "]", "accepted(i1)" },
    { ONE, 200, NULL, "[" ENTRY ("i1", "A@Example.COM", "queued", METADATA ("q1")) "]", "accepted(i1)" },
    { ONE, 200, NULL, "[" ENTRY ("i1", "a@example.com", "bounced", METADATA ("q1")) "]", "accepted(i1)" },
    { TWO, 200, NULL, "[" ENTRY ("i2", "b@example.org", "sent", METADATA ("q1")) "]", "later accepted(i2)" },
    /* among others' mail; two copies */
    { ONE, 200, NULL, "[7, null, [], " ENTRY ("i0", "a@example.com", "sent", METADATA ("q0")) ", "
      "{\"_id\": \"s\", \"channel\": \"sms\", \"to\": \"+1\"}, "
      ENTRY ("i1", "a@example.com", "sent", METADATA ("q1")) "]", "accepted(i1)" },
    { ONE, 200, NULL, "[" ENTRY ("i2", "a@example.com", "sent", METADATA ("q1")) ", "
      ENTRY ("i1", "a@example.com", "sent", METADATA ("q1")) "]", "accepted(i2)" },
    /* no proof: another mail, another recipient, no metadata, no id */
    { ONE, 200, NULL, "[" ENTRY ("i1", "a@example.com", "sent", METADATA ("q2")) "]", "later" },
    { ONE, 200, NULL, "[" ENTRY ("i1", "b@example.org", "sent", METADATA ("q1")) "]", "later" },
    { ONE, 200, NULL, "[" ENTRY ("i1", "a@example.com.org", "sent", METADATA ("q1")) "]", "later" },
    { ONE, 200, NULL, "[" ENTRY ("i1", "a@example.com", "sent", "") "]", "later" },
    { ONE, 200, NULL, "[" ENTRY ("i1", "a@example.com", "sent", ", \"metadata\": []") "]", "later" },
    { ONE, 200, NULL, "[" ENTRY ("i1", "a@example.com", "sent", ", \"metadata\": {\"brevdue-id\": 1}") "]", "later" },
    { ONE, 200, NULL, "[" ENTRY ("", "a@example.com", "sent", METADATA ("q1")) "]", "later" },
    { ONE, 200, NULL, "[{\"_id\": \"i1\"" METADATA ("q1") "}]", "later" },
    { ONE, 200, NULL, "[]", "later" },
    /* Mandrill did not send it: but for another copy it comes again, and is refused in words */
    { ONE, 200, NULL, "[" ENTRY ("i1", "a@example.com", "rejected", METADATA ("q1")) "]", "later" },
    { ONE, 200, NULL, "[" ENTRY ("i2", "a@example.com", "rejected", METADATA ("q1")) ", "
      ENTRY ("i1", "a@example.com", "sent", METADATA ("q1")) "]", "accepted(i1)" },
    /* no list */
    { ONE, 200, NULL, ENTRY ("i1", "a@example.com", "sent", METADATA ("q1")), "later" },
    { ONE, 200, NULL, "<html>", "later" },
    { ONE, 200, NULL, "", "later" },
    { ONE, 202, NULL, "[" ENTRY ("i1", "a@example.com", "sent", METADATA ("q1")) "]", "later" },
    { ONE, 302, NULL, "[]", "later" },
    { ONE, 401, NULL, ERROR ("Invalid_Key", "Invalid API key"), "refused 4.4.2" },
    { ONE, 500, NULL, ERROR ("Invalid_Key", "Invalid API key"), "refused 4.4.2" },
    { ONE, 200, NULL, ERROR ("Invalid_Key", "Invalid API key"), "refused 4.4.2" },
    { ONE, 401, NULL, "<html>", "account/account" },
    { ONE, 402, NULL, ERROR ("PaymentRequired", "balance"), "later" },
    { ONE, 403, NULL, ERROR ("Forbidden", "this key may not"), "refused 4.4.2" },
    { ONE, 403, NULL, "<html>", "refused 4.4.2" },
    { ONE, 429, "Retry-After: 5", ERROR ("RequestLimitExceeded", "Too Many Requests"), "later+5" },
    { ONE, 500, NULL, ERROR ("GeneralError", "x"), "later" },
    { ONE, 500, NULL, "[" ENTRY ("i1", "a@example.com", "sent", METADATA ("q1")) "]", "later" },
    { ONE, 503, NULL, ERROR ("ServiceUnavailable", "maintenance"), "later" },
};
/* clang-format on */

static const BrevProvider *
mandrill (void)
{
    return brev_provider_find ("mandrill");
}

static void
test_table (void)
{
    test_replies (mandrill (), replies, G_N_ELEMENTS (replies));
}

static void
test_common (void)
{
    test_common_replies (mandrill ());
    test_mutated_reply (mandrill (), &replies[0]);
}

static char *
read_all (BrevBody *body)
{
    GString *text = g_string_new (NULL);
    char buffer[100];
    gssize got;

    while ((got = brev_body_read (body, buffer, sizeof buffer, NULL)) > 0)
        g_string_append_len (text, buffer, got);
    return g_string_free (text, FALSE);
}

/* The key is in the body, and in nothing that a person is shown. */
static void
test_key_stays_secret (void)
{
    g_autoptr (GPtrArray) mails = test_mails_new (ONE);
    BrevMail *mail = mails->pdata[0];
    BrevAccount account = { .name = (char[]){ "main" } };
    const BrevMessage message = { 0 };

    mail->message = &message;
    mail->raw = brev_body_new ();
    brev_body_add (mail->raw, "From: a@example.com\r\n\r\n");
    g_autoptr (BrevHttpRequest) request =
        mandrill ()->encode (mails, &account, "md-secret", "https://x", NULL);
    g_autofree char *sent = read_all (request->body);
    brev_body_hide_secrets (request->body);
    g_autofree char *shown = read_all (request->body);
    g_assert_nonnull (strstr (sent, "\"key\":\"md-secret\""));
    g_assert_nonnull (strstr (shown, "\"key\":\"***\""));
    g_assert_null (strstr (shown, "md-secret"));
    for (guint i = 0; i < request->headers->len; i++)
        g_assert_null (
            strstr (((BrevHttpHeader *) request->headers->pdata[i])->value, "md-secret"));
    g_assert_null (strstr (request->url, "md-secret"));
}

static void
test_search (void)
{
    test_searches (mandrill (), searches, G_N_ELEMENTS (searches));
    test_cut_search (mandrill (), &searches[0]);
}

/* The key stays secret there, too; an address is one phrase, whatever it holds. */
static void
test_search_request (void)
{
    static const struct {
        const char *address, *want;
    } cases[] = {
        { "a@example.com", "email:\\\"a@example.com\\\"" },
        { "A+b_*@example.com", "email:\\\"A+b_*@example.com\\\"" },
        { "\"a b\"@example.com", "email:\\\"\\\\\\\"a b\\\\\\\"@example.com\\\"" },
    };
    const BrevAccount account = { .name = (char[]){ "main" } };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (GPtrArray) mails = test_mail_in_doubt ("a@example.com", "q1");
        BrevMail *mail = mails->pdata[0];
        BrevMailbox *to = mail->to->pdata[0];
        g_free (to->address);
        to->address = g_strdup (cases[i].address);
        g_autoptr (BrevHttpRequest) request =
            mandrill ()->search (mail, &account, "md-secret", "https://x", NULL);
        g_autofree char *sent = read_all (request->body);
        brev_body_hide_secrets (request->body);
        g_autofree char *shown = read_all (request->body);
        g_autofree char *want = g_strdup_printf (
            "{\"key\":\"md-secret\",\"query\":\"%s\",\"limit\":200}", cases[i].want);
        g_assert_cmpstr (request->method, ==, "POST");
        g_assert_cmpstr (request->url, ==, "https://x/messages/search");
        g_assert_cmpstr (sent, ==, want);
        g_assert_true (g_str_has_prefix (shown, "{\"key\":\"***\",\"query\":"));
        g_assert_null (strstr (shown, "md-secret"));
    }
}

static void
test_search_needs_queue_id (void)
{
    g_autoptr (GPtrArray) mails = test_mail_in_doubt (ONE, "theirs");
    const BrevAccount account = { .name = (char[]){ "main" } };
    g_autoptr (GError) error = NULL;

    g_assert_null (
        mandrill ()->search (mails->pdata[0], &account, "key", "https://x", &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/mandrill/replies", test_table);
    g_test_add_func ("/mandrill/common", test_common);
    g_test_add_func ("/mandrill/key-stays-secret", test_key_stays_secret);
    g_test_add_func ("/mandrill/search", test_search);
    g_test_add_func ("/mandrill/search-request", test_search_request);
    g_test_add_func ("/mandrill/search-needs-queue-id", test_search_needs_queue_id);
    return g_test_run ();
}
