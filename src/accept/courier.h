/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/types.h>

#include "accept/schedule.h"

/* The one courier of this service, as seen by the daemon. */
typedef struct {
    BrevSchedule schedule;
    pid_t pid;         /* 0: none */
    int control;       /* owned; -1: closed */
    GString *unsent;   /* owned: lines that the socket has not taken yet */
    GString *received; /* owned: what it has said since its last line end */
    BrevEnding ending;
} BrevCourier;

void brev_courier_init (BrevCourier *courier);
void brev_courier_clear (BrevCourier *courier);

/* Starts it if it is time to. */
void brev_courier_run (BrevCourier *courier, gint64 now, gint64 ticks);

/* Tells it "new ID" or "wake"; the next one, if none is running. */
void brev_courier_tell (BrevCourier *courier, const char *line);

/* Its socket is ready: writes what is unsent, reads what it says. */
void brev_courier_converse (BrevCourier *courier);

/* It was waited for, and ended with @status. */
void brev_courier_ended (BrevCourier *courier, int status, gint64 ticks);

/* Lets another one look at the queue when the wall clock was set. */
void brev_courier_heed_clock (BrevCourier *courier, gint64 now, gint64 ticks);

/* Asks it to end. */
void brev_courier_stop (BrevCourier *courier);
