/* SPDX-License-Identifier: MIT */
#pragma once

#include "envelope/envelope.h"
#include "envelope/frame.h"

/* What happened to the messages whose bytes lie in queue/: README.md lists every state of a
 * message, what is on disk in each, and what a crash in each leads to. The one engine is
 * SQLite; no SQL and no SQLite type passes this line. */
typedef struct BrevStore BrevStore;

/* Of one recipient of one message. The final ones stand last. */
typedef enum {
    BREV_STATE_QUEUED,    /* never tried; due at @due */
    BREV_STATE_DEFERRED,  /* tried; due at @due */
    BREV_STATE_SENDING,   /* a request with @key may have left */
    BREV_STATE_PARKED,    /* waits for a person: our own fault, or a possible duplicate */
    BREV_STATE_SENT,      /* final: the provider has it */
    BREV_STATE_DISCARDED, /* final: accepted by a test token, sandbox or the outbox */
    BREV_STATE_REFUSED,   /* final: never, by the provider or by us */
    BREV_STATE_EXPIRED,   /* final: lifetime is over */
    BREV_STATE_DELETED,   /* final: by an administrator, or its file is gone */
    BREV_STATE_LAST
} BrevState;

extern const char *const brev_state_names[BREV_STATE_LAST];
gboolean brev_state_is_final (BrevState state);

typedef struct {
    guint index;    /* in its message, from 0 */
    char *address;  /* owned: where it goes, qualified */
    char *original; /* owned: as header or argument had it */
    char *account;  /* owned: of the configuration */
    BrevState state;
    gint64 due;          /* ms since 1970 */
    guint attempts;      /* requests made */
    gboolean maybe_sent; /* an earlier request may have reached the provider */
    gint64 doubt_from;   /* ms since 1970: when the last such request may have left, while
                          * nobody knows better; 0: it is known, or was sent again since */
    guint unanswered;    /* how often the provider was asked about it in vain */
    char *key;       /* owned, nullable: of the last request; kept while @maybe_sent */
    char *remote_id; /* owned, nullable */
    char *dsn;       /* owned, nullable: RFC 3463 */
    char *reply;     /* owned, nullable: last reply, one line */
    char *report;   /* owned, nullable: queue id of the report to the sender about @state,
                      * before a final one: of the delay */
    gint64 changed; /* ms since 1970: when @state came to be */
    BrevNotify notify; /* when the sender wants a report about it */
    char *orcpt;       /* owned, nullable: original recipient, as in RFC 3461 */
    gint64
        warn_from; /* ms since 1970: its sender waits since then to be warned of a delay;
                        * 0: it does not want to be, or was */
} BrevStoreRecipient;

typedef struct {
    char *id;
    gboolean is_imported; /* else only @id, @crashes and @parked are known */
    guint32 uid;
    gint64 arrival;   /* ms since 1970 */
    gint64 finished;  /* ms since 1970, 0: not yet */
    guint64 size;     /* bytes of the message */
    guint32 checksum; /* of the frame */
    char *sender;     /* owned: envelope sender, qualified; "" is the null sender */
    char *message_id; /* owned, nullable: the header's, or ours when it had none */
    gboolean sender_is_login; /* it leads to its aliases, as any name without a domain */
    char *login;              /* owned, nullable: claimed */
    char *program;            /* owned, nullable: claimed */
    char way;                 /* BrevWay */
    gboolean is_held; /* by an administrator, or, with @is_storm, by the storm guard */
    gboolean is_storm;
    gboolean is_bulk; /* it says so itself: the other mail of its submitter goes first */
    gint64 sum; /* of what makes two messages alike; 0: not known, or not in question */
    guint crashes;   /* couriers that died over it, since one last lived through it */
    gint64 paused;   /* ms that do not count for lifetime */
    char *parked;    /* owned, nullable: why its file is not even read */
    char *options;   /* owned, nullable: of its caller, without values: "-t -oi" */
    char *ignored;   /* owned, nullable: those of them that had no effect */
    guint dot_bytes; /* bytes behind a lone dot, which were left out */
    char *script;    /* owned, nullable: the PHP script, claimed: "33:mailer.php" */
    char *rewritten; /* owned, nullable: the From address another one stood in for */
    GPtrArray *recipients; /* owned, of BrevStoreRecipient */
} BrevStoreMessage;

BrevStoreMessage *brev_store_message_new (const char *id);
void brev_store_message_free (BrevStoreMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevStoreMessage, brev_store_message_free)
/* (transfer none): appended to @message as QUEUED, its strings copied */
BrevStoreRecipient *brev_store_message_add (BrevStoreMessage *message,
                                            const char *address, const char *original,
                                            const char *account, gint64 due);

