/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/provider.h"
#include "transport/http.h"

/* What an account shows to its provider: the secret of its configuration, or keys that live
 * for a time and are asked for, again before they end. */
typedef struct BrevAccess BrevAccess;

/* Where keys come from: requests, each made of the replies before it. */
typedef struct {
    /* Returns: (transfer full) (nullable): the next one; %NULL without @error when the last
     * reply has the keys */
    BrevHttpRequest *(*next) (const BrevAccount *account, const char *secret,
                              const GPtrArray *replies, GError **error);
    /* Returns: (transfer full) (nullable): what requests show; @expiry in ms since 1970.
     * %BREV_ERROR_CONFIG wants the administrator, %BREV_ERROR_SYSTEM a later try. */
    char *(*read) (const BrevHttpReply *reply, gint64 now, gint64 *expiry,
                   GError **error);
} BrevKeySource;

/**
 * brev_access_new:
 * @account: borrowed
 * @is_service: strict about who may read a secret's file
 * @changed: called from the main loop when keys came, or none
 */
BrevAccess *brev_access_new (const BrevAccount *account, const BrevProvider *provider,
                             gboolean is_service, void (*changed) (gpointer data),
                             gpointer data);
/* Not while @http lives that it asks by. */
void brev_access_free (BrevAccess *access);

/**
 * brev_access_prepare:
 * @http: asks for keys, and is borrowed until they came
 *
 * Returns: 1: there is something to show; 0: not yet; -1 with @error: none came, told once
 */
int brev_access_prepare (BrevAccess *access, BrevHttp *http, GError **error);

/* Returns: (nullable): what requests show now */
const char *brev_access_token (const BrevAccess *access);
gboolean brev_access_is_asking (const BrevAccess *access);
/* The answer will not come: its http is gone. */
void brev_access_abandon (BrevAccess *access);

/**
 * brev_access_refused:
 *
 * Returns: whether others are asked for, which are worth a try: not so for a secret, nor
 * when nothing worked since this was last said
 */
gboolean brev_access_refused (BrevAccess *access);
void brev_access_worked (BrevAccess *access);

/* Masks in @text (transfer full) whatever it knows that is secret. */
char *brev_access_mask (const BrevAccess *access, char *text);
