/* SPDX-License-Identifier: MIT */
#include "config/value.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "config/url.h"

typedef gboolean (*Parse) (const BrevSetting *setting, gpointer field, const char *text,
                           GError **error);
typedef char *(*Format) (const BrevSetting *setting, gconstpointer field);
typedef void (*Clear) (gpointer field);

/* A number with the letter behind it: "50M", "30s", "50/s". */
typedef struct {
    const char *suffix;
    gint64 factor;
} Unit;

/* clang-format off */
static const Unit size_units[] = { /* largest first, for printing */
    { "G", 1024 * 1024 * 1024 }, { "M", 1024 * 1024 }, { "K", 1024 }, { "", 1 }, { NULL, 0 },
};
static const Unit duration_units[] = {
    { "w", 604800000 }, { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 },
    { "ms", 1 }, { "", 1000 }, { NULL, 0 },
};
static const Unit rate_units[] = { /* seconds */
    { "/s", 1 }, { "/m", 60 }, { "/h", 3600 }, { "/d", 86400 }, { "", 1 }, { NULL, 0 },
};
/* clang-format on */

static void
set_text (gpointer field, char *text)
{
    char **slot = field;

    g_free (*slot);
    *slot = text;
}

/* Also keeps line breaks out of header fields that are made from a setting. */
static gboolean
parse_text (const BrevSetting *setting, gpointer field, const char *text, GError **error)
{
    for (const char *p = text; *p != '\0'; p++)
        if (g_ascii_iscntrl (*p))
            return brev_throw (error, BREV_ERROR_CONFIG, "'%s' holds a control character",
                               setting->key);
    set_text (field, *text == '\0' ? NULL : g_strdup (text));
    return TRUE;
}

static gboolean
parse_name (const BrevSetting *setting, gpointer field, const char *text, GError **error)
{
    if (!brev_text_is_made_of (text, "._-"))
        return brev_throw (
            error, BREV_ERROR_CONFIG,
            "'%s': '%s' is not a name of letters, digits, '.', '_' and '-'", setting->key,
            text);
    return parse_text (setting, field, text, error);
}

static gboolean
parse_domain (const BrevSetting *setting, gpointer field, const char *text,
              GError **error)
{
    if (!brev_text_is_made_of (text, ".-") || *text == '.' || strstr (text, "..") != NULL)
        return brev_throw (error, BREV_ERROR_CONFIG, "'%s': '%s' is not a domain",
                           setting->key, text);
    return parse_text (setting, field, text, error);
}

static gboolean
parse_mailbox (const BrevSetting *setting, gpointer field, const char *text,
               GError **error)
{
    const char *at = strrchr (text, '@');

    if (*text != '\0' && (at == NULL || at == text || at[1] == '\0' || at[1] == '>'))
        return brev_throw (
            error, BREV_ERROR_CONFIG,
            "'%s': '%s' is not an address such as 'Web <noreply@example.com>'",
            setting->key, text);
    return parse_text (setting, field, text, error);
}

static gboolean
parse_path (const BrevSetting *setting, gpointer field, const char *text, GError **error)
{
    if (*text != '\0' && *text != '/')
        return brev_throw (error, BREV_ERROR_CONFIG, "'%s': '%s' does not begin with '/'",
                           setting->key, text);
    if (strlen (text) > (gsize) setting->max)
        return brev_throw (error, BREV_ERROR_CONFIG,
                           "'%s': the path is longer than %" G_GINT64_FORMAT " bytes",
                           setting->key, setting->max);
    return parse_text (setting, field, text, error);
}

static gboolean
parse_url (const BrevSetting *setting, gpointer field, const char *text, GError **error)
{
    g_autofree char *trimmed = g_strdup (text);
    const char *fault = *text == '\0' ? NULL : brev_url_fault (text);

    if (fault != NULL)
        return brev_throw (error, BREV_ERROR_CONFIG, "'%s': '%s' %s", setting->key, text,
                           fault);
    for (gsize end = strlen (trimmed); end > 0 && trimmed[end - 1] == '/'; end--)
        trimmed[end - 1] = '\0';
    return parse_text (setting, field, trimmed, error);
}

