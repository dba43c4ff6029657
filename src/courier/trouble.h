/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/provider.h"
#include "store/store.h"

/* What an administrator must mend before some mail of one account can go: the whole
 * account, or one sender, stream or recipient of it. Kept in memory for decisions and in
 * the store for `brevdue status`. What has been in trouble for long is tried again less
 * often. */
typedef struct BrevTrouble BrevTrouble;

/**
 * brev_trouble_new:
 *
 * Reads what an earlier courier noted about @account. All borrowed.
 */
BrevTrouble *brev_trouble_new (BrevStore *store, const char *account, gint64 first,
                               gint64 longest, gint64 now);
void brev_trouble_free (BrevTrouble *trouble);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevTrouble, brev_trouble_free)

/* The scopes: "account", and the kinds of the others. */
#define BREV_SCOPE_WHOLE "account"

/* Returns: (transfer full): "sender a@b", in one form for what compares equal */
char *brev_trouble_scope (const char *kind, const char *what);

/**
 * brev_trouble_add:
 *
 * Returns: when it is worth another try, ms since 1970
 */
gint64 brev_trouble_add (BrevTrouble *trouble, const char *scope, const char *problem,
                         gint64 now);
/* It works (again). */
void brev_trouble_end (BrevTrouble *trouble, const char *scope, gint64 now);

/**
 * brev_trouble_find:
 * @until: (out): when it is worth another try
 *
 * Returns: (nullable): the problem that still holds mail of this scope
 */
const char *brev_trouble_find (const BrevTrouble *trouble, const char *scope, gint64 now,
                               gint64 *until);
/* Whether this scope was in trouble when last tried. */
gboolean brev_trouble_is_known (const BrevTrouble *trouble, const char *scope);
gboolean brev_trouble_is_empty (const BrevTrouble *trouble);
/* (nullable): one of its problems */
const char *brev_trouble_any (const BrevTrouble *trouble);
/* Everything is worth a try now. */
void brev_trouble_retry (BrevTrouble *trouble);
