/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "spool/submit.h"

/* A directory of its own, a configuration made by hand, and a small message. */
typedef struct {
    char *root;
    BrevConfig config;
    BrevEnvelope *envelope;
    BrevMessageBytes message;
} Site;

void site_init (Site *site);
void site_clear (Site *site);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Site, site_clear)

/* Replaces the message by @size bytes in a file, as sendmail does with a large one. */
void site_make_large (Site *site, gsize size);
void site_add_drop (const Site *site);
guint site_count_files (const Site *site, const char *directory);

/* How a stand-in for the service behaves. */
typedef enum {
    MISSING,       /* no socket at all */
    DEAD,          /* a socket that nobody listens on */
    BACKLOG_FULL,  /* nobody accepts */
    ANSWERS,       /* reads to the end, then replies */
    ANSWERS_EARLY, /* replies and closes, without having read */
    HANGS_UP,      /* reads a little, then closes: killed in mid-stream */
    SILENT,        /* reads to the end, then says nothing */
    STOPS,         /* stops reading */
} Manner;

typedef struct {
    Manner manner;
    const char *reply; /* in which ID stands for the frame's */
    int listener;
    GByteArray *got;
    int fillers[64];
    guint n_fillers;
    GThread *thread;
} Service;

void service_start (Service *service, const char *path);
/* Waits until it has served one connection. */
void service_join (Service *service);
void service_stop (Service *service);
