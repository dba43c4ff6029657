/* SPDX-License-Identifier: MIT */
#include "transport/talk.h"

#include <string.h>

#include "transport/dots.h"

/* -- dots ---------------------------------------------------------------------------- */

/* However the message is cut into chunks. */
static void
test_dots (void)
{
    static const struct {
        const char *message, *wanted;
        guint64 size;
    } rows[] = {
        { "", "", 0 },
        { "a", "a\r\n", 3 },
        { ".", "..\r\n", 3 },
        { "\n", "\r\n", 2 },
        { "a\n.\r\n..b.\n", "a\r\n..\r\n...b.\r\n", 12 },
        { "a\r", "a\r\n", 3 },
        { "a\rb", "a b\r\n", 5 },
        { "a\r.\r\n", "a .\r\n", 5 },
        { "a\n\r.\n", "a\r\n .\r\n", 7 },
        { "a\r\r\nb\n", "a\r\nb\r\n", 6 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
        gsize length = strlen (rows[i].message);
        for (gsize cut = 0; cut <= length; cut++) {
            BrevDots dots = { 0 };
            g_autoptr (GString) out = g_string_new (NULL);
            brev_dots_add (&dots, rows[i].message, cut, out);
            brev_dots_add (&dots, rows[i].message + cut, length - cut, out);
            brev_dots_end (&dots, out);
            g_assert_cmpstr (out->str, ==, rows[i].wanted);
            g_assert_cmpuint (dots.size, ==, rows[i].size);
            g_assert_false (dots.is_8bit);
        }
    }
}

/* -- replies ------------------------------------------------------------------------- */

static void
test_lines (void)
{
    static const struct {
        const char *lines; /* "|" between them */
        int code;          /* 0: no reply; -1: not complete */
        const char *text;
    } rows[] = {
        { "250 ok", 250, "ok" },     { "250", 250, "" },
        { "250 ", 250, "" },         { "250-a|250-b|250 c", 250, "a\nb\nc" },
        { "250-|250", 250, "\n" },   { "250-a", -1, NULL },
        { "250-a|251 b", 0, NULL },  { "250-a|550 b", 0, NULL },
        { "25", 0, NULL },           { "", 0, NULL },
        { "2500", 0, NULL },         { "150 a", 0, NULL },
        { "650 a", 0, NULL },        { "HTTP/1.1 400 Bad", 0, NULL },
        { "250 a|550 b", 550, "b" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_auto (GStrv) lines = g_strsplit (rows[i].lines, "|", -1);
        BrevSmtpLines reply = { 0 };
        gboolean is_sound = TRUE;
        for (guint j = 0; j < MAX (g_strv_length (lines), 1); j++)
            is_sound = is_sound &&
                       brev_smtp_lines_add (&reply, lines[j] != NULL ? lines[j] : "");
        g_assert_cmpint (is_sound, ==, rows[i].code != 0);
        if (is_sound)
            g_assert_cmpint (reply.is_complete ? reply.code : -1, ==, rows[i].code);
        if (rows[i].text != NULL)
            g_assert_cmpstr (reply.text->str, ==, rows[i].text);
        brev_smtp_lines_clear (&reply);
    }
}

static void
test_extensions (void)
{
    g_assert_cmpint (
        brev_smtp_extensions ("size\nSize 1000\ndsn\nPIPELINING\nAUTH SMTPUTF8"), ==,
        BREV_SMTP_SIZE | BREV_SMTP_DSN | BREV_SMTP_PIPELINING);
    g_assert_cmpint (brev_smtp_extensions ("SIZE"), ==, 0);
    g_assert_cmpint (brev_smtp_extensions ("a\nSIZEX\nXSIZE"), ==, 0);
}

static void
test_size (void)
{
    static const struct {
        const char *ehlo;
        guint64 limit;
        gboolean is_offered; /* a message of 1.5 MB */
    } rows[] = {
        { "a", 0, TRUE },
        { "a\nSIZE", 0, TRUE },
        { "a\nSIZE 0", 0, TRUE },
        { "a\nsize 1600000\nDSN", 1600000, TRUE },
        { "a\nSIZE 1499999", 1499999, FALSE },
        { "SIZE 10", 0, TRUE },
        { "a\nXSIZE 10", 0, TRUE },
    };
    g_autofree char *text = g_strnfill (1499998, 'x');

    for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
        guint64 limit = brev_smtp_size_limit (rows[i].ehlo);
        g_autoptr (BrevSmtp) smtp = brev_smtp_new ("a@b");
        g_autoptr (BrevBody) body = brev_body_new ();
        brev_body_add (body, text);
        brev_body_add (body, "\r\n");
        brev_smtp_add_recipient (smtp, "c@d", NULL, NULL);
        g_autoptr (BrevTalk) talk =
            brev_talk_new (smtp, body, BREV_SMTP_SIZE, limit, NULL);
        g_assert_cmpuint (limit, ==, rows[i].limit);
        g_assert_cmpint (brev_talk_is_over (talk), ==, !rows[i].is_offered);
        if (rows[i].is_offered)
            continue;
        g_assert_cmpint (brev_talk_answer (talk)->last.code, ==, 552);
        g_assert_cmpstr (brev_talk_answer (talk)->last.text, ==,
                         "5.3.4 the message has 1.5 MB, and the server takes 1.5 MB");
    }
}

/* -- the transaction ----------------------------------------------------------------- */

/* What a server says that is mostly mad, and what it must never lead to: the message only after a
 * recipient and 354, and a word of success only after the final dot. */
static BrevTalkState
say_anything (BrevTalk *talk, GRand *dice, const char *wire, gboolean was_complete)
{
    static const int codes[] = { 250, 250, 250, 354, 354, 421, 450, 550, 220 };
    int usual = g_str_has_suffix (wire, "DATA\r\n") ? 354 : 250;
    int code = g_rand_int_range (dice, 0, 4) > 0
                   ? usual
                   : codes[g_rand_int_range (dice, 0, G_N_ELEMENTS (codes))];
    BrevTalkState state = brev_talk_hear (talk, code, "text");
    const BrevSmtpAnswer *answer = brev_talk_answer (talk);

    if (state == BREV_TALK_IS_OVER && answer->last.code / 100 == 2)
        g_assert_true (was_complete);
    return state;
}

static void
write_random (BrevTalk *talk, GRand *dice, GString *wire)
{
    g_autoptr (GError) error = NULL;
    const char *bytes;
    gssize length = brev_talk_pending (talk, &bytes, &error);

    g_assert_no_error (error);
    if (length > 0) {
        length = g_rand_int_range (dice, 0, (gint32) length + 1);
        g_string_append_len (wire, bytes, length);
        brev_talk_sent (talk, (gsize) length);
    }
}

static void
test_lies (void)
{
    g_autoptr (GRand) dice = g_rand_new_with_seed (42);
    guint n_complete = 0;

    for (guint i = 0; i < 20000; i++) {
        g_autoptr (BrevSmtp) smtp = brev_smtp_new ("a@example.com");
        g_autoptr (BrevBody) body = brev_body_new ();
        g_autoptr (GString) wire = g_string_new (NULL);
        BrevTalkState state = BREV_TALK_GOES_ON;
        gboolean was_complete = FALSE;
        brev_body_add (body, "Subject: x\n\n.\n");
        brev_smtp_add_recipient (smtp, "b@example.org", NULL, NULL);
        brev_smtp_add_recipient (smtp, "ü@example.org", NULL, NULL);
        g_autoptr (BrevTalk) talk =
            brev_talk_new (smtp, body, g_rand_int_range (dice, 0, 32), 0, NULL);
        for (guint turn = 0; turn < 60 && state == BREV_TALK_GOES_ON; turn++) {
            write_random (talk, dice, wire);
            was_complete = g_str_has_suffix (wire->str, "\r\n\r\n..\r\n.\r\n");
            if (brev_talk_answer (talk)->stage == BREV_SMTP_BODY)
                g_assert_nonnull (strstr (wire->str, "DATA\r\n"));
            g_assert_cmpint (strstr (wire->str, "\r\n..\r\n.") != NULL, ==,
                             brev_talk_answer (talk)->stage == BREV_SMTP_END);
            if (g_rand_int_range (dice, 0, 4) == 0)
                state = say_anything (talk, dice, wire->str, was_complete);
        }
        n_complete += was_complete && state == BREV_TALK_IS_OVER;
    }
    g_assert_cmpuint (n_complete, >, 100);
}

static void
test_envelopes (void)
{
    static const struct {
        const char *sender, *recipient, *notify, *orcpt;
        gboolean is_sound;
    } rows[] = {
        { "", "a@b", NULL, NULL, TRUE },
        { "\"a b>\"@c", "\"x\\\"<\"@b", "NEVER", "rfc822;a+2B@b", TRUE },
        { "a b@c", "a@b", NULL, NULL, FALSE },
        { "a@c>", "a@b", NULL, NULL, FALSE },
        { "\"a@c", "a@b", NULL, NULL, FALSE },
        { "\"a\n\"@c", "a@b", NULL, NULL, FALSE },
        { "a@c", "", NULL, NULL, FALSE },
        { "a@c", "a@b\r\nDATA", NULL, NULL, FALSE },
        { "a@c", "a@b", "NEVER X=1", NULL, FALSE },
        { "a@c", "a@b", NULL, "rfc822;a b", FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autoptr (BrevSmtp) smtp = brev_smtp_new (rows[i].sender);
        g_autoptr (BrevBody) body = brev_body_new ();
        g_autoptr (GError) error = NULL;
        brev_smtp_add_recipient (smtp, rows[i].recipient, rows[i].notify, rows[i].orcpt);
        g_autoptr (BrevTalk) talk = brev_talk_new (smtp, body, 0, 0, &error);
        g_assert_cmpint (talk != NULL, ==, rows[i].is_sound);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/dots/cut-anywhere", test_dots);
    g_test_add_func ("/smtp/lines", test_lines);
    g_test_add_func ("/smtp/extensions", test_extensions);
    g_test_add_func ("/smtp/size", test_size);
    g_test_add_func ("/talk/lies", test_lies);
    g_test_add_func ("/talk/envelopes", test_envelopes);
    return g_test_run ();
}
