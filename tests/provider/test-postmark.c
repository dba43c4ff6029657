/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "mails.h"

#define OK(id)                                                                 \
    "{\"To\": \"x\", \"SubmittedAt\": \"2026-11-23T03:00:00.0000000-05:00\", " \
    "\"MessageID\": \"" id "\", \"ErrorCode\": 0, \"Message\": \"OK\"}"
#define ERROR(code, text) "{\"ErrorCode\": " #code ", \"Message\": \"" text "\"}"
#define INACTIVE                                                              \
    "Inactive recipients are ones that have generated a hard bounce, a spam " \
    "complaint, or a manual suppression. "
#define PENDING                                                                   \
    "While your account is pending approval, all recipient addresses must share " \
    "the same domain as the 'From' address."

typedef struct {
    const char *recipients; /* of mails, as test_mails_new() reads them */
    int status;
    const char *body;
    const char *want;
} Case;

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define BATCH "a@example.com | b@example.com"

/* clang-format off */
static const Case accepted[] = {
    { ONE, 200, OK ("id-1"), "accepted(id-1)" },
    { TWO, 200, OK ("id-1"), "accepted(id-1) accepted(id-1)" },
    { BATCH, 200, "[" OK ("id-1") "," OK ("id-2") "]", "accepted(id-1) | accepted(id-2)" },
    { ONE, 200, "{\"MessageID\": \"id-1\", \"ErrorCode\": 0, \"Message\": \"Test job accepted\"}",
      "accepted(id-1)test" },
    /* during delays the code may be missing */
    { ONE, 200, "{\"MessageID\": \"id-1\", \"Message\": \"Delivery may be delayed\"}",
      "accepted(id-1)" },
    { ONE, 200, "{\"MessageID\": \"id-1\", \"ErrorCode\": null}", "accepted(id-1)" },
    /* partly */
    { TWO, 200, "{\"MessageID\": \"id-1\", \"ErrorCode\": 0, \"Message\": \"Message OK, but will "
      "not deliver to these inactive addresses: b@example.org. " INACTIVE "\"}",
      "accepted(id-1) refused 5.2.1" },
    { "A@example.com B@example.org c@example.com", 200,
      "{\"MessageID\": \"id-1\", \"ErrorCode\": 0, \"Message\": \"Message OK, but will not deliver "
      "to these inactive addresses: a@example.com, b@example.org\"}",
      "refused 5.2.1 refused 5.2.1 accepted(id-1)" },
    { TWO, 200, "{\"MessageID\": \"id-1\", \"ErrorCode\": 0, \"Message\": \"Message OK, but will "
      "not deliver to these inactive addresses: stranger@example.net.\"}", "park park" },
    { BATCH, 200, "[" OK ("id-1") "," ERROR (406, "Found inactive addresses: b@example.com. "
      INACTIVE) "]", "accepted(id-1) | refused 5.2.1" },
};

