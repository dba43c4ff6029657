/* SPDX-License-Identifier: MIT */
#include "doctor/dkim.h"

#include <string.h>

/* Made with openssl(1) for these tests; the private halves are gone. */
/* clang-format off */
#define RSA_512 \
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJXYy0uvrg4cJFCmcL55tlkF4rQDTpTQJ22fVXDDfCiD" \
    "VfTr0ux5g4shlsoqvt3XHJDmpRarYveoCqqwonFkymECAwEAAQ=="
#define RSA_768 \
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhANAWCfCk3PuEay06asZ/2kmhJmpBzooy+Lsf/KOl5Npv" \
    "I9uZMwGH3c4Pizf4ImGpmEytQ35cmzlDaVufdcm2sxCIdOawONiB1GX2vneUInHOOGqdqOIbblP3" \
    "WFEKqBASxQIDAQAB"
#define RSA_1023 \
    "MIGeMA0GCSqGSIb3DQEBAQUAA4GMADCBiAKBgFnN6x7Vw1isvk8XR9FJh5r28ZaEG1YArSdblju5" \
    "z1ELGq4/x6BSEOcXzXfjuEnSHXSoKdYMJ2+etmNHOhFktJJxEK2kXuhxA9jlioNjnvs63184bU1v" \
    "BpFldN/MXaStC/HKYqMFMbJHbdc+jzgU8XeP0XmJt+fap4lOC3k9f7nnAgMBAAE="
#define RSA_1024 \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCm/xgo3A9SUywuagJLRQ7rUh7Bnl4dIBZ0Ias4" \
    "M6L1NqW7QD0UWzp49HQSWUF/NeTH9wTM/bXeotoR3qh6xk3fFSxv/kM547GtQ2Kn0fpX12RnJclN" \
    "Lkz7SqpZjVwhcmFDlG/yossPCW4aerf2BQH7vaAbiaILLmERwKqcQEnqgwIDAQAB"
#define RSA_2048 \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAskR0hvNmf9RpfInqZh1+SvRHXGZpGsWf" \
    "hUAQaOmN8d5HCYdTY1MGDMMOVyVotjdxAfieoJfCB/F+U9ymFgAn1FGWi97ThdBVVyyvTfzbe17i" \
    "4rhM/7O5rw4BXmMPp3Kww6qKhfBtYsVVuVMFWx77Tt1nAJJO1TP8chYACnIF2jj+DxnBQZohNyux" \
    "ne45UFolKvYYIpS7TgbVDcQDdgX28IvH6ZqbfSXQVCYiBQkAVpmANl/w96zvSd2TorcgvmmyUHaA" \
    "b3myaW2h1iYQCFHJMeZWs0xxannZgui/g2dtc2P7deYiVvabwsB/j0CrxG9EFxOK841Cxd9CfSn2" \
    "ENd4wwIDAQAB"
#define RSA_4096 \
    "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAoZ7LnSx3AONAUzhIZRnxIP8OQoqbFlgz" \
    "x0U0b7yL9P4ehkuOCy2XvukKjVNgziXlgb6HSa3NIMwYAnTl7Iqw1dfwZpNEQ2q4WtipZ1qTM3rd" \
    "PeF8+L+7CRufHIjqfVRHr6LW0PMXMcLYYQDLwPv+3kM9WsL571Cw4JzLcWdiWi7/NjlOmedjEIYG" \
    "513GIcskS6Q3e0EDEgMAOzBMFZ7Vsfumgx1vOHOVxE9rkEl9QkhPIXpHxe1sWtADUMMDkbbw7OhZ" \
    "FS5sEjzKX1e52WzJlDvA6H9a37at9oo8SLmbEjp2tL8JtN6gcxY6RULborsiYBHHQHcRUt0sP8ae" \
    "FDD74PvE4XgFwX+wWvhhZVv3zya26ji8rsggPhWT3LyWOgPvZzGlvQwlQd0TOQXAvlLxovPsRss7" \
    "IEa8sQLooQIFJ5iEzraCGje/JcxBsVjACrFef3k5KxohZTV19z+BNkmaevxDPG7qt1fkdnT89L4z" \
    "8XEbizLpn86l8oIaWt83tUo8XmN7ELfS75fv8kFnOCMZEWJAfOunbEGPn1KHu+vbEVGssxlZfKMA" \
    "Mo2U8ry+J6kxqEDH9pxcdRbm0SuNIazqUWFFmfRcI8aavMtdNPHN7CM99RTBN2tdW5ehQ3Bt6qWG" \
    "A1vqrHdAppJkith9jXP6/FlVTIgZyRWxiCVxqAqtCI0CAwEAAQ=="
