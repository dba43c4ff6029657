/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "store/sql.h"
#include "tests/store/fixture.h"

#define NOW G_GINT64_CONSTANT (1700000000000)

static void
explain (BrevStore *store, BrevSql sql, GString *plan)
{
    g_autofree char *text =
        g_strconcat ("EXPLAIN QUERY PLAN ", brev_sql_text (sql), NULL);
    sqlite3_stmt *statement = NULL;

    g_assert_cmpint (sqlite3_prepare_v2 (store->db, text, -1, &statement, NULL), ==,
                     SQLITE_OK);
    while (sqlite3_step (statement) == SQLITE_ROW)
        g_string_append_printf (plan, "%s; ", sqlite3_column_text (statement, 3));
    (void) sqlite3_finalize (statement);
}

/* What a claim, a settlement and a look at the clock run, however much is stored. */
static void
test_plans (void)
{
    static const struct {
        BrevSql sql;
        const char *index;
    } cases[] = {
        { SQL_NEXT_SUBMITTER, "INDEX recipients_waiting (account=? AND uid>?)" },
        { SQL_BULK_OF_SUBMITTER,
          "INDEX recipients_waiting (account=? AND uid=? AND bulk>?)" },
        { SQL_NEXT_ACCOUNT, "INDEX recipients_waiting (account>?)" },
        { SQL_OLDEST_WAITING,
          "INDEX recipients_waiting (account=? AND uid=? AND bulk=?)" },
        { SQL_WAITING_OF, "PRIMARY KEY" },
        { SQL_GET_RECIPIENT, "PRIMARY KEY" },
        { SQL_CLAIM_RECIPIENT, "PRIMARY KEY" },
        { SQL_NEXT_OWNER, "INDEX recipients_sending" },
        { SQL_NEXT_OWNER, "INDEX messages_importing" },
        { SQL_CRASHED_MESSAGES, "INDEX recipients_sending" },
        { SQL_RECOVER_RECIPIENTS, "INDEX recipients_sending" },
        { SQL_DELETED_IDS, "INDEX messages_deleted" },
        { SQL_GET_MESSAGE, "sqlite_autoindex_messages_1" },
        { SQL_SETTLE_STATE, "sqlite_autoindex_messages_1" },
        { SQL_SETTLE_RECIPIENT, "PRIMARY KEY" },
        { SQL_FINISH_MESSAGE, "PRIMARY KEY" },
        { SQL_IMPORT_MESSAGE, "" },
        { SQL_REPORT_IMPORTED, "INDEX recipients_report" },
        { SQL_MISSING_REPORTS, "INDEX recipients_report" },
        { SQL_NEXT_WARNING, "INDEX recipients_unwarned (warn_from>?)" },
        { SQL_DELAYED_ACCOUNTS,
          "INDEX recipients_unwarned (warn_from>? AND warn_from<?)" },
        { SQL_DELAYED_MESSAGES,
          "INDEX recipients_unwarned (warn_from>? AND warn_from<?)" },
        { SQL_WARN, "PRIMARY KEY" },
        { SQL_MEND_WARNINGS, "INDEX recipients_unwarned" },
        { SQL_LIST_UNFINISHED, "INDEX messages_unfinished" },
        { SQL_MEND_ARRIVALS, "INDEX messages_unfinished" },
        { SQL_MEND_FINISHED, "INDEX messages_finished" },
        { SQL_FORGET_RECIPIENTS, "INDEX messages_finished" },
        { SQL_FORGET_TEXTS, "INDEX messages_finished" },
        { SQL_FORGET_MESSAGES, "INDEX messages_known" },
        { SQL_MEND_KNOWN, "INDEX messages_known" },
        { SQL_PAUSE_MESSAGES, "INDEX recipients_waiting (account=?)" },
        { SQL_RESUME_RECIPIENTS, "INDEX recipients_waiting (account=?)" },
        { SQL_FORGET_PROBLEMS, "INDEX recipients_waiting (account=?)" },
        { SQL_COUNT_OUTCOMES, "INDEX messages_unfinished" },
        { SQL_COUNT_OUTCOMES, "INDEX messages_finished (finished>?)" },
        { SQL_COUNT_OUTCOMES, "PRIMARY KEY (message=?)" },
        { SQL_FIND_CALLER, "sqlite_autoindex_callers_1 (uid=? AND rest=? AND login=?" },
        { SQL_COUNT_CALLERS, "sqlite_autoindex_callers_1 (uid=? AND rest=?)" },
        { SQL_COUNT_CALLS, "PRIMARY KEY" },
        { SQL_GET_STORM, "PRIMARY KEY (uid=? AND slot=?)" },
        { SQL_DIGEST_RECIPIENTS, "INDEX recipients_report (report=? AND message=?)" },
        { SQL_GET_REPORT_COUNT, "PRIMARY KEY" },
        { SQL_DIGEST_MESSAGES, "INDEX recipients_report (report=?)" },
        { SQL_COUNT_DIGEST, "INDEX recipients_report (report=?)" },
        { SQL_FORGET_DIGEST, "INDEX recipients_report (report=?)" },
        { SQL_END_DIGEST, "PRIMARY KEY" },
        { SQL_CALLER_OPTIONS, "PRIMARY KEY (caller=?)" },
    };
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (GString) plan = g_string_new (NULL);
        explain (f.store, cases[i].sql, plan);
        g_test_message ("%s", plan->str);
        g_assert_nonnull (strstr (plan->str, cases[i].index));
    }
}

static int
steps_since (BrevStore *store)
{
    int steps = 0;

    for (guint i = 0; i < SQL_LAST; i++) {
        if (store->statements[i] != NULL)
            steps +=
                sqlite3_stmt_status (store->statements[i], SQLITE_STMTSTATUS_VM_STEP, 1);
    }
    return steps;
}

/* Virtual machine steps that it takes, @n messages of five submitters waiting, to claim one
 * message and then the next, and to look for the next due time and accounts. */
static int
claim_steps (guint n)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) messages = message_array (), accounts = NULL;
    BrevClaim claim = { .account = "main", .max_messages = 1, .now = NOW };

    for (guint i = 0; i < n; i++) {
        g_autofree char *id = g_strdup_printf ("%026u", i);
        BrevStoreMessage *message = new_message (id, i % 5, NOW - i);
        message->is_bulk = i % 10 >= 5; /* half of what each of them has */
        g_ptr_array_add (messages, message);
    }
    g_assert_true (brev_store_import (f.store, messages, NOW, NULL, NULL));
    (void) steps_since (f.store);
    for (int i = 0; i < 2; i++) {
        g_autoptr (GPtrArray) claimed = brev_store_claim (f.store, &claim, NULL);
        g_assert_cmpuint (claimed->len, ==, 1);
    }
    g_assert_cmpint (brev_store_next_due (f.store, NULL), <, NOW);
    accounts = brev_store_due_accounts (f.store, NOW, NULL);
    g_assert_cmpuint (accounts->len, ==, 1);
    return steps_since (f.store);
}

static void
test_a_claim_costs_the_same (void)
{
    int few = claim_steps (100), many = claim_steps (20000);

    g_test_message ("%d and %d steps", few, many);
    g_assert_cmpint (many, <=, few + 50);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/plans/index", test_plans);
    g_test_add_func ("/plans/claim", test_a_claim_costs_the_same);
    return g_test_run ();
}
