/* SPDX-License-Identifier: MIT */

/* Postmark: JSON, one message a request or up to 500 in an array, a result for each. No
 * raw message, no envelope apart from To, Cc and Bcc, no idempotency key. Documentation
 * read in 2026; texts of errors as its libraries and their users report them. */

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "message/address.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"
#include "provider/search.h"

/* Request. Only documented members: Postmark refuses requests with others. */

static const char *
track_links (const char *wish)
{
    static const struct {
        const char *wish, *value;
    } rows[] = {
        { "none", "None" },
        { "all", "HtmlAndText" },
        { "html", "HtmlOnly" },
        { "text", "TextOnly" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        if (strcmp (rows[i].wish, wish) == 0)
            return rows[i].value;
    }
    g_assert_not_reached ();
}

static void
encode_header (BrevJson *json, const char *name, const char *value)
{
    brev_json_named_value (json, "Name", name, "Value", value);
}

static void
encode_headers (BrevJson *json, const BrevMail *mail)
{
    const GPtrArray *const lists[] = { mail->headers, mail->added };

    brev_json_name (json, "Headers");
    brev_json_open (json, '[');
    encode_header (json, "Message-ID", mail->message_id);
    encode_header (json, "X-PM-KeepID", "true"); /* else the Message-ID is replaced */
    for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
        for (guint j = 0; j < lists[i]->len; j++) {
            const BrevHeader *header = lists[i]->pdata[j];
            encode_header (json, header->name, brev_header_value (header));
        }
    }
    brev_json_close (json, ']');
}

static void
encode_attachments (BrevJson *json, const BrevMail *mail)
{
    const GPtrArray *parts = mail->message->attachments;

    if (parts->len == 0)
        return;
    brev_json_name (json, "Attachments");
    brev_json_open (json, '[');
    for (guint i = 0; i < parts->len; i++) {
        const BrevPart *part = parts->pdata[i];
        g_autofree char *name = brev_part_filename (part, i);
        brev_json_open (json, '{');
        brev_json_pair (json, "Name", name);
        brev_json_pair (json, "ContentType", part->content_type);
        if (part->is_inline && part->content_id != NULL) {
            g_autofree char *id = g_strconcat ("cid:", part->content_id, NULL);
            brev_json_pair (json, "ContentID", id);
        }
        brev_json_name (json, "Content");
        brev_json_part (json, mail->fd, part, BREV_AS_BASE64);
        brev_json_close (json, '}');
    }
    brev_json_close (json, ']');
}

static void
encode_controls (BrevJson *json, const BrevControls *controls, const BrevAccount *account)
{
    const char *stream = controls->stream != NULL ? controls->stream : account->stream;

    if (stream != NULL)
        brev_json_pair (json, "MessageStream", stream);
    if (controls->tag != NULL)
        brev_json_pair (json, "Tag", controls->tag);
    if (controls->track_opens != NULL) {
        brev_json_flag (json, "TrackOpens", strcmp (controls->track_opens, "yes") == 0);
    }
    if (controls->track_links != NULL)
        brev_json_pair (json, "TrackLinks", track_links (controls->track_links));
    brev_json_fields (json, "Metadata", controls->metadata);
}

static void
encode_mail (BrevJson *json, const BrevMail *mail, const BrevAccount *account)
{
    g_autofree char *from = brev_mailbox_format (mail->from, FALSE);

    brev_json_open (json, '{');
    brev_json_pair (json, "From", from);
    brev_json_mailboxes (json, "To", mail->to);
    brev_json_mailboxes (json, "Cc", mail->cc);
    brev_json_mailboxes (json, "Bcc", mail->bcc);
    brev_json_mailboxes (json, "ReplyTo", mail->reply_to);
    brev_json_pair (json, "Subject", mail->subject);
    brev_json_bodies (json, mail, "TextBody", "HtmlBody");
    encode_headers (json, mail);
    encode_controls (json, &mail->controls, account);
    encode_attachments (json, mail);
    brev_json_close (json, '}');
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    gboolean is_batch = mails->len > 1;
    BrevJson json = { .body = brev_body_new () };

    if (is_batch)
        brev_json_open (&json, '[');
    for (guint i = 0; i < mails->len; i++)
        encode_mail (&json, mails->pdata[i], account);
    if (is_batch)
        brev_json_close (&json, ']');

    BrevHttpRequest *request =
        brev_http_request_new (endpoint, is_batch ? "/email/batch" : "/email", json.body);
    brev_http_request_header (request, "X-Postmark-Server-Token", token, TRUE);
    return request;
}

