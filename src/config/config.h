/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "base/log.h"

typedef enum {
    BREV_DELIVERY_AUTO,
    BREV_DELIVERY_QUEUE,
    BREV_DELIVERY_DIRECT
} BrevDelivery;

/* What becomes of an option that nobody knows. */
typedef enum { BREV_UNKNOWN_REFUSE, BREV_UNKNOWN_IGNORE } BrevUnknown;

/* What recipients as arguments are beside those that -t finds in the header. */
typedef enum { BREV_WITH_T_ADD, BREV_WITH_T_SUBTRACT, BREV_WITH_T_ONLY } BrevWithT;

/* What becomes of a message of whose recipients some are no addresses. */
typedef enum { BREV_BAD_REPORT, BREV_BAD_REFUSE } BrevBad;

/* What becomes of a storm of mail: the same again and again. */
typedef enum {
    BREV_STORM_GUARD_WARN,
    BREV_STORM_GUARD_HOLD,
    BREV_STORM_GUARD_OFF
} BrevStormGuard;

/* What SMTP needs before anything else is said. */
typedef enum {
    BREV_TLS_REQUIRED, /* STARTTLS, or TLS from the first byte on */
    BREV_TLS_NONE,
} BrevTls;

typedef enum {
    BREV_AUTH_AUTO, /* the best that the server offers of the next three */
    BREV_AUTH_PLAIN,
    BREV_AUTH_LOGIN,
    BREV_AUTH_CRAM_MD5,
    BREV_AUTH_XOAUTH2,  /* the token is one of OAuth 2 */
    BREV_AUTH_EXTERNAL, /* the client's certificate is enough */
} BrevAuth;

/* One provider account: [account NAME]. Settings are described in schema.c. */
typedef struct {
    char *name;
    char *provider;
    char *token; /* secret, as written in a private configuration; see secret.h */
    char *token_file;
    char *token_env; /* name of a variable */
    const char
        *session_env;  /* static, nullable: of another, whose value goes with the token */
    char *user;        /* nullable: what the token belongs to */
    char *client_id;   /* nullable: OAuth 2: the token asks for others */
    char *token_url;   /* nullable: where; else the provider's own */
    char *scope;       /* nullable: what for; so */
    char *region;      /* nullable: of the provider */
    char *domain;      /* nullable: that the provider sends from */
    char **senders;    /* NULL-terminated globs: "example.com", "*.example.org", "*" */
    char *stream;      /* nullable */
    double rate;       /* messages per second, 0: no limit of ours */
    guint daily_quota; /* messages in 24 hours, 0: no limit of ours */
    guint concurrency;
    guint batch;          /* messages in one request, 0: as many as the provider takes */
    gint64 indexing_time; /* 0: the provider's own */
    char *fallback;       /* nullable: another account */
    gboolean lossy;
    gboolean sandbox;    /* the provider is asked to check mail, and to deliver none */
    char **dkim_keys;    /* nullable: "pm._domainkey.example.com" */
    char *endpoint;      /* nullable: another base URL */
    char *smtp_endpoint; /* nullable: another server for what only SMTP carries */
    BrevTls tls;         /* SMTP only; so below */
    BrevAuth auth;
    char *ca_file;             /* nullable: trust this alone */
    char *certificate_file;    /* nullable: ours */
    char *key_file;            /* nullable: its key; else in the same file */
    char *template_setting;    /* provider http only: nullable, JSON; so below */
    char *template_file;       /* nullable: a file that holds it instead */
    char *template_text;       /* no setting; nullable: what one of the two led to */
    char *query;               /* nullable: "from=${envelope-sender}&to=${recipients}" */
    char *header_fields;       /* nullable: "X-Tenant: web; X-To: ${recipients}" */
    char *token_header;        /* "Authorization: Bearer" */
    char **success;            /* "200", "201" */
    char **refused;            /* nullable */
    char *id_field;            /* nullable: "data.0.id" */
    char *id_header;           /* nullable */
    char *idempotency_header;  /* nullable */
    char *as;                  /* outbox only: the provider whose requests are rendered */
    char *directory;           /* outbox only */
    gboolean from_environment; /* no section: made from well-known variables */
    gboolean token_is_exposed; /* "token" stands in a file that others can read */
    gboolean token_is_ambient; /* in a well-known variable, or a file that one names */
    gboolean token_file_is_named; /* by a variable: its mode is not ours to judge */
} BrevAccount;

