/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/socket.h>

#include "accept/arrival.h"

/* What a connection has come to. */
typedef enum {
    BREV_TALK_MORE,    /* more bytes will come */
    BREV_TALK_MESSAGE, /* a whole message: commit it, then brev_connection_settle() */
    BREV_TALK_WAKE,
    BREV_TALK_TOOL,  /* @request is for tool.h */
    BREV_TALK_REPLY, /* @reply is all that is left to say */
    BREV_TALK_GONE,  /* nobody is there to hear an answer */
} BrevTalk;

/* One client of the submission socket: one request, then one reply. */
typedef struct {
    int fd;             /* owned */
    struct ucred peer;  /* by the kernel's word */
    gint64 last_active; /* brev_clock_ticks() */
    gint64 born;
    char first[512]; /* bytes that may be a request other than a frame */
    gsize n_first;
    char **request;       /* owned, nullable: the words of one */
    BrevArrival *arrival; /* owned, nullable */
    char *reply;          /* owned, nullable */
    guint64 drained;      /* bytes read after the reply was clear */
} BrevConnection;

/* What a connection needs of the daemon. */
typedef struct {
    const BrevSpool *spool;
    guint64 max_message_size;
    guint64 serial;
} BrevReception;

/* Returns: (transfer full) (nullable): %NULL when the kernel does not say who it is */
BrevConnection *brev_connection_new (int fd, gint64 ticks);
void brev_connection_free (BrevConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevConnection, brev_connection_free)

/**
 * brev_connection_read:
 *
 * Reads what is there, but not so much that others have to wait.
 */
BrevTalk brev_connection_read (BrevConnection *connection, BrevReception *reception,
                               gint64 ticks);

/* Sets the reply to what became of its message. */
void brev_connection_settle (BrevConnection *connection);

/* Sends the reply; who does not read it has only himself to blame. */
void brev_connection_answer (const BrevConnection *connection);

/* Whether it has said nothing, or has been talking, for too long. */
gboolean brev_connection_is_stale (const BrevConnection *connection, gint64 ticks);
