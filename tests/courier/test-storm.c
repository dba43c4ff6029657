/* SPDX-License-Identifier: MIT */
#include "courier/storm.h"

#include <string.h>

#include "base/clock.h"
#include "courier/digest.h"

#define NOW G_GINT64_CONSTANT (1700000000000)
#define LIMIT 3
#define WINDOW (10 * BREV_MINUTE)
#define SUM 42

/* -- one decision -------------------------------------------------------------------- */

/* "since" and "began" count from NOW; G_MININT64: never */
#define NEVER G_MININT64

typedef struct {
    const char *name;
    gint64 sum, since;
    guint64 seen;
    gint64 began;
    guint64 total, held;
    gint64 arrival; /* from NOW */
    gboolean may_hold;
    BrevStormVerdict want;
    gint64 sum_after, since_after;
    guint64 seen_after, total_after, held_after;
} Row;

/* clang-format off */
static const Row rows[] = {
    { "first",           0,   NEVER,        0, NEVER,       0, 0, 0,  TRUE,  BREV_STORM_NONE,    SUM, 0,            1, 0, 0 },
    { "second",          SUM, -WINDOW / 2,  1, NEVER,       0, 0, 0,  TRUE,  BREV_STORM_NONE,    SUM, -WINDOW / 2,  2, 0, 0 },
    { "at-the-limit",    SUM, -1,           2, NEVER,       0, 0, 0,  TRUE,  BREV_STORM_NONE,    SUM, -1,           3, 0, 0 },
    { "begins",          SUM, -1,           3, NEVER,       0, 0, 0,  TRUE,  BREV_STORM_BEGINS,  SUM, -1,           4, 4, 1 },
    { "begins-warn",     SUM, -1,           3, NEVER,       0, 0, 0,  FALSE, BREV_STORM_BEGINS,  SUM, -1,           4, 4, 0 },
    { "goes-on",         SUM, -9,           4, -5,          4, 1, 0,  TRUE,  BREV_STORM_GOES_ON, SUM, -9,           5, 5, 2 },
    { "goes-on-warn",    SUM, -9,           4, -5,          4, 0, 0,  FALSE, BREV_STORM_GOES_ON, SUM, -9,           5, 5, 0 },
    { "just-in-time",    SUM, 1 - WINDOW,   3, NEVER,       0, 0, 0,  TRUE,  BREV_STORM_BEGINS,  SUM, 1 - WINDOW,   4, 4, 1 },
    { "too-slow",        SUM, -WINDOW,      3, NEVER,       0, 0, 0,  TRUE,  BREV_STORM_NONE,    SUM, 0,            1, 0, 0 },
    { "next-window",     SUM, -WINDOW,      3, -WINDOW,     9, 6, 0,  TRUE,  BREV_STORM_GOES_ON, SUM, 0,            1, 10, 7 },
    { "next-window-late", SUM, 1 - 2 * WINDOW, 3, -WINDOW,  9, 6, 0,  TRUE,  BREV_STORM_GOES_ON, SUM, 1 - WINDOW,   1, 10, 7 },
    { "over-few",        SUM, -WINDOW,      2, -3 * WINDOW, 9, 6, 0,  TRUE,  BREV_STORM_NONE,    SUM, 0,            1, 0, 0 },
    { "over-quiet",      SUM, -2 * WINDOW,  99, -WINDOW,    99, 9, 0, TRUE,  BREV_STORM_NONE,    SUM, 0,            1, 0, 0 },
    /* mail that waited to be read counts when it came */
    { "read-late",       SUM, -WINDOW / 2,  3, NEVER,       0, 0, -WINDOW / 4, TRUE, BREV_STORM_BEGINS, SUM, -WINDOW / 2, 4, 4, 1 },
    { "out-of-order",    SUM, -5,           3, NEVER,       0, 0, -9, TRUE,  BREV_STORM_BEGINS,  SUM, -5,           4, 4, 1 },
    { "backlog",         SUM, 0,            3, NEVER,       0, 0, -WINDOW, TRUE, BREV_STORM_NONE, SUM, 0,           3, 0, 0 },
    { "clock-set-back",  SUM, BREV_DAY,     3, NEVER,       0, 0, 0,  TRUE,  BREV_STORM_BEGINS,  SUM, 0,            4, 4, 1 },
    { "clock-ahead",     SUM, -5,           2, NEVER,       0, 0, BREV_DAY, TRUE, BREV_STORM_NONE, SUM, -5,         3, 0, 0 },
    /* other mail stands in the same place */
    { "rare-yields",     7,   -5,           1, NEVER,       0, 0, 0,  TRUE,  BREV_STORM_NONE,    SUM, 0,            1, 0, 0 },
    { "frequent-stays",  7,   -5,           3, NEVER,       0, 0, 0,  TRUE,  BREV_STORM_NONE,    7,   -5,           2, 0, 0 },
    { "storm-stays",     7,   -5,           9, -3,          9, 6, 0,  TRUE,  BREV_STORM_NONE,    7,   -5,           9, 9, 6 },
    { "old-yields",      7,   -2 * WINDOW,  9, -3,          9, 6, 0,  TRUE,  BREV_STORM_NONE,    SUM, 0,            1, 0, 0 },
};
/* clang-format on */

static gint64
at (gint64 offset)
{
    return offset == NEVER ? 0 : NOW + offset;
}

