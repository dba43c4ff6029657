/* SPDX-License-Identifier: MIT */
#pragma once

#include "compat/caller.h"
#include "compat/post.h"

/**
 * brev_error_mail:
 * @message: (nullable): what was not accepted; it is returned, if it is not too large
 * @problem: why, and the status the caller gets
 *
 * -oem: tells a caller by mail. It goes to the login name the system vouches for, never to
 * an address of -f or of the header: a stranger may have chosen those, and the returned
 * header may hold blind copies.
 *
 * Returns: whether that mail is kept
 */
gboolean brev_error_mail (BrevPost *post, const BrevCaller *caller,
                          const BrevMessageBytes *message, const GError *problem,
                          GError **error);
