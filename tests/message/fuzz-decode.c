/* SPDX-License-Identifier: MIT */

/* libFuzzer: fuzz-decode -max_len=65536 CORPUS tests/message/golden */

#include "base/fs.h"
#include "message/address.h"
#include "support.h"
#include "walk.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
    brev_autofd int fd = test_file (data, size);
    g_autoptr (BrevMessage) message = brev_message_decode (fd, 0, size, NULL);

    if (message != NULL)
        test_walk (fd, message);
    brev_header_recipients_free (brev_header_recipients_read (fd, 0, size, NULL));
    return 0;
}
