/* SPDX-License-Identifier: MIT */
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define OK "{\"TransactionID\": \"t-1\", \"MessageID\": \"m-1\"}"
#define ERROR(text) "{\"Error\": \"" text "\"}"

/* clang-format off */
static const TestReply accepted[] = {
    { ONE, 200, NULL, OK, "accepted(m-1)" },
    { TWO, 200, NULL, OK, "accepted(m-1) accepted(m-1)" },
    { ONE, 200, NULL, "{\"TransactionID\": \"t-1\"}", "accepted(t-1)" },
    { ONE, 200, NULL, "{\"TransactionID\": \"t-1\", \"MessageID\": null}", "accepted(t-1)" },
    /* not what is documented */
    { ONE, 200, NULL, "{\"MessageID\": \"m-1\"}", "unknown" },
    { ONE, 200, NULL, "{\"TransactionID\": \"\", \"MessageID\": \"m-1\"}", "unknown" },
    { ONE, 200, NULL, "{\"TransactionID\": 7, \"MessageID\": \"m-1\"}", "unknown" },
    { ONE, 200, NULL, ERROR ("Access Denied."), "unknown" },
    { ONE, 202, NULL, OK, "unknown" },
    { ONE, 400, NULL, OK, "later" },
};

static const TestReply errors[] = {
    { ONE, 400, NULL, ERROR ("APIKey Expired"), "account/account" },
    { ONE, 401, NULL, ERROR ("Access Denied."), "account/account" },
    { ONE, 400, NULL, ERROR ("Access Denied."), "account/account" },
    { ONE, 401, NULL, "", "account/account" },
    { ONE, 402, NULL, ERROR ("x"), "account/account" },
    { ONE, 403, NULL, ERROR ("x"), "account/account" },
    { ONE, 403, NULL, "<html>", "later" },
    { ONE, 400, NULL, ERROR ("Not enough credit for campaign."), "account/account" },
    { ONE, 400, NULL, ERROR ("Your account has been suspended"), "account/account" },
    { ONE, 400, NULL, ERROR ("Your account is disabled"), "account/account" },
    { ONE, 400, NULL, ERROR ("Your account is under review"), "account/account" },
    { ONE, 400, NULL, ERROR ("From email address not allowed: noreply@example.com"), "account/sender" },
    { ONE, 400, NULL, ERROR ("The domain is not verified"), "account/sender" },
    /* nobody says what it means: it comes again */
    { ONE, 400, NULL, ERROR ("a@example.com is no address"), "later" },
    { TWO, 400, NULL, ERROR ("Something new"), "later later" },
    { ONE, 400, NULL, "{\"Error\": 7}", "later" },
    { ONE, 400, NULL, "<html>", "later" },
    { ONE, 500, NULL, ERROR ("APIKey Expired"), "later" },
    { ONE, 502, NULL, ERROR ("APIKey Expired"), "unknown" },
};

static const TestReply rates[] = {
    { ONE, 429, "Retry-After: 8", ERROR ("Too many requests"), "later+8" },
    { ONE, 429, NULL, ERROR ("APIKey has too many connections"), "later" },
};
/* clang-format on */

static const BrevProvider *
elastic (void)
{
    return brev_provider_find ("elastic");
}

static void
test_accepted (void)
{
    test_replies (elastic (), accepted, G_N_ELEMENTS (accepted));
}

static void
test_errors (void)
{
    test_replies (elastic (), errors, G_N_ELEMENTS (errors));
    test_replies (elastic (), rates, G_N_ELEMENTS (rates));
}

static void
test_common (void)
{
    test_common_replies (elastic ());
    test_mutated_reply (elastic (), &errors[0]);
    test_mutated_reply (elastic (), &accepted[0]);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/elastic/accepted", test_accepted);
    g_test_add_func ("/elastic/errors", test_errors);
    g_test_add_func ("/elastic/common", test_common);
    return g_test_run ();
}
