/* SPDX-License-Identifier: MIT */
#pragma once

#include <dirent.h>

#include "courier/control.h"
#include "courier/courier.h"
#include "courier/job.h"
#include "courier/options.h"

/* One run of the courier: when it takes a turn, what it waits for, when it ends. What a
 * turn does is in main.c. */
typedef struct BrevFlow BrevFlow;
struct BrevFlow {
    const BrevRunOptions *options; /* borrowed */
    BrevCourier *courier;          /* borrowed */

    /* Everything that can be done without waiting; %FALSE when the store fails. */
    gboolean (*take_steps) (BrevFlow *flow, GError **error);
    /* What becomes of a request's mails. */
    void (*answer) (BrevJob *job, const BrevHttpReply *reply);

    BrevControl *control; /* owned, nullable */
    GMainLoop *loop;      /* owned */
    GPtrArray *arrivals;  /* owned, of char *: ids to import in the next turn */
    DIR *scan;            /* owned, nullable: of queue/; imported some at a time */
    GPtrArray *flying;    /* owned, of BrevFlight: sent, without a reply */
    gboolean wants_scan;  /* of queue/ */
    guint turn;           /* source: the next turn */
    guint timer;          /* source: the next turn by time */
    guint failures;       /* of the store, in a row */
    guint attempts;       /* direct mode */
    gint64 started;       /* ticks */
    gint64 busy;          /* ticks: the last work */
    gint64 ending;        /* ticks: asked to end; 0: not */
    gboolean wrote_reports;
    int status; /* that of the process */
};

/* A request on its way. */
typedef struct {
    BrevFlow *flow;
    BrevJob *job;
} BrevFlight;

BrevFlow *brev_flow_new (const BrevRunOptions *options, BrevCourier *courier);
void brev_flow_free (BrevFlow *flow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevFlow, brev_flow_free)

/* Until there is nothing more to do, or too much time has passed; see @status. */
void brev_flow_run (BrevFlow *flow);

/* There is something to do. */
void brev_flow_go_on (BrevFlow *flow);
/* Due mail may be there for each account. */
void brev_flow_note_due (BrevFlow *flow);
/* Whatever waits is worth a try now. */
void brev_flow_wake (BrevFlow *flow);
/* No new requests; what was planned goes back; ends when the others are answered. */
void brev_flow_stop (BrevFlow *flow);
/* Returns: ms until something can be done, -1 when it is not time that is waited for */
gint64 brev_flow_next_wait (BrevFlow *flow);
