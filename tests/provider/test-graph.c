/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define FAULT(code, words)                                       \
    "{\"error\": {\"code\": \"" code "\", \"message\": \"" words \
    "\", \"innerError\": {}}}"

/* clang-format off */
static const TestReply replies[] = {
    { TWO, 202, "request-id: 0f1e", "", "accepted(0f1e) accepted(0f1e)" },
    /* no success that is understood */
    { ONE, 202, NULL, "", "unknown" }, /* some proxy's */
    { ONE, 200, "request-id: 0f1e", "", "unknown" },
    { ONE, 202, "request-id: 0f1e", "<html>", "unknown" },
    { ONE, 204, NULL, "", "unknown" },
    /* the account */
    { ONE, 401, NULL, FAULT ("InvalidAuthenticationToken", "Access token has expired."), "account/account" },
    { ONE, 403, NULL, FAULT ("ErrorAccessDenied", "Access is denied."), "account/account" },
    /* the mailbox */
    { ONE, 403, NULL, FAULT ("ErrorSendAsDenied", "no rights to send as"), "account/sender" },
    { ONE, 404, NULL, FAULT ("ErrorInvalidUser", "The requested user is invalid."), "account/sender" },
    { ONE, 404, NULL, FAULT ("MailboxNotEnabledForRESTAPI", "inactive"), "account/sender" },
    { ONE, 404, NULL, FAULT ("ResourceNotFound", "could not be discovered"), "account/sender" },
    { ONE, 403, NULL, FAULT ("ErrorQuotaExceeded", "full"), "account/sender" },
    { ONE, 403, NULL, FAULT ("ErrorMessageSubmissionBlocked", "blocked"), "account/sender" },
    /* too fast */
    { ONE, 429, "Retry-After: 9", FAULT ("ApplicationThrottled", "concurrency"), "later+9" },
    { ONE, 429, NULL, FAULT ("ErrorExceededMessageLimit", "limit of messages"), "later+3600" },
    /* an address */
    { ONE, 400, NULL, FAULT ("ErrorInvalidRecipients", "At least one recipient isn't valid."), "refused 5.1.3" },
    { TWO, 400, NULL, FAULT ("ErrorInvalidRecipients", "b@example.org isn't valid."), "again refused 5.1.3" },
    { TWO, 400, NULL, FAULT ("ErrorInvalidRecipients", "At least one recipient isn't valid."), "split split" },
    /* the message, and our own mistakes */
    { ONE, 413, NULL, FAULT ("ErrorMessageSizeExceeded", "too large"), "refused 5.3.4" },
    { ONE, 413, NULL, "<html>", "refused 5.3.4" },
    { ONE, 400, NULL, FAULT ("ErrorMimeContentInvalidBase64String", "Invalid base64 string"), "park" },
    { ONE, 400, NULL, FAULT ("BadRequest", "something else"), "park" },
    /* the server */
    { ONE, 500, NULL, FAULT ("ErrorInternalServerTransientError", "try again"), "later" },
    { ONE, 503, "Retry-After: 9", FAULT ("ErrorServerBusy", "busy"), "later+9" },
    { ONE, 502, NULL, "<html>", "unknown" },
    { ONE, 400, NULL, "<html>", "later" },
};
/* clang-format on */

static const BrevProvider *
graph (void)
{
    return brev_provider_find ("graph");
}

static void
test_table (void)
{
    test_replies (graph (), replies, G_N_ELEMENTS (replies));
}

static void
test_common (void)
{
    test_common_replies (graph ());
}

static void
test_account (void)
{
    g_autofree char *name = g_strdup ("main"), *provider = g_strdup ("graph");
    g_autofree char *client = g_strdup ("0-0"), *tenant = g_strdup ("example.com");
    BrevAccount account = { .name = name, .provider = provider };
    g_autoptr (GError) error = NULL, other = NULL;

    g_assert_false (brev_account_check (&account, "s", &error));
    g_assert_nonnull (strstr (error->message, "'client-id'"));
    account.client_id = client;
    g_assert_false (brev_account_check (&account, "s", &other));
    g_assert_nonnull (strstr (other->message, "'domain', the tenant's"));
    account.domain = tenant;
    g_assert_true (brev_account_check (&account, "s", NULL));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/graph/replies", test_table);
    g_test_add_func ("/graph/common", test_common);
    g_test_add_func ("/graph/account", test_account);
    return g_test_run ();
}
