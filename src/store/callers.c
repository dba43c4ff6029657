/* SPDX-License-Identifier: MIT */
#include "store/callers.h"

#include <string.h>

#include "base/text.h"

#define MAX_TEXT 255    /* bytes of a name */
#define MAX_WORD 31     /* bytes of an option */
#define MAX_WORDS 32    /* options of one message */
#define MAX_OF_UID 200  /* rows with names */
#define MAX_NAMED 5000  /* rows, while callers still get one with their names */
#define MAX_ROWS 10000  /* and while users get one for all the rest of theirs */
#define OTHER "(other)" /* what has no place of its own */

/* -- counting, pure ------------------------------------------------------------------ */

static void
option_free (gpointer data)
{
    BrevStoreOption *option = data;

    g_free (option->name);
    g_free (option);
}

static BrevStoreCaller *
caller_new (gint64 uid, const char *login, const char *program, const char *script)
{
    BrevStoreCaller *caller = g_new0 (BrevStoreCaller, 1);

    caller->uid = uid;
    caller->login = g_strdup (login);
    caller->program = g_strdup (program);
    caller->script = g_strdup (script);
    caller->options = g_ptr_array_new_with_free_func (option_free);
    return caller;
}

void
brev_store_caller_free (BrevStoreCaller *caller)
{
    if (caller == NULL)
        return;
    g_free (caller->login);
    g_free (caller->program);
    g_free (caller->script);
    g_ptr_array_unref (caller->options);
    g_free (caller);
}

/* The option's counts, made if need be. */
static BrevStoreOption *
option_of (BrevStoreCaller *counts, const char *name)
{
    BrevStoreOption *option;

    for (guint i = 0; i < counts->options->len; i++) {
        option = counts->options->pdata[i];
        if (strcmp (option->name, name) == 0)
            return option;
    }
    option = g_new0 (BrevStoreOption, 1);
    option->name = g_strdup (name);
    g_ptr_array_add (counts->options, option);
    return option;
}

/* Returns: (transfer full): (array of char *): each word of @text once */
static GPtrArray *
words_of (const char *text)
{
    GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
    g_auto (GStrv) split = g_strsplit (text == NULL ? "" : text, " ", -1);

    for (char **word = split; *word != NULL; word++) {
        gboolean fits = strlen (*word) <= MAX_WORD && words->len < MAX_WORDS;
        const char *name = fits ? *word : OTHER;
        if (**word != '\0' &&
            !g_ptr_array_find_with_equal_func (words, name, g_str_equal, NULL))
            g_ptr_array_add (words, g_strdup (name));
    }
    return words;
}

void
brev_callers_count (BrevStoreCaller *counts, const BrevStoreMessage *message)
{
    g_autoptr (GPtrArray) used = words_of (message->options);
    g_autoptr (GPtrArray) ignored = words_of (message->ignored);

    counts->messages++;
    counts->last = message->arrival;
    counts->dot_messages += message->dot_bytes > 0;
    counts->dot_bytes += message->dot_bytes;
    for (guint i = 0; i < used->len; i++)
        option_of (counts, used->pdata[i])->used++;
    for (guint i = 0; i < ignored->len; i++)
        option_of (counts, ignored->pdata[i])->ignored++;
}

typedef enum { PLACE_NAMED, PLACE_REST_OF_USER, PLACE_REST } Place;

/* Where a caller goes that has no row yet: names are free to invent, rows are not. */
static Place
place_for (gint64 rows_of_uid, gint64 rows)
{
    if (rows_of_uid < MAX_OF_UID && rows < MAX_NAMED)
        return PLACE_NAMED;
    return rows < MAX_ROWS ? PLACE_REST_OF_USER : PLACE_REST;
}

/* -- rows ---------------------------------------------------------------------------- */

/* Runs a statement for one number. Returns: 1, 0 without a row, -1 with @error set */
static int
get_number (BrevStore *store, sqlite3_stmt *row, gint64 *number, GError **error)
{
    int got = row == NULL ? -1 : brev_sql_step (store, row, error);

    if (got <= 0)
        return got;
    *number = sqlite3_column_int64 (row, 0);
    return brev_sql_step (store, row, error) < 0 ? -1 : 1;
}

