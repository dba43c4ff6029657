/* SPDX-License-Identifier: MIT */

/* SMTP: any server that takes mail for others (RFC 5321, RFC 6409). Also the way by which
 * a provider with an API of its own takes what that API cannot carry. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "provider/provider.h"
#include "provider/reply.h"

extern const BrevProvider brev_provider_smtp;

/* -- what the account must say ------------------------------------------------------- */

static const BrevProvider *
own_provider (const BrevAccount *account)
{
    return brev_provider_for (account);
}

/* (nullable): who logs in */
static const char *
user_of (const BrevAccount *account)
{
    const BrevProvider *provider = own_provider (account);

    return provider != NULL && provider->smtp_user != NULL ? provider->smtp_user
                                                           : account->user;
}

static gboolean
fault (const BrevAccount *account, GError **error, const char *what)
{
    return brev_throw (error, BREV_ERROR_CONFIG, "account '%s': %s", account->name, what);
}

static gboolean
check_endpoint (const BrevAccount *account, GError **error)
{
    const char *host = strstr (account->endpoint, "//") + 2;

    if (strchr (host, '/') != NULL)
        return fault (account, error, "the 'endpoint' of SMTP has no path");
    if (account->tls == BREV_TLS_NONE && g_str_has_prefix (account->endpoint, "smtps:"))
        return fault (account, error,
                      "'tls = none' does not go with smtps://, which is TLS");
    return TRUE;
}

static gboolean
check_login (const BrevAccount *account, const char *token, GError **error)
{
    gboolean has_token = token != NULL && *token != '\0';
    gboolean is_external = account->auth == BREV_AUTH_EXTERNAL;

    if (account->user == NULL && has_token)
        return fault (account, error, "it has a token, and no 'user' that it belongs to");
    if (account->user == NULL && account->auth != BREV_AUTH_AUTO)
        return fault (account, error, "'auth' needs a 'user'");
    if (is_external && account->certificate_file == NULL)
        return fault (account, error, "'auth = external' needs 'certificate-file'");
    if (is_external && has_token)
        return fault (account, error, "'auth = external' has no use for a token");
    if (account->user != NULL && !has_token && !is_external)
        return fault (account, error,
                      "it has a 'user' and no password: set 'token-file'");
    if (account->key_file != NULL && account->certificate_file == NULL)
        return fault (account, error, "'key-file' needs 'certificate-file'");
    return TRUE;
}

static gboolean
check (const BrevAccount *account, const char *token, GError **error)
{
    return check_endpoint (account, error) && check_login (account, token, error);
}

/* -- the request --------------------------------------------------------------------- */

static void
set_peer (BrevSmtpPeer *peer, const BrevAccount *account, const char *token)
{
    static const char *const mechanisms[] = {
        [BREV_AUTH_AUTO] = NULL,         [BREV_AUTH_PLAIN] = "PLAIN",
        [BREV_AUTH_LOGIN] = "LOGIN",     [BREV_AUTH_CRAM_MD5] = "CRAM-MD5",
        [BREV_AUTH_XOAUTH2] = "XOAUTH2", [BREV_AUTH_EXTERNAL] = "EXTERNAL",
    };

    gboolean uses_oauth = account->client_id != NULL && account->auth == BREV_AUTH_AUTO;

    peer->user = g_strdup (user_of (account));
    if (peer->user != NULL && account->auth != BREV_AUTH_EXTERNAL)
        peer->password = g_strdup (token);
    peer->mechanism =
        g_strdup (mechanisms[uses_oauth ? BREV_AUTH_XOAUTH2 : account->auth]);
    peer->is_plaintext = account->tls == BREV_TLS_NONE;
    peer->ca_file = g_strdup (account->ca_file);
    peer->certificate = g_strdup (account->certificate_file);
    peer->key = g_strdup (account->key_file);
}

