/* SPDX-License-Identifier: MIT */

/* Mandrill (Mailchimp Transactional), API 1.4, messages/send-raw: the message itself as a string
 * of JSON, the envelope beside it, and the key, too. It is taken as if it came by SMTP, so that
 * the X-MC-* header fields of that are its options. No idempotency key. Its OpenAPI document and
 * the articles of its help read in 2026. */

#include <string.h>

#include "base/clock.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"
#include "provider/search.h"

/* Request. Header fields are ASCII, and the values of these one line each. */

static void
append_unit (GString *text, guint unit)
{
    g_string_append_printf (text, "\\u%04x", unit);
}

static void
append_string (GString *text, const char *value)
{
    g_string_append_c (text, '"');
    for (const char *p = value; *p != '\0'; p += g_utf8_skip[(guint8) *p]) {
        gunichar c = g_utf8_get_char (p);
        if (c >= 0x10000) { /* RFC 8259 section 7: two surrogates */
            append_unit (text, 0xd800 + ((c - 0x10000) >> 10));
            append_unit (text, 0xdc00 + ((c - 0x10000) & 0x3ff));
        } else if (c < ' ' || c >= 0x7f || c == '"' || c == '\\') {
            append_unit (text, c);
        } else {
            g_string_append_c (text, (char) c);
        }
    }
    g_string_append_c (text, '"');
}

/* 250 bytes at most, which the plan sees to. */
static void
add_metadata (BrevBody *body, const GPtrArray *metadata)
{
    g_autoptr (GString) text = g_string_new ("X-MC-Metadata: {");

    if (metadata == NULL || metadata->len == 0)
        return;
    for (guint i = 0; i < metadata->len; i++) {
        const BrevHeader *field = metadata->pdata[i];
        if (i > 0)
            g_string_append (text, ", ");
        append_string (text, field->name);
        g_string_append (text, ": ");
        append_string (text, field->text);
    }
    g_string_append (text, "}\r\n");
    brev_body_add (body, text->str);
}

/* A comma begins another tag, and those with a low line in front are Mandrill's own. */
static void
add_tag (BrevBody *body, const char *tag)
{
    g_autofree char *one =
        tag != NULL ? g_strdelimit (g_strdup (tag), ",\r\n", ' ') : NULL;
    g_autofree char *encoded =
        one != NULL ? brev_header_encode (one + strspn (one, "_ ")) : NULL;
    g_autofree char *field = g_strconcat ("X-MC-Tags: ", encoded, "\r\n", NULL);

    if (encoded != NULL && *encoded != '\0')
        brev_body_add (body, field);
}

/* Tracking writes into the body, and breaks what is signed. Whatever is no name of one kind
 * switches both off. */
static void
add_tracking (BrevBody *body, const BrevMail *mail)
{
    static const struct {
        const char *wish, *name;
    } kinds[] = {
        { "all", "clicks_all" },
        { "html", "clicks_htmlonly" },
        { "text", "clicks_textonly" },
    };
    BrevFeatures sealed = BREV_CARRIES (SIGNED) | BREV_CARRIES (ENCRYPTED);
    gboolean is_sealed = (mail->message->features & sealed) != 0;
    gboolean opens = g_strcmp0 (mail->controls.track_opens, "yes") == 0;
    const char *clicks = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
        if (g_strcmp0 (mail->controls.track_links, kinds[i].wish) == 0)
            clicks = kinds[i].name;
    brev_body_add (body, "X-MC-Track: ");
    if (is_sealed || (!opens && clicks == NULL))
        brev_body_add (body, "none");
    else
        brev_body_add (body, opens ? "opens" : "");
    if (!is_sealed && clicks != NULL) {
        brev_body_add (body, opens ? "," : "");
        brev_body_add (body, clicks);
    }
    brev_body_add (body, "\r\n");
}

/* The message with its options above it. X-MC-PreserveRecipients leaves To and Cc as they are;
 * without it each recipient sees himself there and nobody else. But what is left of them when
 * there are several recipients, its users report, is all of them, blind copies too: each recipient
 * has a request of his own. */
static BrevBody *
make_message (const BrevMail *mail)
{
    BrevBody *body = brev_body_new ();

    brev_body_add (body, "X-MC-PreserveRecipients: true\r\n");
    add_tracking (body, mail);
    add_tag (body, mail->controls.tag);
    add_metadata (body, mail->controls.metadata);
    brev_body_add_body (body, mail->raw, BREV_AS_BYTES);
    return body;
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const BrevMail *mail = mails->pdata[0];
    g_autoptr (BrevBody) message = make_message (mail);
    BrevJson json = { .body = brev_body_new () };

    brev_json_open (&json, '{');
    brev_json_secret (&json, "key", token);
    brev_json_name (&json, "to");
    brev_json_open (&json, '[');
    for (guint i = 0; i < mail->n_recipients; i++)
        brev_json_text (&json, brev_mail_recipient (mail, i)->address);
    brev_json_close (&json, ']');
    brev_json_flag (&json, "async", FALSE);
    if (account->stream != NULL)
        brev_json_pair (&json, "ip_pool", account->stream);
    brev_json_name (&json, "raw_message");
    brev_json_body (&json, message, BREV_AS_JSON_MAIL);
    brev_json_close (&json, '}');
    return brev_http_request_new (endpoint, "/messages/send-raw", json.body);
}

