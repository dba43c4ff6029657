/* SPDX-License-Identifier: MIT */
#pragma once

#include "admin/command.h"
#include "store/store.h"

/* Which of all messages are meant. */
typedef struct {
    gint64 uid;     /* -1: whoever submitted them */
    const char *id; /* each nullable: part of a text, "!part": all but those with it */
    const char *recipient;
    const char *sender;
} BrevChoice;

/* From --peer, --id, --recipient and --sender. */
gboolean brev_choice_read (const BrevCall *call, BrevChoice *choice, GError **error);

gboolean brev_choice_is_everything (const BrevChoice *choice);

/* Whether @message is meant; whose it is, is not looked at. */
gboolean brev_choice_holds (const BrevChoice *choice, const BrevStoreMessage *message);
