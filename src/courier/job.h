/* SPDX-License-Identifier: MIT */
#pragma once

#include "courier/letter.h"
#include "provider/provider.h"

/* One request: one mail, or a batch of them, each of a letter that it keeps alive. */
typedef struct {
    struct BrevWorker *worker; /* borrowed: whose slot it takes */
    GPtrArray *letters;        /* owned, of BrevLetter: that of each mail */
    GPtrArray *mails;          /* owned, of BrevMail: borrowed from the letters' plans */
    GPtrArray *outcomes;  /* owned, of BrevOutcome, for each mail; empty before a reply */
    guint64 size;         /* bytes that the body cannot exceed */
    guint most;           /* mails that it may hold */
    gboolean is_question; /* asks whether the provider has its one mail already */
    GPtrArray *replies;   /* owned, of BrevHttpReply: to its preludes */
    gboolean is_prelude;  /* what is on its way sends nothing yet */
    gboolean is_too_much; /* the reply said: 429 */
    gint slot;            /* of its account, while it is on its way; -1: none */
} BrevJob;

BrevJob *brev_job_new (struct BrevWorker *worker);
void brev_job_free (BrevJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevJob, brev_job_free)

/* Returns: whose request it is */
const BrevProvider *brev_job_provider (const BrevJob *job);

/* @most: how many mails a request with this one may hold */
void brev_job_add (BrevJob *job, BrevLetter *letter, BrevMail *mail, guint most);

/**
 * brev_job_fits:
 *
 * Returns: whether @mail may join: not too many of either's wish, and surely not too
 * large
 */
gboolean brev_job_fits (const BrevJob *job, const BrevMail *mail, guint most,
                        guint64 max_size);

/* Returns: (transfer full): the second half, which @job no longer has */
BrevJob *brev_job_split (BrevJob *job);

/* Makes @outcomes, all LATER. */
void brev_job_expect (BrevJob *job);