static BrevHttpRequest *
encode (const GPtrArray *mails, const BrevAccount *account, const char *token,
        const char *endpoint, GError **error)
{
    const BrevMail *mail = mails->pdata[0];
    BrevSmtp *smtp;

    if (mail->raw == NULL || mail->envelope == NULL) {
        (void) brev_throw (error, BREV_ERROR_INTERNAL, "the plan has no message to send");
        return NULL;
    }
    smtp = brev_smtp_copy (mail->envelope);
    set_peer (&smtp->peer, account, token);
    return brev_http_request_smtp (endpoint, brev_body_share (mail->raw), smtp);
}

/* -- the reply ----------------------------------------------------------------------- */

/* RFC 3463: "5.1.1" at the start of a reply of that class. Returns: (nullable): for good */
static const char *
enhanced_code (const BrevSmtpReply *reply)
{
    const char *text = reply->text != NULL ? reply->text : "";
    guint class, subject, detail;
    int length = 0;
    g_autofree char *code = NULL;

    if (!g_ascii_isdigit (text[0]) || text[1] != '.' || !g_ascii_isdigit (text[2]) ||
        sscanf (text, "%1u.%1u.%3u%n", &class, &subject, &detail, &length) != 3 ||
        (text[length] != '\0' && text[length] != ' ') ||
        class != (guint) reply->code / 100)
        return NULL;
    code = g_strdup_printf ("%u.%u.%u", class, subject, detail);
    return g_intern_string (code);
}

#define AT(stage) (1u << BREV_SMTP_##stage)
#define CONNECTING (AT (OPEN) | AT (TLS) | AT (AUTH))
#define MESSAGE (AT (DATA) | AT (BODY) | AT (END))
#define ANY (CONNECTING | AT (MAIL) | AT (RCPT) | MESSAGE)
#define TALKING (AT (MAIL) | AT (RCPT) | MESSAGE)

/* A refusal and what it means. The first row that fits is the one; what is empty in it
 * fits always. Whether a code of 5xx blames the address, the account or our form depends
 * on what it answers. */
typedef struct {
    guint stages;
    int code;             /* 5: any of 5xx */
    const char *enhanced; /* "5.5." fits 5.5.4, too */
    const char *words;    /* in the text, lower case */
    BrevVerdictKind kind;
    BrevScope scope;
    const char *dsn; /* unless the server names one */
} Row;