#define MOST_COPIES 200 /* entries of a search: below 1 MB */

/* The words of a search are Lucene's: one address is a phrase. */
static char *
recipient_query (const char *address)
{
    GString *query = g_string_new ("email:\"");

    for (const char *p = address; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c (query, '\\');
        g_string_append_c (query, *p);
    }
    g_string_append_c (query, '"');
    return g_string_free (query, FALSE);
}

/* By the recipient, of the last 7 days: of metadata only what an administrator has made a field
 * of the index is searched, and no name with a hyphen. */
static BrevHttpRequest *
search (const BrevMail *mail, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    g_autofree char *query = recipient_query (brev_mail_recipient (mail, 0)->address);
    BrevJson json = { 0 };

    if (!brev_mail_has_queue_id (mail, error))
        return NULL;
    json.body = brev_body_new ();
    brev_json_open (&json, '{');
    brev_json_secret (&json, "key", token);
    brev_json_pair (&json, "query", query);
    brev_json_name (&json, "limit");
    brev_json_word (&json, G_STRINGIFY (MOST_COPIES));
    brev_json_close (&json, '}');
    return brev_http_request_new (endpoint, "/messages/search", json.body);
}

/* Reply. An error is {status: "error", code, name, message}, whose name says more than the
 * status of HTTP: 500 may stand for a wrong key. */

/* clang-format off */
static const BrevErrorRow rows[] = { /* the first that fits */
    { 0, "Invalid_Key",        NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0, "PaymentRequired",    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0, "PoorReputation",     NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0, "Unknown_Subaccount", NULL, NULL, BREV_HOLD (ACCOUNT), "4.3.5" },
    { 0, "RequestLimitExceeded", NULL, NULL, BREV_JUST (LATER), "4.3.2" },
    { 0, "ServiceUnavailable", NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 0, "GeneralError",       NULL, NULL, BREV_JUST (LATER),   "4.3.0" },
    { 0, "ValidationError",    "To", NULL, BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0, "ValidationError",    NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 403, NULL,               NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0 },
};

/* Why one recipient was rejected: those of its list of rejections, and those of the account. */
static const struct {
    const char *reason;
    BrevVerdictKind kind;
    BrevScope scope;
    const char *dsn;
} reasons[] = {
    { "hard-bounce",     BREV_JUST (REFUSED),   "5.2.1" },
    { "soft-bounce",     BREV_JUST (REFUSED),   "5.2.1" },
    { "spam",            BREV_JUST (REFUSED),   "5.7.1" },
    { "unsub",           BREV_JUST (REFUSED),   "5.7.1" },
    { "custom",          BREV_JUST (REFUSED),   "5.7.1" },
    { "invalid",         BREV_JUST (REFUSED),   "5.1.3" },
    { "invalid-sender",  BREV_HOLD (SENDER),    "4.7.1" },
    { "unsigned",        BREV_HOLD (SENDER),    "4.7.1" }, /* no DKIM or SPF of its domain */
    { "test-mode-limit", BREV_HOLD (ACCOUNT),   "4.7.1" },
    { "rule",            BREV_HOLD (RECIPIENT), "4.7.1" }, /* of the administrator's own */
};
/* clang-format on */

static void
read_error (const BrevHttpReply *reply, JsonObject *body, const GPtrArray *mails,
            const GPtrArray *outcomes)
{
    const char *name = brev_json_string (body, "name");
    const char *words = brev_json_string (body, "message");
    const BrevReplyError error = {
        .status = reply->status,
        .code = name,
        .field = brev_reply_field (words, mails->pdata[0]),
        .words = words,
        .recipient = -1,
    };
    gboolean is_known = name != NULL || reply->status < 500;

    brev_error_refuse (reply, rows, is_known ? &error : NULL,
                       brev_reply_retry_after (reply), mails, outcomes);
}

static void
set_accepted (JsonObject *result, const BrevMail *mail, BrevOutcome *outcome)
{
    g_autofree char *id = brev_reply_words (brev_json_string (result, "_id"));
    g_autofree char *words =
        brev_reply_words (brev_json_string (result, "queued_reason"));
    const BrevVerdict accepted = {
        .kind = BREV_VERDICT_ACCEPTED, .dsn = "2.0.0", .remote_id = id, .text = words
    };

    (void) brev_outcome_set (outcome, mail, brev_json_string (result, "email"),
                             &accepted);
}

