/* SPDX-License-Identifier: MIT */
#pragma once

#include "message/message.h"

/* One address field, or one recipient argument, taken apart. */
typedef struct {
    GPtrArray *mailboxes; /* owned, of BrevMailbox, groups flattened */
    GPtrArray *bad;       /* owned, of char *: pieces that hold no address, as written */
    gboolean has_group;
} BrevAddressList;

/**
 * brev_address_parse:
 * @text: raw bytes of an address list (RFC 5322 section 3.4)
 *
 * The text is cut at top-level commas and semicolons, quotes, comments, routes and groups
 * respected, and GMime reads each piece; one that it cannot read whole is bad. An empty
 * group and empty list items are neither. There is no other address parser in the courier:
 * two that disagree are how a Bcc leaks.
 *
 * Returns: (transfer full) (nullable): or %NULL with %BREV_ERROR_INPUT beyond a limit
 */
BrevAddressList *brev_address_parse (const char *text, GError **error);
BrevAddressList *brev_address_list_new (void);
void brev_address_list_free (BrevAddressList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevAddressList, brev_address_list_free)

/* Moves all that @more holds to the end of @list. */
void brev_address_list_take (BrevAddressList *list, BrevAddressList *more);

/* The recipients of sendmail -t. */
typedef struct {
    BrevAddressList *to; /* owned; of the Resent- fields if there is any of them */
    BrevAddressList *cc;
    BrevAddressList *bcc; /* Apparently-To counts here */
    gboolean is_resent;
} BrevHeaderRecipients;

/**
 * brev_header_recipients_read:
 *
 * Reads To, Cc, Bcc (and Apparently-To) out of a header, or, if any Resent-To, -Cc or -Bcc
 * is there, only those. Names of any case, spaces before the colon, repeated fields.
 */
BrevHeaderRecipients *brev_header_recipients_read (int fd, guint64 offset, guint64 length,
                                                   GError **error);
void brev_header_recipients_free (BrevHeaderRecipients *recipients);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevHeaderRecipients, brev_header_recipients_free)

/**
 * brev_mailbox_format:
 * @ascii: encode the name by RFC 2047; else it is quoted UTF-8
 *
 * Returns: (transfer full): "Name <a@b>", the name quoted where it must be, or "a@b"
 */
char *brev_mailbox_format (const BrevMailbox *mailbox, gboolean ascii);

/* So, of several (BrevMailbox), with commas between them. */
char *brev_mailboxes_format (const GPtrArray *mailboxes, gboolean ascii);
