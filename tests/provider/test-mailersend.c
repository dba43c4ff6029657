/* SPDX-License-Identifier: MIT */
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define ID "x-message-id: 5e42957d51f1d94a1070a733"
#define GOT "accepted(5e42957d51f1d94a1070a733)"
#define ENTRY(address) \
    "{\"email\": \"" address "\", \"name\": null, \"reasons\": [\"hard_bounced\"]}"
#define WARNING(type, list)                                                         \
    "{\"message\": \"There are some warnings.\", \"warnings\": [{\"type\": \"" type \
    "\", \"recipients\": [" list "]}]}"
#define ERROR(words) "{\"message\": \"" words "\"}"
#define FIELD(field, words) \
    "{\"message\": \"" words "\", \"errors\": {\"" field "\": [\"" words "\"]}}"
#define CODE(code) ERROR ("Some words. #" code)

/* clang-format off */
static const TestReply accepted[] = {
    { ONE, 202, ID, "", GOT },
    { TWO, 202, ID, "", GOT " " GOT },
    { ONE, 202, ID "\nx-send-paused: true", "", GOT }, /* it is kept until somebody resumes */
    { TWO, 202, ID, WARNING ("SOME_SUPPRESSED", ENTRY ("b@example.org")), GOT " refused 5.2.1" },
    { TWO, 202, ID, WARNING ("SOME_SUPPRESSED", ENTRY ("B@Example.ORG")), GOT " refused 5.2.1" },
    { ONE, 202, NULL, WARNING ("ALL_SUPPRESSED", ENTRY ("a@example.com")), "refused 5.2.1" },
    { TWO, 202, NULL, WARNING ("ALL_SUPPRESSED", ENTRY ("a@example.com") "," ENTRY ("b@example.org")),
      "refused 5.2.1 refused 5.2.1" },
    /* who is not listed is not accounted for */
    { TWO, 202, NULL, WARNING ("ALL_SUPPRESSED", ENTRY ("a@example.com")), "refused 5.2.1 unknown" },
    /* not what is documented */
    { TWO, 202, ID, WARNING ("SOME_SUPPRESSED", ENTRY ("c@example.org")), "unknown unknown" },
    { ONE, 202, ID, WARNING ("SOME_SUPPRESSED", ""), "unknown" },
    { ONE, 202, ID, WARNING ("SOMETHING_NEW", ENTRY ("a@example.com")), "unknown" },
    { ONE, 202, ID, "{\"warnings\": {}}", "unknown" },
    { ONE, 202, ID, "<html>", "unknown" },
    { ONE, 202, "x-message-id: ", "", "unknown" },
    { ONE, 200, ID, "", "unknown" },
};

