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

/* RFC 3461 RET: how much of the message a report returns. */
typedef enum { BREV_RETURN_UNSAID, BREV_RETURN_HEADERS, BREV_RETURN_FULL } BrevReturn;

/* Who a message is from and for, apart from what its header claims. All of it is what the
 * caller said; who the caller was is in the origin (frame.h), which nobody can claim. */
typedef struct {
    char *sender;               /* owned; "" is the null sender, never NULL */
    gboolean sender_is_login;   /* no -f: the sender is the caller's login name */
    GPtrArray *recipients;      /* owned, of owned char *: address lists as given */
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
} BrevEnvelope;

BrevEnvelope *brev_envelope_new (void);
void brev_envelope_free (BrevEnvelope *envelope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevEnvelope, brev_envelope_free)
