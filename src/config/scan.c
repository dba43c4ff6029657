/* SPDX-License-Identifier: MIT */
#include "config/scan.h"

#include <string.h>

#include "config/config.h"

typedef struct {
    const char *file;
    GPtrArray *problems;
    GPtrArray *entries;
    GString *clean; /* the lines that GKeyFile is given */
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

/* The name GKeyFile knows a section by. */
static char *
group_title (BrevGroup group, const char *section)
{
    return *section == '\0' ? g_strdup (brev_group_names[group])
                            : g_strconcat (brev_group_names[group], " ", section, NULL);
}

static void
add_entry (Scan *scan, const BrevSetting *setting)
{
    BrevEntry *entry = g_new0 (BrevEntry, 1);

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
    g_autofree char *title = NULL;

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
    title = group_title (scan->group, name);
    g_string_append_printf (scan->clean, "[%s]\n", title);
    add_entry (scan, NULL);
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
        g_string_append_printf (scan->clean, "%s=%s\n", key, text);
        add_entry (scan, setting);
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

/* Has GKeyFile read the values of the good lines; one that it cannot read, its escapes
 * wrong or no UTF-8, is no entry. */
static void
read_values (Scan *scan)
{
    g_autoptr (GKeyFile) file = g_key_file_new ();
    g_autoptr (GError) error = NULL;

    if (!g_key_file_load_from_data (file, scan->clean->str, scan->clean->len,
                                    G_KEY_FILE_NONE, &error))
        brev_problem_add (scan->problems, scan->file, 0, "%s", error->message);
    for (guint i = scan->entries->len; i > 0; i--) {
        BrevEntry *entry = scan->entries->pdata[i - 1];
        g_autofree char *title = group_title (entry->group, entry->section);
        g_autoptr (GError) fault = NULL;
        if (entry->setting == NULL)
            continue;
        entry->value = g_key_file_get_string (file, title, entry->setting->key, &fault);
        if (fault == NULL)
            continue;
        brev_problem_add (scan->problems, scan->file, entry->line,
                          "the value of '%s' is not UTF-8, or has a '\\' that should be "
                          "written '\\\\'",
                          entry->setting->key);
        g_ptr_array_remove_index (scan->entries, i - 1);
    }
}

GPtrArray *
brev_scan (const char *file, const char *text, gsize length, GPtrArray *problems)
{
    g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (entry_free);
    g_autoptr (GString) clean = g_string_sized_new (length);
    Scan scan = {
        .file = file, .problems = problems, .entries = entries, .clean = clean
    };
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
    read_values (&scan);
    explicit_bzero (clean->str, clean->len);
    return g_steal_pointer (&entries);
}
