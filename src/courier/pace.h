/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "store/store.h"

/* How fast one account may send: what this process has leased of the bucket that all who
 * send with the account share. limiter.c decides. */
typedef struct {
    BrevStore *store;           /* borrowed */
    const BrevAccount *account; /* borrowed, NULL: there is no limit */
    double rate;                /* of the bucket, 0: no limit */
    guint leased;               /* tokens out of it, to be used before: */
    gint64 lease_end;           /* ticks */
    gint64 until;               /* ticks: it has nothing for us before */
    gint64 seen;                /* ticks: looked at last, when it had; 0: look again */
    guint sent;                 /* mails since: */
    gint64 sent_from;           /* ticks */
} BrevPace;

/* Whether the bucket lets a claim make sense, without taking anything.
 * Returns: 1, 0: not now, -1 with @error set */
int brev_pace_look (BrevPace *pace, GError **error);
/* Takes out of it what a request with @need mails needs.
 * Returns: 1, 0: not now, -1 with @error set */
int brev_pace_lease (BrevPace *pace, guint need, GError **error);
/* @n mails go out. */
void brev_pace_sent (BrevPace *pace, guint n);

/**
 * brev_pace_slow:
 * @after: ms that the provider asked to be left alone, 0: it did not say
 * @is_too_much: it said 429
 *
 * Everybody who sends with this account leaves the provider alone for @after.
 */
void brev_pace_slow (BrevPace *pace, gint64 after, gboolean is_too_much);
