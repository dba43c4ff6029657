/* SPDX-License-Identifier: MIT */
#pragma once

#include <sqlite3.h>

#include "store/lock.h"
#include "store/store.h"

/* Inside the folder only: one connection, its prepared statements, and the few ways in
 * which the other files use them. */

/* Every statement of the store but its schema. The texts stand in statements.c, by these
 * names. */
typedef enum {
    SQL_BEGIN,
    SQL_BEGIN_READ,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_GET_META,
    SQL_SET_META,
    SQL_GET_MESSAGE,
    SQL_GET_RECIPIENTS,
    SQL_LIST_ALL,
    SQL_LIST_UNFINISHED,
    SQL_LIST_FINISHED,
    SQL_BEGIN_IMPORT,
    SQL_IMPORT_MESSAGE,
    SQL_IMPORT_RECIPIENT,
    SQL_REPORT_WANTED,
    SQL_REPORT_IMPORTED,
    SQL_MISSING_REPORTS,
    SQL_NEXT_WARNING,
    SQL_DELAYED_ACCOUNTS,
    SQL_DELAYED_MESSAGES,
    SQL_WARN,
    SQL_NEXT_SUBMITTER,
    SQL_BULK_OF_SUBMITTER,
    SQL_NEXT_ACCOUNT,
    SQL_OLDEST_WAITING,
    SQL_CLAIM_MESSAGE,
    SQL_GET_RECIPIENT,
    SQL_WAITING_OF,
    SQL_CLAIM_RECIPIENT,
    SQL_GET_TURN,
    SQL_SET_TURN,
    SQL_NEXT_OWNER,
    SQL_CRASHED_MESSAGES,
    SQL_CRASHED_IMPORTS,
    SQL_RECOVER_RECIPIENTS,
    SQL_LET_IMPORTS_GO,
    SQL_DELETED_IDS,
    SQL_SETTLE_STATE,
    SQL_SETTLE_RECIPIENT,
    SQL_SETTLE_MESSAGE,
    SQL_FINISH_MESSAGE,
    SQL_UNFINISHED_IDS,
    SQL_RETRY_RECIPIENTS,
    SQL_PROBE_BUCKETS,
    SQL_HOLD,
    SQL_HOLD_RECIPIENTS,
    SQL_RELEASE,
    SQL_RELEASE_RECIPIENTS,
    SQL_DELETE,
    SQL_DELETE_RECIPIENTS,
    SQL_PARK,
    SQL_PARK_RECIPIENTS,
    SQL_MEND_RECIPIENTS,
    SQL_MEND_WARNINGS,
    SQL_MEND_ARRIVALS,
    SQL_MEND_FINISHED,
    SQL_MEND_KNOWN,
    SQL_MEND_PROBLEMS,
    SQL_MEND_DIGESTS,
    SQL_FORGET_RECIPIENTS,
    SQL_FORGET_TEXTS,
    SQL_FORGET_MESSAGES,
    SQL_FORGET_PROBLEMS,
    SQL_NAMING,
    SQL_ERASE_RECIPIENTS,
    SQL_ERASE_TEXTS,
    SQL_ERASE_PROBLEMS,
    SQL_SET_PROBLEM,
    SQL_CLEAR_PROBLEM,
    SQL_PAUSE_MESSAGES,
    SQL_RESUME_RECIPIENTS,
    SQL_COUNT_OUTCOMES,
    SQL_PROBLEMS,
    SQL_GET_STORM,
    SQL_SET_STORM,
    SQL_STORMS,
    SQL_FORGET_STORMS,
    SQL_GET_REPORT_COUNT,
    SQL_SET_REPORT_COUNT,
    SQL_FORGET_REPORT_COUNTS,
    SQL_SENDER,
    SQL_OPEN_DIGEST,
    SQL_NEXT_DIGEST,
    SQL_CLOSE_DIGESTS,
    SQL_LEAVE_DIGESTS,
    SQL_LEAVE_REPORT_DIGESTS,
    SQL_CLOSED_DIGESTS,
    SQL_DIGEST_MESSAGES,
    SQL_DIGEST_RECIPIENTS,
    SQL_COUNT_DIGEST,
    SQL_END_DIGEST,
    SQL_FORGET_DIGEST,
    SQL_SALVAGE_DIGESTS,
    SQL_GET_BUCKET,
    SQL_SET_BUCKET,
    SQL_FIND_CALLER,
    SQL_COUNT_CALLERS,
    SQL_ADD_CALLER,
    SQL_COUNT_CALLS,
    SQL_COUNT_OPTION,
    SQL_NOTE_REWRITTEN,
    SQL_COUNT_REWRITTEN,
    SQL_CALLERS,
    SQL_CALLER_OPTIONS,
    SQL_SALVAGE_UP,
    SQL_SALVAGE_DOWN,
    SQL_PARK_UNVOUCHED,
    SQL_LAST
} BrevSql;

