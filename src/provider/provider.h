/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "message/body.h"
#include "provider/mail.h"
#include "provider/smtp-request.h"

/* A provider: what it can do, and how a mail maps to its API. It performs no I/O and
 * decides no retry; what it lacks is a missing capability, which the plan turns into a
 * loss with a name. */

typedef enum {
    BREV_CAP_STRUCTURED = 1 << 0,  /* fields of its own for bodies and attachments */
    BREV_CAP_RAW = 1 << 1,         /* takes RFC 5322 bytes, envelope apart, and nothing
                                      else: BrevMail.raw */
    BREV_CAP_BATCH = 1 << 2,       /* several messages in one request, one result each */
    BREV_CAP_IDEMPOTENCY = 1 << 3, /* a key makes a repeated request harmless */
    BREV_CAP_INLINE = 1 << 4,      /* inline parts by their own Content-ID */
    BREV_CAP_HEADERS = 1 << 5,     /* custom header fields */
    BREV_CAP_BCC_ONLY = 1 << 6,    /* works without any To */
    BREV_CAP_TAGS = 1 << 7,
    BREV_CAP_METADATA = 1 << 8,
    BREV_CAP_SEARCH = 1 << 9,      /* can be asked whether it has a message */
    BREV_CAP_UTF8_LOCAL = 1 << 10, /* takes recipients whose local part is not ASCII */
    BREV_CAP_NAMES = 1 << 11,    /* a request has a name of ours, by which it is found */
    BREV_CAP_SMTP = 1 << 12,     /* its SMTP endpoint passes bytes on: @smtp_url */
    BREV_CAP_SANDBOX = 1 << 13,  /* can be asked to check a mail and deliver nothing */
    BREV_CAP_AWS_KEYS = 1 << 14, /* without a token, takes the keys of the machine */
    BREV_CAP_HEADER_ENVELOPE = 1 << 15, /* with RAW: sends to whom the header names; with
                                           BCC_ONLY it takes Bcc out of that */
} BrevCaps;

typedef struct {
    char *name;
    char *value;
    gboolean is_secret; /* "***" wherever a person could see it */
} BrevHttpHeader;

BrevHttpHeader *brev_http_header_new (const char *name, const char *value,
                                      gboolean is_secret);
/* Wipes a secret value. */
void brev_http_header_free (BrevHttpHeader *header);

/* One HTTP request for one mail, or for several in a batch. */
typedef struct {
    char *method;       /* owned */
    char *url;          /* owned */
    GPtrArray *headers; /* owned, of BrevHttpHeader */
    BrevBody *body;     /* owned */
    BrevSmtp *smtp;     /* owned, nullable: it goes by SMTP, and @body is the message */
    char *signing; /* owned, nullable: signed when it is sent: as AWS wants it, version 4,
                      by @key_id and @secret: "aws:amz:REGION:SERVICE"; or %BREV_SIGN_AZURE,
                      by @secret alone */
    char *key_id;  /* owned, nullable */
    char *secret;  /* owned, nullable; wiped */
    gboolean is_for_keys; /* asks the machine or the container for its keys */
    gboolean is_prelude;  /* sends nothing yet: its reply leads to the next (@next) */
} BrevHttpRequest;

/* A POST of JSON: @url is @endpoint and @path; (transfer full): @body */
BrevHttpRequest *brev_http_request_new (const char *endpoint, const char *path,
                                        BrevBody *body);
/* So, of a @type of its own. */
BrevHttpRequest *brev_http_request_typed (const char *endpoint, const char *path,
                                          const char *type, BrevBody *body);
/* A GET that wants JSON. */
BrevHttpRequest *brev_http_request_get (const char *endpoint, const char *path);
/* A message to be sent by SMTP; (transfer full): @body, @smtp */
BrevHttpRequest *brev_http_request_smtp (const char *endpoint, BrevBody *body,
                                         BrevSmtp *smtp);
