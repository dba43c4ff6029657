/* SPDX-License-Identifier: MIT */
#include "transport/smtp-reply.h"

#include <string.h>

/* Nothing of a person's interest is longer; a reply to RCPT is one line. */
#define TEXT_MAX 8192

void
brev_smtp_lines_clear (BrevSmtpLines *lines)
{
    if (lines->text != NULL)
        g_string_free (lines->text, TRUE);
    *lines = (BrevSmtpLines){ 0 };
}

/* "250" at the start of a line, RFC 5321 section 4.2.1; 0 when there is none. */
static int
parse_code (const char *line)
{
    for (guint i = 0; i < 3; i++)
        if (!g_ascii_isdigit (line[i]))
            return 0;
    if (line[0] < '2' || line[0] > '5' || strchr (" -", line[3]) == NULL)
        return 0;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

gboolean
brev_smtp_lines_add (BrevSmtpLines *lines, const char *line)
{
    int code = parse_code (line);

    if (lines->is_complete)
        brev_smtp_lines_clear (lines);
    if (code == 0 || (lines->code != 0 && lines->code != code))
        return FALSE;
    if (lines->text == NULL)
        lines->text = g_string_new (NULL);
    else if (lines->text->len < TEXT_MAX)
        g_string_append_c (lines->text, '\n');
    if (line[3] != '\0' && lines->text->len < TEXT_MAX)
        g_string_append_len (lines->text, line + 4,
                             (gssize) MIN (strlen (line + 4), TEXT_MAX));
    lines->code = code;
    lines->is_complete = line[3] != '-';
    return TRUE;
}

/* The word of an extension: "SIZE" of "SIZE 1000". */
static char *
keyword_of (const char *line)
{
    return g_strndup (line, strcspn (line, " \t"));
}

static BrevSmtpExtensions
find_extension (const char *line)
{
    static const struct {
        const char *keyword;
        BrevSmtpExtensions extension;
    } rows[] = {
        { "SIZE", BREV_SMTP_SIZE },
        { "8BITMIME", BREV_SMTP_8BITMIME },
        { "SMTPUTF8", BREV_SMTP_SMTPUTF8 },
        { "DSN", BREV_SMTP_DSN },
        { "PIPELINING", BREV_SMTP_PIPELINING },
    };
    g_autofree char *keyword = keyword_of (line);

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
        if (g_ascii_strcasecmp (rows[i].keyword, keyword) == 0)
            return rows[i].extension;
    return 0;
}

BrevSmtpExtensions
brev_smtp_extensions (const char *text)
{
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    BrevSmtpExtensions found = 0;

    for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
        found |= find_extension (lines[i]);
    return found;
}

guint64
brev_smtp_size_limit (const char *text)
{
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    guint64 limit = 0;

    for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++) {
        g_autofree char *keyword = keyword_of (lines[i]);
        if (g_ascii_strcasecmp (keyword, "SIZE") == 0)
            limit = g_ascii_strtoull (lines[i] + strlen (keyword), NULL, 10);
    }
    return limit;
}
