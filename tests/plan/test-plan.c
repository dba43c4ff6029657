/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/clock.h"
#include "message/address.h"
#include "plan/plan.h"

#define NOW (G_GINT64_CONSTANT (1795402800) * BREV_SECOND)

/* A configuration, a message and an envelope, all plain, that each test changes. */
typedef struct {
    BrevConfig config;
    BrevAccount account;  /* "main" */
    BrevAccount fallback; /* "second", Postmark */
    BrevMessage message;
    BrevPart text;
    BrevProvider provider; /* Postmark's descriptor */
    BrevPlanInput input;
    GArray *recipients;
} World;

static GPtrArray *
mailboxes (const char *text)
{
    g_autoptr (BrevAddressList) list = brev_address_parse (text, NULL);

    g_assert_nonnull (list);
    return g_ptr_array_ref (list->mailboxes);
}

static void
replace (GPtrArray **list, const char *text)
{
    g_ptr_array_unref (*list);
    *list = mailboxes (text);
}

static void
set_up_config (World *world)
{
    world->account.name = g_strdup ("main");
    world->account.provider = g_strdup ("postmark");
    world->fallback.name = g_strdup ("second");
    world->fallback.provider = g_strdup ("postmark");
    world->config.mail_name = g_strdup ("example.com");
    world->config.from = g_strdup ("Web <noreply@example.com>");
    world->config.accounts = g_ptr_array_new ();
    g_ptr_array_add (world->config.accounts, &world->account);
    g_ptr_array_add (world->config.accounts, &world->fallback);
}

static World *
world_new (void)
{
    World *world = g_new0 (World, 1);

    set_up_config (world);
    world->text = (BrevPart){ .type = g_strdup ("text/plain"), .length = 5 };
    world->message = (BrevMessage){
        .from = mailboxes ("a@example.com"),
        .reply_to = mailboxes (""),
        .to = mailboxes (""),
        .cc = mailboxes (""),
        .subject = g_strdup ("s"),
        .headers = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_header_free),
        .attachments = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_part_free),
        .places = g_ptr_array_new (),
        .is_utf8 = TRUE,
        .text = &world->text,
    };
    world->provider = *brev_provider_find ("postmark");
    world->recipients = g_array_new (FALSE, FALSE, sizeof (BrevPlanRecipient));
    world->input = (BrevPlanInput){
        .queue_id = "0123456789abcdefghijklmnop",
        .message = &world->message,
        .fd = -1,
        .sender = "a@example.com",
        .message_id = "<made@example.com>",
        .config = &world->config,
        .account = &world->account,
        .provider = &world->provider,
        .arrival = NOW - BREV_MINUTE,
        .now = NOW,
    };
    return world;
}

static void
world_free (World *world)
{
    g_free (world->account.name);
    g_free (world->account.provider);
    g_free (world->account.fallback);
    g_strfreev (world->account.senders);
    g_free (world->fallback.name);
    g_free (world->fallback.provider);
    g_free (world->config.mail_name);
    g_free (world->config.from);
    g_ptr_array_unref (world->config.accounts);
    g_ptr_array_unref (world->message.from);
    g_ptr_array_unref (world->message.reply_to);
    g_ptr_array_unref (world->message.to);
    g_ptr_array_unref (world->message.cc);
    g_ptr_array_unref (world->message.headers);
    g_ptr_array_unref (world->message.attachments);
    g_ptr_array_unref (world->message.places);
    g_free (world->message.subject);
    g_free (world->text.type);
    for (guint i = 0; i < world->recipients->len; i++) {
        BrevPlanRecipient *recipient =
            &g_array_index (world->recipients, BrevPlanRecipient, i);
        g_free ((gpointer) (gsize) recipient->address);
        g_free ((gpointer) (gsize) recipient->original);
    }
    g_array_unref (world->recipients);
    g_free (world);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

/* "a@b c@d<root": the second is what became of root. */
static void
add_recipients (World *world, const char *text)
{
    g_auto (GStrv) words = g_strsplit (text, " ", -1);

    for (char **word = words; *word != NULL; word++) {
        g_auto (GStrv) pair = g_strsplit (*word, "<", 2);
        const BrevPlanRecipient recipient = {
            .address = g_strdup (pair[0]),
            .original = g_strdup (pair[1] != NULL ? pair[1] : pair[0]),
            .index = world->recipients->len + 10,
        };
        g_array_append_val (world->recipients, recipient);
    }
}

static BrevPlan *
make (World *world)
{
    if (world->recipients->len == 0)
        add_recipients (world, "r@example.org");
    world->input.recipients =
        (const BrevPlanRecipient *) (gpointer) world->recipients->data;
    world->input.n_recipients = world->recipients->len;
    return brev_plan_make (&world->input);
}

static void
append_field (GString *text, const char *name, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++) {
        g_autofree char *mailbox = brev_mailbox_format (list->pdata[i], FALSE);
        g_string_append_printf (text, "%s%s", i > 0 ? "," : name, mailbox);
    }
}

static char *
describe_recipients (const BrevPlan *plan)
{
    GString *text = g_string_new (NULL);

    for (guint i = 0; i < plan->mails->len; i++) {
        const BrevMail *mail = plan->mails->pdata[i];
        g_string_append (text, i > 0 ? " |" : "");
        append_field (text, " to=", mail->to);
        append_field (text, " cc=", mail->cc);
        append_field (text, " bcc=", mail->bcc);
        g_assert_cmpuint (mail->n_recipients, ==,
                          mail->to->len + mail->cc->len + mail->bcc->len);
    }
    if (BREV_HAS (plan->losses, BREV_FEATURE_HIDDEN_RECIPIENT))
        g_string_append (text, " hidden");
    if (BREV_HAS (plan->losses, BREV_FEATURE_ALIAS))
        g_string_append (text, " alias");
    if (BREV_HAS (plan->losses, BREV_FEATURE_MOVED_RECIPIENT))
        g_string_append (text, " moved");
    for (guint i = 0; i < plan->twins->len; i++) {
        const BrevPlanTwin *twin = &g_array_index (plan->twins, BrevPlanTwin, i);
        g_string_append_printf (text, " twin=%u/%u", twin->index, twin->of);
    }
    for (guint i = 0; i < plan->refusals->len; i++) {
        const BrevPlanRefusal *refusal = plan->refusals->pdata[i];
        g_string_append_printf (text, " refused=%u/%s", refusal->index, refusal->dsn);
        g_assert_nonnull (strstr (refusal->text, "Postmark"));
    }
    return g_strchug (g_string_free (text, FALSE));
}

