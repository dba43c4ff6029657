/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "brevdue-paths.h"
#include "compat/caller.h"
#include "compat/child.h"
#include "compat/error-mail.h"
#include "compat/input.h"
#include "compat/listen.h"
#include "compat/mailq.h"
#include "compat/newaliases.h"
#include "compat/options.h"
#include "compat/post.h"
#include "compat/sender.h"
#include "compat/smtp.h"

typedef struct {
    BrevOptions *options;
    BrevConfig *config;
    BrevCaller *caller;
    BrevPost post;
    BrevMessageBytes message; /* once it was read */
    gboolean is_told;         /* somebody else has printed what went wrong */
    gboolean is_unread;       /* the caller may still be writing a message */
    gboolean was_read;        /* a message was, to its end; perhaps not kept */
} Program;

/* ---- telling ---- */

static void
print_line (const Program *program, const char *text)
{
    g_autofree char *line = brev_text_printable (text);

    if (!program->options->is_quiet)
        g_printerr ("sendmail: %s\n", line);
}

static BrevLogTarget
open_log (const Program *program)
{
    const char *tag = program->options->tag;
    BrevLogTarget target = program->config == NULL ? BREV_LOG_AUTO : program->config->log;

    return brev_log_open (tag == NULL ? "brevdue/sendmail" : tag, target);
}

/* Logs in the name of the caller: who is not listening to standard error wants to know
 * later what was refused, and to whom. Returns: whether a log that is not standard error
 * has it */
static gboolean
log_line (const Program *program, const char *text)
{
    const BrevCaller *caller = program->caller;

    if (open_log (program) == BREV_LOG_STDERR)
        return FALSE;
    brev_log (BREV_LOG_WARNING, "uid=%u login=%s program=%s: %s", caller->uid,
              caller->login, caller->program == NULL ? "?" : caller->program, text);
    return TRUE;
}

static void
tell_failure (Program *program, const char *text)
{
    if (program->caller == NULL)
        program->caller = brev_caller_look_up ();
    (void) log_line (program, text);
    if (!program->is_told)
        print_line (program, text);
}

static void
tell_warnings (const Program *program)
{
    const GPtrArray *warnings = program->options->warnings;

    for (guint i = 0; i < warnings->len; i++) {
        g_autofree char *text = g_strconcat ("warning: ", warnings->pdata[i], NULL);
        print_line (program, text);
    }
}

/* ---- a message ---- */

/* Mail that ended at a dot may have lost its second half; its sender does not see it. */
static void
tell_ignored (const Program *program, guint64 ignored)
{
    g_autofree char *text = g_strdup_printf (
        "%" G_GUINT64_FORMAT " bytes after a line of one dot were ignored: "
        "-i makes such a line part of the message",
        ignored);

    if (ignored > 0 && !log_line (program, text))
        print_line (program, text);
}

static void
tell_posted (const Program *program, const BrevPosted *posted)
{
    static const char *const ways[] = {
        [BREV_SUBMITTED_SOCKET] = "queued by the service",
        [BREV_SUBMITTED_DROP] = "in the drop directory, until the service takes it",
        [BREV_SUBMITTED_OWN] = "handled by the courier, in the caller's own spool",
        [BREV_SUBMITTED_MEMORY] = "accepted by the provider",
    };
    g_autofree char *text = g_strdup_printf ("%s: %s", posted->id, ways[posted->how]);

    if (program->options->is_verbose)
        print_line (program, text);
}

/* "From user@example.com Mon Jan  1 00:00:00 2024 remote from there", of UUCP: trusted
 * from rmail alone. */
static void
take_from_line (BrevEnvelope *envelope, const char *line)
{
    g_auto (GStrv) words = g_strsplit_set (line == NULL ? "" : line, " \t\r\n", 3);

    if (envelope->sender == NULL && g_strv_length (words) >= 2 && *words[1] != '\0')
        (void) brev_sender_parse (words[1], &envelope->sender, NULL);
}

/* What only the message and the command line together say. */
static void
complete_envelope (Program *program, const BrevInput *input, guint64 ignored)
{
    BrevEnvelope *envelope = program->options->envelope;

    envelope->dot_bytes = (guint) MIN (ignored, G_MAXUINT32);
    envelope->hops += brev_input_hops (input);
    if (program->options->is_rmail)
        take_from_line (envelope, brev_input_from_line (input));
    brev_caller_complete (program->caller, envelope);
}

