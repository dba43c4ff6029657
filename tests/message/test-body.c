/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "message/body.h"
#include "support.h"

static char *
read_all (BrevBody *body, gsize size)
{
    g_autoptr (GError) error = NULL;
    g_autofree char *buffer = g_malloc (size);
    GString *all = g_string_new (NULL);
    gssize got;

    while ((got = brev_body_read (body, buffer, size, &error)) > 0)
        g_string_append_len (all, buffer, got);
    g_assert_no_error (error);
    return g_string_free (all, FALSE);
}

static BrevPart
part_of (const char *content, BrevEncoding encoding, const char *charset)
{
    BrevPart part = { 0 };
    g_autofree char *copy = g_strdup (charset);

    part.encoding = encoding;
    part.length = strlen (content);
    part.charset = g_steal_pointer (&copy);
    return part;
}

/* 73 characters */
#define LONG_LINE \
    "0123456789012345678901234567890123456789012345678901234567890123456789012"

/* clang-format off */
static const struct {
    const char *content;
    BrevEncoding encoding;
    const char *charset;
    BrevAs as;
    const char *want;
} parts[] = {
    { "", BREV_ENCODING_NONE, NULL, BREV_AS_BASE64, "" },
    { "a", BREV_ENCODING_NONE, NULL, BREV_AS_BASE64, "YQ==" },
    { "ab", BREV_ENCODING_NONE, NULL, BREV_AS_BASE64, "YWI=" },
    { "abc", BREV_ENCODING_NONE, NULL, BREV_AS_BASE64, "YWJj" },
    { "YW\nJj\nZA==\n", BREV_ENCODING_BASE64, NULL, BREV_AS_BASE64, "YWJjZA==" },
    { "YWJjZA", BREV_ENCODING_BASE64, NULL, BREV_AS_BYTES, "abcd" },
    { "YWJjZGU\n", BREV_ENCODING_BASE64, NULL, BREV_AS_BYTES, "abcde" },
    { "YWJjZA=", BREV_ENCODING_BASE64, NULL, BREV_AS_BYTES, "abcd" },
    { "YWJjZGU=\n-- \nfooter\n", BREV_ENCODING_BASE64, NULL, BREV_AS_BYTES, "abcde" },
    { "YWJj=ZA", BREV_ENCODING_BASE64, NULL, BREV_AS_BYTES, "abc" },
    { "Y W\x01J\xffj", BREV_ENCODING_BASE64, NULL, BREV_AS_BYTES, "abc" },
    { "Y", BREV_ENCODING_BASE64, NULL, BREV_AS_BYTES, "" },
    { "=E2=82=AC=\n!=3", BREV_ENCODING_QP, "utf-8", BREV_AS_JSON_TEXT, "\xe2\x82\xac!" },
    { "=E2=82", BREV_ENCODING_QP, "utf-8", BREV_AS_JSON_TEXT, "\xef\xbf\xbd\xef\xbf\xbd" },
    { "\"\\/\b\f\n\r\t\x01\x7f", BREV_ENCODING_NONE, NULL, BREV_AS_JSON_TEXT, "\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f" },
    { "\xf8", BREV_ENCODING_NONE, NULL, BREV_AS_JSON_TEXT, "\xc3\xb8" },
    { "a<b>&\"\n\xf8", BREV_ENCODING_NONE, NULL, BREV_AS_JSON_HTML, "a&lt;b&gt;&amp;\\\"\\n\xc3\xb8" },
    { "=3Cb=3E", BREV_ENCODING_QP, "utf-8", BREV_AS_JSON_HTML, "&lt;b&gt;" },
    { "\xf8", BREV_ENCODING_NONE, "utf-8", BREV_AS_JSON_TEXT, "\xef\xbf\xbd" },
    { "\xed\xa0\x80", BREV_ENCODING_NONE, "utf-8", BREV_AS_JSON_TEXT, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xf6\xab\x97\xa1", BREV_ENCODING_NONE, "utf-8", BREV_AS_JSON_TEXT, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "+AOU-", BREV_ENCODING_NONE, "utf-7", BREV_AS_JSON_TEXT, "\xc3\xa5" },
    { "\x80", BREV_ENCODING_NONE, "iso-8859-1", BREV_AS_JSON_TEXT, "\xe2\x82\xac" },
    { "\x80", BREV_ENCODING_NONE, "utf-8//TRANSLIT", BREV_AS_JSON_TEXT, "\xe2\x82\xac" },
    { "\x1b$B$3\x1b(B", BREV_ENCODING_NONE, "iso-2022-jp", BREV_AS_JSON_TEXT, "\xe3\x81\x93" },
    { "begin 644 x\n#86)C\n`\nend\nafter\n", BREV_ENCODING_UU, NULL, BREV_AS_BYTES, "abc" },
    { "begin 644 x\r\n#86)C\r\n`\r\nend\r\n", BREV_ENCODING_UU, NULL, BREV_AS_BYTES, "abc" },
    { "begin 644 x\n#86)C", BREV_ENCODING_UU, NULL, BREV_AS_BYTES, "abc" },
    { "no such line\n#86)C\n", BREV_ENCODING_UU, NULL, BREV_AS_BYTES, "" },
    { "\xfb\xff\xbf", BREV_ENCODING_NONE, NULL, BREV_AS_BASE64, "+/+/" },
    { "\xfb\xff\xbf\xff", BREV_ENCODING_NONE, NULL, BREV_AS_BASE64URL, "-_-__w==" },
    { "", BREV_ENCODING_NONE, NULL, BREV_AS_LINES, "" },
    { "a\n\nb\r\n\r\nc", BREV_ENCODING_NONE, NULL, BREV_AS_LINES, "a\r\n\r\nb\r\n\r\nc" },
    { "\na\rb\r\r\n\xff\r", BREV_ENCODING_NONE, NULL, BREV_AS_LINES, "\r\na\rb\r\r\n\xff\r" },
    { "", BREV_ENCODING_NONE, NULL, BREV_AS_QUOTED, "" },
    { "a=\xe9\n\tb \t\n.\n", BREV_ENCODING_NONE, NULL, BREV_AS_QUOTED, "a=3D=E9\r\n\tb =09\r\n.\r\n" },
    { "a\r\n \r\nb\rc\r\r\nd ", BREV_ENCODING_NONE, NULL, BREV_AS_QUOTED, "a\r\n=20\r\nb=0Dc=0D\r\nd=20" },
    { "a\r", BREV_ENCODING_NONE, NULL, BREV_AS_QUOTED, "a=0D" },
    { LONG_LINE "ab\n" LONG_LINE "abc\n" LONG_LINE "\xe9", BREV_ENCODING_NONE, NULL, BREV_AS_QUOTED,
      LONG_LINE "ab\r\n" LONG_LINE "ab=\r\nc\r\n" LONG_LINE "=\r\n=E9" },
    { "\"\xc3\xa9\xe2\x82\xac\r\n", BREV_ENCODING_NONE, NULL, BREV_AS_JSON_MAIL, "\\\"\xc3\xa9\xe2\x82\xac\\r\\n" },
    { "\xe9 \x80\x81 \xe2\x82", BREV_ENCODING_NONE, "koi8-r", BREV_AS_JSON_MAIL,
      "\xc3\xa9 \xe2\x82\xac\xef\xbf\xbd \xc3\xa2\xe2\x80\x9a" },
    { "=C3=A9", BREV_ENCODING_QP, NULL, BREV_AS_JSON_MAIL, "\xc3\xa9" },
    { "", BREV_ENCODING_NONE, NULL, BREV_AS_HEADER, "" },
    { "A: b\n c\r\nD: e\n", BREV_ENCODING_NONE, NULL, BREV_AS_HEADER, "A: b\r\n c\r\nD: e\r\n" },
    { "A: \xff", BREV_ENCODING_NONE, NULL, BREV_AS_HEADER, "A: \xff\r\n" },
    { "A: b\rBcc: c\r\r\nD: e\r", BREV_ENCODING_NONE, NULL, BREV_AS_HEADER, "A: b Bcc: c \r\nD: e\r\n" },
};
/* clang-format on */

static void
test_parts (void)
{
    static const gsize sizes[] = { 1, 2, 3, 5, 64, 65536 };

    for (guint i = 0; i < G_N_ELEMENTS (parts) * G_N_ELEMENTS (sizes); i++) {
        guint row = i / G_N_ELEMENTS (sizes);
        brev_autofd int fd = test_file (parts[row].content, strlen (parts[row].content));
        BrevPart part =
            part_of (parts[row].content, parts[row].encoding, parts[row].charset);
        g_autoptr (BrevBody) body = brev_body_new ();
        g_autofree char *got = NULL;

        brev_body_add_part (body, fd, &part, parts[row].as);
        got = read_all (body, sizes[i % G_N_ELEMENTS (sizes)]);
        g_assert_cmpstr (got, ==, parts[row].want);
        g_free (part.charset);
    }
}

/* \u0000 ends a string for some who read JSON, and others refuse it. */
static void
test_nul_in_text (void)
{
    brev_autofd int fd = test_file ("a\0b\n", 4);
    BrevPart part = { .length = 4 };
    g_autoptr (BrevBody) body = brev_body_new ();
    g_autofree char *got = NULL;

    brev_body_add_part (body, fd, &part, BREV_AS_JSON_TEXT);
    got = read_all (body, 2);
    g_assert_cmpstr (got, ==,
                     "a\xef\xbf\xbd"
                     "b\\n");
}

static void
test_nul_in_a_header (void)
{
    brev_autofd int fd = test_file ("A:\0b\0", 5);
    g_autoptr (BrevBody) body = brev_body_new ();
    g_autofree char *got = NULL;

    brev_body_add_file (body, fd, 0, 5, BREV_AS_HEADER);
    got = read_all (body, 1);
    g_assert_cmpstr (got, ==, "A: b \r\n");
}

/* clang-format off */
static const struct {
    BrevAs as;
    const char *want;
} outers[] = {
    { BREV_AS_BYTES,     "{text\r\nline\r\nb\r\n}" },
    { BREV_AS_BASE64,    "{dGV4dA0KbGluZQ0KYg0K}" },
    { BREV_AS_BASE64URL, "{dGV4dA0KbGluZQ0KYg0K}" },
    { BREV_AS_JSON_TEXT, "{text\\r\\nline\\r\\nb\\r\\n}" },
};
/* clang-format on */

/* What a person sees of a secret, be it in a body in another. */
static void
test_secret (void)
{
    g_autoptr (BrevBody) inner = brev_body_new ();
    g_autoptr (BrevBody) outer = brev_body_new ();

    brev_body_add (inner, "{\"key\":");
    brev_body_add_secret (inner, "a\"b");
    brev_body_add (inner, "}");
    brev_body_add_body (outer, inner, BREV_AS_BYTES);
    g_autofree char *sent = read_all (outer, 2);
    brev_body_hide_secrets (outer);
    g_autofree char *shown = read_all (outer, 3);
    g_assert_cmpstr (sent, ==, "{\"key\":\"a\\\"b\"}");
    g_assert_cmpstr (shown, ==, "{\"key\":\"***\"}");
}

/* A body in another, while the inner one is read by itself as well, or is no more. */
static void
test_body_in_body (void)
{
    static const gsize sizes[] = { 1, 3, 64 };
    brev_autofd int fd = test_file ("line\nb\nnot this", 15);

    for (guint i = 0; i < G_N_ELEMENTS (outers) * G_N_ELEMENTS (sizes); i++) {
        guint row = i / G_N_ELEMENTS (sizes);
        g_autoptr (BrevBody) inner = brev_body_new ();
        g_autoptr (BrevBody) outer = brev_body_new ();
        g_autofree char *first = NULL, *second = NULL, *own = NULL;
        guint64 length;
        char c;

        brev_body_add (inner, "text\r\n");
        brev_body_add_file (inner, fd, 0, 7, BREV_AS_LINES);
        brev_body_add (outer, "{");
        brev_body_add_body (outer, inner, outers[row].as);
        brev_body_add (outer, "}");
        g_assert_cmpint (brev_body_read (inner, &c, 1, NULL), ==, 1);
        first = read_all (outer, sizes[i % G_N_ELEMENTS (sizes)]);
        g_assert_cmpstr (first, ==, outers[row].want);
        own = read_all (inner, 2);
        g_assert_cmpstr (own, ==, "ext\r\nline\r\nb\r\n");
        g_clear_pointer (&inner, brev_body_free);
        g_assert_true (brev_body_measure (outer, &length, NULL, NULL));
        second = read_all (outer, 4096);
        g_assert_cmpstr (second, ==, outers[row].want);
        g_assert_cmpuint (length, ==, strlen (second));
    }
}

/* What spans many chunks, encoded twice, is what it would be in one. */
static void
test_large_body_in_body (void)
{
    g_autoptr (GString) text = g_string_new (NULL);
    g_autoptr (BrevBody) inner = brev_body_new ();
    g_autoptr (BrevBody) outer = brev_body_new ();
    g_autofree char *want = NULL, *got = NULL;
    brev_autofd int fd = -1;

    for (guint i = 0; i < 40000; i++)
        g_string_append_printf (text, "%u\r\n", i);
    fd = test_file (text->str, text->len);
    brev_body_add_file (inner, fd, 0, text->len, BREV_AS_LINES);
    brev_body_add_body (outer, inner, BREV_AS_BASE64);
    got = read_all (outer, 1000);
    want = g_base64_encode ((const guchar *) text->str, text->len);
    g_assert_true (strcmp (got, want) == 0);
}

/* The same bytes at every place relative to the chunks in which they are read. */
static void
test_chunk_borders (void)
{
    const char *euro = "\xe2\x82\xac";

    for (guint shift = 0; shift < 6; shift++) {
        g_autoptr (GString) text = g_string_new (NULL);
        g_autofree char *got = NULL;
        BrevPart part = { .charset = NULL };
        g_autoptr (BrevBody) body = brev_body_new ();
        brev_autofd int fd = -1;

        for (guint i = 0; i < 32768 - 2 - shift; i++)
            g_string_append_c (text, 'x');
        for (guint i = 0; i < 20000; i++)
            g_string_append (text, euro);
        fd = test_file (text->str, text->len);
        part.length = text->len;
        brev_body_add_part (body, fd, &part, BREV_AS_JSON_TEXT);
        got = read_all (body, 1000);
        g_assert_true (strcmp (got, text->str) == 0);
    }
}

/* The decoders, with a line or a code cut by the end of a chunk at every place. */
static void
test_decoders_at_chunk_borders (void)
{
    static const struct {
        BrevEncoding encoding;
        const char *before, *line, *want;
    } cases[] = {
        { BREV_ENCODING_BASE64, "", "QUJD\n", "ABC" },
        { BREV_ENCODING_QP, "", "=41=E2=82=AC=\nx\r\n", "A\xe2\x82\xacx\r\n" },
        { BREV_ENCODING_UU, "begin 644 x\n", "#86)C\n", "abc" },
    };

    for (guint i = 0; i < 16 * G_N_ELEMENTS (cases); i++) {
        guint row = i / 16, shift = i % 16;
        g_autoptr (GString) text = g_string_new (cases[row].before);
        g_autoptr (GString) want = g_string_new (NULL);
        g_autofree char *got = NULL;
        BrevPart part = { .encoding = cases[row].encoding };
        g_autoptr (BrevBody) body = brev_body_new ();
        brev_autofd int fd = -1;

        for (guint k = 0; k < 20000; k++) {
            g_string_append (text, cases[row].line);
            g_string_append (want, cases[row].want);
        }
        for (guint k = 0; k < shift; k++)
            g_string_prepend (text, "\n");
        if (part.encoding == BREV_ENCODING_QP)
            for (guint k = 0; k < shift; k++)
                g_string_prepend (want, "\n");
        fd = test_file (text->str, text->len);
        part.length = text->len;
        brev_body_add_part (body, fd, &part, BREV_AS_BYTES);
        got = read_all (body, 1000);
        g_assert_true (strcmp (got, want->str) == 0);
    }
}

static void
test_json (void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "", "\"\"" },
        { "a\"b\\c\n", "\"a\\\"b\\\\c\\n\"" },
        { "\xff\xc3", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
        { "\x1b</script>", "\"\\u001b</script>\"" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevBody) body = brev_body_new ();
        g_autofree char *got = NULL;

        brev_body_add_json (body, cases[i].text);
        got = read_all (body, 3);
        g_assert_cmpstr (got, ==, cases[i].want);
    }
}

