/* SPDX-License-Identifier: MIT */
#include "admin/keys.h"

#include <string.h>

#include "doctor/dns.h"

static void
free_key (gpointer data)
{
    BrevKey *key = data;

    g_free (key->name);
    g_free (key);
}

/* @written has been checked with the configuration. */
static char *
fold (const char *written)
{
    gsize length = strlen (written) - g_str_has_suffix (written, ".");

    return g_ascii_strdown (written, (gssize) length);
}

static void
add_name (GPtrArray *names, const char *written)
{
    g_autofree char *name = fold (written);

    if (!g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
        g_ptr_array_add (names, g_steal_pointer (&name));
}

static GPtrArray *
names_of (const BrevConfig *config)
{
    GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

    for (guint i = 0; i < config->accounts->len; i++) {
        char **written = ((const BrevAccount *) config->accounts->pdata[i])->dkim_keys;
        for (; written != NULL && *written != NULL; written++)
            add_name (names, *written);
    }
    return names;
}

static BrevKey *
key_new (const char *name, const BrevDnsAnswer *answer)
{
    static const char middle[] = "._domainkey.";
    BrevKey *key = g_new0 (BrevKey, 1);

    key->name = g_strdup (name);
    key->domain = strstr (key->name, middle) + sizeof middle - 1;
    if (answer->state == BREV_DNS_UNKNOWN)
        key->unknown = answer->reason;
    else
        key->key = brev_dkim_judge (answer->records);
    return key;
}

GPtrArray *
brev_keys_read (const BrevConfig *config)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func (free_key);
    g_autoptr (GPtrArray) names = names_of (config);
    g_autoptr (GPtrArray) answers = NULL;

    if (names->len == 0)
        return keys;
    answers = brev_dns_find_txt (names, config->dns_servers);
    for (guint i = 0; i < names->len; i++)
        g_ptr_array_add (keys, key_new (names->pdata[i], answers->pdata[i]));
    return keys;
}
