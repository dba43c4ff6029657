/* SPDX-License-Identifier: MIT */
#include "courier/incoming.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "courier/report.h"
#include "courier/routing.h"
#include "courier/storm.h"
#include "message/header.h"

#define MAX_TOLD 1024 /* bytes of what is only shown */

void
brev_incoming_free (BrevIncoming *arrival)
{
    g_free (arrival->id);
    brev_close_fd (&arrival->fd);
    brev_queue_file_free (arrival->file);
    g_free (arrival);
}

BrevIncoming *
brev_incoming_read (const BrevCourier *courier, const char *id, GError **error)
{
    brev_autofd int fd = brev_courier_open_file (courier, id);
    BrevQueueFile *file;
    BrevIncoming *arrival;

    if (fd < 0) {
        if (errno != ENOENT) /* told of twice, and finished meanwhile */
            (void) brev_throw_errno (error, errno, "cannot open the file");
        return NULL;
    }
    file = brev_queue_file_read (fd, error);
    if (file == NULL)
        return NULL;
    arrival = g_new0 (BrevIncoming, 1);
    arrival->id = g_strdup (id);
    arrival->fd = brev_steal_fd (&fd);
    arrival->file = file;
    return arrival;
}

/* -- what the header says ------------------------------------------------------------- */

/* Fits into one line, and is not endless. Returns: (nullable): %NULL for nothing */
static char *
told (const char *text)
{
    g_autofree char *bounded =
        text == NULL || *text == '\0' ? NULL : g_strndup (text, MAX_TOLD);

    return bounded == NULL ? NULL : brev_text_printable (bounded);
}

/* A caller may lower the place of its mail, and nothing raises it. */
static gboolean
is_bulk (char *precedence)
{
    static const char *const words[] = { "bulk", "list", "junk" };

    if (precedence == NULL)
        return FALSE;
    g_strstrip (precedence);
    for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
        if (g_ascii_strcasecmp (precedence, words[i]) == 0)
            return TRUE;
    return FALSE;
}

/* What the header says, without GMime: the first value of each field. */
typedef struct {
    char *message_id, *script, *subject, *precedence; /* each owned, nullable */
} Fields;

static void
fields_clear (Fields *fields)
{
    g_free (fields->message_id);
    g_free (fields->script);
    g_free (fields->subject);
    g_free (fields->precedence);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fields, fields_clear)

static void
find_fields (const BrevHeaderBlock *block, Fields *fields)
{
    const struct {
        const char *name;
        char **value;
    } wanted[] = {
        { "Message-ID", &fields->message_id },
        { "X-PHP-Originating-Script", &fields->script },
        { "Subject", &fields->subject },
        { "Precedence", &fields->precedence },
    };
    const char *cursor = block->text;
    BrevField field;

    while (brev_field_next (&cursor, block->text + block->length, &field))
        for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
            if (*wanted[i].value == NULL && brev_field_is (&field, wanted[i].name))
                *wanted[i].value = brev_field_unfold (&field);
}

/* That the message itself is wrong shows later: then nobody can ever send it. That it
 * cannot be read now says nothing about it. Returns: whether to go on */
static gboolean
forgive_input (GError *failure, GError **error)
{
    if (failure == NULL || g_error_matches (failure, BREV_ERROR, BREV_ERROR_INPUT)) {
        g_clear_error (&failure);
        return TRUE;
    }
    g_propagate_error (error, failure);
    return FALSE;
}

static gboolean
read_header (const BrevCourier *courier, const BrevIncoming *arrival,
             BrevStoreMessage *row, char **subject, GError **error)
{
    const BrevQueueFile *file = arrival->file;
    g_auto (BrevHeaderBlock) block = { 0 };
    g_auto (Fields) fields = { 0 };
    GError *failure = NULL;

    if (brev_header_block_read (&block, arrival->fd, file->message_offset,
                                file->message_length, &failure))
        find_fields (&block, &fields);
    else if (!forgive_input (failure, error))
        return FALSE;
    if (fields.message_id == NULL || *fields.message_id == '\0')
        row->message_id =
            g_strdup_printf ("<%s@%s>", arrival->id, courier->config->mail_name);
    else
        row->message_id = brev_text_printable (fields.message_id);
    row->script = told (fields.script);
    row->is_bulk = is_bulk (fields.precedence);
    *subject = g_steal_pointer (&fields.subject);
    return TRUE;
}

/* -- what the row says ---------------------------------------------------------------- */

/* @subject: (out): the header's. Returns: (nullable): a row without recipients yet */
static BrevStoreMessage *
new_row (const BrevCourier *courier, const BrevIncoming *arrival, char **subject,
         GError **error)
{
    const BrevQueueFile *file = arrival->file;
    const BrevEnvelope *envelope = file->envelope;
    g_autofree char *nobody = g_strdup_printf ("uid-%u", file->origin.uid);
    BrevLocalNames names = brev_courier_names (courier);
    g_autoptr (BrevStoreMessage) row = brev_store_message_new (arrival->id);

    if (!read_header (courier, arrival, row, subject, error))
        return NULL;
    row->is_imported = TRUE;
    row->uid = file->origin.uid;
    row->arrival = file->origin.arrival;
    row->size = file->message_length;
    row->checksum = file->checksum;
    g_free (row->sender);
    row->sender = brev_sender_qualify (
        envelope->sender, envelope->login != NULL ? envelope->login : nobody, &names);
    row->sender_is_login = envelope->sender_is_login;
    row->login = g_strdup (envelope->login);
    row->program = g_strdup (envelope->program);
    row->way = (char) file->origin.way;
    row->options = told (envelope->options);
    row->ignored = told (envelope->ignored);
    row->dot_bytes = envelope->dot_bytes;
    return g_steal_pointer (&row);
}

