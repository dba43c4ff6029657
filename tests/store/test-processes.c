/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "store/sql.h"
#include "tests/store/fixture.h"

#define NOW G_GINT64_CONSTANT (1700000000000)

enum { PROCESSES = 16, MESSAGES = 400 };

static BrevStore *
open_courier (const char *directory)
{
    g_autoptr (GError) error = NULL;
    BrevStore *store = brev_store_open (directory, BREV_STORE_COURIER, NOW, NULL, &error);

    if (store == NULL)
        g_printerr ("%s\n", error->message);
    return store;
}

/* Settles what it has claimed as sent, with its own pid as the provider's id. */
static gboolean
settle_all (BrevStore *store, const GPtrArray *messages)
{
    g_autofree char *name = g_strdup_printf ("%d", getpid ());

    for (guint i = 0; i < messages->len; i++) {
        const BrevStoreMessage *message = messages->pdata[i];
        BrevSettlement settlement = { .id = message->id,
                                      .state = BREV_STATE_SENT,
                                      .was_tried = TRUE,
                                      .remote_id = name };
        g_autoptr (GError) error = NULL;

        if (!brev_store_settle (store, &settlement, 1, NOW, NULL, &error)) {
            g_printerr ("%s\n", error->message);
            return FALSE;
        }
    }
    return TRUE;
}

/* Writes one byte for each message it claimed. */
static int
work (const char *directory, int out)
{
    g_autoptr (BrevStore) store = open_courier (directory);
    BrevClaim claim = { .account = "main", .max_messages = 3, .now = NOW };
    guint got;

    if (store == NULL)
        return 1;
    do {
        g_autoptr (GPtrArray) messages = brev_store_claim (store, &claim, NULL);
        if (messages == NULL || !settle_all (store, messages))
            return 1;
        got = messages->len;
        for (guint i = 0; i < got; i++)
            g_assert_true (brev_write_all (out, "x", 1));
    } while (got > 0);
    return 0;
}

static pid_t
start_worker (const char *directory, int pipe_ends[2])
{
    pid_t child = fork ();

    if (child == 0) {
        (void) close (pipe_ends[0]);
        _exit (work (directory, pipe_ends[1]));
    }
    return child;
}

static void
test_each_is_claimed_once (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) messages = message_array ();
    pid_t children[PROCESSES];
    int ends[2], status;
    guint claimed = 0;
    char byte;

    for (guint i = 0; i < MESSAGES; i++) {
        g_autofree char *id = g_strdup_printf ("%026u", i);
        g_ptr_array_add (messages, new_message (id, i % 7, NOW));
    }
    g_assert_true (brev_store_import (f.store, messages, NOW, NULL, NULL));
    g_clear_pointer (&f.store, brev_store_free);
    g_assert_cmpint (pipe (ends), ==, 0);
    for (guint i = 0; i < PROCESSES; i++)
        children[i] = start_worker (f.directory, ends);
    (void) close (ends[1]);
    while (brev_read_some (ends[0], &byte, 1) == 1)
        claimed++;
    (void) close (ends[0]);
    for (guint i = 0; i < PROCESSES; i++) {
        g_assert_cmpint (waitpid (children[i], &status, 0), ==, children[i]);
        g_assert_cmpint (status, ==, 0);
    }
    g_assert_cmpuint (claimed, ==, MESSAGES);
    f.store = open_courier (f.directory);
    for (guint i = 0; i < MESSAGES; i++) {
        const BrevStoreMessage *message = messages->pdata[i];
        g_autoptr (BrevStoreMessage) got = get_message (f.store, message->id);
        g_assert_cmpint (first (got)->state, ==, BREV_STATE_SENT);
        g_assert_cmpuint (first (got)->attempts, ==, 1);
    }
}

/* All of them make the database at once. */
static void
test_made_by_many (void)
{
    g_auto (Fixture) f = { g_dir_make_tmp ("brevdue-store-XXXXXX", NULL), NULL };
    pid_t children[PROCESSES];
    int status;

    for (guint i = 0; i < PROCESSES; i++) {
        children[i] = fork ();
        if (children[i] == 0) {
            g_autoptr (BrevStore) store = open_courier (f.directory);
            _exit (store == NULL ? 1 : 0);
        }
    }
    for (guint i = 0; i < PROCESSES; i++) {
        g_assert_cmpint (waitpid (children[i], &status, 0), ==, children[i]);
        g_assert_cmpint (status, ==, 0);
    }
}

