/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "mails.h"
#include "provider/control.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/reply.h"

static void
test_registry (void)
{
    for (const BrevProvider *const *p = brev_providers; *p != NULL; p++) {
        g_assert_true (brev_provider_find ((*p)->name) == *p);
        g_assert_nonnull ((*p)->title);
        g_assert_true (((*p)->encode == NULL) == ((*p)->read == NULL));
        g_assert_false ((*p)->url != NULL && g_str_has_suffix ((*p)->url, "/"));
    }
    g_assert_null (brev_provider_find ("no-such-provider"));
    g_assert_null (brev_provider_find (NULL));
}

static void
test_outbox_stands_for_another (void)
{
    char outbox[] = "outbox", postmark[] = "postmark";
    BrevAccount account = { .provider = outbox, .as = postmark };

    g_assert_true (brev_provider_for (&account) == brev_provider_find ("postmark"));
    account.as = NULL;
    g_assert_null (brev_provider_for (&account));
    account.as = outbox;
    g_assert_null (brev_provider_for (&account));
}

static void
test_token (void)
{
    char name[] = "mine", provider[] = "postmark";
    const BrevAccount account = { .name = name, .provider = provider };
    static const char *const bad[] = { NULL,           "",   "a b", "a\nX-Evil: 1",
                                       "t\xc3\xb6ken", "a\t" };

    g_assert_true (brev_account_check (&account, "aaaa-bbbb-1234", NULL));
    for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
        g_autoptr (GError) error = NULL;
        g_assert_false (brev_account_check (&account, bad[i], &error));
        g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
        g_assert_null (strstr (error->message, "Evil"));
    }
}

static char *
describe (const BrevControls *controls, const GPtrArray *dropped)
{
    GString *text = g_string_new (NULL);

    if (controls->tag != NULL)
        g_string_append_printf (text, "tag=%s ", controls->tag);
    if (controls->stream != NULL)
        g_string_append_printf (text, "stream=%s ", controls->stream);
    if (controls->track_opens != NULL)
        g_string_append_printf (text, "opens=%s ", controls->track_opens);
    if (controls->track_links != NULL)
        g_string_append_printf (text, "links=%s ", controls->track_links);
    if (controls->ip_pool != NULL)
        g_string_append_printf (text, "pool=%s ", controls->ip_pool);
    if (controls->asm_group != NULL)
        g_string_append_printf (text, "asm=%s ", controls->asm_group);
    for (guint i = 0; i < controls->metadata->len; i++) {
        const BrevHeader *field = controls->metadata->pdata[i];
        g_string_append_printf (text, "%s=%s ", field->name, field->text);
    }
    for (guint i = 0; i < dropped->len; i++)
        g_string_append_printf (text, "-%s ", (char *) dropped->pdata[i]);
    return g_strchomp (g_string_free (text, FALSE));
}

