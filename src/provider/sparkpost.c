/* SPDX-License-Identifier: MIT */

/* SparkPost, API v1: the message itself as a string of JSON, one recipient a request. Only so its
 * reply says what became of that one: of several it counts those that it rejects and names
 * nobody, and drops the suppressed ones later without a word. No idempotency key. The sources of
 * developers.sparkpost.com and of its support's list of error codes read in 2026; texts of errors
 * as its users report them. */

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"
#include "provider/search.h"

/* Request. */

static void
encode_recipients (BrevJson *json, const BrevMail *mail)
{
    brev_json_name (json, "recipients");
    brev_json_open (json, '[');
    for (guint i = 0; i < mail->n_recipients; i++) {
        brev_json_open (json, '{');
        brev_json_name (json, "address");
        brev_json_open (json, '{');
        brev_json_pair (json, "email", brev_mail_recipient (mail, i)->address);
        brev_json_close (json, '}');
        brev_json_close (json, '}');
    }
    brev_json_close (json, ']');
}

/* Tracking writes into the body, and breaks what is signed; so would substitution, for which
 * "{{" in a body is an expression. What is not transactional gets a List-Unsubscribe. */
static void
encode_options (BrevJson *json, const BrevMail *mail, const BrevAccount *account)
{
    const BrevControls *controls = &mail->controls;
    BrevFeatures sealed = BREV_CARRIES (SIGNED) | BREV_CARRIES (ENCRYPTED);
    gboolean is_sealed = (mail->message->features & sealed) != 0;
    gboolean opens = g_strcmp0 (controls->track_opens, "yes") == 0;
    gboolean links =
        controls->track_links != NULL && strcmp (controls->track_links, "none") != 0;

    brev_json_name (json, "options");
    brev_json_open (json, '{');
    brev_json_flag (json, "open_tracking", opens && !is_sealed);
    brev_json_flag (json, "click_tracking", links && !is_sealed);
    brev_json_flag (json, "transactional", TRUE);
    brev_json_flag (json, "perform_substitutions", FALSE);
    if (account->stream != NULL)
        brev_json_pair (json, "ip_pool", account->stream);
    brev_json_close (json, '}');
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const BrevMail *mail = mails->pdata[0];
    BrevJson json = { .body = brev_body_new () };

    brev_json_open (&json, '{');
    encode_options (&json, mail, account);
    encode_recipients (&json, mail);
    if (mail->controls.tag != NULL)
        brev_json_pair (&json, "campaign_id", mail->controls.tag);
    brev_json_fields (&json, "metadata", mail->controls.metadata);
    brev_json_name (&json, "content");
    brev_json_open (&json, '{');
    brev_json_name (&json, "email_rfc822");
    brev_json_body (&json, mail->raw, BREV_AS_JSON_MAIL);
    brev_json_close (&json, '}');
    brev_json_close (&json, '}');
    BrevHttpRequest *request =
        brev_http_request_new (endpoint, "/transmissions", json.body);
    brev_http_request_header (request, "Authorization", token, TRUE);
    return request;
}

#define MOST_EVENTS 200 /* of a search: below 1 MB */

/* The events of the recipient, whose address they have in small letters, of the last 24 hours
 * but for the last minute, the latest first. They cannot be searched for metadata. */
static BrevHttpRequest *
search (const BrevMail *mail, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    g_autofree char *address = brev_text_fold (brev_mail_recipient (mail, 0)->address);
    g_autofree char *escaped = g_uri_escape_string (address, NULL, FALSE);
    g_autofree char *path = g_strdup_printf ("/events/message?recipients=%s&per_page=%d",
                                             escaped, MOST_EVENTS);

    if (!brev_mail_has_queue_id (mail, error))
        return NULL;
    BrevHttpRequest *request = brev_http_request_get (endpoint, path);
    brev_http_request_header (request, "Authorization", token, TRUE);
    return request;
}

/* Reply: {errors: [{code, message, description}], results: {id, total_accepted_recipients,
 * total_rejected_recipients, rcpt_to_errors: [...]}}. A refusal may have results, too, that
 * count its recipient as accepted. The field of an error is "To" when its words name a recipient,
 * "only" when they name nobody and there is one. */

