/* SPDX-License-Identifier: MIT */
#pragma once

#include "envelope/envelope.h"

typedef enum {
    BREV_MODE_MESSAGE,    /* read a message and hand it over */
    BREV_MODE_SMTP,       /* the same, as SMTP on standard input and output */
    BREV_MODE_LIST,       /* mailq */
    BREV_MODE_COUNT,      /* mailq, the number alone */
    BREV_MODE_ALIASES,    /* newaliases */
    BREV_MODE_VERIFY,     /* show where addresses lead */
    BREV_MODE_TEST,       /* the same for each line of standard input */
    BREV_MODE_RUN,        /* run the queue now */
    BREV_MODE_DAEMON,     /* the service and an SMTP port */
    BREV_MODE_BACKGROUND, /* the same, detached */
    BREV_MODE_CHECK,      /* check the configuration */
    BREV_MODE_NOTHING,    /* asks for what brevdue has no counterpart of: exit 0 */
    BREV_MODE_VERSION,
    BREV_MODE_HELP,
} BrevMode;

/* The field a message gets that shows no recipient at all; RFC 5322 wants none. */
typedef enum {
    BREV_NO_RECIPIENT_NONE,
    BREV_NO_RECIPIENT_TO,          /* To, with all of them */
    BREV_NO_RECIPIENT_UNDISCLOSED, /* To: undisclosed-recipients:; */
} BrevNoRecipient;

/* Which messages a queue run is about: part of a text, '!' before it means all others. */
typedef struct {
    char *id; /* each owned, nullable */
    char *recipient;
    char *sender;
} BrevRunFilter;

/* Whether it leaves anything out. */
gboolean brev_run_filter_chooses (const BrevRunFilter *filter);

typedef struct BrevOptionRow BrevOptionRow;

/* What the command line says. */
typedef struct {
    BrevMode mode;
    const BrevOptionRow *chosen; /* the -b row of @mode, NULL: the program's name */
    BrevEnvelope *envelope;      /* owned; @sender is NULL while no -f was given */
    GPtrArray *warnings;         /* owned, of char *: options understood in part */
    char *tag;                   /* owned, nullable: -L */
    GString *used;               /* owned: options as typed, without values */
    GString *ignored;            /* owned: those of them that have no effect */
    gboolean dots_are_data;      /* -i: a lone dot does not end the message */
    gboolean is_verbose;         /* -v */
    gboolean is_quiet;           /* -oeq: the exit status says it all */
    gboolean mails_errors; /* -oem, -oew, -oee: the caller gets mail about an error */
    gboolean mailed_is_success; /* -oee: once that mail is kept, the status is 0 */
    gboolean waits;             /* -odi, -odf: until delivery was tried once */
    gboolean ignores_unknown;   /* set before brev_options_parse(): see unknown-options */
    guint max_hops;             /* -O MaxHopCount; 0: not said */
    BrevNoRecipient no_recipient; /* -O NoRecipientAction */
    gboolean is_rmail;            /* the sender stands in the first "From " line */
    gboolean asks_to_run;         /* -q */
    gboolean runs_in_foreground;  /* -qf */
    BrevRunFilter filter;         /* -qI, -qR, -qS */
    gboolean asks_version;        /* -d0.1: as -bV when nothing else is asked */
} BrevOptions;

BrevOptions *brev_options_new (void);
void brev_options_free (BrevOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevOptions, brev_options_free)

/**
 * brev_options_parse:
 * @options: filled as far as the command line could be read, also on failure: the caller
 *   still wants to know how errors are to be told
 *
 * Reads nothing but its arguments. Options end at the first operand or at "--", and an
 * operand that begins with '-' needs the "--": a recipient that somebody else chose must
 * never become an option.
 *
 * Returns: %FALSE with %BREV_ERROR_USAGE, or %BREV_ERROR_INPUT for a bad recipient
 */
gboolean brev_options_parse (BrevOptions *options, int argc, char **argv, GError **error);

/**
 * brev_no_recipient_field:
 * @recipients: of the envelope
 *
 * Returns: (transfer full) (nullable): the field that NoRecipientAction asks for, with its
 * line end; %NULL for none
 */
char *brev_no_recipient_field (const BrevOptions *options, const GPtrArray *recipients);

/**
 * brev_option_act:
 *
 * Does what @row says and notes that it was used: every option that a table leads to
 * passes here, also those behind -b, -o and -O.
 */
gboolean brev_option_act (BrevOptions *options, const BrevOptionRow *row,
                          const char *value, GError **error);

/* Notes an option of which nothing is known but that it has no effect. */
void brev_option_note_ignored (BrevOptions *options, const char *spelling);

typedef enum {
    BREV_TAKES_NOTHING,
    BREV_TAKES_VALUE, /* the rest of the word, else the next argument */
    BREV_TAKES_REST,  /* the rest of the word, which must not be empty */
    BREV_MAY_TAKE_REST,
} BrevArgument;

struct BrevOptionRow {
    const char *name;
    BrevArgument argument;
    /* NULL: accepted without effect. @value is "" where there is none. */
    gboolean (*act) (BrevOptions *options, const BrevOptionRow *row, const char *value,
                     GError **error);
    int value; /* what @act sets, where one function serves many rows */
    const char *help;
};

typedef struct {
    const char *prefix; /* stands before each name: "-", "-o", "-O ", "-b", "" */
    const char *title;
    const BrevOptionRow *rows;
    gsize n_rows;
} BrevOptionTable;

typedef enum {
    BREV_TABLE_OPTIONS,  /* single letters */
    BREV_TABLE_WORDS,    /* whole arguments, looked up before the letters */
    BREV_TABLE_MODES,    /* -b */
    BREV_TABLE_LETTERS,  /* -o */
    BREV_TABLE_NAMES,    /* -O */
    BREV_TABLE_PROGRAMS, /* what the last part of argv[0] means */
    BREV_TABLE_LAST
} BrevTableIndex;

extern const BrevOptionTable brev_option_tables[BREV_TABLE_LAST];

/* Whether @row is refused whoever asks, its help saying why. */
gboolean brev_option_is_refused (const BrevOptionRow *row);

/* Whether @row, one of -b, -o and -O, leads to a row of another table. */
gboolean brev_option_leads_on (const BrevOptionRow *row);

/* (transfer full): as it is typed: "-f", "-oi", "-O IgnoreDots" */
char *brev_option_spelling (const BrevOptionRow *row);

/**
 * brev_option_find:
 *
 * Returns: (nullable): the row of exactly that name
 */
const BrevOptionRow *brev_option_find (BrevTableIndex table, const char *name);
