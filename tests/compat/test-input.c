/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "compat/input.h"

#define ROW(text) text, sizeof text - 1

/* What the command before the message ended with. */
#define CRLF BREV_DOTS_SMTP
#define LF BREV_DOTS_SMTP_LF

/* clang-format off */
static const struct {
    const char *name;
    BrevDots dots;
    const char *in;  gsize in_length;
    const char *out; gsize out_length;
    gsize ignored; /* bytes behind the lone dot */
    gboolean has_recipients;
} cases[] = {
    /* the end */
    { "plain",                  BREV_DOTS_END,  ROW ("To: a\n\nb\n"),        ROW ("To: a\n\nb\n"), 0, TRUE },
    { "lone-dot",               BREV_DOTS_END,  ROW ("S: a\n\nb\n.\nrest"),  ROW ("S: a\n\nb\n"), 4 },
    { "lone-dot-crlf",          BREV_DOTS_END,  ROW ("S: a\r\n\r\nb\r\n.\r\nxy"), ROW ("S: a\n\nb\n"), 2 },
    { "lone-dot-cr-cr-lf",      BREV_DOTS_END,  ROW ("S: a\n\nb\n.\r\r\nx"), ROW ("S: a\n\nb\n"), 1 },
    { "lone-dot-at-the-end",    BREV_DOTS_END,  ROW ("S: a\n\nb\n."),        ROW ("S: a\n\nb\n") },
    { "lone-dot-cr-at-the-end", BREV_DOTS_END,  ROW ("S: a\n\nb\n.\r"),      ROW ("S: a\n\nb\n") },
    { "lone-dot-first",         BREV_DOTS_END,  ROW (".\nrest"),             ROW ("\n"), 4 },
    { "lone-dot-in-the-header", BREV_DOTS_END,  ROW ("S: a\n.\nTo: b\n"),    ROW ("S: a\n\n"), 6 },
    { "lone-dot-is-data",       BREV_DOTS_DATA, ROW ("S: a\n\nb\n.\nrest"),  ROW ("S: a\n\nb\n.\nrest") },
    { "dot-and-cr-is-text",     BREV_DOTS_END,  ROW ("S: a\n\n.\rx\n"),      ROW ("S: a\n\n.\rx\n") },
    { "cr-and-dot-is-text",     BREV_DOTS_END,  ROW ("S: a\n\n\r.\nx\n"),    ROW ("S: a\n\n\r.\nx\n") },
    { "dots-within-lines",      BREV_DOTS_END,  ROW ("S: a.\n\na.b.\n .\n"), ROW ("S: a.\n\na.b.\n .\n") },
    /* dots that were doubled */
    { "two-dots",               BREV_DOTS_END,  ROW ("S: a\n\n..\nx\n"),     ROW ("S: a\n\n.\nx\n") },
    { "two-dots-and-text",      BREV_DOTS_END,  ROW ("S: a\n\n..b\n...c\n"), ROW ("S: a\n\n.b\n..c\n") },
    { "one-dot-and-text",       BREV_DOTS_END,  ROW ("S: a\n\n.b\n"),        ROW ("S: a\n\n.b\n") },
    { "two-dots-are-data",      BREV_DOTS_DATA, ROW ("S: a\n\n..\n..b\n"),   ROW ("S: a\n\n..\n..b\n") },
    { "smtp-dots",              CRLF, ROW ("S: a\r\n\r\n..\r\n.b\r\n...\r\n.\r\nQUIT\r\n"),
                                                ROW ("S: a\n\n.\nb\n..\n"), 6 },
    { "smtp-dot-cr",            LF,   ROW ("S: a\n\n.\rx\n.\n"),   ROW ("S: a\n\n\rx\n") },
    /* the end in SMTP: CR LF "." CR LF, whatever stands before; no other mixture */
    { "smtp-crlf",              CRLF, ROW ("S: a\r\n\r\nb\r\n.\r\nQUIT"), ROW ("S: a\n\nb\n"), 4 },
    { "smtp-crlf-at-once",      CRLF, ROW (".\r\nQUIT"),               ROW ("\n"), 4 },
    { "smtp-crlf-twice",        CRLF, ROW ("\r\n.\r\n.\r\n"),         ROW ("\n"), 3 },
    { "smtp-lf-dot-lf",         CRLF, ROW ("S: a\r\n\r\nb\n.\nc\r\n"),  ROW ("S: a\n\nb\n.\nc\n") },
    { "smtp-lf-dot-crlf",       CRLF, ROW ("S: a\r\n\r\nb\n.\r\nc\r\n"), ROW ("S: a\n\nb\n.\nc\n") },
    { "smtp-crlf-dot-lf",       CRLF, ROW ("S: a\r\n\r\nb\r\n.\nc\r\n"), ROW ("S: a\n\nb\n.\nc\n") },
    { "smtp-crlf-dot-lf-dot-crlf", CRLF, ROW ("S: a\r\n\r\n.\n.\r\nc"), ROW ("S: a\n\n.\n.\nc") },
    { "smtp-crlf-dot-lf-then-end", CRLF, ROW ("S: a\r\n\r\n.\nb\r\n.\r\nc"), ROW ("S: a\n\n.\nb\n"), 1 },
    { "smtp-lf-dot-lf-at-once", CRLF, ROW (".\nS: a\r\n"),            ROW ("\n.\nS: a\n") },
    { "smtp-cr-dot-cr",         CRLF, ROW ("S: a\r\n\r\nb\r.\rc\r\n"),  ROW ("S: a\n\nb\r.\rc\n") },
    { "smtp-crlf-dot-cr",       CRLF, ROW ("S: a\r\n\r\nb\r\n.\rc\r\n"), ROW ("S: a\n\nb\n\rc\n") },
    { "smtp-cr-dot-crlf",       CRLF, ROW ("S: a\r\n\r\nb\r.\r\nc\r\n"), ROW ("S: a\n\nb\r.\nc\n") },
    { "smtp-cr-dot-lf",         CRLF, ROW ("S: a\r\n\r\nb\r.\nc\r\n"),  ROW ("S: a\n\nb\r.\nc\n") },
    { "smtp-crlf-dot-cr-crlf",  CRLF, ROW ("S: a\r\n\r\n.\r\r\nc\r\n"),  ROW ("S: a\n\n.\nc\n") },
    { "smtp-cr-crlf-dot-crlf",  CRLF, ROW ("S: a\r\n\r\nb\r\r\n.\r\nc"), ROW ("S: a\n\nb\n"), 1 },
    { "smtp-crlf-dot-nul",      CRLF, ROW ("S: a\r\n\r\n.\0\r\nc"),    ROW ("S: a\n\n\0\nc") },
    { "smtp-crlf-dot-space",    CRLF, ROW ("S: a\r\n\r\n. \r\nc"),     ROW ("S: a\n\n \nc") },
    { "smtp-crlf-many-dots",    CRLF, ROW ("S: a\r\n\r\n..\n..\r\n....\r\n.\r\n"), ROW ("S: a\n\n.\n.\n...\n") },
    /* a client of LF alone, until it writes one CR LF */
    { "smtp-lf",                LF,   ROW ("S: a\n\n..\nb\n.\nQUIT\n"), ROW ("S: a\n\n.\nb\n"), 5 },
    { "smtp-lf-at-once",        LF,   ROW (".\nQUIT"),                 ROW ("\n"), 4 },
    { "smtp-lf-bare-crs",       LF,   ROW ("S: a\n\n\rb\rc\n.\nQUIT"), ROW ("S: a\n\n\rb\rc\n"), 4 },
    { "smtp-lf-crlf-lf-dot-lf", LF,   ROW ("S: a\r\n\nb\n.\nc\n"),   ROW ("S: a\n\nb\n.\nc\n") },
    { "smtp-lf-dot-crlf-later", LF,   ROW ("S: a\n\n.\r\nb\n.\nc\n"), ROW ("S: a\n\n.\nb\n.\nc\n") },
    { "smtp-lf-crlf-crlf-end",  LF,   ROW ("S: a\n\nb\r\n.\r\nQUIT"), ROW ("S: a\n\nb\n"), 4 },
    { "smtp-lf-first-dot-crlf", LF,   ROW (".\r\nb\r\n.\r\n"),       ROW ("\n.\nb\n") },
    { "smtp-lf-cr-crlf",        LF,   ROW ("S: a\n\nb\r\r\n.\nc\n"),  ROW ("S: a\n\nb\n.\nc\n") },
    /* line ends */
    { "crlf",                   BREV_DOTS_DATA, ROW ("To: a\r\nS: b\r\n\r\nc\r\n"), ROW ("To: a\nS: b\n\nc\n"), 0, TRUE },
    { "crlf-then-lf",           BREV_DOTS_DATA, ROW ("To: a\r\nS: b\n\nc\r\nd\n"),  ROW ("To: a\nS: b\n\nc\nd\n"), 0, TRUE },
    { "cr-cr-lf",               BREV_DOTS_DATA, ROW ("S: b\r\r\n\r\r\r\nc\r\r\n"),  ROW ("S: b\n\nc\n") },
    { "bare-cr-stays",          BREV_DOTS_DATA, ROW ("S: b\n\nc\rd\r\re\n"),        ROW ("S: b\n\nc\rd\r\re\n") },
    { "cr-at-the-end-stays",    BREV_DOTS_DATA, ROW ("S: b\n\nc\r"),                ROW ("S: b\n\nc\r") },
    { "only-crs",               BREV_DOTS_END,  ROW ("\r\r\r"),                     ROW ("\n\r\r\r") },
    { "no-final-newline",       BREV_DOTS_END,  ROW ("S: b\n\nc\nd"),               ROW ("S: b\n\nc\nd") },
    { "nul-and-8-bit",          BREV_DOTS_END,  ROW ("S: \xe5\n\na\0b\0\n\xff\n"),  ROW ("S: \xe5\n\na\0b\0\n\xff\n") },
    /* the header */
    { "empty",                  BREV_DOTS_END,  ROW (""),                    ROW ("\n") },
    { "one-newline",            BREV_DOTS_END,  ROW ("\n"),                  ROW ("\n") },
    { "body-only",              BREV_DOTS_END,  ROW ("hello\nTo: a\n"),      ROW ("\nhello\nTo: a\n") },
    { "body-behind-empty-line", BREV_DOTS_END,  ROW ("\nhello\n"),           ROW ("\nhello\n") },
    { "body-without-newline",   BREV_DOTS_END,  ROW ("hello"),               ROW ("\nhello") },
    { "header-only",            BREV_DOTS_END,  ROW ("S: b\n"),              ROW ("S: b\n\n") },
    { "header-unterminated",    BREV_DOTS_END,  ROW ("S: b"),                ROW ("S: b\n\n") },
    { "header-crlf-only",       BREV_DOTS_END,  ROW ("S: b\r\n"),            ROW ("S: b\n\n") },
    { "header-ends-in-crlf",    BREV_DOTS_END,  ROW ("S: b\r"),              ROW ("S: b\n\n") },
    { "name-alone-is-body",     BREV_DOTS_END,  ROW ("S: b\nSubject"),       ROW ("S: b\n\nSubject") },
    { "text-in-the-header",     BREV_DOTS_END,  ROW ("S: b\nhello you\nTo: c\n"), ROW ("S: b\n\nhello you\nTo: c\n") },
    { "continuation",           BREV_DOTS_END,  ROW ("S: b\n c\n\td\n\ne\n"), ROW ("S: b\n c\n\td\n\ne\n") },
    { "continuation-of-nothing",BREV_DOTS_END,  ROW (" c\nTo: a\n"),         ROW ("\n c\nTo: a\n") },
    { "blank-continuation",     BREV_DOTS_END,  ROW ("S: b\n \nT: c\n\nd\n"), ROW ("S: b\n \nT: c\n\nd\n") },
    { "colon-first",            BREV_DOTS_END,  ROW (": b\n"),               ROW ("\n: b\n") },
    { "8-bit-name",             BREV_DOTS_END,  ROW ("S\xe5: b\n"),          ROW ("\nS\xe5: b\n") },
    { "control-in-name",        BREV_DOTS_END,  ROW ("S\x01: b\n"),          ROW ("\nS\x01: b\n") },
    { "space-before-colon",     BREV_DOTS_END,  ROW ("S : b\nT\t: c\n\nd"),  ROW ("S : b\nT\t: c\n\nd") },
    { "words-before-colon",     BREV_DOTS_END,  ROW ("Hi there: b\n"),       ROW ("\nHi there: b\n") },
    /* "From " lines */
    { "from-line",              BREV_DOTS_END,  ROW ("From a@b Mon Jan 1\nS: c\n\nd\n"), ROW ("S: c\n\nd\n") },
    { "from-lines",             BREV_DOTS_END,  ROW ("From a\n>From b\n>>From c\nS: c\n\nd\n"), ROW ("S: c\n\nd\n") },
    { "from-line-crlf",         BREV_DOTS_END,  ROW ("From a\r\nS: c\r\n\r\nd\r\n"), ROW ("S: c\n\nd\n") },
    { "from-line-undated",      BREV_DOTS_END,  ROW ("From \nTo: c\n"),      ROW ("To: c\n\n"), 0, TRUE },
    { "from-line-alone",        BREV_DOTS_END,  ROW ("From a@b"),            ROW ("\n") },
    { "from-line-then-body",    BREV_DOTS_END,  ROW ("From a\nhello\n"),     ROW ("\nhello\n") },
    { "from-word-is-body",      BREV_DOTS_END,  ROW ("From\nhello\n"),       ROW ("\nFrom\nhello\n") },
    { "from-field",             BREV_DOTS_END,  ROW ("From: a\n\nb\n"),      ROW ("From: a\n\nb\n") },
    { "from-field-with-space",  BREV_DOTS_END,  ROW ("From : a\n\nb\n"),     ROW ("From : a\n\nb\n") },
    { "from-line-in-header",    BREV_DOTS_END,  ROW ("S: a\nFrom b\n\nc\n"), ROW ("S: a\n\nFrom b\n\nc\n") },
    { "from-line-in-body",      BREV_DOTS_END,  ROW ("S: a\n\nFrom b\n"),    ROW ("S: a\n\nFrom b\n") },
    /* what -t looks for */
    { "to-empty",               BREV_DOTS_END,  ROW ("To: \nS: a\n\nb@c\n"), ROW ("To: \nS: a\n\nb@c\n") },
    { "to-in-any-case",         BREV_DOTS_END,  ROW ("tO:a\n\n"),            ROW ("tO:a\n\n"), 0, TRUE },
    { "to-in-continuation",     BREV_DOTS_END,  ROW ("To:\n \n a\n\n"),      ROW ("To:\n \n a\n\n"), 0, TRUE },
    { "bcc-with-space",         BREV_DOTS_END,  ROW ("bCC : a\n\n"),         ROW ("bCC : a\n\n"), 0, TRUE },
    { "resent-cc",              BREV_DOTS_END,  ROW ("Resent-Cc: a\n\n"),    ROW ("Resent-Cc: a\n\n"), 0, TRUE },
    { "apparently-to",          BREV_DOTS_END,  ROW ("Apparently-To: a\n"),  ROW ("Apparently-To: a\n\n"), 0, TRUE },
    { "not-to",                 BREV_DOTS_END,  ROW ("X-To: a\nTox: b\n\n"), ROW ("X-To: a\nTox: b\n\n") },
    { "to-in-the-body",         BREV_DOTS_END,  ROW ("S: a\n\nTo: b\n"),     ROW ("S: a\n\nTo: b\n") },
};
/* clang-format on */

