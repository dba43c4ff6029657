/* SPDX-License-Identifier: MIT */
#include "courier/claim.h"

#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "courier/fallback.h"
#include "courier/record.h"
#include "courier/routing.h"

/* -- plan ---------------------------------------------------------------------------- */

static void
settle_all (BrevWorker *worker, BrevLetter *letter, const GPtrArray *recipients,
            const BrevVerdict *verdict, gint64 hold_until)
{
    for (guint i = 0; i < recipients->len; i++)
        brev_worker_settle (worker, letter, recipients->pdata[i], verdict, hold_until);
}

static BrevPlan *
make_plan (const BrevWorker *worker, const BrevLetter *letter,
           const GPtrArray *recipients)
{
    g_autofree BrevPlanRecipient *wanted = g_new0 (BrevPlanRecipient, recipients->len);
    BrevPlanInput input = {
        .queue_id = letter->row->id,
        .message = letter->message,
        .fd = letter->fd,
        .sender = letter->row->sender,
        .envid = letter->file->envelope->envid,
        .ret = letter->file->envelope->ret,
        .message_id = letter->row->message_id,
        .full_name = letter->file->envelope->full_name,
        .is_report = letter->file->origin.way == BREV_WAY_REPORT,
        .is_gateway = letter->file->envelope->gateway,
        .recipients = wanted,
        .n_recipients = recipients->len,
        .config = worker->courier->config,
        .account = worker->account,
        .provider = worker->provider,
        .arrival = letter->row->arrival,
        .now = brev_clock_now (),
    };

    for (guint i = 0; i < recipients->len; i++) {
        const BrevStoreRecipient *recipient = recipients->pdata[i];
        wanted[i] =
            (BrevPlanRecipient){ recipient->address, recipient->original,
                                 recipient->index, recipient->notify, recipient->orcpt };
    }
    return brev_plan_make (&input);
}

/* The scope of mail that waits for a line in the configuration: its From address. */
static char *
from_scope (const BrevLetter *letter)
{
    const GPtrArray *from = letter->message->from;
    const char *address = letter->row->sender;

    if (from->len > 0)
        address = ((const BrevMailbox *) from->pdata[0])->address;
    return brev_trouble_scope ("from", address);
}

static void
wait_for_configuration (BrevWorker *worker, BrevLetter *letter,
                        const GPtrArray *recipients, const BrevPlan *plan)
{
    g_autofree char *scope = from_scope (letter);
    BrevVerdict verdict = {
        .kind = BREV_VERDICT_ACCOUNT,
        .dsn = plan->dsn != NULL ? plan->dsn : "4.3.5",
        .text = plan->reason,
    };

    settle_all (
        worker, letter, recipients, &verdict,
        brev_trouble_add (worker->trouble, scope, plan->reason, brev_clock_now ()));
}

static void
refuse (BrevWorker *worker, BrevLetter *letter, const GPtrArray *recipients,
        const BrevPlan *plan)
{
    BrevVerdict verdict = {
        .kind = BREV_VERDICT_REFUSED,
        .dsn = plan->dsn != NULL ? plan->dsn : "5.6.0",
        .text = plan->reason,
    };

    settle_all (worker, letter, recipients, &verdict, 0);
}

/* What is known to be stuck is not even tried; everything else is a request. */
static void
queue_mail (BrevWorker *worker, BrevLetter *letter, BrevMail *mail, gboolean is_question)
{
    gint64 until = 0;
    const char *problem = brev_worker_objection (worker, mail, &until);
    g_autofree char *text = g_strdup (problem);
    BrevVerdict verdict = { .kind = BREV_VERDICT_ACCOUNT, .text = text };

    if (problem == NULL) {
        if (is_question)
            brev_worker_ask (worker, letter, mail);
        else
            brev_worker_add (worker, letter, mail);
        return;
    }
    for (guint i = 0; i < mail->n_recipients; i++)
        brev_worker_settle (worker, letter,
                            brev_letter_recipient (letter, mail->recipients[i]), &verdict,
                            until);
}

