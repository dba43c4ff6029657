/* SPDX-License-Identifier: MIT */
#include "message/address.h"

#include <string.h>

#include "base/error.h"
#include "message/gmime.h"
#include "message/header.h"

/* GMime's own address parser is not used: it makes a@b of "a@b@c", rewrites xn-- domains,
 * drops what it cannot read without a word, and recurses for each nested group. This one
 * looks at each byte once and keeps its place in two numbers. GMime decodes names. */

typedef enum {
    TOKEN_END,
    TOKEN_ATOM,    /* a run of bytes that mean nothing here, or one encoded word */
    TOKEN_QUOTED,  /* "..." */
    TOKEN_COMMENT, /* (...) */
    TOKEN_LITERAL, /* [...] */
    TOKEN_SPECIAL, /* one of < > @ . , ; : */
} TokenKind;

typedef struct {
    TokenKind kind;
    const char *start;
    gsize length;
    gboolean is_apart; /* blanks or a comment stand before it */
} Token;

typedef struct {
    BrevAddressList *list;
    GArray *words; /* of Token: what the current item has so far, comments apart */
    GArray *angle; /* of Token: between < and > */
    GArray *after; /* of Token: behind > */
    gboolean has_angle;
    gboolean in_angle;
    Token comment;     /* the last one of the item */
    const char *start; /* of the item */
    guint depth;       /* of groups */
} Parser;

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

/* Lexer */

