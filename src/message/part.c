/* SPDX-License-Identifier: MIT */
#include "message/part.h"

#include <string.h>

#include "base/fs.h"
#include "message/words.h"

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

/* Whether the Content-Type field has the form of one; a missing one means text/plain. */
static gboolean
has_type (GMimeObject *object)
{
    const char *field = g_mime_object_get_header (object, "Content-Type");
    GMimeContentType *type = g_mime_object_get_content_type (object);

    if (field != NULL && field[strcspn (field, "/;")] != '/')
        return FALSE;
    return is_token (g_mime_content_type_get_media_type (type)) &&
           is_token (g_mime_content_type_get_media_subtype (type));
}

/* A type that is none means text (RFC 2045 section 5.2), unless it is of a file. */
static char *
make_type (GMimeObject *object, gboolean is_file)
{
    GMimeContentType *type = g_mime_object_get_content_type (object);
    g_autofree char *both = NULL;

    if (!has_type (object))
        return g_strdup (is_file ? "application/octet-stream" : "text/plain");
    both = g_strconcat (g_mime_content_type_get_media_type (type), "/",
                        g_mime_content_type_get_media_subtype (type), NULL);
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
    g_autofree char *lower = g_ascii_strdown (name, -1);

    g_string_append_printf (text, "; %s=", lower);
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

/* The line end before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1). GMime
 * takes it for as long as the delimiter's own: where a message mixes line ends, it leaves a
 * CR in the part, or takes the part's last byte. */
static guint64
correct_end (int fd, guint64 start, guint64 end, guint64 limit)
{
    char bytes[4]; /* from the one before @end */
    gsize moved;

    if (end < start)
        return start;
    if (end == 0 || end + 3 > limit || brev_read_at (fd, bytes, 4, end - 1) < 4)
        return end; /* no delimiter ends it */
    if (bytes[1] == '\n' && bytes[2] == '-')
        moved = 0;
    else if (bytes[2] == '\n' && bytes[3] == '-')
        moved = 1;
    else
        return end;
    end += moved;
    return end > start && bytes[moved] == '\r' ? end - 1 : end;
}

static void
set_content (BrevPart *part, GMimePart *leaf, int fd, guint64 limit)
{
    GMimeDataWrapper *content = g_mime_part_get_content (leaf);
    GMimeStream *stream =
        content != NULL ? g_mime_data_wrapper_get_stream (content) : NULL;

    part->encoding = make_encoding (g_mime_part_get_content_encoding (leaf));
    if (stream == NULL)
        return;
    part->offset = (guint64) stream->bound_start;
    part->length =
        correct_end (fd, part->offset, (guint64) MAX (stream->bound_end, 0), limit) -
        part->offset;
}

/* Returns: (nullable) (transfer full): the field with its encoded words joined */
static char *
read_field (GMimeObject *object, const char *name)
{
    GMimeHeader *field =
        g_mime_header_list_get_header (g_mime_object_get_header_list (object), name);
    g_autofree char *line = NULL;

    if (field == NULL)
        return NULL;
    line = g_mime_utils_header_unfold (g_mime_header_get_raw_value (field));
    return brev_words_join (line);
}

static char *
read_disposition_filename (GMimeObject *object)
{
    g_autofree char *field = read_field (object, "Content-Disposition");
    g_autoptr (GMimeContentDisposition) parsed = NULL;

    if (field == NULL)
        return NULL;
    parsed = g_mime_content_disposition_parse (brev_gmime_options (), field);
    return brev_gmime_line (
        g_mime_content_disposition_get_parameter (parsed, "filename"));
}

static char *
read_type_name (GMimeObject *object)
{
    g_autofree char *field = read_field (object, "Content-Type");
    g_autoptr (GMimeContentType) parsed = NULL;

    if (field == NULL)
        return NULL;
    parsed = g_mime_content_type_parse (brev_gmime_options (), field);
    return brev_gmime_line (g_mime_content_type_get_parameter (parsed, "name"));
}

static char *
read_filename (GMimeObject *object)
{
    char *name = read_disposition_filename (object);

    return name != NULL ? name : read_type_name (object);
}

BrevPart *
brev_part_new (GMimePart *leaf, int fd, guint64 limit)
{
    GMimeObject *object = GMIME_OBJECT (leaf);
    GMimeContentType *type = g_mime_object_get_content_type (object);
    BrevPart *part = g_new0 (BrevPart, 1);

    part->filename = read_filename (object);
    part->type = make_type (object, part->filename != NULL);
    part->content_type = make_content_type (part->type, type);
    part->charset = brev_gmime_line (g_mime_content_type_get_parameter (type, "charset"));
    part->content_id = brev_gmime_line (g_mime_object_get_content_id (object));
    set_content (part, leaf, fd, limit);
    return part;
}

BrevPart *
brev_part_new_plain (guint64 offset, guint64 length)
{
    BrevPart *part = g_new0 (BrevPart, 1);

    part->type = g_strdup ("text/plain");
    part->content_type = g_strdup ("text/plain");
    part->offset = offset;
    part->length = length;
    return part;
}
