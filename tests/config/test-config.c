/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "config/alias.h"
#include "config/load.h"
#include "config/route.h"
#include "config/secret.h"

/* A directory of its own for every test, and an environment without anything of ours. */
typedef struct {
    char *directory;
} Fixture;

static void
clear_environment (void)
{
    g_auto (GStrv) names = g_listenv ();

    for (guint i = 0; names[i] != NULL; i++)
        if (g_str_has_prefix (names[i], "BREVDUE_") ||
            g_str_has_prefix (names[i], "POSTMARK_") ||
            strcmp (names[i], "CREDENTIALS_DIRECTORY") == 0)
            g_unsetenv (names[i]);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
    g_autofree char *own = NULL;

    clear_environment ();
    fixture->directory = g_dir_make_tmp ("brevdue-XXXXXX", NULL);
    own = g_build_filename (fixture->directory, "own", NULL);
    g_setenv ("XDG_CONFIG_HOME", own, TRUE);
}

static void
remove_all (const char *path)
{
    g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
        g_autofree char *child = g_build_filename (path, name, NULL);
        remove_all (child);
    }
    g_assert_cmpint (g_remove (path), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
    remove_all (fixture->directory);
    g_free (fixture->directory);
}

static char *
path_of (const Fixture *fixture, const char *name)
{
    return g_build_filename (fixture->directory, name, NULL);
}

