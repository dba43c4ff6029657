/* SPDX-License-Identifier: MIT */
#pragma once

#include "spool/submit.h"

/* Where messages are handed over, one or, with -bs, many. */
typedef struct {
    BrevSubmitter submitter;
    gboolean is_quiet;   /* the courier says nothing on standard error either */
    gboolean waits;      /* -odi: for the first attempt; the message is kept anyway */
    gboolean is_verbose; /* what comes of that attempt is told on standard error */
    guint max_hops;      /* more mean a loop */
} BrevPost;

typedef struct {
    char id[BREV_ID_LENGTH + 1];
    BrevSubmitted how;
    gboolean is_told; /* the courier has said on standard error what went wrong */
} BrevPosted;

/**
 * brev_post:
 *
 * Hands @message over and, in direct mode, waits until the courier is done with it.
 *
 * Returns: %TRUE when the message is kept or accepted; else nothing more will be sent.
 * %BREV_ERROR_INPUT when it came by too many hosts
 */
gboolean brev_post (BrevPost *post, const BrevEnvelope *envelope,
                    const BrevMessageBytes *message, BrevPosted *posted, GError **error);
