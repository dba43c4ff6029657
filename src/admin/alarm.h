/* SPDX-License-Identifier: MIT */
#pragma once

#include "admin/status.h"

/* What somebody must be told who does not look: a table of conditions, each of which
 * decides over facts that were gathered before. */

/* The last one that holds is the state of the whole. */
typedef enum {
    BREV_ALARM_OK,
    BREV_ALARM_UNKNOWN, /* something could not be found out */
    BREV_ALARM_WARNING,
    BREV_ALARM_CRITICAL,
    BREV_ALARM_LAST
} BrevAlarmLevel;

typedef struct {
    const char *name; /* as monitors print it: "CRITICAL" */
    int exit_status;  /* as plugins of Nagios and its kind end */
} BrevAlarmState;

extern const BrevAlarmState brev_alarm_states[BREV_ALARM_LAST];

typedef struct {
    const BrevStatus *status; /* perhaps read in part only */
    const char *unreadable;   /* nullable: why the rest was not read */
    gint64 discarded;         /* messages that a test token or the outbox took of late */
    const GPtrArray *keys;    /* of BrevKey; nullable: not read */
} BrevAlarmFacts;

typedef struct {
    const char *condition; /* static: "parked" */
    BrevAlarmLevel level;
    char *text; /* owned */
} BrevAlarm;

#define BREV_ALARM_AGE BREV_HOUR    /* mail that waits longer is told */
#define BREV_ALARM_RECENT BREV_HOUR /* discarded mail is told for that long */

/* Returns: (transfer full): (array of BrevAlarm) the conditions that hold, in the table's
 * order; empty: all is well */
GPtrArray *brev_alarms (const BrevAlarmFacts *facts);
BrevAlarmLevel brev_alarms_level (const GPtrArray *alarms);

/* Returns: (transfer full): "brevdue CRITICAL: ...", fit for any monitor: one line without
 * "|", behind which they look for numbers */
char *brev_alarms_line (const GPtrArray *alarms, const BrevStatus *status);