static void
put (const Fixture *fixture, const char *name, const char *text, int mode)
{
    g_autofree char *path = path_of (fixture, name);
    g_autofree char *parent = g_path_get_dirname (path);

    g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
    g_assert_true (g_file_set_contents (path, text, -1, NULL));
    g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

static BrevConfig *
load (const Fixture *fixture, const char *text)
{
    put (fixture, "brevdue.conf", text, 0644);
    return brev_config_load_from (fixture->directory);
}

/* All problems, each in its line, without the directory. */
static char *
problems_of (const Fixture *fixture, const GPtrArray *problems)
{
    GString *all = g_string_new (NULL);

    for (guint i = 0; i < problems->len; i++) {
        g_autofree char *line = brev_problem_format (problems->pdata[i]);
        const char *text = line;
        if (g_str_has_prefix (text, fixture->directory))
            text += strlen (fixture->directory) + 1;
        g_string_append_printf (all, "%s\n", text);
    }
    return g_string_free (all, FALSE);
}

static void
expect_problems (const Fixture *fixture, const BrevConfig *config, const char *want)
{
    g_autofree char *got = problems_of (fixture, config->problems);

    g_assert_cmpstr (got, ==, want);
}

static void
test_no_file (Fixture *fixture, gconstpointer data)
{
    g_autoptr (BrevConfig) config = brev_config_load_from (fixture->directory);

    expect_problems (fixture, config, "");
    g_assert_true (brev_config_check (config, NULL));
    g_assert_cmpuint (config->accounts->len, ==, 0);
    g_assert_cmpuint (config->files->len, ==, 0);
    g_assert_cmpuint (config->max_message_size, ==, 50 * 1024 * 1024);
    g_assert_cmpint (config->lifetime, ==, G_GINT64_CONSTANT (5) * 86400 * 1000);
    g_assert_cmpint (config->delay_warning, ==, 4 * 3600 * 1000);
    g_assert_cmpint (config->delivery, ==, BREV_DELIVERY_AUTO);
    g_assert_cmpint (config->log, ==, BREV_LOG_AUTO);
    g_assert_cmpstr (config->aliases, ==, "/etc/aliases");
    g_assert_cmpstr (config->mail_name, !=, NULL);
    g_assert_false (config->spool_is_named);
    g_assert_null (config->account);
}

static void
expect_sample (Fixture *fixture, const char *variable)
{
    g_autoptr (BrevConfig) config = NULL;
    const BrevAccount *account;

    g_setenv ("BREVDUE_CONFIG", g_getenv (variable), TRUE);
    config = brev_config_load ();
    expect_problems (fixture, config, "");
    g_assert_cmpuint (config->files->len, ==, 1);
    account = brev_config_find_account (config, "postmark");
    if (account == NULL)
        return;
    g_assert_cmpstr (config->account, ==, "postmark");
    g_assert_cmpstr (config->mail_name, ==, "example.com");
    g_assert_cmpstr (config->from, ==, "Web <noreply@example.com>");
    g_assert_null (config->dns_servers);
    g_assert_true (config->spool_is_named);
    g_assert_cmpstr (account->senders[1], ==, "*.example.org");
    g_assert_cmpfloat (account->rate, ==, 50);
    g_assert_cmpuint (account->concurrency, ==, 8);
    g_assert_cmpuint (account->batch, ==, 500);
    g_assert_cmpstr (account->endpoint, ==, NULL);
    g_assert_cmpuint (config->routes->len, ==, 1);
}

static void
test_samples (Fixture *fixture, gconstpointer data)
{
    expect_sample (fixture, "TEST_DESIGN_CONF");
    expect_sample (fixture, "TEST_SAMPLE_CONF");
}

/* The sample without the "#" before its settings must be good, too. */
static void
test_sample_uncommented (Fixture *fixture, gconstpointer data)
{
    g_autofree char *text = NULL;
    g_auto (GStrv) lines = NULL;
    g_autoptr (GString) plain = g_string_new (NULL);
    g_autoptr (BrevConfig) config = NULL;

    g_assert_true (
        g_file_get_contents (g_getenv ("TEST_SAMPLE_CONF"), &text, NULL, NULL));
    lines = g_strsplit (text, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++)
        g_string_append_printf (plain, "%s\n",
                                lines[i][0] == '#' && lines[i][1] != ' ' ? lines[i] + 1
                                                                         : lines[i]);
    config = load (fixture, plain->str);
    g_assert_cmpuint (config->accounts->len, ==, 2);
    expect_problems (fixture, config, "");
}

#define ACCOUNT "[account a]\nprovider = postmark\n"

static void
test_problems (Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "[brevdue]\nfrmo = a@b\n",
          "2: unknown setting 'frmo' in [brevdue] (did you mean 'from'?)\n" },
        { "[brevdue]\nmax_message_size = 1M\n",
          "2: unknown setting 'max_message_size' in [brevdue] (did you mean "
          "'max-message-size'?)\n" },
        { "[brevdue]\ncolour = red\n", "2: unknown setting 'colour' in [brevdue]\n" },
        { "[brevdeu]\nfrom = a@b\n",
          "1: unknown section [brevdeu] (did you mean 'brevdue'?)\n" },
        { "[acount a]\n", "1: unknown section [acount] (did you mean 'account'?)\n" },
        { "[account]\n", "1: [account] needs a name: [account NAME]\n" },
        { "[account a b]\n",
          "1: 'a b' is not a name of letters, digits, '.', '_' and '-'\n" },
        { "[account ../x]\n",
          "1: '../x' is not a name of letters, digits, '.', '_' and '-'\n" },
        { "[brevdue x]\n", "1: [brevdue] has no name behind it\n" },
        { "[brevdue\n", "1: '[brevdue' lacks its ']'\n" },
        { "from = a@b\n", "1: stands before any section; begin with [brevdue]\n" },
        { "[brevdue]\nstray\n", "2: neither a comment, a [section] nor 'key = value'\n" },
        { "[brevdue]\nfrom = a@b\n\n[brevdue]\nfrom = c@d\n",
          "5: 'from' is set again; line 2 counts\n" },
        { "[brevdue]\nfrom = nobody\n",
          "2: 'from': 'nobody' is not an address such as 'Web <noreply@example.com>'\n" },
        { "[brevdue]\nfrom = a\\nb@c\n", "2: 'from' holds a control character\n" },
        { "[brevdue]\nfrom = \\q@c\n",
          "2: the value of 'from' is not UTF-8, or has a '\\' that should be written '\\\\'\n" },
        { "[brevdue]\nfrom = a@c\\\n",
          "2: the value of 'from' is not UTF-8, or has a '\\' that should be written '\\\\'\n" },
        { "[brevdue]\nfrom = \xff@c\n",
          "2: the value of 'from' is not UTF-8, or has a '\\' that should be written '\\\\'\n" },
        { "[brevdue]\nmail-name = a b\n", "2: 'mail-name': 'a b' is not a domain\n" },
        { "[brevdue]\nmail-name = a..b\n", "2: 'mail-name': 'a..b' is not a domain\n" },
        { "[brevdue]\nspool = var/spool\n",
          "2: 'spool': 'var/spool' does not begin with '/'\n" },
        { "[brevdue]\ndelivery = soon\n",
          "2: 'delivery': 'soon' is none of auto, queue, direct\n" },
        { "[brevdue]\nlifetime = 5 days\n",
          "2: 'lifetime': '5 days' is not a time such as 30s or 5d\n" },
        { "[brevdue]\nlifetime = 99999999999999999999d\n",
          "2: 'lifetime': '99999999999999999999d' is not a time such as 30s or 5d\n" },
        { "[brevdue]\nlifetime = 400d\n",
          "2: 'lifetime': '400d' is not between 1s and 365d\n" },
        { "[brevdue]\nmax-message-size = -1\n",
          "2: 'max-message-size': '-1' is not a size such as 50M\n" },
        { "[brevdue]\nmax-message-size = 1\n",
          "2: 'max-message-size': '1' is not between 1K and 2G\n" },
        { "[brevdue]\nretry-min = 5h\nretry-max = 1h\n",
          "3: 'retry-max' is less than 'retry-min'\n" },
        { ACCOUNT "rate = fast\n",
          "3: 'rate': 'fast' is not a rate such as 50/s or 100/m\n" },
        { ACCOUNT "lossy = maybe\n", "3: 'lossy': 'maybe' is neither yes nor no\n" },
        { ACCOUNT "concurrency = 0\n",
          "3: 'concurrency': '0' is not between 1 and 256\n" },
        { "[brevdue]\ndns-servers = 192.0.2.1 ns.example.com\n",
          "2: 'dns-servers': 'ns.example.com' is not an address such as 192.0.2.1 or "
          "127.0.0.1:5353\n" },
        { ACCOUNT "dkim-keys = pm._domainkey.example.com, pm\n",
          "3: 'dkim-keys': 'pm' is not a name such as pm._domainkey.example.com\n" },
        { "[account a]\nlossy = yes\n", "1: [account a] names no provider\n" },
        { "[brevdue]\naccount = b\n" ACCOUNT,
          "2: 'account' names 'b', and there is no [account b]\n" },
        { "[brevdue]\naccount = postmrak\n[account postmark]\nprovider = postmark\n",
          "2: 'account' names 'postmrak', and there is no [account postmrak] (did you mean "
          "'postmark'?)\n" },
        { ACCOUNT "[route r]\nsender = *\n", "3: [route r] names no account\n" },
        { ACCOUNT "[route r]\naccount = a\n",
          "3: [route r] has no condition: sender, recipient, user or header\n" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevConfig) config = load (fixture, cases[i].text);
        g_autofree char *want = g_strconcat ("brevdue.conf:", cases[i].want, NULL);
        expect_problems (fixture, config, want);
        g_assert_false (brev_config_check (config, NULL));
    }
}

