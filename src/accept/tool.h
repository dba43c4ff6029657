/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/types.h>

#include "accept/connection.h"

/* What a client asks that only the store can answer: "brevdue" does, for that client's own
 * messages, and what it prints goes straight to the connection. */
typedef enum {
    BREV_TOOL_LIST, /* "list", and filters as of "run": mailq */
    BREV_TOOL_WAIT, /* "wait ID": until delivery of a message was tried once */
    BREV_TOOL_RUN,  /* "run [I=TEXT] [R=TEXT] [S=TEXT]": makes messages due */
    BREV_TOOL_LAST
} BrevTool;

typedef struct {
    GHashTable *running; /* owned: process id -> BrevTool */
    guint n[BREV_TOOL_LAST];
} BrevTools;

void brev_tools_init (BrevTools *tools);
void brev_tools_clear (BrevTools *tools);

/**
 * brev_tool_argv:
 * @request: the words of the client's line
 * @uid: the client's, by the kernel's word
 *
 * Pure; nothing of @request can become an option of its own.
 *
 * Returns: (transfer full) (nullable): the program and its arguments, NULL-terminated;
 * %NULL: this is no such request
 */
char **brev_tool_argv (const char *const *request, guint32 uid, BrevTool *tool);

/**
 * brev_tools_start:
 *
 * Returns: (nullable): what to answer when it was not started
 */
const char *brev_tools_start (BrevTools *tools, const BrevConnection *connection);

/* A child has ended that is not the courier. */
void brev_tools_ended (BrevTools *tools, pid_t pid);
