/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "admin/commands.h"
#include "admin/listing.h"
#include "admin/output.h"
#include "base/error.h"
#include "base/text.h"

/* What became of one address. */
typedef struct {
    GPtrArray *forms;     /* owned, of char *, folded: ways to write it */
    guint forgotten;      /* messages */
    guint waiting;        /* messages still in the queue, or with a report to come */
    GPtrArray *untouched; /* owned, of char *: copies of a damaged database */
} Forgetting;

static void
forgetting_clear (Forgetting *forgetting)
{
    g_ptr_array_unref (forgetting->forms);
    g_ptr_array_unref (forgetting->untouched);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Forgetting, forgetting_clear)

/* -- the address --------------------------------------------------------------------- */

/* @domain: (nullable) */
static void
add_form (GPtrArray *forms, const char *address, const char *domain)
{
    g_autofree char *whole = NULL;
    char *folded;

    if (domain == NULL)
        return;
    whole = g_strdup_printf ("%.*s%s", (int) (brev_text_domain (address) - address),
                             address, domain);
    folded = brev_text_fold (whole);
    if (g_ptr_array_find_with_equal_func (forms, folded, g_str_equal, NULL))
        g_free (folded);
    else
        g_ptr_array_add (forms, folded);
}

/* As it was typed, and with its domain in the letters of its language and in ASCII. */
static gboolean
add_forms (GPtrArray *forms, const char *address, GError **error)
{
    const char *domain = brev_text_domain (address);
    g_autofree char *ascii = NULL;
    g_autofree char *unicode = NULL;

    if (domain == NULL || domain == address + 1 || *domain == '\0' ||
        strpbrk (address, " \t\r\n<>") != NULL)
        return brev_throw (error, BREV_ERROR_USAGE,
                           "'%s' is no address: NAME@DOMAIN, and nothing else", address);
    ascii = g_hostname_to_ascii (domain);
    unicode = g_hostname_to_unicode (domain);
    add_form (forms, address, domain);
    add_form (forms, address, ascii);
    add_form (forms, address, unicode);
    return TRUE;
}

/* -- what waits ---------------------------------------------------------------------- */

static gboolean
names_any (const Forgetting *forgetting, const char *text)
{
    for (guint i = 0; text != NULL && i < forgetting->forms->len; i++)
        if (brev_text_names (text, forgetting->forms->pdata[i]))
            return TRUE;
    return FALSE;
}

static gboolean
is_named_in (const Forgetting *forgetting, const BrevStoreMessage *message)
{
    if (names_any (forgetting, message->sender) ||
        names_any (forgetting, message->rewritten))
        return TRUE;
    for (guint i = 0; i < message->recipients->len; i++) {
        const BrevStoreRecipient *recipient = message->recipients->pdata[i];
        if (names_any (forgetting, recipient->address) ||
            names_any (forgetting, recipient->original))
            return TRUE;
    }
    return FALSE;
}

static gboolean
count_waiting (const BrevSite *site, Forgetting *forgetting, GError **error)
{
    g_autoptr (BrevListing) listing = brev_listing_read (site, -1, error);

    if (listing == NULL)
        return FALSE;
    for (guint i = 0; i < listing->messages->len; i++) {
        const BrevListed *listed = listing->messages->pdata[i];
        forgetting->waiting += is_named_in (forgetting, listed->message);
    }
    return TRUE;
}

/* -- what is done with --------------------------------------------------------------- */

static gboolean
forget_all_forms (const BrevSite *site, Forgetting *forgetting, GError **error)
{
    for (guint i = 0; site->store != NULL && i < forgetting->forms->len; i++) {
        guint kept = 0;
        int forgotten = brev_store_forget_address (
            site->store, forgetting->forms->pdata[i], &kept, error);
        if (forgotten < 0)
            return FALSE;
        forgetting->forgotten += (guint) forgotten;
        forgetting->waiting += kept;
    }
    return TRUE;
}

/* Nobody opens these for writing again. */
static void
find_untouched (const BrevSite *site, GPtrArray *untouched)
{
    g_autofree char *path =
        site->spool == NULL ? NULL : g_build_filename (site->spool->path, "store", NULL);
    DIR *dir = path == NULL ? NULL : opendir (path);
    const struct dirent *entry;

    if (dir == NULL)
        return;
    while ((entry = readdir (dir)) != NULL)
        if (g_str_has_prefix (entry->d_name, "store.damaged-"))
            g_ptr_array_add (untouched, g_build_filename (path, entry->d_name, NULL));
    (void) closedir (dir);
}

/* -- output -------------------------------------------------------------------------- */

static void
print_json (const Forgetting *forgetting)
{
    g_autoptr (JsonBuilder) json = json_builder_new ();

    json_builder_begin_object (json);
    brev_out_int (json, "forgotten", forgetting->forgotten);
    brev_out_int (json, "waiting", forgetting->waiting);
    brev_out_strings (json, "untouched", forgetting->untouched);
    json_builder_end_object (json);
    brev_out_print (json);
}

static void
print_text (const Forgetting *forgetting)
{
    (void) printf ("%u message%s forgotten\n", forgetting->forgotten,
                   forgetting->forgotten == 1 ? "" : "s");
    for (guint i = 0; i < forgetting->untouched->len; i++)
        (void) printf ("Not touched, and may name it: %s\n",
                       (const char *) forgetting->untouched->pdata[i]);
    (void) printf ("The log is not touched.\n");
}

gboolean
brev_cmd_forget (BrevCall *call, GError **error)
{
    const char *address = brev_call_argument (call, 0);
    g_auto (Forgetting) forgetting = {
        .forms = g_ptr_array_new_with_free_func (g_free),
        .untouched = g_ptr_array_new_with_free_func (g_free),
    };
    g_autoptr (BrevSite) site = NULL;

    if (!add_forms (forgetting.forms, address, error))
        return FALSE;
    site = brev_site_open (call->config, BREV_STORE_ADMIN, error);
    if (site == NULL || !forget_all_forms (site, &forgetting, error) ||
        !count_waiting (site, &forgetting, error))
        return FALSE;
    find_untouched (site, forgetting.untouched);
    if (call->is_json)
        print_json (&forgetting);
    else
        print_text (&forgetting);
    return forgetting.waiting == 0 ||
           brev_throw (error, BREV_ERROR_BUSY,
                       "%u message%s in the queue still name%s '%s': run this again when "
                       "that is done with",
                       forgetting.waiting, forgetting.waiting == 1 ? "" : "s",
                       forgetting.waiting == 1 ? "s" : "", address);
}
