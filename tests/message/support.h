/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Returns: an unlinked file with these bytes in it; aborts when there is none to be had
 */
int test_file (const void *bytes, gsize length);
