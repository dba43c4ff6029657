/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define RESPONSES(all) "{\"sessionState\": \"1\", \"methodResponses\": [" all "]}"
#define SUBMITTED(result)                           \
    RESPONSES ("[\"EmailSubmission/set\", {" result \
               "}, \"submission\"], [\"Email/set\", {}, \"tidy\"]")
#define CREATED "\"created\": {\"send\": {\"id\": \"s7\"}}, \"notCreated\": null"
#define REFUSED(more) "\"created\": null, \"notCreated\": {\"send\": {" more "}}"
#define TYPE(type) REFUSED ("\"type\": \"" type "\"")
#define SMTP(said) \
    REFUSED ("\"type\": \"smtpProtocolError\", \"description\": \"" said "\"")
#define METHOD(type) RESPONSES ("[\"error\", {\"type\": \"" type "\"}, \"submission\"]")
#define PROBLEM(type, more) "{\"type\": \"urn:ietf:params:jmap:error:" type "\"" more "}"

/* clang-format off */
static const TestReply table[] = { /* to the request that submits */
    { TWO, 200, NULL, SUBMITTED (CREATED), "accepted(s7) accepted(s7)" },
    { ONE, 201, NULL, SUBMITTED (CREATED), "unknown" },
    { ONE, 200, NULL, SUBMITTED ("\"created\": {\"send\": {}}"), "unknown" },
    { ONE, 200, NULL, SUBMITTED ("\"created\": {\"other\": {\"id\": \"s7\"}}"), "unknown" },
    { ONE, 200, NULL, SUBMITTED ("\"created\": {\"send\": {\"id\": \"s7\"}}, \"notCreated\": "
      "{\"send\": {\"type\": \"overQuota\"}}"), "unknown" },
    { ONE, 200, NULL, RESPONSES ("[\"EmailSubmission/set\", {" CREATED "}, \"other\"]"), "unknown" },
    { ONE, 200, NULL, RESPONSES (""), "unknown" },
    /* recipients */
    { TWO, 200, NULL, SUBMITTED (REFUSED ("\"type\": \"invalidRecipients\", \"invalidRecipients\": "
      "[\"B@example.org\"], \"description\": \"nobody\"")), "again refused 5.1.3" },
    { TWO, 200, NULL, SUBMITTED (REFUSED ("\"type\": \"invalidRecipients\", \"invalidRecipients\": "
      "[\"c@example.org\", 7]")), "split split" },
    { ONE, 200, NULL, SUBMITTED (TYPE ("invalidRecipients")), "refused 5.1.3" },
    { TWO, 200, NULL, SUBMITTED (REFUSED ("\"type\": \"tooManyRecipients\", \"maxRecipients\": 1")),
      "split split" },
    { ONE, 200, NULL, SUBMITTED (TYPE ("tooManyRecipients")), "park" },
    { ONE, 200, NULL, SUBMITTED (TYPE ("noRecipients")), "park" },
    /* the mail */
    { TWO, 200, NULL, SUBMITTED (TYPE ("invalidEmail")), "refused 5.6.0 refused 5.6.0" },
    { ONE, 200, NULL, SUBMITTED (TYPE ("tooLarge")), "refused 5.3.4" },
    { ONE, 200, NULL, SUBMITTED (TYPE ("invalidProperties")), "park" },
    { ONE, 200, NULL, SUBMITTED (REFUSED ("\"type\": \"invalidProperties\", \"properties\": "
      "[\"emailId\"]")), "later" },
    { ONE, 200, NULL, SUBMITTED (REFUSED ("\"type\": \"invalidProperties\", \"properties\": "
      "[\"emailId\", \"identityId\"]")), "park" },
    { ONE, 200, NULL, SUBMITTED (REFUSED ("\"type\": \"invalidProperties\", \"properties\": "
      "[7]")), "park" },
    { ONE, 200, NULL, SUBMITTED (TYPE ("emailNotFound")), "later" },
    /* Cyrus 3.6: what its server of SMTP said last, or would have */
    { ONE, 200, NULL, SUBMITTED (SMTP ("5.6.0 no")), "refused 5.6.0" },
    { ONE, 200, NULL, SUBMITTED (SMTP ("5.3.4 too large")), "refused 5.3.4" },
    { ONE, 200, NULL, SUBMITTED (SMTP ("5.7.1 no")), "account/sender" },
    { ONE, 200, NULL, SUBMITTED (SMTP ("5.5.1 no")), "later" },
    { ONE, 200, NULL, SUBMITTED (SMTP ("4.6.0 no")), "later" },
    { ONE, 200, NULL, SUBMITTED (SMTP ("go ahead")), "unknown" },
    { ONE, 200, NULL, SUBMITTED (SMTP ("2.1.5 ok")), "unknown" },
    { ONE, 200, NULL, SUBMITTED (SMTP ("")), "unknown" },
    { ONE, 200, NULL, SUBMITTED (TYPE ("smtpProtocolError")), "unknown" },
    /* who sends */
    { ONE, 200, NULL, SUBMITTED (TYPE ("forbiddenFrom")), "account/sender" },
    { ONE, 200, NULL, SUBMITTED (TYPE ("forbiddenMailFrom")), "account/sender" },
    { TWO, 200, NULL, SUBMITTED (TYPE ("forbiddenToSend")), "account/account account/account" },
    { ONE, 200, NULL, SUBMITTED (TYPE ("forbidden")), "account/account" },
    { ONE, 200, NULL, SUBMITTED (TYPE ("overQuota")), "account/account" },
    { ONE, 401, "WWW-Authenticate: Bearer", "", "account/account" },
    { ONE, 403, NULL, "<html>", "account/account" },
    /* the hour */
    { ONE, 200, NULL, SUBMITTED (TYPE ("rateLimit")), "later" },
    { ONE, 200, "Retry-After: 9", SUBMITTED (TYPE ("rateLimit")), "later+9" },
    { ONE, 200, NULL, METHOD ("serverUnavailable"), "later" },
    { ONE, 429, "Retry-After: 9", "", "later+9" },
    { ONE, 503, NULL, "", "later" },
    /* methods: what failed halfway may have been sent */
    { ONE, 200, NULL, METHOD ("unknownMethod"), "account/account" },
    { ONE, 200, NULL, METHOD ("accountReadOnly"), "account/account" },
    { ONE, 200, NULL, METHOD ("invalidArguments"), "park" },
    { ONE, 200, NULL, METHOD ("serverFail"), "unknown" },
    { ONE, 200, NULL, METHOD ("serverPartialFail"), "unknown" },
    { ONE, 200, NULL, SUBMITTED (TYPE ("somethingNew")), "unknown" },
    { ONE, 200, NULL, SUBMITTED (REFUSED ("")), "unknown" },
    /* requests */
    { ONE, 400, NULL, PROBLEM ("unknownCapability", ""), "account/account" },
    { ONE, 400, NULL, PROBLEM ("notRequest", ""), "park" },
    { ONE, 400, NULL, PROBLEM ("notJSON", ""), "park" },
    { ONE, 400, NULL, PROBLEM ("limit", ", \"limit\": \"maxConcurrentRequests\""), "later" },
    { ONE, 400, NULL, PROBLEM ("limit", ", \"limit\": \"maxSizeUpload\""), "refused 5.3.4" },
    { ONE, 400, NULL, PROBLEM ("limit", ", \"limit\": \"maxSizeRequest\""), "park" },
    { ONE, 400, NULL, "<html>", "later" },
};
/* clang-format on */

