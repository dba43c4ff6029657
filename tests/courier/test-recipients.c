/* SPDX-License-Identifier: MIT */
#include "courier/recipients.h"

#include <string.h>
#include <unistd.h>

static const char alias_text[] = "root: ops@example.org\n"
                                 "team: ann, bob@example.net\n"
                                 "ann: ann@example.org\n";

typedef struct {
    const char *name;
    const char *header;     /* nullable: -t, with this To field */
    const char *arguments;  /* nullable: one argument */
    const char *postmaster; /* nullable */
    const char *good;       /* "address<original" in order, separated by blanks */
    const char *bad;        /* separated by | */
    BrevWithT with_t;
} Row;

/* clang-format off */
static const Row rows[] = {
    { "plain", NULL, "a@x.net", NULL, "a@x.net<a@x.net", "" },
    { "list-in-one-argument", NULL, "a@x.net,b@x.net", NULL,
      "a@x.net<a@x.net b@x.net<b@x.net", "" },
    { "header-and-argument-add-up", "a@x.net", "b@x.net", NULL,
      "a@x.net<a@x.net b@x.net<b@x.net", "" },
    { "same-but-for-case-once", "a@x.net", "A@X.NET", NULL, "a@x.net<a@x.net", "" },
    { "alias", NULL, "root", NULL, "ops@example.org<root", "" },
    { "alias-at-this-host", NULL, "root@host.example.com", NULL,
      "ops@example.org<root@host.example.com", "" },
    { "alias-at-localhost", NULL, "root@localhost", NULL, "ops@example.org<root@localhost", "" },
    { "mail-domain-is-no-host", NULL, "root@example.com", NULL,
      "root@example.com<root@example.com", "" },
    { "alias-of-alias", NULL, "team", NULL, "ann@example.org<team bob@example.net<team", "" },
    { "no-alias-qualified", NULL, "joe", NULL, "joe@example.com<joe", "" },
    { "no-alias-postmaster", NULL, "joe", "pm@x.net", "pm@x.net<joe", "" },
    { "host-name-postmaster", NULL, "joe@host.example.com", "pm@x.net",
      "pm@x.net<joe@host.example.com", "" },
    { "host-name-qualified", NULL, "joe@host.example.com", NULL,
      "joe@example.com<joe@host.example.com", "" },
    { "postmaster-without-domain", NULL, "joe", "pm", "pm@example.com<joe", "" },
    { "several-to-postmaster-once", NULL, "joe, jim", "pm@x.net", "pm@x.net<joe", "" },
    { "bad-beside-good", NULL, "a@x.net, b@@y", NULL, "a@x.net<a@x.net", "b@@y" },
    { "none-good", NULL, "b@@y", NULL, "", "b@@y" },
    { "header-without-arguments", "a@x.net, b@x.net, A@x.net", "b@X.net, c@x.net", NULL,
      "a@x.net<a@x.net", "", BREV_WITH_T_SUBTRACT },
    { "header-without-alias", "root, ann", "root@localhost", NULL,
      "ann@example.org<ann", "", BREV_WITH_T_SUBTRACT },
    { "no-header-to-take-from", NULL, "a@x.net", NULL, "a@x.net<a@x.net", "", BREV_WITH_T_SUBTRACT },
    { "arguments-only", "a@x.net", "b@x.net", NULL, "b@x.net<b@x.net", "", BREV_WITH_T_ONLY },
    { "arguments-only-and-none", "a@x.net", NULL, NULL, "a@x.net<a@x.net", "", BREV_WITH_T_ONLY },
    { "empty-group", "undisclosed-recipients:;", NULL, NULL, "", "" },
    { "group-members", "g: a@x.net, b@x.net;", NULL, NULL, "a@x.net<a@x.net b@x.net<b@x.net", "" },
};
/* clang-format on */

static BrevAliases *
load_aliases (void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp ("brevdue-aliases-XXXXXX", &path, NULL);
    BrevAliases *aliases;

    g_assert_cmpint (fd, >=, 0);
    g_assert_cmpint (write (fd, alias_text, strlen (alias_text)), ==,
                     strlen (alias_text));
    (void) close (fd);
    aliases = brev_aliases_load (path);
    g_assert_cmpint (unlink (path), ==, 0);
    return aliases;
}

static BrevHeaderRecipients *
header_of (const char *to)
{
    g_autofree char *text = g_strdup_printf ("To: %s\n\n", to);
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp ("brevdue-header-XXXXXX", &path, NULL);
    BrevHeaderRecipients *header;

    g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
    header = brev_header_recipients_read (fd, 0, strlen (text), NULL);
    g_assert_nonnull (header);
    (void) close (fd);
    g_assert_cmpint (unlink (path), ==, 0);
    return header;
}

static char *
show_good (const BrevRecipients *recipients)
{
    GString *text = g_string_new (NULL);

    for (guint i = 0; i < recipients->good->len; i++) {
        const BrevRecipient *recipient = recipients->good->pdata[i];
        g_string_append_printf (text, "%s%s<%s", i == 0 ? "" : " ", recipient->address,
                                recipient->original);
    }
    return g_string_free (text, FALSE);
}

static char *
show_bad (const BrevRecipients *recipients)
{
    GString *text = g_string_new (NULL);

    for (guint i = 0; i < recipients->bad->len; i++)
        g_string_append_printf (text, "%s%s", i == 0 ? "" : "|",
                                ((BrevRecipient *) recipients->bad->pdata[i])->original);
    return g_string_free (text, FALSE);
}

