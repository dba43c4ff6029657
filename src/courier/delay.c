/* SPDX-License-Identifier: MIT */
#include "courier/delay.h"

#include "base/clock.h"
#include "courier/worker.h"

/* Messages in one transaction: each costs a synced file, and the next turn comes at once. */
enum { BATCH = 64 };

/* In the foreground the caller hears what there is to hear. */
static gboolean
is_wanted (const BrevCourier *courier)
{
    return courier->config->delay_warning > 0 && courier->only_id == NULL;
}

gint64
brev_delay_next (const BrevCourier *courier)
{
    gint64 delay = courier->config->delay_warning;
    gint64 next = G_MAXINT64;

    if (is_wanted (courier))
        next = brev_store_next_warning (courier->store, brev_clock_now () - delay, NULL);
    return next < 0 || next == G_MAXINT64 ? G_MAXINT64 : next + delay;
}

static gboolean
warn_account (const BrevCourier *courier, const char *name, gint64 now, GError **error)
{
    const BrevAccount *account = brev_config_find_account (courier->config, name);
    const BrevWorker *worker = brev_courier_worker (courier, account);
    BrevDelay delay = {
        .account = name,
        .until = now - courier->config->delay_warning,
        .due_after = brev_worker_is_stuck (worker) ? G_MININT64 : now,
        .now = now,
        .max_messages = BATCH,
    };

    return brev_settler_warn (courier->settler, &delay, error);
}

gboolean
brev_delay_warn (const BrevCourier *courier, GError **error)
{
    gint64 now = brev_clock_now ();
    g_autoptr (GPtrArray) accounts = NULL;

    if (!is_wanted (courier))
        return TRUE;
    accounts = brev_store_delayed_accounts (courier->store,
                                            now - courier->config->delay_warning, error);
    if (accounts == NULL)
        return FALSE;
    for (guint i = 0; i < accounts->len; i++)
        if (!warn_account (courier, accounts->pdata[i], now, error))
            return FALSE;
    return TRUE;
}
