/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/choice.h"
#include "admin/commands.h"
#include "admin/output.h"
#include "admin/site.h"
#include "base/clock.h"
#include "base/error.h"
#include "envelope/frame.h"
#include "spool/submit.h"

/* What a command does with one message, or, with a NULL id, with all. Returns: how many
 * it changed, -1 with @error */
typedef int (*Change) (const BrevSite *site, const char *id, GError **error);

static int
retry (const BrevSite *site, const char *id, GError **error)
{
    return brev_store_retry (site->store, id, brev_clock_now (), error);
}

static int
hold (const BrevSite *site, const char *id, GError **error)
{
    return brev_store_hold (site->store, id, brev_clock_now (), error);
}

static int
release (const BrevSite *site, const char *id, GError **error)
{
    return brev_store_release (site->store, id, brev_clock_now (), error);
}

/* Reports quote the files; while one is still to be written, the courier unlinks them. */
static gboolean
unlink_files (const BrevSite *site, const GPtrArray *ids, GError **error)
{
    g_autoptr (GPtrArray) missing = brev_store_missing_reports (site->store, error);

    if (missing == NULL)
        return FALSE;
    for (guint i = 0; missing->len == 0 && i < ids->len; i++)
        (void) unlinkat (site->spool->queue, ids->pdata[i], 0);
    return TRUE;
}

static int delete (const BrevSite *site, const char *id, GError **error)
{
    g_autoptr (GPtrArray) finished = NULL;
    int changed =
        brev_store_delete (site->store, id, brev_clock_now (), &finished, error);

    return changed > 0 && !unlink_files (site, finished, error) ? -1 : changed;
}

/* A file without a row needs no more than this: a courier that is just reading it will
 * find it gone and say so. */
static gboolean
unlink_unread (const BrevSite *site, const char *id)
{
    return unlinkat (site->spool->queue, id, 0) == 0 ||
           (site->spool->drop >= 0 && unlinkat (site->spool->drop, id, 0) == 0);
}

