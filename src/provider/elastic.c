/* SPDX-License-Identifier: MIT */

/* Elastic Email, v4 emails/transactional: JSON, one message a request, whose recipients see
 * each other. No raw message, no inline images, no idempotency key. Documentation read in
 * 2026. */

#include <string.h>

#include "message/address.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"

/* Request. */

static gboolean
is_amp (const BrevPart *part)
{
    return part->is_alternative && brev_part_has_content (part) &&
           strcmp (part->type, "text/x-amp-html") == 0;
}

static gboolean
is_file (const BrevPart *part)
{
    return !is_amp (part);
}

static void
open_form (BrevJson *json, const char *type)
{
    brev_json_open (json, '{');
    brev_json_pair (json, "ContentType", type);
    brev_json_pair (json, "Charset", "utf-8");
    brev_json_name (json, "Content");
}

static void
encode_form (BrevJson *json, const BrevMail *mail, const BrevPart *part, const char *type)
{
    if (!brev_part_has_content (part))
        return;
    open_form (json, type);
    brev_json_part (json, mail->fd, part, BREV_AS_JSON_TEXT);
    brev_json_close (json, '}');
}

static void
encode_body (BrevJson *json, const BrevMail *mail)
{
    const GPtrArray *parts = mail->message->attachments;

    brev_json_name (json, "Body");
    brev_json_open (json, '[');
    if (mail->blank_body) {
        open_form (json, "PlainText");
        brev_json_text (json, " ");
        brev_json_close (json, '}');
    } else {
        encode_form (json, mail, mail->message->text, "PlainText");
        encode_form (json, mail, mail->message->html, "HTML");
    }
    for (guint i = 0; i < parts->len; i++)
        if (is_amp (parts->pdata[i]))
            encode_form (json, mail, parts->pdata[i], "AMP");
    brev_json_close (json, ']');
}

static void
encode_content (BrevJson *json, const BrevMail *mail)
{
    static const BrevAttachmentNames names = { .filename = "Name",
                                               .type = "ContentType",
                                               .content = "BinaryContent",
                                               .has_bare_type = TRUE };
    g_autofree char *from = brev_mailbox_format (mail->from, FALSE);

    brev_json_name (json, "Content");
    brev_json_open (json, '{');
    brev_json_pair (json, "From", from);
    brev_json_mailboxes (json, "ReplyTo", mail->reply_to); /* one, by max_reply_to */
    brev_json_pair (json, "Subject", mail->subject);
    encode_body (json, mail);
    brev_json_headers (json, "Headers", mail);
    brev_json_attachments (json, "Attachments", mail, &names, is_file);
    brev_json_close (json, '}');
}

static void
encode_options (BrevJson *json, const BrevControls *controls, const BrevAccount *account)
{
    const char *pool = controls->ip_pool != NULL ? controls->ip_pool : account->stream;
    const char *opens = controls->track_opens, *links = controls->track_links;

    if (pool == NULL && controls->tag == NULL && opens == NULL && links == NULL)
        return;
    brev_json_name (json, "Options");
    brev_json_open (json, '{');
    if (controls->tag != NULL)
        brev_json_pair (json, "ChannelName", controls->tag);
    if (pool != NULL)
        brev_json_pair (json, "PoolName", pool);
    if (opens != NULL)
        brev_json_flag (json, "TrackOpens", strcmp (opens, "yes") == 0);
    if (links != NULL)
        brev_json_flag (json, "TrackClicks", strcmp (links, "none") != 0);
    brev_json_close (json, '}');
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const BrevMail *mail = mails->pdata[0];
    BrevJson json = { .body = brev_body_new () };

    brev_json_open (&json, '{');
    brev_json_name (&json, "Recipients");
    brev_json_open (&json, '{');
    brev_json_mailbox_texts (&json, "To", mail->to);
    brev_json_mailbox_texts (&json, "CC", mail->cc);
    brev_json_mailbox_texts (&json, "BCC", mail->bcc);
    brev_json_close (&json, '}');
    encode_content (&json, mail);
    encode_options (&json, &mail->controls, account);
    brev_json_close (&json, '}');

    BrevHttpRequest *request =
        brev_http_request_new (endpoint, "/emails/transactional", json.body);
    brev_http_request_header (request, "X-ElasticEmail-ApiKey", token, TRUE);
    return request;
}

/* Reply: {"TransactionID": ..., "MessageID": ...}; an error is {"Error": words}, whatever
 * its status. No list of them is published: what is not among those that are known comes
 * again. */

/* clang-format off */
static const BrevErrorRow rows[] = {
    { 401, NULL, NULL, NULL,                BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   NULL, NULL, "apikey",            BREV_HOLD (ACCOUNT), "4.7.8" }, /* expired, incorrect */
    { 0,   NULL, NULL, "access denied",     BREV_HOLD (ACCOUNT), "4.7.8" }, /* SendHttp, address */
    { 0,   NULL, NULL, "from email address", BREV_HOLD (SENDER), "4.7.1" },
    { 0,   NULL, NULL, "not verified",      BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   NULL, NULL, "credit",            BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   NULL, NULL, "suspended",         BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   NULL, NULL, "disabled",          BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   NULL, NULL, "under review",      BREV_HOLD (ACCOUNT), "4.7.1" },
    { 402, NULL, NULL, NULL,                BREV_HOLD (ACCOUNT), "4.7.1" },
    { 403, NULL, NULL, NULL,                BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0 },
};
/* clang-format on */

static void
refuse (const BrevHttpReply *reply, JsonObject *object, const GPtrArray *mails,
        const GPtrArray *outcomes)
{
    const BrevReplyError error = { .status = reply->status,
                                   .words = brev_json_string (object, "Error"),
                                   .recipient = -1 };
    gboolean is_judged =
        error.words != NULL && reply->status != 429 && reply->status <= 499;

    brev_error_refuse (reply, rows, is_judged ? &error : NULL,
                       brev_reply_wait (reply, NULL, NULL), mails, outcomes);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *object = brev_json_object (root);
    const char *transaction = brev_json_string (object, "TransactionID");
    const char *message = brev_json_string (object, "MessageID");
    gboolean has_both = transaction != NULL && *transaction != '\0' && message != NULL &&
                        *message != '\0';

    if (brev_reply_is_success (reply))
        brev_reply_accept (reply, 200, has_both ? message : transaction, mails->pdata[0],
                           outcomes->pdata[0]);
    else
        refuse (reply, object, mails, outcomes);
}

static const char *const forbidden_headers[] = {
    "x-elasticemail-*",
    NULL,
};

const BrevProvider brev_provider_elastic = {
    .name = "elastic",
    .title = "Elastic Email",
    .url = "https://api.elasticemail.com/v4",
    .token_variable = "ELASTICEMAIL_API_KEY",
    .level = BREV_LEVEL_VALIDATED,
    .level_date = "2026-11-25",
    .level_by = "prism 5.14.2, ElasticEmail/elasticemail-go 39ee367",
    .caps = BREV_CAP_STRUCTURED | BREV_CAP_HEADERS | BREV_CAP_TAGS,
    .max_recipients = 50, /* no limit is documented */
    .max_batch = 1,
    .max_tag = 191,
    .max_reply_to = 1,
    .forbidden_headers = forbidden_headers,
    .carried = BREV_CARRIES (AMP) | BREV_CARRIES (LIST_HEADERS) | BREV_CARRIES (RESENT),
    .encode = encode,
    .read = read_reply,
};
