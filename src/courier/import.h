/* SPDX-License-Identifier: MIT */
#pragma once

#include <dirent.h>

#include "courier/courier.h"

/**
 * brev_import_scan:
 *
 * Returns: (transfer full) (nullable): queue/, to be read by brev_import_take_names()
 */
DIR *brev_import_scan (const BrevCourier *courier, GError **error);

/**
 * brev_import_take_names:
 * @scan: (inout) (nullable): closed and %NULL when all of it is read, or with @error
 *
 * Appends the next @max names of a scan to @names: a long queue is never in memory.
 *
 * Returns: %FALSE with @error when it cannot be read to its end
 */
gboolean brev_import_take_names (const BrevCourier *courier, DIR **scan, guint max,
                                 GPtrArray *names, GError **error);

/**
 * brev_import:
 * @ids: (array of char *): names in queue/
 *
 * Gives each file that has no row its row: recipients, accounts, sender, Message-ID. A
 * file whose row is finished is a late copy, or what a crash left, and is unlinked. A
 * file that is no queue file is logged and left alone; one that cannot be read now is put
 * off.
 *
 * Returns: %FALSE when the store fails; the files without a row can be given again
 */
gboolean brev_import (BrevCourier *courier, const GPtrArray *ids, GError **error);

/* Returns: (transfer full): (array of char *): what was put off and is due again */
GPtrArray *brev_import_take_due (BrevCourier *courier);
