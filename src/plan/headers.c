/* SPDX-License-Identifier: MIT */
#include "plan/rules.h"

#include <string.h>

#include "base/clock.h"
#include "message/address.h"
#include "provider/control.h"
#include "provider/encode.h"

/* Whatever the provider: recipients that nobody is to see. */
static const char *const secret_headers[] = { "bcc", "resent-bcc", "apparently-to",
                                              "return-path", NULL };

/* What belongs to the way that the message has come, not to the one it goes by an API. */
static const char *const marks_of_a_forward[] = { "received", "dkim-signature",
                                                  "domainkey-signature", "arc-*", NULL };

gboolean
brev_rule_is_listed (const char *const *patterns, const char *name)
{
    for (; patterns != NULL && *patterns != NULL; patterns++) {
        gsize length = strlen (*patterns);
        gboolean is_prefix = length > 0 && (*patterns)[length - 1] == '*';
        if (is_prefix ? g_ascii_strncasecmp (*patterns, name, length - 1) == 0
                      : g_ascii_strcasecmp (*patterns, name) == 0)
            return TRUE;
    }
    return FALSE;
}

gboolean
brev_rule_is_secret (const char *name)
{
    return brev_rule_is_listed (secret_headers, name);
}

/* RFC 5322 section 3.6.8: what providers take for a name */
static gboolean
is_field_name (const char *name)
{
    const char *p = name;

    while (*p > 32 && *p < 127 && *p != ':')
        p++;
    return p > name && *p == '\0';
}

static gboolean
is_taken (const BrevPlanInput *input, const BrevHeader *header)
{
    const BrevProvider *provider = input->provider;

    return (provider->caps & BREV_CAP_HEADERS) != 0 && is_field_name (header->name) &&
           header->text[strspn (header->text, " \t")] != '\0' &&
           !brev_rule_is_secret (header->name) &&
           !brev_rule_is_listed (marks_of_a_forward, header->name) &&
           !brev_rule_is_listed (provider->forbidden_headers, header->name) &&
           (provider->takes_header == NULL ||
            provider->takes_header (input->message, header));
}

/* "Name: value" and its line end, as it travels */
static gsize
line_size (const BrevHeader *header)
{
    g_autofree char *value = brev_header_value_ascii (header);

    return strlen (header->name) + strlen (value) + 4;
}

static gboolean
has_room (const BrevPlanInput *input, const BrevMail *draft, const BrevHeader *header)
{
    const GPtrArray *const lists[] = { draft->headers, draft->added };
    gsize size = 0;

    if (input->provider->max_headers == 0)
        return TRUE;
    size = line_size (header);
    for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
        for (guint j = 0; j < lists[i]->len; j++)
            size += line_size (lists[i]->pdata[j]);
    return size <= input->provider->max_headers;
}

static gboolean
may_travel (const BrevPlanInput *input, const BrevMail *draft, const BrevHeader *header)
{
    return brev_rule_is_raw (input->provider) ||
           (is_taken (input, header) && has_room (input, draft, header));
}

static void
drop (BrevPlan *plan, const char *name)
{
    g_ptr_array_add (plan->dropped, g_strdup (name));
}

static gboolean
is_too_long (const char *text, guint max)
{
    return max > 0 && g_utf8_strlen (text, -1) > (glong) max;
}

/* @chars: (nullable): the only ones that are taken */
static gboolean
is_made_of (const char *text, const char *chars)
{
    return chars == NULL || (*text != '\0' && text[strspn (text, chars)] == '\0');
}

static gboolean
metadata_fits (const BrevProvider *provider, const BrevMail *draft,
               const BrevHeader *field)
{
    const GPtrArray *metadata = draft->controls.metadata;
    guint room = provider->max_metadata > 0 ? provider->max_metadata : G_MAXUINT;

    return metadata->len < room && is_made_of (field->name, provider->tag_chars) &&
           is_made_of (field->text, provider->tag_chars) &&
           !is_too_long (field->name, provider->max_metadata_key) &&
           !is_too_long (field->text, provider->max_metadata_value);
}

/* Bytes of a string of JSON, as long as any writer of it may make it. */
static gsize
json_size (const char *text)
{
    gsize size = strlen ("\"\"");

    for (const char *p = text; *p != '\0'; p += g_utf8_skip[(guint8) *p]) {
        gunichar c = g_utf8_get_char (p);
        gboolean is_plain = c >= ' ' && c < 0x7f && c != '"' && c != '\\';
        size += is_plain ? 1 : strlen (c < 0x10000 ? "\\u0000" : "\\u0000\\u0000");
    }
    return size;
}

