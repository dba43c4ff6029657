/* SPDX-License-Identifier: MIT */
#include "compat/options.h"

#include <string.h>

#include "base/error.h"
#include "compat/sender.h"

BrevOptions *
brev_options_new (void)
{
    BrevOptions *options = g_new0 (BrevOptions, 1);

    options->envelope = brev_envelope_new ();
    g_clear_pointer (&options->envelope->sender, g_free);
    options->warnings = g_ptr_array_new_with_free_func (g_free);
    options->used = g_string_new (NULL);
    options->ignored = g_string_new (NULL);
    return options;
}

void
brev_options_free (BrevOptions *options)
{
    if (options == NULL)
        return;
    brev_envelope_free (options->envelope);
    g_ptr_array_unref (options->warnings);
    g_free (options->tag);
    g_free (options->filter.id);
    g_free (options->filter.recipient);
    g_free (options->filter.sender);
    g_string_free (options->used, TRUE);
    g_string_free (options->ignored, TRUE);
    g_free (options);
}

const BrevOptionRow *
brev_option_find (BrevTableIndex table, const char *name)
{
    const BrevOptionRow *rows = brev_option_tables[table].rows;

    for (gsize i = 0; i < brev_option_tables[table].n_rows; i++)
        if (g_str_equal (rows[i].name, name))
            return &rows[i];
    return NULL;
}

/* The arguments that have not been looked at. */
typedef struct {
    char **next;
    char **end;
} Arguments;

static gboolean
take_value (Arguments *arguments, const BrevOptionRow *row, const char *rest,
            const char **value, GError **error)
{
    *value = row->argument == BREV_TAKES_NOTHING ? "" : rest;
    if (*rest != '\0' || row->argument == BREV_TAKES_NOTHING ||
        row->argument == BREV_MAY_TAKE_REST)
        return TRUE;
    if (row->argument == BREV_TAKES_REST || arguments->next == arguments->end)
        return brev_throw (error, BREV_ERROR_USAGE, "option '-%s' needs a value",
                           row->name);
    *value = *arguments->next++;
    return TRUE;
}

/* Each option once, between spaces; "-O Name" is told as the one word "-OName". */
static void
note_option (GString *list, const char *option)
{
    g_auto (GStrv) words = g_strsplit (option, " ", -1);
    g_autofree char *spelling = g_strjoinv ("", words);
    const char *found = strstr (list->str, spelling);
    char end = found == NULL ? '\0' : found[strlen (spelling)];

    if (found != NULL && (end == ' ' || end == '\0'))
        return;
    if (list->len > 0)
        g_string_append_c (list, ' ');
    g_string_append (list, spelling);
}

gboolean
brev_option_act (BrevOptions *options, const BrevOptionRow *row, const char *value,
                 GError **error)
{
    g_autofree char *spelling = NULL;

    if (!brev_option_leads_on (row)) {
        spelling = brev_option_spelling (row);
        note_option (options->used, spelling);
        if (row->act == NULL)
            note_option (options->ignored, spelling);
    }
    return row->act == NULL || row->act (options, row, value, error);
}

void
brev_option_note_ignored (BrevOptions *options, const char *spelling)
{
    note_option (options->used, spelling);
    note_option (options->ignored, spelling);
}

/* Somebody else's option is only ignored where no argument follows that might be its value
 * and would become a recipient. */
static gboolean
ignore_unknown (BrevOptions *options, const Arguments *arguments, const char *word)
{
    if (!options->ignores_unknown ||
        (arguments->next < arguments->end && **arguments->next != '-'))
        return FALSE;
    brev_option_note_ignored (options, word);
    return TRUE;
}

/* One argument that begins with '-': a word of its own, or letters of which the last may
 * take a value ("-ti", "-oi", "-fa@b", "-tf a@b"). */
static gboolean
parse_argument (BrevOptions *options, Arguments *arguments, GError **error)
{
    const char *word = *arguments->next++;
    const BrevOptionRow *row = brev_option_find (BREV_TABLE_WORDS, word);

    if (row != NULL)
        return brev_option_act (options, row, "", error);
    for (const char *p = word + 1; *p != '\0'; p++) {
        char letter[] = { *p, '\0' };
        const char *value;

        row = brev_option_find (BREV_TABLE_OPTIONS, letter);
        if (row == NULL && ignore_unknown (options, arguments, word))
            return TRUE;
        if (row == NULL)
            return brev_throw (error, BREV_ERROR_USAGE,
                               "unknown option '-%s' in '%s': sendmail --help lists all",
                               letter, word);
        if (!take_value (arguments, row, p + 1, &value, error) ||
            !brev_option_act (options, row, value, error))
            return FALSE;
        if (row->argument != BREV_TAKES_NOTHING)
            break;
    }
    return TRUE;
}

