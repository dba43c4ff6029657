/* SPDX-License-Identifier: MIT */

/* SMTP2GO, v3 email/mime: the message itself as base64 in JSON, one a request; who receives it
 * stands in its header. Nobody says that Bcc is taken out there before others see it, so blind
 * copies are mails of their own. No idempotency key. Documentation read in 2026. */

#include "base/clock.h"
#include "base/error.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"
#include "provider/search.h"

/* Request. */

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const BrevMail *mail = mails->pdata[0];
    BrevJson json = { .body = brev_body_new () };

    brev_json_open (&json, '{');
    brev_json_name (&json, "mime_email");
    brev_json_body (&json, mail->raw, BREV_AS_BASE64);
    brev_json_flag (&json, "fastaccept", FALSE);
    brev_json_close (&json, '}');
    BrevHttpRequest *request = brev_http_request_new (endpoint, "/email/mime", json.body);
    brev_http_request_header (request, "X-Smtp2go-Api-Key", token, TRUE);
    return request;
}

/* Whether the Message-ID is ours: one that an application wrote may be on other mail, too. */
static gboolean
has_own_message_id (const BrevMail *mail)
{
    g_autofree char *begin = g_strconcat ("<", mail->queue_id, "@", NULL);

    return mail->message_id != NULL && g_str_has_prefix (mail->message_id, begin);
}

#define MOST_EVENTS "1000" /* of an answer */

/* Of the day, to the first recipient: the events name the others. */
static BrevHttpRequest *
search (const BrevMail *mail, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    BrevJson json = { 0 };

    if (!has_own_message_id (mail)) {
        (void) brev_throw (error, BREV_ERROR_INPUT,
                           "its Message-ID is not brevdue's own");
        return NULL;
    }
    json.body = brev_body_new ();
    brev_json_open (&json, '{');
    brev_json_pair (&json, "search_recipient", brev_mail_recipient (mail, 0)->address);
    brev_json_name (&json, "event_types");
    brev_json_open (&json, '[');
    brev_json_text (&json, "processed");
    brev_json_close (&json, ']');
    brev_json_name (&json, "custom_headers");
    brev_json_open (&json, '[');
    brev_json_text (&json, "Message-ID");
    brev_json_close (&json, ']');
    brev_json_name (&json, "limit");
    brev_json_word (&json, MOST_EVENTS);
    brev_json_close (&json, '}');
    BrevHttpRequest *request =
        brev_http_request_new (endpoint, "/activity/search", json.body);
    brev_http_request_header (request, "X-Smtp2go-Api-Key", token, TRUE);
    return request;
}

/* Reply: {"request_id", "data": {"succeeded": 1, "failed": 0, "failures": [words],
 * "email_id"}}, where a mail counts as one whatever its recipients; an error has "error_code",
 * "error" and perhaps "field_validation_errors": {"fieldname", "message"} in "data", some of it
 * at the root. */

#define CODE(name) "E_ApiResponseCodes." name

/* clang-format off */
static const BrevErrorRow rows[] = { /* the first that fits */
    { 401, NULL, NULL, NULL,                     BREV_HOLD (ACCOUNT), "4.7.8" },
    { 402, NULL, NULL, NULL,                     BREV_HOLD (ACCOUNT), "4.7.1" },
    { 403, NULL, NULL, NULL,                     BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   CODE ("ENDPOINT_PERMISSION_DENIED"), NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   NULL, NULL, "api key",                BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   NULL, NULL, "suppress",               BREV_JUST (REFUSED), "5.2.1", TRUE },
    { 0,   NULL, NULL, "blocked",                BREV_JUST (REFUSED), "5.2.1", TRUE },
    { 0,   NULL, NULL, "verified",               BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   CODE ("NON_VALIDATING_IN_PAYLOAD"), "sender",      NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   CODE ("NON_VALIDATING_IN_PAYLOAD"), "to",          NULL, BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   CODE ("NON_VALIDATING_IN_PAYLOAD"), "cc",          NULL, BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   CODE ("NON_VALIDATING_IN_PAYLOAD"), "bcc",         NULL, BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   CODE ("NON_VALIDATING_IN_PAYLOAD"), "attachments", NULL, BREV_JUST (REFUSED), "5.6.1" },
    { 0,   CODE ("NON_VALIDATING_IN_PAYLOAD"), NULL,          NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0 },
};
/* clang-format on */

/* (nullable): @name of what stands in "data", else of the whole */
static const char *
string_of (JsonObject *body, const char *name)
{
    JsonObject *data = brev_json_object (brev_json_member (body, "data"));
    const char *own = brev_json_string (data, name);

    return own != NULL ? own : brev_json_string (body, name);
}

static void
refuse (const BrevHttpReply *reply, JsonObject *body, const GPtrArray *mails,
        const GPtrArray *outcomes)
{
    JsonObject *data = brev_json_object (brev_json_member (body, "data"));
    JsonObject *field =
        brev_json_object (brev_json_member (data, "field_validation_errors"));
    const char *words = brev_json_string (field, "message");
    gint64 after = brev_reply_wait (reply, NULL, NULL);
    const BrevReplyError error = {
        .status = reply->status,
        .code = string_of (body, "error_code"),
        .field = brev_json_string (field, "fieldname"),
        .words = words != NULL ? words : string_of (body, "error"),
        .recipient = -1,
    };
    gboolean is_judged =
        error.code != NULL && reply->status != 429 && reply->status <= 499;

    if (reply->status == 429 && error.code != NULL) /* counted anew each minute */
        after = MAX (after, BREV_MINUTE);
    brev_error_refuse (reply, rows, is_judged ? &error : NULL, after, mails, outcomes);
}

