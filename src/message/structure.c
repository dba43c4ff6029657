/* SPDX-License-Identifier: MIT */
#include "message/structure.h"

#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "message/charset.h"
#include "message/gmime.h"
#include "message/odd.h"
#include "message/part.h"
#include "message/scan.h"

/* What a part is to the message, as seen from the multiparts above it. */
typedef enum {
    ROLE_BODY,        /* the body, if there is none yet */
    ROLE_ALTERNATIVE, /* one form of the body */
    ROLE_RELATED,     /* shown by the body */
    ROLE_ATTACHMENT,
} Role;

typedef struct {
    BrevMessage *message;
    int fd;
    guint64 body;          /* where the header of the message ends */
    guint64 end;           /* of the message */
    GPtrArray *boundaries; /* of borrowed char *: those of the multiparts around */
    GError *error;
} Walk;

static void
note (Walk *walk, BrevFeature feature)
{
    walk->message->features |= BREV_BIT (feature);
}

static void
note_part_headers (Walk *walk, GMimeObject *object)
{
    static const char *const carried[] = {
        "Content-Type",
        "Content-Transfer-Encoding",
        "Content-Disposition",
        "Content-ID",
    };
    GMimeHeaderList *headers = g_mime_object_get_header_list (object);

    for (int i = 0; i < g_mime_header_list_get_count (headers); i++) {
        const char *name =
            g_mime_header_get_name (g_mime_header_list_get_header_at (headers, i));
        gboolean is_carried = g_ascii_strncasecmp (name, "Content-", 8) != 0;

        for (gsize k = 0; k < G_N_ELEMENTS (carried); k++)
            is_carried |= g_ascii_strcasecmp (name, carried[k]) == 0;
        if (!is_carried)
            note (walk, BREV_FEATURE_PART_HEADERS);
    }
}

/* Those of Content-Disposition beside the name: size, creation-date. */
static void
note_disposition (Walk *walk, GMimeObject *object)
{
    GMimeContentDisposition *disposition = g_mime_object_get_content_disposition (object);
    GMimeParamList *parameters =
        disposition == NULL ? NULL
                            : g_mime_content_disposition_get_parameters (disposition);

    for (int i = 0; parameters != NULL && i < g_mime_param_list_length (parameters); i++)
        if (g_ascii_strcasecmp (g_mime_param_get_name (
                                    g_mime_param_list_get_parameter_at (parameters, i)),
                                "filename") != 0)
            note (walk, BREV_FEATURE_PART_HEADERS);
}

static gboolean
is_text (const BrevPart *part)
{
    return strcmp (part->type, "text/plain") == 0 ||
           strcmp (part->type, "text/html") == 0;
}

static BrevPart **
body_slot (BrevMessage *message, const BrevPart *part, Role role)
{
    gboolean is_free =
        role == ROLE_ALTERNATIVE ||
        (role == ROLE_BODY && message->text == NULL && message->html == NULL);
    BrevPart **slot =
        strcmp (part->type, "text/html") == 0 ? &message->html : &message->text;

    return is_text (part) && is_free && *slot == NULL ? slot : NULL;
}

static void
note_body (Walk *walk, GMimeObject *object, const BrevPart *part)
{
    const char *format = g_mime_object_get_content_type_parameter (object, "format");

    if (format != NULL && g_ascii_strcasecmp (format, "flowed") == 0)
        note (walk, BREV_FEATURE_FLOWED);
    if (!brev_charset_is_utf8 (part->charset))
        note (walk, BREV_FEATURE_CHARSET);
}

static void
note_attachment (Walk *walk, const BrevPart *part, gboolean is_attached, Role role)
{
    if (role == ROLE_ALTERNATIVE && !is_attached) {
        if (strcmp (part->type, "text/calendar") == 0)
            note (walk, BREV_FEATURE_CALENDAR);
        else if (strcmp (part->type, "text/x-amp-html") == 0)
            note (walk, BREV_FEATURE_AMP);
        else if (is_text (part))
            note (walk, BREV_FEATURE_SEVERAL_TEXTS);
        else
            note (walk, BREV_FEATURE_ALTERNATIVE);
    } else if (role != ROLE_ATTACHMENT && is_text (part) && !is_attached) {
        note (walk, BREV_FEATURE_SEVERAL_TEXTS);
    }
}

