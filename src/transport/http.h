/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/provider.h"

/* All HTTP and SMTP of the program, inside the default GLib main context. */
typedef struct BrevHttp BrevHttp;

typedef struct {
    gint64 connect_timeout; /* ms */
    gint64 stall_timeout;   /* ms with less than one byte a second in either direction, in
                               the mean of five seconds: whole seconds, and noticed up to
                               six seconds late */
    gint64 total_timeout;   /* ms for request and reply */
} BrevHttpLimits;

/* The first call prepares the process: SIGPIPE is ignored from then on. */
BrevHttp *brev_http_new (const BrevHttpLimits *limits);
/* Open requests are ended; their callbacks are not called. Not to be called from one. */
void brev_http_free (BrevHttp *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevHttp, brev_http_free)

/* (transfer none) */
typedef void (*BrevHttpDone) (const BrevHttpReply *reply, gpointer data);

/**
 * brev_http_send:
 * @request: (transfer full)
 * @done: called once, from the main loop, never from inside this call
 *
 * https only, but http to a loopback address; no redirect, no netrc, no proxy from the
 * environment; the reply is capped at 1 MB. Never sends a request twice: once the last
 * byte of the body was handed over, libcurl's wish to rewind is refused and the outcome
 * is unknown.
 *
 * With @smtp in the request it goes by SMTP: the reply's @smtp tells what the server said,
 * its status is the code of the last reply, and once the final dot was handed over without
 * one the outcome is unknown.
 */
void brev_http_send (BrevHttp *http, BrevHttpRequest *request, BrevHttpDone done,
                     gpointer data);

/* Requests that have not called back yet. */
guint brev_http_open (const BrevHttp *http);
