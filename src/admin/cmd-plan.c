/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/output.h"
#include "admin/site.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "courier/recipients.h"
#include "courier/routing.h"
#include "envelope/frame.h"
#include "plan/plan.h"

#define SECRET "***"  /* no token is read: a request is only shown */
#define LONG_TEXT 400 /* characters; what is longer is an attachment, most likely */
#define SHOWN_TEXT 60

/* One file on its way through everything but the network. */
typedef struct {
    const BrevCall *call;
    char id[BREV_ID_LENGTH + 1];
    int fd; /* owned: the message as a frame would hold it */
    guint64 length;
    char *sender;               /* owned, qualified */
    BrevAliases *aliases;       /* owned */
    BrevMessage *message;       /* owned */
    BrevRecipients *recipients; /* owned */
} Draft;

static void
draft_clear (Draft *draft)
{
    brev_close_fd (&draft->fd);
    g_free (draft->sender);
    brev_aliases_free (draft->aliases);
    brev_message_free (draft->message);
    brev_recipients_free (draft->recipients);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Draft, draft_clear)

/* What one account gets of it. */
typedef struct {
    const BrevAccount *account; /* NULL: none is there, it would wait */
    GArray *recipients;         /* owned, of BrevPlanRecipient */
    BrevPlan *plan;             /* owned, NULL without an account or a provider */
} Part;

static void
part_free (gpointer data)
{
    Part *part = data;

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
load_message (Draft *draft, const char *path, GError **error)
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
make_envelope (const Draft *draft)
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
resolve (Draft *draft, GError **error)
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
load (Draft *draft, const char *path, GError **error)
{
    if (!load_message (draft, path, error) ||
        !brev_site_become_owner (draft->call->config, error))
        return FALSE;
    draft->aliases = brev_aliases_load (draft->call->config->aliases);
    draft->message = brev_message_decode (draft->fd, 0, draft->length, error);
    return draft->message != NULL && resolve (draft, error);
}

static Part *
part_for (GPtrArray *parts, const BrevAccount *account)
{
    Part *part;

    for (guint i = 0; i < parts->len; i++) {
        part = parts->pdata[i];
        if (part->account == account)
            return part;
    }
    part = g_new0 (Part, 1);
    part->account = account;
    part->recipients = g_array_new (FALSE, FALSE, sizeof (BrevPlanRecipient));
    g_ptr_array_add (parts, part);
    return part;
}

/* Recipients may take different accounts, by routes. */
static GPtrArray *
divide (const Draft *draft, const BrevAccount *forced)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func (part_free);
    const BrevRouting routing = {
        .config = draft->call->config,
        .message = draft->message,
        .sender = draft->sender,
        .uid = getuid (),
    };

    for (guint i = 0; i < draft->recipients->good->len; i++) {
        const BrevRecipient *recipient = draft->recipients->good->pdata[i];
        const BrevPlanRecipient wanted = { recipient->address, recipient->original, i };
        const BrevAccount *account =
            forced != NULL ? forced : brev_routing_account (&routing, recipient->address);
        g_array_append_val (part_for (parts, account)->recipients, wanted);
    }
    return parts;
}

static void
make_plan (const Draft *draft, Part *part)
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

/* -- the request --------------------------------------------------------------------- */

static GString *
read_body (BrevBody *body, GError **error)
{
    g_autoptr (GString) text = g_string_new (NULL);
    char chunk[16384];
    gssize got;

    if (!brev_body_measure (body, &(guint64){ 0 }, NULL, error))
        return NULL;
    brev_body_rewind (body);
    while ((got = brev_body_read (body, chunk, sizeof chunk, error)) > 0)
        g_string_append_len (text, chunk, got);
    return got < 0 ? NULL : g_steal_pointer (&text);
}

/* Returns: (transfer full) (nullable): of BrevHttpRequest: all that carry the mail */
static GPtrArray *
encode (const BrevPlan *plan, BrevMail *mail, GError **error)
{
    const BrevAccount *account = plan->account;
    g_autofree char *endpoint = brev_provider_endpoint (plan->provider, account);
    g_autoptr (GPtrArray) mails = g_ptr_array_new ();

    g_ptr_array_add (mails, mail);
    return brev_provider_requests (plan->provider, mails, account, SECRET, endpoint,
                                   error);
}