/* What an attachment has whatever its place. */
static void
note_file (Walk *walk, GMimeObject *object, const BrevPart *part)
{
    if (strcmp (part->type, "message/rfc822") == 0)
        note (walk, BREV_FEATURE_ATTACHED_MESSAGE);
    if (part->is_inline)
        note (walk, BREV_FEATURE_INLINE);
    if (part->filename != NULL && !g_str_is_ascii (part->filename))
        note (walk, BREV_FEATURE_FILE_NAME);
    if (g_str_has_prefix (part->type, "text/") && part->charset != NULL &&
        g_ascii_strcasecmp (part->charset, "us-ascii") != 0)
        note (walk, BREV_FEATURE_ATTACHMENT_CHARSET);
    note_disposition (walk, object);
}

/* application/pkcs7-mime: RFC 8551 section 3.2.2; without smime-type it may be either. */
static void
note_smime (Walk *walk, GMimeObject *object, const BrevPart *part)
{
    const char *kind;

    if (strcmp (part->type, "application/pkcs7-mime") != 0 &&
        strcmp (part->type, "application/x-pkcs7-mime") != 0)
        return;
    kind = g_mime_object_get_content_type_parameter (object, "smime-type");
    if (kind != NULL && (g_ascii_strcasecmp (kind, "signed-data") == 0 ||
                         g_ascii_strcasecmp (kind, "certs-only") == 0))
        note (walk, BREV_FEATURE_SIGNED);
    else
        note (walk, BREV_FEATURE_ENCRYPTED);
}

static gboolean
is_disposed (GMimeObject *object, const char *as)
{
    const char *disposition = g_mime_object_get_disposition (object);

    return disposition != NULL && g_ascii_strcasecmp (disposition, as) == 0;
}

/* Any other disposition than inline means attachment (RFC 2183 section 2.8). A name makes
 * an attachment, too, but some programs name each form of the body. */
static gboolean
is_attachment (GMimeObject *object, const BrevPart *part, Role role)
{
    if (g_mime_object_get_disposition (object) != NULL && !is_disposed (object, "inline"))
        return TRUE;
    return role == ROLE_BODY && part->filename != NULL;
}

static void
take_leaf (Walk *walk, GMimeObject *object, Role role, guint depth)
{
    BrevPart *part = brev_part_new (GMIME_PART (object), walk->fd, walk->end);
    gboolean is_attached = is_attachment (object, part, role);
    BrevPart **slot = is_attached ? NULL : body_slot (walk->message, part, role);

    if (depth == 0) { /* all that our own header reader found behind the header */
        part->offset = walk->body;
        part->length = walk->end - walk->body;
    }
    note_part_headers (walk, object);
    note_smime (walk, object, part);
    if (slot != NULL) {
        note_body (walk, object, part);
        *slot = part;
        return;
    }
    note_attachment (walk, part, is_attached, role);
    part->is_inline = part->content_id != NULL &&
                      (role == ROLE_RELATED || is_disposed (object, "inline"));
    part->is_alternative = role == ROLE_ALTERNATIVE && !is_attached;
    note_file (walk, object, part);
    g_ptr_array_add (walk->message->attachments, part);
}

static void take_object (Walk *walk, GMimeObject *object, Role role, guint depth);

static void
take_children (Walk *walk, GMimeMultipart *multipart, int first, Role role, guint depth)
{
    for (int i = first; i < g_mime_multipart_get_count (multipart); i++)
        take_object (walk, g_mime_multipart_get_part (multipart, i), role, depth + 1);
}

