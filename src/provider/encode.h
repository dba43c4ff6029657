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

/* A body as a string, streamed. */
void brev_json_body (BrevJson *json, const BrevBody *inner, BrevAs as);

/* A name and a string. */
void brev_json_pair (BrevJson *json, const char *name, const char *text);
/* A name and a secret: see brev_body_add_secret(). */
void brev_json_secret (BrevJson *json, const char *name, const char *secret);
/* A name and one string, "Name <a@b>, c@d"; nothing at all when there is no mailbox. */
void brev_json_mailboxes (BrevJson *json, const char *name, const GPtrArray *mailboxes);

/* An object of two strings: {"Name": "X-A", "Value": "1"}, by the members' names. */
void brev_json_named_value (BrevJson *json, const char *name_member, const char *name,
                            const char *value_member, const char *value);
/* A name and an object of the fields, of BrevHeader; nothing when there are none. */
void brev_json_fields (BrevJson *json, const char *member, const GPtrArray *fields);

/* A name and a boolean. */
void brev_json_flag (BrevJson *json, const char *name, gboolean value);
/* An object of a mailbox, its members called @address and @name; one of a name and an array
 * of such objects, nothing at all when there is no mailbox. */
void brev_json_mailbox (BrevJson *json, const BrevMailbox *mailbox, const char *address,
                        const char *name);
void brev_json_mailbox_list (BrevJson *json, const char *member,
                             const GPtrArray *mailboxes, const char *address,
                             const char *name);

/* A name and the object of the first mailbox; nothing when there is none. */
void brev_json_first_mailbox (BrevJson *json, const char *member,
                              const GPtrArray *mailboxes, const char *address,
                              const char *name);

/**
 * brev_json_header_members:
 *
 * The fields of a mail as members of the object that is open. A name that comes again is
 * left out: an object holds it once (%BREV_FEATURE_REPEATED_HEADER).
 */
void brev_json_header_members (BrevJson *json, const BrevMail *mail);

/* A name and an object of the fields; nothing when there are none. */
void brev_json_headers (BrevJson *json, const char *member, const BrevMail *mail);

/* So, with the Message-ID before them. */
void brev_json_headers_and_id (BrevJson *json, const char *member, const BrevMail *mail);

/* A name and an array of objects of the fields, Reply-To before them; nothing when there are
 * none. */
void brev_json_header_list (BrevJson *json, const char *member, const BrevMail *mail,
                            const char *name_member, const char *value_member);

/* The text and the HTML body of a mail, each as far as it has one; one blank for neither. */
void brev_json_bodies (BrevJson *json, const BrevMail *mail, const char *text,
                       const char *html);

/* The same; those that may have less than @min characters are filled up: a dot behind
 * blanks, a comment in HTML. */
void brev_json_filled_bodies (BrevJson *json, const BrevMail *mail, const char *text,
                              const char *html, guint min);

/* The text body of a mail as a string of HTML. */
void brev_json_text_as_html (BrevJson *json, const BrevMail *mail);

/* What the members of an attachment are called; NULL: there is no such member. */
typedef struct {
    const char *filename, *type, *content, *content_id;
    gboolean has_bare_type;        /* the type without its parameters */
    gboolean has_fitting_type;     /* none that the name contradicts: see below */
    const char *const *extensions; /* nullable: the only ones that are taken */
    const char *const *types; /* nullable: so; other text, and messages, are text/plain */
    const char *disposition;  /* of a member: "inline" or "attachment" */
    gboolean wants_extension; /* a name without one gets that of the type */
} BrevAttachmentNames;

/* Members of the object that is open: the attachment @index of the mail. An empty file,
 * which providers refuse, has one line feed. */
void brev_json_attachment (BrevJson *json, const BrevMail *mail, guint index,
                           const BrevAttachmentNames *names);

/**
 * brev_json_attachments:
 * @is_one: (nullable): which of the attachments; all of them
 *
 * A name and an array of their objects; nothing when there are none.
 */
void brev_json_attachments (BrevJson *json, const char *member, const BrevMail *mail,
                            const BrevAttachmentNames *names,
                            gboolean (*is_one) (const BrevPart *part));

/**
 * brev_header_value:
 *
 * Returns: (transfer none): what a provider is given as the field's value: as written
 * while that is plain ASCII, encoded words and all; else its decoded text
 */
const char *brev_header_value (const BrevHeader *header);

/* Returns: (transfer full): so, with an encoded word in place of that text (RFC 2047) */
char *brev_header_value_ascii (const BrevHeader *header);

/**
 * brev_part_filename:
 * @index: of the part in its message, for a name that is made
 *
 * Returns: (transfer full): the part's name, or "attachment-1.pdf" after its type; never
 * an extension that mail providers refuse
 */
char *brev_part_filename (const BrevPart *part, guint index);

/* So, with ".txt" at its end if its extension is none of @extensions (NULL-terminated). */
char *brev_part_filename_of (const BrevPart *part, guint index,
                             const char *const *extensions);

/* So, with the extension of its type if it has none. */
char *brev_part_filename_whole (const BrevPart *part, guint index);

/* Whether the extension of @filename stands for the type of the part; one without an
 * extension contradicts nothing. */
gboolean brev_part_fits_name (const BrevPart *part, const char *filename);

/* A name and an array of strings, "Name <a@b>"; nothing when there is no mailbox. */
void brev_json_mailbox_texts (BrevJson *json, const char *name,
                              const GPtrArray *mailboxes);

/* Whether a request says the part at all; an empty one is none. */
gboolean brev_part_has_content (const BrevPart *part);
