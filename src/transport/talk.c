/* SPDX-License-Identifier: MIT */
#include "transport/talk.h"

#include <string.h>

#include "base/error.h"
#include "transport/dots.h"

#define CHUNK 16384
#define SHUTTING_DOWN 421 /* RFC 5321 section 3.8: to any command */
/* As a server would say it; RFC 6531 section 3.5. */
#define NO_UTF8 "5.6.7 the server does not offer SMTPUTF8"

/* The commands in their order: MAIL, a RCPT for each recipient, DATA, the message. */
struct BrevTalk {
    const BrevSmtp *smtp;
    BrevBody *body;
    BrevSmtpExtensions extensions;
    gboolean is_utf8; /* an address needs SMTPUTF8, and it is offered */
    BrevDots dots;
    guint64 size; /* of the message as it travels */
    gboolean is_8bit;
    BrevSmtpAnswer *answer; /* owned */
    GString *out;           /* owned: written by us, not yet by the connection */
    gsize out_at;
    guint asked;          /* commands that are in @out or were sent */
    guint sent;           /* to the last byte: before that nothing answers one */
    guint answered;       /* of these */
    guint taken;          /* recipients */
    gboolean has_body;    /* the message may be sent */
    gboolean body_is_out; /* all of it is in @out or was sent */
    gboolean is_over;
};

static guint
data_command (const BrevTalk *talk)
{
    return talk->smtp->recipients->len + 1;
}

static const BrevSmtpRecipient *
recipient_at (const BrevTalk *talk, guint i)
{
    return talk->smtp->recipients->pdata[i];
}

/* -- the envelope -------------------------------------------------------------------- */

/* Whether @address is one word between < and >: a blank or a bracket only in quotes. */
static gboolean
is_one_path (const char *address)
{
    gboolean is_quoted = FALSE;

    for (const char *p = address; *p != '\0'; p++) {
        if (g_ascii_iscntrl (*p))
            return FALSE;
        if (*p == '\\' && is_quoted && p[1] != '\0')
            p++;
        else if (*p == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && strchr (" <>", *p) != NULL)
            return FALSE;
    }
    return !is_quoted;
}

/* Whether it is the value of a parameter, RFC 5321 section 4.1.2; (nullable) */
static gboolean
is_value (const char *text)
{
    for (const char *p = text; p != NULL && *p != '\0'; p++)
        if (!g_ascii_isgraph (*p) || *p == '=')
            return FALSE;
    return TRUE;
}

static gboolean
check_envelope (const BrevSmtp *smtp, GError **error)
{
    gboolean is_sound = is_one_path (smtp->sender) && is_value (smtp->envid);

    for (guint i = 0; i < smtp->recipients->len; i++) {
        const BrevSmtpRecipient *recipient = smtp->recipients->pdata[i];
        is_sound = is_sound && is_one_path (recipient->address) &&
                   *recipient->address != '\0' && is_value (recipient->notify) &&
                   is_value (recipient->orcpt);
    }
    return is_sound || brev_throw (error, BREV_ERROR_INPUT,
                                   "an address of the envelope, or what its sender wants "
                                   "to be told, cannot be said in SMTP");
}

static gboolean
needs_utf8 (const BrevSmtp *smtp)
{
    gboolean is_ascii = g_str_is_ascii (smtp->sender);

    for (guint i = 0; i < smtp->recipients->len; i++)
        is_ascii =
            is_ascii &&
            g_str_is_ascii (((BrevSmtpRecipient *) smtp->recipients->pdata[i])->address);
    return !is_ascii;
}

static gboolean
offers (const BrevTalk *talk, BrevSmtpExtensions extension)
{
    return (talk->extensions & extension) != 0;
}

static gboolean
can_say (const BrevTalk *talk, const char *address)
{
    return offers (talk, BREV_SMTP_SMTPUTF8) || g_str_is_ascii (address);
}

/* -- the message --------------------------------------------------------------------- */

static gssize
read_body (BrevTalk *talk, GString *out, GError **error)
{
    char buffer[CHUNK];
    gssize got = brev_body_read (talk->body, buffer, sizeof buffer, error);

    if (got > 0)
        brev_dots_add (&talk->dots, buffer, (gsize) got, out);
    else if (got == 0)
        brev_dots_end (&talk->dots, out);
    return got;
}

static gboolean
survey_body (BrevTalk *talk, GError **error)
{
    gssize got;

    brev_body_rewind (talk->body);
    do
        got = read_body (talk, NULL, error);
    while (got > 0);
    talk->size = talk->dots.size;
    talk->is_8bit = talk->dots.is_8bit;
    talk->dots = (BrevDots){ 0 };
    brev_body_rewind (talk->body);
    return got == 0;
}