static void
test_append_and_rewind (void)
{
    brev_autofd int fd = test_file ("abc", 3);
    BrevPart part = { .length = 3 };
    g_autoptr (BrevBody) body = brev_body_new ();
    g_autofree char *first = NULL, *second = NULL, *third = NULL;
    guint8 digest[32], sha_of_body[32];
    gsize digest_length = sizeof sha_of_body;
    g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
    guint64 length;
    char buffer[4];

    brev_body_add (body, "[");
    for (guint i = 0; i < 500; i++) {
        BrevBody *one = brev_body_new ();
        brev_body_add (one, i > 0 ? "," : "");
        brev_body_add_part (one, fd, &part, BREV_AS_BASE64);
        brev_body_append (body, one);
    }
    brev_body_add (body, "]");
    brev_body_append (body, brev_body_new ());

    first = read_all (body, 17);
    g_assert_cmpuint (strlen (first), ==, 2 + 500 * 4 + 499);
    g_assert_cmpint (brev_body_read (body, buffer, sizeof buffer, NULL), ==, 0);
    brev_body_rewind (body);
    g_assert_cmpint (brev_body_read (body, buffer, 2, NULL), ==, 2);
    g_assert_true (brev_body_measure (body, &length, digest, NULL));
    second = read_all (body, 4096);
    g_assert_cmpstr (first, ==, second);
    g_assert_cmpuint (length, ==, strlen (first));
    g_checksum_update (checksum, (guint8 *) first, (gssize) length);
    g_checksum_get_digest (checksum, sha_of_body, &digest_length);
    g_assert_cmpmem (digest, 32, sha_of_body, 32);
    brev_body_rewind (body);
    third = read_all (body, 1);
    g_assert_cmpstr (first, ==, third);
}