static const Case errors[] = { /* each documented code, alone */
    { ONE, 401, ERROR (10, "No token"), "account/account" },
    { ONE, 422, ERROR (10, "No token"), "account/account" },
    { ONE, 503, ERROR (100, "Maintenance"), "later" },
    { ONE, 422, ERROR (100, "Maintenance"), "later" },
    { ONE, 422, ERROR (300, "Invalid 'To' address: 'a@example.com'."), "refused 5.1.3" },
    { TWO, 422, ERROR (300, "Invalid 'To' address: 'a@example.com'."), "refused 5.1.3 again" },
    { TWO, 422, ERROR (300, "Error parsing 'Cc': Illegal email domain 'example.org' in address "
      "'b@example.org'."), "again refused 5.1.3" },
    { TWO, 422, ERROR (300, "Error parsing 'Bcc': Illegal email mailbox 'b' in address "
      "'b@example.org'."), "again refused 5.1.3" },
    { TWO, 422, ERROR (300, "Error parsing 'To': Illegal email address 'Doe'. It must contain "
      "the '@' symbol."), "refused 5.1.3 refused 5.1.3" },
    { TWO, 422, ERROR (300, "Invalid 'To' address: ''."), "park park" },
    { ONE, 422, ERROR (300, "Zero recipients specified"), "park" },
    { TWO, 422, ERROR (300, "Invalid 'From' address: 'root'."), "account/sender account/sender" },
    { ONE, 422, ERROR (300, "Error parsing 'From': Illegal email address 'x'."), "account/sender" },
    { TWO, 422, ERROR (300, "Provide either email TextBody or HtmlBody or both."),
      "park park" },
    { TWO, 422, ERROR (300, "Metadata: at most 10 fields."), "refused 5.6.0 refused 5.6.0" },
    { ONE, 422, ERROR (300, "The 'From' address you supplied (x) is not a Sender Signature."),
      "account/sender" },
    { ONE, 422, ERROR (300, ""), "refused 5.6.0" },
    { ONE, 422, "{\"ErrorCode\": 300}", "refused 5.6.0" },
    { ONE, 422, ERROR (400, "Sender signature not found"), "account/sender" },
    { ONE, 422, ERROR (401, "Sender signature not confirmed"), "account/sender" },
    { ONE, 422, ERROR (402, "Invalid JSON"), "park" },
    { ONE, 422, ERROR (403, "Invalid request field(s): 'x'."), "park" },
    { ONE, 422, ERROR (405, "Not allowed to send"), "account/account" },
    { ONE, 422, ERROR (406, "Found inactive addresses: a@example.com. " INACTIVE), "refused 5.2.1" },
    { TWO, 422, ERROR (406, "Found inactive addresses: b@example.org. " INACTIVE),
      "again refused 5.2.1" },
    { TWO, 422, ERROR (406, "Found inactive addresses: a@example.com, b@example.org. " INACTIVE),
      "refused 5.2.1 refused 5.2.1" },
    { TWO, 422, ERROR (406, "You tried to send to inactive recipients"),
      "refused 5.2.1 refused 5.2.1" },
    { ONE, 422, ERROR (409, "JSON required"), "park" },
    { ONE, 422, ERROR (410, "Too many batch messages"), "park" },
    { ONE, 422, ERROR (411, "Forbidden attachment type"), "refused 5.6.1" },
    { ONE, 422, ERROR (412, PENDING), "account/recipient" },
    { TWO, 422, ERROR (412, PENDING), "again account/recipient" },
    { "a@x.org b@y.org", 422, ERROR (412, PENDING), "account/recipient account/recipient" },
    { ONE, 422, ERROR (413, "Account may not send"), "account/account" },
    { ONE, 422, ERROR (422, "Invalid Server or Account."), "account/account" },
    { ONE, 422, ERROR (429, "Rate limit exceeded"), "later" },
    { ONE, 422, ERROR (1226, "No such stream"), "account/stream" },
    { ONE, 422, ERROR (1235, "The stream provided: 'x' does not exist on this server."),
      "account/stream" },
    { ONE, 422, ERROR (1236, "Sending is not supported for this stream type."), "account/stream" },
    { ONE, 422, ERROR (1480, "You are not authorized to send from your IP address"),
      "account/account" },
    { ONE, 422, ERROR (9999, "Something new"), "later" },
    { ONE, 200, ERROR (9999, "Something new"), "later" },
    { ONE, 200, ERROR (406, "Found inactive addresses: a@example.com."), "refused 5.2.1" },
    /* a code of a message that got an id all the same */
    { TWO, 422, ERROR (406, "Found inactive addresses: a@example.com."), "refused 5.2.1 again" },
    { TWO, 200, "{\"ErrorCode\": 406, \"MessageID\": \"00000000-0000-0000-0000-000000000000\", "
      "\"Message\": \"Found inactive addresses: a@example.com.\"}", "refused 5.2.1 again" },
    { TWO, 200, "{\"ErrorCode\": 406, \"MessageID\": \"id-1\", "
      "\"Message\": \"Found inactive addresses: a@example.com.\"}", "refused 5.2.1 unknown" },
    { ONE, 200, "{\"ErrorCode\": 9999, \"MessageID\": \"id-1\", \"Message\": \"?\"}", "unknown" },
    /* several at once: nothing bounces while one of them is no refusal */
    { TWO, 422, "{\"ErrorCode\": 11, \"Message\": \"Multiple errors\", \"Errors\": {\"To\": ["
      ERROR (300, "Invalid 'To' address: 'a@example.com'.") "], \"Tag\": ["
      ERROR (300, "Tag") "]}}", "refused 5.1.3 again" },
    { ONE, 422, "{\"ErrorCode\": 11, \"Errors\": {\"To\": [" ERROR (300, "x") "], \"From\": ["
      ERROR (400, "No such signature") "]}}", "account/sender" },
    { ONE, 422, "{\"ErrorCode\": 11, \"Errors\": [" ERROR (300, "x") "," ERROR (9999, "y") "]}",
      "later" },
    { ONE, 422, "{\"ErrorCode\": 11, \"Message\": \"Multiple errors\"}", "later" },
    { ONE, 422, "{\"ErrorCode\": 11, \"Errors\": {\"x\": [" ERROR (11, "again") "]}}", "later" },
};

