/* SPDX-License-Identifier: MIT */
#include "provider/encode.h"

#include <string.h>

#include "message/address.h"

static void
separate (BrevJson *json)
{
    if (json->needs_comma)
        brev_body_add (json->body, ",");
    json->needs_comma = TRUE;
}

void
brev_json_open (BrevJson *json, char bracket)
{
    const char text[] = { bracket, '\0' };

    separate (json);
    brev_body_add (json->body, text);
    json->needs_comma = FALSE;
}

void
brev_json_close (BrevJson *json, char bracket)
{
    const char text[] = { bracket, '\0' };

    brev_body_add (json->body, text);
    json->needs_comma = TRUE;
}

void
brev_json_name (BrevJson *json, const char *name)
{
    brev_json_text (json, name);
    brev_body_add (json->body, ":");
    json->needs_comma = FALSE;
}

void
brev_json_text (BrevJson *json, const char *text)
{
    g_autofree char *line = g_strdup (text);

    for (char *p = line; *p != '\0'; p++) {
        if (g_ascii_iscntrl (*p))
            *p = ' ';
    }
    separate (json);
    brev_body_add_json (json->body, line);
}

void
brev_json_word (BrevJson *json, const char *word)
{
    separate (json);
    brev_body_add (json->body, word);
}

void
brev_json_part (BrevJson *json, int fd, const BrevPart *part, BrevAs as)
{
    separate (json);
    brev_body_add (json->body, "\"");
    brev_body_add_part (json->body, fd, part, as);
    brev_body_add (json->body, "\"");
}

void
brev_json_body (BrevJson *json, const BrevBody *inner, BrevAs as)
{
    separate (json);
    brev_body_add (json->body, "\"");
    brev_body_add_body (json->body, inner, as);
    brev_body_add (json->body, "\"");
}

void
brev_json_pair (BrevJson *json, const char *name, const char *text)
{
    brev_json_name (json, name);
    brev_json_text (json, text);
}

void
brev_json_secret (BrevJson *json, const char *name, const char *secret)
{
    brev_json_name (json, name);
    separate (json);
    brev_body_add_secret (json->body, secret);
}

void
brev_json_mailboxes (BrevJson *json, const char *name, const GPtrArray *mailboxes)
{
    g_autofree char *list = brev_mailboxes_format (mailboxes, FALSE);

    if (mailboxes->len > 0)
        brev_json_pair (json, name, list);
}

void
brev_json_flag (BrevJson *json, const char *name, gboolean value)
{
    brev_json_name (json, name);
    brev_json_word (json, value ? "true" : "false");
}

void
brev_json_mailbox (BrevJson *json, const BrevMailbox *mailbox, const char *address,
                   const char *name)
{
    brev_json_open (json, '{');
    brev_json_pair (json, address, mailbox->address);
    if (mailbox->name != NULL && mailbox->name[strspn (mailbox->name, " \t")] != '\0')
        brev_json_pair (json, name, mailbox->name);
    brev_json_close (json, '}');
}

void
brev_json_mailbox_list (BrevJson *json, const char *member, const GPtrArray *mailboxes,
                        const char *address, const char *name)
{
    if (mailboxes->len == 0)
        return;
    brev_json_name (json, member);
    brev_json_open (json, '[');
    for (guint i = 0; i < mailboxes->len; i++)
        brev_json_mailbox (json, mailboxes->pdata[i], address, name);
    brev_json_close (json, ']');
}

void
brev_json_first_mailbox (BrevJson *json, const char *member, const GPtrArray *mailboxes,
                         const char *address, const char *name)
{
    if (mailboxes->len == 0)
        return;
    brev_json_name (json, member);
    brev_json_mailbox (json, mailboxes->pdata[0], address, name);
}

static gboolean
is_among (const GPtrArray *headers, guint n, const char *name)
{
    for (guint i = 0; i < n; i++)
        if (g_ascii_strcasecmp (((BrevHeader *) headers->pdata[i])->name, name) == 0)
            return TRUE;
    return FALSE;
}

