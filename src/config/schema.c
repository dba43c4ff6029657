/* SPDX-License-Identifier: MIT */
#include "config/schema.h"

#include <string.h>

#include "base/error.h"
#include "brevdue-paths.h"
#include "config/config.h"
#include "config/url.h"
#include "config/value.h"

const char *const brev_group_names[] = { "brevdue", "account", "route" };
G_STATIC_ASSERT (G_N_ELEMENTS (brev_group_names) == BREV_GROUP_LAST);

/* In the order of their enums. */
static const char *const deliveries[] = { "auto", "queue", "direct", NULL };
static const char *const unknowns[] = { "refuse", "ignore", NULL };
static const char *const with_t[] = { "add", "subtract", "only", NULL };
static const char *const bads[] = { "report", "refuse", NULL };
static const char *const guards[] = { "warn", "hold", "off", NULL };
static const char *const tls_modes[] = { "required", "none", NULL };
static const char *const auths[] = { "auto",    "plain",    "login", "cram-md5",
                                     "xoauth2", "external", NULL };
static const char *const logs[] = { "auto", "journald", "syslog", "stderr", NULL };

#define KIB G_GINT64_CONSTANT (1024)
#define SECOND G_GINT64_CONSTANT (1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define SOCKET_PATH_MAX 107 /* sockaddr_un.sun_path */

#define IN_BREVDUE(key, type, field) \
    BREV_GROUP_BREVDUE, key, type, offsetof (BrevConfig, field)
#define IN_ACCOUNT(key, type, field) \
    BREV_GROUP_ACCOUNT, key, type, offsetof (BrevAccount, field)
#define IN_ROUTE(key, type, field) \
    BREV_GROUP_ROUTE, key, type, offsetof (BrevRoute, field)

