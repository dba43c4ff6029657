/* SPDX-License-Identifier: MIT */
#pragma once

#include "compat/options.h"
#include "config/config.h"

/**
 * brev_mailq_show:
 *
 * Lists the messages of the queue that -qI, -qR and -qS choose on standard output, in
 * BREV_MODE_COUNT their number alone: by brevdue(1) for who may open the spool, else by
 * the service, which shows the caller's own messages.
 *
 * Returns: %FALSE when the queue could not be read: an empty list would be a lie
 */
gboolean brev_mailq_show (const BrevConfig *config, const BrevOptions *options,
                          GError **error);

/**
 * brev_mailq_run:
 *
 * Makes the caller's messages due that -qI, -qR and -qS choose, and has the queue run: by
 * the service or, where there is none, by a courier of our own.
 */
gboolean brev_mailq_run (const BrevConfig *config, const BrevOptions *options,
                         GError **error);
