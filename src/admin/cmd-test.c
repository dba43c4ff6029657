/* SPDX-License-Identifier: MIT */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/follow.h"
#include "admin/output.h"
#include "admin/service.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "spool/submit.h"

#define DEFAULT_TIMEOUT 30 /* seconds */

/* The test message and what became of it. */
typedef struct {
    const BrevConfig *config;
    const char *address;
    char id[BREV_ID_LENGTH + 1];
    BrevSubmitted how;
    gint64 start;       /* ticks */
    gint64 timeout;     /* ms */
    int status;         /* of a courier run here */
    BrevListed *listed; /* owned, nullable: as the store had it last */
} Trial;

static void
trial_clear (Trial *trial)
{
    brev_listed_free (trial->listed);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Trial, trial_clear)

static GByteArray *
write_message (const BrevConfig *config, const char *address)
{
    g_autoptr (GString) text = g_string_new (NULL);
    g_autoptr (GDateTime) now = g_date_time_new_now_local ();
    g_autofree char *when = g_date_time_format (now, "%F %T %z");

    if (config->from != NULL)
        g_string_append_printf (text, "From: %s\n", config->from);
    g_string_append_printf (
        text,
        "To: %s\n"
        "Subject: Test message from %s\n"
        "Auto-Submitted: auto-generated\n"
        "\n"
        "This message was submitted with 'brevdue test' on %s at %s.\n"
        "It took the way that all mail of this machine takes.\n",
        address, g_get_host_name (), g_get_host_name (), when);
    return g_bytes_unref_to_array (g_string_free_to_bytes (g_steal_pointer (&text)));
}

static BrevEnvelope *
make_envelope (const char *address)
{
    BrevEnvelope *envelope = brev_envelope_new ();
    const struct passwd *user = getpwuid (getuid ());

    g_free (envelope->sender);
    envelope->sender = user == NULL ? g_strdup_printf ("uid-%u", (guint) getuid ())
                                    : g_strdup (user->pw_name);
    envelope->sender_is_login = TRUE;
    envelope->login = g_strdup (envelope->sender);
    envelope->program = g_strdup ("brevdue");
    envelope->submitted = brev_clock_now ();
    g_ptr_array_add (envelope->recipients, g_strdup (address));
    return envelope;
}

static gboolean
courier_failed (const Trial *trial, GError **error)
{
    return brev_throw (
        error, trial->status == EX_CONFIG ? BREV_ERROR_CONFIG : BREV_ERROR_REFUSED,
        "it was not sent: the courier ended with status %d", trial->status);
}

/* How it ended is looked up in the store, where there is one. */
static gboolean
run_courier (Trial *trial, int fd, GError **error)
{
    g_autofree char *number = g_strdup_printf ("%d", fd);
    const char *const own[] = { "--direct", trial->id, NULL };
    const char *const memory[] = { "--direct-fd", number, NULL };

    return brev_service_run_courier (fd >= 0 ? memory : own, fd, &trial->status, error) &&
           (fd < 0 || trial->status == EX_OK || courier_failed (trial, error));
}

/* The normal way in, whichever it is here. */
static gboolean
submit (Trial *trial, GError **error)
{
    BrevSubmitter submitter = { .config = trial->config };
    g_autoptr (BrevEnvelope) envelope = make_envelope (trial->address);
    g_auto (BrevMessageBytes) message = { .fd = -1 };
    brev_autofd int frame_fd = -1;

    message.memory = write_message (trial->config, trial->address);
    message.length = message.memory->len;
    if (!brev_submit (&submitter, envelope, &message, trial->id, &trial->how, &frame_fd,
                      error))
        return FALSE;
    if (trial->how == BREV_SUBMITTED_OWN || trial->how == BREV_SUBMITTED_MEMORY)
        return run_courier (trial, frame_fd, error);
    return TRUE;
}

/* A courier that was run here and failed has said more than a store it left nothing in. */
static gboolean
follow (Trial *trial, GError **error)
{
    g_autoptr (GError) local = NULL;

    trial->listed = brev_follow (trial->config, trial->id, trial->timeout, &local);
    if (trial->listed != NULL)
        return TRUE;
    if (trial->status != EX_OK)
        return courier_failed (trial, error);
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
}

static const BrevStoreRecipient *
first_recipient (const BrevListed *listed)
{
    const GPtrArray *recipients = listed->message->recipients;

    return recipients->len == 0 ? NULL : recipients->pdata[0];
}

