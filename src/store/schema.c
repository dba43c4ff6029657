/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "store/sql.h"

/* Step k takes a database of version k to k + 1. Steps are never edited once released. */
static const char *const steps[] = {
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"

    "CREATE TABLE messages ("
    " n INTEGER PRIMARY KEY,"
    " id TEXT NOT NULL UNIQUE,"
    " imported INTEGER NOT NULL DEFAULT 0,"
    " owner INTEGER NOT NULL DEFAULT 0," /* the courier that reads its file */
    " uid INTEGER,"                      /* NULL until it is imported */
    " arrival INTEGER NOT NULL,"
    " finished INTEGER NOT NULL DEFAULT 0,"
    " size INTEGER NOT NULL DEFAULT 0,"
    " checksum INTEGER NOT NULL DEFAULT 0,"
    " sender TEXT NOT NULL DEFAULT '',"
    " message_id TEXT,"
    " login TEXT,"
    " local INTEGER NOT NULL DEFAULT 0," /* 1: the sender is a login name */
    " program TEXT,"
    " way INTEGER NOT NULL DEFAULT 0,"
    " held INTEGER NOT NULL DEFAULT 0,"  /* since when */
    " storm INTEGER NOT NULL DEFAULT 0," /* 1: by the storm guard */
    " deleted INTEGER NOT NULL DEFAULT 0,"
    " crashes INTEGER NOT NULL DEFAULT 0,"
    " paused INTEGER NOT NULL DEFAULT 0,"
    " parked TEXT,"
    " total INTEGER NOT NULL DEFAULT 0," /* recipients; 0 again once they are forgotten */
    " options TEXT,"
    " ignored TEXT,"
    " dot_bytes INTEGER NOT NULL DEFAULT 0,"
    " script TEXT,"
    " rewritten TEXT,"
    " caller INTEGER NOT NULL DEFAULT 0," /* that counts it; 0: none */
    " bulk INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX messages_unfinished ON messages (arrival, n) WHERE finished = 0;"
    "CREATE INDEX messages_finished ON messages (finished, n) WHERE finished > 0 AND total > 0;"
    "CREATE INDEX messages_known ON messages (finished, n) WHERE finished > 0 AND total = 0;"
    "CREATE INDEX messages_importing ON messages (owner) WHERE imported = 0;"
    "CREATE INDEX messages_deleted ON messages (id) WHERE deleted = 1 AND finished = 0;"

    /* uid, held and bulk stand here, too, so that one index finds what is due, submitter by
     * submitter, without a look at what is not. */
    "CREATE TABLE recipients ("
    " message INTEGER NOT NULL REFERENCES messages (n) ON DELETE CASCADE,"
    " idx INTEGER NOT NULL,"
    " uid INTEGER NOT NULL,"
    " held INTEGER NOT NULL,"
    " bulk INTEGER NOT NULL,"
    " address TEXT NOT NULL,"
    " original TEXT NOT NULL,"
    " account TEXT NOT NULL,"
    " state INTEGER NOT NULL,"
    " due INTEGER NOT NULL,"
    " due_named INTEGER NOT NULL DEFAULT 0," /* by the provider */
    " attempts INTEGER NOT NULL,"
    " maybe_sent INTEGER NOT NULL,"
    " doubt_from INTEGER NOT NULL DEFAULT 0,"
    " unanswered INTEGER NOT NULL DEFAULT 0,"
    " owner INTEGER NOT NULL DEFAULT 0," /* the courier that sends it */
    " key TEXT,"
    " remote_id TEXT,"
    " dsn TEXT,"
    " reply TEXT,"
    " report TEXT,"
    " report_due INTEGER NOT NULL DEFAULT 0," /* the report was not imported yet */
    " changed INTEGER NOT NULL,"
    " notify INTEGER NOT NULL,"
    " orcpt TEXT,"
    " warn_from INTEGER NOT NULL,"
    " PRIMARY KEY (message, idx)) WITHOUT ROWID;"
    "CREATE INDEX recipients_waiting ON recipients (account, uid, bulk, due)"
    " WHERE state <= 1 AND held = 0;"
    "CREATE INDEX recipients_sending ON recipients (owner) WHERE state = 2;"
    "CREATE INDEX recipients_unwarned ON recipients (warn_from, account, due)"
    " WHERE state <= 1 AND held = 0 AND warn_from > 0;"
    "CREATE INDEX recipients_report ON recipients (report) WHERE report_due = 1;"

    /* Who called, without a word about any message. No row is ever deleted, so the last
     * number is how many there are. */
    "CREATE TABLE callers ("
    " n INTEGER PRIMARY KEY,"
    " uid INTEGER NOT NULL,"
    " rest INTEGER NOT NULL," /* 1: all the others of uid, or of everybody when it is -1 */
    " login TEXT NOT NULL,"
    " program TEXT NOT NULL,"
    " script TEXT NOT NULL,"
    " first INTEGER NOT NULL,"
    " last INTEGER NOT NULL DEFAULT 0,"
    " messages INTEGER NOT NULL DEFAULT 0,"
    " dot_messages INTEGER NOT NULL DEFAULT 0,"
    " dot_bytes INTEGER NOT NULL DEFAULT 0,"
    " rewritten INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE (uid, rest, login, program, script));"
    "CREATE TABLE caller_options ("
    " caller INTEGER NOT NULL,"
    " option TEXT NOT NULL,"
    " used INTEGER NOT NULL,"
    " ignored INTEGER NOT NULL,"
    " PRIMARY KEY (caller, option)) WITHOUT ROWID;"

    /* Mail of which there is much alike. A slot for a few bits of the sum, so that no user
     * has more than 1,024 rows; nothing in them can be read. */
    "CREATE TABLE storms ("
    " uid INTEGER NOT NULL,"
    " slot INTEGER NOT NULL,"
    " sum INTEGER NOT NULL," /* one-way, of recipients and subject */
    " since INTEGER NOT NULL,"
    " seen INTEGER NOT NULL,"
    " began INTEGER NOT NULL,"
    " total INTEGER NOT NULL,"
    " held INTEGER NOT NULL,"
    " digest TEXT NOT NULL," /* that still collects; '': none */
    " PRIMARY KEY (uid, slot)) WITHOUT ROWID;"
    /* Reports of the last hour. */
    "CREATE TABLE report_counts ("
    " sum INTEGER PRIMARY KEY," /* one-way, of the sender */
    " since INTEGER NOT NULL,"
    " sent INTEGER NOT NULL,"
    " digest TEXT NOT NULL);" /* as above */
    /* Reports about many messages, until they are imported. Their recipients name them. */
    "CREATE TABLE digests ("
    " id TEXT PRIMARY KEY,"
    " kind INTEGER NOT NULL,"
    " due INTEGER NOT NULL,"
    " closed INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;" /* it collects no more */

    "CREATE TABLE turns (account TEXT PRIMARY KEY, uid INTEGER NOT NULL) WITHOUT ROWID;"
    /* How fast an account may send; no row: as its configuration says. */
    "CREATE TABLE buckets ("
    " account TEXT PRIMARY KEY,"
    " tokens REAL NOT NULL,"
    " at INTEGER NOT NULL,"
    " rate REAL NOT NULL,"
    " base REAL NOT NULL,"
    " until INTEGER NOT NULL,"
    " day_from INTEGER NOT NULL,"
    " day_used INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE problems ("
    " account TEXT NOT NULL,"
    " scope TEXT NOT NULL,"
    " problem TEXT NOT NULL,"
    " since INTEGER NOT NULL,"
    " until INTEGER NOT NULL,"
    " PRIMARY KEY (account, scope)) WITHOUT ROWID;",
};