/* clang-format off */
static const struct {
    const char *name, *to, *cc, *envelope, *want;
    gboolean wants_to; /* the provider demands a To */
    guint max;         /* recipients in a request, 0: Postmark's */
    BrevCaps more;     /* that Postmark has not */
} recipients[] = {
    { "in their fields", "A <a@x.org>, b@x.org", "c@x.org", "a@x.org b@x.org c@x.org",
      "to=A <a@x.org>,b@x.org cc=c@x.org" },
    { "case is nothing", "A@X.org", "", "a@x.ORG", "to=a@x.ORG" },
    { "nobody but the envelope's", "list@x.org", "", "me@y.org", "to=me@y.org hidden moved" },
    { "hidden beside seen", "list@x.org, a@x.org", "", "a@x.org", "to=a@x.org hidden" },
    { "others are blind", "a@x.org", "", "a@x.org b@x.org", "to=a@x.org bcc=b@x.org" },
    { "blind only", "", "", "a@x.org b@x.org", "bcc=a@x.org,b@x.org" },
    { "one blind is shown", "", "", "a@x.org", "to=a@x.org moved" },
    { "one copied stays", "", "a@x.org", "a@x.org", "cc=a@x.org" },
    { "bare name", "root", "", "root@example.com<root", "to=root@example.com" },
    { "qualified and asked for", "root@example.com", "", "root@example.com<root",
      "to=root@example.com" },
    { "alias", "Admin <root>", "", "ops@x.org<root", "to=Admin <ops@x.org> alias" },
    { "alias to several", "Team <team>, b@x.org", "", "a@x.org<team c@x.org<team b@x.org",
      "to=a@x.org,c@x.org,b@x.org alias" },
    { "alias in Cc", "a@x.org", "root", "a@x.org ops@x.org<root", "to=a@x.org cc=ops@x.org alias" },
    { "alias by argument", "a@x.org", "", "a@x.org ops@x.org<root", "to=a@x.org bcc=ops@x.org" },
    { "the result is in the header", "ops@x.org", "", "ops@x.org<root", "to=ops@x.org" },
    { "twins", "root, ops@x.org", "", "ops@x.org<root OPS@x.org", "to=ops@x.org alias twin=11/10" },
    { "twice in the header", "a@x.org", "a@x.org", "a@x.org", "to=a@x.org" },
    { "split", "a@x.org, b@x.org", "c@x.org", "a@x.org b@x.org c@x.org d@x.org e@x.org",
      "to=a@x.org,b@x.org | cc=c@x.org bcc=d@x.org | to=e@x.org moved", FALSE, 2 },
    { "To is demanded", "", "c@x.org", "c@x.org d@x.org", "to=c@x.org | to=d@x.org moved", TRUE },
    { "To is there", "a@x.org", "c@x.org", "a@x.org c@x.org d@x.org",
      "to=a@x.org cc=c@x.org bcc=d@x.org", TRUE },
    { "split, To demanded", "a@x.org", "c@x.org", "a@x.org c@x.org d@x.org e@x.org",
      "to=a@x.org cc=c@x.org | to=d@x.org | to=e@x.org moved", TRUE, 2 },
    { "punycode", "Bücher <a@bücher.example>", "", "a@bücher.example",
      "to=Bücher <a@xn--bcher-kva.example>" },
    { "punycode in the header alone", "a@xn--bcher-kva.example", "", "a@bücher.example",
      "to=a@xn--bcher-kva.example" },
    { "no ASCII before the @", "jörg@x.org, a@x.org", "", "jörg@x.org a@x.org b@x.org",
      "to=a@x.org bcc=b@x.org refused=10/5.6.7" },
    { "nothing but such", "jörg@x.org", "", "jörg@x.org", "refused=10/5.6.7" },
    { "a twin of such", "", "", "jörg@x.org JÖRG@x.org<root", "twin=11/10 refused=10/5.6.7" },
    { "no ASCII, taken", "jörg@x.org", "", "jörg@x.org", "to=jörg@x.org", FALSE, 0,
      BREV_CAP_UTF8_LOCAL },
    { "no name of a host", "a@x.org", "", "a@x.org b@\xff.org",
      "to=a@x.org refused=11/5.1.2" },
};
/* clang-format on */

static void
test_recipients (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (recipients); i++) {
        g_autoptr (World) world = world_new ();
        replace (&world->message.to, recipients[i].to);
        replace (&world->message.cc, recipients[i].cc);
        add_recipients (world, recipients[i].envelope);
        if (recipients[i].wants_to)
            world->provider.caps &= ~BREV_CAP_BCC_ONLY;
        if (recipients[i].max > 0)
            world->provider.max_recipients = recipients[i].max;
        world->provider.caps |= recipients[i].more;
        g_autoptr (BrevPlan) plan = make (world);
        g_autofree char *got = describe_recipients (plan);
        g_test_message ("%s", recipients[i].name);
        g_assert_cmpstr (got, ==, recipients[i].want);
    }
}

/* 10,000 recipients, as many as a message may have, each in exactly one mail. */
static void
test_very_many_recipients (void)
{
    g_autoptr (World) world = world_new ();
    g_autoptr (GString) header = g_string_new (NULL);
    g_autofree guint *seen = g_new0 (guint, 10010);

    for (guint i = 0; i < 10000; i++) {
        g_autofree char *address = g_strdup_printf ("r%u@x.org", i);
        if (i % 3 != 0)
            g_string_append_printf (header, "%s%s", header->len == 0 ? "" : ", ",
                                    address);
        add_recipients (world, address);
    }
    replace (&world->message.to, header->str);
    g_autoptr (BrevPlan) plan = make (world);
    g_assert_cmpuint (plan->mails->len, ==, 200);
    for (guint i = 0; i < plan->mails->len; i++) {
        const BrevMail *mail = plan->mails->pdata[i];
        for (guint j = 0; j < mail->n_recipients; j++) {
            g_autofree char *want =
                g_strdup_printf ("r%u@x.org", mail->recipients[j] - 10);
            g_assert_cmpstr (brev_mail_recipient (mail, j)->address, ==, want);
            seen[mail->recipients[j]]++;
        }
    }
    for (guint i = 10; i < 10010; i++)
        g_assert_cmpuint (seen[i], ==, 1);
}

