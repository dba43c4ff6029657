/* SPDX-License-Identifier: MIT */
#include "provider/control.h"

#include <string.h>

#include "provider/json.h"

/* Takes one field's @value; @rest is what its name says behind the prefix of its row.
 * Returns FALSE when there is no meaning in it. */
typedef gboolean (*Take) (BrevControls *controls, const char *rest, const char *value);

static gboolean
take_first (char **slot, const char *value)
{
    if (value == NULL || *value == '\0')
        return FALSE;
    if (*slot == NULL)
        *slot = g_strdup (value);
    return TRUE;
}

static gboolean
take_tag (BrevControls *controls, const char *rest, const char *value)
{
    return take_first (&controls->tag, value);
}

/* Several tags where one can be kept: the first. */
static gboolean
take_tags (BrevControls *controls, const char *rest, const char *value)
{
    g_auto (GStrv) tags = g_strsplit (value, ",", 2);

    return tags[0] != NULL && take_first (&controls->tag, g_strstrip (tags[0]));
}

static gboolean
take_stream (BrevControls *controls, const char *rest, const char *value)
{
    return take_first (&controls->stream, value);
}

/* Names are compared without case: two providers refuse "A" beside "a". The first wins.
 */
static gboolean
take_metadata (BrevControls *controls, const char *rest, const char *value)
{
    if (*rest == '\0')
        return FALSE;
    for (guint i = 0; i < controls->metadata->len; i++) {
        const BrevHeader *field = controls->metadata->pdata[i];
        if (g_ascii_strcasecmp (field->name, rest) == 0)
            return FALSE;
    }
    g_ptr_array_add (controls->metadata, brev_header_new (rest, value, value));
    return TRUE;
}

/* "name=value, name=value" */
static gboolean
take_pairs (BrevControls *controls, const char *rest, const char *value)
{
    g_auto (GStrv) pairs = g_strsplit (value, ",", -1);
    gboolean is_kept = pairs[0] != NULL;

    for (char **pair = pairs; *pair != NULL; pair++) {
        char *equals = strchr (*pair, '=');
        if (equals == NULL)
            return FALSE;
        *equals = '\0';
        is_kept = take_metadata (controls, g_strstrip (*pair), g_strstrip (equals + 1)) &&
                  is_kept;
    }
    return is_kept;
}

static gboolean
take_object (BrevControls *controls, JsonObject *object)
{
    g_autoptr (GList) names = object != NULL ? json_object_get_members (object) : NULL;
    gboolean is_kept = object != NULL;

    for (GList *name = names; name != NULL; name = name->next) {
        JsonNode *node = json_object_get_member (object, name->data);
        const char *text = brev_json_string (object, name->data);
        g_autofree char *other = text == NULL ? json_to_string (node, FALSE) : NULL;
        is_kept =
            take_metadata (controls, name->data, text != NULL ? text : other) && is_kept;
    }
    return is_kept;
}

static gboolean
take_json (BrevControls *controls, const char *rest, const char *value)
{
    g_autoptr (JsonNode) root = brev_json_parse (value, strlen (value));

    return take_object (controls, brev_json_object (root));
}

typedef struct {
    const char *word;
    const char *meaning;
} Word;

static gboolean
take_word (const char **slot, const Word *words, const char *value)
{
    for (const Word *w = words; w->word != NULL; w++) {
        if (g_ascii_strcasecmp (w->word, value) == 0) {
            if (*slot == NULL)
                *slot = w->meaning;
            return TRUE;
        }
    }
    return FALSE;
}

static const Word open_words[] = {
    { "true", "yes" },  { "yes", "yes" }, { "on", "yes" }, { "1", "yes" },
    { "false", "no" },  { "no", "no" },   { "off", "no" }, { "0", "no" },
    { "opens", "yes" }, { NULL },
};

/* clang-format off */
static const Word link_words[] = {
    { "None", "none" },       { "false", "none" },    { "no", "none" },
    { "off", "none" },        { "0", "none" },
    { "HtmlAndText", "all" }, { "true", "all" },      { "yes", "all" },
    { "on", "all" },          { "1", "all" },         { "clicks", "all" },
    { "clicks_all", "all" },
    { "HtmlOnly", "html" },   { "clicks_htmlonly", "html" },
    { "TextOnly", "text" },   { "clicks_textonly", "text" },
    { NULL },
};
/* clang-format on */

static gboolean
take_opens (BrevControls *controls, const char *rest, const char *value)
{
    return take_word (&controls->track_opens, open_words, value);
}

static gboolean
take_links (BrevControls *controls, const char *rest, const char *value)
{
    return take_word (&controls->track_links, link_words, value);
}

/* Both at once; some values speak of links alone. */
static gboolean
take_tracking (BrevControls *controls, const char *rest, const char *value)
{
    gboolean is_opens = take_opens (controls, rest, value);

    return take_links (controls, rest, value) || is_opens;
}

