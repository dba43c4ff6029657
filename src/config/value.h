/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/schema.h"

/* Texts to values and back, one row of functions for each type. @field points to the
 * setting's own field: char *, char **, int, guint, guint64, gint64 or double. */

/* Returns: %FALSE with %BREV_ERROR_CONFIG that names the text, and *@field as it was */
gboolean brev_value_parse (const BrevSetting *setting, gpointer field, const char *text,
                           GError **error);
char *brev_value_format (const BrevSetting *setting, gconstpointer field);
void brev_value_clear (const BrevSetting *setting, gpointer field);

/* What words of lists are. */

/* Returns: whether @word is a status of HTTP, 200 to 599 */
gboolean brev_value_is_status (const char *word);
/* Returns: whether @word is the name of a DKIM key, SELECTOR._domainkey.DOMAIN (RFC 6376
 * 3.6.2.1); a dot may stand at its end */
gboolean brev_value_is_key_name (const char *word);
