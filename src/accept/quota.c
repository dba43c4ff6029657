/* SPDX-License-Identifier: MIT */
#include "accept/quota.h"

const char *
brev_quota_check (guint connections, guint of_uid, guint queued)
{
    if (connections > BREV_CONNECTIONS)
        return "too many connections";
    if (of_uid > BREV_CONNECTIONS_PER_UID)
        return "too many connections of this user";
    if (queued >= BREV_QUEUED_PER_UID)
        return "too many messages of this user are in the queue";
    return NULL;
}
