/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <glib.h>

/* A descriptor that closes itself: brev_autofd int fd = open (...); */
static inline void
brev_close_fd (int *fd)
{
    if (*fd >= 0)
        (void) close (*fd);
}
#define brev_autofd __attribute__ ((cleanup (brev_close_fd)))

static inline int
brev_steal_fd (int *fd)
{
    int stolen = *fd;

    *fd = -1;
    return stolen;
}

/**
 * brev_write_all:
 *
 * Writes all @length bytes, across short writes and EINTR.
 *
 * Returns: %FALSE with errno set when the device did not take them
 */
gboolean brev_write_all (int fd, const void *bytes, gsize length);

/**
 * brev_write_ahead:
 * @fd: a file that is written from its start to its end and synced then
 *
 * As brev_write_all(), and the disk begins with every full MiB at once: the sync of a
 * large file has little left to wait for.
 *
 * Returns: %FALSE with errno set when the device did not take them
 */
gboolean brev_write_ahead (int fd, const void *bytes, gsize length);

/**
 * brev_read_some:
 *
 * read(2) without EINTR.
 *
 * Returns: bytes read, 0 at the end, -1 with errno set
 */
gssize brev_read_some (int fd, void *buffer, gsize size);

/**
 * brev_read_at:
 *
 * Reads @size bytes at @offset, across short reads.
 *
 * Returns: bytes read, fewer only at the end of the file; -1 with errno set
 */
gssize brev_read_at (int fd, void *buffer, gsize size, guint64 offset);

/**
 * brev_read_file_at:
 * @max: refuse a longer file, in bytes
 *
 * Returns: (transfer full) (nullable): the content with a NUL behind it, or %NULL with
 * @error set (%BREV_ERROR_NO_FILE when it does not exist)
 */
char *brev_read_file_at (int dirfd, const char *path, gsize max, gsize *length,
                         GError **error);

/**
 * brev_commit_at:
 * @dirfd: a directory handle on which both names are relative
 * @fd: the open file that carries @temporary
 *
 * Makes @temporary the durable file @name. The order is the promise: bytes, name,
 * directory. A crash before the rename leaves litter; after it, a message. An existing
 * @name is never replaced: %BREV_ERROR_DENIED.
 */
gboolean brev_commit_at (int dirfd, int fd, const char *temporary, const char *name,
                         int name_dirfd, GError **error);

/**
 * brev_make_folders:
 *
 * Makes the directory @path and those above it that are missing. The names of all that it
 * made are synced: what is kept in a directory is lost with the directory's own name.
 *
 * Returns: %FALSE with errno set
 */
gboolean brev_make_folders (const char *path, mode_t mode);

/**
 * brev_fs_is_durable:
 *
 * Returns: whether what is synced in @dirfd survives a restart of the machine or the
 * container: not tmpfs, ramfs or overlayfs
 */
gboolean brev_fs_is_durable (int dirfd);

/**
 * brev_open_std_fds:
 *
 * Opens /dev/null for each of the descriptors 0 to 2 that the caller left closed, so that
 * no file of ours can become somebody's standard output.
 */
void brev_open_std_fds (void);

/**
 * brev_close_inherited:
 *
 * Closes every descriptor above 2: what was inherited is not ours to hold open.
 */
void brev_close_inherited (void);
