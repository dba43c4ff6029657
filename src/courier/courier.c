/* SPDX-License-Identifier: MIT */
#include "courier/courier.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "courier/worker.h"

/* Of these the files of queued messages get the greater part. */
#define OTHER_FILES 64

/* Each message in a request is an open file. */
static guint
raise_file_limit (void)
{
    struct rlimit limit;

    if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
        return 256;
    limit.rlim_cur = limit.rlim_max;
    (void) setrlimit (RLIMIT_NOFILE, &limit);
    (void) getrlimit (RLIMIT_NOFILE, &limit);
    return (guint) MIN (limit.rlim_cur, 1024 * 1024);
}

/* How many messages one claim may take, when every slot of every account is full. */
static guint
claim_limit (const BrevConfig *config, guint files)
{
    guint claims = 1;

    for (guint i = 0; i < config->accounts->len; i++)
        claims += ((const BrevAccount *) config->accounts->pdata[i])->concurrency + 1;
    return MAX ((files - MIN (files, OTHER_FILES)) / claims, 1);
}

/* -- a configuration that changed ---------------------------------------------------- */

static gint64
changed_at (const char *path)
{
    struct stat info;

    if (path == NULL || stat (path, &info) < 0)
        return 0;
    return (gint64) info.st_ctim.tv_sec * 1000 + info.st_ctim.tv_nsec / 1000000;
}

static gint64
configuration_changed_at (const BrevConfig *config)
{
    gint64 latest = 0;

    for (guint i = 0; i < config->files->len; i++)
        latest = MAX (latest, changed_at (config->files->pdata[i]));
    for (guint i = 0; i < config->accounts->len; i++)
        latest = MAX (
            latest,
            changed_at (((const BrevAccount *) config->accounts->pdata[i])->token_file));
    return latest;
}

/* Times of files are those of the last tick: that much behind, at most. */
#define TICK 10 /* ms */

/* Somebody touched the configuration since mail began to wait for that: it is worth a try
 * at once, and what is still wrong will be noted anew. */
static gboolean
forget_mended_problems (BrevCourier *courier, gint64 now, GError **error)
{
    g_autoptr (GPtrArray) problems = brev_store_problems (courier->store, error);
    gint64 changed = configuration_changed_at (courier->config);
    guint mended = 0;

    if (problems == NULL)
        return FALSE;
    for (guint i = 0; i < problems->len; i++) {
        const BrevStoreProblem *problem = problems->pdata[i];
        if (problem->since > changed + TICK)
            continue;
        mended++;
        if (!brev_store_set_problem (courier->store, problem->account, problem->scope,
                                     NULL, 0, now, error))
            return FALSE;
    }
    return mended == 0 || brev_store_retry (courier->store, NULL, now, error) >= 0;
}

/* -- what time has passed over ------------------------------------------------------- */

int
brev_courier_forget (BrevCourier *courier, GError **error)
{
    return brev_store_forget (courier->store, brev_clock_now (), courier->config->history,
                              courier->config->lifetime, error);
}

/* What was finished just now, where nothing is to be remembered. The next courier waits for
 * this one to end: much of it is left to that. */
static void
forget_at_end (BrevCourier *courier)
{
    const BrevConfig *config = courier->config;
    g_autoptr (GError) error = NULL;
    gint64 start = brev_clock_ticks ();
    int forgotten = 1;

    while (forgotten > 0 && brev_clock_ticks () - start < BREV_SECOND)
        forgotten = brev_courier_forget (courier, &error);
    if (config->history < config->lifetime) /* somebody is in a hurry to forget */
        brev_store_rewrite (courier->store);
    if (error != NULL)
        brev_log (BREV_LOG_WARNING, "old messages are not forgotten yet: %s",
                  error->message);
}

/* -- life ---------------------------------------------------------------------------- */

static gboolean
open_store (BrevCourier *courier, GError **error)
{
    g_autofree char *directory = NULL;
    g_autofree char *damaged = NULL;
    BrevStoreMode mode = courier->spool == NULL ? BREV_STORE_MEMORY : BREV_STORE_COURIER;
    const BrevConfig *config = courier->config;
    gint64 now = brev_clock_now ();

    if (courier->spool != NULL)
        directory = g_build_filename (courier->spool->path, "store", NULL);
    courier->store = brev_store_open (directory, mode, now, &damaged, error);
    if (courier->store == NULL)
        return FALSE;
    if (damaged != NULL)
        brev_log (BREV_LOG_ERROR, "%s", damaged);
    return courier->spool == NULL ||
           (brev_store_mend_times (courier->store, now,
                                   MAX (4 * BREV_HOUR, config->retry_max), error) &&
            brev_courier_forget (courier, error) >= 0 &&
            forget_mended_problems (courier, now, error));
}