#define MOST_COPIES \
    50 /* entries of a search, each with up to 50 recipients: below 1 MB */

/* All mails of one message share its queue id; their recipients tell them apart. Without
 * a stream the default one is searched, which is also where such mail goes. */
static BrevHttpRequest *
search (const BrevMail *mail, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const char *stream =
        mail->controls.stream != NULL ? mail->controls.stream : account->stream;
    g_autofree char *id = NULL, *in = NULL, *path = NULL;

    if (!brev_mail_has_queue_id (mail, error))
        return NULL;
    id = g_uri_escape_string (mail->queue_id, NULL, FALSE);
    in = g_uri_escape_string (stream != NULL ? stream : "", NULL, FALSE);
    path = g_strdup_printf (
        "/messages/outbound?count=%d&offset=0&metadata_" BREV_QUEUE_ID_FIELD "=%s%s%s",
        MOST_COPIES, id, *in == '\0' ? "" : "&messagestream=", in);

    BrevHttpRequest *request = brev_http_request_get (endpoint, path);
    brev_http_request_header (request, "X-Postmark-Server-Token", token, TRUE);
    return request;
}

/* Reply. What one error says about one mail. */
typedef struct {
    BrevVerdict verdict;
    const char *message; /* borrowed; never NULL */
    gboolean has_id;     /* the same result names a MessageID */
} Judgement;

static void
judge_all (const Judgement *judgement, const BrevMail *mail, BrevOutcome *outcome)
{
    brev_outcome_set_all (outcome, &judgement->verdict);
}

/* Those whom the text names get the verdict; nobody got the mail, so the others come
 * again without them. When it names none of ours, it speaks of all. */
static void
judge_named (const Judgement *judgement, const BrevMail *mail, BrevOutcome *outcome)
{
    BrevVerdict others = judgement->verdict;

    others.kind = judgement->has_id ? BREV_VERDICT_UNKNOWN : BREV_VERDICT_AGAIN;
    others.dsn = "4.1.0";
    brev_outcome_set_all (outcome, &others);
    guint n =
        brev_outcome_set_named (outcome, mail, judgement->message, &judgement->verdict);
    if (n == 0)
        judge_all (judgement, mail, outcome);
}

/* clang-format off */
static const struct {
    const char *prefix;
    BrevVerdictKind kind;
    BrevScope scope;
    const char *dsn;
    void (*judge) (const Judgement *judgement, const BrevMail *mail, BrevOutcome *outcome);
} invalid_texts[] = { /* of code 300, which stands for much; the first that fits */
    { "Invalid 'From'",           BREV_HOLD (SENDER),  "4.7.1", judge_all },
    { "Error parsing 'From'",     BREV_HOLD (SENDER),  "4.7.1", judge_all },
    { "The 'From' address",       BREV_HOLD (SENDER),  "4.7.1", judge_all },
    { "Invalid 'To' address: ''", BREV_JUST (PARK),    "4.5.0", judge_all },
    { "Zero recipients",          BREV_JUST (PARK),    "4.5.0", judge_all },
    { "Provide either email",     BREV_JUST (PARK),    "4.5.0", judge_all }, /* a body */
    { "Invalid 'To'",             BREV_JUST (REFUSED), "5.1.3", judge_named },
    { "Invalid 'Cc'",             BREV_JUST (REFUSED), "5.1.3", judge_named },
    { "Invalid 'Bcc'",            BREV_JUST (REFUSED), "5.1.3", judge_named },
    { "Error parsing 'To'",       BREV_JUST (REFUSED), "5.1.3", judge_named },
    { "Error parsing 'Cc'",       BREV_JUST (REFUSED), "5.1.3", judge_named },
    { "Error parsing 'Bcc'",      BREV_JUST (REFUSED), "5.1.3", judge_named },
    { "",                         BREV_JUST (REFUSED), "5.6.0", judge_all },
};
/* clang-format on */

