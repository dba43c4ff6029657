/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/**
 * brev_daemon_run:
 * @listener: (transfer full): a listening socket, or -1 to make the configured one
 *
 * Takes messages and keeps a courier at work until SIGTERM or SIGINT.
 *
 * Returns: %FALSE with @error when it could not start
 */
gboolean brev_daemon_run (int listener, GError **error);