static void
log_alias_problems (const BrevAliases *aliases)
{
    const GPtrArray *problems = brev_aliases_problems (aliases);

    for (guint i = 0; i < problems->len; i++) {
        g_autofree char *text = brev_problem_format (problems->pdata[i]);
        brev_log (BREV_LOG_WARNING, "%s", text);
    }
}

static void
make_workers (BrevCourier *courier)
{
    const GPtrArray *accounts = courier->config->accounts;

    courier->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) brev_worker_free);
    for (guint i = 0; i < accounts->len; i++)
        g_ptr_array_add (courier->workers, brev_worker_new (courier, accounts->pdata[i]));
    g_ptr_array_add (courier->workers, brev_worker_new (courier, NULL));
}

BrevCourier *
brev_courier_open (const BrevCourierSetup *setup, GError **error)
{
    g_autoptr (BrevCourier) courier = g_new0 (BrevCourier, 1);
    BrevSettlerSetup settling;

    courier->config = setup->config;
    courier->spool = setup->spool;
    courier->is_service = setup->is_service;
    courier->only_id = setup->only_id;
    courier->memory_fd = setup->memory_fd;
    courier->is_quiet = setup->is_quiet;
    courier->put_off = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    courier->put_off_until = G_MAXINT64;
    courier->host_name = g_strdup (g_get_host_name ());
    courier->max_claim = claim_limit (setup->config, raise_file_limit ());
    courier->aliases = brev_aliases_load (setup->config->aliases);
    log_alias_problems (courier->aliases);
    if (!open_store (courier, error))
        return NULL;
    courier->http = brev_http_new (&setup->limits);
    settling = (BrevSettlerSetup){
        .config = courier->config,
        .spool = courier->spool,
        .store = courier->store,
        .aliases = courier->aliases,
        .may_report = courier->spool != NULL,
        .may_park = courier->spool != NULL && setup->is_durable,
        .caller_waits = setup->only_id != NULL,
        .is_quiet = setup->is_quiet,
    };
    courier->settler = brev_settler_new (&settling);
    make_workers (courier);
    return g_steal_pointer (&courier);
}

void
brev_courier_free (BrevCourier *courier)
{
    if (courier == NULL)
        return;
    brev_http_free (courier->http);
    if (courier->workers != NULL)
        g_ptr_array_unref (courier->workers);
    brev_settler_free (courier->settler);
    if (courier->store != NULL && courier->spool != NULL)
        forget_at_end (courier);
    brev_store_free (courier->store);
    brev_aliases_free (courier->aliases);
    g_hash_table_unref (courier->put_off);
    g_free (courier->host_name);
    g_free (courier);
}

/* -- what the parts ask for ---------------------------------------------------------- */

BrevLocalNames
brev_courier_names (const BrevCourier *courier)
{
    return (BrevLocalNames){
        .aliases = courier->aliases,
        .mail_name = courier->config->mail_name,
        .host_name = courier->host_name,
        .postmaster = courier->config->postmaster,
        .with_t = courier->config->arguments_with_t,
    };
}

int
brev_courier_open_file (const BrevCourier *courier, const char *id)
{
    if (courier->spool == NULL)
        return fcntl (courier->memory_fd, F_DUPFD_CLOEXEC, 3);
    return openat (courier->spool->queue, id,
                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

BrevWorker *
brev_courier_worker (const BrevCourier *courier, const BrevAccount *account)
{
    for (guint i = 0; i < courier->workers->len; i++) {
        BrevWorker *worker = courier->workers->pdata[i];
        if (worker->account == account)
            return worker;
    }
    g_assert_not_reached ();
}

const char *
brev_courier_problem (const BrevCourier *courier)
{
    for (guint i = 0; i < courier->workers->len; i++) {
        const BrevWorker *worker = courier->workers->pdata[i];
        const char *problem = brev_trouble_any (worker->trouble);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}
