/* SPDX-License-Identifier: MIT */
#include "config/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fs.h"
#include "brevdue-paths.h"
#include "config/environment.h"

#define SECRET_MAX (64 * 1024)
#define SECRETS_DIRECTORY "/run/secrets/"

static void
wipe (char *text, gsize size)
{
    if (text != NULL)
        explicit_bzero (text, size);
    g_free (text);
}

void
brev_secret_free (char *secret)
{
    wipe (secret, secret == NULL ? 0 : strlen (secret));
}

/* Takes the white space at its end off @text (owned). A line break inside would let a
 * header field end early, so it cannot be a token; the text itself is never shown. */
static char *
finish (char *text, const char *where, GError **error)
{
    g_strchomp (text);
    for (const char *p = text; *p != '\0'; p++)
        if (!g_ascii_isprint (*p)) {
            brev_secret_free (text);
            (void) brev_throw (error, BREV_ERROR_CONFIG,
                               "%s holds more than one line, or what is no ASCII", where);
            return NULL;
        }
    if (*text == '\0') {
        brev_secret_free (text);
        (void) brev_throw (error, BREV_ERROR_CONFIG, "%s is empty", where);
        return NULL;
    }
    return text;
}

static gboolean
check_mode (int fd, const char *path, GError **error)
{
    struct stat info;

    if (fstat (fd, &info) < 0)
        return brev_throw_errno (error, errno, "cannot look at '%s'", path);
    if ((info.st_mode & S_IROTH) != 0)
        return brev_throw (
            error, BREV_ERROR_CONFIG,
            "every user of this machine can read '%s': run 'chmod 0640 %s' with "
            "the service's group as its group",
            path, path);
    return TRUE;
}

/* %BREV_ERROR_CONFIG: another error would make mail bounce for a missing file. */
static char *
read_file (const char *path, gboolean check, GError **error)
{
    brev_autofd int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    g_autofree char *where = g_strdup_printf ("the token file '%s'", path);
    char *text;
    gssize got;

    if (fd < 0) {
        (void) brev_throw (error, BREV_ERROR_CONFIG,
                           "cannot open the token file '%s': %s", path,
                           g_strerror (errno));
        return NULL;
    }
    if (check && !check_mode (fd, path, error))
        return NULL;
    text = g_malloc0 (SECRET_MAX + 1);
    got = brev_read_some (fd, text, SECRET_MAX);
    if (got < 0 || strlen (text) != (gsize) got) {
        wipe (text, SECRET_MAX);
        (void) brev_throw (error, BREV_ERROR_CONFIG, "%s cannot be read: %s", where,
                           got < 0 ? g_strerror (errno) : "it holds a NUL byte");
        return NULL;
    }
    return finish (text, where, error);
}

static char *
from_setting (const BrevAccount *account, gboolean as_service, GError **error)
{
    if (as_service && account->token_is_exposed) {
        (void) brev_throw (
            error, BREV_ERROR_CONFIG,
            "the token of account '%s' stands in a file that every user can "
            "read: move it into a file of its own and name that by 'token-file'",
            account->name);
        return NULL;
    }
    return finish (g_strdup (account->token), "'token'", error);
}

static char *
no_token (const BrevAccount *account, GError **error)
{
    const char *variable = account->token_env != NULL
                               ? account->token_env
                               : brev_provider_variable (account->provider);

    (void) brev_throw (
        error, BREV_ERROR_CONFIG,
        "account '%s' has no token: set 'token-file' in [account %s]%s%s; cron "
        "and PHP-FPM clear the environment of what they start",
        account->name, account->name, variable == NULL ? "" : ", or the variable ",
        variable == NULL ? "" : variable);
    return NULL;
}

/* Whether there may be none: no login at all, or keys of the machine. */
static gboolean
is_optional (const BrevAccount *account)
{
    return brev_provider_has_no_token (account->provider) &&
           (account->user == NULL || brev_provider_variable (account->provider) == NULL);
}

static char *
no_credential (const BrevAccount *account, GError **error)
{
    (void) brev_throw (
        error, BREV_ERROR_CONFIG,
        "account '%s' has no token: '%s/%s.token' was missing or empty when systemd "
        "started the service; write it (chmod 0600), then run 'systemctl restart brevdue'",
        account->name, BREV_SYSCONFDIR, account->name);
    return NULL;
}

/* (nullable) (transfer full): its path. The unit of the service hands over an empty line for
 * a file that is not there. */
static char *
find_credential (const BrevAccount *account, gboolean *is_blank)
{
    const char *directory = brev_environment ("CREDENTIALS_DIRECTORY");
    g_autofree char *path = NULL;
    struct stat info;

    *is_blank = FALSE;
    if (directory == NULL)
        return NULL;
    path = g_strdup_printf ("%s/brevdue.%s.token", directory, account->name);
    if (stat (path, &info) < 0)
        return NULL;
    *is_blank = info.st_size <= 1;
    return g_steal_pointer (&path);
}

/* "SECRET:SESSION", where a session goes with the secret. @secret is owned, nullable. */
static char *
add_session (const BrevAccount *account, char *secret, GError **error)
{
    const char *value =
        account->session_env == NULL ? NULL : brev_environment (account->session_env);
    char *session, *both;

    if (secret == NULL || value == NULL)
        return secret;
    session = finish (g_strdup (value), account->session_env, error);
    both = session == NULL ? NULL : g_strdup_printf ("%s:%s", secret, session);
    brev_secret_free (secret);
    brev_secret_free (session);
    return both;
}

static char *
from_file (const BrevAccount *account, gboolean as_service, GError **error)
{
    gboolean check = as_service && !account->token_file_is_named &&
                     !g_str_has_prefix (account->token_file, SECRETS_DIRECTORY);

    return add_session (account, read_file (account->token_file, check, error), error);
}

char *
brev_secret_load (const BrevAccount *account, gboolean as_service, GError **error)
{
    const char *value =
        account->token_env == NULL ? NULL : brev_environment (account->token_env);
    gboolean is_named =
        !account->token_is_ambient && (value != NULL || account->token_file != NULL);
    gboolean is_blank;
    g_autofree char *credential = find_credential (account, &is_blank);

    if (account->token != NULL)
        return from_setting (account, as_service, error);
    if (credential != NULL && !is_blank && !is_named)
        return read_file (credential, FALSE, error);
    if (value != NULL)
        return add_session (account, finish (g_strdup (value), account->token_env, error),
                            error);
    if (account->token_file != NULL)
        return from_file (account, as_service, error);
    if (is_optional (account))
        return g_strdup ("");
    return credential != NULL ? no_credential (account, error)
                              : no_token (account, error);
}

char *
brev_secret_mask (char *text, const char *secret)
{
    g_auto (GStrv) pieces = NULL;
    char *masked;

    if (secret == NULL || *secret == '\0' || strstr (text, secret) == NULL)
        return text;
    pieces = g_strsplit (text, secret, -1);
    masked = g_strjoinv ("***", pieces);
    brev_secret_free (text);
    return masked;
}