/* A broken line takes nothing else with it: sendmail goes on with what can be read. */
static void
test_good_lines_count (Fixture *fixture, gconstpointer data)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevConfig) config =
        load (fixture, "\xef\xff stray\n[brevdue]\r\nspool = /srv/spool\r\nstray\n"
                       "socket = /srv/socket\nlifetime = x\n[oops\ndelivery = direct\n"
                       "[brevdue]\ndelivery = queue\n  max-message-size=1M  \n");

    g_assert_cmpuint (config->problems->len, ==, 4);
    g_assert_cmpstr (config->spool, ==, "/srv/spool");
    g_assert_cmpstr (config->socket, ==, "/srv/socket");
    g_assert_cmpint (config->delivery, ==, BREV_DELIVERY_QUEUE);
    g_assert_cmpuint (config->max_message_size, ==, 1024 * 1024);
    g_assert_cmpint (config->lifetime, ==, G_GINT64_CONSTANT (5) * 86400 * 1000);
    g_assert_false (brev_config_check (config, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
    g_assert_nonnull (strstr (error->message, "brevdue.conf:1: "));
    g_assert_nonnull (strstr (error->message, "3 more"));
}

static void
test_nul_byte (Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = path_of (fixture, "brevdue.conf");
    g_autoptr (BrevConfig) config = NULL;
    static const char text[] = "[brevdue]\nfrom = a\0@b\nspool = /s\n";

    g_assert_true (g_file_set_contents (path, text, sizeof text - 1, NULL));
    config = brev_config_load_from (fixture->directory);
    expect_problems (fixture, config, "brevdue.conf:2: holds a NUL byte\n");
    g_assert_cmpstr (config->spool, ==, "/s");
}

static void
test_endpoints (Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *url, *want; /* NULL: refused */
    } cases[] = {
        { "https://api.example.com", "https://api.example.com" },
        { "https://api.example.com:8443/v1/", "https://api.example.com:8443/v1" },
        { "http://127.0.0.1:8080", "http://127.0.0.1:8080" },
        { "http://127.9.9.9", "http://127.9.9.9" },
        { "http://[::1]:80/x", "http://[::1]:80/x" },
        { "http://localhost:80", "http://localhost:80" },
        { "", NULL },
        { "http://example.com", NULL },
        { "http://127.0.0.1.example.com", NULL },
        { "http://10.0.0.1", NULL },
        { "http://[::2]", NULL },
        { "http://127.0.0.1@example.com/", NULL },
        { "ftp://127.0.0.1", NULL },
        { "https://", NULL },
        { "https:///x", NULL },
        { "https://host:port", NULL },
        { "https://host?x=y", NULL },
        { "https://[::1", NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *text =
            g_strconcat (ACCOUNT "endpoint = ", cases[i].url, "\n", NULL);
        g_autoptr (BrevConfig) config = load (fixture, text);
        const BrevAccount *account = config->accounts->pdata[0];
        g_assert_cmpstr (account->endpoint, ==, cases[i].want);
        g_assert_cmpuint (config->problems->len, ==,
                          cases[i].want == NULL && *cases[i].url != '\0' ? 1 : 0);
    }
}

/* Of one line, of a file, of both, of a file that is not there. */
static void
test_templates (Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = path_of (fixture, "t.json");
    g_autofree char *none = path_of (fixture, "none.json");
    const struct {
        const char *own, *file, *want; /* NULL: a problem */
    } cases[] = {
        { "", "", "" },         { "{\"a\": \"${to}\"}", "", "{\"a\": \"${to}\"}" },
        { "", path, "{\n}\n" }, { "{}", path, NULL },
        { "", none, NULL },
    };

    put (fixture, "t.json", "{\n}\n", 0644);
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *text =
            g_strconcat (ACCOUNT "template = ", cases[i].own,
                         "\ntemplate-file = ", cases[i].file, "\n", NULL);
        g_autoptr (BrevConfig) config = load (fixture, text);
        const BrevAccount *account = config->accounts->pdata[0];
        const char *got = account->template_text;
        g_assert_cmpuint (config->problems->len, ==, cases[i].want == NULL ? 1 : 0);
        if (cases[i].want != NULL)
            g_assert_cmpstr (got != NULL ? got : "", ==, cases[i].want);
    }
}

