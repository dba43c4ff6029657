/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/route.h"
#include "message/message.h"

/* What routes look at, beside the recipient. All borrowed. */
typedef struct {
    const BrevConfig *config;
    const BrevMessage *message; /* nullable; its header at least */
    const char *sender;
    guint32 uid;
} BrevRouting;

/* Returns: (nullable) (transfer none): the account that mail for @recipient takes */
const BrevAccount *brev_routing_account (const BrevRouting *routing,
                                         const char *recipient);
