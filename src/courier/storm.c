/* SPDX-License-Identifier: MIT */
#include "courier/storm.h"

#include <string.h>

#include "base/clock.h"
#include "base/sum.h"
#include "base/text.h"

/* -- what is alike ------------------------------------------------------------------- */

static int
compare (gconstpointer a, gconstpointer b)
{
    return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* In one order, whoever stands first in the header. */
static GPtrArray *
sorted_addresses (const GPtrArray *recipients)
{
    GPtrArray *addresses = g_ptr_array_new_with_free_func (g_free);

    for (guint i = 0; i < recipients->len; i++)
        g_ptr_array_add (
            addresses, brev_text_fold (
                           ((const BrevStoreRecipient *) recipients->pdata[i])->address));
    g_ptr_array_sort (addresses, compare);
    return addresses;
}

/* With its NUL, so that two texts never read as two others. */
static void
add (GChecksum *checksum, const char *text)
{
    g_checksum_update (checksum, (const guchar *) text, (gssize) strlen (text) + 1);
}

gint64
brev_storm_sum (guint32 uid, const GPtrArray *recipients, const char *subject)
{
    g_autoptr (GPtrArray) addresses = sorted_addresses (recipients);
    g_autoptr (GChecksum) checksum = brev_sum_new ();
    g_autofree char *user = g_strdup_printf ("%u", uid);
    gint64 sum;

    add (checksum, user);
    for (guint i = 0; i < addresses->len; i++)
        add (checksum, addresses->pdata[i]);
    add (checksum, ""); /* no address is empty: here the subject begins */
    add (checksum, subject == NULL ? "" : subject);
    sum = brev_sum_end (checksum);
    return sum == 0 ? 1 : sum;
}

/* -- when it is a storm -------------------------------------------------------------- */

static void
forget (BrevStoreStorm *storm)
{
    storm->seen = storm->total = storm->held = 0;
    storm->since = storm->began = 0;
}

void
brev_storm_age (BrevStoreStorm *storm, const BrevStormRule *rule, gint64 now)
{
    gint64 passed;

    storm->since = MIN (storm->since, now); /* the clock was set back */
    passed = now - storm->since;
    if (passed < rule->window)
        return;
    if (storm->began != 0 && storm->seen >= rule->limit && passed < 2 * rule->window) {
        storm->since += rule->window;
        storm->seen = 0;
    } else {
        forget (storm);
    }
}

/* Whether the place of @storm is that of mail with @sum now. Of mail that yields, one message
 * less counts, so that what is frequent stays. */
static gboolean
take_place (BrevStoreStorm *storm, gint64 sum)
{
    if (storm->sum == sum)
        return TRUE;
    if (storm->began != 0)
        return FALSE;
    if (storm->seen > 1) {
        storm->seen--;
        return FALSE;
    }
    *storm = (BrevStoreStorm){ .uid = storm->uid, .sum = sum };
    return TRUE;
}

static void
count (BrevStoreStorm *storm, const BrevStormRule *rule, gint64 at)
{
    if (storm->seen == 0 && storm->began == 0)
        storm->since = at;
    storm->seen++;
    if (storm->began != 0)
        storm->total++;
    if (storm->began != 0 && rule->may_hold)
        storm->held++;
}

BrevStormVerdict
brev_storm_judge (BrevStoreStorm *storm, const BrevStormRule *rule, gint64 sum,
                  gint64 arrival, gint64 now)
{
    gint64 at = MIN (arrival, now);
    gboolean goes_on;

    storm->since = MIN (storm->since, now);
    if (storm->since - at >= rule->window)
        return BREV_STORM_NONE;
    brev_storm_age (storm, rule, MAX (at, storm->since));
    if (!take_place (storm, sum))
        return BREV_STORM_NONE;
    goes_on = storm->began != 0;
    count (storm, rule, at);
    if (goes_on)
        return BREV_STORM_GOES_ON;
    if (storm->seen <= rule->limit)
        return BREV_STORM_NONE;
    storm->began = MAX (at, 1);
    storm->total = storm->seen;
    storm->held = rule->may_hold;
    return BREV_STORM_BEGINS;
}

gint64
brev_storm_digest_due (const BrevStoreStorm *storm, const BrevStormRule *rule, gint64 now)
{
    return now + CLAMP (now - storm->began, rule->window, 4 * BREV_HOUR);
}
