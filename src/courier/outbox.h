/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "courier/job.h"

/**
 * brev_outbox_keep:
 * @spool: (nullable): path of the spool, for an account that names no directory
 *
 * What the outbox does in place of the network: ID.eml is the message, ID.request.json
 * the exact body, ID.request method, URL and header fields, without secrets. A message
 * that takes several requests has ID-2.request.json and so on.
 */
gboolean brev_outbox_keep (const BrevAccount *account, const char *spool,
                           const BrevJob *job, const BrevHttpRequest *request,
                           GError **error);
