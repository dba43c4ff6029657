/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "admin/command.h"
#include "admin/mailq.h"
#include "admin/output.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "message/message.h"

static void
test_parse (void)
{
    static const struct {
        const char *line;
        const char *command; /* NULL: refused */
        const char
            *more; /* "n=value" of an option, the argument, or a part of the error */
    } cases[] = {
        { "status", "status", NULL },
        { "queue list --peer 7", "queue list", "peer=7" },
        { "queue list --peer=7", "queue list", "peer=7" },
        { "queue list --json", "queue list", "json=" },
        { "--json", NULL, "no command" },
        { "queue", NULL, "no command 'queue' by itself; there are 'brevdue queue list'" },
        { "config --json", NULL, "'brevdue config check', 'brevdue config show'" },
        { "queue lst", NULL, "did you mean 'brevdue queue list'?" },
        { "stats", NULL, "did you mean 'brevdue status'?" },
        { "queue list --pear 7", NULL, "no option '--pear'" },
        { "queue list -j", NULL, "no option '-j'" },
        { "queue list --peer", NULL, "needs a value" },
        { "queue list --mailq=1", NULL, "takes no value" },
        { "queue list x", NULL, "takes no argument" },
        { "queue show", NULL, "takes ID" },
        { "queue show --help", "queue show", "help=" },
        { "queue show a b", NULL, "takes ID" },
        { "plan -", "plan", "-" },
        { "plan -- --x", "plan", "--x" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_auto (GStrv) words = g_strsplit (cases[i].line, " ", -1);
        g_autoptr (GError) error = NULL;
        g_autoptr (BrevCall) call = brev_call_parse ((const char *const *) words, &error);
        g_auto (GStrv) pair =
            g_strsplit (cases[i].more == NULL ? "" : cases[i].more, "=", 2);
        g_assert_cmpstr (call == NULL ? NULL : call->command->name, ==, cases[i].command);
        if (call == NULL) {
            g_assert_error (error, BREV_ERROR, BREV_ERROR_USAGE);
            if (strstr (error->message, cases[i].more) == NULL)
                g_error ("'%s': %s", cases[i].line, error->message);
        } else if (cases[i].more != NULL && pair[1] != NULL) {
            g_assert_cmpstr (brev_call_option (call, pair[0]), ==, pair[1]);
        } else if (cases[i].more != NULL) {
            g_assert_cmpstr (brev_call_argument (call, 0), ==, cases[i].more);
        }
    }
}

static void
test_durations (void)
{
    static const struct {
        gint64 time;
        const char *want;
    } cases[] = {
        { 0, "now" },
        { 90 * BREV_SECOND, "in 90 s" },
        { 5 * BREV_MINUTE, "in 5 min" },
        { -3 * BREV_HOUR, "3 h ago" },
        { -3 * BREV_DAY, "3 d ago" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *got =
            brev_time_from_now (BREV_DAY * 9 + cases[i].time, BREV_DAY * 9);
        g_assert_cmpstr (got, ==, cases[i].want);
    }
}

static void
free_listed (gpointer data)
{
    brev_listed_free (data);
}

static BrevListing *
new_listing (void)
{
    BrevListing *listing = g_new0 (BrevListing, 1);

    listing->messages = g_ptr_array_new_with_free_func (free_listed);
    listing->strangers = g_ptr_array_new ();
    return listing;
}

static BrevStoreMessage *
add_message (BrevListing *listing, const char *id, const char *sender, guint64 size)
{
    BrevListed *listed = g_new0 (BrevListed, 1);

    listed->message = brev_store_message_new (id);
    listed->message->is_imported = TRUE;
    listed->message->size = size;
    listed->message->arrival = G_GINT64_CONSTANT (1763870320000);
    g_free (listed->message->sender);
    listed->message->sender = g_strdup (sender);
    g_ptr_array_add (listing->messages, listed);
    return listed->message;
}

static void
set_reply (BrevStoreRecipient *recipient, BrevState state, const char *reply)
{
    recipient->state = state;
    g_free (recipient->reply);
    recipient->reply = g_strdup (reply);
}

static void
set_states (BrevListing *listing)
{
    for (guint i = 0; i < listing->messages->len; i++) {
        BrevListed *listed = listing->messages->pdata[i];
        listed->state = brev_message_state (listed->message);
    }
}

/* As Postfix prints it: a reason before the recipients it covers, sent ones left out. */
static void
test_mailq (void)
{
    g_autoptr (BrevListing) listing = new_listing ();
    BrevStoreMessage *first =
        add_message (listing, "0123456789abcdefghijklmnop", "web@a.example", 1500);
    BrevStoreMessage *second =
        add_message (listing, "zzzzzzzzzzzzzzzzzzzzzzzzzz", "", 900);
    g_autofree char *text = NULL;

    set_reply (brev_store_message_add (first, "a@b.example", "a", "x", 0),
               BREV_STATE_DEFERRED, "busy");
    set_reply (brev_store_message_add (first, "b@b.example", "b", "x", 0),
               BREV_STATE_SENT, "ok");
    set_reply (brev_store_message_add (first, "c@b.example", "c", "x", 0),
               BREV_STATE_DEFERRED, "busy");
    (void) brev_store_message_add (second, "evil\n@b.example", "d", "x", 0);
    second->is_held = TRUE;
    set_states (listing);
    text = brev_mailq_text (listing);
    g_assert_cmpstr (
        text, ==,
        "---------Queue ID---------- --Size-- ---Arrival Time---- --Sender/Recipient------\n"
        "0123456789abcdefghijklmnop      1500 Sun Nov 23 03:58:40 web@a.example\n"
        "                                                                        (busy)\n"
        "                                                         a@b.example\n"
        "                                                         c@b.example\n"
        "\n"
        "zzzzzzzzzzzzzzzzzzzzzzzzzz!      900 Sun Nov 23 03:58:40 MAILER-DAEMON\n"
        "                                                         evil?@b.example\n"
        "\n"
        "\t\tTotal requests: 2\n"
        "-- 2 Kbytes in 2 Requests.\n");
}

static void
test_mailq_empty (void)
{
    g_autoptr (BrevListing) listing = new_listing ();
    g_autofree char *text = brev_mailq_text (listing);

    g_assert_cmpstr (text, ==, "Mail queue is empty\n");
}

/* The state of a message whose recipients are in these. */
static void
test_states (void)
{
    static const struct {
        BrevState a, b;
        gboolean is_held;
        const char *want;
    } cases[] = {
        { BREV_STATE_QUEUED, BREV_STATE_QUEUED, FALSE, "queued" },
        { BREV_STATE_QUEUED, BREV_STATE_DEFERRED, FALSE, "deferred" },
        { BREV_STATE_SENT, BREV_STATE_DEFERRED, FALSE, "deferred" },
        { BREV_STATE_SENT, BREV_STATE_DEFERRED, TRUE, "held" },
        { BREV_STATE_SENDING, BREV_STATE_DEFERRED, TRUE, "sending" },
        { BREV_STATE_PARKED, BREV_STATE_SENT, FALSE, "parked" },
        { BREV_STATE_REFUSED, BREV_STATE_SENT, FALSE, "refused" },
        { BREV_STATE_SENT, BREV_STATE_SENT, TRUE, "sent" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevListing) listing = new_listing ();
        BrevStoreMessage *message = add_message (listing, "x", "a@b", 1);
        message->is_held = cases[i].is_held;
        brev_store_message_add (message, "a@b", "a", "x", 0)->state = cases[i].a;
        brev_store_message_add (message, "b@b", "b", "x", 0)->state = cases[i].b;
        g_assert_cmpstr (brev_message_state (message), ==, cases[i].want);
    }
}

/* -- brevdue(1) ---------------------------------------------------------------------- */

static char *
read_page (void)
{
    g_autofree char *text = NULL;
    GString *plain;

    g_assert_true (g_file_get_contents (g_getenv ("TEST_MAN_PAGE"), &text, NULL, NULL));
    plain = g_string_new (text);
    g_string_replace (plain, "\\-", "-", 0);
    g_string_replace (plain, "\\(aq", "'", 0);
    return g_string_free (plain, FALSE);
}

static void expect (const char *page, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
expect (const char *page, const char *format, ...)
{
    g_autofree char *wanted = NULL;
    va_list args;

    va_start (args, format);
    wanted = g_strdup_vprintf (format, args);
    va_end (args);
    if (strstr (page, wanted) == NULL)
        g_error ("brevdue(1) does not have:%s", wanted);
}

static guint
occurrences (const char *text, const char *what)
{
    guint n = 0;

    for (const char *p = text; (p = strstr (p, what)) != NULL; p++)
        n++;
    return n;
}

static guint
expect_options (const char *text, const BrevOption *options)
{
    guint n = 0;

    for (; options->name != NULL; options++, n++) {
        if (options->argument == NULL)
            expect (text, "\n.TP\n.B --%s\n%s.\n", options->name, options->help);
        else
            expect (text, "\n.TP\n.BI \"--%s \" %s\n%s.\n", options->name,
                    options->argument, options->help);
    }
    return n;
}

/* Each command is a subsection: its name and arguments, its help, then its options. */
static void
test_man_commands (void)
{
    g_autofree char *page = read_page ();
    guint n = 0;

    for (const BrevCommand *command = brev_commands; command->name != NULL;
         command++, n++) {
        g_autofree char *head = g_strdup_printf ("\n.SS %s%s%s\n%s.\n", command->name,
                                                 *command->arguments == '\0' ? "" : " ",
                                                 command->arguments, command->help);
        const char *start = strstr (page, head);
        const char *end = start == NULL ? NULL : strstr (start + 4, "\n.S");
        g_autofree char *section = NULL;
        if (end == NULL)
            g_error ("brevdue(1) does not have:%s", head);
        section = g_strndup (start, (gsize) (end - start) + 1);
        g_assert_cmpuint (expect_options (section, command->options), ==,
                          occurrences (section, "\n.B --") +
                              occurrences (section, "\n.BI \"--"));
        for (guint i = 0; command->examples[i] != NULL; i++)
            g_assert_nonnull (command->examples[i]);
    }
    g_assert_cmpuint (occurrences (page, "\n.SS "), ==, n);
    (void) expect_options (strstr (page, "\n.SH OPTIONS"), brev_common_options);
}

static void
test_man_log_fields (void)
{
    g_autofree char *page = read_page ();
    const char *start = strstr (page, "\n.SH LOG");
    g_autofree char *log =
        g_strndup (start, (gsize) (strstr (start, "\n.SH EXIT") - start));

    for (guint i = 0; i < BREV_FIELD_LAST; i++)
        expect (log, "\n.TP\n.B %s\n%s.\n", brev_log_field_help[i].name,
                brev_log_field_help[i].help);
    g_assert_cmpuint (occurrences (log, "\n.B BREVDUE_"), ==, BREV_FIELD_LAST);
}

/* Under its class, and nowhere else. */
static void
test_man_losses (void)
{
    g_autofree char *page = read_page ();
    const char *start = strstr (page, "\n.SH LOSSES"), *material, *harmless, *end;

    g_assert_nonnull (start);
    material = strstr (start, "\nMaterial");
    harmless = strstr (start, "\nHarmless");
    end = strstr (start + 1, "\n.SH ");
    g_assert_true (material != NULL && material < harmless && harmless < end);
    g_autofree char *taken = g_strndup (harmless, (gsize) (end - harmless) + 1);
    g_autofree char *refused = g_strndup (material, (gsize) (harmless - material));
    for (guint i = 0; i < BREV_FEATURE_LAST; i++)
        expect (brev_features[i].is_material ? refused : taken, "\n.TP\n.B %s\n%s.\n",
                brev_features[i].name, brev_features[i].help);
    g_assert_cmpuint (occurrences (taken, "\n.TP\n.B ") +
                          occurrences (refused, "\n.TP\n.B "),
                      ==, BREV_FEATURE_LAST);
}

static void
test_every_command_has_examples (void)
{
    for (const BrevCommand *command = brev_commands; command->name != NULL; command++) {
        g_assert_nonnull (command->examples[0]);
        g_assert_nonnull (command->run);
        for (guint i = 0; command->examples[i] != NULL; i++)
            g_assert_true (g_str_has_prefix (command->examples[i], command->name));
    }
}

int
main (int argc, char **argv)
{
    g_setenv ("TZ", "UTC", TRUE);
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/call/parse", test_parse);
    g_test_add_func ("/output/durations", test_durations);
    g_test_add_func ("/mailq/list", test_mailq);
    g_test_add_func ("/mailq/empty", test_mailq_empty);
    g_test_add_func ("/listing/states", test_states);
    g_test_add_func ("/commands/examples", test_every_command_has_examples);
    g_test_add_func ("/man/commands", test_man_commands);
    g_test_add_func ("/man/losses", test_man_losses);
    g_test_add_func ("/man/log-fields", test_man_log_fields);
    return g_test_run ();
}
