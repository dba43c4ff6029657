/* SPDX-License-Identifier: MIT */
#include "doctor/dns.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <signal.h>

#include "base/clock.h"

/* A server that is silent is asked again after a second, and given up after three. */
#define TRY_TIMEOUT 1000
#define TRIES 2

/* Flags in the header of a reply: RFC 1035 4.1.1. */
#define HEADER_SIZE 12
#define IS_AUTHORITATIVE(reply) (((reply)[2] & 0x04) != 0)
#define IS_RECURSIVE(reply) (((reply)[3] & 0x80) != 0)

typedef struct {
    ares_channel channel;
    GPtrArray *answers;
    guint waiting; /* questions without an answer */
} Questions;

typedef struct {
    Questions *questions;
    BrevDnsAnswer *answer;
} Question;

/* -- answers ------------------------------------------------------------------------- */

static void
free_answer (gpointer data)
{
    BrevDnsAnswer *answer = data;

    g_ptr_array_unref (answer->records);
    g_free (answer);
}

static BrevDnsAnswer *
answer_new (void)
{
    BrevDnsAnswer *answer = g_new0 (BrevDnsAnswer, 1);

    answer->state = BREV_DNS_UNKNOWN;
    answer->records = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
    return answer;
}

static void
set_unknown (BrevDnsAnswer *answer, const char *reason)
{
    answer->state = BREV_DNS_UNKNOWN;
    answer->reason = reason;
}

/* A record's strings come one by one, marked where the next record starts. */
static void
read_records (BrevDnsAnswer *answer, const struct ares_txt_ext *strings)
{
    while (strings != NULL) {
        GByteArray *record = g_byte_array_new ();
        do {
            g_byte_array_append (record, strings->txt, (guint) strings->length);
            strings = strings->next;
        } while (strings != NULL && !strings->record_start);
        g_ptr_array_add (answer->records, g_byte_array_free_to_bytes (record));
    }
    answer->state = BREV_DNS_FOUND;
}

/* That nothing is there counts when it comes from a server that looks everywhere, or from
 * the name's own; the target of a CNAME (@is_alias) may be another's. What else has nothing
 * may just have been asked for a foreign name. */
static void
set_nothing (BrevDnsAnswer *answer, const guint8 *reply, int size, gboolean is_alias)
{
    if (reply != NULL && size >= HEADER_SIZE &&
        (IS_RECURSIVE (reply) || (IS_AUTHORITATIVE (reply) && !is_alias)))
        answer->state = BREV_DNS_NOTHING;
    else
        set_unknown (answer, "the name server answers for its own names only");
}

static void
read_reply (BrevDnsAnswer *answer, const guint8 *reply, int size)
{
    struct ares_txt_ext *strings = NULL;
    int status = ares_parse_txt_reply_ext (reply, size, &strings);

    if (status != ARES_SUCCESS)
        set_unknown (answer, ares_strerror (status));
    else if (strings != NULL)
        read_records (answer, strings);
    else
        set_nothing (answer, reply, size, TRUE);
    ares_free_data (strings);
}

static void
answered (void *data, int status, int timeouts, unsigned char *reply, int size)
{
    g_autofree Question *question = data;

    question->questions->waiting--;
    if (status == ARES_SUCCESS)
        read_reply (question->answer, reply, size);
    else if (status == ARES_ENOTFOUND || status == ARES_ENODATA)
        set_nothing (question->answer, reply, size, FALSE);
    else if (status == ARES_ECANCELLED)
        set_unknown (question->answer, "no answer in time");
    else
        set_unknown (question->answer, ares_strerror (status));
}

/* -- questions ----------------------------------------------------------------------- */

static int
open_channel (ares_channel *channel, char **servers)
{
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
        .timeout = TRY_TIMEOUT,
        .tries = TRIES,
    };
    int status = ares_init_options (channel, &options,
                                    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    g_autofree char *list = NULL;

    if (status != ARES_SUCCESS || servers == NULL)
        return status;
    list = g_strjoinv (",", servers);
    status = ares_set_servers_ports_csv (*channel, list);
    if (status != ARES_SUCCESS)
        ares_destroy (*channel);
    return status;
}

