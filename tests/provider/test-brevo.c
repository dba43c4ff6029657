/* SPDX-License-Identifier: MIT */
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define OK "{\"messageId\": \"<1@smtp-relay.mailin.fr>\"}"
#define ID "accepted(<1@smtp-relay.mailin.fr>)"
#define ERROR(code, text) "{\"code\": \"" code "\", \"message\": \"" text "\"}"

/* clang-format off */
static const TestReply accepted[] = {
    { ONE, 201, NULL, OK, ID },
    { TWO, 201, NULL, OK, ID " " ID },
    { "sandbox " ONE, 201, NULL, OK, ID "test" },
    /* the request before had the same key */
    { ONE, 400, NULL, ERROR ("duplicate_request", "Request already processed"), "accepted((null))" },
    /* not what is documented */
    { ONE, 200, NULL, OK, "unknown" },
    { ONE, 201, NULL, "{\"messageIds\": [\"<1@x>\"]}", "unknown" },
    { ONE, 201, NULL, "{\"messageId\": \"\"}", "unknown" },
    { ONE, 202, NULL, OK, "unknown" }, /* scheduled: we never ask for that */
    { ONE, 200, NULL, ERROR ("duplicate_request", "x"), "unknown" },
    { ONE, 500, NULL, ERROR ("duplicate_request", "x"), "later" },
};

static const TestReply errors[] = {
    { ONE, 401, NULL, ERROR ("unauthorized", "Key not found"), "account/account" },
    { ONE, 403, NULL, ERROR ("permission_denied", "x"), "account/account" },
    { ONE, 402, NULL, ERROR ("not_enough_credits", "x"), "account/account" },
    { ONE, 400, NULL, ERROR ("not_enough_credits", "x"), "account/account" },
    { ONE, 403, NULL, ERROR ("account_under_validation", "x"), "account/account" },
    { ONE, 400, NULL, ERROR ("invalid_parameter", "Sender is invalid / inactive"), "account/sender" },
    { ONE, 400, NULL, ERROR ("invalid_parameter", "email is not valid in to"), "refused 5.1.3" },
    { TWO, 400, NULL, ERROR ("invalid_parameter", "email is not valid in to"), "split split" },
    { TWO, 400, NULL, ERROR ("invalid_parameter", "email b@example.org is not valid in cc"),
      "again refused 5.1.3" },
    { ONE, 400, NULL, ERROR ("invalid_parameter", "email is not valid in replyTo"), "refused 5.6.0" },
    { ONE, 400, NULL, ERROR ("invalid_parameter", "Unsupported attachment format"), "refused 5.6.1" },
    { ONE, 400, NULL, ERROR ("invalid_parameter", "Something new"), "park" },
    { ONE, 400, NULL, ERROR ("missing_parameter", "subject is missing"), "park" },
    { ONE, 400, NULL, ERROR ("out_of_range", "x"), "park" },
    { ONE, 400, NULL, ERROR ("duplicate_parameter", "x"), "park" },
    { ONE, 400, NULL, ERROR ("bad_request", "x"), "park" },
    { ONE, 400, NULL, ERROR ("something_new", "x"), "later" },
    { ONE, 400, NULL, "<html>", "later" },
    { ONE, 403, NULL, "<html>", "later" },
    { ONE, 413, NULL, "", "refused 5.3.4" },
    { ONE, 503, NULL, ERROR ("bad_request", "x"), "later" },
};

static const TestReply rates[] = {
    { ONE, 429, "x-sib-ratelimit-reset: 40", ERROR ("too_many_requests", "x"), "later+40" },
    { ONE, 429, "x-sib-ratelimit-reset: 40\nRetry-After: 3", "", "later+3" },
    { ONE, 429, "x-sib-ratelimit-reset: soon", ERROR ("bad_request", "x"), "later" },
};
/* clang-format on */

static const BrevProvider *
brevo (void)
{
    return brev_provider_find ("brevo");
}

static void
test_accepted (void)
{
    test_replies (brevo (), accepted, G_N_ELEMENTS (accepted));
}

static void
test_errors (void)
{
    test_replies (brevo (), errors, G_N_ELEMENTS (errors));
    test_replies (brevo (), rates, G_N_ELEMENTS (rates));
}

static void
test_common (void)
{
    test_common_replies (brevo ());
    test_mutated_reply (brevo (), &errors[6]);
    test_mutated_reply (brevo (), &accepted[0]);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/brevo/accepted", test_accepted);
    g_test_add_func ("/brevo/errors", test_errors);
    g_test_add_func ("/brevo/common", test_common);
    return g_test_run ();
}
