/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* When the courier has to run: decided here, from what is known, without a clock. */
typedef struct {
    gboolean is_running;
    gboolean is_wanted; /* new mail, a wake request, the first start, or it died */
    gint64 due;         /* ms since 1970 of the earliest retry; G_MAXINT64: none */
    gint64 not_before;  /* in ticks: the delay after a failure */
    gint64 started;     /* in ticks */
    guint failures;     /* in a row */
    guint short_lives;  /* in a row, each without failure */
    guint64 lines_sent; /* to the one that runs */
    gint64 offset; /* of the wall clock to the ticks, when last looked at; 0: never */
} BrevSchedule;

/* How a courier ended. */
typedef struct {
    gboolean said_idle; /* its last line was "idle DUE COUNT" */
    gint64 due;
    guint64 lines_read;
    gboolean is_exit_zero;
    gboolean is_exit_config;
    gboolean was_told_to; /* by SIGTERM of ours */
} BrevEnding;

void brev_schedule_init (BrevSchedule *schedule);

/**
 * brev_schedule_wait:
 * @now: ms since 1970
 * @ticks: brev_clock_ticks()
 *
 * Returns: ms until a courier is to be started; -1: not before something happens
 */
gint64 brev_schedule_wait (const BrevSchedule *schedule, gint64 now, gint64 ticks);

void brev_schedule_started (BrevSchedule *schedule, gint64 ticks);
void brev_schedule_ended (BrevSchedule *schedule, const BrevEnding *ending, gint64 ticks);

/* There is another configuration: it is worth a try, whatever became of the last ones. */
void brev_schedule_reload (BrevSchedule *schedule);

/**
 * brev_schedule_heed_clock:
 *
 * The times that a courier named are worth nothing when the wall clock was set since.
 *
 * Returns: ms by which it was set, 0 when it was not; then a new courier is wanted
 */
gint64 brev_schedule_heed_clock (BrevSchedule *schedule, gint64 now, gint64 ticks);

/* Reads "idle DUE COUNT". Returns: whether @line is one */
gboolean brev_ending_parse (BrevEnding *ending, const char *line);
