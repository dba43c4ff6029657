/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/crc32c.h"
#include "base/fs.h"
#include "courier/own-mail.h"
#include "courier/report.h"

/* As a program, "test-report write DIRECTORY [full] [delayed] [relayed] [to=RECIPIENT]
 * < MESSAGE", it writes a report about that message into a spool, and its text to standard output, for
 * test_report.py. */

#define NOW G_GINT64_CONSTANT (1700000000000)
#define REPORT_ID "reportreportreportreport00"
#define MESSAGE_ID "messagemessagemessage00000"

static void
test_hears (void)
{
    static char bare[] = "Ops", full[] = "ops@example.com", domain[] = "example.com";
    static const struct {
        const char *name, *sender;
        BrevWay way;
        BrevNotify notify;
        char *postmaster;
        const char *recipient;
        BrevHears want, delayed, relayed;
    } cases[] = {
        { "usual", "a@b", BREV_WAY_SOCKET, 0, full, "x@y", BREV_HEARS_SENDER,
          BREV_HEARS_SENDER, BREV_HEARS_NOBODY },
        { "null", "", BREV_WAY_SOCKET, 0, full, "x@y", BREV_HEARS_POSTMASTER,
          BREV_HEARS_NOBODY, BREV_HEARS_NOBODY },
        { "null-alone", "", BREV_WAY_SOCKET, 0, NULL, "x@y", BREV_HEARS_STATUS,
          BREV_HEARS_NOBODY, BREV_HEARS_NOBODY },
        { "null-to-postmaster", "", BREV_WAY_DROP, 0, full, "Ops@Example.com",
          BREV_HEARS_STATUS, BREV_HEARS_NOBODY, BREV_HEARS_NOBODY },
        { "null-to-bare", "", BREV_WAY_DROP, 0, bare, "ops@example.com",
          BREV_HEARS_STATUS, BREV_HEARS_NOBODY, BREV_HEARS_NOBODY },
        { "null-never", "", BREV_WAY_DROP, BREV_NOTIFY_NEVER, full, "x@y",
          BREV_HEARS_NOBODY, BREV_HEARS_NOBODY, BREV_HEARS_NOBODY },
        { "null-all", "", BREV_WAY_DROP, BREV_NOTIFY_ANY & ~BREV_NOTIFY_NEVER, full,
          "x@y", BREV_HEARS_POSTMASTER, BREV_HEARS_NOBODY, BREV_HEARS_NOBODY },
        { "report", "", BREV_WAY_REPORT, BREV_NOTIFY_NEVER, full, "x@y",
          BREV_HEARS_STATUS, BREV_HEARS_NOBODY, BREV_HEARS_NOBODY },
        { "never", "a@b", BREV_WAY_DROP, BREV_NOTIFY_NEVER, full, "x@y",
          BREV_HEARS_NOBODY, BREV_HEARS_NOBODY, BREV_HEARS_NOBODY },
        { "failure", "a@b", BREV_WAY_DROP, BREV_NOTIFY_FAILURE, NULL, "x@y",
          BREV_HEARS_SENDER, BREV_HEARS_NOBODY, BREV_HEARS_NOBODY },
        { "delay-only", "a@b", BREV_WAY_DROP, BREV_NOTIFY_DELAY, NULL, "x@y",
          BREV_HEARS_NOBODY, BREV_HEARS_SENDER, BREV_HEARS_NOBODY },
        { "success-only", "a@b", BREV_WAY_DROP, BREV_NOTIFY_SUCCESS, full, "x@y",
          BREV_HEARS_NOBODY, BREV_HEARS_NOBODY, BREV_HEARS_SENDER },
        { "success-too", "a@b", BREV_WAY_DROP, BREV_NOTIFY_SUCCESS | BREV_NOTIFY_FAILURE,
          full, "x@y", BREV_HEARS_SENDER, BREV_HEARS_NOBODY, BREV_HEARS_SENDER },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autoptr (BrevStoreMessage) message = brev_store_message_new (MESSAGE_ID);
        BrevStoreRecipient *recipient =
            brev_store_message_add (message, cases[i].recipient, "x", "", 0);
        const BrevConfig config = { .postmaster = cases[i].postmaster,
                                    .mail_name = domain };
        const BrevHears want[] = { cases[i].want, cases[i].delayed, cases[i].relayed };
        g_free (message->sender);
        message->sender = g_strdup (cases[i].sender);
        message->way = (char) cases[i].way;
        recipient->notify = cases[i].notify;
        g_test_message ("%s", cases[i].name);
        for (BrevAction action = 0; action < BREV_ACTION_LAST; action++)
            g_assert_cmpint (brev_report_hears (&config, message, recipient, action), ==,
                             want[action]);
    }
}

