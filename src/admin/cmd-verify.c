/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/output.h"
#include "admin/site.h"
#include "base/error.h"
#include "base/text.h"
#include "config/alias.h"
#include "courier/recipients.h"
#include "courier/routing.h"

/* What the courier would decide about an address; nothing is sent. */
typedef struct {
    const BrevConfig *config;
    BrevAliases *aliases; /* owned */
    BrevLocalNames names;
    BrevRouting routing;
    char *sender; /* owned: the caller's, qualified */
    gboolean is_json;
    JsonBuilder *json; /* owned */
    guint n_bad;
} Verification;

static void
verification_clear (Verification *verification)
{
    brev_aliases_free (verification->aliases);
    g_free (verification->sender);
    g_clear_object (&verification->json);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Verification, verification_clear)

static void
verification_init (Verification *verification, const BrevCall *call)
{
    const BrevConfig *config = call->config;
    const struct passwd *user = getpwuid (getuid ());
    const char *login = user == NULL ? "nobody" : user->pw_name;
    const char *sender = brev_call_option (call, "sender");

    verification->config = config;
    verification->aliases = brev_aliases_load (config->aliases);
    verification->names = (BrevLocalNames){
        .aliases = verification->aliases,
        .mail_name = config->mail_name,
        .host_name = g_get_host_name (),
        .postmaster = config->postmaster,
    };
    verification->sender = brev_sender_qualify (sender == NULL ? login : sender, login,
                                                &verification->names);
    verification->routing = (BrevRouting){
        .config = config,
        .sender = verification->sender,
        .uid = getuid (),
    };
    verification->is_json = call->is_json;
    verification->json = json_builder_new ();
}

/* Whose address recipients see. Returns: (nullable): nobody's, the message would wait */
static const char *
shown_sender (const Verification *verification, const BrevAccount *account)
{
    if (account == NULL)
        return NULL;
    if (brev_account_covers (verification->config, account, verification->sender))
        return verification->sender;
    return verification->config->from;
}

static void
print_route (const char *asked, const char *address, const BrevAccount *account,
             const char *from)
{
    g_autofree char *shown = brev_text_printable (address);
    g_autofree char *name = brev_text_printable (asked);

    if (account == NULL)
        (void) printf ("%s: to %s by no account, waits\n", name, shown);
    else if (from == NULL)
        (void) printf ("%s: to %s by %s, waits: nothing stands in for the sender\n", name,
                       shown, account->name);
    else
        (void) printf ("%s: to %s by %s, from %s\n", name, shown, account->name, from);
}

static void
add_json (JsonBuilder *json, const char *asked, const char *address,
          const BrevAccount *account, const char *from)
{
    json_builder_begin_object (json);
    brev_out_string (json, "asked", asked);
    brev_out_string (json, "address", address);
    brev_out_string (json, "account", account == NULL ? NULL : account->name);
    brev_out_string (json, "from", from);
    json_builder_end_object (json);
}

static void
tell_bad (Verification *verification, const char *asked, const char *piece)
{
    g_autofree char *shown = brev_text_printable (piece);

    verification->n_bad++;
    if (verification->is_json)
        add_json (verification->json, asked, NULL, NULL, NULL);
    (void) fprintf (stderr, "brevdue: '%s' is no mail address\n", shown);
}

/* @text: a list of addresses, as a recipient of sendmail may be */
static gboolean
verify (Verification *verification, const char *text, GError **error)
{
    g_autoptr (BrevEnvelope) envelope = brev_envelope_new ();
    g_autoptr (BrevRecipients) recipients = NULL;

    g_ptr_array_add (envelope->recipients, g_strdup (text));
    recipients = brev_recipients_resolve (envelope, NULL, &verification->names, error);
    if (recipients == NULL)
        return FALSE;
    for (guint i = 0; i < recipients->good->len; i++) {
        const BrevRecipient *recipient = recipients->good->pdata[i];
        const BrevAccount *account =
            brev_routing_account (&verification->routing, recipient->address);
        const char *from = shown_sender (verification, account);
        if (verification->is_json)
            add_json (verification->json, recipient->original, recipient->address,
                      account, from);
        else
            print_route (recipient->original, recipient->address, account, from);
    }
    for (guint i = 0; i < recipients->bad->len; i++) {
        const BrevRecipient *bad = recipients->bad->pdata[i];
        tell_bad (verification, text, bad->original);
    }
    if (recipients->good->len + recipients->bad->len == 0)
        tell_bad (verification, text, text);
    return TRUE;
}

static gboolean
verify_lines (Verification *verification, GError **error)
{
    g_autofree char *line = NULL; /* owned by getline */
    size_t size = 0;

    while (getline (&line, &size, stdin) >= 0) {
        if (*g_strstrip (line) != '\0' && !verify (verification, line, error))
            return FALSE;
        (void) fflush (stdout); /* a person types */
    }
    return ferror (stdin) == 0 ||
           brev_throw_errno (error, errno, "cannot read standard input");
}

gboolean
brev_cmd_verify (BrevCall *call, GError **error)
{
    g_auto (Verification) verification = { 0 };
    gboolean reads_lines = brev_call_option (call, "lines") != NULL;
    gboolean is_good = TRUE;

    if (!reads_lines && call->arguments->len == 0)
        return brev_throw (error, BREV_ERROR_USAGE,
                           "'brevdue verify' takes addresses, or --lines");
    verification_init (&verification, call);
    json_builder_begin_array (verification.json);
    for (guint i = 0; is_good && i < call->arguments->len; i++)
        is_good = verify (&verification, brev_call_argument (call, i), error);
    if (is_good && reads_lines)
        is_good = verify_lines (&verification, error);
    json_builder_end_array (verification.json);
    if (!is_good)
        return FALSE;
    if (call->is_json)
        brev_out_print (verification.json);
    return verification.n_bad == 0 ||
           brev_throw (error, BREV_ERROR_NO_RECIPIENT, "%u of them are no addresses",
                       verification.n_bad);
}
