/* SPDX-License-Identifier: MIT */
#include "envelope/fields.h"

#include <string.h>

#include "base/error.h"
#include "envelope/bytes.h"
#include "envelope/frame.h"

#define FIELD_HEAD (1 + sizeof (guint32))

typedef enum { FIELD_TEXT, FIELD_LIST, FIELD_FLAG, FIELD_NUMBER, FIELD_TIME } FieldKind;

typedef struct {
    char tag;
    FieldKind kind;
    gsize offset;
    guint32 max;       /* bytes of a text, or the largest number */
    gboolean is_told;  /* no address but something to be shown: the writer makes it fit */
    gboolean one_line; /* holds no control characters */
} Field;

#define AT(member) G_STRUCT_OFFSET (BrevEnvelope, member)

/* clang-format off */
static const Field fields[] = { /* tag, kind, where, max, is_told, one_line */
    { 'f', FIELD_TEXT,   AT (sender),            4096,               FALSE, TRUE  },
    { 'l', FIELD_FLAG,   AT (sender_is_login),   1 },
    { 'r', FIELD_LIST,   AT (recipients),        512 * 1024,         FALSE, FALSE },
    { 'w', FIELD_LIST,   AT (wishes),            1024,               FALSE, TRUE  },
    { 't', FIELD_FLAG,   AT (header_recipients), 1 },
    { 'g', FIELD_FLAG,   AT (gateway),           1 },
    { 'n', FIELD_TEXT,   AT (full_name),         1024,               TRUE,  TRUE  },
    { 'u', FIELD_TEXT,   AT (login),             256,                TRUE,  TRUE  },
    { 'p', FIELD_TEXT,   AT (program),           4096,               TRUE,  TRUE  },
    { 'v', FIELD_TEXT,   AT (envid),             1024,               TRUE,  TRUE  },
    { 'N', FIELD_NUMBER, AT (notify),            BREV_NOTIFY_ANY },
    { 'R', FIELD_NUMBER, AT (ret),               BREV_RETURN_FULL },
    { 'h', FIELD_NUMBER, AT (hops),              G_MAXUINT16 },
    { 'q', FIELD_FLAG,   AT (queue_only),        1 },
    { 'd', FIELD_TIME,   AT (submitted),         0 },
    { 'o', FIELD_TEXT,   AT (options),           1024,               TRUE,  TRUE  },
    { 'x', FIELD_TEXT,   AT (ignored),           1024,               TRUE,  TRUE  },
    { 'b', FIELD_NUMBER, AT (dot_bytes),         G_MAXUINT32 },
};
/* clang-format on */

/* A number goes through a pointer to guint: enumerations of ours have that size. */
G_STATIC_ASSERT (sizeof (BrevNotify) == sizeof (guint));
G_STATIC_ASSERT (sizeof (BrevReturn) == sizeof (guint));
G_STATIC_ASSERT (sizeof (gboolean) == sizeof (guint));

static const Field *
find_field (guint8 tag)
{
    for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
        if (fields[i].tag == (char) tag)
            return &fields[i];
    return NULL;
}

static gboolean
is_control (char c)
{
    return (guchar) c < 0x20 || c == 0x7f;
}

/* -- writing ------------------------------------------------------------------------- */

static void
add_field (GByteArray *row, char tag, const void *bytes, gsize length)
{
    guint8 start[FIELD_HEAD];

    start[0] = (guint8) tag;
    brev_put32 (start + 1, (guint32) length);
    g_byte_array_append (row, start, sizeof start);
    g_byte_array_append (row, bytes, (guint) length);
}

static void
add_text (GByteArray *row, const Field *field, const char *text)
{
    g_autofree char *fitting = NULL;

    if (field->is_told) {
        fitting = g_strndup (text, field->max);
        for (char *c = fitting; *c != '\0'; c++)
            if (is_control (*c))
                *c = '?';
        text = fitting;
    }
    add_field (row, field->tag, text, strlen (text));
}

static void
add_number (GByteArray *row, const Field *field, guint number)
{
    guint8 bytes[sizeof (guint32)];

    brev_put32 (bytes, field->kind == FIELD_FLAG ? number != 0 : number);
    if (number != 0)
        add_field (row, field->tag, bytes, sizeof bytes);
}

static void
add_member (GByteArray *row, const Field *field, const BrevEnvelope *envelope)
{
    const void *member = (const guint8 *) envelope + field->offset;
    guint8 time[sizeof (guint64)];

    switch (field->kind) {
    case FIELD_TEXT:
        if (*(char *const *) member != NULL)
            add_text (row, field, *(char *const *) member);
        break;
    case FIELD_LIST: {
        const GPtrArray *texts = *(GPtrArray *const *) member;
        for (guint i = 0; i < texts->len; i++)
            add_text (row, field, g_ptr_array_index (texts, i));
        break;
    }
    case FIELD_FLAG:
    case FIELD_NUMBER:
        add_number (row, field, *(const guint *) member);
        break;
    case FIELD_TIME:
        brev_put64 (time, (guint64) * (const gint64 *) member);
        add_field (row, field->tag, time, sizeof time);
        break;
    }
}

void
brev_fields_write (GByteArray *row, const BrevEnvelope *envelope)
{
    for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
        add_member (row, &fields[i], envelope);
}

/* -- reading ------------------------------------------------------------------------- */

/* The bytes of one field. */
typedef struct {
    const Field *field;
    const guint8 *bytes;
    guint32 length;
} Piece;

