/* SPDX-License-Identifier: MIT */
#include "compat/smtp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "compat/input.h"
#include "compat/smtp-command.h"
#include "envelope/frame.h"

enum {
    LINE_MAX_LENGTH = 4096, /* of a command; RFC 5321 asks for 512 and more */
    MAX_ERRORS = 100,       /* somebody pipes something else than SMTP into us */
    MAX_IDLE = 1000, /* commands without a message, over a network: somebody plays */
    BUFFER_SIZE = 64 * 1024,
    RECIPIENT_OVERHEAD = 32, /* in a frame, at most: brackets, and two fields' heads */
    ENVELOPE_RESERVE = 64 * 1024, /* for all that is no recipient */
};

typedef struct {
    BrevPost *post;
    const BrevCaller *caller;
    const BrevOptions *options;
    int in, out;
    char buffer[BUFFER_SIZE];
    gsize next, end;          /* what is in @buffer and not yet used */
    gboolean is_crlf;         /* the last command ended with CR LF, not LF alone */
    BrevEnvelope *envelope;   /* owned, nullable: there was no MAIL */
    gsize envelope_size;      /* of its recipients, in a frame */
    gint64 deadline;          /* in ticks: for the rest of the command */
    gboolean is_data_refused; /* by the last command: text may come in its place */
    guint n_errors;           /* since the last message */
    guint n_idle;             /* likewise: commands that are no step towards one */
    gboolean is_over;
    GError *error;
} Session;

/* Never buffered: a client waits for each line. */
static void G_GNUC_PRINTF (2, 3) reply (Session *session, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *line = NULL;
    va_list args;

    va_start (args, format);
    text = g_strdup_vprintf (format, args);
    va_end (args);
    line = g_strconcat (text, "\r\n", NULL);
    session->n_errors += *text == '5';
    if (!brev_write_all (session->out, line, strlen (line)))
        session->is_over = TRUE;
}

/* Ends the session; what was not answered with 250 was not kept. */
static void
give_up (Session *session, BrevError code, const char *status, const char *reason)
{
    reply (session, "421 %s %s", status, reason);
    session->is_over = TRUE;
    if (session->error == NULL)
        (void) brev_throw (&session->error, code, "SMTP on standard input: %s; %s",
                           reason, "what was not answered with 250 was not kept");
}

static void
start_clock (Session *session)
{
    session->deadline =
        brev_clock_ticks () + session->post->submitter.config->smtp_timeout;
}

/* RFC 5321 4.5.3.2.7. Returns: %FALSE when nothing came in time */
static gboolean
wait_for_input (const Session *session)
{
    struct pollfd polled = { .fd = session->in, .events = POLLIN };
    int ready;

    do {
        gint64 left = session->deadline - brev_clock_ticks ();
        ready = poll (&polled, 1, (int) CLAMP (left, 0, G_MAXINT));
    } while (ready < 0 && errno == EINTR);
    return ready != 0; /* what else is wrong read(2) will tell */
}

static gboolean
fill (Session *session)
{
    gssize got;

    if (!wait_for_input (session)) {
        give_up (session, BREV_ERROR_READ, "4.4.2", "nothing came for too long");
        return FALSE;
    }
    got = brev_read_some (session->in, session->buffer, sizeof session->buffer);
    session->next = 0;
    session->end = got > 0 ? (gsize) got : 0;
    if (got < 0)
        (void) brev_throw (&session->error, BREV_ERROR_READ,
                           "cannot read standard input: %s", g_strerror (errno));
    if (got <= 0)
        session->is_over = TRUE;
    return got > 0;
}

/* Returns: (transfer full) (nullable): the next line without its end, at most
 * LINE_MAX_LENGTH + 1 bytes of it; %NULL at the end of the input */
static GString *
read_line (Session *session)
{
    g_autoptr (GString) line = g_string_new (NULL);
    const char *lf = NULL;

    start_clock (session);
    while (lf == NULL) {
        gsize length;
        const char *start;

        if (session->next == session->end && !fill (session))
            return NULL;
        start = session->buffer + session->next;
        lf = memchr (start, '\n', session->end - session->next);
        length = lf == NULL ? session->end - session->next : (gsize) (lf - start);
        session->next += length + (lf != NULL);
        g_string_append_len (line, start,
                             (gssize) MIN (length, LINE_MAX_LENGTH + 1 - line->len));
    }
    session->is_crlf = line->len > 0 && line->str[line->len - 1] == '\r';
    if (session->is_crlf)
        g_string_truncate (line, line->len - 1);
    return g_steal_pointer (&line);
}

