/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* The line between brevdued and its courier. brevdued writes "new ID" and "wake"; the
 * courier, when it ends, "idle DUE COUNT": when it is to be started again, and how many
 * lines it has read, so that brevdued knows which it has not. */
typedef struct BrevControl BrevControl;

typedef struct {
    void (*arrived) (const char *id, gpointer data);
    void (*woken) (gpointer data);
    void (*closed) (gpointer data); /* brevdued is gone */
    gpointer data;
} BrevControlHooks;

/* Watches @fd (borrowed) from the default main context. */
BrevControl *brev_control_new (int fd, const BrevControlHooks *hooks);
void brev_control_free (BrevControl *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevControl, brev_control_free)

/**
 * brev_control_say_idle:
 * @due: ms since 1970, G_MAXINT64: never
 */
gboolean brev_control_say_idle (BrevControl *control, gint64 due, GError **error);

/* What a line asks for; pure. */
typedef enum {
    BREV_CONTROL_NEW,
    BREV_CONTROL_WAKE,
    BREV_CONTROL_UNKNOWN
} BrevControlWord;
BrevControlWord brev_control_parse (const char *line, const char **id);
