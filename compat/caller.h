/* SPDX-License-Identifier: MIT */
#pragma once

#include "envelope/envelope.h"

/* Who runs sendmail. What the service believes about it is the uid alone, and that the
 * kernel tells it. */
typedef struct {
    guint32 uid;
    char *login;     /* owned: "uid-1234" when nobody has that number */
    char *full_name; /* owned, nullable: NAME, else of the password entry */
    char *program;   /* owned, nullable: the parent's executable, without its directory */
    gboolean is_remote; /* it speaks over TCP: @program is its address */
} BrevCaller;

BrevCaller *brev_caller_look_up (void);
void brev_caller_free (BrevCaller *caller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevCaller, brev_caller_free)

/**
 * brev_caller_take_peer:
 *
 * If @fd is a TCP connection, whoever is at its other end is the caller: neither our
 * parent nor the full name of our account has to do with the mail. The uid stays ours.
 */
void brev_caller_take_peer (BrevCaller *caller, int fd);

/**
 * brev_caller_complete:
 * @envelope: what it does not say yet (sender, full name) is the caller's
 */
void brev_caller_complete (const BrevCaller *caller, BrevEnvelope *envelope);

/**
 * brev_gecos_name:
 * @gecos: of a password entry: "& Doe,Room 3,555-1234"
 *
 * Returns: (transfer full) (nullable): "Jane Doe" for "jane"
 */
char *brev_gecos_name (const char *gecos, const char *login);
