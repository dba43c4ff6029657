/* SPDX-License-Identifier: MIT */
#include "message/body.h"

#include <string.h>

#include "message/quoted.h"

#define CHUNK 24576

/* Text, a part of a message, or a body. */
typedef struct {
    GString *text;      /* owned */
    gboolean is_secret; /* the text: a string of JSON */
    int fd;
    const BrevPart *part; /* borrowed, or &own */
    BrevPart own;
    BrevBody *inner; /* owned; never read itself */
    BrevAs as;
} Piece;

/* Readers are opened one at a time and closed at their part's end: a body of 500 messages
 * holds one. */
struct BrevBody {
    GPtrArray *pieces; /* a reference, of Piece */
    guint current;
    gboolean hides_secrets;
    gsize text_offset;  /* in the current piece, if it is text */
    BrevReader *reader; /* owned, nullable: of the current piece, if it is a part */
    BrevBody *inner;    /* owned, nullable: of the current piece, if it is a body */
    gboolean is_done;   /* the reader or the inner body has come to its end */
    gint state, save;   /* of the base64 encoder */
    char last;          /* of lines: what came last; NUL: nothing yet */
    BrevQuoted quoted;
    GString *cut;   /* owned: of a mail, a character of which more is to come */
    GString *ready; /* owned: encoded bytes of the current piece */
    gsize taken;    /* of ready */
};

static void
piece_free (Piece *piece)
{
    if (piece->is_secret)
        explicit_bzero (piece->text->str, piece->text->allocated_len);
    if (piece->text != NULL)
        (void) g_string_free (piece->text, TRUE);
    brev_body_free (piece->inner);
    g_free (piece);
}

static BrevBody *
body_new (GPtrArray *pieces)
{
    BrevBody *body = g_new0 (BrevBody, 1);

    body->pieces = pieces;
    body->ready = g_string_sized_new (64);
    body->cut = g_string_sized_new (0);
    return body;
}

BrevBody *
brev_body_new (void)
{
    return body_new (g_ptr_array_new_with_free_func ((GDestroyNotify) piece_free));
}

BrevBody *
brev_body_share (const BrevBody *body)
{
    return body_new (g_ptr_array_ref (body->pieces));
}

void
brev_body_free (BrevBody *body)
{
    if (body == NULL)
        return;
    g_ptr_array_unref (body->pieces);
    brev_reader_free (body->reader);
    brev_body_free (body->inner);
    (void) g_string_free (body->ready, TRUE);
    (void) g_string_free (body->cut, TRUE);
    g_free (body);
}

/* Building */

/* The text at the end of the body, to which more can be added. */
static GString *
tail_text (BrevBody *body)
{
    Piece *last = body->pieces->len > 0
                      ? g_ptr_array_index (body->pieces, body->pieces->len - 1)
                      : NULL;

    if (last == NULL || last->text == NULL || last->is_secret) {
        last = g_new0 (Piece, 1);
        last->text = g_string_new (NULL);
        g_ptr_array_add (body->pieces, last);
    }
    return last->text;
}

void
brev_body_add (BrevBody *body, const char *text)
{
    g_string_append (tail_text (body), text);
}

static Piece *
add_piece (BrevBody *body, BrevAs as)
{
    Piece *piece = g_new0 (Piece, 1);

    piece->as = as;
    g_ptr_array_add (body->pieces, piece);
    return piece;
}

void
brev_body_add_part (BrevBody *body, int fd, const BrevPart *part, BrevAs as)
{
    Piece *piece = add_piece (body, as);

    piece->fd = fd;
    piece->part = part;
}

void
brev_body_add_file (BrevBody *body, int fd, guint64 offset, guint64 length, BrevAs as)
{
    Piece *piece = add_piece (body, as);

    piece->own.offset = offset;
    piece->own.length = length;
    piece->fd = fd;
    piece->part = &piece->own;
}

void
brev_body_add_body (BrevBody *body, const BrevBody *inner, BrevAs as)
{
    add_piece (body, as)->inner = brev_body_share (inner);
}

void
brev_body_append (BrevBody *body, BrevBody *tail)
{
    g_ptr_array_extend_and_steal (body->pieces, g_steal_pointer (&tail->pieces));
    tail->pieces = g_ptr_array_new ();
    brev_body_free (tail);
}

/* Encoding */

/* RFC 8259 section 7: what must not stand in a JSON string as it is. \u0000 would end the
 * string for some readers. Returns its length. */
