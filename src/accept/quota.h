/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* What a submitter may take of what all share; brevdued(8) lists these numbers. Beyond
 * them the answer is "busy", and sendmail puts the message into the drop directory. */

#define BREV_CONNECTIONS 400         /* at once; each holds two descriptors */
#define BREV_CONNECTIONS_PER_UID 100 /* at once */
#define BREV_LISTS 8                 /* queue listings at once */
#define BREV_WAITS 32                /* callers at once that wait for an attempt */
#define BREV_RUNS 4                  /* requested queue runs that are looked up at once */
#define BREV_QUEUED_PER_UID 20000    /* messages in the queue */

/**
 * brev_quota_check:
 * @connections: open, with this one
 * @of_uid: those of its uid
 * @queued: messages of its uid in the queue
 *
 * Returns: (nullable): what to say after "busy", or %NULL when it is welcome
 */
const char *brev_quota_check (guint connections, guint of_uid, guint queued);
