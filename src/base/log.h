/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

typedef enum {
    BREV_LOG_AUTO, /* journald when it listens, else syslog when it listens, else stderr */
    BREV_LOG_JOURNALD,
    BREV_LOG_SYSLOG,
    BREV_LOG_STDERR,
} BrevLogTarget;

typedef enum { BREV_LOG_ERROR, BREV_LOG_WARNING, BREV_LOG_INFO } BrevLogLevel;

/* The fields a log line can carry beside its text. log.c holds their journald names and
 * help; brevdue(1) lists them. */
typedef enum {
    BREV_FIELD_ID,        /* queue id */
    BREV_FIELD_UID,       /* who submitted */
    BREV_FIELD_SENDER,    /* envelope sender */
    BREV_FIELD_RECIPIENT, /* one recipient */
    BREV_FIELD_ACCOUNT,   /* account section of the configuration */
    BREV_FIELD_STATUS,    /* sent, deferred, bounced, discarded-by-test, held, parked */
    BREV_FIELD_DSN,       /* RFC 3463 status */
    BREV_FIELD_REMOTE_ID, /* the provider's id of the message */
    BREV_FIELD_LAST
} BrevLogField;

typedef struct {
    const char *name; /* as journald shows it */
    const char *help;
} BrevLogFieldHelp;

extern const BrevLogFieldHelp brev_log_field_help[BREV_FIELD_LAST];

/**
 * brev_log_open:
 * @program: what stands before the colon in syslog, such as "brevdue/courier"
 *
 * Returns: where lines go from now on, never %BREV_LOG_AUTO
 */
BrevLogTarget brev_log_open (const char *program, BrevLogTarget target);

/**
 * brev_log_name:
 *
 * Gives the lines that follow another name: log readers tell kinds of lines by it.
 */
void brev_log_name (const char *program);

/**
 * brev_log:
 *
 * Writes one line. Control characters are replaced, so that nothing a caller wrote can
 * forge a second line. Never call it with a secret.
 */
void brev_log (BrevLogLevel level, const char *format, ...) G_GNUC_PRINTF (2, 3);

/**
 * brev_log_fields:
 * @fields: %BREV_FIELD_LAST strings, %NULL where a field says nothing
 *
 * As brev_log(), with @fields beside the line where the target can hold them (journald).
 */
void brev_log_fields (BrevLogLevel level, const char *const fields[BREV_FIELD_LAST],
                      const char *format, ...) G_GNUC_PRINTF (3, 4);