/* "opens,clicks_all" */
static gboolean
take_track_list (BrevControls *controls, const char *rest, const char *value)
{
    g_auto (GStrv) words = g_strsplit (value, ",", -1);
    gboolean is_kept = words[0] != NULL;

    for (char **word = words; *word != NULL; word++)
        is_kept = take_tracking (controls, rest, g_strstrip (*word)) && is_kept;
    return is_kept;
}

static gboolean
take_category (BrevControls *controls, JsonNode *node)
{
    JsonArray *list = brev_json_array (node);

    if (list != NULL && json_array_get_length (list) > 0)
        node = json_array_get_element (list, 0);
    return json_node_get_value_type (node) == G_TYPE_STRING &&
           take_first (&controls->tag, json_node_get_string (node));
}

static gboolean
take_unique_args (BrevControls *controls, JsonNode *node)
{
    return take_object (controls, brev_json_object (node));
}

static gboolean
take_ip_pool (BrevControls *controls, JsonNode *node)
{
    return json_node_get_value_type (node) == G_TYPE_STRING &&
           take_first (&controls->ip_pool, json_node_get_string (node));
}

static gboolean
take_asm_group (BrevControls *controls, JsonNode *node)
{
    g_autofree char *number =
        json_node_get_value_type (node) == G_TYPE_INT64
            ? g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node))
            : NULL;

    return take_first (&controls->asm_group, number);
}

/* {"opentrack": {"settings": {"enable": 0}}} */
static gboolean
take_filters (BrevControls *controls, JsonNode *node)
{
    static const struct {
        const char *name;
        Take take;
    } filters[] = { { "opentrack", take_opens }, { "clicktrack", take_links } };
    JsonObject *object = brev_json_object (node);
    guint n = 0;

    for (gsize i = 0; i < G_N_ELEMENTS (filters); i++) {
        JsonObject *filter =
            brev_json_object (brev_json_member (object, filters[i].name));
        JsonObject *settings = brev_json_object (brev_json_member (filter, "settings"));
        gint64 is_on;
        if (brev_json_integer (settings, "enable", &is_on) &&
            filters[i].take (controls, "", is_on != 0 ? "yes" : "no"))
            n++;
    }
    return object != NULL && n == json_object_get_size (object);
}

typedef struct {
    const char *name;
    gboolean (*take) (BrevControls *controls, JsonNode *node);
} Member;

/* Of a field that is an object. Returns FALSE when there is no meaning in one of its members. */
static gboolean
take_members (BrevControls *controls, const char *value, const Member *members, gsize n)
{
    g_autoptr (JsonNode) root = brev_json_parse (value, strlen (value));
    JsonObject *object = brev_json_object (root);
    guint n_kept = 0;

    for (gsize i = 0; i < n; i++) {
        JsonNode *node = brev_json_member (object, members[i].name);
        if (node != NULL && members[i].take (controls, node))
            n_kept++;
    }
    return object != NULL && n_kept == json_object_get_size (object);
}

/* SendGrid: {"category": "a" or ["a", ...], "unique_args": {...}}. Recipients and
 * substitutions in it are no wish: the message and its envelope say whom and what. */
static gboolean
take_smtpapi (BrevControls *controls, const char *rest, const char *value)
{
    static const Member members[] = {
        { "category", take_category },      { "unique_args", take_unique_args },
        { "ip_pool", take_ip_pool },        { "filters", take_filters },
        { "asm_group_id", take_asm_group },
    };

    return take_members (controls, value, members, G_N_ELEMENTS (members));
}

/* Each with the value of its own that every mail has anyway, or with a meaning. */
static gboolean
take_msys_options (BrevControls *controls, JsonNode *node)
{
    static const struct {
        const char *name;
        Take take;
        gboolean usual;
    } options[] = {
        { "open_tracking", take_opens }, { "click_tracking", take_links },
        { "transactional", NULL, TRUE }, { "sandbox", NULL, FALSE },
        { "inline_css", NULL, FALSE },   { "skip_suppression", NULL, FALSE },
    };
    JsonObject *object = brev_json_object (node);
    guint n = 0;

    for (gsize i = 0; i < G_N_ELEMENTS (options); i++) {
        JsonNode *option = brev_json_member (object, options[i].name);
        if (option == NULL || json_node_get_value_type (option) != G_TYPE_BOOLEAN)
            continue;
        gboolean is_on = json_node_get_boolean (option);
        n += options[i].take != NULL
                 ? options[i].take (controls, "", is_on ? "yes" : "no")
                 : is_on == options[i].usual;
    }
    return object != NULL && n == json_object_get_size (object);
}

/* SparkPost: {"campaign_id": "a", "metadata": {...}, "options": {"open_tracking": true}}.
 * Recipients in it are no wish, as in SendGrid's. */
