/* SPDX-License-Identifier: MIT */

/* Amazon SES, API v2: the message itself as base64 in JSON, the envelope beside it, one
 * message a request, signed with AWS Signature Version 4. No idempotency key, no search.
 * API Reference and service model read in 2026; texts of errors as its users report them. */

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "config/secret.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"

/* Credentials: SECRET or SECRET:SESSION with the setting "user", else ID:SECRET or
 * ID:SECRET:SESSION. No part of them holds a colon. */

typedef struct {
    char *key_id, *secret, *session; /* owned; the last nullable */
} Keys;

static void
clear_keys (Keys *keys)
{
    g_free (keys->key_id);
    brev_secret_free (keys->secret);
    brev_secret_free (keys->session);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Keys, clear_keys)

static char *
take_word (const char **text)
{
    gsize length = strcspn (*text, ":");
    char *word = g_strndup (*text, length);

    *text += length + ((*text)[length] == ':');
    return word;
}

static gboolean
read_keys (const BrevAccount *account, const char *token, Keys *keys)
{
    keys->key_id = account->user != NULL ? g_strdup (account->user) : take_word (&token);
    keys->secret = take_word (&token);
    keys->session = *token != '\0' ? take_word (&token) : NULL;
    return *keys->key_id != '\0' && *keys->secret != '\0' && *token == '\0';
}

static gboolean
check (const BrevAccount *account, const char *token, GError **error)
{
    g_auto (Keys) keys = { NULL };

    if (read_keys (account, token, &keys))
        return TRUE;
    return brev_throw (
        error, BREV_ERROR_CONFIG,
        "the token of account '%s' is not the secret of an access key: it is "
        "SECRET, and \"user =\" in [account %s] names the key's id, or it is "
        "ID:SECRET",
        account->name, account->name);
}

/* Request. */

static void
encode_addresses (BrevJson *json, const char *name, const GPtrArray *mailboxes)
{
    if (mailboxes->len == 0)
        return;
    brev_json_name (json, name);
    brev_json_open (json, '[');
    for (guint i = 0; i < mailboxes->len; i++)
        brev_json_text (json, ((const BrevMailbox *) mailboxes->pdata[i])->address);
    brev_json_close (json, ']');
}

/* With a destination the header is only shown. */
static void
encode_envelope (BrevJson *json, const BrevMail *mail)
{
    if (BREV_HAS (mail->message->features, BREV_FEATURE_SEVERAL_FROM))
        brev_json_pair (json, "FromEmailAddress", mail->from->address);
    brev_json_name (json, "Destination");
    brev_json_open (json, '{');
    encode_addresses (json, "ToAddresses", mail->to);
    encode_addresses (json, "CcAddresses", mail->cc);
    encode_addresses (json, "BccAddresses", mail->bcc);
    brev_json_close (json, '}');
}

/* Names and values are letters, digits, "_" and "-"; SES refuses the mail for another. */
static char *
tag_text (const char *text)
{
    char *clean = g_strdup (text);
    char *end = clean;

    for (const char *p = clean; *p != '\0'; p++)
        if ((*p & 0xc0) != 0x80) /* no byte within a character */
            *end++ = g_ascii_isalnum (*p) || *p == '-' ? *p : '_';
    *end = '\0';
    return clean;
}

#define TAG_NAME "tag" /* among the others, which are metadata */

static void
encode_tag (BrevJson *json, const char *name, const char *value)
{
    g_autofree char *clean_name = tag_text (name);
    g_autofree char *clean_value = tag_text (value);

    if (*clean_name == '\0' || *clean_value == '\0')
        return;
    brev_json_named_value (json, "Name", clean_name, "Value", clean_value);
}

static void
encode_controls (BrevJson *json, const BrevMail *mail, const BrevAccount *account)
{
    const GPtrArray *metadata = mail->controls.metadata;
    const char *stream =
        mail->controls.stream != NULL ? mail->controls.stream : account->stream;
    const char *tag = mail->controls.tag;

    if (stream != NULL)
        brev_json_pair (json, "ConfigurationSetName", stream);
    if (tag == NULL && (metadata == NULL || metadata->len == 0))
        return;
    brev_json_name (json, "EmailTags");
    brev_json_open (json, '[');
    if (tag != NULL)
        encode_tag (json, TAG_NAME, tag);
    for (guint i = 0; metadata != NULL && i < metadata->len; i++) {
        const BrevHeader *field = metadata->pdata[i];
        encode_tag (json, field->name, field->text);
    }
    brev_json_close (json, ']');
}

