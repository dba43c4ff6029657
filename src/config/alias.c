/* SPDX-License-Identifier: MIT */
#include "config/alias.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "config/config.h"
#include "config/scan.h"

#define FILE_MAX (16 * 1024 * 1024)
#define DEPTH_MAX 64 /* aliases of aliases, files in files */
#define ADDRESSES_MAX 10000
#define INCLUDE ":include:"

struct BrevAliases {
    char *path;
    GHashTable *targets; /* folded name -> GPtrArray of char * */
    GPtrArray *problems; /* of BrevProblem */
};

static void
problem_free (gpointer data)
{
    BrevProblem *problem = data;

    g_free (problem->file);
    g_free (problem->message);
    g_free (problem);
}

void
brev_aliases_free (BrevAliases *aliases)
{
    if (aliases == NULL)
        return;
    g_free (aliases->path);
    g_hash_table_unref (aliases->targets);
    g_ptr_array_unref (aliases->problems);
    g_free (aliases);
}

const GPtrArray *
brev_aliases_problems (const BrevAliases *aliases)
{
    return aliases->problems;
}

/* Where the first of @stops stands in @text, outside quotes, comments and angles; at its
 * end when none does. */
static const char *
find_outside (const char *text, const char *stops)
{
    gboolean is_quoted = FALSE;
    guint depth = 0;

    for (; *text != '\0'; text++) {
        if (*text == '\\' && text[1] != '\0')
            text++;
        else if (*text == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && (*text == '(' || *text == '<'))
            depth++;
        else if (!is_quoted && (*text == ')' || *text == '>') && depth > 0)
            depth--;
        else if (!is_quoted && depth == 0 && strchr (stops, *text) != NULL)
            return text;
    }
    return text;
}

/* The text between the quotes when all of @item is one quoted string, else as it is. */
static char *
unquote (const char *item)
{
    gsize length = strlen (item);
    GString *plain;

    if (length < 2 || item[0] != '"' || item[length - 1] != '"')
        return g_strdup (item);
    plain = g_string_sized_new (length);
    for (gsize i = 1; i + 1 < length; i++) {
        if (item[i] == '\\' && i + 2 < length)
            i++;
        g_string_append_c (plain, item[i]);
    }
    return g_string_free (plain, FALSE);
}

static void add_items (BrevAliases *aliases, GPtrArray *targets, const char *file,
                       guint line, const char *text, guint depth);

/* The addresses of a list file, one or several on a line. */
static void
add_include (BrevAliases *aliases, GPtrArray *targets, const char *file, guint line,
             const char *path, guint depth)
{
    g_autoptr (GError) error = NULL;
    g_autofree char *text = NULL;
    g_auto (GStrv) lines = NULL;

    if (*path != '/' || depth >= DEPTH_MAX) {
        brev_problem_add (aliases->problems, file, line, "cannot include '%s': %s", path,
                          *path != '/' ? "its name does not begin with '/'" : "too deep");
        return;
    }
    text = brev_read_file_at (AT_FDCWD, path, FILE_MAX, NULL, &error);
    if (text == NULL) {
        brev_problem_add (aliases->problems, file, line, "cannot include a file: %s",
                          error->message);
        return;
    }
    lines = g_strsplit (text, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++)
        if (*g_strstrip (lines[i]) != '#')
            add_items (aliases, targets, path, i + 1, lines[i], depth + 1);
}

/* "Bob <bob@example.com>" is bob@example.com; "\bob" is bob, and no alias. */
static char *
plain_address (const char *item)
{
    const char *open = strrchr (item, '<');
    gsize length = strlen (item);

    if (open != NULL && item[length - 1] == '>')
        return g_strndup (open + 1, length - (gsize) (open + 1 - item) - 1);
    return g_strdup (item);
}

static void
add_item (BrevAliases *aliases, GPtrArray *targets, const char *file, guint line,
          const char *item, guint depth)
{
    g_autofree char *plain = unquote (item);

    if (*item == '\0')
        return;
    if (*plain == '|' || *plain == '/')
        brev_problem_add (aliases->problems, file, line,
                          "'%s' is a %s: mail leaves through providers only, nothing is "
                          "executed and no file is written; name an address",
                          plain, *plain == '|' ? "command" : "file");
    else if (g_ascii_strncasecmp (plain, INCLUDE, strlen (INCLUDE)) == 0)
        add_include (aliases, targets, file, line, g_strstrip (plain + strlen (INCLUDE)),
                     depth);
    else if (targets->len >= ADDRESSES_MAX)
        brev_problem_add (aliases->problems, file, line, "more than %d addresses",
                          ADDRESSES_MAX);
    else
        g_ptr_array_add (targets, plain_address (item));
}

static void
add_items (BrevAliases *aliases, GPtrArray *targets, const char *file, guint line,
           const char *text, guint depth)
{
    while (*text != '\0') {
        const char *end = find_outside (text, ",");
        g_autofree char *item = g_strndup (text, (gsize) (end - text));
        add_item (aliases, targets, file, line, g_strstrip (item), depth);
        text = *end == '\0' ? end : end + 1;
    }
}

