/* SPDX-License-Identifier: MIT */
#include "admin/site.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "spool/owner.h"

static gboolean
is_directory (const char *path)
{
    struct stat info;

    return path != NULL && stat (path, &info) == 0 && S_ISDIR (info.st_mode);
}

static GPtrArray *
candidates (const BrevConfig *config)
{
    const char *home = g_getenv ("HOME");
    GPtrArray *paths = brev_spool_own_paths (config, g_getenv ("XDG_STATE_HOME"),
                                             is_directory (home) ? home : NULL);

    if (!config->is_users_own)
        g_ptr_array_insert (paths, 0, g_strdup (config->spool));
    return paths;
}

static char *
user_name (uid_t uid)
{
    const struct passwd *entry = getpwuid (uid);

    return entry == NULL ? g_strdup_printf ("uid %u", (guint) uid)
                         : g_strdup (entry->pw_name);
}

static gboolean
denied (const char *path, uid_t owner, GError **error)
{
    g_autofree char *name = user_name (owner);

    return brev_throw (
        error, BREV_ERROR_DENIED,
        "the spool '%s' belongs to %s: run this as root%s%s; 'mailq' lists "
        "your own mail",
        path, name, owner == 0 ? "" : " or as ", owner == 0 ? "" : name);
}

char *
brev_site_find (const BrevConfig *config, GError **error)
{
    g_autoptr (GPtrArray) paths = candidates (config);
    const char *foreign = NULL;
    uid_t uid, foreign_uid = 0;
    gid_t gid;

    for (guint i = 0; i < paths->len; i++) {
        if (!brev_spool_owner (paths->pdata[i], &uid, &gid))
            continue;
        if (geteuid () == 0 || uid == geteuid ())
            return g_strdup (paths->pdata[i]);
        if (foreign == NULL) {
            foreign = paths->pdata[i];
            foreign_uid = uid;
        }
    }
    if (foreign != NULL)
        (void) denied (foreign, foreign_uid, error);
    return NULL;
}

static gboolean
become_owner_of (const char *path, GError **error)
{
    uid_t uid;
    gid_t gid;

    if (geteuid () != 0 || !brev_spool_owner (path, &uid, &gid) || uid == 0)
        return TRUE;
    return brev_become (uid, gid, error);
}

gboolean
brev_site_become_owner (const BrevConfig *config, GError **error)
{
    g_autofree char *path = brev_site_find (config, NULL);

    return path == NULL || become_owner_of (path, error);
}

static gboolean
open_store (BrevSite *site, BrevStoreMode mode, GError **error)
{
    g_autofree char *directory = g_build_filename (site->spool->path, "store", NULL);
    g_autoptr (GError) local = NULL;

    site->store =
        brev_store_open (directory, BREV_STORE_READ, brev_clock_now (), NULL, &local);
    if (g_error_matches (local, BREV_ERROR, BREV_ERROR_NO_FILE))
        return TRUE;
    if (site->store != NULL && mode != BREV_STORE_READ) {
        brev_store_free (site->store);
        site->store = brev_store_open (directory, mode, brev_clock_now (), NULL, &local);
    }
    if (site->store != NULL)
        return TRUE;
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
}

BrevSite *
brev_site_open (const BrevConfig *config, BrevStoreMode mode, GError **error)
{
    g_autoptr (BrevSite) site = g_new0 (BrevSite, 1);
    g_autoptr (GError) local = NULL;
    g_autofree char *path = brev_site_find (config, &local);
    g_autofree char *drop = path == NULL ? NULL : g_build_filename (path, "drop", NULL);

    site->config = config;
    if (local != NULL) {
        g_propagate_error (error, g_steal_pointer (&local));
        return NULL;
    }
    if (path == NULL)
        return g_steal_pointer (&site);
    if (!become_owner_of (path, error))
        return NULL;
    site->spool = brev_spool_open (path, is_directory (drop), error);
    if (site->spool == NULL || !open_store (site, mode, error))
        return NULL;
    return g_steal_pointer (&site);
}

void
brev_site_free (BrevSite *site)
{
    if (site == NULL)
        return;
    brev_store_free (site->store);
    brev_spool_free (site->spool);
    g_free (site);
}

gboolean
brev_site_has_service (const BrevConfig *config)
{
    g_autofree char *drop = g_build_filename (config->spool, "drop", NULL);

    return access (config->socket, F_OK) == 0 || is_directory (drop);
}
