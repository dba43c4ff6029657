/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"

/**
 * brev_newaliases:
 *
 * Reads the alias file; there is no database to be rebuilt. Its problems go to standard
 * error, one line each.
 *
 * Returns: %FALSE when there are any
 */
gboolean brev_newaliases (const BrevConfig *config, GError **error);
