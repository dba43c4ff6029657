/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define SUCCESS(messages)                                                                  \
    "{\"status\": \"success\", \"time\": 0.02, \"flags\": {}, \"data\": {\"message_id\": " \
    "\"1@x\", \"messages\": {" messages "}}}"
#define FOR(address, id) "\"" address "\": {\"id\": " id ", \"token\": \"AbC\"}"
#define ERROR(code)                                                                      \
    "{\"status\": \"error\", \"time\": 0.0, \"flags\": {}, \"data\": {\"code\": \"" code \
    "\"}}"
#define WRONG_KEY                                                                         \
    "{\"status\": \"error\", \"data\": {\"code\": \"InvalidServerAPIKey\", \"message\": " \
    "\"not valid\", \"token\": \"secret-key\"}}"

/* clang-format off */
static const TestReply replies[] = {
    { TWO, 200, NULL, SUCCESS (FOR ("a@example.com", "7") ", " FOR ("b@example.org", "8")),
      "accepted(7) accepted(8)" },
    /* some, others, nobody */
    { TWO, 200, NULL, SUCCESS (FOR ("a@example.com", "7")), "accepted(7) unknown" },
    { ONE, 200, NULL, SUCCESS (FOR ("c@example.com", "7")), "unknown" },
    { ONE, 200, NULL, SUCCESS (""), "unknown" },
    { ONE, 200, NULL, SUCCESS (FOR ("a@example.com", "\"7\"")), "unknown" },
    { ONE, 200, NULL, SUCCESS (FOR ("a@example.com", "0")), "unknown" },
    { ONE, 200, NULL, "{\"status\": \"success\"}", "unknown" },
    { ONE, 200, NULL, "{\"status\": \"success\", \"data\": {\"messages\": []}}", "unknown" },
    { ONE, 200, NULL, "{\"status\": \"else\"}", "unknown" },
    { ONE, 200, NULL, "<html>", "unknown" },
    { ONE, 202, NULL, SUCCESS (FOR ("a@example.com", "7")), "unknown" },
    /* the account */
    { ONE, 200, NULL, ERROR ("AccessDenied"), "account/account" },
    { ONE, 200, NULL, WRONG_KEY, "account/account" },
    { TWO, 200, NULL, ERROR ("ServerSuspended"), "account/account account/account" },
    { TWO, 200, NULL, ERROR ("UnauthenticatedFromAddress"), "account/sender account/sender" },
    /* our own mistakes */
    { ONE, 200, NULL, ERROR ("NoRecipients"), "park" },
    { ONE, 200, NULL, ERROR ("NoContent"), "park" },
    { ONE, 200, NULL, ERROR ("FromAddressMissing"), "park" },
    { ONE, 200, NULL, "{\"status\": \"parameter-error\", \"data\": {\"message\": \"`data` parameter "
      "is required but is missing\"}}", "park" },
    /* what nobody knows, and what stands before the server */
    { ONE, 200, NULL, ERROR ("SomethingNew"), "later" },
    { ONE, 200, NULL, "{\"status\": \"error\"}", "later" },
    { ONE, 403, NULL, "<html>", "later" },
    { ONE, 413, NULL, "<html>", "refused 5.3.4" },
    { ONE, 429, "Retry-After: 9", "", "later+9" },
    { ONE, 500, NULL, ERROR ("AccessDenied"), "later" },
    { ONE, 502, NULL, "<html>", "unknown" },
    { ONE, 503, NULL, "", "later" },
};
/* clang-format on */

static const BrevProvider *
postal (void)
{
    return brev_provider_find ("postal");
}

static void
test_table (void)
{
    test_replies (postal (), replies, G_N_ELEMENTS (replies));
}

static void
test_common (void)
{
    test_common_replies (postal ());
    test_mutated_reply (postal (), &replies[0]);
}

/* Postal repeats a key that is wrong. */
static void
test_key_stays_secret (void)
{
    g_autoptr (GPtrArray) mails = test_mails_new (ONE);
    g_autoptr (GPtrArray) outcomes =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_outcome_free);
    g_autoptr (BrevHttpReply) reply =
        brev_http_reply_new (200, g_bytes_new_static (WRONG_KEY, strlen (WRONG_KEY)));
    BrevOutcome *outcome = brev_outcome_new (mails->pdata[0]);

    g_ptr_array_add (outcomes, outcome);
    postal ()->read (reply, mails, outcomes);
    g_assert_nonnull (strstr (outcome->verdicts[0].text, "not valid"));
    g_assert_null (strstr (outcome->verdicts[0].text, "secret-key"));
}

static void
test_account (void)
{
    g_autofree char *name = g_strdup ("main"), *provider = g_strdup ("postal");
    g_autofree char *endpoint = g_strdup ("https://postal.example");
    BrevAccount account = { .name = name, .provider = provider };
    g_autoptr (GError) error = NULL;

    g_assert_false (brev_account_check (&account, "key", &error));
    g_assert_nonnull (strstr (error->message, "endpoint = https://HOST"));
    account.endpoint = endpoint;
    g_assert_true (brev_account_check (&account, "key", NULL));
    g_assert_false (brev_account_check (&account, "", NULL));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/postal/replies", test_table);
    g_test_add_func ("/postal/common", test_common);
    g_test_add_func ("/postal/key-stays-secret", test_key_stays_secret);
    g_test_add_func ("/postal/account", test_account);
    return g_test_run ();
}
