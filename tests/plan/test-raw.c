/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/fs.h"
#include "plan/plan.h"

/* Friday, 20 November 2026 12:00:00 */
#define NOW (G_GINT64_CONSTANT (1795176000) * BREV_SECOND)

/* What stands above a message that lacks all three. */
#define DATE "Date: Fri, 20 Nov 2026 11:59:00 +0000\r\n"
#define ID "Message-ID: <made@example.com>\r\n"
#define ALL "From: A <a@example.com>\nDate: x\nMessage-ID: <i@x>\n"
#define ALL_CRLF "From: A <a@example.com>\r\nDate: x\r\nMessage-ID: <i@x>\r\n"

typedef struct {
    const char *name, *message, *want;
    const char *recipients; /* "a@x b@x<root"; NULL: r@example.org */
    const char *sender;     /* of the envelope; NULL: a@example.com */
    BrevFeatures replaced;  /* by the provider */
    gboolean is_single;     /* the provider takes X-Once once */
    gboolean is_gateway;
    BrevCaps caps;       /* beside RAW; 0: BCC_ONLY */
    gboolean takes_text; /* the provider takes UTF-8 alone */
    BrevFeatures losses;
    const char *dropped;
} Case;

#define ADDRESSED BREV_CAP_HEADER_ENVELOPE
/* What is not UTF-8 goes into an encoding of its own. */
#define QUOTED "Content-Transfer-Encoding: quoted-printable\r\n"
#define PLAIN_QUOTED \
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=windows-1252\r\n" QUOTED
#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"
#define MIXED_CRLF "Content-Type: multipart/mixed; boundary=b\r\n\r\n"

#define F(feature) BREV_BIT (BREV_FEATURE_##feature)

