/* SPDX-License-Identifier: MIT */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/output.h"
#include "admin/service.h"
#include "admin/site.h"
#include "base/error.h"
#include "base/text.h"
#include "config/alias.h"
#include "config/load.h"
#include "config/route.h"
#include "config/secret.h"
#include "provider/provider.h"

#define PEOPLE_MIN 1000 /* uids of people, as login.defs(5) has them */
#define PEOPLE_MAX 60000
#define NAMES_MAX 20

/* -- config check -------------------------------------------------------------------- */

typedef struct {
    GPtrArray *problems; /* of char *: mail waits until these are gone */
    GPtrArray *warnings; /* of char * */
} Findings;

static void add (GPtrArray *texts, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add (GPtrArray *texts, const char *format, ...)
{
    va_list args;

    va_start (args, format);
    g_ptr_array_add (texts, g_strdup_vprintf (format, args));
    va_end (args);
}

static void
check_provider (const BrevAccount *account, Findings *findings)
{
    g_autofree char *names = brev_provider_names ();

    if (account->provider == NULL)
        return; /* a problem of the file already */
    if (brev_provider_find (account->provider) == NULL)
        add (findings->problems, "[account %s]: unknown provider '%s'; there are %s",
             account->name, account->provider, names);
    else if (brev_provider_for (account) == NULL)
        add (findings->problems, "[account %s]: 'as' names the unknown provider '%s'",
             account->name, account->as);
}

static void
check_token (const BrevConfig *config, const BrevAccount *account, Findings *findings)
{
    g_autoptr (GError) error = NULL;
    char *secret = brev_secret_load (account, brev_site_has_service (config), &error);

    if (secret == NULL && brev_service_has_token (config, account))
        add (
            findings->warnings,
            "[account %s]: its token cannot be seen from here; the service needs %s%sthe "
            "systemd credential brevdue.%s.token",
            account->name, account->token_env == NULL ? "" : account->token_env,
            account->token_env == NULL ? "" : " in its environment, or ", account->name);
    else if (secret == NULL)
        add (findings->problems, "[account %s]: %s", account->name, error->message);
    else if (!brev_account_check (account, secret, &error))
        add (findings->problems, "%s", error->message);
    brev_secret_free (secret);
}

static void
check_aliases (const BrevConfig *config, Findings *findings)
{
    g_autoptr (BrevAliases) aliases = brev_aliases_load (config->aliases);
    const GPtrArray *problems = brev_aliases_problems (aliases);

    for (guint i = 0; i < problems->len; i++)
        g_ptr_array_add (findings->warnings, brev_problem_format (problems->pdata[i]));
}

/* Whose mail could not go out under its own name. */
static gboolean
would_wait (const BrevConfig *config, const struct passwd *user)
{
    g_autofree char *address = g_strconcat (user->pw_name, "@", config->mail_name, NULL);
    const BrevRouteFacts facts = {
        .sender = address,
        .from = address,
        .recipient = "",
        .user = user->pw_name,
        .uid = user->pw_uid,
    };
    const BrevAccount *account = brev_route_choose (config, &facts);

    return account == NULL || !brev_account_covers (config, account, address);
}

/* People, and those services that are known to send mail. */
static gboolean
sends_mail (const struct passwd *user)
{
    static const char *const services[] = { "root", "www-data", "nginx", "apache",
                                            "git" };

    for (guint i = 0; i < G_N_ELEMENTS (services); i++)
        if (strcmp (services[i], user->pw_name) == 0)
            return TRUE;
    return user->pw_uid >= PEOPLE_MIN && user->pw_uid < PEOPLE_MAX;
}

/* cron's root@host must work on the first day. */
static void
check_senders (const BrevConfig *config, Findings *findings)
{
    g_autoptr (GString) names = g_string_new (NULL);
    const struct passwd *user;
    guint n = 0;

    if (config->from != NULL || config->accounts->len == 0)
        return;
    setpwent ();
    while ((user = getpwent ()) != NULL)
        if (sends_mail (user) && would_wait (config, user) && n++ < NAMES_MAX)
            g_string_append_printf (names, "%s%s@%s", n > 1 ? ", " : "", user->pw_name,
                                    config->mail_name);
    endpwent ();
    if (n > 0)
        add (
            findings->warnings,
            "mail from %s%s will wait, because no account may send as them: set 'from' in "
            "[brevdue], or add '%s' to 'senders' of an account",
            names->str, n > NAMES_MAX ? " and others" : "", config->mail_name);
}

/* What this user may not read the service may; that is not a problem of the file. */
static void
check_accounts (const BrevConfig *config, Findings *findings)
{
    g_autoptr (GError) foreign = NULL;

    g_free (brev_site_find (config, &foreign));
    for (guint i = 0; i < config->accounts->len; i++) {
        check_provider (config->accounts->pdata[i], findings);
        if (foreign == NULL)
            check_token (config, config->accounts->pdata[i], findings);
    }
    if (foreign != NULL)
        add (findings->warnings, "the tokens were not looked at: run this as root");
}

static void
check_all (const BrevConfig *config, Findings *findings)
{
    g_autoptr (GPtrArray) warnings = brev_config_warnings (config);

    for (guint i = 0; i < config->problems->len; i++)
        g_ptr_array_add (findings->problems,
                         brev_problem_format (config->problems->pdata[i]));
    check_accounts (config, findings);
    g_ptr_array_extend_and_steal (findings->warnings, g_steal_pointer (&warnings));
    check_aliases (config, findings);
    check_senders (config, findings);
}

static void
print_texts (const BrevCall *call, const char *title, BrevColour colour,
             const GPtrArray *texts)
{
    for (guint i = 0; i < texts->len; i++) {
        g_autofree char *clean = brev_text_printable (texts->pdata[i]);
        (void) printf ("%s%s%s %s\n", brev_colour (call, colour), title,
                       brev_colour (call, BREV_PLAIN), clean);
    }
}

static void
print_findings (const BrevCall *call, const Findings *findings)
{
    if (call->is_json) {
        g_autoptr (JsonBuilder) json = json_builder_new ();
        json_builder_begin_object (json);
        brev_out_strings (json, "files", call->config->files);
        brev_out_strings (json, "problems", findings->problems);
        brev_out_strings (json, "warnings", findings->warnings);
        json_builder_end_object (json);
        brev_out_print (json);
        return;
    }
    print_texts (call, "problem:", BREV_RED, findings->problems);
    print_texts (call, "warning:", BREV_YELLOW, findings->warnings);
    if (findings->problems->len == 0)
        (void) printf ("The configuration is good (%u file%s read).\n",
                       call->config->files->len,
                       call->config->files->len == 1 ? "" : "s");
}

gboolean
brev_cmd_config_check (BrevCall *call, GError **error)
{
    g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
    Findings findings = { problems, warnings };

    /* root can read every token; what counts is whether the service can */
    if (!brev_site_become_owner (call->config, error))
        return FALSE;
    check_all (call->config, &findings);
    print_findings (call, &findings);
    if (problems->len == 0)
        return TRUE;
    return brev_throw (error, BREV_ERROR_CONFIG,
                       "%u problem%s: mail is taken and waits until "
                       "they are gone",
                       problems->len, problems->len == 1 ? "" : "s");
}

/* -- config show --------------------------------------------------------------------- */

/* What prints one setting. */
typedef void (*Show) (gpointer to, const char *section, const BrevSetting *setting,
                      const char *value, const char *origin);

static void
show_section (const BrevConfig *config, BrevGroup group, const char *name,
              gconstpointer target, Show show, gpointer to)
{
    guint n;
    const BrevSetting *settings = brev_settings (&n);
    g_autofree char *section =
        *name == '\0' ? g_strdup (brev_group_names[group])
                      : g_strconcat (brev_group_names[group], " ", name, NULL);

    for (guint i = 0; i < n; i++) {
        g_autofree char *value = NULL;
        g_autofree char *origin = NULL;
        if (settings[i].group != group)
            continue;
        value = brev_setting_format (&settings[i], target);
        origin = brev_config_origin (config, group, &settings[i], name);
        show (to, section, &settings[i], value, origin);
    }
}

static void
show_all (const BrevConfig *config, Show show, gpointer to)
{
    show_section (config, BREV_GROUP_BREVDUE, "", config, show, to);
    for (guint i = 0; i < config->accounts->len; i++) {
        const BrevAccount *account = config->accounts->pdata[i];
        show_section (config, BREV_GROUP_ACCOUNT, account->name, account, show, to);
    }
    for (guint i = 0; i < config->routes->len; i++) {
        const BrevRoute *route = config->routes->pdata[i];
        show_section (config, BREV_GROUP_ROUTE, route->name, route, show, to);
    }
}

static void
show_json (gpointer to, const char *section, const BrevSetting *setting,
           const char *value, const char *origin)
{
    JsonBuilder *json = to;

    json_builder_begin_object (json);
    brev_out_string (json, "section", section);
    brev_out_string (json, "key", setting->key);
    brev_out_string (json, "value", value);
    brev_out_string (json, "origin", origin == NULL ? "default" : origin);
    json_builder_end_object (json);
}

typedef struct {
    const BrevCall *call;
    char *section; /* owned: the last one */
} Text;

/* A file that says the same, with each origin as a comment before its line. */
static void
show_text (gpointer to, const char *section, const BrevSetting *setting,
           const char *value, const char *origin)
{
    Text *text = to;
    const char *dim = brev_colour (text->call, BREV_DIM);
    const char *plain = brev_colour (text->call, BREV_PLAIN);

    if (g_strcmp0 (text->section, section) != 0) {
        (void) printf ("%s[%s]\n", text->section == NULL ? "" : "\n", section);
        g_free (text->section);
        text->section = g_strdup (section);
    }
    (void) printf ("%s# %s%s\n%s%s%s\n", dim, origin == NULL ? "default" : origin, plain,
                   setting->key, *value == '\0' ? " =" : " = ", value);
}

gboolean
brev_cmd_config_show (BrevCall *call, GError **error)
{
    Text text = { call, NULL };

    if (call->is_json) {
        g_autoptr (JsonBuilder) json = json_builder_new ();
        json_builder_begin_array (json);
        show_all (call->config, show_json, json);
        json_builder_end_array (json);
        brev_out_print (json);
        return TRUE;
    }
    show_all (call->config, show_text, &text);
    g_free (text.section);
    return TRUE;
}
