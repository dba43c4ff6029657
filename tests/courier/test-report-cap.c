/* SPDX-License-Identifier: MIT */
#include "courier/report-cap.h"

#include <string.h>

#include "base/clock.h"

#define NOW G_GINT64_CONSTANT (1700000000000)
#define OPEN "digestdigestdigestdigest00"

/* clang-format off */
static const struct {
    const char *name;
    gint64 since; /* from NOW; of a new one: never */
    gboolean is_new;
    guint sent;
    gboolean is_open;
    gboolean want;
    gint64 since_after;
    guint sent_after;
    gint64 due; /* from NOW, of a digest that is opened; 0: none is */
} rows[] = {
    { "first",          0,               TRUE,  0, FALSE, TRUE,  0,             1, 0 },
    { "last",           -BREV_MINUTE,    FALSE, 2, FALSE, TRUE,  -BREV_MINUTE,  3, 0 },
    { "opens",          -BREV_MINUTE,    FALSE, 3, FALSE, FALSE, -BREV_MINUTE,  3, 59 * BREV_MINUTE },
    { "joins",          -BREV_MINUTE,    FALSE, 3, TRUE,  FALSE, -BREV_MINUTE,  3, 0 },
    { "last-moment",    1 - BREV_HOUR,   FALSE, 3, FALSE, FALSE, 1 - BREV_HOUR, 3, 1 },
    { "next-hour",      -BREV_HOUR,      FALSE, 3, FALSE, TRUE,  0,             1, 0 },
    { "not-closed-yet", -BREV_HOUR,      FALSE, 3, TRUE,  TRUE,  0,             1, 0 },
    { "limit-was-more", -1,              FALSE, 9, FALSE, FALSE, -1,            9, BREV_HOUR - 1 },
    { "clock-set-back", BREV_MINUTE,     FALSE, 3, TRUE,  TRUE,  0,             1, 0 },
};
/* clang-format on */

static void
test_cap (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        BrevStoreReportCount count = { .since = rows[i].is_new ? 0 : NOW + rows[i].since,
                                       .sent = rows[i].sent };

        if (rows[i].is_open)
            (void) g_strlcpy (count.digest, OPEN, sizeof count.digest);
        g_test_message ("%s", rows[i].name);
        g_assert_cmpint (brev_report_cap (&count, 3, NOW), ==, rows[i].want);
        g_assert_cmpint (count.since - NOW, ==, rows[i].since_after);
        g_assert_cmpuint (count.sent, ==, rows[i].sent_after);
        g_assert_cmpint (count.digest_due, ==, rows[i].due == 0 ? 0 : NOW + rows[i].due);
        if (rows[i].want)
            g_assert_cmpstr (count.digest, ==, "");
        else if (rows[i].is_open)
            g_assert_cmpstr (count.digest, ==, OPEN);
        else
            g_assert_true (brev_id_is_valid (count.digest));
    }
}

/* A thousand failures within minutes, and a few later. */
static void
test_series (void)
{
    BrevStoreReportCount count = { 0 };
    guint own = 0, digests = 0;

    for (gint64 i = 0; i < 1000; i++) {
        count.digest_due = 0; /* as it is read from the store */
        own += (guint) brev_report_cap (&count, 20, NOW + i * 100);
        digests += count.digest_due != 0;
    }
    g_assert_cmpuint (own, ==, 20);
    g_assert_cmpuint (digests, ==, 1);
    g_assert_true (brev_report_cap (&count, 20, NOW + BREV_HOUR));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/report-cap/rows", test_cap);
    g_test_add_func ("/report-cap/series", test_series);
    return g_test_run ();
}
