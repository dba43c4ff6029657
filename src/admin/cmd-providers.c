/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "admin/commands.h"
#include "admin/output.h"
#include "provider/provider.h"

/* The capability table. brevdue(1) and README.md hold it as well; tests compare them. */

#define NO_LIMIT "-"

static char *
number_or_none (guint64 number)
{
    return number > 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT, number)
                      : g_strdup (NO_LIMIT);
}

/* Returns: (transfer full): decimal megabytes, as providers count */
static char *
size_text (guint64 bytes)
{
    return bytes > 0 ? g_strdup_printf ("%.1f MB", (double) bytes / 1e6)
                     : g_strdup (NO_LIMIT);
}

static const char *
yes_or_no (const BrevProvider *provider, BrevCaps capability)
{
    return (provider->caps & capability) != 0 ? "yes" : "no";
}

static const char *
way_text (const BrevProvider *provider)
{
    return (provider->caps & BREV_CAP_RAW) != 0 ? "raw" : "structured";
}

#define ROW "%-10s  %-12s  %-10s  %-10s  %5s  %4s  %6s  %4s  %10s  %7s\n"

static void
print_row (const BrevProvider *provider)
{
    g_autofree char *batch = number_or_none (provider->max_batch);
    g_autofree char *recipients = number_or_none (provider->max_recipients);
    g_autofree char *size = size_text (provider->max_size);

    (void) printf (ROW, provider->name, brev_level_words[provider->level],
                   provider->level_date, way_text (provider), batch,
                   yes_or_no (provider, BREV_CAP_IDEMPOTENCY),
                   yes_or_no (provider, BREV_CAP_SEARCH),
                   yes_or_no (provider, BREV_CAP_SMTP), recipients, size);
}

static void
print_text (const BrevCall *call)
{
    (void) printf ("%s" ROW "%s", brev_colour (call, BREV_BOLD), "provider", "level",
                   "since", "way", "batch", "once", "search", "smtp", "recipients",
                   "size", brev_colour (call, BREV_PLAIN));
    for (const BrevProvider *const *p = brev_providers; *p != NULL; p++)
        if ((*p)->encode != NULL)
            print_row (*p);
}

static void
limit_json (JsonBuilder *json, const char *name, guint64 limit)
{
    if (limit > 0)
        brev_out_int (json, name, (gint64) limit);
}

static void
losses_json (JsonBuilder *json, const BrevProvider *provider)
{
    json_builder_set_member_name (json, "carries");
    json_builder_begin_array (json);
    for (guint i = 0; i < BREV_FEATURE_LAST; i++)
        if (BREV_HAS (provider->carried, i))
            json_builder_add_string_value (json, brev_features[i].name);
    json_builder_end_array (json);
}

static void
provider_json (JsonBuilder *json, const BrevProvider *provider)
{
    static const struct {
        const char *name;
        BrevCaps capability;
    } rows[] = {
        { "raw", BREV_CAP_RAW },       { "structured", BREV_CAP_STRUCTURED },
        { "batch", BREV_CAP_BATCH },   { "idempotency", BREV_CAP_IDEMPOTENCY },
        { "search", BREV_CAP_SEARCH }, { "smtp", BREV_CAP_SMTP },
    };

    json_builder_begin_object (json);
    brev_out_string (json, "name", provider->name);
    brev_out_string (json, "title", provider->title);
    brev_out_string (json, "level", brev_level_names[provider->level]);
    brev_out_bool (json, "supported", provider->level != BREV_LEVEL_DOCUMENTS);
    brev_out_string (json, "since", provider->level_date);
    brev_out_string (json, "by", provider->level_by);
    for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
        brev_out_bool (json, rows[i].name, (provider->caps & rows[i].capability) != 0);
    losses_json (json, provider);
    limit_json (json, "max_recipients", provider->max_recipients);
    limit_json (json, "max_size", provider->max_size);
    limit_json (json, "max_text", provider->max_text);
    limit_json (json, "max_batch", provider->max_batch);
    limit_json (json, "max_batch_size", provider->max_batch_size);
    json_builder_end_object (json);
}

static void
print_json (void)
{
    g_autoptr (JsonBuilder) json = json_builder_new ();

    json_builder_begin_array (json);
    for (const BrevProvider *const *p = brev_providers; *p != NULL; p++)
        if ((*p)->encode != NULL)
            provider_json (json, *p);
    json_builder_end_array (json);
    brev_out_print (json);
}

gboolean
brev_cmd_providers (BrevCall *call, GError **error)
{
    if (call->is_json)
        print_json ();
    else
        print_text (call);
    return TRUE;
}
