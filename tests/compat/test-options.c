/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "compat/caller.h"
#include "compat/options.h"
#include "compat/sender.h"

/* What the rows look at, one line each, in the order of print(). */
static char *
print (const BrevOptions *options)
{
    const BrevEnvelope *envelope = options->envelope;
    GString *out = g_string_new (NULL);

    g_string_append_printf (out, "%d", options->mode);
    if (envelope->sender != NULL)
        g_string_append_printf (out, " f=%s", envelope->sender);
    if (envelope->full_name != NULL)
        g_string_append_printf (out, " F=%s", envelope->full_name);
    if (envelope->envid != NULL)
        g_string_append_printf (out, " V=%s", envelope->envid);
    if (options->tag != NULL)
        g_string_append_printf (out, " L=%s", options->tag);
    if (envelope->notify != 0)
        g_string_append_printf (out, " N=%u", envelope->notify);
    if (envelope->ret != BREV_RETURN_UNSAID)
        g_string_append_printf (out, " R=%d", envelope->ret);
    if (envelope->hops != 0)
        g_string_append_printf (out, " h=%u", envelope->hops);
    g_string_append (out, envelope->header_recipients ? " t" : "");
    g_string_append (out, envelope->gateway ? " G" : "");
    g_string_append (out, envelope->queue_only ? " odq" : "");
    g_string_append (out, options->dots_are_data ? " i" : "");
    g_string_append (out, options->is_verbose ? " v" : "");
    g_string_append (out, options->is_quiet ? " oeq" : "");
    g_string_append (out, options->mails_errors ? " oem" : "");
    g_string_append (out, options->mailed_is_success ? " oee" : "");
    g_string_append (out, options->waits ? " odi" : "");
    g_string_append (out, options->runs_in_foreground ? " qf" : "");
    if (options->max_hops != 0)
        g_string_append_printf (out, " H=%u", options->max_hops);
    if (options->no_recipient != BREV_NO_RECIPIENT_NONE)
        g_string_append_printf (out, " A=%d", options->no_recipient);
    if (options->filter.id != NULL)
        g_string_append_printf (out, " qI=%s", options->filter.id);
    if (options->filter.recipient != NULL)
        g_string_append_printf (out, " qR=%s", options->filter.recipient);
    if (options->filter.sender != NULL)
        g_string_append_printf (out, " qS=%s", options->filter.sender);
    if (options->warnings->len > 0)
        g_string_append_printf (out, " warn=%u", options->warnings->len);
    for (guint i = 0; i < envelope->recipients->len; i++)
        g_string_append_printf (out, " [%s]", (char *) envelope->recipients->pdata[i]);
    return g_string_free (out, FALSE);
}

#define USAGE BREV_ERROR_USAGE
#define INPUT BREV_ERROR_INPUT
#define OK (-1)

