/* SPDX-License-Identifier: MIT */
#include "courier/report-parts.h"

#include <string.h>

#include "base/text.h"
#include "courier/recipients.h"

/* What programs read: RFC 3464. */

/* RFC 6533: an address that is not ASCII names its characters as \x{HEX}. What is no
 * address does not pretend to be one. */
static char *
typed_address (const char *text)
{
    g_autofree char *address = brev_recipient_address (text);
    g_autofree char *line = brev_report_words (address != NULL ? address : text);
    GString *typed;

    if (address == NULL) {
        g_autofree char *ascii = brev_report_ascii (text);
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

/* What the client of SMTP said stays as it is, xtext and all. */
static void
append_original (GString *out, const BrevStoreRecipient *r, const char *final)
{
    g_autofree char *original = typed_address (r->original);
    g_autofree char *orcpt = r->orcpt == NULL ? NULL : brev_report_ascii (r->orcpt);

    if (orcpt != NULL && strchr (orcpt, ';') != NULL)
        g_string_append_printf (out, "Original-Recipient: %s\n", orcpt);
    else if (brev_text_domain (r->original) != NULL && strcmp (final, original) != 0)
        g_string_append_printf (out, "Original-Recipient: %s\n", original);
}

static void
append_recipient_fields (GString *out, const BrevReport *report,
                         const BrevStoreRecipient *r)
{
    static const char *const actions[BREV_ACTION_LAST] = { "failed", "delayed",
                                                           "relayed" };
    BrevAction action = brev_report_action (r->state);
    g_autofree char *final = typed_address (r->address);
    g_autofree char *reply = r->reply == NULL ? NULL : brev_report_ascii (r->reply);
    g_autofree char *date = brev_report_date (r->changed);
    g_autofree char *until = brev_report_until (report);
    g_autofree char *remote =
        r->remote_id == NULL ? NULL : brev_report_ascii (r->remote_id);

    if (action == BREV_ACTION_LAST)
        return;
    g_string_append_c (out, '\n');
    append_original (out, r, final);
    g_string_append_printf (out, "Final-Recipient: %s\nAction: %s\nStatus: %s\n", final,
                            actions[action], brev_report_code (r, action));
    if (reply != NULL && reply[0] != '\0' && action != BREV_ACTION_RELAYED)
        g_string_append_printf (out, "Diagnostic-Code: x-%s; %s\n",
                                brev_report_provider (report, r), reply);
    if (r->attempts > 0)
        g_string_append_printf (out, "Last-Attempt-Date: %s\n", date);
    if (action == BREV_ACTION_DELAYED)
        g_string_append_printf (out, "Will-Retry-Until: %s\n", until);
    if (remote != NULL)
        g_string_append_printf (out, "Final-Log-ID: %s\n", remote);
}

void
brev_report_append_status (GString *out, const BrevReport *report)
{
    const GPtrArray *recipients = report->message->recipients;
    g_autofree char *domain = brev_report_domain (report->config);
    g_autofree char *date = brev_report_date (report->message->arrival);

    brev_report_begin_part (out, report, "message/delivery-status", "For programs");
    if (report->envelope->envid != NULL) {
        g_autofree char *envid = brev_report_ascii (report->envelope->envid);
        g_string_append_printf (out, "Original-Envelope-Id: %s\n", envid);
    }
    g_string_append_printf (out, "Reporting-MTA: dns; %s\nArrival-Date: %s\n", domain,
                            date);
    g_string_append_printf (out, "X-Brevdue-Queue-ID: %s\n", report->message->id);
    for (guint i = 0; i < recipients->len; i++)
        append_recipient_fields (out, report, recipients->pdata[i]);
    g_string_append_c (out, '\n');
}
