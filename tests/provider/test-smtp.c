/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"

/* -- verdicts ------------------------------------------------------------------------ */

typedef struct {
    const char *mail;
    BrevSmtpStage stage;
    const char *last;       /* "" when none came */
    const char *recipients; /* the replies to RCPT, "|" between them */
    const char *want;
} Case;

/* clang-format off */
static const Case accepted[] = {
    { ONE, BREV_SMTP_END, "250 2.0.0 Ok: queued as 4Rx1Zb2", "250 ok", "accepted(4Rx1Zb2)" },
    { TWO, BREV_SMTP_END, "250 2.0.0 Ok: queued as A1", "250 ok|250 ok", "accepted(A1) accepted(A1)" },
    { ONE, BREV_SMTP_END, "250 OK id=1abcDE-000000-AB", "250 ok", "accepted(1abcDE-000000-AB)" },
    { ONE, BREV_SMTP_END, "250 2.0.0 38BK1a2b Message accepted for delivery", "250 ok", "accepted(38BK1a2b)" },
    { ONE, BREV_SMTP_END, "250 2.6.0 <x@y> [InternalId=48249, Hostname=z] Queued mail for delivery", "250 ok", "accepted(48249)" },
    { ONE, BREV_SMTP_END, "250 Ok 0100018f-aaaa-bbbb-000000", "250 ok", "accepted(0100018f-aaaa-bbbb-000000)" },
    { ONE, BREV_SMTP_END, "250 2.0.0 OK  1700000000 abc.12 - gsmtp", "250 ok", "accepted((null))" },
    { ONE, BREV_SMTP_END, "250", "250 ok", "accepted((null))" },
    { ONE, BREV_SMTP_END, "251 will forward", "251 will forward", "accepted((null))" },
    /* only for those whom RCPT took */
    { TWO, BREV_SMTP_END, "250 queued as A1", "250 ok|550 5.1.1 nobody", "accepted(A1) refused 5.1.1" },
    { TWO, BREV_SMTP_END, "250 queued as A1", "450 4.2.0 grey|250 ok", "later accepted(A1)" },
    { TWO, BREV_SMTP_END, "250 queued as A1", "250 ok|", "accepted(A1) later" },
};

static const Case unknown[] = {
    { ONE, BREV_SMTP_END, "", "250 ok", "unknown" },
    { TWO, BREV_SMTP_END, "", "250 ok|550 5.1.1 nobody", "unknown refused 5.1.1" },
    { TWO, BREV_SMTP_END, "", "451 later|250 ok", "later unknown" },
};

static const Case recipients[] = {
    { TWO, BREV_SMTP_RCPT, "450 4.2.0 later", "550 5.1.1 nobody|450 4.2.0 later", "refused 5.1.1 later" },
    { ONE, BREV_SMTP_RCPT, "", "550 nobody", "refused 5.1.1" },
    { ONE, BREV_SMTP_RCPT, "", "550 5.2.1 disabled", "refused 5.2.1" },
    { ONE, BREV_SMTP_RCPT, "", "551 not here", "refused 5.1.6" },
    { ONE, BREV_SMTP_RCPT, "", "552 5.2.2 full", "refused 5.2.2" },
    { ONE, BREV_SMTP_RCPT, "", "552 5.5.3 too many recipients", "later" },
    { ONE, BREV_SMTP_RCPT, "", "553 syntax", "refused 5.1.3" },
    { ONE, BREV_SMTP_RCPT, "", "501 5.1.3 bad address", "refused 5.1.3" },
    { ONE, BREV_SMTP_RCPT, "", "553 5.6.7 no SMTPUTF8", "refused 5.6.7" },
    { ONE, BREV_SMTP_RCPT, "", "554 5.7.1 policy", "refused 5.7.1" },
    { ONE, BREV_SMTP_RCPT, "", "550 4.1.1 the class is another", "refused 5.1.1" },
    { ONE, BREV_SMTP_RCPT, "", "452 4.5.3 too many", "later" },
    { ONE, BREV_SMTP_RCPT, "", "450 greylisted", "later" },
    { ONE, BREV_SMTP_RCPT, "", "499 what", "later" },
    { TWO, BREV_SMTP_RCPT, "421 4.3.2 bye", "250 ok|421 4.3.2 bye", "later later" },
    /* whom the reply really blames */
    { ONE, BREV_SMTP_RCPT, "", "554 5.7.1 <a>: Relay access denied", "account/recipient" },
    { ONE, BREV_SMTP_RCPT, "", "550 relay not permitted", "account/recipient" },
    { ONE, BREV_SMTP_RCPT, "", "553 5.7.1 <x>: Sender address rejected: not owned by user y", "account/sender" },
    { ONE, BREV_SMTP_RCPT, "", "450 4.1.8 <x>: Sender address rejected: Domain not found", "later" },
    { ONE, BREV_SMTP_RCPT, "", "554 5.7.1 <h>: Client host rejected: Access denied", "account/account" },
    { ONE, BREV_SMTP_RCPT, "", "530 5.7.0 Must issue STARTTLS", "account/account" },
    { ONE, BREV_SMTP_RCPT, "", "550 5.7.8 log in", "account/account" },
    { ONE, BREV_SMTP_RCPT, "", "503 5.5.1 bad sequence", "park" },
    { ONE, BREV_SMTP_RCPT, "", "555 5.5.4 unknown parameter", "park" },
};

