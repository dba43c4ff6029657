/* SPDX-License-Identifier: MIT */
#include "message/odd.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "message/part.h"
#include "message/scan.h"

#define MAX_MESSAGES 8 /* one attached to the other; deeper ones travel as they are */

typedef struct {
    BrevMessage *message;
    int fd;
    guint64 end;
    guint messages; /* around the part */
    gboolean is_signed;
    GError **error;
} Search;

static gboolean look (Search *search, GMimeObject *object, guint64 body, guint depth);

/* Takes all of @text but what may go on behind it. */
static gboolean
take_utf8 (GByteArray *text)
{
    const char *start = (const char *) text->data, *end;
    gsize left = text->len;

    if (!g_utf8_validate_len (start, left, &end)) {
        left -= (gsize) (end - start);
        if (*end == '\0' ||
            g_utf8_get_char_validated (end, (gssize) left) != (gunichar) -2)
            return FALSE;
        g_byte_array_remove_range (text, 0, text->len - (guint) left);
    } else {
        g_byte_array_set_size (text, 0);
    }
    return TRUE;
}

static gboolean
check_utf8 (int fd, guint64 offset, guint64 length, gboolean *is_utf8, GError **error)
{
    g_autoptr (GByteArray) text = g_byte_array_new ();
    guint8 chunk[16384];

    *is_utf8 = TRUE;
    while (length > 0 && *is_utf8) {
        gssize got = brev_read_at (fd, chunk, MIN (length, sizeof chunk), offset);
        if (got < 0)
            return brev_throw_errno (error, errno, "cannot read the message");
        if (got == 0)
            break;
        g_byte_array_append (text, chunk, (guint) got);
        *is_utf8 = take_utf8 (text);
        offset += (guint64) got;
        length -= (guint64) got;
    }
    *is_utf8 &= text->len == 0;
    return TRUE;
}

static guint64
length_of (GMimeHeader *field)
{
    return strlen (g_mime_header_get_raw_name (field)) + 1 +
           strlen (g_mime_header_get_raw_value (field));
}

/* The one before the content is the empty line that ends a header, or all that there is. */
static guint64
find_empty_line (int fd, guint64 content)
{
    char before[3] = "";

    if (content < 3 || brev_read_at (fd, before, 3, content - 3) < 3 || before[2] != '\n')
        return 0;
    if (before[1] == '\n')
        return content - 1;
    return before[1] == '\r' && before[0] == '\n' ? content - 2 : 0;
}

/* Returns: whether there is a place for the field, and one at most */
static gboolean
find_field (const Search *search, GMimeObject *object, BrevOdd *odd)
{
    GMimeHeaderList *headers = g_mime_object_get_header_list (object);
    guint n = 0;
    char last;

    odd->field = find_empty_line (search->fd, odd->offset);
    for (int i = 0; i < g_mime_header_list_get_count (headers); i++) {
        GMimeHeader *field = g_mime_header_list_get_header_at (headers, i);
        if (g_ascii_strcasecmp (g_mime_header_get_name (field),
                                "Content-Transfer-Encoding") != 0)
            continue;
        odd->field = (guint64) g_mime_header_get_offset (field);
        odd->field_length = length_of (field);
        n++;
    }
    if (n == 0)
        return odd->field > 0;
    return n == 1 && odd->field + odd->field_length <= odd->offset &&
           brev_read_at (search->fd, &last, 1, odd->field + odd->field_length - 1) == 1 &&
           last == '\n';
}

/* In the order of the file, whatever GMime made of it. */
static void
add (const Search *search, const BrevOdd *odd)
{
    const GPtrArray *all = search->message->odd;
    const BrevOdd *last = all->len > 0 ? all->pdata[all->len - 1] : NULL;

    if (last != NULL && odd->field < last->offset + last->length)
        return;
    g_ptr_array_add (search->message->odd, g_memdup2 (odd, sizeof *odd));
}

/* No encoding of its own is allowed to a message (RFC 2046 section 5.2.1): its parts have
 * theirs. It is looked at within the limits that hold for any. */
static gboolean
look_into (const Search *search, const BrevPart *part)
{
    Search inner = *search;
    g_autoptr (GMimeObject) object = NULL;

    if (search->messages == MAX_MESSAGES ||
        !brev_scan_limits (search->fd, part->offset, part->length, NULL))
        return TRUE;
    object = brev_gmime_parse (search->fd, part->offset, part->length);
    inner.messages++;
    inner.end = part->offset + part->length;
    return object == NULL || look (&inner, object, 0, 0);
}

/* @body: of the message itself, else 0 */
static gboolean
look_at (const Search *search, GMimeObject *object, guint64 body, guint depth)
{
    g_autoptr (BrevPart) part =
        brev_part_new (GMIME_PART (object), search->fd, search->end);
    BrevOdd odd = { .is_body = body > 0, .is_signed = search->is_signed };
    gboolean is_utf8;

    if (body > 0) { /* all that our own header reader found behind the header */
        part->offset = body;
        part->length = search->end - body;
    }
    odd.offset = part->offset;
    odd.length = part->length;
    odd.is_message = search->messages > 0 && depth == 0 &&
                     g_mime_object_get_header (object, "MIME-Version") == NULL;
    if (part->encoding != BREV_ENCODING_NONE)
        return TRUE;
    if (!check_utf8 (search->fd, part->offset, part->length, &is_utf8, search->error))
        return FALSE;
    if (is_utf8)
        return TRUE;
    if (g_str_has_prefix (part->type, "message/") &&
        strcmp (part->type, "message/delivery-status") != 0)
        return look_into (search, part);
    if (body > 0 || find_field (search, object, &odd))
        add (search, &odd);
    return TRUE;
}

static gboolean
look_at_parts (Search *search, GMimeMultipart *multipart, guint depth)
{
    gboolean was_signed = search->is_signed, is_good = TRUE;

    search->is_signed |= g_mime_content_type_is_type (
        g_mime_object_get_content_type (GMIME_OBJECT (multipart)), "multipart", "signed");
    for (int i = 0; is_good && i < g_mime_multipart_get_count (multipart); i++)
        is_good = look (search, g_mime_multipart_get_part (multipart, i), 0, depth + 1);
    search->is_signed = was_signed;
    return is_good;
}

static gboolean
look (Search *search, GMimeObject *object, guint64 body, guint depth)
{
    if (depth > BREV_MAX_DEPTH)
        return TRUE;
    if (GMIME_IS_MULTIPART (object))
        return look_at_parts (search, GMIME_MULTIPART (object), depth);
    return !GMIME_IS_PART (object) || look_at (search, object, body, depth);
}

gboolean
brev_odd_find (BrevMessage *message, int fd, GMimeObject *object, guint64 body,
               GError **error)
{
    Search search = { .message = message,
                      .fd = fd,
                      .end = message->offset + message->length,
                      .error = error };
    const BrevOdd all = { .offset = body, .length = search.end - body, .is_body = TRUE };

    if (!check_utf8 (fd, message->offset, message->length, &message->is_utf8, error))
        return FALSE;
    if (message->is_utf8)
        return TRUE;
    if (object != NULL)
        return look (&search, object, body, 0);
    add (&search, &all);
    return TRUE;
}