static gboolean
is_space (char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the quoted string or domain literal at @p, or the end of the text. */
static const char *
skip_quoted (const char *p, char close)
{
    for (p++; *p != '\0' && *p != close; p++)
        if (*p == '\\' && p[1] != '\0')
            p++;
    return *p != '\0' ? p + 1 : p;
}

static const char *
skip_comment (const char *p)
{
    guint depth = 0;

    for (; *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0')
            p++;
        else if (*p == '(')
            depth++;
        else if (*p == ')' && --depth == 0)
            return p + 1;
    }
    return p;
}

/* Behind the encoded word at @p (RFC 2047), or NULL. Some programs leave commas and
 * brackets in it as they are, so it is one atom whatever it holds. */
static const char *
skip_encoded_word (const char *p)
{
    guint marks = 0;

    if (p[0] != '=' || p[1] != '?')
        return NULL;
    for (p += 2; *p != '\0' && !is_space (*p); p++) {
        if (*p != '?')
            continue;
        if (++marks >= 3)
            return p[1] == '=' ? p + 2 : NULL;
    }
    return NULL;
}

static const char *
skip_atom (const char *p)
{
    const char *after = skip_encoded_word (p);

    if (after != NULL)
        return after;
    for (p++; *p != '\0' && !is_space (*p) && strchr ("<>@.,;:\"([", *p) == NULL;)
        p++;
    return p;
}

static Token
next_token (const char **cursor)
{
    const char *p = *cursor;
    Token token = { TOKEN_END, NULL, 0, FALSE };

    while (is_space (*p))
        p++;
    token.is_apart = p > *cursor;
    token.start = p;
    if (*p == '\0') {
        token.kind = TOKEN_END;
    } else if (*p == '"') {
        token.kind = TOKEN_QUOTED;
        p = skip_quoted (p, '"');
    } else if (*p == '(') {
        token.kind = TOKEN_COMMENT;
        p = skip_comment (p);
    } else if (*p == '[') {
        token.kind = TOKEN_LITERAL;
        p = skip_quoted (p, ']');
    } else if (strchr ("<>@.,;:", *p) != NULL) {
        token.kind = TOKEN_SPECIAL;
        p++;
    } else {
        token.kind = TOKEN_ATOM;
        p = skip_atom (p);
    }
    token.length = (gsize) (p - token.start);
    *cursor = p;
    return token;
}

static gboolean
is_special (const Token *token, char c)
{
    return token->kind == TOKEN_SPECIAL && *token->start == c;
}

/* Addresses */

#define TOKEN(array, i) (&g_array_index (array, Token, i))

static gboolean
is_dot_atom (const Token *tokens, guint n)
{
    gboolean was_word = FALSE;

    for (guint i = 0; i < n; i++) {
        gboolean is_word = !is_special (&tokens[i], '.');
        if (is_word == was_word)
            return FALSE;
        if (is_word && tokens[i].kind != TOKEN_ATOM && tokens[i].kind != TOKEN_QUOTED)
            return FALSE;
        was_word = is_word;
    }
    return was_word;
}

static gboolean
is_domain (const Token *tokens, guint n)
{
    if (n == 1 && tokens[0].kind == TOKEN_LITERAL)
        return tokens[0].length > 2 && tokens[0].start[tokens[0].length - 1] == ']';
    for (guint i = 0; i < n; i++) {
        if (tokens[i].kind == TOKEN_QUOTED)
            return FALSE;
        for (gsize k = 0; k < tokens[i].length; k++) {
            char c = tokens[i].start[k];
            if ((c & 0x80) == 0 && !g_ascii_isalnum (c) && strchr ("-_.", c) == NULL)
                return FALSE;
        }
    }
    return is_dot_atom (tokens, n);
}

/* Neither control characters nor half a quoted string nor an encoded word: what one
 * writes may stand in an SMTP command, a JSON string or a header. */
static gboolean
is_clean (const char *address)
{
    const char *p = address;

    if (strstr (address, "=?") != NULL && strstr (address, "?=") != NULL)
        return FALSE;
    if (!g_utf8_validate (address, -1, NULL))
        return FALSE;
    for (; *p != '\0'; p = *p == '"' ? skip_quoted (p, '"') : p + 1) {
        const char *end = *p == '"' ? skip_quoted (p, '"') : p + 1;
        if (*p == '"' && (end - p < 2 || end[-1] != '"'))
            return FALSE;
        if (*p == '\\')
            return FALSE;
    }
    for (p = address; *p != '\0'; p++)
        if (g_ascii_iscntrl (*p) || ((guint8) p[0] == 0xc2 && (guint8) p[1] < 0xa0))
            return FALSE; /* U+0080 to U+009F are controls, too */
    return TRUE;
}

/* Outlook writes 'a@b' for a@b; no domain ends with a quote. */
static guint
trim_apostrophes (Token *tokens, guint n)
{
    Token *last = &tokens[n - 1];

    if (n < 3 || tokens[0].kind != TOKEN_ATOM || last->kind != TOKEN_ATOM)
        return n;
    if (tokens[0].start[0] != '\'' || last->start[last->length - 1] != '\'')
        return n;
    tokens[0].start++;
    tokens[0].length--;
    last->length--;
    return n;
}

/* The addr-spec that the tokens spell, or NULL. */
static char *
read_address (Token *tokens, guint n)
{
    g_autoptr (GString) address = g_string_new (NULL);
    guint at = 0;

    if (n == 0)
        return NULL;
    n = trim_apostrophes (tokens, n);
    while (at < n && !is_special (&tokens[at], '@'))
        at++;
    /* "a@x." is how a resolver writes a@x */
    if (at < n && n - at > 2 && is_special (&tokens[n - 1], '.'))
        n--;
    if (!is_dot_atom (tokens, at) || tokens[0].length == 0)
        return NULL;
    if (at < n && (at + 1 == n || !is_domain (tokens + at + 1, n - at - 1)))
        return NULL;
    for (guint i = 0; i < n; i++)
        g_string_append_len (address, tokens[i].start, (gssize) tokens[i].length);
    return is_clean (address->str) ? g_string_free (g_steal_pointer (&address), FALSE)
                                   : NULL;
}

/* Number of tokens from @first on that blanks do not cut apart; blanks around @ and . do
 * not count (RFC 5322 section 4.4). */
static guint
run_length (const GArray *words, guint first)
{
    guint i = first + 1;

    for (; i < words->len; i++) {
        const Token *left = TOKEN (words, i - 1), *right = TOKEN (words, i);
        gboolean joins = is_special (left, '@') || is_special (left, '.') ||
                         is_special (right, '@') || is_special (right, '.');
        if (right->is_apart && !joins)
            break;
    }
    return i - first;
}

static gboolean
has_at (const GArray *words, guint first, guint n)
{
    for (guint i = first; i < first + n; i++)
        if (is_special (TOKEN (words, i), '@'))
            return TRUE;
    return FALSE;
}

/* Names */

static void
append_unquoted (GString *name, const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (text[i] == '\\' && i + 1 < length)
            i++;
        g_string_append_c (name, text[i]);
    }
}

/* Decoded, in one line, or NULL when nothing is left. */
static char *
finish_name (const char *raw)
{
    char *name = brev_gmime_decode (raw);

    if (name[0] == '\0')
        g_clear_pointer (&name, g_free);
    return name;
}

static char *
read_name (const GArray *words)
{
    g_autoptr (GString) raw = g_string_new (NULL);

    for (guint i = 0; i < words->len; i++) {
        const Token *word = TOKEN (words, i);
        if (i > 0 && word->is_apart)
            g_string_append_c (raw, ' ');
        if (word->kind == TOKEN_QUOTED)
            append_unquoted (raw, word->start + 1, word->length - MIN (word->length, 2));
        else
            g_string_append_len (raw, word->start, (gssize) word->length);
    }
    return finish_name (raw->str);
}

