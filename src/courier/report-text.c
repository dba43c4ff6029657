/* SPDX-License-Identifier: MIT */
#include "courier/report-text.h"

#include <string.h>

#include "base/text.h"
#include "courier/recipients.h"
#include "courier/report-parts.h"
#include "message/address.h"

/* Of the original header in a report: what is longer is cut at the end of a line. A message
 * beyond FULL_MAX is never returned whole: it may be its size that was refused. */
enum { HEADER_MAX = 128 * 1024, FULL_MAX = 1024 * 1024 };

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

/* It must be one the provider lets us use. */
char *
brev_report_from (const BrevConfig *config)
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

/* -- whom it is about ---------------------------------------------------------------- */

/* Of how many recipients it says @action; @first (nullable) of them. */
static guint
count (const BrevReport *report, BrevAction action, const BrevStoreRecipient **first)
{
    const GPtrArray *recipients = report->message->recipients;
    guint n = 0;

    *first = NULL;
    for (guint i = 0; i < recipients->len; i++) {
        const BrevStoreRecipient *recipient = recipients->pdata[i];
        if (brev_report_action (recipient->state) != action)
            continue;
        if (n++ == 0)
            *first = recipient;
    }
    return n;
}

static gboolean
has (const BrevReport *report, BrevAction action)
{
    const BrevStoreRecipient *first;

    return count (report, action, &first) > 0;
}

/* -- the header ---------------------------------------------------------------------- */

