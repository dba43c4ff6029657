/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/socket.h>

#include <glib/gstdio.h>

#include "accept/tool.h"
#include "accept/connection.h"
#include "accept/drop.h"
#include "accept/ledger.h"
#include "accept/quota.h"
#include "accept/schedule.h"
#include "base/clock.h"
#include "base/fs.h"

#define ID "0123456789abcdefghijklmnop"
#define NEVER G_MAXINT64

/* -- when the courier runs
 * ---------------------------------------------------------------- */

static void
test_wait (void)
{
    static const struct {
        const char *name;
        BrevSchedule schedule;
        gint64 now, ticks, want;
    } cases[] = {
        { "first", { .is_wanted = TRUE, .due = NEVER }, 0, 0, 0 },
        { "nothing-to-do", { .due = NEVER }, 5000, 100, -1 },
        { "running", { .is_running = TRUE, .is_wanted = TRUE, .due = 0 }, 5000, 100, -1 },
        { "due-later", { .due = 7000 }, 5000, 100, 2000 },
        { "overdue", { .due = 4000 }, 5000, 100, 0 },
        { "failed",
          { .is_wanted = TRUE, .due = NEVER, .not_before = 400 },
          5000,
          100,
          300 },
        { "failed-and-due", { .due = 5100, .not_before = 400 }, 5000, 100, 300 },
        { "failed-long-ago",
          { .is_wanted = TRUE, .due = NEVER, .not_before = 1 },
          0,
          9,
          0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_test_message ("%s", cases[i].name);
        g_assert_cmpint (
            brev_schedule_wait (&cases[i].schedule, cases[i].now, cases[i].ticks), ==,
            cases[i].want);
    }
}

static void
test_endings (void)
{
    static const struct {
        const char *name;
        BrevEnding ending;
        gint64 lived;
        guint failures; /* before */
        gint64 want;    /* brev_schedule_wait() at its end */
    } cases[] = {
        /* three lines were sent to it */
        { "idle", { TRUE, NEVER, 3, TRUE }, 60000, 0, -1 },
        { "idle-until", { TRUE, 9000, 3, TRUE }, 60000, 0, 8000 },
        { "did-not-hear-the-last", { TRUE, NEVER, 2, TRUE }, 60000, 0, 0 },
        { "zero-without-a-word", { .is_exit_zero = TRUE }, 10, 0, 1000 },
        { "word-but-not-zero", { TRUE, NEVER, 3, FALSE }, 10, 0, 1000 },
        { "died", { 0 }, 10, 0, 1000 },
        { "died-again", { 0 }, 10, 3, 8000 },
        { "dies-ever", { 0 }, 10, 60, 60000 },
        { "died-of-age", { 0 }, 60001, 60, 1000 },
        { "configuration", { .is_exit_config = TRUE }, 10, 0, 60000 },
        { "was-told-to", { .was_told_to = TRUE }, 10, 0, 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        BrevSchedule schedule;
        brev_schedule_init (&schedule);
        brev_schedule_started (&schedule, 100);
        schedule.lines_sent = 3;
        schedule.failures = cases[i].failures;
        g_test_message ("%s", cases[i].name);
        brev_schedule_ended (&schedule, &cases[i].ending, 100 + cases[i].lived);
        g_assert_cmpint (brev_schedule_wait (&schedule, 1000, 100 + cases[i].lived), ==,
                         cases[i].want);
    }
}

static void
test_configuration_is_tried_again (void)
{
    BrevSchedule schedule;
    const BrevEnding broken = { .is_exit_config = TRUE };

    brev_schedule_init (&schedule);
    brev_schedule_ended (&schedule, &broken, 0);
    g_assert_cmpint (brev_schedule_wait (&schedule, 0, 0), ==, 60000);
    brev_schedule_reload (&schedule);
    g_assert_cmpint (brev_schedule_wait (&schedule, 0, 0), ==, 1000);
    g_assert_cmpint (brev_schedule_wait (&schedule, 0, 1000), ==, 0);
}

/* Due in a month, says a courier; then the clock goes back, or was wrong before. */
static void
test_clock_was_set (void)
{
    static const struct {
        gint64 now, ticks, want;
    } rounds[] = {
        /* the first look says nothing */
        { 5000000, 1000, 0 },         { 5060000, 61000, 0 },
        { 5119999, 62000, 0 }, /* a correction */
        { 9000000, 63000, 3879001 },  { 9001000, 64000, 0 },
        { 5000000, 65000, -4002000 },
    };
    BrevSchedule schedule;
    const BrevEnding idle = { TRUE, G_MAXINT64 - 1, 0, TRUE };

    brev_schedule_init (&schedule);
    for (guint i = 0; i < G_N_ELEMENTS (rounds); i++) {
        gboolean is_set = rounds[i].want != 0;
        brev_schedule_started (&schedule, rounds[i].ticks - 5000);
        brev_schedule_ended (&schedule, &idle, rounds[i].ticks);
        g_assert_cmpint (
            brev_schedule_heed_clock (&schedule, rounds[i].now, rounds[i].ticks), ==,
            rounds[i].want);
        g_assert_cmpint (schedule.is_wanted, ==, is_set);
    }
}

/* A courier that always errs about what is due must not be started a thousand times. */
static void
test_short_lives (void)
{
    const BrevEnding overdue = { TRUE, 1, 0, TRUE };
    BrevSchedule schedule;
    guint at_once = 0;

    brev_schedule_init (&schedule);
    while (at_once < 100 && brev_schedule_wait (&schedule, 1000, 0) == 0) {
        brev_schedule_started (&schedule, 0);
        brev_schedule_ended (&schedule, &overdue, 1);
        at_once++;
    }
    g_assert_cmpuint (at_once, >, 1);
    g_assert_cmpuint (at_once, <, 10);
    g_assert_cmpint (brev_schedule_wait (&schedule, 1000, 1001), ==, 0);
}

static void
test_idle_line (void)
{
    static const struct {
        const char *line;
        gboolean want;
        gint64 due;
        guint64 lines;
    } cases[] = {
        { "idle - 0", TRUE, NEVER, 0 },
        { "idle 1700000000123 42", TRUE, 1700000000123, 42 },
        { "idle", FALSE },
        { "idle 1", FALSE },
        { "idle x 1", FALSE },
        { "idle 1 x", FALSE },
        { "idle 1 2 3", FALSE },
        { "busy 1 2", FALSE },
        { "", FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        BrevEnding ending = { 0 };
        g_assert_cmpint (brev_ending_parse (&ending, cases[i].line), ==, cases[i].want);
        g_assert_cmpint (ending.said_idle, ==, cases[i].want);
        if (cases[i].want) {
            g_assert_cmpint (ending.due, ==, cases[i].due);
            g_assert_cmpuint (ending.lines_read, ==, cases[i].lines);
        }
    }
}

/* -- who gets in
 * --------------------------------------------------------------------------- */

static void
test_quota (void)
{
    static const struct {
        guint connections, of_uid, queued;
        gboolean is_welcome;
    } cases[] = {
        { 1, 1, 0, TRUE },
        { BREV_CONNECTIONS, BREV_CONNECTIONS_PER_UID, BREV_QUEUED_PER_UID - 1, TRUE },
        { BREV_CONNECTIONS + 1, 1, 0, FALSE },
        { 150, BREV_CONNECTIONS_PER_UID + 1, 0, FALSE },
        { 1, 1, BREV_QUEUED_PER_UID, FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
        g_assert_cmpint (brev_quota_check (cases[i].connections, cases[i].of_uid,
                                           cases[i].queued) == NULL,
                         ==, cases[i].is_welcome);
}

static void
test_ledger (void)
{
    g_autoptr (BrevLedger) ledger = brev_ledger_new ();

    brev_ledger_add (ledger, ID, 33);
    brev_ledger_add (ledger, ID, 33);
    brev_ledger_add (ledger, "1123456789abcdefghijklmnop", 33);
    brev_ledger_add (ledger, "2123456789abcdefghijklmnop", 0);
    g_assert_cmpuint (brev_ledger_count (ledger, 33), ==, 2);
    g_assert_cmpuint (brev_ledger_count (ledger, 0), ==, 1);
    g_assert_cmpuint (brev_ledger_count (ledger, 1), ==, 0);
    brev_ledger_remove (ledger, ID);
    brev_ledger_remove (ledger, ID);
    brev_ledger_remove (ledger, "2123456789abcdefghijklmnop");
    g_assert_cmpuint (brev_ledger_count (ledger, 33), ==, 1);
    g_assert_cmpuint (brev_ledger_count (ledger, 0), ==, 0);
}

static void
test_repetition (void)
{
    static const struct {
        guint32 uid, checksum, other_uid, other_checksum;
        gboolean want;
    } cases[] = {
        { 33, 1, 33, 1, TRUE },
        { 33, 1, 34, 1, FALSE },
        { 33, 1, 33, 2, FALSE },
        { 0, 1, 33, 1, FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        const BrevOrigin one = { .uid = cases[i].uid, .way = BREV_WAY_SOCKET };
        const BrevOrigin other = { .uid = cases[i].other_uid, .way = BREV_WAY_DROP };
        g_assert_cmpint (
            brev_is_repetition (&one, cases[i].checksum, &other, cases[i].other_checksum),
            ==, cases[i].want);
    }
}

static void
test_dropped (void)
{
    static const struct {
        const char *name;
        mode_t mode;
        nlink_t links;
        off_t size;
        gint64 age;
        BrevDropped want;
    } cases[] = {
        { ID, S_IFREG, 1, 100, 0, BREV_DROPPED_MESSAGE },
        { ID, S_IFREG, 1, 1000, 999, BREV_DROPPED_MESSAGE },
        { ID, S_IFREG, 1, 1001, 0, BREV_DROPPED_FOREIGN },
        { ID, S_IFREG, 2, 100, 0, BREV_DROPPED_FOREIGN },
        { ID, S_IFLNK, 1, 100, 0, BREV_DROPPED_FOREIGN },
        { ID, S_IFIFO, 1, 0, 0, BREV_DROPPED_FOREIGN },
        { ID, S_IFDIR, 2, 100, 0, BREV_DROPPED_FOREIGN },
        { "." ID, S_IFREG, 1, 100, 0, BREV_DROPPED_UNDONE },
        { "." ID, S_IFREG, 1, 100, 59, BREV_DROPPED_UNDONE },
        { "." ID, S_IFREG, 1, 100, 60, BREV_DROPPED_FOREIGN },
        { "." ID, S_IFREG, 1, 100, -60, BREV_DROPPED_FOREIGN },
        { "core", S_IFREG, 1, 100, 0, BREV_DROPPED_FOREIGN },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        const struct stat info = {
            .st_mode = cases[i].mode | 0640,
            .st_nlink = cases[i].links,
            .st_size = cases[i].size,
            .st_mtime = 100000 - cases[i].age,
        };
        const char *why = NULL;
        g_assert_cmpint (
            brev_drop_judge (cases[i].name, &info, 1000, 100000 * BREV_SECOND, &why), ==,
            cases[i].want);
        if (cases[i].want == BREV_DROPPED_FOREIGN)
            g_assert_nonnull (why);
    }
}

/* -- what clients say
 * ------------------------------------------------------------------------ */

static void
test_first_bytes (void)
{
    static const struct {
        const char *said;
        BrevTalk want;
        const char *reply;
    } cases[] = {
        { "", BREV_TALK_GONE, NULL },
        { "brevdue1 wake\n", BREV_TALK_WAKE, NULL },
        { "brevdue1 list\n", BREV_TALK_TOOL, NULL },
        { "brevdue1 list", BREV_TALK_REPLY, "refused 64 " },
        { "brevdue1 list\nx", BREV_TALK_REPLY, "refused 64 " },
        { "brevdue1 wake up, all of you\n", BREV_TALK_TOOL, NULL },
        { "brevdue1 \n", BREV_TALK_TOOL, NULL },
        { "brevdue1", BREV_TALK_REPLY, "refused 64 " },
        { "GET / HTTP/1.1\r\n\r\n", BREV_TALK_REPLY, "refused 65 this is no frame" },
        { "brevdue1" ID "x", BREV_TALK_REPLY, "refused 65 the frame ends" },
    };
    g_autofree char *path = g_dir_make_tmp ("brevdue-accept-XXXXXX", NULL);
    g_autoptr (BrevSpool) spool = brev_spool_open (path, FALSE, NULL);
    BrevReception reception = { .spool = spool, .max_message_size = 1000 };

    for (guint whole = 0; whole < 2; whole++)
        for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
            int ends[2];
            gsize step = whole ? 100 : 1;
            g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends),
                             ==, 0);
            g_autoptr (BrevConnection) connection = brev_connection_new (ends[0], 0);
            for (gsize at = 0; at < strlen (cases[i].said); at += step) {
                gsize left = strlen (cases[i].said) - at;
                g_assert_true (
                    brev_write_all (ends[1], cases[i].said + at, MIN (step, left)));
                g_assert_cmpint (brev_connection_read (connection, &reception, 0), ==,
                                 BREV_TALK_MORE);
            }
            (void) close (ends[1]);
            g_assert_cmpint (brev_connection_read (connection, &reception, 0), ==,
                             cases[i].want);
            if (cases[i].reply != NULL)
                g_assert_true (g_str_has_prefix (connection->reply, cases[i].reply));
        }
    g_assert_cmpuint (brev_spool_sweep (spool), ==, 0);
    for (guint i = 0; i < 3; i++) {
        static const char *const folders[] = { "queue", "tmp", "store" };
        g_autofree char *folder = g_build_filename (path, folders[i], NULL);
        g_assert_cmpint (g_rmdir (folder), ==, 0);
    }
    g_assert_cmpint (g_rmdir (path), ==, 0);
}

static void
test_tools (void)
{
    static const struct {
        const char *line;
        const char *want; /* NULL: refused */
    } cases[] = {
        { "list", "queue list --mailq --peer=33" },
        { "list I=12 S=!root", "queue list --mailq --peer=33 --id=12 --sender=!root" },
        { "wait " ID, "queue wait --peer=33 " ID },
        { "run", "queue retry --all --peer=33" },
        { "run I=12 R=!@a S=--all",
          "queue retry --all --peer=33 --id=12 --recipient=!@a --sender=--all" },
        { "run R=", "queue retry --all --peer=33 --recipient=" },
        { "list " ID, NULL },
        { "wait", NULL },
        { "wait " ID " " ID, NULL },
        { "wait --peer=0", NULL },
        { "run --peer=0", NULL },
        { "run  I=1", NULL },
        { "wake up", NULL },
        { "", NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_auto (GStrv) words = g_strsplit (cases[i].line, " ", -1);
        BrevTool tool;
        g_auto (GStrv) argv = brev_tool_argv ((const char *const *) words, 33, &tool);
        g_autofree char *got = argv == NULL ? NULL : g_strjoinv (" ", argv + 1);
        g_assert_cmpstr (got, ==, cases[i].want);
    }
}

static void
test_stale (void)
{
    int ends[2];

    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), ==, 0);
    g_autoptr (BrevConnection) connection = brev_connection_new (ends[0], 1000);
    g_assert_false (brev_connection_is_stale (connection, 1000 + BREV_MINUTE));
    g_assert_true (brev_connection_is_stale (connection, 1001 + BREV_MINUTE));
    connection->last_active = 1000 + BREV_HOUR;
    g_assert_true (brev_connection_is_stale (connection, 1000 + BREV_HOUR));
    (void) close (ends[1]);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/schedule/wait", test_wait);
    g_test_add_func ("/schedule/endings", test_endings);
    g_test_add_func ("/schedule/configuration", test_configuration_is_tried_again);
    g_test_add_func ("/schedule/clock", test_clock_was_set);
    g_test_add_func ("/schedule/short-lives", test_short_lives);
    g_test_add_func ("/schedule/idle-line", test_idle_line);
    g_test_add_func ("/quota/rows", test_quota);
    g_test_add_func ("/ledger/counts", test_ledger);
    g_test_add_func ("/arrival/repetition", test_repetition);
    g_test_add_func ("/drop/judge", test_dropped);
    g_test_add_func ("/connection/first-bytes", test_first_bytes);
    g_test_add_func ("/connection/stale", test_stale);
    g_test_add_func ("/tool/arguments", test_tools);
    return g_test_run ();
}
