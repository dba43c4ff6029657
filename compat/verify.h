/* SPDX-License-Identifier: MIT */
#pragma once

#include "compat/caller.h"
#include "config/config.h"

/**
 * brev_verify:
 * @text: one address, or a local name
 *
 * Prints on standard output where mail to it goes and by which account.
 *
 * Returns: %FALSE with %BREV_ERROR_NO_RECIPIENT when it leads nowhere
 */
gboolean brev_verify (const BrevConfig *config, const BrevCaller *caller,
                      const char *text, GError **error);

/* The same for each line of standard input; failures go to standard error. */
gboolean brev_verify_lines (const BrevConfig *config, const BrevCaller *caller,
                            GError **error);
