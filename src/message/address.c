/* SPDX-License-Identifier: MIT */
#include "message/address.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "message/gmime.h"
#include "message/header.h"
#include "message/token.h"
#include "message/words.h"

/* GMime is the one parser of addresses. It is given one piece of a list at a time, so
 * that what it cannot read is known, and no groups: it calls itself for each. Should it
 * see one where we see none, there are no more of them than colons. */
#define MAX_PIECE (64 * 1024)
#define MAX_COLONS 64

/* What stands between two separators, and what was seen of it outside quotes, comments,
 * domain literals and encoded words. */
typedef struct {
    const char *start;
    GString *text;       /* what GMime is given */
    const char *comment; /* nullable: inside of the last one */
    gsize comment_length;
    gboolean has_word; /* more than blanks, comments and angles */
    gboolean has_at;
    gboolean is_open; /* a quote or comment never ends */
    guint angles;
} Piece;

typedef struct {
    BrevAddressList *list;
    GMimeParserOptions *options;
    int warnings; /* of GMime, about this piece */
    guint depth;  /* of groups */
    Piece piece;
} Cutter;

BrevAddressList *
brev_address_list_new (void)
{
    BrevAddressList *list = g_new0 (BrevAddressList, 1);

    list->mailboxes = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
    list->bad = g_ptr_array_new_with_free_func (g_free);
    return list;
}

void
brev_address_list_free (BrevAddressList *list)
{
    if (list == NULL)
        return;
    g_ptr_array_unref (list->mailboxes);
    g_ptr_array_unref (list->bad);
    g_free (list);
}

void
brev_address_list_take (BrevAddressList *list, BrevAddressList *more)
{
    g_ptr_array_extend_and_steal (list->mailboxes, g_ptr_array_ref (more->mailboxes));
    g_ptr_array_extend_and_steal (list->bad, g_ptr_array_ref (more->bad));
    list->has_group |= more->has_group;
}

/* What GMime made of a piece */

/* What may stand in an SMTP command, a JSON string or a header, and cannot be taken for
 * more than one address there. */
static gboolean
is_clean (const char *address, int at)
{
    if (!g_utf8_validate (address, -1, NULL) || strstr (address, "=?") != NULL)
        return FALSE;
    if (at >= 0 && strpbrk (address + at + 1, "<>(),;\" ") != NULL)
        return FALSE;
    for (; *address != '\0'; address = g_utf8_find_next_char (address, NULL))
        if (g_unichar_iscntrl (g_utf8_get_char (address)))
            return FALSE;
    return TRUE;
}

static char *
read_name (const Piece *piece, InternetAddress *address, gboolean is_only)
{
    char *name = brev_gmime_line (internet_address_get_name (address));

    if (name == NULL && is_only && piece->comment != NULL) { /* root (Cron Daemon) */
        g_autofree char *raw = g_strndup (piece->comment, piece->comment_length);
        g_autofree char *text = brev_gmime_decode (raw);
        name = brev_gmime_line (text);
    }
    return name;
}

/* Returns: (nullable): one address that GMime found */
static BrevMailbox *
read_mailbox (const Piece *piece, InternetAddress *address, gboolean is_only)
{
    InternetAddressMailbox *found;
    const char *spelled;
    g_autofree char *name = NULL;

    if (!INTERNET_ADDRESS_IS_MAILBOX (address))
        return NULL;
    found = INTERNET_ADDRESS_MAILBOX (address);
    /* As written: GMime makes letters of the first form of a domain, and back. */
    spelled = strstr (piece->text->str, "xn--") != NULL
                  ? internet_address_mailbox_get_idn_addr (found)
                  : internet_address_mailbox_get_addr (found);
    if (!is_clean (spelled, found->at) || (found->at < 0 && !is_only))
        return NULL;
    name = read_name (piece, address, is_only);
    return brev_mailbox_new (spelled, name);
}