static GBytes *
message_bytes (BrevMessageBytes *message)
{
    g_autofree char *bytes = g_malloc (message->length + 1);

    if (message->fd < 0) {
        g_assert_cmpuint (message->memory->len, ==, message->length);
        return g_bytes_new (message->memory->data, message->length);
    }
    g_assert_cmpint (brev_read_at (message->fd, bytes, message->length + 1, 0), ==,
                     message->length);
    return g_bytes_new (bytes, message->length);
}

/* Feeds @in in pieces of @step bytes. */
static void
feed (BrevInput *input, const char *in, gsize length, gsize step, gsize *ignored)
{
    for (gsize at = 0; at < length; at += step) {
        gsize piece = MIN (step, length - at);
        *ignored += piece - brev_input_feed (input, in + at, piece);
    }
}

static void
test_case (gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE (data);
    const BrevInputRules rules = { cases[i].dots, 1000000 };

    for (gsize step = 1; step <= cases[i].in_length + 1; step++) {
        g_autoptr (BrevInput) input = brev_input_new (&rules);
        g_auto (BrevMessageBytes) message = { .fd = -1 };
        g_autoptr (GError) error = NULL;
        gsize ignored = 0;

        feed (input, cases[i].in, cases[i].in_length, step, &ignored);
        g_assert_true (brev_input_finish (input, &message, &error));
        g_assert_no_error (error);
        g_autoptr (GBytes) got = message_bytes (&message);
        g_assert_cmpmem (g_bytes_get_data (got, NULL), g_bytes_get_size (got),
                         cases[i].out, cases[i].out_length);
        g_assert_cmpuint (ignored, ==, cases[i].ignored);
        g_assert_cmpint (brev_input_has_recipients (input), ==, cases[i].has_recipients);
    }
}

