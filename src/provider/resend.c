/* SPDX-License-Identifier: MIT */

/* Resend: JSON, one message a request or up to 100 without attachments in an array. No raw
 * message, no envelope apart from to, cc and bcc. An Idempotency-Key, remembered for 24
 * hours, makes a repeated request harmless. Documentation read in 2026. */

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "message/address.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"

/* Request. */

/* A type that the extension contradicts makes the mail vanish: it is taken and never
 * delivered. Without a type the name decides. */
static void
encode_attachments (BrevJson *json, const BrevMail *mail)
{
    static const BrevAttachmentNames names = {
        .filename = "filename",
        .type = "content_type",
        .content = "content",
        .content_id = "content_id",
        .has_fitting_type = TRUE,
    };

    brev_json_attachments (json, "attachments", mail, &names, NULL);
}

#define TAG_NAME "tag" /* among the others, which are metadata */

static void
encode_tag (BrevJson *json, const char *name, const char *value)
{
    brev_json_named_value (json, "name", name, "value", value);
}

static void
encode_tags (BrevJson *json, const BrevControls *controls)
{
    const GPtrArray *metadata = controls->metadata;

    if (controls->tag == NULL && (metadata == NULL || metadata->len == 0))
        return;
    brev_json_name (json, "tags");
    brev_json_open (json, '[');
    if (controls->tag != NULL)
        encode_tag (json, TAG_NAME, controls->tag);
    for (guint i = 0; metadata != NULL && i < metadata->len; i++) {
        const BrevHeader *field = metadata->pdata[i];
        encode_tag (json, field->name, field->text);
    }
    brev_json_close (json, ']');
}

static void
encode_mail (BrevJson *json, const BrevMail *mail)
{
    g_autofree char *from = brev_mailbox_format (mail->from, FALSE);

    brev_json_open (json, '{');
    brev_json_pair (json, "from", from);
    brev_json_mailbox_texts (json, "to", mail->to);
    brev_json_mailbox_texts (json, "cc", mail->cc);
    brev_json_mailbox_texts (json, "bcc", mail->bcc);
    brev_json_mailbox_texts (json, "reply_to", mail->reply_to);
    brev_json_pair (json, "subject", mail->subject);
    brev_json_bodies (json, mail, "text", "html");
    brev_json_headers (json, "headers", mail);
    encode_tags (json, &mail->controls);
    encode_attachments (json, mail);
    brev_json_close (json, '}');
}

static gboolean
may_share_request (const GPtrArray *mails)
{
    for (guint i = 0; mails->len > 1 && i < mails->len; i++)
        if (((BrevMail *) mails->pdata[i])->message->attachments->len > 0)
            return FALSE;
    return TRUE;
}

static void
add_key (BrevHttpRequest *request, const GPtrArray *mails)
{
    g_autofree char *key = brev_mails_key (mails);

    if (key != NULL)
        brev_http_request_header (request, "Idempotency-Key", key, FALSE);
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    gboolean is_batch = mails->len > 1;
    BrevJson json = { 0 };

    if (!may_share_request (mails)) {
        (void) brev_throw (error, BREV_ERROR_INPUT,
                           "a batch takes no mail with attachments");
        return NULL;
    }
    json.body = brev_body_new ();
    if (is_batch)
        brev_json_open (&json, '[');
    for (guint i = 0; i < mails->len; i++)
        encode_mail (&json, mails->pdata[i]);
    if (is_batch)
        brev_json_close (&json, ']');

    BrevHttpRequest *request = brev_http_request_new (
        endpoint, is_batch ? "/emails/batch" : "/emails", json.body);
    brev_http_request_bearer (request, token);
    add_key (request, mails);
    if (is_batch) /* one bad mail is not the others' fault */
        brev_http_request_header (request, "x-batch-validation", "permissive", FALSE);
    return request;
}

/* Reply: {"id": ...}, of a batch {"data": [{"id": ...}], "errors": [{"index": 1,
 * "message": ...}]}; an error is {"statusCode": 422, "name": ..., "message": ...}. */

