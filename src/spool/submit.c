/* SPDX-License-Identifier: MIT */
#include "spool/submit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "config/secret.h"
#include "spool/layout.h"
#include "spool/stream.h"
#include "spool/talk.h"

/* One message on its way. */
typedef struct {
    BrevSubmitter *submitter;
    const BrevConfig *config;
    const char *id;
    const GByteArray *head;
    const BrevMessageBytes *message;
} Handover;

void
brev_message_bytes_clear (BrevMessageBytes *message)
{
    g_clear_pointer (&message->memory, g_byte_array_unref);
    brev_close_fd (&message->fd);
    message->fd = -1;
    message->length = 0;
}

/* -- the socket ---------------------------------------------------------------------- */

/* What became of one way in; the message is nowhere else unless it was taken. */
typedef enum {
    OUTCOME_TAKEN,
    OUTCOME_REFUSED,  /* by somebody who understood it: no other way is tried */
    OUTCOME_NOT_TAKEN /* perhaps by another way */
} Outcome;

/* clang-format off */
static const struct {
    int status;
    BrevError code;
} refusals[] = {
    { EX_USAGE,   BREV_ERROR_USAGE },
    { EX_DATAERR, BREV_ERROR_INPUT },
    { EX_NOPERM,  BREV_ERROR_DENIED },
    { EX_CONFIG,  BREV_ERROR_CONFIG },
};
/* clang-format on */

static Outcome
throw_refusal (const char *reply, GError **error)
{
    char *end;
    guint64 status = g_ascii_strtoull (reply, &end, 10);
    g_autofree char *text = brev_text_printable (g_strchug (end));
    BrevError code = BREV_ERROR_SYSTEM;

    for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
        if ((guint64) refusals[i].status == status)
            code = refusals[i].code;
    (void) brev_throw (error, code, "the service refused the message: %s", text);
    return OUTCOME_REFUSED;
}

/* What a service says that takes nothing now, without the word of the protocol. */
static gboolean
throw_busy (const char *reply, GError **error)
{
    g_autofree char *text = brev_text_printable (reply);
    gsize word = g_str_has_prefix (text, "busy ") ? strlen ("busy ") : 0;

    return brev_throw (error, BREV_ERROR_BUSY, "the service said '%s'", text + word);
}

static Outcome
judge_reply (const char *reply, const char *id, GError **error)
{
    g_autofree char *queued = g_strdup_printf ("queued %s", id);

    if (strcmp (reply, queued) == 0)
        return OUTCOME_TAKEN;
    if (g_str_has_prefix (reply, "refused "))
        return throw_refusal (reply + strlen ("refused "), error);
    (void) throw_busy (reply, error);
    return OUTCOME_NOT_TAKEN;
}

/* A service that is gone in mid-stream may have said why. */
static char *
converse (const Handover *handover, int fd, GError **error)
{
    g_autoptr (GError) local = NULL;

    if (!brev_stream_frame (handover->head, handover->message, NULL, fd, brev_talk_put,
                            &local) &&
        !g_error_matches (local, BREV_ERROR, BREV_ERROR_BUSY)) {
        g_propagate_error (error, g_steal_pointer (&local));
        return NULL;
    }
    (void) shutdown (fd, SHUT_WR);
    return brev_talk_line (fd, error);
}

/* The socket is closed when this returns: nothing else is written before. */
static Outcome
try_socket (const Handover *handover, GError **error)
{
    g_autoptr (GError) local = NULL;
    g_autofree char *reply = NULL;

    if (handover->submitter->socket_is_silent) {
        (void) brev_throw (error, BREV_ERROR_NETWORK, "the service is silent");
        return OUTCOME_NOT_TAKEN;
    }
    brev_autofd int fd = brev_talk_connect (handover->config->socket, error);
    if (fd < 0)
        return OUTCOME_NOT_TAKEN;
    reply = converse (handover, fd, &local);
    if (reply != NULL)
        return judge_reply (reply, handover->id, error);
    if (g_error_matches (local, BREV_ERROR, BREV_ERROR_NETWORK))
        handover->submitter->socket_is_silent = TRUE;
    g_propagate_error (error, g_steal_pointer (&local));
    return OUTCOME_NOT_TAKEN;
}

/* -- the drop directory -------------------------------------------------------------- */

/* Everything but the bytes: the service must be able to read it whatever the umask, and
 * the file is synced again after the rename so that its name is on disk, too: the
 * directory itself cannot be opened by those who may only write to it. */
static gboolean
commit_drop (int dir, int fd, const char *temporary, const char *name, GError **error)
{
    if (fsync (fd) < 0)
        return brev_throw_errno (error, errno, "cannot sync the file");
    if (renameat2 (dir, temporary, dir, name, RENAME_NOREPLACE) < 0)
        return brev_throw_errno (error, errno, "cannot rename the file");
    if (fsync (fd) < 0) {
        int number = errno;
        (void) unlinkat (dir, name, 0);
        return brev_throw_errno (error, number, "cannot sync the file's name");
    }
    return TRUE;
}

