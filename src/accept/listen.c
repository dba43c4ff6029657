/* SPDX-License-Identifier: MIT */
#include "accept/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"

#define FIRST_INHERITED 3
#define BACKLOG 1024 /* the kernel caps it at net.core.somaxconn */

static gboolean
is_listening (int fd)
{
    int domain = 0, listening = 0;
    socklen_t size = sizeof (int);

    return getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
           domain == AF_UNIX &&
           getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
           listening;
}

int
brev_listen_inherited (void)
{
    const char *pid = g_getenv ("LISTEN_PID");
    const char *count = g_getenv ("LISTEN_FDS");
    gboolean is_ours =
        pid != NULL && count != NULL && g_ascii_strtoll (pid, NULL, 10) == getpid () &&
        g_ascii_strtoll (count, NULL, 10) >= 1 && is_listening (FIRST_INHERITED);

    (void) close_range (is_ours ? FIRST_INHERITED + 1 : FIRST_INHERITED, ~0U, 0);
    g_unsetenv ("LISTEN_PID");
    g_unsetenv ("LISTEN_FDS");
    g_unsetenv ("LISTEN_FDNAMES");
    if (!is_ours)
        return -1;
    (void) fcntl (FIRST_INHERITED, F_SETFD, FD_CLOEXEC);
    (void) fcntl (FIRST_INHERITED, F_SETFL, O_NONBLOCK);
    return FIRST_INHERITED;
}

static gboolean
make_address (const char *path, struct sockaddr_un *address, GError **error)
{
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (g_strlcpy (address->sun_path, path, sizeof address->sun_path) >=
        sizeof address->sun_path)
        return brev_throw (error, BREV_ERROR_CONFIG, "the socket's path '%s' is too long",
                           path);
    return TRUE;
}

static gboolean
is_alive (const char *path)
{
    brev_autofd int probe =
        socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address;

    return make_address (path, &address, NULL) &&
           (connect (probe, (const struct sockaddr *) &address, sizeof address) == 0 ||
            errno == EAGAIN);
}

static gboolean
bind_for_all (int fd, const struct sockaddr_un *address)
{
    mode_t before = umask (0111); /* 0666 from the first moment on */
    gboolean is_bound =
        bind (fd, (const struct sockaddr *) address, sizeof *address) == 0;
    int number = errno;

    (void) umask (before);
    errno = number;
    return is_bound;
}

/* The name appears when somebody listens, not before, and in the place of an old one. */
int
brev_listen_at (const char *path, GError **error)
{
    brev_autofd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_autofree char *directory = g_path_get_dirname (path);
    g_autofree char *temporary = g_strconcat (path, ".new", NULL);
    struct sockaddr_un address;

    if (!make_address (temporary, &address, error))
        return -1;
    if (is_alive (path)) {
        (void) brev_throw (error, BREV_ERROR_DENIED, "another service listens on '%s'",
                           path);
        return -1;
    }
    (void) g_mkdir_with_parents (directory, 0755);
    (void) unlink (temporary);
    if (fd < 0 || !bind_for_all (fd, &address) || listen (fd, BACKLOG) < 0 ||
        rename (temporary, path) < 0) {
        (void) brev_throw_errno (error, errno, "cannot listen on '%s'", path);
        (void) unlink (temporary);
        return -1;
    }
    return brev_steal_fd (&fd);
}

void
brev_notify_manager (const char *state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = g_getenv ("NOTIFY_SOCKET");
    brev_autofd int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    gsize length = path == NULL ? 0 : strlen (path);

    if (fd < 0 || length < 2 || length >= sizeof address.sun_path)
        return;
    memcpy (address.sun_path, path, length);
    if (path[0] == '@') /* abstract: no file, but a name after a NUL */
        address.sun_path[0] = '\0';
    (void) sendto (fd, state, strlen (state), MSG_NOSIGNAL,
                   (const struct sockaddr *) &address,
                   (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length));
}