void
brev_json_header_members (BrevJson *json, const BrevMail *mail)
{
    const GPtrArray *const lists[] = { mail->headers, mail->added };

    for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
        for (guint j = 0; j < lists[i]->len; j++) {
            const BrevHeader *header = lists[i]->pdata[j];
            g_autofree char *encoded = brev_header_value_ascii (header);
            if (!is_among (lists[i], j, header->name) &&
                (i == 0 || !is_among (lists[0], lists[0]->len, header->name)))
                brev_json_pair (json, header->name, encoded);
        }
    }
}

static char *
filename_for (const BrevPart *part, guint index, const BrevAttachmentNames *names)
{
    if (names->extensions != NULL)
        return brev_part_filename_of (part, index, names->extensions);
    return names->wants_extension ? brev_part_filename_whole (part, index)
                                  : brev_part_filename (part, index);
}

static const char *
type_of (const BrevPart *part, const BrevAttachmentNames *names)
{
    gboolean is_text = g_str_has_prefix (part->type, "text/") ||
                       g_str_has_prefix (part->type, "message/");

    if (is_text && names->types != NULL && !g_strv_contains (names->types, part->type))
        return "text/plain";
    return names->has_bare_type ? part->type : part->content_type;
}

void
brev_json_attachment (BrevJson *json, const BrevMail *mail, guint index,
                      const BrevAttachmentNames *names)
{
    const BrevPart *part = mail->message->attachments->pdata[index];
    gboolean is_shown = part->is_inline && part->content_id != NULL;
    g_autofree char *filename = filename_for (part, index, names);

    brev_json_pair (json, names->filename, filename);
    if (names->type != NULL &&
        (!names->has_fitting_type || brev_part_fits_name (part, filename)))
        brev_json_pair (json, names->type, type_of (part, names));
    if (names->content_id != NULL && is_shown)
        brev_json_pair (json, names->content_id, part->content_id);
    brev_json_name (json, names->content);
    if (brev_part_has_content (part))
        brev_json_part (json, mail->fd, part, BREV_AS_BASE64);
    else
        brev_json_text (json, "Cg==");
    if (names->disposition != NULL)
        brev_json_pair (json, names->disposition, is_shown ? "inline" : "attachment");
}

char *
brev_header_value_ascii (const BrevHeader *header)
{
    return g_str_is_ascii (header->raw) ? g_strdup (header->raw)
                                        : brev_header_encode (header->text);
}

const char *
brev_header_value (const BrevHeader *header)
{
    return g_str_is_ascii (header->raw) ? header->raw : header->text;
}

/* clang-format off */
static const struct {
    const char *type, *extension;
} extensions[] = { /* the first that fits; a final / stands for all of its kind */
    { "text/html", "html" },              { "text/calendar", "ics" },
    { "text/csv", "csv" },                { "text/vcard", "vcf" },
    { "text/x-patch", "patch" },          { "text/x-diff", "diff" },
    { "text/", "txt" },                   { "message/rfc822", "eml" },
    { "message/", "txt" },                { "image/jpeg", "jpg" },
    { "image/png", "png" },               { "image/gif", "gif" },
    { "image/svg+xml", "svg" },           { "image/webp", "webp" },
    { "application/pdf", "pdf" },         { "application/zip", "zip" },
    { "application/gzip", "gz" },         { "application/json", "json" },
    { "application/xml", "xml" },         { "application/pgp-signature", "asc" },
    { "application/pgp-keys", "asc" },    { "application/pkcs7-signature", "p7s" },
    { "audio/mpeg", "mp3" },              { "video/mp4", "mp4" },
};
/* clang-format on */