void brev_http_request_free (BrevHttpRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevHttpRequest, brev_http_request_free)
void brev_http_request_header (BrevHttpRequest *request, const char *name,
                               const char *value, gboolean is_secret);
/* RFC 6750 section 2.1 */
void brev_http_request_bearer (BrevHttpRequest *request, const char *token);
/* RFC 7617 */
void brev_http_request_basic (BrevHttpRequest *request, const char *user,
                              const char *token);

#define BREV_SIGN_AZURE "azure:hmac-sha256"

/* A signature takes the place of a secret header field; @scope is "aws:amz:REGION:SERVICE" or
 * %BREV_SIGN_AZURE, which needs no @key_id */
void brev_http_request_sign (BrevHttpRequest *request, const char *scope,
                             const char *key_id, const char *secret);

/* What came back. */
typedef struct {
    int status;             /* HTTP status; 0: no reply at all */
    GPtrArray *headers;     /* owned, of BrevHttpHeader */
    GBytes *body;           /* owned, never NULL */
    gboolean may_have_left; /* a part of the request may have reached the provider:
                               without an understood reply the outcome is unknown */
    gboolean is_complete;   /* the whole reply was read, within its limit */
    char *error;            /* owned, nullable: what the transport saw */
    BrevSmtpAnswer *smtp;   /* owned, nullable: of a request that went by SMTP */
    gboolean is_prelude;    /* of a request that sends nothing yet */
} BrevHttpReply;

/* A complete reply without headers; (transfer full) (nullable): @body */
BrevHttpReply *brev_http_reply_new (int status, GBytes *body);
/* (transfer full): all of it but an answer by SMTP */
BrevHttpReply *brev_http_reply_copy (const BrevHttpReply *reply);
void brev_http_reply_free (BrevHttpReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevHttpReply, brev_http_reply_free)
/* (nullable) (transfer none) */
const char *brev_http_reply_header (const BrevHttpReply *reply, const char *name);

typedef enum {
    BREV_VERDICT_ACCEPTED,
    BREV_VERDICT_REFUSED, /* never: report to the sender */
    BREV_VERDICT_LATER,   /* not now */
    BREV_VERDICT_ACCOUNT, /* the administrator must act; nothing bounces; see scope */
    BREV_VERDICT_UNKNOWN, /* no reply that we understand: later, perhaps a duplicate */
    BREV_VERDICT_SPLIT, /* the request was refused as a whole: halve it, by its mails, or
                           one mail by its recipients; what stands alone: refused */
    BREV_VERDICT_PARK,  /* the form of our request was refused: our bug, keep and show */
    BREV_VERDICT_AGAIN, /* sent to nobody because another recipient was refused: at once
                           again without that one; of a search: not found */
} BrevVerdictKind;

typedef enum {
    BREV_SCOPE_ACCOUNT, /* token, credit, suspension: pauses the account */
    BREV_SCOPE_SENDER,  /* only mail from this address or domain */
    BREV_SCOPE_RECIPIENT,
    BREV_SCOPE_STREAM,
} BrevScope;

/* What the provider said about one recipient of one mail. The scope SENDER means the From
 * address, which is what providers check. */
typedef struct {
    BrevVerdictKind kind;
    BrevScope scope; /* with ACCOUNT */
    char *remote_id; /* owned, nullable: with ACCEPTED */
    char *code;      /* owned, nullable: the provider's own, "406" */
    const char *dsn; /* RFC 3463, "5.1.1"; static */
    char *text;      /* owned, nullable: the provider's words */
    gint64 after;    /* ms to wait at least, with LATER; 0: not said */
    gboolean
        is_test; /* accepted by a test token, sandbox or the outbox: nobody gets it */
    gboolean has_dsn; /* accepted, and who accepted it reports success (RFC 3461) */
    gint64 key_time;  /* the courier's: ms for which the key of the request is kept */
} BrevVerdict;

