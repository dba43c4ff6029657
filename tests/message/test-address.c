/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "message/address.h"
#include "support.h"

/* "{address}" or "{name|address}" for each mailbox, "!piece!" for each bad one. */
static char *
show (const BrevAddressList *list)
{
    GString *text = g_string_new (list->has_group ? "group" : NULL);

    for (guint i = 0; i < list->mailboxes->len; i++) {
        const BrevMailbox *mailbox = g_ptr_array_index (list->mailboxes, i);
        g_assert_true (g_utf8_validate (mailbox->address, -1, NULL));
        if (mailbox->name != NULL)
            g_string_append_printf (text, "{%s|%s}", mailbox->name, mailbox->address);
        else
            g_string_append_printf (text, "{%s}", mailbox->address);
    }
    for (guint i = 0; i < list->bad->len; i++)
        g_string_append_printf (text, "!%s!", (char *) g_ptr_array_index (list->bad, i));
    return g_string_free (text, FALSE);
}

/* clang-format off */
static const struct {
    const char *text, *want;
} addresses[] = {
    { "", "" },
    { " \t\n ", "" },
    { "a@x", "{a@x}" },
    { "root", "{root}" },
    { "<root>", "{root}" },
    { "<a@x>", "{a@x}" },
    { "a@x,b@y", "{a@x}{b@y}" },
    { "a@x b@x", "{a@x}{b@x}" },                       /* as Postfix reads them */
    { "a@x; b@x", "{a@x}{b@x}" },
    { "a@x,, ,b@x,", "{a@x}{b@x}" },
    { "N <a@x>", "{N|a@x}" },
    { "N<a@x>", "{N|a@x}" },
    { "\"N\"<a@x>", "{N|a@x}" },
    { "\"Doe, J\" <a@x>", "{Doe, J|a@x}" },
    { "\"a \\\"b\\\" \\\\\" <a@x>", "{a \"b\" \\|a@x}" },
    { "John Q. Public <a@x>", "{John Q. Public|a@x}" },
    { "root (Cron Daemon)", "{Cron Daemon|root}" },
    { "a@x (c (nested) d)", "{c (nested) d|a@x}" },
    { "a@x (a, b; c)", "{a, b; c|a@x}" },
    { "(before) a@x", "{before|a@x}" },
    { "\"q\" (c) <a@x> (d)", "{q|a@x}" },
    { "<a@x> (c)", "{c|a@x}" },
    { "(only)", "" },
    { "(never closed a@x", "!(never closed a@x!" },
    { "a@x (never closed, b@x", "!a@x (never closed, b@x!" },
    { "<>", "" },
    { "N <>", "!N <>!" },
    { "<@r,@s:u@v>", "{u@v}" },
    { "N <@r:u@v>, w@x", "{N|u@v}{w@x}" },
    { "\"a b\"@x", "{\"a b\"@x}" },
    { "<\"a b\"@x>", "{\"a b\"@x}" },
    { "\"a@b\"@x", "{\"a@b\"@x}" },
    { "\"a\\\"b\"@x", "{\"a\\\"b\"@x}" },
    { "a.\"b c\".d@x", "{a.\"b c\".d@x}" },
    { "\"x\"", "{\"x\"}" },
    { "\"x@y\"", "{\"x@y\"}" },
    { "a@[1.2.3.4]", "{a@[1.2.3.4]}" },
    { "<a@[IPv6:::1]>", "{a@[IPv6:::1]}" },
    { "a@[1.2.3.4", "!a@[1.2.3.4!" },
    { "[a@x]", "![a@x]!" },
    { "a @ x", "{a@x}" },
    { "a . b @ x . y", "{a.b@x.y}" },
    { "a@x.", "{a@x}" },
    { "a@x.y.", "{a@x.y}" },
    { "'a@x'", "{a@x}" },
    { "o'hara@x", "{o'hara@x}" },
    { "o\\'hara\\=a@x, a\\b@x, \\a@x", "{o'hara=a@x}!a\\b@x!!\\a@x!" },
    { "\"o\\'hara\"@x, b\\@x", "{\"o\\'hara\"@x}!b\\@x!" },
    { "-f@x", "{-f@x}" },
    { "a+b=c/d%e!f@x", "{a+b=c/d%e!f@x}" },
    { "a@x_y.z", "{a@x_y.z}" },
    { "j\xc3\xb8rn@d\xc3\xa6n.dk", "{j\xc3\xb8rn@d\xc3\xa6n.dk}" },
    { "a@xn--dn-0ia.dk", "{a@xn--dn-0ia.dk}" },        /* GMime makes letters of it */
    { "a\xff@x", "!a\xff@x!" },
    { "=?utf-8?q?Doe=2C_J?= <d@x>", "{Doe, J|d@x}" },
    { "=?utf-8?q?Doe,_J_<;?= <d@x>", "{Doe, J <;|d@x}" },
    { "\"=?utf-8?q?J=C3=B8rn?=\" <d@x>", "{J\xc3\xb8rn|d@x}" },
    { "=?utf-8?q?a=0D=0Ab?= <d@x>", "{a  b|d@x}" },
    { "=?utf-8?B?SsO4?= =?UTF-8?b?cm4=?= <d@x>", "{J\xc3\xb8rn|d@x}" },
    { "J\xf8rn <d@x>", "{J\xc3\xb8rn|d@x}" },
    { "=?utf-8?q?a=40x?=", "!=?utf-8?q?a=40x?=!" },
    { "undisclosed-recipients:;", "group" },
    { "undisclosed-recipients: ;, a@x", "group{a@x}" },
    { "g: a@x, N <b@x>;, c@x", "group{a@x}{N|b@x}{c@x}" },
    { "\"g h\": a@x;", "group{a@x}" },
    { "g: a@x", "group{a@x}" },
    { "g: h: a@x;;", "group{a@x}" },
    { "mailto:a@x", "group{a@x}" },
    { "a@", "!a@!" },
    { "@x", "!@x!" },
    { "a@b@c", "!a@b@c!" },                            /* GMime: a@b */
    { "<a@b@c>", "!<a@b@c>!" },
    { "a..b@x", "!a..b@x!" },
    { ".a@x", "!.a@x!" },
    { "a.@x", "!a.@x!" },
    { "a@x..y", "!a@x..y!" },
    { "a@.x", "!a@.x!" },
    { "a@x/y", "{a@x/y}" },                             /* as GMime reads it */
    { "a\\@b@c", "!a\\@b@c!" },
    { "Foo Bar", "!Foo Bar!" },
    { "Foo a@x", "!Foo a@x!" },
    { "a@x y z", "!a@x y z!" },
    { "a b@x", "!a b@x!" },
    { "good@x, a b, also@y", "{good@x}{also@y}!a b!" },
    { "a@x\x01y", "!a@x\x01y!" },
    { "<a@x\r\nBcc: b@y>", "!<a@x\r\nBcc: b@y>!" },
    { "\"a\nb\"@x", "!\"a\nb\"@x!" },
    { "\"a\xc2\x85" "b\"@x", "!\"a\xc2\x85" "b\"@x!" },
    { "N <a@x", "{N|a@x}" },
    { "N <a@x, b@y", "{N|a@x}{b@y}" },
    { "a@x>", "{a@x}" },
    { "N <<a@x>>", "{N|a@x}" },
    { "\"N <a@x>", "!\"N <a@x>!" },                    /* an open quote holds all of it */
    { "<a@x> <b@y>", "{a@x}{b@y}" },
    { "<a@x> N <b@y>", "{a@x}{N|b@y}" },
    { "<a@x> b@y", "!<a@x> b@y!" },
    { "<a@x> trailing", "!<a@x> trailing!" },
    { "a@b c <d@e>", "!a@b c <d@e>!" },
    { "a@b <d@e>", "{a@b|d@e}" },
    { "a@x b@x c", "!a@x b@x c!" },
    { "a@x b@x <c@x", "!a@x b@x <c@x!" },
    { "a@x \"b@x\"", "!a@x \"b@x\"!" },
    { "a@x g: b@x;", "group{b@x}!a@x g!" },            /* no name of a group */
    { "<a@x g:b@x>", "!<a@x g:b@x>!" },
    { "<a@x> g:b@x;", "!<a@x> g:b@x!" },
    { "a@[x>,b@y]", "!a@[x>,b@y]!" },
    { "<@r, a@x, b@x", "{a@x}{b@x}!<@r!" },
    { "'N' <a@x>", "{'N'|a@x}" },
    { "\"a@x\" <a@x>", "{a@x|a@x}" },
    { "a@x(c),b@y(d)", "{c|a@x}{d|b@y}" },
    { ",;,;", "" },
    { "\\", "!\\!" },
    { "\"", "!\"!" },
};
/* clang-format on */