/* [route NAME]: which account a message takes. All conditions given must hold. */
typedef struct {
    char *name;
    char *sender; /* nullable globs on addresses */
    char *recipient;
    char *user;   /* nullable login name or uid */
    char *header; /* nullable: "Name" or "Name: glob" */
    char *account;
} BrevRoute;

/* What is wrong in a configuration, for a person. */
typedef struct {
    char *file;
    guint line; /* 0: the file as a whole, or a variable */
    char *message;
} BrevProblem;

typedef struct {
    char *account; /* nullable */
    char *mail_name;
    char *postmaster; /* nullable */
    char *from;       /* nullable: a mailbox, "Web <noreply@example.com>" */
    char *aliases;
    BrevDelivery delivery;
    char *spool;
    gboolean spool_is_named; /* by the administrator, not by default */
    gboolean spool_durable;  /* the administrator vouches for it */
    char *socket;
    char **listen;            /* where sendmail -bd takes SMTP: "127.0.0.1:25" */
    gboolean listen_is_named; /* by the administrator, not by default */
    guint64 max_message_size; /* bytes */
    gint64 smtp_timeout;      /* ms, as all durations */
    gint64 lifetime;
    gint64 delay_warning; /* 0: never */
    gint64 retry_min;
    gint64 retry_max;
    gint64 history;
    gint64 queue_run; /* after which "-odq" is over */
    BrevUnknown unknown_options;
    BrevWithT arguments_with_t;
    BrevBad bad_recipients;
    guint max_hops;
    guint report_limit; /* reports to one sender in an hour, 0: no limit */
    BrevStormGuard storm_guard;
    guint storm_limit; /* so many of a kind are no storm, in: */
    gint64 storm_window;
    BrevLogTarget log;
    char **dns_servers; /* nullable: "127.0.0.1:5353" */

    GPtrArray *accounts; /* owned, of BrevAccount */
    GPtrArray *routes;   /* owned, of BrevRoute, in order */
    GPtrArray *problems; /* owned, of BrevProblem; empty: the configuration is sound */
    GPtrArray *files;    /* owned, of char *: what was read, in order */
    GPtrArray *sources; /* owned, of BrevSource (schema.h): where each value comes from */
    gboolean is_users_own; /* a user's own file names an account: direct delivery */
} BrevConfig;

/**
 * brev_config_load:
 *
 * Reads $BREVDUE_CONFIG, or the system's files and the user's own, then the environment
 * (BREVDUE_KEY, and the well-known variables of providers when no file names an account).
 * What cannot be read is a problem in the list and leaves the default in force; the
 * caller decides what problems mean.
 *
 * Returns: (transfer full): never %NULL
 */
BrevConfig *brev_config_load (void);
void brev_config_free (BrevConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevConfig, brev_config_free)

/**
 * brev_config_check:
 *
 * Returns: %FALSE with %BREV_ERROR_CONFIG naming the first problem, and how many there
 * are
 */
gboolean brev_config_check (const BrevConfig *config, GError **error);

/* Returns: (transfer full): "file:line: message" */
char *brev_problem_format (const BrevProblem *problem);

/**
 * brev_config_warnings:
 *
 * What is no error and still deserves a look: a fallback or a route to an account that
 * does not exist, no account at all.
 *
 * Returns: (transfer full): (array of char *)
 */
GPtrArray *brev_config_warnings (const BrevConfig *config);

/**
 * brev_config_find_account:
 *
 * Returns: (nullable) (transfer none)
 */
const BrevAccount *brev_config_find_account (const BrevConfig *config, const char *name);

/* Returns: (transfer full) (nullable): the domain of the "from" setting */
char *brev_config_from_domain (const BrevConfig *config);

/**
 * brev_account_covers:
 *
 * Returns: whether @account may send as @address, by its "senders", or, while that is
 * empty, by the domain of "from"
 */
gboolean brev_account_covers (const BrevConfig *config, const BrevAccount *account,
                              const char *address);

/**
 * brev_program_path:
 * @name: "courier", "brevdue", ...
 *
 * Returns: (transfer full): where that program of ours lies: in $BREVDUE_PROGRAMS if that
 * is set, else where it was installed
 */
char *brev_program_path (const char *name);
