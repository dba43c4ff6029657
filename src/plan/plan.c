/* SPDX-License-Identifier: MIT */
#include "plan/rules.h"

#include <string.h>

#include "provider/encode.h"

static void
refusal_free (gpointer data)
{
    BrevPlanRefusal *refusal = data;

    g_free (refusal->text);
    g_free (refusal);
}

static BrevPlan *
plan_new (const BrevPlanInput *input)
{
    BrevPlan *plan = g_new0 (BrevPlan, 1);

    plan->account = input->account;
    plan->provider = input->provider;
    plan->mails = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_mail_free);
    plan->twins = g_array_new (FALSE, FALSE, sizeof (BrevPlanTwin));
    plan->refusals = g_ptr_array_new_with_free_func (refusal_free);
    plan->dropped = g_ptr_array_new_with_free_func (g_free);
    return plan;
}

void
brev_plan_free (BrevPlan *plan)
{
    if (plan == NULL)
        return;
    g_ptr_array_unref (plan->mails);
    g_array_unref (plan->twins);
    g_ptr_array_unref (plan->refusals);
    g_ptr_array_unref (plan->dropped);
    g_free (plan->rewritten_from);
    g_free (plan->reason);
    g_free (plan);
}

/* What only a plan can tell about a message: it knows the time and the envelope. */
#define PLAN_FEATURES                                                            \
    (BREV_BIT (BREV_FEATURE_DATE) | BREV_BIT (BREV_FEATURE_HIDDEN_RECIPIENT) |   \
     BREV_BIT (BREV_FEATURE_MOVED_RECIPIENT) | BREV_BIT (BREV_FEATURE_ALIAS) |   \
     BREV_BIT (BREV_FEATURE_TEXT_ALONE) | BREV_BIT (BREV_FEATURE_LIST_HEADERS) | \
     BREV_BIT (BREV_FEATURE_TEXT_FORM) | BREV_BIT (BREV_FEATURE_HTML_FORM) |     \
     BREV_BIT (BREV_FEATURE_ATTACHMENT) | BREV_BIT (BREV_FEATURE_REPLY_TO) |     \
     BREV_BIT (BREV_FEATURE_SHORT) | BREV_BIT (BREV_FEATURE_FROM_NAME) |         \
     BREV_BIT (BREV_FEATURE_EIGHT_BIT))

static gboolean
is_blank (const BrevMessage *message)
{
    return (message->text == NULL || message->text->length == 0) &&
           (message->html == NULL || message->html->length == 0);
}

/* Some providers refuse an empty one. */
static const char *
find_subject (const BrevPlanInput *input)
{
    const char *subject = input->message->subject;
    gboolean is_empty = subject[strspn (subject, " \t")] == '\0';

    return is_empty && !BREV_HAS (input->provider->carried, BREV_FEATURE_EMPTY_SUBJECT)
               ? "(no subject)"
               : subject;
}

static gboolean
may_be_tried_only (const BrevPlanInput *input, BrevPlan *plan)
{
    if (!input->account->sandbox || (input->provider->caps & BREV_CAP_SANDBOX) != 0)
        return TRUE;
    plan->kind = BREV_PLAN_WAIT;
    plan->dsn = "4.3.5";
    plan->reason = g_strdup_printf (
        "%s has no way to check mail without delivering it: take \"sandbox = yes\" out of "
        "[account %s]",
        input->provider->title, input->account->name);
    return FALSE;
}

/* Whether the type of an attachment is left to its name, and its charset with it. */
static gboolean
loses_a_charset (const BrevPlanInput *input)
{
    const GPtrArray *parts = input->message->attachments;

    for (guint i = 0; input->provider->has_fitting_types && i < parts->len; i++) {
        const BrevPart *part = parts->pdata[i];
        g_autofree char *name = brev_part_filename (part, i);
        if (part->charset != NULL && !brev_part_fits_name (part, name))
            return TRUE;
    }
    return FALSE;
}

static BrevFeatures
find_carried (const BrevPlanInput *input)
{
    BrevFeatures carried = input->provider->carried;

    return loses_a_charset (input) ? carried & ~BREV_CARRIES (ATTACHMENT_CHARSET)
                                   : carried;
}

/* The mails as the API would carry them, and what would be lost; or why the message has to
 * wait. */