static const Case batches[] = { /* one culprit holds and bounces nobody else's mail */
    { BATCH, 422, ERROR (300, "Invalid 'To' address: 'a@example.com'."), "split | split" },
    { BATCH, 422, ERROR (400, "Sender signature not found"), "split | split" },
    { BATCH, 422, ERROR (402, "Invalid JSON"), "split | split" },
    { BATCH, 422, ERROR (403, "Invalid request field(s): 'x'."), "split | split" },
    { BATCH, 422, ERROR (406, "Found inactive addresses: a@example.com."), "split | split" },
    { BATCH, 422, ERROR (410, "Too many"), "split | split" },
    { BATCH, 422, ERROR (411, "Attachment"), "split | split" },
    { BATCH, 422, ERROR (412, PENDING), "split | split" },
    { BATCH, 422, ERROR (1235, "No stream"), "split | split" },
    { BATCH, 422, ERROR (9999, "New"), "split | split" },
    { BATCH, 422, "{\"ErrorCode\": 11, \"Errors\": [" ERROR (300, "x") "]}", "split | split" },
    { BATCH, 422, "<html>", "split | split" },
    { BATCH, 400, "", "split | split" },
    { BATCH, 403, "<html>", "split | split" },
    { BATCH, 413, "", "split | split" },
    { BATCH, 422, ERROR (10, "Token"), "account/account | account/account" },
    { BATCH, 401, "", "account/account | account/account" },
    { BATCH, 422, ERROR (405, "Credits"), "account/account | account/account" },
    { BATCH, 422, ERROR (100, "Maintenance"), "later | later" },
    { BATCH, 429, "", "later | later" },
    { BATCH, 500, "", "later | later" },
    { BATCH, 503, "", "later | later" },
    { BATCH, 415, "", "park | park" },
    { BATCH, 200, "[" ERROR (400, "From") "," ERROR (1235, "Stream") "]",
      "account/sender | account/stream" },
    { TWO " | c@example.com", 200, "[" ERROR (300, "Invalid 'To' address: 'b@example.org'.") ","
      OK ("id-2") "]", "again refused 5.1.3 | accepted(id-2)" },
    { BATCH, 200, "[" ERROR (9999, "New") "," OK ("id-2") "]", "later | accepted(id-2)" },
};

static const Case statuses[] = { /* whatever the body says */
    { ONE, 301, "", "account/account" },
    { ONE, 308, OK ("id-1"), "account/account" },
    { ONE, 400, "", "later" },
    { ONE, 400, ERROR (300, "x"), "refused 5.6.0" },
    { ONE, 401, "<html>", "account/account" },
    { ONE, 402, "", "account/account" },
    { ONE, 403, "<html>", "later" },
    { ONE, 404, "<html>", "account/account" },
    { ONE, 405, "", "account/account" },
    { ONE, 407, "", "account/account" },
    { ONE, 408, "", "later" },
    { ONE, 409, "", "park" },
    { ONE, 413, "<html>", "refused 5.3.4" },
    { ONE, 415, "", "park" },
    { ONE, 418, "", "later" },
    { ONE, 421, "", "later" },
    { ONE, 422, "", "later" },
    { ONE, 422, "{\"ErrorCode\": \"300\"}", "later" },
    { ONE, 422, "{\"ErrorCode\": 0, \"Message\": \"OK\"}", "later" },
    { ONE, 422, OK ("id-1"), "later" },
    { ONE, 425, "", "later" },
    { ONE, 429, "", "later" },
    { ONE, 429, ERROR (300, "x"), "later" },
    { ONE, 500, ERROR (300, "x"), "later" },
    { ONE, 500, OK ("id-1"), "later" },
    { ONE, 502, "<html>", "unknown" },
    { ONE, 503, "", "later" },
    { ONE, 504, "", "unknown" },
    { ONE, 524, "", "unknown" },
    { ONE, 999, "", "later" },
};

