/* SPDX-License-Identifier: MIT */

/* Mailjet, v3.1: JSON, up to 50 messages a request, a result for each. No raw message, no
 * envelope apart from To, Cc and Bcc, no idempotency key. Documentation read in 2026. */

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"
#include "provider/search.h"

/* Request. */

static gboolean
is_shown (const BrevPart *part)
{
    return part->is_inline && part->content_id != NULL;
}

static gboolean
is_attached (const BrevPart *part)
{
    return !is_shown (part);
}

static void
encode_attachments (BrevJson *json, const BrevMail *mail)
{
    static const BrevAttachmentNames names = { .filename = "Filename",
                                               .type = "ContentType",
                                               .content = "Base64Content",
                                               .content_id = "ContentID",
                                               .has_bare_type = TRUE };

    brev_json_attachments (json, "InlinedAttachments", mail, &names, is_shown);
    brev_json_attachments (json, "Attachments", mail, &names, is_attached);
}

/* Metadata is one string, handed back with each event: an object of JSON. */
static void
encode_metadata (BrevJson *json, const GPtrArray *metadata)
{
    g_autoptr (JsonObject) object = json_object_new ();
    g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

    if (metadata == NULL || metadata->len == 0)
        return;
    for (guint i = 0; i < metadata->len; i++) {
        const BrevHeader *field = metadata->pdata[i];
        json_object_set_string_member (object, field->name, field->text);
    }
    json_node_set_object (node, object);
    g_autofree char *text = json_to_string (node, FALSE);
    brev_json_pair (json, "EventPayload", text);
}

static void
encode_controls (BrevJson *json, const BrevControls *controls)
{
    if (controls->tag != NULL)
        brev_json_pair (json, "CustomCampaign", controls->tag);
    if (controls->track_opens != NULL)
        brev_json_pair (json, "TrackOpens",
                        strcmp (controls->track_opens, "yes") == 0 ? "enabled"
                                                                   : "disabled");
    if (controls->track_links != NULL)
        brev_json_pair (json, "TrackClicks",
                        strcmp (controls->track_links, "none") == 0 ? "disabled"
                                                                    : "enabled");
    encode_metadata (json, controls->metadata);
}

static void
encode_mail (BrevJson *json, const BrevMail *mail)
{
    brev_json_open (json, '{');
    brev_json_name (json, "From");
    brev_json_mailbox (json, mail->from, "Email", "Name");
    brev_json_mailbox_list (json, "To", mail->to, "Email", "Name");
    brev_json_mailbox_list (json, "Cc", mail->cc, "Email", "Name");
    brev_json_mailbox_list (json, "Bcc", mail->bcc, "Email", "Name");
    brev_json_first_mailbox (json, "ReplyTo", mail->reply_to, "Email", "Name");
    brev_json_pair (json, "Subject", mail->subject);
    brev_json_pair (json, "CustomID", mail->queue_id);
    brev_json_bodies (json, mail, "TextPart", "HTMLPart");
    brev_json_headers (json, "Headers", mail);
    encode_controls (json, &mail->controls);
    encode_attachments (json, mail);
    brev_json_close (json, '}');
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    BrevJson json = { .body = brev_body_new () };

    brev_json_open (&json, '{');
    brev_json_name (&json, "Messages");
    brev_json_open (&json, '[');
    for (guint i = 0; i < mails->len; i++)
        encode_mail (&json, mails->pdata[i]);
    brev_json_close (&json, ']');
    if (((BrevMail *) mails->pdata[0])->is_sandboxed) /* an account is, or is not */
        brev_json_flag (&json, "SandboxMode", TRUE);
    brev_json_close (&json, '}');

    BrevHttpRequest *request = brev_http_request_new (endpoint, "/v3.1/send", json.body);
    brev_http_request_basic (request, brev_account_user (account), token);
    return request;
}

#define MOST_COPIES 1000 /* of a message to its recipients, each an entry of its own */

