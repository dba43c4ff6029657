/* SPDX-License-Identifier: MIT */
#include "mails.h"

#include <string.h>

static BrevMail *
mail_new (const char *recipients)
{
    g_auto (GStrv) addresses = g_strsplit (recipients, " ", -1);
    BrevMail *mail = brev_mail_new ();

    mail->from = brev_mailbox_new ("noreply@example.com", NULL);
    mail->message_id = g_strdup ("<1@example.com>");
    mail->n_recipients = g_strv_length (addresses);
    mail->recipients = g_new0 (guint, mail->n_recipients);
    for (guint i = 0; i < mail->n_recipients; i++) {
        mail->recipients[i] = i;
        g_ptr_array_add (mail->to, brev_mailbox_new (addresses[i], NULL));
    }
    return mail;
}

GPtrArray *
test_mails_new (const char *recipients)
{
    g_auto (GStrv) parts = g_strsplit (recipients, " | ", -1);
    GPtrArray *mails = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mail_free);

    for (char **part = parts; *part != NULL; part++) {
        gboolean is_sandboxed = g_str_has_prefix (*part, "sandbox ");
        BrevMail *mail = mail_new (*part + (is_sandboxed ? strlen ("sandbox ") : 0));
        mail->is_sandboxed = is_sandboxed;
        g_ptr_array_add (mails, mail);
    }
    return mails;
}

static void
append_verdict (GString *text, const BrevVerdict *verdict)
{
    static const char *const kinds[] = { "accepted", "refused", "later", "account",
                                         "unknown",  "split",   "park",  "again" };
    static const char *const scopes[] = { "account", "sender", "recipient", "stream" };

    g_string_append_printf (text, "%s%s", text->len == 0 ? "" : " ",
                            kinds[verdict->kind]);
    if (verdict->kind == BREV_VERDICT_ACCEPTED)
        g_string_append_printf (text, "(%s)%s", verdict->remote_id,
                                verdict->is_test ? "test" : "");
    if (verdict->kind == BREV_VERDICT_REFUSED)
        g_string_append_printf (text, " %s", verdict->dsn);
    if (verdict->kind == BREV_VERDICT_ACCOUNT)
        g_string_append_printf (text, "/%s", scopes[verdict->scope]);
    if (verdict->after != 0)
        g_string_append_printf (text, "+%" G_GINT64_FORMAT, verdict->after / 1000);
}

char *
test_outcome_text (const BrevOutcome *outcome)
{
    GString *text = g_string_new (NULL);

    for (guint i = 0; i < outcome->n; i++) {
        append_verdict (text, &outcome->verdicts[i]);
        g_assert_nonnull (outcome->verdicts[i].dsn);
    }
    return g_string_free (text, FALSE);
}

static char *
read_of (const BrevAccount *account, const BrevProvider *provider, const char *recipients,
         const BrevHttpReply *reply)
{
    g_autoptr (GPtrArray) mails = test_mails_new (recipients);
    g_autoptr (GPtrArray) outcomes =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_outcome_free);
    g_autoptr (GString) all = g_string_new (NULL);

    for (guint i = 0; i < mails->len; i++) {
        ((BrevMail *) mails->pdata[i])->account = account;
        g_ptr_array_add (outcomes, brev_outcome_new (mails->pdata[i]));
    }
    provider->read (reply, mails, outcomes);
    for (guint i = 0; i < mails->len; i++) {
        g_autofree char *text = test_outcome_text (outcomes->pdata[i]);
        g_string_append_printf (all, "%s%s", i == 0 ? "" : " | ", text);
    }
    return g_strdup (all->str);
}

char *
test_read (const BrevProvider *provider, const char *recipients, BrevHttpReply *reply)
{
    return read_of (NULL, provider, recipients, reply);
}

static void
add_headers (BrevHttpReply *reply, const char *text)
{
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        g_auto (GStrv) pair = g_strsplit (*line, ": ", 2);
        g_ptr_array_add (reply->headers, brev_http_header_new (pair[0], pair[1], FALSE));
    }
}

static char *
read_text (const BrevAccount *account, const BrevProvider *provider,
           const TestReply *test, const char *text, gsize length)
{
    g_autoptr (BrevHttpReply) reply =
        brev_http_reply_new (test->status, g_bytes_new (text, length));

    if (test->header != NULL)
        add_headers (reply, test->header);
    return read_of (account, provider, test->recipients, reply);
}

void
test_replies (const BrevProvider *provider, const TestReply *replies, guint n)
{
    test_replies_of (NULL, provider, replies, n);
}

