/* SPDX-License-Identifier: MIT */
#include "courier/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "courier/report.h"
#include "courier/routing.h"
#include "courier/storm.h"
#include "message/header.h"

/* Files in one transaction: few enough to be held open together. */
#define BATCH 256
#define MAX_TOLD 1024 /* bytes of what is only shown */

/* A whole queue file on its way to a row. */
typedef struct {
    char *id; /* its name in queue/ */
    int fd;
    BrevQueueFile *file;
} Arrival;

static void
free_arrival (gpointer data)
{
    Arrival *arrival = data;

    g_free (arrival->id);
    brev_close_fd (&arrival->fd);
    brev_queue_file_free (arrival->file);
    g_free (arrival);
}

static gboolean
throw_scan (const BrevCourier *courier, int number, GError **error)
{
    return brev_throw_errno (error, number, "cannot read '%s/queue'",
                             courier->spool->path);
}

DIR *
brev_import_scan (const BrevCourier *courier, GError **error)
{
    int fd = openat (courier->spool->queue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);

    if (dir == NULL) {
        (void) throw_scan (courier, errno, error);
        brev_close_fd (&fd);
    }
    return dir;
}

gboolean
brev_import_take_names (const BrevCourier *courier, DIR **scan, guint max,
                        GPtrArray *names, GError **error)
{
    for (guint i = 0; i < max && *scan != NULL; i++) {
        const struct dirent *entry;
        errno = 0;
        entry = readdir (*scan);
        if (entry == NULL) {
            int number = errno;
            (void) closedir (g_steal_pointer (scan));
            return number == 0 || throw_scan (courier, number, error);
        }
        if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
            g_ptr_array_add (names, g_strdup (entry->d_name));
    }
    return TRUE;
}

/* -- what cannot be read now --------------------------------------------------------- */

/* After as long as the file lies there already: twice as long each time, and without a
 * note of the attempts, which are those of several couriers. */
static gint64
next_attempt (const BrevCourier *courier, const char *id)
{
    const BrevConfig *config = courier->config;
    gint64 now = brev_clock_now ();
    gint64 age = 0;
    struct stat info;

    if (courier->spool != NULL &&
        fstatat (courier->spool->queue, id, &info, AT_SYMLINK_NOFOLLOW) == 0)
        age = now - (gint64) info.st_mtim.tv_sec * BREV_SECOND;
    return now + CLAMP (age, config->retry_min, config->retry_max);
}

/* What is not a message will never be one; everything else may pass. */
static void
put_off (BrevCourier *courier, const char *id, const GError *error)
{
    gboolean is_input = g_error_matches (error, BREV_ERROR, BREV_ERROR_INPUT);

    brev_log (BREV_LOG_ERROR,
              "%s: not taken into the queue, its file stays in queue/%s: %s", id,
              is_input ? "" : " and is tried again", error->message);
    if (is_input)
        return;
    g_hash_table_add (courier->put_off, g_strdup (id));
    courier->put_off_until = MIN (courier->put_off_until, next_attempt (courier, id));
}

GPtrArray *
brev_import_take_due (BrevCourier *courier)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
    GHashTableIter iter;
    gpointer id;

    if (courier->put_off_until > brev_clock_now ())
        return ids;
    g_hash_table_iter_init (&iter, courier->put_off);
    while (g_hash_table_iter_next (&iter, &id, NULL)) {
        g_ptr_array_add (ids, id);
        g_hash_table_iter_steal (&iter);
    }
    courier->put_off_until = G_MAXINT64;
    return ids;
}

/* -- which files are new ------------------------------------------------------------- */

/* Returns: %NULL without @error when the file is gone */
static Arrival *
read_arrival (const BrevCourier *courier, const char *id, GError **error)
{
    brev_autofd int fd = brev_courier_open_file (courier, id);
    BrevQueueFile *file;
    Arrival *arrival;

    if (fd < 0) {
        if (errno != ENOENT) /* told of twice, and finished meanwhile */
            (void) brev_throw_errno (error, errno, "cannot open the file");
        return NULL;
    }
    file = brev_queue_file_read (fd, error);
    if (file == NULL)
        return NULL;
    arrival = g_new0 (Arrival, 1);
    arrival->id = g_strdup (id);
    arrival->fd = brev_steal_fd (&fd);
    arrival->file = file;
    return arrival;
}

