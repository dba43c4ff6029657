/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/**
 * brev_sender_parse:
 * @text: what stands behind -f: "a@b", "Name <a@b>", "a@b (Name)", "<>" or nothing
 * @address: (out): "" for the null sender
 *
 * Recipients are parsed by the courier; the one address that sendmail needs itself is
 * the envelope sender, because the queue and its log name it.
 */
gboolean brev_sender_parse (const char *text, char **address, GError **error);

/**
 * brev_text_has_controls:
 *
 * Returns: whether @text holds a character that could begin a line of its own somewhere
 */
gboolean brev_text_has_controls (const char *text);
