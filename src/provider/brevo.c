/* SPDX-License-Identifier: MIT */

/* Brevo: JSON, one message a request. The versions of one request share their header
 * fields and attachments, so they are no batch. No raw message, no envelope apart from to,
 * cc and bcc, no inline images, no types of attachments. A key, remembered for some
 * minutes, makes a repeated request harmless. Documentation read in 2026. */

#include "base/clock.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"

/* Request. */

/* HTML must be there: text alone is refused. */
static void
encode_body (BrevJson *json, const BrevMail *mail)
{
    const BrevPart *text = mail->message->text, *html = mail->message->html;

    if (mail->blank_body) {
        brev_json_pair (json, "textContent", " ");
        brev_json_pair (json, "htmlContent", "<br>");
        return;
    }
    if (brev_part_has_content (text)) {
        brev_json_name (json, "textContent");
        brev_json_part (json, mail->fd, text, BREV_AS_JSON_TEXT);
    }
    brev_json_name (json, "htmlContent");
    if (brev_part_has_content (html))
        brev_json_part (json, mail->fd, html, BREV_AS_JSON_TEXT);
    else
        brev_json_text_as_html (json, mail);
}

static const char *const extensions[] = {
    "xlsx", "xls",   "ods",  "docx", "docm", "doc",  "csv",    "pdf",  "txt",
    "gif",  "jpg",   "jpeg", "png",  "tif",  "tiff", "rtf",    "bmp",  "cgm",
    "css",  "shtml", "html", "htm",  "zip",  "xml",  "ppt",    "pptx", "tar",
    "ez",   "ics",   "mobi", "msg",  "pub",  "eps",  "odt",    "mp3",  "m4a",
    "m4v",  "wma",   "ogg",  "flac", "wav",  "aif",  "aifc",   "aiff", "mp4",
    "mov",  "avi",   "mkv",  "mpeg", "mpg",  "wmv",  "pkpass", "xlsm", NULL,
};

static void
encode_attachments (BrevJson *json, const BrevMail *mail)
{
    static const BrevAttachmentNames names = { .filename = "name",
                                               .content = "content",
                                               .extensions = extensions };

    brev_json_attachments (json, "attachment", mail, &names, NULL);
}

static void
encode_headers (BrevJson *json, const BrevMail *mail)
{
    if (mail->headers->len + mail->added->len == 0 && mail->key == NULL &&
        !mail->is_sandboxed)
        return;
    brev_json_name (json, "headers");
    brev_json_open (json, '{');
    if (mail->key != NULL)
        brev_json_pair (json, "idempotencyKey", mail->key);
    if (mail->is_sandboxed)
        brev_json_pair (json, "X-Sib-Sandbox", "drop");
    brev_json_header_members (json, mail);
    brev_json_close (json, '}');
}

static void
encode_mail (BrevJson *json, const BrevMail *mail)
{
    brev_json_open (json, '{');
    brev_json_name (json, "sender");
    brev_json_mailbox (json, mail->from, "email", "name");
    brev_json_mailbox_list (json, "to", mail->to, "email", "name");
    brev_json_mailbox_list (json, "cc", mail->cc, "email", "name");
    brev_json_mailbox_list (json, "bcc", mail->bcc, "email", "name");
    brev_json_first_mailbox (json, "replyTo", mail->reply_to, "email", "name");
    brev_json_pair (json, "subject", mail->subject);
    encode_body (json, mail);
    encode_headers (json, mail);
    if (mail->controls.tag != NULL) {
        brev_json_name (json, "tags");
        brev_json_open (json, '[');
        brev_json_text (json, mail->controls.tag);
        brev_json_close (json, ']');
    }
    encode_attachments (json, mail);
    brev_json_close (json, '}');
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    BrevJson json = { .body = brev_body_new () };

    encode_mail (&json, mails->pdata[0]);

    BrevHttpRequest *request = brev_http_request_new (endpoint, "/smtp/email", json.body);
    brev_http_request_header (request, "api-key", token, TRUE);
    return request;
}

