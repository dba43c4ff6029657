/* SPDX-License-Identifier: MIT */
#include "admin/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "admin/folder.h"
#include "admin/output.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "courier/record.h"
#include "envelope/frame.h"

#define INCOMING "incoming"
#define HELD "held"
#define YOUNG (60 * BREV_SECOND) /* what is younger may still be written */

const char *const brev_listed_states[] = { INCOMING, "queued", "deferred", "sending",
                                           HELD,     "parked", NULL };

/* A listing while it grows. */
typedef struct {
    const BrevSite *site;
    BrevListing *listing;
    GHashTable *known; /* owned, of borrowed ids that are listed */
    gint64 uid;
} Reading;

static void
stranger_free (gpointer data)
{
    BrevStranger *stranger = data;

    g_free (stranger->path);
    g_free (stranger->problem);
    g_free (stranger);
}

void
brev_listed_free (BrevListed *listed)
{
    if (listed == NULL)
        return;
    brev_store_message_free (listed->message);
    g_free (listed->problem);
    g_free (listed);
}

void
brev_listing_free (BrevListing *listing)
{
    if (listing == NULL)
        return;
    g_ptr_array_unref (listing->messages);
    g_ptr_array_unref (listing->strangers);
    g_free (listing);
}

/* -- states -------------------------------------------------------------------------- */

/* The one that tells most about a message stands first. */
static const BrevState by_weight[] = {
    BREV_STATE_SENDING, BREV_STATE_DEFERRED,  BREV_STATE_QUEUED,
    BREV_STATE_PARKED,  BREV_STATE_REFUSED,   BREV_STATE_EXPIRED,
    BREV_STATE_DELETED, BREV_STATE_DISCARDED, BREV_STATE_SENT,
};
G_STATIC_ASSERT (G_N_ELEMENTS (by_weight) == BREV_STATE_LAST);

static gboolean
has_recipient (const BrevStoreMessage *message, BrevState state)
{
    for (guint i = 0; i < message->recipients->len; i++)
        if (((const BrevStoreRecipient *) message->recipients->pdata[i])->state == state)
            return TRUE;
    return FALSE;
}

const char *
brev_message_state (const BrevStoreMessage *message)
{
    if (!message->is_imported)
        return message->parked != NULL ? brev_state_names[BREV_STATE_PARKED] : INCOMING;
    if (message->finished > 0 && message->recipients->len == 0)
        return BREV_LISTED_FORGOTTEN;
    for (guint i = 0; i < G_N_ELEMENTS (by_weight); i++)
        if (has_recipient (message, by_weight[i])) {
            if (message->is_held && by_weight[i] != BREV_STATE_SENDING &&
                !brev_state_is_final (by_weight[i]))
                return HELD;
            return brev_state_names[by_weight[i]];
        }
    return INCOMING;
}

const char *
brev_listed_recipient_state (const BrevListed *listed,
                             const BrevStoreRecipient *recipient)
{
    if (!listed->message->is_imported)
        return listed->state;
    if (listed->message->is_held && (recipient->state == BREV_STATE_QUEUED ||
                                     recipient->state == BREV_STATE_DEFERRED))
        return HELD;
    return brev_state_names[recipient->state];
}

gint64
brev_listed_next (const BrevListed *listed)
{
    const GPtrArray *recipients = listed->message->recipients;
    gint64 next = G_MAXINT64;

    for (guint i = 0; i < recipients->len && listed->message->is_imported; i++) {
        const BrevStoreRecipient *recipient = recipients->pdata[i];
        if (recipient->state == BREV_STATE_QUEUED ||
            recipient->state == BREV_STATE_DEFERRED)
            next = MIN (next, recipient->due);
    }
    return next == G_MAXINT64 || listed->message->is_held ? 0 : next;
}

guint
brev_listed_attempts (const BrevListed *listed)
{
    const GPtrArray *recipients = listed->message->recipients;
    guint attempts = 0;

    for (guint i = 0; i < recipients->len; i++)
        attempts =
            MAX (attempts, ((const BrevStoreRecipient *) recipients->pdata[i])->attempts);
    return attempts;
}

/* -- files that no courier has read -------------------------------------------------- */

static void
add_stranger (Reading *reading, const BrevFolder *folder, const char *name,
              const struct stat *info, const GError *error)
{
    gboolean is_young = brev_clock_now () - (gint64) info->st_mtime * BREV_SECOND < YOUNG;
    BrevStranger *stranger;

    if (reading->uid >= 0 || (is_young && name[0] == '.'))
        return;
    stranger = g_new0 (BrevStranger, 1);
    stranger->path = g_build_filename (folder->name, name, NULL);
    stranger->uid = info->st_uid;
    stranger->problem = g_strdup (error->message);
    g_ptr_array_add (reading->listing->strangers, stranger);
}

