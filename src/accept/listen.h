/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/**
 * brev_listen_inherited:
 *
 * Takes over the socket of systemd's socket activation (sd_listen_fds(3)) and closes
 * every other descriptor that was inherited; also removes the variables, which are not
 * meant for our children.
 *
 * Returns: the listening socket, or -1 when there is none
 */
int brev_listen_inherited (void);

/**
 * brev_listen_at:
 *
 * Makes the socket, for everybody to connect to. A socket that nobody listens on is in
 * the way of nothing; one with a service behind it is: %BREV_ERROR_DENIED.
 *
 * Returns: the listening socket, or -1 with @error set
 */
int brev_listen_at (const char *path, GError **error);

/**
 * brev_notify_manager:
 * @state: "READY=1"
 *
 * sd_notify(3), for a manager that has asked for it.
 */
void brev_notify_manager (const char *state);
