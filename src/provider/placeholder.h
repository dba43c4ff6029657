/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/template.h"

/* The words of a template: what each of them says of a mail. */

/* What there may be several of. */
typedef enum {
    BREV_LIST_NONE,
    BREV_LIST_TO,
    BREV_LIST_CC,
    BREV_LIST_BCC,
    BREV_LIST_REPLY_TO,
    BREV_LIST_RECIPIENTS,
    BREV_LIST_HEADERS,
    BREV_LIST_ATTACHMENTS,
} BrevList;

/* Where in a template we are, and of which mail. */
typedef struct {
    const BrevMail *mail;
    BrevPlaces places; /* of the template */
    BrevList list;     /* whose element is written: the @index-th; NONE: outside of any */
    guint index;
} BrevFocus;

typedef struct {
    const char *name;
    BrevList list;
    BrevPlaces place;
    char *(*say) (const BrevFocus *focus, BrevList list); /* (transfer full) (nullable) */
    void (*write) (const BrevFocus *focus, BrevJson *json); /* in place of @say: what is
                                                               streamed, or no text */
} BrevPlaceholder;

/* (nullable): the one that @text is, whole */
const BrevPlaceholder *brev_placeholder_find (const char *text);

/* Whether of a list that has no text of its own: a header field, an attachment. */
gboolean brev_placeholder_needs_array (const BrevPlaceholder *one);

/* Returns: (transfer full) (nullable): what one with @say says; of a list outside of its
 * array all in one */
char *brev_placeholder_say (const BrevPlaceholder *one, const BrevFocus *focus);
/* Whether there is something to write in the place of one without. */
gboolean brev_placeholder_has_content (const BrevPlaceholder *one,
                                       const BrevFocus *focus);

/* How many the mail has of them. */
guint brev_list_length (const BrevMail *mail, BrevList list);