/* The id is taken by another message: somebody chose it. */
static gboolean
give_fresh_id (BrevCourier *courier, Arrival *arrival)
{
    g_autoptr (GError) error = NULL;
    char id[BREV_ID_LENGTH + 1];
    int queue = courier->spool->queue;

    brev_id_new (id);
    if (renameat2 (queue, arrival->id, queue, id, RENAME_NOREPLACE) < 0 ||
        fsync (queue) < 0) {
        (void) brev_throw_errno (&error, errno, "cannot rename the file");
        put_off (courier, arrival->id, error);
        return FALSE;
    }
    brev_log (BREV_LOG_WARNING,
              "%s: uid %u chose an id that is taken; the message is now %s", arrival->id,
              arrival->file->origin.uid, id);
    g_free (arrival->id);
    arrival->id = g_strdup (id);
    return TRUE;
}

/* A row with its file still there: a copy that came late, or what a crash between the
 * last settlement and the unlinking left. Returns: whether it is another message, which
 * has a new id now */
static gboolean
is_another (BrevCourier *courier, const BrevStoreMessage *row, Arrival *arrival)
{
    if (row->uid != arrival->file->origin.uid || row->checksum != arrival->file->checksum)
        return give_fresh_id (courier, arrival);
    if (row->finished == 0)
        return FALSE;
    brev_log (BREV_LOG_INFO, "%s: a late copy of a finished message was removed",
              row->id);
    if (unlinkat (courier->spool->queue, row->id, 0) < 0)
        brev_log (BREV_LOG_ERROR, "%s: cannot remove it: %s", row->id,
                  g_strerror (errno));
    return FALSE;
}

/* An unfinished row says all there is to say, unless this may be a copy under its name.
 */
static gboolean
is_settled (const BrevStoreMessage *row)
{
    return row != NULL &&
           (row->parked != NULL || (row->is_imported && row->finished == 0));
}

static Arrival *
find_arrival (const GPtrArray *arrivals, const char *id)
{
    for (guint i = 0; i < arrivals->len; i++) {
        Arrival *arrival = arrivals->pdata[i];
        if (strcmp (arrival->id, id) == 0)
            return arrival;
    }
    return NULL;
}

static gboolean
look_at (BrevCourier *courier, const char *id, GPtrArray *arrivals, GError **error)
{
    g_autoptr (BrevStoreMessage) row = NULL;
    g_autoptr (GError) failure = NULL;
    Arrival *arrival;

    if (!brev_id_is_valid (id)) {
        brev_log (BREV_LOG_WARNING, "'%s' in queue/ is no message; it is left alone", id);
        return TRUE;
    }
    if (find_arrival (arrivals, id) != NULL) /* told of twice */
        return TRUE;
    row = brev_store_get (courier->store, id, &failure);
    if (failure != NULL) {
        g_propagate_error (error, g_steal_pointer (&failure));
        return FALSE;
    }
    if (is_settled (row))
        return TRUE;
    arrival = read_arrival (courier, id, &failure);
    if (failure != NULL)
        put_off (courier, id, failure);
    if (arrival == NULL)
        return TRUE;
    if (row != NULL && row->is_imported && !is_another (courier, row, arrival))
        free_arrival (arrival);
    else
        g_ptr_array_add (arrivals, arrival);
    return TRUE;
}

/* -- what their rows say ------------------------------------------------------------- */

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
read_header (const BrevCourier *courier, const Arrival *arrival, BrevStoreMessage *row,
             char **subject, GError **error)
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

