/* SPDX-License-Identifier: MIT */
#include "courier/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "config/config.h"

void
brev_direct_result_clear (BrevDirectResult *result)
{
    g_clear_pointer (&result->text, g_free);
}

/* -- pure ---------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *dsn; /* RFC 3463, or its start */
    int status;
} refusals[] = {
    { "5.1.3", EX_DATAERR },     /* no address at all */
    { "5.1.8", EX_UNAVAILABLE }, /* the sender's */
    { "5.1.7", EX_UNAVAILABLE },
    { "5.1.",  EX_NOUSER },
    { "5.2.1", EX_NOUSER },
    { "5.3.4", EX_DATAERR },     /* too large */
    { "5.6.",  EX_DATAERR },     /* the content */
    { "5.",    EX_UNAVAILABLE },
};
/* clang-format on */

static int
refusal_status (const BrevStoreRecipient *recipient)
{
    for (gsize i = 0; recipient->dsn != NULL && i < G_N_ELEMENTS (refusals); i++)
        if (g_str_has_prefix (recipient->dsn, refusals[i].dsn))
            return refusals[i].status;
    return EX_UNAVAILABLE;
}

typedef enum { FATE_ACCEPTED, FATE_REFUSED, FATE_WAITING } Fate;

static Fate
fate_of (const BrevStoreRecipient *recipient)
{
    switch (recipient->state) {
    case BREV_STATE_SENT:
    case BREV_STATE_DISCARDED:
        return FATE_ACCEPTED;
    case BREV_STATE_REFUSED:
    case BREV_STATE_EXPIRED:
    case BREV_STATE_DELETED:
        return FATE_REFUSED;
    case BREV_STATE_QUEUED:
    case BREV_STATE_DEFERRED:
    case BREV_STATE_SENDING:
    case BREV_STATE_PARKED:
    case BREV_STATE_LAST:
    default:
        return FATE_WAITING;
    }
}

/* (nullable): the first recipient of that fate, and how many there are */
static const BrevStoreRecipient *
first_of (const BrevStoreMessage *message, Fate fate, guint *n)
{
    const BrevStoreRecipient *first = NULL;

    *n = 0;
    for (guint i = 0; i < message->recipients->len; i++) {
        const BrevStoreRecipient *recipient = message->recipients->pdata[i];
        if (fate_of (recipient) != fate)
            continue;
        if ((*n)++ == 0)
            first = recipient;
    }
    return first;
}

static char *
addresses_of (const BrevStoreMessage *message, Fate fate)
{
    GString *list = g_string_new (NULL);

    for (guint i = 0; i < message->recipients->len; i++) {
        const BrevStoreRecipient *recipient = message->recipients->pdata[i];
        if (fate_of (recipient) == fate)
            g_string_append_printf (list, "%s<%s>", list->len == 0 ? "" : ", ",
                                    recipient->address);
    }
    return g_string_free (list, FALSE);
}

static BrevDirectResult
result (const BrevStoreMessage *message, int status, Fate failed, const char *verb,
        const char *reason)
{
    g_autofree char *whom = addresses_of (message, failed);
    g_autofree char *lucky = addresses_of (message, FATE_ACCEPTED);
    g_autofree char *text = NULL;

    text = g_strdup_printf ("%s %s: %s%s%s%s", verb, whom,
                            reason != NULL ? reason : "no reply yet",
                            *lucky != '\0' ? "; it was sent to " : "", lucky,
                            *lucky != '\0' ? ", who must not get it twice" : "");
    return (BrevDirectResult){ status, brev_text_printable (text) };
}

BrevDirectResult
brev_direct_judge (const BrevStoreMessage *message, gboolean is_durable,
                   const char *problem)
{
    guint accepted, refused, waiting;
    const BrevStoreRecipient *no, *later;

    (void) first_of (message, FATE_ACCEPTED, &accepted);
    no = first_of (message, FATE_REFUSED, &refused);
    later = first_of (message, FATE_WAITING, &waiting);
    if (waiting > 0 && !is_durable)
        return result (message, problem != NULL ? EX_CONFIG : EX_OSERR, FATE_WAITING,
                       "could not be sent, and is not queued, for",
                       problem != NULL ? problem : later->reply);
    if (waiting > 0 || refused == 0 || (accepted > 0 && is_durable))
        return (BrevDirectResult){ EX_OK, NULL };
    return result (message, refusal_status (no), FATE_REFUSED, "refused for", no->reply);
}

gboolean
brev_direct_is_open (const BrevStoreMessage *message)
{
    guint waiting;
    const BrevStoreRecipient *first = first_of (message, FATE_WAITING, &waiting);

    return first != NULL && first->state != BREV_STATE_PARKED;
}

gboolean
brev_direct_is_anothers (const BrevStoreMessage *message)
{
    for (guint i = 0; i < message->recipients->len; i++)
        if (((const BrevStoreRecipient *) message->recipients->pdata[i])->state ==
            BREV_STATE_SENDING)
            return TRUE;
    return FALSE;
}

gint64
brev_direct_delay (guint attempt)
{
    return BREV_SECOND << MIN (attempt, 4);
}

/* -- drain --------------------------------------------------------------------------- */

static void
become_drain (const char *path)
{
    int null = open ("/dev/null", O_RDWR);

    for (int fd = 0; fd <= 2; fd++)
        (void) dup2 (null, fd);
    brev_close_inherited ();
    (void) setsid ();
    (void) execl (path, path, "--drain", (char *) NULL);
    _exit (EX_OSFILE);
}

/* Twice removed, so that it is nobody's child to wait for. */
void
brev_direct_start_drain (void)
{
    g_autofree char *path = brev_program_path ("courier");
    pid_t child = fork ();

    if (child < 0) {
        brev_log (BREV_LOG_WARNING,
                  "cannot start '%s': %s; 'brevdue flush' sends what is due", path,
                  g_strerror (errno));
        return;
    }
    if (child == 0 && fork () == 0)
        become_drain (path);
    if (child == 0)
        _exit (0);
    (void) waitpid (child, NULL, 0);
}
