/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define RESULT(delivered, bounced, queued)                                \
    "{\"success\": true, \"errors\": [], \"messages\": [], \"result\": {" \
    "\"delivered\": [" delivered "], \"permanent_bounces\": [" bounced    \
    "], \"queued\": [" queued "]}}"
#define ERROR(code, text)                                                          \
    "{\"success\": false, \"errors\": [{\"code\": " #code ", \"message\": \"" text \
    "\"}], \"messages\": [], \"result\": null}"
#define A "\"a@example.com\""
#define B "\"b@example.org\""

/* clang-format off */
static const TestReply accepted[] = {
    { ONE, 200, NULL, RESULT (A, "", ""), "accepted((null))" },
    { ONE, 200, NULL, RESULT ("", "", A), "accepted((null))" },
    { ONE, 200, NULL, RESULT ("\"A@Example.COM\"", "", ""), "accepted((null))" },
    { ONE, 200, NULL, "{\"success\": true, \"result\": {\"message_id\": \"<1@x>\", \"delivered\": [" A "]}}",
      "accepted(<1@x>)" },
    { TWO, 200, NULL, RESULT (A, B, ""), "accepted((null)) refused 5.0.0" },
    { TWO, 200, NULL, RESULT (A, "", B), "accepted((null)) accepted((null))" },
    /* of whom nothing is said */
    { TWO, 200, NULL, RESULT (A, "", ""), "accepted((null)) unknown" },
    { ONE, 200, NULL, RESULT ("", "", ""), "unknown" },
    { ONE, 200, NULL, RESULT (B, "", ""), "unknown" },
    { ONE, 200, NULL, RESULT ("1, null, []", "", ""), "unknown" },
    { ONE, 200, NULL, "{\"success\": true, \"result\": null}", "unknown" },
    { ONE, 200, NULL, ERROR (10202, "email.sending.error.email.invalid"), "unknown" },
};

static const TestReply errors[] = {
    { ONE, 401, NULL, ERROR (10101, "email.sending.error.authentication.unauthorized"), "account/account" },
    { ONE, 401, NULL, ERROR (10103, "email.sending.error.authentication.bad_token_type"), "account/account" },
    { ONE, 403, NULL, ERROR (10102, "email.sending.error.authentication.forbidden"), "account/account" },
    { ONE, 403, NULL, ERROR (10105, "email.sending.error.authentication.not_entitled"), "account/account" },
    { ONE, 403, NULL, ERROR (10000, "Authentication error"), "account/account" },
    { ONE, 404, NULL, ERROR (10000, "email.sending.error.not_found"), "account/account" },
    { ONE, 404, NULL, ERROR (7003, "Could not route to /accounts/x"), "account/account" },
    { ONE, 404, NULL, "<html>", "account/account" },
    { ONE, 403, NULL, ERROR (10203, "email.sending.error.email.sending_disabled"), "account/sender" },
    { ONE, 400, NULL, ERROR (10210, "email.sending.error.sender.not_verified"), "account/sender" },
    { ONE, 400, NULL, ERROR (10211, "email.sending.error.recipient.suppressed"), "refused 5.2.1" },
    { TWO, 400, NULL, ERROR (10211, "email.sending.error.recipient.suppressed"), "split split" },
    { TWO, 400, NULL, ERROR (10211, "b@example.org is suppressed"), "again refused 5.2.1" },
    { ONE, 400, NULL, ERROR (10212, "email.sending.error.recipient.invalid"), "refused 5.1.3" },
    { ONE, 400, NULL, ERROR (10200, "email.sending.error.email.too_big"), "refused 5.3.4" },
    { ONE, 400, NULL, ERROR (10202, "email.sending.error.email.invalid"), "refused 5.6.0" },
    { ONE, 400, NULL, ERROR (10001, "email.sending.error.invalid_request_schema"), "park" },
    { ONE, 400, NULL, ERROR (10201, "email.sending.error.email.no_content_length"), "park" },
    { ONE, 400, NULL, ERROR (99999, "email.sending.error.new"), "later" },
    { ONE, 413, NULL, "", "refused 5.3.4" },
    { ONE, 500, NULL, ERROR (10002, "email.sending.error.internal_server"), "later" },
    { ONE, 500, NULL, ERROR (10003, "email.sending.error.not_implemented"), "later" },
    { ONE, 503, NULL, ERROR (10100, "email.sending.error.authentication.upstream"), "later" },
};

