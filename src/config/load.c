/* SPDX-License-Identifier: MIT */
#include "config/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "brevdue-paths.h"
#include "config/environment.h"
#include "config/scan.h"

#define FILE_MAX (1024 * 1024)

/* A file that was read and not yet applied. */
typedef struct {
    char *path;
    GPtrArray *entries;  /* of BrevEntry */
    GPtrArray *problems; /* of BrevProblem */
    gboolean is_exposed; /* others than its owner can read it */
} File;

static void
account_free (gpointer data)
{
    BrevAccount *account = data;

    brev_settings_clear (BREV_GROUP_ACCOUNT, account);
    g_free (account->template_text);
    g_free (account->name);
    g_free (account);
}

static void
route_free (gpointer data)
{
    BrevRoute *route = data;

    brev_settings_clear (BREV_GROUP_ROUTE, route);
    g_free (route->name);
    g_free (route);
}

static void
problem_free (gpointer data)
{
    BrevProblem *problem = data;

    g_free (problem->file);
    g_free (problem->message);
    g_free (problem);
}

static void
source_free (gpointer data)
{
    BrevSource *source = data;

    g_free (source->section);
    g_free (source->file);
    g_free (source);
}

static BrevConfig *
config_new (void)
{
    BrevConfig *config = g_new0 (BrevConfig, 1);

    brev_settings_preset (BREV_GROUP_BREVDUE, config);
    config->accounts = g_ptr_array_new_with_free_func (account_free);
    config->routes = g_ptr_array_new_with_free_func (route_free);
    config->problems = g_ptr_array_new_with_free_func (problem_free);
    config->files = g_ptr_array_new_with_free_func (g_free);
    config->sources = g_ptr_array_new_with_free_func (source_free);
    return config;
}

void
brev_config_free (BrevConfig *config)
{
    if (config == NULL)
        return;
    brev_settings_clear (BREV_GROUP_BREVDUE, config);
    g_ptr_array_unref (config->accounts);
    g_ptr_array_unref (config->routes);
    g_ptr_array_unref (config->problems);
    g_ptr_array_unref (config->files);
    g_ptr_array_unref (config->sources);
    g_free (config);
}