/* clang-format off */
static const BrevErrorRow rows[] = { /* the first that fits */
    { 401, NULL,   NULL, NULL,          BREV_HOLD (ACCOUNT),  "4.7.8" }, /* 1303, 1304 */
    { 403, NULL,   NULL, NULL,          BREV_HOLD (ACCOUNT),  "4.7.8" }, /* 1100 permission, 1601 licence */
    { 0,  "2101",  NULL, NULL,          BREV_JUST (LATER),    "4.7.1" }, /* limit of the hour */
    { 0,  "2102",  NULL, NULL,          BREV_JUST (LATER),    "4.7.1" }, /* of the day */
    { 0,  "2103",  NULL, NULL,          BREV_HOLD (ACCOUNT),  "4.7.1" }, /* of the sandbox, for ever */
    { 420, NULL,   NULL, NULL,          BREV_JUST (LATER),    "4.7.1" },
    { 429, NULL,   NULL, NULL,          BREV_JUST (LATER),    "4.3.2" },
    { 0,  "7000",  NULL, NULL,          BREV_HOLD (SENDER),   "4.7.1" }, /* domain is blocked */
    { 0,  "7001",  NULL, NULL,          BREV_HOLD (SENDER),   "4.7.1" }, /* not there, not verified */
    { 0,  "1902", "To",   "suppressed", BREV_JUST (REFUSED),  "5.2.1", TRUE },
    { 0,  "1902", "only", "suppressed", BREV_JUST (REFUSED),  "5.2.1" },
    { 0,  "1902",  NULL,  "suppressed", BREV_JUST (SPLIT),    "5.2.1" },
    { 0,  "5002", "only", NULL,         BREV_JUST (REFUSED),  "5.1.3" }, /* no valid recipient */
    { 0,  "5002",  NULL,  NULL,         BREV_JUST (SPLIT),    "5.1.3" },
    { 0,  "1603",  NULL, NULL,          BREV_HOLD (STREAM),   "4.3.5" }, /* no such pool */
    { 0,  "1502",  NULL, NULL,          BREV_JUST (LATER),    "4.3.2" }, /* resources, with 400 */
    { 0,  "1900",  NULL, NULL,          BREV_JUST (LATER),    "4.3.2" },
    { 0,  "1910",  NULL, NULL,          BREV_HOLD (ACCOUNT),  "4.3.5" }, /* generation not configured */
    { 0,  "1200",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" }, /* our form: parameters */
    { 0,  "1300",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" }, /* format, type, length */
    { 0,  "1301",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" },
    { 0,  "1305",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" }, /* not UTF-8 */
    { 0,  "1400",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" },
    { 0,  "1401",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" },
    { 0,  "1800",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" },
    { 0,  "3000",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" }, /* the language of templates */
    { 0,  "3001",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" },
    { 0,  "3002",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" }, /* a header field */
    { 0,  "3010",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" }, /* MIME that it cannot read */
    { 0,  "3020",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" },
    { 0,  "3040",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" },
    { 0,  "3050",  NULL, NULL,          BREV_JUST (PARK),     "4.5.0" },
    { 0 },
};
/* clang-format on */

/* The description says more than the message; the code is text, or a number. */
static BrevReplyError
read_one (int status, JsonObject *one, const BrevMail *mail, GStringChunk *strings)
{
    const char *message = brev_json_string (one, "message");
    const char *description = brev_json_string (one, "description");
    const char *code = brev_json_string (one, "code");
    g_autofree char *both =
        g_strjoin (": ", message != NULL ? message : "error", description, NULL);
    g_autofree char *number = NULL;
    gint64 value;

    if (code == NULL && brev_json_integer (one, "code", &value))
        code = number = g_strdup_printf ("%" G_GINT64_FORMAT, value);
    return (BrevReplyError){
        .status = status,
        .code = code != NULL ? g_string_chunk_insert (strings, code) : NULL,
        .field = brev_reply_field (both, mail),
        .words = g_string_chunk_insert (strings, both),
        .recipient = -1,
    };
}

static GArray *
read_list (int status, JsonArray *list, const BrevMail *mail, GStringChunk *strings)
{
    GArray *errors = g_array_new (FALSE, FALSE, sizeof (BrevReplyError));
    guint n = list != NULL ? json_array_get_length (list) : 0;

    for (guint i = 0; i < n; i++) {
        JsonObject *one = brev_json_object (json_array_get_element (list, i));
        const BrevReplyError error = read_one (status, one, mail, strings);
        if (one != NULL)
            g_array_append_val (errors, error);
    }
    return errors;
}

/* A limit of the hour may end at once, one of the day does not. */
static gint64
wait_of (const BrevHttpReply *reply, const GArray *errors)
{
    gint64 after = brev_reply_retry_after (reply);
    const char *code =
        errors->len > 0 ? g_array_index (errors, BrevReplyError, 0).code : NULL;

    if (after > 0 || reply->status != 420)
        return after;
    return g_strcmp0 (code, "2102") == 0 ? BREV_HOUR : 10 * BREV_MINUTE;
}

static void
read_error (const BrevHttpReply *reply, JsonObject *body, const GPtrArray *mails,
            const GPtrArray *outcomes)
{
    g_autoptr (GStringChunk) strings = g_string_chunk_new (256);
    JsonArray *list = brev_json_array (brev_json_member (body, "errors"));
    g_autoptr (GArray) errors = read_list (
        reply->status, reply->status < 500 ? list : NULL, mails->pdata[0], strings);

    if (errors->len == 0 && reply->status < 500) /* the status stands for it */
        g_array_append_val (
            errors, ((BrevReplyError){ .status = reply->status, .recipient = -1 }));
    brev_errors_refuse (reply, rows, errors, wait_of (reply, errors), mails, outcomes);
}

/* Nobody has it: the one recipient is refused, in the words of his error. */
static void
set_rejected (JsonObject *results, const BrevMail *mail, BrevOutcome *outcome)
{
    g_autoptr (GStringChunk) strings = g_string_chunk_new (256);
    JsonArray *list = brev_json_array (brev_json_member (results, "rcpt_to_errors"));
    g_autoptr (GArray) errors = read_list (200, list, mail, strings);
    const BrevReplyError *error =
        errors->len > 0 ? &g_array_index (errors, BrevReplyError, 0) : NULL;
    g_autofree char *code = brev_reply_words (error != NULL ? error->code : "2000");
    g_autofree char *words =
        brev_reply_words (error != NULL ? error->words : "recipient rejected");
    const BrevVerdict verdict = { .kind = mail->n_recipients > 1 ? BREV_VERDICT_SPLIT
                                                                 : BREV_VERDICT_REFUSED,
                                  .dsn = "5.1.3",
                                  .code = code,
                                  .text = words };

    brev_outcome_set_all (outcome, &verdict);
}

static void
set_accepted (JsonObject *results, BrevOutcome *outcome)
{
    g_autofree char *id = brev_reply_words (brev_json_string (results, "id"));
    const BrevVerdict verdict = { .kind = BREV_VERDICT_ACCEPTED,
                                  .dsn = "2.0.0",
                                  .remote_id = id };

    brev_outcome_set_all (outcome, &verdict);
}

/* Some have it, and nobody says who: sent again they would have it twice. */
static void
set_parted (BrevOutcome *outcome)
{
    const BrevVerdict verdict = {
        .kind = BREV_VERDICT_PARK,
        .dsn = "4.5.0",
        .code = (char[]){ "2000" },
        .text = (char[]){ "accepted for some recipients and rejected for others, which "
                          "SparkPost does not name" }
    };

    brev_outcome_set_all (outcome, &verdict);
}

static void
read_success (const BrevHttpReply *reply, JsonObject *body, const BrevMail *mail,
              BrevOutcome *outcome)
{
    JsonObject *results = brev_json_object (brev_json_member (body, "results"));
    const char *id = brev_json_string (results, "id");
    gint64 accepted = -1, rejected = -1;

    if (reply->status != 200 || id == NULL || *id == '\0' ||
        !brev_json_integer (results, "total_accepted_recipients", &accepted) ||
        !brev_json_integer (results, "total_rejected_recipients", &rejected) ||
        accepted < 0 || rejected < 0 || accepted + rejected != mail->n_recipients)
        brev_reply_set_strange (reply, outcome);
    else if (rejected == 0)
        set_accepted (results, outcome);
    else if (accepted == 0)
        set_rejected (results, mail, outcome);
    else
        set_parted (outcome);
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

/* What a search says: {"results": [{"type", "transmission_id", "rcpt_to", "rcpt_meta": {...},
 * ...}], ...}, the events of other mail, too. Each is proof that SparkPost has taken the mail,
 * but for those that say that it was not sent. */

static gboolean
is_rejection (const char *type)
{
    static const char *const types[] = { "policy_rejection", "generation_rejection",
                                         "generation_failure", NULL };

    return type != NULL && g_strv_contains (types, type);
}

static void
read_event (JsonObject *event, BrevCopy *copy)
{
    copy->id = brev_json_string (event, "transmission_id");
    copy->address = brev_json_string (event, "rcpt_to");
    copy->metadata = brev_json_object (brev_json_member (event, "rcpt_meta"));
    copy->is_rejected = is_rejection (brev_json_string (event, "type"));
}

static void
read_search (const BrevHttpReply *reply, const BrevMail *mail, BrevOutcome *outcome)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonArray *events = brev_json_array (brev_json_walk (root, "results"));
    JsonObject *error = brev_json_object (brev_json_walk (root, "errors.0"));

    brev_search_find (reply, events, brev_json_string (error, "message"), read_event,
                      mail, outcome);
}

static const char *const regions[] = { "us", "eu", NULL };

const BrevProvider brev_provider_sparkpost = {
    .name = "sparkpost",
    .title = "SparkPost",
    .url = "https://api.sparkpost.com/api/v1",
    .region_url = "https://api.{region}.sparkpost.com/api/v1",
    .regions = regions,
    .token_variable = "SPARKPOST_API_KEY",
    .level = BREV_LEVEL_DOCUMENTS,
    .level_date = "2026-11-26",
    .level_by = "developers.sparkpost.com",
    .caps = BREV_CAP_RAW | BREV_CAP_BCC_ONLY | BREV_CAP_TAGS | BREV_CAP_METADATA |
            BREV_CAP_SEARCH,
    .takes_text = TRUE,
    .max_recipients = 1,
    .max_size = 20 * 1000 * 1000,
    .max_batch = 1,
    .max_tag = 64,
    .max_metadata_size = 1000,
    .encode = encode,
    .read = read_reply,
    .search = search,
    .read_search = read_search,
    /* Events are there after about a minute, and those of the last minute are not shown; that none
     * is shown proves nothing, and is asked for three times as long. */
    .index_time = 2 * BREV_MINUTE,
};
