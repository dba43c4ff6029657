/* SPDX-License-Identifier: MIT */
#include "message/header.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"

#define CHUNK 16384
/* A line that shows no colon within the length RFC 5322 allows a line is no field. */
#define NAME_MAX_LENGTH 998

void
brev_header_block_clear (BrevHeaderBlock *block)
{
    g_free (block->text);
    block->text = NULL;
}

static gboolean
is_blank (char c)
{
    return c == ' ' || c == '\t';
}

/* Length of the field name at the start of a line, blanks before the colon left out (RFC
 * 5322 section 4.5 wants them read); 0 when the line is no field. */
static gsize
name_length (const char *line, gsize length)
{
    gsize n = 0, colon;

    length = MIN (length, NAME_MAX_LENGTH);
    while (n < length && line[n] > ' ' && line[n] < 0x7f && line[n] != ':')
        n++;
    for (colon = n; colon < length && is_blank (line[colon]);)
        colon++;
    return colon < length && line[colon] == ':' ? n : 0;
}

typedef enum { LINE_FIELD, LINE_EMPTY, LINE_OTHER } LineKind;

static LineKind
classify (const char *line, gsize length, gboolean is_first)
{
    if (length > 0 && line[length - 1] == '\r')
        length--;
    if (length == 0)
        return LINE_EMPTY;
    if (is_blank (line[0]) && !is_first)
        return LINE_FIELD;
    return name_length (line, length) > 0 ? LINE_FIELD : LINE_OTHER;
}

/* Goes on from line to line at *@done, as far as whole lines reach. Returns TRUE when the
 * header ends at *@done, with the length of the line that ends it in *@skip. */
static gboolean
find_end (const GString *text, gboolean is_all, gsize *done, gsize *skip)
{
    *skip = 0;
    while (*done < text->len) {
        const char *line = text->str + *done;
        const char *newline = memchr (line, '\n', text->len - *done);
        gsize length = newline != NULL ? (gsize) (newline - line) : text->len - *done;

        gboolean is_part = newline == NULL && !is_all;

        if (is_part && length <= NAME_MAX_LENGTH)
            return FALSE;
        switch (classify (line, length, *done == 0)) {
        case LINE_EMPTY:
            *skip = length + (newline != NULL);
            return TRUE;
        case LINE_OTHER:
            return TRUE;
        case LINE_FIELD:
            if (is_part)
                return FALSE;
            *done += length + (newline != NULL);
            break;
        }
    }
    return is_all;
}

static void
hide_nul (char *text, gsize length)
{
    for (char *nul; (nul = memchr (text, '\0', length)) != NULL;)
        *nul = '\x01';
}

gboolean
brev_header_block_read (BrevHeaderBlock *block, int fd, guint64 offset, guint64 length,
                        GError **error)
{
    g_autoptr (GString) text = g_string_new (NULL);
    gsize done = 0, skip;
    gboolean is_all;

    do {
        gsize before = text->len;
        gsize want = (gsize) MIN (length - before, MAX (CHUNK, before));
        gssize got;

        g_string_set_size (text, before + want);
        got = brev_read_at (fd, text->str + before, want, offset + before);
        if (got < 0)
            return brev_throw_errno (error, errno, "cannot read the message");
        g_string_set_size (text, before + (gsize) got);
        is_all = text->len == length || (gsize) got < want;
        if (find_end (text, is_all, &done, &skip))
            break;
    } while (text->len <= BREV_MAX_HEADER);
    if (done > BREV_MAX_HEADER || text->len - done > BREV_MAX_HEADER)
        return brev_throw (error, BREV_ERROR_INPUT, "the header is larger than 1 MB");

    block->body = offset + done + skip;
    block->length = done;
    g_string_truncate (text, done);
    block->text = g_string_free (g_steal_pointer (&text), FALSE);
    hide_nul (block->text, done);
    return TRUE;
}

gboolean
brev_field_next (const char **cursor, const char *end, BrevField *field)
{
    const char *line = *cursor, *next = line;

    if (line >= end)
        return FALSE;
    do {
        const char *newline = memchr (next, '\n', (gsize) (end - next));
        next = newline != NULL ? newline + 1 : end;
    } while (next < end && is_blank (*next));

    field->name = line;
    field->name_length = name_length (line, (gsize) (next - line));
    field->value = (const char *) memchr (line, ':', (gsize) (next - line)) + 1;
    field->value_length = (gsize) (next - field->value);
    *cursor = next;
    return TRUE;
}

gboolean
brev_field_is (const BrevField *field, const char *name)
{
    return strlen (name) == field->name_length &&
           g_ascii_strncasecmp (name, field->name, field->name_length) == 0;
}

char *
brev_field_unfold (const BrevField *field)
{
    GString *text = g_string_sized_new (field->value_length);

    for (gsize i = 0; i < field->value_length; i++) {
        char c = field->value[i];
        gboolean is_crlf =
            c == '\r' && i + 1 < field->value_length && field->value[i + 1] == '\n';
        if (c != '\n' && !is_crlf) /* a CR alone is a line end to some who read it */
            g_string_append_c (text, c == '\r' ? ' ' : c);
    }
    return g_strstrip (g_string_free (text, FALSE));
}