static gsize
escape (guint8 c, char out[8])
{
    static const char *const names = "\bb\ff\nn\rr\tt\"\"\\\\";

    for (const char *name = names; *name != '\0'; name += 2)
        if (c == (guint8) *name) {
            out[0] = '\\';
            out[1] = name[1];
            return 2;
        }
    if (c == '\0')
        return g_strlcpy (out, "\xef\xbf\xbd", 8); /* U+FFFD */
    return (gsize) g_snprintf (out, 8, "\\u%04x", c);
}

static const gboolean is_escaped[256] = {
    [0 ... ' ' - 1] = TRUE, ['"'] = TRUE, ['\\'] = TRUE
};

/* @text is UTF-8, or a slice of it: no byte that matters here is part of a longer
 * character. */
static void
append_json (GString *out, const char *text, gsize length)
{
    gsize start = 0;

    for (gsize i = 0; i < length; i++) {
        char escaped[8];

        if (!is_escaped[(guint8) text[i]])
            continue;
        g_string_append_len (out, text + start, (gssize) (i - start));
        g_string_append_len (out, escaped, (gssize) escape ((guint8) text[i], escaped));
        start = i + 1;
    }
    g_string_append_len (out, text + start, (gssize) (length - start));
}

static gboolean
is_base64 (BrevAs as)
{
    return as == BREV_AS_BASE64 || as == BREV_AS_BASE64URL;
}

static gboolean
is_text (BrevAs as)
{
    return as == BREV_AS_JSON_TEXT || as == BREV_AS_JSON_HTML;
}

/* Likewise. */
static void
append_html (GString *out, const char *text, gsize length)
{
    g_autoptr (GString) html = g_string_sized_new (length);

    for (gsize i = 0; i < length; i++) {
        switch (text[i]) {
        case '&':
            g_string_append (html, "&amp;");
            break;
        case '<':
            g_string_append (html, "&lt;");
            break;
        case '>':
            g_string_append (html, "&gt;");
            break;
        default:
            g_string_append_c (html, text[i]);
        }
    }
    append_json (out, html->str, html->len);
}

void
brev_body_add_json (BrevBody *body, const char *text)
{
    g_autofree char *valid =
        g_utf8_validate (text, -1, NULL) ? NULL : g_utf8_make_valid (text, -1);
    const char *sound = valid != NULL ? valid : text;
    GString *tail = tail_text (body);

    g_string_append_c (tail, '"');
    append_json (tail, sound, strlen (sound));
    g_string_append_c (tail, '"');
}

/* As large as it may become, so that it is never copied. */
void
brev_body_add_secret (BrevBody *body, const char *secret)
{
    Piece *piece = add_piece (body, BREV_AS_BYTES);

    piece->is_secret = TRUE;
    piece->text = g_string_sized_new (strlen (secret) * 6 + 3);
    g_string_append_c (piece->text, '"');
    append_json (piece->text, secret, strlen (secret));
    g_string_append_c (piece->text, '"');
}

/* g_base64_encode_step() wants this much room without line breaks. */
#define BASE64_ROOM(length) (((length) / 3 + 1) * 4 + 4)

static void
append_base64 (BrevBody *body, const guint8 *bytes, gsize length)
{
    gsize used = body->ready->len, n;

    g_string_set_size (body->ready, used + BASE64_ROOM (length));
    n = g_base64_encode_step (bytes, length, FALSE, body->ready->str + used, &body->state,
                              &body->save);
    g_string_set_size (body->ready, used + n);
}

static void
close_base64 (BrevBody *body)
{
    char end[8];
    gsize n = g_base64_encode_close (FALSE, end, &body->state, &body->save);

    g_string_append_len (body->ready, end, (gssize) n);
}

static void
make_url_safe (GString *text)
{
    g_strdelimit (text->str, "+", '-');
    g_strdelimit (text->str, "/", '_');
}

/* A CR is written at once: what matters to a LF is that there was one. */
static void
append_lines (BrevBody *body, const char *text, gsize length)
{
    for (gsize start = 0; start < length;) {
        const char *line = text + start;
        const char *newline = memchr (line, '\n', length - start);
        gsize n = newline != NULL ? (gsize) (newline - line) : length - start;

        g_string_append_len (body->ready, line, (gssize) n);
        if (n > 0)
            body->last = line[n - 1];
        if (newline != NULL) {
            g_string_append (body->ready, body->last == '\r' ? "\n" : "\r\n");
            body->last = '\n';
        }
        start += n + (newline != NULL);
    }
}

