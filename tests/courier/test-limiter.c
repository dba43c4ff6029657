/* SPDX-License-Identifier: MIT */
#include "courier/limiter.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define NOW G_GINT64_CONSTANT (1700000000000)

/* -- one decision -------------------------------------------------------------------- */

typedef struct {
    const char *name;
    BrevStoreBucket bucket; /* its times from NOW, unless @is_new */
    gboolean is_new;
    double configured;
    guint need, want;
    guint granted;
    gint64 wait;
    double tokens; /* afterwards */
} Row;

/* clang-format off */
static const Row rows[] = {
    { "unlimited",        { 0 },                   TRUE,  0,   500, 0, 500, 0, -499 },
    { "starts-full",      { 0 },                   TRUE,  10,  1,   1, 1,   0, 9 },
    { "slow-starts-with-one", { 0 },               TRUE,  0.1, 1,   1, 1,   0, 0 },
    { "ahead",            { .tokens = 10 },        FALSE, 10,  1,   5, 5,   0, 5 },
    { "ahead-no-debt",    { .tokens = 3.5 },       FALSE, 10,  1,   5, 3,   0, 0.5 },
    { "batch-makes-debt", { .tokens = 10 },        FALSE, 10,  30,  0, 30,  0, -20 },
    { "debt-delays",      { .tokens = -20 },       FALSE, 10,  1,   1, 0, 2101, -20 },
    { "debt-fills",       { .tokens = -20, .at = -2000 }, FALSE, 10, 1, 1, 0, 101, 0 },
    { "debt-is-paid",     { .tokens = -20, .at = -2101 }, FALSE, 10, 1, 1, 1, 0, 0.01 },
    { "fills-to-the-brim", { .tokens = 0, .at = -BREV_DAY }, FALSE, 10, 1, 1, 1, 0, 9 },
    { "clock-set-back",   { .tokens = 0, .at = BREV_DAY }, FALSE, 10, 1, 1, 0, 101, 0 },
    { "halved",           { .tokens = 0, .rate = 5, .base = 10 }, FALSE, 10, 1, 1, 0, 201, 0 },
    { "configured-less-since", { .tokens = 0, .rate = 5, .base = 10 }, FALSE, 1, 1, 1,
      0, 1001, 0 },
    { "paused",           { .tokens = 0, .rate = 5, .base = 10, .until = 3000 }, FALSE, 10,
      1, 1, 0, 3201, 0 },
    { "paused-without-limit", { .until = 3000 },   FALSE, 0,   1,   1, 0, 3000, 0 },
    { "pause-is-not-filled", { .tokens = 0, .at = -9000, .rate = 5, .base = 10, .until = -100 },
      FALSE, 10, 1, 1, 0, 100, 0.5 },
    { "pause-of-a-wrong-clock", { .until = 9 * BREV_DAY }, FALSE, 0, 1, 1, 0, BREV_HOUR, 0 },
};
/* clang-format on */

static void
test_take (gconstpointer data)
{
    const Row *row = data;
    BrevStoreBucket bucket = row->bucket;
    gint64 wait;

    if (!row->is_new) {
        bucket.at += NOW;
        bucket.until += bucket.until == 0 ? 0 : NOW;
    }
    g_assert_cmpuint (
        brev_limiter_take (&bucket, row->configured, row->need, row->want, NOW, &wait),
        ==, row->granted);
    g_assert_cmpint (wait, ==, row->wait);
    if (row->configured > 0)
        g_assert_cmpfloat_with_epsilon (bucket.tokens, row->tokens, 0.011);
    g_assert_cmpint (bucket.at, ==, NOW);
}

/* -- too much ------------------------------------------------------------------------ */

static void
test_slow (void)
{
    BrevStoreBucket bucket = { 0 };

    brev_limiter_slow (&bucket, 10, 99, 3000, TRUE, NOW);
    g_assert_cmpfloat (bucket.rate, ==, 5);
    g_assert_cmpint (bucket.until, ==, NOW + 3000);
    g_assert_cmpfloat (bucket.tokens, ==, 0);
    /* others that were on their way */
    brev_limiter_slow (&bucket, 10, 99, 4000, TRUE, NOW + 10);
    g_assert_cmpfloat (bucket.rate, ==, 5);
    g_assert_cmpint (bucket.until, ==, NOW + 4010);
    brev_limiter_slow (&bucket, 10, 99, 0, TRUE, NOW + 4010);
    g_assert_cmpfloat (bucket.rate, ==, 2.5);
    for (guint i = 1; i < 20; i++)
        brev_limiter_slow (&bucket, 10, 99, 0, TRUE, NOW + i * BREV_MINUTE / 10);
    g_assert_cmpfloat (bucket.rate, >=, 10.0 / 32);
    g_assert_cmpfloat (bucket.rate, <, 10.0 / 16);
}

