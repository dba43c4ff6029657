/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "message/address.h"
#include "message/body.h"
#include "support.h"
#include "walk.h"

/* What the process has had in memory at most, in bytes, since the last reset. */
static void
reset_peak (void)
{
    FILE *file = fopen ("/proc/self/clear_refs", "w");

    if (file == NULL)
        return;
    (void) fputs ("5", file);
    (void) fclose (file);
}

static gsize
memory (const char *what)
{
    g_autofree char *status = NULL;
    const char *line;

    if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
        return 0;
    line = strstr (status, what);
    return line != NULL ? strtoul (line + strlen (what), NULL, 10) * 1024 : 0;
}

/* A sanitizer keeps what is freed: nothing can be said about memory then. */
#ifdef __has_feature
#define BUILT_WITH_CLANGS_ASAN __has_feature (address_sanitizer)
#else
#define BUILT_WITH_CLANGS_ASAN 0
#endif

static gboolean
is_measurable (void)
{
#if defined(__SANITIZE_ADDRESS__) || BUILT_WITH_CLANGS_ASAN
    return FALSE;
#else
    return g_getenv ("BREVDUE_VALGRIND") == NULL;
#endif
}

static char *
fill (const char *before, const char *text, guint n, const char *after, gsize *length)
{
    GString *all = g_string_new (before);

    while (n-- > 0)
        g_string_append (all, text);
    g_string_append (all, after);
    *length = all->len;
    return g_string_free (all, FALSE);
}

