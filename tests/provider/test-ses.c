/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "config/secret.h"
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"

typedef struct {
    const char *recipients;
    int status;
    const char *type; /* x-amzn-ErrorType; NULL: none */
    const char *body;
    const char *want;
} Case;

#define MESSAGE(text) "{\"message\": \"" text "\"}"
#define UNVERIFIED                                                                        \
    "Email address is not verified. The following identities failed the check in region " \
    "EU-WEST-1: "

/* clang-format off */
static const Case cases[] = {
    { ONE, 200, NULL, "{\"MessageId\": \"0102-1-000000\"}", "accepted(0102-1-000000)" },
    { TWO, 200, NULL, "{\"MessageId\": \"x\", \"More\": 1}", "accepted(x) accepted(x)" },
    /* a success that is not understood */
    { TWO, 200, NULL, "", "unknown unknown" },
    { ONE, 200, NULL, "<html>Log in</html>", "unknown" },
    { ONE, 200, NULL, "{\"MessageId\": \"0102", "unknown" },
    { ONE, 200, NULL, "{\"MessageId\": \"\"}", "unknown" },
    { ONE, 200, NULL, "{\"MessageId\": 7}", "unknown" },
    { ONE, 200, NULL, "{\"messageid\": \"x\"}", "unknown" },
    { ONE, 200, NULL, "[{\"MessageId\": \"x\"}]", "unknown" },
    { ONE, 200, NULL, "{\"MessageId\": \"x\", \"MessageId\": \"y\"}", "unknown" },
    { ONE, 202, NULL, "{\"MessageId\": \"x\"}", "unknown" },
    { ONE, 204, NULL, "", "unknown" },
    /* the sender, or in the sandbox recipients */
    { TWO, 400, "MessageRejected", MESSAGE (UNVERIFIED "noreply@example.com"),
      "account/sender account/sender" },
    { TWO, 400, "MessageRejected", MESSAGE (UNVERIFIED "Web <NoReply@example.com>, b@example.org"),
      "account/sender account/sender" },
    { TWO, 400, "MessageRejected", MESSAGE (UNVERIFIED "b@example.org"),
      "again account/recipient" },
    { TWO, 400, "MessageRejected", MESSAGE (UNVERIFIED "B@example.org, a@example.com"),
      "account/recipient account/recipient" },
    { ONE, 400, "MessageRejected", MESSAGE (UNVERIFIED "other@example.com..."), "account/sender" },
    { ONE, 400, "MailFromDomainNotVerifiedException", MESSAGE ("x"), "account/sender" },
    /* the account */
    { ONE, 400, "AccountSuspendedException", MESSAGE ("x"), "account/account" },
    { ONE, 400, "SendingPausedException", MESSAGE ("x"), "account/account" },
    { ONE, 400, "SendingPausedException", MESSAGE ("Sending paused for the configuration set a"),
      "account/stream" },
    { ONE, 400, "MessageRejected", MESSAGE ("Sending suspended for this account"),
      "account/account" },
    { ONE, 403, "SignatureDoesNotMatch", MESSAGE ("x"), "account/account" },
    { ONE, 403, "InvalidSignatureException", MESSAGE ("Signature expired: 2026"), "account/account" },
    { ONE, 403, "UnrecognizedClientException:http://x/", MESSAGE ("x"), "account/account" },
    { ONE, 403, "ExpiredTokenException", MESSAGE ("x"), "account/account" },
    { ONE, 403, "AccessDeniedException", "{\"Message\": \"not allowed: ses:SendEmail on resource "
      "arn:aws:ses:eu-west-1:1:identity/example.com\"}", "account/sender" },
    { ONE, 403, "AccessDeniedException", "{\"Message\": \"not allowed: "
      "arn:aws:ses:eu-west-1:1:configuration-set/a\"}", "account/stream" },
    { ONE, 403, "AccessDeniedException", MESSAGE ("x"), "account/account" },
    { ONE, 403, NULL, "<html>", "account/account" },
    { ONE, 400, "IncompleteSignature", MESSAGE ("x"), "account/account" },
    { ONE, 401, NULL, "", "account/account" },
    /* the configuration set, the region */
    { ONE, 404, "NotFoundException", MESSAGE ("Configuration set <a> does not exist."),
      "account/stream" },
    { ONE, 400, "ConfigurationSetDoesNotExistException", MESSAGE ("x"), "account/stream" },
    { ONE, 404, "NotFoundException", MESSAGE ("x"), "account/account" },
    { ONE, 404, NULL, "", "account/account" },
    /* a rate for each second, and one for each day */
    { ONE, 429, "TooManyRequestsException", MESSAGE ("Maximum sending rate exceeded."), "later" },
    { ONE, 429, "TooManyRequestsException", MESSAGE ("Daily message quota exceeded."),
      "account/account" },
    { ONE, 400, "ThrottlingException", MESSAGE ("Maximum sending rate exceeded."), "later" },
    { ONE, 400, "Throttling", MESSAGE ("Daily message quota exceeded."), "account/account" },
    { ONE, 400, "LimitExceededException", MESSAGE ("x"), "later" },
    { ONE, 429, NULL, "", "later" },
    { ONE, 429, "TooManyRequestsException", "", "later" },
    /* the message */
    { TWO, 400, "MessageRejected", MESSAGE ("Transaction failed: virus"),
      "refused 5.6.0 refused 5.6.0" },
    { ONE, 400, NULL, "{\"__type\": \"com.amazonaws.sesv2#MessageRejected\", \"message\": \"x\"}",
      "refused 5.6.0" },
    { TWO, 400, "MessageRejected", MESSAGE ("Address blacklisted: b@example.org"),
      "again refused 5.2.1" },
    { ONE, 400, "BadRequestException", MESSAGE ("Message length is more than 10485760 bytes long: '1'."),
      "refused 5.3.4" },
    { ONE, 400, "BadRequestException", MESSAGE ("Duplicate header 'Subject'."), "refused 5.6.0" },
    { ONE, 413, NULL, "", "refused 5.3.4" },
    /* a recipient */
    { TWO, 400, "BadRequestException", MESSAGE ("Illegal address: b@example.org"),
      "again refused 5.1.3" },
    { ONE, 400, "BadRequestException", MESSAGE ("Missing final '@domain'"), "refused 5.1.3" },
    { TWO, 400, "BadRequestException", MESSAGE ("Missing final '@domain'"), "split split" },
    /* our own mistakes */
    { ONE, 400, "BadRequestException", MESSAGE ("x"), "park" },
    { ONE, 400, "BadRequestException", "", "park" },
    { ONE, 400, "SerializationException", "", "park" },
    { ONE, 415, NULL, "", "park" },
    /* what nobody knows */
    { ONE, 400, "NewException", MESSAGE ("x"), "later" },
    { ONE, 400, NULL, "<html>", "later" },
    { ONE, 302, NULL, "", "account/account" },
    { ONE, 408, "RequestTimeout", MESSAGE ("x"), "later" },
    { ONE, 500, "InternalFailure", MESSAGE ("x"), "later" },
    { ONE, 503, "ServiceUnavailable", MESSAGE ("x"), "later" },
    { ONE, 502, NULL, "<html>", "unknown" },
    { ONE, 504, "MessageRejected", MESSAGE ("x"), "unknown" },
};
/* clang-format on */

