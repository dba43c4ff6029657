/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/provider.h"

/* Mails for the tests of providers: "a@example.com b@example.com | c@example.com" is one
 * mail to two recipients, and another to one. From is noreply@example.com. */
GPtrArray *test_mails_new (const char *recipients);

/* What a provider reads into a reply: a word for each recipient, such as "accepted(id)",
 * "refused 5.1.1" or "account/sender"; mails are separated by " | ". */
char *test_read (const BrevProvider *provider, const char *recipients,
                 BrevHttpReply *reply);
char *test_outcome_text (const BrevOutcome *outcome);