/* clang-format off */
static const Row rows[] = {
    /* not now, whatever it is; RFC 5321 section 4.2.1 */
    { AT (RCPT),  552, "5.5.3",   NULL, BREV_VERDICT_LATER, 0, "4.5.3" }, /* section 4.5.3.1.10 */
    { ANY,        421, NULL,      NULL, BREV_VERDICT_LATER, 0, "4.3.2" },
    { ANY,        450, NULL,      NULL, BREV_VERDICT_LATER, 0, "4.2.0" }, /* greylisting, mostly */
    { ANY,        451, NULL,      NULL, BREV_VERDICT_LATER, 0, "4.3.0" },
    { AT (RCPT),  452, NULL,      NULL, BREV_VERDICT_LATER, 0, "4.5.3" },
    { ANY,        452, NULL,      NULL, BREV_VERDICT_LATER, 0, "4.3.1" },
    { ANY,          4, NULL,      NULL, BREV_VERDICT_LATER, 0, "4.0.0" },
    /* RFC 4954 section 6, RFC 3207 section 4 */
    { ANY,        530, NULL,      NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, "5.7.0" },
    { ANY,        534, NULL,      NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, "5.7.9" },
    { ANY,        535, NULL,      NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, "5.7.8" },
    { ANY,        538, NULL,      NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, "5.7.11" },
    { CONNECTING,   5, NULL,      NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, "5.7.0" },
    { TALKING,      5, "5.7.8",   NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, NULL },
    { TALKING,      5, "5.7.9",   NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, NULL },
    { TALKING,      5, "5.7.11",  NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, NULL },
    /* an account's daily limit, at Google and at Microsoft */
    { TALKING,      5, "5.4.5",   NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, NULL },
    { TALKING,      5, "5.1.90",  NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, NULL },
    /* another's name as sender, at Microsoft */
    { TALKING,      5, "5.7.60",  NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_SENDER, NULL },
    { TALKING,      5, "5.2.252", NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_SENDER, NULL },
    /* Postfix says at RCPT what it thinks of the client and of MAIL (smtpd_delay_reject) */
    { TALKING,      5, NULL, "sender address rejected", BREV_VERDICT_ACCOUNT, BREV_SCOPE_SENDER, "5.7.1" },
    { TALKING,      5, NULL, "client host rejected",    BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, "5.7.1" },
    { TALKING,      5, NULL, "helo command rejected",   BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, "5.7.1" },
    { TALKING,      5, NULL, "authentication required", BREV_VERDICT_ACCOUNT, BREV_SCOPE_ACCOUNT, "5.7.0" },
    /* it does not send mail there for us: not what is wrong with the address */
    { AT (RCPT),    5, NULL, "relay access denied",     BREV_VERDICT_ACCOUNT, BREV_SCOPE_RECIPIENT, "5.7.1" },
    { AT (RCPT),    5, NULL, "relay not permitted",     BREV_VERDICT_ACCOUNT, BREV_SCOPE_RECIPIENT, "5.7.1" },
    { AT (RCPT),    5, NULL, "relaying denied",         BREV_VERDICT_ACCOUNT, BREV_SCOPE_RECIPIENT, "5.7.1" },
    { AT (RCPT),    5, NULL, "unable to relay",         BREV_VERDICT_ACCOUNT, BREV_SCOPE_RECIPIENT, "5.7.1" },
    /* the message */
    { TALKING,      5, "5.3.4",   NULL, BREV_VERDICT_REFUSED, 0, NULL },
    { TALKING,      5, "5.6.",    NULL, BREV_VERDICT_REFUSED, 0, NULL },
    { AT (MAIL) | MESSAGE, 552, NULL, NULL, BREV_VERDICT_REFUSED, 0, "5.3.4" },
    /* our form */
    { TALKING,    500, NULL,      NULL, BREV_VERDICT_PARK, 0, "5.5.2" },
    { TALKING,    502, NULL,      NULL, BREV_VERDICT_PARK, 0, "5.5.1" },
    { TALKING,    503, NULL,      NULL, BREV_VERDICT_PARK, 0, "5.5.1" },
    { TALKING,    504, NULL,      NULL, BREV_VERDICT_PARK, 0, "5.5.4" },
    { TALKING,    555, NULL,      NULL, BREV_VERDICT_PARK, 0, "5.5.4" },
    { TALKING,      5, "5.5.",    NULL, BREV_VERDICT_PARK, 0, NULL },
    { AT (MAIL) | MESSAGE, 501, NULL, NULL, BREV_VERDICT_PARK, 0, "5.5.4" },
    /* the sender, the recipient, the content */
    { AT (MAIL),    5, NULL,      NULL, BREV_VERDICT_ACCOUNT, BREV_SCOPE_SENDER, "5.7.1" },
    { AT (RCPT),  501, NULL,      NULL, BREV_VERDICT_REFUSED, 0, "5.1.3" },
    { AT (RCPT),  550, NULL,      NULL, BREV_VERDICT_REFUSED, 0, "5.1.1" },
    { AT (RCPT),  551, NULL,      NULL, BREV_VERDICT_REFUSED, 0, "5.1.6" },
    { AT (RCPT),  552, NULL,      NULL, BREV_VERDICT_REFUSED, 0, "5.2.2" },
    { AT (RCPT),  553, NULL,      NULL, BREV_VERDICT_REFUSED, 0, "5.1.3" },
    { AT (RCPT) | MESSAGE, 5, NULL, NULL, BREV_VERDICT_REFUSED, 0, "5.0.0" },
};
/* clang-format on */

