/* SPDX-License-Identifier: MIT */

/* Azure Communication Services, API of 2025-09-01, at the resource of the account's own: JSON,
 * one message a request, signed, accepted as an operation that has an id of ours. No raw
 * message, no envelope apart from to, cc and bcc, no display name in From. What a repeated id
 * does is not documented: it is asked for. Documents and specification read in 2026. */

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"
#include "provider/search.h"

#define VERSION "?api-version=2025-09-01"

/* An access key: base64, nothing else. */
static gboolean
is_key (const char *token)
{
    gsize length = strlen (token);
    gsize letters = strspn (
        token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

    return letters > 0 && length % 4 == 0 && length - letters <= 2 &&
           strspn (token + letters, "=") == length - letters;
}

static gboolean
check (const BrevAccount *account, const char *token, GError **error)
{
    if (is_key (token))
        return TRUE;
    return brev_throw (error, BREV_ERROR_CONFIG,
                       "the token of account '%s' is not an access key of Azure "
                       "Communication Services: that is base64, and no connection string",
                       account->name);
}

/* Request. */

static void
encode_content (BrevJson *json, const BrevMail *mail)
{
    brev_json_name (json, "content");
    brev_json_open (json, '{');
    brev_json_pair (json, "subject", mail->subject);
    brev_json_bodies (json, mail, "plainText", "html");
    brev_json_close (json, '}');
}

static void
encode_recipients (BrevJson *json, const BrevMail *mail)
{
    brev_json_name (json, "recipients");
    brev_json_open (json, '{');
    brev_json_mailbox_list (json, "to", mail->to, "address", "displayName");
    brev_json_mailbox_list (json, "cc", mail->cc, "address", "displayName");
    brev_json_mailbox_list (json, "bcc", mail->bcc, "address", "displayName");
    brev_json_close (json, '}');
}

static gboolean
wants_tracking (const BrevControls *controls)
{
    return g_strcmp0 (controls->track_opens, "yes") == 0 ||
           (controls->track_links != NULL && strcmp (controls->track_links, "none") != 0);
}

static void
encode_mail (BrevJson *json, const BrevMail *mail)
{
    static const BrevAttachmentNames names = { .filename = "name",
                                               .type = "contentType",
                                               .content = "contentInBase64",
                                               .content_id = "contentId",
                                               .has_bare_type = TRUE };

    brev_json_open (json, '{');
    brev_json_pair (json, "senderAddress", mail->from->address);
    encode_content (json, mail);
    encode_recipients (json, mail);
    brev_json_mailbox_list (json, "replyTo", mail->reply_to, "address", "displayName");
    brev_json_headers_and_id (json, "headers", mail); /* kept, if new to Azure */
    brev_json_attachments (json, "attachments", mail, &names, NULL);
    brev_json_flag (json, "userEngagementTrackingDisabled",
                    !wants_tracking (&mail->controls));
    brev_json_close (json, '}');
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    g_autofree char *key = brev_mails_key (mails);
    BrevJson json = { .body = brev_body_new () };

    encode_mail (&json, mails->pdata[0]);
    BrevHttpRequest *request =
        brev_http_request_new (endpoint, "/emails:send" VERSION, json.body);
    if (key != NULL)
        brev_http_request_header (request, "Operation-Id", key, FALSE);
    brev_http_request_sign (request, BREV_SIGN_AZURE, NULL, token);
    return request;
}

static BrevHttpRequest *
search (const BrevMail *mail, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    g_autofree char *path = NULL;

    if (mail->key == NULL) {
        (void) brev_throw (error, BREV_ERROR_INPUT, "its request had no Operation-Id");
        return NULL;
    }
    path = g_strconcat ("/emails/operations/", mail->key, VERSION, NULL);
    BrevHttpRequest *request = brev_http_request_get (endpoint, path);
    brev_http_request_sign (request, BREV_SIGN_AZURE, NULL, token);
    return request;
}

/* Reply: 202 {"id", "status": "Running"}; an error is {"error": {"code", "message"}}. Its codes
 * are not listed anywhere: these are those that its users report. */

/* clang-format off */
static const BrevErrorRow rows[] = { /* the first that fits */
    { 401, NULL,                    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" }, /* "Denied": key, clock, resource */
    { 0,   "Denied",                NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "Unauthorized",          NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "TooManyRequests",       NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 429, NULL,                    NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 0,   "DomainNotLinked",       NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "InvalidSenderUserName", NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   NULL, NULL, "sender domain",         BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   NULL, NULL, "sender username",       BREV_HOLD (SENDER),  "4.7.1" },
    { 403, NULL,                    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 409, NULL,                    NULL, NULL, BREV_JUST (UNKNOWN), "4.4.2" }, /* it may have that id */
    { 0,   "EmailDroppedAllRecipientsSuppressed", NULL, NULL, BREV_JUST (REFUSED), "5.2.1" },
    { 0,   "InvalidEmailAddress",   "To",   NULL, BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "InvalidEmailAddress",   "only", "recipient", BREV_JUST (REFUSED), "5.1.3" },
    { 400, NULL, "To",   "format for email address", BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "InvalidEmailAddress",   NULL,   NULL, BREV_JUST (PARK),    "4.5.0" }, /* whose? */
    { 400, NULL, NULL, "attachment",              BREV_JUST (REFUSED), "5.6.1" },
    { 413, NULL,                    NULL,   NULL, BREV_JUST (REFUSED), "5.3.4" },
    { 400, NULL,                    NULL,   NULL, BREV_JUST (PARK),    "4.5.0" },
    { 422, NULL,                    NULL,   NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0 },
};
/* clang-format on */

/* In the body, or in a header field alone. */
static void
read_error (const BrevHttpReply *reply, JsonObject *body, const GPtrArray *mails,
            const GPtrArray *outcomes)
{
    JsonObject *object = brev_json_object (brev_json_member (body, "error"));
    const char *code = brev_json_string (object, "code");
    const char *words = brev_json_string (object, "message");
    const BrevReplyError error = {
        .status = reply->status,
        .code = code != NULL ? code : brev_http_reply_header (reply, "x-ms-error-code"),
        .field = brev_reply_field (words, mails->pdata[0]),
        .words = words,
        .recipient = -1,
    };
    gboolean is_theirs = reply->status < 500 && error.code != NULL;

    brev_error_refuse (reply, rows, is_theirs ? &error : NULL,
                       brev_reply_retry_after (reply), mails, outcomes);
}

/* Returns: (transfer full) (nullable): the id of an operation that sends, or has sent */
static char *
running_id (JsonObject *body)
{
    static const char *const good[] = { "NotStarted", "Running", "Succeeded", NULL };
    const char *status = brev_json_string (body, "status");
    const char *id = brev_json_string (body, "id");

    return status != NULL && id != NULL && *id != '\0' && g_strv_contains (good, status)
               ? brev_reply_words (id)
               : NULL;
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);
    g_autofree char *id = running_id (body);

    if (brev_reply_is_success (reply))
        brev_reply_accept (reply, 202, id, mails->pdata[0], outcomes->pdata[0]);
    else
        read_error (reply, body, mails, outcomes);
}

/* What a search says: the operation, which is ours when it shows our id; 404 and an error when
 * there is none. One that failed may have been sent to some: that is no answer. */
static void
read_search (const BrevHttpReply *reply, const BrevMail *mail, BrevOutcome *outcome)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);
    JsonObject *error = brev_json_object (brev_json_member (body, "error"));
    g_autofree char *id = running_id (body);
    const BrevVerdict found = { .kind = BREV_VERDICT_ACCEPTED,
                                .dsn = "2.0.0",
                                .remote_id = id };
    const BrevVerdict absent = { .kind = BREV_VERDICT_AGAIN, .dsn = "4.4.2" };

    if (reply->status == 200 && id != NULL && mail->key != NULL &&
        g_ascii_strcasecmp (id, mail->key) == 0)
        brev_outcome_set_all (outcome, &found);
    else if (reply->status == 404 && brev_json_string (error, "code") != NULL)
        brev_outcome_set_all (outcome, &absent);
    else
        brev_search_no_answer (reply, NULL, outcome);
}

const BrevProvider brev_provider_azure = {
    .name = "azure",
    .title = "Azure",
    .url = "https://azure.invalid",
    .endpoint_form = "https://RESOURCE.communication.azure.com",
    .token_variable = "AZURE_COMMUNICATION_ACCESS_KEY",
    .level = BREV_LEVEL_DOCUMENTS,
    .level_date = "2026-11-25",
    .level_by = "Azure/azure-rest-api-specs 6e3a232",
    .caps = BREV_CAP_STRUCTURED | BREV_CAP_INLINE | BREV_CAP_HEADERS | BREV_CAP_SEARCH |
            BREV_CAP_NAMES,
    .max_recipients = 50,
    .max_size = 10 * 1000 * 1000,
    .max_batch = 1,
    .has_no_from_name = TRUE,
    .carried = BREV_CARRIES (MESSAGE_ID) | BREV_CARRIES (INLINE) |
               BREV_CARRIES (FILE_NAME) | BREV_CARRIES (LIST_HEADERS) |
               BREV_CARRIES (RESENT),
    .check = check,
    .encode = encode,
    .read = read_reply,
    .search = search,
    .read_search = read_search,
    .index_time = 10 * BREV_MINUTE, /* nothing is promised */
};
