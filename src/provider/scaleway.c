/* SPDX-License-Identifier: MIT */

/* Scaleway Transactional Email, v1alpha1: JSON, one message a request, with a result for each
 * recipient. No raw message, no envelope apart from to, cc and bcc, no inline images, some
 * types of attachments alone; its SMTP takes what that leaves out. Documentation read in
 * 2026. */

#include <string.h>

#include "base/error.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"

#define LEAST 10 /* characters of Subject, text and HTML */

/* Its id stands in each request, and is who logs in to SMTP. */
static gboolean
check (const BrevAccount *account, const char *token, GError **error)
{
    if (account->user != NULL && g_uuid_string_is_valid (account->user))
        return TRUE;
    return brev_throw (
        error, BREV_ERROR_CONFIG,
        "account '%s': Scaleway needs 'user = PROJECT-ID', the UUID of the "
        "project",
        account->name);
}

/* Request. */

static const char *const types[] = {
    "application/x-pkcs7-crl",
    "text/csv",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/dwf",
    "application/x-dwf",
    "model/vnd.dwf",
    "application/acad",
    "application/autocad_dwg",
    "application/x-dwg",
    "image/vnd.dwg",
    "application/acad-template",
    "application/vnd.dwt",
    "application/x-dwt",
    "application/autocad_dxf",
    "application/dxf",
    "application/x-dxf",
    "image/vnd.dxf",
    "image/gif",
    "text/html",
    "text/calendar",
    "application/ics",
    "image/jpeg",
    "image/jpg",
    "audio/mpeg",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/x-pkcs7-certificates",
    "application/pkcs7-mime",
    "application/x-pkcs7-mime",
    "application/pkcs10",
    "application/x-pkcs12",
    "application/x-pkcs7-certreqresp",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pdf",
    "image/png",
    "image/svg+xml",
    "image/tiff",
    "text/plain",
    "audio/wav",
    "image/webp",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
    "application/xml",
    "text/xml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/zip", /* in the larger plan */
    NULL,
};

static void
encode_mail (BrevJson *json, const BrevMail *mail, const BrevAccount *account)
{
    static const BrevAttachmentNames names = {
        .filename = "name", .type = "type", .content = "content", .types = types
    };

    brev_json_open (json, '{');
    brev_json_pair (json, "project_id", brev_account_user (account));
    brev_json_name (json, "from");
    brev_json_mailbox (json, mail->from, "email", "name");
    brev_json_mailbox_list (json, "to", mail->to, "email", "name");
    brev_json_mailbox_list (json, "cc", mail->cc, "email", "name");
    brev_json_mailbox_list (json, "bcc", mail->bcc, "email", "name");
    brev_json_pair (json, "subject", mail->subject);
    brev_json_filled_bodies (json, mail, "text", "html", LEAST);
    brev_json_header_list (json, "additional_headers", mail, "key", "value");
    brev_json_attachments (json, "attachments", mail, &names, NULL);
    brev_json_close (json, '}');
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    BrevJson json = { .body = brev_body_new () };

    encode_mail (&json, mails->pdata[0], account);
    BrevHttpRequest *request = brev_http_request_new (endpoint, "/emails", json.body);
    brev_http_request_header (request, "X-Auth-Token", token, TRUE);
    return request;
}

/* Reply: {"emails": [{"id", "mail_rcpt", "status", ...}]}, one for each recipient; an error is
 * {"type": "invalid_arguments", "message", "details": [{"argument_name": "to", "reason",
 * "help_message"}]}. */

