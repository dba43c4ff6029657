/* SPDX-License-Identifier: MIT */
#include "admin/status.h"

#include <string.h>

#include "admin/service.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/secret.h"
#include "courier/guard.h"
#include "courier/limiter.h"
#include "provider/provider.h"

void
brev_status_clear (BrevStatus *status)
{
    brev_site_free (status->site);
    brev_listing_free (status->listing);
    g_clear_pointer (&status->problems, g_ptr_array_unref);
    g_clear_pointer (&status->faults, g_ptr_array_unref);
    g_clear_pointer (&status->paces, g_array_unref);
    g_clear_pointer (&status->storms, g_array_unref);
    g_clear_pointer (&status->config_problems, g_ptr_array_unref);
}

static void
read_config (BrevStatus *status)
{
    status->config_problems = g_ptr_array_new_with_free_func (g_free);
    for (guint i = 0; i < status->config->problems->len; i++)
        g_ptr_array_add (status->config_problems,
                         brev_problem_format (status->config->problems->pdata[i]));
}

static char *
account_fault (const BrevStatus *status, const BrevAccount *account)
{
    g_autoptr (GError) error = NULL;
    char *secret;

    if (account->provider == NULL)
        return g_strdup ("it names no provider");
    if (brev_provider_for (account) == NULL) {
        g_autofree char *names = brev_provider_names ();
        return g_strdup_printf ("unknown provider '%s'; there are %s", account->provider,
                                names);
    }
    secret = brev_secret_load (account, status->has_service, &error);
    brev_secret_free (secret);
    if (brev_service_has_token (status->config, account))
        return NULL;
    return error == NULL ? NULL : g_strdup (error->message);
}

static void
read_accounts (BrevStatus *status)
{
    const GPtrArray *accounts = status->config->accounts;

    status->faults = g_ptr_array_new_with_free_func (g_free);
    for (guint i = 0; i < accounts->len; i++)
        g_ptr_array_add (status->faults, account_fault (status, accounts->pdata[i]));
}

static void
count_states (BrevStatus *status)
{
    const GPtrArray *messages = status->listing->messages;

    for (guint i = 0; i < messages->len; i++) {
        const BrevListed *listed = messages->pdata[i];
        for (guint j = 0; brev_listed_states[j] != NULL; j++)
            status->counts[j] += strcmp (brev_listed_states[j], listed->state) == 0;
        status->storm_held += listed->message->is_storm;
    }
    if (messages->len > 0)
        status->oldest = ((BrevListed *) messages->pdata[0])->message->arrival;
}

static gboolean
read_rates (BrevStatus *status, GError **error)
{
    const GPtrArray *accounts = status->config->accounts;

    for (guint i = 0; i < accounts->len; i++) {
        const BrevAccount *account = accounts->pdata[i];
        BrevAccountPace *pace = &g_array_index (status->paces, BrevAccountPace, i);
        BrevStoreBucket bucket;
        gint64 wait;
        guint left;
        if (!brev_store_get_bucket (status->site->store, account->name, &bucket, error))
            return FALSE;
        brev_limiter_age (&bucket, account->rate, status->now);
        if (bucket.rate > 0)
            pace->slowed = brev_limiter_rate (&bucket, account->rate);
        wait = brev_limiter_quota (&bucket, account->daily_quota, status->now, &left);
        pace->quota_until = wait > 0 ? status->now + wait : 0;
    }
    return TRUE;
}

static gboolean
read_storms (BrevStatus *status, GError **error)
{
    const BrevStormRule rule = brev_guard_rule (status->config);

    status->storms = brev_store_storms (status->site->store, error);
    if (status->storms == NULL)
        return FALSE;
    for (guint i = status->storms->len; i-- > 0;) {
        BrevStoreStorm *storm = &g_array_index (status->storms, BrevStoreStorm, i);
        brev_storm_age (storm, &rule, status->now);
        if (storm->began == 0)
            (void) g_array_remove_index (status->storms, i);
    }
    return TRUE;
}

static gboolean
read_store (BrevStatus *status, GError **error)
{
    status->paces = g_array_new (FALSE, TRUE, sizeof (BrevAccountPace));
    g_array_set_size (status->paces, status->config->accounts->len);
    if (status->site->store == NULL) {
        status->problems = g_ptr_array_new ();
        status->storms = g_array_new (FALSE, FALSE, sizeof (BrevStoreStorm));
        return TRUE;
    }
    status->problems = brev_store_problems (status->site->store, error);
    return status->problems != NULL && read_rates (status, error) &&
           read_storms (status, error);
}

gboolean
brev_status_read (BrevStatus *status, const BrevConfig *config, GError **error)
{
    status->config = config;
    status->now = brev_clock_now ();
    read_config (status);
    status->has_service = brev_site_has_service (config);
    status->service_answers = status->has_service && brev_service_answers (config);
    /* root becomes the spool's owner here: a token is read with the owner's rights */
    status->site = brev_site_open (config, BREV_STORE_READ, error);
    if (status->site == NULL)
        return FALSE;
    read_accounts (status);
    status->listing = brev_listing_read (status->site, -1, error);
    if (status->listing == NULL)
        return FALSE;
    count_states (status);
    return read_store (status, error);
}
