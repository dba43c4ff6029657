/* SPDX-License-Identifier: MIT */
#include "courier/verdict.h"

#include <string.h>

#include "base/clock.h"
#include "courier/control.h"
#include "courier/direct.h"

#define NOW G_GINT64_CONSTANT (1700000000000)

typedef struct {
    const char *name;
    BrevVerdict verdict;
    gint64 age; /* ms since arrival */
    gint64 paused;
    guint attempts; /* before this one */
    gboolean was_maybe_sent;
    BrevState state;
    gboolean was_tried, maybe_sent;
    gint64 due_min, due_max, paused_more; /* from now */
    const char *dsn;
} Row;

/* clang-format off */
static const Row rows[] = {
    { "accepted", { .kind = BREV_VERDICT_ACCEPTED }, 0, 0, 0, FALSE,
      BREV_STATE_SENT, TRUE, FALSE, -NOW, -NOW, 0, "2.0.0" },
    { "accepted-by-test", { .kind = BREV_VERDICT_ACCEPTED, .is_test = TRUE }, 0, 0, 0, FALSE,
      BREV_STATE_DISCARDED, TRUE, FALSE, -NOW, -NOW, 0, "2.0.0" },
    { "refused", { .kind = BREV_VERDICT_REFUSED, .dsn = "5.1.1" }, 0, 0, 0, FALSE,
      BREV_STATE_REFUSED, TRUE, FALSE, -NOW, -NOW, 0, "5.1.1" },
    { "refused-alone", { .kind = BREV_VERDICT_SPLIT }, 0, 0, 0, FALSE,
      BREV_STATE_REFUSED, TRUE, FALSE, -NOW, -NOW, 0, "5.6.0" },
    { "later", { .kind = BREV_VERDICT_LATER }, 0, 0, 0, FALSE,
      BREV_STATE_DEFERRED, TRUE, FALSE, 1, BREV_HOUR, 0, "4.0.0" },
    { "later-as-asked", { .kind = BREV_VERDICT_LATER, .after = 2 * BREV_HOUR }, 0, 0, 0, FALSE,
      BREV_STATE_DEFERRED, TRUE, FALSE, 2 * BREV_HOUR, 6 * BREV_HOUR, 0, "4.0.0" },
    { "unknown", { .kind = BREV_VERDICT_UNKNOWN }, 0, 0, 0, FALSE,
      BREV_STATE_DEFERRED, TRUE, TRUE, 1, BREV_HOUR, 0, "4.4.2" },
    { "maybe-sent-stays", { .kind = BREV_VERDICT_LATER }, 0, 0, 1, TRUE,
      BREV_STATE_DEFERRED, TRUE, TRUE, 1, BREV_HOUR, 0, "4.0.0" },
    { "account", { .kind = BREV_VERDICT_ACCOUNT }, 0, 0, 0, FALSE,
      BREV_STATE_DEFERRED, FALSE, FALSE, BREV_MINUTE, BREV_MINUTE, BREV_MINUTE, "4.7.0" },
    { "account-never-expires", { .kind = BREV_VERDICT_ACCOUNT }, 99 * BREV_DAY, 0, 99, FALSE,
      BREV_STATE_DEFERRED, FALSE, FALSE, BREV_MINUTE, BREV_MINUTE, BREV_MINUTE, "4.7.0" },
    { "our-bug", { .kind = BREV_VERDICT_PARK }, 99 * BREV_DAY, 0, 99, FALSE,
      BREV_STATE_PARKED, TRUE, FALSE, -NOW, -NOW, 0, "4.3.0" },
    { "expired", { .kind = BREV_VERDICT_LATER }, 6 * BREV_DAY, 0, 20, FALSE,
      BREV_STATE_EXPIRED, TRUE, FALSE, -NOW, -NOW, 0, "4.4.7" },
    { "paused-time-does-not-count", { .kind = BREV_VERDICT_LATER }, 6 * BREV_DAY, 3 * BREV_DAY,
      20, FALSE, BREV_STATE_DEFERRED, TRUE, FALSE, 1, 6 * BREV_HOUR, 0, "4.0.0" },
    { "hardly-tried", { .kind = BREV_VERDICT_LATER }, 6 * BREV_DAY, 0, 0, FALSE,
      BREV_STATE_DEFERRED, TRUE, FALSE, 1, BREV_HOUR, 0, "4.0.0" },
    { "accepted-at-last", { .kind = BREV_VERDICT_ACCEPTED }, 99 * BREV_DAY, 0, 99, TRUE,
      BREV_STATE_SENT, TRUE, TRUE, -NOW, -NOW, 0, "2.0.0" },
};
/* clang-format on */