typedef enum {
    BREV_STORE_COURIER, /* reads and writes; recovers what a dead courier left */
    BREV_STORE_ADMIN,   /* reads and writes, recovers nothing */
    BREV_STORE_READ,    /* reads; %BREV_ERROR_NO_FILE when there is no database */
    BREV_STORE_MEMORY,  /* no file at all: direct mode without a writable directory */
} BrevStoreMode;

/**
 * brev_store_open:
 * @directory: the spool's store directory, or %NULL with %BREV_STORE_MEMORY
 * @damaged: (out) (optional): why the database is not trusted, or %NULL: a damaged one was
 *   put aside as store.damaged-TIME, or it, or its log, is gone. What it still told was
 *   read; the messages it does not vouch for are imported as possible duplicates
 *
 * Only a courier puts a damaged database aside; everybody else is refused.
 *
 * Returns: (transfer full) (nullable): or %NULL with @error set
 */
BrevStore *brev_store_open (const char *directory, BrevStoreMode mode, gint64 now,
                            char **damaged, GError **error);
void brev_store_free (BrevStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevStore, brev_store_free)

/**
 * brev_store_is_damaged:
 *
 * Returns: whether a damaged page was read since it was opened: a courier has to open it anew
 */
gboolean brev_store_is_damaged (BrevStore *store);

/**
 * brev_store_get:
 *
 * Returns: (transfer full) (nullable): %NULL without @error when there is no such row
 */
BrevStoreMessage *brev_store_get (BrevStore *store, const char *id, GError **error);

#define BREV_STORE_MAX_CRASHES \
    3 /* a message over which so many couriers died is parked */

/**
 * brev_store_begin_import:
 * @ids: (array of char *): files of queue/ that may have no row yet
 *
 * Commits that this courier is about to read these files, so that whoever comes after it
 * knows what it died over.
 *
 * Returns: (transfer full) (nullable): (array of char *) the ids to read now: those without
 * a row over which no courier died, or, if there are none, a single one over which one did.
 * Empty when none of @ids is left: they are imported, parked or in another courier's hands.
 * %NULL with @error set.
 */
GPtrArray *brev_store_begin_import (BrevStore *store, const GPtrArray *ids, gint64 now,
                                    GError **error);

/* What was begun and not imported is in nobody's hands again: no courier died over it. */
gboolean brev_store_end_import (BrevStore *store, GError **error);

/**
 * brev_store_import:
 * @messages: of BrevStoreMessage; a recipient may be in a final state already
 * @finished: (out) (transfer full): (array of char *) ids whose recipients are all final
 *
 * One transaction: the rows of new messages, whole. A message that has its row already is
 * left as it is. Messages from before a damage are parked as possible duplicates.
 */
gboolean brev_store_import (BrevStore *store, const GPtrArray *messages, gint64 now,
                            GPtrArray **finished, GError **error);

typedef struct {
    const char *account; /* whose mail */
    guint max_messages;
    gint64 now;
    const char *only_id; /* nullable: this message alone, due or not (direct mode) */
} BrevClaim;

/**
 * brev_store_claim:
 *
 * Takes due recipients, round robin by submitter, of each the oldest due first; bulk mail when
 * nothing else is due, or nothing but what became due an hour after it. Each message comes with
 * its claimed recipients alone. Committed before it returns: they are "sending" with a key and
 * the mark of this process. When the process dies they are deferred as maybe sent and each
 * message counts one more crash. A message with a crash is claimed alone: settle it before
 * the next claim.
 *
 * Returns: (transfer full) (nullable): (array of BrevStoreMessage), or %NULL with @error
 */
GPtrArray *brev_store_claim (BrevStore *store, const BrevClaim *claim, GError **error);

/**
 * brev_store_take_recovered:
 *
 * What opening the store, a claim or an import found in the hands of couriers that had died,
 * since the last call: for the log.
 *
 * Returns: (transfer full): (array of BrevStoreMessage), one for each recipient, with it
 * alone; or without one: a file over whose import a courier died
 */
GPtrArray *brev_store_take_recovered (BrevStore *store);

