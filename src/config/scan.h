/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/schema.h"

/* One readable line of a file: a setting, or the head of a section. */
typedef struct {
    const BrevSetting *setting; /* NULL: a head */
    BrevGroup group;
    char *section; /* owned: NAME of [account NAME]; "" in [brevdue] */
    char *value;   /* owned, NULL with a head */
    guint line;
} BrevEntry;

/**
 * brev_scan:
 * @file: its name, for problems
 * @problems: where what cannot be read is added, as BrevProblem
 *
 * GKeyFile reads the values, but it refuses a whole file for one bad line, merges
 * duplicates without a word and does not tell lines: it is given the lines found good
 * here. Each good line counts, whatever stands beside it.
 *
 * Returns: (transfer full): (array of BrevEntry), in the order of the file
 */
GPtrArray *brev_scan (const char *file, const char *text, gsize length,
                      GPtrArray *problems);

/* Adds a problem. */
void brev_problem_add (GPtrArray *problems, const char *file, guint line,
                       const char *format, ...) G_GNUC_PRINTF (4, 5);
