/* SPDX-License-Identifier: MIT */
#include "admin/mailq.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "envelope/frame.h"

#define ID_WIDTH (BREV_ID_LENGTH + 1) /* and the mark behind it */
#define REASON_COLUMN 76

/* '*': being sent, '!': on hold or parked */
static const char *
mark (const BrevListed *listed)
{
    if (strcmp (listed->state, "sending") == 0)
        return "*";
    if (strcmp (listed->state, "held") == 0 || strcmp (listed->state, "parked") == 0)
        return "!";
    return "";
}

static void
add_sender (GString *text, const BrevListed *listed)
{
    const BrevStoreMessage *message = listed->message;
    g_autoptr (GDateTime) moment =
        g_date_time_new_from_unix_local (message->arrival / BREV_SECOND);
    g_autofree char *day = g_date_time_format (moment, "%d");
    g_autofree char *clock = g_date_time_format (moment, "%T");
    g_autofree char *id = g_strconcat (message->id, mark (listed), NULL);
    g_autofree char *sender = brev_text_printable (
        *message->sender == '\0' ? "MAILER-DAEMON" : message->sender);
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    /* ctime(3), whatever the locale */
    g_autofree char *when =
        g_strdup_printf ("%s %s %2d %s", days[g_date_time_get_day_of_week (moment) - 1],
                         months[g_date_time_get_month (moment) - 1], atoi (day), clock);

    g_string_append_printf (text, "%-*s %8" G_GUINT64_FORMAT " %19.19s %s\n", ID_WIDTH,
                            id, message->size, when, sender);
}

static void
add_reason (GString *text, const char *reason)
{
    g_autofree char *clean = brev_text_printable (reason);
    int padding = REASON_COLUMN - (int) MIN (strlen (clean), REASON_COLUMN);

    g_string_append_printf (text, "%*s(%s)\n", padding, "", clean);
}

/* A reason stands before the recipients it is true for. */
static void
add_recipients (GString *text, const BrevListed *listed)
{
    const GPtrArray *recipients = listed->message->recipients;
    const char *last = NULL;

    if (listed->problem != NULL)
        add_reason (text, listed->problem);
    for (guint i = 0; i < recipients->len; i++) {
        const BrevStoreRecipient *recipient = recipients->pdata[i];
        g_autofree char *address = brev_text_printable (recipient->address);
        if (brev_state_is_final (recipient->state))
            continue;
        if (recipient->reply != NULL && g_strcmp0 (recipient->reply, last) != 0)
            add_reason (text, recipient->reply);
        last = recipient->reply;
        g_string_append_printf (text, "%-*s %8s %-19s %s\n", ID_WIDTH, "", "", "",
                                address);
    }
}

char *
brev_mailq_text (const BrevListing *listing)
{
    GString *text = g_string_new (NULL);
    guint64 bytes = 0;
    guint n = listing->messages->len;

    if (n == 0)
        return g_string_free (g_string_assign (text, "Mail queue is empty\n"), FALSE);
    g_string_append_printf (text, "%-*s %8s %19s %s\n", ID_WIDTH,
                            "---------Queue ID----------", "--Size--",
                            "---Arrival Time----", "--Sender/Recipient------");
    for (guint i = 0; i < n; i++) {
        const BrevListed *listed = listing->messages->pdata[i];
        add_sender (text, listed);
        add_recipients (text, listed);
        g_string_append_c (text, '\n');
        bytes += listed->message->size;
    }
    g_string_append_printf (text, "\t\tTotal requests: %u\n", n);
    g_string_append_printf (text, "-- %" G_GUINT64_FORMAT " Kbytes in %u Request%s.\n",
                            bytes / 1024, n, n == 1 ? "" : "s");
    return g_string_free (text, FALSE);
}
