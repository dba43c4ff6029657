/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "envelope/envelope.h"
#include "store/store.h"

/* The text of a report. Pure. */

/* What a report says of a recipient (RFC 3464, Action), the worst first. A provider's API
 * sends no reports: what it accepted is relayed, not delivered (RFC 3461 section 5.2.2). */
typedef enum {
    BREV_ACTION_FAILED,
    BREV_ACTION_DELAYED,
    BREV_ACTION_RELAYED,
    BREV_ACTION_LAST
} BrevAction;

/* Returns: what there is to report of a recipient in @state, %BREV_ACTION_LAST: nothing */
BrevAction brev_report_action (BrevState state);

/* All that the text of a report depends on. */
typedef struct {
    const BrevConfig *config;
    const char *id;                  /* queue id of the report */
    const BrevStoreMessage *message; /* with the recipients it is about, alone */
    const BrevEnvelope *envelope;    /* of that message */
    const char *header;  /* of that message, lines ended by LF, NUL-terminated */
    const char *subject; /* nullable: of that message, decoded */
    gint64 now;
} BrevReport;

/**
 * brev_report_head:
 *
 * Returns: (transfer full): the report up to where the body of a message that is returned
 * in full follows the header (RET=FULL)
 */
char *brev_report_head (const BrevReport *report);
/* (transfer full): what stands behind it */
char *brev_report_tail (const BrevReport *report);

/* (transfer none): where it goes */
const char *brev_report_addressee (const BrevReport *report);

/* Whether it returns the body of the message, too: RET is about failures alone. */
gboolean brev_report_is_full (const BrevReport *report);
