/* SPDX-License-Identifier: MIT */
#include "message/message.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "message/address.h"
#include "message/gmime.h"
#include "message/header.h"
#include "message/scan.h"

#define FEATURE(feature) (1u << (feature))

/* The header: our own reader, so that sendmail -t, the Bcc filter and this see one and
 * the same boundary and the same fields. */

/* clang-format off */
static const struct {
    const char *name;
    gsize list;
} address_fields[] = {
    { "From",     G_STRUCT_OFFSET (BrevMessage, from) },
    { "Reply-To", G_STRUCT_OFFSET (BrevMessage, reply_to) },
    { "To",       G_STRUCT_OFFSET (BrevMessage, to) },
    { "Cc",       G_STRUCT_OFFSET (BrevMessage, cc) },
};
/* What BrevMessage.headers never holds, beside Content-*: members, and what no one else is
 * to see. */
static const char *const hidden_fields[] = {
    "Bcc", "Resent-Bcc", "Return-Path", "MIME-Version", "Sender", "Subject", "Date", "Message-ID",
};
static const struct {
    const char *prefix;
    BrevFeature feature;
} field_features[] = {
    { "Resent-",                BREV_FEATURE_RESENT },
    { "Received",               BREV_FEATURE_RECEIVED },
    { "DKIM-Signature",         BREV_FEATURE_RECEIVED },
    { "ARC-",                   BREV_FEATURE_RECEIVED },
    { "Authentication-Results", BREV_FEATURE_RECEIVED },
};
/* clang-format on */

static gboolean
has_prefix (const BrevField *field, const char *prefix)
{
    gsize length = strlen (prefix);

    return field->name_length >= length &&
           g_ascii_strncasecmp (field->name, prefix, length) == 0;
}

static gboolean
is_hidden (const BrevField *field)
{
    for (gsize i = 0; i < G_N_ELEMENTS (hidden_fields); i++)
        if (brev_field_is (field, hidden_fields[i]))
            return TRUE;
    return has_prefix (field, "Content-");
}

static BrevAddressList *
parse_addresses (BrevMessage *message, const BrevField *field, const char *raw,
                 GError **error)
{
    BrevAddressList *list = brev_address_parse (raw, error);

    if (list == NULL) {
        g_prefix_error (error, "%.*s: ", (int) field->name_length, field->name);
        return NULL;
    }
    if (list->has_group)
        message->features |= FEATURE (BREV_FEATURE_GROUP);
    return list;
}

static gboolean
take_addresses (BrevMessage *message, const BrevField *field, GPtrArray *into,
                const char *raw, GError **error)
{
    g_autoptr (BrevAddressList) list = parse_addresses (message, field, raw, error);

    if (list == NULL)
        return FALSE;
    g_ptr_array_extend_and_steal (into, g_ptr_array_ref (list->mailboxes));
    return TRUE;
}

static gboolean
take_sender (BrevMessage *message, const BrevField *field, const char *raw,
             GError **error)
{
    g_autoptr (BrevAddressList) list = parse_addresses (message, field, raw, error);

    if (list == NULL)
        return FALSE;
    if (message->sender == NULL && list->mailboxes->len > 0)
        message->sender = brev_mailbox_copy (g_ptr_array_index (list->mailboxes, 0));
    return TRUE;
}

static gint64
read_date (const char *raw)
{
    g_autoptr (GDateTime) date = g_mime_utils_header_decode_date (raw);

    return date != NULL ? g_date_time_to_unix (date) * 1000 : 0;
}

/* A member that is one value: the first field of that name counts. */
static void
take_value (BrevMessage *message, const BrevField *field, const char *raw)
{
    if (brev_field_is (field, "Subject") && message->subject == NULL)
        message->subject = brev_gmime_decode (raw);
    else if (brev_field_is (field, "Date") && message->date == 0)
        message->date = read_date (raw);
    else if (brev_field_is (field, "Message-ID") && message->message_id == NULL &&
             *raw != '\0')
        message->message_id = g_strdup (raw);
}

static void
take_header (BrevMessage *message, const BrevField *field, const char *raw)
{
    g_autofree char *name = g_strndup (field->name, field->name_length);
    g_autofree char *text = brev_gmime_decode (raw);

    g_ptr_array_add (message->headers, brev_header_new (name, raw, text));
}

