/* SPDX-License-Identifier: MIT */
#include "courier/letter.h"

#include "base/error.h"
#include "base/fs.h"

BrevLetter *
brev_letter_new (BrevStoreMessage *row, guint *suspects)
{
    BrevLetter *letter = g_rc_box_new0 (BrevLetter);

    letter->row = row;
    letter->fd = -1;
    if (row->crashes > 0 && suspects != NULL) {
        letter->suspects = suspects;
        (*suspects)++;
    }
    letter->plans = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_plan_free);
    return letter;
}

gboolean
brev_letter_read (BrevLetter *letter, int fd, GError **error)
{
    letter->fd = fd;
    letter->file = brev_queue_file_read (fd, error);
    if (letter->file == NULL)
        return FALSE;
    if (letter->file->checksum != letter->row->checksum ||
        letter->file->origin.uid != letter->row->uid)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the file is not the one that was taken into the queue");
    return TRUE;
}

BrevLetter *
brev_letter_ref (BrevLetter *letter)
{
    return g_rc_box_acquire (letter);
}

static void
clear_letter (gpointer data)
{
    BrevLetter *letter = data;

    if (letter->suspects != NULL)
        (*letter->suspects)--;
    g_ptr_array_unref (letter->plans);
    brev_message_free (letter->message);
    brev_queue_file_free (letter->file);
    brev_store_message_free (letter->row);
    brev_close_fd (&letter->fd);
}

void
brev_letter_unref (BrevLetter *letter)
{
    if (letter != NULL)
        g_rc_box_release_full (letter, clear_letter);
}

BrevStoreRecipient *
brev_letter_recipient (const BrevLetter *letter, guint index)
{
    const GPtrArray *recipients = letter->row->recipients;
    guint first = 0, end = recipients->len;

    while (first < end) { /* they are in order */
        guint middle = first + (end - first) / 2;
        BrevStoreRecipient *recipient = recipients->pdata[middle];
        if (recipient->index == index)
            return recipient;
        if (recipient->index < index)
            first = middle + 1;
        else
            end = middle;
    }
    return NULL;
}
