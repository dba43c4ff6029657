/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "envelope/frame.h"
#include "spool/layout.h"
#include "store/store.h"

/* The report to a sender about recipients that will not get the message: RFC 3464 inside
 * RFC 6522, readable by a person from its first line. */

/* Who hears that a recipient will not get a message. */
typedef enum {
    BREV_HEARS_SENDER,
    BREV_HEARS_POSTMASTER, /* the null sender hears nothing */
    BREV_HEARS_STATUS,     /* nobody can be sent a report: parked, for `brevdue status` */
    BREV_HEARS_NOBODY,     /* as the sender asked (RFC 3461, NOTIFY) */
} BrevHears;

/**
 * brev_report_hears:
 * @envelope: of the message that failed
 * @recipient: the address that failed
 *
 * Pure. There is never a report about a report, nor one about the postmaster to the
 * postmaster.
 */
BrevHears brev_report_hears (const BrevConfig *config, const BrevEnvelope *envelope,
                             BrevWay way, const char *recipient);

/**
 * brev_report_write:
 * @id: the queue id that was committed for it
 * @message: with the recipients it is about, alone
 * @file: the message that failed
 * @fd: its queue file
 *
 * Writes the report as queue/@id, whole and synced. That it exists already, since somebody
 * wrote it before a crash, is success.
 */
gboolean brev_report_write (const BrevConfig *config, const BrevSpool *spool,
                            const char *id, const BrevStoreMessage *message,
                            const BrevQueueFile *file, int fd, gint64 now,
                            GError **error);