static void
judge_invalid (const Judgement *judgement, const BrevMail *mail, BrevOutcome *outcome)
{
    Judgement closer = *judgement;
    guint i = 0;

    while (!g_str_has_prefix (judgement->message, invalid_texts[i].prefix))
        i++;
    closer.verdict.kind = invalid_texts[i].kind;
    closer.verdict.scope = invalid_texts[i].scope;
    closer.verdict.dsn = invalid_texts[i].dsn;
    invalid_texts[i].judge (&closer, mail, outcome);
}

/* A new account may write only to the domain of its From: recipients elsewhere wait for
 * the account's approval, the others come again without them. */
static void
judge_pending (const Judgement *judgement, const BrevMail *mail, BrevOutcome *outcome)
{
    const char *home = brev_text_domain (mail->from->address);
    BrevVerdict others = judgement->verdict;
    guint n_elsewhere = 0;

    others.kind = BREV_VERDICT_AGAIN;
    brev_outcome_set_all (outcome, &others);
    for (guint i = 0; i < outcome->n; i++) {
        const char *address = brev_mail_recipient (mail, i)->address;
        const char *domain = brev_text_domain (address);
        if (home != NULL && domain != NULL && g_ascii_strcasecmp (home, domain) == 0)
            continue;
        n_elsewhere++;
        (void) brev_outcome_set (outcome, mail, address, &judgement->verdict);
    }
    if (n_elsewhere == 0)
        judge_all (judgement, mail, outcome);
}

typedef struct {
    gint64 code;
    BrevVerdictKind kind;
    BrevScope scope;
    const char *dsn;
    void (*judge) (const Judgement *judgement, const BrevMail *mail,
                   BrevOutcome *outcome);
} CodeRow;

/* clang-format off */
static const CodeRow error_codes[] = { /* of the body; HTTP's own mean other things */
    { 10,   BREV_HOLD (ACCOUNT),   "4.7.8", judge_all },     /* token */
    { 100,  BREV_JUST (LATER),     "4.3.2", judge_all },     /* maintenance */
    { 300,  BREV_JUST (REFUSED),   "5.6.0", judge_invalid }, /* many things */
    { 400,  BREV_HOLD (SENDER),    "4.7.1", judge_all },     /* From unknown */
    { 401,  BREV_HOLD (SENDER),    "4.7.1", judge_all },     /* unconfirmed */
    { 402,  BREV_JUST (PARK),      "4.5.0", judge_all },     /* no JSON */
    { 403,  BREV_JUST (PARK),      "4.5.0", judge_all },     /* wrong fields */
    { 405,  BREV_HOLD (ACCOUNT),   "4.7.1", judge_all },     /* no credits */
    { 406,  BREV_JUST (REFUSED),   "5.2.1", judge_named },   /* inactive */
    { 409,  BREV_JUST (PARK),      "4.5.0", judge_all },     /* no JSON type */
    { 410,  BREV_JUST (PARK),      "4.5.0", judge_all },     /* too many mails */
    { 411,  BREV_JUST (REFUSED),   "5.6.1", judge_all },     /* file type */
    { 412,  BREV_HOLD (RECIPIENT), "4.7.1", judge_pending }, /* not approved */
    { 413,  BREV_HOLD (ACCOUNT),   "4.7.1", judge_all },     /* may not send */
    { 422,  BREV_HOLD (ACCOUNT),   "4.7.1", judge_all },     /* no such account */
    { 429,  BREV_JUST (LATER),     "4.3.2", judge_all },     /* too fast */
    { 1226, BREV_HOLD (STREAM),    "4.7.1", judge_all },     /* no such stream */
    { 1235, BREV_HOLD (STREAM),    "4.7.1", judge_all },     /* no such stream */
    { 1236, BREV_HOLD (STREAM),    "4.7.1", judge_all },     /* cannot send */
    { 1480, BREV_HOLD (ACCOUNT),   "4.7.1", judge_all },     /* our IP address */
};
/* clang-format on */

