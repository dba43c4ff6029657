/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/smtp-request.h"
#include "transport/http.h"
#include "transport/smtp-reply.h"

/* A connection to a server of SMTP. libcurl opens it, as far as TLS and AUTH and no
 * further (CURLOPT_CONNECT_ONLY); what is said on it then is ours, so that nothing is ever
 * said twice. */
typedef struct BrevSession BrevSession;

/* It is open, or cannot be opened. Called from the main loop; may free it. */
typedef void (*BrevSessionOpened) (BrevSession *session, gpointer data);
/* Something can be read from it, or written to it. May free it. */
typedef void (*BrevSessionReady) (BrevSession *session, gpointer data);

/**
 * brev_session_new:
 * @url: smtp:// or smtps://, a host, perhaps a port
 * @peer: copied
 * @limits: of its opening
 *
 * Returns: (transfer full) (nullable): or %NULL with %BREV_ERROR_CONFIG
 */
BrevSession *brev_session_new (const char *url, const BrevSmtpPeer *peer,
                               const BrevHttpLimits *limits, BrevSessionOpened opened,
                               gpointer data, GError **error);
/* Closes the connection; says QUIT first if it is open and @is_polite. */
void brev_session_close (BrevSession *session, gboolean is_polite);

/* Whether a request to @url and @peer may go by this connection. */
gboolean brev_session_is_for (const BrevSession *session, const char *url,
                              const BrevSmtpPeer *peer);
/* (transfer none): "smtp://host:port", for a message */
const char *brev_session_origin (const BrevSession *session);

/**
 * brev_session_failure:
 * @stage: (out): where opening ended
 * @reply: (out) (transfer none): the server's refusal, or code 0
 *
 * Returns: (nullable): why it cannot be used, in words without a secret; %NULL: it is
 * open
 */
const char *brev_session_failure (const BrevSession *session, BrevSmtpStage *stage,
                                  const BrevSmtpReply **reply);
BrevSmtpExtensions brev_session_extensions (const BrevSession *session);
/* Bytes of a message that the server takes; 0: it does not say. */
guint64 brev_session_size_limit (const BrevSession *session);

/* Calls @ready from the main loop whenever it is readable or, with @wants_to_write,
 * writable; %NULL: no longer. */
void brev_session_watch (BrevSession *session, gboolean wants_to_write,
                         BrevSessionReady ready, gpointer data);

/* Returns: how many bytes were written, 0: none now, -1: the connection is gone */
gssize brev_session_write (BrevSession *session, const char *bytes, gsize length);

/**
 * brev_session_read_line:
 * @line: (out) (transfer full): without its line end
 *
 * Returns: 1, 0: no whole line has come yet, -1: the connection is gone
 */
int brev_session_read_line (BrevSession *session, char **line);
