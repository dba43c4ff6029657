/* SPDX-License-Identifier: MIT */

/* MailerSend: JSON, one message a request; its bulk requests are answered later, so they
 * are no batch. Header fields only where the request has a place for them: custom ones are
 * an error in most plans. No raw message, no metadata, no types of attachments, no
 * idempotency key. Documentation read in 2026. */

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"

/* Request. */

/* (nullable): the value of the field that travels, as it was written */
static const char *
field_of (const BrevMail *mail, const char *name)
{
    for (guint i = 0; i < mail->headers->len; i++) {
        const BrevHeader *header = mail->headers->pdata[i];
        if (g_ascii_strcasecmp (header->name, name) == 0)
            return header->text;
    }
    return NULL;
}

/* Returns: (transfer full): the ids in a field, without their brackets */
static GPtrArray *
ids_of (const BrevMail *mail, const char *name)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
    const char *p = field_of (mail, name);

    while (p != NULL && (p = strchr (p, '<')) != NULL) {
        gsize length = strcspn (++p, "<> \t");
        if (length > 0 && p[length] == '>')
            g_ptr_array_add (ids, g_strndup (p, length));
    }
    return ids;
}

static void
encode_thread (BrevJson *json, const BrevMail *mail)
{
    g_autoptr (GPtrArray) parents = ids_of (mail, "In-Reply-To");
    g_autoptr (GPtrArray) references = ids_of (mail, "References");

    if (parents->len > 0)
        brev_json_pair (json, "in_reply_to", parents->pdata[0]);
    if (field_of (mail, "Precedence") != NULL)
        brev_json_flag (json, "precedence_bulk", TRUE);
    if (references->len == 0)
        return;
    brev_json_name (json, "references");
    brev_json_open (json, '[');
    for (guint i = 0; i < references->len; i++)
        brev_json_text (json, references->pdata[i]);
    brev_json_close (json, ']');
}

static void
encode_controls (BrevJson *json, const BrevControls *controls)
{
    if (controls->tag != NULL) {
        brev_json_name (json, "tags");
        brev_json_open (json, '[');
        brev_json_text (json, controls->tag);
        brev_json_close (json, ']');
    }
    if (controls->track_links == NULL && controls->track_opens == NULL)
        return;
    brev_json_name (json, "settings");
    brev_json_open (json, '{');
    if (controls->track_links != NULL)
        brev_json_flag (json, "track_clicks",
                        strcmp (controls->track_links, "none") != 0);
    if (controls->track_opens != NULL)
        brev_json_flag (json, "track_opens", strcmp (controls->track_opens, "yes") == 0);
    brev_json_close (json, '}');
}

static void
encode_mail (BrevJson *json, const BrevMail *mail)
{
    static const BrevAttachmentNames names = { .filename = "filename",
                                               .content = "content",
                                               .content_id = "id",
                                               .disposition = "disposition",
                                               .wants_extension = TRUE };

    brev_json_open (json, '{');
    brev_json_name (json, "from");
    brev_json_mailbox (json, mail->from, "email", "name");
    brev_json_mailbox_list (json, "to", mail->to, "email", "name");
    brev_json_mailbox_list (json, "cc", mail->cc, "email", "name");
    brev_json_mailbox_list (json, "bcc", mail->bcc, "email", "name");
    brev_json_first_mailbox (json, "reply_to", mail->reply_to, "email", "name");
    brev_json_pair (json, "subject", mail->subject);
    brev_json_bodies (json, mail, "text", "html");
    encode_thread (json, mail);
    encode_controls (json, &mail->controls);
    brev_json_attachments (json, "attachments", mail, &names, NULL);
    brev_json_close (json, '}');
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    BrevJson json = { .body = brev_body_new () };

    encode_mail (&json, mails->pdata[0]);

    BrevHttpRequest *request = brev_http_request_new (endpoint, "/email", json.body);
    brev_http_request_bearer (request, token);
    return request;
}

/* Reply: no body, and X-Message-Id; with recipients that are suppressed {"warnings":
 * [{"type": "SOME_SUPPRESSED", "recipients": [{"email": ..., "reasons": [...]}]}]}; when
 * all are, "ALL_SUPPRESSED" and no id. An error is {"message": "... #MS42207", "errors":
 * {"from.email": ["... #MS42207"]}}. */

