/* SPDX-License-Identifier: MIT */
#include "provider/oauth.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/secret.h"
#include "provider/reply.h"

/* Where a server does not say how long a token lives. */
#define USUAL_LIFE (10 * BREV_MINUTE)
#define LONGEST_LIFE BREV_DAY

/* Returns: (nullable) (transfer full) */
static char *
find_url (const BrevAccount *account, const BrevProvider *provider)
{
    g_auto (GStrv) pieces = NULL;

    if (account->token_url != NULL && *account->token_url != '\0')
        return g_strdup (account->token_url);
    if (provider->token_url == NULL)
        return NULL;
    pieces = g_strsplit (provider->token_url, "{domain}", 2);
    if (pieces[1] == NULL)
        return g_strdup (provider->token_url);
    return account->domain == NULL
               ? NULL
               : g_strconcat (pieces[0], account->domain, pieces[1], NULL);
}

gboolean
brev_oauth_check (const BrevAccount *account, const BrevProvider *provider,
                  const char *secret, GError **error)
{
    g_autofree char *url = find_url (account, provider);

    if (account->client_id == NULL && provider->token_url == NULL)
        return TRUE;
    if (account->client_id == NULL)
        return brev_throw (error, BREV_ERROR_CONFIG,
                           "account '%s': %s needs 'client-id', the application's",
                           account->name, provider->title);
    if (url == NULL)
        return brev_throw (
            error, BREV_ERROR_CONFIG, "account '%s': 'client-id' needs %s", account->name,
            provider->token_url != NULL ? "'domain', the tenant's" : "'token-url'");
    if (*secret == '\0')
        return brev_throw (
            error, BREV_ERROR_CONFIG,
            "account '%s': 'client-id' needs a token: the client's secret, "
            "or SECRET:REFRESH-TOKEN",
            account->name);
    return TRUE;
}

/* -- the request --------------------------------------------------------------------- */

/* application/x-www-form-urlencoded */
static void
add_field (BrevBody *body, const char *name, const char *value)
{
    char *escaped = g_uri_escape_string (value, NULL, FALSE);
    g_autofree char *start = g_strdup_printf ("%s=", name);

    brev_body_add (body, start);
    brev_body_add (body, escaped);
    brev_secret_free (escaped);
}

static void
add_grant (BrevBody *body, const BrevAccount *account, const BrevProvider *provider,
           const char *refresh_token)
{
    const char *scope = account->scope != NULL ? account->scope : provider->token_scope;

    add_field (body, "grant_type",
               refresh_token != NULL ? "refresh_token" : "client_credentials");
    if (refresh_token != NULL)
        add_field (body, "&refresh_token", refresh_token);
    if (scope != NULL && *scope != '\0')
        add_field (body, "&scope", scope);
    add_field (body, "&client_id", account->client_id);
}

BrevHttpRequest *
brev_oauth_next (const BrevAccount *account, const char *secret, const GPtrArray *replies,
                 GError **error)
{
    const BrevProvider *provider = brev_provider_for (account);
    g_autofree char *url = find_url (account, provider);
    const char *colon = strchr (secret, ':');
    gsize length = colon != NULL ? (gsize) (colon - secret) : strlen (secret);
    BrevBody *body;
    char *client;

    if (replies->len > 0 || !brev_oauth_check (account, provider, secret, error))
        return NULL;
    body = brev_body_new ();
    client = g_strndup (secret, length);
    add_grant (body, account, provider, colon != NULL ? colon + 1 : NULL);
    if (length > 0) /* an application that runs everywhere has none */
        add_field (body, "&client_secret", client);
    brev_secret_free (client);
    return brev_http_request_typed (url, "", "application/x-www-form-urlencoded", body);
}

/* -- the reply ----------------------------------------------------------------------- */

/* RFC 6750 section 2.1: it goes into a header field. */
static gboolean
is_token (const char *text)
{
    for (const char *p = text; p != NULL && *p != '\0'; p++)
        if (!g_ascii_isgraph (*p))
            return FALSE;
    return text != NULL && *text != '\0';
}

static gboolean
is_bearer (const char *type)
{
    return type == NULL || g_ascii_strcasecmp (type, "bearer") == 0;
}

/* Section 5.2: of 400 and 401, and what a wrong 'token-url' leads to. */
static gboolean
is_for_the_administrator (const BrevHttpReply *reply, const char *code)
{
    static const char *const passing[] = { "temporarily_unavailable", "server_error",
                                           NULL };

    if (reply->status == 400 || reply->status == 401)
        return code != NULL && !g_strv_contains (passing, code);
    return reply->status >= 402 && reply->status < 500 && reply->status != 408 &&
           reply->status != 425 && reply->status != 429;
}

static void
throw_refusal (const BrevHttpReply *reply, JsonObject *body, GError **error)
{
    const char *code = brev_json_string (body, "error");
    g_autofree char *words =
        brev_reply_words (brev_json_string (body, "error_description"));
    g_autofree char *name = brev_reply_words (code);
    g_autofree char *status = g_strdup_printf ("HTTP %d", reply->status);
    gboolean is_config = reply->is_complete && is_for_the_administrator (reply, code);

    if (reply->error != NULL)
        words = (g_free (words), g_strdup (reply->error));
    (void) brev_throw (error, is_config ? BREV_ERROR_CONFIG : BREV_ERROR_SYSTEM,
                       "no access token (OAuth 2): %s%s%s", name != NULL ? name : status,
                       words != NULL ? ": " : "", words != NULL ? words : "");
}

char *
brev_oauth_read (const BrevHttpReply *reply, gint64 now, gint64 *expiry, GError **error)
{
    gboolean is_success = reply->is_complete && reply->status == 200;
    g_autoptr (JsonNode) root = brev_reply_json (reply);
    JsonObject *body = brev_json_object (root);
    const char *token = brev_json_string (body, "access_token");
    gint64 seconds;

    if (!is_success || !is_token (token) ||
        !is_bearer (brev_json_string (body, "token_type"))) {
        throw_refusal (reply, body, error);
        return NULL;
    }
    if (!brev_json_integer (body, "expires_in", &seconds))
        seconds = USUAL_LIFE / BREV_SECOND;
    *expiry = now + CLAMP (seconds, 1, LONGEST_LIFE / BREV_SECOND) * BREV_SECOND;
    return g_strdup (token);
}
