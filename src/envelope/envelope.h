/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* RFC 3461 NOTIFY, as a set; 0 is "not said", which means failure and, perhaps, delay. */
typedef enum {
    BREV_NOTIFY_NEVER = 1 << 0,
    BREV_NOTIFY_SUCCESS = 1 << 1,
    BREV_NOTIFY_FAILURE = 1 << 2,
    BREV_NOTIFY_DELAY = 1 << 3,
} BrevNotify;

#define BREV_NOTIFY_ANY \
    (BREV_NOTIFY_NEVER | BREV_NOTIFY_SUCCESS | BREV_NOTIFY_FAILURE | BREV_NOTIFY_DELAY)

/* RFC 3461 RET: how much of the message a report returns. */
typedef enum { BREV_RETURN_UNSAID, BREV_RETURN_HEADERS, BREV_RETURN_FULL } BrevReturn;

/* Who a message is from and for, apart from what its header claims. All of it is what the
 * caller said; who the caller was is in the origin (frame.h), which nobody can claim. */
typedef struct {
    char *sender;               /* owned; "" is the null sender, never NULL */
    gboolean sender_is_login;   /* no -f: the sender is the caller's login name */
    GPtrArray *recipients;      /* owned, of owned char *: address lists as given */
    GPtrArray *wishes;          /* owned, of owned char *, see brev_wish_parse(): one for
                                 * each of @recipients, or none at all */
    gboolean header_recipients; /* -t: recipients stand in the header too */
    gboolean gateway;           /* -G: add no missing header, rewrite nothing */
    char *full_name;     /* owned, nullable: -F, else NAME, else the password entry */
    char *login;         /* owned, nullable: claimed login name */
    char *program;       /* owned, nullable: claimed executable of the parent */
    char *envid;         /* owned, nullable: -V, decoded */
    BrevNotify notify;   /* -N */
    BrevReturn ret;      /* -R */
    guint hops;          /* -h */
    gboolean queue_only; /* -odq: wait for the next queue run */
    gint64 submitted;    /* claimed, ms since 1970 */
    char *options;       /* owned, nullable: as typed, without values: "-t -oi" */
    char *ignored;       /* owned, nullable: those of them that had no effect */
    guint dot_bytes;     /* bytes behind a lone dot, which are not part of the message */
} BrevEnvelope;

BrevEnvelope *brev_envelope_new (void);
void brev_envelope_free (BrevEnvelope *envelope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevEnvelope, brev_envelope_free)

/**
 * brev_wish_format:
 * @notify: RFC 3461 section 4.1, 0 when it was not said
 * @orcpt: (nullable): RFC 3461 section 4.2, still xtext
 *
 * Returns: (transfer full): what a client of SMTP wishes for one recipient
 */
char *brev_wish_format (BrevNotify notify, const char *orcpt);

/**
 * brev_wish_parse:
 * @orcpt: (out) (nullable) (transfer none): a part of @wish
 *
 * Returns: %FALSE, with both untouched, when @wish is not of brev_wish_format()
 */
gboolean brev_wish_parse (const char *wish, BrevNotify *notify, const char **orcpt);
