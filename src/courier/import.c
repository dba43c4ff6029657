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
#include "courier/incoming.h"

/* Files in one transaction: few enough to be held open together. */
#define BATCH 256

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

/* The id is taken by another message: somebody chose it. */
static gboolean
give_fresh_id (BrevCourier *courier, BrevIncoming *arrival)
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
is_another (BrevCourier *courier, const BrevStoreMessage *row, BrevIncoming *arrival)
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

static BrevIncoming *
find_arrival (const GPtrArray *arrivals, const char *id)
{
    for (guint i = 0; i < arrivals->len; i++) {
        BrevIncoming *arrival = arrivals->pdata[i];
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
    BrevIncoming *arrival;

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
    arrival = brev_incoming_read (courier, id, &failure);
    if (failure != NULL)
        put_off (courier, id, failure);
    if (arrival == NULL)
        return TRUE;
    if (row != NULL && row->is_imported && !is_another (courier, row, arrival))
        brev_incoming_free (arrival);
    else
        g_ptr_array_add (arrivals, arrival);
    return TRUE;
}

/* -- import -------------------------------------------------------------------------- */

/* The letter takes over what the arrival holds open. */
static BrevLetter *
make_letter (const BrevCourier *courier, BrevIncoming *arrival, GError **error)
{
    BrevStoreMessage *row = brev_incoming_row (courier, arrival, error);
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
        BrevIncoming *arrival = find_arrival (arrivals, chosen->pdata[i]);
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
        g_ptr_array_add (ids, ((BrevIncoming *) arrivals->pdata[i])->id);
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
    g_autoptr (GPtrArray) arrivals =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_incoming_free);

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