static void
test_pause_is_no_limit (void)
{
    BrevStoreBucket bucket = { 0 };

    brev_limiter_slow (&bucket, 0, 99, 3000, FALSE, NOW);
    g_assert_cmpfloat (bucket.rate, ==, 0);
    g_assert_cmpint (bucket.until, ==, NOW + 3000);
}

/* 5 % of the full rate each minute, then the limit that was only observed is gone. */
static void
test_recovers (void)
{
    BrevStoreBucket bucket = { 0 };

    brev_limiter_slow (&bucket, 0, 40, 0, TRUE, NOW);
    g_assert_cmpfloat (brev_limiter_rate (&bucket, 0), ==, 20);
    for (gint64 at = 1; at <= 4 * BREV_MINUTE; at += 1000)
        brev_limiter_age (&bucket, 0, NOW + BREV_SECOND + at);
    g_assert_cmpfloat_with_epsilon (brev_limiter_rate (&bucket, 0), 28, 0.1);
    brev_limiter_age (&bucket, 0, NOW + 11 * BREV_MINUTE);
    g_assert_cmpfloat (brev_limiter_rate (&bucket, 0), ==, 0);
}

/* -- many processes ------------------------------------------------------------------ */

enum { PROCESSES = 8, RATE = 20, SECONDS = 60, NEED = 3 };

/* Seen by all: the time, which passes with each question, and what was granted. */
typedef struct {
    gint64 now;
    guint granted;
} World;

static void
ask (BrevStoreBucket *bucket, gpointer data)
{
    World *world = data;
    gint64 wait;

    world->now += 25;
    if (world->now < NOW + SECONDS * BREV_SECOND)
        world->granted += brev_limiter_take (bucket, RATE, NEED, 0, world->now, &wait);
}

static int
work (const char *directory, World *world)
{
    g_autoptr (BrevStore) store =
        brev_store_open (directory, BREV_STORE_ADMIN, NOW, NULL, NULL);

    if (store == NULL)
        return 1;
    while (world->now < NOW + SECONDS * BREV_SECOND)
        if (!brev_store_change_bucket (store, "main", ask, world, NULL))
            return 1;
    return 0;
}

static void
test_shared (void)
{
    g_autofree char *directory = g_dir_make_tmp ("brevdue-store-XXXXXX", NULL);
    g_autofree char *command = g_strdup_printf ("rm -rf '%s'", directory);
    World *world = mmap (NULL, sizeof *world, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    BrevStore *store = brev_store_open (directory, BREV_STORE_COURIER, NOW, NULL, NULL);
    pid_t children[PROCESSES];
    int status;

    g_assert_nonnull (store);
    brev_store_free (store);
    world->now = NOW;
    for (guint i = 0; i < PROCESSES; i++) {
        children[i] = fork ();
        if (children[i] == 0)
            _exit (work (directory, world));
    }
    for (guint i = 0; i < PROCESSES; i++) {
        g_assert_cmpint (waitpid (children[i], &status, 0), ==, children[i]);
        g_assert_cmpint (status, ==, 0);
    }
    g_assert_cmpuint (world->granted, <=, RATE * SECONDS + RATE + NEED);
    g_assert_cmpuint (world->granted, >=, RATE * SECONDS);
    (void) munmap (world, sizeof *world);
    g_assert_cmpint (system (command), ==, 0);
}

static void
test_quota (void)
{
    static const struct {
        gint64 from; /* from NOW */
        guint used, quota, left;
        gint64 wait;
    } cases[] = {
        { -BREV_HOUR, 9, 0, G_MAXUINT, 0 }, /* no limit */
        { -BREV_HOUR, 9, 10, 1, 0 },
        { -BREV_HOUR, 10, 10, 0, 23 * BREV_HOUR },
        { -BREV_HOUR, 20, 10, 0, 23 * BREV_HOUR }, /* lowered since */
        { -BREV_DAY, 10, 10, 10, 0 },
        { BREV_HOUR, 10, 10, 0, BREV_DAY }, /* the clock was set back */
        { 900 * BREV_DAY, 10, 10, 0, BREV_DAY },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        BrevStoreBucket bucket = { .day_from = NOW + cases[i].from,
                                   .day_used = cases[i].used };
        guint left;
        g_assert_cmpint (brev_limiter_quota (&bucket, cases[i].quota, NOW, &left), ==,
                         cases[i].wait);
        g_assert_cmpuint (left, ==, cases[i].left);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autofree char *path = g_strconcat ("/limiter/take/", rows[i].name, NULL);
        g_test_add_data_func (path, &rows[i], test_take);
    }
    g_test_add_func ("/limiter/quota", test_quota);
    g_test_add_func ("/limiter/slow", test_slow);
    g_test_add_func ("/limiter/pause-is-no-limit", test_pause_is_no_limit);
    g_test_add_func ("/limiter/recovers", test_recovers);
    g_test_add_func ("/limiter/shared", test_shared);
    return g_test_run ();
}
