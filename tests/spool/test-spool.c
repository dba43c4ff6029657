/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "site.h"
#include "spool/layout.h"

#define MB (1024 * 1024)

/* One call of brev_submit(). */
typedef struct {
    char id[BREV_ID_LENGTH + 1];
    BrevSubmitted how;
    int frame_fd;
    GError *error;
} Attempt;

static gboolean
attempt (Attempt *it, BrevSubmitter *submitter, const Site *site)
{
    g_clear_error (&it->error);
    return brev_submit (submitter, site->envelope, &site->message, it->id, &it->how,
                        &it->frame_fd, &it->error);
}

/* -- socket and drop directory
 * ------------------------------------------------------------ */

static void
assert_is_frame (const void *bytes, gsize length, const char *id)
{
    g_autoptr (BrevFrameReader) reader = brev_frame_reader_new (G_MAXUINT64);
    g_autoptr (GError) error = NULL;

    (void) (brev_frame_reader_feed (reader, bytes, length, &error) &&
            brev_frame_reader_finish (reader, &error));
    g_assert_no_error (error);
    g_assert_cmpstr (brev_frame_reader_id (reader), ==, id);
}

static void
assert_is_in_drop (const Site *site, const char *id)
{
    g_autofree char *path = g_build_filename (site->config.spool, "drop", id, NULL);
    g_autofree char *bytes = NULL;
    struct stat info;
    gsize length;

    g_assert_cmpint (stat (path, &info), ==, 0);
    g_assert_cmpint (info.st_mode & 07777, ==, 0640);
    g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
    assert_is_frame (bytes, length, id);
}

typedef enum { WITH_SERVICE, IN_DROP, NOWHERE } Where;

typedef struct {
    const char *name;
    Manner manner;
    const char *reply;
    gsize large; /* bytes in a file; 0: a few in memory */
    Where where;
    int want_error; /* with NOWHERE */
    const char *want_text;
} Row;

/* clang-format off */
static const Row rows[] = {
    { "taken",           ANSWERS,       "queued ID\n", 0,      WITH_SERVICE },
    { "taken-large",     ANSWERS,       "queued ID\n", 3 * MB, WITH_SERVICE },
    { "missing",         MISSING,       NULL,          0,      IN_DROP },
    { "dead",            DEAD,          NULL,          0,      IN_DROP },
    { "backlog-full",    BACKLOG_FULL,  NULL,          0,      IN_DROP },
    { "hangs-up",        HANGS_UP,      NULL,          0,      IN_DROP },
    { "hangs-up-large",  HANGS_UP,      NULL,          3 * MB, IN_DROP },
    { "busy",            ANSWERS,       "busy\n",      0,      IN_DROP },
    { "busy-at-once",    ANSWERS_EARLY, "busy\n",      3 * MB, IN_DROP },
    { "torn-answer",     ANSWERS,       "queued ID",   0,      IN_DROP },
    { "another-id",      ANSWERS,       "queued 0\n",  0,      IN_DROP },
    { "nonsense",        ANSWERS,       "250 OK\n",    0,      IN_DROP },
    { "refused-input",   ANSWERS, "refused 65 too large\n",  0, NOWHERE, BREV_ERROR_INPUT,
      "the service refused the message: too large" },
    { "refused-denied",  ANSWERS, "refused 77 not yours\n",  0, NOWHERE, BREV_ERROR_DENIED,
      "not yours" },
    { "refused-unknown", ANSWERS, "refused 1 \033[31mx\n",   0, NOWHERE, BREV_ERROR_SYSTEM,
      "the service refused the message: ?[31mx" },
};
/* clang-format on */

static void
assert_outcome (const Row *row, gboolean is_taken, const Attempt *it)
{
    g_assert_cmpint (it->frame_fd, ==, -1);
    if (row->where == NOWHERE) {
        g_assert_false (is_taken);
        g_assert_error (it->error, BREV_ERROR, row->want_error);
        g_assert_nonnull (strstr (it->error->message, row->want_text));
        return;
    }
    g_assert_no_error (it->error);
    g_assert_true (is_taken);
    g_assert_cmpint (it->how, ==,
                     row->where == IN_DROP ? BREV_SUBMITTED_DROP : BREV_SUBMITTED_SOCKET);
}

