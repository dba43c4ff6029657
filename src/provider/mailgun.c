/* SPDX-License-Identifier: MIT */

/* Mailgun, v3 messages.mime: the message itself as a file of a form (RFC 7578), the envelope
 * in fields beside it, one message a request. No idempotency key. Its OpenAPI document and
 * documentation read in 2026; texts of errors as its users report them. */

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"
#include "provider/search.h"

/* Request. The boundary is made of the queue id, which nobody knew who wrote the message,
 * but for brevdue's own reports: theirs is "brevdue-ID". */

typedef struct {
    BrevBody *body;
    char *boundary; /* owned */
} Form;

/* A line end would begin a field of the part's header, a quote end its name. */
static char *
escape_name (const char *name)
{
    g_autoptr (GString) text = g_string_new (NULL);

    for (const char *p = name; *p != '\0'; p++)
        if (*p == '"')
            g_string_append (text, "%22");
        else
            g_string_append_c (text, g_ascii_iscntrl (*p) ? ' ' : *p);
    return g_strdup (text->str);
}

static void
add_field (Form *form, const char *name, const char *value)
{
    g_autofree char *quoted = escape_name (name);
    g_autofree char *line = g_strdup (value);

    for (char *p = line; *p != '\0'; p++)
        if (g_ascii_iscntrl (*p))
            *p = ' ';
    g_autofree char *part = g_strdup_printf (
        "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
        form->boundary, quoted, line);
    brev_body_add (form->body, part);
}

static void
add_recipients (Form *form, const BrevMail *mail)
{
    for (guint i = 0; i < mail->n_recipients; i++)
        add_field (form, "to", brev_mail_recipient (mail, i)->address);
}

/* Tracking writes other links and an image into the body, and breaks what is signed: only
 * where the application asks for it, and nothing is. */
static void
add_tracking (Form *form, const BrevMail *mail)
{
    const BrevControls *controls = &mail->controls;
    gboolean is_sealed = BREV_HAS (mail->message->features, BREV_FEATURE_SIGNED) ||
                         BREV_HAS (mail->message->features, BREV_FEATURE_ENCRYPTED);
    gboolean opens = !is_sealed && g_strcmp0 (controls->track_opens, "yes") == 0;
    const char *links = is_sealed ? NULL : controls->track_links;
    gboolean is_html = g_strcmp0 (links, "html") == 0;
    gboolean clicks =
        is_html || g_strcmp0 (links, "all") == 0 || g_strcmp0 (links, "text") == 0;

    add_field (form, "o:tracking", opens || clicks ? "yes" : "no");
    add_field (form, "o:tracking-opens", opens ? "yes" : "no");
    add_field (form, "o:tracking-clicks", is_html ? "htmlonly" : clicks ? "yes" : "no");
}

/* Mailgun shows variables to recipients, too; a Message-ID of ours has the queue id as well. */
static void
add_controls (Form *form, const BrevMail *mail)
{
    const GPtrArray *metadata = mail->controls.metadata;

    add_tracking (form, mail);
    if (mail->controls.tag != NULL)
        add_field (form, "o:tag", mail->controls.tag);
    if (mail->is_sandboxed)
        add_field (form, "o:testmode", "yes");
    for (guint i = 0; metadata != NULL && i < metadata->len; i++) {
        const BrevHeader *field = metadata->pdata[i];
        g_autofree char *name = g_strconcat ("v:", field->name, NULL);
        add_field (form, name, field->text);
    }
}

static void
add_message (Form *form, const BrevMail *mail)
{
    g_autofree char *head = g_strdup_printf (
        "--%s\r\nContent-Disposition: form-data; name=\"message\"; "
        "filename=\"message.mime\"\r\nContent-Type: message/rfc822\r\n\r\n",
        form->boundary);
    g_autofree char *end = g_strdup_printf ("\r\n--%s--\r\n", form->boundary);

    brev_body_add (form->body, head);
    brev_body_add_body (form->body, mail->raw, BREV_AS_BYTES);
    brev_body_add (form->body, end);
}

static const char *
domain_of (const BrevMail *mail, const BrevAccount *account)
{
    const char *domain = account->domain != NULL ? account->domain
                                                 : brev_text_domain (mail->from->address);

    return domain != NULL ? domain : "";
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const BrevMail *mail = mails->pdata[0];
    g_autofree char *boundary = g_strconcat ("form-", mail->queue_id, NULL);
    g_autofree char *type =
        g_strdup_printf ("multipart/form-data; boundary=%s", boundary);
    g_autofree char *quoted =
        g_uri_escape_string (domain_of (mail, account), NULL, FALSE);
    g_autofree char *path = g_strdup_printf ("/v3/%s/messages.mime", quoted);
    Form form = { brev_body_new (), boundary };

    add_recipients (&form, mail);
    add_controls (&form, mail);
    add_message (&form, mail);
    BrevHttpRequest *request = brev_http_request_typed (endpoint, path, type, form.body);
    brev_http_request_basic (request, "api", token);
    return request;
}

