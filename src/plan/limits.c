/* SPDX-License-Identifier: MIT */
#include "plan/rules.h"

#include <string.h>

#include "provider/encode.h"

/* Returns: whether a name was too long */
static gboolean
shorten_names (GPtrArray *mailboxes, guint max)
{
    gboolean was_long = FALSE;

    for (guint i = 0; i < mailboxes->len; i++) {
        BrevMailbox *mailbox = mailboxes->pdata[i];
        if (mailbox->name == NULL || g_utf8_strlen (mailbox->name, -1) <= (glong) max)
            continue;
        *g_utf8_offset_to_pointer (mailbox->name, max) = '\0';
        was_long = TRUE;
    }
    return was_long;
}

/* Blanks in place of @chars. Returns: whether a name had one */
static gboolean
blank_names (GPtrArray *mailboxes, const char *chars)
{
    gboolean had_one = FALSE;

    for (guint i = 0; i < mailboxes->len; i++) {
        BrevMailbox *mailbox = mailboxes->pdata[i];
        if (mailbox->name == NULL || strpbrk (mailbox->name, chars) == NULL)
            continue;
        g_strdelimit (mailbox->name, chars, ' ');
        had_one = TRUE;
    }
    return had_one;
}

static void
limit_names (BrevMail *mail, const BrevProvider *provider, gboolean *was_long,
             gboolean *was_strange)
{
    g_autoptr (GPtrArray) from = g_ptr_array_new ();
    GPtrArray *const lists[] = { from, mail->reply_to, mail->to, mail->cc, mail->bcc };

    g_ptr_array_add (from, mail->from);
    for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
        if (provider->no_name_chars != NULL &&
            blank_names (lists[i], provider->no_name_chars))
            *was_strange = TRUE;
        if (provider->max_name > 0 && shorten_names (lists[i], provider->max_name))
            *was_long = TRUE;
    }
}

/* Returns: whether there was one */
static gboolean
drop_from_name (BrevMail *mail)
{
    gboolean had_name = mail->from->name != NULL && *mail->from->name != '\0';

    g_clear_pointer (&mail->from->name, g_free);
    return had_name;
}

/* Returns: whether there were more addresses for replies than may be */
static gboolean
limit_reply_to (BrevMail *mail, guint max)
{
    gboolean are_many = max > 0 && mail->reply_to->len > max;

    if (are_many)
        g_ptr_array_set_size (mail->reply_to, (int) max);
    return are_many;
}

static gboolean
shorten_subject (BrevMail *mail, guint max)
{
    gboolean is_long = max > 0 && g_utf8_strlen (mail->subject, -1) > (glong) max;

    if (is_long) {
        mail->own_subject = g_utf8_substring (mail->subject, 0, max);
        mail->subject = mail->own_subject;
    }
    return is_long;
}

static gboolean
fill_subject (BrevMail *mail, guint min)
{
    glong length = g_utf8_strlen (mail->subject, -1);
    g_autofree char *blanks = NULL;

    if (length >= (glong) min)
        return FALSE;
    blanks = g_strnfill (min - 1 - (gsize) length, ' ');
    mail->own_subject = g_strconcat (mail->subject, blanks, ".", NULL);
    mail->subject = mail->own_subject;
    return TRUE;
}

/* A character has four bytes at most. */
static gboolean
is_short (const BrevPart *part, guint min)
{
    return brev_part_has_content (part) &&
           brev_rule_least_text (part) < (guint64) 4 * min;
}

/* Returns: whether something was shorter than @min */
static gboolean
fill_up (BrevMail *mail, guint min)
{
    gboolean was_short = fill_subject (mail, min);

    if (min == 0)
        return FALSE;
    mail->has_short_text = mail->blank_body || is_short (mail->message->text, min);
    mail->has_short_html = is_short (mail->message->html, min);
    return was_short || mail->has_short_text || mail->has_short_html;
}

static gboolean
has_strange_type (const BrevMessage *message, const char *const *types)
{
    for (guint i = 0; types != NULL && i < message->attachments->len; i++)
        if (!g_strv_contains (types, ((BrevPart *) message->attachments->pdata[i])->type))
            return TRUE;
    return FALSE;
}

static gboolean
is_strange_file (const BrevPart *part, guint index, const BrevProvider *provider)
{
    g_autofree char *plain = brev_part_filename (part, index);
    g_autofree char *known = NULL;

    if (provider->extensions != NULL)
        known = brev_part_filename_of (part, index, provider->extensions);
    else if (provider->wants_extension)
        known = brev_part_filename_whole (part, index);
    return known != NULL && strcmp (plain, known) != 0;
}

static gboolean
has_strange_file (const BrevMessage *message, const BrevProvider *provider)
{
    for (guint i = 0; i < message->attachments->len; i++)
        if (is_strange_file (message->attachments->pdata[i], i, provider))
            return TRUE;
    return FALSE;
}

BrevFeatures
brev_rule_forms (const BrevMail *draft)
{
    const BrevMessage *message = draft->message;
    gboolean has_html = brev_part_has_content (message->html);
    BrevFeatures forms = has_html ? BREV_BIT (BREV_FEATURE_HTML_FORM) : 0;

    if (has_html && brev_part_has_content (message->text))
        forms |= BREV_BIT (BREV_FEATURE_TEXT_FORM);
    if (message->attachments->len > 0)
        forms |= BREV_BIT (BREV_FEATURE_ATTACHMENT);
    if (draft->reply_to->len > 0)
        forms |= BREV_BIT (BREV_FEATURE_REPLY_TO);
    return forms;
}

void
brev_rule_limits (const BrevPlanInput *input, BrevPlan *plan)
{
    const BrevProvider *provider = input->provider;
    const BrevMessage *message = input->message;
    gboolean has_long_name = FALSE, has_strange_name = FALSE, has_many_replies = FALSE,
             is_long = FALSE, was_short = FALSE;

    for (guint i = 0; i < plan->mails->len; i++) {
        BrevMail *mail = plan->mails->pdata[i];
        if (provider->has_no_from_name && drop_from_name (mail))
            plan->losses |= BREV_BIT (BREV_FEATURE_FROM_NAME);
        limit_names (mail, provider, &has_long_name, &has_strange_name);
        is_long = shorten_subject (mail, provider->max_subject) || is_long;
        was_short = fill_up (mail, provider->min_chars) || was_short;
        has_many_replies =
            limit_reply_to (mail, provider->max_reply_to) || has_many_replies;
    }
    if (is_long)
        g_ptr_array_add (plan->dropped, g_strdup ("the end of the Subject"));
    if (has_long_name)
        g_ptr_array_add (plan->dropped, g_strdup ("the end of a display name"));
    if (has_strange_name)
        g_ptr_array_add (plan->dropped, g_strdup ("a character of a display name"));
    if (has_many_replies)
        g_ptr_array_add (plan->dropped, g_strdup ("Reply-To, but for the first address"));
    if (was_short)
        plan->losses |= BREV_BIT (BREV_FEATURE_SHORT);
    if (has_strange_type (message, provider->types))
        plan->losses |= BREV_BIT (BREV_FEATURE_ATTACHMENT);
    if (has_strange_file (message, provider))
        plan->losses |= BREV_BIT (BREV_FEATURE_FILE_NAME);
    if (provider->wants_html && !brev_part_has_content (message->html))
        plan->losses |= BREV_BIT (BREV_FEATURE_TEXT_ALONE);
}
