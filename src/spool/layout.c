/* SPDX-License-Identifier: MIT */
#include "spool/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fs.h"

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* systemd's RestrictSUIDSGID= forbids the drop directory's mode. It must not stay with
 * another: the next start would take that for an administrator's choice. */
static gboolean
throw_mode (const BrevSpool *spool, const char *name, mode_t mode, GError **error)
{
    int failure = errno;

    (void) unlinkat (spool->dir, name, AT_REMOVEDIR);
    return brev_throw_errno (error, failure,
                             "cannot set the mode of '%s/%s' (root can: install -d -o %u "
                             "-g %u -m %o %s/%s)",
                             spool->path, name, (guint) geteuid (), (guint) getegid (),
                             (guint) mode, spool->path, name);
}

/* Opens the directory @name, and makes it when it is missing; its name is synced, because
 * whatever is kept in it would be lost with that. Only what was made here gets its mode: an
 * administrator's choice stands. */
static gboolean
open_directory (BrevSpool *spool, const char *name, mode_t mode, int *fd, GError **error)
{
    gboolean is_new = mkdirat (spool->dir, name, 0700) == 0;

    if (!is_new && errno != EEXIST)
        return brev_throw_errno (error, errno, "cannot make '%s/%s'", spool->path, name);
    *fd = openat (spool->dir, name, DIRECTORY);
    if (*fd < 0)
        return brev_throw_errno (error, errno, "cannot open '%s/%s'", spool->path, name);
    if (is_new && fchmod (*fd, mode) < 0)
        return throw_mode (spool, name, mode, error);
    if (is_new && fsync (spool->dir) < 0)
        return brev_throw_errno (error, errno, "cannot sync '%s'", spool->path);
    return TRUE;
}

static gboolean
check_owner (const BrevSpool *spool, GError **error)
{
    struct stat info;

    if (fstat (spool->queue, &info) < 0)
        return brev_throw_errno (error, errno, "cannot look at '%s/queue'", spool->path);
    if (info.st_uid != geteuid ())
        return brev_throw (error, BREV_ERROR_DENIED,
                           "'%s/queue' belongs to uid %u, not to uid %u", spool->path,
                           (guint) info.st_uid, (guint) geteuid ());
    if ((info.st_mode & S_IWOTH) != 0)
        return brev_throw (error, BREV_ERROR_DENIED, "everybody can write to '%s/queue'",
                           spool->path);
    return TRUE;
}

BrevSpool *
brev_spool_open (const char *path, gboolean with_drop, GError **error)
{
    g_autoptr (BrevSpool) spool = g_new0 (BrevSpool, 1);

    spool->path = g_strdup (path);
    spool->queue = spool->tmp = spool->store = spool->drop = -1;
    if (!brev_make_folders (path, with_drop ? 0755 : 0700) ||
        (spool->dir = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        spool->dir = -1;
        (void) brev_throw_errno (error, errno, "cannot open the spool '%s'", path);
        return NULL;
    }
    if (!open_directory (spool, "queue", 0700, &spool->queue, error) ||
        !check_owner (spool, error) ||
        !open_directory (spool, "tmp", 0700, &spool->tmp, error) ||
        !open_directory (spool, "store", 0700, &spool->store, error))
        return NULL;
    if (with_drop && !open_directory (spool, "drop", 03733, &spool->drop, error))
        return NULL;
    return g_steal_pointer (&spool);
}

void
brev_spool_free (BrevSpool *spool)
{
    if (spool == NULL)
        return;
    brev_close_fd (&spool->dir);
    brev_close_fd (&spool->queue);
    brev_close_fd (&spool->tmp);
    brev_close_fd (&spool->store);
    brev_close_fd (&spool->drop);
    g_free (spool->path);
    g_free (spool);
}

int
brev_spool_create (const BrevSpool *spool, const char *name, GError **error)
{
    int fd = openat (spool->tmp, name, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC,
                     0600);

    if (fd < 0)
        (void) brev_throw_errno (error, errno, "cannot make '%s/tmp/%s'", spool->path,
                                 name);
    else /* a sweep between the two lines costs this message its commit, and is reported
          */
        (void) flock (fd, LOCK_EX | LOCK_NB);
    return fd;
}

static gboolean
sweep_file (const BrevSpool *spool, const char *name)
{
    brev_autofd int fd =
        openat (spool->tmp, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) < 0)
        return FALSE;
    return unlinkat (spool->tmp, name, 0) == 0;
}

guint
brev_spool_sweep (const BrevSpool *spool)
{
    int fd = openat (spool->tmp, ".", DIRECTORY);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    const struct dirent *entry;
    guint swept = 0;

    if (dir == NULL) {
        brev_close_fd (&fd);
        return 0;
    }
    while ((entry = readdir (dir)) != NULL)
        if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
            swept += sweep_file (spool, entry->d_name);
    (void) closedir (dir);
    return swept;
}