static void
test_settle (gconstpointer data)
{
    const Row *row = data;
    const BrevConfig config = { .lifetime = 5 * BREV_DAY,
                                .retry_min = 30 * BREV_SECOND,
                                .retry_max = 4 * BREV_HOUR };
    gboolean is_unknown = row->verdict.kind == BREV_VERDICT_UNKNOWN;
    const BrevStoreRecipient recipient = { .index = 3,
                                           .attempts = row->attempts,
                                           .doubt_from = 7,
                                           .unanswered = 8,
                                           .maybe_sent = row->was_maybe_sent };
    const BrevSettleFacts facts = { .now = NOW,
                                    .arrival = NOW - row->age,
                                    .paused = row->paused,
                                    .hold_until = NOW + BREV_MINUTE,
                                    .random = 0x80000000,
                                    .config = &config };
    BrevSettlement got;

    brev_verdict_settle (&row->verdict, &recipient, &facts, &got);
    g_assert_cmpuint (got.index, ==, 3);
    g_assert_cmpint (got.state, ==, row->state);
    g_assert_cmpint (got.was_tried, ==, row->was_tried);
    g_assert_cmpint (got.maybe_sent, ==, row->maybe_sent);
    g_assert_cmpint (got.doubt_from, ==, is_unknown ? NOW : 7);
    g_assert_cmpuint (got.unanswered, ==, is_unknown ? 0 : 8);
    g_assert_cmpint (got.due - NOW, >=, row->due_min);
    g_assert_cmpint (got.due - NOW, <=, row->due_max);
    g_assert_cmpint (got.paused, ==, row->paused_more);
    g_assert_cmpstr (got.dsn, ==, row->dsn);
}

/* A key makes a repeat harmless while the provider surely keeps it. */
static void
test_keys (void)
{
    static const struct {
        BrevVerdictKind kind;
        gint64 key_time, age, paused;
        gboolean was_maybe_sent, want;
    } cases[] = {
        { BREV_VERDICT_ACCEPTED, BREV_DAY, 0, 0, TRUE, TRUE },
        { BREV_VERDICT_ACCEPTED, BREV_DAY, BREV_DAY - 1, 0, TRUE, TRUE },
        { BREV_VERDICT_ACCEPTED, BREV_DAY, BREV_DAY, 0, TRUE, FALSE },
        { BREV_VERDICT_ACCEPTED, BREV_DAY, -1, 0, TRUE,
          FALSE }, /* the clock was set back */
        { BREV_VERDICT_ACCEPTED, BREV_DAY, BREV_HOUR, 1, TRUE, FALSE },
        { BREV_VERDICT_ACCEPTED, 0, 0, 0, TRUE, FALSE },
        { BREV_VERDICT_ACCEPTED, BREV_DAY, 0, 0, FALSE, FALSE },
        { BREV_VERDICT_UNKNOWN, BREV_DAY, 0, 0, FALSE, TRUE },
        { BREV_VERDICT_UNKNOWN, BREV_DAY, 2 * BREV_DAY, 0, FALSE, FALSE },
        { BREV_VERDICT_LATER, BREV_DAY, 0, 0, TRUE, TRUE },
        { BREV_VERDICT_REFUSED, BREV_DAY, 0, 0, TRUE, FALSE },
        { BREV_VERDICT_PARK, BREV_DAY, 0, 0, TRUE, FALSE },
    };
    const BrevConfig config = { .lifetime = 5 * BREV_DAY,
                                .retry_min = 30 * BREV_SECOND,
                                .retry_max = 4 * BREV_HOUR };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        const BrevVerdict verdict = { .kind = cases[i].kind,
                                      .key_time = cases[i].key_time };
        const BrevStoreRecipient recipient = { .maybe_sent = cases[i].was_maybe_sent };
        const BrevSettleFacts facts = { .now = NOW,
                                        .arrival = NOW - cases[i].age,
                                        .paused = cases[i].paused,
                                        .config = &config };
        BrevSettlement got;
        brev_verdict_settle (&verdict, &recipient, &facts, &got);
        g_test_message ("case %u", i);
        g_assert_cmpint (got.is_sent_once, ==, cases[i].want);
    }
}