static gboolean
read_message (Program *program, GError **error)
{
    const BrevOptions *options = program->options;
    BrevEnvelope *envelope = options->envelope;
    g_autofree char *no_recipient =
        brev_no_recipient_field (options, envelope->recipients);
    const BrevInputRules rules = {
        .dots = options->dots_are_data ? BREV_DOTS_DATA : BREV_DOTS_END,
        .max_size = program->config->max_message_size,
        .no_recipient = no_recipient,
    };
    g_autoptr (BrevInput) input = brev_input_new (&rules);
    guint64 ignored;

    if (!brev_input_read_all (input, STDIN_FILENO, &ignored, error))
        return FALSE;
    program->was_read = TRUE;
    tell_ignored (program, ignored);
    if (!brev_input_finish (input, &program->message, error))
        return FALSE;
    complete_envelope (program, input, ignored);
    if (envelope->recipients->len == 0 && !brev_input_has_recipients (input))
        return brev_throw (
            error, BREV_ERROR_USAGE,
            "no recipients: To, Cc and Bcc hold none, and there are none as "
            "arguments; nothing was sent");
    return TRUE;
}

static gboolean
send_message (Program *program, GError **error)
{
    BrevPosted posted;

    if (isatty (STDIN_FILENO) && isatty (STDERR_FILENO))
        print_line (program, "type the message, then Ctrl-D at the start of a line");
    if (!read_message (program, error))
        return FALSE;
    if (!brev_post (&program->post, program->options->envelope, &program->message,
                    &posted, error)) {
        program->is_told = posted.is_told;
        return FALSE;
    }
    tell_posted (program, &posted);
    return TRUE;
}

static gboolean
serve_smtp (Program *program, GError **error)
{
    (void) open_log (program);
    brev_caller_take_peer (program->caller, STDIN_FILENO);
    return brev_smtp_serve (&program->post, program->caller, program->options,
                            STDIN_FILENO, STDOUT_FILENO, error);
}

/* What went wrong with a message that was read may be told by mail; what has gone wrong with
 * this host would happen to that mail, too. Returns: whether it is told that way */
static gboolean
mail_failure (Program *program, const GError *problem)
{
    static const BrevError mailed[] = { BREV_ERROR_USAGE, BREV_ERROR_INPUT,
                                        BREV_ERROR_REFUSED, BREV_ERROR_NO_RECIPIENT };
    const BrevMessageBytes *message =
        program->message.length > 0 ? &program->message : NULL;
    g_autoptr (GError) error = NULL;

    if (!program->options->mails_errors || !program->was_read)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS (mailed); i++) {
        if (!g_error_matches (problem, BREV_ERROR, (int) mailed[i]))
            continue;
        if (brev_error_mail (&program->post, program->caller, message, problem, &error))
            return TRUE;
        print_line (program, error->message);
    }
    return FALSE;
}

/* ---- other modes ---- */

static gboolean
show_queue (Program *program, GError **error)
{
    return brev_mailq_show (program->config, program->options, error);
}

static gboolean
run_queue (Program *program, GError **error)
{
    return brev_mailq_run (program->config, program->options, error);
}

static gboolean
check_aliases (Program *program, GError **error)
{
    return brev_newaliases (program->config, error);
}

static gboolean
verify_recipients (Program *program, GError **error)
{
    const GPtrArray *recipients = program->options->envelope->recipients;
    g_autofree const char **arguments = g_new0 (const char *, recipients->len + 3);

    arguments[0] = "verify";
    arguments[1] = "--";
    for (guint i = 0; i < recipients->len; i++)
        arguments[i + 2] = recipients->pdata[i];
    return brev_child_become ("brevdue", arguments, error);
}

static gboolean
verify_lines (Program *program, GError **error)
{
    static const char *const arguments[] = { "verify", "--lines", NULL };

    return brev_child_become ("brevdue", arguments, error);
}

static gboolean
check_config (Program *program, GError **error)
{
    static const char *const arguments[] = { "config", "check", NULL };

    return brev_child_become ("brevdue", arguments, error);
}

static gboolean
serve_port (Program *program, GError **error)
{
    gboolean in_background = program->options->mode == BREV_MODE_BACKGROUND;

    return brev_listen_run (program->config, in_background, error);
}

static gboolean
do_nothing (Program *program, GError **error)
{
    return TRUE;
}

static gboolean
print_version (Program *program, GError **error)
{
    (void) printf ("brevdue %s\n", BREV_VERSION);
    return TRUE;
}

static const char *
effect (const BrevOptionRow *row)
{
    if (brev_option_is_refused (row))
        return "refused: ";
    return row->act == NULL ? "no effect: " : "";
}

