/* SPDX-License-Identifier: MIT */
#include "message/fields.h"

#include <string.h>

#include "message/address.h"
#include "message/gmime.h"

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
    { "DKIM-Signature",         BREV_FEATURE_DKIM },
    { "DomainKey-Signature",    BREV_FEATURE_DKIM },
    { "ARC-",                   BREV_FEATURE_DKIM },
    { "Authentication-Results", BREV_FEATURE_RECEIVED },
    { "List-",                  BREV_FEATURE_LIST_HEADERS },
    { "In-Reply-To",            BREV_FEATURE_LIST_HEADERS },
    { "References",             BREV_FEATURE_LIST_HEADERS },
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
        message->features |= BREV_BIT (BREV_FEATURE_GROUP);
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
            message->features |= BREV_BIT (field_features[i].feature);
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
note_place (BrevMessage *message, const BrevHeaderBlock *block, const BrevField *field)
{
    g_autofree char *name = g_strndup (field->name, field->name_length);
    guint64 start = message->offset + (guint64) (field->name - block->text);
    gsize length = (gsize) (field->value - field->name) + field->value_length;

    g_ptr_array_add (message->places, brev_place_new (name, start, length));
}

static void
note_repeated (BrevMessage *message, GHashTable *seen, const BrevField *field)
{
    g_autofree char *name = g_ascii_strdown (field->name, (gssize) field->name_length);

    if (!g_hash_table_add (seen, g_steal_pointer (&name)))
        message->features |= BREV_BIT (BREV_FEATURE_REPEATED_HEADER);
}

static void
note_header_features (BrevMessage *message)
{
    const BrevMailbox *from =
        message->from->len > 0 ? g_ptr_array_index (message->from, 0) : NULL;

    if (message->from->len > 1)
        message->features |= BREV_BIT (BREV_FEATURE_SEVERAL_FROM);
    if (message->sender != NULL &&
        (from == NULL ||
         g_ascii_strcasecmp (from->address, message->sender->address) != 0))
        message->features |= BREV_BIT (BREV_FEATURE_SENDER);
    if (message->message_id != NULL)
        message->features |= BREV_BIT (BREV_FEATURE_MESSAGE_ID);
    if (message->subject == NULL)
        message->subject = g_strdup ("");
    if (message->subject[strspn (message->subject, " \t")] == '\0')
        message->features |= BREV_BIT (BREV_FEATURE_EMPTY_SUBJECT);
}

gboolean
brev_message_fields_read (BrevMessage *message, const BrevHeaderBlock *block,
                          GError **error)
{
    g_autoptr (GHashTable) seen =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    const char *cursor = block->text;
    BrevField field;

    while (brev_field_next (&cursor, block->text + block->length, &field)) {
        note_repeated (message, seen, &field);
        note_place (message, block, &field);
        if (!take_field (message, &field, error))
            return FALSE;
    }
    message->body = block->body;
    note_header_features (message);
    return TRUE;
}
