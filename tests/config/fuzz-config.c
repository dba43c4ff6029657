/* SPDX-License-Identifier: MIT */
#include "config/route.h"
#include "config/scan.h"

/* A file of any bytes: no line of it takes another with it, and each value that is
 * accepted is accepted again as it is shown. */

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static void
free_problem (gpointer data)
{
    BrevProblem *problem = data;

    g_free (problem->file);
    g_free (problem->message);
    g_free (problem);
}

/* The structs of all groups, at the same place. */
typedef union {
    BrevConfig config;
    BrevAccount account;
    BrevRoute route;
} Target;

static void
check_value (const BrevEntry *entry)
{
    Target target = { 0 }, again = { 0 };

    if (entry->setting != NULL &&
        brev_setting_parse (entry->setting, &target, entry->value, NULL)) {
        g_autofree char *shown = brev_setting_format (entry->setting, &target);
        g_autofree char *second = NULL;
        g_assert_true (brev_setting_parse (entry->setting, &again, shown, NULL));
        second = brev_setting_format (entry->setting, &again);
        g_assert_cmpstr (shown, ==, second);
    }
    brev_settings_clear (entry->group, &target);
    brev_settings_clear (entry->group, &again);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
    g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (free_problem);
    g_autoptr (GPtrArray) entries =
        brev_scan ("fuzz", (const char *) data, size, problems);

    for (guint i = 0; i < entries->len; i++)
        check_value (entries->pdata[i]);
    return 0;
}
