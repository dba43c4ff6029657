/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/alias.h"
#include "config/config.h"
#include "courier/letter.h"
#include "spool/layout.h"
#include "store/store.h"

/* Gathers what became of recipients and writes it down: one transaction for many. Then
 * come the log lines, the reports to senders, and, last, the files are unlinked. A failure
 * that nobody can be told of is parked instead: it stays in the queue, and status shows it. */
typedef struct BrevSettler BrevSettler;

typedef struct {
    const BrevConfig *config;
    const BrevSpool *spool; /* nullable: in memory, without reports and files */
    BrevStore *store;
    const BrevAliases *aliases;
    gboolean may_report;
    gboolean may_park;     /* what stays in this spool survives */
    gboolean caller_waits; /* direct mode: of a message that everybody refused its caller
                              hears by exit status, not by a report */
    gboolean is_quiet;     /* no log line for what went well */
} BrevSettlerSetup;

/* All of @setup is borrowed. */
BrevSettler *brev_settler_new (const BrevSettlerSetup *setup);
void brev_settler_free (BrevSettler *settler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevSettler, brev_settler_free)

/**
 * brev_settler_import:
 * @letters: of BrevLetter: new messages, with all their recipients
 *
 * Writes down new messages. Recipients that are final from the start are reported as any.
 */
gboolean brev_settler_import (BrevSettler *settler, const GPtrArray *letters,
                              GError **error);

/**
 * brev_settler_add:
 * @settlement: of @recipient; its strings are copied, its id need not be set
 * @relay: (nullable): the account that was asked, or "none"; %NULL: not worth a log line
 */
void brev_settler_add (BrevSettler *settler, BrevLetter *letter,
                       const BrevStoreRecipient *recipient, const char *relay,
                       const BrevSettlement *settlement);

/* How many recipients wait for brev_settler_flush(). */
guint brev_settler_pending (const BrevSettler *settler);

/**
 * brev_settler_flush:
 *
 * On failure everything stays pending: what a provider took is on record before anything
 * else is done.
 */
gboolean brev_settler_flush (BrevSettler *settler, GError **error);

/* Warns the senders of mail that @delay names. On failure what is due of it is written with
 * the next flush. */
gboolean brev_settler_warn (BrevSettler *settler, const BrevDelay *delay, GError **error);

/* Writes the digests whose time has come. On failure they are with the next flush. */
gboolean brev_settler_digest (BrevSettler *settler, GError **error);

/* Writes the reports that a crash kept from being written. */
gboolean brev_settler_mend (BrevSettler *settler, GError **error);

/* Returns: (transfer full): (array of char *): queue ids of the reports that were written
 * since the last call; they are to be imported */
GPtrArray *brev_settler_take_reports (BrevSettler *settler);