/* All mails of one message share their CustomID; their recipients tell them apart. */
static BrevHttpRequest *
search (const BrevMail *mail, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    g_autofree char *id = g_uri_escape_string (mail->queue_id, NULL, FALSE);
    g_autofree char *path =
        g_strdup_printf ("/v3/REST/message?CustomID=%s&ShowCustomID=true"
                         "&ShowContactAlt=true&Limit=%d",
                         id, MOST_COPIES);

    BrevHttpRequest *request = brev_http_request_get (endpoint, path);
    brev_http_request_basic (request, brev_account_user (account), token);
    return request;
}

/* Reply: {"Messages": [{"Status": "success", "To": [{"Email": ..., "MessageID": ...}], ...},
 * {"Status": "error", "Errors": [{"ErrorCode": "send-0008", "StatusCode": 403,
 * "ErrorMessage": ..., "ErrorRelatedTo": ["From"]}]}]}; of a request that was refused as a
 * whole, one such error alone. */

/* clang-format off */
static const BrevErrorRow rows[] = {
    { 0,   "mj-0001",   NULL,   NULL, BREV_HOLD (ACCOUNT), "4.7.1" }, /* suspended */
    { 0,   "mj-0015",   NULL,   NULL, BREV_HOLD (ACCOUNT), "4.7.8" }, /* credentials */
    { 401, NULL,        NULL,   NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "send-0006", NULL,   NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "send-0007", NULL,   NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0,   "send-0008", NULL,   NULL, BREV_HOLD (SENDER),  "4.7.1" }, /* From */
    { 0,   "mj-0013",   "From", NULL, BREV_HOLD (SENDER),  "4.7.1" }, /* no address */
    { 0,   "mj-0013",   "ReplyTo", NULL, BREV_JUST (REFUSED), "5.6.0" },
    { 0,   "mj-0013",   NULL,   NULL, BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "send-0003", NULL,   NULL, BREV_JUST (PARK),    "4.5.0" }, /* no body */
    { 0,   "send-0011", NULL,   NULL, BREV_JUST (PARK),    "4.5.0" }, /* a header field */
    { 0,   "send-0015", NULL,   NULL, BREV_JUST (PARK),    "4.5.0" }, /* recipients */
    { 0,   "mj-0002",   NULL,   NULL, BREV_JUST (PARK),    "4.5.0" }, /* no JSON */
    { 0,   "mj-0003",   NULL,   NULL, BREV_JUST (PARK),    "4.5.0" }, /* no such ... */
    { 0,   "mj-0004",   NULL,   NULL, BREV_JUST (PARK),    "4.5.0" }, /* a type */
    { 0,   "mj-0005",   NULL,   NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "mj-0006",   NULL,   NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "mj-0007",   NULL,   NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "mj-0008",   NULL,   NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "mj-0009",   NULL,   NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "mj-0010",   NULL,   NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "mj-0011",   NULL,   NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "mj-0012",   NULL,   NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0 },
};
/* clang-format on */

/* Returns: the index in the mail of the recipient whom "Cc[1].Email" names, or -1 */
static int
find_recipient (const char *field, const BrevMail *mail)
{
    char name[4] = "";
    guint index = 0;

    return field != NULL && sscanf (field, "%3[A-Za-z][%4u]", name, &index) == 2
               ? brev_reply_recipient (mail, name, index)
               : -1;
}

static void
add_error (GArray *errors, JsonObject *object, int status, const BrevMail *mail)
{
    JsonArray *related = brev_json_array (brev_json_member (object, "ErrorRelatedTo"));
    JsonNode *first = related != NULL && json_array_get_length (related) > 0
                          ? json_array_get_element (related, 0)
                          : NULL;
    const char *field = first != NULL && json_node_get_value_type (first) == G_TYPE_STRING
                            ? json_node_get_string (first)
                            : NULL;
    gint64 own = status;
    (void) brev_json_integer (object, "StatusCode", &own);
    const BrevReplyError error = {
        .status = (int) CLAMP (own, 0, 999),
        .code = brev_json_string (object, "ErrorCode"),
        .field = field,
        .words = brev_json_string (object, "ErrorMessage"),
        .recipient = find_recipient (field, mail),
    };

    if (error.code != NULL || error.words != NULL)
        g_array_append_val (errors, error);
}