static gboolean
fits (const Row *row, BrevSmtpStage stage, int code, const char *enhanced,
      const char *words)
{
    gsize length = row->enhanced == NULL ? 0 : strlen (row->enhanced);
    gboolean is_class = length > 0 && row->enhanced[length - 1] == '.';

    if ((row->stages & (1u << stage)) == 0 ||
        (row->code < 10 ? code / 100 != row->code : code != row->code))
        return FALSE;
    if (length > 0 &&
        (enhanced == NULL || strncmp (enhanced, row->enhanced, length) != 0 ||
         (!is_class && enhanced[length] != '\0')))
        return FALSE;
    return row->words == NULL || strstr (words, row->words) != NULL;
}

/* What a reply of 4xx or 5xx means. */
static void
judge_refusal (const BrevSmtpReply *reply, BrevSmtpStage stage, BrevVerdict *verdict)
{
    const char *enhanced = enhanced_code (reply);
    g_autofree char *words = g_ascii_strdown (reply->text != NULL ? reply->text : "", -1);

    verdict->dsn = enhanced;
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        if (!fits (&rows[i], stage, reply->code, enhanced, words))
            continue;
        verdict->kind = rows[i].kind;
        verdict->scope = rows[i].scope;
        if (enhanced == NULL || (rows[i].kind == BREV_VERDICT_LATER && *enhanced == '5'))
            verdict->dsn = rows[i].dsn;
        return;
    }
    verdict->kind = BREV_VERDICT_LATER; /* no reply that RFC 5321 knows there */
    verdict->dsn = "4.5.0";
}

/* Returns: (transfer full) (nullable): the word behind @mark, without what ends it */
static char *
word_after (const char *text, const char *mark)
{
    g_autofree char *folded = g_ascii_strdown (text, -1);
    const char *found = strstr (folded, mark);
    const char *word = found == NULL ? NULL : text + (found - folded) + strlen (mark);
    gsize length = word == NULL ? 0 : strcspn (word, " ,;]>\"");

    while (length > 0 && strchr (".)", word[length - 1]) != NULL)
        length--;
    return length == 0 ? NULL : g_strndup (word, length);
}

/* "2.0.0 4Rx1 Message accepted for delivery" */
static char *
word_before (const char *text, const char *mark)
{
    g_auto (GStrv) words = g_strsplit (text, " ", -1);
    g_autofree char *lower = g_ascii_strdown (text, -1);

    if (strstr (lower, mark) == NULL || g_strv_length (words) < 3)
        return NULL;
    return g_strdup (g_ascii_isdigit (*words[0]) && words[0][1] == '.' ? words[1]
                                                                       : words[0]);
}

/* By what name the server knows the message: Postfix, Exim, Exchange; sendmail and
 * OpenSMTPD; Amazon. */
static char *
find_id (const char *text)
{
    static const char *const marks[] = { "queued as ", " id=", "internalid=" };
    char *id = NULL;

    for (guint i = 0; i < G_N_ELEMENTS (marks) && id == NULL; i++)
        id = word_after (text, marks[i]);
    if (id == NULL)
        id = word_before (text, " message accepted for delivery");
    if (id == NULL && g_ascii_strncasecmp (text, "ok ", 3) == 0 &&
        strchr (text + 3, ' ') == NULL)
        id = word_after (text, "ok ");
    return id;
}

static void
judge_end (const BrevHttpReply *reply, BrevVerdict *verdict)
{
    const BrevSmtpReply *last = &reply->smtp->last;

    if (last->code / 100 == 2) {
        const char *enhanced = enhanced_code (last);
        verdict->kind = BREV_VERDICT_ACCEPTED;
        verdict->dsn = enhanced != NULL ? enhanced : "2.0.0";
        verdict->has_dsn = reply->smtp->has_dsn;
        verdict->remote_id = find_id (last->text != NULL ? last->text : "");
    } else {
        judge_refusal (last, BREV_SMTP_END, verdict);
    }
}