static BrevBody *
encode_mail (const BrevMail *mail, const BrevAccount *account)
{
    BrevJson json = { .body = brev_body_new () };

    brev_json_open (&json, '{');
    encode_envelope (&json, mail);
    encode_controls (&json, mail, account);
    brev_json_name (&json, "Content");
    brev_json_open (&json, '{');
    brev_json_name (&json, "Raw");
    brev_json_open (&json, '{');
    brev_json_name (&json, "Data");
    brev_json_body (&json, mail->raw, BREV_AS_BASE64);
    brev_json_close (&json, '}');
    brev_json_close (&json, '}');
    brev_json_close (&json, '}');
    return json.body;
}

#define REGION "us-east-1" /* where none is named */

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const char *region = account->region != NULL ? account->region : REGION;
    g_autofree char *scope = g_strdup_printf ("aws:amz:%s:ses", region);
    g_auto (Keys) keys = { NULL };

    (void) read_keys (account, token, &keys);
    BrevHttpRequest *request = brev_http_request_new (
        endpoint, "/v2/email/outbound-emails", encode_mail (mails->pdata[0], account));
    brev_http_request_sign (request, scope, keys.key_id, keys.secret);
    if (keys.session != NULL)
        brev_http_request_header (request, "X-Amz-Security-Token", keys.session, TRUE);
    return request;
}

/* Reply. The field of an error is what its words name: "From" the sender, "To" a recipient,
 * "only" nobody, of a mail with one recipient. */

/* clang-format off */
static const BrevErrorRow rows[] = { /* the first that fits */
    { 0, NULL, NULL, "Daily message quota exceeded",  BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0, NULL, NULL, "Maximum sending rate exceeded", BREV_JUST (LATER),   "4.3.2" },
    { 0, "TooManyRequestsException",  NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 0, "ThrottlingException",       NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 0, "Throttling",                NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 0, "LimitExceededException",    NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 0, "AccountSuspendedException", NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0, "SendingPausedException",    NULL, "configuration set", BREV_HOLD (STREAM), "4.7.1" },
    { 0, "SendingPausedException",    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0, "MailFromDomainNotVerifiedException", NULL, NULL, BREV_HOLD (SENDER), "4.7.1" },
    { 0, NULL, "To", "not verified",              BREV_HOLD (RECIPIENT), "4.7.1", TRUE }, /* in the sandbox */
    { 0, NULL, NULL, "not verified",              BREV_HOLD (SENDER),  "4.7.1" },
    { 0, "MessageRejected", NULL, "sending suspended", BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0, "MessageRejected", NULL, "sending paused",    BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0, "MessageRejected", NULL, "blacklist",    BREV_JUST (REFUSED), "5.2.1", TRUE },
    { 0, "MessageRejected", NULL, "suppress",     BREV_JUST (REFUSED), "5.2.1", TRUE },
    { 0, NULL, NULL, "message length is more than", BREV_JUST (REFUSED), "5.3.4" },
    { 0, NULL, NULL, "message too long",          BREV_JUST (REFUSED), "5.3.4" },
    { 0, "MessageRejected",           NULL, NULL, BREV_JUST (REFUSED), "5.6.0" },
    { 0, "ConfigurationSetDoesNotExistException", NULL, NULL, BREV_HOLD (STREAM), "4.7.1" },
    { 0, "NotFoundException",   NULL, "configuration set", BREV_HOLD (STREAM), "4.7.1" },
    { 0, "NotFoundException",         NULL, NULL, BREV_HOLD (ACCOUNT), "4.3.5" },
    { 0, "BadRequestException", NULL, "configuration set", BREV_HOLD (STREAM), "4.7.1" },
    { 0, "BadRequestException", NULL, "duplicate header", BREV_JUST (REFUSED), "5.6.0" },
    { 0, "BadRequestException", "To", "address",   BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0, "BadRequestException", "To", "domain",    BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0, "BadRequestException", "only", "address", BREV_JUST (REFUSED), "5.1.3" },
    { 0, "BadRequestException", "only", "domain",  BREV_JUST (REFUSED), "5.1.3" },
    { 0, "BadRequestException", NULL, "address",   BREV_JUST (SPLIT),   "5.1.3" }, /* of several, which? */
    { 0, "BadRequestException", NULL, "domain",    BREV_JUST (SPLIT),   "5.1.3" },
    { 0, "BadRequestException",       NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0, "ValidationException",       NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0, "SerializationException",    NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0, "RequestTimeout",            NULL, NULL, BREV_JUST (LATER),   "4.4.2" },
    { 403, NULL, NULL, ":configuration-set/",     BREV_HOLD (STREAM),  "4.7.1" }, /* a policy names it */
    { 403, NULL, NULL, ":identity/",              BREV_HOLD (SENDER),  "4.7.1" },
    { 403, NULL, NULL, NULL,                      BREV_HOLD (ACCOUNT), "4.7.8" }, /* key, signature, clock */
    { 0, "ExpiredTokenException",     NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0, "UnrecognizedClientException", NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0, "IncompleteSignature",       NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0, "OptInRequired",             NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0 },
};
/* clang-format on */

