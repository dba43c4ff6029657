/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/alias.h"
#include "config/config.h"
#include "courier/recipients.h"
#include "courier/settle.h"
#include "spool/layout.h"
#include "store/store.h"
#include "transport/http.h"

/* Everything a courier works with, opened once. */
typedef struct {
    BrevConfig *config;   /* borrowed */
    BrevAliases *aliases; /* owned */
    char *host_name;      /* owned */
    BrevSpool *spool;     /* borrowed, nullable: a message in memory has none */
    BrevStore *store;     /* owned */
    BrevHttp *http;       /* owned */
    BrevSettler *settler; /* owned */
    GPtrArray *workers;   /* owned, of BrevWorker: one for each account */
    gboolean is_service;  /* strict about who may read a secret's file */
    const char *only_id;  /* nullable: direct mode works on this message alone */
    int memory_fd;        /* with it, without a spool: the queue file; else -1 */
    gboolean is_stopping; /* no new claims */
    gboolean is_quiet;    /* no log line for what goes well */
    GHashTable *put_off;  /* owned, of char *: ids of files that could not be read */
    gint64 put_off_until; /* ms since 1970; G_MAXINT64: there are none */
    guint suspects;       /* messages in hand over which a courier died */
    guint max_claim;      /* messages in one claim: each is an open file */
    void (*changed) (gpointer data); /* something came that mail waited for */
    gpointer changed_data;           /* borrowed */
} BrevCourier;

typedef struct {
    BrevConfig *config;
    BrevSpool *spool; /* nullable */
    BrevHttpLimits limits;
    gboolean is_service;
    const char *only_id; /* nullable */
    int memory_fd;
    gboolean is_durable; /* what stays in the spool survives */
    gboolean
        is_quiet; /* no log line for what went well: nobody but the caller reads it */
} BrevCourierSetup;

/**
 * brev_courier_open:
 * @setup: all borrowed
 *
 * Opens the store and makes a worker for each account. Problems of the alias file are
 * logged.
 */
BrevCourier *brev_courier_open (const BrevCourierSetup *setup, GError **error);
void brev_courier_free (BrevCourier *courier);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevCourier, brev_courier_free)

/* Forgets what is older than "history". Returns: how many messages, -1 with @error set */
int brev_courier_forget (BrevCourier *courier, GError **error);

/* What names without a domain come to. */
BrevLocalNames brev_courier_names (const BrevCourier *courier);

/**
 * brev_courier_open_file:
 *
 * Returns: a descriptor of the queue file of @id, or -1 with errno set
 */
int brev_courier_open_file (const BrevCourier *courier, const char *id);

/* (transfer none): the worker of @account, which is one of the configuration's */
struct BrevWorker *brev_courier_worker (const BrevCourier *courier,
                                        const BrevAccount *account);

/* Returns: (nullable): what an administrator must mend before some mail can go */
const char *brev_courier_problem (const BrevCourier *courier);
