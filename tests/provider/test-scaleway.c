/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define EMAIL(id, address, status) \
    "{\"id\": \"" id "\", \"mail_rcpt\": \"" address "\", \"status\": \"" status "\"}"
#define OK(emails) "{\"emails\": [" emails "]}"
#define A EMAIL ("id-1", "a@example.com", "new")
#define B EMAIL ("id-2", "b@example.org", "sending")
#define ERROR(type, text) "{\"type\": \"" type "\", \"message\": \"" text "\"}"
#define INVALID(name, text)                                                    \
    "{\"type\": \"invalid_arguments\", \"message\": \"invalid argument(s)\", " \
    "\"details\": [{\"argument_name\": \"" name                                \
    "\", \"reason\": \"constraint\", \"help_message\": \"" text "\"}]}"

/* clang-format off */
static const TestReply accepted[] = {
    { ONE, 200, NULL, OK (A), "accepted(id-1)" },
    { TWO, 200, NULL, OK (B ", " A), "accepted(id-1) accepted(id-2)" },
    { TWO, 200, NULL, OK (A ", " EMAIL ("id-2", "b@example.org", "failed")), "accepted(id-1) refused 5.0.0" },
    { ONE, 200, NULL, OK (EMAIL ("id-1", "A@Example.com", "new")), "accepted(id-1)" },
    /* of whom nothing is said, or nothing that is understood */
    { TWO, 200, NULL, OK (A), "accepted(id-1) unknown" },
    { ONE, 200, NULL, OK (B), "unknown" },
    { ONE, 200, NULL, OK (EMAIL ("", "a@example.com", "new")), "unknown" },
    { ONE, 200, NULL, OK ("{\"id\": \"1\", \"mail_rcpt\": \"a@example.com\"}"), "unknown" },
    { ONE, 200, NULL, OK ("1, null"), "unknown" },
    { ONE, 200, NULL, ERROR ("invalid_arguments", "x"), "unknown" },
};

static const TestReply errors[] = {
    { ONE, 401, NULL, ERROR ("denied_authentication", "authentication is denied"), "account/account" },
    { ONE, 403, NULL, ERROR ("permissions_denied", "insufficient permissions"), "account/account" },
    { ONE, 403, NULL, ERROR ("quotas_exceeded", "Quota exceeded"), "account/account" },
    { ONE, 403, NULL, "<html>", "later" },
    { ONE, 404, NULL, ERROR ("not_found", "domain is not found"), "account/sender" },
    { ONE, 404, NULL, ERROR ("not_found", "resource is not found"), "account/account" },
    { ONE, 412, NULL, ERROR ("precondition_failed", "domain is not checked"), "account/sender" },
    { ONE, 400, NULL, INVALID ("from.email", "not a checked domain"), "account/sender" },
    { ONE, 400, NULL, INVALID ("project_id", "x"), "account/account" },
    { ONE, 400, NULL, INVALID ("to", "invalid email"), "refused 5.1.3" },
    { TWO, 400, NULL, INVALID ("to", "invalid email"), "split split" },
    { TWO, 400, NULL, INVALID ("cc", "b@example.org is invalid"), "again refused 5.1.3" },
    { ONE, 400, NULL, INVALID ("attachments", "type is not allowed"), "refused 5.6.1" },
    { ONE, 400, NULL, INVALID ("subject", "at least 10 characters"), "park" },
    { ONE, 400, NULL, ERROR ("invalid_arguments", "x"), "park" },
    { ONE, 400, NULL, ERROR ("something_new", "x"), "later" },
    { ONE, 409, NULL, ERROR ("transient_state", "x"), "later" },
    { ONE, 413, NULL, "", "refused 5.3.4" },
    { ONE, 500, NULL, ERROR ("invalid_arguments", "x"), "later" },
};

static const TestReply rates[] = {
    { ONE, 429, NULL, ERROR ("too_many_requests", "x"), "later" },
    { ONE, 429, "Retry-After: 7", ERROR ("too_many_requests", "x"), "later+7" },
    { ONE, 429, "Retry-After: 7", "", "later+7" },
};
/* clang-format on */

static const BrevProvider *
scaleway (void)
{
    return brev_provider_find ("scaleway");
}

static void
test_tables (void)
{
    test_replies (scaleway (), accepted, G_N_ELEMENTS (accepted));
    test_replies (scaleway (), errors, G_N_ELEMENTS (errors));
    test_replies (scaleway (), rates, G_N_ELEMENTS (rates));
}

static void
test_common (void)
{
    test_common_replies (scaleway ());
    test_mutated_reply (scaleway (), &accepted[2]);
    test_mutated_reply (scaleway (), &errors[9]);
}

static void
test_project (void)
{
    g_autofree char *name = g_strdup ("a"), *provider = g_strdup ("scaleway"),
                    *user = g_strdup ("6170692e-7363-616c-6577-61792e636f6d");
    BrevAccount account = { .name = name, .provider = provider };
    g_autoptr (GError) error = NULL;

    g_assert_false (brev_account_check (&account, "key", &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
    account.user = user;
    g_assert_true (brev_account_check (&account, "key", NULL));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/scaleway/replies", test_tables);
    g_test_add_func ("/scaleway/common", test_common);
    g_test_add_func ("/scaleway/project", test_project);
    return g_test_run ();
}
