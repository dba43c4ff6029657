/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Sound frames of several kinds. Returns: (transfer full): (array of GByteArray) */
GPtrArray *brev_frame_seeds (void);

/* Makes length and checksum right again, so that a change gets past them. */
void brev_frame_mend (GByteArray *frame);