/* (transfer full): @message */
static BrevListed *
new_listed (BrevStoreMessage *message)
{
    BrevListed *listed = g_new0 (BrevListed, 1);

    listed->message = message;
    listed->state = brev_message_state (message);
    listed->problem = g_strdup (message->parked);
    return listed;
}

/* (transfer full): @message */
static void
add_message (Reading *reading, BrevStoreMessage *message)
{
    if (reading->uid >= 0 && (gint64) message->uid != reading->uid) {
        brev_store_message_free (message);
        return;
    }
    g_hash_table_add (reading->known, message->id);
    g_ptr_array_add (reading->listing->messages, new_listed (message));
}

/* A file whose row, if it has one, says nothing but that it is parked. */
static void
add_unread (Reading *reading, const BrevFolder *folder, const char *name,
            const char *parked)
{
    g_autoptr (GError) error = NULL;
    struct stat info = { 0 };
    BrevStoreMessage *message = brev_folder_read (folder, name, &info, &error);

    if (message == NULL && error != NULL && parked != NULL) {
        message = brev_store_message_new (name);
        message->is_imported = FALSE;
        message->uid = info.st_uid;
    }
    if (message == NULL) {
        if (error != NULL)
            add_stranger (reading, folder, name, &info, error);
        return;
    }
    message->parked = g_strdup (parked);
    add_message (reading, message);
}

static gboolean
add_name (Reading *reading, const BrevFolder *folder, const char *name, GError **error)
{
    g_autoptr (BrevStoreMessage) row = NULL;
    g_autoptr (GError) local = NULL;

    if (g_hash_table_contains (reading->known, name))
        return TRUE;
    if (reading->site->store != NULL && brev_id_is_valid (name))
        row = brev_store_get (reading->site->store, name, &local);
    if (local != NULL) {
        g_propagate_error (error, g_steal_pointer (&local));
        return FALSE;
    }
    if (row == NULL || !row->is_imported)
        add_unread (reading, folder, name, row == NULL ? NULL : row->parked);
    else if (row->finished == 0)
        add_message (reading, g_steal_pointer (&row));
    return TRUE;
}

static gboolean
add_folder (Reading *reading, const BrevFolder *folder, GError **error)
{
    int fd = folder->fd < 0
                 ? -1
                 : openat (folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    const struct dirent *entry;
    gboolean good = TRUE;

    if (folder->fd < 0)
        return TRUE;
    if (dir == NULL) {
        brev_close_fd (&fd);
        return brev_throw_errno (error, errno, "cannot read '%s/%s'",
                                 reading->site->spool->path, folder->name);
    }
    while (good && (entry = readdir (dir)) != NULL)
        if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
            good = add_name (reading, folder, entry->d_name, error);
    (void) closedir (dir);
    return good;
}

/* -- rows ---------------------------------------------------------------------------- */

static gboolean
add_rows (Reading *reading, GError **error)
{
    const BrevStoreFilter filter = { .uid = -1, .unfinished = TRUE };
    g_autoptr (GPtrArray) rows = NULL;

    if (reading->site->store == NULL)
        return TRUE;
    rows = brev_store_list (reading->site->store, &filter, error);
    if (rows == NULL)
        return FALSE;
    g_ptr_array_set_free_func (rows, NULL);
    for (guint i = 0; i < rows->len; i++) {
        BrevStoreMessage *row = rows->pdata[i];
        if (row->is_imported)
            add_message (reading, row);
        else /* its file says more */
            brev_store_message_free (row);
    }
    return TRUE;
}

static int
compare_arrival (gconstpointer a, gconstpointer b)
{
    const BrevStoreMessage *x = (*(const BrevListed *const *) a)->message;
    const BrevStoreMessage *y = (*(const BrevListed *const *) b)->message;

    if (x->arrival != y->arrival)
        return x->arrival < y->arrival ? -1 : 1;
    return strcmp (x->id, y->id);
}

BrevListing *
brev_listing_read (const BrevSite *site, gint64 uid, GError **error)
{
    g_autoptr (BrevListing) listing = g_new0 (BrevListing, 1);
    g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
    Reading reading = { site, listing, known, uid };

    listing->messages =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_listed_free);
    listing->strangers = g_ptr_array_new_with_free_func (stranger_free);
    if (site->spool == NULL)
        return g_steal_pointer (&listing);
    const BrevFolder folders[] = {
        { "drop", site->spool->drop, TRUE },
        { "queue", site->spool->queue, FALSE },
    };
    if (!add_rows (&reading, error))
        return NULL;
    /* In the order in which a message moves, so that none slips through. A file stays in
     * queue/ for as long as its row is unfinished: what gets its row just now is found.
     */
    for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
        if (!add_folder (&reading, &folders[i], error))
            return NULL;
    g_ptr_array_sort (listing->messages, compare_arrival);
    return g_steal_pointer (&listing);
}

