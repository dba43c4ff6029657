/* SPDX-License-Identifier: MIT */
#include "compat/options.h"

#include <string.h>

#include "base/error.h"
#include "compat/dsn.h"
#include "compat/sender.h"

/* Every option that callers of thirty years use, and what becomes of each. A table that
 * did not know an option's argument would make a recipient of it. sendmail(8) documents
 * each row; a test compares the two. */

static void G_GNUC_PRINTF (2, 3) warn (BrevOptions *options, const char *format, ...)
{
    va_list args;

    va_start (args, format);
    g_ptr_array_add (options->warnings, g_strdup_vprintf (format, args));
    va_end (args);
}

/* "-oi", "-oitrue", "-oiFalse", "-O IgnoreDots=no" */
static gboolean
is_true (const char *value)
{
    return *value == '\0' || strchr ("fFnN0", *value) == NULL;
}

/* A file, a directory or a program named by a caller is never opened, whoever calls: web
 * applications let strangers choose arguments (CVE-2016-10033). */
static gboolean
refuse (BrevOptions *options, const BrevOptionRow *row, const char *value, GError **error)
{
    g_autofree char *spelling = brev_option_spelling (row);

    return brev_throw (error, BREV_ERROR_USAGE, "'%s' is refused: %s; nothing was sent",
                       spelling, row->help);
}

static gboolean
set_mode (BrevOptions *options, const BrevOptionRow *row, const char *value,
          GError **error)
{
    if (options->chosen != NULL && (int) options->mode != row->value) {
        g_autofree char *one = brev_option_spelling (options->chosen);
        g_autofree char *other = brev_option_spelling (row);
        return brev_throw (error, BREV_ERROR_USAGE,
                           "'%s' and '%s' ask for two different things", one, other);
    }
    options->mode = (BrevMode) row->value;
    options->chosen = row;
    return TRUE;
}

static gboolean
set_mode_queue_only (BrevOptions *options, const BrevOptionRow *row, const char *value,
                     GError **error)
{
    options->envelope->queue_only = TRUE;
    return set_mode (options, row, value, error);
}

static gboolean
set_rmail (BrevOptions *options, const BrevOptionRow *row, const char *value,
           GError **error)
{
    options->is_rmail = TRUE;
    options->dots_are_data = TRUE;
    return set_mode (options, row, value, error);
}

static gboolean
choose_mode (BrevOptions *options, const BrevOptionRow *row, const char *value,
             GError **error)
{
    const BrevOptionRow *mode = brev_option_find (BREV_TABLE_MODES, value);

    if (mode == NULL)
        return brev_throw (error, BREV_ERROR_USAGE,
                           "unknown mode '-b%s': sendmail --help lists all", value);
    return brev_option_act (options, mode, "", error);
}

static gboolean
set_sender (BrevOptions *options, const BrevOptionRow *row, const char *value,
            GError **error)
{
    char *sender;

    if (!brev_sender_parse (value, &sender, error))
        return FALSE;
    g_free (options->envelope->sender); /* the last one counts */
    options->envelope->sender = sender;
    return TRUE;
}

static gboolean
set_full_name (BrevOptions *options, const BrevOptionRow *row, const char *value,
               GError **error)
{
    if (brev_text_has_controls (value))
        return brev_throw (
            error, BREV_ERROR_USAGE,
            "the name '%s' holds a line break or another control character", value);
    g_free (options->envelope->full_name);
    options->envelope->full_name = g_strdup (value);
    return TRUE;
}

static gboolean
set_header_recipients (BrevOptions *options, const BrevOptionRow *row, const char *value,
                       GError **error)
{
    options->envelope->header_recipients = TRUE;
    return TRUE;
}

static gboolean
set_dots (BrevOptions *options, const BrevOptionRow *row, const char *value,
          GError **error)
{
    options->dots_are_data = is_true (value);
    return TRUE;
}

static gboolean
set_verbose (BrevOptions *options, const BrevOptionRow *row, const char *value,
             GError **error)
{
    options->is_verbose = is_true (value);
    return TRUE;
}

