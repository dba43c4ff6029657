/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define FAULT(code, reason, words)                           \
    "{\"error\": {\"code\": " code ", \"message\": \"" words \
    "\", \"errors\": [{\"message\": "                        \
    "\"" words "\", \"domain\": \"global\", \"reason\": \"" reason "\"}]}}"

/* clang-format off */
static const TestReply replies[] = {
    { TWO, 200, NULL, "{\"id\": \"18c\", \"threadId\": \"18c\", \"labelIds\": [\"SENT\"]}",
      "accepted(18c) accepted(18c)" },
    { ONE, 200, NULL, "{\"id\": \"18c\\nX: y\"}", "accepted(18c?X: y)" }, /* one line of the log */
    /* no success that is understood */
    { ONE, 200, NULL, "{\"id\": \"\"}", "unknown" },
    { ONE, 200, NULL, "{\"id\": 18}", "unknown" },
    { ONE, 200, NULL, "{}", "unknown" },
    { ONE, 200, NULL, "<html>", "unknown" },
    { ONE, 202, NULL, "{\"id\": \"18c\"}", "unknown" },
    /* the account */
    { ONE, 401, NULL, FAULT ("401", "authError", "Invalid Credentials"), "account/account" },
    { ONE, 403, NULL, FAULT ("403", "insufficientPermissions", "Insufficient Permission"), "account/account" },
    { ONE, 403, NULL, FAULT ("403", "accessNotConfigured", "Gmail API has not been used"), "account/account" },
    { ONE, 403, NULL, FAULT ("403", "domainPolicy", "disabled by the administrator"), "account/account" },
    { ONE, 403, NULL, FAULT ("403", "dailyLimitExceeded", "Daily Limit Exceeded"), "account/account" },
    { ONE, 404, NULL, FAULT ("404", "notFound", "Requested entity was not found."), "account/account" },
    { ONE, 400, NULL, FAULT ("400", "failedPrecondition", "Mail service not enabled"), "account/account" },
    /* too fast */
    { ONE, 403, NULL, FAULT ("403", "rateLimitExceeded", "Rate Limit Exceeded"), "later" },
    { ONE, 403, NULL, FAULT ("403", "userRateLimitExceeded", "User Rate Limit Exceeded"), "later" },
    { ONE, 429, "Retry-After: 9", FAULT ("429", "userRateLimitExceeded", "Too many"), "later+9" },
    { ONE, 429, "Retry-After: 9", "", "later+9" },
    /* an address */
    { ONE, 400, NULL, FAULT ("400", "invalidArgument", "Invalid To header"), "refused 5.1.3" },
    { TWO, 400, NULL, FAULT ("400", "invalidArgument", "Invalid To header"), "split split" },
    { ONE, 400, NULL, FAULT ("400", "invalidArgument", "Invalid Bcc header"), "refused 5.1.3" },
    /* the message, and our own mistakes */
    { ONE, 413, NULL, FAULT ("413", "uploadTooLarge", "Request is too large"), "refused 5.3.4" },
    { ONE, 400, NULL, FAULT ("400", "invalidArgument", "Message too large"), "refused 5.3.4" },
    { ONE, 400, NULL, FAULT ("400", "invalidArgument", "Recipient address required"), "park" },
    { ONE, 400, NULL, FAULT ("400", "badRequest", "Bad Request"), "park" },
    /* the server */
    { ONE, 500, NULL, FAULT ("500", "backendError", "Backend Error"), "later" },
    { ONE, 503, NULL, FAULT ("503", "backendError", "unavailable"), "later" },
    { ONE, 502, NULL, "<html>", "unknown" },
    { ONE, 400, NULL, "<html>", "later" },
};
/* clang-format on */

static const BrevProvider *
gmail (void)
{
    return brev_provider_find ("gmail");
}

static void
test_table (void)
{
    test_replies (gmail (), replies, G_N_ELEMENTS (replies));
}

static void
test_common (void)
{
    test_common_replies (gmail ());
    test_mutated_reply (gmail (), &replies[0]);
}

static void
test_account (void)
{
    g_autofree char *name = g_strdup ("main"), *provider = g_strdup ("gmail");
    g_autofree char *client = g_strdup ("1.apps.googleusercontent.com");
    BrevAccount account = { .name = name, .provider = provider };
    g_autoptr (GError) error = NULL, other = NULL;

    g_assert_false (brev_account_check (&account, "s:r", &error));
    g_assert_nonnull (strstr (error->message, "'client-id'"));
    account.client_id = client;
    g_assert_true (brev_account_check (&account, "s:r", NULL));
    g_assert_false (brev_account_check (&account, "secret", &other));
    g_assert_nonnull (strstr (other->message, "REFRESH-TOKEN"));
    g_assert_null (strstr (other->message, "secret"));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/gmail/replies", test_table);
    g_test_add_func ("/gmail/common", test_common);
    g_test_add_func ("/gmail/account", test_account);
    return g_test_run ();
}