static char account_name[] = "main", provider_name[] = "postmark";
static BrevAccount account = { .name = account_name, .provider = provider_name };

static BrevConfig *
make_config (void)
{
    BrevConfig *config = g_new0 (BrevConfig, 1);

    config->mail_name = g_strdup ("example.com");
    config->from = g_strdup ("Web <noreply@example.com>");
    config->lifetime = G_GINT64_CONSTANT (5 * 86400 * 1000);
    config->accounts = g_ptr_array_new ();
    g_ptr_array_add (config->accounts, &account);
    return config;
}

static void
config_free (BrevConfig *config)
{
    g_ptr_array_unref (config->accounts);
    g_free (config->mail_name);
    g_free (config->from);
    g_free (config);
}

/* What the rows of a report depend on. */
typedef struct {
    gboolean full, delayed, relayed;
    const char *to; /* nullable: a bad address, the only recipient */
} Wish;

static void
add_bad (BrevStoreMessage *message, const char *to)
{
    BrevStoreRecipient *r = brev_store_message_add (message, to, to, "", NOW);

    r->state = BREV_STATE_REFUSED;
    r->dsn = g_strdup ("5.1.3");
}

static void
add_delayed (BrevStoreMessage *message)
{
    BrevStoreRecipient *r =
        brev_store_message_add (message, "busy@example.net", "busy", "main", NOW);

    r->state = BREV_STATE_DEFERRED;
    r->attempts = 1;
    r->dsn = g_strdup ("4.2.2");
    r->reply = g_strdup ("503 maintenance");
    r->orcpt = g_strdup ("rfc822;bu+2Bsy@example.org");
    r = brev_store_message_add (message, "new@example.net", "new@example.net", "", NOW);
    r->dsn = g_strdup ("5.0.0");
}

static void
add_relayed (BrevStoreMessage *message)
{
    BrevStoreRecipient *r =
        brev_store_message_add (message, "ann@example.org", "ann", "main", NOW);

    r->state = BREV_STATE_SENT;
    r->attempts = 2;
    r->maybe_sent = TRUE;
    r->dsn = g_strdup ("2.0.0");
    r->remote_id = g_strdup ("b7bc2f4a");
    r = brev_store_message_add (message, "deleted@example.org", "d", "main", NOW);
    r->state = BREV_STATE_DELETED;
}

static void
add_failed (BrevStoreMessage *message)
{
    BrevStoreRecipient *r;

    r = brev_store_message_add (message, "gone@example.net", "gone", "main", NOW);
    r->state = BREV_STATE_REFUSED;
    r->attempts = 1;
    r->dsn = g_strdup ("5.1.1");
    r->reply = g_strdup ("406 Inactive recipient: gr\xc3\xb8"
                         "d\r\nBcc: evil@example.org");
    r = brev_store_message_add (message, "sl\xc3\xb8w@example.net",
                                "sl\xc3\xb8w@example.net", "lost", NOW);
    r->state = BREV_STATE_EXPIRED;
    r->attempts = 17;
    r->maybe_sent = TRUE;
    r->dsn = g_strdup ("nonsense");
}

static BrevStoreMessage *
make_message (const Wish *wish)
{
    BrevStoreMessage *message = brev_store_message_new (MESSAGE_ID);

    g_free (message->sender);
    message->sender = g_strdup ("www-data@example.com");
    message->arrival = NOW - 3600000;
    message->message_id = g_strdup ("<id@example.com>");
    message->login = g_strdup ("www-data");
    message->program = g_strdup ("/usr/bin/php");
    if (wish->to != NULL)
        add_bad (message, wish->to);
    if (wish->relayed)
        add_relayed (message);
    if (wish->delayed)
        add_delayed (message);
    if (message->recipients->len == 0)
        add_failed (message);
    return message;
}