/* clang-format off */
static const BrevSetting settings[] = {
    { IN_BREVDUE ("account", BREV_TYPE_NAME, account), "",
      .help = "account that mail takes when no route says otherwise; the only one when there is one" },
    { IN_BREVDUE ("mail-name", BREV_TYPE_DOMAIN, mail_name), "",
      .help = "domain that qualifies bare names; /etc/mailname, then the name of the host if it has a dot, then the domain of \"from\"" },
    { IN_BREVDUE ("postmaster", BREV_TYPE_MAILBOX, postmaster), "",
      .help = "gets mail for local recipients without an alias, and what cannot be bounced" },
    { IN_BREVDUE ("from", BREV_TYPE_MAILBOX, from), "",
      .help = "stands in for senders that no account may use" },
    { IN_BREVDUE ("aliases", BREV_TYPE_PATH, aliases), "/etc/aliases", 1, 4095,
      .help = "the file of aliases(5)" },
    { IN_BREVDUE ("delivery", BREV_TYPE_CHOICE, delivery), "auto", .choices = deliveries,
      .help = "queue: through the service; direct: by the caller; auto: direct where no service can be" },
    { IN_BREVDUE ("spool", BREV_TYPE_PATH, spool), BREV_SPOOL, 1, 4095,
      .help = "queue, drop directory and store" },
    { IN_BREVDUE ("spool-durable", BREV_TYPE_BOOLEAN, spool_durable), "no",
      .help = "the spool outlives the machine or the container, whatever its file system looks like" },
    { IN_BREVDUE ("socket", BREV_TYPE_PATH, socket), BREV_SOCKET, 1, SOCKET_PATH_MAX,
      .help = "where the service takes mail" },
    { IN_BREVDUE ("listen", BREV_TYPE_LIST, listen), "127.0.0.1:25 [::1]:25",
      .help = "addresses and ports on which sendmail -bd takes SMTP" },
    { IN_BREVDUE ("max-message-size", BREV_TYPE_SIZE, max_message_size), "50M", KIB, 2048 * KIB * KIB,
      .help = "a larger message is refused at once" },
    { IN_BREVDUE ("smtp-timeout", BREV_TYPE_DURATION, smtp_timeout), "5m", 10, DAY,
      .help = "a client of sendmail -bs that is silent for that long is sent away" },
    { IN_BREVDUE ("lifetime", BREV_TYPE_DURATION, lifetime), "5d", SECOND, 365 * DAY,
      .help = "mail that could not be sent for that long is reported to its sender" },
    { IN_BREVDUE ("delay-warning", BREV_TYPE_DURATION, delay_warning), "4h", 0, 365 * DAY,
      .help = "the sender of mail that could not be sent for that long is told once; 0: never" },
    { IN_BREVDUE ("retry-min", BREV_TYPE_DURATION, retry_min), "30s", 10, DAY,
      .help = "shortest wait before the next attempt" },
    { IN_BREVDUE ("retry-max", BREV_TYPE_DURATION, retry_max), "4h", 10, 7 * DAY,
      .help = "longest wait before the next attempt" },
    { IN_BREVDUE ("history", BREV_TYPE_DURATION, history), "45d", 0, 3650 * DAY,
      .help = "what became of a message is remembered for that long" },
    { IN_BREVDUE ("queue-run", BREV_TYPE_DURATION, queue_run), "15m", SECOND, DAY,
      .help = "mail that a caller wants to be queued only (-odq) is sent after that time" },
    { IN_BREVDUE ("max-hops", BREV_TYPE_COUNT, max_hops), "50", 1, 1000,
      .help = "a message that came by more hosts is refused: it goes round in circles" },
    { IN_BREVDUE ("unknown-options", BREV_TYPE_CHOICE, unknown_options), "refuse", .choices = unknowns,
      .help = "refuse: sendmail ends with status 64; ignore: where no argument follows that may be its value" },
    { IN_BREVDUE ("arguments-with-t", BREV_TYPE_CHOICE, arguments_with_t), "add", .choices = with_t,
      .help = "what arguments do to the recipients of -t: add; subtract, as Exim does; only: the header counts for nothing" },
    { IN_BREVDUE ("bad-recipients", BREV_TYPE_CHOICE, bad_recipients), "report", .choices = bads,
      .help = "report: the others get the message, its sender hears of the bad one; refuse: nobody gets it" },
    { IN_BREVDUE ("report-limit", BREV_TYPE_COUNT, report_limit), "20", 0, 100000,
      .help = "reports of failures and delays to one sender in an hour; what comes on top is in one at its end; 0: no limit" },
    { IN_BREVDUE ("storm-guard", BREV_TYPE_CHOICE, storm_guard), "warn", .choices = guards,
      .help = "when a user sends the same mail over and over; warn: it is told; hold: the first pass, the others wait for an administrator" },
    { IN_BREVDUE ("storm-limit", BREV_TYPE_COUNT, storm_limit), "20", 1, 100000,
      .help = "so many messages of one user, to the same recipients and with the same subject, are no storm yet" },
    { IN_BREVDUE ("storm-window", BREV_TYPE_DURATION, storm_window), "10m", SECOND, 4 * HOUR,
      .help = "time in which more than 'storm-limit' of them are one" },
    { IN_BREVDUE ("log", BREV_TYPE_CHOICE, log), "auto", .choices = logs,
      .help = "where log lines go; auto: the first of journald, syslog, stderr that is there" },
    { IN_BREVDUE ("dns-servers", BREV_TYPE_LIST, dns_servers), "",
      .is_word = brev_url_is_server, .example = "an address such as 192.0.2.1 or 127.0.0.1:5353",
      .help = "name servers that are asked for 'dkim-keys' and nothing else; empty: the system's" },

    { IN_ACCOUNT ("provider", BREV_TYPE_NAME, provider), "",
      .help = "whose API it is" },
    { IN_ACCOUNT ("token", BREV_TYPE_TEXT, token), "", .is_secret = TRUE,
      .help = "the secret itself; only in a file that nobody else can read" },
    { IN_ACCOUNT ("token-env", BREV_TYPE_NAME, token_env), "",
      .help = "name of the variable that holds the secret" },
    { IN_ACCOUNT ("token-file", BREV_TYPE_PATH, token_file), "", 1, 4095,
      .help = "file that holds the secret, readable by the service alone" },
    { IN_ACCOUNT ("user", BREV_TYPE_TEXT, user), "",
      .help = "what goes with the secret, where the provider wants both: a key's id, a login name" },
    { IN_ACCOUNT ("client-id", BREV_TYPE_TEXT, client_id), "",
      .help = "OAuth 2: the application's id; requests carry tokens that are asked for by it and the secret" },
    { IN_ACCOUNT ("token-url", BREV_TYPE_URL, token_url), "",
      .help = "OAuth 2: where tokens are asked for; empty: the provider's own place" },
    { IN_ACCOUNT ("scope", BREV_TYPE_TEXT, scope), "",
      .help = "OAuth 2: what the tokens are for, where the server wants to be told; empty: what the provider wants" },
    { IN_ACCOUNT ("region", BREV_TYPE_NAME, region), "",
      .help = "where the provider keeps the account, if it has several places; empty: its first" },
    { IN_ACCOUNT ("domain", BREV_TYPE_DOMAIN, domain), "",
      .help = "which of its domains sends, where the provider wants to be told; empty: the one of From" },
    { IN_ACCOUNT ("senders", BREV_TYPE_LIST, senders), "",
      .help = "what the account may send as; empty: the domain of 'from'; *: anything" },
    { IN_ACCOUNT ("stream", BREV_TYPE_TEXT, stream), "",
      .help = "message stream, where the provider has them" },
    { IN_ACCOUNT ("rate", BREV_TYPE_RATE, rate), "", 0, 100000,
      .help = "messages in a time, 50/s or 100/m; empty: no limit of ours" },
    { IN_ACCOUNT ("daily-quota", BREV_TYPE_COUNT, daily_quota), "0", 0, 100000000,
      .help = "messages in 24 hours; 0: no limit of ours" },
    { IN_ACCOUNT ("concurrency", BREV_TYPE_COUNT, concurrency), "8", 1, 256,
      .help = "requests at the same time" },
    { IN_ACCOUNT ("batch", BREV_TYPE_COUNT, batch), "0", 0, 10000,
      .help = "messages in one request; 0: as many as the provider takes" },
    { IN_ACCOUNT ("indexing-time", BREV_TYPE_DURATION, indexing_time), "0", 0, DAY,
      .help = "mail that the provider's search does not show for that long never arrived; 0: its own time" },
    { IN_ACCOUNT ("fallback", BREV_TYPE_NAME, fallback), "",
      .help = "account that takes over what this one surely did not accept" },
    { IN_ACCOUNT ("lossy", BREV_TYPE_BOOLEAN, lossy), "no",
      .help = "send even when something material is lost on the way" },
    { IN_ACCOUNT ("sandbox", BREV_TYPE_BOOLEAN, sandbox), "no",
      .help = "the provider checks the mail and delivers none of it" },
    { IN_ACCOUNT ("dkim-keys", BREV_TYPE_LIST, dkim_keys), "",
      .is_word = brev_value_is_key_name, .example = "a name such as pm._domainkey.example.com",
      .help = "names in DNS of the keys that its mail is signed with; 'brevdue status --check' looks at them" },
    { IN_ACCOUNT ("endpoint", BREV_TYPE_URL, endpoint), "",
      .help = "another base URL: a region, a proxy, a test; http:// on loopback only" },
    { IN_ACCOUNT ("smtp-endpoint", BREV_TYPE_URL, smtp_endpoint), "",
      .help = "another server for mail that the provider takes whole by SMTP alone" },
    { IN_ACCOUNT ("tls", BREV_TYPE_CHOICE, tls), "required", .choices = tls_modes,
      .help = "SMTP only: required: nothing is said without TLS; none: no TLS, and no password but on loopback" },
    { IN_ACCOUNT ("auth", BREV_TYPE_CHOICE, auth), "auto", .choices = auths,
      .help = "SMTP only: how 'user' logs in; auto: the best of cram-md5, plain and login that is offered" },
    { IN_ACCOUNT ("ca-file", BREV_TYPE_PATH, ca_file), "", 1, 4095,
      .help = "SMTP only: the certificates that the server's must lead to; empty: the system's" },
    { IN_ACCOUNT ("certificate-file", BREV_TYPE_PATH, certificate_file), "", 1, 4095,
      .help = "SMTP only: certificate that shows the server who we are" },
    { IN_ACCOUNT ("key-file", BREV_TYPE_PATH, key_file), "", 1, 4095,
      .help = "SMTP only: key of 'certificate-file'; empty: in the same file" },
    { IN_ACCOUNT ("template", BREV_TYPE_TEXT, template_setting), "",
      .help = "provider http only: JSON with placeholders such as \"${subject}\", in one line; empty: the message itself is sent" },
    { IN_ACCOUNT ("template-file", BREV_TYPE_PATH, template_file), "", 1, 4095,
      .help = "provider http only: file that holds the template instead" },
    { IN_ACCOUNT ("query", BREV_TYPE_TEXT, query), "",
      .help = "provider http only: parameters behind 'endpoint': from=${envelope-sender}&to=${recipients}" },
    { IN_ACCOUNT ("headers", BREV_TYPE_TEXT, header_fields), "",
      .help = "provider http only: further header fields of the request: X-Tenant: web; X-To: ${recipients}" },
    { IN_ACCOUNT ("token-header", BREV_TYPE_TEXT, token_header), "Authorization: Bearer",
      .help = "provider http only: header field of the token, and what stands before it there" },
    { IN_ACCOUNT ("success", BREV_TYPE_LIST, success), "200 201 202",
      .is_word = brev_value_is_status, .example = "an HTTP status such as 202",
      .help = "provider http only: statuses by which the gateway takes the mail" },
    { IN_ACCOUNT ("refused", BREV_TYPE_LIST, refused), "",
      .is_word = brev_value_is_status, .example = "an HTTP status such as 422",
      .help = "provider http only: statuses by which it refuses the mail for ever, and its sender is told" },
    { IN_ACCOUNT ("id-field", BREV_TYPE_TEXT, id_field), "",
      .help = "provider http only: where a reply in JSON has the id of the mail: data.0.id; without it nothing is accepted" },
    { IN_ACCOUNT ("id-header", BREV_TYPE_NAME, id_header), "",
      .help = "provider http only: header field of the reply that has the id of the mail; without it nothing is accepted" },
    { IN_ACCOUNT ("idempotency-header", BREV_TYPE_NAME, idempotency_header), "",
      .help = "provider http only: header field for a key by which the gateway knows a repeated request: Idempotency-Key" },
    { IN_ACCOUNT ("as", BREV_TYPE_NAME, as), "postmark",
      .help = "outbox only: the provider whose requests are written" },
    { IN_ACCOUNT ("directory", BREV_TYPE_PATH, directory), "", 1, 4095,
      .help = "outbox only: where they are written; empty: outbox in the spool" },

    { IN_ROUTE ("sender", BREV_TYPE_TEXT, sender), "",
      .help = "envelope sender or From address: a@b, *@b, b, *.b or *, between spaces" },
    { IN_ROUTE ("recipient", BREV_TYPE_TEXT, recipient), "",
      .help = "the recipient, written as in 'sender'" },
    { IN_ROUTE ("user", BREV_TYPE_TEXT, user), "",
      .help = "login name or number of the submitting user" },
    { IN_ROUTE ("header", BREV_TYPE_TEXT, header), "",
      .help = "Name: the message has that field; Name: GLOB, and it looks like that" },
    { IN_ROUTE ("account", BREV_TYPE_NAME, account), "",
      .help = "account that mail takes for which all conditions of the route hold" },
};
/* clang-format on */