/* clang-format off */
static const Case cases[] = {
    { "nothing is touched",
      "x-ODD :  two  blanks \n" ALL "Subject: =?utf-8?q?a?=\n\t=?utf-8?q?b?=\nX-A: 1\nX-A: 2\n"
      "To: \"R\"   <R@Example.org>,\n  undisclosed:;\nContent-Type: text/plain\n\n a\n.\nFrom x\n\n",
      "x-ODD :  two  blanks \r\n" ALL_CRLF "Subject: =?utf-8?q?a?=\r\n\t=?utf-8?q?b?=\r\nX-A: 1\r\nX-A: 2\r\n"
      "To: \"R\"   <R@Example.org>,\r\n  undisclosed:;\r\nContent-Type: text/plain\r\n\r\n a\r\n.\r\nFrom x\r\n\r\n" },
    { "what is missing is added", "Subject: s\n\nx", "From: a@example.com\r\n" DATE ID "Subject: s\r\n\r\nx" },
    { "an empty Message-ID is replaced", "From: a@example.com\nDate: x\nMessage-ID: \nX: y\n\n",
      "From: a@example.com\r\nDate: x\r\n" ID "X: y\r\n\r\n" },
    { "nothing is added for a gateway", "Subject: s\n\nx", "Subject: s\r\n\r\nx", .is_gateway = TRUE },
    { "an empty message", "", "From: a@example.com\r\n" DATE ID "\r\n" },
    { "header without a body", ALL, ALL_CRLF "\r\n" },
    { "header without a line end", ALL "X: y", ALL_CRLF "X: y\r\n\r\n" },
    { "torn header", ALL "X: y\nno field\nBcc: s@x.org\n", ALL_CRLF "X: y\r\n\r\nno field\r\nBcc: s@x.org\r\n" },
    { "blind copies", "Bcc: s@x.org\n" ALL "bcc : t@x.org,\n u@x.org\nApparently-To: w@x.org\n"
      "Return-Path: <b@x.org>\nX: y\n\nBcc: is text here\n",
      ALL_CRLF "X: y\r\n\r\nBcc: is text here\r\n" },
    { "resent to blind copies", "Resent-Date: x\nResent-From: x\nResent-Message-ID: x\n"
      "resent-bcc: v@x.org\n" ALL "\n",
      "Resent-Date: x\r\nResent-From: x\r\nResent-Message-ID: x\r\n" ALL_CRLF "\r\n" },
    { "blind copy behind a CR", ALL "X: y\rBcc: s@x.org\n\nb", ALL_CRLF "X: y Bcc: s@x.org\r\n\r\nb" },
    { "wishes", ALL "X-PM-Tag: t\nX-Mailgun-Tag:\n t\nX: y\nX-SES-Message-Tags: a=b\n\nb",
      ALL_CRLF "X: y\r\n\r\nb", .dropped = "tag a" },
    { "author of another domain", "Subject: s\nFrom: Ann <ann@y.org>\nDate: x\nMessage-ID: <i@x>\n\nb",
      "Reply-To: Ann <ann@y.org>\r\nSubject: s\r\nFrom: Ann <noreply@example.com>\r\nDate: x\r\nMessage-ID: <i@x>\r\n\r\nb" },
    { "such with a Reply-To", "From: \n ann@y.org\nReply-To: B\n <b@y.org>\nDate: x\nMessage-ID: <i@x>\n\nb",
      "From: \"ann@y.org\" <noreply@example.com>\r\nReply-To: B\r\n <b@y.org>\r\nDate: x\r\nMessage-ID: <i@x>\r\n\r\nb" },
    { "name beyond ASCII", "From: =?utf-8?q?J=C3=B6rg?= <j@y.org>\nDate: x\nMessage-ID: <i@x>\nReply-To: a@x.org\n\n",
      "From: =?UTF-8?b?SsO2cmc=?= <noreply@example.com>\r\nDate: x\r\nMessage-ID: <i@x>\r\nReply-To: a@x.org\r\n\r\n" },
    { "authors without a domain", "From: root, B <b@example.com>\nDate: x\nMessage-ID: <i@x>\nReply-To: ops\nSender: root\n\n",
      "From: root@example.com, B <b@example.com>\r\nDate: x\r\nMessage-ID: <i@x>\r\nReply-To: ops@example.com\r\nSender: root@example.com\r\n\r\n" },
    { "several authors", "From: a@example.com, b@example.com\nDate: x\nMessage-ID: <i@x>\nSender: B <b@example.com>\n\n",
      "From: a@example.com, b@example.com\r\nDate: x\r\nMessage-ID: <i@x>\r\nSender: B <b@example.com>\r\n\r\n" },
    { "a Sender of another domain", ALL "Sender: l@y.org\n\n", ALL_CRLF "\r\n", .losses = F (SENDER) },
    { "aliases", ALL "To: Admin <root>, X <x@y.org>\nCc: team,\n b@x.org\nTo: more@y.org\n\n",
      ALL_CRLF "To: Admin <ops@x.org>, X <x@y.org>, more@y.org\r\nCc: c@x.org, d@x.org, b@x.org\r\n\r\n",
      "ops@x.org<root c@x.org<team d@x.org<team b@x.org d@x.org", .losses = F (ALIAS) },
    { "a group with an alias", ALL "To: g: root;\n\n", ALL_CRLF "To: ops@x.org\r\n\r\n", "ops@x.org<root",
      .losses = F (GROUP) | F (ALIAS) },
    { "a name of nobody here", ALL "To: list\n\n", ALL_CRLF "To: list@example.com\r\n\r\n" },
    { "international domain", ALL "To: B <a@b\xc3\xbc" "cher.example>\n\n",
      ALL_CRLF "To: B <a@xn--bcher-kva.example>\r\n\r\n", "a@b\xc3\xbc" "cher.example" },
    { "long lists are folded", ALL "To: root, a-long-name-for-somebody@example.org, another-long-name@example.org\n\n",
      ALL_CRLF "To: ops@x.org, a-long-name-for-somebody@example.org,\r\n another-long-name@example.org\r\n\r\n",
      "ops@x.org<root", .losses = F (ALIAS) },
    { "resent", "Resent-To: r@example.org\n" ALL "\n",
      "Resent-Date: Fri, 20 Nov 2026 11:59:00 +0000\r\nResent-From: a@example.com\r\n"
      "Resent-Message-ID: <0123456789abcdefghijklmnop.resent@example.com>\r\n"
      "Resent-To: r@example.org\r\n" ALL_CRLF "\r\n" },
    { "the provider has its own Message-ID and Date",
      "From: a@example.com\nDate: Fri, 20 Nov 2026 10:00:00 +0000\nMessage-ID: <i@x>\n\n",
      "X-Original-Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nX-Original-Message-ID: <i@x>\r\n"
      "From: a@example.com\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <i@x>\r\n\r\n",
      .replaced = F (DATE) | F (MESSAGE_ID), .losses = F (DATE) | F (MESSAGE_ID) },
    { "it had neither", "From: a@example.com\n\n", DATE ID "From: a@example.com\r\n\r\n",
      .replaced = F (DATE) | F (MESSAGE_ID) },
    { "fields that are taken once", "X-Once: 1\n" ALL "x-once: 2\n 3\nX-Twice: 1\nX-Twice: 1\n\n",
      "X-Once: 1\r\n" ALL_CRLF "X-Twice: 1\r\nX-Twice: 1\r\n\r\n", .is_single = TRUE,
      .losses = F (REPEATED_HEADER), .dropped = "x-once" },
    { "a header that is the envelope", "X: y\nto: R  <r@x.org>, Hidden <h@x.org>\n" ALL
      "CC: \"a, b\" <c@x.org>, list: d@x.org;\nBcc: e@x.org\n\nTo: text\n",
      "To: R <r@x.org>\r\nCc: \"a, b\" <c@x.org>,\r\n d@x.org\r\nBcc: e@x.org,\r\n f@x.org\r\n"
      "X: y\r\n" ALL_CRLF "\r\nTo: text\r\n", "r@x.org c@x.org d@x.org e@x.org f@x.org",
      .caps = ADDRESSED | BREV_CAP_BCC_ONLY, .losses = F (GROUP) | F (HIDDEN_RECIPIENT) },
    { "such without a To", ALL "To: undisclosed-recipients:;\n\n", "Bcc: a@x.org,\r\n b@x.org\r\n" ALL_CRLF "\r\n",
      "a@x.org b@x.org", .caps = ADDRESSED | BREV_CAP_BCC_ONLY, .losses = F (GROUP) },
    { "such where Bcc would be seen", ALL "To: r@x.org\n\n",
      "To: r@x.org\r\n" ALL_CRLF "\r\n" "To: e@x.org\r\n" ALL_CRLF "\r\n" "To: f@x.org\r\n" ALL_CRLF "\r\n",
      "r@x.org e@x.org f@x.org", .caps = ADDRESSED, .losses = F (MOVED_RECIPIENT) },
    { "such that was sent on", "Resent-To: r@x.org\nResent-From: a@example.com\n" ALL "To: old@x.org\n\n",
      "To: r@x.org\r\n" ALL_CRLF "\r\n", "r@x.org", .caps = ADDRESSED | BREV_CAP_BCC_ONLY,
      .losses = F (RESENT) | F (HIDDEN_RECIPIENT) | F (MOVED_RECIPIENT), .dropped = "Resent-To Resent-From" },
    { "names in it beyond ASCII", ALL "To: =?utf-8?q?J=C3=B6rg?= <r@x.org>\nCc: root\n\n",
      "To: =?UTF-8?b?SsO2cmc=?= <r@x.org>\r\nCc: ops@x.org\r\n" ALL_CRLF "\r\n", "r@x.org ops@x.org<root",
      .caps = ADDRESSED | BREV_CAP_BCC_ONLY, .losses = F (ALIAS) },
    { "CRLF stays", "From: a@example.com\r\nDate: x\r\nMessage-ID: <i@x>\r\nBcc: s@x.org\r\nX: y\r\n\r\na\r\nb\rc\n",
      "From: a@example.com\r\nDate: x\r\nMessage-ID: <i@x>\r\nX: y\r\n\r\na\r\nb\rc\r\n" },
};
/* clang-format on */

