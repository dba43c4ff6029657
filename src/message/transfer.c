/* SPDX-License-Identifier: MIT */
#include "message/transfer.h"

#include <string.h>

void
brev_transfer_init (BrevTransfer *transfer, BrevEncoding encoding)
{
    memset (transfer, 0, sizeof *transfer);
    transfer->encoding = encoding;
}

/* base64: our own, because GMime's drops the last bytes of a text whose padding was cut
 * off and needs three times as long. */

enum { PAD = 64, SKIP = 255 };

/* clang-format off */
#define _ SKIP
static const guint8 digits[256] = {
    _,_,_,_,_,_,_,_,_,_,_,_,_,_,_,_, _,_,_,_,_,_,_,_,_,_,_,_,_,_,_,_,
    _,_,_,_,_,_,_,_,_,_,_,62,_,_,_,63, 52,53,54,55,56,57,58,59,60,61,_,_,_,PAD,_,_,
    _,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14, 15,16,17,18,19,20,21,22,23,24,25,_,_,_,_,_,
    _,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40, 41,42,43,44,45,46,47,48,49,50,51,_,_,_,_,_,
    _,_,_,_,_,_,_,_,_,_,_,_,_,_,_,_, _,_,_,_,_,_,_,_,_,_,_,_,_,_,_,_,
    _,_,_,_,_,_,_,_,_,_,_,_,_,_,_,_, _,_,_,_,_,_,_,_,_,_,_,_,_,_,_,_,
    _,_,_,_,_,_,_,_,_,_,_,_,_,_,_,_, _,_,_,_,_,_,_,_,_,_,_,_,_,_,_,_,
    _,_,_,_,_,_,_,_,_,_,_,_,_,_,_,_, _,_,_,_,_,_,_,_,_,_,_,_,_,_,_,_,
};
#undef _
/* clang-format on */

/* As many whole groups of four as stand at @in; returns how many bytes they were. */
static gsize
take_groups (const guint8 *in, gsize length, guint8 **out)
{
    gsize i = 0;

    for (; i + 4 <= length; i += 4) {
        guint8 a = digits[in[i]], b = digits[in[i + 1]], c = digits[in[i + 2]],
               d = digits[in[i + 3]];
        if ((a | b | c | d) >= PAD)
            break;
        *(*out)++ = (guint8) (a << 2 | b >> 4);
        *(*out)++ = (guint8) (b << 4 | c >> 2);
        *(*out)++ = (guint8) (c << 6 | d);
    }
    return i;
}

static guint8 *
base64_step (BrevTransfer *transfer, const guint8 *in, gsize length, guint8 *out)
{
    for (gsize i = 0; i < length && !transfer->is_ended; i++) {
        if (transfer->n_bits == 0)
            i += take_groups (in + i, length - i, &out);
        if (i == length || digits[in[i]] == SKIP)
            continue;
        if (digits[in[i]] == PAD) {
            transfer->is_ended = TRUE; /* a footer may follow */
            break;
        }
        transfer->bits = transfer->bits << 6 | digits[in[i]];
        transfer->n_bits += 6;
        if (transfer->n_bits < 8)
            continue;
        transfer->n_bits -= 8;
        *out++ = (guint8) (transfer->bits >> transfer->n_bits);
    }
    return out;
}

/* quoted-printable: what begins with = waits in line until it is clear what it is. */

