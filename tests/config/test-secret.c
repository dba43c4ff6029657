/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "brevdue-paths.h"
#include "config/secret.h"

typedef struct {
    char *directory;
    char *path;       /* a token file */
    char *credential; /* brevdue.a.token */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
    fixture->directory = g_dir_make_tmp ("brevdue-XXXXXX", NULL);
    fixture->path = g_build_filename (fixture->directory, "token", NULL);
    fixture->credential = g_build_filename (fixture->directory, "brevdue.a.token", NULL);
    g_unsetenv ("CREDENTIALS_DIRECTORY");
    g_unsetenv ("TEST_TOKEN");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
    (void) g_unlink (fixture->path);
    (void) g_unlink (fixture->credential);
    g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
    g_free (fixture->directory);
    g_free (fixture->path);
    g_free (fixture->credential);
}

static void
put (const char *path, const char *text, gssize length, int mode)
{
    g_assert_true (g_file_set_contents (path, text, length, NULL));
    g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

/* @account: its token, token_env and token_file */
static void
expect (const BrevAccount *account, gboolean as_service, const char *want)
{
    g_autoptr (GError) error = NULL;
    char *got = brev_secret_load (account, as_service, &error);

    g_assert_cmpstr (got, ==, want);
    if (want == NULL)
        g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
    else
        g_assert_no_error (error);
    brev_secret_free (got);
}

static void
test_order (Fixture *fixture, gconstpointer data)
{
    char name[] = "a", provider[] = "postmark", token[] = "one",
         variable[] = "TEST_TOKEN";
    BrevAccount account = { .name = name, .provider = provider };

    expect (&account, TRUE, NULL);
    g_setenv ("CREDENTIALS_DIRECTORY", fixture->directory, TRUE);
    put (fixture->credential, "four\n", -1, 0444);
    expect (&account, TRUE, "four");
    account.token_file = fixture->path;
    put (fixture->path, "three \r\n\n", -1, 0640);
    expect (&account, TRUE, "three");
    account.token_env = variable;
    expect (&account, TRUE, "three");
    g_setenv ("TEST_TOKEN", "two", TRUE);
    expect (&account, TRUE, "two");
    account.token = token;
    expect (&account, TRUE, "one");
}

/* What is in the environment of everything comes last, but before a credential that is none. */
static void
test_ambient (Fixture *fixture, gconstpointer data)
{
    char name[] = "a", provider[] = "postmark", variable[] = "TEST_TOKEN";
    BrevAccount account = { .name = name,
                            .provider = provider,
                            .token_env = variable,
                            .token_is_ambient = TRUE };

    g_setenv ("TEST_TOKEN", "five", TRUE);
    expect (&account, TRUE, "five");
    g_setenv ("CREDENTIALS_DIRECTORY", fixture->directory, TRUE);
    put (fixture->credential, "\n", -1, 0444);
    expect (&account, TRUE, "five");
    (void) g_unlink (fixture->credential);
    put (fixture->credential, "four\n", -1, 0444);
    expect (&account, TRUE, "four");
}

/* What the service's unit gives for a file that is not there. */
static void
test_blank_credential (Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *provider, *user, *want;
    } rows[] = {
        { "postmark", NULL, NULL }, /* a token is needed */
        { "smtp", NULL, "" },       /* no login */
        { "ses", NULL, "" },        /* the machine's keys */
        { "ses", "AKID", NULL },
    };

    g_setenv ("CREDENTIALS_DIRECTORY", fixture->directory, TRUE);
    put (fixture->credential, "\n", -1, 0444);
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        char name[] = "a";
        g_autofree char *provider = g_strdup (rows[i].provider);
        g_autofree char *user = g_strdup (rows[i].user);
        const BrevAccount account = { .name = name, .provider = provider, .user = user };
        expect (&account, TRUE, rows[i].want);
    }
}