/* clang-format off */
static const struct {
    const char *headers; /* one a line */
    const char *want;
} controls[] = {
    { "X-PM-Tag: welcome", "tag=welcome" },
    { "x-pm-TAG: welcome\nX-PM-Tag: second", "tag=welcome" },
    { "X-PM-Message-Stream: news", "stream=news" },
    { "X-PM-Metadata-order: 42\nX-PM-Metadata-Color: red", "order=42 Color=red" },
    { "X-PM-Metadata-a: 1\nX-PM-Metadata-A: 2", "a=1 -X-PM-Metadata-A" },
    { "X-PM-Metadata-: 1", "-X-PM-Metadata-" },
    { "X-PM-TrackOpens: True", "opens=yes" },
    { "X-PM-TrackOpens: perhaps", "-X-PM-TrackOpens" },
    { "X-PM-TrackLinks: HtmlOnly", "links=html" },
    { "X-PM-TrackLinks: None", "links=none" },
    { "X-PM-KeepID: true", "" },
    { "X-PM-Tag:", "-X-PM-Tag" },
    { "X-Mailgun-Tag: a\nX-Mailgun-Tag: b", "tag=a" },
    { "X-Mailgun-Variables: {\"user\": \"7\", \"n\": 3, \"deep\": {\"a\": [1]}}",
      "user=7 n=3 deep={\"a\":[1]}" },
    { "X-Mailgun-Variables: {", "-X-Mailgun-Variables" },
    { "X-Mailgun-Track: no", "opens=no links=none" },
    { "X-Mailgun-Track-Clicks: htmlonly", "links=html" },
    { "X-Mailgun-Dkim: yes", "-X-Mailgun-Dkim" },
    { "X-SES-Message-Tags: a=1, b=2", "a=1 b=2" },
    { "X-SES-Configuration-Set: main", "-X-SES-Configuration-Set" },
    { "X-MC-Tags: one, two", "tag=one" },
    { "X-MC-Metadata: {\"a\": \"1\"}", "a=1" },
    { "X-MC-Track: opens,clicks_htmlonly", "opens=yes links=html" },
    { "X-MC-Template: x", "-X-MC-Template" },
    { "X-SMTPAPI: {\"category\": \"c\", \"unique_args\": {\"a\": \"1\"}}", "tag=c a=1" },
    { "X-SMTPAPI: {\"category\": [\"c\", \"d\"]}", "tag=c" },
    { "X-SMTPAPI: {\"category\": [7]}", "-X-SMTPAPI" },
    { "X-SMTPAPI: [1]", "-X-SMTPAPI" },
    { "X-SMTPAPI: {\"category\": \"c\", \"to\": [\"x@example.org\"]}", "tag=c -X-SMTPAPI" },
    { "X-SMTPAPI: {\"sub\": {\"-n-\": [\"x\"]}}", "-X-SMTPAPI" },
    { "X-SMTPAPI: {\"ip_pool\": \"news\", \"asm_group_id\": 7}", "pool=news asm=7" },
    { "X-SMTPAPI: {\"ip_pool\": 7, \"asm_group_id\": \"7\"}", "-X-SMTPAPI" },
    { "X-SMTPAPI: {\"filters\": {\"opentrack\": {\"settings\": {\"enable\": 0}}, "
      "\"clicktrack\": {\"settings\": {\"enable\": 1}}}}", "opens=no links=all" },
    { "X-SMTPAPI: {\"filters\": {\"footer\": {\"settings\": {\"enable\": 1}}}}", "-X-SMTPAPI" },
    { "X-MSYS-API: {\"campaign_id\": \"c\", \"metadata\": {\"a\": \"1\"}, "
      "\"options\": {\"open_tracking\": false, \"click_tracking\": true}}",
      "tag=c opens=no links=all a=1" },
    { "X-MSYS-API: {\"tags\": [\"t\", \"u\"], \"options\": {\"transactional\": true, \"sandbox\": false}}", "tag=t" },
    { "X-MSYS-API: {\"campaign_id\": \"c\", \"options\": {\"ip_pool\": \"news\"}}", "tag=c -X-MSYS-API" },
    { "X-MSYS-API: {\"options\": {\"transactional\": false}}", "-X-MSYS-API" },
    { "X-MSYS-API: {\"cc\": [{\"email\": \"x@example.org\"}]}", "-X-MSYS-API" },
    { "X-MSYS-API: {\"campaign_id\": {}, \"metadata\": []}", "-X-MSYS-API" },
    { "X-MSYS-API: 7", "-X-MSYS-API" },
    { "X-Mailin-Tag: t", "tag=t" },
    { "X-Mailjet-Campaign: t\nX-MJ-CustomID: x", "tag=t -X-MJ-CustomID" },
    { "X-MailerSend-Tags: t, u\nX-MailerSend-X: x", "tag=t -X-MailerSend-X" },
    { "X-MT-Category: t", "tag=t" },
    { "X-Mailer: PHP\nX-PM-Bounce-Type: SoftBounce", "" },
};
/* clang-format on */

static GPtrArray *
headers_new (const char *text)
{
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    GPtrArray *headers =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_header_free);

    for (char **line = lines; *line != NULL; line++) {
        char *colon = strchr (*line, ':');
        *colon = '\0';
        g_ptr_array_add (headers, brev_header_new (*line, colon + 1, colon + 1));
    }
    return headers;
}

static void
test_controls (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (controls); i++) {
        g_autoptr (GPtrArray) headers = headers_new (controls[i].headers);
        g_autoptr (GPtrArray) dropped = g_ptr_array_new_with_free_func (g_free);
        g_auto (BrevControls) read = { 0 };
        brev_controls_read (headers, "postmark", &read, dropped);
        g_autofree char *got = describe (&read, dropped);
        g_assert_cmpstr (got, ==, controls[i].want);
    }
    g_assert_true (brev_header_is_control ("X-Pm-Metadata-Anything", "postmark"));
    g_assert_false (brev_header_is_control ("X-PM-Bounce-Type", "postmark"));
    g_assert_false (brev_header_is_control ("Subject", "postmark"));
    g_assert_true (brev_header_is_control ("X-SES-Source-ARN", "postmark"));
    g_assert_false (brev_header_is_control ("X-SES-Source-ARN", "ses"));
    g_assert_true (brev_header_is_control ("X-SES-Configuration-Set", "ses"));
    g_assert_true (brev_header_is_control ("X-MC-Subaccount", "postmark"));
    g_assert_false (brev_header_is_control ("X-MC-Subaccount", "mandrill"));
    g_assert_true (brev_header_is_control ("X-MC-BccAddress", "mandrill"));
}

