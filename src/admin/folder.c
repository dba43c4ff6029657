/* SPDX-License-Identifier: MIT */
#include "admin/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "envelope/frame.h"
#include "message/address.h"

static void
add_recipients (BrevStoreMessage *message, const BrevAddressList *list)
{
    for (guint i = 0; i < list->mailboxes->len; i++) {
        const char *address = ((const BrevMailbox *) list->mailboxes->pdata[i])->address;
        (void) brev_store_message_add (message, address, address, "", 0);
    }
    for (guint i = 0; i < list->bad->len; i++)
        (void) brev_store_message_add (message, list->bad->pdata[i], list->bad->pdata[i],
                                       "", 0);
}

/* As the caller wrote them: aliases and domains are the courier's to see to. */
static void
add_wanted (BrevStoreMessage *message, const BrevEnvelope *envelope, int fd,
            guint64 offset)
{
    g_autoptr (BrevHeaderRecipients) header = NULL;

    for (guint i = 0; i < envelope->recipients->len; i++) {
        g_autoptr (BrevAddressList) list =
            brev_address_parse (envelope->recipients->pdata[i], NULL);
        if (list != NULL)
            add_recipients (message, list);
    }
    if (envelope->header_recipients)
        header = brev_header_recipients_read (fd, offset, message->size, NULL);
    if (header == NULL)
        return;
    add_recipients (message, header->to);
    add_recipients (message, header->cc);
    add_recipients (message, header->bcc);
}

static BrevStoreMessage *
describe (const char *id, const BrevEnvelope *envelope, guint64 size)
{
    BrevStoreMessage *message = brev_store_message_new (id);

    message->size = size;
    message->is_imported = FALSE;
    g_free (message->sender);
    message->sender = g_strdup (envelope->sender);
    message->login = g_strdup (envelope->login);
    message->program = g_strdup (envelope->program);
    message->options = g_strdup (envelope->options);
    message->ignored = g_strdup (envelope->ignored);
    message->dot_bytes = envelope->dot_bytes;
    return message;
}

static BrevStoreMessage *
read_queued (int fd, const char *id, GError **error)
{
    g_autoptr (BrevQueueFile) file = brev_queue_file_read (fd, error);
    BrevStoreMessage *message;

    if (file == NULL)
        return NULL;
    if (strcmp (file->id, id) != 0) {
        (void) brev_throw (error, BREV_ERROR_INPUT, "the ID in it is '%s'", file->id);
        return NULL;
    }
    message = describe (id, file->envelope, file->message_length);
    message->uid = file->origin.uid;
    message->arrival = file->origin.arrival;
    message->way = (char) file->origin.way;
    add_wanted (message, file->envelope, fd, file->message_offset);
    return message;
}

static gboolean
feed (BrevFrameReader *reader, int fd, GError **error)
{
    char chunk[16384];
    gssize got;

    while ((got = brev_read_some (fd, chunk, sizeof chunk)) > 0)
        if (!brev_frame_reader_feed (reader, chunk, (gsize) got, error))
            return FALSE;
    if (got < 0)
        return brev_throw_errno (error, errno, "cannot be read");
    return brev_frame_reader_finish (reader, error);
}

static BrevStoreMessage *
read_dropped (int fd, const char *id, const struct stat *info, GError **error)
{
    g_autoptr (BrevFrameReader) reader = brev_frame_reader_new (G_MAXUINT64);
    BrevStoreMessage *message;

    if (!feed (reader, fd, error))
        return NULL;
    if (strcmp (brev_frame_reader_id (reader), id) != 0) {
        (void) brev_throw (error, BREV_ERROR_INPUT, "the ID in it is not its name");
        return NULL;
    }
    message = describe (id, brev_frame_reader_envelope (reader),
                        brev_frame_reader_message_length (reader));
    message->uid = info->st_uid;
    message->arrival = (gint64) info->st_mtime * BREV_SECOND;
    message->way = BREV_WAY_DROP;
    add_wanted (message, brev_frame_reader_envelope (reader), fd,
                brev_frame_reader_head_length (reader));
    return message;
}

/* Everybody may write into drop/: a pipe or a device there is not even opened. */
static int
open_file (const BrevFolder *folder, const char *name, struct stat *info, GError **error)
{
    int fd;

    if (fstatat (folder->fd, name, info, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT) /* else it moved on in this very moment */
            (void) brev_throw_errno (error, errno, "cannot look at it");
        return -1;
    }
    if (!S_ISREG (info->st_mode)) {
        (void) brev_throw (error, BREV_ERROR_INPUT, "it is no regular file");
        return -1;
    }
    fd = openat (folder->fd, name,
                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        (void) brev_throw_errno (error, errno, "cannot open it");
    return fd;
}

BrevStoreMessage *
brev_folder_read (const BrevFolder *folder, const char *name, struct stat *info,
                  GError **error)
{
    brev_autofd int fd = -1;

    if (!brev_id_is_valid (name) && !(name[0] == '.' && brev_id_is_valid (name + 1))) {
        if (fstatat (folder->fd, name, info, AT_SYMLINK_NOFOLLOW) == 0)
            (void) brev_throw (error, BREV_ERROR_INPUT, "this is no name of a message");
        return NULL;
    }
    fd = open_file (folder, name, info, error);
    if (fd < 0)
        return NULL;
    if (name[0] == '.') {
        (void) brev_throw (error, BREV_ERROR_INPUT,
                           "its writer ended before it was whole");
        return NULL;
    }
    return folder->is_drop ? read_dropped (fd, name, info, error)
                           : read_queued (fd, name, error);
}
