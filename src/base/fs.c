/* SPDX-License-Identifier: MIT */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "base/error.h"

gboolean
brev_write_all (int fd, const void *bytes, gsize length)
{
    const char *next = bytes;

    while (length > 0) {
        ssize_t written = write (fd, next, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return FALSE;
        next += written;
        length -= (gsize) written;
    }
    return TRUE;
}

#define AHEAD (1024 * 1024)

/* A hint alone: the sync at the end is the promise. A small file is asked nothing. */
static void
start_writeback (int fd, gsize length)
{
    off_t end = length < AHEAD / 64 ? 0 : lseek (fd, 0, SEEK_CUR);
    off_t from = end - (off_t) length;

    if (end > 0 && from / AHEAD != end / AHEAD)
        (void) sync_file_range (fd, from / AHEAD * AHEAD, end - from / AHEAD * AHEAD,
                                SYNC_FILE_RANGE_WRITE);
}

gboolean
brev_write_ahead (int fd, const void *bytes, gsize length)
{
    if (!brev_write_all (fd, bytes, length))
        return FALSE;
    start_writeback (fd, length);
    return TRUE;
}

gssize
brev_read_some (int fd, void *buffer, gsize size)
{
    ssize_t got;

    do
        got = read (fd, buffer, size);
    while (got < 0 && errno == EINTR);
    return got;
}

gssize
brev_read_at (int fd, void *buffer, gsize size, guint64 offset)
{
    gsize done = 0;

    while (done < size) {
        ssize_t got =
            pread (fd, (char *) buffer + done, size - done, (off_t) (offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (gsize) got;
    }
    return (gssize) done;
}

char *
brev_read_file_at (int dirfd, const char *path, gsize max, gsize *length, GError **error)
{
    brev_autofd int fd =
        openat (dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    g_autoptr (GString) text = g_string_new (NULL);
    char buffer[8192];
    gssize got;

    if (fd < 0 && errno == ENOENT) {
        (void) brev_throw (error, BREV_ERROR_NO_FILE, "'%s' does not exist", path);
        return NULL;
    }
    if (fd < 0) {
        (void) brev_throw_errno (error, errno, "cannot open '%s'", path);
        return NULL;
    }
    while ((got = brev_read_some (fd, buffer, sizeof buffer)) > 0) {
        g_string_append_len (text, buffer, got);
        if (text->len > max) {
            (void) brev_throw (error, BREV_ERROR_INPUT, "'%s' is larger than %zu bytes",
                               path, max);
            return NULL;
        }
    }
    if (got < 0) {
        (void) brev_throw_errno (error, errno, "cannot read '%s'", path);
        return NULL;
    }
    if (length != NULL)
        *length = text->len;
    return g_string_free (g_steal_pointer (&text), FALSE);
}

gboolean
brev_commit_at (int dirfd, int fd, const char *temporary, const char *name,
                int name_dirfd, GError **error)
{
    if (fsync (fd) < 0)
        return brev_throw_errno (error, errno, "cannot sync '%s'", temporary);
    if (renameat2 (dirfd, temporary, name_dirfd, name, RENAME_NOREPLACE) < 0) {
        if (errno == EEXIST)
            return brev_throw (error, BREV_ERROR_DENIED, "'%s' exists already", name);
        return brev_throw_errno (error, errno, "cannot rename '%s'", temporary);
    }
    if (fsync (name_dirfd) < 0)
        return brev_throw_errno (error, errno, "cannot sync the directory of '%s'", name);
    return TRUE;
}

/* Who may write to @parent but not read it can only sync what he made: its name goes with
 * it on ext4, XFS and btrfs. */
static gboolean
sync_name_of (const char *parent, const char *path)
{
    brev_autofd int fd = open (parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync (fd) == 0;
}

gboolean
brev_make_folders (const char *path, mode_t mode)
{
    g_autofree char *parent = NULL;

    if (access (path, F_OK) == 0)
        return TRUE;
    if (errno != ENOENT)
        return FALSE;
    parent = g_path_get_dirname (path);
    if (!brev_make_folders (parent, mode) || (mkdir (path, mode) < 0 && errno != EEXIST))
        return FALSE;
    return sync_name_of (parent, path);
}

gboolean
brev_fs_is_durable (int dirfd)
{
    struct statfs info;

    if (fstatfs (dirfd, &info) < 0)
        return FALSE;
    return info.f_type != TMPFS_MAGIC && info.f_type != RAMFS_MAGIC &&
           info.f_type != OVERLAYFS_SUPER_MAGIC;
}

void
brev_open_std_fds (void)
{
    int fd;

    do
        fd = open ("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    if (fd > 2)
        (void) close (fd);
}

void
brev_close_inherited (void)
{
    (void) close_range (3, ~0U, 0);
}