static void
test_addresses (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (addresses); i++) {
        g_autoptr (GError) error = NULL;
        g_autoptr (BrevAddressList) list = brev_address_parse (addresses[i].text, &error);
        g_autofree char *got = NULL;

        g_assert_no_error (error);
        got = show (list);
        if (strcmp (got, addresses[i].want) != 0)
            g_test_message ("'%s' is '%s', not '%s'", addresses[i].text, got,
                            addresses[i].want);
        g_assert_cmpstr (got, ==, addresses[i].want);
    }
}

static char *
repeat (const char *text, guint n)
{
    GString *all = g_string_new (NULL);

    while (n-- > 0)
        g_string_append (all, text);
    return g_string_free (all, FALSE);
}

static void
test_limits (void)
{
    static const struct {
        const char *text;
        guint n;
        guint want; /* mailboxes; 0: refused */
    } cases[] = {
        { "some.body@example.com, ", 3000, 3000 },
        { "a@x,", 10000, 10000 },
        { "a@x,", 10001, 0 },
        { "a..b,", 10001, 0 },
        { "g:", 50000, 0 },
        { "g:", 9, 0 },
        { "a@x ", 10001, 0 },
        { "a@x ", 1000, 1000 },
        { "x", 512 * 1024 + 1, 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (GError) error = NULL;
        g_autofree char *text = repeat (cases[i].text, cases[i].n);
        g_autoptr (BrevAddressList) list = brev_address_parse (text, &error);

        if (cases[i].want == 0) {
            g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
            continue;
        }
        g_assert_no_error (error);
        g_assert_cmpuint (list->mailboxes->len, ==, cases[i].want);
        g_assert_cmpuint (list->bad->len, ==, 0);
    }
}

/* What would be slow if each byte were looked at more than a few times. */
static void
test_hostile_shapes (void)
{
    static const char *const shapes[] = { "(",  "\"",    "<",   "=?",     "a@",  "a ",
                                          ".",  "\\",    "[",   ">",      "<@",  "<:",
                                          "[:", "<a>g:", "[:]", "=?a?b?", "(\\", "<a>" };

    for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
        g_autoptr (GError) error = NULL;
        g_autofree char *text =
            repeat (shapes[i], 512 * 1024 / (guint) strlen (shapes[i]));
        g_autoptr (BrevAddressList) list = brev_address_parse (text, &error);

        if (error != NULL)
            g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
        else
            g_assert_cmpuint (list->mailboxes->len, ==, 0);
    }
}

