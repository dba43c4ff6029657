/* SPDX-License-Identifier: MIT */
#include "provider/provider.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "config/url.h"
#include "provider/oauth.h"

const char *const brev_level_names[BREV_LEVEL_LAST] = { "documents", "validated",
                                                        "live" };
const char *const brev_level_words[BREV_LEVEL_LAST] = { "experimental", "validated",
                                                        "live" };

void
brev_verdict_clear (BrevVerdict *verdict)
{
    g_clear_pointer (&verdict->remote_id, g_free);
    g_clear_pointer (&verdict->code, g_free);
    g_clear_pointer (&verdict->text, g_free);
}

static void
copy_verdict (const BrevVerdict *from, BrevVerdict *to)
{
    brev_verdict_clear (to);
    *to = *from;
    to->remote_id = g_strdup (from->remote_id);
    to->code = g_strdup (from->code);
    to->text = g_strdup (from->text);
}

BrevOutcome *
brev_outcome_new (const BrevMail *mail)
{
    BrevOutcome *outcome = g_new0 (BrevOutcome, 1);

    outcome->n = mail->n_recipients;
    outcome->verdicts = g_new0 (BrevVerdict, outcome->n);
    for (guint i = 0; i < outcome->n; i++)
        outcome->verdicts[i].kind = BREV_VERDICT_LATER;
    return outcome;
}

void
brev_outcome_free (BrevOutcome *outcome)
{
    if (outcome == NULL)
        return;
    for (guint i = 0; i < outcome->n; i++)
        brev_verdict_clear (&outcome->verdicts[i]);
    g_free (outcome->verdicts);
    g_free (outcome);
}

void
brev_outcome_set_all (BrevOutcome *outcome, const BrevVerdict *verdict)
{
    for (guint i = 0; i < outcome->n; i++)
        copy_verdict (verdict, &outcome->verdicts[i]);
}

gboolean
brev_outcome_set (BrevOutcome *outcome, const BrevMail *mail, const char *address,
                  const BrevVerdict *verdict)
{
    g_autofree char *wanted = brev_text_fold (address);
    gboolean was_found = FALSE;

    for (guint i = 0; i < outcome->n; i++) {
        g_autofree char *folded = brev_text_fold (brev_mail_recipient (mail, i)->address);
        if (strcmp (folded, wanted) == 0) {
            copy_verdict (verdict, &outcome->verdicts[i]);
            was_found = TRUE;
        }
    }
    return was_found;
}

gboolean
brev_provider_names_requests (const BrevProvider *provider)
{
    return (provider->caps & (BREV_CAP_IDEMPOTENCY | BREV_CAP_NAMES)) != 0;
}

const BrevProvider *
brev_provider_find (const char *name)
{
    for (const BrevProvider *const *p = brev_providers; *p != NULL; p++) {
        if (g_strcmp0 ((*p)->name, name) == 0)
            return *p;
    }
    return NULL;
}

const BrevProvider *
brev_provider_for (const BrevAccount *account)
{
    const BrevProvider *provider = brev_provider_find (account->provider);

    if (provider != NULL && provider->encode == NULL)
        provider = brev_provider_find (account->as);
    if (provider == NULL || provider->encode == NULL)
        return NULL;
    return provider->variant != NULL ? provider->variant (account) : provider;
}

gboolean
brev_provider_is_outbox (const BrevAccount *account)
{
    const BrevProvider *provider = brev_provider_find (account->provider);

    return provider != NULL && provider->encode == NULL;
}

static gboolean
is_given (const char *text)
{
    return text != NULL && *text != '\0';
}

static gboolean
is_first_region (const BrevProvider *provider, const BrevAccount *account)
{
    return !is_given (account->region) || provider->region_url == NULL ||
           (provider->regions != NULL &&
            strcmp (account->region, provider->regions[0]) == 0);
}

/* Who sends the API's requests elsewhere, to a test, through a proxy or to a region, does
 * not want mail to go anywhere else. */
static const char *
smtp_endpoint (const BrevProvider *own, const BrevAccount *account)
{
    if (own->smtp_url == NULL || is_given (account->smtp_endpoint))
        return own->smtp_url == NULL ? NULL : account->smtp_endpoint;
    return is_given (account->endpoint) || !is_first_region (own, account)
               ? NULL
               : own->smtp_url;
}

/* (transfer full): of the provider's API */
static char *
own_url (const BrevProvider *provider, const BrevAccount *account)
{
    if (account->sandbox && provider->sandbox_url != NULL)
        return g_strdup (provider->sandbox_url);
    if (is_first_region (provider, account))
        return g_strdup (provider->url);
    g_auto (GStrv) parts = g_strsplit (provider->region_url, "{region}", -1);
    return g_strjoinv (account->region, parts);
}

char *
brev_provider_endpoint (const BrevProvider *provider, const BrevAccount *account)
{
    const BrevProvider *own = brev_provider_for (account);
    gboolean is_outbox = brev_provider_is_outbox (account);

    if (own != provider)
        return g_strdup (smtp_endpoint (own, account));
    if (is_given (account->endpoint) && !is_outbox)
        return g_strdup (account->endpoint);
    return own_url (own, account);
}

char *
brev_provider_search_endpoint (const BrevProvider *provider, const BrevAccount *account)
{
    return provider->search_url == NULL || is_given (account->endpoint)
               ? brev_provider_endpoint (provider, account)
               : g_strdup (provider->search_url);
}

const BrevProvider *
brev_provider_smtp_way (const BrevAccount *account)
{
    const BrevProvider *own = brev_provider_for (account);

    if (own == NULL || account->sandbox || smtp_endpoint (own, account) == NULL ||
        (own->smtp_user == NULL && account->user == NULL))
        return NULL;
    return brev_provider_find ("smtp");
}