static GString *
random_text (GRand *rand)
{
    static const char *const words[] = { "\n", "\n",       "\r",  "\r\n", ".",     "..",
                                         "a",  "To: b",    " ",   ":",    "From ", ">",
                                         "\t", "Subject:", "x y", "" };
    GString *text = g_string_new (NULL);
    gint32 n = g_rand_int_range (rand, 0, 40);

    for (gint32 i = 0; i < n; i++)
        g_string_append (text, words[g_rand_int_range (rand, 0, G_N_ELEMENTS (words))]);
    return text;
}

static GBytes *
convert (const GString *text, BrevDots dots, GRand *rand, gsize *ignored)
{
    const BrevInputRules rules = { dots, 1000000 };
    g_autoptr (BrevInput) input = brev_input_new (&rules);
    g_auto (BrevMessageBytes) message = { .fd = -1 };

    for (gsize at = 0; at < text->len;) {
        gsize piece = rand == NULL ? text->len : (gsize) g_rand_int_range (rand, 1, 6);
        piece = MIN (piece, text->len - at);
        *ignored += piece - brev_input_feed (input, text->str + at, piece);
        at += piece;
    }
    g_assert_true (brev_input_finish (input, &message, NULL));
    return message_bytes (&message);
}

/* Pieces of any size give what the whole gives, and what came out stays as it is when it
 * goes in again with -i. */