static void
test_row (gconstpointer data)
{
    const Row *row = data;
    g_autoptr (BrevAliases) aliases = load_aliases ();
    BrevLocalNames names = { aliases, "example.com", "host.example.com", row->postmaster,
                             row->with_t };
    g_autoptr (BrevEnvelope) envelope = brev_envelope_new ();
    g_autoptr (BrevHeaderRecipients) header = NULL;
    g_autoptr (BrevRecipients) got = NULL;
    g_autofree char *good = NULL;
    g_autofree char *bad = NULL;

    if (row->header != NULL)
        header = header_of (row->header);
    if (row->arguments != NULL)
        g_ptr_array_add (envelope->recipients, g_strdup (row->arguments));
    got = brev_recipients_resolve (envelope, header, &names, NULL);
    g_assert_nonnull (got);
    good = show_good (got);
    bad = show_bad (got);
    g_assert_cmpstr (good, ==, row->good);
    g_assert_cmpstr (bad, ==, row->bad);
}

/* A host that takes mail itself under its own name has real mailboxes there. */
static void
test_host_is_mail_name (void)
{
    g_autoptr (BrevAliases) aliases = load_aliases ();
    BrevLocalNames names = { aliases, "example.com", "example.com", "pm@x.net" };
    g_autoptr (BrevEnvelope) envelope = brev_envelope_new ();
    g_autoptr (BrevRecipients) got = NULL;
    g_autofree char *good = NULL;

    g_ptr_array_add (envelope->recipients,
                     g_strdup ("root@example.com, joe@example.com"));
    got = brev_recipients_resolve (envelope, NULL, &names, NULL);
    good = show_good (got);
    g_assert_cmpstr (good, ==,
                     "ops@example.org<root@example.com "
                     "joe@example.com<joe@example.com");
}

/* Each argument has wishes of its own, the header's recipients those of the envelope. */
static void
test_wishes (void)
{
    static const struct {
        const char *argument, *wish;
    } arguments[] = {
        { "a@x.net, b@x.net", "2 rfc822;list" },
        { "team, c@@y", "1 rfc822;team" },
        { "a@x.net", "4 rfc822;late" },
        { "unsaid@x.net", "0 " },
    };
    g_autoptr (BrevAliases) aliases = load_aliases ();
    BrevLocalNames names = { aliases, "example.com", "host.example.com", NULL };
    g_autoptr (BrevEnvelope) envelope = brev_envelope_new ();
    g_autoptr (BrevHeaderRecipients) header = header_of ("h@x.net");
    g_autoptr (BrevRecipients) got = NULL;
    g_autoptr (GString) text = g_string_new (NULL);

    envelope->notify = BREV_NOTIFY_DELAY;
    for (guint i = 0; i < G_N_ELEMENTS (arguments); i++) {
        g_ptr_array_add (envelope->recipients, g_strdup (arguments[i].argument));
        g_ptr_array_add (envelope->wishes, g_strdup (arguments[i].wish));
    }
    got = brev_recipients_resolve (envelope, header, &names, NULL);
    g_ptr_array_extend_and_steal (got->good, g_steal_pointer (&got->bad));
    got->bad = g_ptr_array_new ();
    for (guint i = 0; i < got->good->len; i++) {
        const BrevRecipient *r = got->good->pdata[i];
        g_string_append_printf (text, "%s %u %s\n", r->address, r->notify,
                                r->orcpt != NULL ? r->orcpt : "-");
    }
    g_assert_cmpstr (text->str, ==,
                     "h@x.net 8 -\n"
                     "a@x.net 2 rfc822;list\n"
                     "b@x.net 2 rfc822;list\n"
                     "ann@example.org 1 rfc822;team\n"
                     "bob@example.net 1 rfc822;team\n"
                     "unsaid@x.net 8 -\n"
                     "c@@y 1 rfc822;team\n");
}

static void
test_limit (void)
{
    BrevLocalNames names = { NULL, "example.com", "host", NULL };
    g_autoptr (BrevEnvelope) envelope = brev_envelope_new ();
    g_autoptr (GError) error = NULL;

    for (guint i = 0; i <= BREV_RECIPIENTS_MAX; i++)
        g_ptr_array_add (envelope->recipients, g_strdup_printf ("u%u@x.net", i));
    g_assert_null (brev_recipients_resolve (envelope, NULL, &names, &error));
    g_assert_nonnull (error);
}

static void
test_sender (void)
{
    static const struct {
        const char *sender, *want;
    } cases[] = {
        { "", "" },
        { "a@x.net", "a@x.net" },
        { "root", "root@example.com" },
        { "Name <a@x.net>", "a@x.net" },
        { "no address", "login@example.com" },
        { "\"", "login@example.com" },
        { "a\\,b@x.net", "login@example.com" },
        { "a@x.net, b@x.net", "login@example.com" },
    };
    BrevLocalNames names = { NULL, "example.com", "host", NULL };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *got = brev_sender_qualify (cases[i].sender, "login", &names);
        g_assert_cmpstr (got, ==, cases[i].want);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autofree char *path = g_strconcat ("/recipients/", rows[i].name, NULL);
        g_test_add_data_func (path, &rows[i], test_row);
    }
    g_test_add_func ("/recipients/host-is-mail-name", test_host_is_mail_name);
    g_test_add_func ("/recipients/wishes", test_wishes);
    g_test_add_func ("/recipients/limit", test_limit);
    g_test_add_func ("/recipients/sender", test_sender);
    return g_test_run ();
}
