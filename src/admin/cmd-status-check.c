/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "admin/alarm.h"
#include "admin/commands.h"
#include "admin/keys.h"
#include "admin/output.h"
#include "base/clock.h"

static gboolean
gather (BrevAlarmFacts *facts, BrevStatus *status, const BrevConfig *config,
        GError **error)
{
    facts->status = status;
    if (!brev_status_read (status, config, error))
        return FALSE;
    if (status->site->store != NULL)
        facts->discarded =
            brev_store_count_outcomes (status->site->store, BREV_STATE_DISCARDED,
                                       status->now - BREV_ALARM_RECENT, error);
    return facts->discarded >= 0;
}

static void
print_json (const GPtrArray *alarms)
{
    const BrevAlarmState *state = &brev_alarm_states[brev_alarms_level (alarms)];
    g_autoptr (JsonBuilder) json = json_builder_new ();

    json_builder_begin_object (json);
    brev_out_string (json, "state", state->name);
    brev_out_int (json, "exit_status", state->exit_status);
    json_builder_set_member_name (json, "alarms");
    json_builder_begin_array (json);
    for (guint i = 0; i < alarms->len; i++) {
        const BrevAlarm *alarm = alarms->pdata[i];
        json_builder_begin_object (json);
        brev_out_string (json, "condition", alarm->condition);
        brev_out_string (json, "state", brev_alarm_states[alarm->level].name);
        brev_out_string (json, "text", alarm->text);
        json_builder_end_object (json);
    }
    json_builder_end_array (json);
    json_builder_end_object (json);
    brev_out_print (json);
}

/* What cannot be read is an alarm like others, and no failure: a monitor reads standard
 * output. */
void
brev_status_check (BrevCall *call)
{
    g_auto (BrevStatus) status = { 0 };
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) alarms = NULL;
    g_autoptr (GPtrArray) keys = NULL;
    BrevAlarmFacts facts = { 0 };

    if (!gather (&facts, &status, call->config, &error))
        facts.unreadable = error->message;
    /* without a site this may still be root, who asks no strangers */
    if (status.site != NULL)
        facts.keys = keys = brev_keys_read (call->config);
    alarms = brev_alarms (&facts);
    call->exit_status = brev_alarm_states[brev_alarms_level (alarms)].exit_status;
    if (call->is_json) {
        print_json (alarms);
    } else {
        g_autofree char *line = brev_alarms_line (alarms, &status);
        (void) printf ("%s\n", line);
    }
}
