/* SPDX-License-Identifier: MIT */
#pragma once

#include "admin/commands.h"
#include "config/alias.h"
#include "courier/recipients.h"
#include "envelope/frame.h"
#include "plan/plan.h"

/* What one account gets of a message. */
typedef struct {
    const BrevAccount *account; /* NULL: none is there, it would wait */
    GArray *recipients;         /* owned, of BrevPlanRecipient */
    BrevPlan *plan;             /* owned, NULL without an account or a provider */
} BrevDraftPart;

/* One file on its way through everything but the network. */
typedef struct {
    const BrevCall *call;
    char id[BREV_ID_LENGTH + 1];
    int fd; /* owned: the message as a frame would hold it */
    guint64 length;
    char *sender;               /* owned, qualified */
    BrevAliases *aliases;       /* owned */
    BrevMessage *message;       /* owned */
    BrevRecipients *recipients; /* owned */
    GPtrArray *parts;           /* owned, of BrevDraftPart */
} BrevDraft;

/**
 * brev_draft_make:
 * @call: with its options "sender", "recipient" and "account"
 * @path: the message, "-" for standard input
 *
 * Reads the message as the caller, and as the owner of the spool plans what each account
 * would send.
 *
 * Returns: %FALSE with @error; @draft is to be cleared in any case
 */
gboolean brev_draft_make (BrevDraft *draft, const BrevCall *call, const char *path,
                          GError **error);
void brev_draft_clear (BrevDraft *draft);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevDraft, brev_draft_clear)
