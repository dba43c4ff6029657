/* SPDX-License-Identifier: MIT */
#include "accept/drop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "accept/quota.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"

#define CHUNK (64 * 1024)
#define SCAN_OFTEN BREV_MINUTE
#define SCAN_SELDOM (10 * BREV_MINUTE)
#define TOLD_MAX 1000 /* names that are remembered as logged */

struct BrevDrop {
    const BrevSpool *spool;
    GQueue names;        /* owned char *: to be looked at */
    GHashTable *told;    /* names that were logged */
    char *taken;         /* the name that brev_drop_take() took */
    ino_t taken_inode;   /* and what it was then */
    gboolean is_waiting; /* something will be worth another look soon */
    gint64 scanned;
};

BrevDrop *
brev_drop_new (const BrevSpool *spool)
{
    BrevDrop *drop = g_new0 (BrevDrop, 1);

    drop->spool = spool;
    g_queue_init (&drop->names);
    drop->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    return drop;
}

void
brev_drop_free (BrevDrop *drop)
{
    if (drop == NULL)
        return;
    g_queue_clear_full (&drop->names, g_free);
    g_hash_table_unref (drop->told);
    g_free (drop->taken);
    g_free (drop);
}

void
brev_drop_add (BrevDrop *drop, const char *name)
{
    g_queue_push_tail (&drop->names, g_strdup (name));
}

