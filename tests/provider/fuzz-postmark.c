/* SPDX-License-Identifier: MIT */

/* Replies of Postmark to one mail and to two: the first byte chooses the status. */

#include "mails.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
search (int status, const guint8 *data, gsize size)
{
    g_autoptr (GPtrArray) mails = test_mails_new ("a@example.com b@example.org");
    g_autoptr (BrevOutcome) outcome = brev_outcome_new (mails->pdata[0]);
    g_autoptr (BrevHttpReply) reply =
        brev_http_reply_new (status, g_bytes_new (data, size));
    g_autofree char *got = NULL;

    ((BrevMail *) mails->pdata[0])->queue_id = "q1";
    brev_provider_find ("postmark")->read_search (reply, mails->pdata[0], outcome);
    got = test_outcome_text (outcome);
    g_assert_nonnull (got);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
    static const int statuses[] = { 200, 207, 400, 422, 500, 302 };
    static const char *const mails[] = { "a@example.com b@example.org",
                                         "a@example.com | b@example.com" };

    for (guint i = 0; size > 0 && i < G_N_ELEMENTS (mails); i++) {
        g_autoptr (BrevHttpReply) reply =
            brev_http_reply_new (statuses[data[0] % G_N_ELEMENTS (statuses)],
                                 g_bytes_new (data + 1, size - 1));
        g_autofree char *got =
            test_read (brev_provider_find ("postmark"), mails[i], reply);
        g_assert_nonnull (got);
    }
    if (size > 0)
        search (statuses[data[0] % G_N_ELEMENTS (statuses)], data + 1, size - 1);
    return 0;
}