static BrevPlan *
make_draft (const BrevPlanInput *input)
{
    const BrevMessage *message = input->message;
    g_autoptr (BrevMail) draft = brev_mail_new ();
    BrevPlan *plan = plan_new (input);

    draft->provider = input->provider;
    draft->account = input->account;
    draft->queue_id = input->queue_id;
    draft->message = message;
    draft->fd = input->fd;
    draft->subject = find_subject (input);
    draft->is_sandboxed = input->account->sandbox;
    draft->message_id =
        g_strdup (message->message_id != NULL ? message->message_id : input->message_id);
    draft->blank_body =
        is_blank (message) || BREV_HAS (message->features, BREV_FEATURE_EMPTY_BODY);
    if (!may_be_tried_only (input, plan) || !brev_rule_sender (input, draft, plan))
        return plan;
    brev_rule_envelope (input, draft);
    brev_rule_headers (input, draft, plan);
    if (brev_rule_is_raw (input->provider))
        brev_rule_raw (input, draft, plan);
    else
        plan->losses |= (message->features & ~PLAN_FEATURES) |
                        (brev_rule_forms (draft) & input->provider->lacking);
    brev_rule_recipients (input, draft, plan);
    if (!brev_rule_is_raw (input->provider))
        brev_rule_limits (input, plan);
    plan->losses &= ~find_carried (input);
    return plan;
}

static gboolean
has_material_loss (const BrevPlan *plan)
{
    for (guint i = 0; i < BREV_FEATURE_LAST; i++) {
        if (BREV_HAS (plan->losses, i) && brev_features[i].is_material)
            return TRUE;
    }
    return FALSE;
}

/* Returns: (transfer full) (nullable): the two sizes, when the message exceeds a limit */
static char *
describe_excess (const BrevPlanInput *input)
{
    const BrevMessage *message = input->message;
    const BrevProvider *provider = input->provider;
    gboolean is_raw = brev_rule_is_raw (provider);
    guint64 body = message->offset + message->length - message->body;
    const struct {
        const char *what;
        guint64 size, limit;
    } rows[] = {
        { "the text body", brev_rule_least_text (message->text), provider->max_text },
        { "the HTML body", brev_rule_least_text (message->html), provider->max_text },
        { "the message", is_raw ? body : brev_rule_least_size (message),
          provider->max_size },
    };

    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        if (rows[i].limit > 0 && rows[i].size > rows[i].limit)
            return g_strdup_printf (
                "%s is %.1f MB or more, as %s counts it, and %s takes %.1f MB",
                rows[i].what, (double) rows[i].size / 1e6, provider->title,
                provider->title, (double) rows[i].limit / 1e6);
    }
    return NULL;
}

static gboolean
fits (const BrevPlanInput *input)
{
    g_autofree char *excess = describe_excess (input);

    return excess == NULL;
}

static gboolean
is_offered (const BrevPlanInput *input)
{
    return (input->provider->caps & (BREV_CAP_RAW | BREV_CAP_STRUCTURED)) != 0 &&
           fits (input);
}

static gboolean
is_whole (const BrevPlanInput *input, const BrevPlan *plan)
{
    return is_offered (input) && !has_material_loss (plan);
}

/* The message itself, as its bytes are. */
static gboolean
take_raw (const BrevPlanInput *input, BrevPlan **plan)
{
    return brev_rule_is_raw (input->provider) && is_whole (input, *plan);
}

/* The structured API, without a material loss. */
static gboolean
take_structured (const BrevPlanInput *input, BrevPlan **plan)
{
    return !brev_rule_is_raw (input->provider) && is_whole (input, *plan);
}

/* Another way than the plan's, if that one carries the message whole. */
static gboolean
take_other (const BrevPlanInput *other, BrevPlan **plan)
{
    g_autoptr (BrevPlan) candidate = make_draft (other);

    if (candidate->kind != BREV_PLAN_SEND || !is_whole (other, candidate))
        return FALSE;
    brev_plan_free (*plan);
    *plan = g_steal_pointer (&candidate);
    return TRUE;
}

/* The same provider by SMTP, which passes the message on as it is. A report of ours needs
 * no more than the API, and not every server takes the null sender from a client. */