/* Not "bin", which Postmark refuses. */
static const char *
extension_of (const char *type)
{
    for (guint i = 0; i < G_N_ELEMENTS (extensions); i++) {
        const char *row = extensions[i].type;
        if (g_str_has_suffix (row, "/") ? g_str_has_prefix (type, row)
                                        : strcmp (type, row) == 0)
            return extensions[i].extension;
    }
    return "dat";
}

char *
brev_part_filename (const BrevPart *part, guint index)
{
    if (part->filename != NULL && *part->filename != '\0')
        return g_strdup (part->filename);
    return g_strdup_printf ("attachment-%u.%s", index + 1, extension_of (part->type));
}

char *
brev_part_filename_of (const BrevPart *part, guint index, const char *const *known)
{
    g_autofree char *name = brev_part_filename (part, index);
    const char *dot = strrchr (name, '.');
    g_autofree char *extension = g_ascii_strdown (dot != NULL ? dot + 1 : "", -1);

    return g_strv_contains (known, extension) ? g_steal_pointer (&name)
                                              : g_strconcat (name, ".txt", NULL);
}

char *
brev_part_filename_whole (const BrevPart *part, guint index)
{
    g_autofree char *name = brev_part_filename (part, index);
    const char *dot = strrchr (name, '.');

    if (dot != NULL && dot[1] != '\0')
        return g_steal_pointer (&name);
    return g_strconcat (name, dot != NULL ? "" : ".", extension_of (part->type), NULL);
}

gboolean
brev_part_has_content (const BrevPart *part)
{
    return part != NULL && part->length > 0;
}

gboolean
brev_part_fits_name (const BrevPart *part, const char *filename)
{
    const char *dot = strrchr (filename, '.');

    if (dot == NULL || dot[1] == '\0')
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS (extensions); i++)
        if (strcmp (extensions[i].type, part->type) == 0)
            return g_ascii_strcasecmp (extensions[i].extension, dot + 1) == 0;
    return strcmp (part->type, "text/plain") == 0 &&
           g_ascii_strcasecmp ("txt", dot + 1) == 0;
}

void
brev_json_mailbox_texts (BrevJson *json, const char *name, const GPtrArray *mailboxes)
{
    if (mailboxes->len == 0)
        return;
    brev_json_name (json, name);
    brev_json_open (json, '[');
    for (guint i = 0; i < mailboxes->len; i++) {
        g_autofree char *mailbox = brev_mailbox_format (mailboxes->pdata[i], FALSE);
        brev_json_text (json, mailbox);
    }
    brev_json_close (json, ']');
}

void
brev_json_headers (BrevJson *json, const char *member, const BrevMail *mail)
{
    if (mail->headers->len + mail->added->len == 0)
        return;
    brev_json_name (json, member);
    brev_json_open (json, '{');
    brev_json_header_members (json, mail);
    brev_json_close (json, '}');
}

static void
add_header (BrevJson *json, const BrevHeader *header, const char *name_member,
            const char *value_member)
{
    g_autofree char *value = brev_header_value_ascii (header);

    brev_json_named_value (json, name_member, header->name, value_member, value);
}

void
brev_json_header_list (BrevJson *json, const char *member, const BrevMail *mail,
                       const char *name_member, const char *value_member)
{
    const GPtrArray *const lists[] = { mail->headers, mail->added };

    if (mail->headers->len + mail->added->len + mail->reply_to->len == 0)
        return;
    brev_json_name (json, member);
    brev_json_open (json, '[');
    if (mail->reply_to->len > 0) {
        g_autofree char *text = brev_mailboxes_format (mail->reply_to, TRUE);
        brev_json_named_value (json, name_member, "Reply-To", value_member, text);
    }
    for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
        for (guint j = 0; j < lists[i]->len; j++)
            add_header (json, lists[i]->pdata[j], name_member, value_member);
    brev_json_close (json, ']');
}

void
brev_json_headers_and_id (BrevJson *json, const char *member, const BrevMail *mail)
{
    brev_json_name (json, member);
    brev_json_open (json, '{');
    brev_json_pair (json, "Message-ID", mail->message_id);
    brev_json_header_members (json, mail);
    brev_json_close (json, '}');
}

