/* SPDX-License-Identifier: MIT */
#pragma once

#include "spool/submit.h"

/* Which bytes a dot at the start of a line is. */
typedef enum {
    BREV_DOTS_END,     /* a lone one ends the message; of ".." one goes (without -i) */
    BREV_DOTS_DATA,    /* nothing special (-i) */
    BREV_DOTS_SMTP,    /* CR LF "." CR LF ends the message; of others at the start of a
                        * line one goes (RFC 5321 4.5.2) */
    BREV_DOTS_SMTP_LF, /* the same, and LF "." LF, while no line has ended with CR LF */
} BrevDots;

typedef struct {
    BrevDots dots;
    guint64 max_size; /* bytes of the message as it will be kept */
    /* (nullable): a field, with its line end, for a header without a recipient field */
    const char *no_recipient;
} BrevInputRules;

/* A message on its way from a caller into a frame: lines come to end with LF, the header
 * with an empty line. Fed with pieces of any size, in constant memory. */
typedef struct BrevInput BrevInput;

BrevInput *brev_input_new (const BrevInputRules *rules);
void brev_input_free (BrevInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevInput, brev_input_free)

/**
 * brev_input_feed:
 *
 * Returns: how many of the bytes belong to the message: fewer than @length once a lone
 * dot has ended it. Failures are kept for brev_input_finish(), so that the rest of the
 * caller's bytes can still be taken.
 */
gsize brev_input_feed (BrevInput *input, const char *bytes, gsize length);

/* Whether a lone dot has ended the message. */
gboolean brev_input_is_ended (const BrevInput *input);

/**
 * brev_input_finish:
 * @message: (out): whole; untouched on failure
 *
 * To be called at the end of the bytes, or after the lone dot.
 */
gboolean brev_input_finish (BrevInput *input, BrevMessageBytes *message, GError **error);

/* How many Received fields the header has: the hosts it came by. */
guint brev_input_hops (const BrevInput *input);

/* Whether a field that -t reads held anything at all. */
gboolean brev_input_has_recipients (const BrevInput *input);

/* (nullable) (transfer none): the first line of the form "From " or ">From ", which is
 * never part of the message, up to its end or 1000 bytes */
const char *brev_input_from_line (const BrevInput *input);

/**
 * brev_input_read_all:
 * @ignored: (out): bytes behind the lone dot, which were read too, while they came: a
 *   caller whose pipe breaks is killed by SIGPIPE
 *
 * Feeds @input with all of @fd.
 *
 * Returns: %FALSE with %BREV_ERROR_READ
 */
gboolean brev_input_read_all (BrevInput *input, int fd, guint64 *ignored, GError **error);

/* Reads and forgets the rest of @fd. */
void brev_input_drain (int fd);