/* Arguments are separated by '|', the first is argv[0]. */
/* clang-format off */
static const struct {
    const char *line;
    int code;
    const char *want; /* print()ed, or a part of the error's text */
} cases[] = {
    /* callers as they are */
    { "sendmail|-t|-i", OK, "0 t i" },
    { "/usr/sbin/sendmail|-t|-i|-fbounce@x", OK, "0 f=bounce@x t i" },
    { "sendmail|-oi|-f|x|-t", OK, "0 f=x t i" },
    { "sendmail|-t|-i|-f|x|--|a@b", OK, "0 f=x t i [a@b]" },
    { "sendmail|-i|-f|x|a@b|c@d", OK, "0 f=x i [a@b] [c@d]" },
    { "sendmail|-FCronDaemon|-i|-B8BITMIME|-oem|root", OK, "0 F=CronDaemon i oem [root]" },
    { "sendmail|-FCronDaemon|-i|-odi|-oem|-oi|-t|-f|root", OK, "0 f=root F=CronDaemon t i oem odi" },
    { "sendmail|-oem|-oi|-f|a@b|-N|failure,delay|-R|full|--|c@d,e@f", OK, "0 f=a@b N=12 R=2 i oem [c@d,e@f]" },
    { "sendmail|-bs|-odb|-oem", OK, "1 oem" },
    { "sendmail|-bs", OK, "1" },
    /* clusters and values */
    { "sendmail|-ti", OK, "0 t i" },
    { "sendmail|-it", OK, "0 t i" },
    { "sendmail|-vti", OK, "0 t i v" },
    { "sendmail|-tfa@b", OK, "0 f=a@b t" },
    { "sendmail|-tf|a@b", OK, "0 f=a@b t" },
    { "sendmail|-o|i|a", OK, "0 i [a]" },
    { "sendmail|-oitrue|a", OK, "0 i [a]" },
    { "sendmail|-i|-oiFalse|a", OK, "0 [a]" },
    { "sendmail|-f|-t|a", OK, "0 f=-t [a]" },
    { "sendmail|-bm|-t", OK, "0 t" },
    { "sendmail|-f", USAGE, "'-f' needs a value" },
    { "sendmail|-b", USAGE, "'-b' needs a value" },
    { "sendmail|-tf", USAGE, "'-f' needs a value" },
    /* where options end */
    { "sendmail|root|-f|x@y", USAGE, "options come before recipients" },
    { "sendmail|root|--", USAGE, "options come before recipients" },
    { "sendmail|-", USAGE, "options come before recipients" },
    { "sendmail|--|-f|x@y", OK, "0 [-f] [x@y]" },
    { "sendmail|-t|--", OK, "0 t" },
    { "sendmail|--|--", OK, "0 [--]" },
    /* unknown */
    { "sendmail|-Z|root", USAGE, "'-Z'" },
    { "sendmail|-tZ", USAGE, "unknown option '-Z' in '-tZ'" },
    { "sendmail|--unknown|root", USAGE, "unknown option '--' in '--unknown'" },
    { "sendmail|-o@|root", USAGE, "unknown option '-o@'" },
    { "sendmail|-b9|root", USAGE, "unknown mode '-b9'" },
    /* the sender */
    { "sendmail|-f||a", OK, "0 f= [a]" },
    { "sendmail|-f<>|a", OK, "0 f= [a]" },
    { "sendmail|-fName <a@b>|c", OK, "0 f=a@b [c]" },
    { "sendmail|-r|a@b|c", OK, "0 f=a@b [c]" },
    { "sendmail|-fa@b|-fc@d|e", OK, "0 f=c@d [e]" },
    { "sendmail|-fa@b\n|c", USAGE, "line break" },
    { "sendmail|-fa@b\rRCPT|c", USAGE, "line break" },
    { "sendmail|-fa b|c", USAGE, "not one address" },
    { "sendmail|-fa@b,c@d|e", USAGE, "not one address" },
    { "sendmail|-FA\nBcc: x|c", USAGE, "line break" },
    /* recipients */
    { "sendmail", USAGE, "no recipients" },
    { "sendmail||", USAGE, "no recipients" },
    { "sendmail|, ,", USAGE, "no recipients" },
    { "sendmail|a@b\nc", INPUT, "line break" },
    { "sendmail|a@b\r", INPUT, "line break" },
    { "sendmail|-t|a@b", OK, "0 t [a@b]" },
    { "sendmail|\"N\" <a@b>", OK, "0 [\"N\" <a@b>]" },
    /* every argument has its arity: none becomes a recipient */
    { "sendmail|-L|tag|a", OK, "0 L=tag [a]" },
    { "sendmail|-N|success|a", OK, "0 N=2 [a]" },
    { "sendmail|-h|3|a", OK, "0 h=3 [a]" },
    { "sendmail|-p|smtp:host|a", OK, "0 [a]" },
    { "sendmail|-D|/tmp/x|a", OK, "0 [a]" },
    { "sendmail|-Ac|-Am|-Mrs|a", OK, "0 [a]" },
    { "sendmail|-d|-d0-99.1|-E|-J|a", OK, "0 [a]" },
    { "sendmail|-c|-m|-n|-U|-x|-s|-T|-G|a", OK, "0 G [a]" },
    { "sendmail|-bcc|-verp|-tls-on-connect|a", OK, "0 [a]" },
    { "sendmail|-XV|-XV+=|a", OK, "0 [a]" },
    { "sendmail|-em|a", OK, "0 oem [a]" },
    { "sendmail|-eq|a", OK, "0 oeq [a]" },
    { "sendmail|-oep|-oew|-oee|a", OK, "0 oem oee [a]" },
    { "sendmail|-oee|-oep|a", OK, "0 [a]" },
    { "sendmail|-oA/etc/aliases|-or5m|-om|-oo|-o7|-o8|-of|-os|-oT3d|-oX9|-oP|a", OK, "0 [a]" },
    { "sendmail|-odq|a", OK, "0 odq [a]" },
    { "sendmail|-odqs|a", OK, "0 odq [a]" },
    { "sendmail|-odd|-odb|a", OK, "0 [a]" },
    { "sendmail|-bq|a", OK, "0 odq [a]" },
    { "sendmail|-ov|a", OK, "0 v [a]" },
    /* values that are wrong are told, not fatal, but for numbers */
    { "sendmail|-N|never,success|a", OK, "0 warn=1 [a]" },
    { "sendmail|-N|fail,bogus|a", OK, "0 N=4 warn=1 [a]" },
    { "sendmail|-R|HDRS|a", OK, "0 R=1 [a]" },
    { "sendmail|-R|bogus|a", OK, "0 warn=1 [a]" },
    { "sendmail|-B|8bitmime|a", OK, "0 [a]" },
    { "sendmail|-B|9BIT|a", OK, "0 warn=1 [a]" },
    { "sendmail|-V|a+2Bb|a", OK, "0 V=a+b [a]" },
    { "sendmail|-V|+=|a", OK, "0 warn=1 [a]" },
    { "sendmail|-V|a+0Ab|a", OK, "0 warn=1 [a]" },
    { "sendmail|-V|a+00b|a", OK, "0 warn=1 [a]" },
    { "sendmail|-L|123456789012345678901234567890123|a", OK, "0 warn=1 [a]" },
    { "sendmail|-odz|-oez|a", OK, "0 warn=2 [a]" },
    { "sendmail|-h|x|a", USAGE, "'x' is not a number" },
    { "sendmail|-h|-1|a", USAGE, "'-1' is not a number" },
    /* files are never named by a caller */
    { "sendmail|-t|-i|-OQueueDirectory=/tmp|-X/var/www/x.php", USAGE, "'-O QueueDirectory' is refused" },
    { "sendmail|-t|-X/var/www/x.php", USAGE, "'-X' is refused" },
    { "sendmail|-t|-X|/var/www/x.php", USAGE, "'-X' is refused" },
    { "sendmail|-t|-C/etc/passwd", USAGE, "'-C' is refused" },
    { "sendmail|-t|-C", USAGE, "'-C' is refused" },
    { "sendmail|-t|-oQ/tmp", USAGE, "'-oQ' is refused" },
    { "sendmail|-t|-o|Q/tmp", USAGE, "'-oQ' is refused" },
    { "sendmail|-t|-O|queuedirectory = /tmp", USAGE, "'-O QueueDirectory' is refused" },
    { "sendmail|-t|-OQueueDir=/tmp", USAGE, "is refused" },
    { "sendmail|-t|-ODataFileBufferSize=/x", USAGE, "it names a file" },
    { "sendmail|-t|-S", USAGE, "refused" },
    { "sendmail|-t|-z|text", USAGE, "refused" },
    { "sendmail|-t|-Qreason", USAGE, "refused" },
    { "sendmail|-Mrm|1abcde-000000-00", USAGE, "brevdue queue delete" },
    { "sendmail|-Mar|1abcde-000000-00|a@b", USAGE, "cannot be added" },
    { "sendmail|-Mes|1abcde-000000-00|a@b", USAGE, "cannot be changed" },
    { "sendmail|-MG|slow|1abcde-000000-00", USAGE, "there is one queue" },
    { "sendmail|-Mmad|1abcde-000000-00", USAGE, "brevdue queue delete" },
    { "sendmail|-Mmd|1abcde-000000-00|a@b", USAGE, "brevdue queue delete" },
    { "sendmail|-Mset|1abcde-000000-00|a@b", USAGE, "brevdue queue show" },
    /* -O */
    { "sendmail|-ODeliveryMode=q|a", OK, "0 odq [a]" },
    { "sendmail|-O|deliverymode=q|a", OK, "0 odq [a]" },
    { "sendmail|-O|ErrorMode=q|-O|IgnoreDots|a", OK, "0 i oeq [a]" },
    { "sendmail|-O|IgnoreDots=true|a", OK, "0 i [a]" },
    { "sendmail|-O|Ignore=true|a", OK, "0 i [a]" },
    { "sendmail|-O|Timeout.queuereturn=5d|-O|NoRecipientAction=none|-OLogLevel=9|a", OK, "0 [a]" },
    /* modes and names */
    { "mailq", OK, "2" },
    { "mailq|-v", OK, "2 v" },
    { "mailq|-q!Rbob@|-qI12", OK, "2 qI=12 qR=!bob@" },
    { "sendmail|-qSann|-bp", OK, "2 qS=ann" },
    { "sendmail|-bpc|-qRbob", OK, "3 qR=bob" },
    { "/usr/bin/newaliases", OK, "4" },
    { "newaliases|-bp", OK, "2" },
    { "runq", OK, "7" },
    { "runq|-bp", OK, "2" },
    { "hoststat", OK, "11" },
    { "smtpd", OK, "9" },
    { "send-mail|a", OK, "0 [a]" },
    { "/usr/lib/sendmail|a", OK, "0 [a]" },
    { "something-else|a", OK, "0 [a]" },
    { "rmail|a", OK, "0 i [a]" },
    { "rmail|-t|a", OK, "0 i [a]" },
    { "rmail|-t", USAGE, "no recipients" },
    { "rsmtp", USAGE, "refused" },
    { "sendmail|-bp", OK, "2" },
    { "sendmail|-bpc", OK, "3" },
    { "sendmail|-bpra", OK, "2" },
    { "sendmail|-bi", OK, "4" },
    { "sendmail|-I", OK, "4" },
    { "sendmail|-bv|a", OK, "5 [a]" },
    { "sendmail|-bV", OK, "12" },
    { "sendmail|-d0.1", OK, "12" },
    { "sendmail|-d0.1|-bt", OK, "6" },
    { "sendmail|-d0.1|a", OK, "0 [a]" },
    { "sendmail|--version", OK, "12" },
    { "sendmail|--help", OK, "13" },
    { "sendmail|-bh", OK, "11" },
    { "sendmail|-ba|-t", OK, "0 t" },
    { "sendmail|-q", OK, "7" },
    { "sendmail|-q30m", OK, "7" },
    { "sendmail|-qf", OK, "7 qf" },
    { "sendmail|-qRexample.com", OK, "7 qR=example.com" },
    { "sendmail|-qI12|-q!Rx@y|-q!S", OK, "7 qI=12 qR=!x@y qS=!" },
    { "sendmail|-qSa b", USAGE, "holds a blank" },
    { "sendmail|-qp", OK, "7" },
    { "sendmail|-qff", OK, "7" },
    { "sendmail|-qGname", OK, "7" },
    { "sendmail|-bd|-q15m", OK, "9" },
    { "sendmail|-q15m|-bD", OK, "8" },
    { "sendmail|-bp|-bi", USAGE, "two different things" },
    { "sendmail|-bp|-q", USAGE, "two different things" },
    { "sendmail|-bp|a", USAGE, "'a' is a recipient" },
    { "sendmail|-bs|a", USAGE, "'a' is a recipient" },
    { "sendmail|-q|a", USAGE, "'a' is a recipient" },
    { "sendmail|-bS", USAGE, "refused" },
    { "sendmail|-bz", USAGE, "refused" },
    { "sendmail|-be", USAGE, "refused" },
    { "sendmail|-bmalware|x", USAGE, "refused" },
};
/* clang-format on */

