/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* What to do about a failure. The message tells a person what happened. */
typedef enum {
    BREV_ERROR_USAGE,        /* the command line makes no sense */
    BREV_ERROR_CONFIG,       /* the administrator must act; mail stays queued */
    BREV_ERROR_INPUT,        /* the message itself cannot be sent by anyone */
    BREV_ERROR_NO_FILE,      /* a named file is missing */
    BREV_ERROR_READ,         /* standard input could not be read to its end */
    BREV_ERROR_DENIED,       /* this user may not do that */
    BREV_ERROR_SYSTEM,       /* disk, memory, permissions on this host */
    BREV_ERROR_NETWORK,      /* no answer, or none we can trust */
    BREV_ERROR_BUSY,         /* the provider, or the service, said: later */
    BREV_ERROR_REFUSED,      /* the provider said: never */
    BREV_ERROR_NO_RECIPIENT, /* the provider said: no such recipient */
    BREV_ERROR_INTERNAL,     /* our own bug */
    BREV_ERROR_LAST
} BrevError;

#define BREV_ERROR (brev_error_quark ())
GQuark brev_error_quark (void);

/**
 * brev_throw:
 * @error: (out) (optional): where the failure goes
 * @code: what to do about it
 * @format: one line for a person, names in 'quotes', without a final dot
 *
 * Returns: always %FALSE, so that a failing function can return the call
 */
gboolean brev_throw (GError **error, BrevError code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/**
 * brev_throw_errno:
 * @number: the errno value, whose text is appended to the message
 *
 * A %BREV_ERROR_SYSTEM failure of a system call.
 *
 * Returns: always %FALSE
 */
gboolean brev_throw_errno (GError **error, int number, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/**
 * brev_exit_status:
 * @error: (nullable): why the program ends; %NULL for success
 *
 * Never 75 (EX_TEMPFAIL): PHP 8.5 and others read it as "queued".
 *
 * Returns: the exit status from sysexits.h
 */
int brev_exit_status (const GError *error);