static const Case lies[] = { /* a success that is none is neither kept nor refused */
    { ONE, 200, "", "unknown" },
    { ONE, 200, "<html>Welcome to the hotel's network</html>", "unknown" },
    { ONE, 200, "{\"MessageID\": \"id-1\", \"ErrorCode\": 0", "unknown" },
    { ONE, 200, "{}", "unknown" },
    { ONE, 200, "null", "unknown" },
    { ONE, 200, "[]", "unknown" },
    { ONE, 200, "0", "unknown" },
    { ONE, 200, "\"OK\"", "unknown" },
    { ONE, 200, "[" OK ("id-1") "]", "unknown" },
    { ONE, 200, "{\"ErrorCode\": 0, \"Message\": \"OK\"}", "unknown" },
    { ONE, 200, "{\"ErrorCode\": 0, \"MessageID\": \"\"}", "unknown" },
    { ONE, 200, "{\"ErrorCode\": 0, \"MessageID\": 17}", "unknown" },
    { ONE, 200, "{\"ErrorCode\": 0, \"MessageID\": null}", "unknown" },
    { ONE, 200, "{\"ErrorCode\": 0, \"MessageID\": \"00000000-0000-0000-0000-000000000000\"}",
      "unknown" },
    { ONE, 200, "{\"ErrorCode\": \"0\", \"MessageID\": \"id-1\"}", "unknown" },
    { ONE, 200, "{\"ErrorCode\": false, \"MessageID\": \"id-1\"}", "unknown" },
    { ONE, 200, "{\"ErrorCode\": 0.0, \"MessageID\": \"id-1\"}", "unknown" },
    { ONE, 200, "{\"ErrorCode\": [], \"MessageID\": \"id-1\"}", "unknown" },
    { ONE, 200, "{\"ErrorCode\": 0, \"ErrorCode\": 300, \"MessageID\": \"id-1\"}", "unknown" },
    { ONE, 200, "{\"ErrorCode\": 0, \"MessageID\": \"id-1\", \"Message\": 5}", "accepted(id-1)" },
    { ONE, 204, "", "unknown" },
    { BATCH, 200, OK ("id-1"), "unknown | unknown" },
    { BATCH, 200, "[" OK ("id-1") "]", "unknown | unknown" },
    { BATCH, 200, "[" OK ("1") "," OK ("2") "," OK ("3") "]", "unknown | unknown" },
    { BATCH, 200, "[" OK ("id-1") ",null]", "accepted(id-1) | unknown" },
    { BATCH, 200, "[" OK ("id-1") ",{}]", "accepted(id-1) | unknown" },
    { BATCH, 200, "[" OK ("id-1") ",[" OK ("id-2") "]]", "accepted(id-1) | unknown" },
    { BATCH, 200, "[" OK ("id-1") "," OK ("id-2"), "unknown | unknown" },
};
/* clang-format on */

typedef struct {
    const char *name;
    const Case *cases;
    guint n;
} Table;

#define TABLE(name)                                   \
    {                                                 \
        "/postmark/" #name, name, G_N_ELEMENTS (name) \
    }

static const Table tables[] = {
    TABLE (accepted), TABLE (errors), TABLE (batches), TABLE (statuses), TABLE (lies),
};