#define ED25519 \
    "Uyw4EzjcLXk4Y24AJLXPtPZdUaYpCFUWVy6oV/EHS0c="
#define ED25519_SPKI \
    "MCowBQYDK2VwAyEAUyw4EzjcLXk4Y24AJLXPtPZdUaYpCFUWVy6oV/EHS0c="
#define P256 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZjwAlCBl4vPd6Fg0Jb+9QV/NcY0L2VQPprWNDHg3" \
    "cZrRvBFy6Bt2fUJA/R96B6wI/2Y7KiNS+FQ+pZJ9Bpdemw=="
#define RSA_768_AND_MORE \
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhANAWCfCk3PuEay06asZ/2kmhJmpBzooy+Lsf/KOl5Npv" \
    "I9uZMwGH3c4Pizf4ImGpmEytQ35cmzlDaVufdcm2sxCIdOawONiB1GX2vneUInHOOGqdqOIbblP3" \
    "WFEKqBASxQIDAQABAA=="
#define RSA_BARE \
    "MIGJAoGBAOUHa90B5Zl+70RXlKA78q56vD0DnPLrG47Sw9Nmt1XlFzDk1MZzixKr7NzG2DE7e+TE" \
    "fO7q1tQBWuZt5iw0r1f9riXjd+WAIRoufYXSxyCSCEw9XFZq9E/x7UlEPbzfGoTR4gZgSL/pIVWm" \
    "0UrHAHYij01fCmqlV2sbcJOTCEJNAgMBAAE="

