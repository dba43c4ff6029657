/* SPDX-License-Identifier: MIT */
#include "provider/template.h"

#include <string.h>

#include "base/error.h"
#include "message/address.h"
#include "provider/json.h"
#include "provider/placeholder.h"

struct BrevTemplate {
    JsonNode *root; /* owned */
    BrevPlaces places;
};

/* -- writing ------------------------------------------------------------------------- */

static const char *
text_of (JsonNode *node)
{
    return JSON_NODE_HOLDS_VALUE (node) &&
                   json_node_get_value_type (node) == G_TYPE_STRING
               ? json_node_get_string (node)
               : NULL;
}

/* Of which list the placeholders in @node are: the first that is found, but for those in
 * arrays of their own. */
static BrevList
list_in (JsonNode *node)
{
    const char *text = text_of (node);
    const BrevPlaceholder *one = text != NULL ? brev_placeholder_find (text) : NULL;
    BrevList list = one != NULL ? one->list : BREV_LIST_NONE;

    if (JSON_NODE_HOLDS_OBJECT (node)) {
        g_autoptr (GList) values = json_object_get_values (json_node_get_object (node));
        for (GList *l = values; l != NULL && list == BREV_LIST_NONE; l = l->next)
            list = list_in (l->data);
    }
    return list;
}

/* The list whose elements the array is made for; NONE: it is as it is written. */
static BrevList
repeats (JsonArray *array, const BrevFocus *focus)
{
    return focus->list == BREV_LIST_NONE && json_array_get_length (array) == 1
               ? list_in (json_array_get_element (array, 0))
               : BREV_LIST_NONE;
}

/* Whether an element was made for a body that the mail does not have: an object, with the
 * type of it perhaps. */
static gboolean
is_void (JsonNode *node, const BrevFocus *focus)
{
    g_autoptr (GList) values = NULL;

    if (!JSON_NODE_HOLDS_OBJECT (node))
        return FALSE;
    values = json_object_get_values (json_node_get_object (node));
    for (GList *l = values; l != NULL; l = l->next) {
        const char *text = text_of (l->data);
        const BrevPlaceholder *one = text != NULL ? brev_placeholder_find (text) : NULL;
        if (one != NULL && one->say == NULL && !brev_placeholder_has_content (one, focus))
            return TRUE;
    }
    return FALSE;
}

static gboolean write_node (JsonNode *node, const BrevFocus *focus, const char *name,
                            BrevJson *json);

static void
write_elements (JsonArray *array, const BrevFocus *focus, BrevJson *json)
{
    BrevList list = repeats (array, focus);
    gboolean is_repeated = list != BREV_LIST_NONE;
    guint n = is_repeated ? brev_list_length (focus->mail, list)
                          : json_array_get_length (array);
    BrevFocus each = *focus;

    if (is_repeated)
        each.list = list;
    brev_json_open (json, '[');
    for (guint i = 0; i < n; i++) {
        JsonNode *element = json_array_get_element (array, is_repeated ? 0 : i);
        if (is_repeated)
            each.index = i;
        if (!is_void (element, &each))
            (void) write_node (element, &each, NULL, json);
    }
    brev_json_close (json, ']');
}

static void
write_members (JsonObject *object, const BrevFocus *focus, BrevJson *json)
{
    g_autoptr (GList) names = json_object_get_members (object);

    brev_json_open (json, '{');
    for (GList *l = names; l != NULL; l = l->next)
        (void) write_node (json_object_get_member (object, l->data), focus, l->data,
                           json);
    brev_json_close (json, '}');
}

/* Returns: whether there was something to say; with @name (nullable) before it */
static gboolean
write_placeholder (const BrevPlaceholder *one, const BrevFocus *focus, const char *name,
                   BrevJson *json)
{
    g_autofree char *text = one->say != NULL ? brev_placeholder_say (one, focus) : NULL;

    if (one->say != NULL ? text == NULL : !brev_placeholder_has_content (one, focus))
        return FALSE;
    if (name != NULL)
        brev_json_name (json, name);
    if (one->say != NULL)
        brev_json_text (json, text);
    else
        one->write (focus, json);
    return TRUE;
}

static gboolean
write_node (JsonNode *node, const BrevFocus *focus, const char *name, BrevJson *json)
{
    const char *text = text_of (node);
    const BrevPlaceholder *one = text != NULL ? brev_placeholder_find (text) : NULL;
    JsonArray *array = brev_json_array (node);
    BrevList list = array != NULL ? repeats (array, focus) : BREV_LIST_NONE;

    if (one != NULL)
        return write_placeholder (one, focus, name, json);
    if (list != BREV_LIST_NONE && brev_list_length (focus->mail, list) == 0)
        return FALSE;
    if (name != NULL)
        brev_json_name (json, name);
    if (array != NULL) {
        write_elements (array, focus, json);
    } else if (JSON_NODE_HOLDS_OBJECT (node)) {
        write_members (json_node_get_object (node), focus, json);
    } else if (text != NULL) {
        brev_json_text (json, text);
    } else {
        g_autofree char *word = json_to_string (node, FALSE);
        brev_json_word (json, word);
    }
    return TRUE;
}

