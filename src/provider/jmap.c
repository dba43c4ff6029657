/* SPDX-License-Identifier: MIT */

/* JMAP (RFC 8620, RFC 8621), on any server: Fastmail, Stalwart, Cyrus. Five requests carry a
 * message: the session is read, identity and drafts mailbox are looked up, the message itself
 * is uploaded and made an Email, and an EmailSubmission with the envelope sends it. All but
 * the last send nothing. In the last the Email is destroyed, sent or not. */

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "provider/encode.h"
#include "provider/jmap.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"

#define CORE "urn:ietf:params:jmap:core"
#define MAIL "urn:ietf:params:jmap:mail"
#define SUBMISSION "urn:ietf:params:jmap:submission"

/* -- requests ------------------------------------------------------------------------ */

static BrevHttpRequest *
authorize (BrevHttpRequest *request, const BrevAccount *account, const char *token,
           gboolean is_prelude)
{
    if (account->user != NULL)
        brev_http_request_basic (request, account->user, token);
    else
        brev_http_request_bearer (request, token);
    request->is_prelude = is_prelude;
    return request;
}

static void
open_call (BrevJson *json, const char *method, const char *account_id)
{
    brev_json_open (json, '[');
    brev_json_text (json, method);
    brev_json_open (json, '{');
    brev_json_pair (json, "accountId", account_id);
}

static void
close_call (BrevJson *json, const char *id)
{
    brev_json_close (json, '}');
    brev_json_text (json, id);
    brev_json_close (json, ']');
}

static void
open_calls (BrevJson *json)
{
    json->body = brev_body_new ();
    brev_json_open (json, '{');
    brev_json_name (json, "using");
    brev_json_open (json, '[');
    brev_json_text (json, CORE);
    brev_json_text (json, MAIL);
    brev_json_text (json, SUBMISSION);
    brev_json_close (json, ']');
    brev_json_name (json, "methodCalls");
    brev_json_open (json, '[');
}

static BrevBody *
close_calls (BrevJson *json)
{
    brev_json_close (json, ']');
    brev_json_close (json, '}');
    return json->body;
}

static void
write_query (BrevJson *json, const char *account_id, const char *role)
{
    open_call (json, "Mailbox/query", account_id);
    brev_json_name (json, "filter");
    brev_json_open (json, '{');
    brev_json_pair (json, "role", role);
    brev_json_close (json, '}');
    close_call (json, role);
}

static BrevBody *
write_lookup (const BrevJmap *state)
{
    BrevJson json = { 0 };

    open_calls (&json);
    open_call (&json, "Identity/get", state->account_id);
    close_call (&json, "identities");
    write_query (&json, state->account_id, "drafts");
    write_query (&json, state->account_id, "inbox");
    return close_calls (&json);
}

static void
write_true (BrevJson *json, const char *member, const char *const *names)
{
    brev_json_name (json, member);
    brev_json_open (json, '{');
    for (; *names != NULL; names++)
        brev_json_flag (json, *names, TRUE);
    brev_json_close (json, '}');
}

static BrevBody *
write_import (const BrevJmap *state)
{
    const char *const mailboxes[] = { state->mailbox, NULL };
    static const char *const keywords[] = { "$draft", "$seen", NULL };
    BrevJson json = { 0 };

    open_calls (&json);
    open_call (&json, "Email/import", state->account_id);
    brev_json_name (&json, "emails");
    brev_json_open (&json, '{');
    brev_json_name (&json, "mail");
    brev_json_open (&json, '{');
    brev_json_pair (&json, "blobId", state->blob);
    write_true (&json, "mailboxIds", mailboxes);
    write_true (&json, "keywords", keywords);
    brev_json_close (&json, '}');
    brev_json_close (&json, '}');
    close_call (&json, "import");
    return close_calls (&json);
}

static void
write_address (BrevJson *json, const char *address)
{
    brev_json_open (json, '{');
    brev_json_pair (json, "email", address);
    brev_json_close (json, '}');
}