/* What comes next of it; the final dot stands alone, so that it is known when it leaves. */
static gboolean
write_body (BrevTalk *talk, GError **error)
{
    gssize got = 1;

    while (talk->out->len == 0 && got > 0)
        got = read_body (talk, talk->out, error);
    if (got < 0)
        return FALSE;
    if (talk->out->len == 0 && talk->dots.size != talk->size)
        return brev_throw (error, BREV_ERROR_SYSTEM,
                           "the message's file changed while it was sent");
    if (talk->out->len == 0) {
        g_string_assign (talk->out, ".\r\n");
        talk->body_is_out = TRUE;
        talk->asked++;
    }
    return TRUE;
}

/* -- commands ------------------------------------------------------------------------ */

static void
write_mail (BrevTalk *talk)
{
    const BrevSmtp *smtp = talk->smtp;

    g_string_append_printf (talk->out, "MAIL FROM:<%s>", smtp->sender);
    if (offers (talk, BREV_SMTP_SIZE))
        g_string_append_printf (talk->out, " SIZE=%" G_GUINT64_FORMAT, talk->size);
    if (offers (talk, BREV_SMTP_8BITMIME) && talk->is_8bit)
        g_string_append (talk->out, " BODY=8BITMIME");
    if (talk->is_utf8)
        g_string_append (talk->out, " SMTPUTF8");
    if (offers (talk, BREV_SMTP_DSN) && smtp->ret != NULL)
        g_string_append_printf (talk->out, " RET=%s", smtp->ret);
    if (offers (talk, BREV_SMTP_DSN) && smtp->envid != NULL)
        g_string_append_printf (talk->out, " ENVID=%s", smtp->envid);
    g_string_append (talk->out, "\r\n");
}

static void
write_recipient (BrevTalk *talk, const BrevSmtpRecipient *recipient)
{
    g_string_append_printf (talk->out, "RCPT TO:<%s>", recipient->address);
    if (offers (talk, BREV_SMTP_DSN) && recipient->notify != NULL)
        g_string_append_printf (talk->out, " NOTIFY=%s", recipient->notify);
    if (offers (talk, BREV_SMTP_DSN) && recipient->orcpt != NULL)
        g_string_append_printf (talk->out, " ORCPT=%s", recipient->orcpt);
    g_string_append (talk->out, "\r\n");
}

/* Whom the server cannot take at all is not even asked for: as if it had refused. */
static void
skip_unsayable (BrevTalk *talk)
{
    while (talk->asked > 0 && talk->asked < data_command (talk) &&
           talk->asked == talk->answered) {
        guint i = talk->asked - 1;
        if (can_say (talk, recipient_at (talk, i)->address))
            return;
        brev_smtp_reply_set (&talk->answer->recipients[i], 553, NO_UTF8);
        talk->asked++;
        talk->sent++;
        talk->answered++;
    }
}

static BrevTalkState
end_with (BrevTalk *talk, BrevSmtpStage stage, int code, const char *text)
{
    talk->answer->stage = stage;
    brev_smtp_reply_set (&talk->answer->last, code, text);
    talk->is_over = TRUE;
    return BREV_TALK_IS_OVER;
}

/* RFC 1870 section 6.1: the server would say no more than that it is too large. */
static void
end_if_larger (BrevTalk *talk, guint64 limit)
{
    g_autofree char *text =
        g_strdup_printf ("5.3.4 the message has %.1f MB, and the server takes %.1f MB",
                         (double) talk->size / 1e6, (double) limit / 1e6);

    if (limit > 0 && talk->size > limit)
        (void) end_with (talk, BREV_SMTP_MAIL, 552, text);
}

/* All have been asked for, and nobody was taken. */
static BrevTalkState
end_without_recipient (BrevTalk *talk, int code, const char *text)
{
    skip_unsayable (talk);
    if (talk->answered == data_command (talk) && talk->taken == 0)
        return end_with (talk, BREV_SMTP_RCPT, code, text);
    return BREV_TALK_GOES_ON;
}

static void
write_command (BrevTalk *talk)
{
    guint n = talk->asked++;

    if (n == 0)
        write_mail (talk);
    else if (n < data_command (talk))
        write_recipient (talk, recipient_at (talk, n - 1));
    else
        g_string_append (talk->out, "DATA\r\n");
}

/* RFC 2920 section 3.1: DATA is the last of a group, and it waits for the replies here:
 * without a recipient there is no message to send. */
static gboolean
may_write_command (const BrevTalk *talk)
{
    gboolean is_next = talk->asked == talk->answered;

    if (talk->asked < data_command (talk))
        return is_next || (offers (talk, BREV_SMTP_PIPELINING) && talk->asked > 0 &&
                           can_say (talk, recipient_at (talk, talk->asked - 1)->address));
    return talk->asked == data_command (talk) && is_next && talk->taken > 0;
}

static void
write_commands (BrevTalk *talk)
{
    end_without_recipient (talk, 0, NULL);
    while (!talk->is_over && may_write_command (talk) && talk->out->len < CHUNK) {
        write_command (talk);
        end_without_recipient (talk, 0, NULL);
    }
}