static void
test_table (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        const Case *row = &cases[i];
        BrevHttpReply *reply = brev_http_reply_new (
            row->status, g_bytes_new_static (row->body, strlen (row->body)));
        if (row->type != NULL)
            g_ptr_array_add (reply->headers,
                             brev_http_header_new ("X-Amzn-Errortype", row->type, FALSE));
        g_autofree char *got =
            test_read (brev_provider_find ("ses"), row->recipients, reply);
        g_test_message ("%d %s %s", row->status, row->type, row->body);
        g_assert_cmpstr (got, ==, row->want);
        brev_http_reply_free (reply);
    }
}

static void
test_common (void)
{
    static const TestReply accepted = { ONE, 200, NULL, "{\"MessageId\": \"0102\"}", "" };

    test_common_replies (brev_provider_find ("ses"));
    test_mutated_reply (brev_provider_find ("ses"), &accepted);
}

static void
test_retry_after (void)
{
    g_autoptr (BrevHttpReply) reply = brev_http_reply_new (429, NULL);

    g_ptr_array_add (reply->headers, brev_http_header_new ("Retry-After", "7", FALSE));
    g_autofree char *got = test_read (brev_provider_find ("ses"), ONE, reply);
    g_assert_cmpstr (got, ==, "later+7");
}