/* A file that was cut short, or that cannot be read, is an error and never less body. */
static void
test_unreadable (void)
{
    brev_autofd int fd = test_file ("abc", 3);
    BrevPart part = { .length = 4 };
    static const BrevAs ways[] = { BREV_AS_BASE64, BREV_AS_JSON_TEXT, BREV_AS_BYTES,
                                   BREV_AS_LINES };

    for (guint i = 0; i < 2 * G_N_ELEMENTS (ways); i++) {
        g_autoptr (BrevBody) body = brev_body_new ();
        g_autoptr (GError) error = NULL;
        guint64 length = 77;

        brev_body_add_part (body, i % 2 == 0 ? fd : -1, &part, ways[i / 2]);
        g_assert_false (brev_body_measure (body, &length, NULL, &error));
        g_assert_error (error, BREV_ERROR, BREV_ERROR_SYSTEM);
        g_assert_cmpuint (length, ==, 77);

        g_autoptr (BrevBody) outer = brev_body_new ();
        brev_body_add_body (outer, body, BREV_AS_BASE64);
        g_clear_error (&error);
        g_assert_false (brev_body_measure (outer, &length, NULL, &error));
        g_assert_error (error, BREV_ERROR, BREV_ERROR_SYSTEM);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/body/secret", test_secret);
    g_test_add_func ("/body/parts", test_parts);
    g_test_add_func ("/body/nul-in-text", test_nul_in_text);
    g_test_add_func ("/body/nul-in-a-header", test_nul_in_a_header);
    g_test_add_func ("/body/body-in-body", test_body_in_body);
    g_test_add_func ("/body/large-body-in-body", test_large_body_in_body);
    g_test_add_func ("/body/chunk-borders", test_chunk_borders);
    g_test_add_func ("/body/decoders-at-chunk-borders", test_decoders_at_chunk_borders);
    g_test_add_func ("/body/json", test_json);
    g_test_add_func ("/body/append-and-rewind", test_append_and_rewind);
    g_test_add_func ("/body/unreadable", test_unreadable);
    return g_test_run ();
}
