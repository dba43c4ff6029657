/* SPDX-License-Identifier: MIT */
#include "courier/report-text.h"

#include <string.h>

#include "base/text.h"
#include "courier/recipients.h"
#include "message/address.h"

/* Of the original header in a report: what is longer is cut at the end of a line. A message
 * beyond FULL_MAX is never returned whole: it may be its size that was refused. */
enum { HEADER_MAX = 128 * 1024, FULL_MAX = 1024 * 1024, WORDS_MAX = 600 };

/* The null sender's is the postmaster: "postmaster", should the setting have gone since it
 * was decided that there is a report. */
const char *
brev_report_addressee (const BrevReport *report)
{
    if (report->message->sender[0] != '\0')
        return report->message->sender;
    return report->config->postmaster != NULL && report->config->postmaster[0] != '\0'
               ? report->config->postmaster
               : "postmaster";
}

/* RFC 5322 section 3.3, in UTC; never in the language of the locale. */
static char *
format_date (gint64 time)
{
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (time / 1000);

    if (date == NULL)
        return g_strdup ("Thu, 01 Jan 1970 00:00:00 +0000");
    return g_strdup_printf ("%s, %02d %s %04d %02d:%02d:%02d +0000",
                            days[g_date_time_get_day_of_week (date) - 1],
                            g_date_time_get_day_of_month (date),
                            months[g_date_time_get_month (date) - 1],
                            g_date_time_get_year (date), g_date_time_get_hour (date),
                            g_date_time_get_minute (date), g_date_time_get_second (date));
}

/* One line of text for a person, of bounded length. */
static char *
words (const char *text)
{
    char *line = brev_text_printable (text);

    if (strlen (line) > WORDS_MAX)
        *g_utf8_find_prev_char (line, line + WORDS_MAX) = '\0';
    return line;
}

/* For a field that must be ASCII. */
static char *
ascii_words (const char *text)
{
    char *line = words (text);

    for (char *p = line; *p != '\0'; p++) {
        if (!g_ascii_isprint (*p))
            *p = '?';
    }
    return line;
}

/* RFC 6533: an address that is not ASCII names its characters as \x{HEX}. What is no
 * address does not pretend to be one. */
static char *
typed_address (const char *text)
{
    g_autofree char *address = brev_recipient_address (text);
    g_autofree char *line = words (address != NULL ? address : text);
    GString *typed;

    if (address == NULL) {
        g_autofree char *ascii = ascii_words (text);
        return g_strdup_printf ("x-unknown; %s", ascii);
    }
    if (g_str_is_ascii (line))
        return g_strdup_printf ("rfc822; %s", line);
    typed = g_string_new ("utf-8; ");
    for (char *p = line; *p != '\0'; p = g_utf8_next_char (p)) {
        if ((guchar) *p < 0x80 && *p != '\\')
            g_string_append_c (typed, *p);
        else
            g_string_append_printf (typed, "\\x{%X}", g_utf8_get_char (p));
    }
    return g_string_free (typed, FALSE);
}

/* RFC 3463: the code of the recipient's end, if the provider's is of that kind at all. */
static const char *
status_code (const BrevStoreRecipient *recipient)
{
    const char *dsn = recipient->dsn;

    if (dsn != NULL && g_regex_match_simple ("^[45]\\.\\d{1,3}\\.\\d{1,3}$", dsn,
                                             G_REGEX_DOLLAR_ENDONLY, 0))
        return dsn;
    return recipient->state == BREV_STATE_EXPIRED ? "4.4.7" : "5.0.0";
}

static const char *
provider_name (const BrevReport *report, const BrevStoreRecipient *recipient)
{
    const BrevAccount *account =
        brev_config_find_account (report->config, recipient->account);

    return account == NULL || account->provider == NULL ? "brevdue" : account->provider;
}

/* The address reports come from. It must be one the provider lets us use. */
static char *
report_from (const BrevConfig *config)
{
    g_autoptr (BrevAddressList) list =
        config->from == NULL ? NULL : brev_address_parse (config->from, NULL);
    const BrevMailbox *from =
        list == NULL || list->mailboxes->len == 0 ? NULL : list->mailboxes->pdata[0];
    g_autofree char *address = from != NULL
                                   ? g_strdup (from->address)
                                   : g_strdup_printf ("postmaster@%s", config->mail_name);
    g_autoptr (BrevMailbox) mailbox = brev_mailbox_new (address, "Mail Delivery System");

    return brev_mailbox_format (mailbox, TRUE);
}

