/* SPDX-License-Identifier: MIT */
#pragma once

#include "plan/plan.h"

/* The rules that a plan is made of, one file each. @draft is the mail to nobody from
 * which each mail of the plan is copied. */

/* Returns: (transfer full): @address, with "mail-name" as its domain if it has none, the
 * domain in ASCII */
char *brev_rule_qualify (const BrevPlanInput *input, const char *address);

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

/* Sets the header fields and the wishes of @draft; what cannot travel is dropped by name.
 */
void brev_rule_headers (const BrevPlanInput *input, BrevMail *draft, BrevPlan *plan);

/* Fills plan->mails: each recipient of the envelope in one mail, and nobody else. */
void brev_rule_recipients (const BrevPlanInput *input, const BrevMail *draft,
                           BrevPlan *plan);

/* Returns: bytes that the provider counts at the very least for the message */
guint64 brev_rule_least_size (const BrevMessage *message);
/* Returns: bytes of a text or HTML body, at the very least */
guint64 brev_rule_least_text (const BrevPart *part);
