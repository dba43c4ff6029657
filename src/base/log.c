/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/text.h"

/* clang-format off */
const BrevLogFieldHelp brev_log_field_help[BREV_FIELD_LAST] = {
    [BREV_FIELD_ID]        = { "BREVDUE_ID",        "queue id of the message" },
    [BREV_FIELD_UID]       = { "BREVDUE_UID",       "user id of the submitter" },
    [BREV_FIELD_SENDER]    = { "BREVDUE_SENDER",    "envelope sender" },
    [BREV_FIELD_RECIPIENT] = { "BREVDUE_RECIPIENT", "recipient the line is about" },
    [BREV_FIELD_ACCOUNT]   = { "BREVDUE_ACCOUNT",   "account of the configuration" },
    [BREV_FIELD_STATUS]    = { "BREVDUE_STATUS",    "outcome: sent, deferred, bounced, discarded-by-test, held, parked" },
    [BREV_FIELD_DSN]       = { "BREVDUE_DSN",       "enhanced status code of RFC 3463" },
    [BREV_FIELD_REMOTE_ID] = { "BREVDUE_REMOTE_ID", "the provider's id of the message" },
};
static const int priorities[] = {
    [BREV_LOG_ERROR] = LOG_ERR, [BREV_LOG_WARNING] = LOG_WARNING, [BREV_LOG_INFO] = LOG_INFO,
};
/* clang-format on */

/* A program has one log: the one thing here that is global, as openlog(3) is. */
static struct {
    const char *program;
    BrevLogTarget target;
} brev_log_state = { "brevdue", BREV_LOG_STDERR };

static BrevLogTarget
choose (BrevLogTarget target)
{
    if (target != BREV_LOG_AUTO)
        return target;
    if (access ("/run/systemd/journal/socket", W_OK) == 0)
        return BREV_LOG_JOURNALD;
    return access ("/dev/log", W_OK) == 0 ? BREV_LOG_SYSLOG : BREV_LOG_STDERR;
}

BrevLogTarget
brev_log_open (const char *program, BrevLogTarget target)
{
    brev_log_state.program = program;
    brev_log_state.target = choose (target);
    if (brev_log_state.target == BREV_LOG_SYSLOG)
        openlog (program, LOG_PID | LOG_NDELAY, LOG_MAIL);
    return brev_log_state.target;
}

void
brev_log_name (const char *program)
{
    brev_log_state.program = program;
    if (brev_log_state.target == BREV_LOG_SYSLOG)
        openlog (program, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

static gboolean
write_journald (int priority, const char *const *values, const char *line)
{
    GLogField fields[BREV_FIELD_LAST + 4];
    gsize n = 0;
    char digit[2] = { (char) ('0' + priority), '\0' };

    fields[n++] = (GLogField){ "MESSAGE", line, -1 };
    fields[n++] = (GLogField){ "PRIORITY", digit, -1 };
    fields[n++] = (GLogField){ "SYSLOG_IDENTIFIER", brev_log_state.program, -1 };
    fields[n++] = (GLogField){ "SYSLOG_FACILITY", "2", -1 };
    for (guint i = 0; values != NULL && i < BREV_FIELD_LAST; i++)
        if (values[i] != NULL)
            fields[n++] = (GLogField){ brev_log_field_help[i].name, values[i], -1 };
    return g_log_writer_journald (G_LOG_LEVEL_MESSAGE, fields, n, NULL) ==
           G_LOG_WRITER_HANDLED;
}

static void write_line (BrevLogLevel level, const char *const *values, const char *format,
                        va_list args) G_GNUC_PRINTF (3, 0);

static void
write_line (BrevLogLevel level, const char *const *values, const char *format,
            va_list args)
{
    g_autofree char *raw = g_strdup_vprintf (format, args);
    g_autofree char *line = brev_text_printable (raw);
    int priority = priorities[level];

    if (brev_log_state.target == BREV_LOG_SYSLOG) {
        syslog (priority, "%s", line);
        return;
    }
    if (brev_log_state.target == BREV_LOG_JOURNALD &&
        write_journald (priority, values, line))
        return;
    (void) fprintf (stderr, "%s[%d]: %s\n", brev_log_state.program, (int) getpid (),
                    line);
}

void
brev_log (BrevLogLevel level, const char *format, ...)
{
    va_list args;

    va_start (args, format);
    write_line (level, NULL, format, args);
    va_end (args);
}

void
brev_log_fields (BrevLogLevel level, const char *const fields[BREV_FIELD_LAST],
                 const char *format, ...)
{
    va_list args;

    va_start (args, format);
    write_line (level, fields, format, args);
    va_end (args);
}