struct BrevStore {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_LAST]; /* prepared at first use */
    BrevStoreMode mode;
    gboolean is_ready; /* opened as a whole */
    char *path;        /* owned: of the directory, for messages; ":memory:" */
    int dir;           /* -1 in memory */
    BrevLock lock;
    BrevStoreGuard guard; /* all of it 0: none */
    gint64
        doubtful; /* ms since 1970: files from before without a row may have been sent */
    GPtrArray
        *recovered;      /* owned, of BrevStoreMessage: for brev_store_take_recovered() */
    guint n_committed;   /* of @recovered */
    gboolean has_erased; /* the log may still hold what is no more, */
    gboolean has_traces; /* and so may the pages */
};

/* A value for a statement's next parameter. */
typedef struct {
    gboolean is_text, is_real;
    const char *text; /* NULL: SQL's NULL */
    gint64 number;
    double real;
} BrevSqlValue;

#define SQL_T(value) ((BrevSqlValue){ .is_text = TRUE, .text = (value) })
#define SQL_R(value) ((BrevSqlValue){ .is_real = TRUE, .real = (value) })
#define SQL_I(value) ((BrevSqlValue){ .number = (gint64) (value) })

/**
 * brev_sql_start:
 *
 * Resets @sql and binds its parameters, in order.
 *
 * Returns: (transfer none) (nullable): ready for brev_sql_step(), or %NULL with @error
 */
sqlite3_stmt *brev_sql_start (BrevStore *store, BrevSql sql, const BrevSqlValue *values,
                              guint n, GError **error);

/* The values behind the statement; the second mention of them is only measured. */
#define BREV_SQL_START(store, sql, error, ...)                   \
    brev_sql_start (store, sql, (BrevSqlValue[]){ __VA_ARGS__ }, \
                    G_N_ELEMENTS (((BrevSqlValue[]){ __VA_ARGS__ })), error)

/* Returns: 1 with a row, 0 at the end, -1 with @error set */
int brev_sql_step (BrevStore *store, sqlite3_stmt *statement, GError **error);

/* Runs a statement to its end. Returns: rows it changed, -1 with @error set */
int brev_sql_run (BrevStore *store, BrevSql sql, const BrevSqlValue *values, guint n,
                  GError **error);

#define BREV_SQL_RUN(store, sql, error, ...)                   \
    brev_sql_run (store, sql, (BrevSqlValue[]){ __VA_ARGS__ }, \
                  G_N_ELEMENTS (((BrevSqlValue[]){ __VA_ARGS__ })), error)

/* The text of a statement, for the test that explains how SQLite runs it. */
const char *brev_sql_text (BrevSql sql);

/* Statements without parameters, as text. */
gboolean brev_sql_exec (BrevStore *store, const char *text, GError **error);

/* The first column of all rows. Returns: (transfer full) (nullable): (array of char *) */
GPtrArray *brev_sql_strings (BrevStore *store, sqlite3_stmt *statement, GError **error);

/* What SQLite said of the last call, as an error of ours. Returns: always %FALSE */
gboolean brev_sql_throw (BrevStore *store, GError **error);

/* Whether the last call found the database damaged. */
gboolean brev_sql_is_damage (int status);

gint64 brev_sql_meta (BrevStore *store, const char *name);
gboolean brev_sql_set_meta (BrevStore *store, const char *name, gint64 value,
                            GError **error);

/* A transaction: rolled back unless it was committed before its variable ends.
 *   g_auto (BrevTransaction) transaction = { 0 }; */
typedef struct {
    BrevStore *store; /* NULL: not begun, or ended */
} BrevTransaction;

gboolean brev_transaction_begin (BrevTransaction *transaction, BrevStore *store,
                                 GError **error);
/* A view of the database in which nothing changes. */
gboolean brev_transaction_begin_read (BrevTransaction *transaction, BrevStore *store,
                                      GError **error);
gboolean brev_transaction_commit (BrevTransaction *transaction, GError **error);
void brev_transaction_clear (BrevTransaction *transaction);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevTransaction, brev_transaction_clear)