static void
test_properties (void)
{
    g_autoptr (GRand) rand = g_rand_new_with_seed (20261123);

    for (guint i = 0; i < 20000; i++) {
        g_autoptr (GString) text = random_text (rand);
        BrevDots dots = (BrevDots) g_rand_int_range (rand, 0, 4);
        gsize whole_ignored = 0, pieces_ignored = 0, again_ignored = 0;
        g_autoptr (GBytes) whole = convert (text, dots, NULL, &whole_ignored);
        g_autoptr (GBytes) pieces = convert (text, dots, rand, &pieces_ignored);
        g_autoptr (GString) out = g_string_new_len (g_bytes_get_data (whole, NULL),
                                                    (gssize) g_bytes_get_size (whole));
        g_autoptr (GBytes) again = convert (out, BREV_DOTS_DATA, NULL, &again_ignored);

        g_assert_cmpmem (g_bytes_get_data (whole, NULL), g_bytes_get_size (whole),
                         g_bytes_get_data (pieces, NULL), g_bytes_get_size (pieces));
        g_assert_cmpuint (whole_ignored, ==, pieces_ignored);
        g_assert_true (g_bytes_equal (whole, again));
        g_assert_cmpuint (again_ignored, ==, 0);
        g_assert_true (out->str[0] == '\n' || strstr (out->str, "\n\n") != NULL ||
                       memchr (out->str, 0, out->len) != NULL);
    }
}