static gboolean
set_gateway (BrevOptions *options, const BrevOptionRow *row, const char *value,
             GError **error)
{
    options->envelope->gateway = TRUE;
    return TRUE;
}

static gboolean
set_hops (BrevOptions *options, const BrevOptionRow *row, const char *value,
          GError **error)
{
    guint64 hops;

    if (!g_ascii_string_to_unsigned (value, 10, 0, 1000, &hops, NULL))
        return brev_throw (error, BREV_ERROR_USAGE, "the hop count '%s' is not a number",
                           value);
    options->envelope->hops = (guint) hops;
    return TRUE;
}

static gboolean
set_tag (BrevOptions *options, const BrevOptionRow *row, const char *value,
         GError **error)
{
    if (*value == '\0' || strlen (value) > 32 || brev_text_has_controls (value)) {
        warn (options, "the log tag '%s' is not 1 to 32 printable characters", value);
        return TRUE;
    }
    g_free (options->tag);
    options->tag = g_strdup (value);
    return TRUE;
}

static gboolean
check_body (BrevOptions *options, const BrevOptionRow *row, const char *value,
            GError **error)
{
    if (g_ascii_strcasecmp (value, "7BIT") != 0 &&
        g_ascii_strcasecmp (value, "8BITMIME") != 0)
        warn (options, "the body type '%s' is neither 7BIT nor 8BITMIME", value);
    return TRUE;
}

static gboolean
set_notify (BrevOptions *options, const BrevOptionRow *row, const char *value,
            GError **error)
{
    g_auto (GStrv) words = g_strsplit (value, ",", -1);
    BrevNotify notify = 0;

    for (char **word = words; *word != NULL; word++) {
        BrevNotify one = brev_dsn_notify (*word);
        if (one == 0)
            warn (options, "'%s' is not one of never, success, failure, delay", *word);
        notify |= one;
    }
    if (!brev_dsn_notify_is_sound (notify)) {
        warn (options, "'never' cannot stand beside other words in '-N %s'", value);
        return TRUE;
    }
    options->envelope->notify = notify;
    return TRUE;
}

static gboolean
set_return (BrevOptions *options, const BrevOptionRow *row, const char *value,
            GError **error)
{
    BrevReturn ret = brev_dsn_return (value);

    if (ret == BREV_RETURN_UNSAID)
        warn (options, "'%s' is neither full nor hdrs", value);
    else
        options->envelope->ret = ret;
    return TRUE;
}

static gboolean
set_envid (BrevOptions *options, const BrevOptionRow *row, const char *value,
           GError **error)
{
    char *envid = strlen (value) <= BREV_ENVID_MAX ? brev_dsn_decode_xtext (value) : NULL;

    if (envid == NULL) {
        warn (options, "the envelope id '%s' is not xtext of at most 100 characters",
              value);
        return TRUE;
    }
    g_free (options->envelope->envid);
    options->envelope->envid = envid;
    return TRUE;
}

static gboolean
set_errors (BrevOptions *options, const BrevOptionRow *row, const char *value,
            GError **error)
{
    char mode = g_ascii_tolower (*value);

    if (mode == '\0' || strchr ("pqmwe", mode) == NULL)
        warn (options, "the error mode '%s' is not one of p, q, m, w, e", value);
    options->is_quiet = mode == 'q';
    options->mails_errors = mode == 'm' || mode == 'w' || mode == 'e';
    options->mailed_is_success = mode == 'e';
    return TRUE;
}

static gboolean
set_delivery (BrevOptions *options, const BrevOptionRow *row, const char *value,
              GError **error)
{
    char mode = g_ascii_tolower (*value);

    if (mode == '\0' || strchr ("bifqd", mode) == NULL)
        warn (options, "the delivery mode '%s' is not one of b, i, f, q, d", value);
    options->envelope->queue_only = mode == 'q' || mode == 'd';
    options->waits = mode == 'i' || mode == 'f';
    return TRUE;
}

/* "I", "R" or "S" and part of a text, with '!' before the letter for all others. What else
 * may follow -q (an interval, a queue group, an order) has no effect. */