/* It names the file that is to be written, not the one that systemd made. */
static void
test_blank_credential_is_told (Fixture *fixture, gconstpointer data)
{
    char name[] = "a", provider[] = "postmark";
    const BrevAccount account = { .name = name, .provider = provider };
    g_autoptr (GError) error = NULL;

    g_setenv ("CREDENTIALS_DIRECTORY", fixture->directory, TRUE);
    put (fixture->credential, "\n", -1, 0444);
    g_assert_null (brev_secret_load (&account, TRUE, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
    g_assert_nonnull (strstr (error->message, "account 'a' has no token"));
    g_assert_nonnull (strstr (error->message, BREV_SYSCONFDIR "/a.token"));
    g_assert_nonnull (strstr (error->message, "systemctl restart brevdue"));
    g_assert_null (strstr (error->message, fixture->directory));
}

static void
test_modes (Fixture *fixture, gconstpointer data)
{
    static const struct {
        int mode;
        gboolean as_service, is_named, want;
    } cases[] = {
        { 0600, TRUE, FALSE, TRUE },  { 0640, TRUE, FALSE, TRUE },
        { 0644, TRUE, FALSE, FALSE }, { 0644, FALSE, FALSE, TRUE },
        { 0644, TRUE, TRUE, TRUE },
    };
    char name[] = "a", provider[] = "postmark";
    BrevAccount account = { .name = name,
                            .provider = provider,
                            .token_file = fixture->path };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        put (fixture->path, "t0k\n", -1, cases[i].mode);
        account.token_file_is_named = cases[i].is_named;
        expect (&account, cases[i].as_service, cases[i].want ? "t0k" : NULL);
    }
}

static void
test_exposed_setting (Fixture *fixture, gconstpointer data)
{
    char name[] = "a", token[] = "t0k";
    BrevAccount account = { .name = name, .token = token, .token_is_exposed = TRUE };

    expect (&account, TRUE, NULL);
    expect (&account, FALSE, "t0k");
}

/* None of them may come near a header field, and none may show in the error. */
static void
test_bad_content (Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *text;
        gssize length;
    } cases[] = {
        { "", 0 },          { "\n \n", 3 },          { "s3cret\r\nX-Evil: 1", 17 },
        { "s3cret\tx", 8 }, { "s3cret\xc3\xa5", 8 }, { "s3cret\0x", 8 },
    };
    char name[] = "a", provider[] = "postmark";
    BrevAccount account = { .name = name,
                            .provider = provider,
                            .token_file = fixture->path };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (GError) error = NULL;
        put (fixture->path, cases[i].text, cases[i].length, 0600);
        g_assert_null (brev_secret_load (&account, TRUE, &error));
        g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
        g_assert_null (strstr (error->message, "s3cret"));
    }
}

static void
test_missing (Fixture *fixture, gconstpointer data)
{
    char name[] = "a", provider[] = "postmark", variable[] = "TEST_TOKEN";
    BrevAccount account = { .name = name, .provider = provider };
    g_autoptr (GError) error = NULL;
    g_autoptr (GError) variable_error = NULL;
    g_autoptr (GError) file_error = NULL;

    g_assert_null (brev_secret_load (&account, TRUE, &error));
    g_assert_nonnull (strstr (error->message, "POSTMARK_SERVER_TOKEN"));
    g_assert_nonnull (strstr (error->message, "cron and PHP-FPM"));
    account.token_env = variable;
    g_assert_null (brev_secret_load (&account, TRUE, &variable_error));
    g_assert_nonnull (strstr (variable_error->message, "TEST_TOKEN"));
    account.token_file = fixture->path;
    g_assert_null (brev_secret_load (&account, TRUE, &file_error));
    g_assert_error (file_error, BREV_ERROR, BREV_ERROR_CONFIG);
    g_assert_nonnull (strstr (file_error->message, fixture->path));
}

static void
test_outbox (Fixture *fixture, gconstpointer data)
{
    char name[] = "a", provider[] = "outbox";
    BrevAccount account = { .name = name, .provider = provider };

    expect (&account, TRUE, "");
}

static void
test_mask (Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *text, *secret, *want;
    } cases[] = {
        { "token abc refused", "abc", "token *** refused" },
        { "abcabc", "abc", "******" },
        { "nothing", "abc", "nothing" },
        { "nothing", "", "nothing" },
        { "nothing", NULL, "nothing" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *got =
            brev_secret_mask (g_strdup (cases[i].text), cases[i].secret);
        g_assert_cmpstr (got, ==, cases[i].want);
    }
}

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    ADD ("/secret/order", test_order);
    ADD ("/secret/ambient", test_ambient);
    ADD ("/secret/blank-credential", test_blank_credential);
    ADD ("/secret/blank-credential-is-told", test_blank_credential_is_told);
    ADD ("/secret/modes", test_modes);
    ADD ("/secret/exposed-setting", test_exposed_setting);
    ADD ("/secret/bad-content", test_bad_content);
    ADD ("/secret/missing", test_missing);
    ADD ("/secret/outbox", test_outbox);
    ADD ("/secret/mask", test_mask);
    return g_test_run ();
}
