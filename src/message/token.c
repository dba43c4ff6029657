/* SPDX-License-Identifier: MIT */
#include "message/token.h"

#include <string.h>

static const char *
skip_quoted (const char *p, char close)
{
    for (p++; *p != '\0' && *p != close; p++)
        if (*p == '\\' && p[1] != '\0')
            p++;
    return *p != '\0' ? p + 1 : NULL;
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
    return NULL;
}

/* An encoded word (RFC 2047), or one character. Some programs leave commas and brackets
 * in the word as they are. */
static const char *
skip_encoded_word (const char *p)
{
    const char *end = p;
    guint marks = 0;

    for (; *end != '\0' && !g_ascii_isspace (*end) && marks < 4; end++)
        if (*end == '?')
            marks++;
    return p[1] == '?' && marks == 4 && *end == '=' ? end + 1 : p + 1;
}

/* The route of <@relay,@relay:a@b>, or one character. */
static const char *
skip_route (const char *p)
{
    gsize length = strcspn (p + 1, "<>:;") + 1;

    return p[1] == '@' && p[length] == ':' ? p + length + 1 : p + 1;
}

const char *
brev_token_skip (const char *p)
{
    switch (*p) {
    case '<':
        return skip_route (p);
    case '"':
        return skip_quoted (p, '"');
    case '[':
        return skip_quoted (p, ']');
    case '(':
        return skip_comment (p);
    case '=':
        return skip_encoded_word (p);
    default:
        return p + 1;
    }
}
