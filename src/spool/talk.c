/* SPDX-License-Identifier: MIT */
#include "spool/talk.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"

#define LINE_MAX_LENGTH 1000

static gboolean
throw_away (GError **error, int number)
{
    return brev_throw (error, BREV_ERROR_BUSY, "the service is away: %s",
                       g_strerror (number));
}

int
brev_talk_connect (const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    brev_autofd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (g_strlcpy (address.sun_path, path, sizeof address.sun_path) >=
        sizeof address.sun_path) {
        (void) throw_away (error, ENAMETOOLONG);
        return -1;
    }
    if (fd < 0 || connect (fd, (const struct sockaddr *) &address, sizeof address) < 0) {
        (void) throw_away (error, errno);
        return -1;
    }
    return brev_steal_fd (&fd);
}

/* Waits until @fd is ready for @events, at the latest at @deadline. */
static gboolean
wait_until (int fd, short events, gint64 deadline, GError **error)
{
    struct pollfd one = { .fd = fd, .events = events };
    int ready;

    do {
        gint64 left = MAX (deadline - brev_clock_ticks (), 0);
        ready = poll (&one, 1, (int) MIN (left, BREV_TALK_PATIENCE));
    } while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return throw_away (error, errno);
    if (ready == 0)
        return brev_throw (error, BREV_ERROR_NETWORK, "the service is silent");
    return TRUE;
}

/* The deadline moves on with every byte taken: a slow disk is no silence. */
gboolean
brev_talk_put (int fd, const void *bytes, gsize length, GError **error)
{
    const char *next = bytes;

    while (length > 0) {
        ssize_t sent = send (fd, next, length, MSG_NOSIGNAL);
        if (sent > 0) {
            next += sent;
            length -= (gsize) sent;
            continue;
        }
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN)
            return throw_away (error, errno);
        if (!wait_until (fd, POLLOUT, brev_clock_ticks () + BREV_TALK_PATIENCE, error))
            return FALSE;
    }
    return TRUE;
}

gssize
brev_talk_get (int fd, void *buffer, gsize size, gint64 deadline, GError **error)
{
    gssize got;

    while ((got = brev_read_some (fd, buffer, size)) < 0) {
        if (errno != EAGAIN) {
            (void) throw_away (error, errno);
            return -1;
        }
        if (!wait_until (fd, POLLIN, deadline, error))
            return -1;
    }
    return got;
}

char *
brev_talk_line (int fd, GError **error)
{
    gint64 deadline = brev_clock_ticks () + BREV_TALK_PATIENCE;
    char line[LINE_MAX_LENGTH + 1];
    gsize length = 0;

    while (length < LINE_MAX_LENGTH) {
        gssize got =
            brev_talk_get (fd, line + length, LINE_MAX_LENGTH - length, deadline, error);
        if (got < 0)
            return NULL;
        if (got == 0)
            break;
        const char *end = memchr (line + length, '\n', (gsize) got);
        if (end != NULL)
            return g_strndup (line, (gsize) (end - line));
        length += (gsize) got;
    }
    (void) brev_throw (error, BREV_ERROR_BUSY, "the service went away without an answer");
    return NULL;
}