/* A CR waits for what follows it. */
static void
append_header (BrevBody *body, const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (body->last == '\r' && text[i] != '\n')
            g_string_append_c (body->ready, ' ');
        if (text[i] == '\n')
            g_string_append (body->ready, "\r\n");
        else if (text[i] != '\r')
            g_string_append_c (body->ready, text[i] != '\0' ? text[i] : ' ');
        body->last = text[i] != '\0' ? text[i] : ' ';
    }
}

/* windows-1252 from 0x80 on; 0: nothing has that number */
static const gunichar windows_1252[] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
    0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
    0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
    0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static void
append_windows_1252 (GString *out, guint8 c)
{
    gunichar known =
        (gsize) c - 0x80 < G_N_ELEMENTS (windows_1252) ? windows_1252[c - 0x80] : c;

    g_string_append_unichar (out, known != 0 ? known : 0xfffd);
}

/* What is no UTF-8 is windows-1252, as everywhere. */
static void
append_mail (BrevBody *body, const char *bytes, gsize length, gboolean is_last)
{
    g_autoptr (GString) all = g_string_new_len (body->cut->str, (gssize) body->cut->len);
    const char *text, *end;

    g_string_append_len (all, bytes, (gssize) length);
    g_string_truncate (body->cut, 0);
    for (text = all->str; text < all->str + all->len; text = end + 1) {
        gsize left = all->len - (gsize) (text - all->str);
        gboolean is_good = g_utf8_validate_len (text, left, &end);
        append_json (body->ready, text, (gsize) (end - text));
        left -= (gsize) (end - text);
        if (is_good)
            break;
        if (*end == '\0') {
            append_json (body->ready, end, 1);
        } else if (!is_last &&
                   g_utf8_get_char_validated (end, (gssize) left) == (gunichar) -2) {
            g_string_append_len (body->cut, end, (gssize) left);
            break;
        } else {
            append_windows_1252 (body->ready, (guint8) *end);
        }
    }
}

static void
append_encoded (BrevBody *body, BrevAs as, const guint8 *bytes, gsize length)
{
    switch (as) {
    case BREV_AS_BASE64:
        append_base64 (body, bytes, length);
        break;
    case BREV_AS_BASE64URL:
        append_base64 (body, bytes, length);
        make_url_safe (body->ready);
        break;
    case BREV_AS_LINES:
        append_lines (body, (const char *) bytes, length);
        break;
    case BREV_AS_HEADER:
        append_header (body, (const char *) bytes, length);
        break;
    case BREV_AS_QUOTED:
        brev_quoted_append (&body->quoted, (const char *) bytes, length, body->ready);
        break;
    case BREV_AS_JSON_MAIL:
        append_mail (body, (const char *) bytes, length, FALSE);
        break;
    case BREV_AS_JSON_TEXT:
        append_json (body->ready, (const char *) bytes, length);
        break;
    case BREV_AS_JSON_HTML:
        append_html (body->ready, (const char *) bytes, length);
        break;
    case BREV_AS_BYTES:
        g_string_append_len (body->ready, (const char *) bytes, (gssize) length);
        break;
    }
}

/* What is still to be written when a piece has come to its end. */
static void
close_encoder (BrevBody *body, BrevAs as)
{
    if (is_base64 (as))
        close_base64 (body);
    if (as == BREV_AS_BASE64URL)
        make_url_safe (body->ready);
    if (as == BREV_AS_QUOTED)
        brev_quoted_close (&body->quoted, body->ready);
    if (as == BREV_AS_JSON_MAIL)
        append_mail (body, "", 0, TRUE);
    if (as == BREV_AS_HEADER && body->last != '\n' && body->last != '\0')
        g_string_append (body->ready, "\r\n");
}

/* Reading */

static void
begin_piece (BrevBody *body, guint index)
{
    body->current = index;
    body->text_offset = 0;
    g_clear_pointer (&body->reader, brev_reader_free);
    g_clear_pointer (&body->inner, brev_body_free);
    body->is_done = FALSE;
    body->state = body->save = 0;
    body->last = '\0';
    body->quoted = (BrevQuoted){ 0 };
    g_string_truncate (body->cut, 0);
    g_string_truncate (body->ready, 0);
    body->taken = 0;
}

void
brev_body_rewind (BrevBody *body)
{
    begin_piece (body, 0);
}

#define HIDDEN "\"***\""

void
brev_body_hide_secrets (BrevBody *body)
{
    body->hides_secrets = TRUE;
    brev_body_rewind (body);
}