void brev_verdict_clear (BrevVerdict *verdict);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevVerdict, brev_verdict_clear)

/* The outcome of one mail: a verdict for each of its recipients, in the order to, cc,
 * bcc. */
typedef struct {
    guint n;
    BrevVerdict *verdicts; /* owned */
} BrevOutcome;

/* All LATER. */
BrevOutcome *brev_outcome_new (const BrevMail *mail);
void brev_outcome_free (BrevOutcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevOutcome, brev_outcome_free)
/* Copies @verdict to all recipients, or to those whose folded address is @address. */
void brev_outcome_set_all (BrevOutcome *outcome, const BrevVerdict *verdict);
gboolean brev_outcome_set (BrevOutcome *outcome, const BrevMail *mail,
                           const char *address, const BrevVerdict *verdict);

/* What its requests and the reading of its replies rest on. */
typedef enum {
    BREV_LEVEL_DOCUMENTS, /* what the provider has written: experimental */
    BREV_LEVEL_VALIDATED, /* a validator of somebody else's took the requests */
    BREV_LEVEL_LIVE,      /* the provider itself did */
    BREV_LEVEL_LAST
} BrevLevel;

extern const char *const brev_level_names[BREV_LEVEL_LAST]; /* "validated" */
extern const char *const brev_level_words[BREV_LEVEL_LAST]; /* for a person */

/* For the mask "carried": BREV_CARRIES (INLINE) | BREV_CARRIES (DATE) */
#define BREV_CARRIES(feature) BREV_BIT (BREV_FEATURE_##feature)

typedef struct BrevProvider BrevProvider;
struct BrevProvider {
    const char *name;          /* "postmark" */
    const char *title;         /* "Postmark" */
    const char *url;           /* base URL without a trailing slash */
    const char *endpoint_form; /* nullable: @url leads nowhere, the account names its own,
                                   "https://HOST" */
    const char *region_url;    /* nullable: so, with {region} for the account's */
    const char *const *regions; /* nullable: all of them; the first has @url */
    const char *sandbox_url;    /* nullable: so, for an account of the sandbox */
    const char *token_variable; /* "POSTMARK_SERVER_TOKEN" */
    gboolean wants_user;        /* the secret is of no use without the account's "user" */
    gboolean token_is_optional;
    gboolean
        token_is_password; /* or none: it may hold blanks, which no token of an API does */
    const char *search_url; /* nullable: where its search is, if not at @url */
    const char *smtp_url;   /* nullable: its server of SMTP, which passes the bytes of a
                              message on and takes the same token as password */
    const char *smtp_user;  /* nullable: who logs in there; else the account's "user" */
    const char
        *token_url; /* nullable: OAuth 2: where its tokens come from, with {domain} for
                              the account's */
    const char *token_scope; /* nullable: what those of a client's own are for */
    BrevLevel level;
    const char *level_date; /* "2026-11-25", since when */
    const char *level_by;   /* whose word that is */
    BrevCaps caps;
    guint max_recipients;   /* over to, cc and bcc of one mail */
    guint64 max_size;       /* bytes of one mail's request body, or of a raw message
                               before it is encoded; 0: unknown */
    guint max_batch;        /* mails in one request */
    guint64 max_batch_size; /* bytes of one request body */
    guint64 max_text;       /* bytes of a text or HTML body each, 0: no own limit */
    guint max_tag;          /* characters, 0: no limit known; so below */
    guint max_metadata;     /* fields */
    guint max_metadata_key;
    guint max_metadata_value;
    guint max_metadata_size; /* bytes of all of it as an object of JSON in ASCII; the
                                queue id always has its place there. 0: no limit known */
    guint max_subject;       /* characters */
    guint min_chars;         /* of Subject and bodies; shorter ones are filled up */
    const char *const
        *types;     /* nullable: the only ones of attachments, NULL-terminated */
    guint max_name; /* characters of a display name */
    gboolean has_no_from_name;     /* the name in From is a setting at the provider */
    const char *no_name_chars;     /* nullable: what no display name may hold */
    guint max_reply_to;            /* addresses */
    gboolean wants_html;           /* text alone is refused */
    const char *const *extensions; /* of attachments, lower case, NULL-terminated; NULL:
                                      any; another name gets ".txt" */
    gboolean wants_extension; /* an attachment's type is that of its name's extension */
    const char *tag_name;  /* nullable: the tag is one of the metadata, under this name */
    const char *tag_chars; /* what tags and metadata are made of, NULL: anything */
    const char *const
        *forbidden_headers; /* nullable: fields that do not travel, lower case,
                               NULL-terminated: "x-pm-*". To and its like, Content-* and
                               the marks of a forward never do. */
    /* (nullable): whether one of the other fields of @message may travel */
    gboolean (*takes_header) (const BrevMessage *message, const BrevHeader *header);
    guint max_headers;    /* bytes of all that travel, as lines; 0: no limit known */
    BrevFeatures carried; /* features of the model that it carries all the same */
    /* what it has no place for: of TEXT_FORM, HTML_FORM, ATTACHMENT, REPLY_TO */
    BrevFeatures lacking;
    gboolean
        has_fitting_types; /* an attachment's type, and the charset in it, travel only
                                   where its name does not contradict it */
    BrevFeatures replaced; /* features of a raw message that it does not leave alone */
    gboolean takes_text;   /* raw: as text, in UTF-8 and without NUL, such as JSON has */
    const char *const *single_headers; /* raw: fields that it takes once, lower case,
                                          NULL-terminated; the first travels */