static const char *const once[] = { "x-once", NULL };

/* "a@b c@d<root": the second is what became of root. */
static GArray *
parse_recipients (const char *text, GStringChunk *strings)
{
    GArray *recipients = g_array_new (FALSE, FALSE, sizeof (BrevPlanRecipient));
    g_auto (GStrv) words = g_strsplit (text, " ", -1);

    for (char **word = words; *word != NULL; word++) {
        g_auto (GStrv) pair = g_strsplit (*word, "<", 2);
        const BrevPlanRecipient recipient = {
            .address = g_string_chunk_insert (strings, pair[0]),
            .original =
                g_string_chunk_insert (strings, pair[1] != NULL ? pair[1] : pair[0]),
            .index = recipients->len,
        };
        g_array_append_val (recipients, recipient);
    }
    return recipients;
}

static char *
read_all (const BrevBody *raw)
{
    g_autoptr (BrevBody) body = brev_body_share (raw);
    g_autoptr (GError) error = NULL;
    GString *all = g_string_new (NULL);
    char buffer[7];
    gssize got;

    while ((got = brev_body_read (body, buffer, sizeof buffer, &error)) > 0)
        g_string_append_len (all, buffer, got);
    g_assert_no_error (error);
    return g_string_free (all, FALSE);
}

/* The plan of a message behind other bytes in its file, as in the queue. */
static void
run (const Case *c, gboolean is_lossy,
     void (*check) (const Case *c, const BrevPlan *plan))
{
    g_autofree char *file = g_strconcat ("envelope\n", c->message, NULL);
    brev_autofd int fd = memfd_create ("message", MFD_CLOEXEC);
    g_autoptr (GStringChunk) strings = g_string_chunk_new (256);
    g_autoptr (GArray) recipients = parse_recipients (
        c->recipients != NULL ? c->recipients : "r@example.org", strings);
    g_autoptr (GError) error = NULL;
    BrevAccount account = { .name = (char[]){ "main" }, .lossy = is_lossy };
    g_autoptr (GPtrArray) accounts = g_ptr_array_new ();
    BrevConfig config = { .mail_name = (char[]){ "example.com" },
                          .from = (char[]){ "Web <noreply@example.com>" },
                          .accounts = accounts };
    BrevProvider provider = *brev_provider_find ("postmark");

    g_ptr_array_add (accounts, &account);
    provider.caps = BREV_CAP_RAW | (c->caps != 0 ? c->caps : BREV_CAP_BCC_ONLY);
    provider.carried = 0;
    provider.replaced = c->replaced;
    provider.takes_text = c->takes_text;
    provider.single_headers = c->is_single ? once : NULL;
    g_assert_true (brev_write_all (fd, file, strlen (file)));
    g_autoptr (BrevMessage) message =
        brev_message_decode (fd, strlen ("envelope\n"), strlen (c->message), &error);
    g_assert_no_error (error);
    const BrevPlanInput input = {
        .queue_id = "0123456789abcdefghijklmnop",
        .message = message,
        .fd = fd,
        .sender = c->sender != NULL ? c->sender : "a@example.com",
        .message_id = "<made@example.com>",
        .is_gateway = c->is_gateway,
        .recipients = (const BrevPlanRecipient *) (gpointer) recipients->data,
        .n_recipients = recipients->len,
        .config = &config,
        .account = &account,
        .provider = &provider,
        .arrival = NOW - BREV_MINUTE,
        .now = NOW,
    };
    g_autoptr (BrevPlan) plan = brev_plan_make (&input);
    check (c, plan);
}