static gboolean
take_smtp (const BrevPlanInput *input, BrevPlan **plan)
{
    BrevPlanInput other = *input;

    other.provider = brev_provider_smtp_way (input->account);
    if (other.provider == NULL || brev_rule_is_raw (input->provider) ||
        (input->is_report && is_offered (input)))
        return FALSE;
    return take_other (&other, plan);
}

/* Returns: whether the account named by "fallback" has a provider of which @other asks */
static gboolean
find_fallback (const BrevPlanInput *input, BrevPlanInput *other)
{
    const char *name = input->account->fallback;
    const BrevAccount *account =
        name == NULL ? NULL : brev_config_find_account (input->config, name);

    *other = *input;
    other->account = account;
    other->provider = account == NULL ? NULL : brev_provider_for (account);
    return other->provider != NULL && account != input->account;
}

/* The account named by "fallback", if that one carries the message whole, by its API or by
 * SMTP. */
static gboolean
take_fallback (const BrevPlanInput *input, BrevPlan **plan)
{
    BrevPlanInput other;

    return find_fallback (input, &other) &&
           (take_other (&other, plan) || take_smtp (&other, plan));
}

/* The same API, losses and all: the administrator said so, or it is our own report,
 * which is written so that nothing in it needs its form. */
static gboolean
take_lossy (const BrevPlanInput *input, BrevPlan **plan)
{
    return is_offered (input) && (input->account->lossy || input->is_report);
}

static const struct {
    const char *step;
    gboolean (*take) (const BrevPlanInput *input, BrevPlan **plan);
} ladder[] = {
    /* from the most faithful step down */
    { "raw", take_raw },     { "structured", take_structured },
    { "smtp", take_smtp },   { "fallback", take_fallback },
    { "lossy", take_lossy },
};

static char *
list_material_losses (const BrevPlan *plan)
{
    GString *list = g_string_new (NULL);

    for (guint i = 0; i < BREV_FEATURE_LAST; i++) {
        if (BREV_HAS (plan->losses, i) && brev_features[i].is_material)
            g_string_append_printf (list, "%s%s", list->len == 0 ? "" : "; ",
                                    brev_features[i].help);
    }
    return g_string_free (list, FALSE);
}

static void
refuse (const BrevPlanInput *input, BrevPlan *plan)
{
    const char *account = input->account->name;
    const char *fallback = input->account->fallback;
    g_autofree char *excess = describe_excess (input);
    g_autofree char *losses = list_material_losses (plan);
    g_autofree char *nor =
        fallback == NULL ? g_strdup ("")
                         : g_strdup_printf (", nor can its fallback '%s'", fallback);

    plan->kind = BREV_PLAN_REFUSE;
    plan->dsn = excess != NULL ? "5.3.4" : "5.6.3";
    if (excess != NULL)
        plan->reason =
            g_strdup_printf ("%s%s; \"fallback = ACCOUNT\" in [account %s] can name an "
                             "account that takes larger messages",
                             excess, nor, account);
    else
        plan->reason = g_strdup_printf (
            "%s cannot carry this message whole: %s%s; in [account %s], \"fallback = ACCOUNT\" "
            "can name an account that does, and \"lossy = yes\" sends it all the same",
            input->provider->title, losses, nor, account);
    g_ptr_array_set_size (plan->mails, 0);
    g_ptr_array_set_size (plan->refusals, 0);
}

static BrevPlan *
wait_for_provider (const BrevPlanInput *input)
{
    BrevPlan *plan = plan_new (input);
    g_autofree char *names = brev_provider_names ();

    plan->kind = BREV_PLAN_WAIT;
    plan->dsn = "4.3.5";
    plan->reason = g_strdup_printf (
        "[account %s] names no provider: \"provider =\" is one of %s, and outbox needs \"as =\"",
        input->account->name, names);
    return plan;
}

BrevPlan *
brev_plan_make (const BrevPlanInput *given)
{
    BrevPlanInput input = *given;

    if (input.provider == NULL || input.provider->encode == NULL)
        input.provider = brev_provider_for (input.account);
    if (input.provider == NULL)
        return wait_for_provider (&input);

    BrevPlan *plan = make_draft (&input);
    if (plan->kind == BREV_PLAN_WAIT)
        return plan;
    for (guint i = 0; i < G_N_ELEMENTS (ladder); i++) {
        if (ladder[i].take (&input, &plan)) {
            plan->step = ladder[i].step;
            return plan;
        }
    }
    refuse (&input, plan);
    return plan;
}
