/* SPDX-License-Identifier: MIT */
#include "message/scan.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "message/gmime.h"
#include "message/header.h"

/* Longer lines of bodies are cut: a boundary has 70 characters at most (RFC 2046
 * section 5.1.1), and two that agree in this many count as one. */
#define LINE_KEPT 4096

typedef struct {
    int fd;
    guint64 next, end;   /* of what is not in the buffer yet */
    guint64 line_offset; /* of the line that was read last */
    guint64 line_length; /* with its line end, and with what was cut */
    GString *line;       /* without its line end */
    gsize kept;          /* bytes of a line that are wanted, at most */
    gsize used, filled;
    char buffer[16 * 1024];
} Lines;

static Lines *
lines_new (int fd, guint64 offset, guint64 length)
{
    Lines *lines = g_new (Lines, 1);

    lines->fd = fd;
    lines->next = lines->line_offset = offset;
    lines->end = offset + length;
    lines->line_length = 0;
    lines->line = g_string_new (NULL);
    lines->kept = LINE_KEPT;
    lines->used = lines->filled = 0;
    return lines;
}

static void
lines_free (Lines *lines)
{
    (void) g_string_free (lines->line, TRUE);
    g_free (lines);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Lines, lines_free)

static gssize
fill (Lines *lines, GError **error)
{
    gsize want = (gsize) MIN (sizeof lines->buffer, lines->end - lines->next);
    gssize got = brev_read_at (lines->fd, lines->buffer, want, lines->next);

    if (got < 0) {
        (void) brev_throw_errno (error, errno, "cannot read the message");
        return -1;
    }
    lines->next += (guint64) got;
    lines->used = 0;
    lines->filled = (gsize) got;
    return got;
}

static void
keep (Lines *lines, const char *bytes, gsize length)
{
    gsize room = lines->kept - MIN (lines->kept, lines->line->len);

    g_string_append_len (lines->line, bytes, (gssize) MIN (length, room));
}

/* Returns: 1 with a line, 0 at the end, -1 with @error */
static int
next_line (Lines *lines, GError **error)
{
    gboolean is_whole = FALSE;

    lines->line_offset += lines->line_length;
    lines->line_length = 0;
    g_string_truncate (lines->line, 0);
    while (!is_whole) {
        const char *start, *newline;
        gsize length;

        if (lines->used == lines->filled) {
            gssize got = fill (lines, error);
            if (got < 0)
                return -1;
            if (got == 0)
                return lines->line_length > 0;
        }
        start = lines->buffer + lines->used;
        newline = memchr (start, '\n', lines->filled - lines->used);
        is_whole = newline != NULL;
        length = is_whole ? (gsize) (newline - start) : lines->filled - lines->used;
        keep (lines, start, length);
        lines->used += length + is_whole;
        lines->line_length += length + is_whole;
    }
    if (lines->line->len > 0 && lines->line->str[lines->line->len - 1] == '\r')
        g_string_truncate (lines->line, lines->line->len - 1);
    return 1;
}

/* The boundary that a delimiter line would belong to: no hyphens, no blanks at its end.
 */
static char *
trim_boundary (const char *text)
{
    char *trimmed = g_strndup (text, LINE_KEPT - 2);

    return g_strchomp (trimmed);
}

static gboolean
is_boundary (const GString *line, GHashTable *boundaries)
{
    g_autofree char *open = NULL;

    if (line->len < 2 || line->str[0] != '-' || line->str[1] != '-')
        return FALSE;
    open = trim_boundary (line->str + 2);
    if (g_hash_table_contains (boundaries, open))
        return TRUE;
    if (!g_str_has_suffix (open, "--"))
        return FALSE;
    open[strlen (open) - 2] = '\0';
    return g_hash_table_contains (boundaries, g_strchomp (open));
}

/* What is counted. A header begins at the start and after each delimiter line, and a
 * delimiter line is one of any boundary that any header declared: never less than what
 * GMime sees, which keeps a stack of them. */
