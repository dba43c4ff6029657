/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/json.h"
#include "provider/provider.h"

/* Reading replies: what several providers have in common. */

/* Returns: (transfer full) (nullable): the body, as of brev_json_parse() */
JsonNode *brev_reply_json (const BrevHttpReply *reply);

/* Whether the status is one of 2xx. */
gboolean brev_reply_is_success (const BrevHttpReply *reply);

/* Returns: ms that Retry-After asks for, by seconds or by a date held against the reply's
 * own Date field; at most a day; 0 when it is not said */
gint64 brev_reply_retry_after (const BrevHttpReply *reply);

/* Returns: ms from the reply's own Date until the date @text (RFC 9110 section 5.6.7, in
 * UTC whatever it says), at most a day; 0 when one of them is none */
gint64 brev_reply_until (const BrevHttpReply *reply, const char *text);

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

/* Copies @verdict to every recipient of every mail. */
void brev_reply_set_all (const GPtrArray *outcomes, const BrevVerdict *verdict);

/* UNKNOWN: a success that is none of those that the provider documents. */
void brev_reply_set_strange (const BrevHttpReply *reply, BrevOutcome *outcome);

/**
 * brev_reply_accept:
 * @status: the only one that the provider documents
 * @id: (nullable): the provider's name for the mail
 *
 * ACCEPTED for all recipients; without an id, or with another status, strange.
 */
void brev_reply_accept (const BrevHttpReply *reply, int status, const char *id,
                        const BrevMail *mail, BrevOutcome *outcome);

/**
 * brev_reply_status:
 * @words: (nullable): the provider's
 * @after: ms to wait at least, 0: not said
 *
 * Judges by the status alone, whatever the body: also the replies of proxies.
 *
 * Returns: whether that was possible
 */
gboolean brev_reply_status (const BrevHttpReply *reply, const char *words, gint64 after,
                            const GPtrArray *outcomes);

/**
 * brev_reply_wait:
 * @reset: (nullable): a field with the seconds until the provider takes more
 * @reset_at: (nullable): one with that time, in seconds since 1970
 *
 * Returns: ms that the reply asks to wait, by Retry-After or by the field; at most a day; 0
 * when it is not said
 */
gint64 brev_reply_wait (const BrevHttpReply *reply, const char *reset,
                        const char *reset_at);

/* One error of a provider's, as its reply has it. */
typedef struct {
    int status;        /* of HTTP */
    const char *code;  /* nullable, borrowed: the provider's own */
    const char *field; /* nullable, borrowed: where in the request */
    const char *words; /* nullable, borrowed */
    int recipient;     /* index in the mail, -1: none is named by the field */
} BrevReplyError;

/* Returns: (nullable): in place of a field of the request, where a provider's errors have
 * none: "To" when its words name a recipient of the mail, "only" when the mail has one */
const char *brev_reply_field (const char *words, const BrevMail *mail);

/* Returns: the index in the mail of the recipient @index of @list, "to", "cc" or "bcc" in any
 * case, or -1 */
int brev_reply_recipient (const BrevMail *mail, const char *list, guint index);

/* What such an error means: the first row that fits. */
typedef struct {
    int status;        /* 0: any */
    const char *code;  /* NULL: any */
    const char *field; /* what the field begins with; NULL: any, or none */
    const char *words; /* what stands in the words, of any case; NULL: anything */
    BrevVerdictKind kind;
    BrevScope scope;
    const char *dsn;
    gboolean is_named; /* those whom field or words name; when they name none of several,
                          they are split: nobody bounces for another's address */
} BrevErrorRow;        /* ends with one whose dsn is NULL */

/* Verdict and scope of a row. */
#define BREV_JUST(kind) BREV_VERDICT_##kind, 0
#define BREV_HOLD(scope) BREV_VERDICT_ACCOUNT, BREV_SCOPE_##scope

/**
 * brev_errors_judge:
 * @errors: of BrevReplyError: all that was said of the one mail
 *
 * Nothing bounces while one of the errors is no refusal. Of a mail that nobody got because
 * of one recipient, the others come again without that one.
 *
 * Returns: %FALSE when no error has a row; @outcome is as it was then
 */
gboolean brev_errors_judge (const BrevErrorRow *rows, const GArray *errors, gint64 after,
                            const BrevMail *mail, BrevOutcome *outcome);

/**
 * brev_errors_refuse:
 *
 * A request that was refused as a whole: by the rows, else by its status, else LATER. What
 * may be the fault of one of several mails is SPLIT.
 */
void brev_errors_refuse (const BrevHttpReply *reply, const BrevErrorRow *rows,
                         const GArray *errors, gint64 after, const GPtrArray *mails,
                         const GPtrArray *outcomes);

/* The same, of a reply with one error at most; @error is nullable. */
void brev_error_refuse (const BrevHttpReply *reply, const BrevErrorRow *rows,
                        const BrevReplyError *error, gint64 after, const GPtrArray *mails,
                        const GPtrArray *outcomes);