static const TestReply errors[] = {
    { ONE, 422, NULL, FIELD ("to.0.email", "The to.0.email must be a valid email address. #MS42208"),
      "refused 5.1.3" },
    { TWO, 422, NULL, FIELD ("to.1.email", "The to.1.email must be a valid email address. #MS42208"),
      "again refused 5.1.3" },
    { TWO, 422, NULL, FIELD ("to", "The to must be a valid email address. #MS42208"), "split split" },
    { TWO, 422, NULL, FIELD ("to.9.email", "The to.9.email must be a valid email address. #MS42208"),
      "split split" },
    { ONE, 422, NULL, FIELD ("from.email", "The from.email must be a valid email address. #MS42208"),
      "account/sender" },
    { ONE, 422, NULL, FIELD ("reply_to.email", "It must be a valid email address. #MS42208"),
      "refused 5.6.0" },
    { ONE, 422, NULL, FIELD ("from.email", "The from.email domain must be verified. #MS42207"),
      "account/sender" },
    { ONE, 422, NULL, CODE ("MS42207"), "account/sender" },
    { ONE, 401, NULL, ERROR ("Unauthenticated."), "account/account" },
    { ONE, 401, NULL, "", "account/account" },
    { ONE, 403, NULL, CODE ("MS40301"), "account/account" },
    { ONE, 403, NULL, CODE ("MS40302"), "account/account" },
    { ONE, 403, NULL, CODE ("MS40303"), "account/account" },
    { ONE, 403, NULL, CODE ("MS40304"), "account/account" },
    { ONE, 403, NULL, CODE ("MS40305"), "account/account" },
    { ONE, 403, NULL, ERROR ("Forbidden"), "account/account" },
    { ONE, 403, NULL, "<html>", "later" },
    { ONE, 422, NULL, CODE ("MS42204"), "account/account" },
    { ONE, 422, NULL, CODE ("MS42222"), "account/account" },
    { ONE, 422, NULL, CODE ("MS42225"), "account/account" },
    { TWO, 422, NULL, FIELD ("cc", "The cc recipient limit is exceeded. #MS42205"), "split split" },
    { ONE, 422, NULL, FIELD ("to", "The to recipient limit is exceeded. #MS42205"), "park" },
    { ONE, 422, NULL, CODE ("MS42202"), "refused 5.6.1" },
    { ONE, 422, NULL, CODE ("MS42206"), "refused 5.3.4" },
    { ONE, 422, NULL, CODE ("MS42210"), "refused 5.6.1" },
    { ONE, 422, NULL, CODE ("MS42201"), "park" },
    { ONE, 422, NULL, CODE ("MS42209"), "park" },
    { ONE, 422, NULL, CODE ("MS42211"), "park" },
    { ONE, 422, NULL, CODE ("MS42213"), "park" },
    { ONE, 422, NULL, CODE ("MS42214"), "park" },
    { ONE, 422, NULL, CODE ("MS42215"), "park" },
    { ONE, 422, NULL, CODE ("MS42216"), "park" },
    { ONE, 422, NULL, CODE ("MS42221"), "park" },
    { ONE, 422, NULL, CODE ("MS42227"), "park" },
    /* nothing bounces while one of them is no refusal */
    { ONE, 422, NULL, "{\"errors\": {\"to.0.email\": [\"x #MS42208\"], \"x\": [\"something new\"]}}",
      "later" },
    { ONE, 422, NULL, CODE ("MS4220"), "later" },
    { ONE, 422, NULL, CODE ("MS422080"), "later" },
    { ONE, 422, NULL, "{\"errors\": {\"to\": 7, \"cc\": [7]}}", "later" },
    { ONE, 422, NULL, "<html>", "later" },
    { ONE, 500, NULL, CODE ("MS42208"), "later" },
};

static const TestReply rates[] = {
    { ONE, 421, NULL, ERROR ("Service isn't available"), "later" },
    { ONE, 429, "retry-after: 59", CODE ("MS42903"), "later+59" },
    { ONE, 429, "retry-after: 59", CODE ("MS42901"), "later+3600" },
    { ONE, 429, "retry-after: 7200", CODE ("MS42901"), "later+7200" },
    { ONE, 422, NULL, CODE ("MS42901"), "later+3600" },
    { ONE, 429, NULL, ERROR ("Too Many Attempts."), "later" },
    { ONE, 429, NULL, CODE ("MS42208"), "later" },
};
/* clang-format on */

static const BrevProvider *
mailersend (void)
{
    return brev_provider_find ("mailersend");
}

static void
test_accepted (void)
{
    test_replies (mailersend (), accepted, G_N_ELEMENTS (accepted));
}

static void
test_errors (void)
{
    test_replies (mailersend (), errors, G_N_ELEMENTS (errors));
    test_replies (mailersend (), rates, G_N_ELEMENTS (rates));
}

static void
test_common (void)
{
    test_common_replies (mailersend ());
    test_mutated_reply (mailersend (), &errors[0]);
    test_mutated_reply (mailersend (), &accepted[5]);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/mailersend/accepted", test_accepted);
    g_test_add_func ("/mailersend/errors", test_errors);
    g_test_add_func ("/mailersend/common", test_common);
    return g_test_run ();
}
