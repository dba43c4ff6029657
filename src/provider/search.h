/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/json.h"
#include "provider/provider.h"

/* What the searches of providers say about mail in doubt, as far as they have it in common. */

/**
 * brev_search_no_answer:
 * @words: (nullable): the provider's
 *
 * Of a search that does not say whether the mail is there. Only the token is said of the
 * account: that it cannot be searched does not mean that it cannot send. 403 is REFUSED: the
 * token has no right to ask.
 */
void brev_search_no_answer (const BrevHttpReply *reply, const char *words,
                            BrevOutcome *outcome);

/* REFUSED instead, where @says_so: the token has no right to ask, though the status is another. */
void brev_search_may_not_ask (gboolean says_so, BrevOutcome *outcome);

/* What a search shows of one copy of a mail; all of it is nullable, and borrowed but for @inner. */
typedef struct {
    const char *id;      /* the provider's */
    const char *address; /* of its recipient */
    JsonObject *metadata;
    JsonNode *inner;      /* owned: what @metadata is a part of, if not of the reply */
    gboolean is_rejected; /* by the provider: it goes to nobody */
} BrevCopy;

/* @copy: (out): empty when called, and left so where @entry shows none */
typedef void (*BrevCopyReader) (JsonObject *entry, BrevCopy *copy);

/**
 * brev_search_find:
 * @entries: (nullable): of JsonObject: what the search shows, perhaps of other mail, too
 * @words: (nullable): the provider's, where it shows nothing
 *
 * Of a search of which nobody says how complete it is, or how soon: ACCEPTED for whom a reply of
 * 200 shows a copy with the queue id of the mail. That it shows none is no answer. Nor is one that
 * was rejected: sent again it is rejected again, with a reply that says why.
 */
void brev_search_find (const BrevHttpReply *reply, JsonArray *entries, const char *words,
                       BrevCopyReader read, const BrevMail *mail, BrevOutcome *outcome);
