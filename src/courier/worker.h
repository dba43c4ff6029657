/* SPDX-License-Identifier: MIT */
#pragma once

#include "courier/access.h"
#include "courier/courier.h"
#include "courier/job.h"
#include "courier/pace.h"
#include "courier/trouble.h"

/* Why mail waits that no account takes. */
#define BREV_NO_ACCOUNT                                                                    \
    "no account is configured for it: add an [account NAME] section to brevdue.conf, or "  \
    "set a provider's variable such as POSTMARK_SERVER_TOKEN (cron and PHP-FPM clear the " \
    "environment: there it must be passed on by name)"

/* The mail of one account: what it may do now, and what waits for its turn. One worker,
 * the strays', has no account: it takes the mail whose account the configuration no
 * longer has, or never had, and passes it on. */
typedef struct BrevWorker {
    BrevCourier *courier;       /* borrowed */
    const BrevAccount *account; /* borrowed, NULL: the strays' */
    const BrevProvider *provider;
    gboolean is_outbox;
    BrevAccess *access;   /* owned, NULL: there is nobody to send to */
    BrevTrouble *trouble; /* owned */
    BrevPace pace;
    GQueue jobs;           /* owned, of BrevJob: planned, waiting for a slot */
    BrevJob *filling;      /* borrowed, nullable: the one of @jobs that mails may join */
    guint open;            /* requests without an answer */
    gboolean may_have_due; /* the last claim did not take all */
    guint failures;        /* requests in a row that got no useful answer */
    gint64 rest_until;     /* ticks: after failures, nothing is sent before */
    struct BrevWorker *stand_in; /* borrowed, nullable: the log says that it took over */
} BrevWorker;

BrevWorker *brev_worker_new (BrevCourier *courier, const BrevAccount *account);
void brev_worker_free (BrevWorker *worker);

/* Whether the account as a whole can send; looks for its token again when it had none, and
 * asks for keys before they end. */
gboolean brev_worker_is_able (BrevWorker *worker);
/* Whether keys are on their way. */
gboolean brev_worker_is_asking (const BrevWorker *worker);
/* Returns: whether a request may be sent now */
gboolean brev_worker_may_send (BrevWorker *worker);
/* Returns: whether a claim makes sense now */
gboolean brev_worker_may_claim (BrevWorker *worker);
/* Takes what the next request needs out of its account's bucket.
 * Returns: 1, 0: not now, -1 with @error set */
int brev_worker_lease (BrevWorker *worker, GError **error);
/* Returns: how many messages to claim at once */
guint brev_worker_appetite (const BrevWorker *worker);
/* Returns: ms until waiting mail may be sent, -1 when it is not time that it waits for */
gint64 brev_worker_wait (BrevWorker *worker);
/* Nothing is sent for a while, longer after each failure; for @asked ms at least. */
void brev_worker_rest (BrevWorker *worker, gint64 asked);
/* Everything is worth a try now: an administrator asked. */
void brev_worker_wake (BrevWorker *worker);

/* Returns: whether its due mail waits for more than its turn */
gboolean brev_worker_is_stuck (const BrevWorker *worker);

/* Returns: mails that one request of this account may hold */
guint brev_worker_batch (const BrevWorker *worker);

/* Returns: (transfer full): what shares the fate of @mail when the provider objects to it,
 * or to @recipient (nullable), for this scope */
char *brev_worker_scope (const BrevWorker *worker, const BrevMail *mail,
                         const char *recipient, BrevScope scope);

/**
 * brev_worker_objection:
 *
 * Returns: (nullable): why mail like @mail waits for the administrator until @until
 */
const char *brev_worker_objection (BrevWorker *worker, const BrevMail *mail,
                                   gint64 *until);

/**
 * brev_worker_settle:
 * @hold_until: with %BREV_VERDICT_ACCOUNT: when it is tried again
 */
void brev_worker_settle (BrevWorker *worker, BrevLetter *letter,
                         BrevStoreRecipient *recipient, const BrevVerdict *verdict,
                         gint64 hold_until);
/* One recipient goes back to the queue, untried; @account (nullable) takes it over. */
void brev_worker_return (BrevWorker *worker, BrevLetter *letter, guint index,
                         const BrevAccount *account, gint64 due);
/* So does all planned but unsent mail. */
void brev_worker_give_back (BrevWorker *worker, gint64 due);
/* So it does, and nothing that was asked for will come: there is no HTTP any more. */
void brev_worker_abandon (BrevWorker *worker);

/* Queues a mail of @letter, in a request with others where that is possible. */
void brev_worker_add (BrevWorker *worker, BrevLetter *letter, BrevMail *mail);

/* Returns: whether its provider can be asked for mail that may have been sent */
gboolean brev_worker_can_ask (const BrevWorker *worker);
/* Queues a question: whether the provider has a mail of @letter already. */
void brev_worker_ask (BrevWorker *worker, BrevLetter *letter, BrevMail *mail);

/* @recipients (of BrevStoreRecipient) are sent although they may have been sent before. */
void brev_worker_send_doubtful (BrevWorker *worker, BrevLetter *letter,
                                const GPtrArray *recipients, const char *why);

/**
 * brev_worker_next:
 * @request: (out) (transfer full): its request
 *
 * Returns: (transfer full) (nullable): the next job with its request, or %NULL when none
 * is left; what cannot be encoded is settled
 */
BrevJob *brev_worker_next (BrevWorker *worker, BrevHttpRequest **request);

/* The request of @job (transfer full) could not even be made. */
void brev_worker_unmade (BrevWorker *worker, BrevJob *job, const GError *error);

/**
 * brev_worker_follow:
 * @reply: to the request of @job that was on its way
 *
 * Returns: (transfer full) (nullable): the next one, where that was a prelude that leads on;
 * with @error it cannot be made
 */
BrevHttpRequest *brev_worker_follow (const BrevWorker *worker, BrevJob *job,
                                     const BrevHttpReply *reply, GError **error);

/**
 * brev_worker_answered:
 * @job: (transfer full): with its @outcomes
 *
 * Settles each recipient, and queues what must be sent again at once: the halves of a
 * refused batch, a mail without its refused recipient.
 */
void brev_worker_answered (BrevWorker *worker, BrevJob *job);