static char *
describe_sender (const BrevPlan *plan)
{
    GString *text = g_string_new (NULL);

    if (plan->kind == BREV_PLAN_WAIT)
        return g_string_free (g_string_append (text, "wait"), FALSE);
    const BrevMail *mail = plan->mails->pdata[0];
    g_autofree char *from = brev_mailbox_format (mail->from, FALSE);
    g_string_append (text, from);
    append_field (text, " reply=", mail->reply_to);
    if (plan->rewritten_from != NULL)
        g_string_append_printf (text, " instead of %s", plan->rewritten_from);
    return g_string_free (text, FALSE);
}

/* clang-format off */
static const struct {
    const char *name, *from, *reply_to, *sender, *config_from, *senders, *want;
    const char *full_name;
    gboolean is_report;
} senders[] = {
    { "covered by the domain of from", "Ann <ann@example.com>", "", "", "n@example.com", NULL,
      "Ann <ann@example.com>" },
    { "covered by senders", "ann@x.org", "", "", NULL, "x.org", "ann@x.org" },
    { "covered by a star", "ann@anything", "", "", NULL, "*", "ann@anything" },
    { "bare name", "root", "root", "", "n@example.com", NULL,
      "root@example.com reply=root@example.com" },
    { "rewritten", "root@web1.local", "", "", "Web <n@example.com>", NULL,
      "\"root@web1.local\" <n@example.com> reply=root@web1.local instead of root@web1.local" },
    { "rewritten, nobody can answer to it", "root@web1", "", "", "n@example.com", NULL,
      "\"root@web1\" <n@example.com> instead of root@web1" },
    { "rewritten, with a name", "Ann <ann@web1.local>", "", "", "n@example.com", NULL,
      "Ann <n@example.com> reply=Ann <ann@web1.local> instead of ann@web1.local" },
    { "rewritten, with a Reply-To", "ann@web1.local", "b@x.org", "", "n@example.com", NULL,
      "\"ann@web1.local\" <n@example.com> reply=b@x.org instead of ann@web1.local" },
    { "no from to stand in", "root@web1.local", "", "", NULL, "example.com", "wait" },
    { "no from, no senders", "root@web1.local", "", "", NULL, NULL, "wait" },
    { "from is not covered", "root@web1.local", "", "", "n@y.org", "example.com", "wait" },
    { "from is no address", "root@web1.local", "", "", "nobody at all @@", "example.com", "wait" },
    { "From is missing", "", "", "ann@example.com", "n@example.com", NULL,
      "Ann A <ann@example.com>", "Ann A" },
    { "From is missing, sender not covered", "", "", "root@web1.local", "n@example.com", NULL,
      "\"root@web1.local\" <n@example.com> reply=root@web1.local instead of root@web1.local" },
    { "neither From nor sender", "", "", "", "Web <n@example.com>", NULL, "Web <n@example.com>" },
    { "neither, and no from", "", "", "", NULL, "example.com", "wait" },
    { "our report", "Mail System <postmaster@example.com>", "", "", "n@example.com", NULL,
      "Mail System <n@example.com> instead of postmaster@example.com", NULL, TRUE },
    { "our report without from", "Mail System <postmaster@example.com>", "", "", NULL,
      "example.com", "Mail System <postmaster@example.com>", NULL, TRUE },
};
/* clang-format on */

static void
test_senders (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (senders); i++) {
        g_autoptr (World) world = world_new ();
        replace (&world->message.from, senders[i].from);
        replace (&world->message.reply_to, senders[i].reply_to);
        g_free (world->config.from);
        world->config.from = g_strdup (senders[i].config_from);
        if (senders[i].senders != NULL)
            world->account.senders = g_strsplit (senders[i].senders, " ", -1);
        world->input.sender = senders[i].sender;
        world->input.full_name = senders[i].full_name;
        world->input.is_report = senders[i].is_report;
        g_autoptr (BrevPlan) plan = make (world);
        g_autofree char *got = describe_sender (plan);
        g_test_message ("%s", senders[i].name);
        g_assert_cmpstr (got, ==, senders[i].want);
    }
}

static void
test_waiting_names_both_lines (void)
{
    g_autoptr (World) world = world_new ();

    replace (&world->message.from, "root@web1.local");
    g_clear_pointer (&world->config.from, g_free);
    g_autoptr (BrevPlan) plan = make (world);
    g_assert_cmpint (plan->kind, ==, BREV_PLAN_WAIT);
    g_assert_nonnull (strstr (plan->reason, "root@web1.local"));
    g_assert_nonnull (strstr (plan->reason, "from = "));
    g_assert_nonnull (strstr (plan->reason, "[brevdue]"));
    g_assert_nonnull (strstr (plan->reason, "senders = "));
    g_assert_nonnull (strstr (plan->reason, "[account main]"));
    g_assert_cmpuint (plan->mails->len, ==, 0);
}

#define F(feature) BREV_BIT (BREV_FEATURE_##feature)

