/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"
#include "envelope/frame.h"
#include "store/store.h"
#include "tests/store/fixture.h"

#define NOW G_GINT64_CONSTANT (1700000000000)

/* -- what is left in the files ------------------------------------------------------- */

static gboolean
file_holds (const char *path, const char *text)
{
    g_autofree char *bytes = NULL;
    gsize length = 0;

    g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
    return memmem (bytes, length, text, strlen (text)) != NULL;
}

/* Whether @text stands anywhere in the files of the store. */
static gboolean
store_holds (const Fixture *f, const char *text)
{
    g_autoptr (GDir) dir = g_dir_open (f->directory, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name (dir)) != NULL) {
        g_autofree char *path = g_build_filename (f->directory, name, NULL);
        if (file_holds (path, text)) {
            g_test_message ("%s is in %s", text, name);
            return TRUE;
        }
    }
    return FALSE;
}

static BrevStoreMessage *
message_to (const char *id, const char *address)
{
    BrevStoreMessage *message = new_message (id, 1000, NOW);
    BrevStoreRecipient *r = first (message);

    g_free (r->address);
    g_free (r->original);
    r->address = g_strdup (address);
    r->original = g_strdup (address);
    return message;
}

/* Imported, deferred with a long reply that names its recipient, and perhaps sent. Whatever
 * is only for it begins with @prefix. */
static void
live (BrevStore *store, const char *prefix, guint number, BrevState state)
{
    char id[BREV_ID_LENGTH + 1];
    g_autofree char *address = g_strdup_printf ("%s-%u@example.net", prefix, number);
    g_autofree char *padding = g_strnfill (300, 'x');
    g_autofree char *reply = g_strdup_printf ("<%s> %s", address, padding);
    g_autofree char *from = g_strconcat (prefix, "-from@web1", NULL);
    g_autoptr (BrevStoreMessage) message = NULL;
    BrevSettlement settlement = { .id = id,
                                  .state = BREV_STATE_DEFERRED,
                                  .due = NOW,
                                  .reply = reply,
                                  .rewritten = from };

    brev_id_new (id);
    message = message_to (id, address);
    message->script = g_strconcat (prefix, "-script", NULL);
    message->message_id = g_strdup_printf ("<%s-%u-id>", prefix, number);
    message->way = BREV_WAY_REPORT; /* not counted: names of callers are kept */
    import_message (store, message, NOW);
    g_assert_true (brev_store_settle (store, &settlement, 1, NOW, NULL, NULL));
    settlement.state = state;
    settlement.reply = "OK";
    g_assert_true (brev_store_settle (store, &settlement, 1, NOW, NULL, NULL));
}

/* Pages split, rows grow and shrink; and nothing of those that are forgotten is left. */
static void
test_forgotten_is_erased (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);

    for (guint i = 0; i < 1000; i++) {
        live (f.store, "hidden", i, BREV_STATE_SENT);
        if (i % 10 == 0)
            live (f.store, "shown", i, BREV_STATE_DEFERRED);
    }
    g_assert_true (store_holds (&f, "hidden-999@"));
    g_assert_true (store_holds (&f, "hidden-from"));
    g_assert_cmpint (brev_store_forget (f.store, NOW, 0, 1000, NULL), ==, 1000);
    brev_store_rewrite (f.store);
    g_assert_false (store_holds (&f, "hidden-"));
    g_assert_true (store_holds (&f, "shown-"));
}

static void
test_report_comes_first (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) report = new_message ("report", 0, NOW), got = NULL;
    g_autoptr (GPtrArray) missing = NULL;
    BrevSettlement refused = { .id = "m",
                               .state = BREV_STATE_REFUSED,
                               .report = "report" };
    guint kept = 0;

    import_in_state (f.store, "m", BREV_STATE_QUEUED, NOW);
    g_assert_true (brev_store_settle (f.store, &refused, 1, NOW, NULL, NULL));
    g_assert_cmpint (brev_store_forget (f.store, NOW + 1, 0, 1000, NULL), ==, 0);
    g_assert_cmpint (brev_store_forget_address (f.store, "a@example.com", &kept, NULL),
                     ==, 0);
    g_assert_cmpuint (kept, ==, 1);
    missing = brev_store_missing_reports (f.store, NULL);
    assert_ids (missing, "m");
    import_message (f.store, report, NOW);
    g_assert_cmpint (brev_store_forget (f.store, NOW + 1, 0, 1000, NULL), ==, 1);
    got = get_message (f.store, "m");
    g_assert_cmpuint (got->recipients->len, ==, 0);
}

static void
import_warned_of (BrevStore *store, const char *id)
{
    g_autoptr (BrevStoreMessage) message = new_message (id, 1, NOW);
    BrevDelay delay = {
        .account = "main", .until = NOW, .due_after = 0, .now = NOW, .max_messages = 9
    };

    first (message)->warn_from = NOW;
    import_message (store, message, NOW);
    g_assert_cmpint (brev_store_warn (store, &delay, NULL), ==, 1);
}

/* Nobody writes the report of a delay about what is deleted, so nothing waits for it. */
static void
test_deleted_before_its_report (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    g_autoptr (BrevStoreMessage) got = NULL;
    guint kept = 0;

    import_warned_of (f.store, "m");
    g_assert_cmpint (brev_store_delete (f.store, "m", NOW, NULL, NULL), ==, 1);
    import_warned_of (f.store, "n");
    g_assert_cmpint (brev_store_delete (f.store, "n", NOW, NULL, NULL), ==, 1);
    g_assert_cmpint (brev_store_forget (f.store, NOW + 1, 0, 1000, NULL), ==, 2);
    got = get_message (f.store, "m");
    g_assert_cmpuint (got->recipients->len, ==, 0);
    import_warned_of (f.store, "o");
    g_assert_cmpint (brev_store_delete (f.store, "o", NOW, NULL, NULL), ==, 1);
    g_assert_cmpint (brev_store_forget_address (f.store, "a@example.com", &kept, NULL),
                     ==, 1);
    g_assert_cmpuint (kept, ==, 0);
}