/* Of a batch the mails need not meet again under one key. */
static void
test_key_time (void)
{
    static const struct {
        gint64 key_time;
        guint batch;
        gint64 want;
    } cases[] = { { 7, 0, 7 }, { 7, 1, 7 }, { 7, 2, 0 }, { 0, 0, 0 } };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        const BrevProvider provider = { .key_time = cases[i].key_time };
        const BrevAccount account = { .batch = cases[i].batch };
        g_autoptr (BrevMail) mail = brev_mail_new ();
        g_autoptr (GPtrArray) outcomes =
            g_ptr_array_new_with_free_func ((GDestroyNotify) brev_outcome_free);
        const BrevOutcome *outcome;
        mail->n_recipients = 2;
        g_ptr_array_add (outcomes, brev_outcome_new (mail));
        brev_outcomes_keep_key (outcomes, &provider, &account);
        outcome = outcomes->pdata[0];
        g_assert_cmpint (outcome->verdicts[0].key_time, ==, cases[i].want);
        g_assert_cmpint (outcome->verdicts[1].key_time, ==, cases[i].want);
    }
}

/* -- replies ------------------------------------------------------------------------- */

static void
accept_all (const BrevHttpReply *reply, const GPtrArray *mails, GPtrArray *outcomes)
{
    const BrevVerdict verdict = { .kind = BREV_VERDICT_ACCEPTED };

    for (guint i = 0; i < outcomes->len; i++)
        brev_outcome_set_all (outcomes->pdata[i], &verdict);
}

/* Only a whole reply is the provider's to read, whatever it says. */
static void
test_judge (void)
{
    static const struct {
        int status;
        gboolean is_complete, may_have_left;
        BrevVerdictKind want;
        gboolean is_prelude;
    } cases[] = {
        { 200, TRUE, TRUE, BREV_VERDICT_ACCEPTED },
        { 200, FALSE, TRUE, BREV_VERDICT_UNKNOWN },
        { 0, FALSE, TRUE, BREV_VERDICT_UNKNOWN },
        { 0, TRUE, TRUE, BREV_VERDICT_UNKNOWN },
        { 0, FALSE, FALSE, BREV_VERDICT_LATER },
        /* what sends nothing can leave no doubt, and is no success */
        { 200, TRUE, TRUE, BREV_VERDICT_LATER, TRUE },
        { 200, FALSE, TRUE, BREV_VERDICT_LATER, TRUE },
        { 0, FALSE, TRUE, BREV_VERDICT_LATER, TRUE },
    };
    const BrevProvider provider = { .read = accept_all };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        const BrevHttpReply reply = { .status = cases[i].status,
                                      .is_complete = cases[i].is_complete,
                                      .may_have_left = cases[i].may_have_left,
                                      .is_prelude = cases[i].is_prelude };
        g_autoptr (BrevMail) mail = brev_mail_new ();
        g_autoptr (GPtrArray) mails = g_ptr_array_new ();
        g_autoptr (GPtrArray) outcomes =
            g_ptr_array_new_with_free_func ((GDestroyNotify) brev_outcome_free);
        const BrevOutcome *outcome;
        mail->n_recipients = 1;
        g_ptr_array_add (mails, mail);
        g_ptr_array_add (outcomes, brev_outcome_new (mail));
        brev_reply_judge (&provider, &reply, mails, outcomes);
        outcome = outcomes->pdata[0];
        g_assert_cmpint (outcome->verdicts[0].kind, ==, cases[i].want);
    }
}

/* -- direct mode --------------------------------------------------------------------- */

typedef struct {
    BrevState state;
    const char *dsn;
    gboolean maybe_sent;
} Fate;

