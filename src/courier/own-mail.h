/* SPDX-License-Identifier: MIT */
#pragma once

#include "envelope/frame.h"
#include "spool/layout.h"

/* A queue file that we write ourselves: a report, with the null sender and one recipient. */
typedef struct {
    const BrevSpool *spool; /* borrowed */
    const char *id;         /* borrowed: its queue id */
    int fd;                 /* owned */
    guint32 crc;
    guint64 message_length;
} BrevOwnMail;

/**
 * brev_own_mail_recipient:
 * @is_login: that the caller named no sender, so @sender is its login name with our domain
 *
 * Returns: (transfer full): where a report to @sender goes. A login name leads to its
 * aliases, as any recipient without a domain does; an address the caller named is taken as
 * it is
 */
char *brev_own_mail_recipient (const char *sender, gboolean is_login);

/**
 * brev_own_mail_begin:
 * @to: an address, or a name without a domain, which leads to its aliases
 */
gboolean brev_own_mail_begin (BrevOwnMail *mail, const BrevSpool *spool, const char *id,
                              const char *to, gint64 now, GError **error);

/* What follows of the message. Returns: %FALSE with errno set */
gboolean brev_own_mail_put (BrevOwnMail *mail, const void *bytes, gsize length);

/**
 * brev_own_mail_end:
 *
 * Makes it queue/ID, whole and synced. That it exists already, since somebody wrote it
 * before a crash, is success.
 */
gboolean brev_own_mail_end (BrevOwnMail *mail, GError **error);

/* Removes what is not ended. */
void brev_own_mail_clear (BrevOwnMail *mail);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevOwnMail, brev_own_mail_clear)

/* What errno says about the writing of @mail. Returns: always %FALSE */
gboolean brev_own_mail_throw (const BrevOwnMail *mail, GError **error);