/* clang-format off */
static const struct {
    const char *user, *token, *key_id, *secret, *session;
} keys[] = { /* without a key id: refused */
    { NULL, "ID:se/cr+et=", "ID", "se/cr+et=", NULL },
    { NULL, "ID:secret:session", "ID", "secret", "session" },
    { "ID", "secret", "ID", "secret", NULL },
    { "ID", "secret:session", "ID", "secret", "session" },
    { NULL, "secret" },
    { NULL, "ID:" },
    { NULL, ":secret" },
    { NULL, "ID:secret:session:more" },
    { "ID", "secret:session:more" },
};
/* clang-format on */

static void
test_keys (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
        g_autofree char *user = g_strdup (keys[i].user), *name = g_strdup ("main"),
                        *provider = g_strdup ("ses");
        const BrevAccount account = { .name = name, .provider = provider, .user = user };
        g_autoptr (GPtrArray) mails = test_mails_new (ONE);
        g_autoptr (GError) error = NULL;
        BrevMail *mail = mails->pdata[0];
        BrevMessage message = { 0 };
        gboolean is_good = brev_account_check (&account, keys[i].token, &error);

        g_assert_true (is_good == (keys[i].key_id != NULL));
        if (!is_good) {
            g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
            g_assert_null (strstr (error->message, "secret:"));
            continue;
        }
        mail->message = &message;
        mail->raw = brev_body_new ();
        g_autoptr (BrevHttpRequest) request = brev_provider_find ("ses")->encode (
            mails, &account, keys[i].token, "https://x", &error);
        const BrevHttpHeader *last = request->headers->pdata[request->headers->len - 1];
        g_assert_cmpstr (request->url, ==, "https://x/v2/email/outbound-emails");
        g_assert_cmpstr (request->signing, ==, "aws:amz:us-east-1:ses");
        g_assert_cmpstr (request->key_id, ==, keys[i].key_id);
        g_assert_cmpstr (request->secret, ==, keys[i].secret);
        g_assert_true (last->is_secret == (keys[i].session != NULL));
        if (keys[i].session != NULL)
            g_assert_cmpstr (last->value, ==, keys[i].session);
    }
}

static void
test_regions (void)
{
    static const struct {
        const char *region, *endpoint, *want;
    } rows[] = {
        { NULL, NULL, "https://email.us-east-1.amazonaws.com" },
        { "eu-west-1", NULL, "https://email.eu-west-1.amazonaws.com" },
        { "eu-west-1", "https://vpc.example", "https://vpc.example" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autofree char *region = g_strdup (rows[i].region), *provider = g_strdup ("ses"),
                        *endpoint = g_strdup (rows[i].endpoint);
        const BrevAccount account = { .provider = provider,
                                      .region = region,
                                      .endpoint = endpoint };
        g_autofree char *got =
            brev_provider_endpoint (brev_provider_find ("ses"), &account);
        g_assert_cmpstr (got, ==, rows[i].want);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/ses/replies", test_table);
    g_test_add_func ("/ses/common", test_common);
    g_test_add_func ("/ses/retry-after", test_retry_after);
    g_test_add_func ("/ses/keys", test_keys);
    g_test_add_func ("/ses/regions", test_regions);
    return g_test_run ();
}
