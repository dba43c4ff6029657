/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/provider.h"

/* Reading replies: what several providers have in common. */

/* Returns: ms that Retry-After asks for, by seconds or by a date held against the reply's
 * own Date field; at most a day; 0 when it is not said */
gint64 brev_reply_retry_after (const BrevHttpReply *reply);

/**
 * brev_outcome_set_named:
 * @text: a provider's words
 *
 * Copies @verdict to each recipient whose address stands in @text as a whole word.
 *
 * Returns: how many
 */
guint brev_outcome_set_named (BrevOutcome *outcome, const BrevMail *mail,
                              const char *text, const BrevVerdict *verdict);

/* Returns: (transfer full) (nullable): words of a provider, fit for one line of the log
 */
char *brev_reply_words (const char *text);
