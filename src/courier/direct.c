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
#include "courier/recipients.h"

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

typedef enum {
    FATE_ACCEPTED,
    FATE_REFUSED,
    FATE_WAITING, /* nobody has it */
    FATE_UNKNOWN, /* it waits, too, but an earlier request may have arrived */
    FATE_LAST
} Fate;

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
    case BREV_STATE_SENDING:
        return FATE_UNKNOWN;
    case BREV_STATE_QUEUED:
    case BREV_STATE_DEFERRED:
    case BREV_STATE_PARKED:
    case BREV_STATE_LAST:
    default:
        return recipient->maybe_sent ? FATE_UNKNOWN : FATE_WAITING;
    }
}

/* The recipients of one fate. */
typedef struct {
    const BrevStoreRecipient *first; /* NULL: there are none */
    GString *list;                   /* owned: "<a@b>, <c@d>" */
} Group;

typedef struct {
    Group groups[FATE_LAST];
} Fates;

static Fates
gather (const BrevStoreMessage *message)
{
    Fates fates;

    for (guint i = 0; i < FATE_LAST; i++)
        fates.groups[i] = (Group){ NULL, g_string_new (NULL) };
    for (guint i = 0; i < message->recipients->len; i++) {
        const BrevStoreRecipient *recipient = message->recipients->pdata[i];
        Group *group = &fates.groups[fate_of (recipient)];
        g_autofree char *shown = brev_recipient_show (recipient->address);
        g_string_append_printf (group->list, "%s%s", group->first == NULL ? "" : ", ",
                                shown);
        if (group->first == NULL)
            group->first = recipient;
    }
    return fates;
}

static void
fates_clear (Fates *fates)
{
    for (guint i = 0; i < FATE_LAST; i++)
        (void) g_string_free (fates->groups[i].list, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fates, fates_clear)

/* "VERB WHOM: WHY", if there is anybody; @reason NULL: what was replied to the first */
static void
tell (GString *text, const Group *group, const char *verb, const char *reason)
{
    if (group->first == NULL)
        return;
    if (reason == NULL)
        reason = group->first->reply != NULL ? group->first->reply : "no reply yet";
    g_string_append_printf (text, "%s%s %s: %s", text->len == 0 ? "" : "; ", verb,
                            group->list->str, reason);
}

static BrevDirectResult
result (const Fates *fates, int status, GString *text)
{
    const Group *lucky = &fates->groups[FATE_ACCEPTED];
    g_autofree char *line = NULL;

    if (lucky->first != NULL)
        g_string_append_printf (text, "; it was sent to %s, who must not get it twice",
                                lucky->list->str);
    line = g_string_free (text, FALSE);
    return (BrevDirectResult){ status, brev_text_printable (line) };
}

static BrevDirectResult
judge_unkept (const Fates *fates, const char *problem)
{
    GString *text = g_string_new (NULL);

    tell (text, &fates->groups[FATE_UNKNOWN],
          "may have been sent or not, nobody knows, and is not queued, for", NULL);
    tell (text, &fates->groups[FATE_WAITING], "could not be sent, and is not queued, for",
          problem);
    tell (text, &fates->groups[FATE_REFUSED], "refused for", NULL);
    return result (fates, problem != NULL ? EX_CONFIG : EX_OSERR, text);
}

BrevDirectResult
brev_direct_judge (const BrevStoreMessage *message, gboolean is_durable,
                   const char *problem)
{
    g_auto (Fates) fates = gather (message);
    const BrevStoreRecipient *no = fates.groups[FATE_REFUSED].first;
    gboolean is_accepted = fates.groups[FATE_ACCEPTED].first != NULL;
    gboolean is_open = fates.groups[FATE_WAITING].first != NULL ||
                       fates.groups[FATE_UNKNOWN].first != NULL;
    GString *text;

    if (is_open && !is_durable)
        return judge_unkept (&fates, problem);
    if (is_open || no == NULL || (is_accepted && is_durable))
        return (BrevDirectResult){ EX_OK, NULL };
    text = g_string_new (NULL);
    tell (text, &fates.groups[FATE_REFUSED], "refused for", NULL);
    /* a failure would make the caller send it to everybody once more */
    return result (&fates, is_accepted ? EX_OK : refusal_status (no), text);
}

/* (nullable) */
static const BrevStoreRecipient *
first_open (const BrevStoreMessage *message)
{
    for (guint i = 0; i < message->recipients->len; i++) {
        const BrevStoreRecipient *recipient = message->recipients->pdata[i];
        if (fate_of (recipient) == FATE_WAITING || fate_of (recipient) == FATE_UNKNOWN)
            return recipient;
    }
    return NULL;
}

gboolean
brev_direct_is_open (const BrevStoreMessage *message)
{
    const BrevStoreRecipient *first = first_open (message);

    return first != NULL && first->state != BREV_STATE_PARKED && !message->is_held;
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
