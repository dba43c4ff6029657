/* SPDX-License-Identifier: MIT */

/* SendGrid, v3 mail/send: JSON, one message a request. Several personalizations of one
 * request share their body, so they are no batch. No raw message, no envelope apart from
 * to, cc and bcc, no idempotency key; its search is not in every plan. Documentation read
 * in 2026. */

#include <stdio.h>
#include <string.h>

#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"

/* Request. */

static void
encode_recipients (BrevJson *json, const BrevMail *mail)
{
    brev_json_name (json, "personalizations");
    brev_json_open (json, '[');
    brev_json_open (json, '{');
    brev_json_mailbox_list (json, "to", mail->to, "email", "name");
    brev_json_mailbox_list (json, "cc", mail->cc, "email", "name");
    brev_json_mailbox_list (json, "bcc", mail->bcc, "email", "name");
    brev_json_fields (json, "custom_args", mail->controls.metadata);
    brev_json_close (json, '}');
    brev_json_close (json, ']');
}

/* One or several, and never both members. */
static void
encode_reply_to (BrevJson *json, const GPtrArray *reply_to)
{
    if (reply_to->len > 1)
        brev_json_mailbox_list (json, "reply_to_list", reply_to, "email", "name");
    else
        brev_json_first_mailbox (json, "reply_to", reply_to, "email", "name");
}

/* Those that may stand among the forms of the body; others are attachments. */
static gboolean
is_form_of_body (const BrevPart *part)
{
    return part->is_alternative && brev_part_has_content (part) &&
           (strcmp (part->type, "text/calendar") == 0 ||
            strcmp (part->type, "text/x-amp-html") == 0);
}

static void
encode_form (BrevJson *json, const BrevMail *mail, const BrevPart *part)
{
    if (!brev_part_has_content (part))
        return;
    brev_json_open (json, '{');
    brev_json_pair (json, "type", part->type);
    brev_json_name (json, "value");
    brev_json_part (json, mail->fd, part, BREV_AS_JSON_TEXT);
    brev_json_close (json, '}');
}

/* Plain text must come first, HTML next, then anything. */
static void
encode_body (BrevJson *json, const BrevMail *mail)
{
    const BrevMessage *message = mail->message;

    brev_json_name (json, "content");
    brev_json_open (json, '[');
    if (mail->blank_body) {
        brev_json_open (json, '{');
        brev_json_pair (json, "type", "text/plain");
        brev_json_pair (json, "value", " ");
        brev_json_close (json, '}');
    } else {
        encode_form (json, mail, message->text);
        encode_form (json, mail, message->html);
    }
    for (guint i = 0; i < message->attachments->len; i++)
        if (is_form_of_body (message->attachments->pdata[i]))
            encode_form (json, mail, message->attachments->pdata[i]);
    brev_json_close (json, ']');
}

static gboolean
is_file (const BrevPart *part)
{
    return !is_form_of_body (part);
}

/* A type with parameters is refused. */
static void
encode_attachments (BrevJson *json, const BrevMail *mail)
{
    static const BrevAttachmentNames names = { .filename = "filename",
                                               .type = "type",
                                               .content = "content",
                                               .content_id = "content_id",
                                               .disposition = "disposition",
                                               .has_bare_type = TRUE };

    brev_json_attachments (json, "attachments", mail, &names, is_file);
}

static void
encode_switch (BrevJson *json, const char *name, gboolean is_on)
{
    brev_json_name (json, name);
    brev_json_open (json, '{');
    brev_json_flag (json, "enable", is_on);
    brev_json_close (json, '}');
}

static void
encode_tracking (BrevJson *json, const BrevControls *controls)
{
    const char *opens = controls->track_opens, *links = controls->track_links;

    if (opens == NULL && links == NULL)
        return;
    brev_json_name (json, "tracking_settings");
    brev_json_open (json, '{');
    if (links != NULL) {
        brev_json_name (json, "click_tracking");
        brev_json_open (json, '{');
        brev_json_flag (json, "enable", strcmp (links, "none") != 0);
        brev_json_flag (json, "enable_text",
                        strcmp (links, "all") == 0 || strcmp (links, "text") == 0);
        brev_json_close (json, '}');
    }
    if (opens != NULL)
        encode_switch (json, "open_tracking", strcmp (opens, "yes") == 0);
    brev_json_close (json, '}');
}