static char *
read_comment (const Token *comment)
{
    g_autoptr (GString) raw = g_string_new (NULL);

    if (comment->kind != TOKEN_COMMENT || comment->length < 2)
        return NULL;
    append_unquoted (raw, comment->start + 1, comment->length - 2);
    return finish_name (raw->str);
}

/* Items */

static void
add_mailbox (Parser *parser, const char *address, const char *name)
{
    g_ptr_array_add (parser->list->mailboxes, brev_mailbox_new (address, name));
}

static void
add_bad (Parser *parser, const char *end)
{
    char *piece = g_strndup (parser->start, (gsize) (end - parser->start));

    g_ptr_array_add (parser->list->bad, g_strstrip (piece));
}

static void
next_item (Parser *parser, const char *start)
{
    g_array_set_size (parser->words, 0);
    g_array_set_size (parser->angle, 0);
    g_array_set_size (parser->after, 0);
    parser->has_angle = parser->in_angle = FALSE;
    parser->comment = (Token){ TOKEN_END, NULL, 0, FALSE };
    parser->start = start;
}

/* <@relay,@relay:a@b>: the route is dropped, as RFC 5321 appendix C asks. */
static guint
route_length (const GArray *angle)
{
    guint i = 0;

    if (angle->len == 0 || !is_special (TOKEN (angle, 0), '@'))
        return 0;
    while (i < angle->len && !is_special (TOKEN (angle, i), ':'))
        i++;
    return MIN (i + 1, angle->len);
}

/* @after: (nullable): what may be the name when there is no other */
static void
finish_angle (Parser *parser, const GArray *after, const char *end)
{
    guint route = route_length (parser->angle);
    g_autofree char *address =
        read_address (TOKEN (parser->angle, route), parser->angle->len - route);
    g_autofree char *name = read_name (parser->words);

    if (name == NULL)
        name = read_comment (&parser->comment);
    if (name == NULL && after != NULL)
        name = read_name (after);
    if (address != NULL)
        add_mailbox (parser, address, name);
    else if (parser->angle->len > 0 || name != NULL)
        add_bad (parser, end);
}

/* One address, or several with only blanks between them, each with its @. */
static void
finish_bare (Parser *parser, const char *end)
{
    GArray *words = parser->words;
    g_autofree char *name = read_comment (&parser->comment);
    guint first = run_length (words, 0);
    gboolean is_one = first == words->len;

    for (guint i = 0; i < words->len && !is_one; i += run_length (words, i)) {
        g_autoptr (GArray) run = g_array_sized_new (FALSE, FALSE, sizeof (Token), 8);
        guint n = run_length (words, i);
        g_autofree char *address = NULL;

        g_array_append_vals (run, TOKEN (words, i), n);
        address =
            has_at (words, i, n) ? read_address ((Token *) (void *) run->data, n) : NULL;
        if (address == NULL) {
            add_bad (parser, end);
            return;
        }
    }
    for (guint i = 0, n; i < words->len; i += n) {
        g_autofree char *address = NULL;

        n = run_length (words, i);
        address = read_address (TOKEN (words, i), n);
        if (address == NULL)
            add_bad (parser, end);
        else
            add_mailbox (parser, address, is_one ? name : NULL);
    }
}

/* What stands behind an angle becomes the item. */
static void
shift (Parser *parser)
{
    g_array_set_size (parser->words, 0);
    g_array_append_vals (parser->words, parser->after->data, parser->after->len);
    g_array_set_size (parser->after, 0);
    g_array_set_size (parser->angle, 0);
    parser->has_angle = FALSE;
}

static void
finish_item (Parser *parser, const char *end)
{
    gboolean has_second = has_at (parser->after, 0, parser->after->len);

    if (parser->has_angle && has_second) { /* "<a@b> c@d" */
        finish_angle (parser, NULL, end);
        shift (parser);
    }
    if (parser->has_angle)
        finish_angle (parser, parser->after, end);
    else if (parser->words->len > 0)
        finish_bare (parser, end);
}

/* "<a@b> N <c@d>": a comma is missing, and what stands between is the second's name. */
static void
begin_angle (Parser *parser, const Token *token)
{
    if (parser->has_angle) {
        finish_angle (parser, NULL, token->start);
        shift (parser);
    }
    parser->has_angle = parser->in_angle = TRUE;
}