static const struct {
    const char *name;
    const char *records[3]; /* up to a NULL */
    BrevDkimVerdict want;
    guint bits;
    const char *fault; /* a part of it */
} cases[] = {
    /* lengths */
    { "rsa-512",      { "v=DKIM1; k=rsa; p=" RSA_512 },   BREV_DKIM_SHORT, 512 },
    { "rsa-768",      { "v=DKIM1; k=rsa; p=" RSA_768 },   BREV_DKIM_SHORT, 768 },
    { "rsa-1023",     { "v=DKIM1; k=rsa; p=" RSA_1023 },  BREV_DKIM_SHORT, 1023 },
    { "rsa-1024",     { "v=DKIM1; k=rsa; p=" RSA_1024 },  BREV_DKIM_GOOD, 1024 },
    { "rsa-2048",     { "v=DKIM1; k=rsa; p=" RSA_2048 },  BREV_DKIM_GOOD, 2048 },
    { "rsa-4096",     { "v=DKIM1; k=rsa; p=" RSA_4096 },  BREV_DKIM_GOOD, 4096 },
    { "ed25519",      { "v=DKIM1; k=ed25519; p=" ED25519 }, BREV_DKIM_GOOD, 256 },

    /* written in other ways */
    { "no-v",         { "k=rsa; p=" RSA_768 },            BREV_DKIM_SHORT, 768 },
    { "no-v-no-k",    { "p=" RSA_1024 },                  BREV_DKIM_GOOD, 1024 },
    { "no-space",     { "v=DKIM1;k=rsa;p=" RSA_768 ";" }, BREV_DKIM_SHORT, 768 },
    { "much-space",   { " v = DKIM1 ;\r\n\tk = rsa ; p = " RSA_768 " ; " }, BREV_DKIM_SHORT, 768 },
    { "empty-pieces", { "v=DKIM1;; p=" RSA_768 ";;" },    BREV_DKIM_SHORT, 768 },
    { "k-upper-case", { "k=RSA; p=" RSA_1024 },           BREV_DKIM_GOOD, 1024 },
    { "other-tags",   { "v=DKIM1; h=sha256; s=email; t=s; n=a=b; x_1=y; p=" RSA_1024 },
      BREV_DKIM_GOOD, 1024 },

    /* none, or more than one */
    { "none",         { NULL },                           BREV_DKIM_MISSING },
    { "two-txt",      { "p=" RSA_1024, "p=" RSA_1024 },   BREV_DKIM_SEVERAL },
    { "spf-as-well",  { "v=spf1 -all", "p=" RSA_1024 },   BREV_DKIM_SEVERAL },

    /* withdrawn */
    { "revoked",      { "v=DKIM1; k=rsa; p=" },           BREV_DKIM_REVOKED },
    { "revoked-semicolon", { "v=DKIM1; p= ;" },           BREV_DKIM_REVOKED },

    /* ignored: tags */
    { "empty",        { "" },                             BREV_DKIM_BAD, 0, "no p=" },
    { "no-p",         { "v=DKIM1; k=rsa" },               BREV_DKIM_BAD, 0, "no p=" },
    { "p-upper-case", { "v=DKIM1; P=" RSA_1024 },         BREV_DKIM_BAD, 0, "no p=" },
    { "v-not-first",  { "k=rsa; v=DKIM1; p=" RSA_1024 },  BREV_DKIM_BAD, 0, "at its start" },
    { "v-other",      { "v=DKIM2; p=" RSA_1024 },         BREV_DKIM_BAD, 0, "not DKIM1" },
    { "v-lower-case", { "v=dkim1; p=" RSA_1024 },         BREV_DKIM_BAD, 0, "not DKIM1" },
    { "spf",          { "v=spf1 -all" },                  BREV_DKIM_BAD, 0, "not DKIM1" },
    { "p-twice",      { "p=; p=" RSA_1024 },              BREV_DKIM_BAD, 0, "twice" },
    { "no-tag",       { "v=DKIM1; hello; p=" RSA_1024 },  BREV_DKIM_BAD, 0, "no tag=value" },
    { "bad-tag-name", { "v=DKIM1; 1=2; p=" RSA_1024 },    BREV_DKIM_BAD, 0, "no tag=value" },
    { "no-name",      { "=DKIM1; p=" RSA_1024 },          BREV_DKIM_BAD, 0, "no tag=value" },
    { "k-other",      { "k=dsa; p=" RSA_1024 },           BREV_DKIM_BAD, 0, "neither rsa nor" },
    { "k-empty",      { "k=; p=" RSA_1024 },              BREV_DKIM_BAD, 0, "neither rsa nor" },

    /* ignored: the key */
    { "no-base64",    { "p=MHww!DQY" },                   BREV_DKIM_BAD, 0, "broken or cut" },
    { "base64-cut",   { "p=MHwwDQYJKoZIhvcNA" },          BREV_DKIM_BAD, 0, "broken or cut" },
    { "only-padding", { "p====" },                        BREV_DKIM_BAD, 0, "broken or cut" },
    { "pad-inside",   { "p=MH==" RSA_1024 },              BREV_DKIM_BAD, 0, "broken or cut" },
    { "der-cut",      { "p=MHwwDQYJKoZIhvcN" },           BREV_DKIM_BAD, 0, "no whole key" },
    { "no-der",       { "p=aGVsbG8h" },                   BREV_DKIM_BAD, 0, "no whole key" },
    { "bare-rsa-key", { "p=" RSA_BARE },                  BREV_DKIM_BAD, 0, "no whole key" },
    { "octet-behind", { "p=" RSA_768_AND_MORE },          BREV_DKIM_BAD, 0, "stands behind" },
    { "ec-as-rsa",    { "k=rsa; p=" P256 },               BREV_DKIM_BAD, 0, "kind that k=" },
    { "ed25519-as-rsa", { "k=rsa; p=" ED25519_SPKI },     BREV_DKIM_BAD, 0, "kind that k=" },
    { "ed25519-spki", { "k=ed25519; p=" ED25519_SPKI },   BREV_DKIM_BAD, 0, "kind that k=" },
    { "rsa-as-ed25519", { "k=ed25519; p=" RSA_2048 },     BREV_DKIM_BAD, 0, "kind that k=" },

    /* what DNS panels do */
    { "escaped",      { "v=DKIM1\\; k=rsa\\; p=" RSA_1024 }, BREV_DKIM_BAD, 0, "backslash" },
    { "quoted",       { "\"v=DKIM1; p=" RSA_1024 "\"" },  BREV_DKIM_BAD, 0, "backslash" },
    { "quote-inside", { "v=DKIM1; p=MHww\" \"DQYJ" },     BREV_DKIM_BAD, 0, "backslash" },
    { "backslash-in-notes", { "v=DKIM1; n=a\\b; p=" RSA_768 }, BREV_DKIM_SHORT, 768 },
};
/* clang-format on */

