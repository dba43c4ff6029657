/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/types.h>

#include <glib.h>

/* A program to be started. It gets descriptors 0 to 2, @control as descriptor 3, and
 * nothing else of ours. */
typedef struct {
    const char *const *argv; /* argv[0]: its path */
    int control;             /* or -1 */
    int out;                 /* standard output; -1: ours */
    guint seconds;           /* it is ended by SIGALRM after that; 0: never */
} BrevProgram;

#define BREV_CONTROL_FD 3

/* Returns: its process id, or -1 with @error set. A program that cannot be executed ends
 * with status 127. */
pid_t brev_program_start (const BrevProgram *program, GError **error);