/* clang-format off */
static const BrevErrorRow rows[] = {
    { 401, NULL,      NULL,       NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 0,   "MS40301", NULL,       NULL, BREV_HOLD (ACCOUNT), "4.7.8" }, /* the token may not */
    { 0,   "MS40302", NULL,       NULL, BREV_HOLD (ACCOUNT), "4.7.1" }, /* switched off */
    { 0,   "MS40303", NULL,       NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   "MS40304", NULL,       NULL, BREV_HOLD (ACCOUNT), "4.7.1" }, /* suspended */
    { 0,   "MS40305", NULL,       NULL, BREV_HOLD (ACCOUNT), "4.7.1" }, /* from this address */
    { 403, NULL,      NULL,       NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0,   "MS42204", NULL,       NULL, BREV_HOLD (ACCOUNT), "4.7.1" }, /* quota */
    { 0,   "MS42222", NULL,       NULL, BREV_HOLD (ACCOUNT), "4.7.1" }, /* of the trial domain */
    { 0,   "MS42225", NULL,       NULL, BREV_HOLD (ACCOUNT), "4.7.1" }, /* recipients of a trial */
    { 0,   "MS42207", NULL,       NULL, BREV_HOLD (SENDER),  "4.7.1" }, /* not verified */
    { 0,   "MS42208", "from",     NULL, BREV_HOLD (SENDER),  "4.7.1" }, /* no address */
    { 0,   "MS42208", "reply_to", NULL, BREV_JUST (REFUSED), "5.6.0" },
    { 0,   "MS42208", NULL,       NULL, BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0,   "MS42205", NULL,       NULL, BREV_JUST (PARK),    "4.5.3", TRUE }, /* too many: halve them */
    { 0,   "MS42202", NULL,       NULL, BREV_JUST (REFUSED), "5.6.1" }, /* name and content differ */
    { 0,   "MS42206", NULL,       NULL, BREV_JUST (REFUSED), "5.3.4" },
    { 0,   "MS42210", NULL,       NULL, BREV_JUST (REFUSED), "5.6.1" }, /* type of a file */
    { 0,   "MS42201", NULL,       NULL, BREV_JUST (PARK),    "4.5.0" }, /* a recipient twice */
    { 0,   "MS42209", NULL,       NULL, BREV_JUST (PARK),    "4.5.0" }, /* a field is missing */
    { 0,   "MS42211", NULL,       NULL, BREV_JUST (PARK),    "4.5.0" }, /* no body */
    { 0,   "MS42213", NULL,       NULL, BREV_JUST (PARK),    "4.5.0" }, /* {{ in a body */
    { 0,   "MS42214", NULL,       NULL, BREV_JUST (PARK),    "4.5.0" }, /* so */
    { 0,   "MS42215", NULL,       NULL, BREV_JUST (PARK),    "4.5.0" }, /* no base64 */
    { 0,   "MS42216", NULL,       NULL, BREV_JUST (PARK),    "4.5.0" }, /* not in this plan */
    { 0,   "MS42220", NULL,       NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "MS42221", NULL,       NULL, BREV_JUST (PARK),    "4.5.0" }, /* no string */
    { 0,   "MS42227", NULL,       NULL, BREV_JUST (PARK),    "4.5.0" }, /* no JSON */
    { 0,   "MS42228", NULL,       NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0,   "MS42901", NULL,       NULL, BREV_JUST (LATER),   "4.3.2" }, /* requests of a day */
    { 0,   "MS42903", NULL,       NULL, BREV_JUST (LATER),   "4.3.2" },
    { 0 },
};
/* clang-format on */

/* Returns: (nullable): the code that @words end with; static */
static const char *
code_of (const char *words)
{
    const char *found = words != NULL ? strrchr (words, '#') : NULL;

    for (const BrevErrorRow *row = rows; found != NULL && row->dsn != NULL; row++)
        if (row->code != NULL && g_str_has_prefix (found + 1, row->code) &&
            !g_ascii_isdigit (found[1 + strlen (row->code)]))
            return row->code;
    return NULL;
}

/* Returns: the index of the recipient whom "cc.1.email" names, or -1 */
static int
find_recipient (const char *field, const BrevMail *mail)
{
    char name[4] = "";
    guint index = 0;

    return field != NULL && sscanf (field, "%3[a-z].%4u", name, &index) == 2
               ? brev_reply_recipient (mail, name, index)
               : -1;
}

static void
add_error (GArray *errors, int status, const char *field, const char *words,
           const BrevMail *mail)
{
    const BrevReplyError error = {
        .status = status,
        .code = code_of (words),
        .field = field,
        .words = words,
        .recipient = find_recipient (field, mail),
    };

    if (words != NULL)
        g_array_append_val (errors, error);
}

/* Returns: (transfer full): of BrevReplyError: of each field, else of the whole */
static GArray *
errors_of (JsonObject *object, int status, const BrevMail *mail)
{
    GArray *errors = g_array_new (FALSE, FALSE, sizeof (BrevReplyError));
    JsonObject *fields = brev_json_object (brev_json_member (object, "errors"));
    g_autoptr (GList) names = fields != NULL ? json_object_get_members (fields) : NULL;

    for (GList *name = names; name != NULL; name = name->next) {
        JsonArray *list = brev_json_array (brev_json_member (fields, name->data));
        for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
            JsonNode *node = json_array_get_element (list, i);
            if (json_node_get_value_type (node) == G_TYPE_STRING)
                add_error (errors, status, name->data, json_node_get_string (node), mail);
        }
    }
    if (errors->len == 0)
        add_error (errors, status, NULL, brev_json_string (object, "message"), mail);
    return errors;
}