/* record.c */
BrevStoreMessage *brev_record_message (sqlite3_stmt *row);
BrevStoreRecipient *brev_record_recipient (BrevStoreMessage *message, sqlite3_stmt *row);
/* With all its recipients. */
gboolean brev_record_recipients (BrevStore *store, BrevStoreMessage *message, gint64 n,
                                 GError **error);
char *brev_column_dup (sqlite3_stmt *row, int column);
const char *brev_column_text (sqlite3_stmt *row, int column);

/* storm.c: inside the transaction of an import, before and after the row of @message */
gboolean brev_storm_ask (BrevStore *store, BrevStoreMessage *message, gint64 now,
                         BrevStoreStorm *storm, GError **error);
gboolean brev_storm_note (BrevStore *store, const BrevStoreStorm *storm, GError **error);
gboolean brev_storm_forget (BrevStore *store, gint64 now, GError **error);

/**
 * brev_cap_choose:
 * @report: (inout): queue id of a report to @sender; becomes that of the digest it joins
 *
 * cap.c: inside the transaction that makes the report needed.
 */
gboolean brev_cap_choose (BrevStore *store, const char *sender, gint64 now,
                          char report[BREV_ID_LENGTH + 1], GError **error);
/* The same for a message that has its row; @sender of @n. */
gboolean brev_cap_choose_for (BrevStore *store, gint64 n, gint64 now,
                              char report[BREV_ID_LENGTH + 1], GError **error);
gboolean brev_cap_forget (BrevStore *store, gint64 now, GError **error);

/* digest.c: inside a transaction */
gboolean brev_digest_open (BrevStore *store, const char *id, BrevDigestKind kind,
                           gint64 due, GError **error);
/* The report @id was imported: nothing more is collected for it. */
gboolean brev_digest_end (BrevStore *store, const char *id, GError **error);
/* Takes over what can be read of a damaged database. */
gboolean brev_digest_salvage (BrevStore *store, BrevStore *old, GError **error);

/* import.c: @caller counts it, 0: nobody does. Returns: 1 when the row is new, 0, -1 */
int brev_import_one (BrevStore *store, const BrevStoreMessage *message, gint64 caller,
                     GError **error);

/* recover.c: inside a transaction, gives back what dead couriers had in hand; with @own_too
 * also what stands under our own number, before we have used it. */
gboolean brev_recover (BrevStore *store, gboolean own_too, gint64 now, GError **error);
/* What this courier has in hand, at an end in good order. */
gboolean brev_let_go (BrevStore *store, gint64 now, GError **error);

/* settle.c: marks @id finished when all its recipients are final; it joins @finished then. */
gboolean brev_finish (BrevStore *store, const char *id, gint64 now, GPtrArray *finished,
                      GError **error);

/* schema.c: one transaction, in which a new database also learns what to doubt (0: nothing) */
gboolean brev_schema_upgrade (BrevStore *store, gint64 doubtful, GError **error);
gboolean brev_schema_check (BrevStore *store, GError **error);
gint64 brev_schema_version (BrevStore *store, GError **error);

/* damage.c */
gboolean brev_damage_set_aside (BrevStore *store, gint64 now, char **aside,
                                GError **error);
void brev_damage_suspect (BrevStore *store);
gboolean brev_damage_is_suspected (BrevStore *store);
void brev_damage_unsuspect (BrevStore *store);
gboolean brev_damage_is_real (BrevStore *store);
gboolean brev_damage_salvage (BrevStore *store, const char *aside, gint64 now, guint *n,
                              GError **error);

/* sqlite.c */

/**
 * brev_store_empty_log:
 * @patience: ms to wait for others
 *
 * Moves all of the log into the database: erased texts stand in it. Returns: %FALSE while
 * somebody else reads
 */
gboolean brev_store_empty_log (BrevStore *store, int patience);
gboolean brev_store_connect (BrevStore *store, GError **error);
void brev_store_disconnect (BrevStore *store);

#define BREV_STORE_PATIENCE (60 * 1000) /* ms */

#define BREV_STORE_FILE "store.db"
#define BREV_STORE_LOG "store.db-wal"
#define BREV_STORE_INDEX "store.db-shm"
#define BREV_STORE_LOCK "lock"
#define BREV_STORE_SUSPECT "suspect" /* somebody has read a damaged page */
#define BREV_STORE_IN_USE "in-use"   /* the log may hold what the database does not */
#define BREV_STORE_LOG_LOST \
    "log-lost" /* the log is missing, and the rows are not parked yet */
