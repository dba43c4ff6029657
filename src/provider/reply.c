/* SPDX-License-Identifier: MIT */
#include "provider/reply.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

/* RFC 9110 section 5.6.7, the one form that is still sent: Sun, 06 Nov 1994 08:49:37 GMT
 */
static gboolean
parse_http_date (const char *text, gint64 *seconds)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4];
    int day, year, hour, minute, second;

    if (text == NULL || sscanf (text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, month,
                                &year, &hour, &minute, &second) != 6)
        return FALSE;
    const char *found = strlen (month) == 3 ? strstr (months, month) : NULL;
    if (found == NULL || (found - months) % 3 != 0)
        return FALSE;
    g_autoptr (GDateTime) date = g_date_time_new_utc (
        year, (int) (found - months) / 3 + 1, day, hour, minute, second);
    if (date == NULL)
        return FALSE;
    *seconds = g_date_time_to_unix (date);
    return TRUE;
}

gint64
brev_reply_retry_after (const BrevHttpReply *reply)
{
    const char *text = brev_http_reply_header (reply, "Retry-After");
    gint64 seconds = 0, now = 0, then = 0;

    if (text == NULL)
        return 0;
    if (g_ascii_isdigit (*text))
        seconds = g_ascii_strtoll (text, NULL, 10);
    else if (parse_http_date (text, &then) &&
             parse_http_date (brev_http_reply_header (reply, "Date"), &now))
        seconds = then - now;
    return CLAMP (seconds, 0, BREV_DAY / BREV_SECOND) * BREV_SECOND;
}

gint64
brev_reply_until (const BrevHttpReply *reply, const char *text)
{
    gint64 now = 0, then = 0;

    if (!parse_http_date (text, &then) ||
        !parse_http_date (brev_http_reply_header (reply, "Date"), &now))
        return 0;
    return CLAMP (then - now, 0, BREV_DAY / BREV_SECOND) * BREV_SECOND;
}

/* Could @c be a part of an address that goes on before or behind what was found? */
static gboolean
is_address_char (char c)
{
    return c != '\0' &&
           (g_ascii_isalnum (c) || (c & 0x80) != 0 || strchr ("!#$%&*+-/=?^_`{|}~.", c));
}

static gboolean
is_whole (const char *text, const char *found, gsize length)
{
    const char *end = found + length;

    if (found > text && is_address_char (found[-1]))
        return FALSE;
    /* 'a@b' is quoted, o'b@c is another address than b@c */
    if (found > text + 1 && found[-1] == '\'' && is_address_char (found[-2]))
        return FALSE;
    if (*end == '.') /* of a sentence, or of a longer domain */
        return !g_ascii_isalnum (end[1]) && (end[1] & 0x80) == 0;
    return *end != '-' && !g_ascii_isalnum (*end) && (*end & 0x80) == 0;
}

static gboolean
names_address (const char *folded_text, const char *address)
{
    g_autofree char *wanted = brev_text_fold (address);
    gsize length = strlen (wanted);

    for (const char *p = folded_text; length > 0 && (p = strstr (p, wanted)) != NULL;
         p++) {
        if (is_whole (folded_text, p, length))
            return TRUE;
    }
    return FALSE;
}

guint
brev_outcome_set_named (BrevOutcome *outcome, const BrevMail *mail, const char *text,
                        const BrevVerdict *verdict)
{
    g_autofree char *folded = brev_text_fold (text);
    guint n = 0;

    for (guint i = 0; i < outcome->n; i++) {
        const char *address = brev_mail_recipient (mail, i)->address;
        if (names_address (folded, address) &&
            brev_outcome_set (outcome, mail, address, verdict))
            n++;
    }
    return n;
}

#define MAX_WORDS 400