/* clang-format off */
static const struct {
    const char *retry_after, *date;
    gint64 want; /* seconds */
} retries[] = {
    { NULL, NULL, 0 },
    { "30", NULL, 30 },
    { "0", NULL, 0 },
    { "-5", NULL, 0 },
    { "99999999999999999999999", NULL, 86400 },
    { "soon", NULL, 0 },
    { "Sun, 06 Nov 1994 08:49:37 GMT", NULL, 0 },
    { "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:48:37 GMT", 60 },
    { "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:59:37 GMT", 0 },
    { "Sun, 06 Nov 2094 08:49:37 GMT", "Sun, 06 Nov 1994 08:59:37 GMT", 86400 },
    { "Sun, 99 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:59:37 GMT", 0 },
    { "Sun, 06 anF 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:59:37 GMT", 0 },
};
/* clang-format on */

static void
test_retry_after (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (retries); i++) {
        g_autoptr (BrevHttpReply) reply = brev_http_reply_new (429, NULL);
        if (retries[i].retry_after != NULL)
            g_ptr_array_add (
                reply->headers,
                brev_http_header_new ("retry-after", retries[i].retry_after, FALSE));
        if (retries[i].date != NULL)
            g_ptr_array_add (reply->headers,
                             brev_http_header_new ("Date", retries[i].date, FALSE));
        g_assert_cmpint (brev_reply_retry_after (reply), ==, retries[i].want * 1000);
    }
}

/* clang-format off */
static const struct {
    const char *text, *want;
} names[] = { /* of a@example.com, o'b@example.com, b@example.com.org */
    { "Invalid 'To' address: 'a@example.com'.", "refused 5.1.1 later later" },
    { "inactive addresses: A@EXAMPLE.COM.", "refused 5.1.1 later later" },
    { "inactive: a@example.com,o'b@example.com", "refused 5.1.1 refused 5.1.1 later" },
    { "<a@example.com>", "refused 5.1.1 later later" },
    { "xa@example.com", "later later later" },
    { "x.a@example.com a@example.community a@example.com.au", "later later later" },
    { "b@example.com", "later later later" },
    { "o'b@example.com.org", "later later later" },
    { "b@example.com.org. o", "later later refused 5.1.1" },
    { "xa@example.com or a@example.com", "refused 5.1.1 later later" },
    { "\xff\xfe a@example.com", "refused 5.1.1 later later" },
    { "", "later later later" },
};
/* clang-format on */

static void
test_named (void)
{
    const BrevVerdict refused = { .kind = BREV_VERDICT_REFUSED, .dsn = "5.1.1" };
    const BrevVerdict later = { .kind = BREV_VERDICT_LATER, .dsn = "4.0.0" };
    g_autoptr (GPtrArray) mails =
        test_mails_new ("a@example.com o'b@example.com b@example.com.org");
    const BrevMail *mail = mails->pdata[0];

    for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
        g_autoptr (BrevOutcome) outcome = brev_outcome_new (mail);
        brev_outcome_set_all (outcome, &later);
        (void) brev_outcome_set_named (outcome, mail, names[i].text, &refused);
        g_autofree char *got = test_outcome_text (outcome);
        g_assert_cmpstr (got, ==, names[i].want);
    }
}

static gboolean
parses (const char *text)
{
    g_autoptr (JsonNode) node = brev_json_parse (text, strlen (text));

    return node != NULL;
}

static void
test_json_reading (void)
{
    g_autofree char *deep = g_strnfill (1000 * 1000, '[');
    g_autofree char *quoted = g_strnfill (1000 * 1000, '[');

    quoted[0] = quoted[999999] = '"';
    g_assert_true (parses ("{\"a\": 1}"));
    g_assert_true (parses (quoted));
    g_assert_true (parses ("[{\"a\": \"\\\"[[[\"}, {\"a\": 2}]"));
    g_assert_false (parses (deep));
    g_assert_false (parses ("{\"a\": 1, \"a\": 2}"));
    g_assert_false (parses ("[{\"b\": {\"a\": 1, \"a\": 1}}]"));
    g_assert_false (parses ("{\"a\": 1"));
    g_assert_false (parses (""));
    g_assert_false (parses ("<html>"));
    g_assert_false (parses ("var a = {\"b\": 1}"));
    g_assert_false (parses ("{\"a\": \"\xff\"}"));
    g_autoptr (JsonNode) nul = brev_json_parse ("{\"a\": 1}\0", 9);
    g_assert_null (nul);
}

