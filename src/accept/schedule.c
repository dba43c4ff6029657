/* SPDX-License-Identifier: MIT */
#include "accept/schedule.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define DELAY_MIN BREV_SECOND
#define DELAY_MAX BREV_MINUTE
/* What is less is the everyday work of those who keep clocks right. */
#define STEP_MIN BREV_MINUTE
/* New mail may well find a courier that is about to end, and need another at once; this
 * many in a row that lived for less than a second are a courier that errs about its work.
 */
#define SHORT_LIVES_MAX 5

void
brev_schedule_init (BrevSchedule *schedule)
{
    *schedule = (BrevSchedule){ .is_wanted = TRUE, .due = G_MAXINT64 };
}

gint64
brev_schedule_wait (const BrevSchedule *schedule, gint64 now, gint64 ticks)
{
    gint64 delay = MAX (schedule->not_before - ticks, 0);

    if (schedule->is_running)
        return -1;
    if (schedule->is_wanted)
        return delay;
    if (schedule->due == G_MAXINT64)
        return -1;
    return MAX (delay, MAX (schedule->due - now, 0));
}

void
brev_schedule_started (BrevSchedule *schedule, gint64 ticks)
{
    schedule->is_running = TRUE;
    schedule->is_wanted = FALSE;
    schedule->started = ticks;
    schedule->lines_sent = 0;
}

static gint64
delay_after (guint failures)
{
    return failures > 6 ? DELAY_MAX : MIN (DELAY_MIN << (failures - 1), DELAY_MAX);
}

/* It ended because it had nothing more to do. What was said to it after it had read its
 * last line is not known to it: then another one has to look. */
static void
ended_well (BrevSchedule *schedule, const BrevEnding *ending, gint64 ticks)
{
    gboolean was_short = ticks - schedule->started < BREV_SECOND;

    schedule->failures = 0;
    schedule->short_lives = was_short ? schedule->short_lives + 1 : 0;
    schedule->not_before =
        schedule->short_lives > SHORT_LIVES_MAX ? ticks + DELAY_MIN : 0;
    schedule->due = ending->due;
    if (ending->lines_read != schedule->lines_sent)
        schedule->is_wanted = TRUE;
}

void
brev_schedule_ended (BrevSchedule *schedule, const BrevEnding *ending, gint64 ticks)
{
    schedule->is_running = FALSE;
    if (ending->is_exit_zero && ending->said_idle) {
        ended_well (schedule, ending, ticks);
        return;
    }
    schedule->is_wanted = TRUE;
    if (ending->was_told_to)
        return;
    if (ticks - schedule->started > DELAY_MAX)
        schedule->failures = 0;
    schedule->failures++;
    schedule->not_before =
        ticks + (ending->is_exit_config ? DELAY_MAX : delay_after (schedule->failures));
}

void
brev_schedule_reload (BrevSchedule *schedule)
{
    schedule->is_wanted = TRUE;
    schedule->not_before = MIN (schedule->not_before, schedule->started + DELAY_MIN);
}

gint64
brev_schedule_heed_clock (BrevSchedule *schedule, gint64 now, gint64 ticks)
{
    gint64 offset = now - ticks;
    gint64 step = schedule->offset == 0 ? 0 : offset - schedule->offset;

    schedule->offset = offset;
    if (ABS (step) < STEP_MIN)
        return 0;
    schedule->is_wanted = TRUE;
    return step;
}

gboolean
brev_ending_parse (BrevEnding *ending, const char *line)
{
    g_auto (GStrv) words = g_strsplit (line, " ", 4);
    char *end;

    if (g_strv_length (words) != 3 || strcmp (words[0], "idle") != 0)
        return FALSE;
    ending->due = G_MAXINT64;
    if (strcmp (words[1], "-") != 0) {
        ending->due = g_ascii_strtoll (words[1], &end, 10);
        if (end == words[1] || *end != '\0')
            return FALSE;
    }
    ending->lines_read = g_ascii_strtoull (words[2], &end, 10);
    ending->said_idle = end != words[2] && *end == '\0';
    return ending->said_idle;
}
