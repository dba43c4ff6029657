/* SPDX-License-Identifier: MIT */
#pragma once

#include "provider/encode.h"

/* A request body as the configuration describes it: JSON in which a string that is a
 * placeholder, "${subject}", stands for what a mail has. It is parsed as JSON before anything
 * is put in, and what is put in is written as JSON: no text of a mail can become syntax.
 *
 * A list, "${to}", is one text, "a, b"; an array whose one element speaks of a list has that
 * element for each of the list: ["${to}"], [{"email": "${cc-address}"}]. What a mail does not
 * have is left out: the member, or the element. */
typedef struct BrevTemplate BrevTemplate;

/* What a template, or a text, has a place for. */
typedef enum {
    BREV_PLACE_FROM = 1 << 0,
    BREV_PLACE_TO = 1 << 1,
    BREV_PLACE_CC = 1 << 2,
    BREV_PLACE_BCC = 1 << 3,
    BREV_PLACE_RECIPIENTS = 1 << 4, /* all of the envelope */
    BREV_PLACE_REPLY_TO = 1 << 5,
    BREV_PLACE_TEXT = 1 << 6,
    BREV_PLACE_HTML = 1 << 7,
    BREV_PLACE_ATTACHMENT = 1 << 8,
    BREV_PLACE_CONTENT_ID = 1 << 9,
    BREV_PLACE_TYPE = 1 << 10, /* of an attachment */
    BREV_PLACE_HEADERS = 1 << 11,
    BREV_PLACE_MESSAGE_ID = 1 << 12,
    BREV_PLACE_SUBJECT = 1 << 13,
    BREV_PLACE_RAW = 1 << 14, /* the message itself */
} BrevPlaces;

/* Returns: (transfer full) (nullable): or %NULL with %BREV_ERROR_CONFIG */
BrevTemplate *brev_template_parse (const char *json, GError **error);
void brev_template_free (BrevTemplate *template);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevTemplate, brev_template_free)
BrevPlaces brev_template_places (const BrevTemplate *template);

/* The body of the request that carries @mail. */
BrevBody *brev_template_write (const BrevTemplate *template, const BrevMail *mail);

/**
 * brev_template_texts:
 * @value: a placeholder, or any other text, which stands for itself
 *
 * Returns: (transfer full): of char *: what it says of @mail; for a list each of
 * it, and nothing for what the mail does not have
 */
GPtrArray *brev_template_texts (const char *value, const BrevMail *mail);

/**
 * brev_template_text_places:
 * @places: (out): what @value has a place for
 *
 * Returns: %FALSE with %BREV_ERROR_CONFIG when it is no text and no placeholder of a text
 */
gboolean brev_template_text_places (const char *value, BrevPlaces *places,
                                    GError **error);
