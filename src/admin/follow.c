/* SPDX-License-Identifier: MIT */
#include "admin/follow.h"

#include <string.h>

#include "base/clock.h"

#define LOOK_EVERY 100 /* ms */

/* Tried once, or waiting for a person: nothing new is to be expected soon. */
static gboolean
is_decided (const BrevListed *listed)
{
    static const char *const open[] = { "incoming", "queued", "sending" };

    for (guint i = 0; i < G_N_ELEMENTS (open); i++)
        if (strcmp (listed->state, open[i]) == 0)
            return FALSE;
    return TRUE;
}

static BrevListed *
look (const BrevConfig *config, const char *id, GError **error)
{
    g_autoptr (BrevSite) site = brev_site_open (config, BREV_STORE_READ, error);

    return site == NULL ? NULL : brev_listed_find (site, id, error);
}

BrevListed *
brev_follow (const BrevConfig *config, const char *id, gint64 timeout, GError **error)
{
    gint64 end = brev_clock_ticks () + timeout;
    BrevListed *listed;

    while ((listed = look (config, id, error)) != NULL && !is_decided (listed) &&
           brev_clock_ticks () < end) {
        brev_listed_free (listed);
        g_usleep (LOOK_EVERY * 1000);
    }
    return listed;
}