    /**
     * variant:
     *
     * (nullable): where an account's settings decide what it can do, that account's own
     * descriptor: the same for the same settings, and never freed.
     */
    const BrevProvider *(*variant) (const BrevAccount *account);

    /**
     * check:
     *
     * @token: as brev_secret_load() has it
     *
     * (nullable): what the provider wants of an account beside what brev_account_check()
     * wants of all.
     *
     * Returns: %FALSE with %BREV_ERROR_CONFIG, without any part of @token
     */
    gboolean (*check) (const BrevAccount *account, const char *token, GError **error);

    /**
     * encode:
     * @mails: of BrevMail; one, unless %BREV_CAP_BATCH
     * @token: the secret
     * @endpoint: base URL
     */
    BrevHttpRequest *(*encode) (const GPtrArray *mails, const BrevAccount *account,
                                const char *token, const char *endpoint, GError **error);

    /**
     * next:
     * @replies: of BrevHttpReply: all that came so far for these mails, complete, in order
     *
     * (nullable): where one request is not enough. encode() makes the first; as long as a
     * request is a prelude, its reply comes here. Pure, as all of it.
     *
     * Returns: (nullable): the next request; %NULL without @error when the last reply leads
     * no further, and read() is to say why; %NULL with @error as of encode()
     */
    BrevHttpRequest *(*next) (const GPtrArray *mails, const BrevAccount *account,
                              const char *token, const char *endpoint,
                              const GPtrArray *replies, GError **error);

    /**
     * example:
     * @n: how many requests were before
     *
     * With @next: a reply that leads on, of nobody, for who wants to see all requests.
     */
    BrevHttpReply *(*example) (const char *endpoint, guint n);

    /**
     * read:
     * @outcomes: of BrevOutcome, one for each mail, all LATER when called
     *
     * SPLIT is said of several mails, or of one with several recipients of whom one is
     * at fault that nobody names: about what stands alone there is always more to say.
     * Only called with a complete reply; everything else is the courier's to judge. After a
     * prelude UNKNOWN means LATER: nothing was sent. Of
     * SMTP with any: then the outcomes say already what the courier thinks, and those with
     * an answer of their own are judged by that.
     */
    void (*read) (const BrevHttpReply *reply, const GPtrArray *mails,
                  GPtrArray *outcomes);

