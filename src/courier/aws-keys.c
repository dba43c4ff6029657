/* SPDX-License-Identifier: MIT */
#include "courier/aws-keys.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/environment.h"
#include "config/secret.h"
#include "provider/json.h"

#define CONTAINER_HOST "http://169.254.170.2"
#define MACHINE_HOST "http://169.254.169.254"
#define ROLES "/latest/meta-data/iam/security-credentials/"
#define SESSION_SECONDS "21600"
#define MACHINE_REQUESTS 3

static BrevHttpRequest *
make_request (const char *method, const char *host, const char *path, const char *field,
              const char *value)
{
    BrevHttpRequest *request = brev_http_request_get (host, path);

    request->is_for_keys = TRUE;
    g_free (request->method);
    request->method = g_strdup (method);
    if (value != NULL)
        brev_http_request_header (request, field, value, TRUE);
    return request;
}

/* (transfer full) (nullable): the body of a reply with status 200, without white space
 * around it */
static char *
read_text (const BrevHttpReply *reply, GError **error)
{
    g_autofree char *status = g_strdup_printf ("HTTP %d", reply->status);

    if (reply->is_complete && reply->status == 200)
        return g_strstrip (g_strndup (g_bytes_get_data (reply->body, NULL),
                                      g_bytes_get_size (reply->body)));
    (void) brev_throw (error, BREV_ERROR_CONFIG, "%s",
                       reply->error != NULL ? reply->error : status);
    return NULL;
}

static gint64
read_time (const char *text)
{
    g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
    g_autoptr (GDateTime) time =
        text == NULL ? NULL : g_date_time_new_from_iso8601 (text, utc);

    return time == NULL ? 0 : g_date_time_to_unix (time) * BREV_SECOND;
}

static char *
read_keys (const char *text, gint64 *expiry, GError **error)
{
    g_autoptr (JsonNode) root = brev_json_parse (text, strlen (text));
    JsonObject *object = brev_json_object (root);
    const char *id = brev_json_string (object, "AccessKeyId");
    const char *secret = brev_json_string (object, "SecretAccessKey");
    const char *session = brev_json_string (object, "Token");

    *expiry = read_time (brev_json_string (object, "Expiration"));
    if (id == NULL || secret == NULL || session == NULL || *expiry == 0) {
        (void) brev_throw (error, BREV_ERROR_CONFIG,
                           "what should be keys with an expiry is something else");
        return NULL;
    }
    return g_strdup_printf ("%s:%s:%s", id, secret, session);
}

/* Returns: (transfer full) (nullable): %NULL: there is none, or with @error */
static char *
read_authorization (GError **error)
{
    const char *path = brev_environment ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    char *text = NULL;

    if (path == NULL)
        return g_strdup (brev_environment ("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    if (!g_file_get_contents (path, &text, NULL, error)) {
        g_prefix_error (error, "the container's token: ");
        return NULL;
    }
    return g_strstrip (text);
}

static BrevHttpRequest *
ask_container (GError **error)
{
    const char *relative = brev_environment ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = brev_environment ("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    g_autoptr (GError) fault = NULL;
    char *token = read_authorization (&fault);
    BrevHttpRequest *request;

    if (fault != NULL) {
        (void) brev_throw (error, BREV_ERROR_CONFIG, "%s", fault->message);
        return NULL;
    }
    request = make_request ("GET", relative != NULL ? CONTAINER_HOST : full,
                            relative != NULL ? relative : "", "Authorization", token);
    brev_secret_free (token);
    return request;
}

/* IMDSv2: a session first; then the name of the role, and its keys. */
static BrevHttpRequest *
ask_machine (const GPtrArray *replies, GError **error)
{
    const char *named = brev_environment ("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    g_autofree char *host = g_strdup (named != NULL ? named : MACHINE_HOST);
    g_autofree char *role = NULL, *path = NULL;
    BrevHttpRequest *request = NULL;
    char *session;

    if (g_str_has_suffix (host, "/"))
        host[strlen (host) - 1] = '\0';
    if (replies->len == 0)
        return make_request ("PUT", host, "/latest/api/token",
                             "X-aws-ec2-metadata-token-ttl-seconds", SESSION_SECONDS);
    session = read_text (replies->pdata[0], error);
    role = session != NULL && replies->len > 1 ? read_text (replies->pdata[1], error)
                                               : g_strdup ("");
    if (session != NULL && role != NULL) {
        role[strcspn (role, "\r\n")] = '\0';
        path = g_strconcat (ROLES, role, NULL);
        request = make_request ("GET", host, path, "X-aws-ec2-metadata-token", session);
    }
    brev_secret_free (session);
    return request;
}

static gboolean
is_container (void)
{
    return brev_environment ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != NULL ||
           brev_environment ("AWS_CONTAINER_CREDENTIALS_FULL_URI") != NULL;
}

static void
prefix (GError **error)
{
    g_prefix_error (error, "it has no token, and %s gives it no keys: ",
                    is_container () ? "the container" : "the machine");
}

static BrevHttpRequest *
next (const BrevAccount *account, const char *secret, const GPtrArray *replies,
      GError **error)
{
    const guint last = is_container () ? 1 : MACHINE_REQUESTS;
    BrevHttpRequest *request = NULL;

    if (replies->len == last)
        return NULL;
    if (is_container ())
        request = ask_container (error);
    else if (g_strcmp0 (brev_environment ("AWS_EC2_METADATA_DISABLED"), "true") != 0)
        request = ask_machine (replies, error);
    else
        (void) brev_throw (error, BREV_ERROR_CONFIG, "AWS_EC2_METADATA_DISABLED is set");
    if (request == NULL)
        prefix (error);
    return request;
}

static char *
read_reply (const BrevHttpReply *reply, gint64 now, gint64 *expiry, GError **error)
{
    char *text = read_text (reply, error);
    char *keys = text != NULL ? read_keys (text, expiry, error) : NULL;

    brev_secret_free (text);
    if (keys == NULL)
        prefix (error);
    return keys;
}

const BrevKeySource brev_aws_keys = { next, read_reply };