/* A recipient that cannot receive anything is final from the start; its report follows.
 */
static BrevStoreRecipient *
add_bad (BrevStoreMessage *row, const char *piece, BrevNotify notify, const char *reason)
{
    BrevStoreRecipient *recipient = brev_store_message_add (row, piece, piece, "", 0);

    recipient->state = BREV_STATE_REFUSED;
    recipient->dsn = g_strdup ("5.1.3");
    recipient->reply = g_strdup (reason);
    recipient->changed = brev_clock_now ();
    recipient->notify = notify;
    return recipient;
}

static gboolean
add_good (const BrevCourier *courier, const BrevIncoming *arrival, BrevStoreMessage *row,
          const BrevRecipients *recipients, GError **error)
{
    const BrevQueueFile *file = arrival->file;
    gboolean has_routes = courier->config->routes->len > 0;
    g_autoptr (BrevMessage) message = NULL;
    BrevRouting routing = { .config = courier->config,
                            .sender = row->sender,
                            .uid = row->uid };
    gint64 due = MIN (row->arrival, brev_clock_now ()); /* by age, not by file name */
    GError *failure = NULL;

    if (has_routes)
        message = brev_message_decode (arrival->fd, file->message_offset,
                                       file->message_length, &failure);
    if (!forgive_input (failure, error))
        return FALSE;
    routing.message = message;
    for (guint i = 0; i < recipients->good->len; i++) {
        const BrevRecipient *recipient = recipients->good->pdata[i];
        const BrevAccount *account = brev_routing_account (&routing, recipient->address);
        BrevStoreRecipient *added =
            brev_store_message_add (row, recipient->address, recipient->original,
                                    account == NULL ? "" : account->name, due);
        added->notify = recipient->notify;
        added->orcpt = g_strdup (recipient->orcpt);
        if (brev_report_hears (courier->config, row, added, BREV_ACTION_DELAYED) ==
            BREV_HEARS_SENDER)
            added->warn_from = row->arrival;
    }
    return TRUE;
}

static void
add_bad_ones (BrevStoreMessage *row, const GPtrArray *bad, const char *reason)
{
    for (guint i = 0; i < bad->len; i++) {
        const BrevRecipient *recipient = bad->pdata[i];
        BrevStoreRecipient *added =
            add_bad (row, recipient->address, recipient->notify, reason);
        added->orcpt = g_strdup (recipient->orcpt);
    }
}

static BrevRecipients *
find_recipients (const BrevCourier *courier, const BrevIncoming *arrival, GError **error)
{
    const BrevQueueFile *file = arrival->file;
    g_autoptr (BrevHeaderRecipients) header = NULL;
    BrevLocalNames names = brev_courier_names (courier);

    if (file->envelope->header_recipients) {
        header = brev_header_recipients_read (arrival->fd, file->message_offset,
                                              file->message_length, error);
        if (header == NULL)
            return NULL;
    }
    return brev_recipients_resolve (file->envelope, header, &names, error);
}

/* Returns: %FALSE with @error when it cannot be told now */
static gboolean
add_recipients (const BrevCourier *courier, const BrevIncoming *arrival,
                BrevStoreMessage *row, GError **error)
{
    g_autoptr (GError) failure = NULL;
    g_autoptr (BrevRecipients) recipients = find_recipients (courier, arrival, &failure);
    BrevNotify notify = arrival->file->envelope->notify;

    if (g_error_matches (failure, BREV_ERROR, BREV_ERROR_INPUT)) {
        (void) add_bad (row, "(all recipients)", notify, failure->message);
        return TRUE;
    }
    if (recipients == NULL) {
        g_propagate_error (error, g_steal_pointer (&failure));
        return FALSE;
    }
    if (courier->config->bad_recipients == BREV_BAD_REFUSE && recipients->bad->len > 0)
        add_bad_ones (row, recipients->good,
                      "another recipient of the message is no mail address, and "
                      "'bad-recipients = refuse' is set");
    else if (!add_good (courier, arrival, row, recipients, error))
        return FALSE;
    add_bad_ones (row, recipients->bad, "this is no mail address");
    if (row->recipients->len == 0)
        (void) add_bad (row, "(no recipient)", notify,
                        "the message names nobody to send it to");
    return TRUE;
}

/* Mail that nobody will get is no storm, nor is a report of our own. */
static gboolean
counts_as_mail (const BrevStoreMessage *row)
{
    for (guint i = 0; i < row->recipients->len; i++)
        if (!brev_state_is_final (
                ((const BrevStoreRecipient *) row->recipients->pdata[i])->state))
            return row->way != BREV_WAY_REPORT;
    return FALSE;
}

BrevStoreMessage *
brev_incoming_row (const BrevCourier *courier, const BrevIncoming *arrival,
                   GError **error)
{
    g_autofree char *subject = NULL;
    g_autoptr (BrevStoreMessage) row = new_row (courier, arrival, &subject, error);

    if (row == NULL || !add_recipients (courier, arrival, row, error))
        return NULL;
    if (courier->config->storm_guard != BREV_STORM_GUARD_OFF && counts_as_mail (row))
        row->sum = brev_storm_sum (row->uid, row->recipients, subject);
    return g_steal_pointer (&row);
}
