/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "envelope/frame.h"
#include "store/store.h"
#include "store/sql.h"
#include "tests/store/fixture.h"

#define NOW G_GINT64_CONSTANT (1700000000000)

static void
test_states_have_names (void)
{
    for (int state = 0; state < BREV_STATE_LAST; state++)
        g_assert_nonnull (brev_state_names[state]);
    g_assert_false (brev_state_is_final (BREV_STATE_PARKED));
    g_assert_true (brev_state_is_final (BREV_STATE_SENT));
}

static void
test_keeps_everything (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) message = new_message ("everything", 1000, NOW);
    g_autoptr (BrevStoreMessage) got = NULL;
    BrevStoreRecipient *r = message->recipients->pdata[0];

    message->size = G_GUINT64_CONSTANT (5) << 32;
    message->checksum = 0xfedcba98;
    message->message_id = g_strdup ("<a@b>");
    message->login = g_strdup ("www-data");
    message->program = g_strdup ("/usr/bin/php\xc3\xa5");
    message->paused = 17;
    message->options = g_strdup ("-t -oi -U");
    message->ignored = g_strdup ("-U");
    message->dot_bytes = 0xfedcba98;
    message->script = g_strdup ("33:mailer.php");
    message->rewritten = g_strdup ("root@web1");
    r->state = BREV_STATE_REFUSED;
    r->attempts = 3;
    r->maybe_sent = TRUE;
    r->key = g_strdup ("key");
    r->remote_id = g_strdup ("remote");
    r->dsn = g_strdup ("5.1.1");
    r->reply = g_strdup ("no such user");
    r->report = g_strdup ("report");
    r->changed = NOW + 5;
    r->notify = BREV_NOTIFY_SUCCESS | BREV_NOTIFY_DELAY;
    r->orcpt = g_strdup ("rfc822;a+2B@example.com");
    r->warn_from = NOW - 3;
    (void) brev_store_message_add (message, "c@d", "c", "other", NOW + 7);
    import_message (f.store, message, NOW);
    got = get_message (f.store, message->id);
    g_assert_true (got->is_imported);
    g_assert_cmpuint (got->uid, ==, 1000);
    g_assert_cmpint (got->arrival, ==, NOW);
    g_assert_cmpuint (got->size, ==, message->size);
    g_assert_cmpuint (got->checksum, ==, message->checksum);
    g_assert_cmpstr (got->message_id, ==, "<a@b>");
    g_assert_cmpstr (got->login, ==, "www-data");
    g_assert_cmpstr (got->program, ==, message->program);
    g_assert_cmpint (got->way, ==, BREV_WAY_SOCKET);
    g_assert_cmpint (got->paused, ==, 17);
    g_assert_cmpstr (got->options, ==, "-t -oi -U");
    g_assert_cmpstr (got->ignored, ==, "-U");
    g_assert_cmpuint (got->dot_bytes, ==, 0xfedcba98);
    g_assert_cmpstr (got->script, ==, "33:mailer.php");
    g_assert_cmpstr (got->rewritten, ==, "root@web1");
    g_assert_cmpuint (got->recipients->len, ==, 2);
    r = got->recipients->pdata[0];
    g_assert_cmpstr (r->address, ==, "a@example.com");
    g_assert_cmpint (r->state, ==, BREV_STATE_REFUSED);
    g_assert_cmpuint (r->attempts, ==, 3);
    g_assert_true (r->maybe_sent);
    g_assert_cmpstr (r->key, ==, "key");
    g_assert_cmpstr (r->remote_id, ==, "remote");
    g_assert_cmpstr (r->dsn, ==, "5.1.1");
    g_assert_cmpstr (r->reply, ==, "no such user");
    g_assert_cmpstr (r->report, ==, "report");
    g_assert_cmpint (r->changed, ==, NOW + 5);
    g_assert_cmpuint (r->notify, ==, BREV_NOTIFY_SUCCESS | BREV_NOTIFY_DELAY);
    g_assert_cmpstr (r->orcpt, ==, "rfc822;a+2B@example.com");
    g_assert_cmpint (r->warn_from, ==, NOW - 3);
    r = got->recipients->pdata[1];
    g_assert_cmpstr (r->address, ==, "c@d");
    g_assert_cmpstr (r->original, ==, "c");
    g_assert_cmpstr (r->account, ==, "other");
    g_assert_cmpint (r->due, ==, NOW + 7);
    g_assert_cmpuint (r->notify, ==, 0);
    g_assert_null (r->orcpt);
}

static void
test_get_of_nothing (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GError) error = NULL;

    g_assert_null (brev_store_get (f.store, "nothing", &error));
    g_assert_no_error (error);
}