/* @subject: (out): the header's. Returns: (nullable): a row without recipients yet */
static BrevStoreMessage *
new_row (const BrevCourier *courier, const Arrival *arrival, char **subject,
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
add_good (const BrevCourier *courier, const Arrival *arrival, BrevStoreMessage *row,
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
find_recipients (const BrevCourier *courier, const Arrival *arrival, GError **error)
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
add_recipients (const BrevCourier *courier, const Arrival *arrival, BrevStoreMessage *row,
                GError **error)
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

/* Returns: (nullable): or %NULL with @error when it cannot be told now */
static BrevStoreMessage *
make_row (const BrevCourier *courier, const Arrival *arrival, GError **error)
{
    g_autofree char *subject = NULL;
    g_autoptr (BrevStoreMessage) row = new_row (courier, arrival, &subject, error);

    if (row == NULL || !add_recipients (courier, arrival, row, error))
        return NULL;
    if (courier->config->storm_guard != BREV_STORM_GUARD_OFF && counts_as_mail (row))
        row->sum = brev_storm_sum (row->uid, row->recipients, subject);
    return g_steal_pointer (&row);
}

/* -- import -------------------------------------------------------------------------- */

/* The letter takes over what the arrival holds open. */
static BrevLetter *
make_letter (const BrevCourier *courier, Arrival *arrival, GError **error)
{
    BrevStoreMessage *row = make_row (courier, arrival, error);
    BrevLetter *letter;

    if (row == NULL)
        return NULL;
    letter = brev_letter_new (row, NULL);
    letter->fd = brev_steal_fd (&arrival->fd);
    letter->file = g_steal_pointer (&arrival->file);
    return letter;
}

/* Those of @arrivals whose turn it is: all, but each over which a courier died alone. */
static gboolean
import_chosen (BrevCourier *courier, const GPtrArray *arrivals, const GPtrArray *chosen,
               GError **error)
{
    g_autoptr (GPtrArray) letters =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_letter_unref);

    for (guint i = 0; i < chosen->len; i++) {
        g_autoptr (GError) failure = NULL;
        Arrival *arrival = find_arrival (arrivals, chosen->pdata[i]);
        BrevLetter *letter = make_letter (courier, arrival, &failure);
        if (letter != NULL)
            g_ptr_array_add (letters, letter);
        else
            put_off (courier, arrival->id, failure);
    }
    return brev_settler_import (courier->settler, letters, error) &&
           (letters->len == chosen->len || brev_store_end_import (courier->store, error));
}

static void
strike_off (GPtrArray *ids, GPtrArray *chosen)
{
    for (guint i = ids->len; i-- > 0;)
        if (g_ptr_array_find_with_equal_func (chosen, ids->pdata[i], g_str_equal, NULL))
            g_ptr_array_remove_index_fast (ids, i);
}

static gboolean
import_arrivals (BrevCourier *courier, const GPtrArray *arrivals, GError **error)
{
    g_autoptr (GPtrArray) ids = g_ptr_array_new ();

    for (guint i = 0; i < arrivals->len; i++)
        g_ptr_array_add (ids, ((Arrival *) arrivals->pdata[i])->id);
    while (ids->len > 0) {
        g_autoptr (GPtrArray) chosen =
            brev_store_begin_import (courier->store, ids, brev_clock_now (), error);
        if (chosen == NULL)
            return FALSE;
        if (chosen->len == 0)
            break;
        if (!import_chosen (courier, arrivals, chosen, error))
            return FALSE;
        strike_off (ids, chosen);
    }
    return TRUE;
}

static gboolean
import_some (BrevCourier *courier, const GPtrArray *ids, guint first, guint n,
             GError **error)
{
    g_autoptr (GPtrArray) arrivals = g_ptr_array_new_with_free_func (free_arrival);

    for (guint i = first; i < first + n; i++)
        if (!look_at (courier, ids->pdata[i], arrivals, error))
            return FALSE;
    return arrivals->len == 0 || import_arrivals (courier, arrivals, error);
}

gboolean
brev_import (BrevCourier *courier, const GPtrArray *ids, GError **error)
{
    for (guint first = 0; first < ids->len; first += BATCH)
        if (!import_some (courier, ids, first, MIN (BATCH, ids->len - first), error))
            return FALSE;
    return TRUE;
}
