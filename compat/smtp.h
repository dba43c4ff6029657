/* SPDX-License-Identifier: MIT */
#pragma once

#include "compat/caller.h"
#include "compat/options.h"
#include "compat/post.h"

/**
 * brev_smtp_serve:
 * @options: -F, -G, -odq, -N and the like hold for every message
 *
 * SMTP (RFC 5321) on @in and @out until QUIT or the end of @in. A message is answered
 * with 250 only when it is kept or accepted.
 *
 * Returns: %FALSE when @in ended within a message, could not be read, was silent for too
 * long, or held something else than SMTP
 */
gboolean brev_smtp_serve (BrevPost *post, const BrevCaller *caller,
                          const BrevOptions *options, int in, int out, GError **error);
