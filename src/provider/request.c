/* SPDX-License-Identifier: MIT */

/* Requests and replies as values: nothing is sent here. */

#include "provider/provider.h"

#include <string.h>

#include "config/secret.h"

BrevHttpHeader *
brev_http_header_new (const char *name, const char *value, gboolean is_secret)
{
    BrevHttpHeader *header = g_new0 (BrevHttpHeader, 1);

    header->name = g_strdup (name);
    header->value = g_strdup (value);
    header->is_secret = is_secret;
    return header;
}

void
brev_http_header_free (BrevHttpHeader *header)
{
    if (header == NULL)
        return;
    g_free (header->name);
    if (header->is_secret)
        brev_secret_free (header->value);
    else
        g_free (header->value);
    g_free (header);
}

static GPtrArray *
http_headers_new (void)
{
    return g_ptr_array_new_with_free_func ((GDestroyNotify) brev_http_header_free);
}

BrevHttpRequest *
brev_http_request_typed (const char *endpoint, const char *path, const char *type,
                         BrevBody *body)
{
    BrevHttpRequest *request = g_new0 (BrevHttpRequest, 1);

    request->method = g_strdup ("POST");
    request->url = g_strconcat (endpoint, path, NULL);
    request->headers = http_headers_new ();
    request->body = body;
    brev_http_request_header (request, "Accept", "application/json", FALSE);
    brev_http_request_header (request, "Content-Type", type, FALSE);
    return request;
}

BrevHttpRequest *
brev_http_request_new (const char *endpoint, const char *path, BrevBody *body)
{
    return brev_http_request_typed (endpoint, path, "application/json", body);
}

BrevHttpRequest *
brev_http_request_get (const char *endpoint, const char *path)
{
    BrevHttpRequest *request = g_new0 (BrevHttpRequest, 1);

    request->method = g_strdup ("GET");
    request->url = g_strconcat (endpoint, path, NULL);
    request->headers = http_headers_new ();
    request->body = brev_body_new ();
    brev_http_request_header (request, "Accept", "application/json", FALSE);
    return request;
}

/* For a person who looks at the request: nothing of it is sent as a header. */
static void
show_envelope (BrevHttpRequest *request)
{
    const BrevSmtp *smtp = request->smtp;
    g_autoptr (GString) all = g_string_new (NULL);

    for (guint i = 0; i < smtp->recipients->len; i++) {
        const BrevSmtpRecipient *recipient = smtp->recipients->pdata[i];
        g_string_append_printf (all, "%s<%s>", i == 0 ? "" : ", ", recipient->address);
    }
    brev_http_request_header (request, "EHLO", smtp->peer.helo, FALSE);
    if (smtp->peer.user != NULL)
        brev_http_request_header (request, "AUTH", smtp->peer.user, FALSE);
    brev_http_request_header (request, "MAIL FROM", smtp->sender, FALSE);
    brev_http_request_header (request, "RCPT TO", all->str, FALSE);
}

BrevHttpRequest *
brev_http_request_smtp (const char *endpoint, BrevBody *body, BrevSmtp *smtp)
{
    BrevHttpRequest *request = g_new0 (BrevHttpRequest, 1);

    request->method = g_strdup ("SMTP");
    request->url = g_strdup (endpoint);
    request->headers = http_headers_new ();
    request->body = body;
    request->smtp = smtp;
    show_envelope (request);
    return request;
}

void
brev_http_request_free (BrevHttpRequest *request)
{
    if (request == NULL)
        return;
    g_free (request->method);
    g_free (request->url);
    g_clear_pointer (&request->headers, g_ptr_array_unref);
    brev_body_free (request->body);
    brev_smtp_free (request->smtp);
    g_free (request->signing);
    g_free (request->key_id);
    brev_secret_free (request->secret);
    g_free (request);
}

void
brev_http_request_sign (BrevHttpRequest *request, const char *scope, const char *key_id,
                        const char *secret)
{
    request->signing = g_strdup (scope);
    request->key_id = g_strdup (key_id);
    request->secret = g_strdup (secret);
}

void
brev_http_request_header (BrevHttpRequest *request, const char *name, const char *value,
                          gboolean is_secret)
{
    g_ptr_array_add (request->headers, brev_http_header_new (name, value, is_secret));
}

void
brev_http_request_bearer (BrevHttpRequest *request, const char *token)
{
    char *value = g_strconcat ("Bearer ", token, NULL);

    brev_http_request_header (request, "Authorization", value, TRUE);
    brev_secret_free (value);
}

void
brev_http_request_basic (BrevHttpRequest *request, const char *user, const char *token)
{
    char *pair = g_strconcat (user, ":", token, NULL);
    char *encoded = g_base64_encode ((const guchar *) pair, strlen (pair));
    char *value = g_strconcat ("Basic ", encoded, NULL);

    brev_http_request_header (request, "Authorization", value, TRUE);
    brev_secret_free (pair);
    brev_secret_free (encoded);
    brev_secret_free (value);
}

BrevHttpReply *
brev_http_reply_new (int status, GBytes *body)
{
    BrevHttpReply *reply = g_new0 (BrevHttpReply, 1);

    reply->status = status;
    reply->headers = http_headers_new ();
    reply->body = body != NULL ? body : g_bytes_new (NULL, 0);
    reply->may_have_left = TRUE;
    reply->is_complete = TRUE;
    return reply;
}

BrevHttpReply *
brev_http_reply_copy (const BrevHttpReply *reply)
{
    BrevHttpReply *copy = brev_http_reply_new (reply->status, g_bytes_ref (reply->body));

    for (guint i = 0; reply->headers != NULL && i < reply->headers->len; i++) {
        const BrevHttpHeader *header = reply->headers->pdata[i];
        g_ptr_array_add (copy->headers, brev_http_header_new (header->name, header->value,
                                                              header->is_secret));
    }
    copy->is_complete = reply->is_complete;
    copy->may_have_left = reply->may_have_left;
    copy->error = g_strdup (reply->error);
    return copy;
}

void
brev_http_reply_free (BrevHttpReply *reply)
{
    if (reply == NULL)
        return;
    g_clear_pointer (&reply->headers, g_ptr_array_unref);
    g_clear_pointer (&reply->body, g_bytes_unref);
    g_free (reply->error);
    brev_smtp_answer_free (reply->smtp);
    g_free (reply);
}

const char *
brev_http_reply_header (const BrevHttpReply *reply, const char *name)
{
    for (guint i = 0; reply->headers != NULL && i < reply->headers->len; i++) {
        const BrevHttpHeader *header = reply->headers->pdata[i];
        if (g_ascii_strcasecmp (header->name, name) == 0)
            return header->value;
    }
    return NULL;
}