/* One entry, its continuation lines joined. */
static void
add_alias (BrevAliases *aliases, guint line, const char *text)
{
    const char *colon = find_outside (text, ":");
    g_autofree char *written = g_strndup (text, (gsize) (colon - text));
    g_autofree char *plain = unquote (g_strstrip (written));
    g_autofree char *name = brev_text_fold (plain);
    g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func (g_free);

    if (*colon == '\0' || *name == '\0') {
        brev_problem_add (aliases->problems, aliases->path, line,
                          "is not 'name: address, ...'");
        return;
    }
    if (g_hash_table_contains (aliases->targets, name)) {
        brev_problem_add (aliases->problems, aliases->path, line,
                          "'%s' is defined again; the first definition counts", name);
        return;
    }
    add_items (aliases, targets, aliases->path, line, colon + 1, 0);
    if (targets->len == 0)
        brev_problem_add (aliases->problems, aliases->path, line,
                          "'%s' leads to no address and is not taken for an alias", name);
    else
        g_hash_table_insert (aliases->targets, g_steal_pointer (&name),
                             g_steal_pointer (&targets));
}

/* A line that begins with white space continues the one before it; empty lines and
 * comments between them do not end it. */
static void
parse (BrevAliases *aliases, char *text)
{
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    g_autoptr (GString) entry = g_string_new (NULL);
    guint first = 0;

    for (guint i = 0; lines[i] != NULL; i++) {
        gboolean continues = g_ascii_isspace (lines[i][0]);
        const char *line = g_strstrip (lines[i]);
        if (*line == '\0' || *line == '#')
            continue;
        if (!continues) {
            if (entry->len > 0)
                add_alias (aliases, first, entry->str);
            g_string_truncate (entry, 0);
            first = i + 1;
        }
        if (first == 0)
            brev_problem_add (aliases->problems, aliases->path, i + 1,
                              "continues a line, and there is none before it");
        else
            g_string_append_printf (entry, " %s", line);
    }
    if (entry->len > 0)
        add_alias (aliases, first, entry->str);
}

BrevAliases *
brev_aliases_load (const char *path)
{
    BrevAliases *aliases = g_new0 (BrevAliases, 1);
    g_autoptr (GError) error = NULL;
    g_autofree char *text = brev_read_file_at (AT_FDCWD, path, FILE_MAX, NULL, &error);

    aliases->path = g_strdup (path);
    aliases->targets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify) g_ptr_array_unref);
    aliases->problems = g_ptr_array_new_with_free_func (problem_free);
    if (text != NULL)
        parse (aliases, text);
    else if (!g_error_matches (error, BREV_ERROR, BREV_ERROR_NO_FILE))
        brev_problem_add (aliases->problems, path, 0, "%s", error->message);
    return aliases;
}

/* The walk from one name. */
typedef struct {
    const BrevAliases *aliases;
    GHashTable *open; /* names on the way here: folded, borrowed */
    GHashTable *done; /* names whose addresses are all in @found: folded, owned */
    GHashTable *seen; /* folded addresses of @found */
    GPtrArray *found;
} Expansion;

static void
found_address (Expansion *expansion, const char *address)
{
    if (expansion->found->len < ADDRESSES_MAX &&
        g_hash_table_add (expansion->seen, brev_text_fold (address)))
        g_ptr_array_add (expansion->found, g_strdup (address));
}

static void
expand_target (Expansion *expansion, const char *target)
{
    gboolean is_final = *target == '\\' || strchr (target, '@') != NULL;
    g_autofree char *plain = unquote (*target == '\\' ? target + 1 : target);
    g_autofree char *name = brev_text_fold (plain);
    const GPtrArray *targets =
        is_final ? NULL : g_hash_table_lookup (expansion->aliases->targets, name);

    if (targets == NULL || g_hash_table_contains (expansion->open, name) ||
        g_hash_table_size (expansion->open) >= DEPTH_MAX) {
        found_address (expansion, *target == '\\' ? target + 1 : target);
        return;
    }
    if (!g_hash_table_add (expansion->done, g_strdup (name)))
        return;
    g_hash_table_add (expansion->open, name);
    for (guint i = 0; i < targets->len && expansion->found->len < ADDRESSES_MAX; i++)
        expand_target (expansion, targets->pdata[i]);
    g_hash_table_remove (expansion->open, name);
}

GPtrArray *
brev_aliases_expand (const BrevAliases *aliases, const char *local)
{
    g_autoptr (GHashTable) open = g_hash_table_new (g_str_hash, g_str_equal);
    g_autoptr (GHashTable) done =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr (GHashTable) seen =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *plain = unquote (local);
    g_autofree char *name = brev_text_fold (plain);
    Expansion expansion = { aliases, open, done, seen, NULL };

    if (!g_hash_table_contains (aliases->targets, name))
        return NULL;
    expansion.found = g_ptr_array_new_with_free_func (g_free);
    expand_target (&expansion, name);
    return expansion.found;
}
