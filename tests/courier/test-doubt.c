/* SPDX-License-Identifier: MIT */
#include "courier/doubt.h"

#include "base/clock.h"

#define NOW G_GINT64_CONSTANT (1700000000000)
#define INDEXING (10 * BREV_MINUTE)

typedef struct {
    const char *name;
    BrevVerdictKind answer;
    gint64 age; /* ms of the doubt */
    guint unanswered;
    BrevDoubt want;
    gint64 due_min, due_max; /* from now, with WAIT */
    guint want_unanswered;
} Row;

#define FOUND BREV_VERDICT_ACCEPTED
#define ABSENT BREV_VERDICT_AGAIN
#define NONE BREV_VERDICT_LATER
#define ANY_TIME -NOW, NOW

/* clang-format off */
static const Row rows[] = {
    { "found",               FOUND,  0,                0,  BREV_DOUBT_SENT, ANY_TIME, 0 },
    { "found-late",          FOUND,  99 * INDEXING,    99, BREV_DOUBT_SENT, ANY_TIME, 0 },
    { "absent-at-once",      ABSENT, 0,                0,  BREV_DOUBT_WAIT, INDEXING, INDEXING, 0 },
    { "absent-too-early",    ABSENT, INDEXING - 1,     0,  BREV_DOUBT_WAIT, 1, 1, 0 },
    { "absent-after-no-answers", ABSENT, INDEXING - 1, 99, BREV_DOUBT_WAIT, 1, 1, 99 },
    { "absent",              ABSENT, INDEXING,         0,  BREV_DOUBT_SEND, ANY_TIME, 0 },
    { "clock-was-set-back",  ABSENT, -BREV_DAY,        0,  BREV_DOUBT_WAIT, INDEXING, INDEXING, 0 },
    { "no-answer",           NONE,   0,                0,  BREV_DOUBT_WAIT, 30 * BREV_SECOND, BREV_MINUTE, 1 },
    { "no-answer-long-after", NONE,  99 * INDEXING,    0,  BREV_DOUBT_WAIT, 30 * BREV_SECOND, BREV_MINUTE, 1 },
    { "no-answer-fourth",    NONE,   99 * INDEXING,    3,  BREV_DOUBT_WAIT, 30 * BREV_SECOND, 8 * BREV_MINUTE, 4 },
    { "no-answer-fifth",     NONE,   3 * INDEXING,     4,  BREV_DOUBT_SEND, ANY_TIME, 0 },
    { "no-answer-fifth-early", NONE, 3 * INDEXING - BREV_MINUTE, 4, BREV_DOUBT_WAIT,
      30 * BREV_SECOND, BREV_MINUTE, 5 },
    { "no-answer-often",     NONE,   3 * INDEXING,     99, BREV_DOUBT_SEND, ANY_TIME, 0 },
    { "bad-token",           BREV_VERDICT_ACCOUNT, 0,  0,  BREV_DOUBT_WAIT, 30 * BREV_SECOND, BREV_MINUTE, 1 },
    { "bad-token-often",     BREV_VERDICT_ACCOUNT, 3 * INDEXING, 4, BREV_DOUBT_SEND, ANY_TIME, 0 },
    { "may-not-ask",         BREV_VERDICT_REFUSED, 0,  0,  BREV_DOUBT_SEND, ANY_TIME, 0 },
    { "unknown",             BREV_VERDICT_UNKNOWN, 0,  0,  BREV_DOUBT_WAIT, 30 * BREV_SECOND, BREV_MINUTE, 1 },
};
/* clang-format on */

static void
test_settle (gconstpointer data)
{
    const Row *row = data;
    const BrevConfig config = { .lifetime = 1, /* over: a question does not end it */
                                .retry_min = 30 * BREV_SECOND,
                                .retry_max = 4 * BREV_HOUR };
    const BrevSettleFacts facts = {
        .now = NOW, .arrival = NOW - BREV_DAY, .random = G_MAXUINT32, .config = &config
    };
    const BrevStoreRecipient recipient = { .index = 3,
                                           .attempts = 9,
                                           .maybe_sent = TRUE,
                                           .doubt_from = NOW - row->age,
                                           .unanswered = row->unanswered };
    g_autofree char *id = g_strdup ("id-1");
    const BrevVerdict answer = { .kind = row->answer,
                                 .remote_id = row->answer == FOUND ? id : NULL };
    BrevSettlement got = { 0 };
    gboolean is_sent = row->want == BREV_DOUBT_SENT;

    g_assert_cmpint (brev_doubt_settle (&answer, &recipient, &facts, INDEXING, &got), ==,
                     row->want);
    if (row->want == BREV_DOUBT_SEND)
        return;
    g_assert_cmpuint (got.index, ==, 3);
    g_assert_cmpint (got.state, ==, is_sent ? BREV_STATE_SENT : BREV_STATE_DEFERRED);
    g_assert_cmpstr (got.remote_id, ==, is_sent ? "id-1" : NULL);
    g_assert_true (got.was_asked && !got.was_tried && got.maybe_sent);
    g_assert_cmpint (got.doubt_from, ==, is_sent ? 0 : MIN (NOW - row->age, NOW));
    g_assert_cmpuint (got.unanswered, ==, row->want_unanswered);
    g_assert_cmpint (got.due - NOW, >=, row->due_min);
    g_assert_cmpint (got.due - NOW, <=, row->due_max);
}

static void
test_indexing (void)
{
    const BrevProvider provider = { .index_time = 7 };
    const BrevAccount own = { .indexing_time = 5 }, none = { 0 };

    g_assert_cmpint (brev_doubt_indexing (&own, &provider), ==, 5);
    g_assert_cmpint (brev_doubt_indexing (&none, &provider), ==, 7);
}

static void
find_all (const BrevHttpReply *reply, const BrevMail *mail, BrevOutcome *outcome)
{
    const BrevVerdict verdict = { .kind = BREV_VERDICT_ACCEPTED };

    brev_outcome_set_all (outcome, &verdict);
}

/* A reply that broke off is no answer, whatever it says. */
static void
test_judge (void)
{
    static const struct {
        int status;
        gboolean is_complete;
        BrevVerdictKind want;
    } cases[] = {
        { 200, TRUE, BREV_VERDICT_ACCEPTED },
        { 200, FALSE, BREV_VERDICT_LATER },
        { 0, FALSE, BREV_VERDICT_LATER },
    };
    const BrevProvider provider = { .read_search = find_all };
    g_autoptr (BrevMail) mail = brev_mail_new ();

    mail->n_recipients = 1;
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevOutcome) outcome = brev_outcome_new (mail);
        g_autoptr (BrevHttpReply) reply = brev_http_reply_new (cases[i].status, NULL);
        reply->is_complete = cases[i].is_complete;
        brev_search_judge (&provider, reply, mail, outcome);
        g_assert_cmpint (outcome->verdicts[0].kind, ==, cases[i].want);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autofree char *path = g_strconcat ("/doubt/settle/", rows[i].name, NULL);
        g_test_add_data_func (path, &rows[i], test_settle);
    }
    g_test_add_func ("/doubt/indexing", test_indexing);
    g_test_add_func ("/doubt/judge", test_judge);
    return g_test_run ();
}