static const TestReply rates[] = {
    { ONE, 429, NULL, ERROR (10004, "email.sending.error.throttled"), "later" },
    { ONE, 429, "Retry-After: 30", ERROR (10004, "email.sending.error.throttled"), "later+30" },
    { ONE, 429, "Retry-After: 30", "", "later+30" },
};
/* clang-format on */

static const BrevProvider *
cloudflare (void)
{
    return brev_provider_find ("cloudflare");
}

static void
test_tables (void)
{
    test_replies (cloudflare (), accepted, G_N_ELEMENTS (accepted));
    test_replies (cloudflare (), errors, G_N_ELEMENTS (errors));
    test_replies (cloudflare (), rates, G_N_ELEMENTS (rates));
}

static void
test_common (void)
{
    test_common_replies (cloudflare ());
    test_mutated_reply (cloudflare (), &accepted[4]);
    test_mutated_reply (cloudflare (), &errors[10]);
}

/* Its id stands in the path. */
static void
test_account_id (void)
{
    static const struct {
        const char *user;
        gboolean is_sound;
    } rows[] = { { "023e105f4ecef8ad9ca31a8372d0c353", TRUE },
                 { NULL, FALSE },
                 { "", FALSE },
                 { "0/../1", FALSE } };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autofree char *name = g_strdup ("a"), *provider = g_strdup ("cloudflare"),
                        *user = g_strdup (rows[i].user);
        const BrevAccount account = { .name = name, .provider = provider, .user = user };
        g_autoptr (GError) error = NULL;
        g_assert_cmpint (brev_account_check (&account, "key", &error), ==,
                         rows[i].is_sound);
        if (!rows[i].is_sound)
            g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
    }
}

/* A field that is not on the list would have the mail refused. */
static void
test_headers (void)
{
    static const struct {
        const char *name, *value, *unsubscribe;
        gboolean is_taken;
    } rows[] = {
        { "X-Priority", "1", NULL, TRUE },
        { "x-a_b", "1", NULL, TRUE },
        { "X-", "1", NULL, FALSE },
        { "X-a.b", "1", NULL, FALSE },
        { "in-reply-to", "<1@x>", NULL, TRUE },
        { "Received", "from x", NULL, FALSE },
        { "User-Agent", "x", NULL, FALSE },
        { "Precedence", "bulk", NULL, TRUE },
        { "Precedence", "first-class", NULL, FALSE },
        { "Auto-Submitted", "no", NULL, FALSE },
        { "Auto-Submitted", "auto-generated", NULL, TRUE },
        { "List-Unsubscribe", "<https://x/1>", NULL, TRUE },
        { "List-Unsubscribe", "<mailto:a@b>", NULL, TRUE },
        { "List-Unsubscribe", "<mailto:a@b>, <http://x/1>", NULL, FALSE },
        { "List-Unsubscribe", "later", NULL, FALSE },
        { "List-Unsubscribe-Post", "List-Unsubscribe=One-Click", "<https://x/1>", TRUE },
        { "List-Unsubscribe-Post", "List-Unsubscribe=One-Click", "<mailto:a@b>", FALSE },
        { "List-Unsubscribe-Post", "List-Unsubscribe=One-Click", NULL, FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        BrevHeader *header = brev_header_new (rows[i].name, rows[i].value, rows[i].value);
        g_autoptr (GPtrArray) headers =
            g_ptr_array_new_with_free_func ((GDestroyNotify) brev_header_free);
        const BrevMessage message = { .headers = headers };
        if (rows[i].unsubscribe != NULL)
            g_ptr_array_add (headers,
                             brev_header_new ("List-Unsubscribe", rows[i].unsubscribe,
                                              rows[i].unsubscribe));
        g_test_message ("%s: %s", rows[i].name, rows[i].value);
        g_assert_cmpint (cloudflare ()->takes_header (&message, header), ==,
                         rows[i].is_taken);
        brev_header_free (header);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/cloudflare/replies", test_tables);
    g_test_add_func ("/cloudflare/common", test_common);
    g_test_add_func ("/cloudflare/account-id", test_account_id);
    g_test_add_func ("/cloudflare/headers", test_headers);
    return g_test_run ();
}