static gboolean
set_run (BrevOptions *options, const BrevOptionRow *row, const char *value,
         GError **error)
{
    gboolean is_negated = *value == '!';
    char letter = value[is_negated];
    char **part = letter == 'I'   ? &options->filter.id
                  : letter == 'R' ? &options->filter.recipient
                  : letter == 'S' ? &options->filter.sender
                                  : NULL;

    options->asks_to_run = TRUE;
    options->runs_in_foreground |= g_str_equal (value, "f");
    if (part == NULL)
        return TRUE;
    value += is_negated + 1;
    for (const char *p = value; *p != '\0'; p++)
        if (g_ascii_isspace (*p) || g_ascii_iscntrl (*p))
            return brev_throw (error, BREV_ERROR_USAGE,
                               "the filter '-q%c%s' holds a blank", letter, value);
    g_free (*part);
    *part = g_strconcat (is_negated ? "!" : "", value, NULL);
    return TRUE;
}

static gboolean
set_max_hops (BrevOptions *options, const BrevOptionRow *row, const char *value,
              GError **error)
{
    guint64 hops;

    if (!g_ascii_string_to_unsigned (value, 10, 1, 1000, &hops, NULL))
        warn (options, "the hop count '%s' is not a number from 1 to 1000", value);
    else
        options->max_hops = (guint) hops;
    return TRUE;
}

/* clang-format off */
static const struct {
    const char *word;
    BrevNoRecipient action;
} no_recipient_words[] = {
    { "none",               BREV_NO_RECIPIENT_NONE },
    { "add-bcc",            BREV_NO_RECIPIENT_NONE }, /* a field that never leaves */
    { "add-to",             BREV_NO_RECIPIENT_TO },
    { "add-apparently-to",  BREV_NO_RECIPIENT_TO },   /* the same under an old name */
    { "add-to-undisclosed", BREV_NO_RECIPIENT_UNDISCLOSED },
};
/* clang-format on */

static gboolean
set_no_recipient (BrevOptions *options, const BrevOptionRow *row, const char *value,
                  GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS (no_recipient_words); i++)
        if (g_ascii_strcasecmp (value, no_recipient_words[i].word) == 0) {
            options->no_recipient = no_recipient_words[i].action;
            return TRUE;
        }
    warn (options, "'%s' is no NoRecipientAction", value);
    return TRUE;
}

static gboolean
set_debug (BrevOptions *options, const BrevOptionRow *row, const char *value,
           GError **error)
{
    options->asks_version = g_str_equal (value, "0.1");
    return TRUE;
}

/* -XV and -XV+= are Postfix' VERP; any other -X is a file to be written. */
static gboolean
refuse_log (BrevOptions *options, const BrevOptionRow *row, const char *value,
            GError **error)
{
    if (*value == 'V' && strlen (value) <= 3 && strchr (value, '/') == NULL)
        return TRUE;
    return refuse (options, row, value, error);
}

static gboolean
set_letter (BrevOptions *options, const BrevOptionRow *row, const char *value,
            GError **error)
{
    char letter[] = { *value, '\0' };
    const BrevOptionRow *found = brev_option_find (BREV_TABLE_LETTERS, letter);

    if (found == NULL)
        return brev_throw (error, BREV_ERROR_USAGE,
                           "unknown option '-o%s': sendmail --help lists all", value);
    return brev_option_act (options, found, value + 1, error);
}

/* The row of @name in any case, else the only one that begins with it. */
static const BrevOptionRow *
find_name (const char *name)
{
    const BrevOptionTable *table = &brev_option_tables[BREV_TABLE_NAMES];
    const BrevOptionRow *found = NULL;
    guint n = 0;

    for (gsize i = 0; i < table->n_rows; i++) {
        const BrevOptionRow *row = &table->rows[i];
        if (g_ascii_strcasecmp (row->name, name) == 0)
            return row;
        if (g_ascii_strncasecmp (row->name, name, strlen (name)) == 0) {
            found = row;
            n++;
        }
    }
    return n == 1 ? found : NULL;
}

