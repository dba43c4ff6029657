/* SPDX-License-Identifier: MIT */

/* What a configuration needs when all of it was read: defaults that depend on other settings,
 * and a word about what is missing. */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "config/environment.h"
#include "config/load.h"
#include "config/scan.h"

#define MAIL_NAME_FILE "/etc/mailname"

/* Returns: (transfer full) (nullable): @text, if it can be a mail-name */
static char *
read_mail_name (const char *text)
{
    const BrevSetting *setting = brev_setting_find (BREV_GROUP_BREVDUE, "mail-name");
    BrevConfig found = { 0 };

    return brev_setting_parse (setting, &found, text, NULL) ? found.mail_name : NULL;
}

/* The name the host gives itself, whole: its last labels alone may be somebody else's
 * domain. One word (a container's name) is no domain that anybody could answer to, and
 * providers refuse such an address: the domain of "from" is better. */
char *
brev_config_choose_mail_name (const char *file, const char *host,
                              const BrevConfig *config)
{
    g_autofree char *line =
        file == NULL ? NULL : g_strndup (file, strcspn (file, "\r\n"));
    char *name = line == NULL ? NULL : read_mail_name (g_strstrip (line));

    if (name == NULL && strchr (host, '.') != NULL)
        name = read_mail_name (host);
    if (name == NULL)
        name = brev_config_from_domain (config);
    if (name == NULL)
        name = read_mail_name (host);
    return name != NULL ? name : g_strdup ("localhost");
}

/* No resolver is asked: this runs in every call of sendmail. */
static char *
find_mail_name (const BrevConfig *config)
{
    g_autofree char *file =
        brev_read_file_at (AT_FDCWD, MAIL_NAME_FILE, 4096, NULL, NULL);
    char host[256] = "";

    if (gethostname (host, sizeof host - 1) < 0)
        *host = '\0';
    return brev_config_choose_mail_name (file, host, config);
}

/* The last place where @setting, or with %NULL the section's head, was written. */
static const BrevSource *
find_source (const BrevConfig *config, BrevGroup group, const BrevSetting *setting,
             const char *section)
{
    for (guint i = config->sources->len; i > 0; i--) {
        const BrevSource *source = config->sources->pdata[i - 1];
        if (source->group == group && source->setting == setting &&
            strcmp (source->section, section) == 0)
            return source;
    }
    return NULL;
}

char *
brev_config_origin (const BrevConfig *config, BrevGroup group, const BrevSetting *setting,
                    const char *section)
{
    const BrevSource *source = find_source (config, group, setting, section);

    if (source == NULL)
        return NULL;
    return source->line == 0 ? g_strdup (source->file)
                             : g_strdup_printf ("%s:%u", source->file, source->line);
}

/* A problem of what is missing belongs to where its section, or the setting, stands. */
static void
missing (BrevConfig *config, BrevGroup group, const BrevSetting *setting,
         const char *section, const char *message)
{
    const BrevSource *source = find_source (config, group, setting, section);

    brev_problem_add (config->problems, source == NULL ? "configuration" : source->file,
                      source == NULL ? 0 : source->line, "%s", message);
}

static void
finish_accounts (BrevConfig *config)
{
    for (guint i = 0; i < config->accounts->len; i++) {
        BrevAccount *account = config->accounts->pdata[i];
        if (account->provider == NULL) {
            g_autofree char *message =
                g_strdup_printf ("[account %s] names no provider", account->name);
            missing (config, BREV_GROUP_ACCOUNT, NULL, account->name, message);
        }
        if (account->directory == NULL)
            account->directory = g_build_filename (config->spool, "outbox", NULL);
        brev_account_read_template (config, account);
        brev_environment_token (account);
    }
}

static void
finish_routes (BrevConfig *config)
{
    for (guint i = 0; i < config->routes->len; i++) {
        const BrevRoute *route = config->routes->pdata[i];
        g_autofree char *message = NULL;
        if (route->account == NULL)
            message = g_strdup_printf ("[route %s] names no account", route->name);
        else if (route->sender == NULL && route->recipient == NULL &&
                 route->user == NULL && route->header == NULL)
            message = g_strdup_printf (
                "[route %s] has no condition: sender, recipient, user or header",
                route->name);
        if (message != NULL)
            missing (config, BREV_GROUP_ROUTE, NULL, route->name, message);
    }
}

static char *
nearest_account (const BrevConfig *config, const char *name)
{
    for (guint i = 0; i < config->accounts->len; i++) {
        const BrevAccount *account = config->accounts->pdata[i];
        if (brev_name_is_near (name, account->name))
            return g_strdup_printf (" (did you mean '%s'?)", account->name);
    }
    return g_strdup ("");
}

static void
finish_default_account (BrevConfig *config)
{
    const BrevSetting *setting = brev_setting_find (BREV_GROUP_BREVDUE, "account");
    g_autofree char *message = NULL;

    if (config->account == NULL && config->accounts->len == 1)
        config->account = g_strdup (((BrevAccount *) config->accounts->pdata[0])->name);
    if (config->account == NULL && config->accounts->len > 1)
        message = g_strdup (
            "several accounts and no default: add 'account = NAME' to [brevdue]");
    if (config->account != NULL &&
        brev_config_find_account (config, config->account) == NULL) {
        g_autofree char *near = nearest_account (config, config->account);
        message = g_strdup_printf ("'account' names '%s', and there is no [account %s]%s",
                                   config->account, config->account, near);
    }
    if (message != NULL)
        missing (config, BREV_GROUP_BREVDUE, setting, "", message);
}

void
brev_config_finish (BrevConfig *config)
{
    const BrevSetting *spool = brev_setting_find (BREV_GROUP_BREVDUE, "spool");
    const BrevSetting *listen = brev_setting_find (BREV_GROUP_BREVDUE, "listen");
    const BrevSetting *retry = brev_setting_find (BREV_GROUP_BREVDUE, "retry-max");

    config->listen_is_named =
        find_source (config, BREV_GROUP_BREVDUE, listen, "") != NULL;
    config->spool_is_named = find_source (config, BREV_GROUP_BREVDUE, spool, "") != NULL;
    if (config->mail_name == NULL)
        config->mail_name = find_mail_name (config);
    finish_accounts (config);
    finish_routes (config);
    finish_default_account (config);
    if (config->retry_min > config->retry_max)
        missing (config, BREV_GROUP_BREVDUE, retry, "",
                 "'retry-max' is less than 'retry-min'");
}