/* clang-format off */
static const struct {
    const char *name;
    BrevFeatures features;
    gboolean is_lossy, is_report, has_fallback, is_weak; /* weak: fewer bytes than Postmark */
    BrevPlanKind want;
    const char *step;
    BrevFeatures losses;
    const char *account;
} steps[] = {
    { "plain", 0, FALSE, FALSE, FALSE, FALSE, BREV_PLAN_SEND, "structured", 0, "main" },
    { "harmless losses", F (FLOWED) | F (CHARSET) | F (NESTING) | F (CALENDAR) | F (GROUP) |
      F (RECEIVED) | F (SENDER) | F (EMPTY_BODY), FALSE, FALSE, FALSE, FALSE, BREV_PLAN_SEND,
      "structured", F (FLOWED) | F (CHARSET) | F (NESTING) | F (CALENDAR) | F (GROUP) |
      F (RECEIVED) | F (SENDER) | F (EMPTY_BODY), "main" },
    { "carried all the same", F (MESSAGE_ID) | F (REPEATED_HEADER) | F (RESENT) |
      F (EMPTY_SUBJECT), FALSE, FALSE, FALSE, FALSE, BREV_PLAN_SEND, "structured", 0, "main" },
    { "signed", F (SIGNED), FALSE, FALSE, FALSE, FALSE, BREV_PLAN_REFUSE, NULL, F (SIGNED),
      "main" },
    { "encrypted", F (ENCRYPTED), FALSE, FALSE, FALSE, FALSE, BREV_PLAN_REFUSE, NULL,
      F (ENCRYPTED), "main" },
    { "several authors", F (SEVERAL_FROM), FALSE, FALSE, FALSE, FALSE, BREV_PLAN_REFUSE, NULL,
      F (SEVERAL_FROM), "main" },
    { "a report of others", F (REPORT), FALSE, FALSE, FALSE, FALSE, BREV_PLAN_REFUSE, NULL,
      F (REPORT), "main" },
    { "a report of ours", F (REPORT), FALSE, TRUE, FALSE, FALSE, BREV_PLAN_SEND, "lossy",
      F (REPORT), "main" },
    { "losses are taken", F (SIGNED) | F (FLOWED), TRUE, FALSE, FALSE, FALSE, BREV_PLAN_SEND,
      "lossy", F (SIGNED) | F (FLOWED), "main" },
    { "the fallback is no better", F (SIGNED), FALSE, FALSE, TRUE, FALSE, BREV_PLAN_REFUSE, NULL,
      F (SIGNED), "main" },
    { "no better, losses taken", F (SIGNED), TRUE, FALSE, TRUE, FALSE, BREV_PLAN_SEND, "lossy",
      F (SIGNED), "main" },
    { "too large", 0, FALSE, FALSE, FALSE, TRUE, BREV_PLAN_REFUSE, NULL, 0, "main" },
    { "too large, losses taken", 0, TRUE, FALSE, FALSE, TRUE, BREV_PLAN_REFUSE, NULL, 0, "main" },
    { "too large but for the fallback", 0, FALSE, FALSE, TRUE, TRUE, BREV_PLAN_SEND, "fallback",
      0, "second" },
    { "the fallback before a loss", F (FLOWED), TRUE, FALSE, TRUE, TRUE, BREV_PLAN_SEND,
      "fallback", F (FLOWED), "second" },
};
/* clang-format on */

static void
test_ladder (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
        g_autoptr (World) world = world_new ();
        replace (&world->message.to, "r@example.org");
        world->message.features = steps[i].features;
        world->account.lossy = steps[i].is_lossy;
        world->input.is_report = steps[i].is_report;
        world->account.fallback = steps[i].has_fallback ? g_strdup ("second") : NULL;
        if (steps[i].is_weak)
            world->provider.max_size = 4;
        g_autoptr (BrevPlan) plan = make (world);
        g_test_message ("%s", steps[i].name);
        g_assert_cmpint (plan->kind, ==, steps[i].want);
        g_assert_cmpstr (plan->step, ==, steps[i].step);
        g_assert_cmphex (plan->losses, ==, steps[i].losses);
        g_assert_cmpstr (plan->account->name, ==, steps[i].account);
        g_assert_true ((plan->mails->len > 0) == (plan->kind == BREV_PLAN_SEND));
        g_assert_true ((plan->reason != NULL) == (plan->kind != BREV_PLAN_SEND));
        g_assert_true ((plan->dsn != NULL) == (plan->kind != BREV_PLAN_SEND));
    }
}

/* The provider's own SMTP takes what its API would change, unless mail is meant to go
 * elsewhere, or nowhere. */