static const Case stages[] = {
    { ONE, BREV_SMTP_OPEN, "", "", "later" },
    { ONE, BREV_SMTP_OPEN, "421 4.7.0 busy", "", "later" },
    { ONE, BREV_SMTP_OPEN, "554 5.7.1 no service for you", "", "account/account" },
    { ONE, BREV_SMTP_OPEN, "502 no EHLO", "", "account/account" },
    { ONE, BREV_SMTP_TLS, "", "", "account/account" },
    { ONE, BREV_SMTP_TLS, "454 4.7.0 not now", "", "later" },
    { ONE, BREV_SMTP_AUTH, "", "", "account/account" },
    { ONE, BREV_SMTP_AUTH, "535 5.7.8 wrong", "", "account/account" },
    { ONE, BREV_SMTP_AUTH, "534 5.7.9 weak", "", "account/account" },
    { ONE, BREV_SMTP_AUTH, "454 4.7.0 no database", "", "later" },
    { ONE, BREV_SMTP_MAIL, "", "", "later" },
    { ONE, BREV_SMTP_MAIL, "530 5.7.0 log in first", "", "account/account" },
    { ONE, BREV_SMTP_MAIL, "538 encrypt", "", "account/account" },
    { ONE, BREV_SMTP_MAIL, "550 5.1.0 who?", "", "account/sender" },
    { ONE, BREV_SMTP_MAIL, "553 5.1.8 no such sender", "", "account/sender" },
    { ONE, BREV_SMTP_MAIL, "552 too large", "", "refused 5.3.4" },
    { ONE, BREV_SMTP_MAIL, "554 5.3.4 too large", "", "refused 5.3.4" },
    { ONE, BREV_SMTP_MAIL, "452 4.3.1 no room", "", "later" },
    { ONE, BREV_SMTP_MAIL, "501 5.5.4 parameter", "", "park" },
    { ONE, BREV_SMTP_MAIL, "550 5.4.5 Daily user sending limit exceeded", "", "account/account" },
    { ONE, BREV_SMTP_DATA, "451 4.3.0 later", "250 ok", "later" },
    { ONE, BREV_SMTP_DATA, "554 5.5.1 no valid recipients", "250 ok", "park" },
    { ONE, BREV_SMTP_BODY, "", "250 ok", "later" },
    { ONE, BREV_SMTP_BODY, "452 4.3.1 disk full", "250 ok", "later" },
    { ONE, BREV_SMTP_END, "552 5.3.4 too large", "250 ok", "refused 5.3.4" },
    { ONE, BREV_SMTP_END, "552 too large", "250 ok", "refused 5.3.4" },
    { ONE, BREV_SMTP_END, "554 5.7.1 spam", "250 ok", "refused 5.7.1" },
    { ONE, BREV_SMTP_END, "550 no", "250 ok", "refused 5.0.0" },
    { TWO, BREV_SMTP_END, "554 5.6.0 bad MIME", "250 ok|550 5.1.1 nobody", "refused 5.6.0 refused 5.1.1" },
    { ONE, BREV_SMTP_END, "554 5.2.252 SendAsDenied", "250 ok", "account/sender" },
    { ONE, BREV_SMTP_END, "421 4.3.2 shutting down", "250 ok", "later" },
    { ONE, BREV_SMTP_END, "451 4.7.1 greylisted", "250 ok", "later" },
};

