/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "compat/sender.h"
#include "compat/smtp.h"
#include "envelope/frame.h"

/* A client that writes its whole dialogue without waiting. The first byte says how large
 * the pieces are in which it comes. Whatever it says: each reply is a line of SMTP; each
 * message that is answered with 250 is a sound frame in the drop directory, and nothing
 * else is there; pieces of any size give the same replies and messages. */

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

#define QUEUED "250 2.0.0 Queued as "
#define PIECES_MAX 200 /* that a socket holds */
#define FILE_MAX (1024 * 1024)

static char *spool, *drop, *path; /* directories, and the configuration */

static void
clean_up (void)
{
    (void) unlink (path);
    (void) rmdir (drop);
    (void) rmdir (spool);
}

/* In memory, where there is a place: each message is synced. */
static BrevConfig *
load_config (void)
{
    const char *memory =
        g_file_test ("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm" : "/tmp";
    g_autofree char *text = NULL;

    spool = g_strconcat (memory, "/fuzz-smtp.XXXXXX", NULL);
    g_assert_nonnull (g_mkdtemp (spool));
    drop = g_build_filename (spool, "drop", NULL);
    g_assert_cmpint (mkdir (drop, 0700), ==, 0);
    path = g_build_filename (spool, "brevdue.conf", NULL);
    (void) atexit (clean_up);
    text = g_strdup_printf ("[brevdue]\ndelivery = queue\nspool = %s\nsocket = %s/none\n"
                            "mail-name = example.com\n",
                            spool, spool);
    g_assert_true (g_file_set_contents (path, text, -1, NULL));
    g_assert_true (g_setenv ("BREVDUE_CONFIG", path, TRUE));
    return brev_config_load ();
}

/* Returns: a connection at which all of @data waits, and then the end */
static int
connect_client (const guint8 *data, gsize size, gsize step)
{
    int ends[2];

    g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
    for (gsize at = 0; at < size; at += step)
        g_assert_cmpint (send (ends[1], data + at, MIN (step, size - at), 0), >, 0);
    (void) close (ends[1]);
    return ends[0];
}

/* Returns: (transfer full): all that was answered */
static char *
converse (BrevConfig *config, const guint8 *data, gsize size, gsize step)
{
    g_autoptr (BrevOptions) options = brev_options_new ();
    const BrevCaller caller = { .login = (char[]){ "fuzz" } };
    BrevPost post = { .submitter.config = config };
    brev_autofd int in = connect_client (data, size, step);
    brev_autofd int out = memfd_create ("replies", MFD_CLOEXEC);
    char *replies = g_malloc0 (FILE_MAX);

    (void) brev_smtp_serve (&post, &caller, options, in, out, NULL);
    g_assert_cmpint (brev_read_at (out, replies, FILE_MAX - 1, 0), <, FILE_MAX - 1);
    return replies;
}

static void
check_reply (const char *line)
{
    g_assert_true (g_ascii_isdigit (line[0]) && g_ascii_isdigit (line[1]) &&
                   g_ascii_isdigit (line[2]) && (line[3] == ' ' || line[3] == '-'));
    g_assert_false (brev_text_has_controls (line));
}

static void
check_envelope (const BrevEnvelope *envelope)
{
    g_assert_cmpuint (envelope->recipients->len, >, 0);
    g_assert_true (envelope->wishes->len == 0 ||
                   envelope->wishes->len == envelope->recipients->len);
    for (guint i = 0; i < envelope->recipients->len; i++)
        g_assert_false (brev_text_has_controls (envelope->recipients->pdata[i]));
    for (guint i = 0; i < envelope->wishes->len; i++) {
        BrevNotify notify;
        const char *orcpt;
        g_assert_true (brev_wish_parse (envelope->wishes->pdata[i], &notify, &orcpt));
    }
}

/* Takes the message @id out of the directory and adds what it holds to @all. */
static void
take_message (const char *id, GString *all)
{
    g_autoptr (BrevFrameReader) reader = brev_frame_reader_new (FILE_MAX);
    g_autofree char *file = g_build_filename (drop, id, NULL);
    g_autofree char *bytes = NULL;
    g_autoptr (GError) error = NULL;
    gsize length, head;

    g_assert_true (g_file_get_contents (file, &bytes, &length, NULL));
    g_assert_true (brev_frame_reader_feed (reader, bytes, length, &error));
    g_assert_true (brev_frame_reader_finish (reader, &error));
    g_assert_no_error (error);
    check_envelope (brev_frame_reader_envelope (reader));
    head = length - BREV_FRAME_TAIL;
    for (guint i = 0; i < brev_frame_reader_envelope (reader)->recipients->len; i++)
        g_string_append_printf (
            all, "%s ",
            (char *) brev_frame_reader_envelope (reader)->recipients->pdata[i]);
    g_string_append_len (all, bytes + brev_frame_reader_head_length (reader),
                         (gssize) (head - brev_frame_reader_head_length (reader)));
    g_assert_cmpint (unlink (file), ==, 0);
}

/* Returns: (transfer full): replies without IDs, and the messages behind them */
static GString *
judge (const char *replies)
{
    g_auto (GStrv) lines = g_strsplit (replies, "\r\n", -1);
    g_autoptr (GDir) left = NULL;
    GString *all = g_string_new (NULL);

    for (char **line = lines; line[0] != NULL && line[1] != NULL; line++) {
        check_reply (*line);
        if (g_str_has_prefix (*line, QUEUED))
            take_message (*line + strlen (QUEUED), all);
        else
            g_string_append_printf (all, "%s\n", *line);
    }
    left = g_dir_open (drop, 0, NULL);
    g_assert_null (g_dir_read_name (left));
    return all;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
    static BrevConfig *config;

    if (size < 2)
        return 0;
    if (config == NULL)
        config = load_config ();
    gsize step = MAX (data[0] + 1u, size / PIECES_MAX + 1);
    g_autofree char *whole_replies = converse (config, data + 1, size - 1, size);
    g_autoptr (GString) whole = judge (whole_replies);
    g_autofree char *piece_replies = converse (config, data + 1, size - 1, step);
    g_autoptr (GString) pieces = judge (piece_replies);

    g_assert_cmpmem (whole->str, whole->len, pieces->str, pieces->len);
    return 0;
}