static BrevListed *
find_incoming (const BrevSite *site, const char *id, GError **error)
{
    g_autoptr (BrevListing) listing = brev_listing_read (site, -1, error);

    for (guint i = 0; listing != NULL && i < listing->messages->len; i++) {
        BrevListed *listed = listing->messages->pdata[i];
        if (strcmp (listed->message->id, id) == 0)
            return g_ptr_array_steal_index (listing->messages, i);
    }
    if (listing != NULL)
        (void) brev_throw (
            error, BREV_ERROR_NO_FILE,
            "no message '%s': 'brevdue queue list' shows those in the queue", id);
    return NULL;
}

BrevListed *
brev_listed_find (const BrevSite *site, const char *id, GError **error)
{
    g_autoptr (GError) local = NULL;
    g_autoptr (BrevStoreMessage) row =
        site->store == NULL ? NULL : brev_store_get (site->store, id, &local);

    if (local != NULL) {
        g_propagate_error (error, g_steal_pointer (&local));
        return NULL;
    }
    if (row == NULL || !row->is_imported)
        return find_incoming (site, id, error);
    return new_listed (g_steal_pointer (&row));
}

int
brev_listed_open (const BrevSite *site, const char *id, GError **error)
{
    int fd = -1;

    if (site->spool != NULL && brev_id_is_valid (id))
        fd = openat (site->spool->queue, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        (void) brev_throw (error, BREV_ERROR_NO_FILE,
                           "the message '%s' is not in the queue (any more)", id);
    return fd;
}

/* -- JSON ---------------------------------------------------------------------------- */

static void
recipient_json (JsonBuilder *json, const BrevListed *listed,
                const BrevStoreRecipient *recipient)
{
    gboolean waits = listed->message->is_imported && !listed->message->is_held &&
                     (recipient->state == BREV_STATE_QUEUED ||
                      recipient->state == BREV_STATE_DEFERRED);

    json_builder_begin_object (json);
    brev_out_string (json, "address", recipient->address);
    brev_out_string (json, "original", recipient->original);
    brev_out_string (json, "state", brev_listed_recipient_state (listed, recipient));
    brev_out_string (json, "account",
                     listed->message->is_imported ? recipient->account : NULL);
    brev_out_int (json, "attempts", recipient->attempts);
    brev_out_time (json, "next_attempt", waits ? recipient->due : 0);
    brev_out_string (json, "reply", recipient->reply);
    brev_out_string (json, "dsn", recipient->dsn);
    brev_out_string (json, "remote_id", recipient->remote_id);
    brev_out_bool (json, "maybe_sent", recipient->maybe_sent);
    brev_out_string (json, "report", recipient->report);
    brev_out_time (json, "changed", recipient->changed);
    json_builder_end_object (json);
}

void
brev_listed_json (JsonBuilder *json, const BrevListed *listed)
{
    const BrevStoreMessage *message = listed->message;

    json_builder_begin_object (json);
    brev_out_string (json, "id", message->id);
    brev_out_string (json, "message_id", message->message_id);
    brev_out_string (json, "sender", message->sender);
    brev_out_int (json, "uid", message->uid);
    brev_out_int (json, "size", (gint64) message->size);
    brev_out_time (json, "arrival", message->arrival);
    brev_out_string (json, "state", listed->state);
    brev_out_string (json, "problem", listed->problem);
    brev_out_bool (json, "held", message->is_held);
    brev_out_bool (json, "storm", message->is_storm);
    brev_out_int (json, "attempts", brev_listed_attempts (listed));
    brev_out_time (json, "next_attempt", brev_listed_next (listed));
    brev_out_time (json, "finished", message->finished);
    brev_out_string (json, "login", message->login);
    brev_out_string (json, "program", message->program);
    brev_out_string (json, "script", message->script);
    brev_out_string (json, "way", brev_record_way (message->way));
    brev_out_string (json, "options", message->options);
    brev_out_string (json, "ignored", message->ignored);
    brev_out_int (json, "dot_bytes", message->dot_bytes);
    brev_out_string (json, "rewritten", message->rewritten);
    json_builder_set_member_name (json, "recipients");
    json_builder_begin_array (json);
    for (guint i = 0; i < message->recipients->len; i++)
        recipient_json (json, listed, message->recipients->pdata[i]);
    json_builder_end_array (json);
    json_builder_end_object (json);
}
