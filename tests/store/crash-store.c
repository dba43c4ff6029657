/* SPDX-License-Identifier: MIT */
/* "crash-store work DIRECTORY" takes three messages through the store and says after each
 * step that it is done. "crash-store check DIRECTORY" opens what a crash has left, prints it,
 * and goes on until every message is finished. Used by test_crash.py. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "tests/store/fixture.h"

#define NOW G_GINT64_CONSTANT (1700000000000)

static char ids[][3] = { "m0", "m1", "m2" };

static void
say (const char *step)
{
    g_autofree char *line = g_strconcat (step, "\n", NULL);

    g_assert_true (brev_write_all (STDOUT_FILENO, line, strlen (line)));
}

static BrevStore *
open_store (const char *directory)
{
    g_autoptr (GError) error = NULL;
    char *damaged = NULL;
    BrevStore *store =
        brev_store_open (directory, BREV_STORE_COURIER, NOW, &damaged, &error);

    g_assert_no_error (error);
    if (damaged != NULL)
        say (damaged);
    return store;
}

static void
import_all (BrevStore *store)
{
    g_autoptr (GPtrArray) messages = message_array ();
    g_autoptr (GError) error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
        BrevStoreMessage *message = new_message (ids[i], i, NOW);
        (void) brev_store_message_add (message, "b@example.com", "b", "main", NOW);
        if (i == 2)
            first (message)->warn_from = NOW;
        g_ptr_array_add (messages, message);
    }
    g_assert_true (brev_store_import (store, messages, NOW, NULL, &error));
}

static void
settle_both (BrevStore *store, const char *id, BrevState state, const char *report)
{
    BrevSettlement both[2] = { { .id = id,
                                 .state = state,
                                 .due = NOW + 1,
                                 .was_tried = TRUE,
                                 .report = report,
                                 .reply = "reply" } };

    both[1] = both[0];
    both[1].index = 1;
    g_assert_true (brev_store_settle (store, both, 2, NOW, NULL, NULL));
}

static void
import_report (BrevStore *store)
{
    g_autoptr (BrevStoreMessage) report = new_message ("report", 9, NOW);

    import_message (store, report, NOW);
}

static void
warn (BrevStore *store)
{
    BrevDelay delay = { .account = "main", .until = NOW, .max_messages = 9 };

    g_assert_cmpint (brev_store_warn (store, &delay, NULL), ==, 1);
}

/* It goes at once. */
static void
import_warning (BrevStore *store)
{
    g_autoptr (BrevStoreMessage) delayed = get_message (store, "m2");
    g_autoptr (BrevStoreMessage) warning = new_message (first (delayed)->report, 8, NOW);

    first (warning)->state = BREV_STATE_SENT;
    import_message (store, warning, NOW);
}

static void
work (const char *directory)
{
    BrevStore *store = open_store (directory);

    say ("opened");
    begin_import (store, "m0 m1 m2", NOW, "m0 m1 m2");
    say ("begun");
    import_all (store);
    say ("imported");
    claim_ids (store, 3, NOW, "m0 m1 m2");
    say ("claimed");
    settle_both (store, "m0", BREV_STATE_SENT, NULL);
    say ("settled m0 sent");
    settle_both (store, "m1", BREV_STATE_REFUSED, "report");
    say ("settled m1 refused");
    settle_both (store, "m2", BREV_STATE_DEFERRED, NULL);
    say ("settled m2 deferred");
    warn (store);
    say ("warned of m2");
    import_report (store);
    say ("reported");
    import_warning (store);
    say ("warning reported");
    claim_ids (store, 1, NOW + 1, "report");
    claim_ids (store, 1, NOW + 1, "m2");
    say ("claimed again");
    settle_both (store, "m2", BREV_STATE_SENT, NULL);
    say ("settled m2 sent");
    g_assert_cmpint (brev_store_forget (store, NOW + 100, 5, 5, NULL), >=, 0);
    say ("forgotten");
    brev_store_free (store);
    say ("closed");
}

static void
print_all (BrevStore *store)
{
    BrevStoreFilter everything = { .uid = -1 };
    g_autoptr (GPtrArray) messages = brev_store_list (store, &everything, NULL);
    g_autoptr (GPtrArray) reports = brev_store_missing_reports (store, NULL);

    for (guint i = 0; i < messages->len; i++) {
        const BrevStoreMessage *m = messages->pdata[i];
        printf ("message %s %d %d %u\n", m->id, m->is_imported, m->finished > 0,
                m->crashes);
        for (guint k = 0; k < m->recipients->len; k++) {
            const BrevStoreRecipient *r = m->recipients->pdata[k];
            printf ("recipient %s %u %s %d %s\n", m->id, r->index,
                    brev_state_names[r->state], r->maybe_sent,
                    r->report == NULL ? "-" : r->report);
        }
    }
    for (guint i = 0; i < reports->len; i++)
        printf ("missing %s\n", first (reports->pdata[i])->report);
}

/* What a courier does after a crash. */
static void
go_on (BrevStore *store)
{
    g_autoptr (GPtrArray) wish = g_ptr_array_new ();
    BrevClaim claim = { .account = "main", .max_messages = 9, .now = NOW + 1000 };

    for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
        g_ptr_array_add (wish, ids[i]);
    for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
        g_autoptr (GPtrArray) chosen = brev_store_begin_import (store, wish, NOW, NULL);
        if (chosen->len > 0)
            import_all (store);
    }
    for (guint i = 0; i < 10; i++) { /* the suspects one by one */
        g_autoptr (GPtrArray) claimed = brev_store_claim (store, &claim, NULL);
        for (guint k = 0; k < claimed->len; k++)
            settle_both (store, ((BrevStoreMessage *) claimed->pdata[k])->id,
                         BREV_STATE_SENT, NULL);
    }
}

static void
check (const char *directory)
{
    BrevStore *store = open_store (directory);

    print_all (store);
    go_on (store);
    printf ("gone on\n");
    print_all (store);
    brev_store_free (store);
}

int
main (int argc, char **argv)
{
    g_assert_cmpint (argc, ==, 3);
    if (strcmp (argv[1], "work") == 0)
        work (argv[2]);
    else
        check (argv[2]);
    return 0;
}