/* A courier that claims (or begins to import) and then waits to be killed. */
typedef struct {
    pid_t pid;
    int ready; /* read end */
} Child;

static void
hang (int out)
{
    g_assert_true (brev_write_all (out, "x", 1));
    for (;;)
        (void) pause ();
}

static Child
start_child (const char *directory, void (*task) (BrevStore *store))
{
    int ends[2];
    Child child;
    char byte;

    g_assert_cmpint (pipe (ends), ==, 0);
    child = (Child){ fork (), ends[0] };
    if (child.pid == 0) {
        BrevStore *store = open_courier (directory);
        task (store);
        hang (ends[1]);
    }
    (void) close (ends[1]);
    g_assert_cmpint (brev_read_some (child.ready, &byte, 1), ==, 1);
    return child;
}

static void
kill_child (Child *child)
{
    g_assert_cmpint (kill (child->pid, SIGKILL), ==, 0);
    g_assert_cmpint (waitpid (child->pid, NULL, 0), ==, child->pid);
    (void) close (child->ready);
}

static void
claim_two (BrevStore *store)
{
    claim_ids (store, 2, NOW, "a b");
}

static void
claim_a (BrevStore *store)
{
    claim_ids (store, 2, NOW, "a");
}

static void
claim_b (BrevStore *store)
{
    claim_ids (store, 2, NOW, "b");
}

static void
begin_a (BrevStore *store)
{
    begin_import (store, "a", NOW, "a");
}

static void
assert_recipient (BrevStore *store, const char *id, BrevState state, guint crashes,
                  gboolean maybe_sent)
{
    g_autoptr (BrevStoreMessage) got = get_message (store, id);

    g_assert_cmpstr (brev_state_names[first (got)->state], ==, brev_state_names[state]);
    g_assert_cmpuint (got->crashes, ==, crashes);
    g_assert_cmpint (first (got)->maybe_sent, ==, maybe_sent);
    if (crashes > 0)
        g_assert_cmpint (first (got)->doubt_from > 0, ==, maybe_sent);
}

/* @want: "ID STATE ...", of what was recovered since the last call; "-": no recipient */
static void
assert_recovered (BrevStore *store, const char *want)
{
    g_autoptr (GPtrArray) recovered = brev_store_take_recovered (store);
    g_autoptr (GString) got = g_string_new (NULL);

    for (guint i = 0; i < recovered->len; i++) {
        const BrevStoreMessage *message = recovered->pdata[i];
        g_string_append_printf (got, "%s%s %s", i == 0 ? "" : " ", message->id,
                                message->recipients->len == 0
                                    ? (message->parked != NULL ? "-parked" : "-")
                                    : brev_state_names[first (message)->state]);
    }
    g_assert_cmpstr (got->str, ==, want);
}

static void
test_the_living_keep_their_claims (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    Child child;

    import_in_state (f.store, "a", BREV_STATE_QUEUED, NOW);
    g_clear_pointer (&f.store, brev_store_free);
    child = start_child (f.directory, claim_a);
    f.store = open_courier (f.directory);
    claim_ids (f.store, 9, NOW + BREV_DAY, "");
    assert_recipient (f.store, "a", BREV_STATE_SENDING, 0, FALSE);
    assert_recovered (f.store, "");
    kill_child (&child);
    claim_ids (f.store, 9, NOW, "a");
    assert_recipient (f.store, "a", BREV_STATE_SENDING, 1, TRUE);
    assert_recovered (f.store, "a deferred");
    assert_recovered (f.store, "");
}

