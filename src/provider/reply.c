/* SPDX-License-Identifier: MIT */
#include "provider/reply.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

/* RFC 9110 section 5.6.7, the one form that is still sent: Sun, 06 Nov 1994 08:49:37 GMT
 */
static gboolean
parse_http_date (const char *text, gint64 *seconds)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4];
    int day, year, hour, minute, second;

    if (text == NULL || sscanf (text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, month,
                                &year, &hour, &minute, &second) != 6)
        return FALSE;
    const char *found = strlen (month) == 3 ? strstr (months, month) : NULL;
    if (found == NULL || (found - months) % 3 != 0)
        return FALSE;
    g_autoptr (GDateTime) date = g_date_time_new_utc (
        year, (int) (found - months) / 3 + 1, day, hour, minute, second);
    if (date == NULL)
        return FALSE;
    *seconds = g_date_time_to_unix (date);
    return TRUE;
}

gint64
brev_reply_retry_after (const BrevHttpReply *reply)
{
    const char *text = brev_http_reply_header (reply, "Retry-After");
    gint64 seconds = 0, now = 0, then = 0;

    if (text == NULL)
        return 0;
    if (g_ascii_isdigit (*text))
        seconds = g_ascii_strtoll (text, NULL, 10);
    else if (parse_http_date (text, &then) &&
             parse_http_date (brev_http_reply_header (reply, "Date"), &now))
        seconds = then - now;
    return CLAMP (seconds, 0, BREV_DAY / BREV_SECOND) * BREV_SECOND;
}

/* Could @c be a part of an address that goes on before or behind what was found? */
static gboolean
is_address_char (char c)
{
    return c != '\0' &&
           (g_ascii_isalnum (c) || (c & 0x80) != 0 || strchr ("!#$%&*+-/=?^_`{|}~.", c));
}

static gboolean
is_whole (const char *text, const char *found, gsize length)
{
    const char *end = found + length;

    if (found > text && is_address_char (found[-1]))
        return FALSE;
    /* 'a@b' is quoted, o'b@c is another address than b@c */
    if (found > text + 1 && found[-1] == '\'' && is_address_char (found[-2]))
        return FALSE;
    if (*end == '.') /* of a sentence, or of a longer domain */
        return !g_ascii_isalnum (end[1]) && (end[1] & 0x80) == 0;
    return *end != '-' && !g_ascii_isalnum (*end) && (*end & 0x80) == 0;
}

static gboolean
names_address (const char *folded_text, const char *address)
{
    g_autofree char *wanted = brev_text_fold (address);
    gsize length = strlen (wanted);

    for (const char *p = folded_text; length > 0 && (p = strstr (p, wanted)) != NULL;
         p++) {
        if (is_whole (folded_text, p, length))
            return TRUE;
    }
    return FALSE;
}

guint
brev_outcome_set_named (BrevOutcome *outcome, const BrevMail *mail, const char *text,
                        const BrevVerdict *verdict)
{
    g_autofree char *folded = brev_text_fold (text);
    guint n = 0;

    for (guint i = 0; i < outcome->n; i++) {
        const char *address = brev_mail_recipient (mail, i)->address;
        if (names_address (folded, address) &&
            brev_outcome_set (outcome, mail, address, verdict))
            n++;
    }
    return n;
}

#define MAX_WORDS 400

char *
brev_reply_words (const char *text)
{
    if (text == NULL || *text == '\0')
        return NULL;
    g_autofree char *printable = brev_text_printable (text);
    if (g_utf8_strlen (printable, -1) > MAX_WORDS)
        *g_utf8_offset_to_pointer (printable, MAX_WORDS) = '\0';
    return g_strdup (g_strstrip (printable));
}