static void
write_envelope (BrevJson *json, const BrevMail *mail)
{
    brev_json_name (json, "envelope");
    brev_json_open (json, '{');
    brev_json_name (json, "mailFrom");
    write_address (json, mail->envelope != NULL ? mail->envelope->sender : "");
    brev_json_name (json, "rcptTo");
    brev_json_open (json, '[');
    for (guint i = 0; i < mail->n_recipients; i++)
        write_address (json, brev_mail_recipient (mail, i)->address);
    brev_json_close (json, ']');
    brev_json_close (json, '}');
}

/* What is in the mailbox already stays there; what this import made goes, by its own id,
 * since onSuccessDestroyEmail would leave a draft behind each refusal. */
static BrevBody *
write_submission (const BrevJmap *state, const BrevMail *mail)
{
    BrevJson json = { 0 };

    open_calls (&json);
    open_call (&json, "EmailSubmission/set", state->account_id);
    brev_json_name (&json, "create");
    brev_json_open (&json, '{');
    brev_json_name (&json, "send");
    brev_json_open (&json, '{');
    brev_json_pair (&json, "identityId", state->identity);
    brev_json_pair (&json, "emailId", state->email);
    write_envelope (&json, mail);
    brev_json_close (&json, '}');
    brev_json_close (&json, '}');
    close_call (&json, "submission");
    if (!state->was_there) {
        open_call (&json, "Email/set", state->account_id);
        brev_json_name (&json, "destroy");
        brev_json_open (&json, '[');
        brev_json_text (&json, state->email);
        brev_json_close (&json, ']');
        close_call (&json, "tidy");
    }
    return close_calls (&json);
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    g_autofree char *url = brev_jmap_session_url (endpoint);

    return authorize (brev_http_request_get (url, ""), account, token, TRUE);
}

static BrevHttpRequest *
next (const GPtrArray *mails, const BrevAccount *account, const char *token,
      const char *endpoint, const GPtrArray *replies, GError **error)
{
    const BrevMail *mail = mails->pdata[0];
    g_auto (BrevJmap) state = { 0 };
    BrevHttpRequest *request;
    BrevBody *body;

    if (!brev_jmap_read (&state, mail, endpoint, replies, error))
        return NULL;
    if (state.step == BREV_JMAP_SESSION)
        return authorize (brev_http_request_get (state.session_url, ""), account, token,
                          TRUE);
    if (state.step == BREV_JMAP_UPLOAD) {
        body = brev_body_new ();
        brev_body_add_body (body, mail->raw, BREV_AS_BYTES);
        request = brev_http_request_typed (state.upload_url, "", "message/rfc822", body);
        return authorize (request, account, token, TRUE);
    }
    body = state.step == BREV_JMAP_LOOKUP   ? write_lookup (&state)
           : state.step == BREV_JMAP_IMPORT ? write_import (&state)
                                            : write_submission (&state, mail);
    return authorize (brev_http_request_new (state.api_url, "", body), account, token,
                      state.step != BREV_JMAP_SUBMIT);
}

/* -- replies ------------------------------------------------------------------------- */

/* The field is "request" of problem details (RFC 8620 section 3.6.1). Of an error in a method it
 * is the one property that it blames; of tooManyRecipients "only" for a sole one; of Cyrus'
 * smtpProtocolError the description, which begins with a code of RFC 3463 unless the
 * connection broke.
 *
 * Email ids can depend on the content: two requests that carry the same message at the same
 * time have the same Email, and the one destroys what the other would send. */