/* From each state that a claim can lead to, to each that a settlement can. */
static void
test_settlements (void)
{
    static const struct {
        const char *name;
        BrevState from, to, want;
        gboolean finished;
    } cases[] = {
        { "sent", BREV_STATE_SENDING, BREV_STATE_SENT, BREV_STATE_SENT, TRUE },
        { "discarded", BREV_STATE_SENDING, BREV_STATE_DISCARDED, BREV_STATE_DISCARDED,
          TRUE },
        { "refused", BREV_STATE_SENDING, BREV_STATE_REFUSED, BREV_STATE_REFUSED, TRUE },
        { "expired", BREV_STATE_SENDING, BREV_STATE_EXPIRED, BREV_STATE_EXPIRED, TRUE },
        { "gone", BREV_STATE_SENDING, BREV_STATE_DELETED, BREV_STATE_DELETED, TRUE },
        { "deferred", BREV_STATE_SENDING, BREV_STATE_DEFERRED, BREV_STATE_DEFERRED,
          FALSE },
        { "given-back", BREV_STATE_SENDING, BREV_STATE_QUEUED, BREV_STATE_QUEUED, FALSE },
        { "parked", BREV_STATE_SENDING, BREV_STATE_PARKED, BREV_STATE_PARKED, FALSE },
        { "unclaimed", BREV_STATE_QUEUED, BREV_STATE_EXPIRED, BREV_STATE_EXPIRED, TRUE },
        { "final-stays", BREV_STATE_SENT, BREV_STATE_DEFERRED, BREV_STATE_SENT, FALSE },
        { "final-stays-final", BREV_STATE_REFUSED, BREV_STATE_SENT, BREV_STATE_REFUSED,
          FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
        g_autoptr (BrevStoreMessage) got = NULL;
        guint n_finished;

        g_test_message ("%s", cases[i].name);
        import_in_state (f.store, "m", cases[i].from, NOW);
        n_finished = settle_one (f.store, "m", 0, cases[i].to, NOW + 1);
        got = get_message (f.store, "m");
        g_assert_cmpstr (brev_state_names[first (got)->state], ==,
                         brev_state_names[cases[i].want]);
        g_assert_cmpuint (n_finished, ==, cases[i].finished);
        if (cases[i].finished)
            g_assert_cmpint (got->finished, ==, NOW + 1);
    }
}

static void
test_settlement_keeps_what_was_said (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) got = NULL;
    BrevSettlement said = { .id = "m",
                            .state = BREV_STATE_DEFERRED,
                            .due = NOW + 60000,
                            .was_tried = TRUE,
                            .maybe_sent = TRUE,
                            .paused = 7,
                            .dsn = "4.4.1",
                            .reply = "no answer",
                            .account = "fallback" };
    BrevSettlement later = { .id = "m",
                             .state = BREV_STATE_SENT,
                             .was_tried = TRUE,
                             .remote_id = "r1",
                             .dsn = "2.0.0",
                             .reply = "OK",
                             .paused = 3 };
    g_autoptr (GError) error = NULL;

    import_in_state (f.store, "m", BREV_STATE_SENDING, NOW);
    g_assert_true (brev_store_settle (f.store, &said, 1, NOW, NULL, &error));
    got = get_message (f.store, "m");
    g_assert_cmpint (first (got)->due, ==, NOW + 60000);
    g_assert_cmpstr (first (got)->account, ==, "fallback");
    g_assert_cmpstr (first (got)->reply, ==, "no answer");
    g_assert_cmpint (got->paused, ==, 7);
    g_clear_pointer (&got, brev_store_message_free);
    g_assert_true (brev_store_settle (f.store, &later, 1, NOW, NULL, &error));
    got = get_message (f.store, "m");
    g_assert_cmpuint (first (got)->attempts, ==, 2);
    g_assert_true (first (got)->maybe_sent);
    g_assert_cmpstr (first (got)->remote_id, ==, "r1");
    g_assert_cmpstr (first (got)->dsn, ==, "2.0.0");
    g_assert_cmpint (got->paused, ==, 10);
}

static void
test_finished_with_the_last_recipient (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) message = new_message ("m", 1, NOW);

    (void) brev_store_message_add (message, "b@example.com", "b", "main", NOW);
    import_message (f.store, message, NOW);
    claim_ids (f.store, 10, NOW, "m");
    g_assert_cmpuint (settle_one (f.store, "m", 0, BREV_STATE_SENT, NOW), ==, 0);
    g_assert_cmpuint (settle_one (f.store, "m", 1, BREV_STATE_DEFERRED, NOW), ==, 0);
    g_assert_cmpuint (settle_one (f.store, "m", 1, BREV_STATE_REFUSED, NOW), ==, 1);
    g_assert_cmpuint (settle_one (f.store, "m", 1, BREV_STATE_REFUSED, NOW), ==, 0);
}

static void
test_all_refused_at_import (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) messages = message_array ();
    g_autoptr (GPtrArray) finished = NULL;
    BrevStoreMessage *message = new_message ("m", 1, NOW);
    g_autoptr (GError) error = NULL;

    first (message)->state = BREV_STATE_REFUSED;
    g_ptr_array_add (messages, message);
    g_assert_true (brev_store_import (f.store, messages, NOW, &finished, &error));
    g_assert_cmpuint (finished->len, ==, 1);
}

/* A second courier that read the same file changes nothing. */
static void
test_import_twice (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) again = new_message ("m", 7, NOW);
    g_autoptr (BrevStoreMessage) got = NULL;

    import_in_state (f.store, "m", BREV_STATE_SENT, NOW);
    import_message (f.store, again, NOW);
    got = get_message (f.store, "m");
    g_assert_cmpint (first (got)->state, ==, BREV_STATE_SENT);
    g_assert_cmpuint (got->uid, ==, 1000);
}