static void
test_row (gconstpointer data)
{
    const Row *row = data;
    g_auto (Site) site;
    Service service = { .manner = row->manner, .reply = row->reply };
    BrevSubmitter submitter = { .config = &site.config };
    Attempt it = { .error = NULL };

    site_init (&site);
    site_add_drop (&site);
    if (row->large > 0)
        site_make_large (&site, row->large);
    service_start (&service, site.config.socket);
    mode_t umask_before = umask (077);
    gboolean is_taken = attempt (&it, &submitter, &site);
    (void) umask (umask_before);
    service_join (&service);

    assert_outcome (row, is_taken, &it);
    g_assert_false (submitter.socket_is_silent);
    g_assert_cmpuint (site_count_files (&site, "drop"), ==,
                      row->where == IN_DROP ? 1 : 0);
    if (row->where == IN_DROP)
        assert_is_in_drop (&site, it.id);
    else
        assert_is_frame (service.got->data, service.got->len, it.id);
    g_clear_error (&it.error);
    service_stop (&service);
}

static void
test_no_way (void)
{
    g_auto (Site) site;
    BrevSubmitter submitter = { .config = &site.config };
    Attempt it = { .error = NULL };

    site_init (&site);
    g_assert_false (attempt (&it, &submitter, &site));
    g_assert_error (it.error, BREV_ERROR, BREV_ERROR_CONFIG);
    g_assert_nonnull (strstr (it.error->message, "PHP-FPM clear the environment"));
    site.config.delivery = BREV_DELIVERY_QUEUE;
    g_assert_false (attempt (&it, &submitter, &site));
    g_assert_error (it.error, BREV_ERROR, BREV_ERROR_SYSTEM);
    g_assert_nonnull (strstr (it.error->message, site.config.socket));
    g_assert_nonnull (strstr (it.error->message, "/drop"));
    g_clear_error (&it.error);
}

/* A frame that our own reader would refuse never lies about as if it were a message. */
static void
test_refused_before_it_leaves (void)
{
    g_auto (Site) site;
    BrevSubmitter submitter = { .config = &site.config };
    Attempt it = { .error = NULL };

    site_init (&site);
    site_add_drop (&site);
    site.config.max_message_size = 16;
    g_assert_false (attempt (&it, &submitter, &site));
    g_assert_error (it.error, BREV_ERROR, BREV_ERROR_INPUT);
    site.config.max_message_size = 17;
    g_free (site.envelope->sender);
    site.envelope->sender = g_strdup ("a\nb");
    g_assert_false (attempt (&it, &submitter, &site));
    g_assert_error (it.error, BREV_ERROR, BREV_ERROR_INPUT);
    g_assert_cmpuint (site_count_files (&site, "drop"), ==, 0);
    g_clear_error (&it.error);
}

/* -- silence: ten seconds, once for a process
 * ---------------------------------------------- */

static void
test_silence (gconstpointer data)
{
    g_auto (Site) site;
    Service service = { .manner = (Manner) GPOINTER_TO_INT (data) };
    BrevSubmitter submitter = { .config = &site.config };
    Attempt it = { .error = NULL };

    site_init (&site);
    site_add_drop (&site);
    site_make_large (&site, 3 * MB);
    service_start (&service, site.config.socket);
    for (guint i = 0; i < 3; i++) {
        gint64 start = brev_clock_ticks ();
        (void) attempt (&it, &submitter, &site);
        gint64 took = brev_clock_ticks () - start;
        g_assert_no_error (it.error);
        g_assert_cmpint (it.how, ==, BREV_SUBMITTED_DROP);
        g_assert_true (submitter.socket_is_silent);
        g_assert_cmpint (took, >=, i == 0 ? 9 * BREV_SECOND : 0);
        g_assert_cmpint (took, <, i == 0 ? 15 * BREV_SECOND : 5 * BREV_SECOND);
    }
    g_assert_cmpuint (site_count_files (&site, "drop"), ==, 3);
    service_stop (&service);
}

/* -- direct
 * --------------------------------------------------------------------------------- */

/* No error of the configuration ever implies direct delivery. */
static void
test_direct_is_not_implied_by_a_problem (void)
{
    g_auto (Site) site;
    BrevSubmitter submitter = { .config = &site.config };
    BrevAccount outbox = { .name = (char[]){ "o" }, .provider = (char[]){ "outbox" } };
    BrevProblem problem = { .file = (char[]){ "f" },
                            .line = 1,
                            .message = (char[]){ "bad" } };
    Attempt it = { .error = NULL };

    site_init (&site);
    g_ptr_array_add (site.config.accounts, &outbox);
    g_ptr_array_add (site.config.problems, &problem);
    g_assert_false (attempt (&it, &submitter, &site));
    g_assert_error (it.error, BREV_ERROR, BREV_ERROR_CONFIG);
    g_ptr_array_set_size (site.config.problems, 0);
    g_assert_true (attempt (&it, &submitter, &site));
    g_assert_cmpint (it.how, ==, BREV_SUBMITTED_OWN);
}