static void
refuse_one (BrevWorker *worker, BrevLetter *letter, const BrevPlanRefusal *refusal)
{
    const BrevVerdict verdict = {
        .kind = BREV_VERDICT_REFUSED,
        .dsn = refusal->dsn,
        .text = refusal->text,
    };

    brev_worker_settle (worker, letter, brev_letter_recipient (letter, refusal->index),
                        &verdict, 0);
}

static void
name_requests (const BrevLetter *letter, const BrevPlan *plan)
{
    for (guint i = 0; i < plan->mails->len; i++) {
        BrevMail *mail = plan->mails->pdata[i];
        const BrevStoreRecipient *first =
            brev_letter_recipient (letter, mail->recipients[0]);
        if (brev_provider_names_requests (plan->provider) && first->key != NULL)
            brev_mail_name_request (mail, first->key);
    }
}

static void
send_plan (BrevWorker *worker, BrevLetter *letter, BrevPlan *plan, gboolean is_question)
{
    BrevWorker *sender = brev_courier_worker (worker->courier, plan->account);

    if (!brev_trouble_is_empty (worker->trouble)) {
        g_autofree char *scope = from_scope (letter);
        brev_trouble_end (worker->trouble, scope, brev_clock_now ());
    }
    if (letter->row->rewritten == NULL)
        letter->row->rewritten = g_strdup (brev_record_replaced_from (plan));
    if (!worker->courier->is_quiet && !is_question)
        brev_record_plan (letter->row, plan);
    name_requests (letter, plan);
    for (guint i = 0; i < plan->mails->len; i++)
        queue_mail (sender, letter, plan->mails->pdata[i], is_question);
    for (guint i = 0; i < plan->refusals->len; i++)
        refuse_one (sender, letter, plan->refusals->pdata[i]);
}

/* By the account's fallback, while it cannot send itself. */
static gboolean
is_taken_over (BrevWorker *worker, BrevLetter *letter, const GPtrArray *recipients)
{
    BrevWorker *other = brev_fallback_for (worker);
    g_autoptr (BrevPlan) plan = NULL;

    if (other == NULL)
        return FALSE;
    plan = make_plan (other, letter, recipients);
    if (!brev_fallback_give (worker, other, letter, recipients, plan))
        brev_fallback_keep (worker, letter, recipients);
    return TRUE;
}

static void
plan_some (BrevWorker *worker, BrevLetter *letter, const GPtrArray *recipients,
           gboolean is_question)
{
    BrevPlan *plan;

    if (is_taken_over (worker, letter, recipients))
        return;
    plan = make_plan (worker, letter, recipients);
    g_ptr_array_add (letter->plans, plan);
    switch (plan->kind) {
    case BREV_PLAN_SEND:
        send_plan (worker, letter, plan, is_question);
        break;
    case BREV_PLAN_REFUSE:
        refuse (worker, letter, recipients, plan);
        break;
    case BREV_PLAN_WAIT:
        wait_for_configuration (worker, letter, recipients, plan);
        break;
    }
}

/* Returns: whether that one may have gone with a request that has the key of @other */
static gboolean
shares_request (const BrevStoreRecipient *recipient, const BrevStoreRecipient *other)
{
    return recipient->maybe_sent == other->maybe_sent &&
           (!recipient->maybe_sent || g_strcmp0 (recipient->key, other->key) == 0);
}

/* What one request may have carried goes as that request again: by its key the provider
 * knows that it had it. */
static void
plan_by_key (BrevWorker *worker, BrevLetter *letter, GPtrArray *recipients,
             gboolean is_question)
{
    while (recipients->len > 0) {
        g_autoptr (GPtrArray) same = g_ptr_array_new ();
        const BrevStoreRecipient *first = recipients->pdata[0];
        for (guint i = 0; i < recipients->len;) {
            if (shares_request (recipients->pdata[i], first))
                g_ptr_array_add (same, g_ptr_array_remove_index (recipients, i));
            else
                i++;
        }
        plan_some (worker, letter, same, is_question);
    }
}