/* Reply: {"messageId": "<...>"}; an error is {"code": "invalid_parameter", "message":
 * ...}. */

/* clang-format off */
static const BrevErrorRow rows[] = {
    { 0,   "unauthorized",             NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "permission_denied",        NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   "reseller_permission_denied", NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   "not_enough_credits",       NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   "account_under_validation", NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    /* The key is known: the request before this one had it, and was carried out. */
    { 0,   "duplicate_request",        NULL, NULL, BREV_JUST (ACCEPTED), "2.0.0" },
    { 0,   "invalid_parameter",        NULL, "sender",     BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "invalid_parameter",        NULL, "replyto",    BREV_JUST (REFUSED), "5.6.0" },
    { 0,   "invalid_parameter",        NULL, "in to",      BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "invalid_parameter",        NULL, "in cc",      BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "invalid_parameter",        NULL, "in bcc",     BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "invalid_parameter",        NULL, "attachment", BREV_JUST (REFUSED), "5.6.1" },
    { 0,   "invalid_parameter",        NULL, NULL,         BREV_JUST (PARK),    "4.5.0" },
    { 0,   "missing_parameter",        NULL, NULL,         BREV_JUST (PARK),    "4.5.0" },
    { 0,   "out_of_range",             NULL, NULL,         BREV_JUST (PARK),    "4.5.0" },
    { 0,   "duplicate_parameter",      NULL, NULL,         BREV_JUST (PARK),    "4.5.0" },
    { 0,   "bad_request",              NULL, NULL,         BREV_JUST (PARK),    "4.5.0" },
    { 0,   "unprocessable_entity",     NULL, NULL,         BREV_JUST (PARK),    "4.5.0" },
    { 0,   "not_acceptable",           NULL, NULL,         BREV_JUST (PARK),    "4.5.0" },
    { 0 },
};
/* clang-format on */

static void
refuse (const BrevHttpReply *reply, JsonObject *object, const GPtrArray *mails,
        const GPtrArray *outcomes)
{
    const BrevReplyError error = {
        .status = reply->status,
        .code = brev_json_string (object, "code"),
        .words = brev_json_string (object, "message"),
        .recipient = -1,
    };
    gboolean is_judged = error.code != NULL && reply->status >= 400 &&
                         reply->status != 429 && reply->status <= 499;

    brev_error_refuse (reply, rows, is_judged ? &error : NULL,
                       brev_reply_wait (reply, "x-sib-ratelimit-reset", NULL), mails,
                       outcomes);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *object = brev_json_object (root);

    if (brev_reply_is_success (reply))
        brev_reply_accept (reply, 201, brev_json_string (object, "messageId"),
                           mails->pdata[0], outcomes->pdata[0]);
    else
        refuse (reply, object, mails, outcomes);
}

/* "sender.ip" and "idempotencyKey" are wishes, and the sandbox is not the message's to
 * choose. */
static const char *const forbidden_headers[] = {
    "sender.ip", "idempotencykey", "idempotency-key", "x-sib-sandbox", NULL,
};

const BrevProvider brev_provider_brevo = {
    .name = "brevo",
    .title = "Brevo",
    .url = "https://api.brevo.com/v3",
    .token_variable = "BREVO_API_KEY",
    .level = BREV_LEVEL_VALIDATED,
    .level_date = "2026-11-25",
    .level_by = "prism 5.14.2, getbrevo/brevo-go 26055de",
    .caps = BREV_CAP_STRUCTURED | BREV_CAP_IDEMPOTENCY | BREV_CAP_HEADERS |
            BREV_CAP_TAGS | BREV_CAP_SANDBOX,
    .key_time = 15 * BREV_MINUTE,
    .max_recipients = 99,
    .max_size = 20 * 1024 * 1024,
    .max_batch = 1,
    .max_name = 70,
    .max_reply_to = 1,
    .wants_html = TRUE,
    .extensions = extensions,
    .forbidden_headers = forbidden_headers,
    .carried = BREV_CARRIES (LIST_HEADERS) | BREV_CARRIES (RESENT),
    .encode = encode,
    .read = read_reply,
};