static gboolean
open_group (Parser *parser, const char *after, GError **error)
{
    if (++parser->depth > BREV_MAX_NESTING)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "groups nest deeper than %d in an address field",
                           BREV_MAX_NESTING);
    parser->list->has_group = TRUE;
    next_item (parser, after);
    return TRUE;
}

static gboolean
take_in_angle (Parser *parser, const Token *token)
{
    gboolean is_route =
        parser->angle->len > 0 && is_special (TOKEN (parser->angle, 0), '@');

    if (is_special (token, '>')) {
        parser->in_angle = FALSE;
        return TRUE;
    }
    if (is_special (token, ';') || (is_special (token, ',') && !is_route))
        return FALSE; /* "N <a@b, c@d": the bracket was forgotten */
    if (!is_special (token, '<'))
        g_array_append_val (parser->angle, *token);
    return TRUE;
}

static gboolean
take (Parser *parser, const Token *token, GError **error)
{
    const char *after = token->start + token->length;

    if (token->kind == TOKEN_COMMENT) {
        parser->comment = *token;
        return TRUE;
    }
    if (parser->in_angle && take_in_angle (parser, token))
        return TRUE;
    if (is_special (token, ',') || is_special (token, ';')) {
        finish_item (parser, token->start);
        next_item (parser, after);
        if (*token->start == ';' && parser->depth > 0)
            parser->depth--;
        return TRUE;
    }
    if (is_special (token, ':') && !parser->has_angle)
        return open_group (parser, after, error);
    if (is_special (token, '<'))
        begin_angle (parser, token);
    else if (!is_special (token, '>'))
        g_array_append_val (parser->has_angle ? parser->after : parser->words, *token);
    return TRUE;
}

static gboolean
check_count (const BrevAddressList *list, GError **error)
{
    if (list->mailboxes->len + list->bad->len <= BREV_MAX_ADDRESSES)
        return TRUE;
    return brev_throw (error, BREV_ERROR_INPUT, "more than %d addresses in a field",
                       BREV_MAX_ADDRESSES);
}

static gboolean
parse_all (Parser *parser, const char *text, GError **error)
{
    const char *cursor = text;
    gboolean is_apart = FALSE;

    for (;;) {
        Token token = next_token (&cursor);

        if (token.kind == TOKEN_END) {
            finish_item (parser, token.start);
            return check_count (parser->list, error);
        }
        token.is_apart |= is_apart;
        is_apart = token.kind == TOKEN_COMMENT; /* a comment counts as a blank */
        if (!take (parser, &token, error) || !check_count (parser->list, error))
            return FALSE;
    }
}

BrevAddressList *
brev_address_parse (const char *text, GError **error)
{
    g_autoptr (BrevAddressList) list = brev_address_list_new ();
    g_autoptr (GArray) words = g_array_sized_new (FALSE, FALSE, sizeof (Token), 8);
    g_autoptr (GArray) angle = g_array_sized_new (FALSE, FALSE, sizeof (Token), 8);
    g_autoptr (GArray) after = g_array_sized_new (FALSE, FALSE, sizeof (Token), 8);
    Parser parser = {
        .list = list, .words = words, .angle = angle, .after = after, .start = text
    };

    if (strlen (text) > BREV_MAX_ADDRESS_FIELD) {
        (void) brev_throw (error, BREV_ERROR_INPUT,
                           "an address field is larger than 512 KB");
        return NULL;
    }
    return parse_all (&parser, text, error) ? g_steal_pointer (&list) : NULL;
}

/* sendmail -t */

/* clang-format off */
static const struct {
    const char *name;
    gboolean is_resent;
    gsize list;
} recipient_fields[] = {
    { "To",            FALSE, G_STRUCT_OFFSET (BrevHeaderRecipients, to) },
    { "Cc",            FALSE, G_STRUCT_OFFSET (BrevHeaderRecipients, cc) },
    { "Bcc",           FALSE, G_STRUCT_OFFSET (BrevHeaderRecipients, bcc) },
    { "Apparently-To", FALSE, G_STRUCT_OFFSET (BrevHeaderRecipients, bcc) },
    { "Resent-To",     TRUE,  G_STRUCT_OFFSET (BrevHeaderRecipients, to) },
    { "Resent-Cc",     TRUE,  G_STRUCT_OFFSET (BrevHeaderRecipients, cc) },
    { "Resent-Bcc",    TRUE,  G_STRUCT_OFFSET (BrevHeaderRecipients, bcc) },
};
/* clang-format on */

