/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* What an SMTP request has beside its URL and its body, and what its reply says. */

typedef struct {
    char *address; /* owned */
    char *notify;  /* owned, nullable: RFC 3461 section 4.1, "SUCCESS,FAILURE" */
    char *orcpt;   /* owned, nullable: RFC 3461 section 4.2, "rfc822;a@b", in xtext */
} BrevSmtpRecipient;

/* With whom, and how, a connection speaks: two requests that agree in all of this and in
 * their URL may share one. The URL is smtps:// for TLS from the first byte on, or
 * smtp:// for STARTTLS. */
typedef struct {
    char *helo;            /* owned: the name of this host, for EHLO */
    char *user;            /* owned, nullable: no AUTH at all */
    char *password;        /* owned, nullable, secret */
    char *mechanism;       /* owned, nullable: "PLAIN"; else the best of the usual ones */
    gboolean is_plaintext; /* smtp:// without STARTTLS; a password only ever goes to a
                              loopback address then */
    char *ca_file;         /* owned, nullable: trust this file alone */
    char *certificate;     /* owned, nullable: file of our certificate, PEM */
    char *key;             /* owned, nullable: file of its key, PEM; else in the same */
} BrevSmtpPeer;

typedef struct {
    BrevSmtpPeer peer;
    char *sender;          /* owned; "" is the null sender */
    GPtrArray *recipients; /* owned, of BrevSmtpRecipient */
    const char *ret;       /* static, nullable: RFC 3461 section 4.3, "FULL" or "HDRS" */
    char *envid;           /* owned, nullable: RFC 3461 section 4.4, in xtext */
} BrevSmtp;

BrevSmtp *brev_smtp_new (const char *sender);
/* (nullable) (transfer full) */
BrevSmtp *brev_smtp_copy (const BrevSmtp *smtp);
/* Wipes the password. */
void brev_smtp_free (BrevSmtp *smtp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevSmtp, brev_smtp_free)

/* @notify and @orcpt (nullable) are copied. */
void brev_smtp_add_recipient (BrevSmtp *smtp, const char *address, const char *notify,
                              const char *orcpt);

void brev_smtp_peer_copy (const BrevSmtpPeer *from, BrevSmtpPeer *to);
void brev_smtp_peer_clear (BrevSmtpPeer *peer);
gboolean brev_smtp_peer_equal (const BrevSmtpPeer *a, const BrevSmtpPeer *b);

/* How far it came. */
typedef enum {
    BREV_SMTP_OPEN, /* connection, greeting and EHLO */
    BREV_SMTP_TLS,  /* the handshake, or STARTTLS before it */
    BREV_SMTP_AUTH,
    BREV_SMTP_MAIL, /* MAIL FROM */
    BREV_SMTP_RCPT, /* no recipient was taken */
    BREV_SMTP_DATA, /* the DATA command */
    BREV_SMTP_BODY, /* the message itself was under way: not to its end */
    BREV_SMTP_END,  /* the final dot may have left */
} BrevSmtpStage;

/* One reply of the server (RFC 5321 section 4.2). */
typedef struct {
    int code;   /* 0: none came */
    char *text; /* owned, nullable: the lines without their codes, joined by blanks */
} BrevSmtpReply;

/* What the server said, as a part of a BrevHttpReply. */
typedef struct {
    BrevSmtpStage stage;       /* where it ended */
    BrevSmtpReply last;        /* the reply that ended it, with code 0 if none did */
    guint n;                   /* recipients of the request */
    BrevSmtpReply *recipients; /* owned: to RCPT; code 0: not asked, or no reply */
    gboolean has_dsn;          /* the server took on what the sender wants to be told */
} BrevSmtpAnswer;

BrevSmtpAnswer *brev_smtp_answer_new (guint n);
void brev_smtp_answer_free (BrevSmtpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevSmtpAnswer, brev_smtp_answer_free)
void brev_smtp_reply_set (BrevSmtpReply *reply, int code, const char *text);
