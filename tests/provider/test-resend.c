/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define BATCH "a@example.com | b@example.com"
#define OK(id) "{\"id\": \"" id "\"}"
#define ERROR(status, name, text) \
    "{\"statusCode\": " #status ", \"name\": \"" name "\", \"message\": \"" text "\"}"
#define FAULT(index, text) "{\"index\": " #index ", \"message\": \"" text "\"}"
#define BAD_TO \
    "Invalid `to` field. The email address needs to follow the `email@example.com` format."

/* clang-format off */
static const TestReply accepted[] = {
    { ONE, 200, NULL, OK ("id-1"), "accepted(id-1)" },
    { TWO, 200, NULL, OK ("id-1"), "accepted(id-1) accepted(id-1)" },
    { BATCH, 200, NULL, "{\"data\": [" OK ("id-1") "," OK ("id-2") "]}", "accepted(id-1) | accepted(id-2)" },
    { BATCH, 200, NULL, "{\"data\": [" OK ("id-1") "," OK ("id-2") "], \"errors\": []}",
      "accepted(id-1) | accepted(id-2)" },
    /* the one that was refused has no id */
    { BATCH, 200, NULL, "{\"data\": [" OK ("id-2") "], \"errors\": [" FAULT (0, BAD_TO) "]}",
      "refused 5.1.3 | accepted(id-2)" },
    { BATCH, 200, NULL, "{\"data\": [" OK ("id-1") "], \"errors\": [" FAULT (1, "The `html` is bad") "]}",
      "accepted(id-1) | park" },
    { TWO " | c@example.com", 200, NULL, "{\"data\": [" OK ("id-2") "], \"errors\": ["
      FAULT (0, "Invalid `to` field: b@example.org") "]}", "again refused 5.1.3 | accepted(id-2)" },
    /* not what is documented */
    { BATCH, 200, NULL, "{\"data\": [" OK ("id-1") "]}", "unknown | unknown" },
    { BATCH, 200, NULL, "{\"data\": [" OK ("id-1") ", {}]}", "accepted(id-1) | unknown" },
    { BATCH, 200, NULL, "{\"data\": [" OK ("id-1") "], \"errors\": [" FAULT (2, "x") "]}", "unknown | unknown" },
    { BATCH, 200, NULL, "{\"data\": [], \"errors\": [" FAULT (0, "x") "," FAULT (0, "x") "]}",
      "unknown | unknown" },
    { BATCH, 200, NULL, "[" OK ("id-1") "," OK ("id-2") "]", "unknown | unknown" },
    { ONE, 200, NULL, "{\"data\": [" OK ("id-1") "]}", "unknown" },
    { ONE, 200, NULL, OK (""), "unknown" },
    { ONE, 200, NULL, ERROR (422, "validation_error", "x"), "unknown" },
};

static const TestReply errors[] = {
    { ONE, 401, NULL, ERROR (401, "missing_api_key", "Missing API Key"), "account/account" },
    { ONE, 401, NULL, ERROR (401, "restricted_api_key", "only send"), "account/account" },
    { ONE, 401, NULL, ERROR (401, "validation_error", "API key is invalid"), "account/account" },
    { ONE, 400, NULL, ERROR (400, "validation_error", "API key is invalid"), "account/account" },
    { ONE, 403, NULL, ERROR (403, "invalid_api_key", "API key is invalid"), "account/account" },
    { ONE, 403, NULL, ERROR (403, "suspended_api_key", "suspended"), "account/account" },
    { ONE, 403, NULL, ERROR (403, "validation_error", "The example.com domain is not verified."),
      "account/sender" },
    { ONE, 403, NULL, ERROR (403, "validation_error", "You can only send testing emails to your own "
      "email address"), "account/sender" },
    { ONE, 403, NULL, "<html>", "later" },
    { ONE, 422, NULL, ERROR (422, "invalid_from_address", "Invalid `from` field."), "account/sender" },
    { ONE, 422, NULL, ERROR (422, "validation_error", "Invalid `from` field."), "account/sender" },
    { ONE, 422, NULL, ERROR (422, "validation_error", BAD_TO), "refused 5.1.3" },
    { TWO, 422, NULL, ERROR (422, "validation_error", BAD_TO), "split split" }, /* whose fault? */
    { TWO, 422, NULL, ERROR (422, "validation_error", "Invalid `cc` field: b@example.org"),
      "again refused 5.1.3" },
    { ONE, 422, NULL, ERROR (422, "validation_error", "Invalid `reply_to` field."), "refused 5.6.0" },
    { ONE, 422, NULL, ERROR (422, "validation_error", "Something new"), "park" },
    { ONE, 422, NULL, ERROR (422, "invalid_attachment", "Attachment must have either a content or path"),
      "refused 5.6.1" },
    { ONE, 422, NULL, ERROR (422, "missing_required_field", "Missing `subject` field."), "park" },
    { ONE, 422, NULL, ERROR (422, "invalid_parameter", "x"), "park" },
    { ONE, 409, NULL, ERROR (409, "invalid_idempotent_request", "other payload"), "park" },
    { ONE, 409, NULL, ERROR (409, "concurrent_idempotent_requests", "in progress"), "later" },
    { ONE, 400, NULL, ERROR (400, "invalid_idempotency_key", "1-256"), "park" },
    { ONE, 451, NULL, ERROR (451, "security_error", "x"), "park" },
    { ONE, 422, NULL, ERROR (422, "something_new", "x"), "later" },
    { ONE, 413, NULL, "", "refused 5.3.4" },
    { ONE, 500, NULL, ERROR (500, "application_error", "An unexpected error occurred."), "later" },
    { ONE, 503, NULL, ERROR (503, "service_unavailable", "x"), "later" },
    { BATCH, 422, NULL, ERROR (422, "validation_error", BAD_TO), "split | split" },
    { BATCH, 403, NULL, ERROR (403, "validation_error", "not verified"), "split | split" },
    { BATCH, 413, NULL, "", "split | split" },
    { BATCH, 422, NULL, "<html>", "split | split" },
    { BATCH, 401, NULL, ERROR (401, "missing_api_key", "x"), "account/account | account/account" },
};

