/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "courier/backoff.h"

static void
test_next (void)
{
    static const struct {
        const char *name;
        guint attempts;
        gint64 retry_after;
        guint32 random;
        gint64 want; /* seconds after now */
    } cases[] = {
        { "first-at-least", 1, 0, 0, 30 },
        { "first-at-most", 1, 0, G_MAXUINT32, 60 },
        { "second-at-most", 2, 0, G_MAXUINT32, 120 },
        { "second-at-least", 2, 0, 0, 30 },
        { "ceiling", 9, 0, G_MAXUINT32, 14400 },
        { "no-overflow", G_MAXUINT, 0, G_MAXUINT32, 14400 },
        { "no-attempt-yet", 0, 0, G_MAXUINT32, 30 },
        { "provider-is-a-floor", 1, 7200, 0, 7200 },
        { "provider-asks-for-less", 1, 5, 0, 30 },
        { "provider-asks-for-a-year", 1, 365 * 86400, 0, 86400 },
        { "provider-asks-for-the-past", 1, -5, 0, 30 },
    };
    BrevConfig config = { .retry_min = 30 * BREV_SECOND, .retry_max = 4 * BREV_HOUR };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        gint64 got =
            brev_backoff_next (&config, 1000, cases[i].attempts,
                               cases[i].retry_after * BREV_SECOND, cases[i].random);
        g_test_message ("%s", cases[i].name);
        g_assert_cmpint (got, ==, 1000 + cases[i].want * BREV_SECOND);
    }
}

/* "retry-max" below "retry-min" is an odd wish, not a crash or a storm. */
static void
test_next_with_odd_settings (void)
{
    BrevConfig config = { .retry_min = 30 * BREV_SECOND, .retry_max = 5 * BREV_SECOND };

    g_assert_cmpint (brev_backoff_next (&config, 0, 5, 0, G_MAXUINT32), ==,
                     30 * BREV_SECOND);
}

static void
test_is_over (void)
{
    static const struct {
        const char *name;
        gint64 age, paused;
        guint attempts;
        gboolean want;
    } cases[] = {
        { "young", 99, 0, 10, FALSE },         { "old", 100, 0, 10, TRUE },
        { "paused", 150, 60, 10, FALSE },      { "paused-and-old", 160, 60, 10, TRUE },
        { "hardly-tried", 1000, 0, 2, FALSE }, { "clock-went-back", -50, 0, 10, FALSE },
    };
    BrevConfig config = { .lifetime = 100 };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_test_message ("%s", cases[i].name);
        g_assert_cmpint (brev_backoff_is_over (&config, 5000 + cases[i].age, 5000,
                                               cases[i].paused, cases[i].attempts),
                         ==, cases[i].want);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/backoff/next", test_next);
    g_test_add_func ("/backoff/odd-settings", test_next_with_odd_settings);
    g_test_add_func ("/backoff/is-over", test_is_over);
    return g_test_run ();
}