gint64
brev_schema_version (BrevStore *store, GError **error)
{
    sqlite3_stmt *statement = NULL;
    gint64 version = -1;

    if (sqlite3_prepare_v2 (store->db, "PRAGMA user_version", -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_step (statement) == SQLITE_ROW)
        version = sqlite3_column_int64 (statement, 0);
    if (version < 0)
        (void) brev_sql_throw (store, error);
    (void) sqlite3_finalize (statement);
    return version;
}

gboolean
brev_schema_check (BrevStore *store, GError **error)
{
    gint64 version = brev_schema_version (store, error);

    if (version < 0)
        return FALSE;
    if (version > (gint64) G_N_ELEMENTS (steps))
        return brev_throw (
            error, BREV_ERROR_CONFIG,
            "the database in '%s' has version %" G_GINT64_FORMAT
            " and this brevdue knows %u: a newer brevdue made it; install that "
            "one again (nothing was changed)",
            store->path, version, (guint) G_N_ELEMENTS (steps));
    return TRUE;
}

static gboolean
take_step (BrevStore *store, gint64 version, GError **error)
{
    g_autofree char *note =
        g_strdup_printf ("PRAGMA user_version = %d", (int) version + 1);

    return brev_sql_exec (store, steps[version], error) &&
           brev_sql_exec (store, note, error);
}

gboolean
brev_schema_upgrade (BrevStore *store, gint64 doubtful, GError **error)
{
    g_auto (BrevTransaction) transaction = { 0 };
    gint64 version = brev_schema_version (store, error);

    if (version < 0)
        return FALSE;
    if (version >= (gint64) G_N_ELEMENTS (steps))
        return TRUE;
    if (!brev_transaction_begin (&transaction, store, error))
        return FALSE;
    for (; version < (gint64) G_N_ELEMENTS (steps); version++) {
        if (!take_step (store, version, error))
            return FALSE;
    }
    return (doubtful == 0 || brev_sql_set_meta (store, "doubtful", doubtful, error)) &&
           brev_transaction_commit (&transaction, error);
}