#define MOST_ENTRIES 100 /* of a page, which is all that is read */

static void
add_filter (BrevJson *json, const char *attribute, const char *value)
{
    brev_json_open (json, '{');
    brev_json_pair (json, "attribute", attribute);
    brev_json_pair (json, "comparator", "=");
    brev_json_name (json, "values");
    brev_json_open (json, '[');
    brev_json_named_value (json, "label", value, "value", value);
    brev_json_close (json, ']');
    brev_json_close (json, '}');
}

/* As Mailgun's logs have it. */
static char *
bare_message_id (const BrevMail *mail)
{
    const char *id = mail->message_id != NULL ? mail->message_id : "";
    gsize length = strlen (id);

    return length > 2 && *id == '<' && id[length - 1] == '>'
               ? g_strndup (id + 1, length - 2)
               : g_strdup (id);
}

/* What was accepted of one Message-ID during the last day. The logs, as Mailgun's events are
 * deprecated. */
static BrevBody *
encode_search (const BrevMail *mail, const BrevAccount *account)
{
    g_autofree char *id = bare_message_id (mail);
    BrevJson json = { .body = brev_body_new () };

    brev_json_open (&json, '{');
    brev_json_pair (&json, "duration", "1d");
    brev_json_name (&json, "events");
    brev_json_open (&json, '[');
    brev_json_text (&json, "accepted");
    brev_json_close (&json, ']');
    brev_json_name (&json, "filter");
    brev_json_open (&json, '{');
    brev_json_name (&json, "AND");
    brev_json_open (&json, '[');
    add_filter (&json, "domain", domain_of (mail, account));
    add_filter (&json, "message_id", id);
    brev_json_close (&json, ']');
    brev_json_close (&json, '}');
    brev_json_name (&json, "pagination");
    brev_json_open (&json, '{');
    brev_json_pair (&json, "sort", "timestamp:desc");
    brev_json_name (&json, "limit");
    brev_json_word (&json, G_STRINGIFY (MOST_ENTRIES));
    brev_json_close (&json, '}');
    brev_json_close (&json, '}');
    return json.body;
}

static BrevHttpRequest *
search (const BrevMail *mail, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    if (!brev_mail_has_queue_id (mail, error))
        return NULL;

    BrevHttpRequest *request = brev_http_request_new (endpoint, "/v1/analytics/logs",
                                                      encode_search (mail, account));
    brev_http_request_basic (request, "api", token);
    return request;
}

/* Reply. The field of an error is "To" when its words name a recipient, "only" when they
 * name nobody and there is one. */

/* clang-format off */
static const BrevErrorRow rows[] = { /* the first that fits */
    { 429, NULL, NULL, NULL,                     BREV_JUST (LATER),   "4.3.2" },
    { 400, NULL, NULL, "limit exceeded",         BREV_JUST (LATER),   "4.3.2" },
    { 0, NULL, "To", "authorized recipient",     BREV_HOLD (RECIPIENT), "4.7.1", TRUE },
    { 0, NULL, NULL, "authorized recipient",     BREV_HOLD (RECIPIENT), "4.7.1" }, /* sandbox */
    { 0, NULL, NULL, "unverified",               BREV_HOLD (SENDER),  "4.7.1" },
    { 0, NULL, NULL, "not verified",             BREV_HOLD (SENDER),  "4.7.1" },
    { 404, NULL, NULL, "domain",                 BREV_HOLD (SENDER),  "4.7.1" }, /* or in another region */
    { 0, NULL, NULL, "not allowed to send",      BREV_HOLD (ACCOUNT), "4.7.1" }, /* not activated, disabled */
    { 403, NULL, NULL, NULL,                     BREV_HOLD (ACCOUNT), "4.7.1" },
    { 400, NULL, NULL, "'from' parameter",       BREV_HOLD (SENDER),  "4.7.1" },
    { 400, NULL, NULL, "from parameter",         BREV_HOLD (SENDER),  "4.7.1" },
    { 400, NULL, "To", "valid address",          BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 400, NULL, "only", "valid address",        BREV_JUST (REFUSED), "5.1.3" },
    { 400, NULL, NULL, "valid address",          BREV_JUST (SPLIT),   "5.1.3" }, /* which of them? */
    { 400, NULL, NULL, "suppress",               BREV_JUST (REFUSED), "5.2.1", TRUE },
    { 400, NULL, NULL, "parameter",              BREV_JUST (PARK),    "4.5.0" }, /* missing, no file, 16 KB */
    { 400, NULL, NULL, "too many recipients",    BREV_JUST (PARK),    "4.5.0" },
    { 0 },
};
/* clang-format on */