static gboolean
add_recipient (BrevOptions *options, const char *operand, gboolean is_marked,
               GError **error)
{
    if (*operand == '-' && !is_marked)
        return brev_throw (
            error, BREV_ERROR_USAGE,
            "'%s' after a recipient: options come before recipients, and '--' stands "
            "before a recipient that begins with '-'",
            operand);
    if (brev_text_has_controls (operand))
        return brev_throw (
            error, BREV_ERROR_INPUT,
            "the recipient '%s' holds a line break or another control character",
            operand);
    if (operand[strspn (operand, " ,;")] != '\0')
        g_ptr_array_add (options->envelope->recipients, g_strdup (operand));
    return TRUE;
}

static gboolean
parse_arguments (BrevOptions *options, Arguments *arguments, GError **error)
{
    gboolean is_marked = FALSE;

    while (arguments->next < arguments->end && **arguments->next == '-' && !is_marked) {
        /* "-" alone is no option: getopt(3) ends there, too. */
        if (g_str_equal (*arguments->next, "-"))
            break;
        is_marked = g_str_equal (*arguments->next, "--");
        if (is_marked)
            arguments->next++;
        else if (!parse_argument (options, arguments, error))
            return FALSE;
    }
    while (arguments->next < arguments->end)
        if (!add_recipient (options, *arguments->next++, is_marked, error))
            return FALSE;
    return TRUE;
}

/* The name a program is called by sets the default of what it does. */
static gboolean
start_as (BrevOptions *options, const char *path, GError **error)
{
    const char *slash = strrchr (path, '/');
    const BrevOptionRow *row =
        brev_option_find (BREV_TABLE_PROGRAMS, slash == NULL ? path : slash + 1);

    if (row == NULL || !row->act (options, row, "", error))
        return row == NULL;
    options->chosen = NULL; /* an explicit -b still wins */
    return TRUE;
}

gboolean
brev_run_filter_chooses (const BrevRunFilter *filter)
{
    return filter->id != NULL || filter->recipient != NULL || filter->sender != NULL;
}

/* "mailq -qRtext" of sendmail 8 lists, and runs nothing. */
static gboolean
is_filtered_list (const BrevOptions *options)
{
    return (options->mode == BREV_MODE_LIST || options->mode == BREV_MODE_COUNT) &&
           brev_run_filter_chooses (&options->filter);
}

/* -q beside -bd is the interval of a daemon; alone it is an action. */
static gboolean
settle_mode (BrevOptions *options, GError **error)
{
    gboolean is_daemon =
        options->mode == BREV_MODE_DAEMON || options->mode == BREV_MODE_BACKGROUND;
    gboolean is_run = options->asks_to_run && !is_daemon && !is_filtered_list (options);

    if (is_run && options->chosen != NULL) {
        g_autofree char *mode = brev_option_spelling (options->chosen);
        return brev_throw (error, BREV_ERROR_USAGE,
                           "'-q' and '%s' ask for two different things", mode);
    }
    if (is_run)
        options->mode = BREV_MODE_RUN;
    if (options->asks_version && options->chosen == NULL &&
        options->mode == BREV_MODE_MESSAGE && options->envelope->recipients->len == 0 &&
        !options->envelope->header_recipients)
        options->mode = BREV_MODE_VERSION;
    return TRUE;
}

static gboolean
check_recipients (BrevOptions *options, GError **error)
{
    BrevEnvelope *envelope = options->envelope;

    if (options->is_rmail)
        envelope->header_recipients = FALSE;
    if (options->mode == BREV_MODE_MESSAGE && envelope->recipients->len == 0 &&
        !envelope->header_recipients)
        return brev_throw (
            error, BREV_ERROR_USAGE,
            "no recipients: name them as arguments, or let -t take them from the "
            "header; nothing was sent");
    if (options->mode != BREV_MODE_MESSAGE && options->mode != BREV_MODE_VERIFY &&
        options->mode != BREV_MODE_NOTHING && envelope->recipients->len > 0)
        return brev_throw (
            error, BREV_ERROR_USAGE,
            "'%s' is a recipient, but the options ask for something else than sending; "
            "nothing was sent",
            (char *) envelope->recipients->pdata[0]);
    return TRUE;
}

gboolean
brev_options_parse (BrevOptions *options, int argc, char **argv, GError **error)
{
    Arguments arguments = { argv + MIN (argc, 1), argv + argc };

    return start_as (options, argc > 0 ? argv[0] : "sendmail", error) &&
           parse_arguments (options, &arguments, error) && settle_mode (options, error) &&
           check_recipients (options, error);
}

char *
brev_no_recipient_field (const BrevOptions *options, const GPtrArray *recipients)
{
    g_autoptr (GString) field = g_string_new ("To:");

    if (options->no_recipient == BREV_NO_RECIPIENT_NONE)
        return NULL;
    if (options->no_recipient == BREV_NO_RECIPIENT_UNDISCLOSED)
        return g_strdup ("To: undisclosed-recipients:;\n");
    for (guint i = 0; i < recipients->len; i++)
        g_string_append_printf (field, "%s %s", i == 0 ? "" : ",\n",
                                (const char *) recipients->pdata[i]);
    g_string_append_c (field, '\n');
    return g_string_free (g_steal_pointer (&field), FALSE);
}
