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

/* One reply and what it means. */
typedef struct {
    const char
        *recipients; /* of mails, as test_mails_new() reads them; a first "sandbox "
                               is no address: the mails are only to be checked */
    int status;
    const char *header; /* nullable: "Name: value", several in lines */
    const char *body;
    const char *want; /* as of test_read() */
} TestReply;

/* Reads each of them; the first that means something else ends the test. */
void test_replies (const BrevProvider *provider, const TestReply *replies, guint n);
/* So, of mails of @account (nullable). */
void test_replies_of (const BrevAccount *account, const BrevProvider *provider,
                      const TestReply *replies, guint n);
/* What no provider may take for a success, and what all of them say by the status alone. */
void test_common_replies (const BrevProvider *provider);
/* Reads each as the answer to a question about the mail "q1", whose Message-ID is
 * <q1@web.example>. */
void test_searches (const BrevProvider *provider, const TestReply *replies, guint n);
/* That answer cut at each byte: nothing but a whole one says anything. */
void test_cut_search (const BrevProvider *provider, const TestReply *reply);
/* A mail to @address whose queue id is "q1", and stands in its metadata as @value. */
GPtrArray *test_mail_in_doubt (const char *address, const char *value);
/* Each reply cut at each byte, and with each byte changed: it ends without a fault, and
 * nothing but a whole one accepts. */
void test_mutated_reply (const BrevProvider *provider, const TestReply *reply);