static gsize
member_size (const char *name, const char *text)
{
    return json_size (name) + strlen (": ") + json_size (text) + strlen (", ");
}

/* Whether there is a place for @field beside those that are kept and the queue id. */
static gboolean
leaves_room (const BrevPlanInput *input, const BrevMail *draft, const BrevHeader *field)
{
    const GPtrArray *metadata = draft->controls.metadata;
    guint max = input->provider->max_metadata_size;
    gsize size = strlen ("{}") + member_size (BREV_QUEUE_ID_FIELD, input->queue_id) +
                 member_size (field->name, field->text);

    for (guint i = 0; i < metadata->len; i++) {
        const BrevHeader *kept = metadata->pdata[i];
        size += member_size (kept->name, kept->text);
    }
    return max == 0 || size <= max;
}

/* Where the tag is one of the metadata there is one of its name. The tag stays. */
static gboolean
is_tag (const BrevProvider *provider, const BrevMail *draft, const BrevHeader *field)
{
    return provider->tag_name != NULL && draft->controls.tag != NULL &&
           g_ascii_strcasecmp (field->name, provider->tag_name) == 0;
}

static void
keep_metadata (const BrevPlanInput *input, const BrevControls *wishes, BrevMail *draft,
               BrevPlan *plan)
{
    const BrevProvider *provider = input->provider;

    draft->controls.metadata =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_header_free);
    for (guint i = 0; i < wishes->metadata->len; i++) {
        const BrevHeader *field = wishes->metadata->pdata[i];
        g_autofree char *twin = g_strconcat ("metadata ", field->name, NULL);
        if (is_tag (provider, draft, field))
            drop (plan, twin); /* not to be taken for the tag */
        else if ((provider->caps & BREV_CAP_METADATA) != 0 &&
                 metadata_fits (provider, draft, field) &&
                 leaves_room (input, draft, field))
            g_ptr_array_add (draft->controls.metadata,
                             brev_header_new (field->name, field->raw, field->text));
        else
            drop (plan, field->name);
    }
}

static void
add_queue_id (const BrevPlanInput *input, BrevMail *draft)
{
    const GPtrArray *metadata = draft->controls.metadata;
    BrevHeader *field =
        brev_header_new (BREV_QUEUE_ID_FIELD, input->queue_id, input->queue_id);
    gboolean fits = (input->provider->caps & BREV_CAP_METADATA) != 0 &&
                    metadata_fits (input->provider, draft, field);

    for (guint i = 0; fits && i < metadata->len; i++)
        fits = g_ascii_strcasecmp (((BrevHeader *) metadata->pdata[i])->name,
                                   BREV_QUEUE_ID_FIELD) != 0;
    if (fits)
        g_ptr_array_add (draft->controls.metadata, field);
    else
        brev_header_free (field);
}

static void
keep_wishes (const BrevPlanInput *input, BrevMail *draft, BrevPlan *plan)
{
    const BrevProvider *provider = input->provider;
    g_auto (BrevControls) wishes = { 0 };

    brev_controls_read (input->message->headers, provider->name, &wishes, plan->dropped);
    draft->controls.stream = g_steal_pointer (&wishes.stream);
    draft->controls.ip_pool = g_steal_pointer (&wishes.ip_pool);
    draft->controls.asm_group = g_steal_pointer (&wishes.asm_group);
    draft->controls.track_opens = wishes.track_opens;
    draft->controls.track_links = wishes.track_links;
    if (wishes.tag != NULL && ((provider->caps & BREV_CAP_TAGS) == 0 ||
                               is_too_long (wishes.tag, provider->max_tag) ||
                               !is_made_of (wishes.tag, provider->tag_chars)))
        drop (plan, "tag");
    else
        draft->controls.tag = g_steal_pointer (&wishes.tag);
    keep_metadata (input, &wishes, draft, plan);
    add_queue_id (input, draft);
}

char *
brev_rule_date (gint64 date)
{
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (date / BREV_SECOND);
    g_autofree char *clock =
        time == NULL ? NULL : g_date_time_format (time, "%Y %H:%M:%S +0000");

    if (time == NULL)
        return NULL;
    return g_strdup_printf ("%s, %d %s %s", days[g_date_time_get_day_of_week (time) - 1],
                            g_date_time_get_day_of_month (time),
                            months[g_date_time_get_month (time) - 1], clock);
}