/* RFC 1035 2.3.4 and 3.1: each label has 1 to 63 octets, all of them 255 with their
 * lengths. */
static gboolean
is_name_in_dns (const char *name, gsize length)
{
    gsize label = 0;

    for (gsize i = 0; i <= length; i++) {
        if (i < length && name[i] != '.') {
            label++;
            continue;
        }
        if (label < 1 || label > 63)
            return FALSE;
        label = 0;
    }
    return length <= 253;
}

gboolean
brev_value_is_key_name (const char *word)
{
    gsize length = strlen (word) - g_str_has_suffix (word, ".");
    g_autofree char *name = g_ascii_strdown (word, (gssize) length);
    const char *middle = strstr (name, "._domainkey.");

    return g_str_is_ascii (name) && brev_text_is_made_of (name, "._-") &&
           middle != NULL && middle != name && is_name_in_dns (name, length);
}

static gboolean
check_words (const BrevSetting *setting, char **words, GError **error)
{
    for (guint i = 0; setting->is_word != NULL && words[i] != NULL; i++)
        if (!setting->is_word (words[i]))
            return brev_throw (error, BREV_ERROR_CONFIG, "'%s': '%s' is not %s",
                               setting->key, words[i], setting->example);
    return TRUE;
}

static gboolean
parse_list (const BrevSetting *setting, gpointer field, const char *text, GError **error)
{
    g_auto (GStrv) pieces = g_strsplit_set (text, ", \t", -1);
    char ***slot = field;
    guint kept = 0;

    for (guint i = 0; pieces[i] != NULL; i++)
        if (*pieces[i] == '\0')
            g_free (pieces[i]);
        else
            pieces[kept++] = pieces[i];
    pieces[kept] = NULL;
    if (!check_words (setting, pieces, error))
        return FALSE;
    g_strfreev (*slot);
    *slot = kept == 0 ? NULL : g_steal_pointer (&pieces);
    return TRUE;
}

static gboolean
parse_choice (const BrevSetting *setting, gpointer field, const char *text,
              GError **error)
{
    g_autoptr (GString) all = g_string_new (NULL);

    for (int i = 0; setting->choices[i] != NULL; i++)
        if (strcmp (setting->choices[i], text) == 0) {
            *(int *) field = i;
            return TRUE;
        }
    for (int i = 0; setting->choices[i] != NULL; i++)
        g_string_append_printf (all, "%s%s", i == 0 ? "" : ", ", setting->choices[i]);
    return brev_throw (error, BREV_ERROR_CONFIG, "'%s': '%s' is none of %s", setting->key,
                       text, all->str);
}

static gboolean
parse_boolean (const BrevSetting *setting, gpointer field, const char *text,
               GError **error)
{
    static const char *const words[] = { "no",  "yes", "false", "true",
                                         "off", "on",  "0",     "1" };

    for (guint i = 0; i < G_N_ELEMENTS (words); i++)
        if (g_ascii_strcasecmp (words[i], text) == 0) {
            *(gboolean *) field = i % 2 == 1;
            return TRUE;
        }
    return brev_throw (error, BREV_ERROR_CONFIG, "'%s': '%s' is neither yes nor no",
                       setting->key, text);
}

/* @number of @unit; spaces may stand between them. */
static gboolean
split_unit (const char *text, const Unit *units, gint64 *number, gint64 *factor)
{
    char *end = NULL;
    guint64 value;

    if (!g_ascii_isdigit (*text))
        return FALSE;
    value = g_ascii_strtoull (text, &end, 10);
    while (*end == ' ')
        end++;
    for (; units->suffix != NULL; units++)
        if (g_ascii_strcasecmp (end, units->suffix) == 0 && value <= G_MAXINT64) {
            *number = (gint64) value;
            *factor = units->factor;
            return TRUE;
        }
    return FALSE;
}