static const BrevProvider *
jmap (void)
{
    return brev_provider_find ("jmap");
}

static void
test_table (void)
{
    test_replies (jmap (), table, G_N_ELEMENTS (table));
}

static void
test_common (void)
{
    test_common_replies (jmap ());
    test_mutated_reply (jmap (), &table[0]);
}

/* -- the chain ----------------------------------------------------------------------- */

#define HOME "https://jmap.example"
#define SENDER "urn:ietf:params:jmap:submission"
#define SESSION(primary, api, upload)                                                 \
    "{\"capabilities\": {\"urn:ietf:params:jmap:core\": {\"maxSizeUpload\": 5000}}, " \
    "\"primaryAccounts\": {" primary "}, \"apiUrl\": \"" api                          \
    "\", \"uploadUrl\": \"" upload "\"}"
#define MINE "\"" SENDER "\": \"u/1\""
#define GOOD SESSION (MINE, "/api/", "/up/{accountId}/")
#define LOOKUP(list, drafts, inbox)                                           \
    RESPONSES ("[\"Identity/get\", {\"list\": [" list "]}, \"identities\"], " \
               "[\"Mailbox/query\", {\"ids\": [" drafts "]}, \"drafts\"], "   \
               "[\"Mailbox/query\", {\"ids\": [" inbox "]}, \"inbox\"]")
