/* SPDX-License-Identifier: MIT */
#include "courier/record.h"

#include <string.h>

#include "courier/recipients.h"
#include "courier/report-text.h"

/* clang-format off */
static const char *const statuses[BREV_STATE_LAST] = {
    [BREV_STATE_QUEUED]    = "deferred",
    [BREV_STATE_DEFERRED]  = "deferred",
    [BREV_STATE_SENDING]   = "deferred",
    [BREV_STATE_SENT]      = "sent",
    [BREV_STATE_DISCARDED] = "discarded-by-test",
    [BREV_STATE_REFUSED]   = "bounced",
    [BREV_STATE_EXPIRED]   = "bounced",
    [BREV_STATE_PARKED]    = "parked",
};
static const struct {
    char way;
    const char *name;
} ways[] = {
    { 's', "socket" }, { 'd', "drop" }, { 'o', "own" }, { 'r', "report" },
};
/* clang-format on */

const char *
brev_record_status (BrevState state)
{
    return statuses[state] != NULL ? statuses[state] : "deleted";
}

const char *
brev_record_way (char way)
{
    for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
        if (ways[i].way == way)
            return ways[i].name;
    return "unknown";
}

/* Between < and >: nothing in an address may look like the end of it. */
static char *
bracketed (const char *text)
{
    char *address = brev_recipient_address (text);

    return address != NULL ? address : g_strdelimit (g_strdup (text), "<>", '?');
}

void
brev_record_import (const BrevStoreMessage *message)
{
    g_autofree char *sender = bracketed (message->sender);
    g_autofree char *uid = g_strdup_printf ("%u", message->uid);
    const char *const fields[BREV_FIELD_LAST] = {
        [BREV_FIELD_ID] = message->id,
        [BREV_FIELD_UID] = uid,
        [BREV_FIELD_SENDER] = message->sender,
    };

    brev_log_name (BREV_LOG_PICKUP);
    brev_log_fields (BREV_LOG_INFO, fields, "%s: uid=%s from=<%s>", message->id, uid,
                     sender);
    brev_log_name (BREV_LOG_QUEUE);
    brev_log_fields (BREV_LOG_INFO, fields,
                     "%s: from=<%s>, size=%" G_GUINT64_FORMAT
                     ", nrcpt=%u (queue active), uid=%s, way=%s",
                     message->id, sender, message->size, message->recipients->len, uid,
                     brev_record_way (message->way));
    brev_log_name (BREV_LOG_COURIER);
}

static BrevLogLevel
level_of (BrevState state)
{
    return state == BREV_STATE_PARKED ? BREV_LOG_WARNING : BREV_LOG_INFO;
}

/* An earlier request had sent it. */
static gboolean
is_found (const BrevSettlement *settlement)
{
    return settlement->state == BREV_STATE_SENT && settlement->was_asked;
}

/* What stands in the last parentheses: the provider's id, or its words. */
static char *
remark (const char *id, const BrevSettlement *settlement)
{
    const char *text = settlement->reply;
    gboolean may_be_double = settlement->maybe_sent && !settlement->is_sent_once;

    if (is_found (settlement))
        return g_strdup_printf ("%s; found at the provider%s%s", settlement->remote_id,
                                text != NULL ? ", a duplicate: " : "",
                                text != NULL ? text : "");

    if (settlement->state == BREV_STATE_SENT || settlement->state == BREV_STATE_DISCARDED)
        text = settlement->remote_id != NULL ? settlement->remote_id : text;
    if (text == NULL || *text == '\0')
        text = "no reply text";
    if (settlement->state == BREV_STATE_PARKED)
        return g_strdup_printf ("%s%s; 'brevdue queue release %s' tries again", text,
                                may_be_double ? "; possible duplicate" : "", id);
    return g_strdup_printf ("%s%s", text, may_be_double ? "; possible duplicate" : "");
}

void
brev_record_outcome (const BrevStoreMessage *message, const BrevStoreRecipient *recipient,
                     const char *relay, const BrevSettlement *settlement, gint64 now)
{
    g_autofree char *to = bracketed (recipient->address);
    g_autofree char *original = bracketed (recipient->original);
    g_autofree char *text = remark (message->id, settlement);
    const char *status = brev_record_status (settlement->state);
    gboolean is_alias = strcmp (to, original) != 0;
    const char *const fields[BREV_FIELD_LAST] = {
        [BREV_FIELD_ID] = message->id,
        [BREV_FIELD_SENDER] = message->sender,
        [BREV_FIELD_RECIPIENT] = recipient->address,
        [BREV_FIELD_ACCOUNT] = relay,
        [BREV_FIELD_STATUS] = status,
        [BREV_FIELD_DSN] = settlement->dsn,
        [BREV_FIELD_REMOTE_ID] = settlement->remote_id,
    };

    brev_log_name (BREV_LOG_OUTCOME);
    brev_log_fields (level_of (settlement->state), fields,
                     "%s: to=<%s>,%s%s%s relay=%s, delay=%.2f, dsn=%s, status=%s (%s)",
                     message->id, to, is_alias ? " orig_to=<" : "",
                     is_alias ? original : "", is_alias ? ">," : "", relay,
                     (double) MAX (now - message->arrival, 0) / 1000, settlement->dsn,
                     status, text);
    brev_log_name (BREV_LOG_COURIER);
}

static void
record_crashed_import (const BrevStoreMessage *message)
{
    if (message->parked != NULL)
        brev_log (BREV_LOG_WARNING,
                  "%s: status=parked (%s; 'brevdue queue release %s' tries again)",
                  message->id, message->parked, message->id);
    else
        brev_log (BREV_LOG_WARNING,
                  "%s: the last courier died while it read this file; it is read again",
                  message->id);
}