/* The first child is the thing itself, the others belong to it. */
static void
take_first (Walk *walk, GMimeMultipart *multipart, Role first, Role others, guint depth)
{
    take_object (walk, g_mime_multipart_get_part (multipart, 0), first, depth + 1);
    take_children (walk, multipart, 1, others, depth);
}

/* The root of multipart/related is named by start, else it is the first (RFC 2387). */
static int
find_root (GMimeMultipart *multipart)
{
    g_autofree char *start = brev_gmime_line (
        g_mime_object_get_content_type_parameter (GMIME_OBJECT (multipart), "start"));
    gsize length = start != NULL ? strlen (start) : 0;

    if (length > 2 && start[0] == '<' && start[length - 1] == '>') {
        start[length - 1] = '\0';
        for (int i = 0; i < g_mime_multipart_get_count (multipart); i++) {
            const char *id =
                g_mime_object_get_content_id (g_mime_multipart_get_part (multipart, i));
            if (g_strcmp0 (id, start + 1) == 0)
                return i;
        }
    }
    return 0;
}

static void
take_related (Walk *walk, GMimeMultipart *multipart, Role role, guint depth)
{
    int root = find_root (multipart);

    take_object (walk, g_mime_multipart_get_part (multipart, root), role, depth + 1);
    for (int i = 0; i < g_mime_multipart_get_count (multipart); i++)
        if (i != root)
            take_object (walk, g_mime_multipart_get_part (multipart, i), ROLE_RELATED,
                         depth + 1);
}

static void
take_alternative (Walk *walk, GMimeMultipart *multipart, Role role, guint depth)
{
    const BrevMessage *message = walk->message;
    gboolean is_taken = message->text != NULL || message->html != NULL;

    if (is_taken)
        note (walk, BREV_FEATURE_NESTING);
    take_children (walk, multipart, 0,
                   role == ROLE_BODY && !is_taken ? ROLE_ALTERNATIVE : role, depth);
}

static void
take_mixed (Walk *walk, GMimeMultipart *multipart, Role role, guint depth)
{
    if (depth > 0)
        note (walk, BREV_FEATURE_NESTING);
    take_children (walk, multipart, 0, role, depth);
}

static void
take_report (Walk *walk, GMimeMultipart *multipart, Role role, guint depth)
{
    note (walk, BREV_FEATURE_REPORT);
    take_first (walk, multipart, role, ROLE_ATTACHMENT, depth);
}

static void
take_signed (Walk *walk, GMimeMultipart *multipart, Role role, guint depth)
{
    note (walk, BREV_FEATURE_SIGNED);
    take_first (walk, multipart, role, ROLE_ATTACHMENT, depth);
}

static void
take_encrypted (Walk *walk, GMimeMultipart *multipart, Role role, guint depth)
{
    note (walk, BREV_FEATURE_ENCRYPTED);
    take_children (walk, multipart, 0, ROLE_ATTACHMENT, depth);
}

/* clang-format off */
static const struct {
    const char *subtype;
    void (*take) (Walk *walk, GMimeMultipart *multipart, Role role, guint depth);
} multiparts[] = { /* any other is read as mixed (RFC 2046 section 5.1.7) */
    { "alternative", take_alternative },
    { "related",     take_related },
    { "report",      take_report },
    { "signed",      take_signed },
    { "encrypted",   take_encrypted },
};
/* clang-format on */

/* Where the content of a multipart begins: behind its last field and the empty line. */
static guint64
find_content (const Walk *walk, GMimeObject *object)
{
    GMimeHeaderList *headers = g_mime_object_get_header_list (object);
    int n = g_mime_header_list_get_count (headers);
    GMimeHeader *last = n > 0 ? g_mime_header_list_get_header_at (headers, n - 1) : NULL;
    guint64 start;
    char c;

    if (last == NULL)
        return walk->end;
    start = (guint64) g_mime_header_get_offset (last) +
            strlen (g_mime_header_get_raw_name (last)) + 1 +
            strlen (g_mime_header_get_raw_value (last));
    while (brev_read_at (walk->fd, &c, 1, start) == 1 && c == '\r')
        start++;
    return MIN (start + 1, walk->end);
}

