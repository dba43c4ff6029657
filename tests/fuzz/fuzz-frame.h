/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* libFuzzer calls it; so does the mutation test, with changes of its own making. */
int LLVMFuzzerTestOneInput (const guint8 *bytes, gsize length);