static void
file_free (File *file)
{
    if (file == NULL)
        return;
    g_free (file->path);
    g_clear_pointer (&file->entries, g_ptr_array_unref);
    g_ptr_array_unref (file->problems);
    g_free (file);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (File, file_free)

void
brev_config_problem (BrevConfig *config, const char *file, guint line, const char *format,
                     ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start (args, format);
    message = g_strdup_vprintf (format, args);
    va_end (args);
    brev_problem_add (config->problems, file, line, "%s", message);
}

static void
add_source (BrevConfig *config, BrevGroup group, const BrevSetting *setting,
            const char *section, const char *file, guint line)
{
    BrevSource *source = g_new0 (BrevSource, 1);

    source->group = group;
    source->setting = setting;
    source->section = g_strdup (section);
    source->file = g_strdup (file);
    source->line = line;
    g_ptr_array_add (config->sources, source);
}

void
brev_config_apply (BrevConfig *config, const BrevSetting *setting, gpointer target,
                   const char *section, const char *value, const char *file, guint line)
{
    g_autoptr (GError) error = NULL;

    if (brev_setting_parse (setting, target, value, &error))
        add_source (config, setting->group, setting, section, file, line);
    else
        brev_problem_add (config->problems, file, line, "%s", error->message);
}

static BrevAccount *
account_of (BrevConfig *config, const char *name)
{
    BrevAccount *account;

    for (guint i = 0; i < config->accounts->len; i++) {
        account = config->accounts->pdata[i];
        if (strcmp (account->name, name) == 0)
            return account;
    }
    account = g_new0 (BrevAccount, 1);
    account->name = g_strdup (name);
    brev_settings_preset (BREV_GROUP_ACCOUNT, account);
    g_ptr_array_add (config->accounts, account);
    return account;
}

static BrevRoute *
route_of (BrevConfig *config, const char *name)
{
    BrevRoute *route;

    for (guint i = 0; i < config->routes->len; i++) {
        route = config->routes->pdata[i];
        if (strcmp (route->name, name) == 0)
            return route;
    }
    route = g_new0 (BrevRoute, 1);
    route->name = g_strdup (name);
    brev_settings_preset (BREV_GROUP_ROUTE, route);
    g_ptr_array_add (config->routes, route);
    return route;
}

static gpointer
target_of (BrevConfig *config, const BrevEntry *entry)
{
    switch (entry->group) {
    case BREV_GROUP_ACCOUNT:
        return account_of (config, entry->section);
    case BREV_GROUP_ROUTE:
        return route_of (config, entry->section);
    case BREV_GROUP_BREVDUE:
    case BREV_GROUP_LAST:
        break;
    }
    return config;
}

static void
apply_file (BrevConfig *config, File *file)
{
    g_ptr_array_add (config->files, g_strdup (file->path));
    g_ptr_array_extend_and_steal (config->problems, g_steal_pointer (&file->problems));
    file->problems = g_ptr_array_new ();
    for (guint i = 0; file->entries != NULL && i < file->entries->len; i++) {
        const BrevEntry *entry = file->entries->pdata[i];
        gpointer target = target_of (config, entry);
        if (entry->setting == NULL)
            add_source (config, entry->group, NULL, entry->section, file->path,
                        entry->line);
        else
            brev_config_apply (config, entry->setting, target, entry->section,
                               entry->value, file->path, entry->line);
        if (entry->setting != NULL && entry->setting->is_secret)
            ((BrevAccount *) target)->token_is_exposed = file->is_exposed;
    }
}

static void
scan_file (File *file, int fd, gsize size)
{
    g_autofree char *text = g_malloc (size + 1);
    gssize got = brev_read_at (fd, text, size, 0);

    if (got < 0) {
        brev_problem_add (file->problems, file->path, 0, "cannot be read: %s",
                          g_strerror (errno));
        return;
    }
    file->entries = brev_scan (file->path, text, (gsize) got, file->problems);
    explicit_bzero (text, (gsize) got);
}

/* @owner: only when the file is this user's; -1: whoever's. %NULL when there is no file,
 * unless @must_exist. */
static File *
file_read (const char *path, gint64 owner, gboolean must_exist)
{
    /* not to hang on a FIFO */
    brev_autofd int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    g_autoptr (File) file = NULL;
    struct stat info;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && !must_exist)
        return NULL;
    file = g_new0 (File, 1);
    file->path = g_strdup (path);
    file->problems = g_ptr_array_new_with_free_func (problem_free);
    if (fd < 0 || fstat (fd, &info) < 0) {
        brev_problem_add (file->problems, path, 0, "cannot be opened: %s",
                          g_strerror (errno));
        return g_steal_pointer (&file);
    }
    if (owner >= 0 && info.st_uid != (uid_t) owner)
        return NULL;
    if (!S_ISREG (info.st_mode) || info.st_size > FILE_MAX) {
        brev_problem_add (file->problems, path, 0, "is no plain file of at most 1 MB");
        return g_steal_pointer (&file);
    }
    file->is_exposed = (info.st_mode & S_IROTH) != 0;
    scan_file (file, fd, (gsize) info.st_size);
    return g_steal_pointer (&file);
}

static gboolean
names_account (const File *file)
{
    for (guint i = 0; file->entries != NULL && i < file->entries->len; i++)
        if (((const BrevEntry *) file->entries->pdata[i])->group == BREV_GROUP_ACCOUNT)
            return TRUE;
    return FALSE;
}

static void
read_and_apply (BrevConfig *config, const char *path, gboolean must_exist)
{
    g_autoptr (File) file = file_read (path, -1, must_exist);

    if (file != NULL)
        apply_file (config, file);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
    return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Names of the *.conf of @directory, sorted. */
static GPtrArray *
list_conf (const char *directory)
{
    GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
    DIR *dir = opendir (directory);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir (dir)) != NULL)
        if (entry->d_name[0] != '.' && g_str_has_suffix (entry->d_name, ".conf"))
            g_ptr_array_add (names, g_build_filename (directory, entry->d_name, NULL));
    if (dir != NULL)
        (void) closedir (dir);
    g_ptr_array_sort (names, compare_names);
    return names;
}