static void
append_subject (GString *out, const BrevReport *report)
{
    const GPtrArray *recipients = report->message->recipients;
    const BrevStoreRecipient *first = recipients->pdata[0];
    g_autofree char *address = brev_recipient_address (first->address);
    g_autofree char *line = address == NULL ? NULL : ascii_words (address);

    if (recipients->len == 1 && line == NULL)
        g_string_append (out, "Subject: Undelivered mail\n");
    else if (recipients->len == 1 && strlen (line) < 200)
        g_string_append_printf (out, "Subject: Undelivered mail to %s\n", line);
    else
        g_string_append_printf (out, "Subject: Undelivered mail to %u recipients\n",
                                recipients->len);
}

/* A Message-ID of the original, if it may stand in a header of ours. */
static void
append_references (GString *out, const BrevReport *report)
{
    const char *id = report->message->message_id;

    if (id != NULL &&
        g_regex_match_simple ("^<[!-;=?-~]{1,400}>$", id, G_REGEX_DOLLAR_ENDONLY, 0))
        g_string_append_printf (out, "In-Reply-To: %s\nReferences: %s\n", id, id);
}

static char *
domain_of (const BrevConfig *config)
{
    return ascii_words (config->mail_name);
}

static void
append_top (GString *out, const BrevReport *report)
{
    g_autofree char *from = report_from (report->config);
    g_autofree char *to = words (brev_report_addressee (report));
    g_autofree char *date = format_date (report->now);
    g_autofree char *domain = domain_of (report->config);

    g_string_append_printf (out, "From: %s\nTo: <%s>\n", from, to);
    append_subject (out, report);
    g_string_append_printf (out, "Date: %s\nMessage-ID: <%s@%s>\n", date, report->id,
                            domain);
    append_references (out, report);
    g_string_append_printf (
        out,
        "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status;\n"
        " boundary=\"brevdue-%s\"\n\n",
        report->id);
}

static void
begin_part (GString *out, const BrevReport *report, const char *type,
            const char *description)
{
    g_string_append_printf (out, "--brevdue-%s\nContent-Type: %s\n", report->id, type);
    g_string_append_printf (out, "Content-Description: %s\n", description);
    g_string_append (out, "Content-Transfer-Encoding: 8bit\n\n");
}

static void
append_failure (GString *out, const BrevReport *report, const BrevStoreRecipient *r)
{
    g_autofree char *address = brev_recipient_show (r->address);
    g_autofree char *whom = words (address);
    g_autofree char *original = words (r->original);
    g_autofree char *reply = words (r->reply == NULL ? "no reason was given" : r->reply);

    g_string_append (out, whom);
    if (strcmp (r->address, r->original) != 0 && original[0] != '\0')
        g_string_append_printf (out, ", written as %s", original);
    if (r->state == BREV_STATE_EXPIRED)
        g_string_append_printf (
            out,
            "\n    tried %u times until it was too old; the last answer:", r->attempts);
    else if (r->attempts > 0)
        g_string_append_printf (out, "\n    %s refused it:", provider_name (report, r));
    g_string_append_printf (out, "\n    %s (%s)\n", reply, status_code (r));
    if (r->maybe_sent)
        g_string_append (out,
                         "    An earlier attempt may have reached this recipient all the "
                         "same.\n");
    g_string_append_c (out, '\n');
}

static void
append_line (GString *out, const char *label, const char *text)
{
    g_autofree char *line = text == NULL ? NULL : words (text);

    if (line != NULL && line[0] != '\0')
        g_string_append_printf (out, "    %-11s %s\n", label, line);
}

static void
append_which_message (GString *out, const BrevReport *report)
{
    const BrevStoreMessage *message = report->message;
    g_autofree char *date = format_date (message->arrival);

    g_string_append (out, "The message:\n\n");
    append_line (out, "Subject:", report->subject);
    append_line (out, "Accepted:", date);
    append_line (out, "Sender:", message->sender);
    append_line (out, "User:", message->login);
    append_line (out, "Program:", message->program);
    append_line (out, "Message-ID:", message->message_id);
    append_line (out, "Queue id:", message->id);
    g_string_append_c (out, '\n');
}

gboolean
brev_report_is_full (const BrevReport *report)
{
    return report->envelope->ret == BREV_RETURN_FULL && report->message->size <= FULL_MAX;
}

static const char *
what_is_attached (const BrevReport *report)
{
    if (brev_report_is_full (report))
        return "a copy of it is attached";
    return report->envelope->ret == BREV_RETURN_FULL
               ? "a copy of its header is attached (all of it would be too large)"
               : "a copy of its header is attached";
}

