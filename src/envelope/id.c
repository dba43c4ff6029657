/* SPDX-License-Identifier: MIT */
#include "envelope/frame.h"

#include <string.h>
#include <sys/random.h>

static const char id_digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
#define ID_BASE (sizeof id_digits - 1)

void
brev_id_new (char id[BREV_ID_LENGTH + 1])
{
    gsize n = 0;

    while (n < BREV_ID_LENGTH) {
        guint8 random[2 * BREV_ID_LENGTH];
        if (getrandom (random, sizeof random, 0) != (ssize_t) sizeof random)
            continue; /* interrupted before the kernel had its first entropy */
        for (gsize i = 0; i < sizeof random && n < BREV_ID_LENGTH; i++)
            if (random[i] <
                256 / ID_BASE * ID_BASE) /* beyond, low digits would be likelier */
                id[n++] = id_digits[random[i] % ID_BASE];
    }
    id[n] = '\0';
}

gboolean
brev_id_is_valid (const char *id)
{
    return strlen (id) == BREV_ID_LENGTH && strspn (id, id_digits) == BREV_ID_LENGTH;
}
