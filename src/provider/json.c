/* SPDX-License-Identifier: MIT */
#include "provider/json.h"

#include <string.h>

#define MAX_DEPTH 32

static gboolean
is_shallow (const char *text, gsize length)
{
    gboolean is_string = FALSE;
    guint depth = 0;

    for (gsize i = 0; i < length; i++) {
        if (is_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            is_string = !is_string;
        else if (!is_string && (text[i] == '[' || text[i] == '{') && ++depth > MAX_DEPTH)
            return FALSE;
        else if (!is_string && (text[i] == ']' || text[i] == '}') && depth > 0)
            depth--;
    }
    return TRUE;
}

/* json-glib keeps the last of two members with one name. Counting tells. */
typedef struct {
    guint read;
    guint kept;
} Members;

static void
count_member (JsonParser *parser, JsonObject *object, const char *name, gpointer data)
{
    ((Members *) data)->read++;
}

static void
count_object (JsonParser *parser, JsonObject *object, gpointer data)
{
    ((Members *) data)->kept += json_object_get_size (object);
}

JsonNode *
brev_json_parse (const char *text, gsize length)
{
    g_autoptr (JsonParser) parser = json_parser_new ();
    Members members = { 0 };

    if (length > G_MAXSSIZE || memchr (text, '\0', length) != NULL ||
        !is_shallow (text, length))
        return NULL;
    g_signal_connect (parser, "object-member", G_CALLBACK (count_member), &members);
    g_signal_connect (parser, "object-end", G_CALLBACK (count_object), &members);
    if (!json_parser_load_from_data (parser, text, (gssize) length, NULL) ||
        json_parser_has_assignment (parser, NULL) || members.read != members.kept)
        return NULL;
    return json_parser_steal_root (parser);
}

JsonObject *
brev_json_object (JsonNode *node)
{
    return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
                                                         : NULL;
}

JsonArray *
brev_json_array (JsonNode *node)
{
    return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
                                                        : NULL;
}

JsonNode *
brev_json_member (JsonObject *object, const char *name)
{
    return object != NULL ? json_object_get_member (object, name) : NULL;
}

const char *
brev_json_string (JsonObject *object, const char *name)
{
    JsonNode *node = brev_json_member (object, name);

    return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
               ? json_node_get_string (node)
               : NULL;
}

gboolean
brev_json_integer (JsonObject *object, const char *name, gint64 *value)
{
    JsonNode *node = brev_json_member (object, name);

    if (node == NULL || json_node_get_value_type (node) != G_TYPE_INT64)
        return FALSE;
    *value = json_node_get_int (node);
    return TRUE;
}

JsonNode *
brev_json_walk (JsonNode *node, const char *path)
{
    g_auto (GStrv) steps = g_strsplit (path, ".", -1);

    for (char **step = steps; *step != NULL && node != NULL; step++) {
        JsonArray *array = brev_json_array (node);
        guint64 index;
        if (array == NULL)
            node = brev_json_member (brev_json_object (node), *step);
        else if (g_ascii_string_to_unsigned (*step, 10, 0, G_MAXUINT, &index, NULL) &&
                 index < json_array_get_length (array))
            node = json_array_get_element (array, (guint) index);
        else
            node = NULL;
    }
    return node;
}