void
test_replies_of (const BrevAccount *account, const BrevProvider *provider,
                 const TestReply *replies, guint n)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *got = read_text (account, provider, &replies[i], replies[i].body,
                                          strlen (replies[i].body));
        g_test_message ("%s: %d %s", replies[i].recipients, replies[i].status,
                        replies[i].body);
        g_assert_cmpstr (got, ==, replies[i].want);
    }
}

static char *
read_search (const BrevProvider *provider, const TestReply *test, gsize length)
{
    g_autoptr (GPtrArray) mails = test_mails_new (test->recipients);
    BrevMail *mail = mails->pdata[0];
    g_autoptr (BrevOutcome) outcome = brev_outcome_new (mail);
    g_autoptr (BrevHttpReply) reply =
        brev_http_reply_new (test->status, g_bytes_new (test->body, length));

    if (test->header != NULL)
        add_headers (reply, test->header);
    mail->queue_id = "q1";
    g_free (mail->message_id);
    mail->message_id = g_strdup ("<q1@web.example>");
    provider->read_search (reply, mail, outcome);
    return test_outcome_text (outcome);
}

void
test_searches (const BrevProvider *provider, const TestReply *replies, guint n)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *got =
            read_search (provider, &replies[i], strlen (replies[i].body));
        g_test_message ("%s: %d %s", replies[i].recipients, replies[i].status,
                        replies[i].body);
        g_assert_cmpstr (got, ==, replies[i].want);
    }
}

void
test_cut_search (const BrevProvider *provider, const TestReply *reply)
{
    for (gsize length = 0; length < strlen (reply->body); length++) {
        g_autofree char *got = read_search (provider, reply, length);
        g_assert_cmpstr (got, ==, "later");
    }
}

GPtrArray *
test_mail_in_doubt (const char *address, const char *value)
{
    GPtrArray *mails = test_mails_new (address);
    BrevMail *mail = mails->pdata[0];

    mail->queue_id = "q1";
    mail->controls.metadata =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_header_free);
    g_ptr_array_add (mail->controls.metadata,
                     brev_header_new (BREV_QUEUE_ID_FIELD, value, value));
    return mails;
}

#define ONE "a@example.com"
#define PAGE "<html><body>Please log in to this network.</body></html>"

void
test_common_replies (const BrevProvider *provider)
{
    static const TestReply replies[] = {
        { ONE, 200, NULL, "", "unknown" },
        { ONE, 200, NULL, PAGE, "unknown" },
        { ONE, 200, NULL, "{}", "unknown" },
        { ONE, 200, NULL, "[]", "unknown" },
        { ONE, 200, NULL, "null", "unknown" },
        { ONE, 200, NULL, "{\"id\": ", "unknown" },
        { ONE, 200, NULL, "{\"id\": null, \"messageId\": 7, \"Messages\": {}}",
          "unknown" },
        { ONE, 201, NULL, PAGE, "unknown" },
        { ONE, 202, NULL, "", "unknown" },
        { ONE, 204, NULL, "", "unknown" },
        { ONE, 207, NULL, "", "unknown" },
        { ONE, 301, "Location: https://example.com/", "", "account/account" },
        { ONE, 404, NULL, PAGE, "account/account" },
        { ONE, 407, NULL, "", "account/account" },
        { ONE, 408, NULL, "", "later" },
        { ONE, 413, NULL, PAGE, "refused 5.3.4" },
        { ONE, 418, NULL, "", "later" },
        { ONE, 429, NULL, "", "later" },
        { ONE, 429, "Retry-After: 7", PAGE, "later+7" },
        { ONE, 500, NULL, "", "later" },
        { ONE, 502, NULL, PAGE, "unknown" },
        { ONE, 503, "Retry-After: 60", "", "later+60" },
        { ONE, 504, NULL, "", "unknown" },
        { ONE, 999, NULL, "", "later" },
    };

    test_replies (provider, replies, G_N_ELEMENTS (replies));
}

void
test_mutated_reply (const BrevProvider *provider, const TestReply *reply)
{
    gsize length = strlen (reply->body);

    for (gsize i = 0; i < length; i++) {
        g_autofree char *cut = read_text (NULL, provider, reply, reply->body, i);
        g_autofree char *text = g_strdup (reply->body);
        g_assert_null (strstr (cut, "accepted"));
        g_assert_null (strstr (cut, "refused"));
        text[i] = (char) (text[i] ^ 0x15);
        g_autofree char *changed = read_text (NULL, provider, reply, text, length);
        g_assert_nonnull (changed);
    }
}