void
brev_drop_scan (BrevDrop *drop, gint64 ticks)
{
    int fd = openat (drop->spool->drop, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    const struct dirent *entry;

    drop->scanned = ticks;
    drop->is_waiting = FALSE;
    g_queue_clear_full (&drop->names, g_free);
    if (dir == NULL) {
        brev_log (BREV_LOG_ERROR, "cannot read '%s/drop': %s", drop->spool->path,
                  g_strerror (errno));
        brev_close_fd (&fd);
        return;
    }
    while ((entry = readdir (dir)) != NULL)
        if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
            brev_drop_add (drop, entry->d_name);
    (void) closedir (dir);
}

gint64
brev_drop_wait (const BrevDrop *drop, gint64 ticks)
{
    gint64 next = drop->scanned + (drop->is_waiting ? SCAN_OFTEN : SCAN_SELDOM);

    return MAX (next - ticks, 0);
}

gboolean
brev_drop_is_pending (const BrevDrop *drop)
{
    return drop->names.length > 0;
}

/* A line for each name, once, and an end to it when somebody makes names by the thousand.
 */
static void
tell (BrevDrop *drop, const char *name, const char *why)
{
    guint told = g_hash_table_size (drop->told);

    if (told > TOLD_MAX || g_hash_table_contains (drop->told, name))
        return;
    (void) g_hash_table_add (drop->told, g_strdup (name));
    if (told == TOLD_MAX)
        brev_log (BREV_LOG_WARNING, "more files in '%s/drop' are no messages",
                  drop->spool->path);
    else
        brev_log (BREV_LOG_WARNING, "'%s/drop/%s' stays there: %s", drop->spool->path,
                  name, why);
}

/* What is torn may be whole in a moment. */
static gboolean
is_young (const struct stat *info, gint64 now)
{
    gint64 age = now - (gint64) info->st_mtime * BREV_SECOND;

    return age >= 0 && age < BREV_MINUTE;
}

BrevDropped
brev_drop_judge (const char *name, const struct stat *info, guint64 max_size, gint64 now,
                 const char **why)
{
    if (name[0] == '.' && brev_id_is_valid (name + 1)) {
        *why = "its writer ended before it was whole";
        return is_young (info, now) ? BREV_DROPPED_UNDONE : BREV_DROPPED_FOREIGN;
    }
    *why = NULL;
    if (!brev_id_is_valid (name))
        *why = "this is no name of a message";
    else if (!S_ISREG (info->st_mode))
        *why = "it is no regular file";
    else if (info->st_nlink != 1)
        *why = "it has another name elsewhere";
    else if ((guint64) info->st_size > max_size)
        *why = "it is larger than any message may be";
    return *why == NULL ? BREV_DROPPED_MESSAGE : BREV_DROPPED_FOREIGN;
}

static gboolean
copy_file (int fd, BrevArrival *arrival, GError **error)
{
    char chunk[CHUNK];
    gssize got;

    while ((got = brev_read_some (fd, chunk, sizeof chunk)) > 0)
        if (!brev_arrival_put (arrival, chunk, (gsize) got, error))
            return FALSE;
    if (got < 0)
        return brev_throw_errno (error, errno, "cannot read it");
    return brev_arrival_finish (arrival, error);
}

static BrevArrival *
copy_message (const BrevDrop *drop, int fd, const struct stat *info,
              BrevReception *reception, GError **error)
{
    const BrevOrigin origin = {
        .uid = info->st_uid,
        .gid = info->st_gid,
        .arrival = brev_clock_now (),
        .way = BREV_WAY_DROP,
    };
    g_autoptr (BrevArrival) arrival = brev_arrival_new (
        drop->spool, &origin, reception->max_message_size, reception->serial++, error);

    if (arrival == NULL || !copy_file (fd, arrival, error))
        return NULL;
    if (strcmp (brev_arrival_id (arrival), drop->taken) != 0) {
        (void) brev_throw (error, BREV_ERROR_INPUT, "the ID in it is not its name");
        return NULL;
    }
    return g_steal_pointer (&arrival);
}

static BrevArrival *
take_file (BrevDrop *drop, int fd, const struct stat *info, BrevReception *reception,
           const BrevLedger *ledger)
{
    g_autoptr (GError) error = NULL;
    BrevArrival *arrival;

    if (brev_ledger_count (ledger, info->st_uid) >= BREV_QUEUED_PER_UID) {
        drop->is_waiting = TRUE;
        return NULL;
    }
    arrival = copy_message (drop, fd, info, reception, &error);
    drop->taken_inode = info->st_ino;
    if (arrival != NULL)
        return arrival;
    if (is_young (info, brev_clock_now ()) ||
        g_error_matches (error, BREV_ERROR, BREV_ERROR_SYSTEM))
        drop->is_waiting = TRUE;
    if (!is_young (info, brev_clock_now ()))
        tell (drop, drop->taken, error->message);
    return NULL;
}

BrevArrival *
brev_drop_take (BrevDrop *drop, BrevReception *reception, const BrevLedger *ledger)
{
    guint64 max_size = reception->max_message_size + BREV_ENVELOPE_MAX + BREV_ORIGIN_SIZE;
    struct stat info;
    const char *why;

    g_free (drop->taken);
    drop->taken = g_queue_pop_head (&drop->names);
    if (fstatat (drop->spool->drop, drop->taken, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return NULL; /* gone, or seen twice */
    /* never opens a device or a pipe, whose opening alone can do things */
    BrevDropped judged =
        brev_drop_judge (drop->taken, &info, max_size, brev_clock_now (), &why);
    if (judged == BREV_DROPPED_MESSAGE) {
        brev_autofd int fd =
            openat (drop->spool->drop, drop->taken,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 || fstat (fd, &info) < 0) {
            drop->is_waiting |= errno != EACCES;
            tell (drop, drop->taken, g_strerror (errno));
            return NULL;
        }
        judged = brev_drop_judge (drop->taken, &info, max_size, 0, &why);
        if (judged == BREV_DROPPED_MESSAGE)
            return take_file (drop, fd, &info, reception, ledger);
    }
    if (judged == BREV_DROPPED_UNDONE)
        drop->is_waiting = TRUE;
    else
        tell (drop, drop->taken, why);
    return NULL;
}

void
brev_drop_settle (BrevDrop *drop, const BrevArrival *arrival)
{
    struct stat info;

    if (arrival->kept == BREV_KEPT_FAILED)
        drop->is_waiting = TRUE;
    if (arrival->kept == BREV_KEPT_FAILED || arrival->kept == BREV_KEPT_FOREIGN) {
        tell (drop, drop->taken, arrival->problem);
        return;
    }
    /* its owner may have put another file in its place */
    if (fstatat (drop->spool->drop, drop->taken, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        info.st_ino == drop->taken_inode)
        (void) unlinkat (drop->spool->drop, drop->taken, 0);
}
