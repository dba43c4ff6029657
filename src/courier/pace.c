/* SPDX-License-Identifier: MIT */
#include "courier/pace.h"

#include "base/clock.h"
#include "base/log.h"
#include "courier/limiter.h"

/* A lease saves a disk sync for each request; unused, it is lost, so it is small. */
#define LEASES_EACH_SECOND 10
#define LEASE_TIME BREV_SECOND
/* Where there is no limit: how soon it is noticed that another process met one. */
#define LOOK_EVERY BREV_SECOND
#define OBSERVED_TIME (10 * BREV_SECOND)
/* Other processes have all slots: nobody says when one is dropped. */
#define SLOT_WAIT (BREV_SECOND / 20)

void
brev_pace_init (BrevPace *pace, BrevStore *store, const BrevAccount *account)
{
    *pace = (BrevPace){ .store = store, .account = account, .reserved = -1 };
    if (account == NULL)
        return;
    pace->rate = account->rate;
    pace->slots = g_new0 (gboolean, account->concurrency);
}

/* What is asked of the bucket, and what it says. */
typedef struct {
    BrevPace *pace;
    guint need, want; /* @need 0: nothing is taken */
    guint granted;
    gint64 wait;
    gint64 after;
    gboolean is_too_much;
    gboolean is_used_up; /* the quota */
    gboolean is_paused;
} Dealing;

static void
take (BrevStoreBucket *bucket, gpointer data)
{
    Dealing *dealing = data;
    BrevPace *pace = dealing->pace;
    gint64 now = brev_clock_now ();
    guint left;

    bucket->day_used -= MIN (bucket->day_used, pace->leased); /* not used after all */
    dealing->wait = brev_limiter_quota (bucket, pace->account->daily_quota, now, &left);
    if (dealing->wait > 0) {
        dealing->is_used_up = TRUE;
        return;
    }
    dealing->granted =
        brev_limiter_take (bucket, pace->account->rate, MIN (dealing->need, left),
                           MIN (dealing->want, left), now, &dealing->wait);
    dealing->is_paused = bucket->until > now;
    bucket->day_used += dealing->granted;
    pace->rate = brev_limiter_rate (bucket, pace->account->rate);
}

/* Says once what keeps mail for hours. */
static void
heed (BrevPace *pace, const Dealing *dealing)
{
    pace->until = brev_clock_ticks () + dealing->wait;
    if (dealing->is_used_up && !pace->is_used_up) {
        brev_log (
            BREV_LOG_WARNING,
            "account '%s': its daily quota of %u is used up; mail waits for %d minutes",
            pace->account->name, pace->account->daily_quota,
            (int) (dealing->wait / BREV_MINUTE));
    }
    pace->is_used_up = dealing->is_used_up;
    pace->is_paused = dealing->is_paused;
}

static double
observed_rate (const BrevPace *pace)
{
    gint64 passed = MAX (brev_clock_ticks () - pace->sent_from, BREV_SECOND);

    return (double) pace->sent * BREV_SECOND / (double) passed;
}

static void
slow (BrevStoreBucket *bucket, gpointer data)
{
    Dealing *dealing = data;
    BrevPace *pace = dealing->pace;

    bucket->day_used -=
        MIN (bucket->day_used, pace->leased); /* it is not used any more */
    brev_limiter_slow (bucket, pace->account->rate, observed_rate (pace), dealing->after,
                       dealing->is_too_much, brev_clock_now ());
    pace->rate = brev_limiter_rate (bucket, pace->account->rate);
}

void
brev_pace_slow (BrevPace *pace, gint64 after, gboolean is_too_much)
{
    Dealing dealing = { .pace = pace, .after = after, .is_too_much = is_too_much };
    g_autoptr (GError) error = NULL;

    pace->seen = 0;
    if (!brev_store_change_bucket (pace->store, pace->account->name, slow, &dealing,
                                   &error))
        brev_log (BREV_LOG_WARNING, "cannot note that account '%s' is too fast: %s",
                  pace->account->name, error->message);
    else if (is_too_much)
        brev_log (BREV_LOG_WARNING,
                  "account '%s': the provider takes no more for now; %g messages each "
                  "second from now on",
                  pace->account->name, pace->rate);
    pace->leased = 0;
}

/* Without a limit nothing is written, and it is only seen from time to time whether there is
 * one by now. */
static gboolean
is_limited (const BrevPace *pace)
{
    return pace->rate > 0 || pace->account->daily_quota > 0;
}

