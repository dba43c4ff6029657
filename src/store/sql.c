/* SPDX-License-Identifier: MIT */
#include "store/sql.h"

#include "base/error.h"

gboolean
brev_sql_is_damage (int status)
{
    return (status & 0xff) == SQLITE_CORRUPT || (status & 0xff) == SQLITE_NOTADB;
}

gboolean
brev_sql_throw (BrevStore *store, GError **error)
{
    int status = store->db == NULL ? SQLITE_NOMEM : sqlite3_extended_errcode (store->db);
    const char *text = store->db == NULL ? "out of memory" : sqlite3_errmsg (store->db);

    if (brev_sql_is_damage (status)) {
        brev_damage_suspect (store);
        return brev_throw (
            error, BREV_ERROR_SYSTEM,
            "the database in '%s' is damaged (%s); the courier puts it aside "
            "at its next start",
            store->path, text);
    }
    if ((status & 0xff) == SQLITE_BUSY)
        return brev_throw (error, BREV_ERROR_BUSY, "the database in '%s' is in use: %s",
                           store->path, text);
    return brev_throw (error, BREV_ERROR_SYSTEM, "the database in '%s' failed: %s",
                       store->path, text);
}

static sqlite3_stmt *
prepared (BrevStore *store, BrevSql sql, GError **error)
{
    sqlite3_stmt **statement = &store->statements[sql];

    if (*statement == NULL &&
        sqlite3_prepare_v3 (store->db, brev_sql_text (sql), -1, SQLITE_PREPARE_PERSISTENT,
                            statement, NULL) != SQLITE_OK) {
        (void) brev_sql_throw (store, error);
        return NULL;
    }
    (void) sqlite3_reset (*statement);
    return *statement;
}

/* Texts are copied: a caller may free them before the statement runs again. */
static int
bind (sqlite3_stmt *statement, int position, const BrevSqlValue *value)
{
    if (value->is_real)
        return sqlite3_bind_double (statement, position, value->real);
    if (!value->is_text)
        return sqlite3_bind_int64 (statement, position, value->number);
    if (value->text == NULL)
        return sqlite3_bind_null (statement, position);
    return sqlite3_bind_text (statement, position, value->text, -1, SQLITE_TRANSIENT);
}

sqlite3_stmt *
brev_sql_start (BrevStore *store, BrevSql sql, const BrevSqlValue *values, guint n,
                GError **error)
{
    sqlite3_stmt *statement = prepared (store, sql, error);

    for (guint i = 0; statement != NULL && i < n; i++) {
        if (bind (statement, (int) i + 1, &values[i]) != SQLITE_OK) {
            (void) brev_sql_throw (store, error);
            return NULL;
        }
    }
    return statement;
}

int
brev_sql_step (BrevStore *store, sqlite3_stmt *statement, GError **error)
{
    switch (sqlite3_step (statement)) {
    case SQLITE_ROW:
        return 1;
    case SQLITE_DONE:
        (void) sqlite3_reset (
            statement); /* an open reader would keep the log from shrinking */
        return 0;
    default:
        (void) brev_sql_throw (store, error);
        (void) sqlite3_reset (statement);
        return -1;
    }
}

int
brev_sql_run (BrevStore *store, BrevSql sql, const BrevSqlValue *values, guint n,
              GError **error)
{
    sqlite3_stmt *statement = brev_sql_start (store, sql, values, n, error);
    int got = statement == NULL ? -1 : 1;

    while (got > 0)
        got = brev_sql_step (store, statement, error);
    return got < 0 ? -1 : sqlite3_changes (store->db);
}

gboolean
brev_sql_exec (BrevStore *store, const char *text, GError **error)
{
    if (sqlite3_exec (store->db, text, NULL, NULL, NULL) != SQLITE_OK)
        return brev_sql_throw (store, error);
    return TRUE;
}

GPtrArray *
brev_sql_strings (BrevStore *store, sqlite3_stmt *statement, GError **error)
{
    g_autoptr (GPtrArray) strings = g_ptr_array_new_with_free_func (g_free);
    int got = statement == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, statement, error)) > 0)
        g_ptr_array_add (strings, brev_column_dup (statement, 0));
    return got < 0 ? NULL : g_steal_pointer (&strings);
}

gint64
brev_sql_meta (BrevStore *store, const char *name)
{
    sqlite3_stmt *statement = BREV_SQL_START (store, SQL_GET_META, NULL, SQL_T (name));
    gint64 value = 0;

    if (statement != NULL && brev_sql_step (store, statement, NULL) > 0)
        value = sqlite3_column_int64 (statement, 0);
    if (statement != NULL)
        (void) sqlite3_reset (statement);
    return value;
}

gboolean
brev_sql_set_meta (BrevStore *store, const char *name, gint64 value, GError **error)
{
    return BREV_SQL_RUN (store, SQL_SET_META, error, SQL_T (name), SQL_I (value)) >= 0;
}

static gboolean
begin (BrevTransaction *transaction, BrevStore *store, BrevSql sql, GError **error)
{
    if (brev_sql_run (store, sql, NULL, 0, error) < 0)
        return FALSE;
    transaction->store = store;
    return TRUE;
}

gboolean
brev_transaction_begin (BrevTransaction *transaction, BrevStore *store, GError **error)
{
    return begin (transaction, store, SQL_BEGIN, error);
}

gboolean
brev_transaction_begin_read (BrevTransaction *transaction, BrevStore *store,
                             GError **error)
{
    return begin (transaction, store, SQL_BEGIN_READ, error);
}

gboolean
brev_transaction_commit (BrevTransaction *transaction, GError **error)
{
    if (brev_sql_run (transaction->store, SQL_COMMIT, NULL, 0, error) < 0)
        return FALSE; /* the cleanup rolls back */
    if (transaction->store->recovered != NULL)
        transaction->store->n_committed = transaction->store->recovered->len;
    transaction->store = NULL;
    return TRUE;
}

void
brev_transaction_clear (BrevTransaction *transaction)
{
    BrevStore *store = transaction->store;

    if (store == NULL)
        return;
    transaction->store = NULL;
    if (store->recovered != NULL)
        g_ptr_array_set_size (store->recovered, (gint) store->n_committed);
    /* a statement left in the middle of its rows would keep ROLLBACK from working */
    for (guint i = 0; i < SQL_LAST; i++) {
        if (store->statements[i] != NULL)
            (void) sqlite3_reset (store->statements[i]);
    }
    /* some failures (disk full, I/O) have rolled back already */
    if (sqlite3_get_autocommit (store->db) == 0)
        (void) brev_sql_run (store, SQL_ROLLBACK, NULL, 0, NULL);
}
