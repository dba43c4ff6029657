/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "admin/commands.h"
#include "admin/listing.h"
#include "admin/output.h"
#include "admin/status.h"
#include "base/text.h"
#include "brevdue-paths.h"

/* -- JSON ---------------------------------------------------------------------------- */

static void
account_json (JsonBuilder *json, const BrevStatus *status, guint n)
{
    const BrevAccount *account = status->config->accounts->pdata[n];
    const BrevAccountPace *pace = &g_array_index (status->paces, BrevAccountPace, n);

    json_builder_begin_object (json);
    brev_out_string (json, "name", account->name);
    brev_out_string (json, "provider", account->provider);
    brev_out_bool (json, "default",
                   g_strcmp0 (account->name, status->config->account) == 0);
    brev_out_string (json, "fault", status->faults->pdata[n]);
    json_builder_set_member_name (json, "rate");
    json_builder_add_double_value (json, pace->slowed > 0 ? pace->slowed : account->rate);
    brev_out_time (json, "quota_until", pace->quota_until);
    json_builder_set_member_name (json, "problems");
    json_builder_begin_array (json);
    for (guint i = 0; i < status->problems->len; i++) {
        const BrevStoreProblem *problem = status->problems->pdata[i];
        if (strcmp (problem->account, account->name) != 0)
            continue;
        json_builder_begin_object (json);
        brev_out_string (json, "scope", problem->scope);
        brev_out_string (json, "problem", problem->problem);
        brev_out_time (json, "since", problem->since);
        brev_out_time (json, "until", problem->until);
        json_builder_end_object (json);
    }
    json_builder_end_array (json);
    json_builder_end_object (json);
}

static void
queue_json (JsonBuilder *json, const BrevStatus *status)
{
    json_builder_set_member_name (json, "queue");
    json_builder_begin_object (json);
    for (guint i = 0; brev_listed_states[i] != NULL; i++)
        brev_out_int (json, brev_listed_states[i], status->counts[i]);
    brev_out_int (json, "total", status->listing->messages->len);
    brev_out_time (json, "oldest", status->oldest);
    json_builder_end_object (json);
    json_builder_set_member_name (json, "strange_files");
    json_builder_begin_array (json);
    for (guint i = 0; i < status->listing->strangers->len; i++) {
        const BrevStranger *stranger = status->listing->strangers->pdata[i];
        json_builder_begin_object (json);
        brev_out_string (json, "path", stranger->path);
        brev_out_int (json, "uid", stranger->uid);
        brev_out_string (json, "problem", stranger->problem);
        json_builder_end_object (json);
    }
    json_builder_end_array (json);
}

static void
storms_json (JsonBuilder *json, const BrevStatus *status)
{
    json_builder_set_member_name (json, "storms");
    json_builder_begin_array (json);
    for (guint i = 0; i < status->storms->len; i++) {
        const BrevStoreStorm *storm = &g_array_index (status->storms, BrevStoreStorm, i);
        json_builder_begin_object (json);
        brev_out_int (json, "uid", storm->uid);
        brev_out_time (json, "since", storm->began);
        brev_out_int (json, "messages", (gint64) storm->total);
        brev_out_int (json, "held", (gint64) storm->held);
        json_builder_end_object (json);
    }
    json_builder_end_array (json);
    brev_out_int (json, "held_by_storm_guard", status->storm_held);
}

static void
print_json (const BrevStatus *status)
{
    g_autoptr (JsonBuilder) json = json_builder_new ();

    json_builder_begin_object (json);
    brev_out_string (json, "version", BREV_VERSION);
    brev_out_strings (json, "config_problems", status->config_problems);
    brev_out_string (json, "spool",
                     status->site->spool == NULL ? NULL : status->site->spool->path);
    brev_out_bool (json, "service_expected", status->has_service);
    brev_out_bool (json, "service_answers", status->service_answers);
    json_builder_set_member_name (json, "accounts");
    json_builder_begin_array (json);
    for (guint i = 0; i < status->config->accounts->len; i++)
        account_json (json, status, i);
    json_builder_end_array (json);
    queue_json (json, status);
    storms_json (json, status);
    json_builder_end_object (json);
    brev_out_print (json);
}

/* -- text ---------------------------------------------------------------------------- */

static void
print_bad (const BrevCall *call, const char *indent, const char *text)
{
    g_autofree char *clean = brev_text_printable (text);

    (void) printf ("%s%s%s%s\n", indent, brev_colour (call, BREV_RED), clean,
                   brev_colour (call, BREV_PLAIN));
}