static BrevQueueFile *
write_original (int dir, const char *text, gboolean full, int *fd)
{
    g_autoptr (BrevEnvelope) envelope = brev_envelope_new ();
    g_autoptr (GByteArray) head = NULL;
    BrevOrigin origin = { .uid = 33, .arrival = NOW, .way = BREV_WAY_SOCKET };
    guint8 record[BREV_ORIGIN_SIZE], tail[BREV_FRAME_TAIL];
    g_autoptr (GError) error = NULL;
    BrevQueueFile *file;
    guint32 crc;

    g_free (envelope->sender);
    envelope->sender = g_strdup ("www-data@example.com");
    envelope->sender_is_login = TRUE;
    g_ptr_array_add (envelope->recipients, g_strdup ("gone"));
    envelope->envid = g_strdup ("order=17 \xc3\xb8");
    envelope->ret = full ? BREV_RETURN_FULL : BREV_RETURN_UNSAID;
    head = brev_frame_head (MESSAGE_ID, envelope);
    crc = brev_crc32c (brev_crc32c (0, head->data, head->len), text, strlen (text));
    brev_origin_write (&origin, record);
    brev_frame_tail (strlen (text), crc, tail);
    *fd = openat (dir, MESSAGE_ID, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    g_assert_true (brev_write_all (*fd, record, sizeof record));
    g_assert_true (brev_write_all (*fd, head->data, head->len));
    g_assert_true (brev_write_all (*fd, text, strlen (text)));
    g_assert_true (brev_write_all (*fd, tail, sizeof tail));
    file = brev_queue_file_read (*fd, &error);
    g_assert_no_error (error);
    return file;
}

static char *
read_report (const BrevSpool *spool, BrevQueueFile **file)
{
    g_autoptr (GError) error = NULL;
    brev_autofd int fd = openat (spool->queue, REPORT_ID, O_RDONLY | O_CLOEXEC);
    char *text;

    g_assert_cmpint (fd, >=, 0);
    *file = brev_queue_file_read (fd, &error);
    g_assert_no_error (error);
    text = g_malloc0 ((*file)->message_length + 1);
    g_assert_cmpint (
        brev_read_at (fd, text, (*file)->message_length, (*file)->message_offset), ==,
        (gssize) (*file)->message_length);
    return text;
}

/* Returns: the text of the report */
static char *
make_report (const char *directory, const char *original, const Wish *wish)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevSpool) spool = brev_spool_open (directory, FALSE, &error);
    g_autoptr (BrevStoreMessage) message = make_message (wish);
    g_autoptr (BrevQueueFile) file = NULL, report = NULL;
    brev_autofd int fd = -1;
    BrevConfig *config = make_config ();
    char *text;

    g_assert_no_error (error);
    file = write_original (spool->tmp, original, wish->full, &fd);
    message->size = file->message_length;
    for (int i = 0; i < 2; i++) { /* a second time is success, too */
        g_assert_true (brev_report_write (config, spool, REPORT_ID, message, file, fd,
                                          NOW + i, &error));
        g_assert_no_error (error);
    }
    config_free (config);
    text = read_report (spool, &report);
    g_assert_cmpstr (report->id, ==, REPORT_ID);
    g_assert_cmpint (report->origin.way, ==, BREV_WAY_REPORT);
    g_assert_cmpint (report->origin.arrival, ==, NOW);
    g_assert_cmpstr (report->envelope->sender, ==, "");
    g_assert_cmpuint (report->envelope->recipients->len, ==, 1);
    g_assert_cmpstr (report->envelope->recipients->pdata[0], ==, "www-data");
    g_assert_cmpuint (report->envelope->notify, ==, BREV_NOTIFY_NEVER);
    g_assert_cmpint (faccessat (spool->tmp, REPORT_ID, F_OK, 0), ==, -1);
    g_assert_cmpint (unlinkat (spool->tmp, MESSAGE_ID, 0), ==, 0);
    g_assert_cmpint (unlinkat (spool->queue, REPORT_ID, 0), ==, 0);
    return text;
}