static void
test_claim_takes_what_is_due (void)
{
    static const struct {
        const char *name, *account;
        BrevState state;
        gint64 due;
        gboolean held, want;
    } cases[] = {
        { "queued", "main", BREV_STATE_QUEUED, 0, FALSE, TRUE },
        { "deferred", "main", BREV_STATE_DEFERRED, -5, FALSE, TRUE },
        { "later", "main", BREV_STATE_DEFERRED, 1, FALSE, FALSE },
        { "another-account", "other", BREV_STATE_QUEUED, 0, FALSE, FALSE },
        { "held", "main", BREV_STATE_QUEUED, 0, TRUE, FALSE },
        { "parked", "main", BREV_STATE_PARKED, 0, FALSE, FALSE },
        { "sent", "main", BREV_STATE_SENT, 0, FALSE, FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
        g_autoptr (BrevStoreMessage) message = new_message ("m", 1, NOW);

        g_test_message ("%s", cases[i].name);
        first (message)->state = cases[i].state;
        first (message)->due = NOW + cases[i].due;
        g_free (first (message)->account);
        first (message)->account = g_strdup (cases[i].account);
        message->is_held = cases[i].held;
        import_message (f.store, message, NOW);
        claim_ids (f.store, 10, NOW, cases[i].want ? "m" : "");
        claim_ids (f.store, 10, NOW, "");
    }
}

static void
test_claim_of_one_message_does_not_wait (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) a = new_message ("a", 1, NOW);
    g_autoptr (BrevStoreMessage) b = new_message ("b", 1, NOW);
    BrevClaim claim = {
        .account = "main", .max_messages = 5, .now = NOW, .only_id = "b"
    };
    g_autoptr (GPtrArray) messages = NULL;
    g_autoptr (GError) error = NULL;

    first (b)->due = NOW + BREV_HOUR;
    import_message (f.store, a, NOW);
    import_message (f.store, b, NOW);
    messages = brev_store_claim (f.store, &claim, &error);
    g_assert_no_error (error);
    assert_ids (messages, "b");
    g_assert_cmpint (first (messages->pdata[0])->state, ==, BREV_STATE_SENDING);
    g_assert_nonnull (first (messages->pdata[0])->key);
}

/* Ids begin with the submitter: a flood of one does not keep the others waiting. */
static void
test_claim_is_fair (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    static const char *const ids[] = { "1a", "1b", "1c", "1d", "2a", "2b", "3a" };

    for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
        g_autoptr (BrevStoreMessage) message =
            new_message (ids[i], (guint32) (ids[i][0] - '0'), NOW);
        first (message)->due = NOW - 100 + (gint64) i;
        import_message (f.store, message, NOW);
    }
    claim_ids (f.store, 1, NOW, "1a");
    claim_ids (f.store, 1, NOW, "2a");
    claim_ids (f.store, 3, NOW, "3a 1b 2b");
    claim_ids (f.store, 10, NOW, "1c 1d");
    claim_ids (f.store, 10, NOW, "");
}

/* Bulk mail is its submitter's affair: it neither waits for others nor gets a turn more. */
static void
test_bulk_goes_last (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    static const char *const ids[] = { "1-bulk", "1-bulk-too", "1", "1-later",
                                       "2-bulk", "3-bulk",     "3" };

    for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
        g_autoptr (BrevStoreMessage) message =
            new_message (ids[i], (guint32) (ids[i][0] - '0'), NOW);
        message->is_bulk = strstr (ids[i], "bulk") != NULL;
        first (message)->due = NOW - 100 + (gint64) i;
        if (strstr (ids[i], "later") != NULL)
            first (message)->due = NOW + 5;
        import_message (f.store, message, NOW);
    }
    claim_ids (f.store, 3, NOW, "1 2-bulk 3");
    claim_ids (f.store, 1, NOW, "1-bulk");
    g_assert_cmpint (brev_store_next_due (f.store, NULL), ==, NOW - 99); /* 1-bulk-too */
    claim_ids (f.store, 1, NOW + 5, "3-bulk");
    claim_ids (f.store, 1, NOW + 5, "1-later");
    claim_ids (f.store, 5, NOW + 5, "1-bulk-too");
    claim_ids (f.store, 5, NOW + 5, "");
}

static void
add_due (GPtrArray *messages, const char *id, gboolean is_bulk, gint64 due)
{
    BrevStoreMessage *message = new_message (id, 1000, due);

    message->is_bulk = is_bulk;
    g_ptr_array_add (messages, message);
}

/* Two come each ten seconds and one goes, so that other mail waits all the time: bulk mail has its
 * turn when what came an hour after it has its own, and not before. */
static void
test_bulk_does_not_starve (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) messages = message_array ();
    const gint64 unit = 10000, patience = 360, late = 10; /* an hour */

    add_due (messages, "bulk-1", TRUE, NOW);
    add_due (messages, "bulk-2", TRUE, NOW + late * unit);
    for (gint64 i = 0; i < 2 * (patience + 2 * late); i++) {
        g_autofree char *id = g_strdup_printf ("m%05d", (int) i);
        add_due (messages, id, FALSE, NOW + i * unit / 2);
    }
    g_assert_true (brev_store_import (f.store, messages, NOW, NULL, NULL));
    for (gint64 claimed = 0, i = 0; claimed < 2 * (patience + late) + 2; claimed++) {
        g_autofree char *id = g_strdup_printf ("m%05d", (int) i);
        const char *want = claimed == 2 * patience                ? "bulk-1"
                           : claimed == 2 * (patience + late) + 1 ? "bulk-2"
                                                                  : id;
        i += want == id;
        claim_ids (f.store, 1, NOW + claimed * unit, want);
    }
}

