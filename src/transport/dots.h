/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* A message on its way into DATA, chunk by chunk: each line ends in CRLF (RFC 5321
 * section 2.3.8), and a dot that begins one is doubled (section 4.5.2). A CR that ends no
 * line becomes a blank: some servers would end a line, or the message, at it. */
typedef struct {
    gboolean is_inside; /* of a line */
    gboolean has_cr;    /* one that is not written yet */
    gboolean is_8bit;   /* a byte above 127 was seen */
    guint64 size;       /* bytes so far, without the doubled dots */
} BrevDots;

/* Appends what becomes of @bytes to @out (nullable: it is counted only). */
void brev_dots_add (BrevDots *dots, const char *bytes, gsize length, GString *out);
/* The message is over: ends its last line. */
void brev_dots_end (BrevDots *dots, GString *out);
