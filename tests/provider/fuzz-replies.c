/* SPDX-License-Identifier: MIT */

/* Replies of each provider to one mail and, where it takes several, to two: the first byte
 * chooses the status. */

#include "mails.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
search (const BrevProvider *provider, int status, const guint8 *data, gsize size)
{
    g_autoptr (GPtrArray) mails = test_mails_new ("a@example.com b@example.org");
    g_autoptr (BrevOutcome) outcome = brev_outcome_new (mails->pdata[0]);
    g_autoptr (BrevHttpReply) reply =
        brev_http_reply_new (status, g_bytes_new (data, size));
    g_autofree char *got = NULL;

    ((BrevMail *) mails->pdata[0])->queue_id = "q1";
    provider->read_search (reply, mails->pdata[0], outcome);
    got = test_outcome_text (outcome);
    g_assert_nonnull (got);
}

static void
read_reply (const BrevProvider *provider, const char *mails, int status,
            const guint8 *data, gsize size)
{
    g_autoptr (BrevHttpReply) reply =
        brev_http_reply_new (status, g_bytes_new (data, size));
    g_autofree char *got = test_read (provider, mails, reply);

    g_assert_nonnull (got);
}

/* It is what the provider said last, after a chain that went well. */
static void
follow (const BrevProvider *provider, int status, const guint8 *data, gsize size)
{
    const BrevAccount account = { 0 };
    g_autoptr (GPtrArray) mails = test_mails_new ("a@example.com");
    BrevMail *mail = mails->pdata[0];

    mail->raw = brev_body_new ();
    for (guint n = 0; n < 5; n++) {
        g_autoptr (GPtrArray) replies =
            g_ptr_array_new_with_free_func ((GDestroyNotify) brev_http_reply_free);
        for (guint i = 0; i < n; i++)
            g_ptr_array_add (replies, provider->example ("https://a.example", i));
        g_ptr_array_add (replies, brev_http_reply_new (status, g_bytes_new (data, size)));
        brev_http_request_free (provider->next (mails, &account, "token",
                                                "https://a.example", replies, NULL));
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
    static const int statuses[] = { 200, 201, 202, 207, 400, 403, 422, 500, 302 };

    for (const BrevProvider *const *p = brev_providers; size > 0 && *p != NULL; p++) {
        int status = statuses[data[0] % G_N_ELEMENTS (statuses)];
        if ((*p)->encode == NULL)
            continue;
        read_reply (*p, "a@example.com b@example.org", status, data + 1, size - 1);
        if (((*p)->caps & BREV_CAP_BATCH) != 0)
            read_reply (*p, "a@example.com | b@example.com", status, data + 1, size - 1);
        if (((*p)->caps & BREV_CAP_SEARCH) != 0)
            search (*p, status, data + 1, size - 1);
        if ((*p)->next != NULL)
            follow (*p, status, data + 1, size - 1);
    }
    return 0;
}