static void
forget_mail (Session *session)
{
    g_clear_pointer (&session->envelope, brev_envelope_free);
}

/* ---- commands ---- */

static const char *
host_name (const Session *session)
{
    const char *name = session->post->submitter.config->mail_name;

    return name == NULL ? "localhost" : name;
}

static void
say_helo (Session *session, const char *arguments)
{
    forget_mail (session);
    reply (session, "250 %s", host_name (session));
}

static void
say_ehlo (Session *session, const char *arguments)
{
    forget_mail (session);
    reply (session,
           "250-%s\r\n250-8BITMIME\r\n250-SIZE %" G_GUINT64_FORMAT
           "\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250-DSN\r\n250 ENHANCEDSTATUSCODES",
           host_name (session), session->post->submitter.config->max_message_size);
}

/* What the command line says holds for every message, unless MAIL says otherwise. */
static BrevEnvelope *
new_envelope (const Session *session, BrevSmtpCommand *mail)
{
    const BrevEnvelope *said = session->options->envelope;
    BrevEnvelope *envelope = brev_envelope_new ();

    g_free (envelope->sender);
    envelope->sender = g_steal_pointer (&mail->address);
    envelope->gateway = said->gateway;
    envelope->full_name = g_strdup (said->full_name);
    envelope->envid =
        mail->envid == NULL ? g_strdup (said->envid) : g_steal_pointer (&mail->envid);
    envelope->notify = said->notify;
    envelope->ret = mail->ret == BREV_RETURN_UNSAID ? said->ret : mail->ret;
    envelope->hops = said->hops;
    envelope->queue_only = said->queue_only;
    envelope->options = g_strdup (said->options);
    envelope->ignored = g_strdup (said->ignored);
    return envelope;
}

/* Also without EHLO before, which RFC 5321 4.1.4 lets a server demand: local programs
 * leave it out, and all it would tell is a name that nobody believes. */
static void
say_mail (Session *session, const char *arguments)
{
    guint64 max_size = session->post->submitter.config->max_message_size;
    g_auto (BrevSmtpCommand) mail = { 0 };
    const char *refusal = brev_smtp_read_mail (arguments, &mail);

    if (session->envelope != NULL)
        reply (session, "503 5.5.1 There is a sender already");
    else if (refusal != NULL)
        reply (session, "%s", refusal);
    else if (mail.size > max_size)
        reply (session,
               "552 5.3.4 The message is larger than %" G_GUINT64_FORMAT " bytes",
               max_size);
    else {
        session->envelope = new_envelope (session, &mail);
        session->envelope_size = 0;
        reply (session, "250 2.1.0 Sender noted");
    }
}

/* A wish for each recipient, or none at all. */
static void
add_wish (BrevEnvelope *envelope, const BrevSmtpCommand *rcpt)
{
    gboolean is_wish = rcpt->notify != 0 || rcpt->orcpt != NULL;

    if (!is_wish && envelope->wishes->len == 0)
        return;
    while (envelope->wishes->len + 1 < envelope->recipients->len)
        g_ptr_array_add (envelope->wishes, brev_wish_format (0, NULL));
    g_ptr_array_add (envelope->wishes, brev_wish_format (rcpt->notify, rcpt->orcpt));
}

/* Whether @rcpt still fits into a frame. */
static gboolean
has_room (Session *session, const BrevSmtpCommand *rcpt)
{
    gsize orcpt = rcpt->orcpt == NULL ? 0 : strlen (rcpt->orcpt);

    session->envelope_size += RECIPIENT_OVERHEAD + strlen (rcpt->address) + orcpt;
    return session->envelope->recipients->len < BREV_RECIPIENTS_MAX &&
           session->envelope_size < BREV_ENVELOPE_MAX - ENVELOPE_RESERVE;
}