static gboolean
is_soft_break (const char *line, guint n)
{
    for (guint i = 1; i < n; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r' && line[i] != '\n')
            return FALSE;
    return TRUE;
}

static guint8 *
qp_resolve (BrevTransfer *transfer, guint8 *out)
{
    char *line = transfer->line;
    guint n = transfer->n_line;
    gboolean is_next = line[n - 1] == '=';

    if (n == 3 && g_ascii_isxdigit (line[1]) && g_ascii_isxdigit (line[2])) {
        *out++ = (guint8) (g_ascii_xdigit_value (line[1]) << 4 |
                           g_ascii_xdigit_value (line[2]));
        transfer->n_line = 0;
        return out;
    }
    if (is_soft_break (line, n) && n < sizeof transfer->line) {
        transfer->n_line = line[n - 1] == '\n' ? 0 : n;
        return out;
    }
    if (n == 2 && g_ascii_isxdigit (line[1]))
        return out;
    memcpy (out, line, n - is_next); /* it was no code: it stays as it is */
    transfer->n_line = is_next;
    return out + n - is_next;
}

static guint8 *
qp_step (BrevTransfer *transfer, const guint8 *in, gsize length, guint8 *out)
{
    for (gsize i = 0; i < length; i++) {
        if (transfer->n_line == 0 && in[i] != '=') {
            *out++ = in[i];
            continue;
        }
        transfer->line[transfer->n_line++] = (char) in[i];
        if (transfer->n_line > 1)
            out = qp_resolve (transfer, out);
    }
    return out;
}

static void
qp_finish (BrevTransfer *transfer, GByteArray *out)
{
    if (!is_soft_break (transfer->line, transfer->n_line))
        g_byte_array_append (out, (guint8 *) transfer->line, transfer->n_line);
}

/* uuencode: GMime's wants the spaces that mail programs cut from the end of a line. */

static guint
uu_digit (const BrevTransfer *transfer, guint i)
{
    return i < transfer->n_line ? ((guint) transfer->line[i] - ' ') & 63 : 0;
}

static guint8 *
uu_line (BrevTransfer *transfer, guint8 *out)
{
    guint length = uu_digit (transfer, 0);

    for (guint done = 0, i = 1; done < length; i += 4) {
        guint32 group = uu_digit (transfer, i) << 18 | uu_digit (transfer, i + 1) << 12 |
                        uu_digit (transfer, i + 2) << 6 | uu_digit (transfer, i + 3);
        for (int shift = 16; shift >= 0 && done < length; shift -= 8, done++)
            *out++ = (guint8) (group >> shift);
    }
    return out;
}

static guint8 *
uu_end_line (BrevTransfer *transfer, guint8 *out)
{
    transfer->line[transfer->n_line] = '\0';
    if (!transfer->is_begun)
        transfer->is_begun = g_str_has_prefix (transfer->line, "begin ");
    else if (strcmp (transfer->line, "end") == 0)
        transfer->is_ended = TRUE;
    else if (transfer->n_line > 0)
        out = uu_line (transfer, out);
    transfer->n_line = 0;
    return out;
}

static guint8 *
uu_step (BrevTransfer *transfer, const guint8 *in, gsize length, guint8 *out)
{
    for (gsize i = 0; i < length && !transfer->is_ended; i++) {
        if (in[i] == '\n')
            out = uu_end_line (transfer, out);
        else if (in[i] != '\r' && transfer->n_line < sizeof transfer->line - 1)
            transfer->line[transfer->n_line++] = (char) in[i];
    }
    return out;
}

/* Room for what @length bytes become at most. A line of uuencode may claim 63 bytes and
 * have one character and its line end. */
static gsize
room (const BrevTransfer *transfer, gsize length)
{
    switch (transfer->encoding) {
    case BREV_ENCODING_UU:
        return (length + 1) / 2 * 63 + 63;
    case BREV_ENCODING_QP:
        return length + sizeof transfer->line;
    case BREV_ENCODING_NONE:
    case BREV_ENCODING_BASE64:
        break;
    }
    return length + 4;
}

void
brev_transfer_step (BrevTransfer *transfer, const guint8 *bytes, gsize length,
                    GByteArray *out)
{
    guint before = out->len;
    guint8 *start, *end;

    g_byte_array_set_size (out, before + (guint) room (transfer, length));
    start = end = out->data + before;
    switch (transfer->encoding) {
    case BREV_ENCODING_NONE:
        memcpy (start, bytes, length);
        end += length;
        break;
    case BREV_ENCODING_BASE64:
        end = base64_step (transfer, bytes, length, start);
        break;
    case BREV_ENCODING_QP:
        end = qp_step (transfer, bytes, length, start);
        break;
    case BREV_ENCODING_UU:
        end = uu_step (transfer, bytes, length, start);
        break;
    }
    g_byte_array_set_size (out, before + (guint) (end - start));
}

void
brev_transfer_finish (BrevTransfer *transfer, GByteArray *out)
{
    if (transfer->encoding == BREV_ENCODING_QP)
        qp_finish (transfer, out);
    else if (transfer->encoding == BREV_ENCODING_UU)
        brev_transfer_step (transfer, (const guint8 *) "\n", 1, out);
}
