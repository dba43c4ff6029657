/* SPDX-License-Identifier: MIT */
#include "accept/courier.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "accept/process.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "config/config.h"

/* A courier that reads nothing is told no more; the count of lines makes it, or the next
 * one, look into the folder. */
#define UNSENT_MAX (1024 * 1024)
#define RECEIVED_MAX 1000

void
brev_courier_init (BrevCourier *courier)
{
    memset (courier, 0, sizeof *courier);
    brev_schedule_init (&courier->schedule);
    courier->control = -1;
    courier->unsent = g_string_new (NULL);
    courier->received = g_string_new (NULL);
}

static void
hang_up (BrevCourier *courier)
{
    brev_close_fd (&courier->control);
    courier->control = -1;
    g_string_truncate (courier->unsent, 0);
}

void
brev_courier_clear (BrevCourier *courier)
{
    hang_up (courier);
    g_string_free (courier->unsent, TRUE);
    g_string_free (courier->received, TRUE);
}

static pid_t
start (int control, GError **error)
{
    g_autofree char *path = brev_program_path ("courier");
    const char *const argv[] = { path, "--control", G_STRINGIFY (BREV_CONTROL_FD), NULL };
    const BrevProgram program = { .argv = argv, .control = control, .out = -1 };

    return brev_program_start (&program, error);
}

void
brev_courier_run (BrevCourier *courier, gint64 now, gint64 ticks)
{
    g_autoptr (GError) error = NULL;
    int ends[2];

    if (brev_schedule_wait (&courier->schedule, now, ticks) != 0)
        return;
    brev_schedule_started (&courier->schedule, ticks);
    courier->ending = (BrevEnding){ 0 };
    g_string_truncate (courier->received, 0);
    if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) {
        courier->pid = start (ends[1], &error);
        courier->control = ends[0];
        (void) close (ends[1]);
    } else {
        (void) brev_throw_errno (&error, errno, "cannot make a socket pair");
    }
    if (error == NULL)
        return;
    brev_log (BREV_LOG_ERROR, "the courier was not started: %s", error->message);
    courier->pid = 0;
    hang_up (courier);
    brev_schedule_ended (&courier->schedule, &courier->ending, ticks);
}

static void
send_unsent (BrevCourier *courier)
{
    ssize_t sent = send (courier->control, courier->unsent->str, courier->unsent->len,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent > 0)
        g_string_erase (courier->unsent, 0, sent);
}

void
brev_courier_tell (BrevCourier *courier, const char *line)
{
    if (!courier->schedule.is_running) {
        courier->schedule.is_wanted = TRUE;
        return;
    }
    courier->schedule.lines_sent++;
    if (courier->control < 0 || courier->unsent->len > UNSENT_MAX)
        return;
    g_string_append (courier->unsent, line);
    g_string_append_c (courier->unsent, '\n');
    send_unsent (courier);
}

/* Takes the whole lines off what was received. */
static void
take_lines (BrevCourier *courier)
{
    GString *text = courier->received;
    const char *end;

    while ((end = memchr (text->str, '\n', text->len)) != NULL) {
        g_autofree char *line = g_strndup (text->str, (gsize) (end - text->str));
        g_string_erase (text, 0, end - text->str + 1);
        if (!brev_ending_parse (&courier->ending, line))
            brev_log (BREV_LOG_WARNING, "the courier said '%s', which means nothing",
                      line);
    }
    if (text->len > RECEIVED_MAX)
        g_string_truncate (text, 0);
}

void
brev_courier_converse (BrevCourier *courier)
{
    char buffer[512];
    ssize_t got;

    if (courier->unsent->len > 0)
        send_unsent (courier);
    while ((got = recv (courier->control, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
        g_string_append_len (courier->received, buffer, got);
        take_lines (courier);
    }
    if (got == 0 || errno != EAGAIN)
        hang_up (courier);
}

static void
log_failure (const BrevCourier *courier, int status)
{
    const BrevSchedule *schedule = &courier->schedule;

    if (courier->ending.is_exit_config)
        brev_log (BREV_LOG_ERROR, "mail is kept but not sent: the courier cannot use the "
                                  "configuration; see 'brevdue config check'");
    else if (WIFSIGNALED (status))
        brev_log (BREV_LOG_ERROR, "the courier died of signal %d (failure %u in a row)",
                  WTERMSIG (status), schedule->failures);
    else
        brev_log (BREV_LOG_ERROR,
                  "the courier ended with status %d (failure %u in a row)",
                  WEXITSTATUS (status), schedule->failures);
}

void
brev_courier_ended (BrevCourier *courier, int status, gint64 ticks)
{
    if (courier->control >= 0)
        brev_courier_converse (courier); /* its last words */
    hang_up (courier);
    courier->pid = 0;
    courier->ending.is_exit_zero = WIFEXITED (status) && WEXITSTATUS (status) == 0;
    courier->ending.is_exit_config =
        WIFEXITED (status) && WEXITSTATUS (status) == EX_CONFIG;
    brev_schedule_ended (&courier->schedule, &courier->ending, ticks);
    if (courier->schedule.failures > 0 && !courier->ending.was_told_to)
        log_failure (courier, status);
}

void
brev_courier_stop (BrevCourier *courier)
{
    if (courier->pid <= 0)
        return;
    courier->ending.was_told_to = TRUE;
    (void) kill (courier->pid, SIGTERM);
}

void
brev_courier_heed_clock (BrevCourier *courier, gint64 now, gint64 ticks)
{
    gint64 step = brev_schedule_heed_clock (&courier->schedule, now, ticks);

    if (step == 0)
        return;
    brev_log (BREV_LOG_WARNING,
              "the clock was set %s by %" G_GINT64_FORMAT
              " s: the queue is looked at anew",
              step > 0 ? "ahead" : "back", ABS (step) / BREV_SECOND);
    brev_courier_stop (courier);
}
