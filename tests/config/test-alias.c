/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "config/alias.h"
#include "config/config.h"

#define NO_ALIAS "(none)"

typedef struct {
    char *directory;
    char *path;
    char *list; /* a file to include */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
    fixture->directory = g_dir_make_tmp ("brevdue-XXXXXX", NULL);
    fixture->path = g_build_filename (fixture->directory, "aliases", NULL);
    fixture->list = g_build_filename (fixture->directory, "list", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
    (void) g_unlink (fixture->path);
    (void) g_unlink (fixture->list);
    g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
    g_free (fixture->directory);
    g_free (fixture->path);
    g_free (fixture->list);
}

static BrevAliases *
load (const Fixture *fixture, const char *text)
{
    g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
    return brev_aliases_load (fixture->path);
}

static char *
expand (const BrevAliases *aliases, const char *name)
{
    g_autoptr (GPtrArray) found = brev_aliases_expand (aliases, name);

    if (found == NULL)
        return g_strdup (NO_ALIAS);
    g_ptr_array_add (found, NULL);
    return g_strjoinv (" ", (char **) found->pdata);
}

static void
test_expand (Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *text, *name, *want;
        guint n_problems;
    } cases[] = {
        { "root: ops@example.com\n", "root", "ops@example.com" },
        { "root: ops@example.com\n", "ROOT", "ops@example.com" },
        { "Root: ops@example.com\n", "root", "ops@example.com" },
        { "root: ops@example.com", "root", "ops@example.com" },
        { "root: ops@example.com\r\n", "root", "ops@example.com" },
        { "root: ops@example.com\n", "bob", NO_ALIAS },
        { "# root: x@y\n\nroot:a@b,c@d , e@f,\n", "root", "a@b c@d e@f" },
        { "root: a@b,\n  c@d\n\t e@f, g@h\n", "root", "a@b c@d e@f g@h" },
        { "root: a@b,\n# comment\n\n  c@d\nx: y@z\n", "root", "a@b c@d" },
        { "\"mail er\": a@b\n", "mail er", "a@b" },
        { "\"a:b\" : a@b\n", "a:b", "a@b" },
        { "list: a, b, \"c d\"@e\n", "list", "a b \"c d\"@e" },
        { "list: \"x, y\"@e, Bob <bob@f>, (a, b) c@g\n", "list",
          "\"x, y\"@e bob@f (a, b) c@g" },
        { "root: admin\nadmin: ops@b\n", "root", "ops@b" },
        { "root: Admin, x@y\nADMIN: ops@b, root\n", "root", "ops@b root x@y" },
        { "a: a\n", "a", "a" },
        { "a: \\a, b@c\n", "a", "a b@c" },
        { "a: b\nb: c\nc: a\n", "b", "b" },
        { "a: x@y, X@Y, b\nb: x@y\n", "a", "x@y" },
        { "a: root@localhost\nroot: x@y\n", "a", "root@localhost" },
        { "a: \"|/bin/cat\"\n", "a", NO_ALIAS, 2 },
        { "a: |/bin/cat\n", "a", NO_ALIAS, 2 },
        { "a: \"|/bin/cat a, b\", x@y\n", "a", "x@y", 1 },
        { "a: /var/mail/a, x@y\n", "a", "x@y", 1 },
        { "a: /dev/null\n", "a", NO_ALIAS, 2 },
        { "a: :include:relative, x@y\n", "a", "x@y", 1 },
        { "a: :include:/does/not/exist, x@y\n", "a", "x@y", 1 },
        { "a:\n", "a", NO_ALIAS, 1 },
        { "nothing\na: x@y\n", "a", "x@y", 1 },
        { "  first\na: x@y\n", "a", "x@y", 1 },
        { "a: x@y\nA: z@y\n", "a", "x@y", 1 },
        { "a: \"unended, x@y\nb: c@d\n", "b", "c@d", 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevAliases) aliases = load (fixture, cases[i].text);
        g_autofree char *got = expand (aliases, cases[i].name);
        g_assert_cmpstr (got, ==, cases[i].want);
        g_assert_cmpuint (brev_aliases_problems (aliases)->len, ==, cases[i].n_problems);
    }
}

static void
test_include (Fixture *fixture, gconstpointer data)
{
    g_autofree char *text =
        g_strdup_printf ("all: \":include:%s\", z@y\n", fixture->list);
    g_autoptr (BrevAliases) aliases = NULL;
    g_autofree char *got = NULL;

    g_assert_true (g_file_set_contents (
        fixture->list, "# people\na@b, c@d\n\nBob <bob@f>\n/etc/passwd\n|sh\n", -1,
        NULL));
    aliases = load (fixture, text);
    got = expand (aliases, "all");
    g_assert_cmpstr (got, ==, "a@b c@d bob@f z@y");
    g_assert_cmpuint (brev_aliases_problems (aliases)->len, ==, 2);
}

static void
test_include_of_itself (Fixture *fixture, gconstpointer data)
{
    g_autofree char *text = g_strdup_printf ("all: :include:%s\n", fixture->list);
    g_autofree char *list = g_strdup_printf ("a@b\n:include:%s\n", fixture->list);
    g_autoptr (BrevAliases) aliases = NULL;
    g_autofree char *got = NULL;

    g_assert_true (g_file_set_contents (fixture->list, list, -1, NULL));
    aliases = load (fixture, text);
    got = expand (aliases, "all");
    g_assert_cmpuint (brev_aliases_problems (aliases)->len, ==, 1);
    g_assert_cmpuint (strlen (got), <, 64 * 5);
}

static void
test_no_file (Fixture *fixture, gconstpointer data)
{
    g_autoptr (BrevAliases) aliases = brev_aliases_load (fixture->path);
    g_autofree char *got = expand (aliases, "root");

    g_assert_cmpstr (got, ==, NO_ALIAS);
    g_assert_cmpuint (brev_aliases_problems (aliases)->len, ==, 0);
}

/* Each name leads to the next one twice: 2^40 ways, one address. */
static void
test_many_ways (Fixture *fixture, gconstpointer data)
{
    g_autoptr (GString) text = g_string_new ("n40: end@b\n");
    g_autoptr (BrevAliases) aliases = NULL;
    g_autofree char *got = NULL;

    for (guint i = 0; i < 40; i++)
        g_string_append_printf (text, "n%u: l%u, r%u\nl%u: n%u\nr%u: n%u\n", i, i, i, i,
                                i + 1, i, i + 1);
    aliases = load (fixture, text->str);
    got = expand (aliases, "n20");
    g_assert_cmpstr (got, ==, "end@b");
}

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    ADD ("/alias/expand", test_expand);
    ADD ("/alias/include", test_include);
    ADD ("/alias/include-of-itself", test_include_of_itself);
    ADD ("/alias/no-file", test_no_file);
    ADD ("/alias/many-ways", test_many_ways);
    return g_test_run ();
}