static void
encode_controls (BrevJson *json, const BrevMail *mail, const BrevAccount *account)
{
    const BrevControls *controls = &mail->controls;
    const char *pool = controls->ip_pool != NULL ? controls->ip_pool : account->stream;

    if (controls->tag != NULL) {
        brev_json_name (json, "categories");
        brev_json_open (json, '[');
        brev_json_text (json, controls->tag);
        brev_json_close (json, ']');
    }
    if (pool != NULL)
        brev_json_pair (json, "ip_pool_name", pool);
    if (controls->asm_group != NULL) {
        brev_json_name (json, "asm");
        brev_json_open (json, '{');
        brev_json_name (json, "group_id");
        brev_json_word (json, controls->asm_group);
        brev_json_close (json, '}');
    }
    encode_tracking (json, controls);
    if (mail->is_sandboxed) {
        brev_json_name (json, "mail_settings");
        brev_json_open (json, '{');
        encode_switch (json, "sandbox_mode", TRUE);
        brev_json_close (json, '}');
    }
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const BrevMail *mail = mails->pdata[0];
    BrevJson json = { .body = brev_body_new () };

    brev_json_open (&json, '{');
    encode_recipients (&json, mail);
    brev_json_name (&json, "from");
    brev_json_mailbox (&json, mail->from, "email", "name");
    encode_reply_to (&json, mail->reply_to);
    brev_json_pair (&json, "subject", mail->subject);
    encode_body (&json, mail);
    brev_json_headers_and_id (&json, "headers", mail);
    encode_controls (&json, mail, account);
    encode_attachments (&json, mail);
    brev_json_close (&json, '}');

    BrevHttpRequest *request =
        brev_http_request_new (endpoint, "/v3/mail/send", json.body);
    brev_http_request_bearer (request, token);
    return request;
}

/* Reply: {"errors": [{"message": ..., "field": "personalizations.0.to.1.email"}, ...]} */

/* clang-format off */
static const BrevErrorRow rows[] = {
    { 401, NULL, NULL,               NULL,           BREV_HOLD (ACCOUNT), "4.7.8" }, /* key, credits */
    { 403, NULL, "from",             NULL,           BREV_HOLD (SENDER),  "4.7.1" },
    { 403, NULL, NULL,               "from address", BREV_HOLD (SENDER),  "4.7.1" },
    { 403, NULL, NULL,               "send from",    BREV_HOLD (SENDER),  "4.7.1" },
    { 403, NULL, NULL,               NULL,           BREV_HOLD (ACCOUNT), "4.7.1" }, /* no scope */
    { 400, NULL, "from",             NULL,           BREV_HOLD (SENDER),  "4.7.1" },
    { 400, NULL, "ip_pool_name",     NULL,           BREV_HOLD (STREAM),  "4.7.1" },
    { 400, NULL, "reply_to",         NULL,           BREV_JUST (REFUSED), "5.6.0" },
    { 400, NULL, "personalizations", "valid address", BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 400, NULL, NULL,               "total message size", BREV_JUST (REFUSED), "5.3.4" },
    { 400, NULL, "personalizations", NULL,           BREV_JUST (PARK),    "4.5.0" },
    { 400, NULL, "content",          NULL,           BREV_JUST (PARK),    "4.5.0" },
    { 400, NULL, "attachments",      NULL,           BREV_JUST (PARK),    "4.5.0" },
    { 400, NULL, "headers",          NULL,           BREV_JUST (PARK),    "4.5.0" },
    { 400, NULL, "subject",          NULL,           BREV_JUST (PARK),    "4.5.0" },
    { 400, NULL, "categories",       NULL,           BREV_JUST (PARK),    "4.5.0" },
    { 400, NULL, "custom_args",      NULL,           BREV_JUST (PARK),    "4.5.0" },
    { 400, NULL, "asm",              NULL,           BREV_JUST (PARK),    "4.5.0" },
    { 400, NULL, NULL,               "bad request",  BREV_JUST (PARK),    "4.5.0" }, /* no JSON */
    { 0 },
};
/* clang-format on */

