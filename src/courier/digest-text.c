/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "config/schema.h"
#include "courier/digest.h"
#include "courier/recipients.h"
#include "courier/report-parts.h"

static const BrevStoreMessage *
first_of (const BrevDigestText *text)
{
    return text->digest->messages->pdata[0];
}

/* As the administrator would write it. */
static char *
setting (const BrevDigestText *text, const char *key)
{
    return brev_setting_format (brev_setting_find (BREV_GROUP_BREVDUE, key),
                                text->config);
}

static void
append_top (GString *out, const BrevDigestText *text, const char *subject)
{
    g_autofree char *from = brev_report_from (text->config);
    g_autofree char *to = brev_report_words (text->to);
    g_autofree char *date = brev_report_date (text->now);
    g_autofree char *domain = brev_report_domain (text->config);

    g_string_append_printf (out,
                            "From: %s\nTo: <%s>\nSubject: %s\nDate: %s\n"
                            "Message-ID: <%s@%s>\nAuto-Submitted: auto-generated\n"
                            "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
                            "Content-Transfer-Encoding: 8bit\n\n",
                            from, to, subject, date, text->digest->id, domain);
}

static void
append_bottom (GString *out, const BrevDigestText *text)
{
    g_autofree char *domain = brev_report_words (text->config->mail_name);

    g_string_append_printf (
        out, "This report was made by brevdue, the mail service of %s.\n", domain);
}

static void
append_rest (GString *out, const BrevDigestText *text)
{
    guint named = text->digest->messages->len;

    if (text->digest->total > named)
        g_string_append_printf (out, "    and %u more\n", text->digest->total - named);
    g_string_append_c (out, '\n');
}

/* -- what is held -------------------------------------------------------------------- */

static void
append_recipients (GString *out, const BrevStoreMessage *message)
{
    const GPtrArray *recipients = message->recipients;
    const BrevStoreRecipient *recipient =
        recipients->len == 0 ? NULL : recipients->pdata[0];
    g_autofree char *shown =
        recipient == NULL ? NULL : brev_recipient_show (recipient->address);
    g_autofree char *more = NULL;

    if (recipients->len > 1)
        more = g_strdup_printf ("%s and more", shown);
    brev_report_append_line (out, "To:", more != NULL ? more : shown);
}

/* What one of them looks like; they are alike. */
static void
append_example (GString *out, const BrevDigestText *text)
{
    const BrevStoreMessage *message = first_of (text);
    g_autofree char *uid = g_strdup_printf ("%u", message->uid);

    g_string_append (out, "The mail:\n\n");
    brev_report_append_line (out, "Subject:", text->subject);
    append_recipients (out, message);
    brev_report_append_line (out, "Sender:", message->sender);
    brev_report_append_line (out, "User id:", uid);
    brev_report_append_line (out, "User:", message->login);
    brev_report_append_line (out, "Program:", message->program);
    brev_report_append_line (out, "PHP script:", message->script);
    g_string_append_c (out, '\n');
}

static void
append_held_ones (GString *out, const BrevDigestText *text)
{
    const GPtrArray *messages = text->digest->messages;

    g_string_append (out, "Held are:\n\n");
    for (guint i = 0; i < messages->len; i++) {
        const BrevStoreMessage *message = messages->pdata[i];
        g_autofree char *date = brev_report_date (message->arrival);
        g_string_append_printf (out, "    %s  %s\n", message->id, date);
    }
    append_rest (out, text);
}

static char *
text_of_held (const BrevDigestText *text)
{
    GString *out = g_string_new (NULL);
    g_autofree char *limit = setting (text, "storm-limit");
    g_autofree char *window = setting (text, "storm-window");
    g_autofree char *subject = NULL;
    guint total = text->digest->total;

    subject = g_strdup_printf ("Mail storm: %u message%s on hold", total,
                               total == 1 ? "" : "s");
    append_top (out, text, subject);
    g_string_append_printf (
        out,
        "The same mail was handed in over and over: more than %s messages within %s, by one\n"
        "user, to the same recipients and with the same subject. The first ones were sent.\n"
        "What came on top is on hold: %u message%s since the last such report. Nothing was\n"
        "deleted, and nothing of it is sent until you say so. More that comes is held as\n"
        "well, until a whole %s has passed with less.\n\n",
        limit, window, total, total == 1 ? "" : "s", window);
    append_example (out, text);
    g_string_append (
        out,
        "On the server:\n\n"
        "    brevdue queue list                 shows what is on hold\n"
        "    brevdue queue release ID           sends a message\n"
        "    brevdue queue delete ID            throws it away\n\n"
        "Both take \"--all --recipient ADDRESS\" for all that goes to that address.\n\n");
    append_held_ones (out, text);
    append_bottom (out, text);
    return g_string_free (out, FALSE);
}

/* -- what failed --------------------------------------------------------------------- */

static void
append_failed_one (GString *out, const BrevStoreRecipient *r)
{
    gboolean is_final = brev_state_is_final (r->state);
    g_autofree char *shown = brev_recipient_show (r->address);
    g_autofree char *whom = brev_report_words (shown);
    g_autofree char *reply = brev_report_words (
        r->reply != NULL && r->reply[0] != '\0' ? r->reply : "no reason was given");

    g_string_append_printf (
        out, "    %s: %s\n        %s (%s)\n", whom,
        is_final ? "not delivered" : "not delivered yet", reply,
        brev_report_code (r, is_final ? BREV_ACTION_FAILED : BREV_ACTION_DELAYED));
}

static void
append_failed (GString *out, const BrevStoreMessage *message)
{
    g_autofree char *date = brev_report_date (message->arrival);

    g_string_append_printf (out, "%s, accepted %s\n", message->id, date);
    for (guint i = 0; i < message->recipients->len; i++)
        append_failed_one (out, message->recipients->pdata[i]);
    if (message->recipients->len == BREV_DIGEST_RECIPIENTS)
        g_string_append_printf (out, "    'brevdue trace %s' names any others\n",
                                message->id);
    g_string_append_c (out, '\n');
}

static char *
text_of_failed (const BrevDigestText *text)
{
    const BrevStoreDigest *digest = text->digest;
    GString *out = g_string_new (NULL);
    g_autofree char *limit = setting (text, "report-limit");
    g_autofree char *amount = g_strdup_printf (
        "%u message%s to %u recipient%s", digest->total, digest->total == 1 ? "" : "s",
        digest->recipients, digest->recipients == 1 ? "" : "s");
    g_autofree char *subject = g_strdup_printf ("Undelivered mail: %s", amount);

    append_top (out, text, subject);
    g_string_append_printf (
        out,
        "More than %s of %s were not delivered within an hour.\n"
        "So that there is no report about each of them, this one tells of all that came\n"
        "after that: %s.\n\n"
        "What was not delivered will not be tried again. If the address is right and the\n"
        "reason is gone, send it again. What is not delivered yet is still tried.\n\n",
        limit,
        first_of (text)->sender[0] != '\0' ? "your messages"
                                           : "the messages without a sender",
        amount);
    for (guint i = 0; i < digest->messages->len; i++)
        append_failed (out, digest->messages->pdata[i]);
    append_rest (out, text);
    append_bottom (out, text);
    return g_string_free (out, FALSE);
}

char *
brev_digest_text (const BrevDigestText *text)
{
    return text->digest->kind == BREV_DIGEST_FAILED ? text_of_failed (text)
                                                    : text_of_held (text);
}
