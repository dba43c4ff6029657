/* SPDX-License-Identifier: MIT */

/* A gateway of the administrator's own, which the account describes: where, which header
 * fields, the message itself or JSON by a template, which statuses are a success and where
 * the reply has the id. Nothing is guessed: what is not configured is not taken for one. */

#include <string.h>

#include "base/error.h"
#include "config/secret.h"
#include "provider/encode.h"
#include "provider/json.h"
#include "provider/provider.h"
#include "provider/reply.h"
#include "provider/template.h"

extern const BrevProvider brev_provider_http;

#define RAW_TYPE "message/rfc822"

/* -- the account --------------------------------------------------------------------- */

/* A name and a value, of "query" or of "headers". */
typedef struct {
    char *name, *value; /* owned */
} Pair;

static void
pair_free (gpointer data)
{
    Pair *pair = data;

    g_free (pair->name);
    g_free (pair->value);
    g_free (pair);
}

/* Returns: (transfer full): of Pair; one without @between has no value */
static GPtrArray *
split (const char *text, const char *apart, const char *between)
{
    GPtrArray *pairs = g_ptr_array_new_with_free_func (pair_free);
    g_auto (GStrv) pieces = g_strsplit (text != NULL ? text : "", apart, -1);

    for (char **piece = pieces; *piece != NULL; piece++) {
        g_auto (GStrv) halves = g_strsplit (g_strstrip (*piece), between, 2);
        if (halves[0] == NULL || *halves[0] == '\0')
            continue;
        Pair *pair = g_new0 (Pair, 1);
        pair->name = g_strdup (g_strstrip (halves[0]));
        pair->value = g_strdup (halves[1] != NULL ? g_strstrip (halves[1]) : "");
        g_ptr_array_add (pairs, pair);
    }
    return pairs;
}

static GPtrArray *
query_of (const BrevAccount *account)
{
    return split (account->query, "&", "=");
}

static GPtrArray *
headers_of (const BrevAccount *account)
{
    return split (account->header_fields, ";", ":");
}

/* RFC 9110 section 5.6.2; the fields of the connection are the transport's. */
static gboolean
is_field_name (const char *name)
{
    static const char *const others[] = { "content-length", "host",   "transfer-encoding",
                                          "connection",     "expect", NULL };
    g_autofree char *lower = g_ascii_strdown (name, -1);
    const char *p = name;

    while (g_ascii_isalnum (*p) || (*p != '\0' && strchr ("!#$%&'*+-.^_`|~", *p)))
        p++;
    return p > name && *p == '\0' && !g_strv_contains (others, lower);
}

static gboolean
add_places (const GPtrArray *pairs, BrevPlaces *places, GError **error)
{
    for (guint i = 0; i < pairs->len; i++) {
        BrevPlaces found;
        if (!brev_template_text_places (((const Pair *) pairs->pdata[i])->value, &found,
                                        error))
            return FALSE;
        *places |= found;
    }
    return TRUE;
}

/* What the account has a place for, in its template, its header fields and its query. */
static gboolean
find_places (const BrevAccount *account, BrevPlaces *places, GError **error)
{
    g_autoptr (GPtrArray) query = query_of (account), headers = headers_of (account);
    g_autoptr (BrevTemplate) template = NULL;

    *places = BREV_PLACE_RAW;
    if (account->template_text != NULL) {
        template = brev_template_parse (account->template_text, error);
        if (template == NULL) {
            g_prefix_error (error, "account '%s': the template: ", account->name);
            return FALSE;
        }
        *places = brev_template_places (template);
    }
    if (add_places (query, places, error) && add_places (headers, places, error))
        return TRUE;
    g_prefix_error (error, "account '%s': ", account->name);
    return FALSE;
}

#define ALL_FIELDS (BREV_PLACE_TO | BREV_PLACE_CC | BREV_PLACE_BCC)
#define PARTS \
    (BREV_PLACE_TEXT | BREV_PLACE_HTML | BREV_PLACE_ATTACHMENT | BREV_PLACE_HEADERS)

/* Whether one request can be for all recipients: else each has one. */
static gboolean
takes_all (BrevPlaces places)
{
    return (places & BREV_PLACE_RECIPIENTS) != 0 || (places & ALL_FIELDS) == ALL_FIELDS;
}

