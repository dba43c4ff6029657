/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/types.h>

#include <glib.h>

/* Another of our programs. It gets nothing of ours but standard error,
 * @out and @message: a caller that reads our output to its end must not wait for whatever
 * the child starts. */
typedef struct {
    const char *program;          /* "courier", "brevdue" */
    const char *const *arguments; /* without argv[0], NULL-terminated */
    int out;                      /* its standard output, -1: /dev/null */
    int message;                  /* its descriptor BREV_CHILD_MESSAGE, -1: none */
    gboolean is_quiet;            /* no standard error either */
    gboolean is_connection;       /* @out is its standard input, too */
} BrevChild;

#define BREV_CHILD_MESSAGE 3

/* Returns: its process id, or -1 with @error */
pid_t brev_child_start (const BrevChild *child, GError **error);

/**
 * brev_child_run:
 *
 * Runs it to its end.
 *
 * Returns: the exit status; -1 with @error when it could not be started, or was killed
 */
int brev_child_run (const BrevChild *child, GError **error);

/**
 * brev_child_become:
 *
 * Replaces this process.
 *
 * Returns: only on failure, %FALSE
 */
gboolean brev_child_become (const char *program, const char *const *arguments,
                            GError **error);
