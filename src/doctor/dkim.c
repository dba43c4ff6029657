/* SPDX-License-Identifier: MIT */
#include "doctor/dkim.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)

#define FWS " \t\r\n"
#define ED25519_SIZE 32 /* octets: RFC 8463 4.2 */

/* -- tags: the list of RFC 6376 3.2 -------------------------------------------------- */

static gboolean
is_tag_name (const char *name)
{
    const char *p = name;

    if (!g_ascii_isalpha (*p))
        return FALSE;
    while (g_ascii_isalnum (*p) || *p == '_')
        p++;
    return *p == '\0';
}

/* Returns: (nullable): the fault of @piece. @tags owns both texts. */
static const char *
read_tag (const char *piece, GHashTable *tags)
{
    const char *equals = strchr (piece, '=');
    g_autofree char *name = NULL;

    if (equals == NULL)
        return "a part of it is no tag=value";
    name = g_strstrip (g_strndup (piece, (gsize) (equals - piece)));
    if (!is_tag_name (name))
        return "a part of it is no tag=value";
    if (g_hash_table_contains (tags, name))
        return "a tag stands in it twice";
    if (strcmp (name, "v") == 0 && g_hash_table_size (tags) > 0)
        return "v=DKIM1 is not at its start";
    g_hash_table_insert (tags, g_steal_pointer (&name),
                         g_strstrip (g_strdup (equals + 1)));
    return NULL;
}

/* An empty piece is passed over, wherever it stands: verifiers do so. */
static const char *
read_tags (const char *text, GHashTable *tags)
{
    g_auto (GStrv) pieces = g_strsplit (text, ";", -1);
    const char *fault = NULL;

    for (guint i = 0; pieces[i] != NULL && fault == NULL; i++)
        if (pieces[i][strspn (pieces[i], FWS)] != '\0')
            fault = read_tag (pieces[i], tags);
    return fault;
}

/* -- p: the key itself --------------------------------------------------------------- */

static BrevDkimKey
bad (const char *fault)
{
    return (BrevDkimKey){ .verdict = BREV_DKIM_BAD, .fault = fault };
}

/* g_base64_decode() passes over what it does not know.
 * Returns: (transfer full) (nullable): the octets of @text, in which space may stand */
static guint8 *
decode (const char *text, gsize *size)
{
    g_autoptr (GString) plain = g_string_new (NULL);
    gsize letters;

    for (const char *p = text; *p != '\0'; p++)
        if (strchr (FWS, *p) == NULL)
            g_string_append_c (plain, *p);
    letters = strspn (plain->str, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789+/");
    if (plain->len % 4 != 0 || plain->len - letters > 2 ||
        plain->str[letters + strspn (plain->str + letters, "=")] != '\0')
        return NULL;
    return g_base64_decode (plain->str, size);
}

static BrevDkimKey
judge_rsa (const guint8 *octets, gsize size)
{
    const guint8 *end = octets;
    g_autoptr (EVP_PKEY) key = d2i_PUBKEY (NULL, &end, (long) size);
    int bits = key == NULL ? 0 : EVP_PKEY_get_bits (key);

    ERR_clear_error (); /* nobody else reads the queue */
    if (bits <= 0)
        return bad ("its base64 holds no whole key");
    if (EVP_PKEY_get_base_id (key) != EVP_PKEY_RSA)
        return bad ("its key is not of the kind that k= names");
    if (end != octets + size)
        return bad ("something stands behind the key in its base64");
    return (BrevDkimKey){
        .verdict = bits < BREV_DKIM_BITS_MIN ? BREV_DKIM_SHORT : BREV_DKIM_GOOD,
        .bits = (guint) bits,
    };
}

/* The bare octets of the point (RFC 8463 4.2). All of them are as strong as one another. */
static BrevDkimKey
judge_ed25519 (const guint8 *octets, gsize size)
{
    if (size != ED25519_SIZE)
        return bad ("its key is not of the kind that k= names");
    return (BrevDkimKey){ .verdict = BREV_DKIM_GOOD, .bits = 8 * ED25519_SIZE };
}

/* The grammar spells "rsa" in letters of any case, and "DKIM1" octet by octet. */
static BrevDkimKey
judge_key (GHashTable *tags, const char *p)
{
    const char *k = g_hash_table_lookup (tags, "k");
    gsize size = 0;
    g_autofree guint8 *octets = decode (p, &size);

    if (octets == NULL)
        return bad ("its base64 is broken or cut short");
    if (k == NULL || g_ascii_strcasecmp (k, "rsa") == 0)
        return judge_rsa (octets, size);
    if (g_ascii_strcasecmp (k, "ed25519") == 0)
        return judge_ed25519 (octets, size);
    return bad ("k= is neither rsa nor ed25519");
}

/* -- the record ---------------------------------------------------------------------- */

static BrevDkimKey
judge_text (const char *text)
{
    g_autoptr (GHashTable) tags =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    const char *fault = read_tags (text, tags);
    const char *v = g_hash_table_lookup (tags, "v");
    const char *p = g_hash_table_lookup (tags, "p");

    if (v != NULL && strcmp (v, "DKIM1") != 0)
        fault = "its v= is not DKIM1";
    if (fault != NULL)
        return bad (fault);
    if (p == NULL)
        return bad ("it has no p= with a key");
    if (*p == '\0')
        return (BrevDkimKey){ .verdict = BREV_DKIM_REVOKED };
    return judge_key (tags, p);
}

BrevDkimKey
brev_dkim_judge (const GPtrArray *records)
{
    gsize size = 0;
    const char *data;
    g_autofree char *text = NULL;
    BrevDkimKey key;

    if (records->len != 1)
        return (BrevDkimKey){ .verdict = records->len == 0 ? BREV_DKIM_MISSING
                                                           : BREV_DKIM_SEVERAL };
    data = g_bytes_get_data (records->pdata[0], &size);
    text = g_strndup (data == NULL ? "" : data, size);
    if (strlen (text) != size)
        return bad ("it has a NUL octet");
    key = judge_text (text);
    /* "v=DKIM1\; ...": the cause of whatever was found */
    if (key.verdict == BREV_DKIM_BAD && strpbrk (text, "\\\"") != NULL)
        key.fault =
            "it has a backslash or a quotation mark, of which DNS panels add some";
    return key;
}