char *
brev_reply_words (const char *text)
{
    if (text == NULL || *text == '\0')
        return NULL;
    g_autofree char *printable = brev_text_printable (text);
    if (g_utf8_strlen (printable, -1) > MAX_WORDS)
        *g_utf8_offset_to_pointer (printable, MAX_WORDS) = '\0';
    return g_strdup (g_strstrip (printable));
}

void
brev_reply_set_all (const GPtrArray *outcomes, const BrevVerdict *verdict)
{
    for (guint i = 0; i < outcomes->len; i++)
        brev_outcome_set_all (outcomes->pdata[i], verdict);
}

void
brev_reply_set_strange (const BrevHttpReply *reply, BrevOutcome *outcome)
{
    g_autofree char *text = g_strdup_printf (
        "HTTP %d with a reply that is not understood (%" G_GSIZE_FORMAT " bytes)",
        reply->status, g_bytes_get_size (reply->body));
    const BrevVerdict verdict = { .kind = BREV_VERDICT_UNKNOWN,
                                  .dsn = "4.5.0",
                                  .text = text };

    brev_outcome_set_all (outcome, &verdict);
}

void
brev_reply_accept (const BrevHttpReply *reply, int status, const char *id,
                   const BrevMail *mail, BrevOutcome *outcome)
{
    g_autofree char *clean = brev_reply_words (id);
    const BrevVerdict accepted = { .kind = BREV_VERDICT_ACCEPTED,
                                   .dsn = "2.0.0",
                                   .remote_id = clean,
                                   .is_test = mail->is_sandboxed };

    if (reply->status == status && clean != NULL)
        brev_outcome_set_all (outcome, &accepted);
    else
        brev_reply_set_strange (reply, outcome);
}

/* clang-format off */
/* Replies whose status alone says it, whatever their body: also those of proxies. */
static const struct {
    int first, last;
    BrevVerdictKind kind;
    const char *dsn;
    gboolean is_about_mail;
} statuses[] = {
    { 300, 399, BREV_VERDICT_ACCOUNT, "4.3.5", FALSE }, /* moved; nothing is followed */
    { 401, 402, BREV_VERDICT_ACCOUNT, "4.7.8", FALSE },
    { 404, 405, BREV_VERDICT_ACCOUNT, "4.3.5", FALSE }, /* a wrong endpoint */
    { 407, 407, BREV_VERDICT_ACCOUNT, "4.3.5", FALSE }, /* a proxy wants a password */
    { 408, 408, BREV_VERDICT_LATER,   "4.4.2", FALSE },
    { 409, 409, BREV_VERDICT_PARK,    "4.5.0", FALSE },
    { 413, 413, BREV_VERDICT_REFUSED, "5.3.4", TRUE },
    { 415, 415, BREV_VERDICT_PARK,    "4.5.0", FALSE },
    { 421, 421, BREV_VERDICT_LATER,   "4.3.2", FALSE },
    { 425, 425, BREV_VERDICT_LATER,   "4.3.2", FALSE },
    { 429, 429, BREV_VERDICT_LATER,   "4.3.2", FALSE },
    { 500, 500, BREV_VERDICT_LATER,   "4.3.0", FALSE },
    { 503, 503, BREV_VERDICT_LATER,   "4.3.2", FALSE },
    { 500, 599, BREV_VERDICT_UNKNOWN, "4.4.2", FALSE }, /* a gateway lost the answer */
};
/* clang-format on */

gboolean
brev_reply_status (const BrevHttpReply *reply, const char *words, gint64 after,
                   const GPtrArray *outcomes)
{
    guint i = 0;

    while (i < G_N_ELEMENTS (statuses) &&
           (reply->status < statuses[i].first || reply->status > statuses[i].last))
        i++;
    if (i == G_N_ELEMENTS (statuses))
        return FALSE;

    g_autofree char *code = g_strdup_printf ("HTTP %d", reply->status);
    BrevVerdict verdict = {
        .kind = statuses[i].kind,
        .scope = BREV_SCOPE_ACCOUNT,
        .dsn = statuses[i].dsn,
        .code = code,
        .after = after,
    };
    g_autofree char *text = brev_reply_words (words != NULL ? words : code);
    verdict.text = text;
    if (statuses[i].is_about_mail && outcomes->len > 1)
        verdict.kind = BREV_VERDICT_SPLIT;
    brev_reply_set_all (outcomes, &verdict);
    return TRUE;
}

