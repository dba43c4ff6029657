/* SPDX-License-Identifier: MIT */
#pragma once

#include "store/store.h"

/* A store in a directory of its own, and short ways to fill and ask it. All of them assert
 * that nothing fails. */
typedef struct {
    char *directory; /* owned; removed at the end */
    BrevStore *store;
} Fixture;

Fixture fixture (BrevStoreMode mode, gint64 now);
void fixture_clear (Fixture *fixture);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* Opens the same directory again. Returns: (transfer full): see brev_store_open() */
char *fixture_reopen (Fixture *fixture, gint64 now);

/* One recipient, account "main", due at @now. */
BrevStoreMessage *new_message (const char *id, guint32 uid, gint64 now);
GPtrArray *message_array (void);
BrevStoreRecipient *first (const BrevStoreMessage *message);
BrevStoreMessage *get_message (BrevStore *store, const char *id);
void import_message (BrevStore *store, BrevStoreMessage *message, gint64 now);
/* Of uid 1000; what is to be "sending" is claimed by the store. */
void import_in_state (BrevStore *store, const char *id, BrevState state, gint64 now);
/* @want: ids with spaces between them, in order */
void assert_ids (const GPtrArray *messages, const char *want);
void claim_ids (BrevStore *store, guint max, gint64 now, const char *want);
char *claim_key (BrevStore *store, gint64 now);
void begin_import (BrevStore *store, const char *ids, gint64 now, const char *want);
/* Returns: how many messages that finished */
guint settle_one (BrevStore *store, const char *id, guint index, BrevState state,
                  gint64 now);
