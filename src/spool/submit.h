/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "config/config.h"
#include "envelope/frame.h"

/* A message that can be read again from its start for every way in: bytes in memory, or
 * an unlinked file behind them. Filled by compat/input.c. */
typedef struct {
    GByteArray *memory; /* owned: all of it while @fd is -1, else empty */
    int fd;             /* owned: -1, or the unlinked file */
    guint64 length;     /* bytes */
} BrevMessageBytes;

void brev_message_bytes_clear (BrevMessageBytes *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevMessageBytes, brev_message_bytes_clear)

/* What submission keeps for the life of the process: once the service was silent for ten
 * seconds it is not waited for again (-bs hands over many messages). */
typedef struct {
    const BrevConfig *config; /* borrowed */
    gboolean socket_is_silent;
} BrevSubmitter;

typedef enum {
    BREV_SUBMITTED_SOCKET, /* the service has it, synced */
    BREV_SUBMITTED_DROP,   /* it lies in the drop directory, synced */
    BREV_SUBMITTED_OWN,    /* it lies in a spool of the caller's own: run the courier */
    BREV_SUBMITTED_MEMORY, /* nowhere but in @frame_fd: run the courier, never a false 0
                            */
} BrevSubmitted;

/**
 * brev_submit:
 * @id: (out): the queue id
 * @frame_fd: (out): with %BREV_SUBMITTED_MEMORY, an unlinked file or memory holding a
 * queue file, to be handed to the courier; else -1
 *
 * Hands the message over by the first way that works: socket, drop directory, or, in
 * direct mode, a spool of the caller's own. On failure nothing is left behind and nothing
 * will be sent.
 */
gboolean brev_submit (BrevSubmitter *submitter, const BrevEnvelope *envelope,
                      const BrevMessageBytes *message, char id[BREV_ID_LENGTH + 1],
                      BrevSubmitted *how, int *frame_fd, GError **error);

/**
 * brev_submit_wake:
 *
 * Lets the service look for what is due.
 */
gboolean brev_submit_wake (const BrevConfig *config, GError **error);

/**
 * brev_submit_ask:
 * @request: "wait ID", or "list" or "run" with filters; see accept/tool.h
 * @patience: ms that the service may be silent
 * @reply_fd: where the reply is copied to, or -1
 *
 * Asks the service for something about the caller's own messages.
 *
 * Returns: %FALSE with %BREV_ERROR_BUSY also when it answers with nothing
 */
gboolean brev_submit_ask (const BrevConfig *config, const char *request, gint64 patience,
                          int reply_fd, GError **error);

/**
 * brev_submit_wait:
 * @id: of a message that the service has taken
 *
 * Waits until its delivery was tried once, as long as such an attempt takes in direct mode;
 * what came of it is copied to @reply_fd, if that is not -1.
 */
gboolean brev_submit_wait (const BrevConfig *config, const char *id, int reply_fd,
                           GError **error);