/* A line that never shows what it is costs no memory and is body in the end. */
static void
test_long_name (void)
{
    const BrevInputRules rules = { BREV_DOTS_END, 1000000 };
    g_autoptr (GString) text = g_string_new (NULL);

    for (gsize length = 900; length <= 1100; length += 7) {
        g_autoptr (BrevInput) input = brev_input_new (&rules);
        g_auto (BrevMessageBytes) message = { .fd = -1 };
        gsize ignored = 0;

        g_string_truncate (text, 0);
        for (gsize i = 0; i < length; i++)
            g_string_append_c (text, 'x');
        g_string_append (text, ": y\n");
        feed (input, text->str, text->len, 64, &ignored);
        g_assert_true (brev_input_finish (input, &message, NULL));
        g_autoptr (GBytes) got = message_bytes (&message);
        g_assert_cmpuint (g_bytes_get_size (got), ==, text->len + 1);
        g_assert_cmpint (*(const char *) g_bytes_get_data (got, NULL) == '\n', ==,
                         length > 997);
    }
}

static void
test_from_line (void)
{
    const BrevInputRules rules = { BREV_DOTS_DATA, 1000000 };
    g_autoptr (BrevInput) input = brev_input_new (&rules);
    const char *text = "From a@b Mon\n>From c@d\nS: x\n";
    gsize ignored = 0;

    g_assert_null (brev_input_from_line (input));
    feed (input, text, strlen (text), 1, &ignored);
    g_assert_cmpstr (brev_input_from_line (input), ==, "From a@b Mon\n");
}

