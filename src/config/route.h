/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"

/* What a route looks at. */
typedef struct {
    const char *sender;    /* envelope sender, qualified */
    const char *from;      /* header From address, nullable */
    const char *recipient; /* one envelope recipient */
    const char *user;      /* login name, nullable */
    guint32 uid;
    /* value of a header field of the message, or NULL */
    const char *(*header) (const char *name, gconstpointer data);
    gconstpointer data;
} BrevRouteFacts;

/**
 * brev_route_choose:
 *
 * Returns: (nullable) (transfer none): the account of the first route that matches, else
 * the default account; %NULL when there is none
 */
const BrevAccount *brev_route_choose (const BrevConfig *config,
                                      const BrevRouteFacts *facts);

/* Whether @address matches "a@b", "*@b", "b", "*.b", "*" */
gboolean brev_address_matches (const char *pattern, const char *address);
