/* SPDX-License-Identifier: MIT */

/* Microsoft Graph, v1.0, sendMail: the message itself in base64; who receives it stands in its
 * header. Nobody says that Bcc is taken out of that, so blind copies are mails of their own.
 * Tokens of OAuth 2, by the application's secret. No idempotency key, no search without the
 * right to read the mailbox.
 * https://learn.microsoft.com/en-us/graph/api/user-sendmail, .../outlook-send-mime-message,
 * .../errors and .../throttling-limits, read in 2026. */

#include "base/error.h"
#include "base/clock.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"

/* Request. */

/* The mailbox: the account's, or that of the author. */
static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const BrevMail *mail = mails->pdata[0];
    const char *user = account->user != NULL ? account->user : mail->from->address;
    g_autofree char *escaped = g_uri_escape_string (user, "@", FALSE);
    g_autofree char *path = g_strdup_printf ("/v1.0/users/%s/sendMail", escaped);
    BrevBody *body = brev_body_new ();
    BrevHttpRequest *request;

    brev_body_add_body (body, mail->raw, BREV_AS_BASE64);
    request = brev_http_request_typed (endpoint, path, "text/plain", body);
    brev_http_request_bearer (request, token);
    return request;
}

/* Reply: 202 and nothing but a header field "request-id", or {error: {code, message}}. */

/* clang-format off */
static const BrevErrorRow rows[] = { /* the first that fits */
    { 0,   "ErrorSendAsDenied",           NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "ErrorInvalidUser",            NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "ErrorNonExistentMailbox",     NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "MailboxNotEnabledForRESTAPI", NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "MailboxNotSupportedForRESTAPI", NULL, NULL, BREV_HOLD (SENDER), "4.7.1" },
    { 0,   "ErrorQuotaExceeded",          NULL, NULL, BREV_HOLD (SENDER),  "4.2.2" }, /* its mailbox is full */
    { 0,   "ErrorAccountSuspend",         NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "ErrorExceededMessageLimit",   NULL, NULL, BREV_JUST (LATER),   "4.7.0" },
    { 0,   "ErrorMessageSubmissionBlocked", NULL, NULL, BREV_HOLD (SENDER), "4.7.1" },
    { 0,   "ErrorInvalidRecipients",      NULL, NULL, BREV_JUST (REFUSED), "5.1.3", .is_named = TRUE },
    { 0,   "ErrorMessageSizeExceeded",    NULL, NULL, BREV_JUST (REFUSED), "5.3.4" },
    { 401, NULL,                          NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 403, NULL,                          NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 404, NULL,                          NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 400, NULL,                          NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0 },
};
/* clang-format on */

static gint64
wait_of (const BrevHttpReply *reply, const char *code)
{
    gint64 asked = brev_reply_retry_after (reply);

    return asked == 0 && g_strcmp0 (code, "ErrorExceededMessageLimit") == 0 ? BREV_HOUR
                                                                            : asked;
}

static void
read_error (const BrevHttpReply *reply, const GPtrArray *mails, const GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *fault =
        brev_json_object (brev_json_member (brev_json_object (root), "error"));
    const BrevReplyError error = {
        .status = reply->status,
        .code = brev_json_string (fault, "code"),
        .words = brev_json_string (fault, "message"),
        .recipient = -1,
    };

    brev_error_refuse (reply, rows, fault != NULL ? &error : NULL,
                       wait_of (reply, error.code), mails, outcomes);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    const char *id = brev_http_reply_header (reply, "request-id");
    gboolean is_empty = g_bytes_get_size (reply->body) == 0;

    if (brev_reply_is_success (reply))
        brev_reply_accept (reply, 202, is_empty ? id : NULL, mails->pdata[0],
                           outcomes->pdata[0]);
    else
        read_error (reply, mails, outcomes);
}

const BrevProvider brev_provider_graph = {
    .name = "graph",
    .title = "Microsoft Graph",
    .url = "https://graph.microsoft.com",
    .token_variable = "AZURE_CLIENT_SECRET",
    .token_url = "https://login.microsoftonline.com/{domain}/oauth2/v2.0/token",
    .token_scope = "https://graph.microsoft.com/.default",
    .level = BREV_LEVEL_DOCUMENTS,
    .level_date = "2026-11-26",
    .level_by = "Microsoft's documents",
    .caps = BREV_CAP_RAW | BREV_CAP_HEADER_ENVELOPE,
    .max_recipients = 500,
    .max_size = (guint64) 4 * 1024 * 1024 / 4 * 3, /* 4 MB as base64 */
    .max_batch = 1,
    .replaced = BREV_CARRIES (DATE) | BREV_CARRIES (MESSAGE_ID),
    .encode = encode,
    .read = read_reply,
};