static char *
format_unit (gint64 value, const Unit *units)
{
    while (units[1].suffix != NULL && (value % units->factor != 0 || value == 0))
        units++;
    return g_strdup_printf ("%" G_GINT64_FORMAT "%s", value / units->factor,
                            units->suffix);
}

static gboolean
out_of_range (const BrevSetting *setting, const char *text, const Unit *units,
              GError **error)
{
    g_autofree char *min = format_unit (setting->min, units);
    g_autofree char *max = format_unit (setting->max, units);

    return brev_throw (error, BREV_ERROR_CONFIG, "'%s': '%s' is not between %s and %s",
                       setting->key, text, min, max);
}

static gboolean
parse_number (const BrevSetting *setting, const char *text, const Unit *units,
              const char *example, gint64 *value, GError **error)
{
    gint64 number, factor;

    if (!split_unit (text, units, &number, &factor))
        return brev_throw (error, BREV_ERROR_CONFIG, "'%s': '%s' is not %s", setting->key,
                           text, example);
    if (number > setting->max / factor || number * factor < setting->min)
        return out_of_range (setting, text, units, error);
    *value = number * factor;
    return TRUE;
}

static const Unit no_units[] = { { "", 1 }, { NULL, 0 } };

static gboolean
parse_count (const BrevSetting *setting, gpointer field, const char *text, GError **error)
{
    gint64 value = 0;

    if (!parse_number (setting, text, no_units, "a number", &value, error))
        return FALSE;
    *(guint *) field = (guint) value;
    return TRUE;
}

static gboolean
parse_size (const BrevSetting *setting, gpointer field, const char *text, GError **error)
{
    gint64 value = 0;

    if (!parse_number (setting, text, size_units, "a size such as 50M", &value, error))
        return FALSE;
    *(guint64 *) field = (guint64) value;
    return TRUE;
}

static gboolean
parse_duration (const BrevSetting *setting, gpointer field, const char *text,
                GError **error)
{
    return parse_number (setting, text, duration_units, "a time such as 30s or 5d", field,
                         error);
}

static gboolean
parse_rate (const BrevSetting *setting, gpointer field, const char *text, GError **error)
{
    gint64 number = 0, seconds = 1;

    if (*text != '\0' && !split_unit (text, rate_units, &number, &seconds))
        return brev_throw (error, BREV_ERROR_CONFIG,
                           "'%s': '%s' is not a rate such as 50/s or 100/m", setting->key,
                           text);
    if (number > setting->max)
        return out_of_range (setting, text, no_units, error);
    *(double *) field = (double) number / (double) seconds;
    return TRUE;
}

static char *
format_text (const BrevSetting *setting, gconstpointer field)
{
    const char *text = *(char *const *) field;

    return g_strdup (text == NULL ? "" : text);
}

static char *
format_list (const BrevSetting *setting, gconstpointer field)
{
    char **list = *(char **const *) field;

    return list == NULL ? g_strdup ("") : g_strjoinv (" ", list);
}

static char *
format_choice (const BrevSetting *setting, gconstpointer field)
{
    return g_strdup (setting->choices[*(const int *) field]);
}

static char *
format_boolean (const BrevSetting *setting, gconstpointer field)
{
    return g_strdup (*(const gboolean *) field ? "yes" : "no");
}

static char *
format_count (const BrevSetting *setting, gconstpointer field)
{
    return g_strdup_printf ("%u", *(const guint *) field);
}

static char *
format_size (const BrevSetting *setting, gconstpointer field)
{
    return format_unit ((gint64) * (const guint64 *) field, size_units);
}

static char *
format_duration (const BrevSetting *setting, gconstpointer field)
{
    gint64 value = *(const gint64 *) field;

    return value == 0 ? g_strdup ("0") : format_unit (value, duration_units);
}

