/* SPDX-License-Identifier: MIT */
#include "courier/own-mail.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/fs.h"

gboolean
brev_own_mail_throw (const BrevOwnMail *mail, GError **error)
{
    return brev_throw_errno (error, errno, "cannot write the report '%s'", mail->id);
}

void
brev_own_mail_clear (BrevOwnMail *mail)
{
    if (mail->fd < 0 || mail->spool == NULL)
        return;
    brev_close_fd (&mail->fd);
    (void) unlinkat (mail->spool->tmp, mail->id, 0);
}

char *
brev_own_mail_recipient (const char *sender, gboolean is_login)
{
    const char *at = strrchr (sender, '@');

    if (is_login && at != NULL && at > sender)
        return g_strndup (sender, (gsize) (at - sender));
    return g_strdup (sender);
}

static BrevEnvelope *
make_envelope (const char *to, gint64 now)
{
    BrevEnvelope *envelope = brev_envelope_new ();

    g_free (envelope->sender);
    envelope->sender = g_strdup ("");
    g_ptr_array_add (envelope->recipients, g_strdup (to));
    envelope->notify = BREV_NOTIFY_NEVER;
    envelope->program = g_strdup ("brevdue");
    envelope->submitted = now;
    return envelope;
}

static gboolean
put_origin_and_head (BrevOwnMail *mail, const char *to, gint64 now)
{
    g_autoptr (BrevEnvelope) envelope = make_envelope (to, now);
    g_autoptr (GByteArray) head = brev_frame_head (mail->id, envelope);
    BrevOrigin origin = { .uid = (guint32) geteuid (),
                          .gid = (guint32) getegid (),
                          .pid = (guint32) getpid (),
                          .arrival = now,
                          .way = BREV_WAY_REPORT };
    guint8 record[BREV_ORIGIN_SIZE];

    brev_origin_write (&origin, record);
    mail->crc = brev_crc32c (0, head->data, head->len);
    return brev_write_all (mail->fd, record, sizeof record) &&
           brev_write_all (mail->fd, head->data, head->len);
}

gboolean
brev_own_mail_begin (BrevOwnMail *mail, const BrevSpool *spool, const char *id,
                     const char *to, gint64 now, GError **error)
{
    *mail = (BrevOwnMail){ .spool = spool, .id = id, .fd = -1 };
    /* what a crash left under that name is of no use */
    (void) unlinkat (spool->tmp, id, 0);
    mail->fd = brev_spool_create (spool, id, error);
    if (mail->fd < 0)
        return FALSE;
    return put_origin_and_head (mail, to, now) || brev_own_mail_throw (mail, error);
}

gboolean
brev_own_mail_put (BrevOwnMail *mail, const void *bytes, gsize length)
{
    mail->crc = brev_crc32c (mail->crc, bytes, length);
    mail->message_length += length;
    return brev_write_all (mail->fd, bytes, length);
}

gboolean
brev_own_mail_end (BrevOwnMail *mail, GError **error)
{
    const BrevSpool *spool = mail->spool;
    g_autoptr (GError) failure = NULL;
    guint8 tail[BREV_FRAME_TAIL];

    brev_frame_tail (mail->message_length, mail->crc, tail);
    if (!brev_write_all (mail->fd, tail, sizeof tail))
        return brev_own_mail_throw (mail, error);
    if (brev_commit_at (spool->tmp, mail->fd, mail->id, mail->id, spool->queue,
                        &failure)) {
        brev_close_fd (&mail->fd);
        mail->fd = -1;
        return TRUE;
    }
    if (g_error_matches (failure, BREV_ERROR, BREV_ERROR_DENIED))
        return TRUE; /* it was written before a crash */
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
}