/* What became of one recipient. */
typedef struct {
    const char *id;
    guint index;
    BrevState state;       /* not SENDING */
    gint64 due;            /* with DEFERRED or QUEUED */
    gboolean due_is_named; /* by the provider: brev_store_mend_times() leaves it */
    gboolean was_tried;    /* counts as an attempt */
    gboolean was_asked;    /* the provider was asked about it, nothing was sent: whether a
                            * courier would live through that is still open */
    gboolean maybe_sent;   /* once true it stays */
    gint64 doubt_from;     /* as in BrevStoreRecipient; so below */
    guint unanswered;
    gint64 paused;         /* ms to add to the message's pause; its largest counts */
    const char *account;   /* nullable: another account takes it over */
    const char *remote_id; /* nullable */
    const char *dsn;       /* nullable */
    const char *reply;     /* nullable */
    const char *report;    /* nullable: queue id chosen for the report about it */
    const char *rewritten; /* nullable: the From address another one stands in for */
    gboolean has_dsn;      /* not stored: another host reports success */
    gboolean is_sent_once; /* not stored: maybe sent, but the provider knows a repeat */
} BrevSettlement;

/**
 * brev_store_settle:
 * @settlements: array of BrevSettlement
 * @finished: (out) (transfer full): (array of char *) ids whose recipients are now all
 *   final: their files may be unlinked once the reports they name exist
 *
 * One transaction. A final state never changes. A message whose deletion was asked for
 * while it was being sent is not deferred but deleted. The courier has lived through these
 * messages: their crash counts are taken back.
 */
gboolean brev_store_settle (BrevStore *store, const BrevSettlement *settlements, guint n,
                            gint64 now, GPtrArray **finished, GError **error);

/**
 * brev_store_next_warning:
 * @after: ms since 1970
 *
 * Returns: ms since 1970 of the earliest "warn_from" beyond @after of what is neither held
 * nor parked, G_MAXINT64 when there is none, -1 with @error set
 */
gint64 brev_store_next_warning (BrevStore *store, gint64 after, GError **error);

/* Accounts that have such mail with a "warn_from" up to @until.
 * Returns: (transfer full) (nullable): (array of char *) */
GPtrArray *brev_store_delayed_accounts (BrevStore *store, gint64 until, GError **error);

typedef struct {
    const char *account; /* whose mail */
    gint64 until;        /* with a "warn_from" up to that */
    gint64 due_after;    /* and due later than that only */
    gint64 now;
    guint max_messages;
} BrevDelay;

/**
 * brev_store_warn:
 *
 * One transaction: of each message one report, whose id is chosen here, becomes due about
 * those recipients that it delays. Nobody is warned twice.
 *
 * Returns: of how many messages, -1 with @error set
 */
int brev_store_warn (BrevStore *store, const BrevDelay *delay, GError **error);

/* Report ids named by some recipient that were not imported: their file may be missing.
 * Returns: (transfer full) (nullable): (array of BrevStoreMessage), each with the
 * recipients of one report alone. */
GPtrArray *brev_store_missing_reports (BrevStore *store, GError **error);

/* Returns: ms since 1970 of the earliest due time of what is neither held nor parked,
 * G_MAXINT64 when there is none, -1 with @error set */
gint64 brev_store_next_due (BrevStore *store, GError **error);

/* Accounts that have mail due. Returns: (transfer full) (nullable): (array of char *) */
GPtrArray *brev_store_due_accounts (BrevStore *store, gint64 now, GError **error);

typedef struct {
    const char *id;      /* nullable filters */
    gint64 uid;          /* -1: everybody's */
    gboolean unfinished; /* only what is still in the queue */
    gboolean finished;   /* only history */
    guint limit;         /* 0: all */
} BrevStoreFilter;

/* Returns: (transfer full) (nullable): (array of BrevStoreMessage), oldest first */
GPtrArray *brev_store_list (BrevStore *store, const BrevStoreFilter *filter,
                            GError **error);

/* Returns: how many messages have a recipient that came into the final @state at @since or
 * later, -1 with @error set */
gint64 brev_store_count_outcomes (BrevStore *store, BrevState state, gint64 since,
                                  GError **error);

/* Each returns how many messages it changed, -1 with @error set. @id NULL: all. */
int brev_store_retry (BrevStore *store, const char *id, gint64 now, GError **error);
int brev_store_hold (BrevStore *store, const char *id, gint64 now, GError **error);
/* Also takes what is parked back into the queue, due now. The time spent on hold or parked
 * does not count for lifetime. */
int brev_store_release (BrevStore *store, const char *id, gint64 now, GError **error);
/* The row stays, finished, so that a late copy is recognised; what is being sent is deleted
 * when it comes back. @finished as with brev_store_settle(). */
int brev_store_delete (BrevStore *store, const char *id, gint64 now, GPtrArray **finished,
                       GError **error);
/* Also a message that is not imported: its file is left alone until it is released. */
int brev_store_park (BrevStore *store, const char *id, const char *reason, gint64 now,
                     GError **error);