/* The quota of a day begins anew at midnight, UTC: a fallback takes over. */
static gint64
wait_of (const BrevHttpReply *reply, const GArray *errors)
{
    gint64 after = brev_reply_retry_after (reply);

    for (guint i = 0; i < errors->len; i++)
        if (g_strcmp0 (g_array_index (errors, BrevReplyError, i).code, "MS42901") == 0)
            return MAX (after, BREV_HOUR);
    return after;
}

static void
refuse (const BrevHttpReply *reply, JsonObject *object, const GPtrArray *mails,
        const GPtrArray *outcomes)
{
    g_autoptr (GArray) errors = errors_of (object, reply->status, mails->pdata[0]);
    gint64 after = wait_of (reply, errors);

    if (reply->status == 429 || reply->status >= 500)
        g_array_set_size (errors, 0);
    brev_errors_refuse (reply, rows, errors, after, mails, outcomes);
}

/* Returns: whether all of it was understood */
static gboolean
refuse_suppressed (JsonObject *warning, const BrevMail *mail, BrevOutcome *outcome)
{
    JsonArray *list = brev_json_array (brev_json_member (warning, "recipients"));
    const char *type = brev_json_string (warning, "type");
    const BrevVerdict suppressed = { .kind = BREV_VERDICT_REFUSED,
                                     .dsn = "5.2.1",
                                     .code = (char *) (gsize) type,
                                     .text = (char *) (gsize) type };
    gboolean is_known = g_strcmp0 (type, "SOME_SUPPRESSED") == 0 ||
                        g_strcmp0 (type, "ALL_SUPPRESSED") == 0;

    for (guint i = 0; is_known && list != NULL && i < json_array_get_length (list); i++) {
        JsonObject *entry = brev_json_object (json_array_get_element (list, i));
        const char *address = brev_json_string (entry, "email");
        if (address == NULL || !brev_outcome_set (outcome, mail, address, &suppressed))
            return FALSE;
    }
    return is_known && list != NULL && json_array_get_length (list) > 0;
}

/* Without an id nobody got the mail: who is not suppressed then is not accounted for. */
static void
read_success (const BrevHttpReply *reply, JsonObject *object, const BrevMail *mail,
              BrevOutcome *outcome)
{
    g_autofree char *id =
        brev_reply_words (brev_http_reply_header (reply, "X-Message-Id"));
    JsonArray *warnings = brev_json_array (brev_json_member (object, "warnings"));
    const BrevVerdict accepted = { .kind = BREV_VERDICT_ACCEPTED,
                                   .dsn = "2.0.0",
                                   .remote_id = id };
    gboolean is_understood =
        reply->status == 202 &&
        (warnings != NULL || (id != NULL && g_bytes_get_size (reply->body) == 0));

    brev_reply_set_strange (reply, outcome);
    if (is_understood && id != NULL)
        brev_outcome_set_all (outcome, &accepted);
    for (guint i = 0;
         is_understood && warnings != NULL && i < json_array_get_length (warnings); i++)
        is_understood = refuse_suppressed (
            brev_json_object (json_array_get_element (warnings, i)), mail, outcome);
    if (!is_understood)
        brev_reply_set_strange (reply, outcome);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *object = brev_json_object (root);

    if (brev_reply_is_success (reply))
        read_success (reply, object, mails->pdata[0], outcomes->pdata[0]);
    else
        refuse (reply, object, mails, outcomes);
}

/* Those that the request has a place for, if that says the same. */
static gboolean
takes_header (const BrevMessage *message, const BrevHeader *header)
{
    if (g_ascii_strcasecmp (header->name, "Precedence") == 0)
        return g_ascii_strcasecmp (header->text, "bulk") == 0;
    return (g_ascii_strcasecmp (header->name, "In-Reply-To") == 0 ||
            g_ascii_strcasecmp (header->name, "References") == 0) &&
           strchr (header->text, '<') != NULL;
}

const BrevProvider brev_provider_mailersend = {
    .name = "mailersend",
    .title = "MailerSend",
    .url = "https://api.mailersend.com/v1",
    .token_variable = "MAILERSEND_API_KEY",
    .level = BREV_LEVEL_DOCUMENTS,
    .level_date = "2026-11-25",
    .level_by = "developers.mailersend.com",
    .caps = BREV_CAP_STRUCTURED | BREV_CAP_INLINE | BREV_CAP_HEADERS | BREV_CAP_TAGS,
    .max_recipients = 50,
    .max_size = 33 * 1000 * 1000, /* 25 MB of attachments, as base64 */
    .max_batch = 1,
    .max_reply_to = 1,
    .no_name_chars = ",;",
    .wants_extension = TRUE,
    .takes_header = takes_header,
    .carried = BREV_CARRIES (INLINE),
    .encode = encode,
    .read = read_reply,
};