static gboolean
print_help (Program *program, GError **error)
{
    (void) printf ("Usage: sendmail [option...] [--] recipient...\n"
                   "       sendmail -t [option...] [--] [recipient...]\n"
                   "Reads a message from standard input and keeps it for delivery.\n");
    for (guint i = 0; i < BREV_TABLE_LAST; i++) {
        const BrevOptionTable *table = &brev_option_tables[i];
        (void) printf ("\n%s:\n", table->title);
        for (gsize j = 0; j < table->n_rows; j++) {
            g_autofree char *spelling = brev_option_spelling (&table->rows[j]);
            (void) printf ("  %-22s %s%s\n", spelling, effect (&table->rows[j]),
                           table->rows[j].help);
        }
    }
    (void) printf ("\nSee sendmail(8).\n");
    return TRUE;
}

/* clang-format off */
static gboolean (*const modes[]) (Program *program, GError **error) = {
    [BREV_MODE_MESSAGE]    = send_message,
    [BREV_MODE_SMTP]       = serve_smtp,
    [BREV_MODE_LIST]       = show_queue,
    [BREV_MODE_COUNT]      = show_queue,
    [BREV_MODE_ALIASES]    = check_aliases,
    [BREV_MODE_VERIFY]     = verify_recipients,
    [BREV_MODE_TEST]       = verify_lines,
    [BREV_MODE_RUN]        = run_queue,
    [BREV_MODE_DAEMON]     = serve_port,
    [BREV_MODE_BACKGROUND] = serve_port,
    [BREV_MODE_CHECK]      = check_config,
    [BREV_MODE_NOTHING]    = do_nothing,
    [BREV_MODE_VERSION]    = print_version,
    [BREV_MODE_HELP]       = print_help,
};
/* clang-format on */

/* ---- the process ---- */

static void
prepare_process (void)
{
    brev_open_std_fds ();
    brev_close_inherited ();
    (void) signal (SIGPIPE, SIG_IGN);
    (void) umask (077);
    /* Nobody should give us a set-id bit; if somebody does, the caller's environment must
     * not choose our files. */
    if (getauxval (AT_SECURE) != 0)
        (void) clearenv ();
}

/* A caller that is still writing would be killed by SIGPIPE and never see why. One that
 * waits for an SMTP greeting, behind an option that we refused, sees the end instead. */
static void
drain_input (void)
{
    brev_autofd int null = open ("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null < 0 || isatty (STDIN_FILENO))
        return;
    (void) dup2 (null, STDOUT_FILENO);
    brev_input_drain (STDIN_FILENO);
}

/* The caller may lower the administrator's limit. */
static guint
max_hops (const Program *program)
{
    guint own = program->options->max_hops;

    return own == 0 ? program->config->max_hops : MIN (own, program->config->max_hops);
}

static void
prepare_post (Program *program)
{
    const BrevOptions *options = program->options;
    BrevEnvelope *envelope = options->envelope;

    program->post = (BrevPost){
        .submitter.config = program->config,
        .is_quiet = options->is_quiet,
        .waits = options->waits,
        .is_verbose = options->is_verbose,
        .max_hops = max_hops (program),
    };
    envelope->options = g_strdup (options->used->str);
    envelope->ignored = g_strdup (options->ignored->str);
}

static gboolean
run (Program *program, int argc, char **argv, GError **error)
{
    BrevOptions *options = program->options;

    program->config = brev_config_load ();
    options->ignores_unknown = program->config->unknown_options == BREV_UNKNOWN_IGNORE;
    if (!brev_options_parse (options, argc, argv, error)) {
        program->is_unread = options->mode == BREV_MODE_MESSAGE;
        return FALSE;
    }
    tell_warnings (program);
    program->caller = brev_caller_look_up ();
    prepare_post (program);
    return modes[options->mode](program, error);
}

int
main (int argc, char **argv)
{
    g_autoptr (BrevOptions) options = brev_options_new ();
    g_autoptr (BrevConfig) config = NULL;
    g_autoptr (BrevCaller) caller = NULL;
    g_autoptr (GError) error = NULL;
    Program program = { .options = options, .message.fd = -1 };
    gboolean is_done, is_mailed;

    prepare_process ();
    is_done = run (&program, argc, argv, &error);
    is_mailed = !is_done && mail_failure (&program, error);
    if (!is_done)
        tell_failure (&program, error->message);
    if (program.is_unread)
        drain_input ();
    config = program.config;
    caller = program.caller;
    brev_message_bytes_clear (&program.message);
    if (is_done && fflush (stdout) != 0)
        return EX_IOERR;
    return is_mailed && options->mailed_is_success ? EX_OK : brev_exit_status (error);
}