/**
 * brev_store_mend_times:
 * @ahead: ms: no time of ours lies so far ahead; at least 4 h and "retry-max"
 *
 * Takes times further ahead back to @now: the clock was wrong when they were made. Times the
 * provider named stay.
 */
gboolean brev_store_mend_times (BrevStore *store, gint64 now, gint64 ahead,
                                GError **error);

/**
 * brev_store_forget:
 * @history: ms that finished messages are kept in full
 * @lifetime: ms that at least their ids are
 *
 * A message whose report is still to be written is kept. The bytes are overwritten, and the
 * log is emptied unless others read just now; then the next call, or the last one to close
 * the database, does that.
 *
 * Returns: how many messages were forgotten, of perhaps more; -1 with @error set
 */
int brev_store_forget (BrevStore *store, gint64 now, gint64 history, gint64 lifetime,
                       GError **error);

/* Writes the database anew if something was forgotten since it was opened: bytes of that
 * may be left where rows were moved from one page to another. Not while others write, and
 * not a large one. */
void brev_store_rewrite (BrevStore *store);

/**
 * brev_store_forget_address:
 * @kept: (out): finished messages that name it, and about which a report is still to be
 *   written: they stay as they are
 *
 * Forgets every finished message in which @address is a recipient, the sender or part of a
 * reply, and what an account's problems say about it, and writes the database anew: nothing
 * of it is left in its files, unless of mail that is kept or still in the queue.
 *
 * Returns: how many messages were forgotten, -1 with @error set
 */
int brev_store_forget_address (BrevStore *store, const char *address, guint *kept,
                               GError **error);

/* What stopped an account: "token refused" and since when. Kept so that status can say it.
 * @scope: "account", or "sender a@b", "stream x"; @problem NULL: it works again, and the time that the whole
 * account did not is added to the pause of the mail that waits for it; what is held for it is due */
gboolean brev_store_set_problem (BrevStore *store, const char *account, const char *scope,
                                 const char *problem, gint64 until, gint64 now,
                                 GError **error);

typedef struct {
    char *account;
    char *scope;
    char *problem;
    gint64 since;
    gint64 until; /* when it is tried again */
} BrevStoreProblem;

void brev_store_problem_free (BrevStoreProblem *problem);

/* Returns: (transfer full) (nullable): (array of BrevStoreProblem) */
GPtrArray *brev_store_problems (BrevStore *store, GError **error);

/* How fast one account may send now, whoever sends. What it means is decided by the courier;
 * all of it 0: nothing is known. */
typedef struct {
    double tokens;   /* negative: a debt */
    gint64 at;       /* ms since 1970, at which @tokens was true */
    double rate;     /* messages each second, since the provider said that it is too much;
                    * 0: it did not, or that is over */
    double base;     /* what @rate grows back to */
    gint64 until;    /* ms since 1970: nothing is sent before */
    gint64 day_from; /* ms since 1970: the first message of the day of a quota */
    guint day_used;  /* messages since */
} BrevStoreBucket;

/* Returns: %FALSE with @error set; @bucket is 0 when there is none */
gboolean brev_store_get_bucket (BrevStore *store, const char *account,
                                BrevStoreBucket *bucket, GError **error);

/* Reads the clock itself: others may have changed @bucket until the moment it is called. */
typedef void (*BrevStoreBucketChange) (BrevStoreBucket *bucket, gpointer data);

/* One transaction, in which @change is called. */
gboolean brev_store_change_bucket (BrevStore *store, const char *account,
                                   BrevStoreBucketChange change, gpointer data,
                                   GError **error);

/**
 * brev_store_take_slot:
 * @slot: which one of @account's
 *
 * A slot stands for a request that is on its way, whoever sent it: one process has it until
 * it drops it, or ends. Writes nothing.
 *
 * Returns: %FALSE when another process has it
 */
gboolean brev_store_take_slot (BrevStore *store, const char *account, guint slot);
void brev_store_drop_slot (BrevStore *store, const char *account, guint slot);
/* Mail of one user that is all alike: the same recipients, the same subject, of which only a
 * one-way sum is kept. What it means is decided by the courier; all of it 0: nothing is
 * known. */
typedef struct {
    gint64 uid;
    gint64 sum;
    gint64 since;  /* ms since 1970: start of the time in which came: */
    guint64 seen;  /* messages */
    gint64 began;  /* ms since 1970: when they became a storm; 0: they are none */
    guint64 total; /* messages of the storm */
    guint64 held;  /* those of them that were held */
    char
        digest[BREV_ID_LENGTH + 1]; /* queue id of the report about these, which is yet to
                                      * be written; "": none */
    gint64 digest_due;              /* ms since 1970: when; 0: the store knows */
} BrevStoreStorm;