int
brev_pace_look (BrevPace *pace, GError **error)
{
    gint64 ticks = brev_clock_ticks ();
    Dealing dealing = { .pace = pace };
    BrevStoreBucket bucket;

    if (pace->account == NULL || (pace->leased > 0 && ticks < pace->lease_end) ||
        (!is_limited (pace) && pace->seen != 0 && ticks - pace->seen < LOOK_EVERY))
        return 1;
    if (!brev_store_get_bucket (pace->store, pace->account->name, &bucket, error))
        return -1;
    take (&bucket, &dealing);
    pace->seen = dealing.wait == 0 ? ticks : 0;
    heed (pace, &dealing);
    return dealing.wait == 0;
}

gint
brev_pace_sent (BrevPace *pace, guint n)
{
    gint slot = pace->reserved;
    gint64 ticks = brev_clock_ticks ();

    if (pace->sent == 0 || ticks - pace->sent_from > OBSERVED_TIME) {
        pace->sent = 0;
        pace->sent_from = ticks;
    }
    pace->sent += n;
    pace->leased -= MIN (pace->leased, n);
    pace->reserved = -1;
    return slot;
}

static void
uncount (BrevStoreBucket *bucket, gpointer data)
{
    const guint *n = data;

    bucket->day_used -= MIN (bucket->day_used, *n);
}

/* @n messages that the quota has counted are not sent. */
static void
give_back (BrevPace *pace, guint n)
{
    g_autoptr (GError) error = NULL;

    if (n > 0 && pace->account->daily_quota > 0 &&
        !brev_store_change_bucket (pace->store, pace->account->name, uncount, &n, &error))
        brev_log (BREV_LOG_WARNING, "the quota of account '%s' counts %u too many: %s",
                  pace->account->name, n, error->message);
}

gint
brev_pace_asked (BrevPace *pace)
{
    guint counted = MIN (pace->leased, 1);
    gint slot = brev_pace_sent (pace, 1);

    if (pace->account != NULL)
        give_back (pace, counted);
    return slot;
}

void
brev_pace_clear (BrevPace *pace)
{
    if (pace->account == NULL)
        return;
    give_back (pace, pace->leased);
    for (guint i = 0; i < pace->account->concurrency; i++)
        if (pace->slots[i])
            brev_pace_end (pace, (gint) i);
    g_clear_pointer (&pace->slots, g_free);
}

void
brev_pace_end (BrevPace *pace, gint slot)
{
    if (slot < 0)
        return;
    pace->slots[slot] = FALSE;
    brev_store_drop_slot (pace->store, pace->account->name, (guint) slot);
}

void
brev_pace_let_go (BrevPace *pace)
{
    brev_pace_end (pace, pace->reserved);
    pace->reserved = -1;
}

/* A slot that no request has, of this process or of another. */
static gboolean
reserve (BrevPace *pace)
{
    for (guint i = 0; pace->reserved < 0 && i < pace->account->concurrency; i++) {
        if (pace->slots[i] || !brev_store_take_slot (pace->store, pace->account->name, i))
            continue;
        pace->slots[i] = TRUE;
        pace->reserved = (gint) i;
    }
    return pace->reserved >= 0;
}

/* From the bucket: @need at least, and some of what follows. */
static gboolean
renew (BrevPace *pace, guint need, guint planned, GError **error)
{
    Dealing dealing = { .pace = pace, .need = need, .want = planned };
    gint64 ticks = brev_clock_ticks ();

    if (pace->rate > 0)
        dealing.want = MIN (planned, (guint) (pace->rate / LEASES_EACH_SECOND));
    if (!brev_store_change_bucket (pace->store, pace->account->name, take, &dealing,
                                   error))
        return FALSE;
    pace->leased = dealing.granted;
    pace->lease_end = pace->rate > 0 ? ticks + LEASE_TIME : G_MAXINT64;
    heed (pace, &dealing);
    return TRUE;
}

int
brev_pace_lease (BrevPace *pace, guint need, guint planned, GError **error)
{
    gint64 ticks = brev_clock_ticks ();
    int may;

    if (pace->account == NULL)
        return (int) need;
    if (!reserve (pace)) {
        pace->until = ticks + SLOT_WAIT;
        return 0;
    }
    if (pace->leased >= need && ticks < pace->lease_end)
        return (int) need;
    if (!is_limited (pace)) {
        may = brev_pace_look (pace, error);
        if (may <= 0 || !is_limited (pace))
            return may <= 0 ? may : (int) need;
    }
    if (!renew (pace, need, planned, error))
        return -1;
    return (int) MIN (pace->leased, need);
}