static gssize
find_recipient_field (const BrevField *field)
{
    for (gsize i = 0; i < G_N_ELEMENTS (recipient_fields); i++)
        if (brev_field_is (field, recipient_fields[i].name))
            return (gssize) i;
    return -1;
}

static void
move_all (GPtrArray *from, GPtrArray *to)
{
    g_ptr_array_extend_and_steal (to, g_ptr_array_ref (from));
}

void
brev_address_list_take (BrevAddressList *list, BrevAddressList *more)
{
    move_all (more->mailboxes, list->mailboxes);
    move_all (more->bad, list->bad);
    list->has_group |= more->has_group;
}

static gboolean
has_resent (const BrevHeaderBlock *block)
{
    const char *cursor = block->text;
    BrevField field;

    while (brev_field_next (&cursor, block->text + block->length, &field)) {
        gssize i = find_recipient_field (&field);
        if (i >= 0 && recipient_fields[i].is_resent)
            return TRUE;
    }
    return FALSE;
}

static gboolean
read_recipients (BrevHeaderRecipients *recipients, const BrevHeaderBlock *block,
                 GError **error)
{
    const char *cursor = block->text;
    BrevField field;

    while (brev_field_next (&cursor, block->text + block->length, &field)) {
        gssize i = find_recipient_field (&field);
        g_autofree char *text = NULL;
        g_autoptr (BrevAddressList) more = NULL;

        if (i < 0 || recipient_fields[i].is_resent != recipients->is_resent)
            continue;
        text = brev_field_unfold (&field);
        more = brev_address_parse (text, error);
        if (more == NULL) {
            g_prefix_error (error, "%s: ", recipient_fields[i].name);
            return FALSE;
        }
        brev_address_list_take (
            G_STRUCT_MEMBER (BrevAddressList *, recipients, recipient_fields[i].list),
            more);
    }
    return TRUE;
}

BrevHeaderRecipients *
brev_header_recipients_read (int fd, guint64 offset, guint64 length, GError **error)
{
    g_autoptr (BrevHeaderRecipients) recipients = g_new0 (BrevHeaderRecipients, 1);
    g_auto (BrevHeaderBlock) block = { NULL };

    recipients->to = brev_address_list_new ();
    recipients->cc = brev_address_list_new ();
    recipients->bcc = brev_address_list_new ();
    if (!brev_header_block_read (&block, fd, offset, length, error))
        return NULL;
    recipients->is_resent = has_resent (&block);
    return read_recipients (recipients, &block, error) ? g_steal_pointer (&recipients)
                                                       : NULL;
}

void
brev_header_recipients_free (BrevHeaderRecipients *recipients)
{
    if (recipients == NULL)
        return;
    brev_address_list_free (recipients->to);
    brev_address_list_free (recipients->cc);
    brev_address_list_free (recipients->bcc);
    g_free (recipients);
}

/* Writing */

static gboolean
is_ascii (const char *text)
{
    for (; *text != '\0'; text++)
        if (*text & 0x80)
            return FALSE;
    return TRUE;
}

/* Whether a phrase of RFC 5322 may hold it as it stands: dots and UTF-8 among it, but
 * nothing that a reader could take for an encoded word. */
static gboolean
is_phrase (const char *name)
{
    if (strstr (name, "=?") != NULL || strstr (name, "  ") != NULL || *name == ' ')
        return FALSE;
    for (; *name != '\0'; name++)
        if ((*name & 0x80) == 0 && !g_ascii_isalnum (*name) &&
            strchr (" !#$%&'*+-/=?^_`{|}~", *name) == NULL)
            return FALSE;
    return TRUE;
}

static char *
quote (const char *name)
{
    GString *quoted = g_string_new ("\"");

    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\')
            g_string_append_c (quoted, '\\');
        g_string_append_c (quoted, g_ascii_iscntrl (*name) ? ' ' : *name);
    }
    g_string_append_c (quoted, '"');
    return g_string_free (quoted, FALSE);
}

char *
brev_mailbox_format (const BrevMailbox *mailbox, gboolean ascii)
{
    g_autofree char *name = NULL;

    if (mailbox->name == NULL || mailbox->name[0] == '\0')
        return g_strdup (mailbox->address);
    if (ascii && !is_ascii (mailbox->name))
        name = g_mime_utils_header_encode_phrase (NULL, mailbox->name, "utf-8");
    else
        name =
            is_phrase (mailbox->name) ? g_strdup (mailbox->name) : quote (mailbox->name);
    return g_strdup_printf ("%s <%s>", name, mailbox->address);
}
