/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "admin/commands.h"
#include "admin/output.h"
#include "admin/site.h"
#include "base/text.h"

#define MARGIN "                                  " /* below the callers */

/* -- text ---------------------------------------------------------------------------- */

/* Returns: (transfer full): "php-fpm8.2, 33:mailer.php, uid 33 (www-data)" */
static char *
caller_text (const BrevStoreCaller *caller)
{
    const char *program = *caller->program == '\0' ? "unknown program" : caller->program;
    gboolean has_script = *caller->script != '\0';
    gboolean has_login = *caller->login != '\0';
    g_autofree char *text = NULL;

    if (caller->is_rest && caller->uid < 0)
        return g_strdup ("all other users");
    if (caller->is_rest)
        return g_strdup_printf ("all other programs, uid %" G_GINT64_FORMAT, caller->uid);
    text = g_strdup_printf ("%s%s%s, uid %" G_GINT64_FORMAT "%s%s%s", program,
                            has_script ? ", " : "", caller->script, caller->uid,
                            has_login ? " (" : "", caller->login, has_login ? ")" : "");
    return brev_text_printable (text);
}

static void
print_options (const BrevStoreCaller *caller)
{
    g_autoptr (GString) list = g_string_new (NULL);
    g_autofree char *clean = NULL;

    for (guint i = 0; i < caller->options->len; i++) {
        const BrevStoreOption *option = caller->options->pdata[i];
        g_string_append_printf (list, "%s%s %" G_GUINT64_FORMAT, i == 0 ? "" : ", ",
                                option->name, option->used);
    }
    clean = brev_text_printable (list->str);
    if (*clean != '\0')
        (void) printf (MARGIN "%s\n", clean);
}

G_GNUC_PRINTF (2, 3)
static void
print_note (const BrevCall *call, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *clean = NULL;
    va_list args;

    va_start (args, format);
    text = g_strdup_vprintf (format, args);
    va_end (args);
    clean = brev_text_printable (text);
    (void) printf (MARGIN "%s%s%s\n", brev_colour (call, BREV_YELLOW), clean,
                   brev_colour (call, BREV_PLAIN));
}

#define COUNT_OF "%" G_GUINT64_FORMAT " message%s"
#define COUNT(n) (n), (n) == 1 ? "" : "s"

/* What another mail program would have done otherwise. */
static void
print_notes (const BrevCall *call, const BrevStoreCaller *caller)
{
    for (guint i = 0; i < caller->options->len; i++) {
        const BrevStoreOption *option = caller->options->pdata[i];
        if (option->ignored > 0)
            print_note (call, "%s had no effect on " COUNT_OF, option->name,
                        COUNT (option->ignored));
    }
    if (caller->dot_messages > 0)
        print_note (call,
                    COUNT_OF " went on behind a lone dot: %" G_GUINT64_FORMAT
                             " bytes were left out; -i keeps them",
                    COUNT (caller->dot_messages), caller->dot_bytes);
    if (caller->rewritten > 0)
        print_note (call, COUNT_OF " went out with the configured \"from\" for a sender",
                    COUNT (caller->rewritten));
}

static void
print_text (const BrevCall *call, const GPtrArray *callers)
{
    if (callers->len == 0) {
        (void) printf ("No program has sent mail yet.\n");
        return;
    }
    (void) printf ("%s%10s  %-20s  %s%s\n", brev_colour (call, BREV_BOLD), "messages",
                   "last", "caller", brev_colour (call, BREV_PLAIN));
    for (guint i = 0; i < callers->len; i++) {
        const BrevStoreCaller *caller = callers->pdata[i];
        g_autofree char *who = caller_text (caller);
        g_autofree char *last = brev_time_text (caller->last);
        (void) printf ("%10" G_GUINT64_FORMAT "  %-20s  %s\n", caller->messages, last,
                       who);
        print_options (caller);
        print_notes (call, caller);
    }
}

/* -- JSON ---------------------------------------------------------------------------- */

static void
option_json (JsonBuilder *json, const BrevStoreOption *option)
{
    json_builder_begin_object (json);
    brev_out_string (json, "option", option->name);
    brev_out_int (json, "used", (gint64) option->used);
    brev_out_int (json, "ignored", (gint64) option->ignored);
    json_builder_end_object (json);
}

static void
caller_json (JsonBuilder *json, const BrevStoreCaller *caller)
{
    json_builder_begin_object (json);
    brev_out_int (json, "uid", caller->uid);
    brev_out_bool (json, "rest", caller->is_rest);
    brev_out_string (json, "login", caller->login);
    brev_out_string (json, "program", caller->program);
    brev_out_string (json, "script", caller->script);
    brev_out_int (json, "messages", (gint64) caller->messages);
    brev_out_time (json, "first", caller->first);
    brev_out_time (json, "last", caller->last);
    brev_out_int (json, "dot_messages", (gint64) caller->dot_messages);
    brev_out_int (json, "dot_bytes", (gint64) caller->dot_bytes);
    brev_out_int (json, "rewritten", (gint64) caller->rewritten);
    json_builder_set_member_name (json, "options");
    json_builder_begin_array (json);
    for (guint i = 0; i < caller->options->len; i++)
        option_json (json, caller->options->pdata[i]);
    json_builder_end_array (json);
    json_builder_end_object (json);
}

static void
print_json (const GPtrArray *callers)
{
    g_autoptr (JsonBuilder) json = json_builder_new ();

    json_builder_begin_array (json);
    for (guint i = 0; i < callers->len; i++)
        caller_json (json, callers->pdata[i]);
    json_builder_end_array (json);
    brev_out_print (json);
}

gboolean
brev_cmd_compat (BrevCall *call, GError **error)
{
    g_autoptr (BrevSite) site = brev_site_open (call->config, BREV_STORE_READ, error);
    g_autoptr (GPtrArray) callers = NULL;

    if (site == NULL)
        return FALSE;
    callers = site->store == NULL ? g_ptr_array_new ()
                                  : brev_store_callers (site->store, error);
    if (callers == NULL)
        return FALSE;
    if (call->is_json)
        print_json (callers);
    else
        print_text (call, callers);
    return TRUE;
}