static void
assert_is_queue_file (int fd, const Attempt *it, const Site *site)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevQueueFile) file = brev_queue_file_read (fd, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (file->id, ==, it->id);
    g_assert_cmpuint (file->origin.uid, ==, geteuid ());
    g_assert_cmpint (file->origin.way, ==, BREV_WAY_OWN);
    g_assert_cmpuint (file->message_length, ==, site->message.length);
}

/* With a disk and without: what the courier is handed is one whole queue file. */
static void
test_direct (gconstpointer data)
{
    gsize large = GPOINTER_TO_SIZE (data);
    g_auto (Site) site;
    BrevSubmitter submitter = { .config = &site.config };
    Attempt it = { .error = NULL };

    site_init (&site);
    if (large > 0)
        site_make_large (&site, large);
    site.config.delivery = BREV_DELIVERY_DIRECT;
    g_assert_true (attempt (&it, &submitter, &site));
    g_assert_cmpint (it.how, ==, BREV_SUBMITTED_OWN);
    g_assert_cmpuint (site_count_files (&site, "tmp"), ==, 0);
    g_autofree char *path = g_build_filename (site.config.spool, "queue", it.id, NULL);
    brev_autofd int queued = open (path, O_RDONLY | O_CLOEXEC);
    assert_is_queue_file (queued, &it, &site);

    g_free (site.config.spool);
    site.config.spool = g_strdup ("/proc/brevdue");
    g_assert_true (attempt (&it, &submitter, &site));
    g_assert_cmpint (it.how, ==, BREV_SUBMITTED_MEMORY);
    assert_is_queue_file (it.frame_fd, &it, &site);
    (void) close (it.frame_fd);
}

/* -- other requests
 * -------------------------------------------------------------------------- */

static void
test_requests (void)
{
    static const struct {
        const char *request, *reply;
        gboolean is_copied, is_good;
        const char *sent;
    } cases[] = {
        { NULL, "ok\n", FALSE, TRUE, "brevdue1 wake\n" },
        { NULL, "busy\n", FALSE, FALSE, "brevdue1 wake\n" },
        { "list", "a\nb\n", TRUE, TRUE, "brevdue1 list\n" },
        { "list", "busy too many\n", TRUE, FALSE, "brevdue1 list\n" },
        { "list", "refused 64 no\n", TRUE, FALSE, "brevdue1 list\n" },
        { "list", "", TRUE, FALSE, "brevdue1 list\n" },
        { "run I=x", "1 message\n", FALSE, TRUE, "brevdue1 run I=x\n" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_auto (Site) site;
        Service service = { .manner = ANSWERS, .reply = cases[i].reply };
        g_autoptr (GError) error = NULL;
        FILE *copy = tmpfile ();
        int copy_fd = cases[i].is_copied ? fileno (copy) : -1;
        char text[16] = "";
        site_init (&site);
        service_start (&service, site.config.socket);
        gboolean is_good =
            cases[i].request == NULL
                ? brev_submit_wake (&site.config, &error)
                : brev_submit_ask (&site.config, cases[i].request, 5000, copy_fd, &error);
        service_join (&service);
        g_assert_cmpint (is_good, ==, cases[i].is_good);
        g_assert_cmpmem (service.got->data, service.got->len, cases[i].sent,
                         strlen (cases[i].sent));
        (void) brev_read_at (fileno (copy), text, sizeof text - 1, 0);
        g_assert_cmpstr (text, ==,
                         cases[i].is_copied && cases[i].is_good ? cases[i].reply : "");
        (void) fclose (copy);
        service_stop (&service);
    }
}

/* -- layout
 * ----------------------------------------------------------------------------------- */

static void
test_modes (void)
{
    static const struct {
        const char *name;
        mode_t mode;
    } cases[] = {
        { ".", 0755 },     { "queue", 0700 }, { "tmp", 0700 },
        { "store", 0700 }, { "drop", 03733 },
    };
    g_auto (Site) site;

    site_init (&site);
    site_add_drop (&site);
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *path = g_build_filename (site.config.spool, cases[i].name, NULL);
        struct stat info;
        g_assert_cmpint (stat (path, &info), ==, 0);
        g_assert_cmpint (info.st_mode & 07777, ==, cases[i].mode);
    }
}