static void
test_table (gconstpointer data)
{
    const Table *table = data;

    for (guint i = 0; i < table->n; i++) {
        const Case *c = &table->cases[i];
        g_autoptr (BrevHttpReply) reply = brev_http_reply_new (
            c->status, g_bytes_new_static (c->body, strlen (c->body)));
        g_autofree char *got =
            test_read (brev_provider_find ("postmark"), c->recipients, reply);
        if (strcmp (got, c->want) != 0)
            g_test_message ("HTTP %d %s", c->status, c->body);
        g_assert_cmpstr (got, ==, c->want);
    }
}

static void
test_retry_after (void)
{
    g_autoptr (BrevHttpReply) reply = brev_http_reply_new (429, NULL);

    g_ptr_array_add (reply->headers, brev_http_header_new ("Retry-After", "90", FALSE));
    g_autofree char *got = test_read (brev_provider_find ("postmark"), ONE, reply);
    g_assert_cmpstr (got, ==, "later+90");
}

/* A reply of a megabyte, and one that is a million levels deep, are read in no time. */
static void
test_large_replies (void)
{
    g_autofree char *deep = g_strnfill (1000 * 1000, '[');
    g_autofree char *words = g_strnfill (1000 * 1000, 'x');
    g_autofree char *long_text =
        g_strdup_printf ("{\"ErrorCode\": 411, \"Message\": \"%s\"}", words);
    const struct {
        const char *body, *want;
    } cases[] = { { deep, "unknown" }, { long_text, "refused 5.6.1" } };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevHttpReply) reply = brev_http_reply_new (
            200, g_bytes_new_static (cases[i].body, strlen (cases[i].body)));
        g_autofree char *got = test_read (brev_provider_find ("postmark"), ONE, reply);
        g_assert_cmpstr (got, ==, cases[i].want);
    }
}

/* The words of a provider end in our log: one line, and not without end. */
static void
test_words (void)
{
    const char *body = "{\"ErrorCode\": 411, \"Message\": \"bad\\nto=<x>\\u001b[31m\"}";
    g_autoptr (BrevHttpReply) reply =
        brev_http_reply_new (422, g_bytes_new_static (body, strlen (body)));
    g_autoptr (GPtrArray) mails = test_mails_new (ONE);
    g_autoptr (BrevOutcome) outcome = brev_outcome_new (mails->pdata[0]);
    g_autoptr (GPtrArray) outcomes = g_ptr_array_new ();

    g_ptr_array_add (outcomes, outcome);
    brev_provider_find ("postmark")->read (reply, mails, outcomes);
    g_assert_cmpstr (outcome->verdicts[0].text, ==, "bad?to=<x>?[31m");
    g_assert_cmpstr (outcome->verdicts[0].code, ==, "411");
}

static void
mutate (GByteArray *bytes, GRand *random)
{
    static const char pieces[] = "{}[]\",:\\0-.eE\0\xff\xc3tfn";

    for (guint n = g_rand_int_range (random, 1, 5); n > 0 && bytes->len > 0; n--) {
        guint at = (guint) g_rand_int_range (random, 0, (gint32) bytes->len);
        if (g_rand_boolean (random))
            bytes->data[at] =
                (guint8) pieces[g_rand_int_range (random, 0, sizeof pieces)];
        else if (g_rand_boolean (random))
            g_byte_array_remove_index (bytes, at);
        else
            g_byte_array_set_size (bytes, at);
    }
}

/* What must hold whatever came back. */
static void
check_invariants (const Case *c, int status, GBytes *body)
{
    g_autoptr (BrevHttpReply) reply = brev_http_reply_new (status, g_bytes_ref (body));
    g_autofree char *got =
        test_read (brev_provider_find ("postmark"), c->recipients, reply);

    if (status < 200 || status > 299)
        g_assert_null (strstr (got, "accepted"));
    if (status >= 500)
        g_assert_null (strstr (got, "refused"));
    if (strchr (c->recipients, '|') == NULL)
        g_assert_null (strstr (got, "split"));
}

/* Damaged replies never crash, and mail is neither accepted nor split where it cannot be.
 */
