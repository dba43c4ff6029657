/* SPDX-License-Identifier: MIT */
#include "provider/jmap.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "provider/reply.h"

#define CORE "urn:ietf:params:jmap:core"
#define SUBMISSION "urn:ietf:params:jmap:submission"
#define MOST_REDIRECTS 3

void
brev_jmap_clear (BrevJmap *state)
{
    g_free (state->session_url);
    g_free (state->api_url);
    g_free (state->upload_url);
    g_free (state->account_id);
    g_free (state->identity);
    g_free (state->mailbox);
    g_free (state->blob);
    g_free (state->email);
    *state = (BrevJmap){ 0 };
}

/* -- where ---------------------------------------------------------------------------- */

char *
brev_jmap_session_url (const char *endpoint)
{
    g_autoptr (GUri) uri = g_uri_parse (endpoint, G_URI_FLAGS_ENCODED, NULL);
    const char *path = uri != NULL ? g_uri_get_path (uri) : "/";

    if (*path != '\0' && strcmp (path, "/") != 0)
        return g_strdup (endpoint);
    return g_strconcat (endpoint, g_str_has_suffix (endpoint, "/") ? "" : "/",
                        ".well-known/jmap", NULL);
}

/* The same host or one below it. Which others belong to whom, nobody can tell by a name. */
static gboolean
may_have_token (GUri *home, GUri *uri)
{
    const char *own = g_uri_get_host (home), *host = g_uri_get_host (uri);
    g_autofree char *below = own != NULL ? g_strconcat (".", own, NULL) : NULL;

    return own != NULL && host != NULL && g_uri_get_userinfo (uri) == NULL &&
           g_ascii_strcasecmp (g_uri_get_scheme (home), g_uri_get_scheme (uri)) == 0 &&
           (g_ascii_strcasecmp (host, own) == 0 ||
            (strlen (host) > strlen (below) &&
             g_ascii_strcasecmp (host + strlen (host) - strlen (below), below) == 0));
}

/* Returns: (transfer full) (nullable): @reference, as it stands in what came from @base */
static char *
resolve (const char *endpoint, const char *base, const char *reference, GError **error)
{
    g_autoptr (GUri) home = g_uri_parse (endpoint, G_URI_FLAGS_ENCODED, NULL);
    g_autofree char *url =
        g_uri_resolve_relative (base, reference, G_URI_FLAGS_ENCODED, NULL);
    g_autoptr (GUri) uri =
        url != NULL ? g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL) : NULL;

    if (home != NULL && uri != NULL && may_have_token (home, uri))
        return g_steal_pointer (&url);
    (void) brev_throw (
        error, BREV_ERROR_CONFIG,
        "the JMAP server at '%s' sends us on to '%s://%s': the token goes to that host and "
        "those below it alone, by the same scheme; if the other is right, 'endpoint' has to "
        "name it",
        home != NULL ? g_uri_get_host (home) : endpoint,
        uri != NULL ? g_uri_get_scheme (uri) : "?",
        uri != NULL && g_uri_get_host (uri) != NULL ? g_uri_get_host (uri) : "?");
    return NULL;
}

static gboolean
redirect (BrevJmap *state, const char *endpoint, const BrevHttpReply *reply,
          GError **error)
{
    const char *location = brev_http_reply_header (reply, "Location");
    char *url;

    if (location == NULL || state->redirects++ == MOST_REDIRECTS)
        return FALSE;
    url = resolve (endpoint, state->session_url, location, error);
    if (url == NULL)
        return FALSE;
    g_free (state->session_url);
    state->session_url = url;
    return TRUE;
}

/* -- the session ---------------------------------------------------------------------- */

static gboolean
fits (JsonObject *session, const BrevMail *mail, GError **error)
{
    JsonObject *core = brev_json_object (brev_json_member (
        brev_json_object (brev_json_member (session, "capabilities")), CORE));
    gint64 most = 0;

    if (mail->message == NULL || !brev_json_integer (core, "maxSizeUpload", &most) ||
        most <= 0 || mail->message->length <= (guint64) most)
        return TRUE;
    return brev_throw (error, BREV_ERROR_INPUT,
                       "the message has %" G_GUINT64_FORMAT
                       " bytes, and the JMAP server takes %" G_GINT64_FORMAT,
                       mail->message->length, most);
}

/* (transfer full): RFC 6570, of the one variable that there is */
static char *
expand (const char *template, const char *account_id)
{
    g_autofree char *quoted = g_uri_escape_string (account_id, NULL, FALSE);
    g_auto (GStrv) parts = g_strsplit (template, "{accountId}", -1);

    return g_strjoinv (quoted, parts);
}

