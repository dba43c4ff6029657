/* SPDX-License-Identifier: MIT */
#include "admin/alarm.h"

#include <string.h>

#include "admin/keys.h"
#include "admin/output.h"
#include "base/clock.h"
#include "base/text.h"

const BrevAlarmState brev_alarm_states[BREV_ALARM_LAST] = {
    [BREV_ALARM_OK] = { "OK", 0 },
    [BREV_ALARM_UNKNOWN] = { "UNKNOWN", 3 },
    [BREV_ALARM_WARNING] = { "WARNING", 1 },
    [BREV_ALARM_CRITICAL] = { "CRITICAL", 2 },
};

/* -- the conditions: (transfer full) (nullable): what to say ------------------------- */

static const char *
plural (guint64 n)
{
    return n == 1 ? "" : "s";
}

/* Texts of several accounts or keys, with commas between them. */
static void append (GString *list, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
append (GString *list, const char *format, ...)
{
    va_list args;

    if (list->len > 0)
        g_string_append (list, ", ");
    va_start (args, format);
    g_string_append_vprintf (list, format, args);
    va_end (args);
}

static char *
finish (GString *list)
{
    return g_string_free (list, list->len == 0);
}

static char *
unreadable (const BrevAlarmFacts *facts)
{
    return g_strdup (facts->unreadable);
}

static char *
bad_config (const BrevAlarmFacts *facts)
{
    const GPtrArray *texts = facts->status->config_problems;

    if (texts->len == 0)
        return NULL;
    return g_strdup_printf ("nothing is sent: %u problem%s of the configuration, %s",
                            texts->len, plural (texts->len),
                            (const char *) texts->pdata[0]);
}

static char *
silent_service (const BrevAlarmFacts *facts)
{
    const BrevStatus *status = facts->status;

    if (status->service_answers ||
        (!status->has_service && status->config->delivery != BREV_DELIVERY_QUEUE))
        return NULL;
    return g_strdup ("the service does not answer: mail is kept and not sent");
}

static char *
faulty_accounts (const BrevAlarmFacts *facts)
{
    const GPtrArray *accounts = facts->status->config->accounts;
    const GPtrArray *faults = facts->status->faults;
    GString *list = g_string_new (NULL);

    if (accounts->len == 0)
        append (list, "no account: nothing can be sent");
    for (guint i = 0; faults != NULL && i < faults->len; i++)
        if (faults->pdata[i] != NULL)
            append (list, "account %s does not work: %s",
                    ((const BrevAccount *) accounts->pdata[i])->name,
                    (const char *) faults->pdata[i]);
    return finish (list);
}

static char *
paused_accounts (const BrevAlarmFacts *facts)
{
    const GPtrArray *problems = facts->status->problems;
    GString *list = g_string_new (NULL);

    for (guint i = 0; problems != NULL && i < problems->len; i++) {
        const BrevStoreProblem *problem = problems->pdata[i];
        gboolean is_whole = strcmp (problem->scope, "account") == 0;
        g_autofree char *time =
            brev_duration_text (MAX (0, facts->status->now - problem->since));
        append (list, "%s%s%s paused for %s: %s", problem->account, is_whole ? "" : " ",
                is_whole ? "" : problem->scope, time, problem->problem);
    }
    return finish (list);
}

/* What an administrator has put on hold waits because it is to wait; what is parked is told
 * by itself. */
static gboolean
is_late (const BrevListed *listed, gint64 now)
{
    return now - listed->message->arrival > BREV_ALARM_AGE &&
           strcmp (listed->state, "held") != 0 && strcmp (listed->state, "parked") != 0;
}

static char *
late_mail (const BrevAlarmFacts *facts)
{
    const BrevListing *listing = facts->status->listing;
    g_autofree char *age = NULL;
    guint n = 0;

    for (guint i = 0; listing != NULL && i < listing->messages->len; i++) {
        const BrevListed *listed = listing->messages->pdata[i];
        if (is_late (listed, facts->status->now) &&
            n++ == 0) /* the oldest stands first */
            age = brev_duration_text (facts->status->now - listed->message->arrival);
    }
    if (n == 0)
        return NULL;
    return g_strdup_printf ("%u message%s waited for over an hour, the oldest for %s", n,
                            plural (n), age);
}

static gboolean
is_parked (const BrevStoreMessage *message)
{
    for (guint i = 0; i < message->recipients->len; i++)
        if (((const BrevStoreRecipient *) message->recipients->pdata[i])->state ==
            BREV_STATE_PARKED)
            return TRUE;
    return message->parked != NULL;
}

static char *
parked_mail (const BrevAlarmFacts *facts)
{
    const BrevListing *listing = facts->status->listing;
    guint n = 0;

    for (guint i = 0; listing != NULL && i < listing->messages->len; i++)
        n += is_parked (((const BrevListed *) listing->messages->pdata[i])->message);
    return n == 0 ? NULL : g_strdup_printf ("%u message%s parked", n, plural (n));
}

static char *
discarded_mail (const BrevAlarmFacts *facts)
{
    if (facts->discarded <= 0)
        return NULL;
    return g_strdup_printf ("%" G_GINT64_FORMAT " message%s of the last hour reached "
                            "nobody: a test token or the outbox took %s",
                            facts->discarded, plural ((guint64) facts->discarded),
                            facts->discarded == 1 ? "it" : "them");
}

/* What a receiver does with the mail, and then why. */
static void
append_bad_key (GString *list, const BrevKey *key)
{
    switch (key->key.verdict) {
    case BREV_DKIM_GOOD:
        return;
    case BREV_DKIM_SHORT:
        append (
            list,
            "Gmail and others ignore the DKIM signature of %s: the key at %s has %u bits, "
            "%d are the least",
            key->domain, key->name, key->key.bits, BREV_DKIM_BITS_MIN);
        return;
    case BREV_DKIM_MISSING:
        append (list, "mail from %s counts as unsigned: there is no DKIM key at %s",
                key->domain, key->name);
        return;
    case BREV_DKIM_REVOKED:
        append (list, "mail from %s counts as unsigned: the DKIM key at %s is withdrawn",
                key->domain, key->name);
        return;
    case BREV_DKIM_BAD:
        append (list,
                "mail from %s counts as unsigned: the DKIM key at %s cannot be used, %s",
                key->domain, key->name, key->key.fault);
        return;
    case BREV_DKIM_SEVERAL:
        append (
            list,
            "mail from %s may count as unsigned: several records stand at %s, and one "
            "is allowed",
            key->domain, key->name);
        return;
    }
}

static char *
bad_keys (const BrevAlarmFacts *facts)
{
    GString *list = g_string_new (NULL);

    for (guint i = 0; facts->keys != NULL && i < facts->keys->len; i++) {
        const BrevKey *key = facts->keys->pdata[i];
        if (key->unknown == NULL)
            append_bad_key (list, key);
    }
    return finish (list);
}

static char *
unknown_keys (const BrevAlarmFacts *facts)
{
    const BrevKey *first = NULL;
    guint n = 0;

    for (guint i = 0; facts->keys != NULL && i < facts->keys->len; i++) {
        const BrevKey *key = facts->keys->pdata[i];
        if (key->unknown != NULL && n++ == 0)
            first = key;
    }
    if (first == NULL)
        return NULL;
    return g_strdup_printf ("%u DKIM key%s could not be looked up, first %s: %s", n,
                            plural (n), first->name, first->unknown);
}

static char *
storms (const BrevAlarmFacts *facts)
{
    const BrevStatus *status = facts->status;
    GString *list = g_string_new (NULL);

    for (guint i = 0; status->storms != NULL && i < status->storms->len; i++) {
        const BrevStoreStorm *storm = &g_array_index (status->storms, BrevStoreStorm, i);
        append (list,
                "user id %" G_GINT64_FORMAT
                " sends the same mail over and over, %" G_GUINT64_FORMAT " messages",
                storm->uid, storm->total);
    }
    if (status->storm_held > 0)
        append (list, "%u message%s held by the storm guard", status->storm_held,
                plural (status->storm_held));
    return finish (list);
}

static char *
strange_files (const BrevAlarmFacts *facts)
{
    const BrevListing *listing = facts->status->listing;

    if (listing == NULL || listing->strangers->len == 0)
        return NULL;
    return g_strdup_printf ("%u file%s in the spool that %s no message, first %s",
                            listing->strangers->len, plural (listing->strangers->len),
                            listing->strangers->len == 1 ? "is" : "are",
                            ((const BrevStranger *) listing->strangers->pdata[0])->path);
}

static char *
used_up_quotas (const BrevAlarmFacts *facts)
{
    const GPtrArray *accounts = facts->status->config->accounts;
    const GArray *paces = facts->status->paces;
    GString *list = g_string_new (NULL);

    for (guint i = 0; paces != NULL && i < paces->len; i++) {
        const BrevAccount *account = accounts->pdata[i];
        gint64 until = g_array_index (paces, BrevAccountPace, i).quota_until;
        g_autofree char *wait = brev_duration_text (MAX (0, until - facts->status->now));
        if (until > 0)
            append (list, "account %s has used up its daily quota of %u, for %s more",
                    account->name, account->daily_quota, wait);
    }
    return finish (list);
}

typedef struct {
    const char *name;
    BrevAlarmLevel level;
    char *(*decide) (const BrevAlarmFacts *facts);
} Condition;

/* The worst come first, so that the start of the line tells them. */
static const Condition conditions[] = {
    { "config", BREV_ALARM_CRITICAL, bad_config },
    { "service", BREV_ALARM_CRITICAL, silent_service },
    { "account-fault", BREV_ALARM_CRITICAL, faulty_accounts },
    { "account-paused", BREV_ALARM_CRITICAL, paused_accounts },
    { "late", BREV_ALARM_CRITICAL, late_mail },
    { "parked", BREV_ALARM_CRITICAL, parked_mail },
    { "discarded", BREV_ALARM_CRITICAL, discarded_mail },
    { "dkim-key", BREV_ALARM_CRITICAL, bad_keys },
    { "quota", BREV_ALARM_WARNING, used_up_quotas },
    { "storm", BREV_ALARM_WARNING, storms },
    { "strange-files", BREV_ALARM_WARNING, strange_files },
    { "unreadable", BREV_ALARM_UNKNOWN, unreadable },
    { "dkim-unknown", BREV_ALARM_UNKNOWN, unknown_keys },
};

/* -- all of them --------------------------------------------------------------------- */

static void
free_alarm (gpointer data)
{
    BrevAlarm *alarm = data;

    g_free (alarm->text);
    g_free (alarm);
}

GPtrArray *
brev_alarms (const BrevAlarmFacts *facts)
{
    GPtrArray *alarms = g_ptr_array_new_with_free_func (free_alarm);

    for (guint i = 0; i < G_N_ELEMENTS (conditions); i++) {
        char *text = conditions[i].decide (facts);
        BrevAlarm *alarm;
        if (text == NULL)
            continue;
        alarm = g_new0 (BrevAlarm, 1);
        alarm->condition = conditions[i].name;
        alarm->level = conditions[i].level;
        alarm->text = text;
        g_ptr_array_add (alarms, alarm);
    }
    return alarms;
}

BrevAlarmLevel
brev_alarms_level (const GPtrArray *alarms)
{
    BrevAlarmLevel level = BREV_ALARM_OK;

    for (guint i = 0; i < alarms->len; i++)
        level = MAX (level, ((const BrevAlarm *) alarms->pdata[i])->level);
    return level;
}

static void
append_calm (GString *line, const BrevStatus *status)
{
    guint n = status->listing->messages->len;
    g_autofree char *age = brev_duration_text (MAX (0, status->now - status->oldest));

    if (n == 0)
        g_string_append (line, "the queue is empty");
    else
        g_string_append_printf (line, "%u message%s in the queue, the oldest for %s", n,
                                plural (n), age);
}

char *
brev_alarms_line (const GPtrArray *alarms, const BrevStatus *status)
{
    BrevAlarmLevel level = brev_alarms_level (alarms);
    g_autoptr (GString) line = g_string_new ("brevdue ");

    g_string_append_printf (line, "%s: ", brev_alarm_states[level].name);
    for (guint i = 0; i < alarms->len; i++)
        g_string_append_printf (line, "%s%s", i > 0 ? "; " : "",
                                ((const BrevAlarm *) alarms->pdata[i])->text);
    if (alarms->len == 0)
        append_calm (line, status);
    g_string_replace (line, "|", "/", 0);
    return brev_text_printable (line->str);
}