static void
test_oldest_due_first (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);

    for (int i = 0; i < 3; i++) {
        char id[] = { (char) ('a' + i), 0 };
        g_autoptr (BrevStoreMessage) message = new_message (id, 1, NOW);
        first (message)->due = NOW - i;
        import_message (f.store, message, NOW);
    }
    claim_ids (f.store, 3, NOW, "c b a");
}

static void
test_key_is_kept_while_maybe_sent (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autofree char *first_key = NULL, *second_key = NULL, *third_key = NULL;
    BrevSettlement later = { .id = "m", .state = BREV_STATE_DEFERRED, .due = NOW };

    import_in_state (f.store, "m", BREV_STATE_QUEUED, NOW);
    first_key = claim_key (f.store, NOW);
    g_assert_true (brev_store_settle (f.store, &later, 1, NOW, NULL, NULL));
    second_key = claim_key (f.store, NOW);
    g_assert_cmpstr (first_key, !=, second_key);
    later.maybe_sent = TRUE;
    g_assert_true (brev_store_settle (f.store, &later, 1, NOW, NULL, NULL));
    third_key = claim_key (f.store, NOW);
    g_assert_cmpstr (second_key, ==, third_key);
}

/* A question keeps what is known of a crash, any other settlement takes it back. */
static void
test_doubt (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) got = NULL;
    BrevSettlement asked = { .id = "m",
                             .state = BREV_STATE_DEFERRED,
                             .maybe_sent = TRUE,
                             .was_asked = TRUE,
                             .doubt_from = NOW - 5,
                             .unanswered = 2 };
    BrevSettlement sent = { .id = "m", .state = BREV_STATE_DEFERRED, .was_tried = TRUE };

    import_in_state (f.store, "m", BREV_STATE_SENDING, NOW);
    g_assert_true (brev_sql_exec (f.store, "UPDATE messages SET crashes = 1", NULL));
    g_assert_true (brev_store_settle (f.store, &asked, 1, NOW, NULL, NULL));
    got = get_message (f.store, "m");
    g_assert_cmpint (first (got)->doubt_from, ==, NOW - 5);
    g_assert_cmpuint (first (got)->unanswered, ==, 2);
    g_assert_cmpuint (first (got)->attempts, ==, 0);
    g_assert_cmpuint (got->crashes, ==, 1);
    g_clear_pointer (&got, brev_store_message_free);
    g_assert_true (brev_store_settle (f.store, &sent, 1, NOW, NULL, NULL));
    got = get_message (f.store, "m");
    g_assert_cmpint (first (got)->doubt_from, ==, 0);
    g_assert_cmpuint (got->crashes, ==, 0);
}

static void
test_next_due (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) accounts = NULL;
    static const struct {
        const char *id, *account;
        guint32 uid;
        gint64 due;
    } rows[] = {
        { "a", "main", 1, 50 },  { "b", "main", 2, 20 }, { "c", "other", 1, 30 },
        { "d", "third", 9, 90 }, { "e", "", 9, 30 },
    };

    g_assert_cmpint (brev_store_next_due (f.store, NULL), ==, G_MAXINT64);
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autoptr (BrevStoreMessage) message = brev_store_message_new (rows[i].id);
        message->uid = rows[i].uid;
        (void) brev_store_message_add (message, "a@b", "a", rows[i].account,
                                       NOW + rows[i].due);
        import_message (f.store, message, NOW);
    }
    g_assert_cmpint (brev_store_next_due (f.store, NULL), ==, NOW + 20);
    accounts = brev_store_due_accounts (f.store, NOW + 30, NULL);
    g_assert_cmpuint (accounts->len, ==, 3);
    g_assert_cmpstr (accounts->pdata[0], ==, "");
    g_assert_cmpstr (accounts->pdata[1], ==, "main");
    g_assert_cmpstr (accounts->pdata[2], ==, "other");
}

static void
test_reports (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    BrevSettlement refused = { .id = "m", .state = BREV_STATE_REFUSED, .report = "r" };
    g_autoptr (BrevStoreMessage) message = new_message ("m", 1, NOW);
    g_autoptr (BrevStoreMessage) report = new_message ("r", 1, NOW);
    g_autoptr (GPtrArray) missing = NULL, none = NULL;
    const BrevStoreMessage *one;

    (void) brev_store_message_add (message, "b@example.com", "b", "main", NOW);
    import_message (f.store, message, NOW);
    g_assert_true (brev_store_settle (f.store, &refused, 1, NOW, NULL, NULL));
    missing = brev_store_missing_reports (f.store, NULL);
    g_assert_cmpuint (missing->len, ==, 1);
    one = missing->pdata[0];
    g_assert_cmpstr (one->id, ==, "m");
    g_assert_cmpuint (one->recipients->len, ==, 1);
    g_assert_cmpstr (first (one)->report, ==, "r");
    import_message (f.store, report, NOW);
    none = brev_store_missing_reports (f.store, NULL);
    g_assert_cmpuint (none->len, ==, 0);
}

