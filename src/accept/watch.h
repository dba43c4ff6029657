/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "spool/layout.h"

/* What happens in the folders of the spool and of the configuration (inotify). */
typedef struct {
    int fd; /* owned */
    int drop;
    int queue;
} BrevWatch;

typedef struct {
    void (*dropped) (const char *name, gpointer data);  /* a file has come */
    void (*unqueued) (const char *name, gpointer data); /* a message has gone */
    void (*config_touched) (gpointer data);             /* or something beside it */
    void (*overflowed) (gpointer data);                 /* events were lost */
} BrevWatchHandlers;

gboolean brev_watch_init (BrevWatch *watch, const BrevSpool *spool, GError **error);
void brev_watch_clear (BrevWatch *watch);

/* May be called again for another configuration. */
void brev_watch_config (BrevWatch *watch, const BrevConfig *config);

/**
 * brev_watch_stamp:
 *
 * Returns: (transfer full): what the files that decide how mail is sent look like from
 * outside: another text as soon as one of them is another
 */
char *brev_watch_stamp (const BrevConfig *config);

void brev_watch_read (const BrevWatch *watch, const BrevWatchHandlers *handlers,
                      gpointer data);