#define OTHER "{\"id\": \"i1\", \"email\": \"other@example.com\"}"
#define OWN "{\"id\": \"i2\", \"email\": \"NoReply@example.com\"}"
#define ANY "{\"id\": \"i3\", \"email\": \"*@example.com\"}"
#define FOUND LOOKUP (OWN, "\"d1\"", "\"in\"")
#define BLOB "{\"blobId\": \"b1\"}"
#define IMPORT(result) RESPONSES ("[\"Email/import\", {" result "}, \"import\"]")
#define IMPORTED IMPORT ("\"created\": {\"mail\": {\"id\": \"e1\"}}")
#define NOT_IMPORTED(more) IMPORT ("\"notCreated\": {\"mail\": {" more "}}")

typedef struct {
    int status;
    const char *header, *body;
} Answer;

#define OK(body)        \
    {                   \
        200, NULL, body \
    }
#define MOVED(to)                \
    {                            \
        307, "Location: " to, "" \
    }

/* What follows the replies: a request, by its URL and words in its body; an error, by words;
 * or a verdict. */
/* clang-format off */
static const struct {
    const char *endpoint;
    Answer answers[6];
    const char *url, *words, *absent;
    const char *error, *verdict;
} chains[] = {
    { HOME, { OK (GOOD) }, HOME "/api/", "Identity/get" },
    { HOME, { OK (GOOD), OK (FOUND) }, HOME "/up/u%2F1/", NULL },
    { HOME, { OK (GOOD), OK (FOUND), { 201, NULL, BLOB } }, HOME "/api/", "\"blobId\":\"b1\"" },
    { HOME, { OK (GOOD), OK (FOUND), OK (BLOB), OK (IMPORTED) }, HOME "/api/",
      "\"identityId\":\"i2\",\"emailId\":\"e1\"" },
    { HOME, { OK (GOOD), OK (FOUND), OK (BLOB), OK (IMPORTED) }, HOME "/api/", "\"destroy\":[\"e1\"]" },
    { HOME, { OK (GOOD), OK (LOOKUP (OTHER "," ANY, "\"d1\"", "")), OK (BLOB), OK (IMPORTED) },
      HOME "/api/", "\"identityId\":\"i3\"" },
    { HOME, { OK (GOOD), OK (LOOKUP (OTHER, "\"d1\"", "")), OK (BLOB), OK (IMPORTED) },
      HOME "/api/", "\"identityId\":\"i1\"" },
    { HOME, { OK (GOOD), OK (LOOKUP (OWN, "", "\"in\"")), OK (BLOB) }, HOME "/api/",
      "\"mailboxIds\":{\"in\":true}" },
    { HOME, { OK (GOOD), OK (FOUND), OK (BLOB),
              OK (NOT_IMPORTED ("\"type\": \"alreadyExists\", \"existingId\": \"e9\"")) },
      HOME "/api/", "\"emailId\":\"e9\"", "destroy" },
    /* where the session is */
    { HOME, { MOVED ("/jmap/session") }, HOME "/jmap/session", NULL },
    { HOME, { MOVED ("https://JMAP.example/s") }, "https://JMAP.example/s", NULL },
    { HOME, { MOVED ("https://api.jmap.example/s") }, "https://api.jmap.example/s", NULL },
    { HOME, { MOVED ("/a"), MOVED ("b"), OK (GOOD) }, HOME "/api/", NULL },
    { HOME "/own/session", { OK (SESSION (MINE, "api", "up/{accountId}")) }, HOME "/own/api", NULL },
    { HOME, { MOVED ("/a"), MOVED ("/a"), MOVED ("/a"), MOVED ("/a") }, .verdict = "account/account" },
    { HOME, { { 302, NULL, "" } }, .verdict = "account/account" },
    { HOME, { OK (GOOD), MOVED ("/x") }, .verdict = "account/account" },
    /* where the token does not go */
    { HOME, { MOVED ("https://evil.example/s") }, .error = "https://evil.example" },
    { HOME, { MOVED ("http://jmap.example/s") }, .error = "http://jmap.example" },
    { HOME, { MOVED ("//evil.example/s") }, .error = "evil.example" },
    { HOME, { MOVED ("https://jmap.example@evil.example/s") }, .error = "evil.example" },
    { HOME, { MOVED ("https://a:b@jmap.example/s") }, .error = "jmap.example" },
    { HOME, { MOVED ("https://eviljmap.example/s") }, .error = "eviljmap.example" },
    { HOME, { MOVED ("https://example/s") }, .error = "https://example" },
    { HOME, { MOVED ("ftp://jmap.example/s") }, .error = "ftp" },
    { HOME, { OK (SESSION (MINE, "https://evil.example/", "/up/")) }, .error = "evil.example" },
    { HOME, { OK (SESSION (MINE, "/api/", "https://evil.example/")) }, .error = "evil.example" },
    /* what leads no further, and was not sent */
    { HOME, { OK (SESSION ("", "/api/", "/up/")) }, .error = "does not let this user send" },
    { HOME, { OK ("<html>") }, .verdict = "unknown" },
    { HOME, { OK ("") }, .verdict = "unknown" },
    { HOME, { OK ("{}") }, .verdict = "unknown" },
    { HOME, { { 401, NULL, "" } }, .verdict = "account/account" },
    { HOME, { { 404, NULL, "" } }, .verdict = "account/account" },
    { HOME, { { 503, "Retry-After: 7", "" } }, .verdict = "later+7" },
    { HOME, { OK (GOOD), OK (LOOKUP ("", "\"d1\"", "")) }, .verdict = "account/account" },
    { HOME, { OK (GOOD), OK (LOOKUP (OWN, "", "")) }, .verdict = "account/account" },
    { HOME, { OK (GOOD), OK (RESPONSES ("[\"error\", {\"type\": \"unknownMethod\"}, \"identities\"]")) },
      .verdict = "account/account" },
    { HOME, { OK (GOOD), OK ("<html>") }, .verdict = "unknown" },
    { HOME, { OK (GOOD), OK (FOUND), { 413, NULL, "" } }, .verdict = "refused 5.3.4" },
    { HOME, { OK (GOOD), OK (FOUND), { 400, NULL, PROBLEM ("limit", ", \"limit\": \"maxConcurrentUpload\"") } },
      .verdict = "later" },
    { HOME, { OK (GOOD), OK (FOUND), OK ("{}") }, .verdict = "unknown" },
    { HOME, { OK (GOOD), OK (FOUND), OK (BLOB), OK (NOT_IMPORTED ("\"type\": \"overQuota\"")) },
      .verdict = "account/account" },
    { HOME, { OK (GOOD), OK (FOUND), OK (BLOB), OK (NOT_IMPORTED ("\"type\": \"invalidEmail\"")) },
      .verdict = "refused 5.6.0" },
    { HOME, { OK (GOOD), OK (FOUND), OK (BLOB), OK (NOT_IMPORTED ("\"type\": \"alreadyExists\"")) },
      .verdict = "unknown" },
    { HOME, { OK (GOOD), OK (FOUND), OK (BLOB), OK (IMPORT ("\"created\": null")) }, .verdict = "unknown" },
};
/* clang-format on */