gint64
brev_reply_wait (const BrevHttpReply *reply, const char *reset, const char *reset_at)
{
    gint64 wait = brev_reply_retry_after (reply), seconds = 0, now = 0;
    const char *text = reset != NULL ? brev_http_reply_header (reply, reset) : NULL;
    const char *at = reset_at != NULL ? brev_http_reply_header (reply, reset_at) : NULL;

    if (wait > 0)
        return wait;
    if (text != NULL && g_ascii_isdigit (*text))
        seconds = g_ascii_strtoll (text, NULL, 10);
    else if (at != NULL && g_ascii_isdigit (*at) &&
             parse_http_date (brev_http_reply_header (reply, "Date"), &now))
        seconds = g_ascii_strtoll (at, NULL, 10) - now;
    return CLAMP (seconds, 0, BREV_DAY / BREV_SECOND) * BREV_SECOND;
}

static gboolean
holds_words (const char *text, const char *wanted)
{
    g_autofree char *lower = g_ascii_strdown (text != NULL ? text : "", -1);
    g_autofree char *small = g_ascii_strdown (wanted, -1);

    return strstr (lower, small) != NULL;
}

static const BrevErrorRow *
find_row (const BrevErrorRow *rows, const BrevReplyError *error)
{
    for (const BrevErrorRow *row = rows; row->dsn != NULL; row++)
        if ((row->status == 0 || row->status == error->status) &&
            (row->code == NULL || g_strcmp0 (row->code, error->code) == 0) &&
            (row->field == NULL ||
             (error->field != NULL && g_str_has_prefix (error->field, row->field))) &&
            (row->words == NULL || holds_words (error->words, row->words)))
            return row;
    return NULL;
}

/* Which of the errors decides: the first that is no refusal, one without a row among them;
 * else the first. */
static const BrevReplyError *
find_decisive (const BrevErrorRow *rows, const GArray *errors)
{
    for (guint i = 0; i < errors->len; i++) {
        const BrevReplyError *error = &g_array_index (errors, BrevReplyError, i);
        const BrevErrorRow *row = find_row (rows, error);
        if (row == NULL || row->kind != BREV_VERDICT_REFUSED)
            return error;
    }
    return errors->len > 0 ? &g_array_index (errors, BrevReplyError, 0) : NULL;
}

static void
judge_error (const BrevErrorRow *row, const BrevReplyError *error, gint64 after,
             const BrevMail *mail, BrevOutcome *outcome)
{
    g_autofree char *status = g_strdup_printf ("HTTP %d", error->status);
    g_autofree char *code = brev_reply_words (error->code != NULL ? error->code : status);
    g_autofree char *words =
        brev_reply_words (error->words != NULL ? error->words : code);
    const BrevVerdict verdict = {
        .kind = row->kind,
        .scope = row->scope,
        .dsn = row->dsn,
        .code = code,
        .text = words,
        .after = row->kind == BREV_VERDICT_LATER ? after : 0,
    };
    BrevVerdict others = verdict, split = verdict;

    others.kind = BREV_VERDICT_AGAIN;
    others.dsn = "4.1.0";
    split.kind = BREV_VERDICT_SPLIT;
    brev_outcome_set_all (outcome, row->is_named ? &others : &verdict);
    if (!row->is_named)
        return;
    if (error->recipient >= 0 && (guint) error->recipient < outcome->n)
        (void) brev_outcome_set (
            outcome, mail, brev_mail_recipient (mail, (guint) error->recipient)->address,
            &verdict);
    else if (brev_outcome_set_named (outcome, mail, words, &verdict) == 0)
        brev_outcome_set_all (outcome, outcome->n > 1 ? &split : &verdict);
}