static gboolean
is_safe_for_gmime (const Piece *piece)
{
    guint colons = 0;

    for (const char *p = piece->text->str; *p != '\0'; p++)
        colons += *p == ':';
    return !piece->is_open && piece->text->len <= MAX_PIECE && colons <= MAX_COLONS;
}

/* Outlook writes 'a@b' for a@b. */
static void
trim_apostrophes (GString *text)
{
    g_strstrip (text->str);
    g_string_truncate (text, strlen (text->str));
    if (text->len > 2 && text->str[0] == '\'' && text->str[text->len - 1] == '\'') {
        g_string_truncate (text, text->len - 1);
        g_string_erase (text, 0, 1);
    }
}

static void
count_warning (gint64 offset, GMimeParserWarning warning, const char *item, gpointer data)
{
    if (warning == GMIME_WARN_INVALID_ADDRESS_LIST)
        ++*(int *) data;
}

/* Adds what the piece holds, or nothing when GMime could not read all of it: it warns
 * once for each comma that is missing between two addresses, and for all that it leaves
 * out. Of "a@b c <d@e>" nobody can tell what the first address is. */
static gboolean
read_piece (Cutter *cutter)
{
    Piece *piece = &cutter->piece;
    g_autoptr (GPtrArray) mailboxes =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mailbox_free);
    g_autoptr (InternetAddressList) found = NULL;
    g_autofree char *text = NULL;
    int n = 0;

    trim_apostrophes (piece->text);
    if (!is_safe_for_gmime (piece))
        return FALSE;
    cutter->warnings = 0;
    text = brev_words_join (piece->text->str);
    found = internet_address_list_parse (cutter->options, text);
    if (found != NULL)
        n = internet_address_list_length (found);
    if (cutter->warnings != n - 1 ||
        (n > 1 && piece->angles > 0 && piece->angles != (guint) n))
        return FALSE;
    for (int i = 0; i < n; i++) {
        BrevMailbox *mailbox =
            read_mailbox (piece, internet_address_list_get_address (found, i), n == 1);
        if (mailbox == NULL)
            return FALSE;
        g_ptr_array_add (mailboxes, mailbox);
    }
    g_ptr_array_extend_and_steal (cutter->list->mailboxes, g_steal_pointer (&mailboxes));
    return TRUE;
}

/* Cutting */

static void
begin_piece (Cutter *cutter, const char *start)
{
    GString *text = cutter->piece.text;

    g_string_truncate (text, 0);
    cutter->piece = (Piece){ .start = start, .text = text };
}

static void
add_bad (Cutter *cutter, const char *end)
{
    const char *start = cutter->piece.start;
    char *piece = g_strndup (start, (gsize) (end - start));

    g_ptr_array_add (cutter->list->bad, g_strstrip (piece));
}

static gboolean
end_piece (Cutter *cutter, const char *end, GError **error)
{
    const BrevAddressList *list = cutter->list;

    if (cutter->piece.has_word && !read_piece (cutter))
        add_bad (cutter, end);
    if (list->mailboxes->len + list->bad->len <= BREV_MAX_ADDRESSES)
        return TRUE;
    return brev_throw (error, BREV_ERROR_INPUT, "more than %d addresses in a field",
                       BREV_MAX_ADDRESSES);
}

/* What stands before the colon is the name of a group. */
static gboolean
open_group (Cutter *cutter, const char *colon, GError **error)
{
    if (cutter->piece.has_at)
        add_bad (cutter, colon);
    begin_piece (cutter, colon + 1);
    cutter->list->has_group = TRUE;
    if (++cutter->depth <= BREV_MAX_NESTING)
        return TRUE;
    return brev_throw (error, BREV_ERROR_INPUT,
                       "groups nest deeper than %d in an address field",
                       BREV_MAX_NESTING);
}