static void
test_judge (gconstpointer data)
{
    const Row *row = data;
    const BrevStormRule rule = { LIMIT, WINDOW, row->may_hold };
    BrevStoreStorm storm = {
        .sum = row->sum,
        .since = at (row->since),
        .seen = row->seen,
        .began = at (row->began),
        .total = row->total,
        .held = row->held,
    };

    g_assert_cmpint (brev_storm_judge (&storm, &rule, SUM, NOW + row->arrival, NOW), ==,
                     row->want);
    g_assert_cmpint (storm.sum, ==, row->sum_after);
    g_assert_cmpint (storm.since - NOW, ==, row->since_after);
    g_assert_cmpint ((gint64) storm.seen, ==, (gint64) row->seen_after);
    g_assert_cmpint ((gint64) storm.total, ==, (gint64) row->total_after);
    g_assert_cmpint ((gint64) storm.held, ==, (gint64) row->held_after);
}

/* -- many of them -------------------------------------------------------------------- */

/* @n messages, one each @step ms; how many would be held. */
static guint
held_of (guint n, gint64 step)
{
    const BrevStormRule rule = { 20, WINDOW, TRUE };
    BrevStoreStorm storm = { 0 };
    guint held = 0;

    for (guint i = 0; i < n; i++) {
        gint64 now = NOW + (gint64) i * step;
        held += brev_storm_judge (&storm, &rule, SUM, now, now) != BREV_STORM_NONE;
    }
    return held;
}

static void
test_series (void)
{
    g_assert_cmpuint (held_of (1000, 100), ==, 980);
    g_assert_cmpuint (held_of (1000, BREV_MINUTE), ==, 0); /* a cron job of each minute */
    g_assert_cmpuint (held_of (1000, 20 * BREV_SECOND), ==, 980);
    g_assert_cmpuint (held_of (1000, BREV_HOUR), ==, 0);
    g_assert_cmpuint (held_of (20, 0), ==, 0);
    g_assert_cmpuint (held_of (21, 0), ==, 1);
}

static void
test_backlog (void)
{
    const BrevStormRule rule = { 20, WINDOW, TRUE };
    BrevStoreStorm storm = { 0 };

    /* one each hour, all read at once and in any order */
    for (guint i = 0; i < 500; i++) {
        gint64 arrival = NOW - (gint64) (i * 211 % 500) * BREV_HOUR;
        g_assert_cmpint (brev_storm_judge (&storm, &rule, SUM, arrival, NOW), ==,
                         BREV_STORM_NONE);
    }
}

/* -- what is alike ------------------------------------------------------------------- */

static gint64
sum_of (guint32 uid, const char *addresses, const char *subject)
{
    g_auto (GStrv) list = g_strsplit (addresses, " ", -1);
    g_autoptr (BrevStoreMessage) message = brev_store_message_new ("id");

    for (char **address = list; *address != NULL; address++)
        (void) brev_store_message_add (message, *address, *address, "main", NOW);
    return brev_storm_sum (uid, message->recipients, subject);
}

static void
test_sum (void)
{
    static const struct {
        const char *name;
        guint32 uid;
        const char *addresses, *subject;
        gboolean is_alike;
    } cases[] = {
        { "same", 33, "a@x b@x", "Error", TRUE },
        { "order", 33, "b@x a@x", "Error", TRUE },
        { "case", 33, "A@X b@x", "Error", TRUE },
        { "user", 34, "a@x b@x", "Error", FALSE },
        { "fewer", 33, "a@x", "Error", FALSE },
        { "more", 33, "a@x b@x c@x", "Error", FALSE },
        { "other", 33, "a@x c@x", "Error", FALSE },
        { "subject", 33, "a@x b@x", "error", FALSE },
        { "no-subject", 33, "a@x b@x", NULL, FALSE },
        { "moved", 33, "a@x", "b@x", FALSE },
    };
    gint64 sum = sum_of (33, "a@x b@x", "Error");

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        gint64 other = sum_of (cases[i].uid, cases[i].addresses, cases[i].subject);
        g_test_message ("%s", cases[i].name);
        g_assert_cmpint (other, !=, 0);
        g_assert_true ((other == sum) == cases[i].is_alike);
    }
    g_assert_cmpint (sum_of (1, "a@x", NULL), ==, sum_of (1, "a@x", ""));
}

/* -- the digest ---------------------------------------------------------------------- */

static void
test_digest_due (void)
{
    static const struct {
        gint64 age, want;
    } cases[] = {
        { 0, WINDOW },
        { WINDOW / 2, WINDOW },
        { 3 * WINDOW, 3 * WINDOW },
        { 9 * BREV_DAY, 4 * BREV_HOUR },
        { -BREV_DAY, WINDOW },
    };
    const BrevStormRule rule = { LIMIT, WINDOW, TRUE };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        BrevStoreStorm storm = { .began = NOW - cases[i].age };
        g_assert_cmpint (brev_storm_digest_due (&storm, &rule, NOW) - NOW, ==,
                         cases[i].want);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autofree char *path = g_strconcat ("/storm/judge/", rows[i].name, NULL);
        g_test_add_data_func (path, &rows[i], test_judge);
    }
    g_test_add_func ("/storm/series", test_series);
    g_test_add_func ("/storm/backlog", test_backlog);
    g_test_add_func ("/storm/sum", test_sum);
    g_test_add_func ("/storm/digest-due", test_digest_due);
    return g_test_run ();
}
