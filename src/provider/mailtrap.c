/* SPDX-License-Identifier: MIT */

/* Mailtrap: JSON, one message a request or up to 500, with a result for each. No raw
 * message, no envelope apart from to, cc and bcc, no idempotency key; its list of sent mail
 * is at another host. Documentation read in 2026. */

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"
#include "provider/search.h"

/* Request. */

/* The sandbox keeps mail in an inbox, whose number stands in the path. */
static gboolean
check (const BrevAccount *account, const char *token, GError **error)
{
    const char *inbox = account->user;

    if (!account->sandbox ||
        (inbox != NULL && *inbox != '\0' && inbox[strspn (inbox, "0123456789")] == '\0'))
        return TRUE;
    return brev_throw (error, BREV_ERROR_CONFIG,
                       "account '%s': with sandbox = yes, \"user = NUMBER\" is the inbox "
                       "that takes the mail",
                       account->name);
}

static void
encode_mail (BrevJson *json, const BrevMail *mail)
{
    static const BrevAttachmentNames names = { .filename = "filename",
                                               .type = "type",
                                               .content = "content",
                                               .content_id = "content_id",
                                               .disposition = "disposition" };

    brev_json_open (json, '{');
    brev_json_name (json, "from");
    brev_json_mailbox (json, mail->from, "email", "name");
    brev_json_mailbox_list (json, "to", mail->to, "email", "name");
    brev_json_mailbox_list (json, "cc", mail->cc, "email", "name");
    brev_json_mailbox_list (json, "bcc", mail->bcc, "email", "name");
    brev_json_first_mailbox (json, "reply_to", mail->reply_to, "email", "name");
    brev_json_pair (json, "subject", mail->subject);
    brev_json_bodies (json, mail, "text", "html");
    brev_json_headers (json, "headers", mail);
    if (mail->controls.tag != NULL)
        brev_json_pair (json, "category", mail->controls.tag);
    brev_json_fields (json, "custom_variables", mail->controls.metadata);
    brev_json_attachments (json, "attachments", mail, &names, NULL);
    brev_json_close (json, '}');
}

static char *
path_of (const BrevAccount *account, gboolean is_batch)
{
    const char *path = is_batch ? "/api/batch" : "/api/send";

    return account->sandbox ? g_strconcat (path, "/", brev_account_user (account), NULL)
                            : g_strdup (path);
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    gboolean is_batch = mails->len > 1;
    BrevJson json = { .body = brev_body_new () };

    if (is_batch) { /* without a "base" that all would share */
        brev_json_open (&json, '{');
        brev_json_name (&json, "requests");
        brev_json_open (&json, '[');
    }
    for (guint i = 0; i < mails->len; i++)
        encode_mail (&json, mails->pdata[i]);
    if (is_batch) {
        brev_json_close (&json, ']');
        brev_json_close (&json, '}');
    }

    g_autofree char *path = path_of (account, is_batch);
    BrevHttpRequest *request = brev_http_request_new (endpoint, path, json.body);
    brev_http_request_bearer (request, token);
    return request;
}

#define MOST_ASKED 50 /* recipients: their addresses stand in the URL */

/* Its email logs: of the latest mail to these recipients. Custom variables are shown, and cannot be
 * searched for. */
static BrevHttpRequest *
search (const BrevMail *mail, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    g_autoptr (GString) path =
        g_string_new ("/api/email_logs?filters%5Bto%5D%5Boperator%5D=ci_equal");

    if (!brev_mail_has_queue_id (mail, error))
        return NULL;
    for (guint i = 0; i < MIN (mail->n_recipients, MOST_ASKED); i++) {
        g_autofree char *address =
            g_uri_escape_string (brev_mail_recipient (mail, i)->address, NULL, FALSE);
        g_string_append_printf (path, "&filters%%5Bto%%5D%%5Bvalue%%5D%%5B%%5D=%s",
                                address);
    }
    BrevHttpRequest *request = brev_http_request_get (endpoint, path->str);
    brev_http_request_bearer (request, token);
    return request;
}