static gboolean
write_drop (const Handover *handover, int dir, GError **error)
{
    g_autofree char *temporary = g_strconcat (".", handover->id, NULL);
    brev_autofd int fd =
        openat (dir, temporary, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return brev_throw_errno (error, errno, "cannot make a file");
    if (fchmod (fd, 0640) < 0) {
        int number = errno;
        (void) unlinkat (dir, temporary, 0);
        return brev_throw_errno (error, number, "cannot set the file's mode");
    }
    if (brev_stream_frame (handover->head, handover->message, NULL, fd,
                           brev_stream_put_file, error) &&
        commit_drop (dir, fd, temporary, handover->id, error))
        return TRUE;
    (void) unlinkat (dir, temporary, 0);
    return FALSE;
}

static gboolean
try_drop (const Handover *handover, GError **error)
{
    g_autofree char *path = g_build_filename (handover->config->spool, "drop", NULL);
    brev_autofd int dir = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0)
        return brev_throw_errno (error, errno, "cannot open '%s'", path);
    if (write_drop (handover, dir, error))
        return TRUE;
    g_prefix_error (error, "'%s': ", path);
    return FALSE;
}

/* -- a spool of one's own, or none --------------------------------------------------- */

static BrevOrigin
own_origin (void)
{
    return (BrevOrigin){
        .uid = geteuid (),
        .gid = getegid (),
        .pid = (guint32) getpid (),
        .arrival = brev_clock_now (),
        .way = BREV_WAY_OWN,
    };
}

static gboolean
write_own (const Handover *handover, const BrevSpool *spool, GError **error)
{
    const BrevOrigin origin = own_origin ();
    brev_autofd int fd = brev_spool_create (spool, handover->id, error);

    if (fd < 0)
        return FALSE;
    if (brev_stream_frame (handover->head, handover->message, &origin, fd,
                           brev_stream_put_file, error) &&
        brev_commit_at (spool->tmp, fd, handover->id, handover->id, spool->queue, error))
        return TRUE;
    (void) unlinkat (spool->tmp, handover->id, 0);
    (void) unlinkat (spool->queue, handover->id, 0);
    return FALSE;
}

static gboolean
try_own (const Handover *handover, GError **error)
{
    g_autoptr (BrevSpool) spool = brev_spool_open_own (handover->config, error);

    return spool != NULL && write_own (handover, spool, error);
}

