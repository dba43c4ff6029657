/* SPDX-License-Identifier: MIT */
#include "message/quoted.h"

#define MAX_LINE 76 /* with the sign of a soft line break */

static void
put (BrevQuoted *quoted, char c, gboolean is_plain, GString *out)
{
    guint length = is_plain ? 1 : 3;

    if (quoted->column + length > MAX_LINE - 1) {
        g_string_append (out, "=\r\n");
        quoted->column = 0;
    }
    if (is_plain)
        g_string_append_c (out, c);
    else
        g_string_append_printf (out, "=%02X", (guint) (guint8) c);
    quoted->column += length;
}

static gboolean
is_blank (char c)
{
    return c == ' ' || c == '\t';
}

/* A blank that ends its line would be cut off. */
static void
release (BrevQuoted *quoted, gboolean ends_line, GString *out)
{
    if (quoted->held != '\0')
        put (quoted, quoted->held, is_blank (quoted->held) && !ends_line, out);
    quoted->held = '\0';
}

static void
end_line (BrevQuoted *quoted, GString *out)
{
    if (quoted->held == '\r')
        quoted->held = '\0';
    release (quoted, TRUE, out);
    g_string_append (out, "\r\n");
    quoted->column = 0;
}

void
brev_quoted_append (BrevQuoted *quoted, const char *bytes, gsize length, GString *out)
{
    for (gsize i = 0; i < length; i++) {
        char c = bytes[i];
        if (c == '\n') {
            end_line (quoted, out);
            continue;
        }
        release (quoted, c == '\r', out);
        if (is_blank (c) || c == '\r')
            quoted->held = c;
        else
            put (quoted, c, c > ' ' && c < 0x7f && c != '=', out);
    }
}

void
brev_quoted_close (BrevQuoted *quoted, GString *out)
{
    release (quoted, TRUE, out);
}
