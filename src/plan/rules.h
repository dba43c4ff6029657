/* SPDX-License-Identifier: MIT */
#pragma once

#include "plan/plan.h"

/* The rules that a plan is made of, one file each. @draft is the mail to nobody from
 * which each mail of the plan is copied. */

/* Returns: (transfer full): @address, with "mail-name" as its domain if it has none, the
 * domain in ASCII */
char *brev_rule_qualify (const BrevPlanInput *input, const char *address);

/* Returns: (transfer full) (nullable): copies of @mailboxes, qualified; %NULL when all of
 * them are */
GPtrArray *brev_rule_qualify_all (const BrevPlanInput *input, const GPtrArray *mailboxes);

/**
 * brev_rule_sender:
 *
 * Sets the From and Reply-To of @draft: as written if the account covers the author, else
 * the configured "from" in the author's place.
 *
 * Returns: %FALSE when there is none that the account may use: the plan says wait, and
 * why
 */
gboolean brev_rule_sender (const BrevPlanInput *input, BrevMail *draft, BrevPlan *plan);

/* Whether the mails of this provider are the message itself. */
gboolean brev_rule_is_raw (const BrevProvider *provider);
/* Whether its header says who receives it. */
gboolean brev_rule_is_addressed (const BrevProvider *provider);

/* Sets the header fields and the wishes of @draft; what cannot travel is dropped by name.
 */
void brev_rule_headers (const BrevPlanInput *input, BrevMail *draft, BrevPlan *plan);

/* Sets draft->envelope, without recipients. */
void brev_rule_envelope (const BrevPlanInput *input, BrevMail *draft);
/* @address: of @recipient, qualified */
void brev_rule_add_recipient (BrevMail *mail, const char *address,
                              const BrevPlanRecipient *recipient);

/* Fills plan->mails: each recipient of the envelope in one mail, and nobody else. */
void brev_rule_recipients (const BrevPlanInput *input, const BrevMail *draft,
                           BrevPlan *plan);

/* What a mail has that a request may have no place for: of TEXT_FORM, HTML_FORM, ATTACHMENT,
 * REPLY_TO. */
BrevFeatures brev_rule_forms (const BrevMail *draft);

/* Cuts what exceeds a limit of the structured API out of each mail of the plan. */
void brev_rule_limits (const BrevPlanInput *input, BrevPlan *plan);

/**
 * brev_rule_show:
 * @mailboxes: of a header field
 *
 * Names that aliases or the domain changed become what they lead to.
 *
 * Returns: (transfer full) (nullable): of BrevMailbox; %NULL when that is what is written
 */
GPtrArray *brev_rule_show (const BrevPlanInput *input, const GPtrArray *mailboxes);

/* Sets draft->raw, for a provider that takes it: the bytes of the message but for the
 * fields that may not travel, are missing, or are not to be shown as they are written. */
void brev_rule_raw (const BrevPlanInput *input, BrevMail *draft, BrevPlan *plan);

/* Writes who receives @mail above its message, for a provider that reads it there. */
void brev_rule_address (BrevMail *mail);

/* Returns: (transfer full) (nullable): a Date, RFC 5322 section 3.3, whatever the locale;
 * @date in ms */
char *brev_rule_date (gint64 date);

/* Whether one of the NULL-terminated @patterns, lower case or not, is the name; a final *
 * stands for the rest of one. */
gboolean brev_rule_is_listed (const char *const *patterns, const char *name);

/* Whether the field tells of recipients whom nobody is to see. */
gboolean brev_rule_is_secret (const char *name);

/* Returns: bytes that the provider counts at the very least for the message */
guint64 brev_rule_least_size (const BrevMessage *message);
/* Returns: bytes of a text or HTML body, at the very least */
guint64 brev_rule_least_text (const BrevPart *part);
