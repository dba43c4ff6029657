/* SPDX-License-Identifier: MIT */
#include "courier/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"

static int
open_directory (const BrevAccount *account, const char *spool, GError **error)
{
    g_autofree char *path = NULL;
    int dir;

    if (account->directory != NULL && *account->directory != '\0')
        path = g_strdup (account->directory);
    else if (spool != NULL)
        path = g_build_filename (spool, "outbox", NULL);
    if (path == NULL) {
        (void) brev_throw (
            error, BREV_ERROR_CONFIG,
            "account '%s' needs \"directory\": there is no spool to keep an "
            "outbox in",
            account->name);
        return -1;
    }
    if (brev_make_folders (path, 0700) &&
        (dir = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0)
        return dir;
    (void) brev_throw_errno (error, errno, "cannot open the outbox '%s'", path);
    return -1;
}

static int
create (int dir, const char *name, GError **error)
{
    int fd =
        openat (dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        (void) brev_throw_errno (error, errno, "cannot write '%s' in the outbox", name);
    return fd;
}

static gboolean
finish (int fd, const char *name, gboolean was_written, GError **error)
{
    if (was_written && fsync (fd) == 0)
        return TRUE;
    return brev_throw_errno (error, errno, "cannot write '%s' in the outbox", name);
}

static gboolean
keep_message (int dir, const BrevLetter *letter, GError **error)
{
    g_autofree char *name = g_strconcat (letter->row->id, ".eml", NULL);
    brev_autofd int fd = create (dir, name, error);
    guint64 at = letter->file->message_offset;
    guint64 end = at + letter->file->message_length;
    char buffer[16384];
    gssize got = 0;

    if (fd < 0)
        return FALSE;
    for (; at < end; at += (guint64) got) {
        got = brev_read_at (letter->fd, buffer, MIN (sizeof buffer, end - at), at);
        if (got <= 0 || !brev_write_all (fd, buffer, (gsize) got))
            return finish (fd, name, FALSE, error);
    }
    return finish (fd, name, TRUE, error);
}

static gboolean
keep_body (int dir, const char *stem, BrevBody *body, GError **error)
{
    g_autofree char *name = g_strconcat (stem, ".request.json", NULL);
    brev_autofd int fd = create (dir, name, error);
    char buffer[16384];
    gssize got;

    if (fd < 0)
        return FALSE;
    brev_body_hide_secrets (body);
    while ((got = brev_body_read (body, buffer, sizeof buffer, error)) > 0)
        if (!brev_write_all (fd, buffer, (gsize) got))
            return finish (fd, name, FALSE, error);
    return got == 0 && finish (fd, name, TRUE, error);
}

static gboolean
keep_head (int dir, const char *stem, const BrevHttpRequest *request, GError **error)
{
    g_autofree char *name = g_strconcat (stem, ".request", NULL);
    brev_autofd int fd = create (dir, name, error);
    g_autoptr (GString) text = g_string_new (NULL);

    if (fd < 0)
        return FALSE;
    g_string_append_printf (text, "%s %s\n", request->method, request->url);
    for (guint i = 0; i < request->headers->len; i++) {
        const BrevHttpHeader *header = request->headers->pdata[i];
        g_string_append_printf (text, "%s: %s\n", header->name,
                                header->is_secret ? "***" : header->value);
    }
    return finish (fd, name, brev_write_all (fd, text->str, text->len), error);
}

/* Which of its message's requests the job is, from 1. */
static guint
request_number (const BrevJob *job)
{
    const BrevLetter *letter = job->letters->pdata[0];
    guint number = 0;

    for (guint i = 0; i < letter->plans->len; i++) {
        const BrevPlan *plan = letter->plans->pdata[i];
        for (guint j = 0; j < plan->mails->len; j++) {
            number++;
            if (plan->mails->pdata[j] == job->mails->pdata[0])
                return number;
        }
    }
    return MAX (number, 1);
}

gboolean
brev_outbox_keep (const BrevAccount *account, const char *spool, const BrevJob *job,
                  const BrevHttpRequest *request, GError **error)
{
    const BrevLetter *letter = job->letters->pdata[0];
    guint number = request_number (job);
    g_autofree char *stem = number == 1
                                ? g_strdup (letter->row->id)
                                : g_strdup_printf ("%s-%u", letter->row->id, number);
    brev_autofd int dir = open_directory (account, spool, error);

    return dir >= 0 && keep_message (dir, letter, error) &&
           keep_body (dir, stem, request->body, error) &&
           keep_head (dir, stem, request, error) &&
           (fsync (dir) == 0 ||
            brev_throw_errno (error, errno, "cannot sync the outbox"));
}
