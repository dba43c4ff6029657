/* SPDX-License-Identifier: MIT */
#include "transport/dispatch.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "transport/session.h"
#include "transport/talk.h"

/* RFC 5321 section 4.5.3.2.7 lets a server end it after five minutes; many do sooner. */
#define MAX_IDLE (20 * BREV_SECOND)
#define MAX_IDLE_SESSIONS 64
/* Written in one go: then it is the turn of the others. */
#define TURN (1024 * 1024)

struct BrevPost {
    const BrevHttpLimits *limits;
    GPtrArray *idle; /* owned, of Idle, the oldest first */
};

/* A connection that may be used again. */
typedef struct {
    BrevPost *post;
    BrevSession *session; /* owned */
    guint timer;
} Idle;

struct BrevDispatch {
    BrevPost *post;
    BrevHttpRequest *request; /* owned */
    BrevSession *session;     /* owned, nullable */
    gboolean is_used_again;   /* the session, and nothing was heard yet */
    BrevTalk *talk;           /* owned, nullable: before the session is open */
    BrevSmtpLines lines;
    guint start;     /* source: begins on a session that was kept */
    guint total;     /* source: the end of all patience */
    guint stall;     /* source: nothing went on for too long */
    gint64 progress; /* ticks: when something went on last */
    BrevDispatchDone done;
    gpointer data;
};

/* -- idle connections ---------------------------------------------------------------- */

static void
idle_free (gpointer data)
{
    Idle *idle = data;

    if (idle->timer != 0)
        g_source_remove (idle->timer);
    brev_session_close (idle->session, TRUE);
    g_free (idle);
}

static gboolean
idle_too_long (gpointer data)
{
    Idle *idle = data;

    idle->timer = 0;
    g_ptr_array_remove (idle->post->idle, idle);
    return G_SOURCE_REMOVE;
}

/* The server has closed it, or says that it will. */
static void
idle_spoke (BrevSession *session, gpointer data)
{
    Idle *idle = data;

    g_ptr_array_remove (idle->post->idle, idle);
}

static void
keep (BrevPost *post, BrevSession *session)
{
    Idle *idle = g_new0 (Idle, 1);

    if (post->idle->len >= MAX_IDLE_SESSIONS)
        g_ptr_array_remove_index (post->idle, 0);
    idle->post = post;
    idle->session = session;
    idle->timer = g_timeout_add ((guint) MAX_IDLE, idle_too_long, idle);
    brev_session_watch (session, FALSE, idle_spoke, idle);
    g_ptr_array_add (post->idle, idle);
}

/* (transfer full) (nullable) */
static BrevSession *
take_idle (BrevPost *post, const BrevHttpRequest *request)
{
    for (guint i = post->idle->len; i > 0; i--) {
        Idle *idle = post->idle->pdata[i - 1];
        BrevSession *session = idle->session;
        if (!brev_session_is_for (session, request->url, &request->smtp->peer))
            continue;
        brev_session_watch (session, FALSE, NULL, NULL);
        idle->session = NULL;
        g_ptr_array_remove_index (post->idle, i - 1);
        return session;
    }
    return NULL;
}

BrevPost *
brev_post_new (const BrevHttpLimits *limits)
{
    BrevPost *post = g_new0 (BrevPost, 1);

    post->limits = limits;
    post->idle = g_ptr_array_new_with_free_func (idle_free);
    return post;
}

void
brev_post_free (BrevPost *post)
{
    if (post == NULL)
        return;
    g_ptr_array_unref (post->idle);
    g_free (post);
}

/* -- the reply ----------------------------------------------------------------------- */

/* (transfer full): what was said so far */
static BrevSmtpAnswer *
copy_answer (const BrevDispatch *dispatch)
{
    guint n = dispatch->request->smtp->recipients->len;
    BrevSmtpAnswer *copy = brev_smtp_answer_new (n);
    const BrevSmtpAnswer *answer;

    if (dispatch->talk == NULL)
        return copy;
    answer = brev_talk_answer (dispatch->talk);
    copy->stage = answer->stage;
    copy->has_dsn = answer->has_dsn;
    brev_smtp_reply_set (&copy->last, answer->last.code, answer->last.text);
    for (guint i = 0; i < n; i++)
        brev_smtp_reply_set (&copy->recipients[i], answer->recipients[i].code,
                             answer->recipients[i].text);
    return copy;
}

