/* SPDX-License-Identifier: MIT */
#include "config/environment.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "config/load.h"

#define PREFIX "BREVDUE_"

/* A provider whose variable is set needs no file at all. Each variable is known with
 * _FILE behind it, too. */
static const struct {
    const char *provider;
    const char *variable; /* NULL: it has no secret */
    const char *user;     /* what goes with the secret, where the provider wants that */
    const char *session;
    const char *regions[2];
    const char *client, *domain; /* of OAuth 2 */
    gboolean is_general;      /* set for other programs, too: BREVDUE_PROVIDER decides */
    gboolean has_machine_key; /* without a secret the machine's own is taken */
} providers[] = {
    { "postmark", "POSTMARK_SERVER_TOKEN" },
    { "sendgrid", "SENDGRID_API_KEY" },
    { "resend", "RESEND_API_KEY" },
    { "brevo", "BREVO_API_KEY" },
    { "mailjet", "MJ_APIKEY_PRIVATE", "MJ_APIKEY_PUBLIC" },
    { "mailtrap", "MAILTRAP_API_TOKEN" },
    { "mailersend", "MAILERSEND_API_KEY" },
    { "elastic", "ELASTICEMAIL_API_KEY" },
    { "ses",
      "AWS_SECRET_ACCESS_KEY",
      "AWS_ACCESS_KEY_ID",
      "AWS_SESSION_TOKEN",
      { "AWS_REGION", "AWS_DEFAULT_REGION" },
      .is_general = TRUE,
      .has_machine_key = TRUE },
    { "cloudflare", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", .is_general = TRUE },
    { "scaleway", "SCW_SECRET_KEY", "SCW_DEFAULT_PROJECT_ID", .is_general = TRUE },
    { "smtp2go", "SMTP2GO_API_KEY" },
    { "azure", "AZURE_COMMUNICATION_ACCESS_KEY" },
    { "gmail", "GMAIL_TOKEN" },
    { "graph", "AZURE_CLIENT_SECRET", .client = "AZURE_CLIENT_ID",
      .domain = "AZURE_TENANT_ID", .is_general = TRUE },
    { "mailgun", "MAILGUN_API_KEY" },
    { "postal", "POSTAL_API_KEY" },
    { "sparkpost", "SPARKPOST_API_KEY" },
    { "mandrill", "MANDRILL_API_KEY" },
    { "outbox", NULL },
    { "jmap", "JMAP_TOKEN" },
    { "smtp", NULL }, /* a server may know this host by its address */
    { "http", NULL }, /* so may a gateway */
};

/* Variables of providers that are not there yet: who sets one should hear so. */
static const char *const unsupported[] = {
    "UNISENDER_GO_API_KEY",
};

const char *
brev_environment (const char *name)
{
    const char *value = secure_getenv (name);

    return value == NULL || *value == '\0' ? NULL : value;
}

char *
brev_environment_name (const char *key)
{
    g_autofree char *upper = g_ascii_strup (key, -1);

    return g_strconcat (PREFIX, g_strdelimit (upper, "-", '_'), NULL);
}

static void
apply_variable (BrevConfig *config, BrevGroup group, gpointer target, const char *section,
                const char *variable)
{
    const char *equals = strchr (variable, '=');
    g_autofree char *name = g_strndup (variable, (gsize) (equals - variable));
    g_autofree char *key = g_ascii_strdown (name + strlen (PREFIX), -1);
    const BrevSetting *setting = brev_setting_find (group, g_strdelimit (key, "_", '-'));

    if (setting != NULL && equals[1] != '\0')
        brev_config_apply (config, setting, target, section, equals + 1, name, 0);
}

/* One walk over the environment: it runs inside every call of sendmail. */
void
brev_environment_apply (BrevConfig *config, int group, gpointer target,
                        const char *section)
{
    if (getauxval (AT_SECURE) != 0 || environ == NULL)
        return;
    for (char **variable = environ; *variable != NULL; variable++)
        if (strncmp (*variable, PREFIX, strlen (PREFIX)) == 0 &&
            strchr (*variable, '=') != NULL)
            apply_variable (config, (BrevGroup) group, target, section, *variable);
}

static const char *
variable_or_file (const char *variable)
{
    g_autofree char *file = g_strconcat (variable, "_FILE", NULL);
    const char *value = brev_environment (variable);

    return value != NULL ? value : brev_environment (file);
}

static const char *
named_provider (BrevConfig *config, const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS (providers); i++)
        if (strcmp (providers[i].provider, name) == 0)
            return providers[i].provider;
    brev_config_problem (config, PREFIX "PROVIDER", 0,
                         "'%s' is no provider that variables alone can set up; write an "
                         "[account] into a file",
                         name);
    return NULL;
}