static void
expect (guint i, const GPtrArray *records)
{
    BrevDkimKey key = brev_dkim_judge (records);

    g_assert_cmpint (key.verdict, ==, cases[i].want);
    g_assert_cmpuint (key.bits, ==, cases[i].bits);
    g_assert_cmpint (key.fault != NULL, ==, key.verdict == BREV_DKIM_BAD);
    if (cases[i].fault != NULL && strstr (key.fault, cases[i].fault) == NULL)
        g_error ("'%s' instead of '%s'", key.fault, cases[i].fault);
}

static GPtrArray *
records_new (void)
{
    return g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

static void
test_cases (void)
{
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (GPtrArray) records = records_new ();
        g_test_message ("%s", cases[i].name);
        for (guint j = 0; cases[i].records[j] != NULL; j++)
            g_ptr_array_add (records, g_bytes_new_static (cases[i].records[j],
                                                          strlen (cases[i].records[j])));
        expect (i, records);
    }
}

static BrevDkimKey
judge (const char *text, gsize size)
{
    g_autoptr (GPtrArray) records = records_new ();

    g_ptr_array_add (records, g_bytes_new (text, size));
    return brev_dkim_judge (records);
}

/* What a panel, or somebody who copies by hand, loses at the end. Two of the lengths end
 * with the text unharmed: what is left out is the ";". */
static void
test_cut (void)
{
    static const char text[] = "v=DKIM1; k=rsa; p=" RSA_768 ";";

    for (gsize size = 0; size < sizeof text - 2; size++) {
        BrevDkimVerdict verdict = judge (text, size).verdict;
        if (verdict != BREV_DKIM_BAD && strcmp (text + size, RSA_768 ";") != 0)
            g_error ("%" G_GSIZE_FORMAT " octets: verdict %d", size, verdict);
    }
    g_assert_cmpint (judge (text, sizeof text - 2).verdict, ==, BREV_DKIM_SHORT);
}

static void
test_space_anywhere_in_p (void)
{
    for (gsize at = 0; at <= strlen (RSA_768); at++) {
        g_autofree char *text =
            g_strdup_printf ("p=%.*s \t%s", (int) at, RSA_768, &RSA_768[at]);
        g_assert_cmpuint (judge (text, strlen (text)).bits, ==, 768);
    }
}

static void
test_nul (void)
{
    static const char text[] = "v=DKIM1; p=" RSA_1024 "\0; x=y";
    BrevDkimKey key = judge (text, sizeof text - 1);

    g_assert_cmpint (key.verdict, ==, BREV_DKIM_BAD);
    g_assert_nonnull (strstr (key.fault, "NUL"));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/dkim/cases", test_cases);
    g_test_add_func ("/dkim/cut", test_cut);
    g_test_add_func ("/dkim/space-anywhere-in-p", test_space_anywhere_in_p);
    g_test_add_func ("/dkim/nul", test_nul);
    return g_test_run ();
}
