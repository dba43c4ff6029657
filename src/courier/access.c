/* SPDX-License-Identifier: MIT */
#include "courier/access.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/secret.h"
#include "courier/aws-keys.h"
#include "provider/oauth.h"

/* Keys are taken anew before they end, but not all the time. */
#define KEYS_MARGIN (5 * BREV_MINUTE)
#define KEYS_LEAST (30 * BREV_SECOND)

struct BrevAccess {
    const BrevAccount *account;
    const BrevProvider *provider;
    gboolean is_service;
    void (*changed) (gpointer data);
    gpointer data;

    char *secret;                /* owned, nullable: of the configuration */
    char *keys;                  /* owned, nullable: that live for a time */
    char *former_keys;           /* owned, nullable: replies may still name them */
    const BrevKeySource *source; /* nullable: the secret is all there is */
    gint64 renewal;              /* ms since 1970: when to ask for newer keys */
    gint64 expiry;               /* ms since 1970: when they end */
    guint refusals;              /* keys in a row that nobody took */

    BrevHttp *http;     /* borrowed, nullable: asks now */
    GPtrArray *replies; /* owned, of BrevHttpReply: to what was asked */
    GError *fault;      /* owned, nullable: why no keys came; not told yet */
};

BrevAccess *
brev_access_new (const BrevAccount *account, const BrevProvider *provider,
                 gboolean is_service, void (*changed) (gpointer data), gpointer data)
{
    BrevAccess *access = g_new0 (BrevAccess, 1);

    access->account = account;
    access->provider = provider;
    access->is_service = is_service;
    access->changed = changed;
    access->data = data;
    access->replies =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_http_reply_free);
    return access;
}

void
brev_access_free (BrevAccess *access)
{
    if (access == NULL)
        return;
    brev_secret_free (access->secret);
    brev_secret_free (access->keys);
    brev_secret_free (access->former_keys);
    g_ptr_array_unref (access->replies);
    g_clear_error (&access->fault);
    g_free (access);
}

/* -- keys ---------------------------------------------------------------------------- */

/* Keys that still hold stay when there are no newer. */
static void
end_asking (BrevAccess *access, const GError *fault)
{
    access->http = NULL;
    g_ptr_array_set_size (access->replies, 0);
    g_clear_error (&access->fault);
    if (fault != NULL)
        access->fault = g_error_copy (fault);
    access->changed (access->data);
}

static void
take_keys (BrevAccess *access, const BrevHttpReply *reply, GError **error)
{
    gint64 now = brev_clock_now (), expiry = 0;
    char *keys = access->source->read (reply, now, &expiry, error);

    if (keys == NULL)
        return;
    brev_secret_free (access->former_keys);
    access->former_keys = access->keys;
    access->keys = keys;
    access->expiry = expiry;
    access->renewal = MAX (expiry - KEYS_MARGIN, now + KEYS_LEAST);
}

static void ask (BrevAccess *access);

static void
answered (const BrevHttpReply *reply, gpointer data)
{
    BrevAccess *access = data;

    g_ptr_array_add (access->replies, brev_http_reply_copy (reply));
    ask (access);
}

/* The next request, or what the last reply said. */
static void
ask (BrevAccess *access)
{
    const GPtrArray *replies = access->replies;
    g_autoptr (GError) error = NULL;
    BrevHttpRequest *request =
        access->source->next (access->account, access->secret, replies, &error);

    if (request != NULL) {
        brev_http_send (access->http, request, answered, access);
        return;
    }
    if (error == NULL)
        take_keys (access, replies->pdata[replies->len - 1], &error);
    if (error != NULL)
        error->message = brev_access_mask (access, error->message);
    end_asking (access, error);
}

static void
start_asking (BrevAccess *access, BrevHttp *http)
{
    access->http = http;
    access->renewal = brev_clock_now () + KEYS_LEAST;
    ask (access);
}

/* -- the secret ---------------------------------------------------------------------- */

static const BrevKeySource oauth = { brev_oauth_next, brev_oauth_read };

/* "" stands for no secret. */
static const BrevKeySource *
source_of (const BrevAccount *account, const BrevProvider *provider, const char *secret)
{
    gboolean has_keys = (provider->caps & BREV_CAP_AWS_KEYS) != 0;

    if (account->client_id != NULL)
        return &oauth;
    return *secret == '\0' && has_keys ? &brev_aws_keys : NULL;
}

/* Read anew each time that it did not do: an administrator may have mended it. */
static gboolean
load_secret (BrevAccess *access, GError **error)
{
    if (brev_provider_is_outbox (access->account)) { /* its requests show none anyway */
        access->secret = g_strdup ("***");
        return TRUE;
    }
    access->secret = brev_secret_load (access->account, access->is_service, error);
    if (access->secret == NULL)
        return FALSE;
    access->source = source_of (access->account, access->provider, access->secret);
    if (access->source == &brev_aws_keys ||
        brev_account_check (access->account, access->secret, error))
        return TRUE;
    g_clear_pointer (&access->secret, brev_secret_free);
    return FALSE;
}

/* -- what the others see ------------------------------------------------------------- */

static int
tell_fault (BrevAccess *access, GError **error)
{
    g_propagate_error (error, g_steal_pointer (&access->fault));
    g_clear_pointer (&access->secret, brev_secret_free);
    return -1;
}

int
brev_access_prepare (BrevAccess *access, BrevHttp *http, GError **error)
{
    gint64 now = brev_clock_now ();
    gboolean holds = access->keys != NULL && now < access->expiry;

    if (access->http != NULL)
        return holds ? 1 : 0;
    if (access->fault != NULL && !holds)
        return tell_fault (access, error);
    if (access->secret == NULL && !load_secret (access, error))
        return -1;
    if (access->source == NULL)
        return 1;
    if (http != NULL && (!holds || now >= access->renewal))
        start_asking (access, http);
    return holds ? 1 : 0;
}

const char *
brev_access_token (const BrevAccess *access)
{
    if (access->source == NULL)
        return access->secret;
    return brev_clock_now () < access->expiry ? access->keys : NULL;
}

gboolean
brev_access_is_asking (const BrevAccess *access)
{
    return access->http != NULL;
}

void
brev_access_abandon (BrevAccess *access)
{
    access->http = NULL;
    g_ptr_array_set_size (access->replies, 0);
}

gboolean
brev_access_refused (BrevAccess *access)
{
    if (access->source == NULL)
        return FALSE;
    if (access->expiry > 0) /* of several recipients and requests the first says it */
        access->refusals++;
    access->expiry = access->renewal = 0;
    return access->refusals <= 1;
}

void
brev_access_worked (BrevAccess *access)
{
    access->refusals = 0;
}

/* The secret that keys are asked for by may have several parts. */
static char *
mask_parts (char *text, const char *secret)
{
    g_auto (GStrv) parts = g_strsplit (secret, ":", -1);

    for (guint i = 0; parts[i] != NULL; i++) {
        text = brev_secret_mask (text, parts[i]);
        explicit_bzero (parts[i], strlen (parts[i]));
    }
    return text;
}

char *
brev_access_mask (const BrevAccess *access, char *text)
{
    if (access->secret != NULL)
        text = brev_secret_mask (text, access->secret);
    if (access->secret != NULL && access->source != NULL)
        text = mask_parts (text, access->secret);
    text = brev_secret_mask (text, access->keys);
    return brev_secret_mask (text, access->former_keys);
}
