/* SPDX-License-Identifier: MIT */
#pragma once

#include "envelope/envelope.h"

/* MAIL or RCPT of SMTP, as far as it was understood. */
typedef struct {
    char *address;  /* owned: without brackets and source route; "" is the null sender */
    guint64 size;   /* RFC 1870; 0: not said */
    BrevReturn ret; /* RFC 3461, as all below */
    char *envid;    /* owned, nullable: decoded */
    BrevNotify notify; /* 0: not said */
    char *orcpt;       /* owned, nullable: "rfc822;a@b", still xtext */
} BrevSmtpCommand;

void brev_smtp_command_clear (BrevSmtpCommand *command);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevSmtpCommand, brev_smtp_command_clear)

/**
 * brev_smtp_read_mail:
 * @arguments: what stands behind "MAIL "
 * @command: (out): filled with zeros before; to be cleared in any case
 *
 * Returns: (nullable): the reply that refuses it
 */
const char *brev_smtp_read_mail (const char *arguments, BrevSmtpCommand *command);

/* The same for what stands behind "RCPT ". */
const char *brev_smtp_read_rcpt (const char *arguments, BrevSmtpCommand *command);