static void
test_smtp_step (void)
{
    static const struct {
        const char *provider, *endpoint, *smtp_endpoint;
        gboolean is_sandbox;
        BrevFeatures features;
        const char *want; /* NULL: refused */
        const char *url, *region;
    } rows[] = {
        { "sendgrid", NULL, NULL, FALSE, F (SIGNED), "smtp",
          "smtps://smtp.sendgrid.net:465" },
        { "sendgrid", NULL, NULL, FALSE, F (FLOWED), "structured", NULL },
        { "sendgrid", NULL, NULL, TRUE, F (SIGNED), NULL, NULL },
        { "sendgrid", "https://proxy", NULL, FALSE, F (SIGNED), NULL, NULL },
        { "sendgrid", "https://proxy", "smtp://h", FALSE, F (SIGNED), "smtp",
          "smtp://h" },
        { "postmark", NULL, "smtp://h", FALSE, F (SIGNED), NULL, NULL },
        { "sendgrid", NULL, NULL, FALSE, F (SIGNED), NULL, NULL, "eu" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autoptr (World) world = world_new ();
        g_autofree char *endpoint = g_strdup (rows[i].endpoint);
        g_autofree char *smtp_endpoint = g_strdup (rows[i].smtp_endpoint);
        g_autofree char *region = g_strdup (rows[i].region);
        g_free (world->account.provider);
        world->account.provider = g_strdup (rows[i].provider);
        world->account.endpoint = endpoint;
        world->account.smtp_endpoint = smtp_endpoint;
        world->account.region = region;
        world->account.sandbox = rows[i].is_sandbox;
        world->provider = *brev_provider_find (rows[i].provider);
        world->input.provider = brev_provider_find (rows[i].provider);
        world->message.features = rows[i].features;
        replace (&world->message.to, "r@example.org");
        g_autoptr (BrevPlan) plan = make (world);
        g_test_message ("%u", i);
        g_assert_cmpstr (plan->step, ==, rows[i].want);
        if (rows[i].url == NULL)
            continue;
        const BrevMail *mail = plan->mails->pdata[0];
        g_assert_true (plan->account == &world->account);
        g_assert_cmpstr (plan->provider->name, ==, "smtp");
        g_assert_true (mail->provider == plan->provider);
        g_assert_nonnull (mail->raw);
        g_autofree char *url = brev_provider_endpoint (plan->provider, plan->account);
        g_assert_cmpstr (url, ==, rows[i].url);
    }
}

/* So does that of the fallback's. */
static void
test_smtp_of_the_fallback (void)
{
    g_autoptr (World) world = world_new ();

    world->message.features = F (SIGNED);
    world->account.fallback = g_strdup ("second");
    replace (&world->message.to, "r@example.org");
    g_free (world->fallback.provider);
    world->fallback.provider = g_strdup ("sendgrid");
    g_autoptr (BrevPlan) plan = make (world);
    g_assert_cmpstr (plan->step, ==, "fallback");
    g_assert_true (plan->account == &world->fallback);
    g_assert_cmpstr (plan->provider->name, ==, "smtp");
    g_assert_cmphex (plan->losses, ==, 0);
}

static void
test_envelope (void)
{
    static const struct {
        const char *sender, *senders, *want;
    } rows[] = {
        { "a@example.com", "*", "a@example.com" },
        { "bounces+1@example.com", "example.com", "bounces+1@example.com" },
        { "root@web1.internal", "example.com", "a@example.com" },
        { "", "example.com", "" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autoptr (World) world = world_new ();
        g_strfreev (world->account.senders);
        world->account.senders = g_strsplit (rows[i].senders, " ", -1);
        world->input.sender = rows[i].sender;
        world->input.envid = "a b+c";
        world->input.ret = BREV_RETURN_HEADERS;
        add_recipients (world, "r@example.org s@example.org");
        BrevPlanRecipient *first =
            &g_array_index (world->recipients, BrevPlanRecipient, 0);
        first->notify = BREV_NOTIFY_SUCCESS | BREV_NOTIFY_DELAY;
        first->orcpt = "rfc822;x@example.org";
        g_autoptr (BrevPlan) plan = make (world);
        const BrevSmtp *envelope = ((BrevMail *) plan->mails->pdata[0])->envelope;
        const BrevSmtpRecipient *recipient = envelope->recipients->pdata[0];
        g_assert_cmpstr (envelope->sender, ==, rows[i].want);
        g_assert_cmpstr (envelope->envid, ==, "a+20b+2Bc");
        g_assert_cmpstr (envelope->ret, ==, "HDRS");
        g_assert_cmpstr (recipient->address, ==, "r@example.org");
        g_assert_cmpstr (recipient->notify, ==, "SUCCESS,DELAY");
        g_assert_cmpstr (recipient->orcpt, ==, "rfc822;x@example.org");
    }
}

/* What each provider says that it carries is no loss; everything else of a message is. A
 * raw message loses what the provider says that it replaces. */
static void
test_features (void)
{
    for (const BrevProvider *const *p = brev_providers; *p != NULL; p++) {
        for (guint i = 0; (*p)->encode != NULL && i < BREV_FEATURE_LAST; i++) {
            g_autoptr (World) world = world_new ();
            gboolean is_raw = ((*p)->caps & BREV_CAP_RAW) != 0;
            gboolean is_addressed = ((*p)->caps & BREV_CAP_HEADER_ENVELOPE) != 0;
            BrevFeatures lost = is_raw ? (*p)->replaced : ~(*p)->carried;
            gboolean is_planned =
                ((F (DATE) | F (HIDDEN_RECIPIENT) | F (MOVED_RECIPIENT) | F (ALIAS) |
                  F (TEXT_ALONE) | F (LIST_HEADERS) | F (REPLY_TO) | F (TEXT_FORM) |
                  F (HTML_FORM) | F (ATTACHMENT) | F (SHORT) | F (FROM_NAME) |
                  F (EIGHT_BIT)) &
                 BREV_BIT (i)) != 0;
            if (is_addressed) /* its recipients are written anew */
                lost |= F (GROUP);
            replace (&world->message.to, "r@example.org");
            world->message.features = BREV_BIT (i);
            world->account.lossy = TRUE;
            world->provider = **p;
            world->provider.wants_html = FALSE; /* this message has none */
            world->provider.min_chars = 0;      /* and is short */
            g_autoptr (BrevPlan) plan = make (world);
            g_test_message ("%s: %s", (*p)->name, brev_features[i].name);
            g_assert_cmphex (plan->losses, ==, is_planned ? 0 : BREV_BIT (i) & lost);
        }
    }
}

static void
test_list_headers (void)
{
    static const char *const forbidden[] = { "list-id", "x-*", NULL };
    static const struct {
        const char *name;
        BrevFeatures want;
    } cases[] = {
        { "In-Reply-To", 0 },
        { "List-Post", 0 },
        { "LIST-ID", F (LIST_HEADERS) },
        { "X-List-Id", 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (World) world = world_new ();
        replace (&world->message.to, "r@example.org");
        world->message.features = F (LIST_HEADERS);
        world->provider.carried = 0;
        world->provider.forbidden_headers = forbidden;
        g_ptr_array_add (world->message.headers,
                         brev_header_new (cases[i].name, "x", "x"));
        g_autoptr (BrevPlan) plan = make (world);
        g_assert_cmphex (plan->losses, ==, cases[i].want);
    }
}

/* A wide character counts once; the address is never touched. */
static void
test_limits (void)
{
    static const char *const extensions[] = { "pdf", NULL };
    g_autoptr (World) world = world_new ();
    BrevPart *part = g_new0 (BrevPart, 1);

    replace (&world->message.from, "J\xc3\xb6rg Long <a@example.com>");
    replace (&world->message.to, "Bob <b@x.org>");
    replace (&world->message.reply_to, "c@x.org, d@x.org");
    part->type = g_strdup ("text/plain");
    part->filename = g_strdup ("a.PDF");
    g_ptr_array_add (world->message.attachments, part);
    add_recipients (world, "b@x.org");
    world->provider.carried = 0;
    world->provider.extensions = extensions;
    g_autoptr (BrevPlan) whole = make (world);
    g_assert_cmphex (whole->losses, ==, 0);
    g_assert_cmpuint (whole->dropped->len, ==, 0);

    g_free (world->message.subject);
    world->message.subject = g_strdup ("\xc3\xa4\xc3\xb6\xc3\xbc");
    world->provider.max_subject = 2;
    world->provider.max_name = 4;
    world->provider.max_reply_to = 1;
    world->provider.wants_html = TRUE;
    g_free (part->filename);
    part->filename = g_strdup ("a.eml");
    g_autoptr (BrevPlan) cut = make (world);
    const BrevMail *mail = cut->mails->pdata[0];
    g_assert_cmphex (cut->losses, ==, F (FILE_NAME) | F (TEXT_ALONE));
    g_assert_cmpuint (cut->dropped->len, ==, 3);
    g_assert_cmpstr (mail->subject, ==, "\xc3\xa4\xc3\xb6");
    g_assert_cmpstr (mail->from->name, ==, "J\xc3\xb6rg");
    g_assert_cmpstr (mail->from->address, ==, "a@example.com");
    g_assert_cmpstr (((BrevMailbox *) mail->to->pdata[0])->name, ==, "Bob");
    g_assert_cmpuint (mail->reply_to->len, ==, 1);

    world->provider.no_name_chars = "rb";
    world->provider.extensions = NULL;
    g_autoptr (BrevPlan) blank = make (world);
    g_assert_cmphex (blank->losses, ==, F (TEXT_ALONE));
    mail = blank->mails->pdata[0];
    g_assert_cmpuint (blank->dropped->len, ==, 4);
    g_assert_cmpstr (blank->dropped->pdata[2], ==, "a character of a display name");
    g_assert_cmpstr (mail->from->name, ==, "J\xc3\xb6 g");
    g_assert_cmpstr (((BrevMailbox *) mail->to->pdata[0])->name, ==, "Bo ");

    world->provider.wants_extension = TRUE;
    g_autoptr (BrevPlan) named = make (world);
    g_assert_cmphex (named->losses, ==, F (TEXT_ALONE));
    g_free (part->filename);
    part->filename = g_strdup ("README");
    g_autoptr (BrevPlan) extended = make (world);
    g_assert_cmphex (extended->losses, ==, F (FILE_NAME) | F (TEXT_ALONE));
}

static void
test_empty_subject (void)
{
    g_autoptr (World) world = world_new ();
    g_autoptr (World) other = world_new ();

    g_free (world->message.subject);
    world->message.subject = g_strdup (" ");
    g_autoptr (BrevPlan) kept = make (world);
    g_assert_cmpstr (((BrevMail *) kept->mails->pdata[0])->subject, ==, " ");
    g_free (other->message.subject);
    other->message.subject = g_strdup ("");
    other->provider.carried &= ~F (EMPTY_SUBJECT);
    g_autoptr (BrevPlan) named = make (other);
    g_assert_cmpstr (((BrevMail *) named->mails->pdata[0])->subject, ==, "(no subject)");
}

static void
test_refusal_says_what_to_do (void)
{
    g_autoptr (World) world = world_new ();

    world->message.features = F (SIGNED) | F (FLOWED);
    g_autoptr (BrevPlan) plan = make (world);
    g_assert_nonnull (strstr (plan->reason, brev_features[BREV_FEATURE_SIGNED].help));
    g_assert_null (strstr (plan->reason, brev_features[BREV_FEATURE_FLOWED].help));
    g_assert_nonnull (strstr (plan->reason, "lossy = yes"));
    g_assert_nonnull (strstr (plan->reason, "fallback = "));
    g_assert_nonnull (strstr (plan->reason, "[account main]"));
}

/* A fallback that names itself, or nobody, is none. */
static void
test_odd_fallbacks (void)
{
    static const char *const names[] = { "main", "nobody", "" };

    for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
        g_autoptr (World) world = world_new ();
        world->provider.max_size = 4;
        world->account.fallback = g_strdup (names[i]);
        g_autoptr (BrevPlan) plan = make (world);
        g_assert_cmpint (plan->kind, ==, BREV_PLAN_REFUSE);
    }
}

#define MB G_GUINT64_CONSTANT (1000000)

/* clang-format off */
static const struct {
    const char *name;
    guint64 text, attachment; /* encoded bytes */
    BrevEncoding encoding;    /* of both */
    gboolean is_refused;
    const char *size; /* that the reason names */
} sizes[] = {
    { "small", 1000, 1000, BREV_ENCODING_NONE, FALSE },
    { "text at the limit", 5 * 1024 * 1024, 0, BREV_ENCODING_NONE, FALSE },
    { "text beyond", 6 * MB, 0, BREV_ENCODING_NONE, TRUE, "the text body is 6.0 MB" },
    { "text that shrinks", 6 * MB, 0, BREV_ENCODING_QP, FALSE },
    { "attachment grows", 100, 9 * MB, BREV_ENCODING_NONE, TRUE, "the message is 12.0 MB" },
    { "attachment in base64", 100, 10 * MB, BREV_ENCODING_BASE64, FALSE },
    { "attachment beyond", 100, 11 * MB, BREV_ENCODING_BASE64, TRUE, "the message is 10.8 MB" },
    { "attachment in qp", 100, 11 * MB, BREV_ENCODING_QP, FALSE },
    { "beyond any number", 100, G_MAXUINT64 / 8, BREV_ENCODING_NONE, TRUE, "the message" },
};
/* clang-format on */

static void
test_sizes (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
        g_autoptr (World) world = world_new ();
        BrevPart *part = g_new0 (BrevPart, 1);
        part->type = g_strdup ("application/pdf");
        part->content_type = g_strdup (part->type);
        part->encoding = world->text.encoding = sizes[i].encoding;
        part->length = sizes[i].attachment;
        world->text.length = sizes[i].text;
        g_ptr_array_add (world->message.attachments, part);
        g_autoptr (BrevPlan) plan = make (world);
        g_test_message ("%s: %s", sizes[i].name, plan->reason);
        g_assert_true ((plan->kind == BREV_PLAN_REFUSE) == sizes[i].is_refused);
        if (!sizes[i].is_refused)
            continue;
        g_assert_cmpstr (plan->dsn, ==, "5.3.4");
        g_assert_nonnull (strstr (plan->reason, sizes[i].size));
    }
}

static void
add_header (World *world, const char *name, const char *text)
{
    g_ptr_array_add (world->message.headers, brev_header_new (name, text, text));
}

static char *
describe_headers (const BrevPlan *plan)
{
    const BrevMail *mail = plan->mails->pdata[0];
    GString *text = g_string_new (NULL);

    for (guint i = 0; i < mail->headers->len; i++)
        g_string_append_printf (text, "%s ",
                                ((BrevHeader *) mail->headers->pdata[i])->name);
    for (guint i = 0; i < mail->added->len; i++)
        g_string_append_printf (text, "+%s ",
                                ((BrevHeader *) mail->added->pdata[i])->name);
    for (guint i = 0; i < plan->dropped->len; i++)
        g_string_append_printf (text, "-%s ", (char *) plan->dropped->pdata[i]);
    return g_strchomp (g_string_free (text, FALSE));
}

static void
test_headers (void)
{
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        { "In-Reply-To", "<a@b>", "In-Reply-To" },
        { "List-Id", "a", "List-Id" },
        { "X-PHP-Originating-Script", "33:a.php", "X-PHP-Originating-Script" },
        { "Received", "from x", "-Received" },
        { "dkim-signature", "v=1", "-dkim-signature" },
        { "ARC-Seal", "i=1", "-ARC-Seal" },
        { "Resent-Bcc", "a@b", "-Resent-Bcc" },
        { "bcc", "a@b", "-bcc" },
        { "X-PM-RCPT", "a@b", "-X-PM-RCPT" },
        { "X Odd", "a", "-X Odd" },
        { "X-\xc3\xa9", "a", "-X-\xc3\xa9" },
        { "X:", "a", "-X:" },
        { "", "a", "-" },
        { "X-Blank", " \t", "-X-Blank" },
        { "X-PM-Tag", "a", "" },
        { "X-SES-Configuration-Set", "a", "-X-SES-Configuration-Set" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (World) world = world_new ();
        add_header (world, cases[i].name, cases[i].text);
        g_autoptr (BrevPlan) plan = make (world);
        g_autofree char *got = describe_headers (plan);
        g_assert_cmpstr (got, ==, cases[i].want);
    }
}

/* A provider that takes no tags, metadata and fields of its own: what was wished is
 * named. */
static void
test_headers_without_capabilities (void)
{
    g_autoptr (World) world = world_new ();
    char id[] = "<c@d>";

    world->provider.caps = BREV_CAP_STRUCTURED;
    world->message.date = NOW - 2 * BREV_HOUR;
    add_header (world, "X-Mine", "a");
    world->message.message_id = id;
    world->provider.carried = 0;
    add_header (world, "X-PM-Tag", "a");
    add_header (world, "X-PM-Metadata-k", "a");
    g_autoptr (BrevPlan) plan = make (world);
    g_autofree char *got = describe_headers (plan);
    g_assert_cmpstr (got, ==, "-X-Mine -tag -k -Message-ID");
    const BrevMail *mail = plan->mails->pdata[0];
    g_assert_null (mail->controls.tag);
    g_assert_cmpuint (mail->controls.metadata->len, ==, 0);
}

/* Where the tag is one of the metadata, under a name, it is not to be there twice. */
static void
test_tag_among_metadata (void)
{
    static const struct {
        const char *tag, *name, *tag_name, *want;
        guint kept;
    } cases[] = {
        { "a", "tag", "tag", "-metadata tag", 0 },
        { "a", "Tag", "tag", "-metadata Tag", 0 },
        { "a", "tags", "tag", "", 1 },
        { NULL, "tag", "tag", "", 1 },
        { "a", "tag", NULL, "", 1 },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (World) world = world_new ();
        g_autofree char *name = g_strconcat ("X-PM-Metadata-", cases[i].name, NULL);
        world->provider.tag_name = cases[i].tag_name;
        add_header (world, name, "b");
        if (cases[i].tag != NULL)
            add_header (world, "X-PM-Tag", cases[i].tag);
        g_autoptr (BrevPlan) plan = make (world);
        g_autofree char *got = describe_headers (plan);
        const BrevMail *mail = plan->mails->pdata[0];
        g_assert_cmpstr (got, ==, cases[i].want);
        g_assert_cmpstr (mail->controls.tag, ==, cases[i].tag);
        g_assert_cmpuint (mail->controls.metadata->len, ==, cases[i].kept + 1);
    }
}

/* What all metadata may have together leaves a place for the queue id: "{", "}", and of each
 * member four quotes, ": " and ", ". */
static void
test_metadata_size (void)
{
    static const struct {
        const char *first, *second;
        guint spare; /* bytes beside the queue id's */
        const char *want;
        guint kept;
    } cases[] = {
        { "a", "b", 2 * (1 + 2 + 8), "", 2 },
        { "a", "b", 2 * (1 + 2 + 8) - 1, "-k2", 1 },
        { "a", "b", 0, "-k1 -k2", 0 },
        { "too long for it", "b", 1 + 2 + 8, "-k1", 1 },
        { "\"", "b", 6 + 2 + 8, "-k2", 1 },
        { "\"", "b", 6 + 2 + 8 - 1, "-k1", 1 },
        { "\xc3\xa9", "b", 6 + 2 + 8, "-k2", 1 },
        { "\xf0\x9f\x98\x80", "b", 12 + 2 + 8 - 1, "-k1", 1 },
        { "\xf0\x9f\x98\x80", "b", 12 + 2 + 8, "-k2", 1 },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (World) world = world_new ();
        gsize own =
            strlen ("{}") + strlen ("brevdue-id") + 8 + strlen (world->input.queue_id);
        world->provider.max_metadata_size = own + cases[i].spare;
        add_header (world, "X-PM-Metadata-k1", cases[i].first);
        add_header (world, "X-PM-Metadata-k2", cases[i].second);
        g_autoptr (BrevPlan) plan = make (world);
        g_autofree char *got = describe_headers (plan);
        const BrevMail *mail = plan->mails->pdata[0];
        g_assert_cmpstr (got, ==, cases[i].want);
        g_assert_cmpuint (mail->controls.metadata->len, ==, cases[i].kept + 1);
        g_assert_true (brev_mail_has_queue_id (mail, NULL));
    }
}

/* RFC 5322 section 3.6.6: what a block of Resent- fields has at least. */
static void
test_resent (void)
{
    static const struct {
        const char *fields, *sender, *want;
        gboolean is_gateway;
    } cases[] = {
        { "Resent-To", "ann", "Resent-To", TRUE },
        { "Resent-To", "", "Resent-To +Resent-Date +Resent-Message-ID" },
        { "Resent-Cc", "ann", "Resent-Cc +Resent-Date +Resent-From +Resent-Message-ID" },
        { "resent-date Resent-To", "ann",
          "resent-date Resent-To +Resent-From +Resent-Message-ID" },
        { "Resent-Message-ID Resent-From Resent-Date", "ann",
          "Resent-Message-ID Resent-From Resent-Date" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (World) world = world_new ();
        g_auto (GStrv) names = g_strsplit (cases[i].fields, " ", -1);
        world->input.sender = cases[i].sender;
        world->input.is_gateway = cases[i].is_gateway;
        world->message.features = F (RESENT);
        for (char **name = names; *name != NULL; name++)
            add_header (world, *name, "x");
        g_autoptr (BrevPlan) plan = make (world);
        g_autofree char *got = describe_headers (plan);
        g_assert_cmpstr (got, ==, cases[i].want);
    }
}

static void
test_dates (void)
{
    static const struct {
        gint64 ago; /* ms before now */
        gboolean is_lost;
    } cases[] = {
        { 0, FALSE },
        { 59 * BREV_MINUTE, FALSE },
        { -59 * BREV_MINUTE, FALSE },
        { 61 * BREV_MINUTE, TRUE },
        { -61 * BREV_MINUTE, TRUE },
        { NOW - BREV_DAY, TRUE },
        { -G_GINT64_CONSTANT (9000000) * BREV_DAY, TRUE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (World) world = world_new ();
        replace (&world->message.to, "r@example.org");
        world->message.date = NOW - cases[i].ago;
        world->message.features = F (DATE) | F (HIDDEN_RECIPIENT); /* ours to tell */
        g_autoptr (BrevPlan) plan = make (world);
        g_assert_cmpint (plan->kind, ==, BREV_PLAN_SEND);
        g_assert_cmphex (plan->losses, ==, cases[i].is_lost ? F (DATE) : 0);
    }
}

static void
test_message_ids_and_blank_bodies (void)
{
    g_autoptr (World) world = world_new ();
    char own[] = "<own@example.com>";

    g_autoptr (BrevPlan) made = make (world);
    g_assert_cmpstr (((BrevMail *) made->mails->pdata[0])->message_id, ==,
                     "<made@example.com>");
    g_assert_false (((BrevMail *) made->mails->pdata[0])->blank_body);
    world->message.message_id = own;
    world->text.length = 0;
    g_autoptr (BrevPlan) kept = make (world);
    g_assert_cmpstr (((BrevMail *) kept->mails->pdata[0])->message_id, ==, own);
    g_assert_true (((BrevMail *) kept->mails->pdata[0])->blank_body);
}

static void
test_outbox_plans_as_another (void)
{
    g_autoptr (World) world = world_new ();
    char as[] = "postmark";

    g_free (world->account.provider);
    world->account.provider = g_strdup ("outbox");
    world->input.provider = brev_provider_find ("outbox");
    g_autoptr (BrevPlan) waiting = make (world);
    g_assert_cmpint (waiting->kind, ==, BREV_PLAN_WAIT);
    g_assert_nonnull (strstr (waiting->reason, "as ="));
    world->account.as = as;
    g_autoptr (BrevPlan) plan = make (world);
    g_assert_cmpint (plan->kind, ==, BREV_PLAN_SEND);
    g_assert_true (plan->provider == brev_provider_find ("postmark"));
}

/* Where the name of the sender is the provider's to say. */
static void
test_from_name (void)
{
    g_autoptr (World) world = world_new ();

    replace (&world->message.to, "r@example.org");
    replace (&world->message.from, "Ann <ann@example.com>");
    world->provider.has_no_from_name = TRUE;
    g_autoptr (BrevPlan) named = make (world);
    g_assert_cmphex (named->losses, ==, F (FROM_NAME));
    g_assert_null (((const BrevMail *) named->mails->pdata[0])->from->name);

    replace (&world->message.from, "ann@example.com");
    g_autoptr (BrevPlan) bare = make (world);
    g_assert_cmphex (bare->losses, ==, 0);
}

/* What a provider takes only longer is filled up, and named. */
static void
test_short (void)
{
    g_autofree char *type = g_strdup ("application/pdf"), *name = g_strdup ("a.pdf");
    static const char *const types[] = { "application/pdf", NULL };
    BrevPart part = { .type = type, .content_type = type, .filename = name, .length = 1 };
    g_autoptr (World) world = world_new ();

    replace (&world->message.to, "r@example.org");
    g_free (world->message.subject);
    world->message.subject = g_strdup ("disk full");
    g_ptr_array_set_free_func (world->message.attachments, NULL);
    g_ptr_array_add (world->message.attachments, &part);
    world->provider.min_chars = 10;
    world->provider.types = types;
    g_autoptr (BrevPlan) filled = make (world);
    const BrevMail *mail = filled->mails->pdata[0];
    g_assert_cmphex (filled->losses, ==, F (SHORT));
    g_assert_cmpstr (mail->subject, ==, "disk full.");
    g_assert_true (mail->has_short_text);
    g_assert_false (mail->has_short_html);

    world->text.length = 40;
    g_free (world->message.subject);
    world->message.subject = g_strdup ("the disk is full");
    g_autoptr (BrevPlan) whole = make (world);
    g_assert_cmphex (whole->losses, ==, 0);

    part.type = (char[]){ "application/x-other" };
    g_autoptr (BrevPlan) refused = make (world);
    g_assert_cmpint (refused->kind, ==, BREV_PLAN_REFUSE);
    g_assert_cmphex (refused->losses, ==, F (ATTACHMENT));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/plan/recipients", test_recipients);
    g_test_add_func ("/plan/very-many-recipients", test_very_many_recipients);
    g_test_add_func ("/plan/senders", test_senders);
    g_test_add_func ("/plan/waiting-names-both-lines", test_waiting_names_both_lines);
    g_test_add_func ("/plan/ladder", test_ladder);
    g_test_add_func ("/plan/features", test_features);
    g_test_add_func ("/plan/list-headers", test_list_headers);
    g_test_add_func ("/plan/limits", test_limits);
    g_test_add_func ("/plan/smtp-step", test_smtp_step);
    g_test_add_func ("/plan/short", test_short);
    g_test_add_func ("/plan/from-name", test_from_name);
    g_test_add_func ("/plan/smtp-of-the-fallback", test_smtp_of_the_fallback);
    g_test_add_func ("/plan/envelope", test_envelope);
    g_test_add_func ("/plan/empty-subject", test_empty_subject);
    g_test_add_func ("/plan/refusal-says-what-to-do", test_refusal_says_what_to_do);
    g_test_add_func ("/plan/odd-fallbacks", test_odd_fallbacks);
    g_test_add_func ("/plan/sizes", test_sizes);
    g_test_add_func ("/plan/headers", test_headers);
    g_test_add_func ("/plan/headers-without-capabilities",
                     test_headers_without_capabilities);
    g_test_add_func ("/plan/tag-among-metadata", test_tag_among_metadata);
    g_test_add_func ("/plan/metadata-size", test_metadata_size);
    g_test_add_func ("/plan/resent", test_resent);
    g_test_add_func ("/plan/dates", test_dates);
    g_test_add_func ("/plan/message-ids-and-blank-bodies",
                     test_message_ids_and_blank_bodies);
    g_test_add_func ("/plan/outbox-plans-as-another", test_outbox_plans_as_another);
    return g_test_run ();
}
