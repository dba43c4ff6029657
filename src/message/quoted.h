/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Quoted-printable (RFC 2045 section 6.7) of content that comes in pieces: each line end
 * CRLF, no line longer than 76 characters. Starts as { 0 }. */
typedef struct {
    guint column;
    char held; /* a blank or a CR: what it becomes depends on what follows; NUL: none */
} BrevQuoted;

void brev_quoted_append (BrevQuoted *quoted, const char *bytes, gsize length,
                         GString *out);
/* The content has come to its end. */
void brev_quoted_close (BrevQuoted *quoted, GString *out);
