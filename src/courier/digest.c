/* SPDX-License-Identifier: MIT */
#include "courier/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "courier/own-mail.h"
#include "courier/record.h"
#include "message/header.h"
#include "message/message.h"

/* Decoded, for a person; NULL when it cannot be read. */
static char *
read_subject (int fd, const BrevQueueFile *file)
{
    g_auto (BrevHeaderBlock) block = { 0 };
    g_autoptr (BrevMessage) message = NULL;

    if (brev_header_block_read (&block, fd, file->message_offset, file->message_length,
                                NULL))
        message = brev_message_decode (fd, file->message_offset,
                                       block.body - file->message_offset, NULL);
    return message == NULL ? NULL : g_strdup (message->subject);
}

/* (transfer full) (nullable): of what is still in the queue. That it cannot be read is no
 * reason to say nothing of all the others. */
static char *
subject_of (const BrevSpool *spool, const char *id)
{
    g_autoptr (BrevQueueFile) file = NULL;
    g_autoptr (GError) error = NULL;
    brev_autofd int fd = openat (spool->queue, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        (void) brev_throw_errno (&error, errno, "cannot open the file");
    else
        file = brev_queue_file_read (fd, &error);
    if (file == NULL) {
        brev_log (BREV_LOG_WARNING, "%s: a report tells less of it: %s", id,
                  error->message);
        return NULL;
    }
    return read_subject (fd, file);
}

/* Of a storm hears who can do something about it: the postmaster, or the sender where there
 * is none. Of a failure the sender hears, and of what has none, the postmaster, as with any
 * report. Returns: (transfer full) (nullable) */
static char *
addressee (const BrevConfig *config, const BrevStoreDigest *digest)
{
    const BrevStoreMessage *first = digest->messages->pdata[0];
    gboolean is_failed = digest->kind == BREV_DIGEST_FAILED;
    gboolean has_sender = first->sender[0] != '\0';
    gboolean has_postmaster = config->postmaster != NULL && config->postmaster[0] != '\0';

    if (has_sender && (is_failed || !has_postmaster))
        return brev_own_mail_recipient (first->sender, first->sender_is_login);
    if (has_postmaster)
        return g_strdup (config->postmaster);
    return is_failed ? g_strdup ("postmaster") : NULL;
}

static gboolean
write_text (const BrevDigestText *text, const BrevSpool *spool, GError **error)
{
    g_autofree char *bytes = brev_digest_text (text);
    g_auto (BrevOwnMail) mail = { .fd = -1 };

    if (!brev_own_mail_begin (&mail, spool, text->digest->id, text->to, text->now, error))
        return FALSE;
    if (!brev_own_mail_put (&mail, bytes, strlen (bytes)))
        return brev_own_mail_throw (&mail, error);
    return brev_own_mail_end (&mail, error);
}

/* Returns: 1 when it is written, 0 when there is nobody to write it to, -1 with @error */
static int
write_one (const BrevConfig *config, const BrevSpool *spool,
           const BrevStoreDigest *digest, GError **error)
{
    const BrevStoreMessage *first = digest->messages->pdata[0];
    g_autofree char *to = addressee (config, digest);
    g_autofree char *subject = NULL;
    BrevDigestText text = { .config = config,
                            .digest = digest,
                            .now = brev_clock_now () };

    if (digest->kind == BREV_DIGEST_HELD)
        subject = subject_of (spool, first->id);
    text.subject = subject;
    text.to = to;
    if (to == NULL)
        brev_log (BREV_LOG_WARNING,
                  "%s and %u more are on hold, and nobody can be told by mail: they have "
                  "the null sender, and no postmaster is configured",
                  first->id, digest->total - 1);
    else if (!write_text (&text, spool, error))
        return -1;
    else
        brev_record_digest (digest, to);
    return to != NULL;
}

/* Returns: %FALSE with @error set */
static gboolean
settle_one (const BrevConfig *config, const BrevSpool *spool, BrevStore *store,
            const BrevStoreDigest *digest, GPtrArray *reports, GError **error)
{
    gboolean exists = faccessat (spool->queue, digest->id, F_OK, 0) == 0;
    int written = exists;

    if (!exists && digest->messages->len > 0)
        written = write_one (config, spool, digest, error);
    if (written > 0)
        g_ptr_array_add (reports, g_strdup (digest->id));
    return written > 0 ||
           (written == 0 && brev_store_drop_digest (store, digest->id, error));
}

gboolean
brev_digest_write_all (const BrevConfig *config, const BrevSpool *spool, BrevStore *store,
                       GPtrArray *reports, GError **error)
{
    g_autoptr (GPtrArray) digests =
        brev_store_closed_digests (store, BREV_DIGEST_MOST, error);

    for (guint i = 0; digests != NULL && i < digests->len; i++)
        if (!settle_one (config, spool, store, digests->pdata[i], reports, error))
            return FALSE;
    return digests != NULL;
}