static gboolean
take_session (BrevJmap *state, const BrevMail *mail, const char *endpoint, JsonNode *root,
              GError **error)
{
    JsonObject *session = brev_json_object (root);
    JsonObject *accounts =
        brev_json_object (brev_json_member (session, "primaryAccounts"));
    const char *api = brev_json_string (session, "apiUrl");
    const char *upload = brev_json_string (session, "uploadUrl");
    const char *id = brev_json_string (accounts, SUBMISSION);

    if (api == NULL || upload == NULL || accounts == NULL)
        return FALSE;
    if (id == NULL)
        return brev_throw (
            error, BREV_ERROR_CONFIG,
            "the JMAP server does not let this user send mail: its session "
            "has no primary account for " SUBMISSION);
    if (!fits (session, mail, error))
        return FALSE;
    g_autofree char *expanded = expand (upload, id);
    state->account_id = g_strdup (id);
    state->api_url = resolve (endpoint, state->session_url, api, error);
    if (state->api_url != NULL)
        state->upload_url = resolve (endpoint, state->session_url, expanded, error);
    return state->upload_url != NULL;
}

/* -- what methods came to ------------------------------------------------------------- */

/* Returns: (nullable): the arguments of the response @name to the call @id; NULL: any */
static JsonObject *
find_response (JsonNode *root, const char *name, const char *id)
{
    JsonArray *all =
        brev_json_array (brev_json_member (brev_json_object (root), "methodResponses"));

    for (guint i = 0; all != NULL && i < json_array_get_length (all); i++) {
        JsonArray *one = brev_json_array (json_array_get_element (all, i));
        if (one == NULL || json_array_get_length (one) != 3)
            continue;
        JsonNode *words[] = { json_array_get_element (one, 0),
                              json_array_get_element (one, 2) };
        if (json_node_get_value_type (words[0]) == G_TYPE_STRING &&
            json_node_get_value_type (words[1]) == G_TYPE_STRING &&
            strcmp (json_node_get_string (words[0]), name) == 0 &&
            (id == NULL || strcmp (json_node_get_string (words[1]), id) == 0))
            return brev_json_object (json_array_get_element (one, 1));
    }
    return NULL;
}

JsonObject *
brev_jmap_result (JsonNode *root, const char *name, const char *id)
{
    return find_response (root, name, id);
}

const char *
brev_jmap_method_error (JsonNode *root, const char *id, JsonObject **error)
{
    *error = find_response (root, "error", id);
    return brev_json_string (*error, "type");
}

static JsonObject *
import_error (JsonNode *root)
{
    JsonObject *import = find_response (root, "Email/import", "import");

    return brev_json_object (brev_json_member (
        brev_json_object (brev_json_member (import, "notCreated")), "mail"));
}

/* (nullable): the first id that a query found */
static const char *
found_id (JsonNode *root, const char *id)
{
    JsonObject *result = find_response (root, "Mailbox/query", id);
    JsonArray *ids = brev_json_array (brev_json_member (result, "ids"));
    JsonNode *first = ids != NULL && json_array_get_length (ids) > 0
                          ? json_array_get_element (ids, 0)
                          : NULL;

    return first != NULL && json_node_get_value_type (first) == G_TYPE_STRING
               ? json_node_get_string (first)
               : NULL;
}

static gboolean
is_identity_of (JsonObject *identity, const char *address)
{
    const char *email = brev_json_string (identity, "email");
    g_autofree char *own = brev_text_fold (email != NULL ? email : "");
    g_autofree char *from = brev_text_fold (address);
    const char *domain = strrchr (from, '@');

    return strcmp (own, from) == 0 ||
           (g_str_has_prefix (own, "*@") && g_strcmp0 (own + 1, domain) == 0);
}

/* (nullable): the identity of @address, else the first: the server knows who may send as
 * whom (forbiddenFrom) */
static const char *
choose_identity (JsonNode *root, const char *address)
{
    JsonObject *result = find_response (root, "Identity/get", "identities");
    JsonArray *list = brev_json_array (brev_json_member (result, "list"));
    const char *chosen = NULL;

    for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
        JsonObject *one = brev_json_object (json_array_get_element (list, i));
        const char *id = brev_json_string (one, "id");
        if (id != NULL && is_identity_of (one, address))
            return id;
        if (chosen == NULL)
            chosen = id;
    }
    return chosen;
}

