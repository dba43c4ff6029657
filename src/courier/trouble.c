/* SPDX-License-Identifier: MIT */
#include "courier/trouble.h"

#include "base/log.h"
#include "base/text.h"

typedef struct {
    char *problem;
    gint64 pause; /* ms from one try to the next */
    gint64 until; /* ms since 1970 */
} Entry;

struct BrevTrouble {
    BrevStore *store;
    char *account;
    gint64 first; /* ms: the shortest pause */
    gint64 longest;
    GHashTable *entries; /* scope to Entry */
};

static void
free_entry (gpointer data)
{
    Entry *entry = data;

    g_free (entry->problem);
    g_free (entry);
}

static Entry *
put (BrevTrouble *trouble, const char *scope, const char *problem)
{
    Entry *entry = g_hash_table_lookup (trouble->entries, scope);

    if (entry == NULL) {
        entry = g_new0 (Entry, 1);
        g_hash_table_insert (trouble->entries, g_strdup (scope), entry);
    }
    g_free (entry->problem);
    entry->problem = g_strdup (problem);
    return entry;
}

static void
load (BrevTrouble *trouble, gint64 now)
{
    g_autoptr (GPtrArray) problems = brev_store_problems (trouble->store, NULL);

    for (guint i = 0; problems != NULL && i < problems->len; i++) {
        const BrevStoreProblem *known = problems->pdata[i];
        Entry *entry;
        if (g_strcmp0 (known->account, trouble->account) != 0)
            continue;
        entry = put (trouble, known->scope, known->problem);
        entry->until = MIN (known->until, now + trouble->longest);
        entry->pause =
            CLAMP (known->until - known->since, trouble->first, trouble->longest);
    }
}

BrevTrouble *
brev_trouble_new (BrevStore *store, const char *account, gint64 first, gint64 longest,
                  gint64 now)
{
    BrevTrouble *trouble = g_new0 (BrevTrouble, 1);

    trouble->store = store;
    trouble->account = g_strdup (account);
    trouble->first = first;
    trouble->longest = MAX (first, longest);
    trouble->entries =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_entry);
    load (trouble, now);
    return trouble;
}

void
brev_trouble_free (BrevTrouble *trouble)
{
    if (trouble == NULL)
        return;
    g_hash_table_unref (trouble->entries);
    g_free (trouble->account);
    g_free (trouble);
}

char *
brev_trouble_scope (const char *kind, const char *what)
{
    g_autofree char *folded = brev_text_fold (what);

    return g_strconcat (kind, " ", folded, NULL);
}

/* The store only shows problems: failing to write one down stops no mail. */
static void
note (BrevTrouble *trouble, const char *scope, const char *problem, gint64 until,
      gint64 now)
{
    g_autoptr (GError) error = NULL;

    if (!brev_store_set_problem (trouble->store, trouble->account, scope, problem, until,
                                 now, &error))
        brev_log (BREV_LOG_WARNING, "cannot note the state of account '%s': %s",
                  trouble->account, error->message);
}

gint64
brev_trouble_add (BrevTrouble *trouble, const char *scope, const char *text, gint64 now)
{
    const char *problem = text != NULL ? text : "the provider did not say why";
    Entry *entry = g_hash_table_lookup (trouble->entries, scope);
    gboolean is_known = entry != NULL && entry->until > now;

    if (is_known && g_strcmp0 (entry->problem, problem) == 0)
        return entry->until; /* another message of the same batch */
    if (entry == NULL)
        brev_log (BREV_LOG_ERROR,
                  "account '%s', %s: nothing can be sent until this is mended: %s",
                  trouble->account, scope, problem);
    entry = put (trouble, scope, problem);
    entry->pause =
        entry->pause == 0 ? trouble->first : MIN (2 * entry->pause, trouble->longest);
    entry->until = now + entry->pause;
    note (trouble, scope, problem, entry->until, now);
    return entry->until;
}

void
brev_trouble_end (BrevTrouble *trouble, const char *scope, gint64 now)
{
    if (!g_hash_table_remove (trouble->entries, scope))
        return;
    brev_log (BREV_LOG_INFO, "account '%s', %s: works again", trouble->account, scope);
    note (trouble, scope, NULL, 0, now);
}

const char *
brev_trouble_find (const BrevTrouble *trouble, const char *scope, gint64 now,
                   gint64 *until)
{
    const Entry *entry = g_hash_table_lookup (trouble->entries, scope);

    if (entry == NULL || entry->until <= now)
        return NULL;
    *until = entry->until;
    return entry->problem;
}

gboolean
brev_trouble_is_known (const BrevTrouble *trouble, const char *scope)
{
    return g_hash_table_contains (trouble->entries, scope);
}

gboolean
brev_trouble_is_empty (const BrevTrouble *trouble)
{
    return g_hash_table_size (trouble->entries) == 0;
}

const char *
brev_trouble_any (const BrevTrouble *trouble)
{
    GHashTableIter iter;
    gpointer entry;

    g_hash_table_iter_init (&iter, trouble->entries);
    return g_hash_table_iter_next (&iter, NULL, &entry) ? ((const Entry *) entry)->problem
                                                        : NULL;
}

void
brev_trouble_retry (BrevTrouble *trouble)
{
    GHashTableIter iter;
    gpointer entry;

    g_hash_table_iter_init (&iter, trouble->entries);
    while (g_hash_table_iter_next (&iter, NULL, &entry))
        ((Entry *) entry)->until = 0;
}
