/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "admin/commands.h"
#include "admin/follow.h"
#include "admin/output.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#define DEFAULT_TIMEOUT 20 /* seconds, as an attempt may take in direct mode */

static void
print_recipient (const BrevListed *listed, const BrevStoreRecipient *recipient)
{
    g_autofree char *address = brev_text_printable (recipient->address);
    g_autofree char *reply =
        brev_text_printable (recipient->reply == NULL ? "" : recipient->reply);

    (void) printf ("%s: to=<%s>, status=%s%s%s%s\n", listed->message->id, address,
                   brev_listed_recipient_state (listed, recipient),
                   *reply == '\0' ? "" : " (", reply, *reply == '\0' ? "" : ")");
}

static void
print_text (const BrevListed *listed)
{
    const GPtrArray *recipients = listed->message->recipients;

    for (guint i = 0; i < recipients->len; i++)
        print_recipient (listed, recipients->pdata[i]);
    if (recipients->len == 0)
        (void) printf ("%s: status=%s\n", listed->message->id, listed->state);
}

gboolean
brev_cmd_queue_wait (BrevCall *call, GError **error)
{
    const char *id = brev_call_argument (call, 0);
    g_autoptr (BrevListed) listed = NULL;
    gint64 uid, timeout = DEFAULT_TIMEOUT * BREV_SECOND;

    if (!brev_call_peer (call, &uid, error) || !brev_call_timeout (call, &timeout, error))
        return FALSE;
    listed = brev_follow (call->config, id, timeout, error);
    if (listed == NULL)
        return FALSE;
    if (uid >= 0 && listed->message->uid != uid)
        return brev_throw (error, BREV_ERROR_NO_FILE, "no message '%s' of user %d", id,
                           (int) uid);
    if (call->is_json) {
        g_autoptr (JsonBuilder) json = json_builder_new ();
        brev_listed_json (json, listed);
        brev_out_print (json);
    } else {
        print_text (listed);
    }
    return TRUE;
}