/* (nullable): what is missing for mail to arrive */
static const char *
objection (BrevPlaces places)
{
    gboolean is_raw = (places & BREV_PLACE_RAW) != 0;

    if (!takes_all (places) && (places & BREV_PLACE_TO) == 0)
        return "nothing says who gets the mail: ${recipients} or ${to-address} must stand "
               "in 'template', 'headers' or 'query'";
    if (is_raw && (places & PARTS) != 0)
        return "the template has ${raw-base64}, which is the whole message, and parts of "
               "it besides";
    if (!is_raw && (places & BREV_PLACE_FROM) == 0)
        return "the template has no place for ${from} or ${from-address}";
    if (!is_raw && (places & BREV_PLACE_SUBJECT) == 0)
        return "the template has no place for ${subject}";
    if (!is_raw && (places & (BREV_PLACE_TEXT | BREV_PLACE_HTML)) == 0)
        return "the template has no place for ${text}, ${html} or ${raw-base64}";
    return NULL;
}

static gboolean
check_names (const BrevAccount *account, GError **error)
{
    g_autoptr (GPtrArray) headers = headers_of (account);
    g_autoptr (GPtrArray) token = split (account->token_header, "\n", ":");
    const char *bad = NULL;

    for (guint i = 0; i < headers->len; i++) {
        const Pair *pair = headers->pdata[i];
        if (!is_field_name (pair->name) || !g_str_is_ascii (pair->value))
            bad = "headers";
    }
    if (token->len > 0 && !is_field_name (((const Pair *) token->pdata[0])->name))
        bad = "token-header";
    if (account->idempotency_header != NULL &&
        !is_field_name (account->idempotency_header))
        bad = "idempotency-header";
    return bad == NULL ||
           brev_throw (error, BREV_ERROR_CONFIG,
                       "account '%s': '%s' names no header field that may be set",
                       account->name, bad);
}

static gboolean
check (const BrevAccount *account, const char *token, GError **error)
{
    BrevPlaces places;

    if (!find_places (account, &places, error) || !check_names (account, error))
        return FALSE;
    return objection (places) == NULL ||
           brev_throw (error, BREV_ERROR_CONFIG, "account '%s': %s", account->name,
                       objection (places));
}

/* -- what it can do ------------------------------------------------------------------ */

#define IS_KEYED (1u << 31) /* beside the places: it knows a repeated request */

static void
describe_raw (BrevProvider *own)
{
    own->caps = BREV_CAP_RAW | BREV_CAP_BCC_ONLY;
    own->carried = own->lacking = 0;
}

static void
describe_parts (BrevProvider *own, BrevPlaces places)
{
    /* clang-format off */
    static const struct {
        BrevPlaces place;
        BrevFeatures carried, lacking;
        BrevCaps caps;
    } rows[] = {
        { BREV_PLACE_TEXT,       0, BREV_CARRIES (TEXT_FORM), 0 },
        { BREV_PLACE_REPLY_TO,   0, BREV_CARRIES (REPLY_TO), 0 },
        { BREV_PLACE_HTML,       0, BREV_CARRIES (HTML_FORM), 0 },
        { BREV_PLACE_ATTACHMENT, BREV_CARRIES (FILE_NAME), BREV_CARRIES (ATTACHMENT), 0 },
        { BREV_PLACE_TYPE,       BREV_CARRIES (ATTACHMENT_CHARSET), 0, 0 },
        { BREV_PLACE_CONTENT_ID, BREV_CARRIES (INLINE), 0, BREV_CAP_INLINE },
        { BREV_PLACE_MESSAGE_ID, BREV_CARRIES (MESSAGE_ID), 0, 0 },
        { BREV_PLACE_HEADERS,    BREV_CARRIES (LIST_HEADERS) | BREV_CARRIES (RESENT), 0,
          BREV_CAP_HEADERS },
    };
    /* clang-format on */

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        gboolean has_place = (places & rows[i].place) != 0;
        own->carried |= has_place ? rows[i].carried : 0;
        own->lacking |= has_place ? 0 : rows[i].lacking;
        own->caps |= has_place ? rows[i].caps : 0;
    }
    own->wants_html = (places & BREV_PLACE_TEXT) == 0;
    if ((places & BREV_PLACE_TO) == 0)
        own->caps |= BREV_CAP_BCC_ONLY;
}