static BrevHttpReply *
reply_new (const Answer *answer)
{
    BrevHttpReply *reply = brev_http_reply_new (
        answer->status, g_bytes_new_static (answer->body, strlen (answer->body)));

    if (answer->header != NULL) {
        g_auto (GStrv) pair = g_strsplit (answer->header, ": ", 2);
        g_ptr_array_add (reply->headers, brev_http_header_new (pair[0], pair[1], FALSE));
    }
    reply->is_prelude = TRUE;
    return reply;
}

static char *
body_of (BrevHttpRequest *request)
{
    char buffer[2000];
    gssize n;

    g_assert_true (brev_body_measure (request->body, &(guint64){ 0 }, NULL, NULL));
    brev_body_rewind (request->body);
    n = brev_body_read (request->body, buffer, sizeof buffer - 1, NULL);
    g_assert_cmpint (n, >=, 0);
    return g_strndup (buffer, (gsize) n);
}

static GPtrArray *
mails_new (void)
{
    GPtrArray *mails = test_mails_new (ONE);
    BrevMail *mail = mails->pdata[0];

    mail->raw = brev_body_new ();
    brev_body_add (mail->raw, "From: a@b\r\n\r\n");
    return mails;
}

static void
test_chains (void)
{
    const BrevAccount account = { 0 };

    for (guint i = 0; i < G_N_ELEMENTS (chains); i++) {
        g_autoptr (GPtrArray) mails = mails_new ();
        g_autoptr (GPtrArray) replies =
            g_ptr_array_new_with_free_func ((GDestroyNotify) brev_http_reply_free);
        g_autoptr (GError) error = NULL;
        for (const Answer *answer = chains[i].answers; answer->status != 0; answer++)
            g_ptr_array_add (replies, reply_new (answer));
        g_autoptr (BrevHttpRequest) request =
            jmap ()->next (mails, &account, "token", chains[i].endpoint, replies, &error);

        g_test_message ("chain %u: %s%s", i, request != NULL ? request->url : "",
                        error != NULL ? error->message : "");
        if (chains[i].error != NULL) {
            g_assert_nonnull (error);
            g_assert_nonnull (strstr (error->message, chains[i].error));
        } else if (chains[i].verdict != NULL) {
            g_assert_null (request);
            g_assert_no_error (error);
            g_autofree char *got =
                test_read (jmap (), ONE, replies->pdata[replies->len - 1]);
            g_assert_cmpstr (got, ==, chains[i].verdict);
        } else {
            g_assert_no_error (error);
            g_assert_cmpstr (request->url, ==, chains[i].url);
            g_autofree char *body = body_of (request);
            if (chains[i].words != NULL)
                g_assert_nonnull (strstr (body, chains[i].words));
            if (chains[i].absent != NULL)
                g_assert_null (strstr (body, chains[i].absent));
            g_assert_cmpint (request->is_prelude, ==,
                             strstr (body, "EmailSubmission/set") == NULL);
            g_assert_null (strstr (body, "token"));
        }
    }
}

