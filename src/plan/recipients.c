/* SPDX-License-Identifier: MIT */
#include "plan/rules.h"

#include <string.h>

#include "base/text.h"

typedef enum { FIELD_NONE, FIELD_TO, FIELD_CC, FIELD_BCC } Field;

/* Where one recipient of the envelope is shown. */
typedef struct {
    Field field;
    const char *name;     /* nullable: as the header has it */
    gboolean is_left_out; /* a twin, or refused */
} Place;

typedef struct {
    const BrevPlanInput *input;
    Place *places;       /* one for each recipient of the input */
    GHashTable *by_name; /* folded address, in any of its forms -> GArray of positions */
    gboolean has_hidden; /* a header address that leads to nobody in the envelope */
    gboolean has_alias;  /* one that leads to another address */
    gboolean has_moved;  /* a recipient who stands in To for want of another */
} Seating;

static void
remember (GHashTable *by_name, char *folded, guint position)
{
    GArray *positions = g_hash_table_lookup (by_name, folded);

    if (positions == NULL) {
        positions = g_array_new (FALSE, FALSE, sizeof (guint));
        g_hash_table_insert (by_name, g_strdup (folded), positions);
    }
    if (positions->len == 0 ||
        g_array_index (positions, guint, positions->len - 1) != position)
        g_array_append_val (positions, position);
    g_free (folded);
}

static char *
fold_qualified (const BrevPlanInput *input, const char *address)
{
    g_autofree char *qualified = brev_rule_qualify (input, address);

    return brev_text_fold (qualified);
}

/* A header address may be what the recipient was called at first, or what became of it.
 */
static void
index_recipients (Seating *seating)
{
    for (guint i = 0; i < seating->input->n_recipients; i++) {
        const BrevPlanRecipient *recipient = &seating->input->recipients[i];
        const char *original =
            recipient->original != NULL ? recipient->original : recipient->address;
        remember (seating->by_name, brev_text_fold (original), i);
        remember (seating->by_name, fold_qualified (seating->input, original), i);
        remember (seating->by_name, fold_qualified (seating->input, recipient->address),
                  i);
    }
}

/* One mailbox gets the mail once, however many names lead to it. */
static void
find_twins (Seating *seating, BrevPlan *plan)
{
    g_autoptr (GHashTable) seen =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < seating->input->n_recipients; i++) {
        const BrevPlanRecipient *recipient = &seating->input->recipients[i];
        g_autofree char *folded = fold_qualified (seating->input, recipient->address);
        gpointer first = g_hash_table_lookup (seen, folded);
        if (first == NULL) {
            g_hash_table_insert (seen, g_steal_pointer (&folded),
                                 GUINT_TO_POINTER (i + 1));
            continue;
        }
        BrevPlanTwin twin = {
            recipient->index,
            seating->input->recipients[GPOINTER_TO_UINT (first) - 1].index
        };
        g_array_append_val (plan->twins, twin);
        seating->places[i].is_left_out = TRUE;
    }
}

/* Returns: (nullable): what keeps the provider from taking the address */
static const char *
find_fault (const BrevProvider *provider, const char *address, const char **dsn)
{
    const char *domain = brev_text_domain (address);

    *dsn = "5.1.2";
    if (domain == NULL || !g_str_is_ascii (domain))
        return "its domain is no host name";
    *dsn = "5.6.7";
    if (!g_str_is_ascii (address) && (provider->caps & BREV_CAP_UTF8_LOCAL) == 0)
        return "what stands before its @ is not ASCII";
    return NULL;
}

/* One such address in a request would be held against all that stand beside it. */
static void
find_refusals (Seating *seating, BrevPlan *plan)
{
    const BrevProvider *provider = seating->input->provider;

    for (guint i = 0; i < seating->input->n_recipients; i++) {
        const BrevPlanRecipient *recipient = &seating->input->recipients[i];
        g_autofree char *address = brev_rule_qualify (seating->input, recipient->address);
        const char *dsn;
        const char *fault = find_fault (provider, address, &dsn);
        if (fault == NULL || seating->places[i].is_left_out)
            continue;
        BrevPlanRefusal *refusal = g_new0 (BrevPlanRefusal, 1);
        refusal->index = recipient->index;
        refusal->address = recipient->address;
        refusal->dsn = dsn;
        refusal->text =
            g_strdup_printf ("%s takes no such address: %s", provider->title, fault);
        g_ptr_array_add (plan->refusals, refusal);
        seating->places[i].is_left_out = TRUE;
    }
}

