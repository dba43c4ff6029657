/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "store/store.h"

/* How fast one account may send: what this process has leased of the bucket that all who
 * send with the account share, and which of its slots for requests. limiter.c decides. */
typedef struct {
    BrevStore *store;           /* borrowed */
    const BrevAccount *account; /* borrowed, NULL: there is no limit */
    double rate;                /* of the bucket, 0: no limit */
    guint leased;               /* tokens out of it, to be used before: */
    gint64 lease_end;           /* ticks */
    gint64 until;               /* ticks: it has nothing for us before */
    gboolean is_used_up;        /* its quota, and that was said */
    gboolean is_paused;         /* the provider asked for that */
    gint64 seen;                /* ticks: looked at last, when it had; 0: look again */
    guint sent;                 /* mails since: */
    gint64 sent_from;           /* ticks */
    gboolean *slots;            /* owned, of "concurrency": which are ours */
    gint reserved;              /* the slot of the next request, -1: none */
} BrevPace;

void brev_pace_init (BrevPace *pace, BrevStore *store, const BrevAccount *account);
/* Drops all slots; a lease that is not used does not count for the quota. */
void brev_pace_clear (BrevPace *pace);

/* Whether the bucket lets a claim make sense, without taking anything.
 * Returns: 1, 0: not now, -1 with @error set */
int brev_pace_look (BrevPace *pace, GError **error);
/**
 * brev_pace_lease:
 * @need: mails of the next request
 * @planned: mails of all requests that are planned
 *
 * Takes out of the bucket what the next request needs, and reserves a slot for it.
 *
 * Returns: how many mails it may have, less than @need where a quota ends; 0: not now; -1
 * with @error set
 */
int brev_pace_lease (BrevPace *pace, guint need, guint planned, GError **error);
/* A request with @n mails goes out. Returns: its slot, which was reserved */
gint brev_pace_sent (BrevPace *pace, guint n);
/* The same of a question, which is no message: the quota does not count it. */
gint brev_pace_asked (BrevPace *pace);
/* The request of @slot is over; -1: it had none. */
void brev_pace_end (BrevPace *pace, gint slot);
/* No request follows now: what was reserved is not needed. */
void brev_pace_let_go (BrevPace *pace);

/**
 * brev_pace_slow:
 * @after: ms that the provider asked to be left alone, 0: it did not say
 * @is_too_much: it said 429
 *
 * Everybody who sends with this account leaves the provider alone for @after.
 */
void brev_pace_slow (BrevPace *pace, gint64 after, gboolean is_too_much);