GPtrArray *
brev_provider_requests (const BrevProvider *provider, const GPtrArray *mails,
                        const BrevAccount *account, const char *token,
                        const char *endpoint, GError **error)
{
    g_autoptr (GPtrArray) all =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_http_request_free);
    g_autoptr (GPtrArray) replies =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_http_reply_free);
    BrevHttpRequest *request = provider->encode (mails, account, token, endpoint, error);

    while (request != NULL) {
        g_ptr_array_add (all, request);
        if (!request->is_prelude)
            return g_steal_pointer (&all);
        g_ptr_array_add (replies, provider->example (endpoint, replies->len));
        request = provider->next (mails, account, token, endpoint, replies, error);
    }
    return NULL;
}

char *
brev_provider_names (void)
{
    GString *names = g_string_new (NULL);

    for (const BrevProvider *const *p = brev_providers; *p != NULL; p++)
        g_string_append_printf (names, "%s%s", names->len == 0 ? "" : ", ", (*p)->name);
    return g_string_free (names, FALSE);
}

static gboolean
is_smtp_url (const char *url)
{
    return g_str_has_prefix (url, "smtp://") || g_str_has_prefix (url, "smtps://");
}

/* What "endpoint" says must be what the provider speaks. */
static gboolean
check_endpoint (const BrevAccount *account, const BrevProvider *provider, GError **error)
{
    const char *endpoint = is_given (account->endpoint) ? account->endpoint : NULL;

    if (endpoint == NULL && provider->endpoint_form != NULL)
        return brev_throw (error, BREV_ERROR_CONFIG,
                           "account '%s': %s needs 'endpoint = %s'", account->name,
                           provider->title, provider->endpoint_form);
    if (account->smtp_endpoint != NULL && !is_smtp_url (account->smtp_endpoint))
        return brev_throw (
            error, BREV_ERROR_CONFIG,
            "account '%s': 'smtp-endpoint' begins with smtp:// or smtps://",
            account->name);
    if (endpoint == NULL || is_smtp_url (endpoint) == is_smtp_url (provider->url))
        return TRUE;
    return brev_throw (
        error, BREV_ERROR_CONFIG,
        "account '%s': provider %s needs an 'endpoint' that begins with %s",
        account->name, provider->name,
        is_smtp_url (provider->url) ? "smtp:// or smtps://" : "https://");
}

static gboolean
check_region (const BrevAccount *account, const BrevProvider *provider, GError **error)
{
    g_autoptr (GString) names = g_string_new (NULL);

    if (!is_given (account->region))
        return TRUE;
    if (provider->region_url == NULL)
        return brev_throw (error, BREV_ERROR_CONFIG,
                           "account '%s': provider %s has no 'region'", account->name,
                           provider->name);
    if (provider->regions == NULL || g_strv_contains (provider->regions, account->region))
        return TRUE;
    for (guint i = 0; provider->regions[i] != NULL; i++)
        g_string_append_printf (names, "%s%s", i == 0 ? "" : ", ", provider->regions[i]);
    return brev_throw (error, BREV_ERROR_CONFIG,
                       "account '%s': 'region' of provider %s is one of %s",
                       account->name, provider->name, names->str);
}

/* Whoever logs in without TLS shows the password to the network. The transport refuses such
 * an address, too, whatever a name leads to: this is only said earlier. */
static gboolean
check_secrecy (const BrevAccount *account, const BrevProvider *provider, GError **error)
{
    const char *url = is_smtp_url (provider->url) ? account->endpoint
                                                  : smtp_endpoint (provider, account);
    gboolean logs_in = provider->smtp_user != NULL || account->user != NULL;

    if (account->tls != BREV_TLS_NONE || !logs_in || url == NULL ||
        !g_str_has_prefix (url, "smtp://") || brev_url_is_loopback (url))
        return TRUE;
    return brev_throw (
        error, BREV_ERROR_CONFIG,
        "account '%s': with 'tls = none' the password would go to %s in the clear; "
        "without TLS it goes to a loopback address or localhost alone",
        account->name, url);
}

const char *
brev_account_user (const BrevAccount *account)
{
    return account->user != NULL ? account->user : "outbox";
}

/* Some providers want a name beside the secret, which goes into the same header field. */
static gboolean
check_user (const BrevAccount *account, const BrevProvider *provider, GError **error)
{
    if (!provider->wants_user ||
        (is_given (account->user) && strpbrk (account->user, ": \t\r\n") == NULL))
        return TRUE;
    return brev_throw (error, BREV_ERROR_CONFIG,
                       "the token of account '%s' is half of a key: \"user = KEY\" in "
                       "[account %s] is the other, public one",
                       account->name, account->name);
}

static gboolean
check_token (const BrevAccount *account, const BrevProvider *provider, const char *token,
             GError **error)
{
    gboolean is_sound = is_given (token) || provider->token_is_optional;

    for (const char *p = token; is_sound && *p != '\0'; p++)
        is_sound = g_ascii_isgraph (*p);
    return is_sound || provider->token_is_password ||
           brev_throw (
               error, BREV_ERROR_CONFIG,
               "the token of account '%s' is empty, or holds a space or a character "
               "that no token holds",
               account->name);
}

gboolean
brev_account_check (const BrevAccount *account, const char *token, GError **error)
{
    const BrevProvider *provider = brev_provider_find (account->provider);

    if (provider == NULL || provider->encode == NULL)
        return TRUE;
    return check_endpoint (account, provider, error) &&
           check_region (account, provider, error) &&
           check_secrecy (account, provider, error) &&
           brev_oauth_check (account, provider, token, error) &&
           check_token (account, provider, token, error) &&
           check_user (account, provider, error) &&
           (provider->check == NULL || provider->check (account, token, error));
}