/* In the shortest time in which it is a whole number. */
static char *
format_rate (const BrevSetting *setting, gconstpointer field)
{
    double rate = *(const double *) field;

    if (rate == 0)
        return g_strdup ("");
    for (const Unit *unit = rate_units; *unit->suffix != '\0'; unit++) {
        double number = rate * (double) unit->factor;
        gint64 whole = (gint64) (number + 0.5);
        if (ABS (number - (double) whole) < 1e-6 * number)
            return g_strdup_printf ("%" G_GINT64_FORMAT "%s", whole, unit->suffix);
    }
    return g_strdup_printf ("%g/s", rate);
}

static void
clear_text (gpointer field)
{
    set_text (field, NULL);
}

static void
clear_list (gpointer field)
{
    char ***slot = field;

    g_clear_pointer (slot, g_strfreev);
}

/* clang-format off */
static const struct {
    Parse parse;
    Format format;
    Clear clear; /* NULL: it owns nothing */
} types[] = {
    [BREV_TYPE_TEXT]     = { parse_text,     format_text,     clear_text },
    [BREV_TYPE_NAME]     = { parse_name,     format_text,     clear_text },
    [BREV_TYPE_DOMAIN]   = { parse_domain,   format_text,     clear_text },
    [BREV_TYPE_MAILBOX]  = { parse_mailbox,  format_text,     clear_text },
    [BREV_TYPE_PATH]     = { parse_path,     format_text,     clear_text },
    [BREV_TYPE_URL]      = { parse_url,      format_text,     clear_text },
    [BREV_TYPE_LIST]     = { parse_list,     format_list,     clear_list },
    [BREV_TYPE_CHOICE]   = { parse_choice,   format_choice,   NULL },
    [BREV_TYPE_BOOLEAN]  = { parse_boolean,  format_boolean,  NULL },
    [BREV_TYPE_COUNT]    = { parse_count,    format_count,    NULL },
    [BREV_TYPE_SIZE]     = { parse_size,     format_size,     NULL },
    [BREV_TYPE_DURATION] = { parse_duration, format_duration, NULL },
    [BREV_TYPE_RATE]     = { parse_rate,     format_rate,     NULL },
};
const char *const brev_type_names[] = {
    [BREV_TYPE_TEXT]     = "text",
    [BREV_TYPE_NAME]     = "name",
    [BREV_TYPE_DOMAIN]   = "domain",
    [BREV_TYPE_MAILBOX]  = "mailbox",
    [BREV_TYPE_PATH]     = "path",
    [BREV_TYPE_URL]      = "URL",
    [BREV_TYPE_LIST]     = "list",
    [BREV_TYPE_CHOICE]   = "choice",
    [BREV_TYPE_BOOLEAN]  = "boolean",
    [BREV_TYPE_COUNT]    = "number",
    [BREV_TYPE_SIZE]     = "size",
    [BREV_TYPE_DURATION] = "duration",
    [BREV_TYPE_RATE]     = "rate",
};
/* clang-format on */
G_STATIC_ASSERT (G_N_ELEMENTS (types) == BREV_TYPE_LAST);
G_STATIC_ASSERT (G_N_ELEMENTS (brev_type_names) == BREV_TYPE_LAST);

gboolean
brev_value_parse (const BrevSetting *setting, gpointer field, const char *text,
                  GError **error)
{
    return types[setting->type].parse (setting, field, text, error);
}

char *
brev_value_format (const BrevSetting *setting, gconstpointer field)
{
    return types[setting->type].format (setting, field);
}

void
brev_value_clear (const BrevSetting *setting, gpointer field)
{
    char *secret = setting->is_secret ? *(char **) field : NULL;

    if (secret != NULL)
        explicit_bzero (secret, strlen (secret));
    if (types[setting->type].clear != NULL)
        types[setting->type].clear (field);
}

gboolean
brev_value_is_status (const char *word)
{
    return strlen (word) == 3 && word[0] >= '2' && word[0] <= '5' &&
           g_ascii_isdigit (word[1]) && g_ascii_isdigit (word[2]);
}
