/* SPDX-License-Identifier: MIT */
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define ID "X-Message-Id: id-1"
#define FAULT(field, text) \
    "{\"message\": \"" text "\", \"field\": " field ", \"help\": null}"
#define ERRORS(list) "{\"errors\": [" list "], \"id\": \"x\"}"
#define ERROR(field, text) ERRORS (FAULT (field, text))
#define INVALID "Does not contain a valid address."

/* clang-format off */
static const TestReply accepted[] = {
    { ONE, 202, ID, "", "accepted(id-1)" },
    { TWO, 202, ID, "", "accepted(id-1) accepted(id-1)" },
    { "sandbox " ONE, 200, NULL, "", "accepted((null))test" },
    { "sandbox " ONE, 200, ID, "", "accepted(id-1)test" },
    /* not what is documented */
    { ONE, 202, NULL, "", "unknown" },
    { ONE, 202, "X-Message-Id: ", "", "unknown" },
    { ONE, 202, ID, "<html>", "unknown" },
    { ONE, 200, ID, "", "unknown" },
    { "sandbox " ONE, 202, ID, "", "unknown" },
};

static const TestReply errors[] = {
    { ONE, 401, NULL, ERROR ("null", "The provided authorization grant is invalid, expired, or revoked"),
      "account/account" },
    { ONE, 401, NULL, ERROR ("null", "Maximum credits exceeded"), "account/account" },
    { ONE, 403, NULL, ERROR ("null", "access forbidden"), "account/account" },
    { ONE, 403, NULL, "<html>", "later" }, /* of a firewall, perhaps */
    { ONE, 403, NULL, ERROR ("\"from\"", "The from address does not match a verified Sender Identity. "
      "Mail cannot be sent until this error is resolved."), "account/sender" },
    { ONE, 403, NULL, ERROR ("null", "The from address does not match a verified Sender Identity."),
      "account/sender" },
    { ONE, 403, NULL, ERROR ("null", "You are not authorized to send from that email address"),
      "account/sender" },
    { ONE, 400, NULL, ERROR ("\"from.email\"", INVALID), "account/sender" },
    { ONE, 400, NULL, ERROR ("\"personalizations.0.to.0.email\"", INVALID), "refused 5.1.3" },
    { TWO, 400, NULL, ERROR ("\"personalizations.0.to.1.email\"", INVALID), "again refused 5.1.3" },
    { TWO, 400, NULL, ERROR ("\"personalizations.0.to.7.email\"", INVALID), "split split" },
    { TWO, 400, NULL, ERRORS (FAULT ("\"personalizations.0.to.0.email\"", INVALID) ","
      FAULT ("\"personalizations.0.to.1.email\"", INVALID)), "refused 5.1.3 again" },
    { TWO, 400, NULL, ERRORS (FAULT ("\"personalizations.0.to.0.email\"", INVALID) ","
      FAULT ("\"from.email\"", INVALID)), "account/sender account/sender" },
    { TWO, 400, NULL, ERRORS (FAULT ("\"personalizations.0.to.0.email\"", INVALID) ","
      FAULT ("\"something.new\"", "New")), "later later" },
    { TWO, 400, NULL, ERROR ("\"personalizations.0\"", "Each email address in the personalization "
      "block should be unique between to, cc, and bcc."), "park park" },
    { ONE, 400, NULL, ERROR ("\"reply_to.email\"", INVALID), "refused 5.6.0" },
    { ONE, 400, NULL, ERROR ("\"content.0.value\"", "The content value must be a string at least one "
      "character in length."), "park" },
    { ONE, 400, NULL, ERROR ("\"attachments.0.content\"", "The attachment content must be base64 "
      "encoded."), "park" },
    { ONE, 400, NULL, ERROR ("\"headers\"", "reserved"), "park" },
    { ONE, 400, NULL, ERROR ("\"subject\"", "The subject is required."), "park" },
    { ONE, 400, NULL, ERROR ("\"ip_pool_name\"", "no such pool"), "account/stream" },
    { ONE, 400, NULL, ERROR ("null", "Bad Request"), "park" },
    { ONE, 400, NULL, ERROR ("null", "Your total message size exceeds 30MB."), "refused 5.3.4" },
    { ONE, 400, NULL, ERROR ("null", "Something new"), "later" },
    { ONE, 400, NULL, "<html>", "later" },
    { ONE, 413, NULL, ERROR ("null", "Payload too large"), "refused 5.3.4" },
    { ONE, 500, NULL, ERROR ("null", "Internal error"), "later" },
};

#define AT "Date: Sun, 06 Nov 1994 08:49:37 GMT\n"

static const TestReply rates[] = {
    { ONE, 429, NULL, ERROR ("null", "too many requests"), "later" },
    { ONE, 429, AT "X-RateLimit-Reset: 784111797", ERROR ("null", "too many requests"), "later+20" },
    { ONE, 429, AT "X-RateLimit-Reset: 1", "", "later" },
    { ONE, 429, "X-RateLimit-Reset: 784111797", "", "later" }, /* against which clock? */
    { ONE, 429, AT "X-RateLimit-Reset: 784111797\nRetry-After: 3", "", "later+3" },
    { ONE, 429, AT "X-RateLimit-Reset: soon", "", "later" },
};
/* clang-format on */

static const BrevProvider *
sendgrid (void)
{
    return brev_provider_find ("sendgrid");
}

static void
test_accepted (void)
{
    test_replies (sendgrid (), accepted, G_N_ELEMENTS (accepted));
}

static void
test_errors (void)
{
    test_replies (sendgrid (), errors, G_N_ELEMENTS (errors));
    test_replies (sendgrid (), rates, G_N_ELEMENTS (rates));
}

static void
test_common (void)
{
    test_common_replies (sendgrid ());
    test_mutated_reply (sendgrid (), &errors[9]);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/sendgrid/accepted", test_accepted);
    g_test_add_func ("/sendgrid/errors", test_errors);
    g_test_add_func ("/sendgrid/common", test_common);
    return g_test_run ();
}