BrevBody *
brev_template_write (const BrevTemplate *template, const BrevMail *mail)
{
    const BrevFocus focus = { .mail = mail, .places = template->places };
    BrevJson json = { .body = brev_body_new () };

    (void) write_node (template->root, &focus, NULL, &json);
    return json.body;
}

GPtrArray *
brev_template_texts (const char *value, const BrevMail *mail)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func (g_free);
    const BrevPlaceholder *one = brev_placeholder_find (value);
    BrevFocus focus = { .mail = mail, .list = one != NULL ? one->list : BREV_LIST_NONE };
    guint n = focus.list == BREV_LIST_NONE ? 1 : brev_list_length (mail, focus.list);

    for (focus.index = 0; focus.index < n; focus.index++) {
        g_autofree char *text =
            one != NULL ? one->say (&focus, one->list) : g_strdup (value);
        if (text != NULL)
            g_ptr_array_add (texts, g_steal_pointer (&text));
    }
    return texts;
}

/* -- reading ------------------------------------------------------------------------- */

static gboolean
looks_like_one (const char *text)
{
    return strstr (text, "${") != NULL;
}

static gboolean
check_text (const char *text, BrevList within, BrevPlaces *places, GError **error)
{
    const BrevPlaceholder *one = brev_placeholder_find (text);

    if (one == NULL && looks_like_one (text))
        return brev_throw (error, BREV_ERROR_CONFIG,
                           "'%s' is no placeholder; one fills its string alone", text);
    if (one != NULL && brev_placeholder_needs_array (one) && one->list != within)
        return brev_throw (error, BREV_ERROR_CONFIG,
                           "'%s' stands in the one element of an array", text);
    if (one != NULL && within != BREV_LIST_NONE && one->list != BREV_LIST_NONE &&
        one->list != within)
        return brev_throw (error, BREV_ERROR_CONFIG,
                           "'%s' stands in an array of something else", text);
    if (one != NULL)
        *places |= one->place;
    return TRUE;
}

static gboolean
check_node (JsonNode *node, BrevList within, BrevPlaces *places, GError **error)
{
    const BrevFocus focus = { .list = within };
    const char *text = text_of (node);
    g_autoptr (GList) inner = NULL;

    if (text != NULL)
        return check_text (text, within, places, error);
    if (JSON_NODE_HOLDS_ARRAY (node)) {
        BrevList list = repeats (json_node_get_array (node), &focus);
        within = list != BREV_LIST_NONE ? list : within;
        inner = json_array_get_elements (json_node_get_array (node));
    } else if (JSON_NODE_HOLDS_OBJECT (node)) {
        inner = json_object_get_values (json_node_get_object (node));
    }
    for (GList *l = inner; l != NULL; l = l->next)
        if (!check_node (l->data, within, places, error))
            return FALSE;
    return TRUE;
}

BrevTemplate *
brev_template_parse (const char *json, GError **error)
{
    g_autoptr (BrevTemplate) template = g_new0 (BrevTemplate, 1);

    template->root = brev_json_parse (json, strlen (json));
    if (template->root == NULL || (!JSON_NODE_HOLDS_OBJECT (template->root) &&
                                   !JSON_NODE_HOLDS_ARRAY (template->root))) {
        (void) brev_throw (error, BREV_ERROR_CONFIG,
                           "it is no object or array of JSON, or has a name twice");
        return NULL;
    }
    if (!check_node (template->root, BREV_LIST_NONE, &template->places, error))
        return NULL;
    return g_steal_pointer (&template);
}

void
brev_template_free (BrevTemplate *template)
{
    if (template == NULL)
        return;
    g_clear_pointer (&template->root, json_node_unref);
    g_free (template);
}

BrevPlaces
brev_template_places (const BrevTemplate *template)
{
    return template->places;
}

gboolean
brev_template_text_places (const char *value, BrevPlaces *places, GError **error)
{
    const BrevPlaceholder *one = brev_placeholder_find (value);

    *places = 0;
    if (one != NULL && one->say == NULL)
        return brev_throw (error, BREV_ERROR_CONFIG,
                           "'%s' has its place in a template alone", value);
    return check_text (value, BREV_LIST_NONE, places, error);
}