static gboolean
take_field (BrevMessage *message, const BrevField *field, GError **error)
{
    g_autofree char *raw = brev_field_unfold (field);

    for (gsize i = 0; i < G_N_ELEMENTS (field_features); i++)
        if (has_prefix (field, field_features[i].prefix))
            message->features |= FEATURE (field_features[i].feature);
    for (gsize i = 0; i < G_N_ELEMENTS (address_fields); i++)
        if (brev_field_is (field, address_fields[i].name))
            return take_addresses (
                message, field,
                G_STRUCT_MEMBER (GPtrArray *, message, address_fields[i].list), raw,
                error);
    if (brev_field_is (field, "Sender"))
        return take_sender (message, field, raw, error);
    if (is_hidden (field))
        take_value (message, field, raw);
    else
        take_header (message, field, raw);
    return TRUE;
}

static void
note_repeated (BrevMessage *message, GHashTable *seen, const BrevField *field)
{
    g_autofree char *name = g_ascii_strdown (field->name, (gssize) field->name_length);

    if (!g_hash_table_add (seen, g_steal_pointer (&name)))
        message->features |= FEATURE (BREV_FEATURE_REPEATED_HEADER);
}

static void
note_header_features (BrevMessage *message)
{
    const BrevMailbox *from =
        message->from->len > 0 ? g_ptr_array_index (message->from, 0) : NULL;

    if (message->from->len > 1)
        message->features |= FEATURE (BREV_FEATURE_SEVERAL_FROM);
    if (message->sender != NULL &&
        (from == NULL ||
         g_ascii_strcasecmp (from->address, message->sender->address) != 0))
        message->features |= FEATURE (BREV_FEATURE_SENDER);
    if (message->message_id != NULL)
        message->features |= FEATURE (BREV_FEATURE_MESSAGE_ID);
    if (message->subject == NULL)
        message->subject = g_strdup ("");
    if (message->subject[0] == '\0')
        message->features |= FEATURE (BREV_FEATURE_EMPTY_SUBJECT);
}

static gboolean
read_header (BrevMessage *message, const BrevHeaderBlock *block, GError **error)
{
    g_autoptr (GHashTable) seen =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    const char *cursor = block->text;
    BrevField field;

    while (brev_field_next (&cursor, block->text + block->length, &field)) {
        note_repeated (message, seen, &field);
        if (!take_field (message, &field, error))
            return FALSE;
    }
    note_header_features (message);
    return TRUE;
}

/* Parts */

static gboolean
is_token (const char *text)
{
    if (text == NULL || *text == '\0')
        return FALSE;
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text >= 0x7f || strchr ("()<>@,;:\\\"/[]?=", *text) != NULL)
            return FALSE;
    return TRUE;
}

static char *
make_type (GMimeContentType *type)
{
    const char *main_type = g_mime_content_type_get_media_type (type);
    const char *sub_type = g_mime_content_type_get_media_subtype (type);
    g_autofree char *both = NULL;

    if (!is_token (main_type) || !is_token (sub_type))
        return g_strdup ("application/octet-stream");
    both = g_strconcat (main_type, "/", sub_type, NULL);
    return g_ascii_strdown (both, -1);
}

/* Parameters that say nothing about the bytes to one who is given the part alone. */
static gboolean
is_told (const char *name, const char *value)
{
    static const char *const untold[] = { "name", "boundary", "x-unix-mode", "start",
                                          "start-info" };

    for (gsize i = 0; i < G_N_ELEMENTS (untold); i++)
        if (g_ascii_strcasecmp (name, untold[i]) == 0)
            return FALSE;
    if (!is_token (name) || value == NULL)
        return FALSE;
    for (; *value != '\0'; value++)
        if (*value < ' ' || *value >= 0x7f)
            return FALSE;
    return TRUE;
}

static void
append_parameter (GString *text, const char *name, const char *value)
{
    g_string_append_printf (text, "; %s=", name);
    if (is_token (value)) {
        g_string_append (text, value);
        return;
    }
    g_string_append_c (text, '"');
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            g_string_append_c (text, '\\');
        g_string_append_c (text, *value);
    }
    g_string_append_c (text, '"');
}

