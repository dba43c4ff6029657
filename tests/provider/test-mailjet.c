/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define BATCH "a@example.com | b@example.com"
#define TO(address, id)                                                       \
    "{\"Email\": \"" address "\", \"MessageUUID\": \"u\", \"MessageID\": " id \
    ", \"MessageHref\": \"x\"}"
#define SUCCESS(to) "{\"Status\": \"success\", \"To\": [" to "], \"Cc\": [], \"Bcc\": []}"
#define FAULT(code, status, text, field)                                                 \
    "{\"ErrorIdentifier\": \"x\", \"ErrorCode\": \"" code "\", \"StatusCode\": " #status \
    ", \"ErrorMessage\": \"" text "\", \"ErrorRelatedTo\": [\"" field "\"]}"
#define FAILURE(faults) "{\"Status\": \"error\", \"Errors\": [" faults "]}"
#define MESSAGES(list) "{\"Messages\": [" list "]}"
#define FAILED(code, status, text, field) \
    MESSAGES (FAILURE (FAULT (code, status, text, field)))
#define ID "70368744188491213" /* a double would change it */

/* clang-format off */
static const TestReply accepted[] = {
    { ONE, 200, NULL, MESSAGES (SUCCESS (TO ("a@example.com", ID))), "accepted(" ID ")" },
    { TWO, 200, NULL, MESSAGES (SUCCESS (TO ("A@example.com", "1") "," TO ("b@example.org", "2"))),
      "accepted(1) accepted(2)" },
    { BATCH, 200, NULL, MESSAGES (SUCCESS (TO ("a@example.com", "1")) "," SUCCESS (TO ("b@example.com", "2"))),
      "accepted(1) | accepted(2)" },
    { "sandbox " ONE, 200, NULL, MESSAGES (SUCCESS (TO ("a@example.com", "0"))), "accepted((null))test" },
    /* in part */
    { BATCH, 200, NULL, MESSAGES (SUCCESS (TO ("a@example.com", "1")) ","
      FAILURE (FAULT ("send-0008", 403, "not authorized", "From"))), "accepted(1) | account/sender" },
    { BATCH, 400, NULL, MESSAGES (FAILURE (FAULT ("mj-0013", 400, "\\\"a\\\" is an invalid email address.",
      "To[0].Email")) "," FAILURE (FAULT ("send-0003", 400, "no body", "TextPart"))), "refused 5.1.3 | park" },
    /* not what is documented */
    { TWO, 200, NULL, MESSAGES (SUCCESS (TO ("a@example.com", "1"))), "accepted(1) unknown" },
    { ONE, 200, NULL, MESSAGES (SUCCESS (TO ("a@example.com", "0"))), "unknown" },
    { ONE, 200, NULL, MESSAGES (SUCCESS (TO ("a@example.com", "\"1\""))), "unknown" },
    { ONE, 200, NULL, MESSAGES (SUCCESS (TO ("stranger@example.com", "1"))), "unknown" },
    { ONE, 200, NULL, MESSAGES (SUCCESS ("")), "unknown" },
    { ONE, 200, NULL, MESSAGES ("{\"Status\": \"queued\"}"), "unknown" },
    { ONE, 200, NULL, MESSAGES ("{\"Status\": \"error\"}"), "unknown" },
    { BATCH, 200, NULL, MESSAGES (SUCCESS (TO ("a@example.com", "1"))), "unknown | unknown" },
    { BATCH, 400, NULL, MESSAGES (SUCCESS (TO ("a@example.com", "1")) ","
      FAILURE (FAULT ("send-0003", 400, "x", "TextPart"))), "unknown | park" },
};

static const TestReply errors[] = {
    { ONE, 401, NULL, "{\"StatusCode\": 401, \"ErrorMessage\": \"API key authentication/authorization failure.\"}",
      "account/account" },
    { ONE, 401, NULL, "", "account/account" },
    { ONE, 401, NULL, FAULT ("mj-0001", 401, "suspended", ""), "account/account" },
    { ONE, 403, NULL, FAULT ("mj-0015", 403, "x", ""), "account/account" },
    { ONE, 403, NULL, FAILED ("send-0008", 403, "\\\"x@y\\\" is not an authorized sender", "From"), "account/sender" },
    { ONE, 403, NULL, FAILED ("send-0006", 403, "Sender", "Sender"), "account/sender" },
    { TWO, 400, NULL, FAILED ("mj-0013", 400, "is an invalid email address.", "To[1].Email"),
      "again refused 5.1.3" },
    { TWO, 400, NULL, FAILED ("mj-0013", 400, "\\\"b@example.org\\\" is invalid.", "Cc"), "again refused 5.1.3" },
    { TWO, 400, NULL, FAILED ("mj-0013", 400, "is invalid.", "Cc[0].Email"), "split split" },
    { ONE, 400, NULL, FAILED ("mj-0013", 400, "is invalid.", "From.Email"), "account/sender" },
    { ONE, 400, NULL, FAILED ("mj-0013", 400, "is invalid.", "ReplyTo.Email"), "refused 5.6.0" },
    { ONE, 400, NULL, MESSAGES (FAILURE (FAULT ("mj-0013", 400, "x", "To[0].Email") ","
      FAULT ("send-0008", 403, "x", "From"))), "account/sender" },
    { ONE, 400, NULL, FAILED ("send-0003", 400, "x", "TextPart"), "park" },
    { ONE, 400, NULL, FAILED ("send-0011", 400, "x", "Headers"), "park" },
    { ONE, 400, NULL, FAILED ("send-0015", 400, "x", "To"), "park" },
    { ONE, 400, NULL, FAILED ("mj-0004", 400, "x", "Subject"), "park" },
    { ONE, 400, NULL, FAILED ("send-9999", 400, "new", "x"), "later" },
    { ONE, 400, NULL, FAULT ("mj-0002", 400, "Malformed JSON", ""), "park" },
    { ONE, 400, NULL, "<html>", "later" },
    { ONE, 403, NULL, "<html>", "later" },
    { ONE, 500, NULL, FAILED ("send-0003", 500, "x", "x"), "later" },
    { BATCH, 400, NULL, FAULT ("mj-0002", 400, "Malformed JSON", ""), "split | split" },
    { BATCH, 401, NULL, FAULT ("mj-0001", 401, "suspended", ""), "account/account | account/account" },
    { BATCH, 413, NULL, "", "split | split" },
    { BATCH, 429, NULL, "", "later | later" },
    { ONE, 429, "Retry-After: 9", FAULT ("mj-0002", 429, "x", ""), "later+9" },
};
/* clang-format on */

