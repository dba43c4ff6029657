/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* The caller's end of the submission socket. Nothing here waits longer than
 * BREV_TALK_PATIENCE for a service that is silent, and nothing raises SIGPIPE. */

#define BREV_TALK_PATIENCE 10000 /* ms */

/**
 * brev_talk_connect:
 *
 * Does not wait: a full backlog is a service that is away, like one that is not there (a
 * blocking connect on a full backlog hangs for ever).
 *
 * Returns: a descriptor, or -1 with %BREV_ERROR_BUSY
 */
int brev_talk_connect (const char *path, GError **error);

/**
 * brev_talk_put:
 *
 * Returns: %FALSE with %BREV_ERROR_NETWORK when the service has stopped reading, with
 * %BREV_ERROR_BUSY when it is gone
 */
gboolean brev_talk_put (int fd, const void *bytes, gsize length, GError **error);

/**
 * brev_talk_get:
 * @deadline: in brev_clock_ticks()
 *
 * Returns: bytes read, 0 at the end; -1 with @error as brev_talk_put()
 */
gssize brev_talk_get (int fd, void *buffer, gsize size, gint64 deadline, GError **error);

/**
 * brev_talk_line:
 *
 * Returns: (transfer full) (nullable): the reply without its line end, or %NULL with
 * @error as brev_talk_put()
 */
char *brev_talk_line (int fd, GError **error);