/* A multipart without a part in it: its boundary is missing or wrong. Its text is not
 * lost: it becomes a part as it stands. */
static void
take_broken (Walk *walk, GMimeObject *object, Role role, guint depth)
{
    guint64 start = depth == 0 ? walk->body : find_content (walk, object), end;
    BrevPart *part, **slot;

    note (walk, BREV_FEATURE_BROKEN_MIME);
    if (!brev_scan_for_boundary (walk->fd, start, walk->end - start, walk->boundaries,
                                 &end, &walk->error))
        return;
    part = brev_part_new_plain (start, end - start);
    slot = body_slot (walk->message, part, role);
    if (slot != NULL)
        *slot = part;
    else
        g_ptr_array_add (walk->message->attachments, part);
}

static void
take_multipart (Walk *walk, GMimeObject *object, Role role, guint depth)
{
    GMimeMultipart *multipart = GMIME_MULTIPART (object);
    const char *subtype =
        g_mime_content_type_get_media_subtype (g_mime_object_get_content_type (object));
    /* g_mime_multipart_get_boundary() would make one up, and a Content-Type with it. */
    const char *boundary = g_mime_object_get_content_type_parameter (object, "boundary");
    gsize i = 0;

    note_part_headers (walk, object);
    if (g_mime_multipart_get_count (multipart) == 0) {
        take_broken (walk, object, role, depth);
        return;
    }
    while (i < G_N_ELEMENTS (multiparts) &&
           g_ascii_strcasecmp (subtype, multiparts[i].subtype) != 0)
        i++;
    g_ptr_array_add (walk->boundaries, g_strdup (boundary != NULL ? boundary : ""));
    if (i < G_N_ELEMENTS (multiparts))
        multiparts[i].take (walk, multipart, role, depth);
    else
        take_mixed (walk, multipart, role, depth);
    g_ptr_array_set_size (walk->boundaries, (int) walk->boundaries->len - 1);
}

static void
take_object (Walk *walk, GMimeObject *object, Role role, guint depth)
{
    if (walk->error != NULL)
        return;
    if (depth > BREV_MAX_DEPTH)
        (void) brev_throw (&walk->error, BREV_ERROR_INPUT,
                           "the parts of the message nest deeper than %d",
                           BREV_MAX_DEPTH);
    else if (GMIME_IS_MULTIPART (object))
        take_multipart (walk, object, role, depth);
    else if (GMIME_IS_PART (object))
        take_leaf (walk, object, role, depth);
}

gboolean
brev_structure_read (BrevMessage *message, int fd, const BrevHeaderBlock *block,
                     GError **error)
{
    guint64 end = message->offset + message->length;
    /* No empty line ends the header. GMime would read on, and drop what it finds: it is
     * shown the header alone, and all the rest is one text. */
    gboolean is_torn =
        block->body == message->offset + block->length && block->body < end;
    g_autoptr (GMimeObject) object =
        brev_gmime_parse (fd, message->offset, is_torn ? block->length : message->length);
    g_autoptr (GPtrArray) boundaries = g_ptr_array_new_with_free_func (g_free);
    Walk walk = { message, fd, block->body, end, boundaries, NULL };

    if (is_torn)
        note (&walk, BREV_FEATURE_BROKEN_MIME);
    if (object != NULL) {
        take_object (&walk, object, ROLE_BODY, 0);
    } else {
        message->text = brev_part_new_plain (block->body, end - block->body);
        if (message->length > 0)
            note (&walk, BREV_FEATURE_BROKEN_MIME);
    }
    if (walk.error == NULL)
        return brev_odd_find (message, fd, object, block->body, error);
    g_propagate_error (error, walk.error);
    return FALSE;
}