static void
apply_system_files (BrevConfig *config, const char *directory)
{
    g_autofree char *main_file = g_build_filename (directory, "brevdue.conf", NULL);
    g_autofree char *parts = g_build_filename (directory, "conf.d", NULL);
    g_autoptr (GPtrArray) names = list_conf (parts);

    read_and_apply (config, main_file, FALSE);
    for (guint i = 0; i < names->len; i++)
        read_and_apply (config, names->pdata[i], TRUE);
}

/* Asking the password database would cost more than all the rest; a program without HOME
 * has no configuration of its own. */
static File *
read_users_own (void)
{
    const char *base = brev_environment ("XDG_CONFIG_HOME");
    const char *home = brev_environment ("HOME");
    g_autofree char *path = NULL;

    if (base != NULL && *base == '/')
        path = g_build_filename (base, "brevdue/brevdue.conf", NULL);
    else if (home != NULL && *home == '/')
        path = g_build_filename (home, ".config/brevdue/brevdue.conf", NULL);
    return path == NULL ? NULL : file_read (path, geteuid (), FALSE);
}

/* A user's file that names an account is a configuration of its own: neither the system's
 * accounts, whose tokens the user cannot read, nor its spool are meant. */
static void
apply_files (BrevConfig *config, const char *directory)
{
    const char *named = brev_environment ("BREVDUE_CONFIG");
    g_autoptr (File) own = named == NULL ? read_users_own () : NULL;

    if (named != NULL) {
        read_and_apply (config, named, TRUE);
        return;
    }
    config->is_users_own = own != NULL && names_account (own);
    if (!config->is_users_own)
        apply_system_files (config, directory);
    if (own != NULL)
        apply_file (config, own);
}

static void
apply_environment (BrevConfig *config)
{
    const char *provider;
    BrevAccount *account;

    brev_environment_apply (config, BREV_GROUP_BREVDUE, config, "");
    if (config->accounts->len > 0)
        return;
    provider = brev_environment_provider (config);
    if (provider == NULL)
        return;
    account = account_of (config, provider);
    account->from_environment = TRUE;
    account->token_file_is_named = TRUE;
    brev_environment_apply (config, BREV_GROUP_ACCOUNT, account, account->name);
    if (account->provider == NULL)
        account->provider = g_strdup (provider);
}

BrevConfig *
brev_config_load_from (const char *directory)
{
    BrevConfig *config = config_new ();

    apply_files (config, directory);
    apply_environment (config);
    brev_config_finish (config);
    return config;
}

BrevConfig *
brev_config_load (void)
{
    return brev_config_load_from (BREV_SYSCONFDIR);
}

char *
brev_problem_format (const BrevProblem *problem)
{
    if (problem->line == 0)
        return g_strdup_printf ("%s: %s", problem->file, problem->message);
    return g_strdup_printf ("%s:%u: %s", problem->file, problem->line, problem->message);
}

gboolean
brev_config_check (const BrevConfig *config, GError **error)
{
    g_autofree char *first = NULL;

    if (config->problems->len == 0)
        return TRUE;
    first = brev_problem_format (config->problems->pdata[0]);
    if (config->problems->len == 1)
        return brev_throw (error, BREV_ERROR_CONFIG, "%s", first);
    return brev_throw (error, BREV_ERROR_CONFIG,
                       "%s (and %u more: 'brevdue config check' lists them)", first,
                       config->problems->len - 1);
}

const BrevAccount *
brev_config_find_account (const BrevConfig *config, const char *name)
{
    for (guint i = 0; name != NULL && i < config->accounts->len; i++) {
        const BrevAccount *account = config->accounts->pdata[i];
        if (strcmp (account->name, name) == 0)
            return account;
    }
    return NULL;
}