static void
test_mutations (void)
{
    static const int other_statuses[] = {
        200, 207, 400, 401, 413, 422, 429, 500, 503, 599
    };
    g_autoptr (GRand) random = g_rand_new_with_seed (1);

    for (guint i = 0; i < 20000; i++) {
        const Table *table = &tables[i % G_N_ELEMENTS (tables)];
        const Case *c = &table->cases[g_rand_int_range (random, 0, (gint32) table->n)];
        int status = i % 2 == 0 ? c->status
                                : other_statuses[g_rand_int_range (
                                      random, 0, G_N_ELEMENTS (other_statuses))];
        GByteArray *bytes = g_byte_array_new ();
        g_byte_array_append (bytes, (const guint8 *) c->body, (guint) strlen (c->body));
        mutate (bytes, random);
        g_autoptr (GBytes) body = g_byte_array_free_to_bytes (bytes);
        check_invariants (c, status, body);
    }
}

/* -- search -------------------------------------------------------------------------- */

#define ENTRY(id, queue_id, recipients)                                              \
    "{\"MessageID\": \"" id "\", \"Status\": \"Sent\", \"Recipients\": [" recipients \
    "], \"Metadata\": {\"brevdue-id\": \"" queue_id "\"}}"
#define FOUND(n, entries) "{\"TotalCount\": " #n ", \"Messages\": [" entries "]}"
#define TO_A "\"A@example.com\""
#define TO_B "\"b@example.org\""

/* clang-format off */
static const Case searches[] = {
    { TWO, 200, FOUND (0, ""), "again again" },
    { ONE, 200, FOUND (1, ENTRY ("id-1", "q1", TO_A)), "accepted(id-1)" },
    { TWO, 200, FOUND (1, ENTRY ("id-1", "q1", TO_A "," TO_B)), "accepted(id-1) accepted(id-1)" },
    { TWO, 200, FOUND (1, ENTRY ("id-1", "q1", TO_B)), "again accepted(id-1)" },
    /* a message that went as several mails; the latest of several copies */
    { TWO, 200, FOUND (2, ENTRY ("id-2", "q1", TO_B) "," ENTRY ("id-1", "q1", TO_A)),
      "accepted(id-1) accepted(id-2)" },
    { ONE, 200, FOUND (2, ENTRY ("id-2", "q1", TO_A) "," ENTRY ("id-1", "q1", TO_A)),
      "accepted(id-2)" },
    /* no proof that the filter was obeyed: no answer */
    { ONE, 200, FOUND (1, ENTRY ("id-1", "q2", TO_A)), "later" },
    { ONE, 200, FOUND (1, "{\"MessageID\": \"id-1\", \"Recipients\": [" TO_A "]}"), "later" },
    { ONE, 200, FOUND (1, ENTRY ("00000000-0000", "q1", TO_A)), "later" },
    { ONE, 200, FOUND (1, "{\"MessageID\": \"id-1\", \"Metadata\": {\"brevdue-id\": \"q1\"}}"),
      "later" },
    /* not all of it */
    { ONE, 200, FOUND (51, ENTRY ("id-1", "q1", TO_A)), "later" },
    { ONE, 200, FOUND (1, ""), "later" },
    { ONE, 200, "{\"Messages\": []}", "later" },
    { ONE, 200, "{\"TotalCount\": 0}", "later" },
    { ONE, 200, "{\"TotalCount\": 0, \"Messages\": {}}", "later" },
    { ONE, 200, FOUND (1, "null"), "later" },
    { ONE, 200, FOUND (1, ENTRY ("id-1", "q1", "7, null, {}")), "again" },
    { ONE, 200, "", "later" },
    { ONE, 200, "<html>", "later" },
    /* that it cannot be searched says nothing about the account */
    { ONE, 401, ERROR (10, "No token"), "account/account" },
    { ONE, 404, ERROR (0, "Nothing here"), "later" },
    { ONE, 403, "", "refused 4.4.2" },
    { ONE, 422, ERROR (300, "Invalid query"), "later" },
    { ONE, 429, ERROR (429, "Too fast"), "later" },
    { ONE, 500, FOUND (0, ""), "later" },
    { ONE, 302, FOUND (0, ""), "later" },
};
/* clang-format on */

