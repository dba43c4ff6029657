/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/mail.h"

/* Wishes to a provider that an application put into header fields for its SMTP endpoint.
 */

/* Whether a field of that name is one, and does not travel on. @provider: the name of the
 * one that gets the mail. */
gboolean brev_header_is_control (const char *name, const char *provider);

/**
 * brev_controls_read:
 * @headers: (element-type BrevHeader): of the message
 * @provider: the name of the one that gets the mail
 * @controls: (out): cleared by the caller
 * @dropped: (element-type char *): takes the names of fields whose wish cannot be kept
 */
void brev_controls_read (const GPtrArray *headers, const char *provider,
                         BrevControls *controls, GPtrArray *dropped);
