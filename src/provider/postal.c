/* SPDX-License-Identifier: MIT */

/* Postal, API v1, on a server of the account's own: the message itself as base64 in JSON, the
 * envelope beside it, one message a request. Nearly every reply is HTTP 200, whatever it says.
 * No idempotency key, no limit of its own. The source of Postal's API read in 2026. */

#include "base/error.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"

/* Request. */

/* Postal takes no empty sender; it sends what is called a bounce from the null one. */
static void
encode_envelope (BrevJson *json, const BrevMail *mail)
{
    const char *sender = mail->envelope != NULL ? mail->envelope->sender : "";
    gboolean is_null = *sender == '\0';

    brev_json_pair (json, "mail_from", is_null ? mail->from->address : sender);
    brev_json_name (json, "rcpt_to");
    brev_json_open (json, '[');
    for (guint i = 0; i < mail->n_recipients; i++)
        brev_json_text (json, brev_mail_recipient (mail, i)->address);
    brev_json_close (json, ']');
    brev_json_flag (json, "bounce", is_null);
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const BrevMail *mail = mails->pdata[0];
    BrevJson json = { .body = brev_body_new () };

    brev_json_open (&json, '{');
    encode_envelope (&json, mail);
    brev_json_name (&json, "data");
    brev_json_body (&json, mail->raw, BREV_AS_BASE64);
    brev_json_close (&json, '}');
    BrevHttpRequest *request =
        brev_http_request_new (endpoint, "/api/v1/send/raw", json.body);
    brev_http_request_header (request, "X-Server-API-Key", token, TRUE);
    return request;
}

/* Reply: {status, data}; the data of an error has a code, and of a wrong key the key. The
 * status of the reply's body stands for the field. */

/* clang-format off */
static const BrevErrorRow rows[] = { /* the first that fits */
    { 0, "AccessDenied",               NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0, "InvalidServerAPIKey",        NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0, "ServerSuspended",            NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0, "UnauthenticatedFromAddress", NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0, "NoRecipients",               NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0, "NoContent",                  NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0, "FromAddressMissing",         NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0, NULL, "parameter-error",            NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0 },
};
/* clang-format on */

static void
read_error (const BrevHttpReply *reply, JsonObject *body, const GPtrArray *mails,
            const GPtrArray *outcomes)
{
    JsonObject *data = brev_json_object (brev_json_member (body, "data"));
    const BrevReplyError error = {
        .status = reply->status,
        .code = brev_json_string (data, "code"),
        .field = brev_json_string (body, "status"),
        .words = brev_json_string (data, "message"),
        .recipient = -1,
    };

    brev_error_refuse (reply, rows, reply->status < 500 ? &error : NULL,
                       brev_reply_retry_after (reply), mails, outcomes);
}

/* Who is not among the messages may have one all the same. */
static void
read_success (const BrevHttpReply *reply, JsonObject *body, const BrevMail *mail,
              BrevOutcome *outcome)
{
    JsonObject *data = brev_json_object (brev_json_member (body, "data"));
    JsonObject *messages = brev_json_object (brev_json_member (data, "messages"));

    brev_reply_set_strange (reply, outcome);
    for (guint i = 0; i < mail->n_recipients; i++) {
        const char *address = brev_mail_recipient (mail, i)->address;
        JsonObject *message = brev_json_object (brev_json_member (messages, address));
        gint64 number;
        if (!brev_json_integer (message, "id", &number) || number <= 0)
            continue;
        g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, number);
        const BrevVerdict accepted = { .kind = BREV_VERDICT_ACCEPTED,
                                       .dsn = "2.0.0",
                                       .remote_id = id };
        (void) brev_outcome_set (outcome, mail, address, &accepted);
    }
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);
    const char *status = brev_json_string (body, "status");
    gboolean is_error =
        g_strcmp0 (status, "error") == 0 || g_strcmp0 (status, "parameter-error") == 0;

    if (!brev_reply_is_success (reply) || (reply->status == 200 && is_error))
        read_error (reply, body, mails, outcomes);
    else if (reply->status == 200 && g_strcmp0 (status, "success") == 0)
        read_success (reply, body, mails->pdata[0], outcomes->pdata[0]);
    else
        brev_reply_set_strange (reply, outcomes->pdata[0]);
}

const BrevProvider brev_provider_postal = {
    .name = "postal",
    .title = "Postal",
    .url = "https://postal.invalid",
    .endpoint_form = "https://HOST",
    .token_variable = "POSTAL_API_KEY",
    .level = BREV_LEVEL_DOCUMENTS,
    .level_date = "2026-11-25",
    .level_by = "the source of Postal's API",
    .caps = BREV_CAP_RAW | BREV_CAP_BCC_ONLY,
    .max_recipients = 50, /* none is said; so many for each field of the other API */
    .max_batch = 1,
    .encode = encode,
    .read = read_reply,
};