static gboolean
is_waiting_to_be_read (const BrevSite *site, const char *id)
{
    if (!brev_id_is_valid (id))
        return FALSE;
    return faccessat (site->spool->queue, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           (site->spool->drop >= 0 &&
            faccessat (site->spool->drop, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
}

/* Why a change of @id changed nothing. */
static gboolean
explain (const BrevSite *site, const char *id, const char *what, GError **error)
{
    g_autoptr (BrevStoreMessage) row =
        site->store == NULL ? NULL : brev_store_get (site->store, id, NULL);

    if (row == NULL && site->spool != NULL && is_waiting_to_be_read (site, id))
        return brev_throw (
            error, BREV_ERROR_BUSY,
            "'%s' has not been read by the courier yet: run 'brevdue flush' first", id);
    if (row == NULL)
        return brev_throw (
            error, BREV_ERROR_NO_FILE,
            "no message '%s': 'brevdue queue list' shows those in the queue", id);
    if (row->finished != 0)
        return brev_throw (error, BREV_ERROR_USAGE,
                           "'%s' is done with: 'brevdue trace %s' says what became of it",
                           id, id);
    return brev_throw (error, BREV_ERROR_USAGE,
                       "'%s' cannot be %s in its state: see 'brevdue "
                       "queue show %s'",
                       id, what, id);
}

typedef struct {
    Change change;
    const char *done; /* "released" */
    gboolean wakes;   /* there may be something to send afterwards */
} Verb;

/* What is on hold has its turn only after a release. */
static void
note_hold (const BrevSite *site, const char *id)
{
    g_autoptr (BrevStoreMessage) row = brev_store_get (site->store, id, NULL);

    if (row != NULL && row->is_held)
        (void) fprintf (
            stderr,
            "brevdue: '%s' stays on hold: 'brevdue queue release %s' lets it go\n", id,
            id);
}

static gboolean
change_one (const BrevSite *site, const Verb *verb, const char *id, guint *changed,
            GError **error)
{
    int n = site->store == NULL ? 0 : verb->change (site, id, error);

    if (n < 0)
        return FALSE;
    if (n == 0 && verb->change == delete &&site->spool != NULL && brev_id_is_valid (id)) {
        g_autoptr (BrevStoreMessage) row =
            site->store == NULL ? NULL : brev_store_get (site->store, id, NULL);
        n = row == NULL && unlink_unread (site, id) ? 1 : 0;
    }
    if (n > 0 && verb->change == retry)
        note_hold (site, id);
    *changed += (guint) n;
    return n > 0 || explain (site, id, verb->done, error);
}

static gboolean
change_chosen (const BrevSite *site, const Verb *verb, const BrevChoice *choice,
               guint *changed, GError **error)
{
    const BrevStoreFilter filter = { .uid = choice->uid, .unfinished = TRUE };
    g_autoptr (GPtrArray) messages = brev_store_list (site->store, &filter, error);

    if (messages == NULL)
        return FALSE;
    for (guint i = 0; i < messages->len; i++) {
        const BrevStoreMessage *message = messages->pdata[i];
        int n = brev_choice_holds (choice, message)
                    ? verb->change (site, message->id, error)
                    : 0;
        if (n < 0)
            return FALSE;
        *changed += (guint) n;
    }
    return TRUE;
}

static gboolean
change_all (const BrevSite *site, const Verb *verb, const BrevChoice *choice,
            guint *changed, GError **error)
{
    int n;

    if (site->store == NULL)
        return TRUE;
    if (!brev_choice_is_everything (choice))
        return change_chosen (site, verb, choice, changed, error);
    n = verb->change (site, NULL, error);
    *changed = (guint) MAX (n, 0);
    return n >= 0;
}

/* All that can be changed is, even when one of the names is wrong. */
static gboolean
change_named (const BrevSite *site, const Verb *verb, const GPtrArray *ids,
              guint *changed, GError **error)
{
    g_autoptr (GError) first = NULL;

    for (guint i = 0; i < ids->len; i++) {
        g_autoptr (GError) local = NULL;
        if (!change_one (site, verb, ids->pdata[i], changed, &local) && first == NULL)
            first = g_steal_pointer (&local);
    }
    if (first == NULL)
        return TRUE;
    g_propagate_error (error, g_steal_pointer (&first));
    return FALSE;
}

/* The courier looks at the store when it is woken. */
static void
wake (const BrevCall *call, const BrevSite *site)
{
    g_autoptr (GError) error = NULL;

    if (site->spool == NULL || site->spool->drop < 0)
        return;
    if (!brev_submit_wake (call->config, &error))
        (void) fprintf (
            stderr,
            "brevdue: the service does not answer, it will see this when it is "
            "started: %s\n",
            error->message);
}

static void
print_changed (const BrevCall *call, const Verb *verb, guint changed)
{
    g_autoptr (JsonBuilder) json = NULL;

    if (!call->is_json) {
        (void) printf ("%u message%s %s\n", changed, changed == 1 ? "" : "s", verb->done);
        return;
    }
    json = json_builder_new ();
    json_builder_begin_object (json);
    brev_out_int (json, verb->done, changed);
    json_builder_end_object (json);
    brev_out_print (json);
}

static gboolean
run (BrevCall *call, const Verb *verb, GError **error)
{
    gboolean all = brev_call_option (call, "all") != NULL;
    g_autoptr (BrevSite) site = NULL;
    BrevChoice choice;
    guint changed = 0;
    gboolean good;

    if (!brev_choice_read (call, &choice, error))
        return FALSE;
    if (!all && !brev_choice_is_everything (&choice))
        return brev_throw (error, BREV_ERROR_USAGE,
                           "--id, --recipient, --sender and --peer choose from --all");
    if (all == (call->arguments->len > 0))
        return brev_throw (error, BREV_ERROR_USAGE, "'brevdue %s' takes IDs, or --all",
                           call->command->name);
    site = brev_site_open (call->config, BREV_STORE_ADMIN, error);
    if (site == NULL)
        return FALSE;
    good = all ? change_all (site, verb, &choice, &changed, error)
               : change_named (site, verb, call->arguments, &changed, error);
    print_changed (call, verb, changed);
    if (verb->wakes && (changed > 0 || all))
        wake (call, site);
    return good;
}

gboolean
brev_cmd_queue_retry (BrevCall *call, GError **error)
{
    static const Verb verb = { retry, "retried", TRUE };

    return run (call, &verb, error);
}

gboolean
brev_cmd_queue_hold (BrevCall *call, GError **error)
{
    static const Verb verb = { hold, "held", FALSE };

    return run (call, &verb, error);
}

gboolean
brev_cmd_queue_release (BrevCall *call, GError **error)
{
    static const Verb verb = { release, "released", TRUE };

    return run (call, &verb, error);
}

gboolean
brev_cmd_queue_delete (BrevCall *call, GError **error)
{
    static const Verb verb = { delete, "deleted", FALSE };

    return run (call, &verb, error);
}
