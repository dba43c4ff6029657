/* SPDX-License-Identifier: MIT */
#pragma once

#include "message/body.h"
#include "provider/mail.h"

/* Writing JSON into a request body, with the commas in their places. Text becomes one
 * line: control characters, which some provider might copy into a header, become spaces.
 */
typedef struct {
    BrevBody *body; /* borrowed */
    gboolean needs_comma;
} BrevJson;

void brev_json_open (BrevJson *json, char bracket);
void brev_json_close (BrevJson *json, char bracket);
void brev_json_name (BrevJson *json, const char *name);
void brev_json_text (BrevJson *json, const char *text);
/* "true", "null", "42" */
void brev_json_word (BrevJson *json, const char *word);
/* A part of a message's file as a string, streamed. */
void brev_json_part (BrevJson *json, int fd, const BrevPart *part, BrevAs as);

/* A name and a string. */
void brev_json_pair (BrevJson *json, const char *name, const char *text);
/* A name and one string, "Name <a@b>, c@d"; nothing at all when there is no mailbox. */
void brev_json_mailboxes (BrevJson *json, const char *name, const GPtrArray *mailboxes);

/**
 * brev_header_value:
 *
 * Returns: (transfer none): what a provider is given as the field's value: as written
 * while that is plain ASCII, encoded words and all; else its decoded text
 */
const char *brev_header_value (const BrevHeader *header);

/**
 * brev_part_filename:
 * @index: of the part in its message, for a name that is made
 *
 * Returns: (transfer full): the part's name, or "attachment-1.pdf" after its type; never
 * an extension that mail providers refuse
 */
char *brev_part_filename (const BrevPart *part, guint index);

/* Whether a request says the part at all; an empty one is none. */
gboolean brev_part_has_content (const BrevPart *part);