/* clang-format off */
static const BrevErrorRow rows[] = { /* the first that fits */
    { 401, NULL,                    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "denied_authentication", NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "permissions_denied",    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "quotas_exceeded",       NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   "too_many_requests",     NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 0,   "transient_state",       NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 0,   "not_found",             NULL, "domain", BREV_HOLD (SENDER), "4.7.1" },
    { 0,   "precondition_failed",   NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" }, /* not checked */
    { 0,   "resource_expired",      NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "invalid_arguments",     "from",         NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "invalid_arguments",     "domain",       NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "invalid_arguments",     "project_id",   NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   "invalid_arguments",     "to",           NULL, BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "invalid_arguments",     "cc",           NULL, BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "invalid_arguments",     "bcc",          NULL, BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "invalid_arguments",     "attachments",  NULL, BREV_JUST (REFUSED), "5.6.1" },
    { 0,   "invalid_arguments",     NULL, "attachment", BREV_JUST (REFUSED), "5.6.1" },
    { 0,   "invalid_arguments",     NULL,           NULL, BREV_JUST (PARK),    "4.5.0" },
    { 403, NULL,                    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0 },
};
/* clang-format on */

static void
add_error (GArray *errors, const BrevHttpReply *reply, JsonObject *body,
           JsonObject *detail)
{
    const char *help = brev_json_string (detail, "help_message");
    const BrevReplyError error = {
        .status = reply->status,
        .code = brev_json_string (body, "type"),
        .field = brev_json_string (detail, "argument_name"),
        .words = help != NULL ? help : brev_json_string (body, "message"),
        .recipient = -1,
    };

    if (error.code != NULL)
        g_array_append_val (errors, error);
}

static void
refuse (const BrevHttpReply *reply, JsonObject *body, const GPtrArray *mails,
        const GPtrArray *outcomes)
{
    g_autoptr (GArray) errors = g_array_new (FALSE, FALSE, sizeof (BrevReplyError));
    JsonArray *details = brev_json_array (brev_json_member (body, "details"));

    for (guint i = 0; details != NULL && i < json_array_get_length (details); i++)
        add_error (errors, reply, body,
                   brev_json_object (json_array_get_element (details, i)));
    if (errors->len == 0)
        add_error (errors, reply, body, NULL);
    if (reply->status >= 500)
        g_array_set_size (errors, 0);
    brev_errors_refuse (reply, rows, errors, brev_reply_wait (reply, NULL, NULL), mails,
                        outcomes);
}

/* A blocked recipient is there, too, as one that failed. */
static void
read_one (JsonObject *email, const BrevMail *mail, BrevOutcome *outcome)
{
    const char *address = brev_json_string (email, "mail_rcpt");
    const char *status = brev_json_string (email, "status");
    g_autofree char *id = brev_reply_words (brev_json_string (email, "id"));
    g_autofree char *details =
        brev_reply_words (brev_json_string (email, "status_details"));
    gboolean has_failed =
        g_strcmp0 (status, "failed") == 0 || g_strcmp0 (status, "canceled") == 0;
    const BrevVerdict verdict = {
        .kind = has_failed ? BREV_VERDICT_REFUSED : BREV_VERDICT_ACCEPTED,
        .dsn = has_failed ? "5.0.0" : "2.0.0",
        .remote_id = has_failed ? NULL : id,
        .code = has_failed ? (char *) (gsize) status : NULL,
        .text = has_failed ? details : NULL,
    };

    if (address != NULL && status != NULL && id != NULL)
        (void) brev_outcome_set (outcome, mail, address, &verdict);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);
    JsonArray *emails = brev_json_array (brev_json_member (body, "emails"));

    if (!brev_reply_is_success (reply)) {
        refuse (reply, body, mails, outcomes);
        return;
    }
    brev_reply_set_strange (reply, outcomes->pdata[0]); /* of whom nothing is said */
    for (guint i = 0; emails != NULL && i < json_array_get_length (emails); i++)
        read_one (brev_json_object (json_array_get_element (emails, i)), mails->pdata[0],
                  outcomes->pdata[0]);
}

static const char *const regions[] = { "fr-par", NULL };

const BrevProvider brev_provider_scaleway = {
    .name = "scaleway",
    .title = "Scaleway",
    .url = "https://api.scaleway.com/transactional-email/v1alpha1/regions/fr-par",
    .region_url =
        "https://api.scaleway.com/transactional-email/v1alpha1/regions/{region}",
    .regions = regions,
    .token_variable = "SCW_SECRET_KEY",
    .smtp_url = "smtps://smtp.tem.scaleway.com:465",
    .level = BREV_LEVEL_VALIDATED,
    .level_date = "2026-11-25",
    .level_by = "prism 5.14.2, Scaleway's document of v1alpha1",
    .caps = BREV_CAP_STRUCTURED | BREV_CAP_HEADERS | BREV_CAP_SMTP,
    .max_recipients = 10, /* unless the quota was raised */
    .max_size = 2 * 1000 * 1000,
    .max_batch = 1,
    .min_chars = LEAST,
    .types = types,
    .carried = BREV_CARRIES (FILE_NAME) | BREV_CARRIES (ATTACHMENT_CHARSET) |
               BREV_CARRIES (LIST_HEADERS) | BREV_CARRIES (RESENT) |
               BREV_CARRIES (REPEATED_HEADER),
    .check = check,
    .encode = encode,
    .read = read_reply,
};
