/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"

static void
test_exit_statuses (void)
{
    for (int code = 0; code < BREV_ERROR_LAST; code++) {
        g_autoptr (GError) error = NULL;
        g_assert_false (brev_throw (&error, (BrevError) code, "'%s' failed", "x"));
        g_assert_cmpint (brev_exit_status (error), >=, 64);
        g_assert_cmpint (brev_exit_status (error), <=, 78);
        g_assert_cmpint (brev_exit_status (error), !=, 75);
    }
    g_assert_cmpint (brev_exit_status (NULL), ==, 0);
}

/* RFC 3720 B.4 */
static void
test_crc32c (void)
{
    guint8 bytes[32];

    memset (bytes, 0, sizeof bytes);
    g_assert_cmphex (brev_crc32c (0, bytes, 32), ==, 0x8a9136aa);
    memset (bytes, 0xff, sizeof bytes);
    g_assert_cmphex (brev_crc32c (0, bytes, 32), ==, 0x62a8ab43);
    for (guint i = 0; i < 32; i++)
        bytes[i] = (guint8) i;
    g_assert_cmphex (brev_crc32c (0, bytes, 32), ==, 0x46dd794e);
    g_assert_cmphex (brev_crc32c (brev_crc32c (0, bytes, 13), bytes + 13, 19), ==,
                     0x46dd794e);
}

static void
test_printable (void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "plain", "plain" },       { "a\nto=<x>", "a?to=<x>" },  { "\x1b[31m", "?[31m" },
        { "\xc3\xa5", "\xc3\xa5" }, { "a\xff", "a\xef\xbf\xbd" }, { "\xe2\x80\xa8", "?" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *got = brev_text_printable (cases[i].text);
        g_assert_cmpstr (got, ==, cases[i].want);
    }
}

static void
test_commit_never_replaces (void)
{
    g_autoptr (GError) error = NULL;
    g_autofree char *path = g_dir_make_tmp ("brevdue-XXXXXX", &error);
    brev_autofd int dir = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    brev_autofd int first = openat (dir, "t1", O_CREAT | O_WRONLY, 0600);
    brev_autofd int second = openat (dir, "t2", O_CREAT | O_WRONLY, 0600);

    g_assert_true (brev_commit_at (dir, first, "t1", "name", dir, &error));
    g_assert_no_error (error);
    g_assert_false (brev_commit_at (dir, second, "t2", "name", dir, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_DENIED);
    g_assert_cmpint (unlinkat (dir, "t2", 0), ==, 0);
    g_assert_cmpint (unlinkat (dir, "name", 0), ==, 0);
    g_assert_cmpint (rmdir (path), ==, 0);
}

static void
test_make_folders (void)
{
    g_autofree char *top = g_dir_make_tmp ("brevdue-XXXXXX", NULL);
    g_autofree char *middle = g_build_filename (top, "a", NULL);
    g_autofree char *path = g_build_filename (middle, "b", NULL);
    g_autofree char *below_a_file = g_build_filename (path, "file", "c", NULL);
    g_autofree char *file = g_build_filename (path, "file", NULL);

    g_assert_true (brev_make_folders (path, 0700));
    g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
    g_assert_true (brev_make_folders (path, 0700));
    g_assert_true (g_file_set_contents (file, "x", 1, NULL));
    g_assert_false (brev_make_folders (below_a_file, 0700));
    g_assert_cmpint (errno, ==, ENOTDIR);
    g_assert_cmpint (unlink (file), ==, 0);
    g_assert_cmpint (rmdir (path), ==, 0);
    g_assert_cmpint (rmdir (middle), ==, 0);
    g_assert_cmpint (rmdir (top), ==, 0);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/error/exit-statuses", test_exit_statuses);
    g_test_add_func ("/crc32c/rfc3720", test_crc32c);
    g_test_add_func ("/text/printable", test_printable);
    g_test_add_func ("/fs/commit-never-replaces", test_commit_never_replaces);
    g_test_add_func ("/fs/make-folders", test_make_folders);
    return g_test_run ();
}