/* A large message does not belong into memory when there is any disk. */
static int
open_nameless (const BrevMessageBytes *message)
{
    int fd = -1;

    if (message->fd >= 0)
        fd = open (g_get_tmp_dir (), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : memfd_create ("brevdue", MFD_CLOEXEC);
}

static int
keep_in_memory (const Handover *handover, GError **error)
{
    const BrevOrigin origin = own_origin ();
    brev_autofd int fd = open_nameless (handover->message);

    if (fd < 0) {
        (void) brev_throw_errno (error, errno, "cannot keep the message in memory");
        return -1;
    }
    if (!brev_stream_frame (handover->head, handover->message, &origin, fd,
                            brev_stream_put_file, error))
        return -1;
    return brev_steal_fd (&fd);
}

static gboolean
submit_direct (const Handover *handover, BrevSubmitted *how, int *frame_fd,
               GError **error)
{
    if (try_own (handover, NULL)) {
        *how = BREV_SUBMITTED_OWN;
        return TRUE;
    }
    int fd = keep_in_memory (handover, error);
    if (fd < 0)
        return FALSE;
    *frame_fd = fd;
    *how = BREV_SUBMITTED_MEMORY;
    return TRUE;
}

/* -- which way ----------------------------------------------------------------------- */

static gboolean
is_missing (const char *path)
{
    return access (path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

static gboolean
is_service_missing (const BrevConfig *config)
{
    g_autofree char *drop = g_build_filename (config->spool, "drop", NULL);

    return is_missing (config->socket) && is_missing (drop);
}

/* @error: what is wrong with the last account, if there is any */
static gboolean
has_usable_account (const BrevConfig *config, GError **error)
{
    for (guint i = 0; i < config->accounts->len; i++) {
        const BrevAccount *account = g_ptr_array_index (config->accounts, i);
        g_clear_error (error);
        char *secret = brev_secret_load (account, FALSE, error);
        gboolean is_usable =
            secret != NULL || g_strcmp0 (account->provider, "outbox") == 0;
        brev_secret_free (secret);
        if (is_usable)
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_direct_asked_for (const BrevConfig *config)
{
    if (config->delivery == BREV_DELIVERY_AUTO)
        return config->is_users_own;
    return config->delivery == BREV_DELIVERY_DIRECT;
}

/* Whether a caller without any service may send itself. An error in the configuration
 * never decides that: the service may be named in the very line that could not be read.
 */
static gboolean
check_direct (const BrevConfig *config, GError **error)
{
    g_autoptr (GError) fault = NULL;

    if (!brev_config_check (config, error))
        return FALSE;
    if (has_usable_account (config, &fault))
        return TRUE;
    return brev_throw (
        error, BREV_ERROR_CONFIG,
        "there is no service ('%s' does not exist) "
        "and no account that this user can read%s%s; note that cron and PHP-FPM "
        "clear the environment",
        config->socket, fault == NULL ? "" : ": ", fault == NULL ? "" : fault->message);
}

/* A frame that our own reader refuses must not lie about as a message. */
static gboolean
check_frame (const Handover *handover, GError **error)
{
    g_autoptr (BrevFrameReader) reader = brev_frame_reader_new (G_MAXUINT64);
    const BrevConfig *config = handover->config;

    if (handover->message->length > config->max_message_size)
        return brev_throw (error, BREV_ERROR_INPUT,
                           "the message is larger than %" G_GUINT64_FORMAT
                           " bytes (max-message-size)",
                           config->max_message_size);
    return brev_frame_reader_feed (reader, handover->head->data, handover->head->len,
                                   error);
}

static gboolean
submit_to_service (const Handover *handover, BrevSubmitted *how, GError **error)
{
    g_autoptr (GError) by_socket = NULL;
    g_autoptr (GError) by_drop = NULL;

    switch (try_socket (handover, &by_socket)) {
    case OUTCOME_TAKEN:
        *how = BREV_SUBMITTED_SOCKET;
        return TRUE;
    case OUTCOME_REFUSED:
        g_propagate_error (error, g_steal_pointer (&by_socket));
        return FALSE;
    case OUTCOME_NOT_TAKEN:
        break;
    }
    *how = BREV_SUBMITTED_DROP;
    if (try_drop (handover, &by_drop))
        return TRUE;
    return brev_throw (error, BREV_ERROR_SYSTEM,
                       "the message was not taken: '%s': %s; %s",
                       handover->config->socket, by_socket->message, by_drop->message);
}

gboolean
brev_submit (BrevSubmitter *submitter, const BrevEnvelope *envelope,
             const BrevMessageBytes *message, char id[BREV_ID_LENGTH + 1],
             BrevSubmitted *how, int *frame_fd, GError **error)
{
    const BrevConfig *config = submitter->config;
    g_autoptr (GByteArray) head = NULL;

    brev_id_new (id);
    head = brev_frame_head (id, envelope);
    const Handover handover = { submitter, config, id, head, message };
    *frame_fd = -1;
    if (!check_frame (&handover, error))
        return FALSE;
    if (is_direct_asked_for (config))
        return submit_direct (&handover, how, frame_fd, error);
    if (config->delivery == BREV_DELIVERY_AUTO && is_service_missing (config))
        return check_direct (config, error) &&
               submit_direct (&handover, how, frame_fd, error);
    return submit_to_service (&handover, how, error);
}

/* -- other requests ------------------------------------------------------------------ */

/* Longer than "brevdue queue wait" does. */
#define WAIT_PATIENCE (25 * BREV_SECOND)

static int
send_request (const BrevConfig *config, const char *request, GError **error)
{
    g_autofree char *line = g_strdup_printf ("brevdue1 %s\n", request);
    brev_autofd int fd = brev_talk_connect (config->socket, error);

    if (fd < 0 || !brev_talk_put (fd, line, strlen (line), error))
        return -1;
    (void) shutdown (fd, SHUT_WR);
    return brev_steal_fd (&fd);
}

gboolean
brev_submit_wake (const BrevConfig *config, GError **error)
{
    brev_autofd int fd = send_request (config, "wake", error);
    g_autofree char *reply = fd < 0 ? NULL : brev_talk_line (fd, error);

    if (reply == NULL)
        return FALSE;
    return strcmp (reply, "ok") == 0 || throw_busy (reply, error);
}

/* The service answers by itself only when it cannot do what was asked. */
static gboolean
is_refusal (const char *text)
{
    return g_str_has_prefix (text, "busy ") || g_str_has_prefix (text, "refused ");
}

static gboolean
copy_reply (int fd, gint64 patience, int reply_fd, GError **error)
{
    char buffer[4096];
    gboolean is_empty = TRUE;
    gssize got;

    while ((got = brev_talk_get (fd, buffer, sizeof buffer - 1,
                                 brev_clock_ticks () + patience, error)) > 0) {
        buffer[got] = '\0';
        if (is_empty && is_refusal (buffer))
            return throw_busy (g_strchomp (buffer), error);
        is_empty = FALSE;
        if (reply_fd >= 0 && !brev_write_all (reply_fd, buffer, (gsize) got))
            return brev_throw_errno (error, errno, "cannot write what the service says");
    }
    if (got < 0)
        return FALSE;
    return !is_empty || brev_throw (error, BREV_ERROR_BUSY,
                                    "the service gave no answer; its log says why");
}

gboolean
brev_submit_ask (const BrevConfig *config, const char *request, gint64 patience,
                 int reply_fd, GError **error)
{
    brev_autofd int fd = send_request (config, request, error);

    return fd >= 0 && copy_reply (fd, patience, reply_fd, error);
}

gboolean
brev_submit_wait (const BrevConfig *config, const char *id, int reply_fd, GError **error)
{
    g_autofree char *request = g_strconcat ("wait ", id, NULL);

    return brev_submit_ask (config, request, WAIT_PATIENCE, reply_fd, error);
}
