/* SPDX-License-Identifier: MIT */
#include "compat/smtp-command.h"

#include <string.h>

#include "base/text.h"
#include "compat/dsn.h"
#include "compat/sender.h"

void
brev_smtp_command_clear (BrevSmtpCommand *command)
{
    g_clear_pointer (&command->address, g_free);
    g_clear_pointer (&command->envid, g_free);
    g_clear_pointer (&command->orcpt, g_free);
}

/* ---- the address ---- */

/* RFC 5321 4.1.2 Path, with or without its brackets; a source route goes (appendix C).
 * Whether it is UTF-8 is not asked: local programs write such addresses without knowing
 * of SMTPUTF8.
 * Returns: (nullable) (transfer full): the address, and what stands behind it in @rest */
static char *
parse_path (const char *text, const char **rest)
{
    gboolean quoted = FALSE, bracketed;
    const char *start, *p;

    text += strspn (text, " ");
    bracketed = *text == '<';
    start = p = text + bracketed;
    for (; *p != '\0' && (quoted || *p != (bracketed ? '>' : ' ')); p++) {
        if (p[0] == '\\' && p[1] != '\0')
            p++;
        else if (*p == '"')
            quoted = !quoted;
    }
    if (quoted || (bracketed ? *p != '>' : p == start))
        return NULL;
    if (*start == '@' && memchr (start, ':', (gsize) (p - start)) != NULL)
        start = (const char *) memchr (start, ':', (gsize) (p - start)) + 1;
    *rest = p + bracketed;
    return g_strndup (start, (gsize) (p - start));
}

/* Whether whoever reads @address later finds one address in it, too: what separates two of
 * them stands in quotes, and no backslash in front of it makes it anything else. */
static gboolean
is_one_address (const char *address)
{
    gboolean quoted = FALSE;

    for (const char *p = address; *p != '\0'; p++) {
        if (quoted && p[0] == '\\' && p[1] != '\0')
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (!quoted && strchr (" ,;<>()\\", *p) != NULL &&
                 !brev_text_is_idle_backslash (p))
            return FALSE;
    }
    return !quoted;
}

/* Returns: (nullable): what stands behind "FROM:" or "TO:" */
static const char *
skip_keyword (const char *arguments, const char *keyword)
{
    gsize length = strlen (keyword);

    if (g_ascii_strncasecmp (arguments, keyword, length) != 0)
        return NULL;
    arguments += length;
    arguments += strspn (arguments, " ");
    return *arguments == ':' ? arguments + 1 : NULL;
}

/* ---- parameters ---- */

/* RFC 1870 section 3: up to 20 digits, which may be more than a number here can be. */
static gboolean
take_size (BrevSmtpCommand *command, const char *value)
{
    gsize digits = strspn (value, "0123456789");

    if (digits == 0 || digits > 20 || value[digits] != '\0')
        return FALSE;
    command->size = g_ascii_strtoull (value, NULL, 10);
    return TRUE;
}

/* Every message may hold 8-bit text. */
static gboolean
take_body (BrevSmtpCommand *command, const char *value)
{
    return g_ascii_strcasecmp (value, "7BIT") == 0 ||
           g_ascii_strcasecmp (value, "8BITMIME") == 0;
}

static gboolean
take_auth (BrevSmtpCommand *command, const char *value)
{
    return *value != '\0';
}

static gboolean
take_ret (BrevSmtpCommand *command, const char *value)
{
    command->ret = brev_dsn_return (value);
    return command->ret != BREV_RETURN_UNSAID;
}

static gboolean
take_envid (BrevSmtpCommand *command, const char *value)
{
    gboolean fits = *value != '\0' && strlen (value) <= BREV_ENVID_MAX;

    command->envid = fits ? brev_dsn_decode_xtext (value) : NULL;
    return command->envid != NULL;
}

static gboolean
take_notify (BrevSmtpCommand *command, const char *value)
{
    g_auto (GStrv) words = g_strsplit (value, ",", -1);

    for (char **word = words; *word != NULL; word++) {
        BrevNotify one = brev_dsn_notify (*word);
        if (one == 0)
            return FALSE;
        command->notify |= one;
    }
    return command->notify != 0 && brev_dsn_notify_is_sound (command->notify);
}

