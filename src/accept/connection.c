/* SPDX-License-Identifier: MIT */
#include "accept/connection.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"

#define CHUNK (64 * 1024)
#define CHUNKS_AT_ONCE 8
/* A client that is refused is read to its end, so that it can hear why, up to this. */
#define DRAIN_MAX (G_GUINT64_CONSTANT (256) * 1024 * 1024)
#define PATIENCE (60 * BREV_SECOND)
#define PATIENCE_IN_ALL (30 * BREV_MINUTE)

#define REQUEST_PREFIX "brevdue1 "

BrevConnection *
brev_connection_new (int fd, gint64 ticks)
{
    BrevConnection *connection = g_new0 (BrevConnection, 1);
    socklen_t size = sizeof connection->peer;

    connection->fd = fd;
    connection->last_active = connection->born = ticks;
    if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &connection->peer, &size) == 0)
        return connection;
    brev_connection_free (connection);
    return NULL;
}

void
brev_connection_free (BrevConnection *connection)
{
    if (connection == NULL)
        return;
    brev_close_fd (&connection->fd);
    brev_arrival_free (connection->arrival);
    g_strfreev (connection->request);
    g_free (connection->reply);
    g_free (connection);
}

/* The reply is clear; what the client has still to say is read and forgotten. */
static void
refuse (BrevConnection *connection, const GError *error)
{
    g_clear_pointer (&connection->arrival, brev_arrival_free);
    g_free (connection->reply);
    if (g_error_matches (error, BREV_ERROR, BREV_ERROR_SYSTEM))
        connection->reply = g_strdup_printf ("busy %s\n", error->message);
    else
        connection->reply =
            g_strdup_printf ("refused %d %s\n", brev_exit_status (error), error->message);
}

static gboolean
put (BrevConnection *connection, BrevReception *reception, const void *bytes,
     gsize length)
{
    g_autoptr (GError) error = NULL;

    if (connection->arrival == NULL) {
        const BrevOrigin origin = {
            .uid = connection->peer.uid,
            .gid = connection->peer.gid,
            .pid = (guint32) connection->peer.pid,
            .arrival = brev_clock_now (),
            .way = BREV_WAY_SOCKET,
        };
        connection->arrival =
            brev_arrival_new (reception->spool, &origin, reception->max_message_size,
                              reception->serial++, &error);
    }
    if (connection->arrival != NULL &&
        brev_arrival_put (connection->arrival, bytes, length, &error))
        return TRUE;
    refuse (connection, error);
    return FALSE;
}

/* Whether the first bytes may still turn out to be a request other than a frame. */
static gboolean
may_be_request (const BrevConnection *connection)
{
    gsize length = MIN (connection->n_first, strlen (REQUEST_PREFIX));

    return memcmp (connection->first, REQUEST_PREFIX, length) == 0;
}

/* Keeps the first bytes until they tell a frame from a request. */
static void
take (BrevConnection *connection, BrevReception *reception, const char *bytes,
      gsize length)
{
    if (connection->reply != NULL) {
        connection->drained += length;
        return;
    }
    if (connection->arrival == NULL) {
        gsize before = connection->n_first;
        gsize taken = MIN (length, sizeof connection->first - before);
        memcpy (connection->first + before, bytes, taken);
        connection->n_first += taken;
        if (may_be_request (connection) ||
            (before > 0 && !put (connection, reception, connection->first, before)))
            return;
    }
    (void) put (connection, reception, bytes, length);
}

/* One line of words, each without blanks and control characters. */
static BrevTalk
judge_request (BrevConnection *connection)
{
    gsize start = strlen (REQUEST_PREFIX), end = connection->n_first - 1;
    g_autofree char *line = NULL;

    if (end < start || connection->first[end] != '\n' ||
        memchr (connection->first, '\0', end) != NULL) {
        connection->reply = g_strdup ("refused 64 this is no request in one line\n");
        return BREV_TALK_REPLY;
    }
    line = g_strndup (connection->first + start, end - start);
    connection->request = g_strsplit (line, " ", -1);
    return strcmp (line, "wake") == 0 ? BREV_TALK_WAKE : BREV_TALK_TOOL;
}

/* The client has said all it wanted to. */
static BrevTalk
judge_end (BrevConnection *connection)
{
    g_autoptr (GError) error = NULL;

    if (connection->reply != NULL)
        return BREV_TALK_REPLY;
    if (connection->n_first == 0)
        return BREV_TALK_GONE;
    if (connection->arrival == NULL)
        return judge_request (connection);
    if (brev_arrival_finish (connection->arrival, &error))
        return BREV_TALK_MESSAGE;
    refuse (connection, error);
    return BREV_TALK_REPLY;
}

BrevTalk
brev_connection_read (BrevConnection *connection, BrevReception *reception, gint64 ticks)
{
    char chunk[CHUNK];

    connection->last_active = ticks;
    for (guint i = 0; i < CHUNKS_AT_ONCE; i++) {
        gssize got = brev_read_some (connection->fd, chunk, sizeof chunk);
        if (got < 0)
            return errno == EAGAIN ? BREV_TALK_MORE : BREV_TALK_GONE;
        if (got == 0)
            return judge_end (connection);
        take (connection, reception, chunk, (gsize) got);
        if (connection->drained > DRAIN_MAX)
            return BREV_TALK_REPLY;
    }
    return BREV_TALK_MORE;
}

void
brev_connection_settle (BrevConnection *connection)
{
    const BrevArrival *arrival = connection->arrival;
    const char *id = brev_arrival_id (arrival);

    g_assert (connection->reply == NULL && arrival->kept != BREV_KEPT_NOT_YET);
    if (arrival->kept == BREV_KEPT_NEW || arrival->kept == BREV_KEPT_ALREADY)
        connection->reply = g_strdup_printf ("queued %s\n", id);
    else if (arrival->kept == BREV_KEPT_FOREIGN)
        connection->reply = g_strdup_printf ("refused 77 %s\n", arrival->problem);
    else
        connection->reply = g_strdup_printf ("busy %s\n", arrival->problem);
}

void
brev_connection_answer (const BrevConnection *connection)
{
    (void) send (connection->fd, connection->reply, strlen (connection->reply),
                 MSG_NOSIGNAL | MSG_DONTWAIT);
}

gboolean
brev_connection_is_stale (const BrevConnection *connection, gint64 ticks)
{
    return ticks - connection->last_active > PATIENCE ||
           ticks - connection->born > PATIENCE_IN_ALL;
}
