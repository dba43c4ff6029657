/* SPDX-License-Identifier: MIT */

/* Prints what would become of a golden case: render [--raw] [--account NAME] DIRECTORY
 *
 * The directory holds message.eml and envelope (lines "key: value"), and perhaps a
 * brevdue.conf of its own. Printed are the plan and each request, pretty, with its
 * secrets masked; with --raw only the bodies as they would be sent, each followed by a
 * NUL. With --lines, for programs, there may be several directories: each begins with a
 * line "case:", and a body is one line of base64. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <json-glib/json-glib.h>

#include "base/fs.h"
#include "plan/plan.h"

#define TOKEN "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb"

typedef struct {
    BrevPlanInput input;
    GArray *recipients;    /* of BrevPlanRecipient */
    GStringChunk *strings; /* of the envelope */
    const char *account;
    gboolean is_batch;
    gboolean is_raw;
    gboolean is_lines;
} Case;

/* "address" or "address original" */
static void
take_recipient (Case *c, const char *value)
{
    g_auto (GStrv) words = g_strsplit (value, " ", 2);
    const char *original = words[1] != NULL ? words[1] : words[0];
    BrevPlanRecipient recipient = {
        .address = g_string_chunk_insert (c->strings, words[0]),
        .original = g_string_chunk_insert (c->strings, original),
        .index = c->recipients->len,
    };

    g_array_append_val (c->recipients, recipient);
}

static void
take_line (Case *c, const char *key, const char *value)
{
    if (g_str_equal (key, "recipient"))
        take_recipient (c, value);
    else if (g_str_equal (key, "sender"))
        c->input.sender = g_string_chunk_insert (c->strings, value);
    else if (g_str_equal (key, "full-name"))
        c->input.full_name = g_string_chunk_insert (c->strings, value);
    else if (g_str_equal (key, "account"))
        c->account = g_string_chunk_insert (c->strings, value);
    else if (g_str_equal (key, "report"))
        c->input.is_report = TRUE;
    else if (g_str_equal (key, "batch"))
        c->is_batch = TRUE;
    else
        g_error ("envelope: what is '%s'?", key);
}

static void
read_envelope (Case *c, const char *directory)
{
    g_autofree char *path = g_build_filename (directory, "envelope", NULL);
    g_autofree char *text = NULL;
    g_autoptr (GError) error = NULL;

    g_file_get_contents (path, &text, NULL, &error);
    g_assert_no_error (error);
    g_auto (GStrv) lines = g_strsplit (g_strchomp (text), "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto (GStrv) pair = g_strsplit (*line, ":", 2);
        take_line (c, pair[0], g_strstrip (pair[1]));
    }
}

static BrevConfig *
load_config (const char *directory)
{
    g_autofree char *own = g_build_filename (directory, "brevdue.conf", NULL);
    g_autofree char *common =
        g_build_filename (directory, "..", "..", "brevdue.conf", NULL);

    g_assert_cmpint (clearenv (), ==, 0);
    g_setenv ("BREVDUE_CONFIG", g_file_test (own, G_FILE_TEST_EXISTS) ? own : common,
              TRUE);
    return brev_config_load ();
}

static void
print_plan (const BrevPlan *plan)
{
    static const char *const kinds[] = { "send", "refuse", "wait" };

    printf ("plan: %s%s%s\n", kinds[plan->kind], plan->step != NULL ? ", " : "",
            plan->step != NULL ? plan->step : "");
    if (plan->reason != NULL)
        printf ("reason: %s %s\n", plan->dsn, plan->reason);
    if (plan->rewritten_from != NULL)
        printf ("rewritten: %s\n", plan->rewritten_from);
    for (guint i = 0; i < BREV_FEATURE_LAST; i++) {
        if (BREV_HAS (plan->losses, i))
            printf ("loss: %s\n", brev_features[i].name);
    }
    for (guint i = 0; i < plan->dropped->len; i++)
        printf ("dropped: %s\n", (char *) plan->dropped->pdata[i]);
    for (guint i = 0; i < plan->refusals->len; i++) {
        const BrevPlanRefusal *refusal = plan->refusals->pdata[i];
        printf ("refused: %u=%s %s\n", refusal->index, refusal->address, refusal->dsn);
    }
}

/* A raw message, for the eye: what is no UTF-8 in hexadecimal, line ends that are CRLF as
 * line ends. */
static void
print_raw (const GString *raw)
{
    for (gsize i = 0; i < raw->len; i++) {
        const char *c = raw->str + i;
        gunichar character = g_utf8_get_char_validated (c, (gssize) (raw->len - i));
        if (c[0] == '\r' && c[1] == '\n')
            continue;
        if (c[0] == '\n' && i > 0 && c[-1] == '\r')
            putchar ('\n');
        else if (character >= (gunichar) -2 || character < ' ' || character == 0x7f)
            printf ("\\x%02x", (guint8) *c);
        else {
            gsize length = (gsize) g_utf8_skip[(guint8) *c];
            fwrite (c, 1, length, stdout);
            i += length - 1;
        }
    }
    printf ("\n");
}

