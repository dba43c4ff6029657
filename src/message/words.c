/* SPDX-License-Identifier: MIT */
#include "message/words.h"

#include <string.h>

#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
#define BLANKS " \t\r\n"

/* =?charset?B?content?= */
typedef struct {
    const char *charset;
    gsize charset_length;
    const char *content;
    gsize content_length; /* without its padding */
    const char *end;
} Word;

static gboolean
read_word (const char *p, Word *word)
{
    if (p[0] != '=' || p[1] != '?')
        return FALSE;
    word->charset = p + 2;
    word->charset_length = strcspn (word->charset, "?" BLANKS);
    p = word->charset + word->charset_length;
    if (p[0] != '?' || (p[1] != 'B' && p[1] != 'b') || p[2] != '?')
        return FALSE;
    word->content = p + 3;
    p = word->content + strspn (word->content, BASE64);
    if (p[0] != '?' || p[1] != '=')
        return FALSE;
    word->end = p + 2;
    while (p > word->content && p[-1] == '=')
        p--;
    word->content_length = (gsize) (p - word->content);
    return TRUE;
}

static gboolean
has_charset_of (const Word *word, const Word *other)
{
    return word->charset_length == other->charset_length &&
           g_ascii_strncasecmp (word->charset, other->charset, word->charset_length) == 0;
}

static void
append_content (GByteArray *bytes, const Word *word)
{
    g_autoptr (GString) text =
        g_string_new_len (word->content, (gssize) word->content_length);
    g_autofree guchar *content = NULL;
    gsize length = 0;

    while (text->len % 4 != 0)
        g_string_append_c (text, '=');
    content = g_base64_decode (text->str, &length);
    g_byte_array_append (bytes, content, (guint) length);
}

/* Returns: the character behind the words that follow each other from @start */
static const char *
append_run (GString *joined, const char *start, const Word *first)
{
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    g_autofree char *content = NULL;
    const char *end;
    Word word = *first;

    do {
        append_content (bytes, &word);
        end = word.end;
    } while (read_word (end + strspn (end, BLANKS), &word) &&
             has_charset_of (&word, first));
    if (end == first->end) {
        g_string_append_len (joined, start, end - start);
        return end;
    }
    content = g_base64_encode (bytes->data, bytes->len);
    g_string_append_printf (joined, "=?%.*s?B?%s?=", (int) first->charset_length,
                            first->charset, content);
    return end;
}

char *
brev_words_join (const char *text)
{
    GString *joined = g_string_new (NULL);
    Word word;

    while (*text != '\0')
        if (read_word (text, &word))
            text = append_run (joined, text, &word);
        else
            g_string_append_c (joined, *text++);
    return g_string_free (joined, FALSE);
}
