/* SPDX-License-Identifier: MIT */

/* Gmail API, v1: the message itself as an upload; who receives it stands in its header, from
 * which Gmail takes Bcc out. Tokens of OAuth 2, by a refresh token. No idempotency key; its
 * search needs the right to read the mailbox.
 * https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/send
 * and .../guides/handle-errors, read in 2026. */

#include <string.h>

#include "base/error.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"

/* Google gives tokens for a mailbox to nobody but who has its refresh token. */
static gboolean
check (const BrevAccount *account, const char *token, GError **error)
{
    return strchr (token, ':') != NULL ||
           brev_throw (error, BREV_ERROR_CONFIG,
                       "account '%s': the token of Gmail is SECRET:REFRESH-TOKEN",
                       account->name);
}

/* Request. */

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const BrevMail *mail = mails->pdata[0];
    const char *user = account->user != NULL ? account->user : "me";
    g_autofree char *escaped = g_uri_escape_string (user, "@", FALSE);
    g_autofree char *path = g_strdup_printf (
        "/upload/gmail/v1/users/%s/messages/send?uploadType=media", escaped);
    BrevHttpRequest *request = brev_http_request_typed (endpoint, path, "message/rfc822",
                                                        brev_body_share (mail->raw));

    brev_http_request_bearer (request, token);
    return request;
}

/* Reply: {id, threadId, labelIds}, or {error: {code, message, errors: [{reason}]}}. */

/* clang-format off */
static const BrevErrorRow rows[] = { /* the first that fits */
    { 0,   "rateLimitExceeded",     NULL, NULL, BREV_JUST (LATER),   "4.7.0" },
    { 0,   "userRateLimitExceeded", NULL, NULL, BREV_JUST (LATER),   "4.7.0" },
    { 0,   "backendError",          NULL, NULL, BREV_JUST (LATER),   "4.3.0" },
    { 0,   "quotaExceeded",         NULL, NULL, BREV_JUST (LATER),   "4.7.0" },
    { 0,   "dailyLimitExceeded",    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.0" },
    { 401, NULL,                    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 403, NULL,                    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 404, NULL,                    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" }, /* the mailbox */
    { 400, "failedPrecondition",    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 400, NULL, NULL, "Recipient address required",  BREV_JUST (PARK),    "4.5.0" },
    { 400, NULL, NULL, "Invalid To header",           BREV_JUST (REFUSED), "5.1.3", .is_named = TRUE },
    { 400, NULL, NULL, "Invalid Cc header",           BREV_JUST (REFUSED), "5.1.3", .is_named = TRUE },
    { 400, NULL, NULL, "Invalid Bcc header",          BREV_JUST (REFUSED), "5.1.3", .is_named = TRUE },
    { 400, NULL, NULL, "too large",                   BREV_JUST (REFUSED), "5.3.4" },
    { 400, NULL,                    NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0 },
};
/* clang-format on */

static void
read_error (const BrevHttpReply *reply, JsonObject *body, const GPtrArray *mails,
            const GPtrArray *outcomes)
{
    JsonObject *fault = brev_json_object (brev_json_member (body, "error"));
    JsonNode *errors = brev_json_member (fault, "errors");
    JsonObject *first =
        brev_json_object (errors != NULL ? brev_json_walk (errors, "0") : NULL);
    const BrevReplyError error = {
        .status = reply->status,
        .code = brev_json_string (first, "reason"),
        .words = brev_json_string (fault, "message"),
        .recipient = -1,
    };

    brev_error_refuse (reply, rows, fault != NULL ? &error : NULL,
                       brev_reply_retry_after (reply), mails, outcomes);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);

    if (brev_reply_is_success (reply))
        brev_reply_accept (reply, 200, brev_json_string (body, "id"), mails->pdata[0],
                           outcomes->pdata[0]);
    else
        read_error (reply, body, mails, outcomes);
}

const BrevProvider brev_provider_gmail = {
    .name = "gmail",
    .title = "Gmail",
    .url = "https://gmail.googleapis.com",
    .token_variable = "GMAIL_TOKEN",
    .token_url = "https://oauth2.googleapis.com/token",
    .level = BREV_LEVEL_DOCUMENTS,
    .level_date = "2026-11-26",
    .level_by = "Gmail's documents",
    .caps = BREV_CAP_RAW | BREV_CAP_HEADER_ENVELOPE | BREV_CAP_BCC_ONLY,
    .max_recipients = 500,
    .max_size = (guint64) 35 * 1024 * 1024,
    .max_batch = 1,
    .replaced = BREV_CARRIES (MESSAGE_ID),
    .check = check,
    .encode = encode,
    .read = read_reply,
};