static void
remove_spool (const char *directory)
{
    static const char *const names[] = { "queue", "tmp", "store", "" };

    for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
        g_autofree char *path = g_build_filename (directory, names[i], NULL);
        g_assert_cmpint (g_rmdir (path), ==, 0);
    }
}

static void
test_hidden_fields (void)
{
    static const struct {
        const char *header, *absent, *present;
    } cases[] = {
        { "To: a\nBcc: secret@x\nSubject: s\n\n", "secret", "\nTo: a\nSubject: s\n" },
        { "To: a\nbCC : x,\n secret@x\nSubject: s\n\n", "secret",
          "\nTo: a\nSubject: s\n" },
        { "Resent-Bcc:\n\tsecret\nTo: a\n\n", "secret", "\nTo: a\n" },
        { "Bccx: kept\n\n", "secret", "\nBccx: kept\n" },
        { "\nBcc: body\n", "Bcc", "8bit\n\n\n" },
    };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
        g_autofree char *directory = g_dir_make_tmp ("brevdue-report-XXXXXX", NULL);
        g_autofree char *text =
            make_report (directory, cases[i].header, &(Wish){ .full = FALSE });
        g_assert_null (strstr (strstr (text, "rfc822-headers"), cases[i].absent));
        g_assert_nonnull (strstr (text, cases[i].present));
        remove_spool (directory);
    }
}

static int
write_program (const char *directory, const Wish *wish)
{
    GString *original = g_string_new (NULL);
    g_autofree char *text = NULL;
    char buffer[4096];
    gssize got;

    while ((got = brev_read_some (STDIN_FILENO, buffer, sizeof buffer)) > 0)
        g_string_append_len (original, buffer, got);
    text = make_report (directory, original->str, wish);
    (void) g_string_free (original, TRUE);
    return brev_write_all (STDOUT_FILENO, text, strlen (text)) ? 0 : 1;
}

/* What has its number by then is somebody else's. */
static void
test_file_is_closed_once (void)
{
    g_autofree char *directory = g_dir_make_tmp ("brevdue-report-XXXXXX", NULL);
    g_autofree char *path = g_build_filename (directory, "queue", REPORT_ID, NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (BrevSpool) spool = brev_spool_open (directory, FALSE, &error);
    BrevOwnMail mail = { .fd = -1 };
    int other;

    g_assert_no_error (error);
    g_assert_true (
        brev_own_mail_begin (&mail, spool, REPORT_ID, "a@example.com", NOW, &error));
    g_assert_true (brev_own_mail_put (&mail, "Subject: s\n\n", 12));
    g_assert_true (brev_own_mail_end (&mail, &error));
    other = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    brev_own_mail_clear (&mail);
    g_assert_cmpint (fcntl (other, F_GETFD), >=, 0);
    (void) close (other);
    g_assert_cmpint (g_unlink (path), ==, 0);
    for (const char *const *name =
             (const char *const[]){ "queue", "tmp", "store", "", NULL };
         *name != NULL; name++) {
        g_autofree char *folder = g_build_filename (directory, *name, NULL);
        (void) g_rmdir (folder);
    }
}

int
main (int argc, char **argv)
{
    Wish wish = { 0 };

    for (int i = 3; i < argc; i++) {
        if (g_str_has_prefix (argv[i], "to="))
            wish.to = argv[i] + strlen ("to=");
        wish.full |= strcmp (argv[i], "full") == 0;
        wish.delayed |= strcmp (argv[i], "delayed") == 0;
        wish.relayed |= strcmp (argv[i], "relayed") == 0;
    }
    if (argc > 2 && strcmp (argv[1], "write") == 0)
        return write_program (argv[2], &wish);
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/report/hears", test_hears);
    g_test_add_func ("/report/hidden-fields", test_hidden_fields);
    g_test_add_func ("/report/file-is-closed-once", test_file_is_closed_once);
    return g_test_run ();
}
