/* SPDX-License-Identifier: MIT */

/* Cloudflare Email Service: JSON, one message a request. No raw message, no envelope apart from
 * to, cc and bcc; header fields of a list alone, and X-*. Its SMTP drops the same ones, so it is
 * no way for what this cannot carry. No idempotency key, no search. Documentation read in
 * 2026. */

#include <string.h>

#include "base/error.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"

/* The id stands in the path of each request. */
static gboolean
check (const BrevAccount *account, const char *token, GError **error)
{
    const char *id = account->user == NULL ? "" : account->user;

    if (*id != '\0' && id[strspn (id, "0123456789abcdefABCDEF")] == '\0')
        return TRUE;
    return brev_throw (error, BREV_ERROR_CONFIG,
                       "account '%s': Cloudflare needs 'user = ACCOUNT-ID', the "
                       "hexadecimal id of the account",
                       account->name);
}

/* Request. */

#define MAX_VALUE 2048 /* bytes */
#define MAX_NAME 100

static gboolean
is_for_lists (const BrevMessage *message, const char *value)
{
    return strstr (value, "<https:") != NULL ||
           (strstr (value, "<mailto:") != NULL && strstr (value, "<http:") == NULL);
}

static gboolean
is_one_click (const BrevMessage *message, const char *value)
{
    const BrevHeader *field = brev_message_header (message, "List-Unsubscribe");

    return strcmp (value, "List-Unsubscribe=One-Click") == 0 && field != NULL &&
           strstr (field->raw, "<https:") != NULL;
}

/* What is taken beside X-*, 20 of these at most. Another value is refused, with the mail. */
static const struct {
    const char *name;
    const char *values; /* nullable: the only ones, with a blank around each */
    gboolean (*fits) (const BrevMessage *message, const char *value); /* nullable */
} fields[] = {
    { "In-Reply-To" },
    { "References" },
    { "List-Unsubscribe", NULL, is_for_lists },
    { "List-Unsubscribe-Post", NULL, is_one_click },
    { "List-Id" },
    { "List-Archive" },
    { "List-Help" },
    { "List-Owner" },
    { "List-Post" },
    { "List-Subscribe" },
    { "Precedence", " bulk list junk " },
    { "Auto-Submitted", " auto-generated auto-replied auto-notified " },
    { "Keywords" },
    { "Comments" },
    { "Importance", " high normal low " },
    { "Priority", " normal non-urgent urgent " },
    { "Sensitivity", " personal private company-confidential " },
    { "Organization" },
    { "Expires" },
    { "Archived-At" },
};

static gboolean
is_custom (const char *name)
{
    static const char *const chars =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        "0123456789-_";

    return g_ascii_strncasecmp (name, "X-", 2) == 0 && name[2] != '\0' &&
           name[strspn (name, chars)] == '\0' && strlen (name) <= MAX_NAME;
}

static gboolean
is_one_of (const char *value, const char *values)
{
    g_autofree char *word = g_strdup_printf (" %s ", value);

    return values == NULL || strstr (values, word) != NULL;
}

static gboolean
takes_header (const BrevMessage *message, const BrevHeader *header)
{
    g_autofree char *value = g_strstrip (brev_header_value_ascii (header));

    if (strlen (value) > MAX_VALUE)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
        if (g_ascii_strcasecmp (fields[i].name, header->name) == 0)
            return is_one_of (value, fields[i].values) &&
                   (fields[i].fits == NULL || fields[i].fits (message, value));
    return is_custom (header->name);
}

static void
encode_mail (BrevJson *json, const BrevMail *mail)
{
    static const BrevAttachmentNames names = {
        .filename = "filename",
        .type = "type",
        .content = "content",
        .content_id = "content_id",
        .disposition = "disposition",
        .has_bare_type = TRUE,
    };

    brev_json_open (json, '{');
    brev_json_name (json, "from");
    brev_json_mailbox (json, mail->from, "address", "name");
    brev_json_mailbox_list (json, "to", mail->to, "address", "name");
    brev_json_mailbox_list (json, "cc", mail->cc, "address", "name");
    brev_json_mailbox_list (json, "bcc", mail->bcc, "address", "name");
    brev_json_first_mailbox (json, "reply_to", mail->reply_to, "address", "name");
    brev_json_pair (json, "subject", mail->subject);
    brev_json_bodies (json, mail, "text", "html");
    brev_json_headers (json, "headers", mail);
    brev_json_attachments (json, "attachments", mail, &names, NULL);
    brev_json_close (json, '}');
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    g_autofree char *path =
        g_strdup_printf ("/accounts/%s/email/sending/send", brev_account_user (account));
    BrevJson json = { .body = brev_body_new () };

    encode_mail (&json, mails->pdata[0]);
    BrevHttpRequest *request = brev_http_request_new (endpoint, path, json.body);
    brev_http_request_bearer (request, token);
    return request;
}

