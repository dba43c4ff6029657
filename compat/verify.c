/* SPDX-License-Identifier: MIT */
#include "compat/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "compat/sender.h"
#include "config/alias.h"
#include "config/route.h"

/* Names without a domain go to the postmaster, or to the site's own domain. */
static char *
qualify (const BrevConfig *config, const char *address)
{
    if (brev_text_domain (address) != NULL)
        return g_strdup (address);
    if (config->postmaster != NULL)
        return g_strdup (config->postmaster);
    return g_strconcat (address, "@", config->mail_name, NULL);
}

/* Whether no piece between two dots is empty; quotes hold anything. */
static gboolean
has_good_dots (const char *text, gsize length)
{
    if (length > 0 && text[0] == '"')
        return TRUE;
    for (gsize i = 0; i < length; i++)
        if (text[i] == '.' && (i == 0 || i + 1 == length || text[i + 1] == '.'))
            return FALSE;
    return length > 0;
}

static gboolean
is_address (const char *address)
{
    const char *domain = brev_text_domain (address);
    gsize local = domain == NULL ? strlen (address) : (gsize) (domain - 1 - address);

    return has_good_dots (address, local) &&
           (domain == NULL || has_good_dots (domain, strlen (domain)));
}

static void
print_route (const BrevConfig *config, const BrevCaller *caller, const char *asked,
             const char *target)
{
    g_autofree char *recipient = qualify (config, target);
    g_autofree char *sender = qualify (config, caller->login);
    const BrevRouteFacts facts = {
        .sender = sender,
        .recipient = recipient,
        .user = caller->login,
        .uid = caller->uid,
    };
    const BrevAccount *account = brev_route_choose (config, &facts);

    (void) printf ("%s: to %s by %s\n", asked, recipient,
                   account == NULL ? "no account: it would wait" : account->name);
}

gboolean
brev_verify (const BrevConfig *config, const BrevCaller *caller, const char *text,
             GError **error)
{
    g_autoptr (BrevAliases) aliases = brev_aliases_load (config->aliases);
    g_autoptr (GPtrArray) targets = NULL;
    g_autofree char *address = NULL;

    if (!brev_sender_parse (text, &address, NULL) || !is_address (address))
        return brev_throw (error, BREV_ERROR_NO_RECIPIENT, "'%s' is not one address",
                           text);
    if (brev_text_domain (address) == NULL)
        targets = brev_aliases_expand (aliases, address);
    for (guint i = 0; targets != NULL && i < targets->len; i++)
        print_route (config, caller, address, targets->pdata[i]);
    if (targets == NULL)
        print_route (config, caller, address, address);
    return TRUE;
}

gboolean
brev_verify_lines (const BrevConfig *config, const BrevCaller *caller, GError **error)
{
    g_autofree char *line = NULL; /* owned by getline */
    size_t size = 0;

    while (getline (&line, &size, stdin) >= 0) {
        g_autoptr (GError) failure = NULL;
        if (*g_strstrip (line) != '\0' && !brev_verify (config, caller, line, &failure))
            g_printerr ("sendmail: %s\n", failure->message);
    }
    return ferror (stdin) == 0 ||
           brev_throw (error, BREV_ERROR_READ, "cannot read standard input");
}
