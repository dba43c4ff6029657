/* SPDX-License-Identifier: MIT */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fs.h"
#include "store/sql.h"

/* Bytes of the file; they need not exist to be locked. */
enum { BYTE_OPEN = 0, BYTE_SETUP = 1, BYTE_COURIERS = 16, BYTE_SLOTS = 1 << 20 };
enum { MAX_COURIERS = 1024, MAX_SLOTS = 1024 }; /* slots: of one account */

/* Open file description locks, because POSIX ones vanish as soon as any descriptor of the
 * file is closed, and belong to a process rather than to a store. */
static int
set_lock (const BrevLock *lock, int command, short type, gint64 byte)
{
    struct flock area = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
    };
    int result;

    do
        result = fcntl (lock->fd, command, &area);
    while (result < 0 && errno == EINTR);
    return result;
}

static gboolean
must_lock (const BrevLock *lock, short type, gint64 byte, GError **error)
{
    if (lock->fd < 0 || set_lock (lock, F_OFD_SETLKW, type, byte) == 0)
        return TRUE;
    return brev_throw_errno (error, errno,
                             "cannot lock the store's '" BREV_STORE_LOCK "'");
}

gboolean
brev_lock_open (BrevLock *lock, int dir, gboolean may_create, GError **error)
{
    int flags = may_create ? O_RDWR | O_CREAT : O_RDONLY;

    lock->number = 0;
    lock->fd = openat (dir, BREV_STORE_LOCK, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock->fd < 0)
        return brev_throw_errno (error, errno,
                                 "cannot open the store's '" BREV_STORE_LOCK "'");
    return TRUE;
}

void
brev_lock_close (BrevLock *lock)
{
    brev_close_fd (&lock->fd);
    lock->fd = -1;
    lock->number = 0;
}

gboolean
brev_lock_join (BrevLock *lock, GError **error)
{
    return must_lock (lock, F_RDLCK, BYTE_OPEN, error);
}

gboolean
brev_lock_setup (BrevLock *lock, GError **error)
{
    return must_lock (lock, F_WRLCK, BYTE_SETUP, error) && brev_lock_join (lock, error);
}

gboolean
brev_lock_setup_done (BrevLock *lock, GError **error)
{
    return brev_lock_join (lock, error) && must_lock (lock, F_UNLCK, BYTE_SETUP, error);
}

gboolean
brev_lock_is_alone (const BrevLock *lock)
{
    return set_lock (lock, F_OFD_SETLK, F_WRLCK, BYTE_OPEN) == 0;
}

gboolean
brev_lock_take_number (BrevLock *lock, GError **error)
{
    for (guint number = 1; number <= MAX_COURIERS; number++) {
        if (set_lock (lock, F_OFD_SETLK, F_WRLCK, BYTE_COURIERS + number) == 0) {
            lock->number = number;
            return TRUE;
        }
    }
    return brev_throw (error, BREV_ERROR_BUSY, "%d couriers work on this store already",
                       MAX_COURIERS);
}

gboolean
brev_lock_other_lives (const BrevLock *lock, guint number)
{
    struct flock area = { .l_type = F_WRLCK,
                          .l_whence = SEEK_SET,
                          .l_start = BYTE_COURIERS + (gint64) number,
                          .l_len = 1 };

    if (lock->fd < 0 || number == lock->number)
        return FALSE;
    /* who cannot be asked is taken to live: sending twice is worse than sending late */
    return fcntl (lock->fd, F_OFD_GETLK, &area) < 0 || area.l_type != F_UNLCK;
}

/* Two accounts whose names meet here share their slots: slower, and else no harm. */
static gint64
slot_byte (const char *account, guint slot)
{
    return BYTE_SLOTS + (gint64) g_str_hash (account) * MAX_SLOTS + slot % MAX_SLOTS;
}

gboolean
brev_lock_take_slot (const BrevLock *lock, const char *account, guint slot)
{
    return lock->fd < 0 ||
           set_lock (lock, F_OFD_SETLK, F_WRLCK, slot_byte (account, slot)) == 0 ||
           (errno != EAGAIN && errno != EACCES);
}

void
brev_lock_drop_slot (const BrevLock *lock, const char *account, guint slot)
{
    if (lock->fd >= 0)
        (void) set_lock (lock, F_OFD_SETLK, F_UNLCK, slot_byte (account, slot));
}

gboolean
brev_lock_was_made (const BrevLock *lock)
{
    struct stat info;

    return fstat (lock->fd, &info) == 0 && info.st_size > 0;
}

gboolean
brev_lock_note_made (const BrevLock *lock, GError **error)
{
    static const char text[] = "A database was made here; see the states of a message.\n";

    if (brev_lock_was_made (lock))
        return TRUE;
    if (!brev_write_all (lock->fd, text, sizeof text - 1) || fsync (lock->fd) < 0)
        return brev_throw_errno (error, errno,
                                 "cannot write the store's '" BREV_STORE_LOCK "'");
    return TRUE;
}