static const BrevProvider *
variant (const BrevAccount *account)
{
    static GHashTable *variants; /* descriptors are compared by their address */
    BrevPlaces places = 0;
    guint key;
    BrevProvider *own;

    if (!find_places (account, &places, NULL))
        places = BREV_PLACE_RAW; /* which check() objects to */
    key = (guint) places | (account->idempotency_header != NULL ? IS_KEYED : 0);
    if (variants == NULL)
        variants = g_hash_table_new (NULL, NULL);
    own = g_hash_table_lookup (variants, GUINT_TO_POINTER (key));
    if (own != NULL)
        return own;
    own = g_new (BrevProvider, 1);
    *own = brev_provider_http;
    if ((places & BREV_PLACE_RAW) != 0)
        describe_raw (own);
    else
        describe_parts (own, places);
    if ((key & IS_KEYED) != 0)
        own->caps |= BREV_CAP_IDEMPOTENCY;
    if (!takes_all (places))
        own->max_recipients = 1;
    g_hash_table_insert (variants, GUINT_TO_POINTER (key), own);
    return own;
}

/* -- request ------------------------------------------------------------------------- */

/* Returns: (transfer full): "?a=b&c=d", each of a list with the name before it; or "" */
static char *
make_query (const BrevAccount *account, const BrevMail *mail)
{
    g_autoptr (GPtrArray) pairs = query_of (account);
    g_autoptr (GString) query = g_string_new (NULL);

    for (guint i = 0; i < pairs->len; i++) {
        const Pair *pair = pairs->pdata[i];
        g_autoptr (GPtrArray) texts = brev_template_texts (pair->value, mail);
        g_autofree char *name = g_uri_escape_string (pair->name, NULL, FALSE);
        for (guint j = 0; j < texts->len; j++) {
            g_autofree char *text = g_uri_escape_string (texts->pdata[j], NULL, FALSE);
            g_string_append_printf (query, "%s%s=%s", query->len == 0 ? "?" : "&", name,
                                    text);
        }
    }
    return g_string_free (g_steal_pointer (&query), FALSE);
}

/* (transfer full): one line of ASCII, whatever a mail has */
static char *
join (const GPtrArray *texts)
{
    g_autoptr (GString) line = g_string_new (NULL);

    for (guint i = 0; i < texts->len; i++) {
        const char *text = texts->pdata[i];
        g_autofree char *ascii =
            g_str_is_ascii (text) ? g_strdup (text) : brev_header_encode (text);
        g_string_append_printf (line, "%s%s", i == 0 ? "" : ", ", ascii);
    }
    for (char *p = line->str; *p != '\0'; p++)
        if (g_ascii_iscntrl (*p))
            *p = ' ';
    return g_string_free (g_steal_pointer (&line), FALSE);
}

static void
set_header (BrevHttpRequest *request, const char *name, const char *value)
{
    for (guint i = 0; i < request->headers->len; i++) {
        const BrevHttpHeader *header = request->headers->pdata[i];
        if (g_ascii_strcasecmp (header->name, name) == 0)
            g_ptr_array_remove_index (request->headers, i--);
    }
    brev_http_request_header (request, name, value, FALSE);
}

static void
add_headers (BrevHttpRequest *request, const BrevAccount *account, const BrevMail *mail)
{
    g_autoptr (GPtrArray) pairs = headers_of (account);

    for (guint i = 0; i < pairs->len; i++) {
        const Pair *pair = pairs->pdata[i];
        g_autoptr (GPtrArray) texts = brev_template_texts (pair->value, mail);
        g_autofree char *value = join (texts);
        if (texts->len > 0)
            set_header (request, pair->name, value);
    }
}

/* "Authorization: Bearer" and the token behind it; with Basic, user and token. */
static void
add_token (BrevHttpRequest *request, const BrevAccount *account, const char *token)
{
    g_autoptr (GPtrArray) pairs = split (
        account->token_header != NULL ? account->token_header : "Authorization: Bearer",
        "\n", ":");
    const Pair *pair = pairs->len > 0 ? pairs->pdata[0] : NULL;

    if (pair == NULL || *token == '\0')
        return;
    if (g_ascii_strcasecmp (pair->value, "Basic") == 0) {
        brev_http_request_basic (request, account->user != NULL ? account->user : "",
                                 token);
        return;
    }
    char *value = g_strconcat (pair->value, *pair->value != '\0' ? " " : "", token, NULL);
    brev_http_request_header (request, pair->name, value, TRUE);
    brev_secret_free (value);
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const BrevMail *mail = mails->pdata[0];
    g_autofree char *query = make_query (account, mail);
    g_autofree char *key = brev_mails_key (mails);
    g_autoptr (BrevTemplate) template = NULL;
    BrevBody *body;

    if (account->template_text != NULL) {
        template = brev_template_parse (account->template_text, error);
        if (template == NULL)
            return NULL;
        body = brev_template_write (template, mail);
    } else {
        body = brev_body_new ();
        brev_body_add_body (body, mail->raw, BREV_AS_BYTES);
    }
    BrevHttpRequest *request = brev_http_request_typed (
        endpoint, query, template != NULL ? "application/json" : RAW_TYPE, body);
    add_headers (request, account, mail);
    add_token (request, account, token);
    if (account->idempotency_header != NULL && key != NULL)
        set_header (request, account->idempotency_header, key);
    return request;
}