static const CodeRow *
find_code (gint64 code)
{
    for (guint i = 0; i < G_N_ELEMENTS (error_codes); i++) {
        if (error_codes[i].code == code)
            return &error_codes[i];
    }
    return NULL;
}

/* Nil when there is none; an id of zeros is none. */
static const char *
message_id (JsonObject *result)
{
    const char *id = brev_json_string (result, "MessageID");

    return id != NULL && strspn (id, "0-") < strlen (id) ? id : NULL;
}

/* Code 11 stands for several errors: {"Errors": {FIELD: [error, ...]}}. Nothing bounces
 * while one of them is no refusal; of several refusals the first is enough, the others
 * come again. */
static void
look_for_error (JsonNode *node, guint depth, JsonObject **found)
{
    JsonObject *object = brev_json_object (node);
    JsonArray *array = brev_json_array (node);
    gint64 code;

    if (depth > 3)
        return;
    if (brev_json_integer (object, "ErrorCode", &code)) {
        const CodeRow *row = find_code (code);
        if (*found == NULL || row == NULL || row->kind != BREV_VERDICT_REFUSED)
            *found = object;
        return;
    }
    g_autoptr (GList) members = object != NULL ? json_object_get_values (object) : NULL;
    for (GList *member = members; member != NULL; member = member->next)
        look_for_error (member->data, depth + 1, found);
    for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
        look_for_error (json_array_get_element (array, i), depth + 1, found);
}

#define SEVERAL_ERRORS 11

/* Returns: (nullable): the error object that counts, with its @code */
static JsonObject *
find_error (JsonObject *result, gint64 *code)
{
    JsonObject *found = NULL;

    if (!brev_json_integer (result, "ErrorCode", code))
        return NULL;
    if (*code == SEVERAL_ERRORS)
        look_for_error (brev_json_member (result, "Errors"), 0, &found);
    return found != NULL && brev_json_integer (found, "ErrorCode", code) ? found : result;
}

/* What an error @code with @message says about one mail; an unknown one says "later". */
static void
judge_error (gint64 code, const char *message, gboolean has_id, const BrevMail *mail,
             BrevOutcome *outcome)
{
    const CodeRow *row = find_code (code);
    Judgement judgement = { .message = message != NULL ? message : "", .has_id = has_id };
    g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, code);
    g_autofree char *words = brev_reply_words (message);

    judgement.verdict = (BrevVerdict){
        .kind = row != NULL ? row->kind
                : has_id    ? BREV_VERDICT_UNKNOWN
                            : BREV_VERDICT_LATER,
        .scope = row != NULL ? row->scope : 0,
        .code = number,
        .dsn = row != NULL ? row->dsn : "4.0.0",
        .text = words,
    };
    if (row != NULL)
        row->judge (&judgement, mail, outcome);
    else
        judge_all (&judgement, mail, outcome);
}

/* "Message OK, but will not deliver to these inactive addresses: a@b, c@d. ..." When none
 * of them is ours, somebody will not get it and nobody knows who: a person must look. */
static void
judge_accepted (const char *id, const char *message, const BrevMail *mail,
                BrevOutcome *outcome)
{
    g_autofree char *words = brev_reply_words (message);
    g_autofree char *remote_id = brev_reply_words (id);
    BrevVerdict verdict = {
        .kind = BREV_VERDICT_ACCEPTED,
        .dsn = "2.0.0",
        .text = words,
        .remote_id = remote_id,
        .is_test = g_strcmp0 (message, "Test job accepted") == 0,
    };
    BrevVerdict inactive = {
        .kind = BREV_VERDICT_REFUSED, .dsn = "5.2.1", .code = NULL, .text = words
    };

    brev_outcome_set_all (outcome, &verdict);
    if (message == NULL || strstr (message, "inactive addresses:") == NULL)
        return;
    if (brev_outcome_set_named (outcome, mail, message, &inactive) > 0)
        return;
    verdict.kind = BREV_VERDICT_PARK;
    brev_outcome_set_all (outcome, &verdict);
}