const char *
brev_jmap_find_error (JsonNode *root, JsonObject **error)
{
    const char *code = brev_jmap_method_error (root, NULL, error);

    if (code != NULL)
        return code;
    *error = import_error (root);
    if (*error != NULL)
        return brev_json_string (*error, "type");
    if (find_response (root, "Identity/get", "identities") == NULL)
        return NULL;
    return choose_identity (root, "") == NULL ? "noIdentity" : "noDrafts";
}

/* -- step by step --------------------------------------------------------------------- */

static gboolean
take_lookup (BrevJmap *state, const BrevMail *mail, JsonNode *root)
{
    const char *identity = choose_identity (root, mail->from->address);
    const char *mailbox = found_id (root, "drafts");

    if (mailbox == NULL)
        mailbox = found_id (root, "inbox");
    state->identity = g_strdup (identity);
    state->mailbox = g_strdup (mailbox);
    return identity != NULL && mailbox != NULL;
}

static gboolean
take_upload (BrevJmap *state, JsonNode *root)
{
    state->blob = g_strdup (brev_json_string (brev_json_object (root), "blobId"));
    return state->blob != NULL;
}

static gboolean
take_import (BrevJmap *state, JsonNode *root)
{
    JsonObject *import = find_response (root, "Email/import", "import");
    JsonObject *created = brev_json_object (brev_json_member (
        brev_json_object (brev_json_member (import, "created")), "mail"));
    JsonObject *error = import_error (root);

    state->was_there = g_strcmp0 (brev_json_string (error, "type"), "alreadyExists") == 0;
    state->email = g_strdup (state->was_there ? brev_json_string (error, "existingId")
                                              : brev_json_string (created, "id"));
    return state->email != NULL;
}

static gboolean
take (BrevJmap *state, const BrevMail *mail, const char *endpoint,
      const BrevHttpReply *reply, GError **error)
{
    g_autoptr (JsonNode) root = brev_reply_json (reply);

    if (!brev_reply_is_success (reply))
        return FALSE;
    switch (state->step) {
    case BREV_JMAP_SESSION:
        return take_session (state, mail, endpoint, root, error);
    case BREV_JMAP_LOOKUP:
        return take_lookup (state, mail, root);
    case BREV_JMAP_UPLOAD:
        return take_upload (state, root);
    case BREV_JMAP_IMPORT:
        return take_import (state, root);
    case BREV_JMAP_SUBMIT:
    default:
        return FALSE;
    }
}

gboolean
brev_jmap_read (BrevJmap *state, const BrevMail *mail, const char *endpoint,
                const GPtrArray *replies, GError **error)
{
    state->session_url = brev_jmap_session_url (endpoint);
    for (guint i = 0; i < replies->len; i++) {
        const BrevHttpReply *reply = replies->pdata[i];
        if (state->step == BREV_JMAP_SESSION && reply->status >= 300 &&
            reply->status <= 399) {
            if (!redirect (state, endpoint, reply, error))
                return FALSE;
            continue;
        }
        if (!take (state, mail, endpoint, reply, error))
            return FALSE;
        state->step++;
    }
    return TRUE;
}

/* -- to be looked at ------------------------------------------------------------------ */

#define EXAMPLE_SESSION                                                     \
    "{\"primaryAccounts\": {\"" SUBMISSION "\": \"ACCOUNT\"}, \"apiUrl\": " \
    "\"/jmap/api\", \"uploadUrl\": \"/jmap/upload/{accountId}\"}"
#define EXAMPLE_LOOKUP                                                                 \
    "{\"methodResponses\": [[\"Identity/get\", {\"list\": [{\"id\": \"IDENTITY\"}]}, " \
    "\"identities\"], [\"Mailbox/query\", {\"ids\": [\"DRAFTS\"]}, \"drafts\"]]}"
#define EXAMPLE_IMPORT                                                             \
    "{\"methodResponses\": [[\"Email/import\", {\"created\": {\"mail\": {\"id\": " \
    "\"EMAIL\"}}}, \"import\"]]}"

BrevHttpReply *
brev_jmap_example (const char *endpoint, guint n)
{
    static const char *const bodies[] = { EXAMPLE_SESSION, EXAMPLE_LOOKUP,
                                          "{\"blobId\": \"BLOB\"}", EXAMPLE_IMPORT };
    const char *body = bodies[MIN (n, G_N_ELEMENTS (bodies) - 1)];

    return brev_http_reply_new (200, g_bytes_new_static (body, strlen (body)));
}