/* Tells the outcome; the dispatch is gone then. @words (nullable): why there is no reply */
static void
end (BrevDispatch *dispatch, BrevSmtpAnswer *answer, const char *words)
{
    BrevHttpReply *reply = brev_http_reply_new (answer->last.code, NULL);
    BrevDispatchDone done = dispatch->done;
    gpointer data = dispatch->data;

    reply->smtp = answer;
    reply->may_have_left = answer->stage == BREV_SMTP_END;
    reply->is_complete = answer->last.code != 0;
    if (words != NULL) {
        g_autofree char *printable = brev_text_printable (words);
        reply->error = g_strdup_printf ("%s: %s", brev_session_origin (dispatch->session),
                                        printable);
    }
    brev_dispatch_free (dispatch);
    done (reply, data);
}

static void
break_off (BrevDispatch *dispatch, const char *words)
{
    end (dispatch, copy_answer (dispatch), words);
}

/* -- the transaction ----------------------------------------------------------------- */

static gboolean begin (BrevDispatch *dispatch, gboolean may_use_again, GError **error);
static void go_on (BrevDispatch *dispatch);

static void
on_ready (BrevSession *session, gpointer data)
{
    go_on (data);
}

static void
finish (BrevDispatch *dispatch)
{
    if (brev_talk_is_clean (dispatch->talk))
        keep (dispatch->post, g_steal_pointer (&dispatch->session));
    break_off (dispatch, NULL);
}

/* A server may close a connection that is idle at the moment when it is used again. */
static void
lose_connection (BrevDispatch *dispatch)
{
    if (!dispatch->is_used_again || brev_talk_was_heard (dispatch->talk)) {
        break_off (dispatch, "the connection ended in the middle of the mail");
        return;
    }
    g_clear_pointer (&dispatch->talk, brev_talk_free);
    brev_session_close (g_steal_pointer (&dispatch->session), FALSE);
    brev_smtp_lines_clear (&dispatch->lines);
    dispatch->progress = brev_clock_ticks ();
    (void) begin (dispatch, FALSE, NULL); /* its URL was good before */
}

/* Returns: whether the dispatch goes on */
static gboolean
hear (BrevDispatch *dispatch, const char *line)
{
    g_autofree char *text = NULL;

    if (!brev_smtp_lines_add (&dispatch->lines, line)) {
        break_off (dispatch, "the server's reply is no reply of SMTP");
        return FALSE;
    }
    if (!dispatch->lines.is_complete)
        return TRUE;
    text = g_strdelimit (g_strdup (dispatch->lines.text->str), "\n", ' ');
    switch (brev_talk_hear (dispatch->talk, dispatch->lines.code, text)) {
    case BREV_TALK_IS_OVER:
        finish (dispatch);
        return FALSE;
    case BREV_TALK_IS_BROKEN:
        break_off (dispatch, "the server's reply does not fit to what was said");
        return FALSE;
    case BREV_TALK_GOES_ON:
        break;
    }
    return TRUE;
}

/* Returns: 1 when something was read, 0 when there is nothing, -1: the end */
static int
read_some (BrevDispatch *dispatch)
{
    int was_read = 0;
    int got;

    for (;;) {
        g_autofree char *line = NULL;
        got = brev_session_read_line (dispatch->session, &line);
        if (got == 0)
            return was_read;
        if (got < 0) {
            lose_connection (dispatch);
            return -1;
        }
        if (!hear (dispatch, line))
            return -1;
        was_read = 1;
    }
}

/* Returns: 1 when something was written, 0 when nothing can be, -1: the end */
static int
write_some (BrevDispatch *dispatch, gboolean *wants_to_write)
{
    g_autoptr (GError) error = NULL;
    const char *bytes;
    gsize written = 0;
    gssize length, n;

    *wants_to_write = FALSE;
    while (written < TURN &&
           (length = brev_talk_pending (dispatch->talk, &bytes, &error)) != 0) {
        if (length < 0) {
            break_off (dispatch, error->message);
            return -1;
        }
        n = brev_session_write (dispatch->session, bytes, (gsize) length);
        if (n < 0) { /* its last words may still be there to read */
            if (read_some (dispatch) >= 0)
                lose_connection (dispatch);
            return -1;
        }
        *wants_to_write = n < length || written + (gsize) n >= TURN;
        if (n == 0)
            break;
        brev_talk_sent (dispatch->talk, (gsize) n);
        written += (gsize) n;
    }
    return written > 0;
}

/* What was said is heard before more is written: a refusal in the middle of the message
 * saves its rest. */
static void
go_on (BrevDispatch *dispatch)
{
    gboolean wants_to_write = FALSE;
    int has_read, has_written;

    has_read = read_some (dispatch);
    if (has_read < 0)
        return;
    has_written = write_some (dispatch, &wants_to_write);
    if (has_written < 0)
        return;
    if (has_read > 0 || has_written > 0)
        dispatch->progress = brev_clock_ticks ();
    if (brev_talk_is_over (dispatch->talk))
        finish (dispatch);
    else
        brev_session_watch (dispatch->session, wants_to_write, on_ready, dispatch);
}