/* Reply: {"success": true, "message_ids": [...]}, an id for each recipient in the order to,
 * cc, bcc, but one for all in the sandbox; of a batch {"success": true, "responses": [...]}
 * with one such object for each mail. An error is {"success": false, "errors": [words]},
 * also within a batch, whose status says 200 then. */

/* clang-format off */
static const BrevErrorRow rows[] = {
    { 401, NULL, NULL, NULL,                      BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   NULL, NULL, "unauthorized",            BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   NULL, NULL, "demo domain",             BREV_HOLD (SENDER),  "4.7.1" }, /* to the owner only */
    { 0,   NULL, NULL, "sending from domain",     BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   NULL, NULL, "not verified",            BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   NULL, NULL, "'from' address",          BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   NULL, NULL, "banned",                  BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   NULL, NULL, "suspended",               BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   NULL, NULL, "sending limit",           BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   NULL, NULL, "forbidden",               BREV_HOLD (ACCOUNT), "4.7.1" },
    { 403, NULL, NULL, NULL,                      BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   NULL, NULL, "is required",             BREV_JUST (PARK),    "4.5.0" },
    { 0,   NULL, NULL, "must specify",            BREV_JUST (PARK),    "4.5.0" }, /* no body */
    { 0,   NULL, NULL, "'to' address is invalid", BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   NULL, NULL, "'cc' address is invalid", BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   NULL, NULL, "'bcc' address is invalid", BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   NULL, NULL, "'reply_to' address is invalid", BREV_JUST (REFUSED), "5.6.0" },
    { 0 },
};
/* clang-format on */

/* Returns: (transfer full): of BrevReplyError; its words are @object's */
static GArray *
errors_of (const BrevHttpReply *reply, JsonObject *object)
{
    JsonArray *list = brev_json_array (brev_json_member (object, "errors"));
    GArray *errors = g_array_new (FALSE, FALSE, sizeof (BrevReplyError));

    for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
        JsonNode *node = json_array_get_element (list, i);
        const BrevReplyError error = {
            .status = reply->status,
            .words = json_node_get_value_type (node) == G_TYPE_STRING
                         ? json_node_get_string (node)
                         : NULL,
            .recipient = -1,
        };
        if (error.words != NULL)
            g_array_append_val (errors, error);
    }
    return errors;
}

/* Whether "success" is there, and @wanted. */
static gboolean
succeeds (JsonObject *object, gboolean wanted)
{
    JsonNode *node = brev_json_member (object, "success");

    return node != NULL && json_node_get_value_type (node) == G_TYPE_BOOLEAN &&
           json_node_get_boolean (node) == wanted;
}

/* Returns: (transfer full) (nullable) */
static char *
id_at (JsonArray *ids, guint index)
{
    JsonNode *node = json_array_get_element (ids, index);

    return json_node_get_value_type (node) == G_TYPE_STRING
               ? brev_reply_words (json_node_get_string (node))
               : NULL;
}

static void
accept (JsonArray *ids, const BrevMail *mail, BrevOutcome *outcome)
{
    for (guint i = 0; i < outcome->n; i++) {
        g_autofree char *id = id_at (ids, mail->is_sandboxed ? 0 : i);
        const BrevVerdict verdict = { .kind = BREV_VERDICT_ACCEPTED,
                                      .dsn = "2.0.0",
                                      .remote_id = id,
                                      .is_test = mail->is_sandboxed };
        if (id != NULL)
            (void) brev_outcome_set (outcome, mail,
                                     brev_mail_recipient (mail, i)->address, &verdict);
    }
}

/* What a success says of one mail. */
static void
read_result (const BrevHttpReply *reply, JsonObject *object, const BrevMail *mail,
             BrevOutcome *outcome)
{
    JsonArray *ids = brev_json_array (brev_json_member (object, "message_ids"));
    guint n_ids = ids != NULL ? json_array_get_length (ids) : 0;
    g_autoptr (GArray) errors = errors_of (reply, object);
    const BrevVerdict later = { .kind = BREV_VERDICT_LATER, .dsn = "4.0.0" };

    brev_reply_set_strange (reply, outcome);
    if (succeeds (object, TRUE) && n_ids == (mail->is_sandboxed ? 1 : outcome->n))
        accept (ids, mail, outcome);
    else if (succeeds (object, FALSE) && errors->len > 0 &&
             !brev_errors_judge (rows, errors, 0, mail, outcome))
        brev_outcome_set_all (outcome, &later);
}