/* Without a reply: the server must be mended, or its settings, when it has no TLS that we
 * can trust or no AUTH. The others are the courier's to judge. */
static gboolean
judge_silence (const BrevSmtpAnswer *answer, BrevVerdict *verdict)
{
    if (answer->stage != BREV_SMTP_TLS && answer->stage != BREV_SMTP_AUTH)
        return FALSE;
    verdict->kind = BREV_VERDICT_ACCOUNT;
    verdict->scope = BREV_SCOPE_ACCOUNT;
    verdict->dsn = answer->stage == BREV_SMTP_TLS ? "4.7.5" : "4.7.0";
    return TRUE;
}

/* Of those that no reply to RCPT refused. Returns: whether it is known */
static gboolean
judge_all (const BrevHttpReply *reply, BrevVerdict *verdict)
{
    const BrevSmtpAnswer *answer = reply->smtp;

    if (answer->last.code == 0)
        return judge_silence (answer, verdict);
    if (answer->stage == BREV_SMTP_END)
        judge_end (reply, verdict);
    else if (answer->stage != BREV_SMTP_RCPT)
        judge_refusal (&answer->last, answer->stage, verdict);
    else
        return FALSE; /* the connection ends, or each has an answer of its own */
    return TRUE;
}

static char *
words_of (const BrevSmtpReply *reply)
{
    g_autofree char *all =
        g_strdup_printf ("%d %s", reply->code, reply->text != NULL ? reply->text : "");

    return brev_reply_words (all);
}

static void
set (BrevOutcome *outcome, guint i, BrevVerdict *verdict, const BrevSmtpReply *reply,
     const char *words)
{
    verdict->code = reply->code == 0 ? NULL : g_strdup_printf ("%d", reply->code);
    verdict->text = reply->code == 0 ? brev_reply_words (words) : words_of (reply);
    brev_verdict_clear (&outcome->verdicts[i]);
    outcome->verdicts[i] = *verdict;
}

static void
read_one (const BrevHttpReply *reply, BrevOutcome *outcome, guint i)
{
    const BrevSmtpAnswer *answer = reply->smtp;
    const BrevSmtpReply *own = &answer->recipients[i];
    BrevVerdict verdict = { .kind = BREV_VERDICT_LATER };

    if (own->code / 100 >= 4) {
        judge_refusal (own, BREV_SMTP_RCPT, &verdict);
        set (outcome, i, &verdict, own, NULL);
    } else if (answer->stage == BREV_SMTP_END && own->code / 100 != 2) {
        verdict.dsn = "4.5.0"; /* never taken: the final reply is not about it */
        set (outcome, i, &verdict, own, "the server was not asked for this recipient");
    } else if (judge_all (reply, &verdict)) {
        set (outcome, i, &verdict, &answer->last, reply->error);
    }
}

static void
read_reply (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    BrevOutcome *outcome = outcomes->pdata[0];

    if (reply->smtp == NULL) { /* no reply of SMTP at all */
        brev_reply_set_strange (reply, outcome);
        return;
    }
    for (guint i = 0; i < outcome->n && i < reply->smtp->n; i++)
        read_one (reply, outcome, i);
}

const BrevProvider brev_provider_smtp = {
    .name = "smtp",
    .title = "SMTP",
    .url = "smtp://smarthost.invalid:587",
    .endpoint_form = "smtp://HOST:587' or 'smtps://HOST:465",
    .token_is_password = TRUE,
    .level = BREV_LEVEL_VALIDATED,
    .level_date = "2026-11-25",
    .level_by = "aiosmtpd 1.4, Postfix 3.7",
    .caps = BREV_CAP_RAW | BREV_CAP_BCC_ONLY | BREV_CAP_UTF8_LOCAL,
    .max_recipients = 100, /* RFC 5321 section 4.5.3.1.8: every server takes so many */
    .check = check,
    .encode = encode,
    .read = read_reply,
};
