/* SPDX-License-Identifier: MIT */

/* Replies of Postmark to one mail and to two: the first byte chooses the status. */

#include "mails.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

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
    return 0;
}