static const BrevProvider *
mailjet (void)
{
    return brev_provider_find ("mailjet");
}

static void
test_accepted (void)
{
    test_replies (mailjet (), accepted, G_N_ELEMENTS (accepted));
}

static void
test_errors (void)
{
    test_replies (mailjet (), errors, G_N_ELEMENTS (errors));
}

static void
test_common (void)
{
    test_common_replies (mailjet ());
    test_mutated_reply (mailjet (), &accepted[1]);
    test_mutated_reply (mailjet (), &errors[6]);
}

#define ENTRY(id, custom, address) \
    "{\"ID\": " id ", \"CustomID\": \"" custom "\", \"ContactAlt\": \"" address "\"}"
#define LIST(total, entries) \
    "{\"Count\": " #total ", \"Data\": [" entries "], \"Total\": " #total "}"

/* clang-format off */
static const TestReply searches[] = { /* of queue id q1 */
    { TWO, 200, NULL, LIST (0, ""), "again again" },
    { TWO, 200, NULL, LIST (1, ENTRY (ID, "q1", "A@example.com")), "accepted(" ID ") again" },
    { TWO, 200, NULL, LIST (2, ENTRY ("1", "q1", "a@example.com") "," ENTRY ("2", "q1", "b@example.org")),
      "accepted(1) accepted(2)" },
    { TWO, 200, NULL, LIST (1, ENTRY ("1", "q1", "stranger@example.com")), "again again" },
    /* no answer: a filter that was ignored, a part of the list, another form */
    { TWO, 200, NULL, LIST (1, ENTRY ("1", "q2", "a@example.com")), "later later" },
    { TWO, 200, NULL, LIST (1, ENTRY ("1", "q1", "")), "later later" },
    { TWO, 200, NULL, LIST (2, ENTRY ("1", "q1", "a@example.com")), "later later" },
    { TWO, 200, NULL, "{\"Data\": []}", "later later" },
    { TWO, 200, NULL, "[]", "later later" },
    { TWO, 200, NULL, "<html>", "later later" },
    { TWO, 201, NULL, LIST (0, ""), "later later" },
    { TWO, 401, NULL, "", "account/account account/account" },
    { TWO, 403, NULL, "", "refused 4.4.2 refused 4.4.2" },
    { TWO, 429, "Retry-After: 5", "", "later+5 later+5" },
    { TWO, 500, NULL, "", "later later" },
};
/* clang-format on */

static void
test_search (void)
{
    test_searches (mailjet (), searches, G_N_ELEMENTS (searches));
}

static void
test_search_request (void)
{
    g_autoptr (GPtrArray) mails = test_mails_new (ONE);
    BrevMail *mail = mails->pdata[0];
    char name[] = "mine", provider[] = "mailjet", user[] = "public";
    const BrevAccount account = { .name = name, .provider = provider, .user = user };

    mail->queue_id = "q1";
    g_autoptr (BrevHttpRequest) request =
        mailjet ()->search (mail, &account, "secret", "https://x", NULL);
    g_assert_cmpstr (request->method, ==, "GET");
    g_assert_cmpstr (request->url, ==,
                     "https://x/v3/REST/message?CustomID=q1&ShowCustomID=true"
                     "&ShowContactAlt=true&Limit=1000");
    for (guint i = 0; i < request->headers->len; i++) {
        const BrevHttpHeader *header = request->headers->pdata[i];
        if (strcmp (header->name, "Authorization") != 0)
            continue;
        g_assert_true (header->is_secret);
        g_assert_cmpstr (header->value, ==, "Basic cHVibGljOnNlY3JldA==");
    }
}

/* Without its public half a key is none: the administrator hears which line is missing. */
static void
test_user (void)
{
    static const char *const users[] = { NULL, "", "a:b", "a b" };
    char name[] = "mine", provider[] = "mailjet";

    for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
        g_autofree char *user = g_strdup (users[i]);
        const BrevAccount account = { .name = name, .provider = provider, .user = user };
        g_autoptr (GError) error = NULL;
        g_assert_false (brev_account_check (&account, "secret", &error));
        g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
        g_assert_nonnull (strstr (error->message, "[account mine]"));
        g_assert_null (strstr (error->message, "secret"));
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/mailjet/accepted", test_accepted);
    g_test_add_func ("/mailjet/errors", test_errors);
    g_test_add_func ("/mailjet/common", test_common);
    g_test_add_func ("/mailjet/search", test_search);
    g_test_add_func ("/mailjet/search-request", test_search_request);
    g_test_add_func ("/mailjet/user", test_user);
    return g_test_run ();
}
