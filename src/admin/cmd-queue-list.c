/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/choice.h"
#include "admin/commands.h"
#include "admin/mailq.h"
#include "admin/output.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "envelope/frame.h"

static void
print_json (const BrevListing *listing)
{
    g_autoptr (JsonBuilder) json = json_builder_new ();

    json_builder_begin_array (json);
    for (guint i = 0; i < listing->messages->len; i++)
        brev_listed_json (json, listing->messages->pdata[i]);
    json_builder_end_array (json);
    brev_out_print (json);
}

static BrevColour
colour_of (const char *state)
{
    if (strcmp (state, "parked") == 0 || strcmp (state, "refused") == 0)
        return BREV_RED;
    if (strcmp (state, "held") == 0 || strcmp (state, "deferred") == 0)
        return BREV_YELLOW;
    return BREV_PLAIN;
}

static void
print_recipient (const BrevCall *call, const BrevListed *listed,
                 const BrevStoreRecipient *recipient, gint64 now)
{
    const char *state = brev_listed_recipient_state (listed, recipient);
    g_autofree char *address = brev_text_printable (recipient->address);
    g_autofree char *reply =
        brev_text_printable (recipient->reply == NULL ? "" : recipient->reply);
    g_autofree char *due = brev_time_from_now (recipient->due, now);
    gboolean waits = strcmp (state, "deferred") == 0 || strcmp (state, "queued") == 0;

    (void) printf ("    %s  %s%s%s%s%s%s%s%s\n", address,
                   brev_colour (call, colour_of (state)), state,
                   brev_colour (call, BREV_PLAIN), waits ? ", next attempt " : "",
                   waits ? due : "", *reply == '\0' ? "" : ": ", reply,
                   recipient->maybe_sent ? " (may have been sent already)" : "");
}

static void
print_message (const BrevCall *call, const BrevListed *listed, gint64 now)
{
    const BrevStoreMessage *message = listed->message;
    g_autofree char *age = brev_time_from_now (message->arrival, now);
    g_autofree char *size = brev_size_text (message->size);
    g_autofree char *sender =
        brev_text_printable (*message->sender == '\0' ? "<>" : message->sender);

    (void) printf ("%s%s%s  %s%s%s  %s  %s  from %s (uid %u)\n",
                   brev_colour (call, BREV_BOLD), message->id,
                   brev_colour (call, BREV_PLAIN),
                   brev_colour (call, colour_of (listed->state)), listed->state,
                   brev_colour (call, BREV_PLAIN), age, size, sender, message->uid);
    if (listed->problem != NULL) {
        g_autofree char *problem = brev_text_printable (listed->problem);
        (void) printf ("    %s\n", problem);
    }
    for (guint i = 0; i < message->recipients->len; i++)
        print_recipient (call, listed, message->recipients->pdata[i], now);
}

static void
print_text (const BrevCall *call, const BrevListing *listing)
{
    gint64 now = brev_clock_now ();

    for (guint i = 0; i < listing->messages->len; i++)
        print_message (call, listing->messages->pdata[i], now);
    if (listing->messages->len == 0)
        (void) printf ("The queue is empty.\n");
    if (listing->strangers->len > 0)
        (void) printf ("%u files in it are no messages: see 'brevdue status'.\n",
                       listing->strangers->len);
}

static void
drop_others (BrevListing *listing, const BrevChoice *choice)
{
    for (guint i = listing->messages->len; i-- > 0;) {
        const BrevListed *listed = listing->messages->pdata[i];
        if (!brev_choice_holds (choice, listed->message))
            g_ptr_array_remove_index (listing->messages, i);
    }
}

gboolean
brev_cmd_queue_list (BrevCall *call, GError **error)
{
    g_autoptr (BrevSite) site = NULL;
    g_autoptr (BrevListing) listing = NULL;
    BrevChoice choice;

    if (!brev_choice_read (call, &choice, error))
        return FALSE;
    site = brev_site_open (call->config, BREV_STORE_READ, error);
    listing = site == NULL ? NULL : brev_listing_read (site, choice.uid, error);
    if (listing == NULL)
        return FALSE;
    drop_others (listing, &choice);
    if (call->is_json) {
        print_json (listing);
    } else if (brev_call_option (call, "mailq") != NULL) {
        g_autofree char *text = brev_mailq_text (listing);
        (void) fputs (text, stdout);
    } else {
        print_text (call, listing);
    }
    return TRUE;
}

/* -- queue show, trace --------------------------------------------------------------- */

static void
print_line (const char *name, const char *text)
{
    g_autofree char *clean = brev_text_printable (text == NULL ? "" : text);

    if (*clean != '\0')
        (void) printf ("%-12s %s\n", name, clean);
}