/* clang-format off */
static const BrevErrorRow rows[] = {
    { 0,   "missing_api_key",          NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "restricted_api_key",       NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "invalid_api_key",          NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "suspended_api_key",        NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 401, NULL,                       NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 400, NULL,                       NULL, "api key", BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "invalid_from_address",     NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 403, "validation_error",         NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" }, /* domain, tests only */
    { 0,   "invalid_access",           NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   "monthly_quota_exceeded",   NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   "daily_quota_exceeded",     NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 0,   "rate_limit_exceeded",      NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 409, "concurrent_idempotent_requests", NULL, NULL, BREV_JUST (LATER), "4.3.2" },
    { 409, "invalid_idempotent_request", NULL, NULL, BREV_JUST (PARK),  "4.5.0" }, /* another body */
    { 0,   "invalid_idempotency_key",  NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "missing_required_field",   NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "invalid_parameter",        NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "security_error",           NULL, NULL, BREV_JUST (PARK),    "4.7.0" },
    { 0,   "invalid_attachment",       NULL, NULL, BREV_JUST (REFUSED), "5.6.1" },
    { 0,   "validation_error",         NULL, "`from`",     BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "validation_error",         NULL, "`reply_to`", BREV_JUST (REFUSED), "5.6.0" },
    { 0,   "validation_error",         NULL, "`to`",       BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "validation_error",         NULL, "`cc`",       BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "validation_error",         NULL, "`bcc`",      BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "validation_error",         NULL, "attachment", BREV_JUST (REFUSED), "5.6.1" },
    { 0,   "validation_error",         NULL, NULL,         BREV_JUST (PARK),    "4.5.0" },
    { 0 },
};
/* clang-format on */

static gint64
wait_of (const BrevHttpReply *reply, const char *code)
{
    gint64 after = brev_reply_wait (reply, "ratelimit-reset", NULL);

    /* Some 24 hours after the first mail: nobody says when that was. */
    return g_strcmp0 (code, "daily_quota_exceeded") == 0 ? MAX (after, BREV_HOUR) : after;
}

static void
refuse (const BrevHttpReply *reply, JsonNode *root, const GPtrArray *mails,
        const GPtrArray *outcomes)
{
    JsonObject *object = brev_json_object (root);
    const BrevReplyError error = {
        .status = reply->status,
        .code = brev_json_string (object, "name"),
        .words = brev_json_string (object, "message"),
        .recipient = -1,
    };

    brev_error_refuse (reply, rows, error.code != NULL ? &error : NULL,
                       wait_of (reply, error.code), mails, outcomes);
}

static void
accept_one (const BrevHttpReply *reply, JsonNode *node, const BrevMail *mail,
            BrevOutcome *outcome)
{
    const char *id = brev_json_string (brev_json_object (node), "id");

    brev_reply_accept (reply, 200, id, mail, outcome);
}

/* One mail of a batch that was refused, the others were not. */
static void
refuse_one (const BrevHttpReply *reply, JsonObject *fault, const BrevMail *mail,
            BrevOutcome *outcome)
{
    g_autoptr (GArray) errors = g_array_new (FALSE, FALSE, sizeof (BrevReplyError));
    const BrevReplyError error = { .status = 422,
                                   .code = "validation_error",
                                   .words = brev_json_string (fault, "message"),
                                   .recipient = -1 };

    g_array_append_val (errors, error);
    if (!brev_errors_judge (rows, errors, 0, mail, outcome))
        brev_reply_set_strange (reply, outcome);
}

/* Returns: (transfer container): for each mail the error that names it, or NULL; NULL when
 * the errors are none of these mails' */
static JsonObject **
sort_errors (JsonArray *list, guint n_mails, guint *n_errors)
{
    g_autofree JsonObject **faults = g_new0 (JsonObject *, n_mails);

    *n_errors = list != NULL ? json_array_get_length (list) : 0;
    for (guint i = 0; i < *n_errors; i++) {
        JsonObject *fault = brev_json_object (json_array_get_element (list, i));
        gint64 index;
        if (!brev_json_integer (fault, "index", &index) || index < 0 ||
            index >= n_mails || faults[index] != NULL)
            return NULL;
        faults[index] = fault;
    }
    return g_steal_pointer (&faults);
}

/* The ids are those of the mails without an error, in their order. */
static void
read_batch (const BrevHttpReply *reply, JsonNode *root, const GPtrArray *mails,
            const GPtrArray *outcomes)
{
    JsonObject *object = brev_json_object (root);
    JsonArray *ids = brev_json_array (brev_json_member (object, "data"));
    guint n_errors, next = 0;
    g_autofree JsonObject **faults = sort_errors (
        brev_json_array (brev_json_member (object, "errors")), mails->len, &n_errors);
    gboolean fits = ids != NULL && faults != NULL &&
                    json_array_get_length (ids) + n_errors == mails->len;

    for (guint i = 0; i < mails->len; i++) {
        if (!fits)
            brev_reply_set_strange (reply, outcomes->pdata[i]);
        else if (faults[i] != NULL)
            refuse_one (reply, faults[i], mails->pdata[i], outcomes->pdata[i]);
        else
            accept_one (reply, json_array_get_element (ids, next++), mails->pdata[i],
                        outcomes->pdata[i]);
    }
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    gboolean is_success = brev_reply_is_success (reply);

    if (!is_success)
        refuse (reply, root, mails, outcomes);
    else if (mails->len > 1)
        read_batch (reply, root, mails, outcomes);
    else
        accept_one (reply, root, mails->pdata[0], outcomes->pdata[0]);
}

static const char *const forbidden_headers[] = {
    "idempotency-key",
    "resend-idempotency-key",
    NULL,
};

const BrevProvider brev_provider_resend = {
    .name = "resend",
    .title = "Resend",
    .url = "https://api.resend.com",
    .token_variable = "RESEND_API_KEY",
    .level = BREV_LEVEL_VALIDATED,
    .level_date = "2026-11-25",
    .level_by = "prism 5.14.2, resend/resend-openapi fd6f395",
    .caps = BREV_CAP_STRUCTURED | BREV_CAP_BATCH | BREV_CAP_IDEMPOTENCY |
            BREV_CAP_INLINE | BREV_CAP_HEADERS | BREV_CAP_TAGS | BREV_CAP_METADATA |
            BREV_CAP_SMTP,
    .smtp_url = "smtps://smtp.resend.com:465",
    .smtp_user = "resend",
    .key_time = BREV_DAY,
    .max_recipients = 50,
    .max_size = 40 * 1024 * 1024,
    .max_batch = 100,
    .max_batch_size = 40 * 1000 * 1000,
    .max_tag = 256,
    .tag_name = TAG_NAME,
    .max_metadata_key = 256,
    .max_metadata_value = 256,
    .tag_chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
    .forbidden_headers = forbidden_headers,
    .has_fitting_types = TRUE,
    .carried = BREV_CARRIES (INLINE) | BREV_CARRIES (FILE_NAME) |
               BREV_CARRIES (ATTACHMENT_CHARSET) | BREV_CARRIES (LIST_HEADERS) |
               BREV_CARRIES (RESENT),
    .encode = encode,
    .read = read_reply,
};
