/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "courier/report-text.h"
#include "envelope/frame.h"
#include "spool/layout.h"
#include "store/store.h"

/* The report to a sender about recipients that will not get the message, do not get it yet,
 * or for whom the provider has it: RFC 3464 inside RFC 6522, readable by a person from its
 * first line. */

/* Who hears what became of a recipient. */
typedef enum {
    BREV_HEARS_SENDER,
    BREV_HEARS_POSTMASTER, /* the null sender hears nothing */
    BREV_HEARS_STATUS,     /* nobody can be sent a report: parked, for `brevdue status` */
    BREV_HEARS_NOBODY,     /* as the sender asked, or did not (RFC 3461, NOTIFY) */
} BrevHears;

/**
 * brev_report_hears:
 * @message: its sender and way count
 * @action: what there is to be told
 *
 * Pure. There is never a report about a report, nor one about the postmaster to the
 * postmaster; and of what is no failure only its sender hears.
 */
BrevHears brev_report_hears (const BrevConfig *config, const BrevStoreMessage *message,
                             const BrevStoreRecipient *recipient, BrevAction action);

/**
 * brev_report_write:
 * @id: the queue id that was committed for it
 * @message: with the recipients it is about, alone
 * @file: that message
 * @fd: its queue file
 *
 * Writes the report as queue/@id, whole and synced. That it exists already, since somebody
 * wrote it before a crash, is success.
 */
gboolean brev_report_write (const BrevConfig *config, const BrevSpool *spool,
                            const char *id, const BrevStoreMessage *message,
                            const BrevQueueFile *file, int fd, gint64 now,
                            GError **error);

/**
 * brev_report_write_all:
 * @is_quiet: no log line for one that was written
 * @reports: (array of char *): the ids of those that are there now join it; they are to be
 *   imported
 *
 * Writes the reports that the store has committed and that are not imported yet.
 */
gboolean brev_report_write_all (const BrevConfig *config, const BrevSpool *spool,
                                BrevStore *store, gboolean is_quiet, GPtrArray *reports,
                                GError **error);