static void
note_unsupported (BrevConfig *config)
{
    for (guint i = 0; i < G_N_ELEMENTS (unsupported); i++)
        if (variable_or_file (unsupported[i]) != NULL)
            brev_config_problem (config, unsupported[i], 0,
                                 "its provider is not supported yet; there is "
                                 "POSTMARK_SERVER_TOKEN, or an [account] in a file");
    for (guint i = 0; i < G_N_ELEMENTS (providers); i++)
        if (providers[i].is_general && variable_or_file (providers[i].variable) != NULL)
            brev_config_problem (config, providers[i].variable, 0,
                                 "is taken for mail when " PREFIX
                                 "PROVIDER=%s is set, too",
                                 providers[i].provider);
}

const char *
brev_environment_provider (BrevConfig *config)
{
    const char *name = brev_environment (PREFIX "PROVIDER");
    const char *found = NULL;

    if (name != NULL)
        return named_provider (config, name);
    for (guint i = 0; i < G_N_ELEMENTS (providers); i++) {
        if (providers[i].variable == NULL || providers[i].is_general ||
            variable_or_file (providers[i].variable) == NULL)
            continue;
        if (found != NULL) {
            brev_config_problem (config, PREFIX "PROVIDER", 0,
                                 "variables of both %s and %s are set; this one decides",
                                 found, providers[i].provider);
            return NULL;
        }
        found = providers[i].provider;
    }
    if (found == NULL)
        note_unsupported (config);
    return found;
}

const char *
brev_provider_variable (const char *provider)
{
    for (guint i = 0; provider != NULL && i < G_N_ELEMENTS (providers); i++)
        if (strcmp (providers[i].provider, provider) == 0)
            return providers[i].variable;
    return NULL;
}

gboolean
brev_provider_has_no_token (const char *provider)
{
    for (guint i = 0; provider != NULL && i < G_N_ELEMENTS (providers); i++)
        if (strcmp (providers[i].provider, provider) == 0)
            return providers[i].variable == NULL || providers[i].has_machine_key;
    return FALSE;
}

static void
take_companion (const char *variable, char **setting)
{
    if (variable != NULL && *setting == NULL)
        *setting = g_strdup (brev_environment (variable));
}

/* What goes with the secret that was found in a variable of @row. */
static void
take_companions (BrevAccount *account, guint row)
{
    take_companion (providers[row].user, &account->user);
    take_companion (providers[row].client, &account->client_id);
    take_companion (providers[row].domain, &account->domain);
    if (providers[row].session != NULL &&
        brev_environment (providers[row].session) != NULL)
        account->session_env = providers[row].session;
}

static void
take_region (BrevAccount *account, guint row)
{
    for (guint i = 0; i < G_N_ELEMENTS (providers[row].regions); i++)
        if (account->region == NULL && providers[row].regions[i] != NULL)
            account->region = g_strdup (brev_environment (providers[row].regions[i]));
}

static void
take_from_variables (BrevAccount *account, guint row)
{
    const char *variable = providers[row].variable;
    g_autofree char *file = g_strconcat (variable, "_FILE", NULL);

    if (brev_environment (variable) != NULL) {
        account->token_env = g_strdup (variable);
        account->token_is_ambient = TRUE;
        take_companions (account, row);
    } else if (brev_environment (file) != NULL) {
        account->token_file = g_strdup (brev_environment (file));
        account->token_file_is_named = account->token_is_ambient = TRUE;
        take_companions (account, row);
    }
}

void
brev_environment_token (BrevAccount *account)
{
    gboolean has_token = account->token != NULL || account->token_env != NULL ||
                         account->token_file != NULL;

    for (guint i = 0; account->provider != NULL && i < G_N_ELEMENTS (providers); i++) {
        if (strcmp (providers[i].provider, account->provider) != 0)
            continue;
        take_region (account, i);
        if (providers[i].variable != NULL && !has_token)
            take_from_variables (account, i);
    }
}
