/* SPDX-License-Identifier: MIT */
#include "spool/owner.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

gboolean
brev_spool_owner (const char *path, uid_t *uid, gid_t *gid)
{
    g_autofree char *queue = g_build_filename (path, "queue", NULL);
    struct stat info;

    if (lstat (queue, &info) < 0 || !S_ISDIR (info.st_mode))
        return FALSE;
    *uid = info.st_uid;
    *gid = info.st_gid;
    return TRUE;
}

/* The groups first: without root's rights they could not be given away. */
gboolean
brev_become (uid_t uid, gid_t gid, GError **error)
{
    const struct passwd *entry = getpwuid (uid);
    int failed = entry == NULL ? setgroups (1, &gid) : initgroups (entry->pw_name, gid);

    if (failed < 0 || setresgid (gid, gid, gid) < 0 || setresuid (uid, uid, uid) < 0)
        return brev_throw_errno (error, errno, "cannot become the spool's owner, uid %u",
                                 (guint) uid);
    return TRUE;
}