/* The worst of what it says. */
static void
append_subject (GString *out, const BrevReport *report)
{
    static const char *const words_of[BREV_ACTION_LAST] = {
        [BREV_ACTION_FAILED] = "Undelivered",
        [BREV_ACTION_DELAYED] = "Delayed",
        [BREV_ACTION_RELAYED] = "Relayed",
    };
    const BrevStoreRecipient *first = NULL;
    BrevAction worst = BREV_ACTION_FAILED;
    g_autofree char *address = NULL;
    g_autofree char *line = NULL;
    guint n;

    while ((n = count (report, worst, &first)) == 0 && worst < BREV_ACTION_RELAYED)
        worst++;
    address = first == NULL ? NULL : brev_recipient_address (first->address);
    line = address == NULL ? NULL : brev_report_ascii (address);
    g_string_append_printf (out, "Subject: %s mail", words_of[worst]);
    if (n != 1)
        g_string_append_printf (out, " to %u recipients", n);
    else if (line != NULL && strlen (line) < 200)
        g_string_append_printf (out, " to %s", line);
    g_string_append_c (out, '\n');
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

static void
append_top (GString *out, const BrevReport *report)
{
    g_autofree char *from = brev_report_from (report->config);
    g_autofree char *to = brev_report_words (brev_report_addressee (report));
    g_autofree char *date = brev_report_date (report->now);
    g_autofree char *domain = brev_report_domain (report->config);

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

/* -- what a person reads ------------------------------------------------------------- */

/* What became of a recipient, in one line, which the reply follows. */
static char *
fate (const BrevReport *report, const BrevStoreRecipient *r)
{
    g_autofree char *tries =
        r->attempts == 1 ? g_strdup ("once") : g_strdup_printf ("%u times", r->attempts);

    switch (brev_report_action (r->state)) {
    case BREV_ACTION_FAILED:
        if (r->state == BREV_STATE_EXPIRED)
            return g_strdup_printf ("tried %s until it was too old; the last answer:",
                                    tries);
        return r->attempts == 0
                   ? NULL
                   : g_strdup_printf ("%s refused it:", brev_report_provider (report, r));
    case BREV_ACTION_DELAYED:
        return r->attempts == 0 ? g_strdup ("it could not be tried yet:")
                                : g_strdup_printf ("tried %s; the last answer:", tries);
    case BREV_ACTION_RELAYED:
        return g_strdup_printf ("handed to %s, which said:",
                                brev_report_provider (report, r));
    case BREV_ACTION_LAST:
    default:
        return NULL;
    }
}

static char *
reply_of (const BrevStoreRecipient *r)
{
    static const char *const silent[] = {
        [BREV_ACTION_FAILED] = "no reason was given",
        [BREV_ACTION_DELAYED] = "there is no answer yet",
        [BREV_ACTION_RELAYED] = "accepted",
    };

    if (r->reply != NULL && r->reply[0] != '\0')
        return brev_report_words (r->reply);
    return g_strdup (silent[brev_report_action (r->state)]);
}

static void
append_recipient (GString *out, const BrevReport *report, const BrevStoreRecipient *r)
{
    g_autofree char *address = brev_recipient_show (r->address);
    g_autofree char *whom = brev_report_words (address);
    g_autofree char *original = brev_report_words (r->original);
    g_autofree char *line = fate (report, r);
    g_autofree char *reply = reply_of (r);

    g_string_append (out, whom);
    if (strcmp (r->address, r->original) != 0 && original[0] != '\0')
        g_string_append_printf (out, ", written as %s", original);
    if (line != NULL)
        g_string_append_printf (out, "\n    %s", line);
    g_string_append_printf (out, "\n    %s (%s)\n", reply,
                            brev_report_code (r, brev_report_action (r->state)));
    if (r->maybe_sent && r->state != BREV_STATE_SENT)
        g_string_append (out,
                         "    An earlier attempt may have reached this recipient all the "
                         "same.\n");
    g_string_append_c (out, '\n');
}

static void
append_outlook (GString *out, const BrevReport *report, BrevAction action)
{
    g_autofree char *until = brev_report_until (report);

    switch (action) {
    case BREV_ACTION_FAILED:
        g_string_append (
            out,
            "It will not be tried again for them, and is no longer kept for them. If the\n"
            "address is right and the reason is gone, send the message again. Otherwise show\n"
            "this report to the administrator.\n\n");
        break;
    case BREV_ACTION_DELAYED:
        g_string_append_printf (out,
                                "It will be tried until %s.\n"
                                "You need not send it again.\n\n",
                                until);
        break;
    case BREV_ACTION_RELAYED:
        g_string_append (
            out,
            "Whether it reaches the mailbox only the provider knows: nothing more will be\n"
            "reported from here.\n\n");
        break;
    case BREV_ACTION_LAST:
    default:
        break;
    }
}

/* All recipients of which there is the same to say. */
static void
append_section (GString *out, const BrevReport *report, BrevAction action)
{
    static const char *const intros[BREV_ACTION_LAST] = {
        [BREV_ACTION_FAILED] = "was not delivered to",
        [BREV_ACTION_DELAYED] = "has not been delivered yet to",
        [BREV_ACTION_RELAYED] = "was handed to the provider for",
    };
    const GPtrArray *recipients = report->message->recipients;

    if (!has (report, action))
        return;
    g_string_append_printf (out, "%s %s:\n\n",
                            report->message->sender[0] != '\0'
                                ? "Your message"
                                : "A message that has no sender to tell",
                            intros[action]);
    for (guint i = 0; i < recipients->len; i++) {
        const BrevStoreRecipient *recipient = recipients->pdata[i];
        if (brev_report_action (recipient->state) == action)
            append_recipient (out, report, recipient);
    }
    append_outlook (out, report, action);
}

static void
append_which_message (GString *out, const BrevReport *report)
{
    const BrevStoreMessage *message = report->message;
    g_autofree char *date = brev_report_date (message->arrival);

    g_string_append (out, "The message:\n\n");
    brev_report_append_line (out, "Subject:", report->subject);
    brev_report_append_line (out, "Accepted:", date);
    brev_report_append_line (out, "Sender:", message->sender);
    brev_report_append_line (out, "User:", message->login);
    brev_report_append_line (out, "Program:", message->program);
    brev_report_append_line (out, "Message-ID:", message->message_id);
    brev_report_append_line (out, "Queue id:", message->id);
    g_string_append_c (out, '\n');
}

gboolean
brev_report_is_full (const BrevReport *report)
{
    return report->envelope->ret == BREV_RETURN_FULL &&
           has (report, BREV_ACTION_FAILED) && report->message->size <= FULL_MAX;
}

static const char *
what_is_attached (const BrevReport *report)
{
    if (brev_report_is_full (report))
        return "a copy of it is attached";
    return report->envelope->ret == BREV_RETURN_FULL && has (report, BREV_ACTION_FAILED)
               ? "a copy of its header is attached (all of it would be too large)"
               : "a copy of its header is attached";
}

static void
append_explanation (GString *out, const BrevReport *report)
{
    g_autofree char *domain = brev_report_words (report->config->mail_name);

    brev_report_begin_part (out, report, "text/plain; charset=utf-8", "What happened");
    for (BrevAction action = 0; action < BREV_ACTION_LAST; action++)
        append_section (out, report, action);
    append_which_message (out, report);
    g_string_append_printf (
        out,
        "So that you can tell which one it is, %s.\n"
        "On the server, 'brevdue trace %s' says more.\n\n"
        "This report was made by brevdue, the mail service of %s.\n\n",
        what_is_attached (report), report->message->id, domain);
}

/* -- what comes back ---------------------------------------------------------------- */

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
    brev_report_append_status (out, report);
    brev_report_begin_part (
        out, report,
        brev_report_is_full (report) ? "message/rfc822" : "text/rfc822-headers",
        brev_report_is_full (report) ? "The message" : "The header of the message");
    append_header (out, report->header);
    return g_string_free (out, FALSE);
}

char *
brev_report_tail (const BrevReport *report)
{
    return g_strdup_printf ("\n--brevdue-%s--\n", report->id);
}
