/* SPDX-License-Identifier: MIT */
#pragma once

#include <json-glib/json-glib.h>

/* Reading JSON that a stranger wrote. */

/**
 * brev_json_parse:
 *
 * Returns: (transfer full) (nullable): %NULL for what is not one JSON value, is nested
 * more than 32 levels deep (json-glib follows any depth until the stack ends), or says
 * two things under one name
 */
JsonNode *brev_json_parse (const char *text, gsize length);

/* (nullable) (transfer none): each %NULL when the node is of another type, or absent */
JsonObject *brev_json_object (JsonNode *node);
JsonArray *brev_json_array (JsonNode *node);
JsonNode *brev_json_member (JsonObject *object, const char *name);
const char *brev_json_string (JsonObject *object, const char *name);

/* Returns: whether the member is there and an integer */
gboolean brev_json_integer (JsonObject *object, const char *name, gint64 *value);

/* Returns: (nullable) (transfer none): what the path leads to, names of members and places in
 * arrays: "data.0.id" */
JsonNode *brev_json_walk (JsonNode *node, const char *path);
