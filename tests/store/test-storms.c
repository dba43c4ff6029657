/* SPDX-License-Identifier: MIT */
#include "store/sql.h"
#include "tests/store/fixture.h"

#define NOW G_GINT64_CONSTANT (1700000000000)
#define DIGEST "digestdigestdigestdigest00"

/* Holds what is alike from the third on, for a digest that is due at once. */
static void
judge (BrevStoreStorm *storm, BrevStoreMessage *message, gint64 now, gpointer data)
{
    guint *asked = data;

    *asked += 1;
    storm->sum = message->sum;
    storm->seen++;
    storm->since = storm->since == 0 ? now : storm->since;
    if (storm->seen < 3)
        return;
    storm->began = now;
    storm->held++;
    message->is_held = message->is_storm = TRUE;
    if (storm->digest[0] == '\0') {
        (void) g_strlcpy (storm->digest, DIGEST, sizeof storm->digest);
        storm->digest_due = now + 10;
    }
    first (message)->report = g_strdup (storm->digest);
}

static void
import_alike (BrevStore *store, guint n, gint64 sum)
{
    g_autofree char *id = g_strdup_printf ("%026u", n);
    g_autoptr (BrevStoreMessage) message = new_message (id, 33, NOW);

    message->sum = sum;
    import_message (store, message, NOW);
}

static BrevStoreStorm
only_storm (BrevStore *store)
{
    g_autoptr (GArray) storms = brev_store_storms (store, NULL);

    g_assert_cmpuint (storms->len, ==, 1);
    return g_array_index (storms, BrevStoreStorm, 0);
}

static GPtrArray *
closed (BrevStore *store, guint most)
{
    g_autoptr (GError) error = NULL;
    GPtrArray *digests = brev_store_closed_digests (store, most, &error);

    g_assert_no_error (error);
    return digests;
}

typedef struct {
    Fixture f;
    guint asked;
} Site;

static void
site_clear (Site *site)
{
    fixture_clear (&site->f);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Site, site_clear)

static void
begin (Site *site)
{
    BrevStoreGuard guard = { .judge = judge, .data = &site->asked, .memory = 1000 };

    brev_store_set_guard (site->f.store, &guard);
    for (guint i = 1; i <= 5; i++)
        import_alike (site->f.store, i, 77);
}

static void
test_count (void)
{
    g_auto (Site) site = { fixture (BREV_STORE_COURIER, NOW), 0 };
    g_autoptr (BrevStoreMessage) row = NULL;

    begin (&site);
    g_assert_cmpuint (site.asked, ==, 5);
    g_assert_cmpuint (only_storm (site.f.store).seen, ==, 5);
    g_assert_cmpuint (only_storm (site.f.store).held, ==, 3);
    import_alike (site.f.store, 5, 77); /* a copy counts once */
    g_assert_cmpuint (only_storm (site.f.store).seen, ==, 5);
    import_alike (site.f.store, 6, 0); /* nothing to compare */
    g_assert_cmpuint (only_storm (site.f.store).seen, ==, 5);
    row = get_message (site.f.store, "00000000000000000000000003");
    g_assert_true (row->is_held && row->is_storm);
    g_assert_cmpint (brev_store_release (site.f.store, row->id, NOW, NULL), ==, 1);
    brev_store_message_free (row);
    row = get_message (site.f.store, "00000000000000000000000003");
    g_assert_false (row->is_held || row->is_storm);
}

static void
test_forget (void)
{
    g_auto (Site) site = { fixture (BREV_STORE_COURIER, NOW), 0 };
    g_autoptr (GArray) storms = NULL;

    begin (&site);
    g_assert_cmpint (brev_store_forget (site.f.store, NOW + 999, 0, 0, NULL), ==, 0);
    (void) only_storm (site.f.store);
    g_assert_cmpint (brev_store_forget (site.f.store, NOW + 1000, 0, 0, NULL), ==, 0);
    storms = brev_store_storms (site.f.store, NULL);
    g_assert_cmpuint (storms->len, ==, 0);
}

/* It collects, is closed, and is no missing report of a single message. */
static void
test_digest (void)
{
    g_auto (Site) site = { fixture (BREV_STORE_COURIER, NOW), 0 };
    g_autoptr (GPtrArray) digests = NULL, missing = NULL;
    const BrevStoreDigest *digest;

    begin (&site);
    g_assert_cmpint (brev_store_next_digest (site.f.store, NULL), ==, NOW + 10);
    g_assert_cmpint (brev_store_close_digests (site.f.store, NOW + 9, NULL), ==, 0);
    g_assert_cmpint (brev_store_close_digests (site.f.store, NOW + 10, NULL), ==, 1);
    g_assert_cmpint (brev_store_close_digests (site.f.store, NOW + 10, NULL), ==, 0);
    g_assert_cmpint (brev_store_next_digest (site.f.store, NULL), ==, G_MAXINT64);
    g_assert_cmpstr (only_storm (site.f.store).digest, ==, "");
    missing = brev_store_missing_reports (site.f.store, NULL);
    g_assert_cmpuint (missing->len, ==, 0);
    digests = closed (site.f.store, 2);
    g_assert_cmpuint (digests->len, ==, 1);
    digest = digests->pdata[0];
    g_assert_cmpstr (digest->id, ==, DIGEST);
    g_assert_cmpuint (digest->total, ==, 3);
    g_assert_cmpuint (digest->messages->len, ==, 2);
}