/* Returns: how often the message is in a request */
static guint
hide_raw (GString *body, const GString *raw)
{
    g_autofree char *base64 = g_base64_encode ((const guchar *) raw->str, raw->len);

    return g_string_replace (body, base64, "(base64 of the message)", 0) +
           g_string_replace (body, raw->str, "(the message)\r\n", 0);
}

static GString *
read_body (BrevBody *body)
{
    GString *text = g_string_new (NULL);
    g_autoptr (GError) error = NULL;
    guint64 length = 0;
    char buffer[1000];
    gssize n;

    brev_body_measure (body, &length, NULL, &error);
    g_assert_no_error (error);
    brev_body_rewind (body);
    while ((n = brev_body_read (body, buffer, sizeof buffer, &error)) > 0)
        g_string_append_len (text, buffer, n);
    g_assert_no_error (error);
    g_assert_cmpuint (text->len, ==, length);
    return text;
}

static void
print_pretty (const GString *body)
{
    g_autoptr (JsonParser) parser = json_parser_new ();
    g_autoptr (GError) error = NULL;

    json_parser_load_from_data (parser, body->str, (gssize) body->len, &error);
    g_assert_no_error (error);
    g_autofree char *pretty = json_to_string (json_parser_get_root (parser), TRUE);
    g_assert_null (strstr (pretty, TOKEN));
    printf ("\n%s\n", pretty);
}

/* The message with plain line ends. */
static void
print_message (const GString *body)
{
    g_auto (GStrv) lines = g_strsplit (body->str, "\r\n", -1);
    g_autofree char *text = g_strjoinv ("\n", lines);

    printf ("\n%s\n", text);
}

static void
print_line (const char *key, const GString *bytes)
{
    g_autofree char *base64 = g_base64_encode ((const guchar *) bytes->str, bytes->len);

    printf ("%s: %s\n", key, base64);
}

static void
print_recipients (const BrevMail *mail)
{
    printf ("recipients:");
    for (guint i = 0; i < mail->n_recipients; i++)
        printf (" %u=%s", mail->recipients[i], brev_mail_recipient (mail, i)->address);
    printf ("\n");
}

/* A message that is a string of JSON; @raw becomes what a reader of that has. */
static guint
hide_text (GString *body, const BrevMail *mail, GString *raw)
{
    g_autoptr (BrevBody) as_text = brev_body_new ();
    g_autoptr (JsonNode) string = NULL;

    brev_body_add_body (as_text, mail->raw, BREV_AS_JSON_MAIL);
    g_autoptr (GString) text = read_body (as_text);
    guint n = g_string_replace (body, text->str, "(the message)", 0);
    if (n > 0) {
        g_string_append_c (g_string_prepend_c (text, '"'), '"');
        string = json_from_string (text->str, NULL);
        g_string_assign (raw, json_node_get_string (string));
    }
    return n;
}

/* Returns: whether the message is in it: of the requests for one mail in one, and once */
static guint
print_body (const BrevMail *mail, GString *body)
{
    g_autoptr (BrevBody) own = mail->raw == NULL ? NULL : brev_body_share (mail->raw);
    g_autoptr (GString) raw = own == NULL ? NULL : read_body (own);

    guint n = raw != NULL ? hide_raw (body, raw) + hide_text (body, mail, raw) : 0;
    if (body->str[0] == '{' || body->str[0] == '[') {
        print_pretty (body);
    } else {
        printf ("\n");
        print_raw (body);
    }
    if (n > 0) {
        printf ("\n");
        print_raw (raw);
    }
    return n;
}

static void
print_lines (const BrevMail *mail, const BrevHttpRequest *request, const GString *body)
{
    g_autoptr (BrevBody) own = mail->raw == NULL ? NULL : brev_body_share (mail->raw);
    g_autoptr (GString) raw = own == NULL ? NULL : read_body (own);
    const GPtrArray *recipients =
        request->smtp != NULL ? request->smtp->recipients : NULL;

    print_line ("body", body);
    for (guint i = 0; recipients != NULL && i < recipients->len; i++)
        printf ("rcpt: %s\n",
                ((const BrevSmtpRecipient *) recipients->pdata[i])->address);
    if (raw != NULL)
        print_line ("raw", raw);
}