static const TestReply rates[] = {
    { ONE, 429, "ratelimit-reset: 2", ERROR (429, "rate_limit_exceeded", "Too many requests."), "later+2" },
    { ONE, 429, "retry-after: 1\nratelimit-reset: 2", ERROR (429, "rate_limit_exceeded", "x"), "later+1" },
    { ONE, 429, NULL, ERROR (429, "rate_limit_exceeded", "x"), "later" },
    { ONE, 429, "ratelimit-reset: 1", ERROR (429, "daily_quota_exceeded", "x"), "later+3600" },
    { ONE, 429, "retry-after: 7200", ERROR (429, "daily_quota_exceeded", "x"), "later+7200" },
    { ONE, 429, NULL, ERROR (429, "monthly_quota_exceeded", "x"), "account/account" },
    { BATCH, 429, "retry-after: 3", ERROR (429, "rate_limit_exceeded", "x"), "later+3 | later+3" },
    { BATCH, 429, NULL, ERROR (429, "monthly_quota_exceeded", "x"), "account/account | account/account" },
};
/* clang-format on */

static const BrevProvider *
resend (void)
{
    return brev_provider_find ("resend");
}

static void
test_accepted (void)
{
    test_replies (resend (), accepted, G_N_ELEMENTS (accepted));
}

static void
test_errors (void)
{
    test_replies (resend (), errors, G_N_ELEMENTS (errors));
    test_replies (resend (), rates, G_N_ELEMENTS (rates));
}

static void
test_common (void)
{
    test_common_replies (resend ());
    test_mutated_reply (resend (), &errors[11]);
    test_mutated_reply (resend (), &accepted[4]);
}

/* The same for the same recipients of one attempt, and for nothing else. */
static void
test_key (void)
{
    g_autoptr (GPtrArray) mails = test_mails_new (BATCH);
    g_autoptr (GPtrArray) again = test_mails_new (BATCH);
    g_autoptr (GPtrArray) other = test_mails_new (TWO);
    BrevMail *mail = mails->pdata[0];

    mail->own_subject = g_strdup ("shortened");
    mail->subject = mail->own_subject;
    g_assert_null (brev_mails_key (mails));
    brev_mail_name_request (mail, "attempt");
    g_assert_cmpstr (mail->subject, ==, "shortened");
    g_assert_null (brev_mails_key (mails));
    brev_mail_name_request (mails->pdata[1], "another");
    brev_mail_name_request (again->pdata[0], "attempt");
    brev_mail_name_request (again->pdata[1], "another");
    brev_mail_name_request (other->pdata[0], "attempt");
    g_autofree char *first = brev_mails_key (mails);
    g_autofree char *second = brev_mails_key (again);
    g_assert_cmpstr (first, ==, second);
    g_assert_cmpstr (mail->key, ==, ((BrevMail *) again->pdata[0])->key);
    g_assert_cmpstr (mail->key, !=, ((BrevMail *) other->pdata[0])->key);
    g_assert_cmpstr (mail->key, !=, ((BrevMail *) mails->pdata[1])->key);
    g_assert_cmpuint (strlen (mail->key), ==, 36);
    g_assert_cmpuint (strlen (first), ==, 36);
}

/* The request says so before it is made: mails with attachments travel alone. */
static void
test_no_attachment_in_a_batch (void)
{
    g_autoptr (GPtrArray) mails = test_mails_new (BATCH);
    g_autoptr (GPtrArray) parts = g_ptr_array_new ();
    g_autoptr (GError) error = NULL;
    char name[] = "mine";
    const BrevAccount account = { .name = name };
    const BrevMessage message = { .attachments = parts };

    g_ptr_array_add (parts, parts);
    for (guint i = 0; i < mails->len; i++)
        ((BrevMail *) mails->pdata[i])->message = &message;
    g_assert_null (resend ()->encode (mails, &account, "re_x", "https://x", &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/resend/accepted", test_accepted);
    g_test_add_func ("/resend/errors", test_errors);
    g_test_add_func ("/resend/common", test_common);
    g_test_add_func ("/resend/key", test_key);
    g_test_add_func ("/resend/no-attachment-in-a-batch", test_no_attachment_in_a_batch);
    return g_test_run ();
}