/* One result of a reply with status 2xx. During delays an ErrorCode may be missing. */
static void
read_result (const BrevHttpReply *reply, JsonNode *node, const BrevMail *mail,
             BrevOutcome *outcome)
{
    JsonObject *result = brev_json_object (node);
    JsonNode *code_node = brev_json_member (result, "ErrorCode");
    const char *id = message_id (result);
    gint64 code = 0;
    JsonObject *error = find_error (result, &code);
    gboolean has_no_code = code_node == NULL || JSON_NODE_HOLDS_NULL (code_node);

    if (id != NULL && (has_no_code || (error != NULL && code == 0)))
        judge_accepted (id, brev_json_string (result, "Message"), mail, outcome);
    else if (error != NULL && code != 0)
        judge_error (code, brev_json_string (error, "Message"), id != NULL, mail,
                     outcome);
    else
        brev_reply_set_strange (reply, outcome);
}

static void
read_results (const BrevHttpReply *reply, JsonNode *root, const GPtrArray *mails,
              const GPtrArray *outcomes)
{
    JsonArray *results = brev_json_array (root);
    gboolean fits = results != NULL && json_array_get_length (results) == mails->len;

    if (mails->len == 1) {
        read_result (reply, root, mails->pdata[0], outcomes->pdata[0]);
        return;
    }
    for (guint i = 0; i < mails->len; i++)
        read_result (reply, fits ? json_array_get_element (results, i) : NULL,
                     mails->pdata[i], outcomes->pdata[i]);
}

/* Does an error with @code blame the account or the hour, and no mail of the request? */
static gboolean
is_about_account (gint64 code)
{
    const CodeRow *row = find_code (code);

    return row != NULL &&
           (row->kind == BREV_VERDICT_LATER ||
            (row->kind == BREV_VERDICT_ACCOUNT && row->scope == BREV_SCOPE_ACCOUNT));
}

/* A reply that refuses the whole request: it may be for one of its mails alone. */
static void
read_refusal (const BrevHttpReply *reply, JsonNode *root, const GPtrArray *mails,
              const GPtrArray *outcomes)
{
    gint64 code = 0;
    JsonObject *error = find_error (brev_json_object (root), &code);
    const char *words = brev_json_string (error, "Message");
    g_autofree char *text = words == NULL ? g_strdup_printf ("HTTP %d", reply->status)
                                          : brev_reply_words (words);
    const BrevVerdict split = { .kind = BREV_VERDICT_SPLIT,
                                .dsn = "4.0.0",
                                .text = text };
    const BrevVerdict later = { .kind = BREV_VERDICT_LATER,
                                .dsn = "4.0.0",
                                .text = text };

    if (brev_reply_status (reply, words, brev_reply_retry_after (reply), outcomes))
        return;
    if (mails->len > 1 && !is_about_account (code))
        brev_reply_set_all (outcomes, &split);
    else if (code == 0)
        brev_reply_set_all (outcomes, &later);
    else
        for (guint i = 0; i < mails->len; i++)
            judge_error (code, words, FALSE, mails->pdata[i], outcomes->pdata[i]);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);

    if (brev_reply_is_success (reply))
        read_results (reply, root, mails, outcomes);
    else
        read_refusal (reply, root, mails, outcomes);
}

/* What a search says. */

/* Whether the entry is of the queue id that was asked for: a filter that was ignored would
 * show somebody else's mail to the same recipient. */
static gboolean
is_entry_of (JsonObject *entry, const BrevMail *mail)
{
    JsonObject *metadata = brev_json_object (brev_json_member (entry, "Metadata"));

    return message_id (entry) != NULL &&
           brev_json_array (brev_json_member (entry, "Recipients")) != NULL &&
           g_strcmp0 (brev_json_string (metadata, BREV_QUEUE_ID_FIELD), mail->queue_id) ==
               0;
}

static gboolean
names_recipient (JsonObject *entry, const char *folded)
{
    JsonArray *list = brev_json_array (brev_json_member (entry, "Recipients"));

    for (guint i = 0; i < json_array_get_length (list); i++) {
        JsonNode *node = json_array_get_element (list, i);
        if (json_node_get_value_type (node) != G_TYPE_STRING)
            continue;
        g_autofree char *address = brev_text_fold (json_node_get_string (node));
        if (strcmp (address, folded) == 0)
            return TRUE;
    }
    return FALSE;
}