static gboolean
choose_place (BrevStore *store, gint64 uid, Place *place, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_COUNT_CALLERS, error, SQL_I (uid));

    if (row == NULL || brev_sql_step (store, row, error) <= 0)
        return FALSE;
    *place = place_for (sqlite3_column_int64 (row, 0), sqlite3_column_int64 (row, 1));
    (void) sqlite3_reset (row);
    return TRUE;
}

/* The number of a row with these names, which is made if need be. */
static gboolean
put_row (BrevStore *store, const BrevStoreCaller *caller, gint64 *n, GError **error)
{
    return get_number (store,
                       BREV_SQL_START (store, SQL_ADD_CALLER, error, SQL_I (caller->uid),
                                       SQL_I (caller->is_rest), SQL_T (caller->login),
                                       SQL_T (caller->program), SQL_T (caller->script),
                                       SQL_I (caller->first)),
                       n, error) > 0;
}

static gboolean
add_row (BrevStore *store, const BrevStoreCaller *caller, gint64 *n, GError **error)
{
    char nothing[] = "";
    BrevStoreCaller row = *caller;
    Place place;

    if (!choose_place (store, caller->uid, &place, error))
        return FALSE;
    if (place != PLACE_NAMED) {
        row.is_rest = TRUE;
        row.uid = place == PLACE_REST ? -1 : caller->uid;
        row.login = row.program = row.script = nothing;
    }
    return put_row (store, &row, n, error);
}

static gboolean
find_row (BrevStore *store, const BrevStoreCaller *caller, gint64 *n, GError **error)
{
    int got =
        get_number (store,
                    BREV_SQL_START (store, SQL_FIND_CALLER, error, SQL_I (caller->uid),
                                    SQL_T (caller->login), SQL_T (caller->program),
                                    SQL_T (caller->script)),
                    n, error);

    return got != 0 ? got > 0 : add_row (store, caller, n, error);
}

static gboolean
write_counts (BrevStore *store, gint64 n, const BrevStoreCaller *counts, GError **error)
{
    if (BREV_SQL_RUN (store, SQL_COUNT_CALLS, error, SQL_I (n), SQL_I (counts->messages),
                      SQL_I (counts->dot_messages), SQL_I (counts->dot_bytes),
                      SQL_I (counts->rewritten), SQL_I (counts->last)) < 0)
        return FALSE;
    for (guint i = 0; i < counts->options->len; i++) {
        const BrevStoreOption *option = counts->options->pdata[i];
        if (BREV_SQL_RUN (store, SQL_COUNT_OPTION, error, SQL_I (n), SQL_T (option->name),
                          SQL_I (option->used), SQL_I (option->ignored),
                          SQL_T (OTHER)) < 0)
            return FALSE;
    }
    return TRUE;
}

/* -- one transaction ----------------------------------------------------------------- */

static void
tally_free (gpointer data)
{
    BrevTally *tally = data;

    brev_store_caller_free (tally->counts);
    g_free (tally);
}

GHashTable *
brev_callers_new (void)
{
    return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, tally_free);
}

static char *
name_of (const char *text)
{
    g_autofree char *bounded = g_strndup (text == NULL ? "" : text, MAX_TEXT);

    return brev_text_printable (bounded);
}

/* "smtp[127.0.0.1]:40312" is a client of the SMTP port. Its number is another one in each
 * connection: counted with it, every connection would be a program of its own. */
static char *
program_name_of (const char *text)
{
    char *name = name_of (text);
    char *end = g_str_has_prefix (name, "smtp[") ? strstr (name, "]:") : NULL;

    if (end != NULL)
        end[1] = '\0';
    return name;
}

static BrevTally *
tally_new (const BrevStoreMessage *message)
{
    g_autofree char *login = name_of (message->login);
    g_autofree char *program = program_name_of (message->program);
    g_autofree char *script = name_of (message->script);
    BrevTally *tally = g_new0 (BrevTally, 1);

    tally->counts = caller_new (message->uid, login, program, script);
    tally->counts->first = message->arrival;
    return tally;
}

gboolean
brev_callers_find (BrevStore *store, GHashTable *tallies, const BrevStoreMessage *message,
                   BrevTally **tally, GError **error)
{
    g_autofree char *key =
        g_strdup_printf ("%u\n%s\n%s\n%s", message->uid, message->login ?: "",
                         message->program ?: "", message->script ?: "");
    BrevTally *found = g_hash_table_lookup (tallies, key);

    if (found == NULL) {
        found = tally_new (message);
        g_hash_table_insert (tallies, g_steal_pointer (&key), found);
        if (!find_row (store, found->counts, &found->n, error))
            return FALSE;
    }
    *tally = found;
    return TRUE;
}

