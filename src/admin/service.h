/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"

/* Returns: whether somebody takes connections at the service's socket and answers */
gboolean brev_service_answers (const BrevConfig *config);

/**
 * brev_service_has_token:
 *
 * Returns: whether only the service can know the account's token: a variable or a systemd
 * credential of its own, which no other process sees
 */
gboolean brev_service_has_token (const BrevConfig *config, const BrevAccount *account);

/**
 * brev_service_run_courier:
 * @arguments: without argv[0], NULL-terminated
 * @fd: a descriptor that the courier gets under its own number, or -1
 * @status: (out): its exit status
 *
 * Runs a courier and waits for its end.
 */
gboolean brev_service_run_courier (const char *const *arguments, int fd, int *status,
                                   GError **error);
