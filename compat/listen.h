/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"

#define BREV_CLIENTS 60          /* at once */
#define BREV_CLIENTS_PER_PEER 40 /* at once, of one address */

/**
 * brev_listen_run:
 * @in_background: detach, once the ports are open and the service answers; the caller's
 *   process then ends with the right status
 *
 * A port for programs that know nothing but SMTP (the setting "listen"): "sendmail -bs"
 * for each connection, and brevdued, unless it runs already. Root's rights go once the
 * ports are open. Until SIGTERM or SIGINT.
 *
 * Returns: %FALSE with @error when it could not start, or brevdued has died
 */
gboolean brev_listen_run (const BrevConfig *config, gboolean in_background,
                          GError **error);