/* The mail failed, and why is in words alone. */
static void
read_failure (const BrevHttpReply *reply, JsonObject *data, const BrevMail *mail,
              BrevOutcome *outcome)
{
    g_autoptr (GArray) errors = g_array_new (FALSE, FALSE, sizeof (BrevReplyError));
    JsonArray *failures = brev_json_array (brev_json_member (data, "failures"));
    g_autoptr (JsonNode) node = json_node_init_array (json_node_alloc (), failures);
    g_autofree char *words = failures != NULL ? json_to_string (node, FALSE) : NULL;
    const BrevReplyError error = { .status = 200, .words = words, .recipient = -1 };
    const BrevVerdict later = { .kind = BREV_VERDICT_LATER,
                                .dsn = "4.0.0",
                                .text = words };

    g_array_append_val (errors, error);
    if (!brev_errors_judge (rows, errors, 0, mail, outcome))
        brev_outcome_set_all (outcome, &later);
}

static void
read_success (const BrevHttpReply *reply, JsonObject *body, const BrevMail *mail,
              BrevOutcome *outcome)
{
    JsonObject *data = brev_json_object (brev_json_member (body, "data"));
    g_autofree char *id = brev_reply_words (brev_json_string (data, "email_id"));
    gint64 succeeded = 0, failed = 0;
    const BrevVerdict accepted = { .kind = BREV_VERDICT_ACCEPTED,
                                   .dsn = "2.0.0",
                                   .remote_id = id };

    brev_reply_set_strange (reply, outcome);
    if (!brev_json_integer (data, "succeeded", &succeeded) ||
        !brev_json_integer (data, "failed", &failed))
        return;
    if (succeeded == 1 && failed == 0)
        brev_outcome_set_all (outcome, &accepted);
    else if (succeeded == 0 && failed == 1)
        read_failure (reply, data, mail, outcome);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);

    if (brev_reply_is_success (reply))
        read_success (reply, body, mails->pdata[0], outcomes->pdata[0]);
    else
        refuse (reply, body, mails, outcomes);
}

/* What a search says: {"data": {"events": [{"event": "processed", "recipient", "recipients",
 * "email_id", "custom_headers": {"Message-ID": ...}, ...}], ...}}. It begins at midnight, and
 * nobody says how soon it shows a mail: not found says nothing. */

static gboolean
is_event_of (JsonObject *event, const BrevMail *mail)
{
    JsonObject *headers = brev_json_object (brev_json_member (event, "custom_headers"));
    const char *id = brev_json_string (headers, "Message-ID");

    return g_strcmp0 (brev_json_string (event, "event"), "processed") == 0 &&
           has_own_message_id (mail) && g_strcmp0 (id, mail->message_id) == 0;
}

static void
judge_event (JsonObject *event, const BrevMail *mail, BrevOutcome *outcome)
{
    JsonArray *list = brev_json_array (brev_json_member (event, "recipients"));
    const char *recipient = brev_json_string (event, "recipient");
    g_autofree char *id = brev_reply_words (brev_json_string (event, "email_id"));
    const BrevVerdict found = { .kind = BREV_VERDICT_ACCEPTED,
                                .dsn = "2.0.0",
                                .remote_id = id };

    if (recipient != NULL)
        (void) brev_outcome_set (outcome, mail, recipient, &found);
    for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
        JsonNode *node = json_array_get_element (list, i);
        if (json_node_get_value_type (node) == G_TYPE_STRING)
            (void) brev_outcome_set (outcome, mail, json_node_get_string (node), &found);
    }
}

/* A key has permissions for each endpoint. */
static void
read_search (const BrevHttpReply *reply, const BrevMail *mail, BrevOutcome *outcome)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);
    JsonArray *events = brev_json_array (brev_json_walk (root, "data.events"));
    gboolean is_denied = g_strcmp0 (string_of (body, "error_code"),
                                    CODE ("ENDPOINT_PERMISSION_DENIED")) == 0;

    brev_search_no_answer (reply, string_of (body, "error"), outcome);
    brev_search_may_not_ask (is_denied && !brev_reply_is_success (reply), outcome);
    if (reply->status != 200 || events == NULL)
        return;
    for (guint i = 0; i < json_array_get_length (events); i++) {
        JsonObject *event = brev_json_object (json_array_get_element (events, i));
        if (is_event_of (event, mail))
            judge_event (event, mail, outcome);
    }
}

static const char *const regions[] = { "global", "us", "eu", "au", NULL };

const BrevProvider brev_provider_smtp2go = {
    .name = "smtp2go",
    .title = "SMTP2GO",
    .url = "https://api.smtp2go.com/v3",
    .region_url = "https://{region}-api.smtp2go.com/v3",
    .regions = regions,
    .token_variable = "SMTP2GO_API_KEY",
    .level = BREV_LEVEL_VALIDATED,
    .level_date = "2026-11-26",
    .level_by = "prism 5.14.2, SMTP2GO's document of v3",
    .caps = BREV_CAP_RAW | BREV_CAP_HEADER_ENVELOPE | BREV_CAP_SEARCH,
    .max_recipients = 100,
    .max_size = 50 * 1000 * 1000,
    .max_batch = 1,
    .replaced = BREV_CARRIES (MESSAGE_ID),
    .encode = encode,
    .read = read_reply,
    .search = search,
    .read_search = read_search,
    .index_time =
        2 * BREV_MINUTE, /* how often it is asked in vain: nothing is promised */
};