static gboolean
set_name (BrevOptions *options, const BrevOptionRow *row, const char *value,
          GError **error)
{
    const char *equals = strchrnul (value, '=');
    g_autofree char *name = g_strndup (value, (gsize) (equals - value));
    const BrevOptionRow *found = find_name (g_strchomp (name));
    const char *rest = *equals == '=' ? equals + 1 : equals;

    if (found == NULL && strchr (rest, '/') != NULL)
        return brev_throw (error, BREV_ERROR_USAGE,
                           "option '-O %s' is refused: it names a file; nothing was sent",
                           value);
    if (found == NULL) {
        g_autofree char *spelling = g_strconcat ("-O", name, NULL);
        brev_option_note_ignored (options, spelling);
        return TRUE;
    }
    return brev_option_act (options, found, rest, error);
}

/* clang-format off */
#define WHY_FILE "a caller's arguments never name files"

static const BrevOptionRow options[] = {
    { "A", BREV_TAKES_REST,    NULL,        0, "choice of submit.cf or sendmail.cf; there is neither" },
    { "B", BREV_TAKES_VALUE,   check_body,  0, "7BIT or 8BITMIME; every message may hold 8-bit text" },
    { "b", BREV_TAKES_REST,    choose_mode, 0, "what to do, see the modes" },
    { "C", BREV_MAY_TAKE_REST, refuse,      0, "another configuration is named by BREVDUE_CONFIG" },
    { "c", BREV_TAKES_NOTHING, NULL,        0, "hold mail for expensive mailers; there are none" },
    { "D", BREV_TAKES_VALUE,   NULL,        0, "debug log file; never opened" },
    { "d", BREV_MAY_TAKE_REST, set_debug,   0, "debug levels, without effect; -d0.1 alone prints the version" },
    { "E", BREV_MAY_TAKE_REST, NULL,        0, "Japanese code conversion" },
    { "e", BREV_TAKES_REST,    set_errors,  0, "how errors are told, as -oe" },
    { "F", BREV_TAKES_VALUE,   set_full_name, 0, "full name of the sender for a From field that is added" },
    { "f", BREV_TAKES_VALUE,   set_sender,  0, "envelope sender; '' and '<>' are the null sender" },
    { "G", BREV_TAKES_NOTHING, set_gateway, 0, "gateway: add only what no provider takes mail without" },
    { "h", BREV_TAKES_VALUE,   set_hops,    0, "hop count to start with" },
    { "I", BREV_TAKES_NOTHING, set_mode,    BREV_MODE_ALIASES, "as -bi" },
    { "i", BREV_TAKES_NOTHING, set_dots,    0, "a line of one dot does not end the message" },
    { "J", BREV_MAY_TAKE_REST, NULL,        0, "Japanese code conversion" },
    { "L", BREV_TAKES_VALUE,   set_tag,     0, "tag of log lines, at most 32 characters" },
    { "M", BREV_TAKES_REST,    NULL,        0, "sendmail macro; there are none" },
    { "m", BREV_TAKES_NOTHING, NULL,        0, "keep the sender in alias expansions; always so" },
    { "N", BREV_TAKES_VALUE,   set_notify,  0, "delivery reports wanted: never, or success,failure,delay" },
    { "n", BREV_TAKES_NOTHING, NULL,        0, "no alias expansion; aliases are the service's to decide" },
    { "O", BREV_TAKES_VALUE,   set_name,    0, "Name=value of a sendmail.cf option, see below" },
    { "o", BREV_TAKES_VALUE,   set_letter,  0, "one-letter option, see below" },
    { "p", BREV_TAKES_VALUE,   NULL,        0, "protocol and host the message came by" },
    { "Q", BREV_MAY_TAKE_REST, refuse,      0, "there is no quarantine; hold messages with brevdue queue hold" },
    { "q", BREV_MAY_TAKE_REST, set_run,     0, "run the queue now; -qI, -qR, -qS choose by id, recipient, sender" },
    { "R", BREV_TAKES_VALUE,   set_return,  0, "what a report returns: full or hdrs" },
    { "r", BREV_TAKES_VALUE,   set_sender,  0, "as -f" },
    { "S", BREV_MAY_TAKE_REST, refuse,      0, "three programs give it three meanings" },
    { "s", BREV_TAKES_NOTHING, NULL,        0, "keep From lines; they are never sent" },
    { "T", BREV_TAKES_NOTHING, NULL,        0, "timeout; see lifetime in brevdue.conf(5)" },
    { "t", BREV_TAKES_NOTHING, set_header_recipients, 0, "recipients stand in To, Cc and Bcc, too" },
    { "U", BREV_TAKES_NOTHING, NULL,        0, "initial submission; every message is one" },
    { "V", BREV_TAKES_VALUE,   set_envid,   0, "envelope id for delivery reports" },
    { "v", BREV_TAKES_NOTHING, set_verbose, 0, "say on standard error what happens" },
    { "X", BREV_TAKES_VALUE,   refuse_log,  0, WHY_FILE ", and traffic is not logged; -XV is accepted" },
    { "x", BREV_TAKES_NOTHING, NULL,        0, "AIX: accepted" },
    { "z", BREV_TAKES_VALUE,   refuse,      0, "Exim's log writing; use logger(1)" },
};

