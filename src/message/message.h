/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* A message as the rest of the program sees it: plain data, no GMime type. Bytes of parts
 * stay in the file; a part says where. */

typedef struct {
    char *address; /* owned: addr-spec, UTF-8; "root" when it has no domain */
    char *name;    /* owned, nullable: display name, decoded */
} BrevMailbox;

BrevMailbox *brev_mailbox_new (const char *address, const char *name);
BrevMailbox *brev_mailbox_copy (const BrevMailbox *mailbox);
void brev_mailbox_free (BrevMailbox *mailbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevMailbox, brev_mailbox_free)

typedef struct {
    char *name; /* owned, as written */
    char *raw;  /* owned: unfolded bytes, encoded words and all */
    char *text; /* owned: decoded, valid UTF-8 */
} BrevHeader;

BrevHeader *brev_header_new (const char *name, const char *raw, const char *text);
void brev_header_free (BrevHeader *header);

typedef enum {
    BREV_ENCODING_NONE,
    BREV_ENCODING_BASE64,
    BREV_ENCODING_QP,
    BREV_ENCODING_UU
} BrevEncoding;

typedef struct {
    char *type; /* owned: "text/plain", lower case; never NULL */
    char *
        content_type; /* owned: as a provider is told it: with charset, method, but no name */
    char *charset;    /* owned, nullable */
    char *filename;   /* owned, nullable, UTF-8 */
    char *content_id; /* owned, nullable, without <> */
    gboolean
        is_inline; /* shown by the HTML body, or disposition inline with a Content-ID */
    gboolean is_alternative; /* another form of the body: a calendar, AMP */
    BrevEncoding encoding;
    guint64 offset; /* bytes from the start of the file, of the encoded content */
    guint64 length; /* bytes, encoded */
} BrevPart;

void brev_part_free (BrevPart *part);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevPart, brev_part_free)

/* A header field as it stands in the file, folds and all. */
typedef struct {
    char *name;     /* owned, as written */
    guint64 offset; /* bytes from the start of the file */
    guint64 length; /* with its line end, which the last one may lack */
} BrevPlace;

BrevPlace *brev_place_new (const char *name, guint64 offset, guint64 length);
void brev_place_free (BrevPlace *place);

/* A part that is encoded in no way, and is not UTF-8 or holds a NUL. Where it has to be, it can
 * be encoded: its content, and its field Content-Transfer-Encoding. */
typedef struct {
    guint64 field;          /* where that field stands, or may; but see @is_body */
    guint64 field_length;   /* 0: there is none */
    guint64 offset, length; /* of the content */
    gboolean is_body;       /* the message itself, whose fields are among its places */
    gboolean is_message;    /* of an attached message all, and that lacks MIME-Version */
    gboolean is_signed;     /* a signature covers it as it is (RFC 1847) */
} BrevOdd;

/* What a message has and this model does not carry whole, or carries changed. The name, the
 * class and the help of each are in brev_features[]. */
typedef enum {
    BREV_FEATURE_SIGNED,             /* multipart/signed, S/MIME signature */
    BREV_FEATURE_ENCRYPTED,          /* multipart/encrypted, enveloped S/MIME */
    BREV_FEATURE_REPORT,             /* multipart/report */
    BREV_FEATURE_SEVERAL_FROM,       /* more than one author */
    BREV_FEATURE_SENDER,             /* a Sender field that differs from From */
    BREV_FEATURE_CALENDAR,           /* text/calendar among the alternatives */
    BREV_FEATURE_AMP,                /* text/x-amp-html among the alternatives */
    BREV_FEATURE_ALTERNATIVE,        /* another alternative than text and HTML */
    BREV_FEATURE_NESTING,            /* part nesting the model flattens */
    BREV_FEATURE_FLOWED,             /* format=flowed, delsp */
    BREV_FEATURE_CHARSET,            /* a body in another charset than UTF-8 */
    BREV_FEATURE_SEVERAL_TEXTS,      /* further text parts, carried as attachments */
    BREV_FEATURE_ATTACHED_MESSAGE,   /* a message/rfc822 part */
    BREV_FEATURE_INLINE,             /* an image that the HTML body shows */
    BREV_FEATURE_FILE_NAME,          /* a name beyond ASCII, or one that is refused */
    BREV_FEATURE_ATTACHMENT_CHARSET, /* a text attachment that names its charset */
    BREV_FEATURE_PART_HEADERS, /* Content-Description, -Location, -Language and the like */
    BREV_FEATURE_DATE,         /* a Date more than an hour from now */
    BREV_FEATURE_MESSAGE_ID,
    BREV_FEATURE_REPEATED_HEADER,  /* a header field given twice */
    BREV_FEATURE_RESENT,           /* Resent-* fields */
    BREV_FEATURE_RECEIVED,         /* Received and the like: marks of a forward */
    BREV_FEATURE_DKIM,             /* DKIM-Signature, ARC-*: signatures of other hosts */
    BREV_FEATURE_LIST_HEADERS,     /* List-*, In-Reply-To, References */
    BREV_FEATURE_GROUP,            /* group syntax: undisclosed-recipients:; */
    BREV_FEATURE_HIDDEN_RECIPIENT, /* a header recipient outside the envelope */
    BREV_FEATURE_MOVED_RECIPIENT,  /* shown in To although the header has it elsewhere */
    BREV_FEATURE_REPLY_TO,         /* Reply-To, where the request has no place for it */
    BREV_FEATURE_TEXT_FORM,  /* text beside HTML, where the request has no place for it */
    BREV_FEATURE_HTML_FORM,  /* HTML, where it has none for that */
    BREV_FEATURE_ATTACHMENT, /* an attachment, so */
    BREV_FEATURE_TEXT_ALONE, /* text without HTML, where the provider wants some */
    BREV_FEATURE_ALIAS,      /* a header recipient whom an alias leads elsewhere */
    BREV_FEATURE_SHORT,      /* a Subject or body below the provider's least length */
    BREV_FEATURE_FROM_NAME,  /* a display name in From, where the provider has its own */
    BREV_FEATURE_EMPTY_BODY,
    BREV_FEATURE_EMPTY_SUBJECT,
    BREV_FEATURE_EIGHT_BIT,   /* bytes that are not UTF-8, where a request is text */
    BREV_FEATURE_BROKEN_MIME, /* an unreadable part, taken as it stands */
    BREV_FEATURE_LAST
} BrevFeature;