/* The list has the latest mail first. */
static void
judge_entries (JsonArray *entries, const BrevMail *mail, guint i, BrevOutcome *outcome)
{
    const char *address = brev_mail_recipient (mail, i)->address;
    g_autofree char *folded = brev_text_fold (address);
    g_autofree char *id = NULL, *text = NULL;
    guint n = 0;

    for (guint j = 0; j < json_array_get_length (entries); j++) {
        JsonObject *entry = brev_json_object (json_array_get_element (entries, j));
        if (!names_recipient (entry, folded))
            continue;
        if (n++ == 0)
            id = brev_reply_words (message_id (entry));
    }
    if (n > 1)
        text = g_strdup_printf ("%u copies", n);

    const BrevVerdict found = {
        .kind = BREV_VERDICT_ACCEPTED, .dsn = "2.0.0", .remote_id = id, .text = text
    };
    const BrevVerdict absent = { .kind = BREV_VERDICT_AGAIN, .dsn = "4.4.2" };
    (void) brev_outcome_set (outcome, mail, address, n > 0 ? &found : &absent);
}

/* Returns: whether @root lists all there is, and nothing else; then it was judged */
static gboolean
read_entries (JsonNode *root, const BrevMail *mail, BrevOutcome *outcome)
{
    JsonObject *object = brev_json_object (root);
    JsonArray *entries = brev_json_array (brev_json_member (object, "Messages"));
    gint64 total;

    if (entries == NULL || !brev_json_integer (object, "TotalCount", &total) ||
        total != json_array_get_length (entries))
        return FALSE;
    for (guint i = 0; i < json_array_get_length (entries); i++)
        if (!is_entry_of (brev_json_object (json_array_get_element (entries, i)), mail))
            return FALSE;
    for (guint i = 0; i < outcome->n; i++)
        judge_entries (entries, mail, i, outcome);
    return TRUE;
}

static void
read_search (const BrevHttpReply *reply, const BrevMail *mail, BrevOutcome *outcome)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);

    if (reply->status != 200 || !read_entries (root, mail, outcome))
        brev_search_no_answer (
            reply, brev_json_string (brev_json_object (root), "Message"), outcome);
}

/* Those that Postmark's own library withholds. */
static const char *const forbidden_headers[] = {
    "tag",
    "attachment",
    "track-opens",
    "track-links",
    "x-pm-rcpt",
    "message-stream",
    "postmark-template-alias",
    NULL,
};

#define MEGABYTE (1024 * 1024)

const BrevProvider brev_provider_postmark = {
    .name = "postmark",
    .title = "Postmark",
    .url = "https://api.postmarkapp.com",
    .token_variable = "POSTMARK_SERVER_TOKEN",
    .level = BREV_LEVEL_VALIDATED,
    .level_date = "2026-11-25",
    .level_by = "prism 5.14.2, Postmark's document of its server API 1.0.0",
    .caps = BREV_CAP_STRUCTURED | BREV_CAP_BATCH | BREV_CAP_INLINE | BREV_CAP_HEADERS |
            BREV_CAP_BCC_ONLY | BREV_CAP_TAGS | BREV_CAP_METADATA | BREV_CAP_SEARCH,
    .max_recipients = 50,
    .max_size = 10 * MEGABYTE,
    .max_batch = 500,
    .max_batch_size = 50 * 1000 * 1000,
    .max_text = 5 * MEGABYTE,
    .max_tag = 1000,
    .max_subject = 2000,
    .max_metadata = 10,
    .max_metadata_key = 20,
    .max_metadata_value = 80,
    .forbidden_headers = forbidden_headers,
    .carried = BREV_CARRIES (MESSAGE_ID) | BREV_CARRIES (REPEATED_HEADER) |
               BREV_CARRIES (RESENT) | BREV_CARRIES (EMPTY_SUBJECT) |
               BREV_CARRIES (INLINE) | BREV_CARRIES (FILE_NAME) |
               BREV_CARRIES (ATTACHMENT_CHARSET) | BREV_CARRIES (LIST_HEADERS),
    .encode = encode,
    .read = read_reply,
    .search = search,
    .read_search = read_search,
    .index_time = 10 * BREV_MINUTE, /* nothing is promised; it is seconds as a rule */
};
