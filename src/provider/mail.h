/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "message/body.h"
#include "message/message.h"
#include "provider/smtp-request.h"

/* What the wishes in headers such as X-PM-Tag come to, whichever provider's spelling the
 * application used. The fields behind it do not travel on (control.c). */
typedef struct {
    char *tag;               /* owned, nullable */
    char *stream;            /* owned, nullable */
    char *ip_pool;           /* owned, nullable; SendGrid's, so is: */
    char *asm_group;         /* owned, nullable: a number */
    GPtrArray *metadata;     /* owned, of BrevHeader: name and text */
    const char *track_opens; /* static, nullable: "yes" or "no" */
    const char *track_links; /* static, nullable: "none", "all", "html" or "text" */
} BrevControls;

void brev_controls_copy (const BrevControls *from, BrevControls *to);
void brev_controls_clear (BrevControls *controls);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevControls, brev_controls_clear)

/* One message as one request says it: what the plan made of a message, its envelope and
 * its account. Exactly the recipients in to, cc and bcc receive it. */
typedef struct {
    const struct BrevProvider *provider; /* whose request it becomes */
    const BrevAccount *account;          /* nullable: whose it is */
    const char *queue_id; /* borrowed, as all that is not said to be owned */
    const BrevMessage *message;
    int fd;              /* the message's file */
    BrevMailbox *from;   /* owned */
    GPtrArray *reply_to; /* owned, of BrevMailbox */
    GPtrArray *to;       /* owned, of BrevMailbox */
    GPtrArray *cc;
    GPtrArray *bcc;
    const char *subject;
    char *own_subject;  /* owned, nullable: what @subject points to, where it was cut */
    char *message_id;   /* owned: with <>; never NULL */
    GPtrArray *headers; /* owned, of borrowed BrevHeader: the fields that travel */
    GPtrArray *added;   /* owned, of BrevHeader: fields that brevdue adds */
    BrevControls controls;
    char *key; /* owned, nullable: a UUID that names the request, whenever it is made */
    guint *recipients; /* owned: for each mailbox of to, cc, bcc in this order,
                          the index of the envelope recipient it stands for */
    guint n_recipients;
    gboolean is_sandboxed;   /* the provider is to check it, and to deliver nothing */
    gboolean blank_body;     /* neither text nor HTML: send one blank */
    gboolean has_short_text; /* it may have less characters than the provider takes */
    gboolean has_short_html;
    BrevBody *raw; /* owned, nullable: for a provider that takes it, the whole message
                            as it travels, without blind copies; then @subject, @headers
                            and the bodies of @message are none of its business */
    BrevSmtp *envelope; /* owned, nullable: in the words of SMTP, the recipients in the
                           order to, cc, bcc; its peer but for @helo is the provider's */
} BrevMail;

/**
 * brev_mail_new:
 *
 * Returns: (transfer full): a mail from and to nobody
 */
BrevMail *brev_mail_new (void);
void brev_mail_free (BrevMail *mail);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevMail, brev_mail_free)

/* Metadata under this name holds the queue id: by it a mail can be found again. */
#define BREV_QUEUE_ID_FIELD "brevdue-id"

/* Whether the mail takes its queue id along, by which a search can find it. Returns: %FALSE with
 * %BREV_ERROR_INPUT */
gboolean brev_mail_has_queue_id (const BrevMail *mail, GError **error);

/**
 * brev_mail_name_request:
 * @attempt: what stays the same while the outcome of the request is not known
 *
 * Sets the key of the mail: the same for the same recipients of one attempt, so that the
 * provider can tell a repeated request (%BREV_CAP_IDEMPOTENCY).
 */
void brev_mail_name_request (BrevMail *mail, const char *attempt);

/* Returns: (transfer full) (nullable): the key of one request that carries @mails (of
 * BrevMail); %NULL when they have none */
char *brev_mails_key (const GPtrArray *mails);

/* (transfer none): the mailbox that recipients[@i] stands for */
const BrevMailbox *brev_mail_recipient (const BrevMail *mail, guint i);