static gboolean
take_msys (BrevControls *controls, const char *rest, const char *value)
{
    static const Member members[] = {
        { "campaign_id", take_category },
        { "tags", take_category },
        { "metadata", take_unique_args },
        { "options", take_msys_options },
    };

    return take_members (controls, value, members, G_N_ELEMENTS (members));
}

/* What every mail of ours asks for anyway. */
static gboolean
take_silently (BrevControls *controls, const char *rest, const char *value)
{
    return TRUE;
}

typedef struct {
    const char *name; /* lower case; a final * stands for the rest of a name */
    Take take;        /* NULL: dropped, by name in the log */
    const char *of;   /* nullable: to any other provider it means nothing */
    gboolean travels; /* that one reads it out of the message, and removes it */
} ControlRow;

/* clang-format off */
static const ControlRow rows[] = { /* the first row that fits */
    { "x-pm-tag",              take_tag },        /* Postmark */
    { "x-pm-message-stream",   take_stream, "postmark" },
    { "x-pm-metadata-*",       take_metadata },
    { "x-pm-trackopens",       take_opens },
    { "x-pm-tracklinks",       take_links },
    { "x-pm-keepid",           take_silently },
    { "x-mailgun-tag",         take_tag },        /* Mailgun */
    { "x-mailgun-variables",   take_json },
    { "x-mailgun-track",       take_tracking },
    { "x-mailgun-track-opens", take_opens },
    { "x-mailgun-track-clicks", take_links },
    { "x-mailgun-*",           NULL },
    { "x-ses-message-tags",    take_pairs },      /* Amazon SES */
    { "x-ses-configuration-set", take_stream, "ses" },
    { "x-ses-source-arn",      NULL, "ses", TRUE },
    { "x-ses-from-arn",        NULL, "ses", TRUE },
    { "x-ses-return-path-arn", NULL, "ses", TRUE },
    { "x-ses-list-management-options", NULL, "ses", TRUE },
    { "x-ses-*",               NULL },
    { "x-mc-tags",             take_tags },       /* Mandrill */
    { "x-mc-metadata",         take_json },
    { "x-mc-track",            take_track_list },
    { "x-mc-subaccount",       NULL, "mandrill", TRUE },
    { "x-mc-ippool",           NULL, "mandrill", TRUE },
    { "x-mc-returnpathdomain", NULL, "mandrill", TRUE },
    { "x-mc-signingdomain",    NULL, "mandrill", TRUE },
    { "x-mc-trackingdomain",   NULL, "mandrill", TRUE },
    { "x-mc-important",        NULL, "mandrill", TRUE },
    { "x-mc-*",                NULL },
    { "x-smtpapi",             take_smtpapi },    /* SendGrid */
    { "x-msys-api",            take_msys },       /* SparkPost */
    { "x-mailin-tag",          take_tag },        /* Brevo */
    { "x-mailin-*",            NULL },
    { "x-mailjet-campaign",    take_tag },        /* Mailjet */
    { "x-mailjet-*",           NULL },
    { "x-mj-*",                NULL },
    { "x-mt-category",         take_tag },        /* Mailtrap */
    { "x-mt-custom-variables", take_json },
    { "x-mailersend-tags",     take_tags },       /* MailerSend */
    { "x-mailersend-*",        NULL },
    { "x-postal-tag",          take_tag },        /* Postal */
};
/* clang-format on */

/* Returns: the row for @name, and in @rest what its star stands for */
static const ControlRow *
find_row (const char *name, const char **rest)
{
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        gsize length = strlen (rows[i].name);
        gboolean is_prefix = rows[i].name[length - 1] == '*';
        if (is_prefix ? g_ascii_strncasecmp (rows[i].name, name, length - 1) == 0
                      : g_ascii_strcasecmp (rows[i].name, name) == 0) {
            *rest = is_prefix ? name + length - 1 : "";
            return &rows[i];
        }
    }
    return NULL;
}

static gboolean
is_for (const ControlRow *row, const char *provider)
{
    return row->of == NULL || strcmp (row->of, provider) == 0;
}

gboolean
brev_header_is_control (const char *name, const char *provider)
{
    const char *rest;
    const ControlRow *row = find_row (name, &rest);

    return row != NULL && !(row->travels && is_for (row, provider));
}

void
brev_controls_read (const GPtrArray *headers, const char *provider,
                    BrevControls *controls, GPtrArray *dropped)
{
    controls->metadata =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_header_free);
    for (guint i = 0; i < headers->len; i++) {
        const BrevHeader *header = headers->pdata[i];
        const char *rest;
        const ControlRow *row = find_row (header->name, &rest);
        g_autofree char *value = g_strstrip (g_strdup (header->text));

        if (row == NULL || (row->travels && is_for (row, provider)))
            continue;
        if (row->take == NULL || !is_for (row, provider) ||
            !row->take (controls, rest, value))
            g_ptr_array_add (dropped, g_strdup (header->name));
    }
}
