/* SPDX-License-Identifier: MIT */
#include "accept/watch.h"

#include <errno.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fs.h"
#include "brevdue-paths.h"

#define CHANGES \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB)

static int
watch_folder (const BrevWatch *watch, const BrevSpool *spool, const char *name,
              guint32 events)
{
    g_autofree char *path = g_build_filename (spool->path, name, NULL);

    return inotify_add_watch (watch->fd, path, events | IN_ONLYDIR);
}

gboolean
brev_watch_init (BrevWatch *watch, const BrevSpool *spool, GError **error)
{
    watch->fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
    watch->drop = watch_folder (watch, spool, "drop", IN_MOVED_TO);
    watch->queue = watch_folder (watch, spool, "queue", IN_DELETE | IN_MOVED_FROM);
    if (watch->fd < 0 || watch->drop < 0 || watch->queue < 0)
        return brev_throw_errno (error, errno, "cannot watch the spool '%s'",
                                 spool->path);
    return TRUE;
}

void
brev_watch_clear (BrevWatch *watch)
{
    brev_close_fd (&watch->fd);
}

/* The folders, not the files: an editor puts a new file in the place of the old one. What
 * does not exist cannot be watched; the courier tries again every minute all the same. */
void
brev_watch_config (BrevWatch *watch, const BrevConfig *config)
{
    (void) inotify_add_watch (watch->fd, BREV_SYSCONFDIR, CHANGES);
    (void) inotify_add_watch (watch->fd, BREV_SYSCONFDIR "/conf.d", CHANGES);
    for (guint i = 0; i < config->files->len; i++) {
        g_autofree char *folder =
            g_path_get_dirname (g_ptr_array_index (config->files, i));
        (void) inotify_add_watch (watch->fd, folder, CHANGES);
    }
}

static void
stamp_file (GString *stamp, const char *path)
{
    struct stat info;

    if (path != NULL && stat (path, &info) == 0)
        g_string_append_printf (stamp, "%ju %ju %jd.%09ld", (uintmax_t) info.st_ino,
                                (uintmax_t) info.st_size, (intmax_t) info.st_ctim.tv_sec,
                                info.st_ctim.tv_nsec);
    g_string_append_c (stamp, '\n');
}

/* Of the system's folders themselves, too: a file may be new there. */
char *
brev_watch_stamp (const BrevConfig *config)
{
    GString *stamp = g_string_new (NULL);

    stamp_file (stamp, BREV_SYSCONFDIR);
    stamp_file (stamp, BREV_SYSCONFDIR "/conf.d");
    stamp_file (stamp, config->aliases);
    for (guint i = 0; i < config->files->len; i++)
        stamp_file (stamp, config->files->pdata[i]);
    for (guint i = 0; i < config->accounts->len; i++)
        stamp_file (stamp,
                    ((const BrevAccount *) config->accounts->pdata[i])->token_file);
    return g_string_free (stamp, FALSE);
}

static void
handle (const BrevWatch *watch, const struct inotify_event *event,
        const BrevWatchHandlers *handlers, gpointer data)
{
    if ((event->mask & IN_Q_OVERFLOW) != 0)
        handlers->overflowed (data);
    else if ((event->mask & IN_IGNORED) != 0)
        return;
    else if (event->wd == watch->drop)
        handlers->dropped (event->name, data);
    else if (event->wd == watch->queue)
        handlers->unqueued (event->name, data);
    else
        handlers->config_touched (data);
}

void
brev_watch_read (const BrevWatch *watch, const BrevWatchHandlers *handlers, gpointer data)
{
    _Alignas(struct inotify_event) char buffer[16 * 1024];
    gssize got = brev_read_some (watch->fd, buffer, sizeof buffer);

    for (gssize at = 0; at < got;) {
        const struct inotify_event *event = (const struct inotify_event *) (buffer + at);
        handle (watch, event, handlers, data);
        at += (gssize) (sizeof *event + event->len);
    }
}