static char *
make_content_type (const char *type, GMimeContentType *content_type)
{
    GMimeParamList *parameters = g_mime_content_type_get_parameters (content_type);
    GString *text = g_string_new (type);

    for (int i = 0; i < g_mime_param_list_length (parameters); i++) {
        GMimeParam *parameter = g_mime_param_list_get_parameter_at (parameters, i);
        const char *name = g_mime_param_get_name (parameter);
        const char *value = g_mime_param_get_value (parameter);
        if (is_told (name, value))
            append_parameter (text, name, value);
    }
    return g_string_free (text, FALSE);
}

static BrevEncoding
make_encoding (GMimeContentEncoding encoding)
{
    switch (encoding) {
    case GMIME_CONTENT_ENCODING_BASE64:
        return BREV_ENCODING_BASE64;
    case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
        return BREV_ENCODING_QP;
    case GMIME_CONTENT_ENCODING_UUENCODE:
        return BREV_ENCODING_UU;
    case GMIME_CONTENT_ENCODING_DEFAULT:
    case GMIME_CONTENT_ENCODING_7BIT:
    case GMIME_CONTENT_ENCODING_8BIT:
    case GMIME_CONTENT_ENCODING_BINARY:
        break;
    }
    return BREV_ENCODING_NONE;
}

static BrevPart *
part_new (GMimeObject *object)
{
    GMimeContentType *type = g_mime_object_get_content_type (object);
    BrevPart *part = g_new0 (BrevPart, 1);

    part->type = make_type (type);
    part->content_type = make_content_type (part->type, type);
    part->charset = brev_gmime_line (g_mime_content_type_get_parameter (type, "charset"));
    part->content_id = brev_gmime_line (g_mime_object_get_content_id (object));
    return part;
}

static void
set_content (BrevPart *part, GMimePart *leaf)
{
    GMimeDataWrapper *content = g_mime_part_get_content (leaf);
    GMimeStream *stream =
        content != NULL ? g_mime_data_wrapper_get_stream (content) : NULL;

    part->filename = brev_gmime_line (g_mime_part_get_filename (leaf));
    part->encoding = make_encoding (g_mime_part_get_content_encoding (leaf));
    if (stream == NULL)
        return;
    part->offset = (guint64) stream->bound_start;
    part->length = (guint64) MAX (stream->bound_end - stream->bound_start, 0);
}

static BrevPart *
plain_part_new (guint64 offset, guint64 length)
{
    BrevPart *part = g_new0 (BrevPart, 1);

    part->type = g_strdup ("text/plain");
    part->content_type = g_strdup ("text/plain");
    part->offset = offset;
    part->length = length;
    return part;
}

/* The structure */

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
    guint64 end;           /* of the message */
    GPtrArray *boundaries; /* of borrowed char *: those of the multiparts around */
    GError *error;
} Walk;

