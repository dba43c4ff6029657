/* SPDX-License-Identifier: MIT */
#include "courier/job.h"

BrevJob *
brev_job_new (struct BrevWorker *worker)
{
    BrevJob *job = g_new0 (BrevJob, 1);

    job->worker = worker;
    job->most = G_MAXUINT;
    job->slot = -1;
    job->letters = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_letter_unref);
    job->mails = g_ptr_array_new ();
    job->outcomes = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_outcome_free);
    job->replies = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_http_reply_free);
    return job;
}

void
brev_job_free (BrevJob *job)
{
    if (job == NULL)
        return;
    g_ptr_array_unref (job->replies);
    g_ptr_array_unref (job->outcomes);
    g_ptr_array_unref (job->mails);
    g_ptr_array_unref (job->letters);
    g_free (job);
}

const BrevProvider *
brev_job_provider (const BrevJob *job)
{
    return ((const BrevMail *) job->mails->pdata[0])->provider;
}

/* How long a mail's part of a body may get: a byte of text takes six at most in a JSON
 * string, and the fields around it come on top. */
static guint64
size_at_most (const BrevMail *mail)
{
    return mail->message->length * 6 + 4096;
}

void
brev_job_add (BrevJob *job, BrevLetter *letter, BrevMail *mail, guint most)
{
    g_ptr_array_add (job->letters, brev_letter_ref (letter));
    g_ptr_array_add (job->mails, mail);
    job->size += size_at_most (mail);
    job->most = MIN (job->most, most);
}

gboolean
brev_job_fits (const BrevJob *job, const BrevMail *mail, guint most, guint64 max_size)
{
    return job->mails->len < MIN (job->most, most) &&
           (job->mails->len == 0 || brev_job_provider (job) == mail->provider) &&
           (max_size == 0 || job->size + size_at_most (mail) <= max_size);
}

BrevJob *
brev_job_split (BrevJob *job)
{
    BrevJob *other = brev_job_new (job->worker);
    guint half = (job->mails->len + 1) / 2;

    for (guint i = half; i < job->mails->len; i++)
        brev_job_add (other, job->letters->pdata[i], job->mails->pdata[i], job->most);
    job->size -= other->size;
    g_ptr_array_set_size (job->mails, (int) half);
    g_ptr_array_set_size (job->letters, (int) half);
    g_ptr_array_set_size (job->outcomes, 0);
    return other;
}

void
brev_job_expect (BrevJob *job)
{
    g_ptr_array_set_size (job->outcomes, 0);
    for (guint i = 0; i < job->mails->len; i++)
        g_ptr_array_add (job->outcomes, brev_outcome_new (job->mails->pdata[i]));
}