/* Whom a name in the header leads to; nobody when the envelope does not know it. */
static const GArray *
find_seats (const Seating *seating, const BrevMailbox *mailbox)
{
    g_autofree char *written = brev_text_fold (mailbox->address);
    g_autofree char *qualified = fold_qualified (seating->input, mailbox->address);
    const GArray *found = g_hash_table_lookup (seating->by_name, written);

    return found != NULL ? found : g_hash_table_lookup (seating->by_name, qualified);
}

static gboolean
is_recipient (const Seating *seating, guint position, const char *folded)
{
    g_autofree char *own =
        fold_qualified (seating->input, seating->input->recipients[position].address);

    return strcmp (own, folded) == 0;
}

static void
seat (Seating *seating, const GPtrArray *mailboxes, Field field)
{
    for (guint i = 0; i < mailboxes->len; i++) {
        const BrevMailbox *mailbox = mailboxes->pdata[i];
        const GArray *found = find_seats (seating, mailbox);
        g_autofree char *qualified = fold_qualified (seating->input, mailbox->address);
        seating->has_hidden = seating->has_hidden || found == NULL;
        for (guint j = 0; found != NULL && j < found->len; j++) {
            Place *place = &seating->places[g_array_index (found, guint, j)];
            if (place->field != FIELD_NONE)
                continue;
            place->field = field;
            seating->has_alias =
                seating->has_alias ||
                !is_recipient (seating, g_array_index (found, guint, j), qualified);
            place->name = found->len == 1 ? mailbox->name : NULL;
        }
    }
}

/* Positions of all who travel, in the order To, Cc, Bcc. */
static GArray *
line_up (Seating *seating)
{
    GArray *line = g_array_new (FALSE, FALSE, sizeof (guint));

    for (guint field = FIELD_TO; field <= FIELD_BCC; field++) {
        for (guint i = 0; i < seating->input->n_recipients; i++) {
            Place *place = &seating->places[i];
            if (place->field == FIELD_NONE)
                place->field = FIELD_BCC;
            if (place->field == field && !place->is_left_out)
                g_array_append_val (line, i);
        }
    }
    return line;
}

static GPtrArray *
copy_mailboxes (const GPtrArray *mailboxes)
{
    GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);

    for (guint i = 0; i < mailboxes->len; i++)
        g_ptr_array_add (copy, brev_mailbox_copy (mailboxes->pdata[i]));
    return copy;
}

static BrevMail *
copy_draft (const BrevMail *draft)
{
    BrevMail *mail = brev_mail_new ();

    mail->provider = draft->provider;
    mail->queue_id = draft->queue_id;
    mail->message = draft->message;
    mail->fd = draft->fd;
    mail->account = draft->account;
    mail->from = brev_mailbox_copy (draft->from);
    g_ptr_array_unref (mail->reply_to);
    mail->reply_to = copy_mailboxes (draft->reply_to);
    mail->subject = draft->subject;
    mail->message_id = g_strdup (draft->message_id);
    g_ptr_array_extend (mail->headers, draft->headers, NULL, NULL);
    for (guint i = 0; i < draft->added->len; i++) {
        const BrevHeader *field = draft->added->pdata[i];
        g_ptr_array_add (mail->added,
                         brev_header_new (field->name, field->raw, field->text));
    }
    brev_controls_copy (&draft->controls, &mail->controls);
    mail->is_sandboxed = draft->is_sandboxed;
    mail->blank_body = draft->blank_body;
    mail->envelope = brev_smtp_copy (draft->envelope);
    mail->raw = draft->raw != NULL ? brev_body_share (draft->raw) : NULL;
    return mail;
}

/* One mail to @n of the line, in their fields, or all of them in @field. */
static void
add_mail (Seating *seating, const BrevMail *draft, const guint *line, guint n,
          Field field, BrevPlan *plan)
{
    BrevMail *mail = copy_draft (draft);
    GPtrArray *const fields[] = { NULL, mail->to, mail->cc, mail->bcc };

    mail->n_recipients = n;
    mail->recipients = g_new (guint, n);
    for (guint i = 0; i < n; i++) {
        const BrevPlanRecipient *recipient = &seating->input->recipients[line[i]];
        const Place *place = &seating->places[line[i]];
        g_autofree char *address = brev_rule_qualify (seating->input, recipient->address);
        if (field != FIELD_NONE && field != place->field)
            seating->has_moved = TRUE;
        g_ptr_array_add (fields[field != FIELD_NONE ? field : place->field],
                         brev_mailbox_new (address, place->name));
        brev_rule_add_recipient (mail, address, recipient);
        mail->recipients[i] = recipient->index;
    }
    if (brev_rule_is_addressed (seating->input->provider))
        brev_rule_address (mail);
    g_ptr_array_add (plan->mails, mail);
}