/* Each value, and what "config show" prints for it. */
static void
test_values (Fixture *fixture, gconstpointer data)
{
    static const struct {
        BrevGroup group;
        const char *key, *text, *shown;
    } cases[] = {
        { BREV_GROUP_BREVDUE, "max-message-size", "1048576", "1M" },
        { BREV_GROUP_BREVDUE, "max-message-size", "10 m", "10M" },
        { BREV_GROUP_BREVDUE, "max-message-size", "1025", "1025" },
        { BREV_GROUP_BREVDUE, "max-message-size", "", "50M" },
        { BREV_GROUP_BREVDUE, "lifetime", "90", "90s" },
        { BREV_GROUP_BREVDUE, "lifetime", "120m", "2h" },
        { BREV_GROUP_BREVDUE, "lifetime", "2w", "2w" },
        { BREV_GROUP_BREVDUE, "retry-min", "1500ms", "1500ms" },
        { BREV_GROUP_BREVDUE, "history", "0", "0" },
        { BREV_GROUP_BREVDUE, "spool-durable", "ON", "yes" },
        { BREV_GROUP_BREVDUE, "log", "stderr", "stderr" },
        { BREV_GROUP_ACCOUNT, "rate", "50/s", "50/s" },
        { BREV_GROUP_ACCOUNT, "rate", "100/m", "100/m" },
        { BREV_GROUP_ACCOUNT, "rate", "1000/h", "1000/h" },
        { BREV_GROUP_ACCOUNT, "rate", "7", "7/s" },
        { BREV_GROUP_ACCOUNT, "rate", "", "" },
        { BREV_GROUP_ACCOUNT, "senders", " a.example,*.b,  c@d ", "a.example *.b c@d" },
        { BREV_GROUP_ACCOUNT, "token", "secret", "***" },
        { BREV_GROUP_ACCOUNT, "token", "", "" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        BrevConfig config = { 0 };
        BrevAccount account = { 0 };
        gpointer target =
            cases[i].group == BREV_GROUP_BREVDUE ? (gpointer) &config : &account;
        const BrevSetting *setting = brev_setting_find (cases[i].group, cases[i].key);
        g_autoptr (GError) error = NULL;
        g_autofree char *shown = NULL;
        g_assert_true (brev_setting_parse (setting, target, cases[i].text, &error));
        g_assert_no_error (error);
        shown = brev_setting_format (setting, target);
        g_assert_cmpstr (shown, ==, cases[i].shown);
        brev_settings_clear (cases[i].group, target);
    }
}

static void
test_words (void)
{
    static const struct {
        BrevGroup group;
        const char *key, *word;
        gboolean is_good;
    } cases[] = {
        { BREV_GROUP_BREVDUE, "dns-servers", "192.0.2.1", TRUE },
        { BREV_GROUP_BREVDUE, "dns-servers", "192.0.2.1:5353", TRUE },
        { BREV_GROUP_BREVDUE, "dns-servers", "2001:db8::1", TRUE },
        { BREV_GROUP_BREVDUE, "dns-servers", "[2001:db8::1]", FALSE },
        { BREV_GROUP_BREVDUE, "dns-servers", "[2001:db8::1]:53", TRUE },
        { BREV_GROUP_BREVDUE, "dns-servers", "192.0.2.1:0", FALSE },
        { BREV_GROUP_BREVDUE, "dns-servers", "192.0.2.1:65536", FALSE },
        { BREV_GROUP_BREVDUE, "dns-servers", "192.0.2.1:", FALSE },
        { BREV_GROUP_BREVDUE, "dns-servers", "192.0.2.1/24", FALSE },
        { BREV_GROUP_BREVDUE, "dns-servers", "192.0.2", FALSE },
        { BREV_GROUP_BREVDUE, "dns-servers", "[2001:db8::1", FALSE },
        { BREV_GROUP_BREVDUE, "dns-servers", "localhost", FALSE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "pm._domainkey.example.com", TRUE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "PM._DomainKey.Example.COM.", TRUE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "a.b_c._domainkey.x-y.example", TRUE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "pm._domainkey.com", TRUE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "pm", FALSE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "pm@example.com", FALSE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "pm.example.com", FALSE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "pm._domainkey", FALSE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "pm._domainkey.", FALSE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "._domainkey.example.com", FALSE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "pm._domainkey.example..com", FALSE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "pm._domainkey.example.com..", FALSE },
        { BREV_GROUP_ACCOUNT, "dkim-keys", "pm._domainkey.bücher.example", FALSE },
        { BREV_GROUP_ACCOUNT, "dkim-keys",
          "pm._domainkey.0123456789012345678901234567890123456789012345678901234567890123",
          FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        BrevConfig config = { 0 };
        BrevAccount account = { 0 };
        gpointer target =
            cases[i].group == BREV_GROUP_BREVDUE ? (gpointer) &config : &account;
        const BrevSetting *setting = brev_setting_find (cases[i].group, cases[i].key);
        g_test_message ("%s = %s", cases[i].key, cases[i].word);
        g_assert_cmpint (brev_setting_parse (setting, target, cases[i].word, NULL), ==,
                         cases[i].is_good);
        brev_settings_clear (cases[i].group, target);
    }
}

static void
test_order_of_files (Fixture *fixture, gconstpointer data)
{
    const BrevSetting *from = brev_setting_find (BREV_GROUP_BREVDUE, "from");
    g_autofree char *origin = path_of (fixture, "conf.d/20.conf:2");
    g_autofree char *got = NULL;
    g_autoptr (BrevConfig) config = NULL;

    put (fixture, "conf.d/20.conf", "[brevdue]\nfrom = c@d\n", 0644);
    put (fixture, "conf.d/10.conf", "[brevdue]\nfrom = b@c\npostmaster = p@c\n", 0644);
    put (fixture, "conf.d/30.conf.bak", "junk\n", 0644);
    put (fixture, "own/brevdue/brevdue.conf", "[brevdue]\nlog = stderr\n", 0644);
    config = load (fixture, "[brevdue]\nfrom = a@b\nlog = syslog\nspool = /s\n" ACCOUNT);
    expect_problems (fixture, config, "");
    g_assert_cmpuint (config->files->len, ==, 4);
    g_assert_cmpstr (config->from, ==, "c@d");
    g_assert_cmpstr (config->postmaster, ==, "p@c");
    g_assert_cmpstr (config->spool, ==, "/s");
    g_assert_cmpint (config->log, ==, BREV_LOG_STDERR);
    g_assert_cmpstr (config->account, ==, "a");
    g_assert_false (config->is_users_own);
    got = brev_config_origin (config, BREV_GROUP_BREVDUE, from, "");
    g_assert_cmpstr (got, ==, origin);
}

/* A user's own account comes without the system's accounts, spool and mistakes. */
static void
test_users_own (Fixture *fixture, gconstpointer data)
{
    g_autoptr (BrevConfig) config = NULL;

    put (fixture, "own/brevdue/brevdue.conf", "[account mine]\nprovider = postmark\n",
         0600);
    config = load (fixture, "junk\n[brevdue]\nspool = /s\n" ACCOUNT);
    expect_problems (fixture, config, "");
    g_assert_true (config->is_users_own);
    g_assert_cmpuint (config->accounts->len, ==, 1);
    g_assert_cmpstr (config->account, ==, "mine");
    g_assert_false (config->spool_is_named);
}

static void
test_named_file (Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = path_of (fixture, "other.conf");
    g_autofree char *gone = path_of (fixture, "gone.conf");
    g_autoptr (BrevConfig) config = NULL;
    g_autoptr (BrevConfig) missing = NULL;

    put (fixture, "own/brevdue/brevdue.conf", "[account mine]\nprovider = x\n", 0600);
    put (fixture, "other.conf", "[brevdue]\nspool = /t\n", 0644);
    g_setenv ("BREVDUE_CONFIG", path, TRUE);
    config = load (fixture, ACCOUNT);
    g_assert_cmpstr (config->spool, ==, "/t");
    g_assert_cmpuint (config->accounts->len, ==, 0);
    g_assert_false (config->is_users_own);
    g_setenv ("BREVDUE_CONFIG", gone, TRUE);
    missing = load (fixture, ACCOUNT);
    expect_problems (fixture, missing,
                     "gone.conf: cannot be opened: No such file or directory\n");
}

static void
test_environment (Fixture *fixture, gconstpointer data)
{
    const BrevSetting *from = brev_setting_find (BREV_GROUP_BREVDUE, "from");
    const BrevAccount *account;
    g_autofree char *origin = NULL;
    g_autoptr (BrevConfig) config = NULL;

    g_setenv ("BREVDUE_FROM", "Web <w@example.com>", TRUE);
    g_setenv ("BREVDUE_MAX_MESSAGE_SIZE", "2M", TRUE);
    g_setenv ("BREVDUE_SPOOL", "", TRUE);
    g_setenv ("BREVDUE_LIFETIME", "soon", TRUE);
    g_setenv ("POSTMARK_SERVER_TOKEN", "s3cret", TRUE);
    g_setenv ("BREVDUE_STREAM", "broadcast", TRUE);
    g_setenv ("BREVDUE_ENDPOINT", "http://127.0.0.1:9/", TRUE);
    config = load (fixture, "[brevdue]\nfrom = a@b\n");
    expect_problems (
        fixture, config,
        "BREVDUE_LIFETIME: 'lifetime': 'soon' is not a time such as 30s or 5d\n");
    g_assert_cmpstr (config->from, ==, "Web <w@example.com>");
    g_assert_cmpuint (config->max_message_size, ==, 2 * 1024 * 1024);
    g_assert_false (config->spool_is_named);
    origin = brev_config_origin (config, BREV_GROUP_BREVDUE, from, "");
    g_assert_cmpstr (origin, ==, "BREVDUE_FROM");
    account = brev_config_find_account (config, config->account);
    g_assert_nonnull (account);
    g_assert_true (account->from_environment);
    g_assert_cmpstr (account->provider, ==, "postmark");
    g_assert_cmpstr (account->token_env, ==, "POSTMARK_SERVER_TOKEN");
    g_assert_cmpstr (account->stream, ==, "broadcast");
    g_assert_cmpstr (account->endpoint, ==, "http://127.0.0.1:9");
}

static void
test_environment_provider (Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *text, *provider, *want; /* want: the account's provider */
        guint n_problems;
    } cases[] = {
        { "", "outbox", "outbox", 0 },
        { "", "postmark", "postmark", 0 },
        { "", "pigeon", NULL, 1 },
        { "", NULL, NULL, 0 },
        { "[account x]\nprovider = y\n", "postmark", "y", 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevConfig) config = NULL;
        const BrevAccount *account;
        g_unsetenv ("BREVDUE_PROVIDER");
        if (cases[i].provider != NULL)
            g_setenv ("BREVDUE_PROVIDER", cases[i].provider, TRUE);
        config = load (fixture, cases[i].text);
        account = brev_config_find_account (config, config->account);
        g_assert_cmpstr (account == NULL ? NULL : account->provider, ==, cases[i].want);
        g_assert_cmpuint (config->problems->len, ==, cases[i].n_problems);
    }
}

/* One variable is an account; Mailjet's key has two halves, which belong together. */
static void
test_environment_variables (Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *variable, *user_variable, *want;
    } cases[] = {
        { "POSTMARK_SERVER_TOKEN", NULL, "postmark" },
        { "SENDGRID_API_KEY", NULL, "sendgrid" },
        { "RESEND_API_KEY", NULL, "resend" },
        { "BREVO_API_KEY", NULL, "brevo" },
        { "MJ_APIKEY_PRIVATE", "MJ_APIKEY_PUBLIC", "mailjet" },
        { "MAILTRAP_API_TOKEN", NULL, "mailtrap" },
        { "MAILERSEND_API_KEY", NULL, "mailersend" },
        { "ELASTICEMAIL_API_KEY", NULL, "elastic" },
        { "AZURE_COMMUNICATION_ACCESS_KEY", NULL, "azure" },
        { "GMAIL_TOKEN", NULL, "gmail" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevConfig) config = NULL;
        const BrevAccount *account;
        g_setenv (cases[i].variable, "s3cret", TRUE);
        g_setenv ("MJ_APIKEY_PUBLIC", "public", TRUE);
        config = load (fixture, "");
        account = brev_config_find_account (config, config->account);
        expect_problems (fixture, config, "");
        g_assert_cmpstr (account->provider, ==, cases[i].want);
        g_assert_cmpstr (account->token_env, ==, cases[i].variable);
        g_assert_cmpstr (account->user, ==,
                         cases[i].user_variable != NULL ? "public" : NULL);
        g_unsetenv (cases[i].variable);
        g_unsetenv ("MJ_APIKEY_PUBLIC");
    }
}