static void
test_what_was_used_is_noted (void)
{
    static const struct {
        const char *line, *used, *ignored;
    } rows[] = {
        { "sendmail|-t|-i|-i|-fa@b", "-t -i -f", "" },
        { "sendmail|-ti|-oi|-o|i|-U|-n", "-t -i -oi -U -n", "-U -n" },
        { "sendmail|-O|IgnoreDots=no|-OEightBitMode=p|-bm|a",
          "-OIgnoreDots -OEightBitMode -bm", "-OEightBitMode" },
        /* names that are not listed; a word for each, whatever stands in it */
        { "sendmail|-O|LogLevel=3|-OA b=c|-OLogLevel=4|-t", "-OLogLevel -OAb -t",
          "-OLogLevel -OAb" },
        { "sendmail|-om|-oi|-o8m|a", "-om -oi -o8", "-om -o8" },
        { "sendmail|-F|-t|a", "-F", "" },
        { "sendmail|-bcc|a", "-bcc", "-bcc" },
        { "sendmail|a", "", "" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_auto (GStrv) argv = g_strsplit (rows[i].line, "|", -1);
        g_autoptr (BrevOptions) options = brev_options_new ();
        (void) brev_options_parse (options, (int) g_strv_length (argv), argv, NULL);
        g_assert_cmpstr (options->used->str, ==, rows[i].used);
        g_assert_cmpstr (options->ignored->str, ==, rows[i].ignored);
    }
}

static void
test_unknown_options_may_be_ignored (void)
{
    static const struct {
        const char *line;
        gboolean is_parsed;
        const char *want;
    } rows[] = {
        { "sendmail|-Y|-t", TRUE, "0 t" },         { "sendmail|--odd=x|-t", TRUE, "0 t" },
        { "sendmail|-tY9", TRUE, "0 t" },          { "sendmail|-t|-Y", TRUE, "0 t" },
        { "sendmail|-Y|--|a@b", TRUE, "0 [a@b]" }, { "sendmail|-Y|a@b", FALSE, "0" },
        { "sendmail|-t|-Y|a@b", FALSE, "0 t" },    { "sendmail|-X/file|-t", FALSE, "0" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_auto (GStrv) argv = g_strsplit (rows[i].line, "|", -1);
        g_autoptr (BrevOptions) options = brev_options_new ();
        options->ignores_unknown = TRUE;
        g_assert_cmpint (
            brev_options_parse (options, (int) g_strv_length (argv), argv, NULL), ==,
            rows[i].is_parsed);
        g_autofree char *got = print (options);
        g_assert_cmpstr (got, ==, rows[i].want);
    }
}

static void
test_no_recipient_field (void)
{
    static const struct {
        const char *line, *want;
    } rows[] = {
        { "sendmail|a", NULL },
        { "sendmail|-ONoRecipientAction=none|a", NULL },
        { "sendmail|-Onorec=add-bcc|a", NULL },
        { "sendmail|-ONoRecipientAction=add-to-undisclosed|a",
          "To: undisclosed-recipients:;\n" },
        { "sendmail|-ONoRecipientAction=Add-To|a,b@c|<d@e>", "To: a,b@c,\n <d@e>\n" },
        { "sendmail|-ONoRecipientAction=add-apparently-to|a", "To: a\n" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_auto (GStrv) argv = g_strsplit (rows[i].line, "|", -1);
        g_autoptr (BrevOptions) options = brev_options_new ();
        g_assert_true (
            brev_options_parse (options, (int) g_strv_length (argv), argv, NULL));
        g_autofree char *got =
            brev_no_recipient_field (options, options->envelope->recipients);
        g_assert_cmpstr (got, ==, rows[i].want);
    }
}

static void
test_case (gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE (data);
    g_auto (GStrv) argv = g_strsplit (cases[i].line, "|", -1);
    g_autoptr (BrevOptions) options = brev_options_new ();
    g_autoptr (GError) error = NULL;
    gboolean parsed =
        brev_options_parse (options, (int) g_strv_length (argv), argv, &error);
    g_autofree char *got = print (options);

    g_test_message ("%s", cases[i].line);
    if (cases[i].code == OK) {
        g_assert_no_error (error);
        g_assert_true (parsed);
        g_assert_cmpstr (got, ==, cases[i].want);
        return;
    }
    g_assert_false (parsed);
    g_assert_error (error, BREV_ERROR, cases[i].code);
    if (strstr (error->message, cases[i].want) == NULL)
        g_error ("'%s' does not say '%s'", error->message, cases[i].want);
}

static void
test_without_name (void)
{
    char *argv[] = { NULL };
    g_autoptr (BrevOptions) options = brev_options_new ();
    g_autoptr (GError) error = NULL;

    g_assert_false (brev_options_parse (options, 0, argv, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_USAGE);
}

static void
test_rows_are_told_apart (void)
{
    for (guint t = 0; t < BREV_TABLE_LAST; t++)
        for (gsize i = 0; i < brev_option_tables[t].n_rows; i++) {
            const BrevOptionRow *row = &brev_option_tables[t].rows[i];
            g_assert_true (brev_option_find ((BrevTableIndex) t, row->name) == row);
            g_assert_cmpstr (row->help, !=, "");
        }
}

static void
test_senders (void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "a@b", "a@b" },
        { " a@b ", "a@b" },
        { "", "" },
        { "<>", "" },
        { "<a@b>", "a@b" },
        { "Al \"x, <y>\" B <a@b>", "a@b" },
        { "Doe, John <a@b>", "a@b" },
        { "a@b (Al (x) B)", "a@b" },
        { "\"a b\"@c", "\"a b\"@c" },
        { "bounce\\=a\\'b@c", "bounce=a'b@c" },
        { "<a\\&b@c>", "a&b@c" },
        { "a\\b@c", "a\\b@c" },
        { "\"a\\'b\"@c", "\"a\\'b\"@c" },
        { "root", "root" },
        { "\xc3\xa5@b", "\xc3\xa5@b" },
        { "a>b", NULL },
        { "a b", NULL },
        { "a@b c@d", NULL },
        { "\"a", NULL },
        { "a@b;c@d", NULL },
        { "a\x01@b", NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autofree char *got = NULL;
        g_assert_cmpint (brev_sender_parse (rows[i].text, &got, NULL), ==,
                         rows[i].want != NULL);
        g_assert_cmpstr (got, ==, rows[i].want);
    }
}

static void
test_gecos (void)
{
    static const struct {
        const char *gecos, *login, *want;
    } rows[] = {
        { "Jane Doe,Room 3,555", "jane", "Jane Doe" },
        { "& Doe", "jane", "Jane Doe" },
        { "The & & Group", "web", "The Web Web Group" },
        { "root", "root", "root" },
        { "", "x", NULL },
        { ",,,", "x", NULL },
        { " \xc3\x85sa ", "x", "\xc3\x85sa" },
        { "a\tb", "x", NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autofree char *got = brev_gecos_name (rows[i].gecos, rows[i].login);
        g_assert_cmpstr (got, ==, rows[i].want);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *path = g_strdup_printf ("/options/%03zu", i);
        g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_case);
    }
    g_test_add_func ("/options/without-name", test_without_name);
    g_test_add_func ("/options/used", test_what_was_used_is_noted);
    g_test_add_func ("/options/unknown", test_unknown_options_may_be_ignored);
    g_test_add_func ("/options/no-recipient", test_no_recipient_field);
    g_test_add_func ("/options/rows-are-told-apart", test_rows_are_told_apart);
    g_test_add_func ("/sender/parse", test_senders);
    g_test_add_func ("/caller/gecos", test_gecos);
    return g_test_run ();
}