static void shorten (JsonNode *node);

static void
shorten_member (JsonObject *object, const char *name, JsonNode *node, gpointer data)
{
    shorten (node);
}

static void
shorten_element (JsonArray *array, guint index, JsonNode *node, gpointer data)
{
    shorten (node);
}

/* For the eye: the base64 of an attachment says nothing to it. */
static void
shorten (JsonNode *node)
{
    const char *text;

    if (JSON_NODE_HOLDS_OBJECT (node)) {
        json_object_foreach_member (json_node_get_object (node), shorten_member, NULL);
    } else if (JSON_NODE_HOLDS_ARRAY (node)) {
        json_array_foreach_element (json_node_get_array (node), shorten_element, NULL);
    } else if (json_node_get_value_type (node) == G_TYPE_STRING) {
        text = json_node_get_string (node);
        glong length = g_utf8_strlen (text, -1);
        if (length > LONG_TEXT) {
            g_autofree char *start = g_utf8_substring (text, 0, SHOWN_TEXT);
            g_autofree char *brief =
                g_strdup_printf ("%s... (%ld characters)", start, length);
            json_node_set_string (node, brief);
        }
    }
}

/* Returns: (nullable): %NULL when the body is no JSON */
static JsonNode *
parse_body (const GString *body)
{
    g_autoptr (JsonParser) parser = json_parser_new ();

    if (!json_parser_load_from_data (parser, body->str, (gssize) body->len, NULL))
        return NULL;
    return json_parser_steal_root (parser);
}

/* -- text ---------------------------------------------------------------------------- */

/* (transfer full): a message, fit for a terminal line by line */
static char *
printable_lines (const char *text)
{
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        char *line = lines[i];
        if (g_str_has_suffix (line, "\r"))
            line[strlen (line) - 1] = '\0';
        lines[i] = brev_text_printable (line);
        g_free (line);
    }
    return g_strjoinv ("\n", lines);
}

static void
print_request (const BrevHttpRequest *request, const GString *body)
{
    g_autoptr (JsonNode) root = parse_body (body);
    g_autofree char *text = NULL;

    if (root != NULL)
        shorten (root);
    text = root == NULL ? printable_lines (body->str) : brev_out_json_text (root);
    (void) printf ("\n%s %s\n", request->method, request->url);
    for (guint i = 0; i < request->headers->len; i++) {
        const BrevHttpHeader *header = request->headers->pdata[i];
        (void) printf ("%s: %s\n", header->name,
                       header->is_secret ? SECRET : header->value);
    }
    (void) printf ("\n%s\n", text);
}

/* "a, b" */
static char *
join (const GPtrArray *texts)
{
    g_autoptr (GString) all = g_string_new (NULL);

    for (guint i = 0; i < texts->len; i++) {
        g_autofree char *clean = brev_text_printable (texts->pdata[i]);
        g_string_append_printf (all, "%s%s", i == 0 ? "" : ", ", clean);
    }
    return g_string_free (g_steal_pointer (&all), FALSE);
}

static void
print_losses (const BrevPlan *plan)
{
    for (guint i = 0; i < BREV_FEATURE_LAST; i++)
        if (BREV_HAS (plan->losses, i))
            (void) printf ("Loss         %s%s: %s\n", brev_features[i].name,
                           brev_features[i].is_material ? " (material)" : "",
                           brev_features[i].help);
    if (plan->dropped->len > 0) {
        g_autofree char *names = join (plan->dropped);
        (void) printf ("Dropped      %s\n", names);
    }
}

static const char *const verdicts[] = {
    [BREV_PLAN_SEND] = "send",
    [BREV_PLAN_REFUSE] = "refuse",
    [BREV_PLAN_WAIT] = "wait",
};

static void
print_refusals (const BrevPlan *plan)
{
    for (guint i = 0; i < plan->refusals->len; i++) {
        const BrevPlanRefusal *refusal = plan->refusals->pdata[i];
        g_autofree char *address = brev_text_printable (refusal->address);
        (void) printf ("Refused      %s: %s\n", address, refusal->text);
    }
}