const BrevSetting *
brev_settings (guint *n)
{
    *n = G_N_ELEMENTS (settings);
    return settings;
}

const BrevSetting *
brev_setting_find (BrevGroup group, const char *key)
{
    for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
        if (settings[i].group == group && strcmp (settings[i].key, key) == 0)
            return &settings[i];
    return NULL;
}

/* Edit distance (insertions, deletions, replacements) of two short names. */
static guint
distance (const char *a, const char *b)
{
    guint row[64];
    gsize a_length = strlen (a), b_length = strlen (b);

    if (a_length >= G_N_ELEMENTS (row) || b_length >= G_N_ELEMENTS (row))
        return G_MAXUINT;
    for (guint j = 0; j <= b_length; j++)
        row[j] = j;
    for (guint i = 1; i <= a_length; i++) {
        guint diagonal = row[0];
        row[0] = i;
        for (guint j = 1; j <= b_length; j++) {
            guint above = row[j];
            guint replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = MIN (replaced, MIN (above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[b_length];
}

/* Two mistakes, or letters exchanged; fewer in a short name. */
gboolean
brev_name_is_near (const char *written, const char *name)
{
    g_autofree char *lower = g_ascii_strdown (written, -1);

    g_strdelimit (lower, "_", '-');
    return distance (lower, name) <= MIN (strlen (name) / 2, 2);
}

static char *
hint (const char *name)
{
    return g_strdup_printf (" (did you mean '%s'?)", name);
}

char *
brev_setting_nearest (BrevGroup group, const char *key)
{
    for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
        if (settings[i].group == group && brev_name_is_near (key, settings[i].key))
            return hint (settings[i].key);
    return g_strdup ("");
}

char *
brev_group_nearest (const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS (brev_group_names); i++)
        if (brev_name_is_near (name, brev_group_names[i]))
            return hint (brev_group_names[i]);
    return g_strdup ("");
}

gboolean
brev_setting_parse (const BrevSetting *setting, gpointer target, const char *text,
                    GError **error)
{
    return brev_value_parse (setting, G_STRUCT_MEMBER_P (target, setting->offset),
                             *text == '\0' ? setting->preset : text, error);
}

char *
brev_setting_format (const BrevSetting *setting, gconstpointer target)
{
    g_autofree char *text =
        brev_value_format (setting, (const char *) target + setting->offset);

    if (setting->is_secret && *text != '\0')
        return g_strdup ("***");
    return g_steal_pointer (&text);
}

void
brev_settings_preset (BrevGroup group, gpointer target)
{
    for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
        if (settings[i].group == group && *settings[i].preset != '\0') {
            gboolean good = brev_setting_parse (&settings[i], target, "", NULL);
            g_assert (good);
        }
}

void
brev_settings_clear (BrevGroup group, gpointer target)
{
    for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
        if (settings[i].group == group)
            brev_value_clear (&settings[i],
                              G_STRUCT_MEMBER_P (target, settings[i].offset));
}
