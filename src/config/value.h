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