/* As many as the provider takes in one request. Without a To where it wants one, a
 * request for each; one alone, whom nobody else sees, is shown. */
static void
add_mails (Seating *seating, const BrevMail *draft, const guint *line, guint n,
           BrevPlan *plan)
{
    const BrevProvider *provider = seating->input->provider;
    Field first = seating->places[line[0]].field;
    gboolean wants_to = (provider->caps & BREV_CAP_BCC_ONLY) == 0;

    if (first == FIELD_TO || (!wants_to && (n > 1 || first == FIELD_CC))) {
        add_mail (seating, draft, line, n, FIELD_NONE, plan);
        return;
    }
    for (guint i = 0; i < n; i++)
        add_mail (seating, draft, line + i, 1, FIELD_TO, plan);
}

/* How many of the line others may share a mail with: who reads a Bcc that nobody takes out of
 * the header, reads of all. */
static guint
count_shared (const Seating *seating, const GArray *line)
{
    const BrevProvider *provider = seating->input->provider;
    guint n = 0;

    if (!brev_rule_is_addressed (provider) || (provider->caps & BREV_CAP_BCC_ONLY) != 0)
        return line->len;
    while (n < line->len &&
           seating->places[g_array_index (line, guint, n)].field != FIELD_BCC)
        n++;
    return n;
}

/* Appends @address unless the list has it; says whether that changes what is written. */
static gboolean
show_as (GPtrArray *shown, GHashTable *seen, const BrevMailbox *written,
         const char *address, const char *name)
{
    char *folded = brev_text_fold (address);
    g_autofree char *before = brev_text_fold (written->address);
    gboolean is_other = strcmp (before, folded) != 0;

    if (g_hash_table_add (seen, folded))
        g_ptr_array_add (shown, brev_mailbox_new (address, name));
    return is_other;
}

GPtrArray *
brev_rule_show (const BrevPlanInput *input, const GPtrArray *mailboxes)
{
    g_autoptr (GHashTable) by_name = g_hash_table_new_full (
        g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
    g_autoptr (GHashTable) seen =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr (GPtrArray) shown =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
    Seating seating = { .input = input, .by_name = by_name };
    gboolean is_other = FALSE;

    index_recipients (&seating);
    for (guint i = 0; i < mailboxes->len; i++) {
        const BrevMailbox *mailbox = mailboxes->pdata[i];
        const GArray *found = find_seats (&seating, mailbox);
        g_autofree char *own = brev_rule_qualify (input, mailbox->address);
        if (found == NULL)
            is_other |= show_as (shown, seen, mailbox, own, mailbox->name);
        for (guint j = 0; found != NULL && j < found->len; j++) {
            guint position = g_array_index (found, guint, j);
            g_autofree char *address =
                brev_rule_qualify (input, input->recipients[position].address);
            is_other |= show_as (shown, seen, mailbox, address,
                                 found->len == 1 ? mailbox->name : NULL);
        }
    }
    return is_other ? g_steal_pointer (&shown) : NULL;
}

void
brev_rule_recipients (const BrevPlanInput *input, const BrevMail *draft, BrevPlan *plan)
{
    g_autofree Place *places = g_new0 (Place, input->n_recipients);
    g_autoptr (GHashTable) by_name = g_hash_table_new_full (
        g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
    Seating seating = { .input = input, .places = places, .by_name = by_name };

    index_recipients (&seating);
    find_twins (&seating, plan);
    find_refusals (&seating, plan);
    seat (&seating, input->message->to, FIELD_TO);
    seat (&seating, input->message->cc, FIELD_CC);
    g_autoptr (GArray) line = line_up (&seating);
    guint max = input->provider->max_recipients > 0 ? input->provider->max_recipients
                                                    : MAX (line->len, 1);
    guint shared = count_shared (&seating, line);
    for (guint i = 0; i < shared; i += max)
        add_mails (&seating, draft, &g_array_index (line, guint, i),
                   MIN (max, shared - i), plan);
    for (guint i = shared; i < line->len; i++)
        add_mail (&seating, draft, &g_array_index (line, guint, i), 1, FIELD_TO, plan);
    if (seating.has_alias)
        plan->losses |= BREV_BIT (BREV_FEATURE_ALIAS);
    if (brev_rule_is_raw (input->provider) && !brev_rule_is_addressed (input->provider))
        return; /* the header stays as it is */
    if (seating.has_hidden)
        plan->losses |= BREV_BIT (BREV_FEATURE_HIDDEN_RECIPIENT);
    if (seating.has_moved)
        plan->losses |= BREV_BIT (BREV_FEATURE_MOVED_RECIPIENT);
}
