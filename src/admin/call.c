/* SPDX-License-Identifier: MIT */
#include "admin/command.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/schema.h"

const BrevOption brev_common_options[] = {
    { "json", NULL, "print JSON" },
    { "help", NULL, "say what the command does, with examples" },
    { NULL },
};

static const BrevOption *
find_in (const BrevOption *options, const char *name, gsize length)
{
    for (; options->name != NULL; options++)
        if (strlen (options->name) == length &&
            strncmp (options->name, name, length) == 0)
            return options;
    return NULL;
}

static const BrevOption *
find_option (const BrevCommand *command, const char *name, gsize length)
{
    const BrevOption *option = find_in (command->options, name, length);

    return option != NULL ? option : find_in (brev_common_options, name, length);
}

/* The row whose one or two words @arguments begin with. */
static const BrevCommand *
find_command (const char *const *arguments, guint *words)
{
    for (const BrevCommand *command = brev_commands; command->name != NULL; command++) {
        g_auto (GStrv) wanted = g_strsplit (command->name, " ", -1);
        guint n = 0;
        while (wanted[n] != NULL && g_strcmp0 (arguments[n], wanted[n]) == 0)
            n++;
        if (wanted[n] == NULL) {
            *words = n;
            return command;
        }
    }
    return NULL;
}

/* Returns: (transfer full) (nullable): the commands that begin with the word @first */
static char *
list_group (const char *first)
{
    g_autofree char *prefix = g_strconcat (first, " ", NULL);
    g_autoptr (GString) list = g_string_new (NULL);

    for (const BrevCommand *command = brev_commands; command->name != NULL; command++)
        if (g_str_has_prefix (command->name, prefix))
            g_string_append_printf (list, "%s'brevdue %s'", list->len > 0 ? ", " : "",
                                    command->name);
    return list->len == 0 ? NULL : g_string_free (g_steal_pointer (&list), FALSE);
}

static gboolean
unknown_command (const char *const *arguments, GError **error)
{
    g_autofree char *two = arguments[1] == NULL || *arguments[1] == '-'
                               ? g_strdup (arguments[0])
                               : g_strjoin (" ", arguments[0], arguments[1], NULL);
    g_autofree char *group = list_group (arguments[0]);

    if (group != NULL && strcmp (two, arguments[0]) == 0)
        return brev_throw (error, BREV_ERROR_USAGE,
                           "no command '%s' by itself; there are %s", two, group);
    for (const BrevCommand *command = brev_commands; command->name != NULL; command++)
        if (brev_name_is_near (two, command->name) ||
            brev_name_is_near (arguments[0], command->name))
            return brev_throw (error, BREV_ERROR_USAGE,
                               "no command '%s': did you mean 'brevdue %s'?", two,
                               command->name);
    return brev_throw (error, BREV_ERROR_USAGE,
                       "no command '%s': 'brevdue --help' lists them", two);
}

/* Takes one option, and perhaps the word behind it. */
static gboolean
take_option (BrevCall *call, const char *const **next, GError **error)
{
    const char *text = **next + 2;
    gsize length = strcspn (text, "=");
    const BrevOption *option = find_option (call->command, text, length);
    const char *value = text[length] == '=' ? text + length + 1 : NULL;

    if (option == NULL)
        return brev_throw (error, BREV_ERROR_USAGE,
                           "no option '--%.*s': see 'brevdue %s --help'", (int) length,
                           text, call->command->name);
    if (option->argument == NULL && value != NULL)
        return brev_throw (error, BREV_ERROR_USAGE, "'--%s' takes no value",
                           option->name);
    if (option->argument != NULL && value == NULL)
        value = *++*next;
    if (option->argument != NULL && value == NULL)
        return brev_throw (error, BREV_ERROR_USAGE, "'--%s' needs a value: --%s %s",
                           option->name, option->name, option->argument);
    g_hash_table_insert (call->options, g_strdup (option->name),
                         g_strdup (value == NULL ? "" : value));
    return TRUE;
}

static gboolean
take_words (BrevCall *call, const char *const *next, GError **error)
{
    gboolean options_end = FALSE;

    for (; *next != NULL; next++) {
        if (!options_end && strcmp (*next, "--") == 0)
            options_end = TRUE;
        else if (!options_end && g_str_has_prefix (*next, "--")) {
            if (!take_option (call, &next, error))
                return FALSE;
        } else if (!options_end && **next == '-' && (*next)[1] != '\0') {
            return brev_throw (error, BREV_ERROR_USAGE,
                               "no option '%s': see 'brevdue %s --help'", *next,
                               call->command->name);
        } else {
            g_ptr_array_add (call->arguments, g_strdup (*next));
        }
    }
    return TRUE;
}

static gboolean
check_arguments (const BrevCall *call, GError **error)
{
    const BrevCommand *command = call->command;

    if (brev_call_option (call, "help") != NULL ||
        (call->arguments->len >= command->min_arguments &&
         call->arguments->len <= command->max_arguments))
        return TRUE;
    return brev_throw (error, BREV_ERROR_USAGE,
                       "'brevdue %s' takes %s: see 'brevdue %s --help'", command->name,
                       *command->arguments == '\0' ? "no argument" : command->arguments,
                       command->name);
}

BrevCall *
brev_call_parse (const char *const *arguments, GError **error)
{
    g_autoptr (BrevCall) call = g_new0 (BrevCall, 1);
    guint words = 0;

    call->arguments = g_ptr_array_new_with_free_func (g_free);
    call->options = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    call->command = find_command (arguments, &words);
    if (call->command == NULL) {
        (void) unknown_command (arguments, error);
        return NULL;
    }
    if (!take_words (call, arguments + words, error) || !check_arguments (call, error))
        return NULL;
    call->is_json = brev_call_option (call, "json") != NULL;
    return g_steal_pointer (&call);
}

void
brev_call_free (BrevCall *call)
{
    if (call == NULL)
        return;
    g_ptr_array_unref (call->arguments);
    g_hash_table_unref (call->options);
    brev_config_free (call->config);
    g_free (call);
}

const char *
brev_call_option (const BrevCall *call, const char *name)
{
    return g_hash_table_lookup (call->options, name);
}

const char *
brev_call_argument (const BrevCall *call, guint n)
{
    return n < call->arguments->len ? call->arguments->pdata[n] : NULL;
}

gboolean
brev_call_peer (const BrevCall *call, gint64 *uid, GError **error)
{
    const char *text = brev_call_option (call, "peer");
    guint64 number;

    *uid = -1;
    if (text == NULL)
        return TRUE;
    if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, &number, NULL))
        return brev_throw (error, BREV_ERROR_USAGE, "'--peer %s' is no user number",
                           text);
    *uid = number == 0 ? -1 : (gint64) number;
    return TRUE;
}

gboolean
brev_call_timeout (const BrevCall *call, gint64 *timeout, GError **error)
{
    const char *text = brev_call_option (call, "timeout");
    guint64 seconds;

    if (text == NULL)
        return TRUE;
    if (!g_ascii_string_to_unsigned (text, 10, 1, 3600, &seconds, NULL))
        return brev_throw (error, BREV_ERROR_USAGE,
                           "'--timeout %s' is no number of seconds up to 3600", text);
    *timeout = (gint64) seconds * BREV_SECOND;
    return TRUE;
}
