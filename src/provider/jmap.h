/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/json.h"
#include "provider/provider.h"

/* What is known of a JMAP server by its replies so far, and what is to be asked next. */

typedef enum {
    BREV_JMAP_SESSION, /* where, and which account (RFC 8620 section 2) */
    BREV_JMAP_LOOKUP,  /* the identity that sends, the mailbox for drafts */
    BREV_JMAP_UPLOAD,  /* the message as a blob */
    BREV_JMAP_IMPORT,  /* the blob as an Email */
    BREV_JMAP_SUBMIT,
} BrevJmapStep;

typedef struct {
    BrevJmapStep step;
    char *session_url; /* owned, as all of them; nullable before their step */
    char *api_url;
    char *upload_url;
    char *account_id;
    char *identity;
    char *mailbox;
    char *blob;
    char *email;
    gboolean was_there; /* the Email is not ours to destroy */
    guint redirects;
} BrevJmap;

void brev_jmap_clear (BrevJmap *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BrevJmap, brev_jmap_clear)

/* Returns: (transfer full): where the session of @endpoint is: itself, if it has a path */
char *brev_jmap_session_url (const char *endpoint);

/**
 * brev_jmap_read:
 * @state: (out): cleared by the caller
 * @replies: of BrevHttpReply, in order
 *
 * No URL that a server names is followed but on the host of @endpoint, or below it: the token
 * goes there.
 *
 * Returns: %FALSE when the last reply leads no further; with @error when that is the
 * configuration's fault, or the message's
 */
gboolean brev_jmap_read (BrevJmap *state, const BrevMail *mail, const char *endpoint,
                         const GPtrArray *replies, GError **error);

/* Returns: (nullable) (transfer none): what the method @name, called as @id, came to */
JsonObject *brev_jmap_result (JsonNode *root, const char *name, const char *id);

/* Returns: (nullable) (transfer none): the type of the error that the call @id ended in
 * (RFC 8620 section 3.6.2), NULL: of any call; @error: (out): all of it */
const char *brev_jmap_method_error (JsonNode *root, const char *id, JsonObject **error);

/* Returns: (nullable) (transfer none): why a lookup or an import led no further: of a method,
 * of the import, or "noIdentity", "noDrafts" */
const char *brev_jmap_find_error (JsonNode *root, JsonObject **error);

/* As of BrevProvider.example. */
BrevHttpReply *brev_jmap_example (const char *endpoint, guint n);
