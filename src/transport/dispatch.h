/* SPDX-License-Identifier: MIT */
#pragma once

#include "transport/http.h"

/* Mail that goes out by SMTP: connections, and the transactions on them. */
typedef struct BrevPost BrevPost;
/* One request under way. */
typedef struct BrevDispatch BrevDispatch;

/* (transfer full): @reply; the dispatch is at its end, and freed by this */
typedef void (*BrevDispatchDone) (BrevHttpReply *reply, gpointer data);

/* @limits: borrowed */
BrevPost *brev_post_new (const BrevHttpLimits *limits);
/* Closes the idle connections; no dispatch may be under way. */
void brev_post_free (BrevPost *post);

/**
 * brev_dispatch_new:
 * @request: (transfer full): with its @smtp
 * @done: called once, from the main loop
 *
 * The mail goes out once or not at all: only when a connection that was kept turns out to
 * be dead, before the server has said a word of this mail, is a new one opened.
 *
 * Returns: (transfer full) (nullable): or %NULL with @error when it must not leave
 */
BrevDispatch *brev_dispatch_new (BrevPost *post, BrevHttpRequest *request,
                                 BrevDispatchDone done, gpointer data, GError **error);
/* Ends it where it is; @done is not called. */
void brev_dispatch_free (BrevDispatch *dispatch);