static gboolean
print_requests (const GPtrArray *requests, GError **error)
{
    for (guint i = 0; requests != NULL && i < requests->len; i++) {
        const BrevHttpRequest *request = requests->pdata[i];
        g_autoptr (GString) body = read_body (request->body, error);
        if (body == NULL)
            return FALSE;
        print_request (request, body);
    }
    return requests != NULL;
}

static gboolean
print_plan (const BrevPlan *plan, GError **error)
{
    (void) printf ("Verdict      %s%s%s\n", verdicts[plan->kind],
                   plan->reason == NULL ? "" : ": ",
                   plan->reason == NULL ? "" : plan->reason);
    if (plan->kind == BREV_PLAN_SEND)
        (void) printf ("Step         %s\n", plan->step);
    if (plan->rewritten_from != NULL)
        (void) printf ("From         was %s\n", plan->rewritten_from);
    print_losses (plan);
    print_refusals (plan);
    for (guint i = 0; plan->kind == BREV_PLAN_SEND && i < plan->mails->len; i++) {
        g_autoptr (GPtrArray) requests = encode (plan, plan->mails->pdata[i], error);
        if (!print_requests (requests, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
print_part (const Part *part, GError **error)
{
    const BrevAccount *account = part->account;

    (void) printf ("Account      %s\n",
                   account == NULL ? "none: the mail would wait" : account->name);
    for (guint i = 0; i < part->recipients->len; i++) {
        const BrevPlanRecipient *recipient =
            &g_array_index (part->recipients, BrevPlanRecipient, i);
        g_autofree char *address = brev_text_printable (recipient->address);
        (void) printf ("Recipient    %s\n", address);
    }
    if (part->plan != NULL)
        return print_plan (part->plan, error);
    if (account != NULL)
        (void) printf ("Verdict      wait: unknown provider '%s'\n",
                       account->provider == NULL ? "" : account->provider);
    return TRUE;
}

static gboolean
print_text (const Draft *draft, const GPtrArray *parts, GError **error)
{
    g_autofree char *sender =
        brev_text_printable (*draft->sender == '\0' ? "<>" : draft->sender);

    (void) printf ("Sender       %s\n", sender);
    for (guint i = 0; i < draft->recipients->bad->len; i++) {
        const BrevRecipient *recipient = draft->recipients->bad->pdata[i];
        g_autofree char *bad = brev_text_printable (recipient->original);
        (void) printf ("No address   %s\n", bad);
    }
    for (guint i = 0; i < parts->len; i++) {
        (void) printf ("\n");
        if (!print_part (parts->pdata[i], error))
            return FALSE;
    }
    return TRUE;
}

/* -- JSON ---------------------------------------------------------------------------- */

static void
request_json (JsonBuilder *json, const BrevHttpRequest *request, const GString *body)
{
    JsonNode *root = parse_body (body);

    json_builder_begin_object (json);
    brev_out_string (json, "method", request->method);
    brev_out_string (json, "url", request->url);
    json_builder_set_member_name (json, "headers");
    json_builder_begin_object (json);
    for (guint i = 0; i < request->headers->len; i++) {
        const BrevHttpHeader *header = request->headers->pdata[i];
        brev_out_string (json, header->name, header->is_secret ? SECRET : header->value);
    }
    json_builder_end_object (json);
    if (root == NULL) {
        brev_out_string (json, "body", body->str);
    } else {
        json_builder_set_member_name (json, "body");
        json_builder_add_value (json, root);
    }
    json_builder_end_object (json);
}

static void
losses_json (JsonBuilder *json, const BrevPlan *plan)
{
    json_builder_set_member_name (json, "losses");
    json_builder_begin_array (json);
    for (guint i = 0; i < BREV_FEATURE_LAST; i++) {
        if (!BREV_HAS (plan->losses, i))
            continue;
        json_builder_begin_object (json);
        brev_out_string (json, "name", brev_features[i].name);
        brev_out_bool (json, "material", brev_features[i].is_material);
        json_builder_end_object (json);
    }
    json_builder_end_array (json);
}

static void
refusals_json (JsonBuilder *json, const BrevPlan *plan)
{
    json_builder_set_member_name (json, "refused");
    json_builder_begin_array (json);
    for (guint i = 0; i < plan->refusals->len; i++) {
        const BrevPlanRefusal *refusal = plan->refusals->pdata[i];
        json_builder_begin_object (json);
        brev_out_string (json, "address", refusal->address);
        brev_out_string (json, "dsn", refusal->dsn);
        brev_out_string (json, "reason", refusal->text);
        json_builder_end_object (json);
    }
    json_builder_end_array (json);
}

static gboolean
requests_json (JsonBuilder *json, const GPtrArray *requests, GError **error)
{
    for (guint i = 0; requests != NULL && i < requests->len; i++) {
        const BrevHttpRequest *request = requests->pdata[i];
        g_autoptr (GString) body = read_body (request->body, error);
        if (body == NULL)
            return FALSE;
        request_json (json, request, body);
    }
    return requests != NULL;
}

static gboolean
plan_json (JsonBuilder *json, const BrevPlan *plan, GError **error)
{
    brev_out_string (json, "verdict", verdicts[plan->kind]);
    brev_out_string (json, "step", plan->kind == BREV_PLAN_SEND ? plan->step : NULL);
    brev_out_string (json, "reason", plan->reason);
    brev_out_string (json, "dsn", plan->dsn);
    brev_out_string (json, "rewritten_from", plan->rewritten_from);
    losses_json (json, plan);
    brev_out_strings (json, "dropped", plan->dropped);
    refusals_json (json, plan);
    json_builder_set_member_name (json, "requests");
    json_builder_begin_array (json);
    for (guint i = 0; plan->kind == BREV_PLAN_SEND && i < plan->mails->len; i++) {
        g_autoptr (GPtrArray) requests = encode (plan, plan->mails->pdata[i], error);
        if (!requests_json (json, requests, error))
            return FALSE;
    }
    json_builder_end_array (json);
    return TRUE;
}

static gboolean
part_json (JsonBuilder *json, const Part *part, GError **error)
{
    json_builder_begin_object (json);
    brev_out_string (json, "account", part->account == NULL ? NULL : part->account->name);
    json_builder_set_member_name (json, "recipients");
    json_builder_begin_array (json);
    for (guint i = 0; i < part->recipients->len; i++) {
        g_autofree char *valid = g_utf8_make_valid (
            g_array_index (part->recipients, BrevPlanRecipient, i).address, -1);
        json_builder_add_string_value (json, valid);
    }
    json_builder_end_array (json);
    if (part->plan == NULL)
        brev_out_string (json, "verdict", verdicts[BREV_PLAN_WAIT]);
    else if (!plan_json (json, part->plan, error))
        return FALSE;
    json_builder_end_object (json);
    return TRUE;
}

static gboolean
print_json (const Draft *draft, const GPtrArray *parts, GError **error)
{
    g_autoptr (JsonBuilder) json = json_builder_new ();
    g_autoptr (GPtrArray) bad = g_ptr_array_new ();

    for (guint i = 0; i < draft->recipients->bad->len; i++)
        g_ptr_array_add (
            bad, ((const BrevRecipient *) draft->recipients->bad->pdata[i])->original);
    json_builder_begin_object (json);
    brev_out_string (json, "sender", draft->sender);
    brev_out_strings (json, "bad_recipients", bad);
    json_builder_set_member_name (json, "plans");
    json_builder_begin_array (json);
    for (guint i = 0; i < parts->len; i++)
        if (!part_json (json, parts->pdata[i], error))
            return FALSE;
    json_builder_end_array (json);
    json_builder_end_object (json);
    brev_out_print (json);
    return TRUE;
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
brev_cmd_plan (BrevCall *call, GError **error)
{
    g_auto (Draft) draft = { .call = call, .fd = -1 };
    g_autoptr (GPtrArray) parts = NULL;
    const BrevAccount *forced;

    brev_id_new (draft.id);
    if (!find_forced (call, &forced, error) ||
        !load (&draft, brev_call_argument (call, 0), error))
        return FALSE;
    parts = divide (&draft, forced);
    for (guint i = 0; i < parts->len; i++)
        make_plan (&draft, parts->pdata[i]);
    return call->is_json ? print_json (&draft, parts, error)
                         : print_text (&draft, parts, error);
}