void
brev_record_recovered (const BrevStoreMessage *message, gint64 now)
{
    const BrevStoreRecipient *recipient =
        message->recipients->len == 0 ? NULL : message->recipients->pdata[0];

    if (recipient == NULL)
        record_crashed_import (message);
    else
        brev_record_outcome (message, recipient,
                             recipient->account[0] != '\0' ? recipient->account : "none",
                             &(BrevSettlement){ .state = recipient->state,
                                                .maybe_sent = recipient->maybe_sent,
                                                .dsn = "4.4.2",
                                                .reply = recipient->reply },
                             now);
}

void
brev_record_again (const BrevStoreMessage *message, const BrevStoreRecipient *recipient,
                   const char *why)
{
    g_autofree char *to = bracketed (recipient->address);

    brev_log (
        BREV_LOG_WARNING,
        "%s: to=<%s> is sent again, as a possible duplicate: an earlier request had "
        "no usable answer, and %s",
        message->id, to, why);
}

void
brev_record_report (const BrevStoreMessage *message, const char *report)
{
    static const char *const kinds[] = {
        [BREV_ACTION_FAILED] = "non-delivery",
        [BREV_ACTION_DELAYED] = "delay",
        [BREV_ACTION_RELAYED] = "delivery status",
        [BREV_ACTION_LAST] = "empty",
    };
    const char *const fields[BREV_FIELD_LAST] = { [BREV_FIELD_ID] = message->id };
    BrevAction worst = BREV_ACTION_LAST;

    for (guint i = 0; i < message->recipients->len; i++) {
        const BrevStoreRecipient *recipient = message->recipients->pdata[i];
        worst = MIN (worst, brev_report_action (recipient->state));
    }
    brev_log_name (BREV_LOG_BOUNCE);
    brev_log_fields (BREV_LOG_INFO, fields, "%s: %s %s notification: %s", message->id,
                     message->sender[0] != '\0' ? "sender" : "postmaster", kinds[worst],
                     report);
    brev_log_name (BREV_LOG_COURIER);
}

void
brev_record_storm (const BrevStoreMessage *message, guint limit, const char *window)
{
    g_autofree char *uid = g_strdup_printf ("%u", message->uid);
    const char *const fields[BREV_FIELD_LAST] = {
        [BREV_FIELD_ID] = message->id,
        [BREV_FIELD_UID] = uid,
        [BREV_FIELD_SENDER] = message->sender,
        [BREV_FIELD_STATUS] = message->is_storm ? "held" : NULL,
    };

    brev_log_fields (
        BREV_LOG_WARNING, fields,
        "%s: uid=%s: a storm of mail: more than %u within %s to the same recipients with "
        "the same subject; %s",
        message->id, uid, limit, window,
        message->is_storm
            ? "from this one on it is held, until 'brevdue queue release' lets it go"
            : "it is sent all the same ('storm-guard = hold' would keep it back)");
}

void
brev_record_cap (const char *sender, guint limit)
{
    g_autofree char *address = bracketed (sender);
    const char *const fields[BREV_FIELD_LAST] = { [BREV_FIELD_SENDER] = sender };

    brev_log_fields (BREV_LOG_WARNING, fields,
                     "%u reports to <%s> in an hour: further ones are in one at its end",
                     limit, address);
}

void
brev_record_digest (const BrevStoreDigest *digest, const char *to)
{
    g_autofree char *address = bracketed (to);
    const char *const fields[BREV_FIELD_LAST] = { [BREV_FIELD_ID] = digest->id };

    brev_log_name (BREV_LOG_BOUNCE);
    brev_log_fields (BREV_LOG_INFO, fields, "%s: one report about %u message%s to <%s>",
                     digest->id, digest->total, digest->total == 1 ? "" : "s", address);
    brev_log_name (BREV_LOG_COURIER);
}

static void
append (GString *list, const char *name)
{
    g_string_append_printf (list, "%s%s", list->len == 0 ? "" : ", ", name);
}

static char *
losses_of (const BrevPlan *plan)
{
    GString *list = g_string_new (NULL);

    for (guint i = 0; i < BREV_FEATURE_LAST; i++)
        if (BREV_HAS (plan->losses, i))
            append (list, brev_features[i].name);
    for (guint i = 0; plan->dropped != NULL && i < plan->dropped->len; i++)
        append (list, plan->dropped->pdata[i]);
    return g_string_free (list, FALSE);
}

const char *
brev_record_replaced_from (const BrevPlan *plan)
{
    const BrevMail *mail = plan->mails->len == 0 ? NULL : plan->mails->pdata[0];

    if (plan->rewritten_from == NULL || mail == NULL ||
        g_ascii_strcasecmp (plan->rewritten_from, mail->from->address) == 0)
        return NULL;
    return plan->rewritten_from;
}

void
brev_record_plan (const BrevStoreMessage *message, const BrevPlan *plan)
{
    g_autofree char *losses = losses_of (plan);
    const char *from = brev_record_replaced_from (plan);
    const char *const fields[BREV_FIELD_LAST] = { [BREV_FIELD_ID] = message->id };

    if (from != NULL)
        brev_log_fields (
            BREV_LOG_INFO, fields,
            "%s: From <%s> is not covered by \"senders\": <%s> stands in for it",
            message->id, from, ((const BrevMail *) plan->mails->pdata[0])->from->address);
    if (*losses != '\0')
        brev_log_fields (BREV_LOG_INFO, fields,
                         "%s: what does not arrive as it was written: %s", message->id,
                         losses);
}