/* The import of the report ends it. */
static void
test_end (void)
{
    g_auto (Site) site = { fixture (BREV_STORE_COURIER, NOW), 0 };
    g_autoptr (BrevStoreMessage) report = new_message (DIGEST, 0, NOW);
    g_autoptr (GPtrArray) digests = NULL, missing = NULL;

    begin (&site);
    g_assert_cmpint (brev_store_close_digests (site.f.store, NOW + 10, NULL), ==, 1);
    report->way = BREV_WAY_REPORT;
    report->sum = 77;
    import_message (site.f.store, report, NOW);
    g_assert_cmpuint (site.asked, ==, 5); /* a report is no storm */
    digests = closed (site.f.store, 2);
    g_assert_cmpuint (digests->len, ==, 0);
    missing = brev_store_missing_reports (site.f.store, NULL);
    g_assert_cmpuint (missing->len, ==, 0);
}

/* What it was about was released: there is nothing to tell. */
static void
test_drop (void)
{
    g_auto (Site) site = { fixture (BREV_STORE_COURIER, NOW), 0 };
    g_autoptr (GPtrArray) digests = NULL, missing = NULL;

    begin (&site);
    g_assert_cmpint (brev_store_release (site.f.store, NULL, NOW, NULL), ==, 3);
    g_assert_cmpint (brev_store_close_digests (site.f.store, NOW + 10, NULL), ==, 1);
    digests = closed (site.f.store, 2);
    g_assert_cmpuint (digests->len, ==, 1);
    g_assert_cmpuint (((const BrevStoreDigest *) digests->pdata[0])->total, ==, 0);
    g_assert_true (brev_store_drop_digest (site.f.store, DIGEST, NULL));
    g_ptr_array_unref (digests);
    digests = closed (site.f.store, 2);
    g_assert_cmpuint (digests->len, ==, 0);
    missing = brev_store_missing_reports (site.f.store, NULL);
    g_assert_cmpuint (missing->len, ==, 0);
}

/* -- reports ------------------------------------------------------------------------- */

/* The second one and those that follow have a digest. */
static gboolean
cap (BrevStoreReportCount *count, const char *sender, gint64 now, gpointer data)
{
    count->since = now;
    if (count->sent++ == 0)
        return TRUE;
    count->digest_due = count->digest[0] == '\0' ? now + 10 : 0;
    (void) g_strlcpy (count->digest, DIGEST, sizeof count->digest);
    return FALSE;
}

/* A message that failed from the start, or with @settle later. */
static void
fail (BrevStore *store, guint n, const char *sender, gboolean settle)
{
    g_autofree char *id = g_strdup_printf ("%026u", n);
    g_autofree char *report = g_strdup_printf ("%025ur", n);
    g_autoptr (BrevStoreMessage) message = new_message (id, 33, NOW);
    BrevSettlement settlement = { .id = id,
                                  .state = BREV_STATE_REFUSED,
                                  .report = report };

    g_free (message->sender);
    message->sender = g_strdup (sender);
    if (!settle) {
        first (message)->state = BREV_STATE_REFUSED;
        first (message)->report = g_strdup (report);
    }
    import_message (store, message, NOW);
    if (settle)
        g_assert_true (brev_store_settle (store, &settlement, 1, NOW, NULL, NULL));
}

static void
assert_report (BrevStore *store, guint n, const char *want)
{
    g_autofree char *id = g_strdup_printf ("%026u", n);
    g_autoptr (BrevStoreMessage) message = get_message (store, id);

    g_assert_cmpstr (first (message)->report, ==, want);
}

static void
test_cap (void)
{
    g_auto (Fixture) f = fixture (BREV_STORE_COURIER, NOW);
    BrevStoreGuard guard = { .cap = cap, .memory = 1000, .report_memory = 1000 };
    g_autoptr (GPtrArray) digests = NULL, missing = NULL;
    const BrevStoreDigest *digest;

    brev_store_set_guard (f.store, &guard);
    fail (f.store, 1, "a@example.com", TRUE);
    fail (f.store, 2, "A@example.com", TRUE); /* the same */
    fail (f.store, 3, "a@example.com", FALSE);
    fail (f.store, 4, "b@example.com", FALSE);
    assert_report (f.store, 1, "0000000000000000000000001r");
    assert_report (f.store, 2, DIGEST);
    assert_report (f.store, 3, DIGEST);
    assert_report (f.store, 4, "0000000000000000000000004r");
    missing = brev_store_missing_reports (f.store, NULL);
    g_assert_cmpuint (missing->len, ==, 2); /* the digest is none before its time */
    /* what is still to be told is not forgotten */
    g_assert_cmpint (brev_store_forget (f.store, NOW + 1, 0, 0, NULL), ==, 0);
    g_assert_cmpint (brev_store_close_digests (f.store, NOW + 10, NULL), ==, 1);
    digests = closed (f.store, 9);
    g_assert_cmpuint (digests->len, ==, 1);
    digest = digests->pdata[0];
    g_assert_cmpint (digest->kind, ==, BREV_DIGEST_FAILED);
    g_assert_cmpuint (digest->total, ==, 2);
    g_assert_cmpuint (digest->recipients, ==, 2);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/storms/count", test_count);
    g_test_add_func ("/storms/forget", test_forget);
    g_test_add_func ("/storms/digest", test_digest);
    g_test_add_func ("/storms/end", test_end);
    g_test_add_func ("/storms/drop", test_drop);
    g_test_add_func ("/storms/cap", test_cap);
    return g_test_run ();
}
