/* SPDX-License-Identifier: MIT */
#pragma once

#include "admin/command.h"

/* What the rows of commands.c run; one file cmd-NAME.c for each group. */
gboolean brev_cmd_status (BrevCall *call, GError **error);
/* status --check */
void brev_status_check (BrevCall *call);
gboolean brev_cmd_verify (BrevCall *call, GError **error);
gboolean brev_cmd_queue_list (BrevCall *call, GError **error);
gboolean brev_cmd_queue_show (BrevCall *call, GError **error);
gboolean brev_cmd_queue_wait (BrevCall *call, GError **error);
gboolean brev_cmd_queue_retry (BrevCall *call, GError **error);
gboolean brev_cmd_queue_hold (BrevCall *call, GError **error);
gboolean brev_cmd_queue_release (BrevCall *call, GError **error);
gboolean brev_cmd_queue_delete (BrevCall *call, GError **error);
gboolean brev_cmd_compat (BrevCall *call, GError **error);
gboolean brev_cmd_flush (BrevCall *call, GError **error);
gboolean brev_cmd_forget (BrevCall *call, GError **error);
gboolean brev_cmd_plan (BrevCall *call, GError **error);
gboolean brev_cmd_providers (BrevCall *call, GError **error);
gboolean brev_cmd_config_check (BrevCall *call, GError **error);
gboolean brev_cmd_config_show (BrevCall *call, GError **error);
gboolean brev_cmd_test (BrevCall *call, GError **error);