static gsize
read_text (BrevBody *body, const Piece *piece, void *buffer, gsize size)
{
    gboolean is_hidden = piece->is_secret && body->hides_secrets;
    const char *text = is_hidden ? HIDDEN : piece->text->str;
    gsize length = is_hidden ? strlen (HIDDEN) : piece->text->len;
    gsize n = MIN (size, length - body->text_offset);

    memcpy (buffer, text + body->text_offset, n);
    body->text_offset += n;
    return n;
}

static gboolean
open_piece (BrevBody *body, const Piece *piece, GError **error)
{
    if (piece->inner != NULL) {
        body->inner = brev_body_share (piece->inner);
        body->inner->hides_secrets = body->hides_secrets;
        return TRUE;
    }
    body->reader = brev_reader_new (piece->fd, piece->part, is_text (piece->as), error);
    return body->reader != NULL;
}

static gssize
read_source (BrevBody *body, guint8 chunk[CHUNK], GError **error)
{
    return body->inner != NULL ? brev_body_read (body->inner, chunk, CHUNK, error)
                               : brev_reader_read (body->reader, chunk, CHUNK, error);
}

/* Encodes the next chunk of the piece into ready; nothing there afterwards is its end. */
static gboolean
encode_more (BrevBody *body, const Piece *piece, GError **error)
{
    guint8 chunk[CHUNK];

    g_string_truncate (body->ready, 0);
    body->taken = 0;
    if (body->reader == NULL && body->inner == NULL && !body->is_done &&
        !open_piece (body, piece, error))
        return FALSE;
    while (body->ready->len == 0 && !body->is_done) {
        gssize got = read_source (body, chunk, error);
        if (got < 0)
            return FALSE;
        append_encoded (body, piece->as, chunk, (gsize) got);
        body->is_done = got == 0;
        if (body->is_done)
            close_encoder (body, piece->as);
    }
    return TRUE;
}

static gssize
read_encoded (BrevBody *body, const Piece *piece, void *buffer, gsize size,
              GError **error)
{
    gsize n;

    if (body->taken == body->ready->len && !encode_more (body, piece, error))
        return -1;
    n = MIN (size, body->ready->len - body->taken);
    memcpy (buffer, body->ready->str + body->taken, n);
    body->taken += n;
    return (gssize) n;
}

/* Of the current piece; goes on to the next one at its end. */
static gssize
read_piece (BrevBody *body, void *buffer, gsize size, GError **error)
{
    const Piece *piece = g_ptr_array_index (body->pieces, body->current);
    gssize got = piece->text != NULL ? (gssize) read_text (body, piece, buffer, size)
                                     : read_encoded (body, piece, buffer, size, error);

    if (got == 0)
        begin_piece (body, body->current + 1);
    return got;
}

gssize
brev_body_read (BrevBody *body, void *buffer, gsize size, GError **error)
{
    gsize done = 0;

    while (done < size && body->current < body->pieces->len) {
        gssize got = read_piece (body, (char *) buffer + done, size - done, error);
        if (got < 0)
            return -1;
        done += (gsize) got;
    }
    return (gssize) done;
}

/* Base64 need not be written to know how long it is. Returns: -1 with @error */
static gssize
count_base64 (BrevBody *body, const Piece *piece, GError **error)
{
    guint8 chunk[CHUNK];
    gsize total = 0;
    gssize got;

    if (!open_piece (body, piece, error))
        return -1;
    while ((got = read_source (body, chunk, error)) > 0)
        total += (gsize) got;
    begin_piece (body, body->current + 1);
    return got < 0 ? -1 : (gssize) ((total + 2) / 3 * 4);
}

gboolean
brev_body_measure (BrevBody *body, guint64 *length, guint8 sha256[32], GError **error)
{
    g_autoptr (GChecksum) checksum =
        sha256 != NULL ? g_checksum_new (G_CHECKSUM_SHA256) : NULL;
    guint8 buffer[32768];
    guint64 total = 0;
    gsize digest_length = 32;
    gssize got = 0;

    brev_body_rewind (body);
    while (body->current < body->pieces->len && got >= 0) {
        const Piece *piece = g_ptr_array_index (body->pieces, body->current);
        got = checksum == NULL && piece->text == NULL && is_base64 (piece->as)
                  ? count_base64 (body, piece, error)
                  : read_piece (body, buffer, sizeof buffer, error);
        total += (guint64) MAX (got, 0);
        if (checksum != NULL && got > 0)
            g_checksum_update (checksum, buffer, got);
    }
    brev_body_rewind (body);
    if (got < 0)
        return FALSE;
    *length = total;
    if (checksum != NULL)
        g_checksum_get_digest (checksum, sha256, &digest_length);
    return TRUE;
}