/* Returns: the index in the mail of the recipient whom "personalizations.0.cc.1" names, or
 * -1 */
static int
find_recipient (const char *field, const BrevMail *mail)
{
    char name[4] = "";
    guint index = 0;

    return field != NULL &&
                   sscanf (field, "personalizations.0.%3[a-z].%4u", name, &index) == 2
               ? brev_reply_recipient (mail, name, index)
               : -1;
}

static void
refuse (const BrevHttpReply *reply, JsonNode *root, const GPtrArray *mails,
        const GPtrArray *outcomes)
{
    JsonArray *list =
        brev_json_array (brev_json_member (brev_json_object (root), "errors"));
    g_autoptr (GArray) errors = g_array_new (FALSE, FALSE, sizeof (BrevReplyError));
    gint64 after = brev_reply_wait (reply, NULL, "X-RateLimit-Reset");

    for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
        JsonObject *object = brev_json_object (json_array_get_element (list, i));
        const char *field = brev_json_string (object, "field");
        const BrevReplyError error = {
            .status = reply->status,
            .field = field,
            .words = brev_json_string (object, "message"),
            .recipient = find_recipient (field, mails->pdata[0]),
        };
        g_array_append_val (errors, error);
    }
    brev_errors_refuse (reply, rows, errors, after, mails, outcomes);
}

/* 202 with an id and no body, or, in the sandbox, 200. */
static void
read_success (const BrevHttpReply *reply, const BrevMail *mail, BrevOutcome *outcome)
{
    g_autofree char *id =
        brev_reply_words (brev_http_reply_header (reply, "X-Message-Id"));
    gboolean is_accepted = reply->status == 202 && id != NULL && !mail->is_sandboxed;
    gboolean is_checked = reply->status == 200 && mail->is_sandboxed;
    const BrevVerdict verdict = {
        .kind = BREV_VERDICT_ACCEPTED,
        .dsn = "2.0.0",
        .remote_id = id,
        .is_test = is_checked,
    };

    if ((is_accepted || is_checked) && g_bytes_get_size (reply->body) == 0)
        brev_outcome_set_all (outcome, &verdict);
    else
        brev_reply_set_strange (reply, outcome);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);

    if (brev_reply_is_success (reply))
        read_success (reply, mails->pdata[0], outcomes->pdata[0]);
    else
        refuse (reply, root, mails, outcomes);
}

static const char *const forbidden_headers[] = {
    "x-sg-id",
    "x-sg-eid",
    NULL,
};

static const char *const regions[] = { "global", "eu", NULL };

const BrevProvider brev_provider_sendgrid = {
    .name = "sendgrid",
    .title = "SendGrid",
    .url = "https://api.sendgrid.com",
    .region_url = "https://api.{region}.sendgrid.com",
    .regions = regions,
    .token_variable = "SENDGRID_API_KEY",
    .level = BREV_LEVEL_VALIDATED,
    .level_date = "2026-11-25",
    .level_by = "prism 5.14.2, twilio/sendgrid-oai dbe0e0d",
    .caps = BREV_CAP_STRUCTURED | BREV_CAP_INLINE | BREV_CAP_HEADERS | BREV_CAP_TAGS |
            BREV_CAP_METADATA | BREV_CAP_SANDBOX | BREV_CAP_SMTP,
    .smtp_url = "smtps://smtp.sendgrid.net:465",
    .smtp_user = "apikey",
    .max_recipients = 1000,
    .max_size = 30 * 1024 * 1024,
    .max_batch = 1,
    .max_tag = 255,
    .forbidden_headers = forbidden_headers,
    .carried = BREV_CARRIES (MESSAGE_ID) | BREV_CARRIES (CALENDAR) | BREV_CARRIES (AMP) |
               BREV_CARRIES (INLINE) | BREV_CARRIES (LIST_HEADERS) |
               BREV_CARRIES (RESENT),
    .encode = encode,
    .read = read_reply,
};