/* Reply: {success, errors, result: {delivered, permanent_bounces, queued}}, each a list of
 * addresses; an error is {code: 10202, message: "email.sending.error.email.invalid"}. */

/* clang-format off */
static const BrevErrorRow rows[] = { /* the first that fits */
    { 0,   NULL,    NULL, "suppress", BREV_JUST (REFUSED), "5.2.1", TRUE },
    { 0,   "10004", NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 0,   "10100", NULL, NULL, BREV_JUST (LATER),   "4.3.2" }, /* cannot tell who we are */
    { 0,   "10101", NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "10103", NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "10102", NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "10105", NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   "10000", NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" }, /* of all its APIs: who is that? */
    { 0,   "7003",  NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" }, /* no such account */
    { 0,   "10203", NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" }, /* of the zone, or of all */
    { 0,   NULL,    NULL, "sender",   BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   NULL,    NULL, "recipient", BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "10200", NULL, NULL, BREV_JUST (REFUSED), "5.3.4" },
    { 0,   "10202", NULL, NULL, BREV_JUST (REFUSED), "5.6.0" },
    { 0,   "10001", NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "10201", NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0 },
};
/* clang-format on */

static void
refuse (const BrevHttpReply *reply, JsonObject *body, const GPtrArray *mails,
        const GPtrArray *outcomes)
{
    JsonArray *errors = brev_json_array (brev_json_member (body, "errors"));
    JsonObject *first = errors == NULL || json_array_get_length (errors) == 0
                            ? NULL
                            : brev_json_object (json_array_get_element (errors, 0));
    gint64 number;
    g_autofree char *code = brev_json_integer (first, "code", &number)
                                ? g_strdup_printf ("%" G_GINT64_FORMAT, number)
                                : NULL;
    const BrevReplyError error = { .status = reply->status,
                                   .code = code,
                                   .words = brev_json_string (first, "message"),
                                   .recipient = -1 };

    brev_error_refuse (reply, rows, code != NULL ? &error : NULL,
                       brev_reply_wait (reply, NULL, NULL), mails, outcomes);
}

static void
set_listed (JsonObject *result, const char *list, const BrevVerdict *verdict,
            const BrevMail *mail, BrevOutcome *outcome)
{
    JsonArray *addresses = brev_json_array (brev_json_member (result, list));

    for (guint i = 0; addresses != NULL && i < json_array_get_length (addresses); i++) {
        JsonNode *node = json_array_get_element (addresses, i);
        if (json_node_get_value_type (node) == G_TYPE_STRING)
            (void) brev_outcome_set (outcome, mail, json_node_get_string (node), verdict);
    }
}

/* Of whom nothing is said is not known what became. */
static void
read_result (const BrevHttpReply *reply, JsonObject *result, const BrevMail *mail,
             BrevOutcome *outcome)
{
    g_autofree char *id = brev_reply_words (brev_json_string (result, "message_id"));
    const BrevVerdict accepted = { .kind = BREV_VERDICT_ACCEPTED,
                                   .dsn = "2.0.0",
                                   .remote_id = id };
    char words[] = "Cloudflare has tried, and the address bounced for good";
    const BrevVerdict bounced = { .kind = BREV_VERDICT_REFUSED,
                                  .dsn = "5.0.0",
                                  .text = words };

    brev_reply_set_strange (reply, outcome);
    set_listed (result, "queued", &accepted, mail, outcome);
    set_listed (result, "delivered", &accepted, mail, outcome);
    set_listed (result, "permanent_bounces", &bounced, mail, outcome);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);
    JsonObject *result = brev_json_object (brev_json_member (body, "result"));

    if (!brev_reply_is_success (reply))
        refuse (reply, body, mails, outcomes);
    else
        read_result (reply, result, mails->pdata[0], outcomes->pdata[0]);
}

const BrevProvider brev_provider_cloudflare = {
    .name = "cloudflare",
    .title = "Cloudflare",
    .url = "https://api.cloudflare.com/client/v4",
    .token_variable = "CLOUDFLARE_API_TOKEN",
    .level = BREV_LEVEL_DOCUMENTS,
    .level_date = "2026-11-25",
    .level_by = "developers.cloudflare.com/email-service",
    .caps = BREV_CAP_STRUCTURED | BREV_CAP_INLINE | BREV_CAP_HEADERS,
    .max_recipients = 50,
    .max_size = 5 * 1024 * 1024,
    .max_batch = 1,
    .max_subject = 998,
    .max_reply_to = 1,
    .takes_header = takes_header,
    .max_headers = 16 * 1000,
    .carried =
        BREV_CARRIES (INLINE) | BREV_CARRIES (FILE_NAME) | BREV_CARRIES (LIST_HEADERS),
    .check = check,
    .encode = encode,
    .read = read_reply,
};
