/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"

/**
 * brev_environment:
 *
 * Returns: (nullable): the variable's value; %NULL when it is unset or empty, or when the
 * program has more rights than its caller, who may then not steer it
 */
const char *brev_environment (const char *name);

/* The name of the variable that stands for @key: "BREVDUE_MAX_MESSAGE_SIZE". */
char *brev_environment_name (const char *key);

/**
 * brev_environment_apply:
 * @group: %BREV_GROUP_BREVDUE, or %BREV_GROUP_ACCOUNT for the environment's own account
 *
 * Every setting of @group that a variable BREVDUE_KEY names.
 */
void brev_environment_apply (BrevConfig *config, int group, gpointer target,
                             const char *section);

/* The provider whose well-known variable is set, or that BREVDUE_PROVIDER names; %NULL
 * when there is none, or none that is the only one, which is a problem in @config. */
const char *brev_environment_provider (BrevConfig *config);

/* Names the well-known variables of its provider as the place of the account's token,
 * when the account has none of its own. */
void brev_environment_token (BrevAccount *account);

/* The well-known variable of @provider; %NULL: not known. */
const char *brev_provider_variable (const char *provider);
/* Whether @provider may work without a secret: the outbox, SMTP, and what takes the keys of
 * the machine. */
gboolean brev_provider_has_no_token (const char *provider);
