/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* A server's replies out of its lines, RFC 5321 section 4.2. */
typedef struct {
    int code; /* of the reply under way or, when it is complete, of it; 0: none yet */
    GString *text; /* owned, nullable: its lines without their codes, "\n" between them */
    gboolean is_complete;
} BrevSmtpLines;

void brev_smtp_lines_clear (BrevSmtpLines *lines);

/**
 * brev_smtp_lines_add:
 * @line: without its line end
 *
 * A line after a complete reply begins the next.
 *
 * Returns: %FALSE for what is no line of a reply
 */
gboolean brev_smtp_lines_add (BrevSmtpLines *lines, const char *line);

/* What a server says that it can do. */
typedef enum {
    BREV_SMTP_SIZE = 1 << 0,       /* RFC 1870 */
    BREV_SMTP_8BITMIME = 1 << 1,   /* RFC 6152 */
    BREV_SMTP_SMTPUTF8 = 1 << 2,   /* RFC 6531 */
    BREV_SMTP_DSN = 1 << 3,        /* RFC 3461 */
    BREV_SMTP_PIPELINING = 1 << 4, /* RFC 2920 */
} BrevSmtpExtensions;

/* @text: of the reply to EHLO, whose first line is a greeting */
BrevSmtpExtensions brev_smtp_extensions (const char *text);

/* Bytes of a message that the server takes, RFC 1870 section 3; 0: it does not say */
guint64 brev_smtp_size_limit (const char *text);
