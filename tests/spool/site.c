/* SPDX-License-Identifier: MIT */
#include "site.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <glib/gstdio.h>

#include "base/fs.h"
#include "spool/layout.h"

void
site_init (Site *site)
{
    memset (site, 0, sizeof *site);
    site->root = g_dir_make_tmp ("brevdue-spool-XXXXXX", NULL);
    g_assert_nonnull (site->root);
    site->config.spool = g_build_filename (site->root, "spool", NULL);
    site->config.spool_is_named = TRUE;
    site->config.socket = g_build_filename (site->root, "submit", NULL);
    site->config.max_message_size = 50 * 1024 * 1024;
    site->config.delivery = BREV_DELIVERY_AUTO;
    site->config.accounts = g_ptr_array_new ();
    site->config.problems = g_ptr_array_new ();
    site->envelope = brev_envelope_new ();
    g_ptr_array_add (site->envelope->recipients, g_strdup ("a@example.com"));
    site->message.memory = g_byte_array_new ();
    site->message.fd = -1;
    g_byte_array_append (site->message.memory, (const guint8 *) "Subject: x\n\nbody\n",
                         17);
    site->message.length = 17;
}

static void
remove_tree (const char *path)
{
    GDir *dir = g_dir_open (path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
        g_autofree char *child = g_build_filename (path, name, NULL);
        remove_tree (child);
    }
    g_clear_pointer (&dir, g_dir_close);
    (void) g_remove (path);
}

void
site_clear (Site *site)
{
    remove_tree (site->root);
    g_free (site->root);
    g_free (site->config.spool);
    g_free (site->config.socket);
    g_ptr_array_unref (site->config.accounts);
    g_ptr_array_unref (site->config.problems);
    brev_envelope_free (site->envelope);
    brev_message_bytes_clear (&site->message);
}

void
site_make_large (Site *site, gsize size)
{
    g_autofree char *block = g_malloc0 (size);
    g_autofree char *path = g_build_filename (site->root, "message", NULL);

    brev_message_bytes_clear (&site->message);
    site->message.memory = g_byte_array_new ();
    site->message.fd = open (path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    g_assert_cmpint (unlink (path), ==, 0);
    g_assert_true (brev_write_all (site->message.fd, block, size));
    site->message.length = size;
}

void
site_add_drop (const Site *site)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevSpool) spool = brev_spool_open (site->config.spool, TRUE, &error);

    g_assert_no_error (error);
    g_assert_nonnull (spool);
}

guint
site_count_files (const Site *site, const char *directory)
{
    g_autofree char *path = g_build_filename (site->config.spool, directory, NULL);
    GDir *dir = g_dir_open (path, 0, NULL);
    guint n = 0;

    while (dir != NULL && g_dir_read_name (dir) != NULL)
        n++;
    g_clear_pointer (&dir, g_dir_close);
    return n;
}

/* -- the service
 * ------------------------------------------------------------------------- */

static void
read_to_end (int fd, GByteArray *got)
{
    guint8 buffer[65536];
    gssize n;

    while ((n = brev_read_some (fd, buffer, sizeof buffer)) > 0)
        g_byte_array_append (got, buffer, (guint) n);
}

static void
send_reply (const Service *service, int fd)
{
    g_autoptr (GString) reply = g_string_new (service->reply);
    g_autofree char *id = NULL;

    if (service->got->len >= 8 + BREV_ID_LENGTH) {
        id = g_strndup ((const char *) service->got->data + 8, BREV_ID_LENGTH);
        g_string_replace (reply, "ID", id, 0);
    }
    (void) send (fd, reply->str, reply->len, MSG_NOSIGNAL);
}

static gpointer
serve (gpointer data)
{
    Service *service = data;
    brev_autofd int fd = accept (service->listener, NULL, NULL);
    char byte;

    if (fd < 0)
        return NULL;
    if (service->manner == HANGS_UP)
        (void) brev_read_some (fd, &byte, 1);
    if (service->manner == ANSWERS || service->manner == SILENT)
        read_to_end (fd, service->got);
    if (service->manner == ANSWERS || service->manner == ANSWERS_EARLY)
        send_reply (service, fd);
    if (service->manner == SILENT || service->manner == STOPS)
        (void) accept (service->listener, NULL,
                       NULL); /* until the listener is shut down */
    return NULL;
}

static int
bind_socket (const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy (address.sun_path, path, sizeof address.sun_path);
    g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
    return fd;
}

static void
fill_backlog (Service *service, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    g_strlcpy (address.sun_path, path, sizeof address.sun_path);
    while (service->n_fillers < G_N_ELEMENTS (service->fillers)) {
        int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        service->fillers[service->n_fillers++] = fd;
        if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
            break;
    }
    g_assert_cmpint (errno, ==, EAGAIN);
}

void
service_start (Service *service, const char *path)
{
    service->listener = -1;
    service->got = g_byte_array_new ();
    if (service->manner == MISSING)
        return;
    service->listener = bind_socket (path);
    if (service->manner == DEAD)
        return;
    g_assert_cmpint (listen (service->listener, service->manner == BACKLOG_FULL ? 0 : 8),
                     ==, 0);
    if (service->manner == BACKLOG_FULL)
        fill_backlog (service, path);
    else
        service->thread = g_thread_new ("service", serve, service);
}

void
service_join (Service *service)
{
    if (service->thread != NULL)
        g_thread_join (g_steal_pointer (&service->thread));
}

void
service_stop (Service *service)
{
    if (service->listener >= 0)
        (void) shutdown (service->listener, SHUT_RDWR);
    service_join (service);
    for (guint i = 0; i < service->n_fillers; i++)
        (void) close (service->fillers[i]);
    brev_close_fd (&service->listener);
    g_byte_array_unref (service->got);
}