/* Kept as xtext: a report repeats it in that form. */
static gboolean
take_orcpt (BrevSmtpCommand *command, const char *value)
{
    const char *address = strchr (value, ';');
    g_autofree char *decoded = NULL;

    if (address == NULL || address == value || address[1] == '\0' ||
        strlen (value) > BREV_ORCPT_MAX)
        return FALSE;
    decoded = brev_dsn_decode_xtext (address + 1);
    if (decoded == NULL || brev_text_has_controls (value))
        return FALSE;
    command->orcpt = g_strdup (value);
    return TRUE;
}

typedef struct {
    const char *name;
    gboolean (*take) (BrevSmtpCommand *command, const char *value); /* NULL: no value */
} Parameter;

/* clang-format off */
static const Parameter mail_parameters[] = {
    { "SIZE",     take_size },
    { "BODY",     take_body },
    { "SMTPUTF8", NULL },
    { "RET",      take_ret },
    { "ENVID",    take_envid },
    { "AUTH",     take_auth }, /* RFC 4954 section 5: accepted also without AUTH */
};
static const Parameter rcpt_parameters[] = {
    { "NOTIFY", take_notify },
    { "ORCPT",  take_orcpt },
};
/* clang-format on */

typedef struct {
    const char *keyword;
    const char *syntax; /* the reply to an address that is none */
    const Parameter *parameters;
    gsize n_parameters;
} Grammar;

static const Grammar mail_grammar = {
    "FROM",
    "501 5.5.4 Syntax: MAIL FROM:<address>",
    mail_parameters,
    G_N_ELEMENTS (mail_parameters),
};
static const Grammar rcpt_grammar = {
    "TO",
    "501 5.5.4 Syntax: RCPT TO:<address>",
    rcpt_parameters,
    G_N_ELEMENTS (rcpt_parameters),
};

/* Returns: an index into @grammar's parameters, their number: none */
static gsize
find_parameter (const Grammar *grammar, const char *name, gsize length)
{
    gsize i = 0;

    while (i < grammar->n_parameters &&
           (strlen (grammar->parameters[i].name) != length ||
            g_ascii_strncasecmp (grammar->parameters[i].name, name, length) != 0))
        i++;
    return i;
}

/* @seen: a bit for each parameter. Returns: (nullable): a reply */
static const char *
take_parameter (const Grammar *grammar, const char *word, guint *seen,
                BrevSmtpCommand *command)
{
    const char *equals = strchrnul (word, '=');
    gsize i = find_parameter (grammar, word, (gsize) (equals - word));
    gboolean is_sound;

    if (i == grammar->n_parameters)
        return "555 5.5.4 The parameter is not known here";
    if ((*seen & 1u << i) != 0)
        return "501 5.5.4 The parameter is there twice";
    *seen |= 1u << i;
    if (grammar->parameters[i].take == NULL)
        is_sound = *equals == '\0';
    else
        is_sound = *equals == '=' && grammar->parameters[i].take (command, equals + 1);
    return is_sound ? NULL : "501 5.5.4 The parameter has no such value";
}

static const char *
take_parameters (const Grammar *grammar, const char *text, BrevSmtpCommand *command)
{
    g_auto (GStrv) words = g_strsplit (text, " ", -1);
    const char *refusal = NULL;
    guint seen = 0;

    for (char **word = words; *word != NULL && refusal == NULL; word++)
        if (**word != '\0')
            refusal = take_parameter (grammar, *word, &seen, command);
    return refusal;
}

static const char *
read_command (const Grammar *grammar, const char *arguments, BrevSmtpCommand *command)
{
    const char *path = skip_keyword (arguments, grammar->keyword), *rest = NULL;

    command->address = path == NULL ? NULL : parse_path (path, &rest);
    if (command->address == NULL || brev_text_has_controls (command->address) ||
        !is_one_address (command->address))
        return grammar->syntax;
    return take_parameters (grammar, rest, command);
}

const char *
brev_smtp_read_mail (const char *arguments, BrevSmtpCommand *command)
{
    return read_command (&mail_grammar, arguments, command);
}

const char *
brev_smtp_read_rcpt (const char *arguments, BrevSmtpCommand *command)
{
    const char *refusal = read_command (&rcpt_grammar, arguments, command);

    return refusal == NULL && *command->address == '\0' ? rcpt_grammar.syntax : refusal;
}
