/* SPDX-License-Identifier: MIT */
#pragma once

#include "base/log.h"

typedef enum {
    BREV_MODE_CONTROL,   /* brevdued's courier */
    BREV_MODE_DRAIN,     /* sends what is due, then ends */
    BREV_MODE_DIRECT,    /* one message of a spool, while its caller waits */
    BREV_MODE_DIRECT_FD, /* one that is in no spool */
} BrevMode;

typedef struct {
    BrevMode mode;
    int fd;            /* of CONTROL and DIRECT_FD */
    char *id;          /* owned: of DIRECT, and of DIRECT_FD once it was read */
    BrevLogTarget log; /* where lines go */
    gint64 idle;       /* ms without work before a service's courier ends */
    gint64 timeout; /* ms for a request and its reply; in direct mode for all of them */
} BrevRunOptions;

gboolean brev_run_options_parse (BrevRunOptions *options, int argc, char **argv,
                                 GError **error);
void brev_run_options_clear (BrevRunOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevRunOptions, brev_run_options_clear)

/* A caller waits for its message. */
gboolean brev_run_options_are_direct (const BrevRunOptions *options);