static void
print_service (const BrevCall *call, const BrevStatus *status)
{
    if (!status->has_service)
        (void) printf ("Service    none: mail is sent directly by whoever submits it\n");
    else if (status->service_answers)
        (void) printf ("Service    answers at %s\n", status->config->socket);
    else
        print_bad (
            call, "Service    ",
            "does not answer: mail is kept, and sent once 'systemctl start brevdue' has "
            "started it");
}

static void
print_config (const BrevCall *call, const BrevStatus *status)
{
    const GPtrArray *texts = status->config_problems;

    if (texts->len == 0)
        return;
    print_bad (call, "Config     ",
               "has problems: the courier sends nothing until they are gone");
    for (guint i = 0; i < texts->len; i++)
        print_bad (call, "           ", texts->pdata[i]);
}

static void
print_account (const BrevCall *call, const BrevStatus *status, guint n)
{
    const BrevAccount *account = status->config->accounts->pdata[n];
    const char *fault = status->faults->pdata[n];
    const BrevAccountPace *pace = &g_array_index (status->paces, BrevAccountPace, n);

    (void) printf (
        "Account    %s (%s)%s\n", account->name,
        account->provider == NULL ? "?" : account->provider,
        g_strcmp0 (account->name, status->config->account) == 0 ? ", the default" : "");
    if (fault != NULL)
        print_bad (call, "           ", fault);
    if (pace->slowed > 0)
        (void) printf ("           slowed to %.3g/s: the provider said it was too much\n",
                       pace->slowed);
    if (pace->quota_until > 0) {
        g_autofree char *until = brev_time_from_now (pace->quota_until, status->now);
        (void) printf ("           its daily quota of %u is used up; more %s\n",
                       account->daily_quota, until);
    }
    for (guint i = 0; i < status->problems->len; i++) {
        const BrevStoreProblem *problem = status->problems->pdata[i];
        g_autofree char *since = brev_time_from_now (problem->since, status->now);
        g_autofree char *until = brev_time_from_now (problem->until, status->now);
        g_autofree char *text =
            g_strdup_printf ("%s: %s; since %s, next try %s", problem->scope,
                             problem->problem, since, until);
        if (strcmp (problem->account, account->name) == 0)
            print_bad (call, "           ", text);
    }
}

static void
print_queue (const BrevCall *call, const BrevStatus *status)
{
    g_autofree char *age = brev_duration_text (status->now - status->oldest);

    (void) printf ("Queue      ");
    if (status->listing->messages->len == 0)
        (void) printf ("empty");
    for (guint i = 0, n = 0; brev_listed_states[i] != NULL; i++)
        if (status->counts[i] > 0)
            (void) printf ("%s%u %s", n++ > 0 ? ", " : "", status->counts[i],
                           brev_listed_states[i]);
    (void) printf ("\n");
    if (status->oldest != 0)
        (void) printf ("Oldest     %s\n", age);
    for (guint i = 0; i < status->listing->strangers->len; i++) {
        const BrevStranger *stranger = status->listing->strangers->pdata[i];
        g_autofree char *text = g_strdup_printf (
            "%s/%s (uid %u) is no message: %s", status->site->spool->path, stranger->path,
            stranger->uid, stranger->problem);
        print_bad (call, "File       ", text);
    }
}

static void
print_storms (const BrevCall *call, const BrevStatus *status)
{
    for (guint i = 0; i < status->storms->len; i++) {
        const BrevStoreStorm *storm = &g_array_index (status->storms, BrevStoreStorm, i);
        g_autofree char *since = brev_time_from_now (storm->began, status->now);
        g_autofree char *text = g_strdup_printf (
            "user id %" G_GINT64_FORMAT " sends the same mail over and over: "
            "%" G_GUINT64_FORMAT " messages, a storm since %s; %" G_GUINT64_FORMAT
            " held",
            storm->uid, storm->total, since, storm->held);
        print_bad (call, "Storm      ", text);
    }
    if (status->storm_held > 0)
        (void) printf ("           %u held by the storm guard: 'brevdue queue release' "
                       "sends, 'brevdue queue delete' drops\n",
                       status->storm_held);
}

gboolean
brev_cmd_status (BrevCall *call, GError **error)
{
    g_auto (BrevStatus) status = { 0 };

    if (brev_call_option (call, "check") != NULL) {
        brev_status_check (call);
        return TRUE;
    }
    if (!brev_status_read (&status, call->config, error))
        return FALSE;
    if (call->is_json) {
        print_json (&status);
        return TRUE;
    }
    print_service (call, &status);
    print_config (call, &status);
    if (call->config->accounts->len == 0)
        print_bad (call, "Account    ", "none: nothing can be sent, see brevdue.conf(5)");
    for (guint i = 0; i < call->config->accounts->len; i++)
        print_account (call, &status, i);
    print_queue (call, &status);
    print_storms (call, &status);
    return TRUE;
}