/* Replies of a stranger, cut anywhere: no request without the ones before, and no fault. */
static void
test_cut_replies (void)
{
    static const char *const bodies[] = { GOOD, FOUND, BLOB, IMPORTED };
    const BrevAccount account = { 0 };

    for (guint last = 0; last < G_N_ELEMENTS (bodies); last++) {
        for (gsize length = 0; length < strlen (bodies[last]); length++) {
            g_autoptr (GPtrArray) mails = mails_new ();
            g_autoptr (GPtrArray) replies =
                g_ptr_array_new_with_free_func ((GDestroyNotify) brev_http_reply_free);
            for (guint i = 0; i <= last; i++)
                g_ptr_array_add (
                    replies,
                    brev_http_reply_new (
                        200, g_bytes_new (bodies[i],
                                          i == last ? length : strlen (bodies[i]))));
            g_assert_null (jmap ()->next (mails, &account, "token", HOME, replies, NULL));
        }
    }
}

static void
test_first (void)
{
    g_autofree char *user = g_strdup ("web");
    const BrevAccount bearer = { 0 }, basic = { .user = user };
    g_autoptr (GPtrArray) mails = mails_new ();
    g_autoptr (BrevHttpRequest) one =
        jmap ()->encode (mails, &bearer, "token", HOME, NULL);
    g_autoptr (BrevHttpRequest) other =
        jmap ()->encode (mails, &basic, "token", HOME "/s", NULL);
    const BrevHttpHeader *header = one->headers->pdata[one->headers->len - 1];

    g_assert_cmpstr (one->url, ==, HOME "/.well-known/jmap");
    g_assert_true (one->is_prelude && other->is_prelude);
    g_assert_cmpstr (header->value, ==, "Bearer token");
    g_assert_true (header->is_secret);
    g_assert_cmpstr (other->url, ==, HOME "/s");
    header = other->headers->pdata[other->headers->len - 1];
    g_assert_cmpstr (header->value, ==, "Basic d2ViOnRva2Vu");
}

static void
test_account (void)
{
    g_autofree char *name = g_strdup ("main"), *provider = g_strdup ("jmap");
    g_autofree char *endpoint = g_strdup (HOME), *user = g_strdup ("a:b");
    BrevAccount account = { .name = name, .provider = provider };

    g_assert_false (brev_account_check (&account, "token", NULL));
    account.endpoint = endpoint;
    g_assert_true (brev_account_check (&account, "token", NULL));
    g_assert_false (brev_account_check (&account, "", NULL));
    account.user = user;
    g_assert_false (brev_account_check (&account, "token", NULL));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/jmap/replies", test_table);
    g_test_add_func ("/jmap/common", test_common);
    g_test_add_func ("/jmap/chains", test_chains);
    g_test_add_func ("/jmap/cut-replies", test_cut_replies);
    g_test_add_func ("/jmap/first", test_first);
    g_test_add_func ("/jmap/account", test_account);
    return g_test_run ();
}