static gboolean
check_text (const Piece *piece, GError **error)
{
    if (piece->length > piece->field->max)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "field '%c' of the envelope has %u bytes, %u "
                           "are allowed",
                           piece->field->tag, piece->length, piece->field->max);
    if (memchr (piece->bytes, '\0', piece->length) != NULL)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "field '%c' of the envelope holds a NUL", piece->field->tag);
    for (guint32 i = 0; piece->field->one_line && i < piece->length; i++)
        if (is_control ((char) piece->bytes[i]))
            return brev_throw (error, BREV_ERROR_INPUT,
                               "field '%c' of the envelope holds a "
                               "control character",
                               piece->field->tag);
    return TRUE;
}

static gboolean
take_text (const Piece *piece, char **member, GError **error)
{
    if (!check_text (piece, error))
        return FALSE;
    g_free (*member);
    *member = g_strndup ((const char *) piece->bytes, piece->length);
    return TRUE;
}

static gboolean
take_item (const Piece *piece, GPtrArray *items, GError **error)
{
    if (!check_text (piece, error))
        return FALSE;
    if (items->len >= BREV_RECIPIENTS_MAX)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the envelope has more than %d recipients",
                           BREV_RECIPIENTS_MAX);
    g_ptr_array_add (items, g_strndup ((const char *) piece->bytes, piece->length));
    return TRUE;
}

static gboolean
take_number (const Piece *piece, guint *member, GError **error)
{
    guint32 number =
        piece->length == sizeof (guint32) ? brev_get32 (piece->bytes) : G_MAXUINT32;

    if (number > piece->field->max || piece->length != sizeof (guint32))
        return brev_throw (error, BREV_ERROR_INPUT,
                           "field '%c' of the envelope is no number "
                           "from 0 to %u",
                           piece->field->tag, piece->field->max);
    *member = number;
    return TRUE;
}

static gboolean
take_time (const Piece *piece, gint64 *member, GError **error)
{
    guint64 time =
        piece->length == sizeof (guint64) ? brev_get64 (piece->bytes) : G_MAXUINT64;

    if (time > G_MAXINT64)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "field '%c' of the envelope is no time", piece->field->tag);
    *member = (gint64) time;
    return TRUE;
}

static gboolean
take_piece (const Piece *piece, BrevEnvelope *envelope, GError **error)
{
    void *member = (guint8 *) envelope + piece->field->offset;

    switch (piece->field->kind) {
    case FIELD_TEXT:
        return take_text (piece, member, error);
    case FIELD_LIST:
        return take_item (piece, *(GPtrArray **) member, error);
    case FIELD_FLAG:
    case FIELD_NUMBER:
        return take_number (piece, member, error);
    case FIELD_TIME:
        return take_time (piece, member, error);
    }
    g_assert_not_reached ();
}

/* Cuts the first field off the @length bytes. */
static gboolean
cut_piece (const guint8 *bytes, gsize length, Piece *piece, GError **error)
{
    if (length < FIELD_HEAD || brev_get32 (bytes + 1) > length - FIELD_HEAD)
        return brev_throw (error, BREV_ERROR_INPUT, "the envelope ends within a field");
    piece->field = find_field (bytes[0]);
    piece->bytes = bytes + FIELD_HEAD;
    piece->length = brev_get32 (bytes + 1);
    if (piece->field == NULL)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the envelope has a field 0x%02x that this "
                           "version does not know",
                           bytes[0]);
    return TRUE;
}

static gboolean
check_wishes (const BrevEnvelope *envelope, GError **error)
{
    BrevNotify notify;
    const char *orcpt;

    if (envelope->wishes->len > 0 && envelope->wishes->len != envelope->recipients->len)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the envelope has wishes for %u of %u recipients",
                           envelope->wishes->len, envelope->recipients->len);
    for (guint i = 0; i < envelope->wishes->len; i++)
        if (!brev_wish_parse (envelope->wishes->pdata[i], &notify, &orcpt))
            return brev_throw (error, BREV_ERROR_INPUT, "'%s' is no wish for a recipient",
                               (const char *) envelope->wishes->pdata[i]);
    return TRUE;
}

static gboolean
check_envelope (const BrevEnvelope *envelope, guint32 seen, GError **error)
{
    if ((seen & 1) == 0) /* the first row of the table */
        return brev_throw (error, BREV_ERROR_INPUT, "the envelope names no sender");
    if (envelope->recipients->len == 0 && !envelope->header_recipients)
        return brev_throw (error, BREV_ERROR_INPUT, "the envelope names no recipient");
    return check_wishes (envelope, error);
}

G_STATIC_ASSERT (G_N_ELEMENTS (fields) <= 32);

BrevEnvelope *
brev_envelope_fields_read (const guint8 *bytes, gsize length, GError **error)
{
    g_autoptr (BrevEnvelope) envelope = brev_envelope_new ();
    guint32 seen = 0;

    for (gsize at = 0; at < length;) {
        Piece piece;
        if (!cut_piece (bytes + at, length - at, &piece, error))
            return NULL;
        guint32 bit = 1U << (piece.field - fields);
        if ((seen & bit) != 0 && piece.field->kind != FIELD_LIST) {
            (void) brev_throw (error, BREV_ERROR_INPUT,
                               "the envelope has field '%c' twice", piece.field->tag);
            return NULL;
        }
        if (!take_piece (&piece, envelope, error))
            return NULL;
        seen |= bit;
        at += FIELD_HEAD + piece.length;
    }
    return check_envelope (envelope, seen, error) ? g_steal_pointer (&envelope) : NULL;
}