typedef guint64 BrevFeatures; /* of BREV_BIT (BREV_FEATURE_...) */
#define BREV_BIT(feature) ((BrevFeatures) 1 << (feature))
#define BREV_HAS(features, feature) (((features) &BREV_BIT (feature)) != 0)

typedef struct {
    const char *name; /* "signed" */
    gboolean is_material;
    const char *help;
} BrevFeatureHelp;

extern const BrevFeatureHelp brev_features[BREV_FEATURE_LAST];

typedef struct {
    GPtrArray *from;     /* owned, of BrevMailbox; may be empty */
    BrevMailbox *sender; /* owned, nullable */
    GPtrArray *reply_to; /* owned, of BrevMailbox */
    GPtrArray *to;       /* owned, of BrevMailbox: the header's, not the envelope's */
    GPtrArray *cc;
    char *subject;      /* owned, decoded; "" when there is none */
    char *message_id;   /* owned, nullable, with <>, byte for byte */
    gint64 date;        /* ms since 1970; 0: none, or not readable */
    GPtrArray *headers; /* owned, of BrevHeader: every other field, in order, but never
                              Bcc, Resent-Bcc, Return-Path, Content-*, MIME-Version */
    BrevPart *text;     /* owned, nullable */
    BrevPart *html;     /* owned, nullable */
    GPtrArray *attachments; /* owned, of BrevPart, in order, inline ones among them */
    BrevFeatures features;
    guint64 offset; /* of the message in its file */
    guint64 length;
    GPtrArray *places; /* owned, of BrevPlace: each field, in order */
    guint64 body;      /* where in the file the header is over, its empty line too */
    gboolean is_utf8;  /* all of it, and without a NUL */
    GPtrArray *odd;    /* owned, of BrevOdd, in order: the parts that are not */
} BrevMessage;

/**
 * brev_message_decode:
 * @fd: the file; seekable; read with its own position, which is not restored
 * @offset: where the message starts
 * @length: bytes of the message
 *
 * Reads a message with GMime, within limits that are checked before GMime sees a byte
 * (header block 1 MB, one address field 512 KB, group nesting 8, 10,000 header fields,
 * 1,000 parts, depth 64). What GMime cannot read at all is one text/plain body.
 *
 * Returns: (transfer full) (nullable): or %NULL with %BREV_ERROR_INPUT beyond a limit
 */
BrevMessage *brev_message_decode (int fd, guint64 offset, guint64 length, GError **error);
void brev_message_free (BrevMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevMessage, brev_message_free)

/* (nullable) (transfer none): the first field of that name, of any case */
const BrevHeader *brev_message_header (const BrevMessage *message, const char *name);

/* Returns: (transfer full): @text in ASCII, by encoded words where it must be (RFC 2047) */
char *brev_header_encode (const char *text);

/* Reading a part: decoded bytes, and for text, UTF-8. */
typedef struct BrevReader BrevReader;

/**
 * brev_reader_new:
 * @fd: the message's file; borrowed, must stay open; read with pread or its own position
 * @as_utf8: decode the charset too (text and HTML bodies)
 */
BrevReader *brev_reader_new (int fd, const BrevPart *part, gboolean as_utf8,
                             GError **error);
/* Returns: bytes, 0 at the end, -1 with @error set */
gssize brev_reader_read (BrevReader *reader, void *buffer, gsize size, GError **error);
void brev_reader_free (BrevReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevReader, brev_reader_free)