/* A message with two recipients, whose sender wants to be warned of one. */
static void
import_delayed (BrevStore *store, const char *id, const char *account, gint64 due)
{
    g_autoptr (BrevStoreMessage) message = new_message (id, 1, NOW);

    g_free (first (message)->account);
    first (message)->account = g_strdup (account);
    first (message)->due = due;
    first (message)->warn_from = NOW;
    (void) brev_store_message_add (message, "b@example.com", "b", account, due);
    import_message (store, message, NOW);
}

static int
warn (BrevStore *store, gint64 until, gint64 due_after)
{
    g_autoptr (GError) error = NULL;
    BrevDelay delay = {
        .account = "main", .until = until, .due_after = due_after, .max_messages = 9
    };
    int n = brev_store_warn (store, &delay, &error);

    g_assert_no_error (error);
    return n;
}

/* (transfer full): the ids of messages with a report that is due, and how many recipients
 * it is about */
static char *
show_missing (BrevStore *store)
{
    g_autoptr (GPtrArray) missing = brev_store_missing_reports (store, NULL);
    GString *text = g_string_new (NULL);

    for (guint i = 0; i < missing->len; i++) {
        const BrevStoreMessage *one = missing->pdata[i];
        g_string_append_printf (text, "%s:%u ", one->id, one->recipients->len);
    }
    return g_string_free (text, FALSE);
}

static void
assert_missing (BrevStore *store, const char *want)
{
    g_autofree char *got = show_missing (store);

    g_assert_cmpstr (got, ==, want);
}

/* Once for each recipient, and done when the report has its row. */
static void
test_warn (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) delayed = NULL, report = NULL;

    import_delayed (f.store, "m", "main", NOW);
    g_assert_cmpint (brev_store_next_warning (f.store, NOW - 1, NULL), ==, NOW);
    g_assert_cmpint (brev_store_next_warning (f.store, NOW, NULL), ==, G_MAXINT64);
    g_assert_cmpint (warn (f.store, NOW - 1, 0), ==, 0);
    g_assert_cmpint (warn (f.store, NOW, 0), ==, 1);
    g_assert_cmpint (warn (f.store, NOW, 0), ==, 0);
    g_assert_cmpint (brev_store_next_warning (f.store, 0, NULL), ==, G_MAXINT64);
    g_free (fixture_reopen (&f, NOW));
    assert_missing (f.store, "m:1 ");
    delayed = get_message (f.store, "m");
    report = new_message (first (delayed)->report, 2, NOW);
    import_message (f.store, report, NOW);
    assert_missing (f.store, "");
    g_assert_cmpint (warn (f.store, NOW, 0), ==, 0);
}

static void
test_warn_whom (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) accounts = NULL;

    import_delayed (f.store, "due", "main", NOW);
    import_delayed (f.store, "held", "main", NOW + 5);
    import_delayed (f.store, "later", "main", NOW + 5);
    import_delayed (f.store, "other", "", NOW + 5);
    import_delayed (f.store, "parked", "main", NOW + 5);
    g_assert_cmpint (brev_store_hold (f.store, "held", NOW, NULL), ==, 1);
    g_assert_cmpint (brev_store_park (f.store, "parked", "why", NOW, NULL), ==, 1);
    accounts = brev_store_delayed_accounts (f.store, NOW, NULL);
    g_assert_cmpuint (accounts->len, ==, 2);
    g_assert_cmpint (warn (f.store, NOW, NOW), ==, 1);
    assert_missing (f.store, "later:1 ");
    g_assert_cmpint (warn (f.store, NOW, 0), ==, 1);
    g_assert_cmpint (brev_store_release (f.store, "held", NOW, NULL), ==, 1);
    g_assert_cmpint (warn (f.store, NOW, 0), ==, 1);
}

/* What has come to its end since is not called delayed any more; a failure has a report of
 * its own. */
static void
test_warning_is_overtaken (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    BrevSettlement refused = { .id = "m1", .state = BREV_STATE_REFUSED, .report = "r" };
    g_autoptr (BrevStoreMessage) m0 = NULL, m1 = NULL;

    import_delayed (f.store, "m0", "main", NOW);
    import_delayed (f.store, "m1", "main", NOW);
    import_delayed (f.store, "m2", "main", NOW);
    g_assert_cmpint (warn (f.store, NOW, 0), ==, 3);
    (void) settle_one (f.store, "m0", 0, BREV_STATE_SENT, NOW);
    g_assert_true (brev_store_settle (f.store, &refused, 1, NOW, NULL, NULL));
    g_assert_cmpint (brev_store_delete (f.store, "m2", NOW, NULL, NULL), ==, 1);
    assert_missing (f.store, "m1:1 ");
    m0 = get_message (f.store, "m0");
    g_assert_null (first (m0)->report);
    m1 = get_message (f.store, "m1");
    g_assert_cmpstr (first (m1)->report, ==, "r");
}

