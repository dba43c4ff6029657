/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/log.h"

/* usage: log-line TARGET TEXT: writes one line with two fields, and the target it took */
int
main (int argc, char **argv)
{
    const char *fields[BREV_FIELD_LAST] = {
        [BREV_FIELD_ID] = "the-id", [BREV_FIELD_STATUS] = "sent"
    };
    BrevLogTarget target;

    g_assert_cmpint (argc, ==, 3);
    target = brev_log_open ("brevdue/smtp", (BrevLogTarget) atoi (argv[1]));
    brev_log_fields (BREV_LOG_WARNING, fields, "%s", argv[2]);
    g_print ("%d", target);
    return 0;
}
