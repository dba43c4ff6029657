/* SPDX-License-Identifier: MIT */
#include "config/route.h"

#include <string.h>

#include "base/text.h"

#define SEPARATORS " \t,"

/* "*" stands for any bytes, all else for itself. Linear but for the last star. */
static gboolean
glob_matches (const char *glob, const char *text)
{
    const char *star = NULL, *resume = NULL;

    while (*text != '\0') {
        if (*glob == '*') {
            star = glob++;
            resume = text;
        } else if (*glob == *text) {
            glob++;
            text++;
        } else if (star != NULL) {
            glob = star + 1;
            text = ++resume;
        } else {
            return FALSE;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}

/* With an "@" both sides must match, each in its own side: "*@b" is not "a@x@b". */
gboolean
brev_address_matches (const char *pattern, const char *address)
{
    g_autofree char *glob = brev_text_fold (pattern);
    g_autofree char *folded = brev_text_fold (address);
    char *glob_at = strrchr (glob, '@');
    char *at = strrchr (folded, '@');

    if (strcmp (glob, "*") == 0)
        return TRUE;
    if (at == NULL)
        return FALSE;
    *at = '\0';
    if (glob_at == NULL)
        return glob_matches (glob, at + 1);
    *glob_at = '\0';
    return glob_matches (glob, folded) && glob_matches (glob_at + 1, at + 1);
}

static gboolean
list_matches (const char *patterns, const char *address)
{
    g_auto (GStrv) list = g_strsplit_set (patterns, SEPARATORS, -1);

    for (guint i = 0; address != NULL && list[i] != NULL; i++)
        if (*list[i] != '\0' && brev_address_matches (list[i], address))
            return TRUE;
    return FALSE;
}

static gboolean
user_matches (const char *users, const BrevRouteFacts *facts)
{
    g_auto (GStrv) list = g_strsplit_set (users, SEPARATORS, -1);
    g_autofree char *number = g_strdup_printf ("%" G_GUINT32_FORMAT, facts->uid);

    for (guint i = 0; list[i] != NULL; i++)
        if (strcmp (list[i], number) == 0 || g_strcmp0 (list[i], facts->user) == 0)
            return TRUE;
    return FALSE;
}

static gboolean
header_matches (const char *condition, const BrevRouteFacts *facts)
{
    const char *colon = strchr (condition, ':');
    g_autofree char *name = g_strndup (
        condition, colon == NULL ? strlen (condition) : (gsize) (colon - condition));
    const char *value =
        facts->header == NULL ? NULL : facts->header (g_strstrip (name), facts->data);
    g_autofree char *glob = colon == NULL ? NULL : brev_text_fold (colon + 1);
    g_autofree char *folded = value == NULL ? NULL : brev_text_fold (value);

    if (value == NULL || colon == NULL)
        return value != NULL;
    return glob_matches (g_strstrip (glob), g_strstrip (folded));
}

static gboolean
route_matches (const BrevRoute *route, const BrevRouteFacts *facts)
{
    if (route->sender == NULL && route->recipient == NULL && route->user == NULL &&
        route->header == NULL)
        return FALSE; /* a problem of the configuration, and not "everything" */
    if (route->sender != NULL && !list_matches (route->sender, facts->sender) &&
        !list_matches (route->sender, facts->from))
        return FALSE;
    if (route->recipient != NULL && !list_matches (route->recipient, facts->recipient))
        return FALSE;
    if (route->user != NULL && !user_matches (route->user, facts))
        return FALSE;
    return route->header == NULL || header_matches (route->header, facts);
}

const BrevAccount *
brev_route_choose (const BrevConfig *config, const BrevRouteFacts *facts)
{
    for (guint i = 0; i < config->routes->len; i++) {
        const BrevRoute *route = config->routes->pdata[i];
        if (route_matches (route, facts))
            return brev_config_find_account (config, route->account);
    }
    return brev_config_find_account (config, config->account);
}

char *
brev_config_from_domain (const BrevConfig *config)
{
    const char *at = config->from == NULL ? NULL : strrchr (config->from, '@');

    return at == NULL ? NULL : g_strndup (at + 1, strcspn (at + 1, "> \t"));
}

gboolean
brev_account_covers (const BrevConfig *config, const BrevAccount *account,
                     const char *address)
{
    g_autofree char *domain = NULL;

    if (account->senders == NULL) {
        domain = brev_config_from_domain (config);
        return domain != NULL && brev_address_matches (domain, address);
    }
    for (guint i = 0; account->senders[i] != NULL; i++)
        if (brev_address_matches (account->senders[i], address))
            return TRUE;
    return FALSE;
}

GPtrArray *
brev_config_warnings (const BrevConfig *config)
{
    GPtrArray *warnings = g_ptr_array_new_with_free_func (g_free);

    for (guint i = 0; i < config->accounts->len; i++) {
        const BrevAccount *account = config->accounts->pdata[i];
        if (account->fallback != NULL &&
            brev_config_find_account (config, account->fallback) == NULL)
            g_ptr_array_add (
                warnings,
                g_strdup_printf ("[account %s]: there is no [account %s] to fall "
                                 "back to",
                                 account->name, account->fallback));
    }
    for (guint i = 0; i < config->routes->len; i++) {
        const BrevRoute *route = config->routes->pdata[i];
        if (route->account != NULL &&
            brev_config_find_account (config, route->account) == NULL)
            g_ptr_array_add (
                warnings,
                g_strdup_printf ("[route %s]: there is no [account %s]; its mail "
                                 "will wait",
                                 route->name, route->account));
    }
    if (config->accounts->len == 0)
        g_ptr_array_add (warnings, g_strdup ("no account: nothing can be sent"));
    return warnings;
}