static void
test_administrator (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) finished = NULL;
    g_autoptr (BrevStoreMessage) got = NULL;
    GError *error = NULL;

    import_in_state (f.store, "a", BREV_STATE_QUEUED, NOW);
    import_in_state (f.store, "b", BREV_STATE_QUEUED, NOW);
    g_assert_cmpint (brev_store_hold (f.store, NULL, NOW, &error), ==, 2);
    g_assert_cmpint (brev_store_hold (f.store, "a", NOW, &error), ==, 0);
    claim_ids (f.store, 9, NOW, "");
    g_assert_cmpint (brev_store_next_due (f.store, NULL), ==, G_MAXINT64);
    g_assert_cmpint (brev_store_release (f.store, "a", NOW + 500, &error), ==, 1);
    claim_ids (f.store, 9, NOW + 500, "a");
    got = get_message (f.store, "a");
    g_assert_cmpint (got->paused, ==, 500);
    g_assert_cmpint (brev_store_delete (f.store, "b", NOW, &finished, &error), ==, 1);
    g_assert_cmpuint (finished->len, ==, 1);
    g_assert_cmpint (brev_store_delete (f.store, "nothing", NOW, NULL, &error), ==, 0);
    g_assert_no_error (error);
}

static void
test_delete_while_sending (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) finished = NULL;
    g_autoptr (BrevStoreMessage) got = NULL;

    import_in_state (f.store, "m", BREV_STATE_SENDING, NOW);
    g_assert_cmpint (brev_store_delete (f.store, "m", NOW, &finished, NULL), ==, 1);
    g_assert_cmpuint (finished->len, ==, 0);
    g_assert_cmpuint (settle_one (f.store, "m", 0, BREV_STATE_DEFERRED, NOW), ==, 1);
    got = get_message (f.store, "m");
    g_assert_cmpint (first (got)->state, ==, BREV_STATE_DELETED);
}

static void
test_park_and_release (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) got = NULL;

    import_in_state (f.store, "m", BREV_STATE_QUEUED, NOW);
    g_assert_cmpint (brev_store_park (f.store, "m", "our bug", NOW, NULL), ==, 1);
    got = get_message (f.store, "m");
    g_assert_cmpint (first (got)->state, ==, BREV_STATE_PARKED);
    g_assert_cmpstr (first (got)->reply, ==, "our bug");
    g_assert_cmpint (brev_store_release (f.store, "m", NOW + BREV_DAY, NULL), ==, 1);
    g_clear_pointer (&got, brev_store_message_free);
    got = get_message (f.store, "m");
    g_assert_cmpint (first (got)->state, ==, BREV_STATE_QUEUED);
    g_assert_cmpint (got->paused, ==, BREV_DAY);
    claim_ids (f.store, 9, NOW + BREV_DAY, "m");
}

static void
test_retry (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) message = new_message ("m", 1, NOW);

    first (message)->due = NOW + BREV_HOUR;
    import_message (f.store, message, NOW);
    claim_ids (f.store, 9, NOW, "");
    g_assert_cmpint (brev_store_retry (f.store, NULL, NOW, NULL), ==, 1);
    claim_ids (f.store, 9, NOW, "m");
}

static void
test_begin_import (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) got = NULL, message = new_message ("a", 1, NOW);
    g_autoptr (BrevStoreMessage) parked = NULL;

    begin_import (f.store, "a b c", NOW, "a b c");
    got = get_message (f.store, "a");
    g_assert_false (got->is_imported);
    import_message (f.store, message, NOW);
    begin_import (f.store, "a b c", NOW, "b c");
    g_assert_cmpint (brev_store_park (f.store, "b", "torn", NOW, NULL), ==, 1);
    begin_import (f.store, "a b c", NOW, "c");
    parked = get_message (f.store, "b");
    g_assert_cmpstr (parked->parked, ==, "torn");
    g_assert_cmpint (brev_store_release (f.store, "b", NOW, NULL), ==, 1);
    begin_import (f.store, "a b", NOW, "b");
}

static void
test_mend_times (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    static const struct {
        const char *id;
        gint64 due;
        gboolean named, want_now;
    } cases[] = {
        { "soon", BREV_HOUR, FALSE, FALSE },
        { "wrong", 5 * BREV_HOUR, FALSE, TRUE },
        { "named", 5 * BREV_HOUR, TRUE, FALSE },
    };
    g_autoptr (BrevStoreMessage) warned = new_message ("warned", 1, NOW);

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        BrevSettlement s = { .id = cases[i].id,
                             .state = BREV_STATE_DEFERRED,
                             .due = NOW + cases[i].due,
                             .due_is_named = cases[i].named };
        import_in_state (f.store, cases[i].id, BREV_STATE_SENDING, NOW);
        g_assert_true (brev_store_settle (f.store, &s, 1, NOW, NULL, NULL));
    }
    first (warned)->warn_from = NOW + 5 * BREV_HOUR;
    import_message (f.store, warned, NOW);
    g_assert_true (brev_store_mend_times (f.store, NOW, 4 * BREV_HOUR, NULL));
    g_assert_cmpint (brev_store_next_warning (f.store, 0, NULL), ==, NOW);
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevStoreMessage) got = get_message (f.store, cases[i].id);
        g_assert_cmpint (first (got)->due, ==,
                         cases[i].want_now ? NOW : NOW + cases[i].due);
    }
}