/* clang-format off */
static const struct {
    const char *name, *before, *text;
    guint n;
    const char *after;
    const char *want; /* in the error; NULL: is read */
} poisons[] = {
    { "empty parts", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\n", 1000000, "--b--\n", "1000 parts" },
    { "parts, boundary in pieces", "Content-Type: multipart/mixed; boundary*0=b;\n boundary*1=c\n\n", "--bc\n\n", 1000000, "", "1000 parts" },
    { "parts, boundary encoded", "Content-Type: multipart/mixed; boundary*=utf-8''b%63\n\n", "--bc\n\n", 1000000, "", "1000 parts" },
    { "parts, boundary with blanks", "content-type :\n multipart/mixed;\n\tboundary=\"b c\"\n\n", "--b c \t\n\n", 1000000, "", "1000 parts" },
    { "parts without empty lines", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n", 1000000, "", "1000 parts" },
    { "parts inside a part", "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n", "--b\n\n", 1000000, "--b--\n--a--\n", "1000 parts" },
    { "parts behind a second type", "Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=b\n\n", "--b\n\n", 1000000, "", "1000 parts" },
    { "parts with CRLF", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\n\r\n", 1000000, "", "1000 parts" },
    { "header fields", "", "A: b\n", 1000000, "\n", "1 MB" },
    { "short header fields", "", "A:\n", 300000, "\n", "10000 header fields" },
    { "header fields of a part", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", "A: b\n", 1000000, "\n", "10000 header fields" },
    { "header of a part", "Content-Type: multipart/mixed; boundary=b\n\n--b\nA: b\n", " bcdefghijklmnop\n", 100000, "\n", "1 MB" },
    { "header without an end", "", "Subject", 1000000, "", NULL },
    { "addresses", "To: ", "a@x,", 1000000, "\n\n", "1 MB" },
    { "addresses in 1 MB", "To: ", "a@x,", 200000, "\n\n", "512 KB" },
    { "addresses in 512 KB", "To: ", "a@x,", 100000, "\n\n", "10000 addresses" },
    { "nested groups", "To: ", "g:", 50000, "\n\n", "groups nest" },
    { "nested groups elsewhere", "Bcc: ", "g:", 50000, "\n\n", NULL },
    { "nested multiparts", "", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", 900, "", "deeper than 64" },
    { "nested comments", "To: ", "(", 500000, "\n\n", NULL },
    { "encoded words", "Subject: ", "=?utf-8?q?x?= ", 70000, "\n\n", NULL },
    { "parameters", "Content-Type: text/plain", "; a*0=b", 100000, "\n\n", NULL },
    { "parameter pieces", "Content-Type: text/plain; ", "a*1=b;", 100000, "\n\n", NULL },
    { "long line", "\n", "xxxxxxxxxx", 2000000, "", NULL },
    { "lines of hyphens", "\n", "--\n", 2000000, "", NULL },
    { "hyphens that look like comments", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n", "-- SQL\n", 100000, "--b--\n", NULL },
    { "1000 parts", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", 999, "--b--\n", NULL },
    { "continuation lines", "Subject: x\n", " y\n", 300000, "\n", NULL },
    { "quoted boundary lines", "Content-Type: text/plain\n\n", "> --b\n", 100000, "", NULL },
};
/* clang-format on */

static void
test_poison (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (poisons); i++) {
        gsize length, before, peak;
        g_autofree char *text = fill (poisons[i].before, poisons[i].text, poisons[i].n,
                                      poisons[i].after, &length);
        brev_autofd int fd = test_file (text, length);
        g_autoptr (GError) error = NULL;
        g_autoptr (BrevMessage) message = NULL;

        reset_peak ();
        before = memory ("VmRSS:");
        message = brev_message_decode (fd, 0, length, &error);
        peak = memory ("VmHWM:");
        g_test_message ("%s: %zu bytes, %zd KB more", poisons[i].name, length,
                        ((gssize) peak - (gssize) before) / 1024);
        if (is_measurable ())
            g_assert_cmpuint (peak, <, before + 40 * 1024 * 1024);
        if (poisons[i].want == NULL) {
            g_assert_no_error (error);
            continue;
        }
        g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
        g_assert_nonnull (strstr (error->message, poisons[i].want));
    }
}

/* 25 MB in an attachment cost no more memory than 25 bytes, to read or to send. */
static void
test_memory_of_an_attachment (void)
{
    gsize length, before, peak;
    g_autofree char *text = fill (
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b\n"
        "Content-Type: application/pdf; name=x.pdf\nContent-Transfer-Encoding: base64\n\n",
        "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZyBhbmQgcnVucyBvZmYu\n",
        450000, "\n--b--\n", &length);
    brev_autofd int fd = test_file (text, length);
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevMessage) message = NULL;
    g_autoptr (BrevBody) body = brev_body_new ();
    guint64 measured;

    g_clear_pointer (&text, g_free);
    reset_peak ();
    before = memory ("VmRSS:");
    message = brev_message_decode (fd, 0, length, &error);
    g_assert_no_error (error);
    brev_body_add_part (body, fd, g_ptr_array_index (message->attachments, 0),
                        BREV_AS_BASE64);
    g_assert_true (brev_body_measure (body, &measured, NULL, &error));
    peak = memory ("VmHWM:");
    g_assert_cmpuint (measured, ==, 450000 * 76);
    g_test_message ("%zu KB more for %zu KB", (peak - before) / 1024, length / 1024);
    if (is_measurable ())
        g_assert_cmpuint (peak, <, before + 4 * 1024 * 1024);
}

/* The message is a slice of its file: a queue file has a frame around it. */
static void
test_offset (void)
{
    static const char before[] = "To: wrong@x\n\nframe", after[] = "--b\n\nwrong\n";
    static const char text[] =
        "From: a@x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nright";
    g_autofree char *file = g_strconcat (before, text, after, NULL);
    brev_autofd int fd = test_file (file, strlen (file));
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevMessage) message =
        brev_message_decode (fd, strlen (before), strlen (text), &error);

    g_assert_no_error (error);
    g_assert_cmpuint (message->to->len, ==, 0);
    g_assert_cmpuint (message->attachments->len, ==, 0);
    g_assert_cmpuint (message->text->offset, ==,
                      strlen (before) + strlen (text) - strlen ("right"));
    g_assert_cmpuint (message->text->length, ==, strlen ("right"));
}

static void
test_header_lookup (void)
{
    static const char text[] = "X-A: 1\nx-a: 2\nBcc: b@x\n\n";
    brev_autofd int fd = test_file (text, sizeof text - 1);
    g_autoptr (BrevMessage) message = brev_message_decode (fd, 0, sizeof text - 1, NULL);

    g_assert_cmpstr (brev_message_header (message, "x-A")->text, ==, "1");
    g_assert_null (brev_message_header (message, "Bcc"));
    g_assert_null (brev_message_header (message, "X"));
}

static void
test_features_are_named (void)
{
    for (guint i = 0; i < BREV_FEATURE_LAST; i++) {
        g_assert_nonnull (brev_features[i].name);
        g_assert_nonnull (brev_features[i].help);
    }
    g_assert_true (brev_features[BREV_FEATURE_SIGNED].is_material);
    g_assert_false (brev_features[BREV_FEATURE_HIDDEN_RECIPIENT].is_material);
}

/* Mutations: golden messages with bytes changed, cut out and doubled, the same ones in
 * each run. The fuzz target goes further. */

static void
mutate (GRand *dice, GByteArray *text)
{
    static const char *const words[] = {
        "--b\n",
        "\n\n",
        "\"",
        ";",
        "=?utf-8?b?",
        "boundary=",
        "\r",
        "(",
        "<",
        "=",
        "\nContent-Type: multipart/mixed; boundary=b\n"
    };

    for (gint n = g_rand_int_range (dice, 1, 8); n > 0 && text->len > 0; n--) {
        guint at = (guint) g_rand_int_range (dice, 0, (gint) text->len);
        const char *word = words[g_rand_int_range (dice, 0, G_N_ELEMENTS (words))];
        guint room = MIN ((guint) strlen (word), text->len - at);

        switch (g_rand_int_range (dice, 0, 4)) {
        case 0:
            text->data[at] = (guint8) g_rand_int_range (dice, 0, 256);
            break;
        case 1:
            memcpy (text->data + at, word, room);
            break;
        case 2:
            g_byte_array_set_size (text, at);
            break;
        default:
            g_byte_array_append (text, (const guint8 *) word, (guint) strlen (word));
            break;
        }
    }
}

static void
run_mutations (GRand *dice, const char *path)
{
    g_autofree char *bytes = NULL;
    gsize length;

    g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
    for (guint i = 0; i < 25; i++) {
        g_autoptr (GByteArray) text = g_byte_array_new ();
        g_autoptr (BrevMessage) message = NULL;
        brev_autofd int fd = -1;

        g_byte_array_append (text, (guint8 *) bytes, (guint) length);
        mutate (dice, text);
        fd = test_file (text->data, text->len);
        message = brev_message_decode (fd, 0, text->len, NULL);
        if (message != NULL)
            test_walk (fd, message);
    }
}

static gint
compare_names (gconstpointer left, gconstpointer right)
{
    return strcmp (*(const char *const *) left, *(const char *const *) right);
}

static void
test_mutations (void)
{
    g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", NULL);
    g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
    g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
    GRand *dice = g_rand_new_with_seed (20261123);
    const char *name;

    while ((name = g_dir_read_name (dir)) != NULL)
        if (g_str_has_suffix (name, ".eml"))
            g_ptr_array_add (names, g_build_filename (folder, name, NULL));
    g_ptr_array_sort (names, compare_names);
    g_assert_cmpuint (names->len, >, 60);
    for (guint i = 0; i < names->len; i++)
        run_mutations (dice, g_ptr_array_index (names, i));
    g_rand_free (dice);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/decode/poison", test_poison);
    g_test_add_func ("/decode/memory-of-an-attachment", test_memory_of_an_attachment);
    g_test_add_func ("/decode/offset", test_offset);
    g_test_add_func ("/decode/header-lookup", test_header_lookup);
    g_test_add_func ("/decode/features", test_features_are_named);
    g_test_add_func ("/decode/mutations", test_mutations);
    return g_test_run ();
}