static void
append_explanation (GString *out, const BrevReport *report)
{
    const GPtrArray *recipients = report->message->recipients;
    g_autofree char *domain = words (report->config->mail_name);

    begin_part (out, report, "text/plain; charset=utf-8", "What happened");
    g_string_append (
        out, report->message->sender[0] != '\0'
                 ? "Your message was not delivered to:\n\n"
                 : "A message that has no sender to tell was not delivered to:\n\n");
    for (guint i = 0; i < recipients->len; i++)
        append_failure (out, report, recipients->pdata[i]);
    append_which_message (out, report);
    g_string_append_printf (
        out,
        "It will not be tried again for the recipients above, and is no longer kept for\n"
        "them: %s.\n"
        "If the address is right and the reason is gone, send the message again. Otherwise\n"
        "show this report to the administrator: on the server, 'brevdue trace %s'\n"
        "says more.\n\n"
        "This report was made by brevdue, the mail service of %s.\n\n",
        what_is_attached (report), report->message->id, domain);
}

static void
append_recipient_fields (GString *out, const BrevReport *report,
                         const BrevStoreRecipient *r)
{
    g_autofree char *final = typed_address (r->address);
    g_autofree char *original = typed_address (r->original);
    g_autofree char *reply = r->reply == NULL ? NULL : ascii_words (r->reply);
    g_autofree char *date = format_date (r->changed);
    g_autofree char *remote = r->remote_id == NULL ? NULL : ascii_words (r->remote_id);

    g_string_append_c (out, '\n');
    if (brev_text_domain (r->original) != NULL && strcmp (final, original) != 0)
        g_string_append_printf (out, "Original-Recipient: %s\n", original);
    g_string_append_printf (out, "Final-Recipient: %s\nAction: failed\nStatus: %s\n",
                            final, status_code (r));
    if (reply != NULL && reply[0] != '\0')
        g_string_append_printf (out, "Diagnostic-Code: x-%s; %s\n",
                                provider_name (report, r), reply);
    if (r->attempts > 0)
        g_string_append_printf (out, "Last-Attempt-Date: %s\n", date);
    if (remote != NULL)
        g_string_append_printf (out, "Final-Log-ID: %s\n", remote);
}

static void
append_status (GString *out, const BrevReport *report)
{
    const GPtrArray *recipients = report->message->recipients;
    g_autofree char *domain = domain_of (report->config);
    g_autofree char *date = format_date (report->message->arrival);

    begin_part (out, report, "message/delivery-status", "For programs");
    if (report->envelope->envid != NULL) {
        g_autofree char *envid = ascii_words (report->envelope->envid);
        g_string_append_printf (out, "Original-Envelope-Id: %s\n", envid);
    }
    g_string_append_printf (out, "Reporting-MTA: dns; %s\nArrival-Date: %s\n", domain,
                            date);
    g_string_append_printf (out, "X-Brevdue-Queue-ID: %s\n", report->message->id);
    for (guint i = 0; i < recipients->len; i++)
        append_recipient_fields (out, report, recipients->pdata[i]);
    g_string_append_c (out, '\n');
}

static gboolean
is_hidden_field (const char *line)
{
    static const char *const hidden[] = { "bcc", "resent-bcc" };
    gsize length = strcspn (line, ": \t\n");

    if (line[length + strspn (line + length, " \t")] != ':')
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS (hidden); i++) {
        if (strlen (hidden[i]) == length &&
            g_ascii_strncasecmp (line, hidden[i], length) == 0)
            return TRUE;
    }
    return FALSE;
}

/* The original header, but nobody learns from a report who got a blind copy. */
static void
append_header (GString *out, const char *header)
{
    gboolean is_hidden = FALSE;
    const char *line = header;
    gsize start = out->len;

    while (*line != '\0' && *line != '\n') {
        gsize length = strcspn (line, "\n");
        if (*line != ' ' && *line != '\t')
            is_hidden = is_hidden_field (line);
        if (!is_hidden && out->len - start + length > HEADER_MAX)
            break;
        if (!is_hidden) {
            g_string_append_len (out, line, (gssize) length);
            g_string_append_c (out, '\n');
        }
        line += length + (line[length] == '\n');
    }
    g_string_append_c (out, '\n');
}

char *
brev_report_head (const BrevReport *report)
{
    GString *out = g_string_new (NULL);

    append_top (out, report);
    append_explanation (out, report);
    append_status (out, report);
    begin_part (out, report,
                brev_report_is_full (report) ? "message/rfc822" : "text/rfc822-headers",
                brev_report_is_full (report) ? "The message"
                                             : "The header of the message");
    append_header (out, report->header);
    return g_string_free (out, FALSE);
}

char *
brev_report_tail (const BrevReport *report)
{
    return g_strdup_printf ("\n--brevdue-%s--\n", report->id);
}