/* clang-format off */
static const struct {
    const char *header, *to, *cc, *bcc;
    gboolean is_resent;
} headers[] = {
    { "To: a@x\nCc: b@x\nBcc: c@x\n\n", "{a@x}", "{b@x}", "{c@x}", FALSE },
    { "TO: a@x\nbCC : b@x\ncc\t:c@x\n\n", "{a@x}", "{c@x}", "{b@x}", FALSE },
    { "To: a@x\nTo: b@x\n\n", "{a@x}{b@x}", "", "", FALSE },
    { "Apparently-To: a@x\n\n", "", "", "{a@x}", FALSE },
    { "To: a@x,\n b@x,\n\tc@x\nX: d@x\n\n", "{a@x}{b@x}{c@x}", "", "", FALSE },
    { "To: a@x\r\n ,b@x\r\nCc: c@x\r\n\r\nBcc: d@x\r\n", "{a@x}{b@x}", "{c@x}", "", FALSE },
    { "To: a@x\nResent-To: b@x\nresent-cc: c@x\nResent-Bcc: d@x\nBcc: e@x\n\n", "{b@x}", "{c@x}", "{d@x}", TRUE },
    { "Resent-To: a@x\nResent-To: b@x\n\n", "{a@x}{b@x}", "", "", TRUE },
    { "Resent-From: a@x\nTo: b@x\n\n", "{b@x}", "", "", FALSE },
    { "To: undisclosed-recipients:;\nBcc: a@x\n\n", "group", "", "{a@x}", FALSE },
    { "To: a@x, b c\n\n", "{a@x}!b c!", "", "", FALSE },
    { "To: a@x\nno field\nCc: b@x\n\n", "{a@x}", "", "", FALSE },
    { "\nTo: a@x\n", "", "", "", FALSE },
    { "To: a@x", "{a@x}", "", "", FALSE },
    { "", "", "", "", FALSE },
    { "X-To: a@x\nTo-X: b@x\n\n", "", "", "", FALSE },
    { "To:\nCc: ,\nBcc: ()\n\n", "", "", "", FALSE },
};
/* clang-format on */

static void
check_list (const BrevAddressList *list, const char *want)
{
    g_autofree char *got = show (list);

    g_assert_cmpstr (got, ==, want);
}

