/* SPDX-License-Identifier: MIT */
#include "provider/search.h"

#include "base/text.h"
#include "provider/reply.h"

void
brev_search_no_answer (const BrevHttpReply *reply, const char *words,
                       BrevOutcome *outcome)
{
    gboolean is_token = reply->status == 401;
    BrevVerdictKind kind = is_token               ? BREV_VERDICT_ACCOUNT
                           : reply->status == 403 ? BREV_VERDICT_REFUSED
                                                  : BREV_VERDICT_LATER;
    g_autofree char *clean = brev_reply_words (words);
    g_autofree char *text =
        g_strdup_printf ("no answer from the search: HTTP %d%s%s", reply->status,
                         clean != NULL ? " " : "", clean != NULL ? clean : "");
    const BrevVerdict none = {
        .kind = kind,
        .scope = BREV_SCOPE_ACCOUNT,
        .dsn = is_token ? "4.7.8" : "4.4.2",
        .after = brev_reply_retry_after (reply),
        .text = text,
    };

    brev_outcome_set_all (outcome, &none);
}

void
brev_search_may_not_ask (gboolean says_so, BrevOutcome *outcome)
{
    for (guint i = 0; says_so && i < outcome->n; i++) {
        outcome->verdicts[i].kind = BREV_VERDICT_REFUSED;
        outcome->verdicts[i].dsn = "4.4.2";
    }
}

static gboolean
is_copy_for (const BrevCopy *copy, const BrevMail *mail, const char *folded)
{
    const char *name = brev_json_string (copy->metadata, BREV_QUEUE_ID_FIELD);
    g_autofree char *address =
        copy->address != NULL ? brev_text_fold (copy->address) : NULL;

    return copy->id != NULL && *copy->id != '\0' && name != NULL &&
           g_strcmp0 (name, mail->queue_id) == 0 && g_strcmp0 (address, folded) == 0;
}

static void
set_found (const char *address, const char *first, guint n, const BrevMail *mail,
           BrevOutcome *outcome)
{
    g_autofree char *id = brev_reply_words (first);
    g_autofree char *text = n > 1 ? g_strdup_printf ("%u copies", n) : NULL;
    const BrevVerdict found = { .kind = BREV_VERDICT_ACCEPTED,
                                .dsn = "2.0.0",
                                .remote_id = id,
                                .text = text,
                                .is_test = mail->is_sandboxed };

    (void) brev_outcome_set (outcome, mail, address, &found);
}

static void
set_rejected (const char *address, const BrevMail *mail, BrevOutcome *outcome)
{
    const BrevVerdict none = { .kind = BREV_VERDICT_LATER,
                               .dsn = "4.4.2",
                               .text = (char[]){ "the search shows it as rejected" } };

    (void) brev_outcome_set (outcome, mail, address, &none);
}

/* Several entries may show the same copy. */
static void
find_copies (const GArray *copies, const BrevMail *mail, guint i, BrevOutcome *outcome)
{
    const char *address = brev_mail_recipient (mail, i)->address;
    g_autofree char *folded = brev_text_fold (address);
    g_autoptr (GHashTable) ids =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    const char *first = NULL;
    gboolean was_rejected = FALSE;

    for (guint j = 0; j < copies->len; j++) {
        const BrevCopy *copy = &g_array_index (copies, BrevCopy, j);
        if (!is_copy_for (copy, mail, folded))
            continue;
        if (copy->is_rejected)
            was_rejected = TRUE;
        else if (g_hash_table_add (ids, g_strdup (copy->id)) && first == NULL)
            first = copy->id;
    }
    if (first != NULL)
        set_found (address, first, g_hash_table_size (ids), mail, outcome);
    else if (was_rejected)
        set_rejected (address, mail, outcome);
}

static void
clear_copy (gpointer data)
{
    g_clear_pointer (&((BrevCopy *) data)->inner, json_node_unref);
}

void
brev_search_find (const BrevHttpReply *reply, JsonArray *entries, const char *words,
                  BrevCopyReader read, const BrevMail *mail, BrevOutcome *outcome)
{
    gboolean has_list = reply->status == 200 && entries != NULL;
    guint n = has_list ? json_array_get_length (entries) : 0;
    g_autoptr (GArray) copies = g_array_new (FALSE, TRUE, sizeof (BrevCopy));

    g_array_set_clear_func (copies, clear_copy);
    g_array_set_size (copies, n);
    for (guint i = 0; i < n; i++) {
        JsonObject *entry = brev_json_object (json_array_get_element (entries, i));
        if (entry != NULL)
            read (entry, &g_array_index (copies, BrevCopy, i));
    }
    brev_search_no_answer (reply, has_list ? "without the mail" : words, outcome);
    for (guint i = 0; i < mail->n_recipients; i++)
        find_copies (copies, mail, i, outcome);
}