static char *
body_text (BrevBody *body)
{
    GString *text = g_string_new (NULL);
    char buffer[100];
    gssize n;

    brev_body_rewind (body);
    while ((n = brev_body_read (body, buffer, sizeof buffer, NULL)) > 0)
        g_string_append_len (text, buffer, n);
    g_assert_cmpint (n, ==, 0);
    return g_string_free (text, FALSE);
}

static void
test_json_writing (void)
{
    g_autoptr (BrevBody) body = brev_body_new ();
    g_autoptr (GPtrArray) mails = test_mails_new ("a@example.com b@example.com");
    const BrevMail *mail = mails->pdata[0];
    BrevJson json = { .body = body };

    brev_json_open (&json, '[');
    brev_json_open (&json, '{');
    brev_json_pair (&json, "a", "one\r\nBcc: two\"");
    brev_json_name (&json, "b");
    brev_json_open (&json, '[');
    brev_json_word (&json, "true");
    brev_json_text (&json, "x");
    brev_json_close (&json, ']');
    brev_json_mailboxes (&json, "to", mail->to);
    brev_json_mailboxes (&json, "cc", mail->cc);
    brev_json_close (&json, '}');
    brev_json_open (&json, '{');
    brev_json_close (&json, '}');
    brev_json_close (&json, ']');
    g_autofree char *got = body_text (body);
    g_assert_cmpstr (got, ==,
                     "[{\"a\":\"one  Bcc: two\\\"\",\"b\":[true,\"x\"],"
                     "\"to\":\"a@example.com, b@example.com\"},{}]");
}

static void
test_filenames (void)
{
    static const struct {
        const char *type, *filename, *want;
    } cases[] = {
        { "application/pdf", "a.pdf", "a.pdf" },
        { "application/pdf", NULL, "attachment-3.pdf" },
        { "application/pdf", "", "attachment-3.pdf" },
        { "application/octet-stream", NULL, "attachment-3.dat" },
        { "text/html", NULL, "attachment-3.html" },
        { "text/x-anything", NULL, "attachment-3.txt" },
        { "message/rfc822", NULL, "attachment-3.eml" },
        { "message/delivery-status", NULL, "attachment-3.txt" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *type = g_strdup (cases[i].type);
        g_autofree char *filename = g_strdup (cases[i].filename);
        const BrevPart part = { .type = type, .filename = filename };
        g_autofree char *got = brev_part_filename (&part, 2);
        g_assert_cmpstr (got, ==, cases[i].want);
    }
}

static void
test_regions (void)
{
    static const struct {
        const char *provider, *region, *url, *fault;
    } rows[] = {
        { "mailgun", NULL, "https://api.mailgun.net", NULL },
        { "mailgun", "", "https://api.mailgun.net", NULL },
        { "mailgun", "us", "https://api.mailgun.net", NULL },
        { "mailgun", "eu", "https://api.eu.mailgun.net", NULL },
        { "mailgun", "EU", NULL,
          "account 'a': 'region' of provider mailgun is one of us, eu" },
        { "sendgrid", "global", "https://api.sendgrid.com", NULL },
        { "ses", "eu-south-2", "https://email.eu-south-2.amazonaws.com", NULL },
        { "resend", "", "https://api.resend.com", NULL },
        { "resend", "eu", NULL, "account 'a': provider resend has no 'region'" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autofree char *name = g_strdup ("a"), *provider = g_strdup (rows[i].provider),
                        *region = g_strdup (rows[i].region), *user = g_strdup ("u");
        const BrevAccount account = {
            .name = name, .provider = provider, .region = region, .user = user
        };
        g_autoptr (GError) error = NULL;
        g_autofree char *url =
            brev_provider_endpoint (brev_provider_find (provider), &account);
        gboolean is_sound = brev_account_check (&account, "key", &error);
        g_assert_cmpstr (is_sound ? NULL : error->message, ==, rows[i].fault);
        if (is_sound)
            g_assert_cmpstr (url, ==, rows[i].url);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/provider/registry", test_registry);
    g_test_add_func ("/provider/outbox-stands-for-another",
                     test_outbox_stands_for_another);
    g_test_add_func ("/provider/token", test_token);
    g_test_add_func ("/provider/regions", test_regions);
    g_test_add_func ("/provider/controls", test_controls);
    g_test_add_func ("/provider/retry-after", test_retry_after);
    g_test_add_func ("/provider/named-recipients", test_named);
    g_test_add_func ("/provider/json-reading", test_json_reading);
    g_test_add_func ("/provider/json-writing", test_json_writing);
    g_test_add_func ("/provider/filenames", test_filenames);
    return g_test_run ();
}
