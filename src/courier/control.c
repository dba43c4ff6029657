/* SPDX-License-Identifier: MIT */
#include "courier/control.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <glib-unix.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "envelope/frame.h"

struct BrevControl {
    BrevControlHooks hooks;
    int fd;
    guint source;
    guint64 count; /* whole lines read */
    GString *rest; /* the start of a line */
};

BrevControlWord
brev_control_parse (const char *line, const char **id)
{
    if (strcmp (line, "wake") == 0)
        return BREV_CONTROL_WAKE;
    if (!g_str_has_prefix (line, "new ") || !brev_id_is_valid (line + strlen ("new ")))
        return BREV_CONTROL_UNKNOWN;
    *id = line + strlen ("new ");
    return BREV_CONTROL_NEW;
}

static void
obey (BrevControl *control, const char *line)
{
    const char *id = NULL;

    control->count++;
    switch (brev_control_parse (line, &id)) {
    case BREV_CONTROL_NEW:
        control->hooks.arrived (id, control->hooks.data);
        break;
    case BREV_CONTROL_WAKE:
        control->hooks.woken (control->hooks.data);
        break;
    case BREV_CONTROL_UNKNOWN:
        brev_log (BREV_LOG_WARNING, "brevdued said '%s', which means nothing here", line);
        break;
    }
}

static void
take_lines (BrevControl *control)
{
    char *end;

    while ((end = strchr (control->rest->str, '\n')) != NULL) {
        g_autofree char *line =
            g_strndup (control->rest->str, (gsize) (end - control->rest->str));
        g_string_erase (control->rest, 0, end + 1 - control->rest->str);
        obey (control, line);
    }
}

static gboolean
readable (int fd, GIOCondition condition, gpointer data)
{
    BrevControl *control = data;
    char buffer[16384];
    gssize got = brev_read_some (fd, buffer, sizeof buffer);

    if (got < 0 && errno == EAGAIN)
        return G_SOURCE_CONTINUE;
    if (got <= 0) {
        control->source = 0;
        control->hooks.closed (control->hooks.data);
        return G_SOURCE_REMOVE;
    }
    g_string_append_len (control->rest, buffer, got);
    take_lines (control);
    return G_SOURCE_CONTINUE;
}

BrevControl *
brev_control_new (int fd, const BrevControlHooks *hooks)
{
    BrevControl *control = g_new0 (BrevControl, 1);

    control->hooks = *hooks;
    control->fd = fd;
    control->rest = g_string_new (NULL);
    (void) fcntl (fd, F_SETFD, FD_CLOEXEC);
    control->source =
        g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, control);
    return control;
}

void
brev_control_free (BrevControl *control)
{
    if (control == NULL)
        return;
    if (control->source != 0)
        g_source_remove (control->source);
    g_string_free (control->rest, TRUE);
    g_free (control);
}

gboolean
brev_control_say_idle (BrevControl *control, gint64 due, GError **error)
{
    g_autofree char *when =
        due == G_MAXINT64 ? g_strdup ("-") : g_strdup_printf ("%" G_GINT64_FORMAT, due);
    g_autofree char *line =
        g_strdup_printf ("idle %s %" G_GUINT64_FORMAT "\n", when, control->count);

    return brev_write_all (control->fd, line, strlen (line)) ||
           brev_throw_errno (error, errno, "cannot tell brevdued when to go on");
}
