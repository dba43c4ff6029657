/* SPDX-License-Identifier: MIT */
#pragma once

#include "message/body.h"
#include "provider/smtp-request.h"
#include "transport/smtp-reply.h"

/* One mail transaction of RFC 5321 section 3.3, apart from its connection: what to write,
 * and what the replies to it mean. No I/O but reading the body. */
typedef struct BrevTalk BrevTalk;

typedef enum {
    BREV_TALK_GOES_ON,
    BREV_TALK_IS_OVER,   /* see brev_talk_answer() */
    BREV_TALK_IS_BROKEN, /* so too, but the other side does not speak SMTP */
} BrevTalkState;

/**
 * brev_talk_new:
 * @smtp: borrowed
 * @body: borrowed: the message; read from its start
 * @extensions: that the server offers; the others are not used
 * @size_limit: bytes of a message that it takes (RFC 1870), 0: not said; a larger one is
 * not offered
 *
 * Goes through the message once, for its size.
 *
 * Returns: (transfer full) (nullable): or %NULL with @error: %BREV_ERROR_INPUT for an
 * envelope that cannot be written as a command
 */
BrevTalk *brev_talk_new (const BrevSmtp *smtp, BrevBody *body,
                         BrevSmtpExtensions extensions, guint64 size_limit,
                         GError **error);
void brev_talk_free (BrevTalk *talk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevTalk, brev_talk_free)

/**
 * brev_talk_pending:
 * @bytes: (out) (transfer none): what is to be written next, until brev_talk_sent() or
 * brev_talk_hear()
 *
 * Returns: how much that is; 0: first a reply must come; -1 with @error when the message
 * cannot be read
 */
gssize brev_talk_pending (BrevTalk *talk, const char **bytes, GError **error);
/* The connection has taken the first @n of them. */
void brev_talk_sent (BrevTalk *talk, gsize n);

/* A complete reply came. */
BrevTalkState brev_talk_hear (BrevTalk *talk, int code, const char *text);

/* (transfer none): what is known by now */
const BrevSmtpAnswer *brev_talk_answer (const BrevTalk *talk);

/* Whether there is nothing more to write or to hear. */
gboolean brev_talk_is_over (const BrevTalk *talk);
/* Whether a reply to anything came: a connection was alive when it was used again. */
gboolean brev_talk_was_heard (const BrevTalk *talk);
/* Whether the connection may be used for another mail: the server has said what becomes
 * of this one. */
gboolean brev_talk_is_clean (const BrevTalk *talk);
