/* SPDX-License-Identifier: MIT */
#include "courier/fallback.h"

#include "base/clock.h"
#include "base/log.h"

/* Mail waits so long for its own account, without another one being asked. */
#define PATIENCE (10 * BREV_SECOND)

/* Its quota is used up, or another process was told that it is too fast. */
static gboolean
has_paused (const BrevWorker *worker)
{
    return worker->pace.is_used_up || worker->pace.is_paused;
}

static gint64
rest_left (const BrevWorker *worker)
{
    gint64 pause = has_paused (worker) ? worker->pace.until : 0;

    return MAX (worker->rest_until, pause) - brev_clock_ticks ();
}

/* Also while the one message that goes ahead has no answer yet. */
static gboolean
is_resting (const BrevWorker *worker)
{
    gint64 until;

    if ((worker->failures > 0 || has_paused (worker)) && rest_left (worker) > PATIENCE)
        return TRUE;
    return brev_worker_is_stuck (worker) &&
           (worker->open > 0 || rest_left (worker) > 0 ||
            brev_trouble_find (worker->trouble, BREV_SCOPE_WHOLE, brev_clock_now (),
                               &until) != NULL);
}

static gboolean
can_take_over (BrevWorker *worker)
{
    return !brev_worker_is_stuck (worker) && !is_resting (worker) &&
           brev_worker_is_able (worker);
}

/* The next one of the chain, which may lead back to its start. */
static BrevWorker *
find_able (BrevWorker *worker)
{
    const BrevCourier *courier = worker->courier;
    const BrevAccount *account = worker->account;

    for (guint i = 0; account != NULL && i < courier->config->accounts->len; i++) {
        BrevWorker *other;
        if (account->fallback == NULL)
            return NULL;
        account = brev_config_find_account (courier->config, account->fallback);
        if (account == NULL || account == worker->account)
            return NULL;
        other = brev_courier_worker (courier, account);
        if (can_take_over (other))
            return other;
    }
    return NULL;
}

BrevWorker *
brev_fallback_for (BrevWorker *worker)
{
    if (worker->account == NULL || worker->account->fallback == NULL ||
        !is_resting (worker))
        return NULL;
    return find_able (worker);
}

static gboolean
has_surely_not_left (const BrevStoreRecipient *recipient)
{
    return !recipient->maybe_sent && recipient->doubt_from == 0;
}

static gboolean
have_surely_not_left (const GPtrArray *recipients)
{
    for (guint i = 0; i < recipients->len; i++)
        if (!has_surely_not_left (recipients->pdata[i]))
            return FALSE;
    return TRUE;
}

/* Whether the other account loses no more than a harmless thing, and refuses nobody. */
static gboolean
is_as_good (const BrevPlan *plan, const BrevWorker *other)
{
    return plan->kind == BREV_PLAN_SEND && plan->account == other->account &&
           plan->refusals->len == 0 && g_strcmp0 (plan->step, "lossy") != 0;
}

static void
tell (BrevWorker *worker, BrevWorker *other)
{
    if (worker->stand_in == other)
        return;
    worker->stand_in = other;
    if (!worker->courier->is_quiet)
        brev_log (BREV_LOG_WARNING,
                  "account '%s': its mail goes by account '%s' until it works again",
                  worker->account->name, other->account->name);
}

gboolean
brev_fallback_give (BrevWorker *worker, BrevWorker *other, BrevLetter *letter,
                    const GPtrArray *recipients, const BrevPlan *plan)
{
    gint64 now = brev_clock_now ();

    if (!have_surely_not_left (recipients) || !is_as_good (plan, other))
        return FALSE;
    tell (worker, other);
    for (guint i = 0; i < recipients->len; i++) {
        const BrevStoreRecipient *recipient = recipients->pdata[i];
        brev_worker_return (worker, letter, recipient->index, other->account, now);
    }
    other->may_have_due = TRUE;
    return TRUE;
}

void
brev_fallback_keep (BrevWorker *worker, BrevLetter *letter, const GPtrArray *recipients)
{
    gint64 now = brev_clock_now ();
    gint64 until = 0;
    g_autofree char *problem =
        g_strdup (brev_trouble_find (worker->trouble, BREV_SCOPE_WHOLE, now, &until));
    const BrevVerdict verdict = { .kind = BREV_VERDICT_ACCOUNT, .text = problem };

    for (guint i = 0; i < recipients->len; i++) {
        BrevStoreRecipient *recipient = recipients->pdata[i];
        if (problem != NULL)
            brev_worker_settle (worker, letter, recipient, &verdict, until);
        else
            brev_worker_return (worker, letter, recipient->index, NULL,
                                now + MAX (rest_left (worker), BREV_SECOND));
    }
}

gboolean
brev_fallback_return (BrevWorker *worker, BrevLetter *letter,
                      BrevStoreRecipient *recipient, const BrevVerdict *verdict)
{
    gboolean is_accounts_fault =
        verdict->kind == BREV_VERDICT_ACCOUNT && verdict->scope == BREV_SCOPE_ACCOUNT;
    gboolean is_too_long =
        verdict->kind == BREV_VERDICT_LATER && verdict->after > PATIENCE;
    BrevVerdict sooner = *verdict;

    if ((!is_accounts_fault && !is_too_long) || !has_surely_not_left (recipient) ||
        find_able (worker) == NULL)
        return FALSE;
    sooner.after = 0;
    if (is_too_long)
        brev_worker_settle (worker, letter, recipient, &sooner, 0);
    else
        brev_worker_return (worker, letter, recipient->index, NULL, brev_clock_now ());
    worker->may_have_due = TRUE;
    return TRUE;
}