static char *
read_search (const char *recipients, BrevHttpReply *reply)
{
    g_autoptr (GPtrArray) mails = test_mails_new (recipients);
    BrevMail *mail = mails->pdata[0];
    g_autoptr (BrevOutcome) outcome = brev_outcome_new (mail);

    mail->queue_id = "q1";
    brev_provider_find ("postmark")->read_search (reply, mail, outcome);
    return test_outcome_text (outcome);
}

static void
test_search_replies (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (searches); i++) {
        const Case *row = &searches[i];
        g_autoptr (BrevHttpReply) reply = brev_http_reply_new (
            row->status, g_bytes_new_static (row->body, strlen (row->body)));
        g_autofree char *got = read_search (row->recipients, reply);
        g_test_message ("%d %s", row->status, row->body);
        g_assert_cmpstr (got, ==, row->want);
    }
}

static void
add_queue_id (BrevMail *mail, const char *name, const char *value)
{
    mail->controls.metadata =
        g_ptr_array_new_with_free_func ((GDestroyNotify) brev_header_free);
    g_ptr_array_add (mail->controls.metadata, brev_header_new (name, value, value));
}

static void
test_search_request (void)
{
    static const struct {
        const char *own, *of_account, *want;
    } rows[] = {
        { NULL, NULL, "" },
        { NULL, "news", "&messagestream=news" },
        { "a&b", "news", "&messagestream=a%26b" },
    };
    g_autofree char *name = g_strdup ("main");

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autoptr (GPtrArray) mails = test_mails_new (ONE);
        g_autofree char *stream = g_strdup (rows[i].of_account);
        const BrevAccount account = { .name = name, .stream = stream };
        BrevMail *mail = mails->pdata[0];
        mail->queue_id = "q1";
        mail->controls.stream = g_strdup (rows[i].own);
        add_queue_id (mail, "brevdue-id", "q1");

        g_autoptr (BrevHttpRequest) request =
            brev_provider_find ("postmark")
                ->search (mail, &account, "t", "https://x", NULL);
        g_autofree char *want = g_strconcat (
            "https://x/messages/outbound?count=50&offset=0&metadata_brevdue-id=q1",
            rows[i].want, NULL);
        const BrevHttpHeader *accept = request->headers->pdata[0];
        const BrevHttpHeader *token = request->headers->pdata[1];
        g_assert_cmpstr (request->method, ==, "GET");
        g_assert_cmpstr (request->url, ==, want);
        g_assert_cmpuint (request->headers->len, ==, 2);
        g_assert_cmpstr (accept->name, ==, "Accept");
        g_assert_cmpstr (token->name, ==, "X-Postmark-Server-Token");
        g_assert_cmpstr (token->value, ==, "t");
        g_assert_true (token->is_secret);
    }
}

/* Without the queue id, or with another under its name, there is nothing to search for. */
static void
test_search_needs_queue_id (void)
{
    static const char *const fields[][2] = { { "other", "q1" }, { "brevdue-id", "q2" } };
    g_autofree char *name = g_strdup ("main");
    const BrevAccount account = { .name = name };

    for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
        g_autoptr (GPtrArray) mails = test_mails_new (ONE);
        g_autoptr (GError) error = NULL;
        BrevMail *mail = mails->pdata[0];
        mail->queue_id = "q1";
        add_queue_id (mail, fields[i][0], fields[i][1]);
        g_assert_null (brev_provider_find ("postmark")
                           ->search (mail, &account, "t", "https://x", &error));
        g_assert_error (error, BREV_ERROR, BREV_ERROR_INPUT);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
        g_test_add_data_func (tables[i].name, &tables[i], test_table);
    g_test_add_func ("/postmark/retry-after", test_retry_after);
    g_test_add_func ("/postmark/large-replies", test_large_replies);
    g_test_add_func ("/postmark/words", test_words);
    g_test_add_func ("/postmark/mutations", test_mutations);
    g_test_add_func ("/postmark/search/replies", test_search_replies);
    g_test_add_func ("/postmark/search/request", test_search_request);
    g_test_add_func ("/postmark/search/queue-id", test_search_needs_queue_id);
    return g_test_run ();
}
