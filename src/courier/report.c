/* SPDX-License-Identifier: MIT */
#include "courier/report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "courier/own-mail.h"
#include "courier/record.h"
#include "courier/report-text.h"
#include "message/message.h"

static gboolean
has_postmaster (const BrevConfig *config)
{
    return config->postmaster != NULL && config->postmaster[0] != '\0';
}

/* Whether that is where the postmaster's mail goes. */
static gboolean
is_postmaster (const BrevConfig *config, const char *recipient)
{
    g_autofree char *address =
        brev_text_domain (config->postmaster) != NULL
            ? g_strdup (config->postmaster)
            : g_strconcat (config->postmaster, "@", config->mail_name, NULL);

    return g_ascii_strcasecmp (address, recipient) == 0;
}

/* RFC 3461 section 4.1. Who says nothing hears of failures and delays. */
static gboolean
is_wanted (BrevNotify notify, BrevAction action)
{
    static const BrevNotify flags[BREV_ACTION_LAST] = {
        [BREV_ACTION_FAILED] = BREV_NOTIFY_FAILURE,
        [BREV_ACTION_DELAYED] = BREV_NOTIFY_DELAY,
        [BREV_ACTION_RELAYED] = BREV_NOTIFY_SUCCESS,
    };

    return notify == 0 ? action != BREV_ACTION_RELAYED : (notify & flags[action]) != 0;
}

BrevHears
brev_report_hears (const BrevConfig *config, const BrevStoreMessage *message,
                   const BrevStoreRecipient *recipient, BrevAction action)
{
    gboolean is_failure = action == BREV_ACTION_FAILED;

    if (message->way == BREV_WAY_REPORT)
        return is_failure ? BREV_HEARS_STATUS : BREV_HEARS_NOBODY;
    if (!is_wanted (recipient->notify, action))
        return BREV_HEARS_NOBODY;
    if (message->sender[0] != '\0')
        return BREV_HEARS_SENDER;
    if (!is_failure)
        return BREV_HEARS_NOBODY;
    return has_postmaster (config) && !is_postmaster (config, recipient->address)
               ? BREV_HEARS_POSTMASTER
               : BREV_HEARS_STATUS;
}

/* The body of the original, from its queue file. */
static gboolean
copy_body (BrevOwnMail *mail, int from, guint64 offset, guint64 length)
{
    char buffer[64 * 1024];

    while (length > 0) {
        gssize got = brev_read_at (from, buffer, MIN (sizeof buffer, length), offset);
        if (got < 0)
            return FALSE;
        if (got == 0)
            break;
        if (!brev_own_mail_put (mail, buffer, (gsize) got))
            return FALSE;
        offset += (guint64) got;
        length -= (guint64) got;
    }
    return TRUE;
}

static gboolean
write_message (BrevOwnMail *mail, const BrevReport *report, const BrevQueueFile *file,
               int from)
{
    g_autofree char *head = brev_report_head (report);
    g_autofree char *tail = brev_report_tail (report);
    /* the empty line is the header's, and append_header() has written one */
    guint64 skip = MIN (strlen (report->header), file->message_length);

    return brev_own_mail_put (mail, head, strlen (head)) &&
           (!brev_report_is_full (report) ||
            copy_body (mail, from, file->message_offset + skip,
                       file->message_length - skip)) &&
           brev_own_mail_put (mail, tail, strlen (tail));
}

/* The header with its empty line; @file's message is checked and ends it with one. */
static char *
read_header (const BrevQueueFile *file, int fd, GError **error)
{
    gsize size = (gsize) MIN (file->message_length, 1024 * 1024);
    g_autofree char *text = g_malloc (size + 1);
    gssize got = brev_read_at (fd, text, size, file->message_offset);
    const char *end;

    if (got < 0) {
        (void) brev_throw_errno (error, errno, "cannot read the queue file '%s'",
                                 file->id);
        return NULL;
    }
    for (gssize i = 0; i < got; i++) {
        if (text[i] == '\0')
            text[i] = '?';
    }
    text[got] = '\0';
    if (text[0] == '\n')
        text[1] = '\0';
    else if ((end = strstr (text, "\n\n")) != NULL)
        text[end + 2 - text] = '\0';
    return g_steal_pointer (&text);
}

