/* SPDX-License-Identifier: MIT */
#pragma once

#include "envelope/frame.h"
#include "message/message.h"
#include "plan/plan.h"
#include "store/store.h"

/* One message in the courier's hands, from its claim to its last settlement. Shared by
 * the requests that carry it. */
typedef struct {
    BrevStoreMessage *row; /* owned: with the claimed recipients alone */
    BrevQueueFile *file;   /* owned, nullable until read */
    int fd;                /* owned: the queue file, or -1 */
    BrevMessage *message;  /* owned, nullable until decoded */
    GPtrArray *plans;      /* owned, of BrevPlan: requests borrow their mails */
    gint64 answered; /* ms: when the answer came that is being settled; 0: none is */
    guint32 random;  /* drawn then: those whom one request carried are due together */
    guint *suspects; /* borrowed, nullable: counts the open ones over which a courier
                        died: there is never more than one in hand */
} BrevLetter;

/* (transfer full): @row. The file is yet to be read. */
BrevLetter *brev_letter_new (BrevStoreMessage *row, guint *suspects);

/**
 * brev_letter_read:
 * @fd: (transfer full): the queue file
 *
 * Returns: %FALSE with @error when the file is not whole, or not the one of the row
 */
gboolean brev_letter_read (BrevLetter *letter, int fd, GError **error);
BrevLetter *brev_letter_ref (BrevLetter *letter);
void brev_letter_unref (BrevLetter *letter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevLetter, brev_letter_unref)

/* (nullable) (transfer none): the claimed recipient with @index in its message */
BrevStoreRecipient *brev_letter_recipient (const BrevLetter *letter, guint index);