static void
test_no_recipient (void)
{
    static const struct {
        const char *in, *out;
        guint hops;
    } rows[] = {
        { "", "To: x\n\n" },
        { "S: a", "S: a\nTo: x\n\n" },
        { "S: a\n\nb\n", "S: a\nTo: x\n\nb\n" },
        { "text\n", "To: x\n\ntext\n" },
        { "S: a\ntext\n", "S: a\nTo: x\n\ntext\n" },
        { "From a@b\n\nb", "To: x\n\nb" },
        { "bcc : a\n\nb\n", "bcc : a\n\nb\n" },
        { "Resent-To:\n\n", "Resent-To:\n\n" },
        { "Received: 1\nreceived : 2\nX-Received: 3\n\nReceived: 4\n",
          "Received: 1\nreceived : 2\nX-Received: 3\nTo: x\n\nReceived: 4\n", 2 },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
        for (gsize step = 1; step < 8; step++) {
            const BrevInputRules rules = { BREV_DOTS_DATA, 1000, "To: x\n" };
            g_autoptr (BrevInput) input = brev_input_new (&rules);
            g_auto (BrevMessageBytes) message = { .fd = -1 };
            gsize ignored = 0;
            feed (input, rows[i].in, strlen (rows[i].in), step, &ignored);
            g_assert_true (brev_input_finish (input, &message, NULL));
            g_autoptr (GBytes) got = message_bytes (&message);
            g_assert_cmpmem (g_bytes_get_data (got, NULL), g_bytes_get_size (got),
                             rows[i].out, strlen (rows[i].out));
            g_assert_cmpuint (brev_input_hops (input), ==, rows[i].hops);
        }
}

static void
test_too_large (void)
{
    const BrevInputRules rules = { BREV_DOTS_DATA, 20 };
    g_autoptr (BrevInput) input = brev_input_new (&rules);
    g_auto (BrevMessageBytes) message = { .fd = -1 };
    g_autoptr (GError) error = NULL;
    gsize ignored = 0;

    feed (input, ROW ("S: a\n\nmore than twenty bytes\n"), 4, &ignored);
    g_assert_false (brev_input_finish (input, &message, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
    g_assert_null (message.memory);
}

static void
test_spills (void)
{
    const BrevInputRules rules = { BREV_DOTS_END, 100 * 1000 * 1000 };
    g_autoptr (BrevInput) input = brev_input_new (&rules);
    g_auto (BrevMessageBytes) message = { .fd = -1 };
    const char *line = "a line of text with CRLF, of which there are many\r\n";
    gsize length = strlen (line), ignored = 0;
    struct stat info;

    feed (input, ROW ("S: a\r\n\r\n"), 100, &ignored);
    for (guint i = 0; i < 20000; i++)
        feed (input, line, length, length, &ignored);
    g_assert_true (brev_input_finish (input, &message, NULL));
    g_assert_cmpint (message.fd, >=, 0);
    g_assert_cmpuint (message.memory->len, ==, 0);
    g_assert_cmpint (fstat (message.fd, &info), ==, 0);
    g_assert_cmpuint (info.st_nlink, ==, 0);
    g_assert_cmpint (info.st_size, ==, message.length);
    g_assert_cmpuint (message.length, ==, 6 + 20000 * (length - 1));
    g_autoptr (GBytes) got = message_bytes (&message);
    g_assert_null (memchr (g_bytes_get_data (got, NULL), '\r', g_bytes_get_size (got)));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *path = g_strconcat ("/input/", cases[i].name, NULL);
        g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_case);
    }
    g_test_add_func ("/input/properties", test_properties);
    g_test_add_func ("/input/long-name", test_long_name);
    g_test_add_func ("/input/from-line-is-told", test_from_line);
    g_test_add_func ("/input/too-large", test_too_large);
    g_test_add_func ("/input/no-recipient", test_no_recipient);
    g_test_add_func ("/input/spills", test_spills);
    return g_test_run ();
}