/* For a reason that nobody knows, later. */
static void
set_rejected (JsonObject *result, const BrevMail *mail, BrevOutcome *outcome,
              const char *reason)
{
    g_autofree char *code = brev_reply_words (reason != NULL ? reason : "rejected");
    g_autofree char *words = g_strdup_printf ("rejected: %s", code != NULL ? code : "");
    BrevVerdict verdict = {
        .kind = BREV_VERDICT_LATER, .dsn = "4.0.0", .code = code, .text = words
    };

    for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
        if (g_strcmp0 (reason, reasons[i].reason) == 0) {
            verdict.kind = reasons[i].kind;
            verdict.scope = reasons[i].scope;
            verdict.dsn = reasons[i].dsn;
        }
    (void) brev_outcome_set (outcome, mail, brev_json_string (result, "email"), &verdict);
}

static void
read_result (JsonObject *result, const BrevMail *mail, BrevOutcome *outcome)
{
    static const char *const accepted[] = { "sent", "queued", "scheduled", NULL };
    const char *status = brev_json_string (result, "status");
    const char *id = brev_json_string (result, "_id");

    if (status == NULL || brev_json_string (result, "email") == NULL)
        return;
    if (g_strv_contains (accepted, status) && id != NULL && *id != '\0')
        set_accepted (result, mail, outcome);
    else if (strcmp (status, "rejected") == 0)
        set_rejected (result, mail, outcome, brev_json_string (result, "reject_reason"));
    else if (strcmp (status, "invalid") == 0)
        set_rejected (result, mail, outcome, "invalid");
}

/* Who has no result may have the mail all the same. */
static void
read_success (const BrevHttpReply *reply, JsonArray *results, const BrevMail *mail,
              BrevOutcome *outcome)
{
    guint n =
        results != NULL && reply->status == 200 ? json_array_get_length (results) : 0;

    brev_reply_set_strange (reply, outcome);
    for (guint i = 0; i < n; i++)
        read_result (brev_json_object (json_array_get_element (results, i)), mail,
                     outcome);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);
    gboolean is_error = g_strcmp0 (brev_json_string (body, "status"), "error") == 0;

    if (!brev_reply_is_success (reply) || (reply->status == 200 && is_error))
        read_error (reply, body, mails, outcomes);
    else
        read_success (reply, brev_json_array (root), mails->pdata[0], outcomes->pdata[0]);
}

/* What a search says: [{"_id", "email", "state", "metadata": {...}, ...}], of text messages,
 * too. */

static void
read_copy (JsonObject *entry, BrevCopy *copy)
{
    copy->id = brev_json_string (entry, "_id");
    copy->address = brev_json_string (entry, "email");
    copy->metadata = brev_json_object (brev_json_member (entry, "metadata"));
    copy->is_rejected = g_strcmp0 (brev_json_string (entry, "state"), "rejected") == 0;
}

/* A key that may not search is as wrong as one that does not exist; the next attempt to send
 * tells which. */
static void
read_search (const BrevHttpReply *reply, const BrevMail *mail, BrevOutcome *outcome)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *error = brev_json_object (root);
    gboolean is_wrong = g_strcmp0 (brev_json_string (error, "name"), "Invalid_Key") == 0;

    brev_search_find (reply, brev_json_array (root), brev_json_string (error, "message"),
                      read_copy, mail, outcome);
    brev_search_may_not_ask (is_wrong, outcome);
}

const BrevProvider brev_provider_mandrill = {
    .name = "mandrill",
    .title = "Mandrill",
    .url = "https://mandrillapp.com/api/1.4",
    .token_variable = "MANDRILL_API_KEY",
    .level = BREV_LEVEL_VALIDATED,
    .level_date = "2026-11-26",
    .level_by = "prism 5.14.2, mailchimp/mailchimp-client-lib-codegen 69fce60",
    .caps = BREV_CAP_RAW | BREV_CAP_BCC_ONLY | BREV_CAP_TAGS | BREV_CAP_METADATA |
            BREV_CAP_SEARCH,
    .takes_text = TRUE,
    .max_recipients = 1, /* see make_message() */
    .max_size = 25 * 1000 * 1000,
    .max_batch = 1,
    .max_tag = 50,
    .max_metadata_size = 250,
    .replaced = BREV_CARRIES (MESSAGE_ID),
    .encode = encode,
    .read = read_reply,
    .search = search,
    .read_search = read_search,
    /* Nothing is promised; that none is shown proves nothing, and is asked for three times as
     * long. */
    .index_time = 2 * BREV_MINUTE,
};