/* What to say and to return for a state; the table's order is that of the search. */
static const struct {
    const char *state;
    const char *text;
    BrevError code; /* BREV_ERROR_LAST: success */
} outcomes[] = {
    { "sent", "accepted by the provider", BREV_ERROR_LAST },
    { "discarded-by-test", "accepted by a test: nobody receives it", BREV_ERROR_LAST },
    { "refused", "refused", BREV_ERROR_REFUSED },
    { "expired", "given up", BREV_ERROR_REFUSED },
    { "deferred", "not sent yet; it is tried again by itself", BREV_ERROR_BUSY },
    { "deleted", "deleted by somebody", BREV_ERROR_REFUSED },
    { "held", "on hold", BREV_ERROR_BUSY },
    { "parked", "parked: a person must look at it ('brevdue queue show ID')",
      BREV_ERROR_BUSY },
    { "incoming", "not looked at yet: does the service run ('brevdue status')?",
      BREV_ERROR_BUSY },
    { "queued", "still waiting for its turn ('brevdue status')", BREV_ERROR_BUSY },
    { "sending", "still being sent", BREV_ERROR_BUSY },
    { BREV_LISTED_FORGOTTEN,
      "done with, and forgotten (\"history\"): the log says what became of it",
      BREV_ERROR_BUSY },
};

static void
print_json (const Trial *trial, const char *text)
{
    g_autoptr (JsonBuilder) json = json_builder_new ();

    json_builder_begin_object (json);
    brev_out_string (json, "id", trial->id);
    brev_out_string (json, "outcome", trial->listed->state);
    brev_out_string (json, "text", text);
    brev_out_int (json, "milliseconds", brev_clock_ticks () - trial->start);
    json_builder_set_member_name (json, "message");
    brev_listed_json (json, trial->listed);
    json_builder_end_object (json);
    brev_out_print (json);
}

static void
print_text (const Trial *trial, const char *text)
{
    const BrevStoreRecipient *recipient = first_recipient (trial->listed);
    g_autofree char *reply = brev_text_printable (
        recipient == NULL || recipient->reply == NULL ? "" : recipient->reply);

    (void) printf ("%s: %s (%.1f s)\n", trial->id, text,
                   (double) (brev_clock_ticks () - trial->start) / BREV_SECOND);
    if (recipient != NULL && *recipient->account != '\0')
        (void) printf ("Account: %s\n", recipient->account);
    if (recipient != NULL && recipient->remote_id != NULL)
        (void) printf ("Provider's ID: %s\n", recipient->remote_id);
    if (*reply != '\0')
        (void) printf ("Reply: %s\n", reply);
}

static gboolean
report (const BrevCall *call, const Trial *trial, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++) {
        if (strcmp (outcomes[i].state, trial->listed->state) != 0)
            continue;
        if (call->is_json)
            print_json (trial, outcomes[i].text);
        else
            print_text (trial, outcomes[i].text);
        return outcomes[i].code == BREV_ERROR_LAST ||
               brev_throw (error, outcomes[i].code, "the test message is %s",
                           outcomes[i].text);
    }
    return brev_throw (error, BREV_ERROR_INTERNAL, "the test message is '%s'",
                       trial->listed->state);
}

/* The courier's exit status is all that is known: it was in memory alone, or is forgotten. */
static gboolean
has_only_status (const Trial *trial)
{
    return trial->how == BREV_SUBMITTED_MEMORY ||
           (trial->how == BREV_SUBMITTED_OWN &&
            strcmp (trial->listed->state, BREV_LISTED_FORGOTTEN) == 0);
}

static void
report_status (const BrevCall *call, const Trial *trial)
{
    g_autoptr (JsonBuilder) json = json_builder_new ();

    if (!call->is_json) {
        (void) printf ("%s: accepted by the provider\n", trial->id);
        return;
    }
    json_builder_begin_object (json);
    brev_out_string (json, "id", trial->id);
    brev_out_string (json, "outcome", "sent");
    json_builder_end_object (json);
    brev_out_print (json);
}

gboolean
brev_cmd_test (BrevCall *call, GError **error)
{
    g_auto (Trial) trial = { .config = call->config,
                             .start = brev_clock_ticks (),
                             .timeout = DEFAULT_TIMEOUT * BREV_SECOND };

    trial.address = brev_call_argument (call, 0);
    if (!brev_call_timeout (call, &trial.timeout, error))
        return FALSE;
    if (strpbrk (trial.address, "\r\n") != NULL)
        return brev_throw (error, BREV_ERROR_USAGE, "an address has no line break");
    if (!submit (&trial, error))
        return FALSE;
    if (trial.how != BREV_SUBMITTED_MEMORY && !follow (&trial, error))
        return FALSE;
    if (!has_only_status (&trial))
        return report (call, &trial, error);
    report_status (call, &trial);
    return TRUE;
}