static void
say_rcpt (Session *session, const char *arguments)
{
    g_auto (BrevSmtpCommand) rcpt = { 0 };
    const char *refusal = brev_smtp_read_rcpt (arguments, &rcpt);

    if (session->envelope == NULL)
        reply (session, "503 5.5.1 MAIL comes first");
    else if (refusal != NULL)
        reply (session, "%s", refusal);
    else if (!has_room (session, &rcpt))
        reply (session, "452 4.5.3 No more recipients in one message");
    else {
        /* An argument may be a list of addresses; in brackets it is one. */
        g_ptr_array_add (session->envelope->recipients,
                         g_strdup_printf ("<%s>", rcpt.address));
        add_wish (session->envelope, &rcpt);
        reply (session, "250 2.1.5 Recipient noted");
    }
}

/* clang-format off */
static const char *const failure_replies[] = {
    [BREV_ERROR_USAGE]        = "554 5.5.0",
    [BREV_ERROR_CONFIG]       = "451 4.3.5",
    [BREV_ERROR_INPUT]        = "554 5.6.0",
    [BREV_ERROR_NO_FILE]      = "451 4.3.0",
    [BREV_ERROR_READ]         = "451 4.3.0",
    [BREV_ERROR_DENIED]       = "550 5.7.1",
    [BREV_ERROR_SYSTEM]       = "451 4.3.0",
    [BREV_ERROR_NETWORK]      = "451 4.4.1",
    [BREV_ERROR_BUSY]         = "451 4.3.2",
    [BREV_ERROR_REFUSED]      = "554 5.0.0",
    [BREV_ERROR_NO_RECIPIENT] = "550 5.1.1",
    [BREV_ERROR_INTERNAL]     = "451 4.3.0",
};
/* clang-format on */
G_STATIC_ASSERT (G_N_ELEMENTS (failure_replies) == BREV_ERROR_LAST);

/* Reads the message to its lone dot. Returns: %FALSE when the input ended before */
static gboolean
read_data (Session *session, BrevInput *input)
{
    while (!brev_input_is_ended (input)) {
        start_clock (session);
        if (session->next == session->end && !fill (session))
            return FALSE;
        session->next += brev_input_feed (input, session->buffer + session->next,
                                          session->end - session->next);
    }
    return TRUE;
}

static void
refuse_message (Session *session, const char *code, const GError *failure)
{
    g_autofree char *text = brev_text_printable (failure->message);

    brev_log (BREV_LOG_WARNING, "refused over -bs: uid=%u login=%s program=%s: %s",
              session->caller->uid, session->caller->login,
              session->caller->program == NULL ? "?" : session->caller->program, text);
    reply (session, "%s %s", code, text);
}

static void
post_message (Session *session, BrevInput *input)
{
    g_auto (BrevMessageBytes) message = { .fd = -1 };
    g_autoptr (GError) failure = NULL;
    BrevPosted posted;

    if (!brev_input_finish (input, &message, &failure)) {
        gboolean is_too_large = failure->code == BREV_ERROR_INPUT;
        refuse_message (session, is_too_large ? "552 5.3.4" : "451 4.3.0", failure);
        return;
    }
    session->envelope->hops += brev_input_hops (input);
    brev_caller_complete (session->caller, session->envelope);
    if (!brev_post (session->post, session->envelope, &message, &posted, &failure)) {
        refuse_message (session, failure_replies[failure->code], failure);
        return;
    }
    session->n_errors = session->n_idle = 0;
    reply (session, "250 2.0.0 Queued as %s", posted.id);
}

static void
refuse_data (Session *session, const char *text)
{
    session->is_data_refused = TRUE;
    reply (session, "%s", text);
}

static void
take_message (Session *session)
{
    g_autofree char *no_recipient =
        brev_no_recipient_field (session->options, session->envelope->recipients);
    const BrevInputRules rules = {
        .dots = session->is_crlf ? BREV_DOTS_SMTP : BREV_DOTS_SMTP_LF,
        .max_size = session->post->submitter.config->max_message_size,
        .no_recipient = no_recipient,
    };
    g_autoptr (BrevInput) input = brev_input_new (&rules);

    if (read_data (session, input))
        post_message (session, input);
    else if (session->error == NULL)
        (void) brev_throw (&session->error, BREV_ERROR_READ,
                           "standard input ended within a message, which was not kept");
}

static void
say_data (Session *session, const char *arguments)
{
    if (session->envelope == NULL) {
        refuse_data (session, "503 5.5.1 MAIL comes first");
    } else if (session->envelope->recipients->len == 0) {
        refuse_data (session, "554 5.5.1 There are no recipients");
    } else {
        reply (session, "354 Send the message, end with a line of one dot");
        take_message (session);
        forget_mail (session);
    }
}