    /**
     * search:
     * @mail: one that may have reached the provider
     *
     * With %BREV_CAP_SEARCH: asks whether it did.
     *
     * Returns: %NULL with @error when there is nothing to find it by
     */
    BrevHttpRequest *(*search) (const BrevMail *mail, const BrevAccount *account,
                                const char *token, const char *endpoint, GError **error);

    /**
     * read_search:
     * @outcome: all LATER when called
     *
     * Says ACCEPTED of those for whom the provider has the mail, with the kept copies
     * counted in the text when there are several; AGAIN of those for whom it shows none;
     * REFUSED when this token may not ask, now or later; ACCOUNT as for any request.
     * Everything else is no answer. Only called with a
     * complete reply.
     */
    void (*read_search) (const BrevHttpReply *reply, const BrevMail *mail,
                         BrevOutcome *outcome);

    gint64 index_time; /* ms: a mail that the search does not show so long after it was
                          sent never arrived */
    gint64 key_time;   /* ms for which a key surely makes a repeated request harmless; 0:
                          not said */
};

/* (transfer full): where an account's questions go: to the "endpoint" that it names, or where the
 * provider has its search */
char *brev_provider_search_endpoint (const BrevProvider *provider,
                                     const BrevAccount *account);

/* Whether requests have a name that stays the same while their outcome is unknown. */
gboolean brev_provider_names_requests (const BrevProvider *provider);

/* NULL-terminated, written by the build from the names in meson.build */
extern const BrevProvider *const brev_providers[];

/* (nullable): the provider of that name */
const BrevProvider *brev_provider_find (const char *name);

/**
 * brev_provider_for:
 *
 * Returns: (nullable): the provider that makes and reads the account's requests: its own,
 * or the one whose requests the outbox keeps
 */
const BrevProvider *brev_provider_for (const BrevAccount *account);

/* Whether the account's requests are kept and never sent. */
gboolean brev_provider_is_outbox (const BrevAccount *account);

/**
 * brev_provider_endpoint:
 * @provider: of a mail of the account: its own, or SMTP in its place
 *
 * Returns: (nullable) (transfer full): where the mail's request goes: the account's own
 * base URL, the one of its region, or the provider's; %NULL for SMTP, when the account has
 * no server of its provider's that it may be sent to
 */
char *brev_provider_endpoint (const BrevProvider *provider, const BrevAccount *account);

/* (nullable): SMTP, when the account's provider takes mail by that, too, and the account
 * can log in there */
const BrevProvider *brev_provider_smtp_way (const BrevAccount *account);

/**
 * brev_provider_requests:
 *
 * All requests that carry @mails, for who wants to see them: behind a prelude those that
 * follow an example of its reply.
 *
 * Returns: (transfer full) (nullable): of BrevHttpRequest, at least one
 */
GPtrArray *brev_provider_requests (const BrevProvider *provider, const GPtrArray *mails,
                                   const BrevAccount *account, const char *token,
                                   const char *endpoint, GError **error);

/**
 * brev_provider_names:
 *
 * Returns: (transfer full): the names of all providers, for a hint or a list: "a, b"
 */
char *brev_provider_names (void);

/**
 * brev_account_check:
 * @token: as brev_secret_load() has it
 *
 * Whether the account's settings and its token fit its provider. The token goes into a header
 * field: one with a line feed or a space inside is none, nor is one without the name that its
 * provider wants beside it. An account whose provider makes no requests fits always.
 *
 * Returns: %FALSE with %BREV_ERROR_CONFIG, whose text never holds any part of @token
 */
gboolean brev_account_check (const BrevAccount *account, const char *token,
                             GError **error);

/* Returns: (transfer none): its "user", where that stands in requests; in the outbox, where
 * nobody needs one, "outbox" */
const char *brev_account_user (const BrevAccount *account);
