/* SPDX-License-Identifier: MIT */
#include "plan/rules.h"

#include <string.h>

#include "message/address.h"
#include "provider/control.h"

/* The message as its bytes are: signatures in it stay valid. Only whole header fields are
 * left out, written anew or added. */

gboolean
brev_rule_is_raw (const BrevProvider *provider)
{
    return (provider->caps & BREV_CAP_RAW) != 0;
}

gboolean
brev_rule_is_addressed (const BrevProvider *provider)
{
    return (provider->caps & BREV_CAP_HEADER_ENVELOPE) != 0;
}

/* A field that is written anew in the place of its first, or added when there is none. */
typedef struct {
    const char *name;
    char *text; /* owned; NULL: as it is written; "": not at all */
    gboolean is_done;
} Edit;

enum {
    EDIT_FROM,
    EDIT_SENDER,
    EDIT_REPLY_TO,
    EDIT_TO,
    EDIT_CC,
    EDIT_DATE,
    EDIT_MESSAGE_ID,
    EDIT_VERSION,
    EDIT_TYPE,
    EDIT_ENCODING,
    EDIT_LAST
};

static gboolean
has_field (const BrevMessage *message, const char *name)
{
    for (guint i = 0; i < message->places->len; i++) {
        const BrevPlace *place = message->places->pdata[i];
        if (g_ascii_strcasecmp (place->name, name) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Every author, as they are written unless a name has no domain. */
static char *
edit_from (const BrevPlanInput *input, const BrevMail *draft, BrevPlan *plan)
{
    const GPtrArray *from = input->message->from;
    g_autoptr (GPtrArray) shown = NULL;

    if (plan->rewritten_from != NULL) {
        if (from->len > 1)
            plan->losses |= BREV_BIT (BREV_FEATURE_SEVERAL_FROM);
        return brev_mailbox_format (draft->from, TRUE);
    }
    if (from->len == 0)
        return input->is_gateway ? NULL : brev_mailbox_format (draft->from, TRUE);
    shown = brev_rule_qualify_all (input, from);
    return shown != NULL ? brev_mailboxes_format (shown, TRUE) : NULL;
}

/* Providers hold it against the account as they do From. */
static char *
edit_sender (const BrevPlanInput *input, BrevPlan *plan)
{
    const BrevMailbox *sender = input->message->sender;
    g_autoptr (BrevMailbox) qualified = NULL;
    g_autofree char *address = NULL;

    if (sender == NULL)
        return NULL;
    address = brev_rule_qualify (input, sender->address);
    qualified = brev_mailbox_new (address, sender->name);
    if (!brev_account_covers (input->config, input->account, address)) {
        plan->losses |= BREV_BIT (BREV_FEATURE_SENDER);
        return g_strdup ("");
    }
    return strcmp (address, sender->address) == 0 ? NULL
                                                  : brev_mailbox_format (qualified, TRUE);
}

static char *
edit_reply_to (const BrevPlanInput *input, const BrevMail *draft)
{
    const GPtrArray *before = input->message->reply_to;
    g_autoptr (GPtrArray) shown = brev_rule_qualify_all (input, before);

    if (before->len == 0)
        return draft->reply_to->len > 0 ? brev_mailboxes_format (draft->reply_to, TRUE)
                                        : NULL;
    return shown != NULL ? brev_mailboxes_format (shown, TRUE) : NULL;
}

static char *
edit_recipients (const BrevPlanInput *input, const GPtrArray *mailboxes, BrevPlan *plan)
{
    g_autoptr (GPtrArray) shown = brev_rule_show (input, mailboxes);

    if (brev_rule_is_addressed (input->provider)) {
        plan->losses |= input->message->features & BREV_BIT (BREV_FEATURE_GROUP);
        return g_strdup ("");
    }
    if (shown == NULL)
        return NULL;
    plan->losses |= input->message->features & BREV_BIT (BREV_FEATURE_GROUP);
    return brev_mailboxes_format (shown, TRUE);
}

/* Where the message goes as text, and is none. */
static const GPtrArray *
find_odd (const BrevPlanInput *input)
{
    return input->provider->takes_text ? input->message->odd : NULL;
}

/* Text that nobody gave a charset is windows-1252, as everywhere. */
static void
decide_encoding (const BrevPlanInput *input, Edit *edits)
{
    const GPtrArray *odd = find_odd (input);

    edits[EDIT_VERSION] = (Edit){ "MIME-Version" };
    edits[EDIT_TYPE] = (Edit){ "Content-Type" };
    edits[EDIT_ENCODING] = (Edit){ "Content-Transfer-Encoding" };
    if (odd == NULL || odd->len == 0 || !((BrevOdd *) odd->pdata[0])->is_body)
        return;
    edits[EDIT_ENCODING].text = g_strdup ("quoted-printable");
    if (!has_field (input->message, "MIME-Version"))
        edits[EDIT_VERSION].text = g_strdup ("1.0");
    if (!has_field (input->message, "Content-Type"))
        edits[EDIT_TYPE].text = g_strdup ("text/plain; charset=windows-1252");
}

static void
decide (const BrevPlanInput *input, const BrevMail *draft, BrevPlan *plan, Edit *edits)
{
    const BrevMessage *message = input->message;

    edits[EDIT_FROM] = (Edit){ "From", edit_from (input, draft, plan) };
    edits[EDIT_SENDER] = (Edit){ "Sender", edit_sender (input, plan) };
    edits[EDIT_REPLY_TO] = (Edit){ "Reply-To", edit_reply_to (input, draft) };
    edits[EDIT_TO] = (Edit){ "To", edit_recipients (input, message->to, plan) };
    edits[EDIT_CC] = (Edit){ "Cc", edit_recipients (input, message->cc, plan) };
    edits[EDIT_DATE] = (Edit){ "Date" };
    edits[EDIT_MESSAGE_ID] = (Edit){ "Message-ID" };
    decide_encoding (input, edits);
    if (input->is_gateway)
        return;
    if (!has_field (message, "Date"))
        edits[EDIT_DATE].text = brev_rule_date (input->arrival);
    if (message->message_id == NULL)
        edits[EDIT_MESSAGE_ID].text = g_strdup (draft->message_id);
}

/* RFC 5322 section 2.1.1: lines of 78 characters where spaces allow it. */
#define LINE_WANTED 78

static void
add_field (BrevBody *body, const char *name, const char *text)
{
    g_autoptr (GString) field = g_string_new (name);
    g_auto (GStrv) words = g_strsplit (text, " ", -1);
    gsize column = strlen (name) + 1;

    g_string_append_c (field, ':');
    for (guint i = 0; words[i] != NULL; i++) {
        gsize length = strlen (words[i]);
        gboolean is_folded = i > 0 && length > 0 && column + 1 + length > LINE_WANTED;
        column = is_folded ? 1 + length : column + 1 + length;
        g_string_append_printf (field, "%s %s", is_folded ? "\r\n" : "", words[i]);
    }
    g_string_append (field, "\r\n");
    brev_body_add (body, field->str);
}

/* No line end but our own: what stands in a field is one line. */
static void
add_clean_field (BrevBody *body, const char *name, const char *text)
{
    g_autofree char *line = g_strdup (text);

    for (char *p = line; *p != '\0'; p++)
        if (g_ascii_iscntrl (*p))
            *p = ' ';
    add_field (body, name, line);
}

/* Fields that stay are copied in stretches as long as they are. */
typedef struct {
    BrevBody *body;
    int fd;
    guint64 start, end; /* of the stretch that is not written yet */
} Copy;

static void
flush (Copy *copy)
{
    if (copy->end > copy->start)
        brev_body_add_file (copy->body, copy->fd, copy->start, copy->end - copy->start,
                            BREV_AS_HEADER);
    copy->start = copy->end = 0;
}

static void
keep_field (Copy *copy, const BrevPlace *place)
{
    if (copy->end != place->offset)
        flush (copy);
    if (copy->end == 0)
        copy->start = place->offset;
    copy->end = place->offset + place->length;
}

static Edit *
find_edit (Edit *edits, const BrevPlace *place)
{
    for (guint i = 0; i < EDIT_LAST; i++)
        if (edits[i].text != NULL && g_ascii_strcasecmp (edits[i].name, place->name) == 0)
            return &edits[i];
    return NULL;
}

static void
edit_field (Copy *copy, Edit *edit)
{
    flush (copy);
    if (!edit->is_done && *edit->text != '\0')
        add_clean_field (copy->body, edit->name, edit->text);
    edit->is_done = TRUE;
}

/* Recipients of who sent it on: who reads them in the header would send it there. */
static gboolean
is_misleading (const BrevProvider *provider, const BrevPlace *place)
{
    return brev_rule_is_addressed (provider) &&
           g_ascii_strncasecmp (place->name, "Resent-", strlen ("Resent-")) == 0;
}

/* Whether the provider takes the field once and has it already. */
static gboolean
is_one_too_many (const BrevProvider *provider, GHashTable *seen, const BrevPlace *place)
{
    return brev_rule_is_listed (provider->single_headers, place->name) &&
           !g_hash_table_add (seen, g_ascii_strdown (place->name, -1));
}

static void
copy_fields (const BrevPlanInput *input, Copy *copy, Edit *edits, BrevPlan *plan)
{
    g_autoptr (GHashTable) seen =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    const GPtrArray *places = input->message->places;

    for (guint i = 0; i < places->len; i++) {
        const BrevPlace *place = places->pdata[i];
        Edit *edit = find_edit (edits, place);
        if (brev_rule_is_secret (place->name) ||
            brev_header_is_control (place->name, input->provider->name)) {
            continue;
        } else if (edit != NULL) {
            edit_field (copy, edit);
        } else if (is_one_too_many (input->provider, seen, place)) {
            plan->losses |= BREV_BIT (g_ascii_strcasecmp (place->name, "From") == 0
                                          ? BREV_FEATURE_SEVERAL_FROM
                                          : BREV_FEATURE_REPEATED_HEADER);
            g_ptr_array_add (plan->dropped, g_strdup (place->name));
        } else if (is_misleading (input->provider, place)) {
            plan->losses |= BREV_BIT (BREV_FEATURE_RESENT);
            g_ptr_array_add (plan->dropped, g_strdup (place->name));
        } else {
            keep_field (copy, place);
        }
    }
    flush (copy);
}

/* What the message lacks stands above it, as the fields of each host that it passed do. */
static void
add_fields (const BrevPlanInput *input, const BrevMail *draft, const Edit *edits)
{
    for (guint i = 0; i < draft->added->len; i++) {
        const BrevHeader *header = draft->added->pdata[i];
        add_clean_field (draft->raw, header->name, header->raw);
    }
    for (guint i = 0; i < EDIT_LAST; i++)
        if (edits[i].text != NULL && *edits[i].text != '\0' &&
            !has_field (input->message, edits[i].name))
            add_clean_field (draft->raw, edits[i].name, edits[i].text);
}

static void
copy_lines (const BrevPlanInput *input, BrevBody *body, guint64 start, guint64 end)
{
    if (end > start)
        brev_body_add_file (body, input->fd, start, end - start, BREV_AS_LINES);
}

/* Writes a part in an encoding of its own, and what stands before it as it is.
 * Returns: where the part ends */
static guint64
encode_odd (const BrevPlanInput *input, BrevBody *body, guint64 start, const BrevOdd *odd)
{
    if (!odd->is_body) {
        copy_lines (input, body, start, odd->field);
        if (odd->is_message)
            brev_body_add (body, "MIME-Version: 1.0\r\n");
        brev_body_add (body, "Content-Transfer-Encoding: quoted-printable\r\n");
        copy_lines (input, body, odd->field + odd->field_length, odd->offset);
    }
    brev_body_add_file (body, input->fd, odd->offset, odd->length, BREV_AS_QUOTED);
    return odd->offset + odd->length;
}

static void
copy_body (const BrevPlanInput *input, BrevBody *body, BrevPlan *plan)
{
    const BrevMessage *message = input->message;
    const GPtrArray *all = find_odd (input);
    guint64 at = message->body;

    for (guint i = 0; all != NULL && i < all->len; i++) {
        const BrevOdd *odd = all->pdata[i];
        at = encode_odd (input, body, at, odd);
        if (odd->is_signed)
            plan->losses |= BREV_BIT (BREV_FEATURE_SIGNED);
    }
    copy_lines (input, body, at, message->offset + message->length);
    if (input->provider->takes_text && !message->is_utf8)
        plan->losses |= BREV_BIT (BREV_FEATURE_EIGHT_BIT) |
                        (message->features & BREV_BIT (BREV_FEATURE_DKIM));
}

void
brev_rule_raw (const BrevPlanInput *input, BrevMail *draft, BrevPlan *plan)
{
    const BrevMessage *message = input->message;
    Edit edits[EDIT_LAST] = { 0 };
    Copy copy = { .fd = input->fd };

    draft->raw = copy.body = brev_body_new ();
    decide (input, draft, plan, edits);
    add_fields (input, draft, edits);
    copy_fields (input, &copy, edits, plan);
    brev_body_add (draft->raw, "\r\n");
    copy_body (input, draft->raw, plan);
    plan->losses |=
        message->features & input->provider->replaced & ~BREV_BIT (BREV_FEATURE_DATE);
    for (guint i = 0; i < EDIT_LAST; i++)
        g_free (edits[i].text);
}

/* A line for each mailbox: nothing is folded inside of one. */
static void
add_mailboxes (BrevBody *body, const char *name, const GPtrArray *mailboxes)
{
    for (guint i = 0; i < mailboxes->len; i++) {
        g_autofree char *mailbox = brev_mailbox_format (mailboxes->pdata[i], TRUE);
        for (char *p = mailbox; *p != '\0'; p++)
            if (g_ascii_iscntrl (*p))
                *p = ' ';
        brev_body_add (body, i == 0 ? name : ",\r\n ");
        brev_body_add (body, i == 0 ? ": " : "");
        brev_body_add (body, mailbox);
    }
    if (mailboxes->len > 0)
        brev_body_add (body, "\r\n");
}

void
brev_rule_address (BrevMail *mail)
{
    g_autoptr (BrevBody) rest = mail->raw;

    mail->raw = brev_body_new ();
    add_mailboxes (mail->raw, "To", mail->to);
    add_mailboxes (mail->raw, "Cc", mail->cc);
    add_mailboxes (mail->raw, "Bcc", mail->bcc);
    brev_body_add_body (mail->raw, rest, BREV_AS_BYTES);
}
