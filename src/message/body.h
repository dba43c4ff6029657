/* SPDX-License-Identifier: MIT */
#pragma once

#include "message/message.h"

/* A request body: pieces of text, and parts of message files and whole bodies between
 * them, which are read and encoded while the body is sent. Its length is known before the
 * first byte leaves. */
typedef struct BrevBody BrevBody;

BrevBody *brev_body_new (void);
void brev_body_free (BrevBody *body);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevBody, brev_body_free)

/* Bytes as they stand. */
void brev_body_add (BrevBody *body, const char *text);
/* A JSON string with its quotes; what is not UTF-8 becomes U+FFFD (RFC 8259 section 7). */
void brev_body_add_json (BrevBody *body, const char *text);

/* So, of a secret: a person sees another in its place, and it is wiped when the body is freed. */
void brev_body_add_secret (BrevBody *body, const char *secret);

typedef enum {
    BREV_AS_BASE64,    /* decoded, then base64 without line breaks, no quotes */
    BREV_AS_BASE64URL, /* the same in the alphabet of RFC 4648 section 5, padded */
    BREV_AS_JSON_TEXT, /* decoded to UTF-8, escaped for a JSON string, no quotes; NUL: U+FFFD */
    BREV_AS_JSON_HTML, /* so, as text of an HTML document: & < > become entities */
    BREV_AS_BYTES,     /* decoded */
    BREV_AS_LINES,     /* decoded, each line end CRLF, all else as it stands */
    BREV_AS_QUOTED,    /* so, as quoted-printable */
    BREV_AS_JSON_MAIL, /* decoded, escaped as JSON text; what is not UTF-8 is windows-1252 */
    BREV_AS_HEADER, /* as lines, but CR and NUL alone are blanks, and a line end is the last */
} BrevAs;

/**
 * brev_body_add_part:
 * @fd: the message's file, open for as long as the body lives; borrowed
 * @part: borrowed for as long
 */
void brev_body_add_part (BrevBody *body, int fd, const BrevPart *part, BrevAs as);

/**
 * brev_body_add_file:
 * @fd: open for as long as the body lives; borrowed
 * @offset: bytes from its start
 * @length: bytes
 *
 * A stretch of a file that is encoded in no way.
 */
void brev_body_add_file (BrevBody *body, int fd, guint64 offset, guint64 length,
                         BrevAs as);

/**
 * brev_body_add_body:
 * @inner: what it holds now; it may be read and freed apart from @body
 * @as: for %BREV_AS_JSON_TEXT it must be UTF-8
 */
void brev_body_add_body (BrevBody *body, const BrevBody *inner, BrevAs as);

/* (transfer full): the same pieces, to be read apart from @body. Neither may be added to
 * from then on. */
BrevBody *brev_body_share (const BrevBody *body);

/* Appends all of @tail (transfer full), which was never shared: one body out of several
 * messages' bodies. */
void brev_body_append (BrevBody *body, BrevBody *tail);

/**
 * brev_body_measure:
 * @sha256: (out) (optional): digest of the whole body, for a signature
 *
 * Goes through the whole body once.
 *
 * Returns: %FALSE with @error when a part cannot be read
 */
gboolean brev_body_measure (BrevBody *body, guint64 *length, guint8 sha256[32],
                            GError **error);

/* From now on "***" is read for each secret in it: for who shows a body to a person. */
void brev_body_hide_secrets (BrevBody *body);

/* From the start again. */
void brev_body_rewind (BrevBody *body);
/* Returns: bytes, 0 at the end, -1 with @error set */
gssize brev_body_read (BrevBody *body, void *buffer, gsize size, GError **error);