/* Returns: whether it travels */
static gboolean
add_field (const BrevPlanInput *input, BrevMail *draft, const char *name,
           const char *text)
{
    BrevHeader *field = text == NULL ? NULL : brev_header_new (name, text, text);
    gboolean travels = field != NULL && may_travel (input, draft, field);

    if (travels)
        g_ptr_array_add (draft->added, field);
    else
        brev_header_free (field);
    return travels;
}

/* Whether the provider writes a field of its own in the place of the message's. */
static gboolean
is_replaced (const BrevProvider *provider, BrevFeature feature)
{
    return !brev_rule_is_raw (provider) || BREV_HAS (provider->replaced, feature);
}

/* A Date that says something else than the provider's is kept beside it. */
static void
keep_date (const BrevPlanInput *input, BrevMail *draft, BrevPlan *plan)
{
    gint64 date = input->message->date;
    /* A repeated request must be the same to the byte, however late. */
    gboolean is_repeatable = (input->provider->caps & BREV_CAP_IDEMPOTENCY) != 0;
    gint64 then = is_repeatable ? input->arrival : input->now;
    g_autofree char *text = NULL;

    if (date == 0 || !is_replaced (input->provider, BREV_FEATURE_DATE))
        return;
    if (ABS (date - input->now) > BREV_HOUR)
        plan->losses |= BREV_BIT (BREV_FEATURE_DATE);
    if (ABS (date - then) <= BREV_HOUR)
        return;
    text = brev_rule_date (date);
    (void) add_field (input, draft, "X-Original-Date", text);
}

/* By this one replies and threads can be matched with the mail all the same. */
static void
keep_message_id (const BrevPlanInput *input, BrevMail *draft, BrevPlan *plan)
{
    const BrevProvider *provider = input->provider;
    gboolean is_kept = brev_rule_is_raw (provider)
                           ? !BREV_HAS (provider->replaced, BREV_FEATURE_MESSAGE_ID)
                           : BREV_HAS (provider->carried, BREV_FEATURE_MESSAGE_ID);

    if (!is_kept && input->message->message_id != NULL &&
        !add_field (input, draft, "X-Original-Message-ID", input->message->message_id))
        drop (plan, "Message-ID");
}

/* Returns: (nullable): nobody passes on what the null sender sends */
static char *
format_sender (const BrevPlanInput *input)
{
    g_autofree char *address = brev_rule_qualify (input, input->sender);
    g_autoptr (BrevMailbox) sender = brev_mailbox_new (address, input->full_name);

    return *input->sender == '\0' ? NULL : brev_mailbox_format (sender, TRUE);
}

/* A message that was passed on by hand: RFC 5322 section 3.6.6 wants a date and an author
 * of that, too. The same at each attempt. */
static void
complete_resent (const BrevPlanInput *input, BrevMail *draft)
{
    g_autofree char *date = brev_rule_date (input->arrival);
    g_autofree char *from = format_sender (input);
    g_autofree char *id =
        g_strdup_printf ("<%s.resent@%s>", input->queue_id, input->config->mail_name);
    const struct {
        const char *name, *text;
    } fields[] = {
        { "Resent-Date", date },
        { "Resent-From", from },
        { "Resent-Message-ID", id },
    };

    if (!BREV_HAS (input->message->features, BREV_FEATURE_RESENT) || input->is_gateway ||
        brev_rule_is_addressed (input->provider))
        return;
    for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
        if (brev_message_header (input->message, fields[i].name) == NULL)
            (void) add_field (input, draft, fields[i].name, fields[i].text);
}

static void
note_dropped (BrevPlan *plan, const char *name)
{
    static const char *const of_lists[] = { "list-*", "in-reply-to", "references", NULL };

    if (brev_rule_is_listed (of_lists, name))
        plan->losses |= BREV_BIT (BREV_FEATURE_LIST_HEADERS);
    drop (plan, name);
}

static void
choose_headers (const BrevPlanInput *input, BrevMail *draft, BrevPlan *plan)
{
    const GPtrArray *headers = input->message->headers;

    for (guint i = 0; i < headers->len; i++) {
        const BrevHeader *header = headers->pdata[i];
        if (brev_header_is_control (header->name, input->provider->name))
            continue;
        if (may_travel (input, draft, header))
            g_ptr_array_add (draft->headers, headers->pdata[i]);
        else
            note_dropped (plan, header->name);
    }
}

void
brev_rule_headers (const BrevPlanInput *input, BrevMail *draft, BrevPlan *plan)
{
    if (!brev_rule_is_raw (input->provider))
        choose_headers (input, draft, plan);
    keep_wishes (input, draft, plan);
    keep_date (input, draft, plan);
    keep_message_id (input, draft, plan);
    complete_resent (input, draft);
}