static const BrevOptionRow words[] = {
    { "--help",    BREV_TAKES_NOTHING, set_mode, BREV_MODE_HELP,    "list the options" },
    { "--version", BREV_TAKES_NOTHING, set_mode, BREV_MODE_VERSION, "print the version" },
    { "-bcc",      BREV_TAKES_NOTHING, NULL, 0, "Courier: Bcc fields are always removed" },
    { "-verp",     BREV_TAKES_NOTHING, NULL, 0, "Courier: variable envelope return path" },
    { "-tls-on-connect", BREV_TAKES_NOTHING, NULL, 0, "Exim: TLS from the first byte" },
    /* A queue id behind these would become a recipient. */
    { "-M",        BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: use brevdue queue retry" },
    { "-Mf",       BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: use brevdue queue hold" },
    { "-Mt",       BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: use brevdue queue release" },
    { "-Mg",       BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: use brevdue queue delete" },
    { "-Mrm",      BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: use brevdue queue delete" },
    { "-Mar",      BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: recipients cannot be added" },
    { "-Mes",      BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: the sender cannot be changed" },
    { "-MG",       BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: there is one queue" },
    { "-Mmad",     BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: use brevdue queue delete" },
    { "-Mmd",      BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: use brevdue queue delete" },
    { "-Mset",     BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: use brevdue queue show" },
    { "-Mvb",      BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: use brevdue queue show" },
    { "-Mvc",      BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: use brevdue queue show" },
    { "-Mvh",      BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: use brevdue queue show" },
    { "-Mvl",      BREV_TAKES_NOTHING, refuse, 0, "Exim's queue commands: use brevdue trace" },
};

static const BrevOptionRow modes[] = {
    { "m",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_MESSAGE, "read a message and keep it for delivery (the default)" },
    { "a",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_MESSAGE, "as -bm: lines may end with CR LF in any mode" },
    { "q",   BREV_TAKES_NOTHING, set_mode_queue_only, BREV_MODE_MESSAGE, "as -odq" },
    { "s",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_SMTP,    "SMTP on standard input and output" },
    { "p",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_LIST,    "list the queue, as mailq" },
    { "pa",  BREV_TAKES_NOTHING, set_mode, BREV_MODE_LIST,    "as -bp" },
    { "pr",  BREV_TAKES_NOTHING, set_mode, BREV_MODE_LIST,    "as -bp" },
    { "pra", BREV_TAKES_NOTHING, set_mode, BREV_MODE_LIST,    "as -bp" },
    { "pru", BREV_TAKES_NOTHING, set_mode, BREV_MODE_LIST,    "as -bp" },
    { "pu",  BREV_TAKES_NOTHING, set_mode, BREV_MODE_LIST,    "as -bp" },
    { "pc",  BREV_TAKES_NOTHING, set_mode, BREV_MODE_COUNT,   "print the number of messages in the queue" },
    { "P",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_COUNT,   "as -bpc" },
    { "i",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_ALIASES, "check the alias file, as newaliases" },
    { "v",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_VERIFY,  "show where each address leads; send nothing" },
    { "t",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_TEST,    "as -bv for each line of standard input" },
    { "V",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_VERSION, "print the version" },
    { "C",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_CHECK,   "check the configuration" },
    { "d",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_BACKGROUND, "the service brevdued(8) and an SMTP port, in the background" },
    { "D",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_DAEMON,  "the service brevdued(8) and an SMTP port, see listen in brevdue.conf(5)" },
    { "l",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_BACKGROUND, "as -bd: the port is one of this machine alone, unless configured" },
    { "df",  BREV_TAKES_NOTHING, set_mode, BREV_MODE_DAEMON,  "as -bD" },
    { "h",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_NOTHING, "host status: there is none, exit 0" },
    { "H",   BREV_TAKES_NOTHING, set_mode, BREV_MODE_NOTHING, "purge host status: there is none, exit 0" },
    { "S",   BREV_TAKES_NOTHING, refuse, 0, "batch SMTP; use -bs, which answers" },
    { "z",   BREV_TAKES_NOTHING, refuse, 0, "there is no frozen configuration" },
    { "e",   BREV_TAKES_NOTHING, refuse, 0, "Exim only" },
    { "em",  BREV_TAKES_NOTHING, refuse, 0, "Exim only" },
    { "f",   BREV_TAKES_NOTHING, refuse, 0, "Exim only" },
    { "F",   BREV_TAKES_NOTHING, refuse, 0, "Exim only" },
    { "rt",  BREV_TAKES_NOTHING, refuse, 0, "Exim only" },
    { "rw",  BREV_TAKES_NOTHING, refuse, 0, "Exim only" },
    { "w",   BREV_TAKES_NOTHING, refuse, 0, "Exim only" },
    { "malware", BREV_TAKES_NOTHING, refuse, 0, "Exim only" },
    { "I:help",  BREV_TAKES_NOTHING, refuse, 0, "Exim only" },
    { "I:dscp",  BREV_TAKES_NOTHING, refuse, 0, "Exim only" },
    { "I:sieve", BREV_TAKES_NOTHING, refuse, 0, "Exim only" },
};

static const BrevOptionRow letters[] = {
    { "7", BREV_MAY_TAKE_REST, NULL,         0, "strip the eighth bit; never done" },
    { "8", BREV_MAY_TAKE_REST, NULL,         0, "how 8-bit text travels; the provider decides" },
    { "A", BREV_MAY_TAKE_REST, NULL,         0, "alias file; never opened, see aliases in brevdue.conf(5)" },
    { "a", BREV_MAY_TAKE_REST, NULL,         0, "wait for the alias file" },
    { "B", BREV_MAY_TAKE_REST, NULL,         0, "character for blanks in addresses" },
    { "b", BREV_MAY_TAKE_REST, NULL,         0, "free blocks" },
    { "C", BREV_MAY_TAKE_REST, refuse,       0, "another configuration is named by BREVDUE_CONFIG" },
    { "c", BREV_MAY_TAKE_REST, NULL,         0, "hold expensive mailers" },
    { "D", BREV_MAY_TAKE_REST, NULL,         0, "rebuild aliases" },
    { "d", BREV_MAY_TAKE_REST, set_delivery, 0, "delivery: b now, i and f wait for it, q and d with the next run of the queue" },
    { "E", BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "e", BREV_MAY_TAKE_REST, set_errors,   0, "errors: p prints, m and w mail, too, e exits 0 if that is kept, q is silent" },
    { "F", BREV_MAY_TAKE_REST, NULL,         0, "mode of temporary files" },
    { "f", BREV_MAY_TAKE_REST, NULL,         0, "keep From lines; they are never sent" },
    { "G", BREV_MAY_TAKE_REST, NULL,         0, "match full names" },
    { "g", BREV_MAY_TAKE_REST, NULL,         0, "group of mailers" },
    { "H", BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "h", BREV_MAY_TAKE_REST, set_max_hops, 0, "largest hop count" },
    { "I", BREV_MAY_TAKE_REST, NULL,         0, "name server options" },
    { "i", BREV_MAY_TAKE_REST, set_dots,     0, "a line of one dot does not end the message" },
    { "J", BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "j", BREV_MAY_TAKE_REST, NULL,         0, "errors as MIME; always so" },
    { "K", BREV_MAY_TAKE_REST, NULL,         0, "connection cache" },
    { "k", BREV_MAY_TAKE_REST, NULL,         0, "connection cache" },
    { "L", BREV_MAY_TAKE_REST, NULL,         0, "log level" },
    { "l", BREV_MAY_TAKE_REST, NULL,         0, "Errors-To fields" },
    { "M", BREV_MAY_TAKE_REST, NULL,         0, "sendmail macro" },
    { "m", BREV_MAY_TAKE_REST, NULL,         0, "keep the sender in alias expansions; always so" },
    { "n", BREV_MAY_TAKE_REST, NULL,         0, "check aliases" },
    { "O", BREV_MAY_TAKE_REST, NULL,         0, "daemon ports" },
    { "o", BREV_MAY_TAKE_REST, NULL,         0, "old style headers" },
    { "P", BREV_MAY_TAKE_REST, NULL,         0, "copies of errors to the postmaster" },
    { "p", BREV_MAY_TAKE_REST, NULL,         0, "privacy options" },
    { "Q", BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "q", BREV_MAY_TAKE_REST, NULL,         0, "queue factor" },
    { "R", BREV_MAY_TAKE_REST, NULL,         0, "source routes" },
    { "r", BREV_MAY_TAKE_REST, NULL,         0, "read timeout" },
    { "S", BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "s", BREV_MAY_TAKE_REST, NULL,         0, "sync the queue; always so" },
    { "T", BREV_MAY_TAKE_REST, NULL,         0, "timeout; see lifetime in brevdue.conf(5)" },
    { "t", BREV_MAY_TAKE_REST, NULL,         0, "time zone" },
    { "U", BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "u", BREV_MAY_TAKE_REST, NULL,         0, "user of mailers" },
    { "V", BREV_MAY_TAKE_REST, NULL,         0, "fallback host" },
    { "v", BREV_MAY_TAKE_REST, set_verbose,  0, "as -v" },
    { "w", BREV_MAY_TAKE_REST, NULL,         0, "hosts without MX" },
    { "X", BREV_MAY_TAKE_REST, NULL,         0, "load limit" },
    { "x", BREV_MAY_TAKE_REST, NULL,         0, "load limit" },
    { "Y", BREV_MAY_TAKE_REST, NULL,         0, "one process per message" },
    { "y", BREV_MAY_TAKE_REST, NULL,         0, "priorities" },
    { "Z", BREV_MAY_TAKE_REST, NULL,         0, "priorities" },
    { "z", BREV_MAY_TAKE_REST, NULL,         0, "priorities" },
};

/* Any other name is accepted without effect, unless its value holds a slash. */
static const BrevOptionRow names[] = {
    { "AliasFile",         BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "DeadLetterDrop",    BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "DeliveryMode",      BREV_MAY_TAKE_REST, set_delivery, 0, "as -od" },
    { "EightBitMode",      BREV_MAY_TAKE_REST, NULL,         0, "the provider decides" },
    { "ErrorHeader",       BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "ErrorMode",         BREV_MAY_TAKE_REST, set_errors,   0, "as -oe" },
    { "ForwardPath",       BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "HelpFile",          BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "HostStatusDirectory", BREV_MAY_TAKE_REST, refuse,     0, WHY_FILE },
    { "IgnoreDots",        BREV_MAY_TAKE_REST, set_dots,     0, "as -oi" },
    { "MaxHopCount",       BREV_MAY_TAKE_REST, set_max_hops, 0, "largest hop count" },
    { "NoRecipientAction", BREV_MAY_TAKE_REST, set_no_recipient, 0, "the field for a message that shows no recipient" },
    { "PidFile",           BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "QueueDirectory",    BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "requiretls",        BREV_MAY_TAKE_REST, NULL,         0, "mail always leaves by TLS" },
    { "RunAsUser",         BREV_MAY_TAKE_REST, refuse,       0, "sendmail runs as its caller" },
    { "SafeFileEnvironment", BREV_MAY_TAKE_REST, refuse,     0, WHY_FILE },
    { "SevenBitInput",     BREV_MAY_TAKE_REST, NULL,         0, "the eighth bit is never stripped" },
    { "smtputf8",          BREV_MAY_TAKE_REST, NULL,         0, "addresses in UTF-8 are taken as they are" },
    { "StatusFile",        BREV_MAY_TAKE_REST, refuse,       0, WHY_FILE },
    { "Timeout.queuereturn", BREV_MAY_TAKE_REST, NULL,       0, "how long is the administrator's: lifetime in brevdue.conf(5)" },
    { "Verbose",           BREV_MAY_TAKE_REST, set_verbose,  0, "as -v" },
};

static const BrevOptionRow programs[] = {
    { "sendmail",   BREV_TAKES_NOTHING, set_mode,  BREV_MODE_MESSAGE, "as -bm" },
    { "send-mail",  BREV_TAKES_NOTHING, set_mode,  BREV_MODE_MESSAGE, "as -bm" },
    { "mailq",      BREV_TAKES_NOTHING, set_mode,  BREV_MODE_LIST,    "as -bp" },
    { "newaliases", BREV_TAKES_NOTHING, set_mode,  BREV_MODE_ALIASES, "as -bi" },
    { "runq",       BREV_TAKES_NOTHING, set_mode,  BREV_MODE_RUN,     "as -q" },
    { "smtpd",      BREV_TAKES_NOTHING, set_mode,  BREV_MODE_BACKGROUND, "as -bd" },
    { "hoststat",   BREV_TAKES_NOTHING, set_mode,  BREV_MODE_NOTHING, "as -bh" },
    { "purgestat",  BREV_TAKES_NOTHING, set_mode,  BREV_MODE_NOTHING, "as -bH" },
    { "rmail",      BREV_TAKES_NOTHING, set_rmail, BREV_MODE_MESSAGE, "as -i, recipients from arguments only, the sender from the From line" },
    { "rsmtp",      BREV_TAKES_NOTHING, refuse, 0, "batch SMTP; use sendmail -bs" },
    { "bsmtp",      BREV_TAKES_NOTHING, refuse, 0, "batch SMTP; use sendmail -bs" },
};

#define TABLE(rows) rows, G_N_ELEMENTS (rows)

const BrevOptionTable brev_option_tables[BREV_TABLE_LAST] = {
    [BREV_TABLE_OPTIONS]  = { "-",   "Options",                 TABLE (options) },
    [BREV_TABLE_WORDS]    = { "",    "Words",                   TABLE (words) },
    [BREV_TABLE_MODES]    = { "-b",  "Modes",                   TABLE (modes) },
    [BREV_TABLE_LETTERS]  = { "-o",  "One-letter options",      TABLE (letters) },
    [BREV_TABLE_NAMES]    = { "-O ", "Named options",           TABLE (names) },
    [BREV_TABLE_PROGRAMS] = { "",    "Names of the program",    TABLE (programs) },
};
/* clang-format on */

char *
brev_option_spelling (const BrevOptionRow *row)
{
    for (guint i = 0; i < BREV_TABLE_LAST; i++) {
        const BrevOptionTable *table = &brev_option_tables[i];
        if (row >= table->rows && row < table->rows + table->n_rows)
            return g_strconcat (table->prefix, row->name, NULL);
    }
    g_assert_not_reached ();
}

gboolean
brev_option_leads_on (const BrevOptionRow *row)
{
    return row->act == choose_mode || row->act == set_letter || row->act == set_name;
}

gboolean
brev_option_is_refused (const BrevOptionRow *row)
{
    return row->act == refuse || row->act == refuse_log;
}