/* GMime wants quotes around an encoded word that holds what means something outside. */
static void
append_token (GString *text, const char *token, gsize length)
{
    g_autofree char *copy = length > 1 ? g_strndup (token, length) : NULL;
    gboolean is_quoted =
        copy != NULL && *copy == '=' && strpbrk (copy, ",;:<>()@[]") != NULL;

    if (is_quoted)
        g_string_append_c (text, '"');
    g_string_append_len (text, token, (gssize) length);
    if (is_quoted)
        g_string_append_c (text, '"');
}

static void
note_token (Piece *piece, const char *token, gsize length)
{
    if (*token == '(' && !piece->is_open) {
        piece->comment = token + 1;
        piece->comment_length = length - 2;
    }
    piece->angles += *token == '<';
    piece->has_at |= *token == '@';
    piece->has_word |= piece->is_open || strchr (" \t\r\n<>(", *token) == NULL;
}

static gboolean
take (Cutter *cutter, const char *token, gsize length, GError **error)
{
    Piece *piece = &cutter->piece;

    if (*token == ';' || *token == ',') {
        if (!end_piece (cutter, token, error))
            return FALSE;
        begin_piece (cutter, token + 1);
        if (*token == ';' && cutter->depth > 0)
            cutter->depth--;
        return TRUE;
    }
    if (*token == ':' && piece->angles == 0)
        return open_group (cutter, token, error);
    if (brev_text_is_idle_backslash (token))
        return TRUE;
    note_token (piece, token, length);
    append_token (piece->text, token, length);
    return TRUE;
}

static gboolean
cut (Cutter *cutter, const char *text, GError **error)
{
    begin_piece (cutter, text);
    while (*text != '\0') {
        const char *after = brev_token_skip (text);

        cutter->piece.is_open |= after == NULL;
        if (after == NULL)
            after = text + strlen (text);
        if (!take (cutter, text, (gsize) (after - text), error))
            return FALSE;
        text = after;
    }
    return end_piece (cutter, text, error);
}

/* Words of letters, digits and @more, with a dot between any two. */
static gboolean
are_plain_words (const char *text, gsize length, const char *more)
{
    for (gsize i = 0; i < length; i++)
        if (text[i] == '.' ? i == 0 || i + 1 == length || text[i + 1] == '.'
                           : !g_ascii_isalnum (text[i]) && strchr (more, text[i]) == NULL)
            return FALSE;
    return length > 0;
}

/* One address of which everybody knows what it means: most are. */
static gboolean
is_plain (const char *text)
{
    const char *at = strchr (text, '@');

    return at != NULL && are_plain_words (text, (gsize) (at - text), "-_+=") &&
           are_plain_words (at + 1, strlen (at + 1), "-") && strstr (at, "xn--") == NULL;
}

static BrevAddressList *
parse (const char *text, GError **error)
{
    g_autoptr (BrevAddressList) list = brev_address_list_new ();
    g_autoptr (GMimeParserOptions) options =
        g_mime_parser_options_clone (brev_gmime_options ());
    g_autoptr (GString) piece = g_string_new (NULL);
    Cutter cutter = { .list = list, .options = options, .piece = { .text = piece } };

    if (strlen (text) > BREV_MAX_ADDRESS_FIELD) {
        (void) brev_throw (error, BREV_ERROR_INPUT,
                           "an address field is larger than 512 KB");
        return NULL;
    }
    g_mime_parser_options_set_allow_addresses_without_domain (options, TRUE);
    g_mime_parser_options_set_warning_callback (options, count_warning, &cutter.warnings);
    return cut (&cutter, text, error) ? g_steal_pointer (&list) : NULL;
}

BrevAddressList *
brev_address_parse (const char *text, GError **error)
{
    BrevAddressList *list;

    if (!is_plain (text))
        return parse (text, error);
    list = brev_address_list_new ();
    g_ptr_array_add (list->mailboxes, brev_mailbox_new (text, NULL));
    return list;
}