static const struct {
    const char *name;
    const Case *rows;
    guint n;
} tables[] = {
    { "/smtp/accepted",   accepted,   G_N_ELEMENTS (accepted) },
    { "/smtp/unknown",    unknown,    G_N_ELEMENTS (unknown) },
    { "/smtp/recipients", recipients, G_N_ELEMENTS (recipients) },
    { "/smtp/stages",     stages,     G_N_ELEMENTS (stages) },
};
/* clang-format on */

static void
set_reply (BrevSmtpReply *reply, const char *text)
{
    int code = (int) g_ascii_strtoll (text, NULL, 10);

    brev_smtp_reply_set (reply, code, code == 0 || text[3] == '\0' ? NULL : text + 4);
}

static BrevHttpReply *
reply_of (const Case *row)
{
    g_auto (GStrv) lines = g_strsplit (row->recipients, "|", -1);
    guint n = (guint) g_strv_length (lines);
    BrevHttpReply *reply = brev_http_reply_new (0, NULL);

    reply->smtp = brev_smtp_answer_new (strcmp (row->mail, TWO) == 0 ? 2 : 1);
    reply->smtp->stage = row->stage;
    set_reply (&reply->smtp->last, row->last);
    for (guint i = 0; i < n && i < reply->smtp->n; i++)
        set_reply (&reply->smtp->recipients[i], lines[i]);
    reply->may_have_left = row->stage == BREV_SMTP_END;
    reply->is_complete = reply->smtp->last.code != 0;
    reply->status = reply->smtp->last.code;
    reply->error = reply->is_complete ? NULL : g_strdup ("the connection ended");
    return reply;
}

/* As the courier reads it: first what it thinks itself, then what each has been told. */
static char *
judge (const Case *row)
{
    g_autoptr (BrevHttpReply) reply = reply_of (row);
    g_autoptr (GPtrArray) mails = test_mails_new (row->mail);
    g_autoptr (GPtrArray) outcomes =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_outcome_free);
    BrevVerdict own = { .kind = reply->may_have_left ? BREV_VERDICT_UNKNOWN
                                                     : BREV_VERDICT_LATER,
                        .dsn = "4.4.2" };

    g_ptr_array_add (outcomes, brev_outcome_new (mails->pdata[0]));
    brev_outcome_set_all (outcomes->pdata[0], &own);
    brev_provider_find ("smtp")->read (reply, mails, outcomes);
    return test_outcome_text (outcomes->pdata[0]);
}

static void
test_table (gconstpointer data)
{
    const guint *index = data;

    for (guint i = 0; i < tables[*index].n; i++) {
        const Case *row = &tables[*index].rows[i];
        g_autofree char *got = judge (row);
        g_test_message ("stage %d, '%s', '%s'", row->stage, row->last, row->recipients);
        g_assert_cmpstr (got, ==, row->want);
    }
}

/* Never success without a whole reply of success to the final dot and to RCPT. */
static void
test_success_is_rare (void)
{
    static const char *const replies[] = { "",        "250 ok",        "251 ok",
                                           "354 go",  "421 bye",       "450 grey",
                                           "550 bad", "250 queued as", "199 odd" };

    for (guint stage = 0; stage <= BREV_SMTP_END; stage++)
        for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
            for (guint j = 0; j < G_N_ELEMENTS (replies); j++) {
                const Case row = { ONE, (BrevSmtpStage) stage, replies[i], replies[j] };
                g_autofree char *got = judge (&row);
                gboolean is_success =
                    stage == BREV_SMTP_END && *replies[i] == '2' && *replies[j] == '2';
                g_assert_cmpint (g_str_has_prefix (got, "accepted"), ==, is_success);
            }
}

/* -- the account --------------------------------------------------------------------- */

