/* SPDX-License-Identifier: MIT */
#pragma once

#include <json-glib/json-glib.h>

#include "admin/command.h"

/* What people and programs read. */

/* A member; a NULL text becomes null. Bytes that are no UTF-8 are replaced. */
void brev_out_string (JsonBuilder *json, const char *name, const char *text);
void brev_out_int (JsonBuilder *json, const char *name, gint64 number);
void brev_out_bool (JsonBuilder *json, const char *name, gboolean value);
/* A time in ms since 1970 as RFC 3339 in UTC; 0 becomes null. */
void brev_out_time (JsonBuilder *json, const char *name, gint64 time);
/* @texts: (nullable): of char * */
void brev_out_strings (JsonBuilder *json, const char *name, const GPtrArray *texts);

/* Returns: (transfer full): @node as indented JSON, each control character escaped */
char *brev_out_json_text (JsonNode *node);
/* Prints the one value built, and a line feed. */
void brev_out_print (JsonBuilder *json);

/* Colours for the terminal; "" when there are none. */
typedef enum {
    BREV_PLAIN,
    BREV_BOLD,
    BREV_RED,
    BREV_GREEN,
    BREV_YELLOW,
    BREV_DIM
} BrevColour;
const char *brev_colour (const BrevCall *call, BrevColour colour);

/* Returns: (transfer full): "2026-11-23 03:58:40" in local time, "-" for 0 */
char *brev_time_text (gint64 time);
/* Returns: (transfer full): "in 3 min", "2 h ago" */
char *brev_time_from_now (gint64 time, gint64 now);
/* Returns: (transfer full): "3 min" */
char *brev_duration_text (gint64 ms);
/* Returns: (transfer full): "1.2 MB" */
char *brev_size_text (guint64 size);