/* Each recipient has an id of its own; one who is not listed got nothing that is known. */
static void
accept_listed (JsonObject *result, const char *list_name, const BrevMail *mail,
               BrevOutcome *outcome)
{
    JsonArray *list = brev_json_array (brev_json_member (result, list_name));

    for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
        JsonObject *entry = brev_json_object (json_array_get_element (list, i));
        const char *address = brev_json_string (entry, "Email");
        gint64 number = 0;
        gboolean has_id = brev_json_integer (entry, "MessageID", &number) && number > 0;
        g_autofree char *id =
            has_id ? g_strdup_printf ("%" G_GINT64_FORMAT, number) : NULL;
        const BrevVerdict verdict = { .kind = BREV_VERDICT_ACCEPTED,
                                      .dsn = "2.0.0",
                                      .remote_id = id,
                                      .is_test = mail->is_sandboxed };
        if (address != NULL && (has_id || mail->is_sandboxed))
            (void) brev_outcome_set (outcome, mail, address, &verdict);
    }
}

static void
read_result (const BrevHttpReply *reply, JsonObject *result, const BrevMail *mail,
             BrevOutcome *outcome)
{
    static const char *const lists[] = { "To", "Cc", "Bcc" };
    const char *status = brev_json_string (result, "Status");
    JsonArray *faults = brev_json_array (brev_json_member (result, "Errors"));
    g_autoptr (GArray) errors = g_array_new (FALSE, FALSE, sizeof (BrevReplyError));
    const BrevVerdict later = { .kind = BREV_VERDICT_LATER, .dsn = "4.0.0" };

    brev_reply_set_strange (reply, outcome);
    if (g_strcmp0 (status, "success") == 0 && reply->status <= 299) {
        for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
            accept_listed (result, lists[i], mail, outcome);
        return;
    }
    for (guint i = 0; faults != NULL && i < json_array_get_length (faults); i++)
        add_error (errors, brev_json_object (json_array_get_element (faults, i)),
                   reply->status, mail);
    if (g_strcmp0 (status, "error") == 0 && errors->len > 0 &&
        !brev_errors_judge (rows, errors, 0, mail, outcome))
        brev_outcome_set_all (outcome, &later);
}

static void
refuse (const BrevHttpReply *reply, JsonObject *object, const GPtrArray *mails,
        const GPtrArray *outcomes)
{
    g_autoptr (GArray) errors = g_array_new (FALSE, FALSE, sizeof (BrevReplyError));

    if (reply->status <= 499 && reply->status != 429)
        add_error (errors, object, reply->status, mails->pdata[0]);
    brev_errors_refuse (reply, rows, errors, brev_reply_wait (reply, NULL, NULL), mails,
                        outcomes);
}

/* A status of 400 or 403 comes with results, too. */
static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *object = brev_json_object (root);
    JsonArray *results = brev_json_array (brev_json_member (object, "Messages"));
    gboolean is_success = brev_reply_is_success (reply);
    gboolean fits = results != NULL && json_array_get_length (results) == mails->len &&
                    (is_success || reply->status == 400 || reply->status == 403);

    if (!fits && !is_success) {
        refuse (reply, object, mails, outcomes);
        return;
    }
    for (guint i = 0; i < mails->len; i++)
        read_result (reply,
                     fits ? brev_json_object (json_array_get_element (results, i)) : NULL,
                     mails->pdata[i], outcomes->pdata[i]);
}

/* What a search says: {"Count": 1, "Data": [{"ID": 70368744188491213, "CustomID": ...,
 * "ContactAlt": "a@example.com", ...}], "Total": 1}. */

/* Whether the entry is of the mail that was asked for: a filter that was ignored would show
 * somebody else's. */