gboolean
brev_callers_write (BrevStore *store, GHashTable *tallies, GError **error)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init (&iter, tallies);
    while (g_hash_table_iter_next (&iter, NULL, &value)) {
        const BrevTally *tally = value;
        if (tally->counts->messages > 0 &&
            !write_counts (store, tally->n, tally->counts, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
brev_callers_rewritten (BrevStore *store, const char *id, const char *address,
                        GError **error)
{
    int changed = address == NULL ? 0
                                  : BREV_SQL_RUN (store, SQL_NOTE_REWRITTEN, error,
                                                  SQL_T (id), SQL_T (address));

    if (changed <= 0)
        return changed == 0;
    return BREV_SQL_RUN (store, SQL_COUNT_REWRITTEN, error, SQL_T (id)) >= 0;
}

/* -- reading ------------------------------------------------------------------------- */

static gboolean
read_options (BrevStore *store, BrevStoreCaller *caller, gint64 n, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (store, SQL_CALLER_OPTIONS, error, SQL_I (n));
    int got = row == NULL ? -1 : 1;

    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0) {
        BrevStoreOption *option = option_of (caller, brev_column_text (row, 0) ?: "");
        option->used += (guint64) sqlite3_column_int64 (row, 1);
        option->ignored += (guint64) sqlite3_column_int64 (row, 2);
    }
    return got == 0;
}

/* Columns in the order of SQL_CALLERS. */
static BrevStoreCaller *
read_caller (sqlite3_stmt *row)
{
    BrevStoreCaller *caller =
        caller_new (sqlite3_column_int64 (row, 1), brev_column_text (row, 3) ?: "",
                    brev_column_text (row, 4) ?: "", brev_column_text (row, 5) ?: "");

    caller->is_rest = sqlite3_column_int (row, 2);
    caller->first = sqlite3_column_int64 (row, 6);
    caller->last = sqlite3_column_int64 (row, 7);
    caller->messages = (guint64) sqlite3_column_int64 (row, 8);
    caller->dot_messages = (guint64) sqlite3_column_int64 (row, 9);
    caller->dot_bytes = (guint64) sqlite3_column_int64 (row, 10);
    caller->rewritten = (guint64) sqlite3_column_int64 (row, 11);
    return caller;
}

static int
compare_messages (gconstpointer a, gconstpointer b)
{
    const BrevStoreCaller *x = *(const BrevStoreCaller *const *) a;
    const BrevStoreCaller *y = *(const BrevStoreCaller *const *) b;

    return (x->messages < y->messages) - (x->messages > y->messages);
}

GPtrArray *
brev_store_callers (BrevStore *store, GError **error)
{
    g_auto (BrevTransaction) view = { 0 };
    g_autoptr (GPtrArray) callers =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_store_caller_free);
    sqlite3_stmt *row;
    int got;

    if (!brev_transaction_begin_read (&view, store, error))
        return NULL;
    row = BREV_SQL_START (store, SQL_CALLERS, error);
    got = row == NULL ? -1 : 1;
    while (got > 0 && (got = brev_sql_step (store, row, error)) > 0) {
        BrevStoreCaller *caller = read_caller (row);
        g_ptr_array_add (callers, caller);
        if (!read_options (store, caller, sqlite3_column_int64 (row, 0), error))
            return NULL;
    }
    if (got < 0)
        return NULL;
    g_ptr_array_sort (callers, compare_messages);
    return g_steal_pointer (&callers);
}

gboolean
brev_callers_salvage (BrevStore *store, BrevStore *old, GError **error)
{
    sqlite3_stmt *row = BREV_SQL_START (old, SQL_CALLERS, NULL);

    while (row != NULL && brev_sql_step (old, row, NULL) > 0) {
        g_autoptr (BrevStoreCaller) caller = read_caller (row);
        gint64 n = 0;
        (void) read_options (old, caller, sqlite3_column_int64 (row, 0), NULL);
        if (!put_row (store, caller, &n, error) ||
            !write_counts (store, n, caller, error))
            return FALSE;
    }
    return TRUE;
}