static const char *
way_text (char way)
{
    switch (way) {
    case BREV_WAY_SOCKET:
        return "through the service's socket";
    case BREV_WAY_DROP:
        return "through the drop directory";
    case BREV_WAY_OWN:
        return "directly";
    case BREV_WAY_REPORT:
        return "a report of brevdue's own";
    default:
        return NULL;
    }
}

/* How the message was handed over, and what of it came to nothing. */
static void
print_call (const BrevStoreMessage *message)
{
    g_autofree char *uid = g_strdup_printf ("uid %u%s%s", message->uid,
                                            message->login == NULL ? "" : ", says it is ",
                                            message->login == NULL ? "" : message->login);
    g_autofree char *dot =
        message->dot_bytes == 0
            ? NULL
            : g_strdup_printf ("%u bytes behind it were left out; -i keeps them",
                               message->dot_bytes);
    g_autofree char *from =
        message->rewritten == NULL
            ? NULL
            : g_strdup_printf ("the configured \"from\" stands in for %s",
                               message->rewritten);

    print_line ("Submitted by", uid);
    print_line ("Program", message->program);
    print_line ("Script", message->script);
    print_line ("Way in", way_text (message->way));
    print_line ("Options", message->options);
    print_line ("No effect", message->ignored);
    print_line ("Lone dot", dot);
    print_line ("From", from);
}

static void
print_facts (const BrevListed *listed)
{
    const BrevStoreMessage *message = listed->message;
    g_autofree char *arrival = brev_time_text (message->arrival);
    g_autofree char *finished =
        message->finished == 0 ? NULL : brev_time_text (message->finished);
    g_autofree char *size = brev_size_text (message->size);

    print_line ("ID", message->id);
    print_line ("State", listed->state);
    print_line ("Problem", listed->problem);
    print_line ("Message-ID", message->message_id);
    print_line ("Sender", *message->sender == '\0' ? "<>" : message->sender);
    print_call (message);
    print_line ("Arrival", arrival);
    print_line ("Finished", finished);
    print_line ("Size", size);
}

static void
print_outcome (const BrevCall *call, const BrevListed *listed,
               const BrevStoreRecipient *recipient, gint64 now)
{
    g_autofree char *when = brev_time_text (recipient->changed);
    g_autofree char *attempts = g_strdup_printf ("%u", recipient->attempts);

    (void) printf ("\n");
    print_recipient (call, listed, recipient, now);
    if (!listed->message->is_imported)
        return;
    print_line ("      since", when);
    print_line ("      account",
                *recipient->account == '\0' ? "none" : recipient->account);
    print_line ("      attempts", attempts);
    if (strcmp (recipient->original, recipient->address) != 0)
        print_line ("      written", recipient->original);
    print_line ("      status", recipient->dsn);
    print_line ("      their ID", recipient->remote_id);
    print_line ("      report", recipient->report);
}

/* The bytes behind origin and envelope. */
static gboolean
print_message_bytes (const BrevSite *site, const char *id, GError **error)
{
    brev_autofd int fd = brev_listed_open (site, id, error);
    g_autoptr (BrevQueueFile) file = fd < 0 ? NULL : brev_queue_file_read (fd, error);
    char chunk[16384];

    if (file == NULL)
        return FALSE;
    for (guint64 done = 0; done < file->message_length;) {
        gsize wanted = (gsize) MIN (sizeof chunk, file->message_length - done);
        gssize got = brev_read_at (fd, chunk, wanted, file->message_offset + done);
        if (got <= 0)
            return brev_throw (error, BREV_ERROR_SYSTEM, "the message ended early");
        (void) fwrite (chunk, 1, (gsize) got, stdout);
        done += (guint64) got;
    }
    return TRUE;
}

gboolean
brev_cmd_queue_show (BrevCall *call, GError **error)
{
    const char *id = brev_call_argument (call, 0);
    g_autoptr (BrevSite) site = brev_site_open (call->config, BREV_STORE_READ, error);
    g_autoptr (BrevListed) listed = NULL;
    gint64 now = brev_clock_now ();

    if (site == NULL)
        return FALSE;
    if (brev_call_option (call, "message") != NULL)
        return print_message_bytes (site, id, error);
    listed = brev_listed_find (site, id, error);
    if (listed == NULL)
        return FALSE;
    if (call->is_json) {
        g_autoptr (JsonBuilder) json = json_builder_new ();
        brev_listed_json (json, listed);
        brev_out_print (json);
        return TRUE;
    }
    print_facts (listed);
    for (guint i = 0; i < listed->message->recipients->len; i++)
        print_outcome (call, listed, listed->message->recipients->pdata[i], now);
    return TRUE;
}
