/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* What happened to the messages whose bytes lie in queue/: README.md lists every state of a
 * message, what is on disk in each, and what a crash in each leads to. The one engine is
 * SQLite; no SQL and no SQLite type passes this line. */
typedef struct BrevStore BrevStore;

/* Of one recipient of one message. */
typedef enum {
    BREV_STATE_QUEUED,    /* never tried; due at @due */
    BREV_STATE_DEFERRED,  /* tried; due at @due */
    BREV_STATE_SENDING,   /* a request with @key may have left */
    BREV_STATE_SENT,      /* final: the provider has it */
    BREV_STATE_DISCARDED, /* final: accepted by a test token, sandbox or the outbox */
    BREV_STATE_REFUSED,   /* final: never, by the provider or by us */
    BREV_STATE_EXPIRED,   /* final: lifetime is over */
    BREV_STATE_PARKED,    /* waits for a person: our own fault, or a possible duplicate */
    BREV_STATE_LAST
} BrevState;

extern const char *const brev_state_names[BREV_STATE_LAST];

typedef struct {
    guint index;      /* in its message, from 0 */
    char *address;    /* owned: where it goes, qualified */
    char *original;   /* owned: as header or argument had it */
    char *account;    /* owned: of the configuration */
    BrevState state;
    gint64 due;       /* ms since 1970 */
    guint attempts;   /* requests made */
    gboolean maybe_sent; /* an earlier request may have reached the provider */
    char *key;        /* owned, nullable: of the last request */
    char *remote_id;  /* owned, nullable */
    char *dsn;        /* owned, nullable: RFC 3463 */
    char *reply;      /* owned, nullable: last reply, one line */
    char *report;     /* owned, nullable: queue id of the report to the sender about it */
    gint64 changed;   /* ms since 1970: when @state came to be */
} BrevStoreRecipient;

typedef struct {
    char *id;
    guint32 uid;
    gint64 arrival;   /* ms since 1970 */
    gint64 finished;  /* ms since 1970, 0: not yet */
    guint64 size;     /* bytes of the message */
    guint32 checksum; /* of the frame */
    char *sender;     /* owned: envelope sender, qualified; "" is the null sender */
    char *message_id; /* owned, nullable: the header's, or ours when it had none */
    char *login;      /* owned, nullable: claimed */
    char *program;    /* owned, nullable: claimed */
    char way;         /* BrevWay */
    gboolean is_held; /* by an administrator */
    guint crashes;    /* times a courier died over it */
    gint64 paused;    /* ms that do not count for lifetime */
    GPtrArray *recipients; /* owned, of BrevStoreRecipient */
} BrevStoreMessage;

BrevStoreMessage *brev_store_message_new (const char *id);
void brev_store_message_free (BrevStoreMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevStoreMessage, brev_store_message_free)
/* (transfer none): appended to @message, its strings copied */
BrevStoreRecipient *brev_store_message_add (BrevStoreMessage *message, const char *address,
                                            const char *original, const char *account,
                                            gint64 due);

typedef enum {
    BREV_STORE_COURIER, /* reads and writes; recovers what a dead courier left */
    BREV_STORE_ADMIN,   /* reads and writes, recovers nothing */
    BREV_STORE_READ,    /* reads; fails when there is no database */
    BREV_STORE_MEMORY,  /* no file at all: direct mode without a writable directory */
} BrevStoreMode;

/**
 * brev_store_open:
 * @directory: the spool's store directory, or %NULL with %BREV_STORE_MEMORY
 * @damaged: (out) (optional): whether a damaged database was put aside as
 *   store.damaged-TIME; what it still told was read, and the messages it does not vouch for
 *   are imported as possible duplicates
 */
BrevStore *brev_store_open (const char *directory, BrevStoreMode mode, gint64 now,
                            gboolean *damaged, GError **error);
void brev_store_free (BrevStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevStore, brev_store_free)

/**
 * brev_store_get:
 *
 * Returns: (transfer full) (nullable): %NULL without @error when there is no such row
 */
BrevStoreMessage *brev_store_get (BrevStore *store, const char *id, GError **error);