/* Decoded, for a person; NULL when it cannot be read. */
static char *
read_subject (const BrevQueueFile *file, int fd, guint64 header_length)
{
    g_autoptr (BrevMessage) message =
        brev_message_decode (fd, file->message_offset, header_length, NULL);

    return message == NULL ? NULL : g_strdup (message->subject);
}

gboolean
brev_report_write (const BrevConfig *config, const BrevSpool *spool, const char *id,
                   const BrevStoreMessage *message, const BrevQueueFile *file, int fd,
                   gint64 now, GError **error)
{
    g_autofree char *header = read_header (file, fd, error);
    g_autofree char *subject =
        header == NULL ? NULL : read_subject (file, fd, strlen (header));
    BrevReport report = { config, id, message, file->envelope, header, subject, now };
    g_autofree char *to = brev_own_mail_recipient (brev_report_addressee (&report),
                                                   file->envelope->sender_is_login);
    g_auto (BrevOwnMail) mail = { .fd = -1 };

    if (header == NULL || !brev_own_mail_begin (&mail, spool, id, to, now, error))
        return FALSE;
    if (!write_message (&mail, &report, file, fd))
        return brev_own_mail_throw (&mail, error);
    return brev_own_mail_end (&mail, error);
}

/* What the owed reports are written with. */
typedef struct {
    const BrevConfig *config;
    const BrevSpool *spool;
    gboolean is_quiet;
    GPtrArray *reports; /* borrowed */
} Writing;

/* @message: with the recipients of one report alone */
static gboolean
write_from_file (const Writing *writing, const BrevStoreMessage *message,
                 const char *report, int fd, GError **error)
{
    g_autoptr (BrevQueueFile) file = brev_queue_file_read (fd, error);

    return file != NULL &&
           brev_report_write (writing->config, writing->spool, report, message, file, fd,
                              brev_clock_now (), error);
}

/* Once the report exists its message may be gone already: that comes before the import of
 * the report, which is what takes it off the list of the missing. */
static gboolean
write_owed (const Writing *writing, const BrevStoreMessage *message, GError **error)
{
    int queue = writing->spool->queue;
    const char *report =
        ((const BrevStoreRecipient *) message->recipients->pdata[0])->report;
    gboolean exists = faccessat (queue, report, F_OK, 0) == 0;
    brev_autofd int fd = -1;

    if (!exists)
        fd = openat (queue, message->id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (!exists && fd < 0 && errno == ENOENT) {
        brev_log (BREV_LOG_ERROR,
                  "%s: its file is gone, and with it what the report %s to <%s> "
                  "would say",
                  message->id, report, message->sender);
        return TRUE;
    }
    if (!exists && fd < 0)
        return brev_throw_errno (
            error, errno, "cannot open the file of %s to report on it", message->id);
    if (!exists && !write_from_file (writing, message, report, fd, error))
        return FALSE;
    if (!exists && !writing->is_quiet)
        brev_record_report (message, report);
    g_ptr_array_add (writing->reports, g_strdup (report));
    return TRUE;
}

gboolean
brev_report_write_all (const BrevConfig *config, const BrevSpool *spool, BrevStore *store,
                       gboolean is_quiet, GPtrArray *reports, GError **error)
{
    const Writing writing = { config, spool, is_quiet, reports };
    g_autoptr (GPtrArray) missing = brev_store_missing_reports (store, error);

    if (missing == NULL)
        return FALSE;
    for (guint i = 0; i < missing->len; i++) {
        const BrevStoreMessage *message = missing->pdata[i];
        if (message->recipients->len > 0 && !write_owed (&writing, message, error))
            return FALSE;
    }
    return TRUE;
}
