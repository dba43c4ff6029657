/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "admin/commands.h"
#include "admin/draft.h"
#include "admin/output.h"
#include "base/text.h"

#define SECRET "***"  /* no token is read: a request is only shown */
#define LONG_TEXT 400 /* characters; what is longer is an attachment, most likely */
#define SHOWN_TEXT 60

/* -- the request --------------------------------------------------------------------- */

static GString *
read_body (BrevBody *body, GError **error)
{
    g_autoptr (GString) text = g_string_new (NULL);
    char chunk[16384];
    gssize got;

    brev_body_hide_secrets (body);
    if (!brev_body_measure (body, &(guint64){ 0 }, NULL, error))
        return NULL;
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
print_part (const BrevDraftPart *part, GError **error)
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
print_text (const BrevDraft *draft, GError **error)
{
    g_autofree char *sender =
        brev_text_printable (*draft->sender == '\0' ? "<>" : draft->sender);

    (void) printf ("Sender       %s\n", sender);
    for (guint i = 0; i < draft->recipients->bad->len; i++) {
        const BrevRecipient *recipient = draft->recipients->bad->pdata[i];
        g_autofree char *bad = brev_text_printable (recipient->original);
        (void) printf ("No address   %s\n", bad);
    }
    for (guint i = 0; i < draft->parts->len; i++) {
        (void) printf ("\n");
        if (!print_part (draft->parts->pdata[i], error))
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
part_json (JsonBuilder *json, const BrevDraftPart *part, GError **error)
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
print_json (const BrevDraft *draft, GError **error)
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
    for (guint i = 0; i < draft->parts->len; i++)
        if (!part_json (json, draft->parts->pdata[i], error))
            return FALSE;
    json_builder_end_array (json);
    json_builder_end_object (json);
    brev_out_print (json);
    return TRUE;
}

gboolean
brev_cmd_plan (BrevCall *call, GError **error)
{
    g_auto (BrevDraft) draft = { .fd = -1 };

    if (!brev_draft_make (&draft, call, brev_call_argument (call, 0), error))
        return FALSE;
    return call->is_json ? print_json (&draft, error) : print_text (&draft, error);
}