static void
test_hostile_spools (void)
{
    g_auto (Site) site;
    g_autoptr (GError) error = NULL;
    g_autofree char *queue = NULL;

    site_init (&site);
    queue = g_build_filename (site.config.spool, "queue", NULL);
    g_assert_cmpint (g_mkdir (site.config.spool, 0700), ==, 0);
    g_assert_cmpint (symlink ("/tmp", queue), ==, 0);
    g_assert_null (brev_spool_open (site.config.spool, FALSE, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_SYSTEM);
    g_clear_error (&error);
    g_assert_cmpint (g_remove (queue), ==, 0);
    g_assert_cmpint (g_mkdir (queue, 0700), ==, 0);
    g_assert_cmpint (g_chmod (queue, 0777), ==, 0);
    g_assert_null (brev_spool_open (site.config.spool, FALSE, &error));
    g_assert_error (error, BREV_ERROR, BREV_ERROR_DENIED);
}

static void
test_sweep_spares_what_is_written (void)
{
    g_auto (Site) site;
    g_autoptr (GError) error = NULL;

    site_init (&site);
    g_autoptr (BrevSpool) spool = brev_spool_open (site.config.spool, FALSE, &error);
    g_assert_no_error (error);
    brev_autofd int open_file = brev_spool_create (spool, "open", &error);
    int left = brev_spool_create (spool, "left", &error);
    g_assert_no_error (error);
    g_assert_cmpint (open_file, >=, 0);
    (void) close (left);
    g_assert_cmpint (brev_spool_create (spool, "open", NULL), ==, -1);
    g_assert_cmpuint (brev_spool_sweep (spool), ==, 1);
    g_assert_cmpint (faccessat (spool->tmp, "open", F_OK, 0), ==, 0);
    g_assert_cmpint (faccessat (spool->tmp, "left", F_OK, 0), ==, -1);
}

static void
test_own_paths (void)
{
    static const struct {
        gboolean is_named;
        const char *state_home, *home, *want;
    } cases[] = {
        { TRUE, "/s", "/home/a", "/spool" },
        { FALSE, NULL, NULL, "/spool" },
        { FALSE, NULL, "/home/a", "/spool /home/a/.local/state/brevdue" },
        { FALSE, "/s", "/home/a", "/spool /s/brevdue" },
        { FALSE, "relative", "/home/a", "/spool /home/a/.local/state/brevdue" },
        { FALSE, "/s", NULL, "/spool /s/brevdue" },
        { FALSE, NULL, "/", "/spool" },
        { FALSE, NULL, "relative", "/spool" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        BrevConfig config = { .spool = (char[]){ "/spool" },
                              .spool_is_named = cases[i].is_named };
        g_autoptr (GPtrArray) paths =
            brev_spool_own_paths (&config, cases[i].state_home, cases[i].home);
        g_ptr_array_add (paths, NULL);
        g_autofree char *got = g_strjoinv (" ", (char **) paths->pdata);
        g_assert_cmpstr (got, ==, cases[i].want);
    }
}

static void
test_durable (void)
{
    static const struct {
        BrevSpoolFacts facts;
        gboolean want;
    } cases[] = {
        /* vouched for, intended, below /tmp, durable file system */
        { { FALSE, TRUE, FALSE, TRUE }, TRUE }, { { FALSE, FALSE, FALSE, TRUE }, FALSE },
        { { FALSE, TRUE, TRUE, TRUE }, FALSE }, { { FALSE, TRUE, FALSE, FALSE }, FALSE },
        { { TRUE, FALSE, TRUE, FALSE }, TRUE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
        g_assert_cmpint (brev_spool_facts_are_durable (&cases[i].facts), ==,
                         cases[i].want);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
        g_autofree char *path = g_strconcat ("/submit/", rows[i].name, NULL);
        g_test_add_data_func (path, &rows[i], test_row);
    }
    g_test_add_func ("/submit/no-way", test_no_way);
    g_test_add_func ("/submit/refused-here", test_refused_before_it_leaves);
    g_test_add_func ("/direct/problem", test_direct_is_not_implied_by_a_problem);
    g_test_add_data_func ("/direct/memory", GSIZE_TO_POINTER (0), test_direct);
    g_test_add_data_func ("/direct/file", GSIZE_TO_POINTER (3 * MB), test_direct);
    g_test_add_func ("/request/replies", test_requests);
    g_test_add_func ("/layout/modes", test_modes);
    g_test_add_func ("/layout/hostile", test_hostile_spools);
    g_test_add_func ("/layout/sweep", test_sweep_spares_what_is_written);
    g_test_add_func ("/layout/own-paths", test_own_paths);
    g_test_add_func ("/layout/durable", test_durable);
    g_test_add_data_func ("/silence/no-answer", GINT_TO_POINTER (SILENT), test_silence);
    g_test_add_data_func ("/silence/stops-reading", GINT_TO_POINTER (STOPS),
                          test_silence);
    return g_test_run ();
}