/* One behind the other. */
static char *
read_mails (const BrevPlan *plan)
{
    GString *all = g_string_new (NULL);

    for (guint i = 0; i < plan->mails->len; i++) {
        g_autofree char *one = read_all (((const BrevMail *) plan->mails->pdata[i])->raw);
        g_string_append (all, one);
    }
    return g_string_free (all, FALSE);
}

static void
check_bytes (const Case *c, const BrevPlan *plan)
{
    g_assert_cmpint (plan->kind, ==, BREV_PLAN_SEND);
    g_assert_cmpstr (plan->step, ==, "raw");
    g_autofree char *got = read_mails (plan);
    g_ptr_array_add (plan->dropped, NULL);
    g_autofree char *dropped = g_strjoinv (" ", (char **) plan->dropped->pdata);
    g_assert_cmpstr (got, ==, c->want);
    g_assert_cmphex (plan->losses, ==, c->losses);
    g_assert_cmpstr (dropped, ==, c->dropped != NULL ? c->dropped : "");
}

static void
test_bytes (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_test_message ("%s", cases[i].name);
        run (&cases[i], FALSE, check_bytes);
    }
}

/* clang-format off */
static const Case odd_cases[] = { /* as text, which has no other bytes than those of UTF-8 */
    { "UTF-8 stays", ALL "Content-Type: text/plain; charset=utf-8\n\ncaf\xc3\xa9\n",
      ALL_CRLF "Content-Type: text/plain; charset=utf-8\r\n\r\ncaf\xc3\xa9\r\n" },
    { "text without a charset", ALL "\ncaf\xe9 \n", PLAIN_QUOTED ALL_CRLF "\r\ncaf=E9=20\r\n", .losses = F (EIGHT_BIT) },
    { "text of cron", ALL "MIME-Version: 1.0\nContent-Type: text/plain; charset=ISO-8859-1\n"
      "Content-Transfer-Encoding: 8bit\n\n\xe9=\n",
      ALL_CRLF "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=ISO-8859-1\r\n" QUOTED "\r\n=E9=3D\r\n",
      .losses = F (EIGHT_BIT) },
    { "of a gateway", "MIME-Version: 1.0\nContent-Type: text/plain\n\n\xe9",
      QUOTED "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n=E9", .is_gateway = TRUE, .losses = F (EIGHT_BIT) },
    { "a header alone", ALL "Subject: caf\xe9\n\nb", ALL_CRLF "Subject: caf\xe9\r\n\r\nb", .losses = F (EIGHT_BIT) },
    { "a torn header", ALL "no field\n\xe9\n", PLAIN_QUOTED ALL_CRLF "\r\nno field\r\n=E9\r\n", .losses = F (EIGHT_BIT) },
    { "some parts", ALL MIXED "\xe4\n--b\n\n\xe9\n\n--b\nContent-Transfer-Encoding:\n 8bit\nX: y\n\n\xf6\r\n--b\n"
      "Content-Transfer-Encoding: 8bit\n\n\xc3\xa9\n--b--\n",
      ALL_CRLF MIXED_CRLF "\xe4\r\n--b\r\n" QUOTED "\r\n=E9\r\n\r\n--b\r\n" QUOTED "X: y\r\n\r\n=F6\r\n--b\r\n"
      "Content-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa9\r\n--b--\r\n", .losses = F (EIGHT_BIT) },
    { "the encoding is there twice", ALL MIXED "--b\nContent-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: 7bit\n\n\xe9\n--b--\n",
      ALL_CRLF MIXED_CRLF "--b\r\nContent-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\xe9\r\n--b--\r\n",
      .losses = F (EIGHT_BIT) },
    { "a boundary that never comes", ALL MIXED "\xe9\n", ALL_CRLF MIXED_CRLF "\xe9\r\n", .losses = F (EIGHT_BIT) },
    { "in an attached message", ALL MIXED "--b\nContent-Type: message/rfc822\n\nSubject: s\n\n\xe9\n--b\n"
      "Content-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\nMIME-Version: 1.0\n\n--c\n\n\xe9\n--c--\n--b--\n",
      ALL_CRLF MIXED_CRLF "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\nMIME-Version: 1.0\r\n" QUOTED "\r\n=E9\r\n--b\r\n"
      "Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=c\r\nMIME-Version: 1.0\r\n\r\n--c\r\n"
      QUOTED "\r\n=E9\r\n--c--\r\n--b--\r\n", .losses = F (EIGHT_BIT) },
    { "signed by another host", "DKIM-Signature: v=1\n" ALL "\n\xe9", PLAIN_QUOTED "DKIM-Signature: v=1\r\n" ALL_CRLF "\r\n=E9",
      .losses = F (EIGHT_BIT) | F (DKIM) },
};
/* clang-format on */