static const struct {
    const char *name;
    Fate fates[2];
    gboolean is_durable;
    const char *problem;
    int status;
    const char *says; /* nullable: part of the text */
} direct[] = {
    { "sent", { { BREV_STATE_SENT, "2.0.0" } }, FALSE, NULL, 0, NULL },
    { "test", { { BREV_STATE_DISCARDED, "2.0.0" } }, FALSE, NULL, 0, NULL },
    { "later-durable", { { BREV_STATE_DEFERRED, "4.0.0" } }, TRUE, NULL, 0, NULL },
    { "later", { { BREV_STATE_DEFERRED, "4.0.0" } }, FALSE, NULL, 71, "u0@x.net" },
    { "unusable-durable", { { BREV_STATE_QUEUED, NULL } }, TRUE, "no token", 0, NULL },
    { "unusable", { { BREV_STATE_QUEUED, NULL } }, FALSE, "no token", 78, "no token" },
    { "partly-later",
      { { BREV_STATE_SENT, "2.0.0" }, { BREV_STATE_DEFERRED, "4.0.0" } },
      FALSE,
      NULL,
      71,
      "it was sent to <u0@x.net>" },
    { "refused", { { BREV_STATE_REFUSED, "5.0.0" } }, TRUE, NULL, 69, "u0@x.net" },
    { "refused-content",
      { { BREV_STATE_REFUSED, "5.6.0" } },
      TRUE,
      NULL,
      65,
      "u0@x.net" },
    { "no-address", { { BREV_STATE_REFUSED, "5.1.3" } }, TRUE, NULL, 65, "u0@x.net" },
    { "no-such-user", { { BREV_STATE_REFUSED, "5.1.1" } }, TRUE, NULL, 67, "u0@x.net" },
    { "partly-refused-durable",
      { { BREV_STATE_SENT, "2.0.0" }, { BREV_STATE_REFUSED, "5.1.1" } },
      TRUE,
      NULL,
      0,
      NULL },
    { "partly-refused",
      { { BREV_STATE_SENT, "2.0.0" }, { BREV_STATE_REFUSED, "5.1.1" } },
      FALSE,
      NULL,
      0,
      "refused for <u1@x.net>: no reply yet; it was sent to <u0@x.net>" },
    { "maybe-sent",
      { { BREV_STATE_DEFERRED, "4.4.2", TRUE } },
      FALSE,
      NULL,
      71,
      "may have been sent or not, nobody knows, and is not queued, for <u0@x.net>: " },
    { "still-sending",
      { { BREV_STATE_SENDING, "4.4.2" } },
      FALSE,
      NULL,
      71,
      "may have been sent" },
    { "maybe-sent-durable",
      { { BREV_STATE_DEFERRED, "4.4.2", TRUE } },
      TRUE,
      NULL,
      0,
      NULL },
    { "maybe-sent-and-not",
      { { BREV_STATE_DEFERRED, "4.4.2", TRUE }, { BREV_STATE_QUEUED, "4.4.1" } },
      FALSE,
      NULL,
      71,
      "; could not be sent, and is not queued, for <u1@x.net>: " },
    { "parked", { { BREV_STATE_PARKED, "4.3.0" } }, TRUE, NULL, 0, NULL },
};

static void
test_direct (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (direct); i++) {
        g_autoptr (BrevStoreMessage) message = brev_store_message_new ("id");
        g_auto (BrevDirectResult) got = { 0 };
        for (guint j = 0; j < 2; j++) {
            g_autofree char *address = g_strdup_printf ("u%u@x.net", j);
            BrevStoreRecipient *recipient;
            if (j > 0 && direct[i].fates[j].dsn == NULL)
                continue;
            recipient = brev_store_message_add (message, address, address, "", 0);
            recipient->state = direct[i].fates[j].state;
            recipient->dsn = g_strdup (direct[i].fates[j].dsn);
            recipient->maybe_sent = direct[i].fates[j].maybe_sent;
        }
        got = brev_direct_judge (message, direct[i].is_durable, direct[i].problem);
        g_test_message ("%s: %s", direct[i].name, got.text);
        g_assert_cmpint (got.status, ==, direct[i].status);
        g_assert_true (direct[i].says == NULL
                           ? got.text == NULL
                           : strstr (got.text, direct[i].says) != NULL);
    }
}

/* -- small things -------------------------------------------------------------------- */

static void
test_control (void)
{
    const char *id = NULL;

    g_assert_cmpint (brev_control_parse ("wake", &id), ==, BREV_CONTROL_WAKE);
    g_assert_cmpint (brev_control_parse ("new abcdefghijklmnopqrstuvwxyz", &id), ==,
                     BREV_CONTROL_NEW);
    g_assert_cmpstr (id, ==, "abcdefghijklmnopqrstuvwxyz");
    g_assert_cmpint (brev_control_parse ("new ../../etc/passwd", &id), ==,
                     BREV_CONTROL_UNKNOWN);
    g_assert_cmpint (brev_control_parse ("", &id), ==, BREV_CONTROL_UNKNOWN);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autofree char *path = g_strconcat ("/verdict/settle/", rows[i].name, NULL);
        g_test_add_data_func (path, &rows[i], test_settle);
    }
    g_test_add_func ("/verdict/keys", test_keys);
    g_test_add_func ("/verdict/key-time", test_key_time);
    g_test_add_func ("/verdict/judge", test_judge);
    g_test_add_func ("/direct/judge", test_direct);
    g_test_add_func ("/control", test_control);
    return g_test_run ();
}