static void
say_rset (Session *session, const char *arguments)
{
    forget_mail (session);
    reply (session, "250 2.0.0 Forgotten");
}

static void
say_noop (Session *session, const char *arguments)
{
    reply (session, "250 2.0.0 Done");
}

static void
say_vrfy (Session *session, const char *arguments)
{
    reply (session, "252 2.5.2 Send it, and see");
}

static void
say_help (Session *session, const char *arguments)
{
    reply (session, "214 2.0.0 See sendmail(8)");
}

static void
say_not_here (Session *session, const char *arguments)
{
    reply (session, "502 5.5.1 Not on standard input");
}

static void
say_quit (Session *session, const char *arguments)
{
    reply (session, "221 2.0.0 Goodbye");
    session->is_over = TRUE;
}

typedef struct {
    const char *verb;
    void (*say) (Session *session, const char *arguments);
    gboolean is_idle; /* no step towards a message */
} Verb;

/* clang-format off */
static const Verb verbs[] = {
    { "HELO", say_helo, TRUE },
    { "EHLO", say_ehlo, TRUE },
    { "MAIL", say_mail },
    { "RCPT", say_rcpt },
    { "DATA", say_data },
    { "RSET", say_rset, TRUE },
    { "NOOP", say_noop, TRUE },
    { "VRFY", say_vrfy, TRUE },
    { "HELP", say_help, TRUE },
    { "QUIT", say_quit },
    { "EXPN", say_not_here },
    { "AUTH", say_not_here },
    { "STARTTLS", say_not_here },
    { "BDAT", say_not_here },
};
/* clang-format on */

/* Returns: (nullable) */
static const Verb *
find_verb (const char *word, gsize length)
{
    for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
        if (strlen (verbs[i].verb) == length &&
            g_ascii_strncasecmp (word, verbs[i].verb, length) == 0)
            return &verbs[i];
    return NULL;
}

static void
obey (Session *session, const GString *line)
{
    gsize length = strcspn (line->str, " ");
    const char *arguments = line->str + length + strspn (line->str + length, " ");
    gboolean is_sound = line->len <= LINE_MAX_LENGTH && strlen (line->str) == line->len;
    const Verb *verb = is_sound ? find_verb (line->str, length) : NULL;
    gboolean may_be_text = session->is_data_refused;

    session->is_data_refused = FALSE;
    if (verb != NULL) {
        session->n_idle += verb->is_idle;
        verb->say (session, arguments);
    } else if (may_be_text) {
        /* It did not wait for our 354. Its message must not be searched for commands. */
        give_up (session, BREV_ERROR_INPUT, "4.7.0",
                 "text of a message came where DATA had been refused");
    } else {
        reply (session, is_sound ? "500 5.5.2 This command is not known here"
                                 : "500 5.5.2 The line is too long, or holds a NUL");
    }
}

static void
check_limits (Session *session)
{
    if (session->n_errors > MAX_ERRORS)
        give_up (session, BREV_ERROR_INPUT, "4.7.0", "too many errors");
    else if (session->n_idle > MAX_IDLE && session->caller->is_remote)
        give_up (session, BREV_ERROR_INPUT, "4.7.0",
                 "too many commands without a message");
}

/* Nor may a client keep us waiting that does not read what we say. */
static void
limit_writing (const Session *session)
{
    gint64 timeout = session->post->submitter.config->smtp_timeout;
    const struct timeval limit = { timeout / 1000, timeout % 1000 * 1000 };

    (void) setsockopt (session->out, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

gboolean
brev_smtp_serve (BrevPost *post, const BrevCaller *caller, const BrevOptions *options,
                 int in, int out, GError **error)
{
    g_autofree Session *session = g_new0 (Session, 1);

    session->post = post;
    session->caller = caller;
    session->options = options;
    session->in = in;
    session->out = out;
    limit_writing (session);
    reply (session, "220 %s ESMTP brevdue", host_name (session));
    while (!session->is_over) {
        g_autoptr (GString) line = read_line (session);
        if (line != NULL)
            obey (session, line);
        if (!session->is_over)
            check_limits (session);
    }
    forget_mail (session);
    if (session->error == NULL)
        return TRUE;
    g_propagate_error (error, session->error);
    return FALSE;
}