/* Its variables belong together, and are other programs', too. */
static void
test_environment_graph (Fixture *fixture, gconstpointer data)
{
    static const char *const variables[][2] = { { "AZURE_CLIENT_SECRET", "s3cret" },
                                                { "AZURE_CLIENT_ID", "application" },
                                                { "AZURE_TENANT_ID", "tenant" } };
    g_autoptr (BrevConfig) alone = NULL, config = NULL;
    const BrevAccount *account;

    for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
        g_setenv (variables[i][0], variables[i][1], TRUE);
    alone = load (fixture, "");
    g_assert_null (brev_config_find_account (alone, alone->account));
    g_setenv ("BREVDUE_PROVIDER", "graph", TRUE);
    config = load (fixture, "");
    account = brev_config_find_account (config, config->account);
    g_assert_cmpstr (account->token_env, ==, "AZURE_CLIENT_SECRET");
    g_assert_cmpstr (account->client_id, ==, "application");
    g_assert_cmpstr (account->domain, ==, "tenant");
    for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
        g_unsetenv (variables[i][0]);
}

static void
test_warnings (Fixture *fixture, gconstpointer data)
{
    g_autoptr (BrevConfig) config =
        load (fixture, ACCOUNT "fallback = b\n[route r]\nuser = root\naccount = c\n");
    g_autoptr (GPtrArray) warnings = brev_config_warnings (config);

    expect_problems (fixture, config, "");
    g_assert_cmpuint (warnings->len, ==, 2);
    g_assert_nonnull (strstr (warnings->pdata[0], "[account b]"));
    g_assert_nonnull (strstr (warnings->pdata[1], "[account c]"));
}