static void
note (Walk *walk, BrevFeature feature)
{
    walk->message->features |= FEATURE (feature);
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

static gboolean
is_utf8 (const char *charset)
{
    static const char *const same[] = { "utf-8", "utf8", "us-ascii", "ascii" };

    for (gsize i = 0; charset != NULL && i < G_N_ELEMENTS (same); i++)
        if (g_ascii_strcasecmp (charset, same[i]) == 0)
            return TRUE;
    return charset == NULL;
}

static void
note_body (Walk *walk, GMimeObject *object, const BrevPart *part)
{
    const char *format = g_mime_object_get_content_type_parameter (object, "format");

    if (format != NULL && g_ascii_strcasecmp (format, "flowed") == 0)
        note (walk, BREV_FEATURE_FLOWED);
    if (!is_utf8 (part->charset))
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
    } else if (role == ROLE_BODY && is_text (part) && !is_attached) {
        note (walk, BREV_FEATURE_SEVERAL_TEXTS);
    }
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

static void
take_leaf (Walk *walk, GMimeObject *object, Role role)
{
    BrevPart *part = part_new (object);
    const char *disposition = g_mime_object_get_disposition (object);
    gboolean is_attached =
        disposition != NULL && g_ascii_strcasecmp (disposition, "inline") != 0;
    BrevPart **slot;

    set_content (part, GMIME_PART (object));
    note_part_headers (walk, object);
    note_smime (walk, object, part);
    /* A name makes an attachment, but some programs name each form of the body, too. */
    is_attached |= role == ROLE_BODY && part->filename != NULL;
    slot = is_attached ? NULL : body_slot (walk->message, part, role);
    if (slot != NULL) {
        note_body (walk, object, part);
        *slot = part;
        return;
    }
    note_attachment (walk, part, is_attached, role);
    part->is_inline = part->content_id != NULL &&
                      (role == ROLE_RELATED || (disposition != NULL && !is_attached));
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
take_broken (Walk *walk, GMimeObject *object, Role role)
{
    guint64 start = find_content (walk, object), end;
    BrevPart *part, **slot;

    note (walk, BREV_FEATURE_BROKEN_MIME);
    if (!brev_scan_for_boundary (walk->fd, start, walk->end - start, walk->boundaries,
                                 &end, &walk->error))
        return;
    part = plain_part_new (start, end - start);
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
        take_broken (walk, object, role);
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
        take_leaf (walk, object, role);
}

/* GMime is given no message but a part: the fields it would parse as addresses are no
 * business of its own, and 50,000 nested groups in one end its stack. */
static GMimeObject *
parse (int fd, guint64 offset, guint64 length)
{
    g_autoptr (GMimeStream) stream = g_mime_stream_fs_new_with_bounds (
        fd, (gint64) offset, (gint64) (offset + length));
    g_autoptr (GMimeParser) parser = NULL;

    g_mime_stream_fs_set_owner (GMIME_STREAM_FS (stream), FALSE);
    parser = g_mime_parser_new_with_stream (stream);
    g_mime_parser_set_persist_stream (parser, TRUE);
    return g_mime_parser_construct_part (parser, brev_gmime_options ());
}

/* Whether nothing but blanks is in the part. */
static gboolean
is_empty (int fd, const BrevPart *part)
{
    g_autoptr (BrevReader) reader = brev_reader_new (fd, part, FALSE, NULL);
    char buffer[4096];
    gssize got;

    while (reader != NULL &&
           (got = brev_reader_read (reader, buffer, sizeof buffer, NULL)) > 0)
        for (gssize i = 0; i < got; i++)
            if (!g_ascii_isspace (buffer[i]))
                return FALSE;
    return TRUE;
}

static gboolean
read_structure (BrevMessage *message, int fd, const BrevHeaderBlock *block,
                GError **error)
{
    g_autoptr (GMimeObject) object = parse (fd, message->offset, message->length);
    g_autoptr (GPtrArray) boundaries = g_ptr_array_new_with_free_func (g_free);
    Walk walk = { message, fd, message->offset + message->length, boundaries, NULL };

    if (object == NULL) {
        message->text = plain_part_new (block->body, walk.end - block->body);
        message->features |= FEATURE (BREV_FEATURE_BROKEN_MIME);
    } else {
        take_object (&walk, object, ROLE_BODY, 0);
    }
    if (walk.error != NULL) {
        g_propagate_error (error, walk.error);
        return FALSE;
    }
    if ((message->text == NULL || is_empty (fd, message->text)) &&
        (message->html == NULL || is_empty (fd, message->html)))
        message->features |= FEATURE (BREV_FEATURE_EMPTY_BODY);
    return TRUE;
}

static BrevMessage *
message_new (guint64 offset, guint64 length)
{
    BrevMessage *message = g_new0 (BrevMessage, 1);

    message->from = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
    message->reply_to =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
    message->to = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
    message->cc = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
    message->headers = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_header_free);
    message->attachments =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_part_free);
    message->offset = offset;
    message->length = length;
    return message;
}

BrevMessage *
brev_message_decode (int fd, guint64 offset, guint64 length, GError **error)
{
    g_autoptr (BrevMessage) message = message_new (offset, length);
    g_auto (BrevHeaderBlock) block = { NULL, 0, 0 };

    if (!brev_header_block_read (&block, fd, offset, length, error) ||
        !brev_scan_limits (fd, offset, length, error) ||
        !read_header (message, &block, error) ||
        !read_structure (message, fd, &block, error))
        return NULL;
    return g_steal_pointer (&message);
}
