/* SPDX-License-Identifier: MIT */
#include "accept/arrival.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/error.h"
#include "base/fs.h"

static gboolean
write_bytes (BrevArrival *arrival, const void *bytes, gsize length, GError **error)
{
    if (!brev_write_ahead (arrival->fd, bytes, length))
        return brev_throw_errno (error, errno, "cannot write to '%s/tmp'",
                                 arrival->spool->path);
    return TRUE;
}

BrevArrival *
brev_arrival_new (const BrevSpool *spool, const BrevOrigin *origin,
                  guint64 max_message_size, guint64 serial, GError **error)
{
    g_autoptr (BrevArrival) arrival = g_new0 (BrevArrival, 1);
    guint8 record[BREV_ORIGIN_SIZE];

    arrival->spool = spool;
    arrival->origin = *origin;
    arrival->reader = brev_frame_reader_new (max_message_size);
    arrival->temporary = g_strdup_printf ("in.%" G_GUINT64_FORMAT, serial);
    arrival->fd = brev_spool_create (spool, arrival->temporary, error);
    brev_origin_write (origin, record);
    if (arrival->fd < 0 || !write_bytes (arrival, record, sizeof record, error))
        return NULL;
    return g_steal_pointer (&arrival);
}

void
brev_arrival_free (BrevArrival *arrival)
{
    if (arrival == NULL)
        return;
    if (arrival->fd >= 0 && arrival->kept != BREV_KEPT_NEW)
        (void) unlinkat (arrival->spool->tmp, arrival->temporary, 0);
    brev_close_fd (&arrival->fd);
    brev_frame_reader_free (arrival->reader);
    g_free (arrival->temporary);
    g_free (arrival->problem);
    g_free (arrival);
}

gboolean
brev_arrival_put (BrevArrival *arrival, const void *bytes, gsize length, GError **error)
{
    return brev_frame_reader_feed (arrival->reader, bytes, length, error) &&
           write_bytes (arrival, bytes, length, error);
}

gboolean
brev_arrival_finish (BrevArrival *arrival, GError **error)
{
    return brev_frame_reader_finish (arrival->reader, error);
}

const char *
brev_arrival_id (const BrevArrival *arrival)
{
    return brev_frame_reader_id (arrival->reader);
}

/* -- the commit of a group ----------------------------------------------------------- */

static void
fail (BrevArrival *arrival, BrevKept kept, const char *what, int number)
{
    arrival->kept = kept;
    g_free (arrival->problem);
    arrival->problem = number == 0
                           ? g_strdup (what)
                           : g_strdup_printf ("%s: %s", what, g_strerror (number));
}

gboolean
brev_is_repetition (const BrevOrigin *origin, guint32 checksum, const BrevOrigin *other,
                    guint32 other_checksum)
{
    return origin->uid == other->uid && checksum == other_checksum;
}

/* The queue holds this ID. Somebody may have sent a message again because our answer did
 * not reach him; or he has guessed, or copied, the ID of another. */
static void
compare_with_queue (BrevArrival *arrival)
{
    const char *id = brev_arrival_id (arrival);
    brev_autofd int fd =
        openat (arrival->spool->queue, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    g_autoptr (BrevQueueFile) file = fd < 0 ? NULL : brev_queue_file_read (fd, NULL);

    if (file != NULL && brev_is_repetition (&arrival->origin,
                                            brev_frame_reader_checksum (arrival->reader),
                                            &file->origin, file->checksum))
        arrival->kept = BREV_KEPT_ALREADY;
    else
        fail (arrival, BREV_KEPT_FOREIGN, "this ID belongs to another message", 0);
}

static void
give_name (BrevArrival *arrival)
{
    const BrevSpool *spool = arrival->spool;

    if (renameat2 (spool->tmp, arrival->temporary, spool->queue,
                   brev_arrival_id (arrival), RENAME_NOREPLACE) == 0)
        arrival->kept = BREV_KEPT_NEW;
    else if (errno == EEXIST)
        compare_with_queue (arrival);
    else
        fail (arrival, BREV_KEPT_FAILED, "cannot rename the message into the queue",
              errno);
}

/* A name that may not survive is no promise, and is taken back. */
static void
take_back (const GPtrArray *arrivals, int number)
{
    for (guint i = 0; i < arrivals->len; i++) {
        BrevArrival *arrival = g_ptr_array_index (arrivals, i);
        if (arrival->kept == BREV_KEPT_NEW)
            (void) unlinkat (arrival->spool->queue, brev_arrival_id (arrival), 0);
        if (arrival->kept == BREV_KEPT_NEW || arrival->kept == BREV_KEPT_ALREADY)
            fail (arrival, BREV_KEPT_FAILED, "cannot sync the queue directory", number);
    }
}

void
brev_arrivals_commit (const BrevSpool *spool, const GPtrArray *arrivals)
{
    for (guint i = 0; i < arrivals->len; i++) {
        const BrevArrival *arrival = g_ptr_array_index (arrivals, i);
        (void) sync_file_range (arrival->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    for (guint i = 0; i < arrivals->len; i++) {
        BrevArrival *arrival = g_ptr_array_index (arrivals, i);
        if (fsync (arrival->fd) < 0)
            fail (arrival, BREV_KEPT_FAILED, "cannot sync the message", errno);
    }
    for (guint i = 0; i < arrivals->len; i++) {
        BrevArrival *arrival = g_ptr_array_index (arrivals, i);
        if (arrival->kept == BREV_KEPT_NOT_YET)
            give_name (arrival);
    }
    /* also for repetitions: the first may have died between its rename and this */
    if (arrivals->len > 0 && fsync (spool->queue) < 0)
        take_back (arrivals, errno);
}