/* The innocent one is settled in between, the culprit is parked the third time. */
static void
test_poison_is_parked (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    Child child;

    import_in_state (f.store, "a", BREV_STATE_QUEUED, NOW);
    import_in_state (f.store, "b", BREV_STATE_QUEUED, NOW);
    g_clear_pointer (&f.store, brev_store_free);
    child = start_child (f.directory, claim_two);
    kill_child (&child);
    f.store = open_courier (f.directory);
    assert_recovered (f.store, "a deferred b deferred");
    claim_ids (f.store, 9, NOW, "a"); /* alone */
    g_assert_cmpuint (settle_one (f.store, "a", 0, BREV_STATE_DEFERRED, NOW + 5), ==, 0);
    assert_recipient (f.store, "a", BREV_STATE_DEFERRED, 0, TRUE);
    g_clear_pointer (&f.store, brev_store_free);
    for (int i = 0; i < 2; i++) {
        child = start_child (f.directory, claim_b);
        kill_child (&child);
    }
    f.store = open_courier (f.directory);
    assert_recipient (f.store, "b", BREV_STATE_PARKED, 3, TRUE);
    assert_recovered (f.store, "b parked");
    claim_ids (f.store, 9, NOW + 5, "a");
    g_assert_cmpint (brev_store_release (f.store, "b", NOW, NULL), ==, 1);
    claim_ids (f.store, 9, NOW + 5, "b");
}

static void
test_poison_import_is_parked (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) got = NULL;
    Child child;

    g_clear_pointer (&f.store, brev_store_free);
    child = start_child (f.directory, begin_a);
    f.store = open_courier (f.directory);
    begin_import (f.store, "a b", NOW, "b"); /* another courier reads a */
    g_clear_pointer (&f.store, brev_store_free);
    kill_child (&child);
    f.store = open_courier (f.directory);
    assert_recovered (f.store, "a -");
    begin_import (f.store, "a b", NOW, "b"); /* the suspect waits for the others */
    begin_import (f.store, "a", NOW, "a");
    g_clear_pointer (&f.store, brev_store_free);
    for (int i = 0; i < 2; i++) {
        child = start_child (f.directory, begin_a);
        kill_child (&child);
    }
    f.store = open_courier (f.directory);
    begin_import (f.store, "a", NOW, "");
    assert_recovered (f.store, "a -parked");
    got = get_message (f.store, "a");
    g_assert_nonnull (got->parked);
    g_assert_cmpuint (got->crashes, ==, 3);
}

/* SIGTERM while a provider does not answer: maybe sent, but nobody has crashed. */
static void
test_an_orderly_end_is_no_crash (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);

    import_in_state (f.store, "a", BREV_STATE_SENDING, NOW);
    begin_import (f.store, "b", NOW, "b");
    g_clear_pointer (&f.store, brev_store_free);
    f.store = open_courier (f.directory);
    assert_recipient (f.store, "a", BREV_STATE_DEFERRED, 0, TRUE);
    begin_import (f.store, "b c", NOW, "b c");
}

static void
test_deleted_while_its_courier_dies (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) got = NULL;
    g_autoptr (BrevStoreMessage) message = new_message ("a", 1, NOW);
    BrevDelay delay = { .account = "main", .until = NOW, .now = NOW, .max_messages = 9 };
    Child child;

    first (message)->warn_from = NOW;
    import_message (f.store, message, NOW);
    g_assert_cmpint (brev_store_warn (f.store, &delay, NULL), ==, 1);
    g_clear_pointer (&f.store, brev_store_free);
    child = start_child (f.directory, claim_a);
    f.store = open_courier (f.directory);
    g_assert_cmpint (brev_store_delete (f.store, "a", NOW, NULL, NULL), ==, 1);
    kill_child (&child);
    claim_ids (f.store, 9, NOW, "");
    got = get_message (f.store, "a");
    g_assert_cmpint (first (got)->state, ==, BREV_STATE_DELETED);
    g_assert_cmpint (got->finished, >, 0);
    /* no report of its delay is due that would keep it */
    g_assert_cmpint (brev_store_forget (f.store, got->finished, 0, 9, NULL), ==, 1);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/processes/once", test_each_is_claimed_once);
    g_test_add_func ("/processes/made-by-many", test_made_by_many);
    g_test_add_func ("/processes/living", test_the_living_keep_their_claims);
    g_test_add_func ("/processes/poison", test_poison_is_parked);
    g_test_add_func ("/processes/poison-import", test_poison_import_is_parked);
    g_test_add_func ("/processes/orderly-end", test_an_orderly_end_is_no_crash);
    g_test_add_func ("/processes/deleted", test_deleted_while_its_courier_dies);
    return g_test_run ();
}
