/* SPDX-License-Identifier: MIT */
#include "mails.h"

#define ONE "a@example.com"
#define TWO "a@example.com b@example.org"
#define DATA(members) "{\"request_id\": \"r\", \"data\": {" members "}}"
#define OK(id) \
    DATA ("\"succeeded\": 1, \"failed\": 0, \"failures\": [], \"email_id\": \"" id "\"")
#define FAILED(words) \
    DATA ("\"succeeded\": 0, \"failed\": 1, \"failures\": [\"" words "\"]")
#define ERROR(code, text) \
    DATA ("\"error_code\": \"E_ApiResponseCodes." code "\", \"error\": \"" text "\"")
#define INVALID(field, text)                                                            \
    DATA (                                                                              \
        "\"error_code\": \"E_ApiResponseCodes.NON_VALIDATING_IN_PAYLOAD\", \"error\": " \
        "\"x\", \"field_validation_errors\": {\"fieldname\": \"" field                  \
        "\", \"message\": \"" text "\"}")

/* clang-format off */
static const TestReply accepted[] = {
    { ONE, 200, NULL, OK ("1u0SwL-B9"), "accepted(1u0SwL-B9)" },
    { TWO, 200, NULL, OK ("1u0SwL-B9"), "accepted(1u0SwL-B9) accepted(1u0SwL-B9)" },
    { ONE, 200, NULL, DATA ("\"succeeded\": 1, \"failed\": 0, \"failures\": []"), "accepted((null))" },
    /* it failed, and says so with 200 */
    { ONE, 200, NULL, FAILED ("a@example.com is suppressed"), "refused 5.2.1" },
    { TWO, 200, NULL, FAILED ("b@example.org is suppressed"), "again refused 5.2.1" },
    { TWO, 200, NULL, FAILED ("recipient is suppressed"), "split split" },
    { ONE, 200, NULL, FAILED ("the sender domain is not verified"), "account/sender" },
    { ONE, 200, NULL, FAILED ("something new"), "later" },
    { ONE, 200, NULL, DATA ("\"succeeded\": 0, \"failed\": 1"), "later" },
    /* not what is documented */
    { ONE, 200, NULL, DATA ("\"succeeded\": 0, \"failed\": 0, \"failures\": []"), "unknown" },
    { ONE, 200, NULL, DATA ("\"succeeded\": 1, \"failed\": 1, \"failures\": []"), "unknown" },
    { ONE, 200, NULL, DATA ("\"email_id\": \"1\""), "unknown" }, /* of fastaccept, which we do not ask for */
    { ONE, 200, NULL, ERROR ("API_EXCEPTION", "x"), "unknown" },
};

static const TestReply errors[] = {
    { ONE, 401, NULL, ERROR ("API_EXCEPTION", "x"), "account/account" },
    { ONE, 402, NULL, ERROR ("API_EXCEPTION", "x"), "account/account" },
    { ONE, 403, NULL, ERROR ("API_EXCEPTION", "x"), "account/account" },
    { ONE, 403, NULL, "<html>", "later" },
    { ONE, 400, NULL, ERROR ("ENDPOINT_PERMISSION_DENIED", "You do not have permission"), "account/account" },
    { ONE, 400, NULL, ERROR ("API_EXCEPTION", "The API key is not valid"), "account/account" },
    { ONE, 400, NULL, "{\"error_code\": \"E_ApiResponseCodes.API_EXCEPTION\", \"error\": \"no such api key\"}",
      "account/account" },
    { ONE, 400, NULL, INVALID ("sender", "is not verified"), "account/sender" },
    { ONE, 400, NULL, INVALID ("sender", "is no address"), "account/sender" },
    { ONE, 400, NULL, INVALID ("to", "is no address"), "refused 5.1.3" },
    { TWO, 400, NULL, INVALID ("cc", "is no address"), "split split" },
    { TWO, 400, NULL, INVALID ("to", "b@example.org is no address"), "again refused 5.1.3" },
    { ONE, 400, NULL, INVALID ("attachments", "x"), "refused 5.6.1" },
    { ONE, 400, NULL, INVALID ("custom_headers", "x"), "park" },
    { ONE, 400, NULL, ERROR ("API_EXCEPTION", "something new"), "later" },
    { ONE, 413, NULL, "", "refused 5.3.4" },
    { ONE, 500, NULL, ERROR ("API_EXCEPTION", "x"), "later" },
};

static const TestReply rates[] = {
    { ONE, 429, NULL, ERROR ("API_EXCEPTION", "x"), "later+60" },
    { ONE, 429, "Retry-After: 90", "", "later+90" },
    { ONE, 429, "Retry-After: 5", ERROR ("API_EXCEPTION", "x"), "later+60" },
};
/* clang-format on */

static const BrevProvider *
smtp2go (void)
{
    return brev_provider_find ("smtp2go");
}

static void
test_tables (void)
{
    test_replies (smtp2go (), accepted, G_N_ELEMENTS (accepted));
    test_replies (smtp2go (), errors, G_N_ELEMENTS (errors));
    test_replies (smtp2go (), rates, G_N_ELEMENTS (rates));
}

static void
test_common (void)
{
    test_common_replies (smtp2go ());
    test_mutated_reply (smtp2go (), &accepted[0]);
    test_mutated_reply (smtp2go (), &accepted[4]);
    test_mutated_reply (smtp2go (), &errors[9]);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/smtp2go/replies", test_tables);
    g_test_add_func ("/smtp2go/common", test_common);
    return g_test_run ();
}