static void
test_forget (void)
{
    static const struct {
        const char *name;
        gint64 history, lifetime, age;
        gboolean want_row, want_recipients;
    } cases[] = {
        { "young", 10, 5, 9, TRUE, TRUE },
        { "old", 10, 5, 11, FALSE, FALSE },
        { "late-copy-possible", 5, 10, 9, TRUE, FALSE },
        { "late-copy-impossible", 5, 10, 11, FALSE, FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
        g_autoptr (BrevStoreMessage) got = NULL;

        g_test_message ("%s", cases[i].name);
        import_in_state (f.store, "m", BREV_STATE_QUEUED, NOW);
        import_in_state (f.store, "unfinished", BREV_STATE_QUEUED, NOW);
        g_assert_cmpuint (settle_one (f.store, "m", 0, BREV_STATE_SENT, NOW), ==, 1);
        g_assert_cmpint (brev_store_forget (f.store, NOW + cases[i].age, cases[i].history,
                                            cases[i].lifetime, NULL),
                         ==, cases[i].want_recipients ? 0 : 1);
        got = brev_store_get (f.store, "m", NULL);
        g_assert_cmpint (got != NULL, ==, cases[i].want_row);
        if (got != NULL) {
            g_assert_cmpuint (got->recipients->len, ==, cases[i].want_recipients ? 1 : 0);
            g_assert_cmpuint (got->checksum, ==, 42);
            g_assert_cmpuint (got->uid, ==, 1000);
        }
        g_clear_pointer (&got, brev_store_message_free);
        got = get_message (f.store, "unfinished");
        g_assert_cmpuint (got->recipients->len, ==, 1);
    }
}

static void
test_list (void)
{
    static const struct {
        BrevStoreFilter filter;
        const char *want;
    } cases[] = {
        { { .uid = -1 }, "new old done" },
        { { .uid = -1, .unfinished = TRUE }, "new old" },
        { { .uid = -1, .finished = TRUE }, "done" },
        { { .uid = 1000 }, "old done" },
        { { .uid = -1, .limit = 1 }, "new" },
        { { .uid = -1, .id = "old" }, "old" },
        { { .uid = 5, .id = "old" }, "" },
        { { .uid = -1, .id = "none" }, "" },
        { { .uid = -1, .id = "old", .finished = TRUE }, "" },
    };
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) message = new_message ("new", 7, NOW - 5);

    import_message (f.store, message, NOW);
    import_in_state (f.store, "old", BREV_STATE_QUEUED, NOW);
    import_in_state (f.store, "done", BREV_STATE_SENT, NOW);
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (GPtrArray) messages =
            brev_store_list (f.store, &cases[i].filter, NULL);
        assert_ids (messages, cases[i].want);
    }
}

/* Messages count, not recipients, and those whose other recipients still wait as well. */
static void
test_outcomes (void)
{
    static const struct {
        BrevState state;
        gint64 since, want;
    } cases[] = {
        { BREV_STATE_DISCARDED, NOW, 2 },     { BREV_STATE_DISCARDED, NOW - 9, 2 },
        { BREV_STATE_DISCARDED, NOW + 1, 0 }, { BREV_STATE_SENT, NOW, 1 },
        { BREV_STATE_EXPIRED, NOW, 0 },
    };
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) message = new_message ("some", 7, NOW - 5);

    brev_store_message_add (message, "b@example.net", "b", "main", NOW)->state =
        BREV_STATE_DISCARDED;
    brev_store_message_add (message, "c@example.net", "c", "main", NOW)->state =
        BREV_STATE_DISCARDED;
    import_message (f.store, message, NOW);
    import_in_state (f.store, "test", BREV_STATE_DISCARDED, NOW);
    import_in_state (f.store, "sent", BREV_STATE_SENT, NOW);
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
        g_assert_cmpint (
            brev_store_count_outcomes (f.store, cases[i].state, cases[i].since, NULL), ==,
            cases[i].want);
}

static void
test_problems (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (GPtrArray) problems = NULL, none = NULL;
    const BrevStoreProblem *problem;

    g_assert_true (
        brev_store_set_problem (f.store, "main", "account", "token", NOW + 9, NOW, NULL));
    g_assert_true (brev_store_set_problem (f.store, "main", "account", "credit", NOW + 99,
                                           NOW + 1, NULL));
    problems = brev_store_problems (f.store, NULL);
    g_assert_cmpuint (problems->len, ==, 1);
    problem = problems->pdata[0];
    g_assert_cmpstr (problem->problem, ==, "credit");
    g_assert_cmpint (problem->since, ==, NOW);
    g_assert_cmpint (problem->until, ==, NOW + 99);
    g_assert_true (
        brev_store_set_problem (f.store, "main", "account", NULL, 0, NOW, NULL));
    none = brev_store_problems (f.store, NULL);
    g_assert_cmpuint (none->len, ==, 0);
}