void
brev_json_bodies (BrevJson *json, const BrevMail *mail, const char *text,
                  const char *html)
{
    const struct {
        const char *name;
        const BrevPart *part;
    } bodies[] = { { text, mail->message->text }, { html, mail->message->html } };

    if (mail->blank_body)
        brev_json_pair (json, text, " ");
    for (guint i = 0; !mail->blank_body && i < G_N_ELEMENTS (bodies); i++) {
        if (!brev_part_has_content (bodies[i].part))
            continue;
        brev_json_name (json, bodies[i].name);
        brev_json_part (json, mail->fd, bodies[i].part, BREV_AS_JSON_TEXT);
    }
}

/* @filling: what stands behind the body */
static void
write_filled (BrevJson *json, const BrevMail *mail, const BrevPart *part,
              const char *filling)
{
    separate (json);
    brev_body_add (json->body, "\"");
    if (part == NULL)
        brev_body_add (json->body, " ");
    else
        brev_body_add_part (json->body, mail->fd, part, BREV_AS_JSON_TEXT);
    brev_body_add (json->body, filling);
    brev_body_add (json->body, "\"");
}

void
brev_json_filled_bodies (BrevJson *json, const BrevMail *mail, const char *text,
                         const char *html, guint min)
{
    const BrevPart *plain = mail->blank_body ? NULL : mail->message->text;
    g_autofree char *blanks = g_strnfill (min, ' ');
    g_autofree char *dot = g_strconcat ("\\n", blanks, ".", NULL);
    g_autofree char *comment = g_strconcat ("<!--", blanks, "-->", NULL);

    if (mail->blank_body || brev_part_has_content (plain)) {
        brev_json_name (json, text);
        write_filled (json, mail, plain, mail->has_short_text ? dot : "");
    }
    if (!mail->blank_body && brev_part_has_content (mail->message->html)) {
        brev_json_name (json, html);
        write_filled (json, mail, mail->message->html,
                      mail->has_short_html ? comment : "");
    }
}

void
brev_json_text_as_html (BrevJson *json, const BrevMail *mail)
{
    separate (json);
    brev_body_add (json->body, "\"<div style=\\\"white-space: pre-wrap\\\">");
    brev_body_add_part (json->body, mail->fd, mail->message->text, BREV_AS_JSON_HTML);
    brev_body_add (json->body, "</div>\"");
}

void
brev_json_attachments (BrevJson *json, const char *member, const BrevMail *mail,
                       const BrevAttachmentNames *names,
                       gboolean (*is_one) (const BrevPart *part))
{
    const GPtrArray *parts = mail->message->attachments;
    guint n = 0;

    for (guint i = 0; i < parts->len; i++) {
        if (is_one != NULL && !is_one (parts->pdata[i]))
            continue;
        if (n++ == 0) {
            brev_json_name (json, member);
            brev_json_open (json, '[');
        }
        brev_json_open (json, '{');
        brev_json_attachment (json, mail, i, names);
        brev_json_close (json, '}');
    }
    if (n > 0)
        brev_json_close (json, ']');
}

void
brev_json_named_value (BrevJson *json, const char *name_member, const char *name,
                       const char *value_member, const char *value)
{
    brev_json_open (json, '{');
    brev_json_pair (json, name_member, name);
    brev_json_pair (json, value_member, value);
    brev_json_close (json, '}');
}

void
brev_json_fields (BrevJson *json, const char *member, const GPtrArray *fields)
{
    if (fields == NULL || fields->len == 0)
        return;
    brev_json_name (json, member);
    brev_json_open (json, '{');
    for (guint i = 0; i < fields->len; i++) {
        const BrevHeader *field = fields->pdata[i];
        brev_json_pair (json, field->name, field->text);
    }
    brev_json_close (json, '}');
}