static void
test_odd_bytes (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (odd_cases); i++) {
        Case text = odd_cases[i];
        text.takes_text = TRUE;
        g_test_message ("%s", text.name);
        run (&text, FALSE, check_bytes);
    }
}

/* Whatever has no form of its own in a structured API. */
static void
test_carries_anything (void)
{
    static const Case rows[] = {
        { .message = ALL "Content-Type: multipart/signed; boundary=b;\n"
                         " protocol=\"application/pgp-signature\"\n\n--b\n\na\n--b\n"
                         "Content-Type: application/pgp-signature\n\ns\n--b--\n",
          .want = ALL_CRLF "Content-Type: multipart/signed; boundary=b;\r\n"
                           " protocol=\"application/pgp-signature\"\r\n\r\n--b\r\n\r\na"
                           "\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\n"
                           "s\r\n--b--\r\n" },
        { .message =
              ALL "Content-Type: multipart/report; boundary=b\n\n--b\n\na\n--b--\n",
          .want = ALL_CRLF "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
                           "\r\na\r\n--b--\r\n" },
        { .message = ALL "Content-Type: multipart/broken\n\n\xff\n",
          .want = ALL_CRLF "Content-Type: multipart/broken\r\n\r\n\xff\r\n" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
        run (&rows[i], FALSE, check_bytes);
}

static void
check_refused (const Case *c, const BrevPlan *plan)
{
    g_assert_cmpint (plan->kind, ==, BREV_PLAN_REFUSE);
    g_assert_cmphex (plan->losses, ==, c->losses);
    g_assert_cmpuint (plan->mails->len, ==, 0);
}

static void
check_lossy (const Case *c, const BrevPlan *plan)
{
    g_assert_cmpint (plan->kind, ==, BREV_PLAN_SEND);
    g_assert_cmpstr (plan->step, ==, "lossy");
    const BrevMail *mail = plan->mails->pdata[0];
    g_autofree char *got = read_all (mail->raw);
    g_assert_cmpstr (got, ==, c->want);
    g_assert_cmphex (plan->losses, ==, c->losses);
}

/* One of several authors is nobody whom the account may send as: the others would be
 * lost with this one. */
static void
test_foreign_co_author (void)
{
    static const Case row = {
        .message = "From: a@example.com, B <b@y.org>\nDate: x\nMessage-ID: <i@x>\n\n",
        .want =
            "Reply-To: a@example.com\r\nFrom: \"a@example.com\" <noreply@example.com>\r\n"
            "Date: x\r\nMessage-ID: <i@x>\r\n\r\n",
        .losses = F (SEVERAL_FROM),
    };

    run (&row, FALSE, check_refused);
    run (&row, TRUE, check_lossy);
}

/* Another encoding would break the signature of a part that was not fit to be signed (RFC 1847
 * section 2.1); one beside it does not matter. */
static void
test_odd_and_signed (void)
{
#define SIGNED \
    "Content-Type: multipart/signed; boundary=b; protocol=\"application/pgp-signature\""
#define SIGNATURE "Content-Type: application/pgp-signature"
    static const Case inside = {
        .message = ALL SIGNED "\n\n--b\n\n\xe9\n--b\n" SIGNATURE "\n\ns\n--b--\n",
        .want = ALL_CRLF SIGNED "\r\n\r\n--b\r\n" QUOTED "\r\n=E9\r\n--b\r\n" SIGNATURE
                                "\r\n\r\ns\r\n--b--\r\n",
        .losses = F (SIGNED) | F (EIGHT_BIT),
        .takes_text = TRUE,
    };
    static const Case beside = {
        .message =
            "X: \xe9\n" ALL SIGNED "\n\n--b\n\na\n--b\n" SIGNATURE "\n\ns\n--b--\n",
        .want = "X: \xe9\r\n" ALL_CRLF SIGNED "\r\n\r\n--b\r\n\r\na\r\n--b\r\n" SIGNATURE
                "\r\n\r\ns\r\n--b--\r\n",
        .losses = F (EIGHT_BIT),
        .takes_text = TRUE,
    };

    run (&inside, FALSE, check_refused);
    run (&inside, TRUE, check_lossy);
    run (&beside, FALSE, check_bytes);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/raw/bytes", test_bytes);
    g_test_add_func ("/raw/odd-bytes", test_odd_bytes);
    g_test_add_func ("/raw/odd-and-signed", test_odd_and_signed);
    g_test_add_func ("/raw/carries-anything", test_carries_anything);
    g_test_add_func ("/raw/foreign-co-author", test_foreign_co_author);
    return g_test_run ();
}