static void
plan_all (BrevWorker *worker, BrevLetter *letter, GPtrArray *recipients,
          gboolean is_question)
{
    if (worker->provider != NULL && brev_provider_names_requests (worker->provider))
        plan_by_key (worker, letter, recipients, is_question);
    else if (recipients->len > 0)
        plan_some (worker, letter, recipients, is_question);
}

/* Those that may have been sent travel apart: the others need not wait for an answer. */
void
brev_claim_plan (BrevWorker *worker, BrevLetter *letter, const GPtrArray *recipients,
                 gboolean may_ask)
{
    g_autoptr (GPtrArray) doubtful = g_ptr_array_new ();
    g_autoptr (GPtrArray) others = g_ptr_array_new ();

    may_ask = may_ask && brev_worker_can_ask (worker);
    for (guint i = 0; i < recipients->len; i++) {
        BrevStoreRecipient *recipient = recipients->pdata[i];
        gboolean is_doubtful = may_ask && recipient->doubt_from > 0;
        g_ptr_array_add (is_doubtful ? doubtful : others, recipient);
    }
    plan_all (worker, letter, doubtful, TRUE);
    plan_all (worker, letter, others, FALSE);
}

/* -- read and decode ----------------------------------------------------------------- */

/* A message that cannot be read. What no one can ever read is refused; a file that is not
 * what it was is a person's to look at; everything else may pass. */
static void
settle_unreadable (BrevWorker *worker, BrevLetter *letter, gboolean is_whole,
                   const GError *error)
{
    gboolean is_input = g_error_matches (error, BREV_ERROR, BREV_ERROR_INPUT);
    BrevVerdict verdict = { .kind = BREV_VERDICT_LATER, .dsn = "4.3.0" };

    if (is_input)
        verdict.kind = is_whole ? BREV_VERDICT_REFUSED : BREV_VERDICT_PARK;
    if (is_input && is_whole)
        verdict.dsn = "5.6.0";
    verdict.text = error->message;
    settle_all (worker, letter, letter->row->recipients, &verdict, 0);
}

static void
settle_lost (BrevWorker *worker, BrevLetter *letter)
{
    brev_log (
        BREV_LOG_ERROR,
        "%s: the file of this message is gone from queue/; nothing can be sent to its "
        "%u recipients",
        letter->row->id, letter->row->recipients->len);
    for (guint i = 0; i < letter->row->recipients->len; i++) {
        const BrevStoreRecipient *recipient = letter->row->recipients->pdata[i];
        BrevSettlement settlement = {
            .index = recipient->index,
            .state = BREV_STATE_DELETED,
            .dsn = "5.3.0",
            .reply = "the file of the message is gone",
        };
        brev_settler_add (worker->courier->settler, letter, recipient, "none",
                          &settlement);
    }
}

static gboolean
decode (BrevLetter *letter, GError **error)
{
    letter->message = brev_message_decode (letter->fd, letter->file->message_offset,
                                           letter->file->message_length, error);
    return letter->message != NULL;
}

static void
prepare (BrevWorker *worker, BrevLetter *letter)
{
    g_autoptr (GError) error = NULL;
    int fd = brev_courier_open_file (worker->courier, letter->row->id);

    if (fd < 0 && errno == ENOENT) {
        settle_lost (worker, letter);
        return;
    }
    if (fd < 0) {
        (void) brev_throw_errno (&error, errno, "cannot open the file of the message");
        settle_unreadable (worker, letter, FALSE, error);
        return;
    }
    if (!brev_letter_read (letter, fd, &error))
        settle_unreadable (worker, letter, FALSE, error);
    else if (!decode (letter, &error))
        settle_unreadable (worker, letter, TRUE, error);
    else
        brev_claim_plan (worker, letter, letter->row->recipients, TRUE);
}

/* -- strays -------------------------------------------------------------------------- */

