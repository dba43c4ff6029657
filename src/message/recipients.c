/* SPDX-License-Identifier: MIT */
#include "message/address.h"

#include "message/header.h"

/* clang-format off */
static const struct {
    const char *name;
    gboolean is_resent;
    gsize list;
} recipient_fields[] = {
    { "To",            FALSE, G_STRUCT_OFFSET (BrevHeaderRecipients, to) },
    { "Cc",            FALSE, G_STRUCT_OFFSET (BrevHeaderRecipients, cc) },
    { "Bcc",           FALSE, G_STRUCT_OFFSET (BrevHeaderRecipients, bcc) },
    { "Apparently-To", FALSE, G_STRUCT_OFFSET (BrevHeaderRecipients, bcc) },
    { "Resent-To",     TRUE,  G_STRUCT_OFFSET (BrevHeaderRecipients, to) },
    { "Resent-Cc",     TRUE,  G_STRUCT_OFFSET (BrevHeaderRecipients, cc) },
    { "Resent-Bcc",    TRUE,  G_STRUCT_OFFSET (BrevHeaderRecipients, bcc) },
};
/* clang-format on */

static gssize
find_recipient_field (const BrevField *field)
{
    for (gsize i = 0; i < G_N_ELEMENTS (recipient_fields); i++)
        if (brev_field_is (field, recipient_fields[i].name))
            return (gssize) i;
    return -1;
}

static gboolean
has_resent (const BrevHeaderBlock *block)
{
    const char *cursor = block->text;
    BrevField field;

    while (brev_field_next (&cursor, block->text + block->length, &field)) {
        gssize i = find_recipient_field (&field);
        if (i >= 0 && recipient_fields[i].is_resent)
            return TRUE;
    }
    return FALSE;
}

static gboolean
read_recipients (BrevHeaderRecipients *recipients, const BrevHeaderBlock *block,
                 GError **error)
{
    const char *cursor = block->text;
    BrevField field;

    while (brev_field_next (&cursor, block->text + block->length, &field)) {
        gssize i = find_recipient_field (&field);
        g_autofree char *text = NULL;
        g_autoptr (BrevAddressList) more = NULL;

        if (i < 0 || recipient_fields[i].is_resent != recipients->is_resent)
            continue;
        text = brev_field_unfold (&field);
        more = brev_address_parse (text, error);
        if (more == NULL) {
            g_prefix_error (error, "%s: ", recipient_fields[i].name);
            return FALSE;
        }
        brev_address_list_take (
            G_STRUCT_MEMBER (BrevAddressList *, recipients, recipient_fields[i].list),
            more);
    }
    return TRUE;
}

BrevHeaderRecipients *
brev_header_recipients_read (int fd, guint64 offset, guint64 length, GError **error)
{
    g_autoptr (BrevHeaderRecipients) recipients = g_new0 (BrevHeaderRecipients, 1);
    g_auto (BrevHeaderBlock) block = { NULL };

    recipients->to = brev_address_list_new ();
    recipients->cc = brev_address_list_new ();
    recipients->bcc = brev_address_list_new ();
    if (!brev_header_block_read (&block, fd, offset, length, error))
        return NULL;
    recipients->is_resent = has_resent (&block);
    return read_recipients (recipients, &block, error) ? g_steal_pointer (&recipients)
                                                       : NULL;
}

void
brev_header_recipients_free (BrevHeaderRecipients *recipients)
{
    if (recipients == NULL)
        return;
    brev_address_list_free (recipients->to);
    brev_address_list_free (recipients->cc);
    brev_address_list_free (recipients->bcc);
    g_free (recipients);
}