static const char *
find_field (const char *words, const BrevMail *mail)
{
    g_autofree char *text = brev_text_fold (words != NULL ? words : "");
    g_autofree char *from = brev_text_fold (mail->from->address);

    if (brev_text_names (text, from))
        return "From";
    return brev_reply_field (words, mail);
}

/* In a header field, "TYPE" or "TYPE:http://...", or in the body, "...#TYPE". */
static char *
error_type (const BrevHttpReply *reply, JsonObject *body)
{
    const char *type = brev_http_reply_header (reply, "x-amzn-ErrorType");
    const char *hash;

    if (type == NULL)
        type = brev_json_string (body, "__type");
    if (type == NULL)
        return NULL;
    hash = strrchr (type, '#');
    type = hash != NULL ? hash + 1 : type;
    return g_strndup (type, strcspn (type, ":"));
}

static const char *
error_message (JsonObject *body)
{
    const char *message = brev_json_string (body, "message");

    return message != NULL ? message : brev_json_string (body, "Message");
}

/* What a server or a gateway says that failed is judged by its status alone. */
static void
read_error (const BrevHttpReply *reply, JsonObject *body, const GPtrArray *mails,
            const GPtrArray *outcomes)
{
    g_autofree char *type = error_type (reply, body);
    const char *words = error_message (body);
    const BrevReplyError error = {
        .status = reply->status,
        .code = type,
        .field = find_field (words, mails->pdata[0]),
        .words = words,
        .recipient = -1,
    };

    brev_error_refuse (reply, rows, reply->status < 500 ? &error : NULL,
                       brev_reply_retry_after (reply), mails, outcomes);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);

    if (brev_reply_is_success (reply))
        brev_reply_accept (reply, 200, brev_json_string (body, "MessageId"),
                           mails->pdata[0], outcomes->pdata[0]);
    else
        read_error (reply, body, mails, outcomes);
}

/* "Amazon SES header fields" in its Developer Guide */
static const char *const single_headers[] = {
    "accept-language",
    "acceptlanguage",
    "archived-at",
    "auto-submitted",
    "bounces-to",
    "comments",
    "content-*",
    "date",
    "delivered-to",
    "disposition-notification-options",
    "disposition-notification-to",
    "dkim-signature",
    "domainkey-signature",
    "errors-to",
    "from",
    "importance",
    "in-reply-to",
    "keywords",
    "list-archive",
    "list-help",
    "list-id",
    "list-owner",
    "list-post",
    "list-subscribe",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "message-context",
    "message-id",
    "mime-version",
    "organization",
    "original-from",
    "original-message-id",
    "original-recipient",
    "original-subject",
    "precedence",
    "priority",
    "references",
    "reply-to",
    "return-path",
    "return-receipt-to",
    "sender",
    "solicitation",
    "sensitivity",
    "subject",
    "thread-index",
    "thread-topic",
    "user-agent",
    "vbr-info",
    NULL,
};

#define MEGABYTE (1024 * 1024)

const BrevProvider brev_provider_ses = {
    .name = "ses",
    .title = "Amazon SES",
    .url = "https://email." REGION ".amazonaws.com",
    .region_url = "https://email.{region}.amazonaws.com",
    .token_variable = "AWS_SECRET_ACCESS_KEY",
    .level = BREV_LEVEL_VALIDATED,
    .level_date = "2026-11-25",
    .level_by = "botocore's model and signer",
    .caps = BREV_CAP_RAW | BREV_CAP_BCC_ONLY | BREV_CAP_TAGS | BREV_CAP_METADATA |
            BREV_CAP_AWS_KEYS,
    .max_recipients = 50,
    .max_size = (guint64) 40 * MEGABYTE / 4 * 3, /* 40 MB as base64 */
    .max_batch = 1,
    .max_tag = 256,
    .tag_name = TAG_NAME,
    .max_metadata = 49,
    .max_metadata_key = 256,
    .max_metadata_value = 256,
    .replaced = BREV_CARRIES (DATE) | BREV_CARRIES (MESSAGE_ID),
    .single_headers = single_headers,
    .encode = encode,
    .read = read_reply,
    .check = check,
};
