/* SPDX-License-Identifier: MIT */
#include "plan/rules.h"

/* Bounds from below: a message is refused here only if no provider's way of counting
 * could take it. What lies between is the provider's to refuse. */

/* Bytes that @part holds at least when it is decoded. Lines of base64 and uuencode are
 * hardly shorter than 60 characters; three characters of quoted-printable may be one
 * byte. */
static guint64
least_decoded (const BrevPart *part)
{
    switch (part->encoding) {
    case BREV_ENCODING_BASE64:
        return part->length / 61 * 60 / 4 * 3;
    case BREV_ENCODING_UU:
        return part->length / 62 * 45;
    case BREV_ENCODING_QP:
        return part->length / 3;
    case BREV_ENCODING_NONE:
        break;
    }
    return part->length;
}

/* UTF-32 may shrink to a quarter in UTF-8; no other charset in use shrinks to less than
 * half. */
guint64
brev_rule_least_text (const BrevPart *part)
{
    if (part == NULL)
        return 0;
    if (part->charset == NULL || g_ascii_strncasecmp (part->charset, "utf-8", 5) == 0 ||
        g_ascii_strncasecmp (part->charset, "us-ascii", 8) == 0 ||
        g_ascii_strncasecmp (part->charset, "iso-8859", 8) == 0)
        return least_decoded (part);
    return least_decoded (part) / 4;
}

guint64
brev_rule_least_size (const BrevMessage *message)
{
    guint64 size =
        brev_rule_least_text (message->text) + brev_rule_least_text (message->html);

    for (guint i = 0; i < message->attachments->len; i++)
        size += least_decoded (message->attachments->pdata[i]) / 3 * 4;
    return size;
}