/* -- reply --------------------------------------------------------------------------- */

static const BrevErrorRow rows[] = {
    { 401, NULL, NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.8" },
    { 403, NULL, NULL, NULL, BREV_HOLD (ACCOUNT), "4.7.1" },
    { 400, NULL, NULL, NULL, BREV_JUST (PARK), "4.5.0" }, /* whose fault, nobody knows */
    { 422, NULL, NULL, NULL, BREV_JUST (PARK), "4.5.0" },
    { 0 },
};
static const BrevErrorRow refused_rows[] = {
    { 0, NULL, "only", NULL, BREV_JUST (REFUSED), "5.0.0" },
    { 0, NULL, NULL, NULL, BREV_JUST (SPLIT), "5.0.0" }, /* for which of them? */
    { 0 },
};

static gboolean
is_listed (char **statuses, const char *const *preset, int status)
{
    g_autofree char *text = g_strdup_printf ("%d", status);

    return statuses != NULL ? g_strv_contains ((const char *const *) statuses, text)
                            : preset != NULL && g_strv_contains (preset, text);
}

/* Returns: (transfer full) (nullable): a text or a number */
static char *
find_id (const BrevHttpReply *reply, JsonNode *root, const BrevAccount *account)
{
    JsonNode *node;

    if (account->id_header != NULL)
        return brev_reply_words (brev_http_reply_header (reply, account->id_header));
    node = brev_json_walk (root, account->id_field);
    if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
        return NULL;
    if (json_node_get_value_type (node) == G_TYPE_INT64)
        return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
    return json_node_get_value_type (node) == G_TYPE_STRING
               ? brev_reply_words (json_node_get_string (node))
               : NULL;
}

static void
read_success (const BrevHttpReply *reply, JsonNode *root, const BrevAccount *account,
              BrevOutcome *outcome)
{
    gboolean has_id =
        account != NULL && (account->id_field != NULL || account->id_header != NULL);
    g_autofree char *id = has_id ? find_id (reply, root, account) : NULL;
    const BrevVerdict accepted = { .kind = BREV_VERDICT_ACCEPTED,
                                   .dsn = "2.0.0",
                                   .remote_id = id };

    if (has_id && (id == NULL || *id == '\0'))
        brev_reply_set_strange (reply, outcome);
    else
        brev_outcome_set_all (outcome, &accepted);
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    static const char *const successes[] = { "200", "201", "202", NULL };
    const BrevMail *mail = mails->pdata[0];
    const BrevAccount *account = mail->account;
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);
    gboolean is_refusal =
        account != NULL && is_listed (account->refused, NULL, reply->status);
    const char *words = brev_json_string (body, "message");
    const BrevReplyError error = {
        .status = reply->status,
        .field = is_refusal && mail->n_recipients == 1 ? "only" : NULL,
        .words = words != NULL ? words : brev_json_string (body, "error"),
        .recipient = -1,
    };

    if (is_listed (account != NULL ? account->success : NULL, successes, reply->status))
        read_success (reply, root, account, outcomes->pdata[0]);
    else if (brev_reply_is_success (reply))
        brev_reply_set_strange (reply, outcomes->pdata[0]);
    else
        brev_error_refuse (reply, is_refusal ? refused_rows : rows, &error,
                           brev_reply_retry_after (reply), mails, outcomes);
}

const BrevProvider brev_provider_http = {
    .name = "http",
    .title = "HTTP gateway",
    .url = "https://gateway.invalid",
    .endpoint_form = "https://HOST/PATH",
    .token_is_optional = TRUE,
    .token_variable = NULL,
    .level = BREV_LEVEL_DOCUMENTS,
    .level_date = "2026-11-25",
    .level_by = "what the account says of the gateway",
    .caps = BREV_CAP_STRUCTURED,
    .max_recipients = 50,
    .max_batch = 1,
    .carried = BREV_CARRIES (EMPTY_SUBJECT),
    .variant = variant,
    .check = check,
    .encode = encode,
    .read = read_reply,
};
