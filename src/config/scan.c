/* SPDX-License-Identifier: MIT */
#include "config/scan.h"

#include <string.h>

#include "config/config.h"

typedef struct {
    const char *file;
    GPtrArray *problems;
    GPtrArray *entries;
    BrevGroup group;
    char *section;     /* owned: NULL while no section that is known is open */
    gboolean has_head; /* some head was seen, good or bad */
    guint line;
} Scan;

void
brev_problem_add (GPtrArray *problems, const char *file, guint line, const char *format,
                  ...)
{
    BrevProblem *problem = g_new0 (BrevProblem, 1);
    va_list args;

    va_start (args, format);
    problem->message = g_strdup_vprintf (format, args);
    va_end (args);
    problem->file = g_strdup (file);
    problem->line = line;
    g_ptr_array_add (problems, problem);
}

static void
entry_free (gpointer data)
{
    BrevEntry *entry = data;

    if (entry->value != NULL)
        explicit_bzero (entry->value, strlen (entry->value));
    g_free (entry->section);
    g_free (entry->value);
    g_free (entry);
}

static const BrevEntry *
find_entry (const Scan *scan, const BrevSetting *setting)
{
    for (guint i = 0; i < scan->entries->len; i++) {
        const BrevEntry *entry = scan->entries->pdata[i];
        if (entry->setting == setting && strcmp (entry->section, scan->section) == 0)
            return entry;
    }
    return NULL;
}

/* @value: (transfer full) (nullable) */
static void
add_entry (Scan *scan, const BrevSetting *setting, char *value)
{
    BrevEntry *entry = g_new0 (BrevEntry, 1);

    entry->value = value;
    entry->setting = setting;
    entry->group = scan->group;
    entry->section = g_strdup (scan->section);
    entry->line = scan->line;
    g_ptr_array_add (scan->entries, entry);
}

static gboolean
is_section_name (const char *name)
{
    for (const char *p = name; *p != '\0'; p++)
        if (!g_ascii_isalnum (*p) && strchr ("._-", *p) == NULL)
            return FALSE;
    return *name != '\0';
}

/* What is wrong with the head [@kind @name]; %NULL when it opens a section. */
static char *
head_fault (Scan *scan, const char *kind, const char *name)
{
    g_autofree char *near = NULL;

    for (guint group = 0; group < BREV_GROUP_LAST; group++) {
        if (strcmp (kind, brev_group_names[group]) != 0)
            continue;
        scan->group = (BrevGroup) group;
        if (group == BREV_GROUP_BREVDUE)
            return *name == '\0' ? NULL : g_strdup ("[brevdue] has no name behind it");
        if (*name == '\0')
            return g_strdup_printf ("[%s] needs a name: [%s NAME]", kind, kind);
        if (!is_section_name (name))
            return g_strdup_printf (
                "'%s' is not a name of letters, digits, '.', '_' and '-'", name);
        return NULL;
    }
    near = brev_group_nearest (kind);
    return g_strdup_printf ("unknown section [%s]%s", kind, near);
}

static void
scan_head (Scan *scan, char *line)
{
    gsize length = strlen (line);
    char *space;
    const char *name = "";
    g_autofree char *fault = NULL;

    scan->has_head = TRUE;
    g_clear_pointer (&scan->section, g_free);
    if (line[length - 1] != ']') {
        brev_problem_add (scan->problems, scan->file, scan->line, "'%s' lacks its ']'",
                          line);
        return;
    }
    line[length - 1] = '\0';
    line = g_strstrip (line + 1);
    space = strpbrk (line, " \t");
    if (space != NULL) {
        *space = '\0';
        name = g_strstrip (space + 1);
    }
    fault = head_fault (scan, line, name);
    if (fault != NULL) {
        brev_problem_add (scan->problems, scan->file, scan->line, "%s", fault);
        return;
    }
    scan->section = g_strdup (name);
    add_entry (scan, NULL, NULL);
}

/* The escapes of GKeyFile: \s, \t, \n, \r and \\. %NULL for any other. */
static char *
unescape (const char *text)
{
    static const char letters[] = "stnr\\", meanings[] = " \t\n\r\\";
    g_autofree char *value = g_malloc (strlen (text) + 1);
    char *end = value;

    for (; *text != '\0'; text++) {
        const char *letter = NULL;
        if (*text != '\\') {
            *end++ = *text;
            continue;
        }
        text++;
        letter = *text == '\0' ? NULL : strchr (letters, *text);
        if (letter == NULL)
            return NULL;
        *end++ = meanings[letter - letters];
    }
    *end = '\0';
    return g_steal_pointer (&value);
}

static void
scan_value (Scan *scan, const BrevSetting *setting, const char *text)
{
    char *value = g_utf8_validate (text, -1, NULL) ? unescape (text) : NULL;

    if (value != NULL)
        add_entry (scan, setting, value);
    else
        brev_problem_add (
            scan->problems, scan->file, scan->line,
            "the value of '%s' is not UTF-8, or has a '\\' that should be written "
            "'\\\\'",
            setting->key);
}

static void
scan_setting (Scan *scan, const char *key, const char *text)
{
    const BrevSetting *setting = brev_setting_find (scan->group, key);
    const BrevEntry *first = setting == NULL ? NULL : find_entry (scan, setting);

    if (setting == NULL) {
        g_autofree char *near = brev_setting_nearest (scan->group, key);
        brev_problem_add (scan->problems, scan->file, scan->line,
                          "unknown setting '%s' in [%s]%s", key,
                          brev_group_names[scan->group], near);
    } else if (first != NULL) {
        brev_problem_add (scan->problems, scan->file, scan->line,
                          "'%s' is set again; line %u counts", key, first->line);
    } else {
        scan_value (scan, setting, text);
    }
}

static void
scan_line (Scan *scan, char *line)
{
    char *equals;

    line = g_strstrip (line);
    if (*line == '\0' || *line == '#')
        return;
    if (*line == '[') {
        scan_head (scan, line);
        return;
    }
    equals = strchr (line, '=');
    if (equals == NULL) {
        /* not quoted: a stray line may be half of a secret */
        brev_problem_add (scan->problems, scan->file, scan->line,
                          "neither a comment, a [section] nor 'key = value'");
        return;
    }
    if (!scan->has_head) {
        brev_problem_add (scan->problems, scan->file, scan->line,
                          "stands before any section; begin with [brevdue]");
        return;
    }
    if (scan->section == NULL) /* its head was the problem */
        return;
    *equals = '\0';
    scan_setting (scan, g_strchomp (line), g_strchug (equals + 1));
}

GPtrArray *
brev_scan (const char *file, const char *text, gsize length, GPtrArray *problems)
{
    g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (entry_free);
    Scan scan = { .file = file, .problems = problems, .entries = entries };
    const char *end = text + length;

    while (text < end) {
        const char *feed = memchr (text, '\n', (gsize) (end - text));
        gsize size = (gsize) ((feed == NULL ? end : feed) - text);
        g_autofree char *line = g_strndup (text, size);
        scan.line++;
        if (memchr (text, '\0', size) != NULL)
            brev_problem_add (problems, file, scan.line, "holds a NUL byte");
        else
            scan_line (&scan, line);
        text += size + 1;
    }
    g_free (scan.section);
    return g_steal_pointer (&entries);
}
