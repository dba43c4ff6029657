/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "envelope/envelope.h"
#include "provider/provider.h"

/* One envelope recipient that still wants the message. */
typedef struct {
    const char *address; /* where it goes */
    const char
        *original;     /* as the header or the argument had it, before alias and domain */
    guint index;       /* of the recipient in the store */
    BrevNotify notify; /* when its sender wants a report; 0: not said */
    const char *orcpt; /* nullable: RFC 3461 section 4.2, xtext */
} BrevPlanRecipient;

/* All that a plan depends on: no clock, no network, no file. */
typedef struct {
    const char *queue_id;
    const BrevMessage *message;
    int fd;
    const char *sender; /* envelope sender, qualified */
    const char *envid;  /* nullable: RFC 3461 section 4.4, decoded */
    BrevReturn ret;
    const char *message_id; /* for a message without one; stable */
    const char *full_name;  /* nullable: for a From that is missing */
    gboolean is_report;     /* brevdue's own: always sent */
    gboolean is_gateway;    /* sendmail -G: no field is added that is missing */
    const BrevPlanRecipient *recipients;
    guint n_recipients;
    const BrevConfig *config;
    const BrevAccount *account;
    const BrevProvider *provider; /* brev_provider_for (account) */
    gint64 arrival;               /* ms: when it was submitted */
    gint64 now;
} BrevPlanInput;

typedef enum {
    BREV_PLAN_SEND,   /* mails, perhaps with harmless losses */
    BREV_PLAN_REFUSE, /* a material loss, or too large: report to the sender */
    BREV_PLAN_WAIT,   /* the configuration must change first: reason names the lines */
} BrevPlanKind;

/* A recipient whose mailbox another one of the same plan already has (an alias and its
 * target): it travels once, and what becomes of @of becomes of @index. */
typedef struct {
    guint index; /* in the store, as BrevPlanRecipient.index */
    guint of;
} BrevPlanTwin;

/* A recipient whom the provider cannot reach, whatever the message. */
typedef struct {
    guint index;         /* in the store */
    const char *address; /* borrowed from the input */
    const char *dsn;     /* RFC 3463; static */
    char *text;          /* owned: why, for a person */
} BrevPlanRefusal;

typedef struct {
    BrevPlanKind kind;
    const char *
        step; /* "raw", "structured", "smtp", "fallback", "lossy": the rung of the ladder */
    const BrevAccount *account; /* borrowed: who sends; another than the input's with the
                                   step "fallback" */
    const BrevProvider *provider; /* that account's, or SMTP with the step "smtp" */
    GPtrArray *mails;     /* owned, of BrevMail: each recipient in exactly one of them, */
    GArray *twins;        /* owned, of BrevPlanTwin: or here, */
    GPtrArray *refusals;  /* owned, of BrevPlanRefusal: or here; with SEND alone */
    BrevFeatures losses;  /* taken, or, with REFUSE, not taken */
    GPtrArray *dropped;   /* owned, of char *: header fields that do not travel, by name,
                             and   wishes in them that are not kept */
    char *rewritten_from; /* owned, nullable: the From address that was replaced */
    char *reason;         /* owned, nullable: for REFUSE and WAIT, for a person */
    const char *dsn;      /* RFC 3463 code of a refusal; static */
} BrevPlan;

/**
 * brev_plan_make:
 *
 * Sender policy, recipient rules, then the ladder: the most faithful way this provider
 * offers, and what is lost on it.
 *
 * Returns: (transfer full): never %NULL
 */
BrevPlan *brev_plan_make (const BrevPlanInput *input);
void brev_plan_free (BrevPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevPlan, brev_plan_free)