static void
start_talk (BrevDispatch *dispatch)
{
    g_autoptr (GError) error = NULL;
    const BrevHttpRequest *request = dispatch->request;

    dispatch->talk = brev_talk_new (request->smtp, request->body,
                                    brev_session_extensions (dispatch->session),
                                    brev_session_size_limit (dispatch->session), &error);
    if (dispatch->talk == NULL)
        break_off (dispatch, error->message);
    else
        go_on (dispatch);
}

static void
on_opened (BrevSession *session, gpointer data)
{
    BrevDispatch *dispatch = data;
    const BrevSmtpReply *last;
    BrevSmtpStage stage;
    const char *failure = brev_session_failure (session, &stage, &last);
    BrevSmtpAnswer *answer;

    dispatch->progress = brev_clock_ticks ();
    if (failure == NULL) {
        start_talk (dispatch);
        return;
    }
    answer = copy_answer (dispatch);
    answer->stage = stage;
    brev_smtp_reply_set (&answer->last, last->code, last->text);
    end (dispatch, answer, failure);
}

/* -- its beginning and its end ------------------------------------------------------- */

static gboolean
on_total (gpointer data)
{
    BrevDispatch *dispatch = data;

    dispatch->total = 0;
    break_off (dispatch, "the mail took too long");
    return G_SOURCE_REMOVE;
}

/* A server that has the whole message may take its time (RFC 5321 section 4.5.3.2.6): who
 * asks again too soon sends it twice. */
static gboolean
is_at_its_end (const BrevDispatch *dispatch)
{
    return dispatch->talk != NULL &&
           brev_talk_answer (dispatch->talk)->stage == BREV_SMTP_END;
}

static gboolean
on_stall (gpointer data)
{
    BrevDispatch *dispatch = data;
    gint64 limit = dispatch->post->limits->stall_timeout;
    gint64 left = limit - (brev_clock_ticks () - dispatch->progress);

    dispatch->stall = 0;
    if (is_at_its_end (dispatch))
        return G_SOURCE_REMOVE;
    if (dispatch->talk != NULL && left <= 0)
        break_off (dispatch, "the server was silent for too long");
    else
        dispatch->stall =
            g_timeout_add ((guint) (left > 0 ? left : limit), on_stall, dispatch);
    return G_SOURCE_REMOVE;
}

static gboolean
on_start (gpointer data)
{
    BrevDispatch *dispatch = data;

    dispatch->start = 0;
    start_talk (dispatch);
    return G_SOURCE_REMOVE;
}

static gboolean
begin (BrevDispatch *dispatch, gboolean may_use_again, GError **error)
{
    const BrevHttpRequest *request = dispatch->request;

    if (may_use_again)
        dispatch->session = take_idle (dispatch->post, request);
    dispatch->is_used_again = dispatch->session != NULL;
    if (dispatch->is_used_again)
        dispatch->start = g_idle_add (on_start, dispatch);
    else
        dispatch->session =
            brev_session_new (request->url, &request->smtp->peer, dispatch->post->limits,
                              on_opened, dispatch, error);
    return dispatch->session != NULL;
}

BrevDispatch *
brev_dispatch_new (BrevPost *post, BrevHttpRequest *request, BrevDispatchDone done,
                   gpointer data, GError **error)
{
    BrevDispatch *dispatch = g_new0 (BrevDispatch, 1);

    dispatch->post = post;
    dispatch->request = request;
    dispatch->done = done;
    dispatch->data = data;
    dispatch->progress = brev_clock_ticks ();
    if (!begin (dispatch, TRUE, error)) {
        brev_dispatch_free (dispatch);
        return NULL;
    }
    dispatch->total =
        g_timeout_add ((guint) post->limits->total_timeout, on_total, dispatch);
    dispatch->stall =
        g_timeout_add ((guint) post->limits->stall_timeout, on_stall, dispatch);
    return dispatch;
}

/* Within a message, QUIT would be a line of it. */
static gboolean
may_say_quit (const BrevDispatch *dispatch)
{
    return dispatch->talk != NULL && brev_talk_is_over (dispatch->talk) &&
           brev_talk_answer (dispatch->talk)->stage != BREV_SMTP_BODY;
}

void
brev_dispatch_free (BrevDispatch *dispatch)
{
    const guint sources[] = { dispatch->start, dispatch->total, dispatch->stall };

    for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
        if (sources[i] != 0)
            g_source_remove (sources[i]);
    brev_session_close (dispatch->session, may_say_quit (dispatch));
    brev_talk_free (dispatch->talk);
    brev_smtp_lines_clear (&dispatch->lines);
    brev_http_request_free (dispatch->request);
    g_free (dispatch);
}
