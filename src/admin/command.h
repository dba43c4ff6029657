/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "config/config.h"

/* One command: a row of this table is all that the parser, --help and the man page check
 * need to know about it. */

#define BREV_MAX_OPTIONS 6
#define BREV_MAX_EXAMPLES 3

typedef struct {
    const char *name;     /* "peer" for --peer */
    const char *argument; /* "UID"; NULL: it takes none */
    const char *help;
} BrevOption;

typedef struct BrevCall BrevCall;

typedef struct {
    const char *name;      /* one or two words */
    const char *arguments; /* "ID..."; "" for none */
    guint min_arguments, max_arguments;
    const char *help;
    gboolean (*run) (BrevCall *call, GError **error);
    BrevOption options[BREV_MAX_OPTIONS + 1];    /* beside those of every command */
    const char *examples[BREV_MAX_EXAMPLES + 1]; /* without the leading "brevdue " */
} BrevCommand;

/* Ended by a row without a name; commands.c. */
extern const BrevCommand brev_commands[];
/* What every command knows. */
extern const BrevOption brev_common_options[];

/* One command line, read. */
struct BrevCall {
    const BrevCommand *command;
    GPtrArray *arguments; /* owned, of char * */
    GHashTable *options;  /* owned: name -> value, "" for those without one */
    gboolean is_json;
    gboolean has_colour;
    BrevConfig *config; /* owned */
    int exit_status;    /* of the program, when the command did not fail */
};

/**
 * brev_call_parse:
 * @arguments: what stands behind the program's name
 *
 * Returns: (transfer full) (nullable): or %NULL with %BREV_ERROR_USAGE that says what to
 * type instead
 */
BrevCall *brev_call_parse (const char *const *arguments, GError **error);
void brev_call_free (BrevCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevCall, brev_call_free)

/* (nullable): the option's value, "" when it takes none; %NULL when it was not given */
const char *brev_call_option (const BrevCall *call, const char *name);
/**
 * brev_call_peer:
 * @uid: (out): of --peer; -1 for everybody's, which is also what root sees
 */
gboolean brev_call_peer (const BrevCall *call, gint64 *uid, GError **error);

/**
 * brev_call_timeout:
 * @timeout: (inout): ms; untouched without --timeout
 */
gboolean brev_call_timeout (const BrevCall *call, gint64 *timeout, GError **error);

/* (nullable): the n-th argument */
const char *brev_call_argument (const BrevCall *call, guint n);