/* Reports that one sender got of late. What it means is decided by the courier; all of it 0:
 * none. */
typedef struct {
    gint64 since; /* ms since 1970: the first of them */
    guint sent;   /* how many went on their own */
    char digest[BREV_ID_LENGTH +
                1];    /* queue id of the one that the others are in, until it
                                      * is written; "": none */
    gint64 digest_due; /* as in BrevStoreStorm */
} BrevStoreReportCount;

/* Decides about each new message that has a "sum", and about each report. */
typedef struct {
    /* Nullable. Inside the transaction of its import: counts @message, and says whether it is held.
     * @storm may be another's, with another sum, in whose place this one could stand. */
    void (*judge) (BrevStoreStorm *storm, BrevStoreMessage *message, gint64 now,
                   gpointer data);
    /* Nullable: all go on their own. Inside the transaction that makes a report of a failure or
     * a delay to @sender needed: counts it. Returns: whether it goes on its own, else it
     * joins the digest. */
    gboolean (*cap) (BrevStoreReportCount *count, const char *sender, gint64 now,
                     gpointer data);
    gpointer data;
    gint64 report_memory; /* as "memory", for reports */
    gint64 memory; /* ms after "since": older counts are forgotten; 0: nothing is */
} BrevStoreGuard;

/* Without one no message is counted or held. */
void brev_store_set_guard (BrevStore *store, const BrevStoreGuard *guard);

/* Returns: (transfer full) (nullable): (array of BrevStoreStorm) those that began, also what
 * is over and not yet forgotten */
GArray *brev_store_storms (BrevStore *store, GError **error);

/* What a report about many messages is about. */
typedef enum {
    BREV_DIGEST_HELD,   /* by the storm guard */
    BREV_DIGEST_FAILED, /* refused, expired or delayed, beyond the limit of reports */
    BREV_DIGEST_LAST
} BrevDigestKind;

typedef struct {
    char *id; /* owned: its queue id */
    BrevDigestKind kind;
    GPtrArray
        *messages;    /* owned, of BrevStoreMessage, the first ones, each with the first
                          * of the recipients it is about */
    guint total;      /* messages it is about; 0: those it was about need no report */
    guint recipients; /* of all of these */
} BrevStoreDigest;

void brev_store_digest_free (BrevStoreDigest *digest);

/* Returns: ms since 1970 when the next digest has collected enough, G_MAXINT64 when there is
 * none, -1 with @error set */
gint64 brev_store_next_digest (BrevStore *store, GError **error);

/* Those whose time has come collect nothing more from now on. Returns: how many,
 * -1 with @error set */
int brev_store_close_digests (BrevStore *store, gint64 now, GError **error);

#define BREV_DIGEST_RECIPIENTS 10 /* of each message that a digest names */

/**
 * brev_store_closed_digests:
 * @most: messages to name in one
 *
 * Returns: (transfer full) (nullable): (array of BrevStoreDigest) what is to be written and
 * imported, %NULL with @error set
 */
GPtrArray *brev_store_closed_digests (BrevStore *store, guint most, GError **error);

/* There is nothing to write for it. */
gboolean brev_store_drop_digest (BrevStore *store, const char *id, GError **error);

typedef struct {
    char *name;      /* owned: "-oi" */
    guint64 used;    /* messages with it */
    guint64 ignored; /* those in which it had no effect */
} BrevStoreOption;

/* What one calling program did since the database was made. No address is in it, and it
 * outlives the history. Only so many callers are told apart, of each user and in all. */
typedef struct {
    gint64 uid;
    gboolean is_rest; /* callers of @uid, or of everybody when that is -1, in one */
    char *login;      /* owned; as all names claimed, and "" when it is not known */
    char *program;    /* owned */
    char *script;     /* owned */
    gint64 first;     /* arrival of its messages, ms since 1970 */
    gint64 last;
    guint64 messages;
    guint64 dot_messages; /* those that went on behind a lone dot */
    guint64 dot_bytes;    /* and how many bytes were left out of them */
    guint64 rewritten;    /* messages with another From than they were given */
    GPtrArray *options;   /* owned, of BrevStoreOption, most used first */
} BrevStoreCaller;

void brev_store_caller_free (BrevStoreCaller *caller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevStoreCaller, brev_store_caller_free)

/* Returns: (transfer full) (nullable): (array of BrevStoreCaller), most messages first */
GPtrArray *brev_store_callers (BrevStore *store, GError **error);
