/* SPDX-License-Identifier: MIT */
#include "compat/error-mail.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "compat/input.h"

/* Room for what stands around a returned message. */
#define AROUND (16 * 1024)

static gboolean
is_returned (const BrevPost *post, const BrevMessageBytes *message)
{
    return message != NULL &&
           message->length + AROUND <= post->submitter.config->max_message_size;
}

static void
feed_text (BrevInput *input, const char *text)
{
    (void) brev_input_feed (input, text, strlen (text));
}

static gboolean
feed_message (BrevInput *input, const BrevMessageBytes *message, GError **error)
{
    char buffer[64 * 1024];
    gssize got = 0;

    if (message->fd < 0) {
        (void) brev_input_feed (input, (const char *) message->memory->data,
                                message->memory->len);
        return TRUE;
    }
    for (guint64 at = 0;
         (got = brev_read_at (message->fd, buffer, sizeof buffer, at)) > 0;
         at += (guint64) got)
        (void) brev_input_feed (input, buffer, (gsize) got);
    return got == 0 || brev_throw_errno (error, errno, "cannot read the message again");
}

/* As reports do: "from" of the configuration stands in where there is no From field; without
 * that setting the mail would wait for it. */
static const char *
from_field (const BrevConfig *config)
{
    return config->from == NULL ? "From: Mail Delivery System <postmaster>\n" : "";
}

static char *
head (const BrevConfig *config, const BrevCaller *caller, const char *boundary,
      gboolean is_whole, const GError *problem)
{
    g_autofree char *text = brev_text_printable (problem->message);

    return g_strdup_printf (
        "%sTo: %s\n"
        "Subject: Your mail was not accepted\n"
        "Auto-Submitted: auto-generated\n"
        "MIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=\"%s\"\n"
        "\n"
        "--%s\n"
        "Content-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: 8bit\n"
        "\n"
        "sendmail was called by %s (%s) to send a message, and did not accept it:\n"
        "\n"
        "    %s\n"
        "\n"
        "The exit status is %d. Nothing was sent to anybody; %s\n"
        "\n",
        from_field (config), caller->login, boundary, boundary, caller->login,
        caller->program == NULL ? "unknown program" : caller->program, text,
        brev_exit_status (problem),
        is_whole ? "the message follows." : "the message is not kept.");
}

static gboolean
write_mail (const BrevConfig *config, const BrevCaller *caller,
            const BrevMessageBytes *returned, const GError *problem,
            BrevMessageBytes *mail, GError **error)
{
    const BrevInputRules rules = { .dots = BREV_DOTS_DATA, .max_size = G_MAXUINT64 };
    g_autoptr (BrevInput) input = brev_input_new (&rules);
    char boundary[BREV_ID_LENGTH + 1];
    g_autofree char *begin = NULL;
    g_autofree char *end = NULL;

    brev_id_new (boundary);
    begin = head (config, caller, boundary, returned != NULL, problem);
    end = g_strdup_printf ("\n--%s--\n", boundary);
    feed_text (input, begin);
    if (returned != NULL) {
        g_autofree char *part = g_strdup_printf ("--%s\nContent-Type: message/rfc822\n"
                                                 "Content-Transfer-Encoding: 8bit\n\n",
                                                 boundary);
        feed_text (input, part);
        if (!feed_message (input, returned, error))
            return FALSE;
    }
    feed_text (input, end);
    return brev_input_finish (input, mail, error);
}

gboolean
brev_error_mail (BrevPost *post, const BrevCaller *caller,
                 const BrevMessageBytes *message, const GError *problem, GError **error)
{
    g_autoptr (BrevEnvelope) envelope = brev_envelope_new ();
    g_auto (BrevMessageBytes) mail = { .fd = -1 };
    BrevPosted posted;

    g_ptr_array_add (envelope->recipients, g_strdup (caller->login));
    envelope->full_name = g_strdup ("Mail Delivery System");
    brev_caller_complete (caller, envelope);
    return write_mail (post->submitter.config, caller,
                       is_returned (post, message) ? message : NULL, problem, &mail,
                       error) &&
           brev_post (post, envelope, &mail, &posted, error);
}