/* clang-format off */
static const BrevErrorRow rows[] = { /* the first that fits */
    { 401, NULL, NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 403, NULL, NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 413, NULL, NULL, NULL, BREV_JUST (REFUSED), "5.3.4" },
    { 429, NULL, NULL, NULL, BREV_JUST (LATER),   "4.3.2" },
    { 0, "urn:ietf:params:jmap:error:unknownCapability", "request", NULL, BREV_HOLD (ACCOUNT), "4.3.5" },
    { 0, "urn:ietf:params:jmap:error:limit", "request", "maxsizeupload", BREV_JUST (REFUSED), "5.3.4" },
    { 0, "urn:ietf:params:jmap:error:limit", "request", "maxsizerequest", BREV_JUST (PARK), "4.5.0" },
    { 0, "urn:ietf:params:jmap:error:limit", "request", NULL, BREV_JUST (LATER), "4.3.2" },
    { 0, "urn:ietf:params:jmap:error:notJSON", "request", NULL, BREV_JUST (PARK), "4.5.0" },
    { 0, "urn:ietf:params:jmap:error:notRequest", "request", NULL, BREV_JUST (PARK), "4.5.0" },
    { 0, "serverUnavailable",  NULL, NULL, BREV_JUST (LATER), "4.3.2" },
    { 0, "rateLimit",          NULL, NULL, BREV_JUST (LATER), "4.3.2" },
    { 0, "stateMismatch",      NULL, NULL, BREV_JUST (LATER), "4.3.0" },
    { 0, "unknownMethod",      NULL, NULL, BREV_HOLD (ACCOUNT), "4.3.5" },
    { 0, "accountNotFound",    NULL, NULL, BREV_HOLD (ACCOUNT), "4.3.5" },
    { 0, "accountNotSupportedByMethod", NULL, NULL, BREV_HOLD (ACCOUNT), "4.3.5" },
    { 0, "accountReadOnly",    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0, "forbidden",          NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0, "forbiddenToSend",    NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 0, "overQuota",          NULL, NULL, BREV_HOLD (ACCOUNT), "4.2.2" },
    { 0, "forbiddenFrom",      NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0, "forbiddenMailFrom",  NULL, NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0, "noIdentity",         NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" }, /* ours */
    { 0, "noDrafts",           NULL, NULL, BREV_HOLD (ACCOUNT), "4.3.5" }, /* ours */
    { 0, "invalidRecipients",  NULL, NULL, BREV_JUST (REFUSED), "5.1.3", TRUE },
    { 0, "tooManyRecipients",  "only", NULL, BREV_JUST (PARK),  "4.5.3" },
    { 0, "tooManyRecipients",  NULL, NULL, BREV_JUST (SPLIT),   "4.5.3" },
    { 0, "noRecipients",       NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0, "invalidEmail",       NULL, NULL, BREV_JUST (REFUSED), "5.6.0" },
    { 0, "tooLarge",           NULL, NULL, BREV_JUST (REFUSED), "5.3.4" },
    { 0, "requestTooLarge",    NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0, "emailNotFound",      NULL, NULL, BREV_JUST (LATER),   "4.3.0" },
    { 0, "notFound",           NULL, NULL, BREV_JUST (LATER),   "4.3.0" },
    { 0, "blobNotFound",       NULL, NULL, BREV_JUST (LATER),   "4.3.0" },
    { 0, "invalidArguments",   NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0, "invalidResultReference", NULL, NULL, BREV_JUST (PARK), "4.5.0" },
    { 0, "invalidProperties",  "emailId", NULL, BREV_JUST (LATER), "4.3.0" }, /* see below */
    { 0, "invalidProperties",  NULL, NULL, BREV_JUST (PARK),    "4.5.0" },
    { 0, "smtpProtocolError",  "5.6.",  NULL, BREV_JUST (REFUSED), "5.6.0" }, /* Cyrus: what its server said */
    { 0, "smtpProtocolError",  "5.3.4", NULL, BREV_JUST (REFUSED), "5.3.4" },
    { 0, "smtpProtocolError",  "5.7.",  NULL, BREV_HOLD (SENDER),  "4.7.1" },
    { 0, "smtpProtocolError",  "5.",    NULL, BREV_JUST (LATER),   "4.0.0" },
    { 0, "smtpProtocolError",  "4.",    NULL, BREV_JUST (LATER),   "4.3.0" },
    { 0 },
};
/* clang-format on */

/* Those whom the server names are refused; the others come again without them. */
static void
refuse_recipients (JsonObject *error, const BrevMail *mail, BrevOutcome *outcome)
{
    JsonArray *named = brev_json_array (brev_json_member (error, "invalidRecipients"));
    g_autofree char *words = brev_reply_words (brev_json_string (error, "description"));
    g_autofree char *code = g_strdup ("invalidRecipients");
    const BrevVerdict refused = { .kind = BREV_VERDICT_REFUSED,
                                  .dsn = "5.1.3",
                                  .code = code,
                                  .text = words != NULL ? words : code };
    const BrevVerdict again = { .kind = BREV_VERDICT_AGAIN, .dsn = "4.1.0" };
    guint n = 0;

    brev_outcome_set_all (outcome, &again);
    for (guint i = 0; named != NULL && i < json_array_get_length (named); i++) {
        JsonNode *node = json_array_get_element (named, i);
        const char *address = json_node_get_value_type (node) == G_TYPE_STRING
                                  ? json_node_get_string (node)
                                  : NULL;
        if (address != NULL && brev_outcome_set (outcome, mail, address, &refused))
            n++;
    }
    if (n == 0) { /* one of them is, and nobody says which */
        BrevVerdict split = refused;
        split.kind = mail->n_recipients > 1 ? BREV_VERDICT_SPLIT : BREV_VERDICT_REFUSED;
        brev_outcome_set_all (outcome, &split);
    }
}

/* Of an error without a row nobody knows what it left behind. */
static void
set_unknown (const char *code, const char *words, BrevOutcome *outcome)
{
    g_autofree char *both = g_strdup_printf ("%s: %s", code, words);
    g_autofree char *text = brev_reply_words (words != code ? both : code);
    const BrevVerdict verdict = { .kind = BREV_VERDICT_UNKNOWN,
                                  .dsn = "4.5.0",
                                  .code = (char *) (gsize) code,
                                  .text = text };

    brev_outcome_set_all (outcome, &verdict);
}

/* (nullable) */
static const char *
field_of (const char *code, JsonObject *error, const BrevMail *mail)
{
    JsonArray *properties = brev_json_array (brev_json_member (error, "properties"));

    if (g_strcmp0 (code, "tooManyRecipients") == 0)
        return mail->n_recipients == 1 ? "only" : NULL;
    if (g_strcmp0 (code, "smtpProtocolError") == 0)
        return brev_json_string (error, "description");
    return properties != NULL && json_array_get_length (properties) == 1 &&
                   json_node_get_value_type (json_array_get_element (properties, 0)) ==
                       G_TYPE_STRING
               ? json_array_get_string_element (properties, 0)
               : NULL;
}

static void
judge (const BrevHttpReply *reply, const char *code, JsonObject *error,
       const GPtrArray *mails, const GPtrArray *outcomes)
{
    const BrevMail *mail = mails->pdata[0];
    g_autoptr (GArray) errors = g_array_new (FALSE, FALSE, sizeof (BrevReplyError));
    const char *words = brev_json_string (error, "description");
    const BrevReplyError one = {
        .status = 0,
        .code = code,
        .field = field_of (code, error, mail),
        .words = words != NULL ? words : code,
        .recipient = -1,
    };

    g_array_append_val (errors, one);
    if (g_strcmp0 (code, "invalidRecipients") == 0)
        refuse_recipients (error, mail, outcomes->pdata[0]);
    else if (!brev_errors_judge (rows, errors, brev_reply_retry_after (reply), mail,
                                 outcomes->pdata[0])) {
        if (code != NULL)
            set_unknown (code, one.words, outcomes->pdata[0]);
        else
            brev_reply_set_strange (reply, outcomes->pdata[0]);
    }
}

/* A request that was refused as a whole: nothing of it was done. */
static void
read_problem (const BrevHttpReply *reply, const GPtrArray *mails,
              const GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);
    const char *type = brev_json_string (body, "type");
    const char *detail = brev_json_string (body, "detail");
    const char *limit = brev_json_string (body, "limit");
    g_autofree char *words = g_strdup_printf ("%s%s%s", detail != NULL ? detail : "",
                                              detail != NULL && limit != NULL ? ": " : "",
                                              limit != NULL ? limit : "");
    const BrevReplyError error = {
        .status = reply->status,
        .code = type,
        .field = "request",
        .words = *words != '\0' ? words : type,
        .recipient = -1,
    };

    brev_error_refuse (reply, rows, &error, brev_reply_retry_after (reply), mails,
                       outcomes);
}