static void
test_header_recipients (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
        g_autofree char *file =
            g_strconcat ("frame ", headers[i].header, "To: behind@x\n", NULL);
        brev_autofd int fd = test_file (file, strlen (file));
        g_autoptr (GError) error = NULL;
        g_autoptr (BrevHeaderRecipients) got =
            brev_header_recipients_read (fd, 6, strlen (headers[i].header), &error);

        g_assert_no_error (error);
        g_test_message ("%u: %s", i, headers[i].header);
        check_list (got->to, headers[i].to);
        check_list (got->cc, headers[i].cc);
        check_list (got->bcc, headers[i].bcc);
        g_assert_cmpint (got->is_resent, ==, headers[i].is_resent);
    }
}

static void
test_nul_is_bad (void)
{
    static const char header[] = "To: a@x\0b, c@x\n\n";
    brev_autofd int fd = test_file (header, sizeof header - 1);
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevHeaderRecipients) got =
        brev_header_recipients_read (fd, 0, sizeof header - 1, &error);

    g_assert_no_error (error);
    check_list (got->to, "{c@x}!a@x\x01"
                         "b!");
}

/* clang-format off */
static const struct {
    const char *address, *name;
    gboolean ascii;
    const char *want;
} formats[] = {
    { "a@x", NULL, TRUE, "a@x" },
    { "a@x", "", TRUE, "a@x" },
    { "a@x", "Ann Lee", TRUE, "Ann Lee <a@x>" },
    { "a@x", "O'Hara & Sons!", FALSE, "O'Hara & Sons! <a@x>" },
    { "a@x", "Lee, Ann", TRUE, "\"Lee, Ann\" <a@x>" },
    { "a@x", "J. Lee", TRUE, "\"J. Lee\" <a@x>" },
    { "a@x", "a \"b\" \\c", TRUE, "\"a \\\"b\\\" \\\\c\" <a@x>" },
    { "a@x", "b@y", TRUE, "\"b@y\" <a@x>" },
    { "a@x", "J\xc3\xb8rn", TRUE, "=?UTF-8?b?SsO4cm4=?= <a@x>" },
    { "a@x", "J\xc3\xb8rn", FALSE, "J\xc3\xb8rn <a@x>" },
    { "a@x", "L\xc3\xb8, J", FALSE, "\"L\xc3\xb8, J\" <a@x>" },
    { "a@x", "=?utf-8?q?x?=", TRUE, "\"=?utf-8?q?x?=\" <a@x>" },
    { "a@x", "a\r\nBcc: b@y", TRUE, "\"a  Bcc: b@y\" <a@x>" },
    { "j\xc3\xb8@x", "J", TRUE, "J <j\xc3\xb8@x>" },
};
/* clang-format on */

static void
test_format (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
        g_autoptr (BrevMailbox) mailbox =
            brev_mailbox_new (formats[i].address, formats[i].name);
        g_autofree char *got = brev_mailbox_format (mailbox, formats[i].ascii);

        g_assert_cmpstr (got, ==, formats[i].want);
    }
}

/* What is written is read again as what it was. */
static void
test_format_and_parse (void)
{
    static const char *const names[] = {
        "Ann",
        "a, b; c",
        "\"q\"",
        "\\",
        "J\xc3\xb8rn, \xe2\x82\xac",
        "a (b) <c> [d]",
        "x  y",
        "=",
        "\xf0\x9f\x95\x8a pigeon",
        "A very long name \xc3\xa6 that needs more than one encoded word because it goes on and on and on \xc3\xa5",
    };

    for (guint i = 0; i < 2 * G_N_ELEMENTS (names); i++) {
        g_autoptr (BrevMailbox) mailbox = brev_mailbox_new ("a@x", names[i / 2]);
        g_autofree char *text = brev_mailbox_format (mailbox, i % 2 == 0);
        g_autoptr (BrevAddressList) list = brev_address_parse (text, NULL);
        const BrevMailbox *again;

        g_assert_cmpuint (list->mailboxes->len, ==, 1);
        again = g_ptr_array_index (list->mailboxes, 0);
        g_assert_cmpstr (again->name, ==, names[i / 2]);
        g_assert_cmpstr (again->address, ==, "a@x");
        g_assert_null (strpbrk (text, "\r\n"));
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/address/rows", test_addresses);
    g_test_add_func ("/address/limits", test_limits);
    g_test_add_func ("/address/hostile-shapes", test_hostile_shapes);
    g_test_add_func ("/recipients/rows", test_header_recipients);
    g_test_add_func ("/recipients/nul", test_nul_is_bad);
    g_test_add_func ("/format/rows", test_format);
    g_test_add_func ("/format/and-parse", test_format_and_parse);
    return g_test_run ();
}
