/* SPDX-License-Identifier: MIT */
#include "admin/help.h"

#include <stdio.h>

#include "admin/output.h"

static char *
spelling (const BrevOption *option)
{
    return g_strdup_printf ("--%s%s%s", option->name, option->argument == NULL ? "" : " ",
                            option->argument == NULL ? "" : option->argument);
}

static void
print_options (const BrevOption *options)
{
    for (; options->name != NULL; options++) {
        g_autofree char *text = spelling (options);
        (void) printf ("  %-18s %s\n", text, options->help);
    }
}

static void
add_options (JsonBuilder *json, const BrevOption *options)
{
    for (; options->name != NULL; options++) {
        json_builder_begin_object (json);
        brev_out_string (json, "name", options->name);
        brev_out_string (json, "argument", options->argument);
        brev_out_string (json, "help", options->help);
        json_builder_end_object (json);
    }
}

static void
add_command (JsonBuilder *json, const BrevCommand *command)
{
    json_builder_begin_object (json);
    brev_out_string (json, "name", command->name);
    brev_out_string (json, "arguments", command->arguments);
    brev_out_string (json, "help", command->help);
    json_builder_set_member_name (json, "options");
    json_builder_begin_array (json);
    add_options (json, command->options);
    add_options (json, brev_common_options);
    json_builder_end_array (json);
    json_builder_set_member_name (json, "examples");
    json_builder_begin_array (json);
    for (guint i = 0; command->examples[i] != NULL; i++) {
        g_autofree char *example = g_strconcat ("brevdue ", command->examples[i], NULL);
        json_builder_add_string_value (json, example);
    }
    json_builder_end_array (json);
    json_builder_end_object (json);
}

void
brev_help_print_command (const BrevCommand *command, gboolean as_json)
{
    if (as_json) {
        g_autoptr (JsonBuilder) json = json_builder_new ();
        add_command (json, command);
        brev_out_print (json);
        return;
    }
    (void) printf ("Usage: brevdue %s%s%s [option...]\n\n%c%s.\n\nOptions:\n",
                   command->name, *command->arguments == '\0' ? "" : " ",
                   command->arguments, g_ascii_toupper (command->help[0]),
                   command->help + 1);
    print_options (command->options);
    print_options (brev_common_options);
    (void) printf ("\nExamples:\n");
    for (guint i = 0; command->examples[i] != NULL; i++)
        (void) printf ("  brevdue %s\n", command->examples[i]);
    (void) printf ("\nSee brevdue(1).\n");
}

static void
print_all_json (void)
{
    g_autoptr (JsonBuilder) json = json_builder_new ();

    json_builder_begin_array (json);
    for (const BrevCommand *command = brev_commands; command->name != NULL; command++)
        add_command (json, command);
    json_builder_end_array (json);
    brev_out_print (json);
}

void
brev_help_print_all (gboolean as_json)
{
    if (as_json) {
        print_all_json ();
        return;
    }
    (void) printf ("Usage: brevdue COMMAND [option...]\n\n");
    for (const BrevCommand *command = brev_commands; command->name != NULL; command++) {
        g_autofree char *text = g_strjoin (" ", command->name, command->arguments, NULL);
        (void) printf ("  %-22s %s\n", text, command->help);
    }
    (void) printf (
        "\n'brevdue COMMAND --help' shows its options and examples. See brevdue(1).\n");
}
