/* SPDX-License-Identifier: MIT */
#include "admin/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "admin/site.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "courier/routing.h"

void
brev_draft_clear (BrevDraft *draft)
{
    brev_close_fd (&draft->fd);
    g_free (draft->sender);
    brev_aliases_free (draft->aliases);
    brev_message_free (draft->message);
    brev_recipients_free (draft->recipients);
    g_clear_pointer (&draft->parts, g_ptr_array_unref);
}

static void
part_free (gpointer data)
{
    BrevDraftPart *part = data;

    g_array_unref (part->recipients);
    brev_plan_free (part->plan);
    g_free (part);
}

/* -- the message --------------------------------------------------------------------- */

/* A field's name and its colon, or a fold. */
static gboolean
is_header_line (const char *line, gsize length)
{
    gsize n = 0;

    if (length > 0 && (*line == ' ' || *line == '\t'))
        return TRUE;
    while (n < length && line[n] > ' ' && line[n] < 0x7f && line[n] != ':')
        n++;
    while (n < length && n > 0 && (line[n] == ' ' || line[n] == '\t'))
        n++;
    return n > 0 && n < length && line[n] == ':';
}

/* The bytes as sendmail would keep them: lines end with LF, the header with an empty one.
 */
static GString *
normalise (const char *text, gsize length)
{
    GString *clean = g_string_sized_new (length + 1);
    const char *end = text + length;
    gboolean in_header = TRUE;

    while (text < end) {
        const char *feed = memchr (text, '\n', (gsize) (end - text));
        gsize size = (gsize) ((feed == NULL ? end : feed) - text);
        gsize kept = size;
        while (feed != NULL && kept > 0 && text[kept - 1] == '\r')
            kept--;
        if (in_header && !is_header_line (text, kept)) {
            if (kept > 0)
                g_string_append_c (clean, '\n');
            in_header = FALSE;
        }
        g_string_append_len (clean, text, (gssize) kept);
        g_string_append_c (clean, '\n');
        text += size + 1;
    }
    if (in_header)
        g_string_append_c (clean, '\n');
    return clean;
}

/* Waits for a pipe, as brev_read_file_at() does not. */
static GString *
read_input (const char *path, gsize max, GError **error)
{
    g_autoptr (GString) text = g_string_new (NULL);
    gboolean is_stdin = strcmp (path, "-") == 0;
    brev_autofd int opened = is_stdin ? -1 : open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int fd = is_stdin ? STDIN_FILENO : opened;
    char chunk[16384];
    gssize got = 0;

    if (fd < 0) {
        (void) brev_throw (error,
                           errno == ENOENT ? BREV_ERROR_NO_FILE : BREV_ERROR_SYSTEM,
                           "cannot open '%s': %s", path, g_strerror (errno));
        return NULL;
    }
    while (text->len <= max && (got = brev_read_some (fd, chunk, sizeof chunk)) > 0)
        g_string_append_len (text, chunk, got);
    if (got < 0)
        (void) brev_throw_errno (error, errno, "cannot read '%s'", path);
    else if (text->len > max)
        (void) brev_throw (error, BREV_ERROR_INPUT,
                           "'%s' is larger than 'max-message-size', %zu bytes", path,
                           max);
    return got < 0 || text->len > max ? NULL : g_steal_pointer (&text);
}

static gboolean
load_message (BrevDraft *draft, const char *path, GError **error)
{
    g_autoptr (GString) text =
        read_input (path, draft->call->config->max_message_size, error);
    g_autoptr (GString) clean = text == NULL ? NULL : normalise (text->str, text->len);

    if (clean == NULL)
        return FALSE;
    draft->fd = memfd_create ("brevdue-plan", MFD_CLOEXEC);
    draft->length = clean->len;
    if (draft->fd < 0 || !brev_write_all (draft->fd, clean->str, clean->len))
        return brev_throw_errno (error, errno, "cannot keep the message in memory");
    return TRUE;
}

/* -- who gets it, and by whom -------------------------------------------------------- */

static BrevEnvelope *
make_envelope (const BrevDraft *draft)
{
    BrevEnvelope *envelope = brev_envelope_new ();
    const char *recipient = brev_call_option (draft->call, "recipient");

    if (recipient != NULL)
        g_ptr_array_add (envelope->recipients, g_strdup (recipient));
    else
        envelope->header_recipients = TRUE;
    return envelope;
}