/* "... limit exceeded, try again after 120 seconds", or after a date. */
static gint64
wait_of (const BrevHttpReply *reply, const char *words)
{
    static const char prose[] = "try again after ";
    gint64 after = brev_reply_retry_after (reply);
    const char *found = words == NULL ? NULL : strstr (words, prose);
    char *end;

    if (after > 0 || found == NULL)
        return after;
    found += strlen (prose);
    if (!g_ascii_isdigit (*found))
        return brev_reply_until (reply, found);
    after = g_ascii_strtoll (found, &end, 10);
    if (g_str_has_prefix (end, " minute"))
        after *= 60;
    return CLAMP (after, 0, BREV_DAY / BREV_SECOND) * BREV_SECOND;
}

static void
read_error (const BrevHttpReply *reply, JsonObject *body, const GPtrArray *mails,
            const GPtrArray *outcomes)
{
    const char *words = brev_json_string (body, "message");
    const BrevReplyError error = {
        .status = reply->status,
        .field = brev_reply_field (words, mails->pdata[0]),
        .words = words,
        .recipient = -1,
    };

    brev_error_refuse (reply, rows, reply->status < 500 ? &error : NULL,
                       wait_of (reply, words), mails, outcomes);
}

static void
read_success (const BrevHttpReply *reply, JsonObject *body, const BrevMail *mail,
              BrevOutcome *outcome)
{
    g_autofree char *id = brev_reply_words (brev_json_string (body, "id"));
    g_autofree char *words = brev_reply_words (brev_json_string (body, "message"));
    const BrevVerdict accepted = { .kind = BREV_VERDICT_ACCEPTED,
                                   .dsn = "2.0.0",
                                   .remote_id = id,
                                   .text = words,
                                   .is_test = mail->is_sandboxed };

    if (reply->status != 200 || id == NULL || *id == '\0' || words == NULL)
        brev_reply_set_strange (reply, outcome);
    else
        brev_outcome_set_all (outcome, &accepted);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);

    if (brev_reply_is_success (reply))
        read_success (reply, body, mails->pdata[0], outcomes->pdata[0]);
    else
        read_error (reply, body, mails, outcomes);
}

/* What a search says: {"items": [{"event": "accepted", "recipient": "a@example.com",
 * "user-variables": "{\"brevdue-id\": ...}", "message": {"headers": {"message-id": ...}}, ...}],
 * ...}. The logs promise neither how soon nor that they show all: not found says nothing. */

static void
read_copy (JsonObject *entry, BrevCopy *copy)
{
    const char *variables = brev_json_string (entry, "user-variables"); /* JSON, too */
    JsonObject *message = brev_json_object (brev_json_member (entry, "message"));
    JsonObject *headers = brev_json_object (brev_json_member (message, "headers"));

    if (variables == NULL ||
        g_strcmp0 (brev_json_string (entry, "event"), "accepted") != 0)
        return;
    copy->id = brev_json_string (headers, "message-id");
    copy->address = brev_json_string (entry, "recipient");
    copy->inner = brev_json_parse (variables, strlen (variables));
    copy->metadata = brev_json_object (copy->inner);
}

/* A sending key may send and nothing else; Mailgun says 401 to a right key, too, where it has
 * no right. One that is wrong is found out when the mail is sent again. */
static void
read_search (const BrevHttpReply *reply, const BrevMail *mail, BrevOutcome *outcome)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);
    JsonArray *entries = brev_json_array (brev_json_member (body, "items"));

    brev_search_find (reply, entries, brev_json_string (body, "message"), read_copy, mail,
                      outcome);
    brev_search_may_not_ask (reply->status == 401, outcome);
}

static const char *const regions[] = { "us", "eu", NULL };

const BrevProvider brev_provider_mailgun = {
    .name = "mailgun",
    .title = "Mailgun",
    .url = "https://api.mailgun.net",
    .region_url = "https://api.{region}.mailgun.net",
    .regions = regions,
    .token_variable = "MAILGUN_API_KEY",
    .level = BREV_LEVEL_DOCUMENTS,
    .level_date = "2026-11-25",
    .level_by = "documentation.mailgun.com",
    .caps = BREV_CAP_RAW | BREV_CAP_BCC_ONLY | BREV_CAP_TAGS | BREV_CAP_METADATA |
            BREV_CAP_SANDBOX | BREV_CAP_SEARCH,
    .max_recipients = 1000,
    .max_size = 25 * 1000 * 1000,
    .max_batch = 1,
    .max_tag = 128,
    .max_metadata = 30, /* all options together 16 KB */
    .max_metadata_key = 100,
    .max_metadata_value = 400,
    .encode = encode,
    .read = read_reply,
    .search = search,
    .read_search = read_search,
    .index_time =
        2 * BREV_MINUTE, /* how often it is asked in vain: nothing is promised */
};
