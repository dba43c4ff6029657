/* SPDX-License-Identifier: MIT */
#include "admin/output.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

void
brev_out_string (JsonBuilder *json, const char *name, const char *text)
{
    g_autofree char *valid = text == NULL ? NULL : g_utf8_make_valid (text, -1);

    json_builder_set_member_name (json, name);
    if (valid == NULL)
        json_builder_add_null_value (json);
    else
        json_builder_add_string_value (json, valid);
}

void
brev_out_int (JsonBuilder *json, const char *name, gint64 number)
{
    json_builder_set_member_name (json, name);
    json_builder_add_int_value (json, number);
}

void
brev_out_bool (JsonBuilder *json, const char *name, gboolean value)
{
    json_builder_set_member_name (json, name);
    json_builder_add_boolean_value (json, value);
}

void
brev_out_time (JsonBuilder *json, const char *name, gint64 time)
{
    g_autoptr (GDateTime) moment = g_date_time_new_from_unix_utc (time / BREV_SECOND);
    g_autofree char *day = moment == NULL ? NULL : g_date_time_format (moment, "%FT%T");
    g_autofree char *text =
        day == NULL ? NULL
                    : g_strdup_printf ("%s.%03dZ", day, (int) (time % BREV_SECOND));

    brev_out_string (json, name, time == 0 ? NULL : text);
}

void
brev_out_strings (JsonBuilder *json, const char *name, const GPtrArray *texts)
{
    json_builder_set_member_name (json, name);
    json_builder_begin_array (json);
    for (guint i = 0; texts != NULL && i < texts->len; i++) {
        g_autofree char *valid = g_utf8_make_valid (texts->pdata[i], -1);
        json_builder_add_string_value (json, valid);
    }
    json_builder_end_array (json);
}

/* json-glib leaves U+001F as it is, which no reader of JSON takes, and U+0080 to U+009F,
 * which some terminals obey. A line feed as such only stands between values. */
char *
brev_out_json_text (JsonNode *node)
{
    g_autofree char *text = json_to_string (node, TRUE);
    GString *clean = g_string_sized_new (strlen (text));

    for (char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
        gunichar c = g_utf8_get_char (p);
        if (c != '\n' && g_unichar_iscntrl (c))
            g_string_append_printf (clean, "\\u%04x", c);
        else
            g_string_append_unichar (clean, c);
    }
    return g_string_free (clean, FALSE);
}

void
brev_out_print (JsonBuilder *json)
{
    g_autoptr (JsonNode) root = json_builder_get_root (json);
    g_autofree char *text = brev_out_json_text (root);

    (void) printf ("%s\n", text);
}

const char *
brev_colour (const BrevCall *call, BrevColour colour)
{
    static const char *const codes[] = {
        [BREV_PLAIN] = "\033[0m",  [BREV_BOLD] = "\033[1m",    [BREV_RED] = "\033[31m",
        [BREV_GREEN] = "\033[32m", [BREV_YELLOW] = "\033[33m", [BREV_DIM] = "\033[2m",
    };

    return call->has_colour ? codes[colour] : "";
}

char *
brev_time_text (gint64 time)
{
    g_autoptr (GDateTime) moment = g_date_time_new_from_unix_local (time / BREV_SECOND);

    return time == 0 || moment == NULL ? g_strdup ("-")
                                       : g_date_time_format (moment, "%F %T");
}

char *
brev_duration_text (gint64 ms)
{
    static const struct {
        gint64 length, until; /* ms */
        const char *name;
    } units[] = {
        { BREV_SECOND, 2 * BREV_MINUTE, "s" },
        { BREV_MINUTE, 2 * BREV_HOUR, "min" },
        { BREV_HOUR, 2 * BREV_DAY, "h" },
        { BREV_DAY, G_MAXINT64, "d" },
    };
    guint i = 0;

    while (ms >= units[i].until)
        i++;
    return g_strdup_printf ("%" G_GINT64_FORMAT " %s", ms / units[i].length,
                            units[i].name);
}

char *
brev_time_from_now (gint64 time, gint64 now)
{
    g_autofree char *length = brev_duration_text (ABS (time - now));

    if (time <= now && now - time < BREV_SECOND)
        return g_strdup ("now");
    return time > now ? g_strconcat ("in ", length, NULL)
                      : g_strconcat (length, " ago", NULL);
}

char *
brev_size_text (guint64 size)
{
    return g_format_size (size);
}