static gboolean
is_entry_of (JsonObject *entry, const BrevMail *mail)
{
    const char *address = brev_json_string (entry, "ContactAlt");
    gint64 id;

    return brev_json_integer (entry, "ID", &id) && address != NULL && *address != '\0' &&
           g_strcmp0 (brev_json_string (entry, "CustomID"), mail->queue_id) == 0;
}

/* Returns: whether @root lists all there is, and nothing else */
static gboolean
is_whole_list (JsonObject *object, JsonArray *entries, const BrevMail *mail)
{
    gint64 total;

    if (entries == NULL || !brev_json_integer (object, "Total", &total) ||
        total != json_array_get_length (entries))
        return FALSE;
    for (guint i = 0; i < json_array_get_length (entries); i++)
        if (!is_entry_of (brev_json_object (json_array_get_element (entries, i)), mail))
            return FALSE;
    return TRUE;
}

static void
judge_entry (JsonObject *entry, const BrevMail *mail, BrevOutcome *outcome)
{
    g_autofree char *id = NULL;
    gint64 number = 0;
    (void) brev_json_integer (entry, "ID", &number);
    id = g_strdup_printf ("%" G_GINT64_FORMAT, number);
    const BrevVerdict found = { .kind = BREV_VERDICT_ACCEPTED,
                                .dsn = "2.0.0",
                                .remote_id = id };

    (void) brev_outcome_set (outcome, mail, brev_json_string (entry, "ContactAlt"),
                             &found);
}

static void
read_search (const BrevHttpReply *reply, const BrevMail *mail, BrevOutcome *outcome)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *object = brev_json_object (root);
    JsonArray *entries = brev_json_array (brev_json_member (object, "Data"));
    const BrevVerdict absent = { .kind = BREV_VERDICT_AGAIN, .dsn = "4.4.2" };

    if (reply->status != 200 || !is_whole_list (object, entries, mail)) {
        brev_search_no_answer (reply, NULL, outcome);
        return;
    }
    brev_outcome_set_all (outcome, &absent);
    for (guint i = 0; i < json_array_get_length (entries); i++)
        judge_entry (brev_json_object (json_array_get_element (entries, i)), mail,
                     outcome);
}

static const char *const forbidden_headers[] = {
    "delivered-to",     "domainkey-*", "received-spf", "authentication-results",
    "user-agent",       "x-mailer",    "list-id",      "x-feedback-id",
    "x-csa-complaints", "x-mj-*",      "x-mailjet-*",  NULL,
};

const BrevProvider brev_provider_mailjet = {
    .name = "mailjet",
    .title = "Mailjet",
    .url = "https://api.mailjet.com",
    .token_variable = "MJ_APIKEY_PRIVATE",
    .wants_user = TRUE,
    .level = BREV_LEVEL_DOCUMENTS,
    .level_date = "2026-11-25",
    .level_by = "dev.mailjet.com",
    .caps = BREV_CAP_STRUCTURED | BREV_CAP_BATCH | BREV_CAP_INLINE | BREV_CAP_HEADERS |
            BREV_CAP_TAGS | BREV_CAP_METADATA | BREV_CAP_SANDBOX | BREV_CAP_SEARCH |
            BREV_CAP_SMTP,
    .smtp_url = "smtp://in-v3.mailjet.com:587", /* the key pair logs in */
    .max_recipients = 50,
    .max_size = 20 * 1024 * 1024, /* 15 MB of attachments, as base64 */
    .max_batch = 50,
    .max_batch_size = 20 * 1000 * 1000,
    .max_subject = 255,
    .max_reply_to = 1,
    .forbidden_headers = forbidden_headers,
    .carried = BREV_CARRIES (INLINE) | BREV_CARRIES (FILE_NAME) | BREV_CARRIES (RESENT),
    .encode = encode,
    .read = read_reply,
    .search = search,
    .read_search = read_search,
    .index_time = 10 * BREV_MINUTE, /* nothing is promised */
};
