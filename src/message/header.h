/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* The limits of design section 7, checked before GMime sees a byte. */
#define BREV_MAX_HEADER ((gsize) 1024 * 1024)
#define BREV_MAX_ADDRESS_FIELD ((gsize) 512 * 1024)
#define BREV_MAX_FIELDS 10000
#define BREV_MAX_NESTING 8
#define BREV_MAX_ADDRESSES 10000

/* A header block in memory: whole lines, the empty line behind it left out. */
typedef struct {
    char *text; /* owned; a NUL byte stands there as 0x01: no field may hold either */
    gsize length;
    guint64 body; /* offset in the file of what follows the header */
} BrevHeaderBlock;

/* Returns: %FALSE with %BREV_ERROR_INPUT beyond a limit */
gboolean brev_header_block_read (BrevHeaderBlock *block, int fd, guint64 offset,
                                 guint64 length, GError **error);
void brev_header_block_clear (BrevHeaderBlock *block);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevHeaderBlock, brev_header_block_clear)

/* One field of a block; pointers into it. */
typedef struct {
    const char *name;
    gsize name_length;
    const char *value; /* folds and all */
    gsize value_length;
} BrevField;

/**
 * brev_field_next:
 * @cursor: a place in a block, at first its start; moved behind the field
 *
 * Returns: %FALSE at the end
 */
gboolean brev_field_next (const char **cursor, const char *end, BrevField *field);

/* Whether the field has that name, of any case. */
gboolean brev_field_is (const BrevField *field, const char *name);

/* Returns: (transfer full): the value without line ends and outer blanks */
char *brev_field_unfold (const BrevField *field);
