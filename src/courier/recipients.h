/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/alias.h"
#include "config/config.h"
#include "envelope/envelope.h"
#include "message/address.h"

/* No message has more recipients than this. */
#define BREV_RECIPIENTS_MAX 10000

/* What names without a domain come to on this host, and arguments beside -t. All borrowed. */
typedef struct {
    const BrevAliases *aliases; /* nullable */
    const char *mail_name;
    const char *host_name;
    const char *postmaster; /* nullable */
    BrevWithT with_t;
} BrevLocalNames;

typedef struct {
    char *address;     /* owned: where it goes, qualified */
    char *original;    /* owned: as the header or the argument had it */
    BrevNotify notify; /* its own wish, else the envelope's */
    char *orcpt;       /* owned, nullable: as the client of SMTP had it */
} BrevRecipient;

typedef struct {
    GPtrArray *good; /* owned, of BrevRecipient, each address once */
    GPtrArray *bad; /* owned, of BrevRecipient: pieces that hold no address, as written */
} BrevRecipients;

/**
 * brev_recipients_resolve:
 * @header: (nullable): the recipients of -t, to which the arguments are added; or from
 * which they are taken, or which count only where there are none, as @names says
 *
 * Who receives a message: the addresses of envelope and header, local names taken through
 * alias, postmaster and mail-name, and of several that are the same only the first. All
 * addresses of one argument, and those that an alias leads to, have the wishes for it.
 *
 * Returns: (transfer full) (nullable): or %NULL with %BREV_ERROR_INPUT beyond
 * BREV_RECIPIENTS_MAX
 */
BrevRecipients *brev_recipients_resolve (const BrevEnvelope *envelope,
                                         const BrevHeaderRecipients *header,
                                         const BrevLocalNames *names, GError **error);
void brev_recipients_free (BrevRecipients *recipients);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevRecipients, brev_recipients_free)

/**
 * brev_sender_qualify:
 * @sender: of the envelope; "" is the null sender and stays it
 * @fallback: the login name that stands in for what is no address at all
 *
 * Returns: (transfer full)
 */
char *brev_sender_qualify (const char *sender, const char *fallback,
                           const BrevLocalNames *names);

/**
 * brev_recipient_address:
 * @text: a recipient's address, which may be a bad one as somebody wrote it
 *
 * Returns: (transfer full) (nullable): the address, without angle brackets around it, or
 * %NULL when @text does not even look like one
 */
char *brev_recipient_address (const char *text);

/**
 * brev_recipient_show:
 *
 * Returns: (transfer full): <a@b>, or what is no address as it was written; printable
 */
char *brev_recipient_show (const char *text);
