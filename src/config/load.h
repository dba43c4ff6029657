/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "config/schema.h"

/**
 * brev_config_load_from:
 * @directory: where brevdue.conf and conf.d lie
 *
 * brev_config_load() with another place than /etc/brevdue, for tests.
 */
BrevConfig *brev_config_load_from (const char *directory);

/**
 * brev_config_choose_mail_name:
 * @file: (nullable): what /etc/mailname holds
 * @host: what the host calls itself
 *
 * Returns: (transfer full): the default of "mail-name"
 */
char *brev_config_choose_mail_name (const char *file, const char *host,
                                    const BrevConfig *config);

/* For the files of this folder: one value, with where it comes from. */
void brev_config_apply (BrevConfig *config, const BrevSetting *setting, gpointer target,
                        const char *section, const char *value, const char *file,
                        guint line);
void brev_config_problem (BrevConfig *config, const char *file, guint line,
                          const char *format, ...) G_GNUC_PRINTF (4, 5);

/* Sets what depends on all that was read, and notes what is missing. */
void brev_config_finish (BrevConfig *config);

/* Sets the template text of @account, perhaps from the file that it names. */
void brev_account_read_template (BrevConfig *config, BrevAccount *account);

/**
 * brev_config_origin:
 * @setting: (nullable): %NULL asks for the head of the section
 * @section: "" in [brevdue]
 *
 * Returns: (transfer full) (nullable): "FILE:LINE" or the name of a variable; %NULL for a
 * default
 */
char *brev_config_origin (const BrevConfig *config, BrevGroup group,
                          const BrevSetting *setting, const char *section);