/**
 * brev_store_begin_import:
 * @ids: (array of char *): files without a row
 *
 * Commits that a courier is about to read these files: one more crash for each, until
 * brev_store_import() takes it back. The rows have no recipients yet.
 */
gboolean brev_store_begin_import (BrevStore *store, const GPtrArray *ids, gint64 now,
                                  GError **error);

/**
 * brev_store_import:
 * @messages: of BrevStoreMessage
 *
 * One transaction: the rows of new messages, whole.
 */
gboolean brev_store_import (BrevStore *store, const GPtrArray *messages, GError **error);

typedef struct {
    const char *account; /* whose mail */
    guint max_messages;
    gint64 now;
    gint64 lease;        /* ms: after that long a claim is a dead courier's */
    const char *only_id; /* nullable: this message alone, due or not (direct mode) */
} BrevClaim;

/**
 * brev_store_claim:
 *
 * Takes due recipients, oldest due first, round robin by submitter, each message with its
 * claimed recipients alone. Committed before it returns: they are "sending" with a key, and
 * the crash count of each message is one higher until it is settled.
 *
 * Returns: (transfer full) (nullable): (array of BrevStoreMessage), or %NULL with @error
 */
GPtrArray *brev_store_claim (BrevStore *store, const BrevClaim *claim, GError **error);

/* What became of one recipient. */
typedef struct {
    const char *id;
    guint index;
    BrevState state;
    gint64 due;            /* with DEFERRED */
    gboolean was_tried;    /* counts as an attempt */
    gboolean maybe_sent;
    gint64 paused;         /* ms to add to the message's pause */
    const char *remote_id; /* nullable */
    const char *dsn;       /* nullable */
    const char *reply;     /* nullable */
    const char *report;    /* nullable: queue id chosen for the report about it */
    gboolean is_crash_free;/* the courier lives: takes the claim's crash back */
} BrevSettlement;

/**
 * brev_store_settle:
 * @settlements: array of BrevSettlement
 *
 * One transaction. Messages whose recipients are all final are marked finished, and their
 * ids returned in @finished: their files may be unlinked once the reports they name exist.
 */
gboolean brev_store_settle (BrevStore *store, const BrevSettlement *settlements, guint n,
                            gint64 now, GPtrArray **finished, GError **error);

/* Report ids named by some recipient for which no row exists: their file may be missing.
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
GPtrArray *brev_store_list (BrevStore *store, const BrevStoreFilter *filter, GError **error);

/* Each returns how many messages it changed, -1 with @error set. @id NULL: all. */
int brev_store_retry (BrevStore *store, const char *id, gint64 now, GError **error);
int brev_store_hold (BrevStore *store, const char *id, GError **error);
/* Also takes what is parked back into the queue, due now. */
int brev_store_release (BrevStore *store, const char *id, gint64 now, GError **error);
/* The row stays, finished, so that a late copy is recognised. */
int brev_store_delete (BrevStore *store, const char *id, gint64 now, GError **error);
int brev_store_park (BrevStore *store, const char *id, const char *reason, gint64 now,
                     GError **error);

/* Takes times more than 4 h ahead back to @now: the clock was wrong when they were made. */
gboolean brev_store_mend_times (BrevStore *store, gint64 now, GError **error);

/**
 * brev_store_forget:
 * @history: ms that finished messages are kept in full
 * @lifetime: ms that at least their ids are
 */
gboolean brev_store_forget (BrevStore *store, gint64 now, gint64 history, gint64 lifetime,
                            GError **error);

/* What stopped an account: "token refused" and since when. Kept so that status can say it.
 * @scope: "account", or "sender a@b", "stream x"; @problem NULL: it works again */
gboolean brev_store_set_problem (BrevStore *store, const char *account, const char *scope,
                                 const char *problem, gint64 until, gint64 now, GError **error);

typedef struct {
    char *account;
    char *scope;
    char *problem;
    gint64 since;
    gint64 until; /* when it is tried again */
} BrevStoreProblem;

/* Returns: (transfer full) (nullable): (array of BrevStoreProblem) */
GPtrArray *brev_store_problems (BrevStore *store, GError **error);
