/* SPDX-License-Identifier: MIT */
#include "envelope/envelope.h"

BrevEnvelope *
brev_envelope_new (void)
{
    BrevEnvelope *envelope = g_new0 (BrevEnvelope, 1);

    envelope->sender = g_strdup ("");
    envelope->recipients = g_ptr_array_new_with_free_func (g_free);
    return envelope;
}

void
brev_envelope_free (BrevEnvelope *envelope)
{
    if (envelope == NULL)
        return;
    g_free (envelope->sender);
    g_ptr_array_unref (envelope->recipients);
    g_free (envelope->full_name);
    g_free (envelope->login);
    g_free (envelope->program);
    g_free (envelope->envid);
    g_free (envelope);
}
