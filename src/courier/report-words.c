/* SPDX-License-Identifier: MIT */
#include "courier/report-parts.h"

#include <string.h>

#include "base/text.h"

enum { WORDS_MAX = 600 };

char *
brev_report_words (const char *text)
{
    char *line = brev_text_printable (text);

    if (strlen (line) > WORDS_MAX)
        *g_utf8_find_prev_char (line, line + WORDS_MAX) = '\0';
    return line;
}

void
brev_report_append_line (GString *out, const char *label, const char *text)
{
    g_autofree char *line = text == NULL ? NULL : brev_report_words (text);

    if (line != NULL && line[0] != '\0')
        g_string_append_printf (out, "    %-11s %s\n", label, line);
}

char *
brev_report_ascii (const char *text)
{
    char *line = brev_report_words (text);

    for (char *p = line; *p != '\0'; p++) {
        if (!g_ascii_isprint (*p))
            *p = '?';
    }
    return line;
}

/* RFC 5322 section 3.3, in UTC; never in the language of the locale. */
char *
brev_report_date (gint64 time)
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

char *
brev_report_domain (const BrevConfig *config)
{
    return brev_report_ascii (config->mail_name);
}

const char *
brev_report_provider (const BrevReport *report, const BrevStoreRecipient *recipient)
{
    const BrevAccount *account =
        brev_config_find_account (report->config, recipient->account);

    return account == NULL || account->provider == NULL ? "brevdue" : account->provider;
}

/* When the message will be too old; time in which its account is stopped is yet to come. */
char *
brev_report_until (const BrevReport *report)
{
    const BrevStoreMessage *message = report->message;

    return brev_report_date (
        MAX (message->arrival + message->paused + report->config->lifetime, report->now));
}

BrevAction
brev_report_action (BrevState state)
{
    switch (state) {
    case BREV_STATE_REFUSED:
    case BREV_STATE_EXPIRED:
        return BREV_ACTION_FAILED;
    case BREV_STATE_QUEUED:
    case BREV_STATE_DEFERRED:
    case BREV_STATE_SENDING:
    case BREV_STATE_PARKED:
        return BREV_ACTION_DELAYED;
    case BREV_STATE_SENT:
        return BREV_ACTION_RELAYED;
    case BREV_STATE_DISCARDED:
    case BREV_STATE_DELETED:
    case BREV_STATE_LAST:
    default:
        return BREV_ACTION_LAST;
    }
}

/* RFC 3463: that of the last reply, if it is of the kind that @action needs. */
const char *
brev_report_code (const BrevStoreRecipient *recipient, BrevAction action)
{
    static const char *const classes[BREV_ACTION_LAST] = {
        [BREV_ACTION_FAILED] = "45",
        [BREV_ACTION_DELAYED] = "4",
        [BREV_ACTION_RELAYED] = "2",
    };
    static const char *const unknown[BREV_ACTION_LAST] = {
        [BREV_ACTION_FAILED] = "5.0.0",
        [BREV_ACTION_DELAYED] = "4.0.0",
        [BREV_ACTION_RELAYED] = "2.0.0",
    };
    const char *dsn = recipient->dsn;

    if (dsn != NULL && dsn[0] != '\0' && strchr (classes[action], dsn[0]) != NULL &&
        g_regex_match_simple ("^\\d\\.\\d{1,3}\\.\\d{1,3}$", dsn, G_REGEX_DOLLAR_ENDONLY,
                              0))
        return dsn;
    return recipient->state == BREV_STATE_EXPIRED ? "4.4.7" : unknown[action];
}

void
brev_report_begin_part (GString *out, const BrevReport *report, const char *type,
                        const char *description)
{
    g_string_append_printf (out, "--brevdue-%s\nContent-Type: %s\n", report->id, type);
    g_string_append_printf (out, "Content-Description: %s\n", description);
    g_string_append (out, "Content-Transfer-Encoding: 8bit\n\n");
}