static void
read_submission (const BrevHttpReply *reply, JsonObject *result, const GPtrArray *mails,
                 const GPtrArray *outcomes)
{
    JsonObject *created = brev_json_object (brev_json_member (
        brev_json_object (brev_json_member (result, "created")), "send"));
    JsonObject *error = brev_json_object (brev_json_member (
        brev_json_object (brev_json_member (result, "notCreated")), "send"));
    g_autofree char *id = brev_reply_words (brev_json_string (created, "id"));
    const BrevVerdict accepted = { .kind = BREV_VERDICT_ACCEPTED,
                                   .dsn = "2.0.0",
                                   .remote_id = id };

    if (id != NULL && error == NULL)
        brev_outcome_set_all (outcomes->pdata[0], &accepted);
    else if (created == NULL && error != NULL)
        judge (reply, brev_json_string (error, "type"), error, mails, outcomes);
    else
        brev_reply_set_strange (reply, outcomes->pdata[0]);
}

/* Why the chain ended here. */
static void
read_prelude (const BrevHttpReply *reply, JsonNode *root, const GPtrArray *mails,
              const GPtrArray *outcomes)
{
    JsonObject *error = NULL;
    const char *code = brev_jmap_find_error (root, &error);

    if (code != NULL)
        judge (reply, code, error, mails, outcomes);
    else
        brev_reply_set_strange (reply, outcomes->pdata[0]);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *result, *error = NULL;
    const char *code;

    if (!brev_reply_is_success (reply)) {
        read_problem (reply, mails, outcomes);
        return;
    }
    if (reply->is_prelude) {
        read_prelude (reply, root, mails, outcomes);
        return;
    }
    result = brev_jmap_result (root, "EmailSubmission/set", "submission");
    code = brev_jmap_method_error (root, "submission", &error);
    if (reply->status == 200 && result != NULL)
        read_submission (reply, result, mails, outcomes);
    else if (reply->status == 200 && code != NULL)
        judge (reply, code, error, mails, outcomes);
    else
        brev_reply_set_strange (reply, outcomes->pdata[0]);
}

static gboolean
check (const BrevAccount *account, const char *token, GError **error)
{
    if (account->user == NULL || strpbrk (account->user, ": \t\r\n") == NULL)
        return TRUE;
    return brev_throw (error, BREV_ERROR_CONFIG,
                       "account '%s': 'user' must hold neither a colon nor a space",
                       account->name);
}

const BrevProvider brev_provider_jmap = {
    .name = "jmap",
    .title = "JMAP",
    .url = "https://jmap.invalid",
    .endpoint_form = "https://HOST",
    .token_variable = "JMAP_TOKEN",
    .level = BREV_LEVEL_VALIDATED,
    .level_date = "2026-11-25",
    .level_by = "Cyrus IMAP 3.6.1",
    .caps = BREV_CAP_RAW | BREV_CAP_BCC_ONLY,
    .max_recipients = 100, /* the server says so by tooManyRecipients */
    .max_batch = 1,
    .check = check,
    .encode = encode,
    .next = next,
    .example = brev_jmap_example,
    .read = read_reply,
};
