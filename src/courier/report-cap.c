/* SPDX-License-Identifier: MIT */
#include "courier/report-cap.h"

#include "base/clock.h"

gboolean
brev_report_cap (BrevStoreReportCount *count, guint limit, gint64 now)
{
    /* the second half: the clock was set back */
    if (now - count->since >= BREV_REPORT_CAP_WINDOW || count->since > now)
        *count = (BrevStoreReportCount){ .since = now };
    if (count->sent < limit) {
        count->sent++;
        return TRUE;
    }
    if (count->digest[0] == '\0') {
        brev_id_new (count->digest);
        count->digest_due = count->since + BREV_REPORT_CAP_WINDOW;
    }
    return FALSE;
}