/* -- replies ------------------------------------------------------------------------- */

static BrevTalkState
hear_recipient (BrevTalk *talk, guint i, int code, const char *text)
{
    brev_smtp_reply_set (&talk->answer->recipients[i], code, text);
    talk->taken += code / 100 == 2;
    talk->answer->stage = BREV_SMTP_RCPT;
    if (code == SHUTTING_DOWN)
        return end_with (talk, BREV_SMTP_RCPT, code, text);
    return end_without_recipient (talk, code, text);
}

static BrevTalkState
hear_data (BrevTalk *talk, int code, const char *text)
{
    if (code / 100 == 2)
        return BREV_TALK_IS_BROKEN;
    if (code / 100 != 3)
        return end_with (talk, BREV_SMTP_DATA, code, text);
    talk->has_body = TRUE;
    talk->answer->stage = BREV_SMTP_BODY;
    return BREV_TALK_GOES_ON;
}

/* Nobody asked: the server may say why it ends the connection, and nothing else. */
static BrevTalkState
hear_unasked (BrevTalk *talk, int code, const char *text)
{
    if (code / 100 < 4)
        return BREV_TALK_IS_BROKEN;
    return end_with (talk, talk->answer->stage, code, text);
}

BrevTalkState
brev_talk_hear (BrevTalk *talk, int code, const char *text)
{
    guint n = talk->answered;

    if (talk->is_over || n == talk->sent)
        return hear_unasked (talk, code, text);
    talk->answered++;
    if (n > data_command (talk))
        return code / 100 == 3 ? BREV_TALK_IS_BROKEN
                               : end_with (talk, BREV_SMTP_END, code, text);
    if (n == data_command (talk))
        return hear_data (talk, code, text);
    if (code / 100 == 3)
        return BREV_TALK_IS_BROKEN;
    if (n > 0)
        return hear_recipient (talk, n - 1, code, text);
    return code / 100 == 2 ? BREV_TALK_GOES_ON
                           : end_with (talk, BREV_SMTP_MAIL, code, text);
}

/* -- all of it ----------------------------------------------------------------------- */

gssize
brev_talk_pending (BrevTalk *talk, const char **bytes, GError **error)
{
    if (talk->out_at == talk->out->len) {
        g_string_truncate (talk->out, 0);
        talk->out_at = 0;
    }
    if (talk->out->len == 0 && !talk->is_over) {
        if (!talk->has_body)
            write_commands (talk);
        else if (!talk->body_is_out && !write_body (talk, error))
            return -1;
    }
    *bytes = talk->out->str + talk->out_at;
    return (gssize) (talk->out->len - talk->out_at);
}

void
brev_talk_sent (BrevTalk *talk, gsize n)
{
    const char *bytes = talk->out->str + talk->out_at;

    g_assert (n <= talk->out->len - talk->out_at);
    for (gsize i = 0; i < n && (!talk->has_body || talk->body_is_out); i++)
        talk->sent += bytes[i] == '\n';
    talk->out_at += n;
    if (talk->body_is_out && n > 0)
        talk->answer->stage = BREV_SMTP_END;
}

const BrevSmtpAnswer *
brev_talk_answer (const BrevTalk *talk)
{
    return talk->answer;
}

gboolean
brev_talk_was_heard (const BrevTalk *talk)
{
    return talk->answered > 0;
}

gboolean
brev_talk_is_over (const BrevTalk *talk)
{
    return talk->is_over;
}

gboolean
brev_talk_is_clean (const BrevTalk *talk)
{
    return talk->is_over && talk->answer->stage == BREV_SMTP_END &&
           talk->asked == talk->answered && talk->answer->last.code != SHUTTING_DOWN;
}

BrevTalk *
brev_talk_new (const BrevSmtp *smtp, BrevBody *body, BrevSmtpExtensions extensions,
               guint64 size_limit, GError **error)
{
    g_autoptr (BrevTalk) talk = g_new0 (BrevTalk, 1);

    talk->smtp = smtp;
    talk->body = body;
    talk->extensions = extensions;
    talk->out = g_string_new (NULL);
    talk->answer = brev_smtp_answer_new (smtp->recipients->len);
    talk->answer->stage = BREV_SMTP_MAIL;
    talk->answer->has_dsn = offers (talk, BREV_SMTP_DSN);
    talk->is_utf8 = needs_utf8 (smtp) && offers (talk, BREV_SMTP_SMTPUTF8);
    if (!check_envelope (smtp, error) || !survey_body (talk, error))
        return NULL;
    if (!can_say (talk, smtp->sender))
        (void) end_with (talk, BREV_SMTP_MAIL, 553, NO_UTF8);
    else
        end_if_larger (talk, size_limit);
    return g_steal_pointer (&talk);
}

void
brev_talk_free (BrevTalk *talk)
{
    if (talk == NULL)
        return;
    brev_smtp_answer_free (talk->answer);
    g_string_free (talk->out, TRUE);
    g_free (talk);
}
