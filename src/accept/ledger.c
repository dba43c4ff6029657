/* SPDX-License-Identifier: MIT */
#include "accept/ledger.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/fs.h"
#include "envelope/frame.h"

struct BrevLedger {
    GHashTable *uids;   /* the first digits of an ID, as a number -> uid */
    GHashTable *counts; /* uid -> messages */
};

BrevLedger *
brev_ledger_new (void)
{
    BrevLedger *ledger = g_new0 (BrevLedger, 1);

    ledger->uids = g_hash_table_new (NULL, NULL);
    ledger->counts = g_hash_table_new (NULL, NULL);
    return ledger;
}

void
brev_ledger_free (BrevLedger *ledger)
{
    if (ledger == NULL)
        return;
    g_hash_table_unref (ledger->uids);
    g_hash_table_unref (ledger->counts);
    g_free (ledger);
}

/* Sixty of an ID's bits or more: nobody meets another's by chance, and who aims at it
 * only disturbs the count. */
static gpointer
key_of (const char *id)
{
    char digits[13];

    g_strlcpy (digits, id, sizeof digits);
    return GSIZE_TO_POINTER ((gsize) g_ascii_strtoull (digits, NULL, 36));
}

static void
change_count (BrevLedger *ledger, guint32 uid, int by)
{
    guint count = (guint) ((int) brev_ledger_count (ledger, uid) + by);

    if (count == 0)
        (void) g_hash_table_remove (ledger->counts, GUINT_TO_POINTER (uid));
    else
        (void) g_hash_table_insert (ledger->counts, GUINT_TO_POINTER (uid),
                                    GUINT_TO_POINTER (count));
}

void
brev_ledger_add (BrevLedger *ledger, const char *id, guint32 uid)
{
    if (g_hash_table_insert (ledger->uids, key_of (id), GUINT_TO_POINTER (uid)))
        change_count (ledger, uid, 1);
}

void
brev_ledger_remove (BrevLedger *ledger, const char *id)
{
    gpointer uid;

    if (!g_hash_table_steal_extended (ledger->uids, key_of (id), NULL, &uid))
        return;
    change_count (ledger, GPOINTER_TO_UINT (uid), -1);
}

guint
brev_ledger_count (const BrevLedger *ledger, guint32 uid)
{
    return GPOINTER_TO_UINT (
        g_hash_table_lookup (ledger->counts, GUINT_TO_POINTER (uid)));
}

static void
load_file (BrevLedger *ledger, int dir, const char *id)
{
    brev_autofd int fd = openat (dir, id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    guint8 record[BREV_ORIGIN_SIZE];
    BrevOrigin origin;

    if (fd >= 0 && brev_read_at (fd, record, sizeof record, 0) == sizeof record &&
        brev_origin_read (record, &origin, NULL))
        brev_ledger_add (ledger, id, origin.uid);
}

void
brev_ledger_load (BrevLedger *ledger, const BrevSpool *spool)
{
    int fd = openat (spool->queue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    const struct dirent *entry;

    g_hash_table_remove_all (ledger->uids);
    g_hash_table_remove_all (ledger->counts);
    if (dir == NULL) {
        brev_close_fd (&fd);
        return;
    }
    while ((entry = readdir (dir)) != NULL)
        if (brev_id_is_valid (entry->d_name))
            load_file (ledger, spool->queue, entry->d_name);
    (void) closedir (dir);
}