static void
ask (Questions *questions, const char *name)
{
    Question *question = g_new (Question, 1);

    question->questions = questions;
    question->answer = answer_new ();
    g_ptr_array_add (questions->answers, question->answer);
    questions->waiting++;
    ares_query (questions->channel, name, ns_c_in, ns_t_txt, answered, question);
}

static int
poll_timeout (ares_channel channel, gint64 left)
{
    struct timeval most = { left / 1000, left % 1000 * 1000 }, buffer;
    const struct timeval *time = ares_timeout (channel, &most, &buffer);

    /* rounded up: never a busy loop before the time has come */
    return (int) (time->tv_sec * 1000 + time->tv_usec / 1000 + 1);
}

/* One round: what has come is read, what was silent for too long is asked again. */
static void
turn (ares_channel channel, gint64 left)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    struct pollfd polled[ARES_GETSOCK_MAXNUM];
    guint bits = (guint) ares_getsock (channel, sockets, ARES_GETSOCK_MAXNUM);
    nfds_t n = 0;

    for (guint i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        gboolean reads = (bits >> i & 1) != 0;
        gboolean writes = (bits >> (i + ARES_GETSOCK_MAXNUM) & 1) != 0;
        if (reads || writes)
            polled[n++] = (struct pollfd){
                .fd = sockets[i],
                .events = (short) ((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)),
            };
    }
    (void) poll (polled, n, poll_timeout (channel, left)); /* EINTR: the next round */
    for (nfds_t i = 0; i < n; i++) {
        gboolean reads = (polled[i].revents & ~POLLOUT) != 0;
        gboolean writes = (polled[i].revents & ~POLLIN) != 0;
        ares_process_fd (channel, reads ? polled[i].fd : ARES_SOCKET_BAD,
                         writes ? polled[i].fd : ARES_SOCKET_BAD);
    }
    if (n == 0)
        ares_process_fd (channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* In the end each question has been answered: ares_cancel() answers those that are left. */
static void
wait_for_answers (Questions *questions)
{
    gint64 end = brev_clock_ticks () + BREV_DNS_LIMIT;
    gint64 left;

    while (questions->waiting > 0 && (left = end - brev_clock_ticks ()) > 0)
        turn (questions->channel, left);
    ares_cancel (questions->channel);
}

/* c-ares writes to TCP with writev(): a server that hangs up would kill the program. */
static void
ask_all (Questions *questions, const GPtrArray *names)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction before;

    (void) sigaction (SIGPIPE, &ignore, &before);
    for (guint i = 0; i < names->len; i++)
        ask (questions, names->pdata[i]);
    wait_for_answers (questions);
    ares_destroy (questions->channel);
    (void) sigaction (SIGPIPE, &before, NULL);
}

/* Not even a question could be asked. */
static void
give_up (GPtrArray *answers, guint n, int status)
{
    for (guint i = 0; i < n; i++) {
        BrevDnsAnswer *answer = answer_new ();
        set_unknown (answer, ares_strerror (status));
        g_ptr_array_add (answers, answer);
    }
}

GPtrArray *
brev_dns_find_txt (const GPtrArray *names, char **servers)
{
    Questions questions = { .answers = g_ptr_array_new_with_free_func (free_answer) };
    int status = ares_library_init (ARES_LIB_INIT_ALL);

    if (status != ARES_SUCCESS) {
        give_up (questions.answers, names->len, status);
        return questions.answers;
    }
    status = open_channel (&questions.channel, servers);
    if (status == ARES_SUCCESS)
        ask_all (&questions, names);
    else
        give_up (questions.answers, names->len, status);
    ares_library_cleanup ();
    return questions.answers;
}