static void
pass_on_one (BrevWorker *worker, BrevLetter *letter, BrevStoreRecipient *recipient,
             const BrevRouting *routing)
{
    const BrevAccount *account = brev_routing_account (routing, recipient->address);
    gint64 now = brev_clock_now ();
    char text[] = BREV_NO_ACCOUNT;
    BrevVerdict verdict = { .kind = BREV_VERDICT_ACCOUNT, .dsn = "4.3.5", .text = text };

    if (account != NULL) {
        brev_worker_return (worker, letter, recipient->index, account, now);
        brev_courier_worker (worker->courier, account)->may_have_due = TRUE;
    } else
        brev_worker_settle (
            worker, letter, recipient, &verdict,
            brev_trouble_add (worker->trouble, BREV_SCOPE_WHOLE, text, now));
}

/* Mail whose account the configuration does not have gets one that it has. */
static void
pass_on (BrevWorker *worker, BrevLetter *letter)
{
    BrevRouting routing = {
        .config = worker->courier->config,
        .sender = letter->row->sender,
        .uid = letter->row->uid,
    };
    int fd = brev_courier_open_file (worker->courier, letter->row->id);

    if (fd >= 0 && brev_letter_read (letter, fd, NULL))
        (void) decode (letter, NULL);
    routing.message = letter->message;
    for (guint i = 0; i < letter->row->recipients->len; i++)
        pass_on_one (worker, letter, letter->row->recipients->pdata[i], &routing);
}

/* -- claim --------------------------------------------------------------------------- */

static gboolean
claim_for (BrevWorker *worker, const char *account, GError **error)
{
    BrevCourier *courier = worker->courier;
    BrevWorker *other = brev_fallback_for (worker);
    BrevClaim claim = {
        .account = account,
        .max_messages = brev_worker_appetite (other != NULL ? other : worker),
        .now = brev_clock_now (),
        .only_id = courier->only_id,
    };
    g_autoptr (GPtrArray) rows = brev_store_claim (courier->store, &claim, error);

    if (rows == NULL)
        return FALSE;
    worker->may_have_due = rows->len > 0 && courier->only_id == NULL;
    worker->filling = NULL;
    g_ptr_array_set_free_func (rows, NULL);
    for (guint i = 0; i < rows->len; i++) {
        g_autoptr (BrevLetter) letter =
            brev_letter_new (rows->pdata[i], &courier->suspects);
        if (worker->account == NULL)
            pass_on (worker, letter);
        else
            prepare (worker, letter);
    }
    return TRUE;
}

/* (transfer full) (nullable): an account with due mail that the configuration does not
 * have */
static char *
find_stray (const BrevWorker *worker, GError **error)
{
    const BrevCourier *courier = worker->courier;
    g_autoptr (GPtrArray) accounts =
        brev_store_due_accounts (courier->store, brev_clock_now (), error);

    for (guint i = 0; accounts != NULL && i < accounts->len; i++)
        if (brev_config_find_account (courier->config, accounts->pdata[i]) == NULL)
            return g_strdup (accounts->pdata[i]);
    return NULL;
}

/* Without any account there is nobody to pass mail on to: it is not even claimed. */
static gboolean
claim_strays (BrevWorker *worker, GError **error)
{
    g_autoptr (GError) failure = NULL;
    g_autofree char *account = find_stray (worker, &failure);

    if (failure != NULL) {
        g_propagate_error (error, g_steal_pointer (&failure));
        return FALSE;
    }
    worker->may_have_due = account != NULL;
    if (account == NULL)
        return TRUE;
    if (worker->courier->config->accounts->len > 0)
        return claim_for (worker, account, error);
    (void) brev_trouble_add (worker->trouble, BREV_SCOPE_WHOLE, BREV_NO_ACCOUNT,
                             brev_clock_now ());
    return TRUE;
}

gboolean
brev_claim_mail (BrevWorker *worker, GError **error)
{
    if (worker->account == NULL)
        return claim_strays (worker, error);
    return claim_for (worker, worker->account->name, error);
}