static guint
print_request (const Case *c, const BrevHttpRequest *request, const GPtrArray *mails)
{
    if (!c->is_raw && !c->is_lines)
        brev_body_hide_secrets (request->body);
    g_autoptr (GString) body = read_body (request->body);

    if (c->is_raw) {
        if (body->len > 0)
            fwrite (body->str, 1, body->len + 1, stdout);
        return 0;
    }
    if (c->is_lines) {
        if (!request->is_prelude)
            print_lines (mails->pdata[0], request, body);
        return 0;
    }
    printf ("\n%s %s\n", request->method, request->url);
    for (guint i = 0; i < request->headers->len; i++) {
        const BrevHttpHeader *header = request->headers->pdata[i];
        printf ("%s: %s\n", header->name, header->is_secret ? "***" : header->value);
    }
    for (guint i = 0; i < mails->len; i++)
        print_recipients (mails->pdata[i]);
    if (request->signing != NULL)
        printf ("signed: %s %s\n", request->signing,
                request->key_id != NULL ? request->key_id : "***");
    if (request->smtp != NULL)
        print_message (body);
    else if (body->len > 0)
        return print_body (mails->pdata[0], body);
    return 0;
}

static void
print_requests (const Case *c, const BrevPlan *plan, const GPtrArray *mails)
{
    g_autofree char *endpoint = brev_provider_endpoint (plan->provider, plan->account);
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) all = brev_provider_requests (
        plan->provider, mails, plan->account, TOKEN, endpoint, &error);
    const BrevMail *mail = mails->pdata[0];
    gboolean is_smtp = g_str_equal (plan->provider->name, "smtp");
    guint n = 0;

    g_assert_no_error (error);
    for (guint i = 0; i < all->len; i++)
        n += print_request (c, all->pdata[i], mails);
    if (mail->raw != NULL && !c->is_raw && !c->is_lines && !is_smtp)
        g_assert_cmpuint (n, ==, 1);
}

static void
render (Case *c)
{
    g_autoptr (BrevPlan) plan = brev_plan_make (&c->input);

    if (!c->is_raw)
        print_plan (plan);
    for (guint i = 0; i < plan->mails->len; i++)
        if (brev_provider_names_requests (plan->provider))
            brev_mail_name_request (plan->mails->pdata[i], "attempt");
    if (plan->mails->len > 0 && c->is_batch)
        print_requests (c, plan, plan->mails);
    for (guint i = 0; i < plan->mails->len && !c->is_batch; i++) {
        g_autoptr (GPtrArray) one = g_ptr_array_new ();
        g_ptr_array_add (one, plan->mails->pdata[i]);
        print_requests (c, plan, one);
    }
}

static void
render_directory (Case *c, const char *directory)
{
    g_autofree char *path = g_build_filename (directory, "message.eml", NULL);
    brev_autofd int fd = open (path, O_RDONLY | O_CLOEXEC);
    g_autoptr (GArray) recipients =
        g_array_new (FALSE, FALSE, sizeof (BrevPlanRecipient));
    g_autoptr (GStringChunk) strings = g_string_chunk_new (1000);
    g_autoptr (BrevConfig) config = load_config (directory);
    g_autoptr (GError) error = NULL;
    struct stat status;

    g_assert_cmpint (fstat (fd, &status), ==, 0);
    g_autoptr (BrevMessage) message =
        brev_message_decode (fd, 0, (guint64) status.st_size, &error);
    g_assert_no_error (error);
    c->is_batch = FALSE;
    c->recipients = recipients;
    c->strings = strings;
    c->input = (BrevPlanInput){
        .queue_id = "0123456789abcdefghijklmnop",
        .message = message,
        .fd = fd,
        .sender = "",
        .message_id = "<0123456789abcdefghijklmnop@example.com>",
        .config = config,
        .arrival = G_GINT64_CONSTANT (1795402200) * 1000, /* ten minutes before */
        .now = G_GINT64_CONSTANT (1795402800) * 1000,     /* 2026-11-23 03:00 UTC */
    };
    read_envelope (c, directory);
    c->input.recipients = (const BrevPlanRecipient *) (gpointer) recipients->data;
    c->input.n_recipients = recipients->len;
    c->input.account = brev_config_find_account (config, c->account);
    g_assert_nonnull (c->input.account);
    c->input.provider = brev_provider_for (c->input.account);
    render (c);
}

int
main (int argc, char **argv)
{
    Case c = { .account = "postmark" };
    gboolean is_marked = FALSE; /* before each case */
    int first = 1;

    for (; first < argc - 1 && g_str_has_prefix (argv[first], "--"); first++) {
        c.is_raw = c.is_raw || g_str_equal (argv[first], "--raw");
        c.is_lines = c.is_lines || g_str_equal (argv[first], "--lines");
        is_marked = is_marked || g_str_equal (argv[first], "--marked");
        if (g_str_equal (argv[first], "--account"))
            c.account = argv[++first];
    }
    for (int i = first; i < argc; i++) {
        if (c.is_lines)
            printf ("case: %s\n", argv[i]);
        else if (is_marked) /* by what stands in no plan, and behind no body */
            putchar (c.is_raw ? '\0' : '\f');
        fflush (stdout); /* so that it is known which one ended the process */
        render_directory (&c, argv[i]);
    }
    return 0;
}
