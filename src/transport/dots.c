/* SPDX-License-Identifier: MIT */
#include "transport/dots.h"

static void
put (BrevDots *dots, char byte, GString *out)
{
    dots->size++;
    if (out != NULL)
        g_string_append_c (out, byte);
}

static void
end_line (BrevDots *dots, GString *out)
{
    put (dots, '\r', out);
    put (dots, '\n', out);
    dots->is_inside = dots->has_cr = FALSE;
}

static void
put_text (BrevDots *dots, char byte, GString *out)
{
    if (dots->has_cr)
        put (dots, ' ', out);
    else if (!dots->is_inside && byte == '.' && out != NULL)
        g_string_append_c (out, '.');
    dots->has_cr = FALSE;
    dots->is_inside = TRUE;
    dots->is_8bit = dots->is_8bit || (byte & 0x80) != 0;
    put (dots, byte, out);
}

void
brev_dots_add (BrevDots *dots, const char *bytes, gsize length, GString *out)
{
    for (gsize i = 0; i < length; i++) {
        if (bytes[i] == '\n')
            end_line (dots, out);
        else if (bytes[i] == '\r') /* of several before a LF, one counts */
            dots->has_cr = TRUE;
        else
            put_text (dots, bytes[i], out);
    }
}

void
brev_dots_end (BrevDots *dots, GString *out)
{
    if (dots->is_inside || dots->has_cr)
        end_line (dots, out);
}