/* Whether a problem is still noted, by the scope and by what waits. */
static void
test_problems_end (void)
{
    static const struct {
        const char *scope;
        BrevState state;
        gint64 until;
        gboolean want;
    } cases[] = {
        { "account", BREV_STATE_SENT, NOW, TRUE },
        { "from a@example.com", BREV_STATE_SENT, NOW, FALSE },
        { "from a@example.com", BREV_STATE_SENT, NOW + 1, TRUE },
        { "from a@example.com", BREV_STATE_DEFERRED, NOW, TRUE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
        g_autoptr (GPtrArray) problems = NULL;

        import_in_state (f.store, "m", cases[i].state, NOW);
        g_assert_true (brev_store_set_problem (f.store, "main", cases[i].scope, "refused",
                                               cases[i].until, NOW, NULL));
        g_assert_cmpint (brev_store_forget (f.store, NOW, 0, 1000, NULL), >=, 0);
        problems = brev_store_problems (f.store, NULL);
        g_assert_cmpint (problems->len > 0, ==, cases[i].want);
    }
}

/* -- one address --------------------------------------------------------------------- */

static void
test_names (void)
{
    static const struct {
        const char *text;
        gboolean want;
    } cases[] = {
        { "ann@example.net", TRUE },
        { "Ann@EXAMPLE.net", TRUE },
        { "Ann <ann@example.net>", TRUE },
        { "550 'ann@example.net' is unknown", TRUE },
        { "to ann@example.net.", TRUE },
        { "joann@example.net, ann@example.net", TRUE },
        { "", FALSE },
        { "joann@example.net", FALSE },
        { "j.ann@example.net", FALSE },
        { "j+ann@example.net", FALSE },
        { "ann@example.net.au", FALSE },
        { "ann@example.network", FALSE },
        { "ann@example.net-work.com", FALSE },
        { "ann+news@example.net", FALSE },
        { "\xc3\xa5"
          "ann@example.net",
          FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_test_message ("%s", cases[i].text);
        g_assert_cmpint (brev_text_names (cases[i].text, "ann@example.net"), ==,
                         cases[i].want);
    }
    g_assert_false (brev_text_names ("text", ""));
}

/* Wherever it stands in a finished message. */
static void
test_address_is_erased (void)
{
    static const struct {
        const char *name;
        const char *address, *original, *sender, *reply;
        BrevState state;
        int want;
    } cases[] = {
        { "address", "Ann@example.net", "x", "s@e.com", "r", BREV_STATE_SENT, 1 },
        { "original", "x@e.com", "ann@Example.net", "s@e.com", "r", BREV_STATE_SENT, 1 },
        { "sender", "x@e.com", "x", "ann@example.net", "r", BREV_STATE_SENT, 1 },
        { "reply", "x@e.com", "x", "s@e.com", "no <ann@example.net>", BREV_STATE_REFUSED,
          1 },
        { "another", "joann@example.net", "x", "s@e.com", "r", BREV_STATE_SENT, 0 },
        { "waiting", "ann@example.net", "x", "s@e.com", "r", BREV_STATE_DEFERRED, 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
        g_autoptr (BrevStoreMessage) message = message_to ("m", cases[i].address);
        g_autoptr (BrevStoreMessage) got = NULL;
        guint kept = 0;

        g_test_message ("%s", cases[i].name);
        g_free (message->sender);
        message->sender = g_strdup (cases[i].sender);
        g_free (first (message)->original);
        first (message)->original = g_strdup (cases[i].original);
        first (message)->reply = g_strdup (cases[i].reply);
        first (message)->state = cases[i].state;
        import_message (f.store, message, NOW);
        import_in_state (f.store, "other", BREV_STATE_SENT, NOW);
        g_assert_cmpint (
            brev_store_forget_address (f.store, "ANN@example.net", &kept, NULL), ==,
            cases[i].want);
        g_assert_cmpuint (kept, ==, 0);
        got = get_message (f.store, "m");
        g_assert_cmpuint (got->recipients->len, ==, cases[i].want == 1 ? 0 : 1);
        g_assert_cmpuint (got->checksum, ==, 42); /* still known, should a copy come */
        g_assert_cmpint (store_holds (&f, "nn@"), ==, cases[i].want == 0);
    }
}

/* One of many, in pages that were split. */
static void
test_address_of_many (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    guint kept = 0;

    for (guint i = 0; i < 500; i++)
        live (f.store, "user", i, BREV_STATE_SENT);
    g_assert_true (brev_store_set_problem (f.store, "main", "from user-77@example.net",
                                           "refused", NOW, NOW, NULL));
    g_assert_true (store_holds (&f, "user-77@"));
    g_assert_cmpint (
        brev_store_forget_address (f.store, "user-77@example.net", &kept, NULL), ==, 1);
    g_assert_false (store_holds (&f, "user-77@"));
    g_assert_true (store_holds (&f, "user-78@"));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/forget/erased", test_forgotten_is_erased);
    g_test_add_func ("/forget/report-comes-first", test_report_comes_first);
    g_test_add_func ("/forget/deleted-before-its-report", test_deleted_before_its_report);
    g_test_add_func ("/forget/problems", test_problems_end);
    g_test_add_func ("/forget/names", test_names);
    g_test_add_func ("/forget/address", test_address_is_erased);
    g_test_add_func ("/forget/address-of-many", test_address_of_many);
    return g_test_run ();
}