static void
test_address_matches (void)
{
    static const struct {
        const char *pattern, *address;
        gboolean want;
    } cases[] = {
        { "a@b.example", "a@b.example", TRUE },
        { "A@b.Example", "a@B.example", TRUE },
        { "a@b.example", "x@b.example", FALSE },
        { "*@b.example", "x@b.example", TRUE },
        { "*@b.example", "x@c.b.example", FALSE },
        { "b.example", "x@b.example", TRUE },
        { "b.example", "x@c.b.example", FALSE },
        { "b.example", "b.example", FALSE },
        { "*.b.example", "x@c.b.example", TRUE },
        { "*.b.example", "x@d.c.b.example", TRUE },
        { "*.b.example", "x@b.example", FALSE },
        { "*.b.example", "x@evilb.example", FALSE },
        { "news-*@b.example", "news-1@b.example", TRUE },
        { "*", "x@b.example", TRUE },
        { "*", "root", TRUE },
        { "*", "", TRUE },
        { "*@b.example", "\"a@x\"@b.example", TRUE },
        { "*@b.example", "a@b.example@evil.example", FALSE },
        { "*a*a*a*a*b@c", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@c", FALSE },
        { "", "a@b", FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
        if (brev_address_matches (cases[i].pattern, cases[i].address) != cases[i].want)
            g_error ("'%s' and '%s'", cases[i].pattern, cases[i].address);
}

static void
test_covers (Fixture *fixture, gconstpointer data)
{
    g_autoptr (BrevConfig) config = load (
        fixture, "[brevdue]\naccount = a\nfrom = Web <w@example.com>\n" ACCOUNT
                 "[account b]\nprovider = x\nsenders = example.org *.example.org\n");
    const BrevAccount *a = brev_config_find_account (config, "a");
    const BrevAccount *b = brev_config_find_account (config, "b");

    g_assert_true (brev_account_covers (config, a, "x@example.com"));
    g_assert_false (brev_account_covers (config, a, "x@example.org"));
    g_assert_true (brev_account_covers (config, b, "x@a.example.org"));
    g_assert_false (brev_account_covers (config, b, "x@example.com"));
    g_clear_pointer (&config->from, g_free);
    g_assert_false (brev_account_covers (config, a, "x@example.com"));
}

static const char *
find_header (const char *name, gconstpointer data)
{
    return g_ascii_strcasecmp (name, "X-Kind") == 0 ? data : NULL;
}

static void
test_routes (Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *route, *want;
    } cases[] = {
        { "sender = *@example.com", "b" },
        { "sender = x@y from.example", "b" },
        { "sender = x@y, z@w", "a" },
        { "recipient = *.example.net", "b" },
        { "recipient = example.net", "a" },
        { "user = www-data", "b" },
        { "user = 33", "b" },
        { "user = root", "a" },
        { "header = X-Kind", "b" },
        { "header = x-kind: News*", "b" },
        { "header = X-Kind: alert", "a" },
        { "header = X-Other", "a" },
        { "user = 33\nsender = example.com\nrecipient = *", "b" },
        { "user = 33\nsender = example.com\nrecipient = x@y", "a" },
    };
    BrevRouteFacts facts = {
        .sender = "u@example.com",
        .from = "v@from.example",
        .recipient = "r@a.example.net",
        .user = "www-data",
        .uid = 33,
        .header = find_header,
        .data = "newsletter",
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *text = g_strconcat ("[brevdue]\naccount = a\n" ACCOUNT
                                             "[account b]\nprovider = x\n[route r]\n"
                                             "account = b\n",
                                             cases[i].route, "\n", NULL);
        g_autoptr (BrevConfig) config = load (fixture, text);
        expect_problems (fixture, config, "");
        g_assert_cmpstr (brev_route_choose (config, &facts)->name, ==, cases[i].want);
    }
}

/* A route to an account that is not there waits; the default would be another sender's.
 */
static void
test_route_to_nowhere (Fixture *fixture, gconstpointer data)
{
    g_autoptr (BrevConfig) config =
        load (fixture, ACCOUNT "[route r]\nuser = 7\naccount = gone\n");
    BrevRouteFacts facts = { .sender = "", .recipient = "a@b", .uid = 7 };

    g_assert_null (brev_route_choose (config, &facts));
    facts.uid = 8;
    g_assert_cmpstr (brev_route_choose (config, &facts)->name, ==, "a");
}

static void
test_programs (Fixture *fixture, gconstpointer data)
{
    g_autofree char *installed = brev_program_path ("courier");
    g_autofree char *service = brev_program_path ("brevdued");
    g_autofree char *named = NULL;

    g_assert_true (g_str_has_suffix (installed, "/libexec/brevdue/courier"));
    g_assert_true (g_str_has_suffix (service, "/sbin/brevdued"));
    g_setenv ("BREVDUE_PROGRAMS", "/b", TRUE);
    named = brev_program_path ("courier");
    g_assert_cmpstr (named, ==, "/b/courier");
}

/* The page as it reads, without what roff needs. */
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

/* The entry of a setting: its name and type, then the help, then perhaps the default. */
static void
expect_entry (const char *section, const BrevSetting *setting)
{
    g_autofree char *head =
        g_strdup_printf ("\n.TP\n.BI %s \" = %s\"\n%s.\n", setting->key,
                         brev_type_names[setting->type], setting->help);
    g_autofree char *preset = g_strdup_printf ("\nDefault: %s.\n", setting->preset);
    const char *entry = strstr (section, head);
    const char *end;
    g_autofree char *whole = NULL;

    if (entry == NULL)
        g_error ("brevdue.conf(5) has no entry\n%s", head);
    end = strstr (entry + 4, "\n.TP");
    whole = g_strndup (entry, end == NULL ? strlen (entry) : (gsize) (end - entry) + 1);
    g_assert_cmpint (strstr (whole, "\nDefault: ") != NULL, ==, *setting->preset != '\0');
    /* where it lies depends on the build */
    if (*setting->preset != '\0' && !g_str_has_prefix (setting->help, "queue,") &&
        strcmp (setting->key, "socket") != 0 && strstr (whole, preset) == NULL)
        g_error ("'%s': not%s", whole, preset);
}

static void
test_man_page (void)
{
    static const char *const heads[] = { "\n.SS [brevdue]\n", "\n.SS [account NAME]\n",
                                         "\n.SS [route NAME]\n" };
    g_autofree char *page = read_page ();
    guint n, entries = 0;
    const BrevSetting *settings = brev_settings (&n);
    const char *start = strstr (page, "\n.SH SETTINGS\n");
    g_autofree char *body =
        g_strndup (start, (gsize) (strstr (page, "\n.SH ENVIRONMENT") - start) + 1);

    for (guint i = 0; i < n; i++) {
        const char *section = strstr (body, heads[settings[i].group]);
        const char *end = strstr (section + 4, "\n.SS ");
        g_autofree char *own = g_strndup (
            section, end == NULL ? strlen (section) : (gsize) (end - section) + 1);
        expect_entry (own, &settings[i]);
    }
    for (const char *p = body; (p = strstr (p, "\n.BI ")) != NULL; p++)
        entries++;
    g_assert_cmpuint (entries, ==, n);
}

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

static void
test_mail_name (void)
{
    static const struct {
        const char *file, *host, *from, *want;
    } cases[] = {
        { "example.com\n", "web1.example.net", "a@from.example", "example.com" },
        { "a b\n", "web1.example.net", "a@from.example", "web1.example.net" },
        { NULL, "web1.example.net", "a@from.example", "web1.example.net" },
        { NULL, "3f2a9bc1", "Web <a@from.example>", "from.example" },
        { NULL, "3f2a9bc1", NULL, "3f2a9bc1" },
        { NULL, "", NULL, "localhost" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *from = g_strdup (cases[i].from);
        const BrevConfig config = { .from = from };
        g_autofree char *got =
            brev_config_choose_mail_name (cases[i].file, cases[i].host, &config);
        g_assert_cmpstr (got, ==, cases[i].want);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    ADD ("/config/no-file", test_no_file);
    ADD ("/config/samples", test_samples);
    ADD ("/config/sample-uncommented", test_sample_uncommented);
    ADD ("/config/problems", test_problems);
    ADD ("/config/good-lines-count", test_good_lines_count);
    ADD ("/config/nul-byte", test_nul_byte);
    ADD ("/config/endpoints", test_endpoints);
    ADD ("/config/templates", test_templates);
    ADD ("/config/values", test_values);
    g_test_add_func ("/config/words", test_words);
    ADD ("/config/order-of-files", test_order_of_files);
    ADD ("/config/users-own", test_users_own);
    ADD ("/config/named-file", test_named_file);
    ADD ("/config/environment", test_environment);
    ADD ("/config/environment-provider", test_environment_provider);
    ADD ("/config/environment-variables", test_environment_variables);
    ADD ("/config/environment-graph", test_environment_graph);
    ADD ("/config/warnings", test_warnings);
    g_test_add_func ("/route/address-matches", test_address_matches);
    ADD ("/route/covers", test_covers);
    ADD ("/route/choose", test_routes);
    ADD ("/route/to-nowhere", test_route_to_nowhere);
    ADD ("/program/path", test_programs);
    g_test_add_func ("/config/mail-name", test_mail_name);
    g_test_add_func ("/man/brevdue.conf", test_man_page);
    return g_test_run ();
}