gboolean
brev_errors_judge (const BrevErrorRow *rows, const GArray *errors, gint64 after,
                   const BrevMail *mail, BrevOutcome *outcome)
{
    const BrevReplyError *error = find_decisive (rows, errors);
    const BrevErrorRow *row = error != NULL ? find_row (rows, error) : NULL;

    if (row != NULL)
        judge_error (row, error, after, mail, outcome);
    return row != NULL;
}

/* Does it blame the account or the hour, and no mail of the request? */
static gboolean
is_about_account (const BrevErrorRow *row)
{
    return row->kind == BREV_VERDICT_LATER ||
           (row->kind == BREV_VERDICT_ACCOUNT && row->scope == BREV_SCOPE_ACCOUNT);
}

void
brev_errors_refuse (const BrevHttpReply *reply, const BrevErrorRow *rows,
                    const GArray *errors, gint64 after, const GPtrArray *mails,
                    const GPtrArray *outcomes)
{
    const BrevReplyError *error = find_decisive (rows, errors);
    const BrevErrorRow *row = error != NULL ? find_row (rows, error) : NULL;
    const char *words = error != NULL ? error->words : NULL;
    g_autofree char *status = g_strdup_printf ("HTTP %d", reply->status);
    g_autofree char *text = brev_reply_words (words != NULL ? words : status);
    const BrevVerdict other = {
        .kind = mails->len > 1 ? BREV_VERDICT_SPLIT : BREV_VERDICT_LATER,
        .dsn = "4.0.0",
        .code =
            error != NULL && error->code != NULL ? (char *) (gsize) error->code : status,
        .text = text,
    };

    if (row != NULL && (mails->len == 1 || is_about_account (row))) {
        for (guint i = 0; i < mails->len; i++)
            judge_error (row, error, after, mails->pdata[i], outcomes->pdata[i]);
        return;
    }
    if (row != NULL || !brev_reply_status (reply, words, after, outcomes))
        brev_reply_set_all (outcomes, &other);
}

void
brev_error_refuse (const BrevHttpReply *reply, const BrevErrorRow *rows,
                   const BrevReplyError *error, gint64 after, const GPtrArray *mails,
                   const GPtrArray *outcomes)
{
    g_autoptr (GArray) errors = g_array_new (FALSE, FALSE, sizeof (BrevReplyError));

    if (error != NULL)
        g_array_append_val (errors, *error);
    brev_errors_refuse (reply, rows, errors, after, mails, outcomes);
}

const char *
brev_reply_field (const char *words, const BrevMail *mail)
{
    g_autofree char *text = brev_text_fold (words != NULL ? words : "");

    for (guint i = 0; i < mail->n_recipients; i++) {
        g_autofree char *to = brev_text_fold (brev_mail_recipient (mail, i)->address);
        if (brev_text_names (text, to))
            return "To";
    }
    return mail->n_recipients == 1 ? "only" : NULL;
}

JsonNode *
brev_reply_json (const BrevHttpReply *reply)
{
    gsize length;
    const char *text = g_bytes_get_data (reply->body, &length);

    return length > 0 ? brev_json_parse (text, length) : NULL;
}

gboolean
brev_reply_is_success (const BrevHttpReply *reply)
{
    return reply->status >= 200 && reply->status <= 299;
}

int
brev_reply_recipient (const BrevMail *mail, const char *list, guint index)
{
    const struct {
        const char *name;
        guint before, n;
    } lists[] = {
        { "to", 0, mail->to->len },
        { "cc", mail->to->len, mail->cc->len },
        { "bcc", mail->to->len + mail->cc->len, mail->bcc->len },
    };

    for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
        if (g_ascii_strcasecmp (lists[i].name, list) == 0 && index < lists[i].n)
            return (int) (lists[i].before + index);
    return -1;
}