typedef struct {
    GHashTable *boundaries; /* owned keys */
    GString *type;          /* the Content-Type field being read, unfolded */
    gboolean in_header;
    gboolean in_type;
    guint parts, fields;
    guint64 header_bytes; /* of the current header */
} Scan;

static void
declare_boundary (Scan *scan)
{
    g_autoptr (GMimeContentType) type = NULL;
    const char *value = strchr (scan->type->str, ':');
    const char *boundary;

    if (value != NULL && strcasestr (value, "boundary") != NULL)
        type = g_mime_content_type_parse (brev_gmime_options (), value + 1);
    boundary = type != NULL ? g_mime_content_type_get_parameter (type, "boundary") : NULL;
    if (boundary != NULL)
        (void) g_hash_table_add (scan->boundaries, trim_boundary (boundary));
    g_string_truncate (scan->type, 0);
    scan->in_type = FALSE;
}

static void
scan_field (Scan *scan, const GString *line)
{
    gboolean is_continued = line->str[0] == ' ' || line->str[0] == '\t';

    if (scan->in_type && !is_continued)
        declare_boundary (scan);
    if (!is_continued) {
        scan->fields++;
        scan->in_type = g_ascii_strncasecmp (line->str, "Content-Type", 12) == 0;
    }
    if (scan->in_type)
        g_string_append_len (scan->type, line->str, (gssize) line->len);
}

static void
scan_line (Scan *scan, const Lines *lines)
{
    if (is_boundary (lines->line, scan->boundaries)) {
        if (scan->in_type)
            declare_boundary (scan);
        scan->parts++;
        scan->header_bytes = 0;
        scan->in_header = TRUE;
    } else if (scan->in_header && lines->line->len == 0) {
        if (scan->in_type)
            declare_boundary (scan);
        scan->in_header = FALSE;
    } else if (scan->in_header) {
        scan->header_bytes += lines->line_length;
        scan_field (scan, lines->line);
    }
}

static gboolean
check (const Scan *scan, GError **error)
{
    if (scan->parts > BREV_MAX_PARTS)
        return brev_throw (error, BREV_ERROR_INPUT, "the message has more than %d parts",
                           BREV_MAX_PARTS);
    if (scan->fields > BREV_MAX_FIELDS)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the message has more than %d header fields", BREV_MAX_FIELDS);
    if (scan->parts > 0 && scan->header_bytes > BREV_MAX_HEADER)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the header of a part is larger than 1 MB");
    return TRUE;
}

gboolean
brev_scan_limits (int fd, guint64 offset, guint64 length, GError **error)
{
    g_autoptr (Lines) lines = lines_new (fd, offset, length);
    g_autoptr (GHashTable) boundaries =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr (GString) type = g_string_new (NULL);
    Scan scan = { .boundaries = boundaries, .type = type, .in_header = TRUE };
    int got;

    do {
        lines->kept = scan.in_header ? BREV_MAX_HEADER : LINE_KEPT;
        got = next_line (lines, error);
        if (got > 0)
            scan_line (&scan, lines);
    } while (got > 0 && check (&scan, error));
    return got == 0;
}

gboolean
brev_scan_for_boundary (int fd, guint64 offset, guint64 length,
                        const GPtrArray *boundaries, guint64 *found, GError **error)
{
    g_autoptr (Lines) lines = lines_new (fd, offset, length);
    g_autoptr (GHashTable) set =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    int got;

    for (guint i = 0; i < boundaries->len; i++)
        (void) g_hash_table_add (set, trim_boundary (g_ptr_array_index (boundaries, i)));
    while ((got = next_line (lines, error)) > 0) {
        if (is_boundary (lines->line, set)) {
            *found = lines->line_offset;
            return TRUE;
        }
    }
    *found = offset + length;
    return got == 0;
}