static void
read_batch (const BrevHttpReply *reply, JsonObject *object, const GPtrArray *mails,
            const GPtrArray *outcomes)
{
    JsonArray *results = brev_json_array (brev_json_member (object, "responses"));
    gboolean fits = results != NULL && json_array_get_length (results) == mails->len;

    for (guint i = 0; i < mails->len; i++)
        read_result (reply,
                     fits ? brev_json_object (json_array_get_element (results, i)) : NULL,
                     mails->pdata[i], outcomes->pdata[i]);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *object = brev_json_object (root);
    g_autoptr (GArray) errors = errors_of (reply, object);
    gboolean is_success = brev_reply_is_success (reply);

    if (reply->status == 429 || reply->status >= 500)
        g_array_set_size (errors, 0);
    if (!is_success)
        brev_errors_refuse (reply, rows, errors, brev_reply_wait (reply, NULL, NULL),
                            mails, outcomes);
    else if (mails->len > 1)
        read_batch (reply, object, mails, outcomes);
    else
        read_result (reply, object, mails->pdata[0], outcomes->pdata[0]);
}

/* What a search says: {"messages": [{"message_id", "to", "custom_variables": {...}, "status",
 * ...}], ...}: one for each recipient, whatever became of it since it was accepted. */

static void
read_copy (JsonObject *entry, BrevCopy *copy)
{
    copy->id = brev_json_string (entry, "message_id");
    copy->address = brev_json_string (entry, "to");
    copy->metadata = brev_json_object (brev_json_member (entry, "custom_variables"));
}

/* A token that may send from a domain need not have a right to the logs. */
static void
read_search (const BrevHttpReply *reply, const BrevMail *mail, BrevOutcome *outcome)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *object = brev_json_object (root);
    JsonArray *entries = brev_json_array (brev_json_member (object, "messages"));

    brev_search_find (reply, entries, brev_json_string (object, "error"), read_copy, mail,
                      outcome);
    brev_search_may_not_ask (reply->status == 401, outcome);
}

static const char *const forbidden_headers[] = {
    "x-mt-*",
    NULL,
};

static const char *const regions[] = { "send", "bulk", NULL }; /* its two streams */

const BrevProvider brev_provider_mailtrap = {
    .name = "mailtrap",
    .title = "Mailtrap",
    .url = "https://send.api.mailtrap.io",
    .region_url = "https://{region}.api.mailtrap.io",
    .regions = regions,
    .sandbox_url = "https://sandbox.api.mailtrap.io",
    .token_variable = "MAILTRAP_API_TOKEN",
    .level = BREV_LEVEL_VALIDATED,
    .level_date = "2026-11-25",
    .level_by = "prism 5.14.2, mailtrap/mailtrap-openapi f96b352",
    .caps = BREV_CAP_STRUCTURED | BREV_CAP_BATCH | BREV_CAP_INLINE | BREV_CAP_HEADERS |
            BREV_CAP_BCC_ONLY | BREV_CAP_TAGS | BREV_CAP_METADATA | BREV_CAP_SANDBOX |
            BREV_CAP_SEARCH,
    .search_url = "https://mailtrap.io",
    .max_recipients = 1000,
    .max_size = 10 * 1000 * 1000,
    .max_batch = 500,
    .max_batch_size = 50 * 1000 * 1000,
    .max_tag = 255,
    .max_metadata_size = 1000,
    .max_reply_to = 1,
    .forbidden_headers = forbidden_headers,
    .carried = BREV_CARRIES (INLINE) | BREV_CARRIES (ATTACHMENT_CHARSET) |
               BREV_CARRIES (LIST_HEADERS) | BREV_CARRIES (RESENT),
    .encode = encode,
    .read = read_reply,
    .search = search,
    .read_search = read_search,
    .index_time = 2 * BREV_MINUTE, /* nothing is promised, and not found is no answer */
    .check = check,
};
