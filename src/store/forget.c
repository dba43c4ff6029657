/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "store/sql.h"

/* What is erased is gone from the files. SQLite overwrites it (secure_delete); the log, in
 * which older pages stand, is emptied; but where rows were moved from a full page to another
 * one, their bytes stay behind in the first. Only writing the whole database anew takes them
 * away. */

#define FORGET_AT_ONCE 10000 /* messages in one transaction: others wait for its end */
#define SMALL (32 * 1024 * 1024) /* bytes: is written anew in a fraction of a second */

/* -- by time ------------------------------------------------------------------------- */

static int
forget_some (BrevStore *store, gint64 now, gint64 history, gint64 lifetime,
             GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };
    gint64 texts = now - history;
    gint64 ids = now - MAX (history, lifetime);
    int forgotten = -1;

    if (!brev_transaction_begin (&transaction, store, error) ||
        BREV_SQL_RUN (store, SQL_FORGET_RECIPIENTS, error, SQL_I (texts),
                      SQL_I (FORGET_AT_ONCE)) < 0)
        return -1;
    forgotten = BREV_SQL_RUN (store, SQL_FORGET_TEXTS, error, SQL_I (texts),
                              SQL_I (FORGET_AT_ONCE));
    if (forgotten < 0 ||
        BREV_SQL_RUN (store, SQL_FORGET_MESSAGES, error, SQL_I (ids)) < 0 ||
        BREV_SQL_RUN (store, SQL_FORGET_PROBLEMS, error, SQL_I (texts)) < 0 ||
        !brev_storm_forget (store, now, error) || !brev_cap_forget (store, now, error) ||
        !brev_transaction_commit (&transaction, error))
        return -1;
    return forgotten;
}

int
brev_store_forget (BrevStore *store, gint64 now, gint64 history, gint64 lifetime,
                   GError **error)
{
    int forgotten = forget_some (store, now, history, lifetime, error);

    store->has_traces |= forgotten > 0;
    store->has_erased |= forgotten > 0;
    if (store->has_erased)
        (void) brev_store_empty_log (store, 0);
    return forgotten;
}

static gboolean
is_small (const BrevStore *store)
{
    struct stat info;

    return fstatat (store->dir, BREV_STORE_FILE, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           info.st_size <= SMALL;
}

/* Others may write just now: then a later one does it. */
void
brev_store_rewrite (BrevStore *store)
{
    if (!store->has_traces || !is_small (store))
        return;
    (void) sqlite3_busy_timeout (store->db, 0);
    if (brev_sql_exec (store, "VACUUM", NULL))
        store->has_traces = FALSE;
    (void) brev_store_empty_log (store, 0);
}

/* -- by address ---------------------------------------------------------------------- */

/* names (TEXT, ADDRESS), for the statements below */
static void
names (sqlite3_context *context, int n, sqlite3_value **values)
{
    const char *text = (const char *) sqlite3_value_text (values[0]);
    const char *address = (const char *) sqlite3_value_text (values[1]);

    sqlite3_result_int (context, n == 2 && text != NULL && address != NULL &&
                                     brev_text_names (text, address));
}

static gboolean
add_function (BrevStore *store, GError **error)
{
    if (sqlite3_create_function_v2 (
            store->db, "names", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
            NULL, names, NULL, NULL, NULL) != SQLITE_OK)
        return brev_sql_throw (store, error);
    return TRUE;
}

/* Finished messages that name @address, but those whose report is still to be written,
 * which are counted. Before the transaction: every text is looked at. */
static gboolean
find_naming (BrevStore *store, const char *address, GArray *found, guint *kept,
             GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_NAMING, error, SQL_T (address));
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0) {
        gint64 n = sqlite3_column_int64 (row, 0);
        if (sqlite3_column_int (row, 1))
            *kept += 1;
        else
            g_array_append_val (found, n);
    }
    return got == 0;
}

static gboolean
erase (BrevStore *store, const char *address, const GArray *found, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };

    if (!brev_transaction_begin (&transaction, store, error))
        return FALSE;
    for (guint i = 0; i < found->len; i++) {
        gint64 n = g_array_index (found, gint64, i);
        if (BREV_SQL_RUN (store, SQL_ERASE_RECIPIENTS, error, SQL_I (n)) < 0 ||
            BREV_SQL_RUN (store, SQL_ERASE_TEXTS, error, SQL_I (n)) < 0)
            return FALSE;
    }
    return BREV_SQL_RUN (store, SQL_ERASE_PROBLEMS, error, SQL_T (address)) >= 0 &&
           brev_transaction_commit (&transaction, error);
}

int
brev_store_forget_address (BrevStore *store, const char *address, guint *kept,
                           GError **error)
{
    g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (gint64));
    g_autofree char *folded = brev_text_fold (address);

    *kept = 0;
    if (!add_function (store, error) ||
        !find_naming (store, folded, found, kept, error) ||
        !erase (store, folded, found, error) || !brev_sql_exec (store, "VACUUM", error))
        return -1;
    if (!brev_store_empty_log (store, BREV_STORE_PATIENCE)) {
        (void) brev_throw (
            error, BREV_ERROR_BUSY,
            "what was erased still stands in the log of the database in '%s', "
            "which others read: run this again",
            store->path);
        return -1;
    }
    return (int) found->len;
}