/* What was held for a problem is due at its end, and nothing else. */
static void
test_resumed_after_problem (void)
{
    static const struct {
        const char *id;
        gint64 due, want;
    } cases[] = {
        { "held", NOW + 900, NOW + 100 },
        { "deferred-for-longer", NOW + 901, NOW + 901 },
        { "deferred-for-less", NOW + 500, NOW + 500 },
        { "due", NOW + 50, NOW + 50 },
    };
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevStoreMessage) message = new_message (cases[i].id, 1000, NOW);
        first (message)->due = cases[i].due;
        import_message (f.store, message, NOW);
    }
    g_assert_true (
        brev_store_set_problem (f.store, "main", "account", "x", NOW + 900, NOW, NULL));
    g_assert_true (
        brev_store_set_problem (f.store, "main", "account", NULL, 0, NOW + 100, NULL));
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevStoreMessage) got = get_message (f.store, cases[i].id);
        g_assert_cmpint (first (got)->due, ==, cases[i].want);
    }
}

/* The time of a problem does not count for what waits, but never more than its own age. */
static void
test_paused_by_problem (void)
{
    static const struct {
        const char *id;
        const char *account, *scope;
        gint64 arrival, before, want; /* pause */
    } cases[] = {
        { "older", "main", "account", NOW - 50, 0, 100 },
        { "younger", "main", "account", NOW + 40, 0, 60 },
        { "paused-before", "main", "account", NOW - 50, 20, 120 },
        { "paused-all-along", "main", "account", NOW - 50, 140, 150 },
        { "another-account", "other", "account", NOW - 50, 0, 0 },
        { "a-sender", "main", "sender a@b", NOW - 50, 0, 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
        g_autoptr (BrevStoreMessage) message =
            new_message (cases[i].id, 1000, cases[i].arrival);
        g_autoptr (BrevStoreMessage) got = NULL;
        message->paused = cases[i].before;
        import_message (f.store, message, NOW);
        g_assert_true (brev_store_set_problem (f.store, cases[i].account, cases[i].scope,
                                               "x", NOW + 9, NOW, NULL));
        g_assert_true (brev_store_set_problem (f.store, cases[i].account, cases[i].scope,
                                               NULL, 0, NOW + 100, NULL));
        got = get_message (f.store, cases[i].id);
        g_assert_cmpint (got->paused, ==, cases[i].want);
    }
}

static void
test_memory (void)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevStore) store =
        brev_store_open (NULL, BREV_STORE_MEMORY, NOW, NULL, &error);

    g_assert_no_error (error);
    import_in_state (store, "m", BREV_STATE_SENDING, NOW);
    g_assert_cmpuint (settle_one (store, "m", 0, BREV_STATE_SENT, NOW), ==, 1);
}

static void
test_files_are_private (void)
{
    static const char *const names[] = { "store.db", "store.db-wal", "store.db-shm",
                                         "lock" };
    mode_t mask = umask (0);
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);

    (void) umask (mask);
    for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
        g_autofree char *path = g_build_filename (f.directory, names[i], NULL);
        struct stat info;
        g_assert_cmpint (stat (path, &info), ==, 0);
        g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/store/states-have-names", test_states_have_names);
    g_test_add_func ("/store/keeps-everything", test_keeps_everything);
    g_test_add_func ("/store/get-of-nothing", test_get_of_nothing);
    g_test_add_func ("/store/settlements", test_settlements);
    g_test_add_func ("/store/settlement-keeps", test_settlement_keeps_what_was_said);
    g_test_add_func ("/store/finished", test_finished_with_the_last_recipient);
    g_test_add_func ("/store/all-refused-at-import", test_all_refused_at_import);
    g_test_add_func ("/store/import-twice", test_import_twice);
    g_test_add_func ("/store/claim-due", test_claim_takes_what_is_due);
    g_test_add_func ("/store/claim-one", test_claim_of_one_message_does_not_wait);
    g_test_add_func ("/store/claim-is-fair", test_claim_is_fair);
    g_test_add_func ("/store/bulk-goes-last", test_bulk_goes_last);
    g_test_add_func ("/store/bulk-does-not-starve", test_bulk_does_not_starve);
    g_test_add_func ("/store/oldest-due-first", test_oldest_due_first);
    g_test_add_func ("/store/doubt", test_doubt);
    g_test_add_func ("/store/key", test_key_is_kept_while_maybe_sent);
    g_test_add_func ("/store/next-due", test_next_due);
    g_test_add_func ("/store/reports", test_reports);
    g_test_add_func ("/store/warn", test_warn);
    g_test_add_func ("/store/warn-whom", test_warn_whom);
    g_test_add_func ("/store/warning-is-overtaken", test_warning_is_overtaken);
    g_test_add_func ("/store/administrator", test_administrator);
    g_test_add_func ("/store/delete-while-sending", test_delete_while_sending);
    g_test_add_func ("/store/park-and-release", test_park_and_release);
    g_test_add_func ("/store/retry", test_retry);
    g_test_add_func ("/store/begin-import", test_begin_import);
    g_test_add_func ("/store/mend-times", test_mend_times);
    g_test_add_func ("/store/forget", test_forget);
    g_test_add_func ("/store/list", test_list);
    g_test_add_func ("/store/outcomes", test_outcomes);
    g_test_add_func ("/store/problems", test_problems);
    g_test_add_func ("/store/resumed-after-problem", test_resumed_after_problem);
    g_test_add_func ("/store/paused-by-problem", test_paused_by_problem);
    g_test_add_func ("/store/memory", test_memory);
    g_test_add_func ("/store/files-are-private", test_files_are_private);
    return g_test_run ();
}
