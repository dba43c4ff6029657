/* SPDX-License-Identifier: MIT */
#include "courier/guard.h"

#include <string.h>

#include "base/clock.h"
#include "config/schema.h"
#include "courier/record.h"
#include "courier/report-cap.h"

struct BrevGuard {
    const BrevConfig *config; /* borrowed */
    BrevStore *store;         /* borrowed, nullable */
    BrevStormRule rule;
    gboolean may_cap;
    GPtrArray *capped; /* owned, of char *: senders */
    GPtrArray *begun;  /* owned, of BrevStoreMessage: that began a storm, borrowed */
};

BrevStormRule
brev_guard_rule (const BrevConfig *config)
{
    return (BrevStormRule){ .limit = config->storm_limit,
                            .window = config->storm_window,
                            .may_hold = config->storm_guard == BREV_STORM_GUARD_HOLD };
}

/* Its recipients name the report that will tell of them, unless they have one of their own. */
static void
hold (BrevStoreMessage *message, const char *digest)
{
    message->is_held = message->is_storm = TRUE;
    for (guint i = 0; i < message->recipients->len; i++) {
        BrevStoreRecipient *recipient = message->recipients->pdata[i];
        if (!brev_state_is_final (recipient->state) && recipient->report == NULL)
            recipient->report = g_strdup (digest);
    }
}

static void
judge (BrevStoreStorm *storm, BrevStoreMessage *message, gint64 now, gpointer data)
{
    BrevGuard *guard = data;
    BrevStormVerdict verdict =
        brev_storm_judge (storm, &guard->rule, message->sum, message->arrival, now);

    if (verdict == BREV_STORM_BEGINS)
        g_ptr_array_add (guard->begun, message);
    if (verdict == BREV_STORM_NONE || !guard->rule.may_hold)
        return;
    if (storm->digest[0] == '\0') {
        brev_id_new (storm->digest);
        storm->digest_due = brev_storm_digest_due (storm, &guard->rule, now);
    }
    hold (message, storm->digest);
}

static gboolean
cap (BrevStoreReportCount *count, const char *sender, gint64 now, gpointer data)
{
    BrevGuard *guard = data;
    gboolean is_own = brev_report_cap (count, guard->config->report_limit, now);

    if (count->digest_due != 0)
        g_ptr_array_add (guard->capped, g_strdup (sender));
    return is_own;
}

/* @may_judge: else what is known is only forgotten in time. */
static void
set_guard (BrevGuard *guard, gboolean may_judge)
{
    gboolean is_off = guard->config->storm_guard == BREV_STORM_GUARD_OFF;
    const BrevStoreGuard store_guard = {
        .judge = may_judge && !is_off ? judge : NULL,
        .cap = may_judge && guard->may_cap ? cap : NULL,
        .data = may_judge ? guard : NULL,
        .report_memory = BREV_REPORT_CAP_WINDOW,
        .memory = is_off ? 1 : 2 * guard->config->storm_window,
    };

    if (guard->store != NULL)
        brev_store_set_guard (guard->store, &store_guard);
}

BrevGuard *
brev_guard_new (const BrevConfig *config, BrevStore *store, gboolean is_durable)
{
    BrevGuard *guard = g_new0 (BrevGuard, 1);

    guard->config = config;
    guard->store = store;
    guard->rule = brev_guard_rule (config);
    guard->rule.may_hold &= is_durable;
    guard->may_cap = is_durable && config->report_limit > 0;
    guard->capped = g_ptr_array_new_with_free_func (g_free);
    guard->begun = g_ptr_array_new ();
    set_guard (guard, TRUE);
    return guard;
}

void
brev_guard_free (BrevGuard *guard)
{
    if (guard == NULL)
        return;
    set_guard (guard, FALSE);
    g_ptr_array_unref (guard->capped);
    g_ptr_array_unref (guard->begun);
    g_free (guard);
}

void
brev_guard_reset (BrevGuard *guard)
{
    g_ptr_array_set_size (guard->capped, 0);
    g_ptr_array_set_size (guard->begun, 0);
}

void
brev_guard_log (BrevGuard *guard)
{
    g_autofree char *window = brev_setting_format (
        brev_setting_find (BREV_GROUP_BREVDUE, "storm-window"), guard->config);

    for (guint i = 0; i < guard->begun->len; i++)
        brev_record_storm (guard->begun->pdata[i], guard->rule.limit, window);
    for (guint i = 0; i < guard->capped->len; i++)
        brev_record_cap (guard->capped->pdata[i], guard->config->report_limit);
    brev_guard_reset (guard);
}