static void
test_check (void)
{
    static const struct {
        const char *endpoint, *user, *token;
        BrevTls tls;
        BrevAuth auth;
        const char *certificate, *fault; /* NULL: none */
    } rows[] = {
        { "smtp://h:587", "u", "p q", 0, 0, NULL, NULL },
        { "smtps://h", "u", "p", 0, 0, NULL, NULL },
        { "smtp://h", NULL, "", BREV_TLS_NONE, 0, NULL, NULL },
        { "smtp://h", "u", "", 0, BREV_AUTH_EXTERNAL, "/c", NULL },
        { NULL, "u", "p", 0, 0, NULL, "'endpoint = smtp" },
        { "https://h", "u", "p", 0, 0, NULL, "begins with smtp://" },
        { "smtp://h/x", "u", "p", 0, 0, NULL, "no path" },
        { "smtps://h", NULL, "", BREV_TLS_NONE, 0, NULL, "which is TLS" },
        { "smtp://h", "u", "", 0, 0, NULL, "no password" },
        { "smtp://h", NULL, "p", 0, 0, NULL, "no 'user'" },
        { "smtp://h", NULL, "", 0, BREV_AUTH_PLAIN, NULL, "needs a 'user'" },
        { "smtp://h", "u", "", 0, BREV_AUTH_EXTERNAL, NULL, "'certificate-file'" },
        { "smtp://127.0.0.1:25", "u", "p", BREV_TLS_NONE, 0, NULL, NULL },
        { "smtp://[::1]:25", "u", "p", BREV_TLS_NONE, 0, NULL, NULL },
        { "smtp://localhost", "u", "p", BREV_TLS_NONE, 0, NULL, NULL },
        { "smtp://h:587", "u", "p", BREV_TLS_NONE, 0, NULL, "in the clear" },
        { "smtp://10.0.0.1", "u", "p", BREV_TLS_NONE, 0, NULL, "in the clear" },
        { "smtp://[fe80::1]", "u", "p", BREV_TLS_NONE, 0, NULL, "in the clear" },
        { "smtp://127.0.0.1.example", "u", "p", BREV_TLS_NONE, 0, NULL, "in the clear" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        char name[] = "main", provider[] = "smtp";
        g_autofree char *endpoint = g_strdup (rows[i].endpoint);
        g_autofree char *user = g_strdup (rows[i].user);
        g_autofree char *certificate = g_strdup (rows[i].certificate);
        g_autoptr (GError) error = NULL;
        const BrevAccount account = { .name = name,
                                      .provider = provider,
                                      .endpoint = endpoint,
                                      .user = user,
                                      .tls = rows[i].tls,
                                      .auth = rows[i].auth,
                                      .certificate_file = certificate };
        gboolean is_sound = brev_account_check (&account, rows[i].token, &error);
        g_assert_cmpint (is_sound, ==, rows[i].fault == NULL);
        if (rows[i].fault == NULL)
            continue;
        g_assert_error (error, BREV_ERROR, BREV_ERROR_CONFIG);
        g_assert_nonnull (strstr (error->message, rows[i].fault));
    }
}

/* The other way of a provider with an API: its token goes there, too. */
static void
test_check_beside_an_api (void)
{
    static const struct {
        const char *endpoint;
        BrevTls tls;
        gboolean is_sound;
        const char *words;
    } rows[] = {
        { NULL, BREV_TLS_NONE, TRUE }, /* Resend's own is smtps:// */
        { "smtp://127.0.0.1:25", BREV_TLS_NONE, TRUE },
        { "smtp://h:587", BREV_TLS_REQUIRED, TRUE },
        { "smtp://h:587", BREV_TLS_NONE, FALSE, "in the clear" },
        { "https://h", BREV_TLS_REQUIRED, FALSE, "smtps://" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        char name[] = "main", provider[] = "resend";
        g_autofree char *endpoint = g_strdup (rows[i].endpoint);
        g_autoptr (GError) error = NULL;
        const BrevAccount account = { .name = name,
                                      .provider = provider,
                                      .smtp_endpoint = endpoint,
                                      .tls = rows[i].tls };
        g_assert_cmpint (brev_account_check (&account, "re_1", &error), ==,
                         rows[i].is_sound);
        if (!rows[i].is_sound)
            g_assert_nonnull (strstr (error->message, rows[i].words));
    }
}

int
main (int argc, char **argv)
{
    static const guint indexes[] = { 0, 1, 2, 3 };

    g_test_init (&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
        g_test_add_data_func (tables[i].name, &indexes[i], test_table);
    g_test_add_func ("/smtp/success-is-rare", test_success_is_rare);
    g_test_add_func ("/smtp/check", test_check);
    g_test_add_func ("/smtp/check-beside-an-api", test_check_beside_an_api);
    return g_test_run ();
}