static gboolean
resolve (BrevDraft *draft, GError **error)
{
    const BrevConfig *config = draft->call->config;
    const BrevLocalNames names = {
        .aliases = draft->aliases,
        .mail_name = config->mail_name,
        .host_name = g_get_host_name (),
        .postmaster = config->postmaster,
    };
    const struct passwd *user = getpwuid (getuid ());
    const char *login = user == NULL ? "nobody" : user->pw_name;
    const char *sender = brev_call_option (draft->call, "sender");
    g_autoptr (BrevEnvelope) envelope = make_envelope (draft);
    g_autoptr (BrevHeaderRecipients) header = NULL;

    draft->sender = brev_sender_qualify (sender == NULL ? login : sender, login, &names);
    if (envelope->header_recipients) {
        header = brev_header_recipients_read (draft->fd, 0, draft->length, error);
        if (header == NULL)
            return FALSE;
    }
    draft->recipients = brev_recipients_resolve (envelope, header, &names, error);
    if (draft->recipients == NULL)
        return FALSE;
    return draft->recipients->good->len > 0 ||
           brev_throw (error, BREV_ERROR_USAGE,
                       "no recipient: name one with --recipient, or in To, Cc or Bcc");
}

static gboolean
load (BrevDraft *draft, const char *path, GError **error)
{
    if (!load_message (draft, path, error) ||
        !brev_site_become_owner (draft->call->config, error))
        return FALSE;
    draft->aliases = brev_aliases_load (draft->call->config->aliases);
    draft->message = brev_message_decode (draft->fd, 0, draft->length, error);
    return draft->message != NULL && resolve (draft, error);
}

static BrevDraftPart *
part_for (const BrevDraft *draft, const BrevAccount *account)
{
    BrevDraftPart *part;

    for (guint i = 0; i < draft->parts->len; i++) {
        part = draft->parts->pdata[i];
        if (part->account == account)
            return part;
    }
    part = g_new0 (BrevDraftPart, 1);
    part->account = account;
    part->recipients = g_array_new (FALSE, FALSE, sizeof (BrevPlanRecipient));
    g_ptr_array_add (draft->parts, part);
    return part;
}

/* Recipients may take different accounts, by routes. */
static void
divide (BrevDraft *draft, const BrevAccount *forced)
{
    const BrevRouting routing = {
        .config = draft->call->config,
        .message = draft->message,
        .sender = draft->sender,
        .uid = getuid (),
    };

    draft->parts = g_ptr_array_new_with_free_func (part_free);
    for (guint i = 0; i < draft->recipients->good->len; i++) {
        const BrevRecipient *recipient = draft->recipients->good->pdata[i];
        const BrevPlanRecipient wanted = { recipient->address, recipient->original, i };
        const BrevAccount *account =
            forced != NULL ? forced : brev_routing_account (&routing, recipient->address);
        g_array_append_val (part_for (draft, account)->recipients, wanted);
    }
}

static void
make_plan (const BrevDraft *draft, BrevDraftPart *part)
{
    const BrevProvider *provider =
        part->account == NULL ? NULL : brev_provider_for (part->account);
    g_autofree char *message_id =
        g_strdup_printf ("<%s@%s>", draft->id, draft->call->config->mail_name);
    const BrevPlanInput input = {
        .queue_id = draft->id,
        .message = draft->message,
        .fd = draft->fd,
        .sender = draft->sender,
        .message_id = message_id,
        .recipients = (const BrevPlanRecipient *) (gpointer) part->recipients->data,
        .n_recipients = part->recipients->len,
        .config = draft->call->config,
        .account = part->account,
        .provider = provider,
        .arrival = brev_clock_now (),
        .now = brev_clock_now (),
    };

    if (provider != NULL)
        part->plan = brev_plan_make (&input);
}

static gboolean
find_forced (const BrevCall *call, const BrevAccount **account, GError **error)
{
    const char *name = brev_call_option (call, "account");

    *account = brev_config_find_account (call->config, name);
    return name == NULL || *account != NULL ||
           brev_throw (error, BREV_ERROR_USAGE, "there is no [account %s]", name);
}

gboolean
brev_draft_make (BrevDraft *draft, const BrevCall *call, const char *path, GError **error)
{
    const BrevAccount *forced;

    *draft = (BrevDraft){ .call = call, .fd = -1 };
    brev_id_new (draft->id);
    if (!find_forced (call, &forced, error) || !load (draft, path, error))
        return FALSE;
    divide (draft, forced);
    for (guint i = 0; i < draft->parts->len; i++)
        make_plan (draft, draft->parts->pdata[i]);
    return TRUE;
}
