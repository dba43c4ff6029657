/* SPDX-License-Identifier: MIT */
#include "compat/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"

/* A message passes three stages, each of which sees pieces of any size:
 *   lines   CR before LF goes, dots at the start of a line are looked at
 *   header  "From " lines go, the end of the header is found and marked
 *   keep    memory, from MEMORY_MAX bytes on an unlinked file */

enum {
    MEMORY_MAX = 256 * 1024,
    MEMORY_START = 4 * 1024,
    READ_SIZE = 64 * 1024,
    /* A line that shows no colon within the length RFC 5322 allows it is no field. */
    HELD_MAX = 998,
    PATIENCE = 5000, /* ms, for what may follow a lone dot */
};

typedef enum {
    AT_LINE_START, /* @held collects what decides what the line is */
    IN_FIELD,
    IN_FROM_LINE,
    IN_BODY,
} Place;

struct BrevInput {
    BrevInputRules rules;

    /* lines */
    gboolean at_line_start;
    gboolean has_dot; /* the line so far: one dot, perhaps CRs */
    gboolean is_ended;
    guint64 n_crs;       /* not yet known whether LF follows them */
    gboolean is_crlf;    /* the line before ended with CR LF */
    gboolean is_lf_only; /* so far no line did, nor the command before (SMTP) */

    /* header */
    Place place;
    char held[HELD_MAX + 1];
    guint n_held;
    guint name_length;         /* of the field in @held, 0: still in the name */
    gboolean has_field;        /* a continuation can follow */
    gboolean is_field_wanted;  /* the field is one that -t reads */
    gboolean is_line_complete; /* what was kept last ended with LF */
    gboolean has_recipients;
    gboolean has_recipient_field;
    guint n_received;
    GString *from_line; /* nullable */

    /* keep */
    GByteArray *memory;
    int fd;
    guint64 length;
    GError *error;
};

BrevInput *
brev_input_new (const BrevInputRules *rules)
{
    BrevInput *input = g_new0 (BrevInput, 1);

    input->rules = *rules;
    input->at_line_start = TRUE;
    input->is_line_complete = TRUE;
    input->is_crlf = rules->dots == BREV_DOTS_SMTP;
    input->is_lf_only = rules->dots == BREV_DOTS_SMTP_LF;
    input->memory = g_byte_array_sized_new (MEMORY_START);
    input->fd = -1;
    return input;
}

void
brev_input_free (BrevInput *input)
{
    if (input == NULL)
        return;
    if (input->memory != NULL)
        g_byte_array_unref (input->memory);
    if (input->from_line != NULL)
        g_string_free (input->from_line, TRUE);
    brev_close_fd (&input->fd);
    g_clear_error (&input->error);
    g_free (input);
}

/* ---- keep ---- */

/* Returns: an open file without a name, or -1 */
static int
open_unlinked (void)
{
    const char *directories[] = { secure_getenv ("TMPDIR"), "/tmp", "/var/tmp" };

    for (guint i = 0; i < G_N_ELEMENTS (directories); i++) {
        int fd =
            directories[i] == NULL
                ? -1
                : open (directories[i], O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0)
            return fd;
    }
    return memfd_create ("brevdue-message", MFD_CLOEXEC);
}

static gboolean
spill (BrevInput *input, GError **error)
{
    if (input->fd < 0)
        input->fd = open_unlinked ();
    if (input->fd < 0)
        return brev_throw_errno (error, errno,
                                 "cannot make a temporary file for the message");
    if (!brev_write_all (input->fd, input->memory->data, input->memory->len))
        return brev_throw_errno (error, errno,
                                 "cannot write the message to a temporary file");
    g_byte_array_set_size (input->memory, 0);
    return TRUE;
}

static void
keep (BrevInput *input, const char *bytes, gsize length)
{
    if (input->error != NULL || length == 0)
        return;
    input->length += length;
    input->is_line_complete = bytes[length - 1] == '\n';
    if (input->length > input->rules.max_size) {
        (void) brev_throw (
            &input->error, BREV_ERROR_INPUT,
            "the message is larger than max-message-size, %" G_GUINT64_FORMAT
            " bytes; it was not kept",
            input->rules.max_size);
        return;
    }
    g_byte_array_append (input->memory, (const guint8 *) bytes, (guint) length);
    if (input->memory->len >= MEMORY_MAX)
        (void) spill (input, &input->error);
}

/* ---- header ---- */

static gboolean
is_named (const char *name, gsize length, const char *wanted)
{
    return strlen (wanted) == length && g_ascii_strncasecmp (wanted, name, length) == 0;
}

static gboolean
is_recipient_field (const char *name, gsize length)
{
    /* clang-format off */
    static const char *const names[] = {
        "To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc", "Apparently-To",
    };
    /* clang-format on */

    for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        if (is_named (name, length, names[i]))
            return TRUE;
    return FALSE;
}

/* "From a@b Mon Jan 1", as mail folders begin; any number of '>' before it. "From : a@b"
 * is a field. */
static gboolean
held_is_from_line (const BrevInput *input)
{
    const char *end = input->held + input->n_held;
    const char *p = input->held;

    while (p < end && *p == '>')
        p++;
    return !input->has_field && end - p >= 5 && memcmp (p, "From ", 5) == 0;
}

static void
release_held (BrevInput *input)
{
    keep (input, input->held, input->n_held);
    input->n_held = 0;
    input->name_length = 0;
}

/* What the header lacks comes last. @end: the empty line, unless it is there already */
static void
end_header (BrevInput *input, const char *end)
{
    const char *field = input->rules.no_recipient;

    input->place = IN_BODY;
    if (field != NULL && !input->has_recipient_field)
        keep (input, field, strlen (field));
    keep (input, end, strlen (end));
}

/* The line in @held is neither a field nor a continuation: it is the first of the body.
 */
static void
begin_body (BrevInput *input)
{
    end_header (input, "\n");
    release_held (input);
}

static void
begin_from_line (BrevInput *input)
{
    if (input->from_line == NULL)
        input->from_line = g_string_new_len (input->held, input->n_held);
    input->place = input->held[input->n_held - 1] == '\n' ? AT_LINE_START : IN_FROM_LINE;
    input->n_held = 0;
    input->name_length = 0;
}

static void
begin_field (BrevInput *input)
{
    input->is_field_wanted = is_recipient_field (input->held, input->name_length);
    input->has_recipient_field |= input->is_field_wanted;
    input->n_received += is_named (input->held, input->name_length, "Received");
    input->has_field = TRUE;
    input->place = IN_FIELD;
    release_held (input);
}

static void
begin_no_field (BrevInput *input)
{
    if (held_is_from_line (input))
        begin_from_line (input);
    else
        begin_body (input);
}

/* Takes one byte of a line of which it is not yet known what it is. */
static void
hold (BrevInput *input, guchar c)
{
    gboolean is_first = input->n_held == 0;
    gboolean is_blank = c == ' ' || c == '\t';

    input->held[input->n_held++] = (char) c;
    if (is_first && c == '\n') {
        end_header (input, "");
        release_held (input);
    } else if (is_first && is_blank && input->has_field) {
        input->place = IN_FIELD; /* a continuation */
        release_held (input);
    } else if (c == ':' && !is_first) {
        if (input->name_length == 0)
            input->name_length = input->n_held - 1;
        begin_field (input);
    } else if (is_blank && !is_first) {
        /* "Bcc :" is a field, too: who ignores it gives blind copies away. */
        if (input->name_length == 0)
            input->name_length = input->n_held - 1;
    } else if (c <= ' ' || c >= 0x7f || c == ':' || input->name_length > 0) {
        begin_no_field (input);
    }
    if (input->n_held == HELD_MAX)
        begin_no_field (input);
}

static void
note_recipients (BrevInput *input, const char *bytes, gsize length)
{
    for (gsize i = 0; i < length && !input->has_recipients; i++)
        input->has_recipients = !g_ascii_isspace (bytes[i]);
}

/* More of a "From " line; the first one is kept, as far as it goes. */
static void
note_from_line (BrevInput *input, const char *bytes, gsize length)
{
    GString *line = input->from_line;

    if (line->str[line->len - 1] != '\n' && line->len < HELD_MAX)
        g_string_append_len (line, bytes, (gssize) MIN (length, HELD_MAX - line->len));
}

/* The rest of a field's line, or of one that is dropped. Returns: bytes used */
static gsize
finish_line (BrevInput *input, const char *bytes, gsize length)
{
    const char *lf = memchr (bytes, '\n', length);
    gsize used = lf == NULL ? length : (gsize) (lf - bytes) + 1;

    if (input->place == IN_FROM_LINE) {
        note_from_line (input, bytes, used);
    } else {
        if (input->is_field_wanted)
            note_recipients (input, bytes, used);
        keep (input, bytes, used);
    }
    if (lf != NULL)
        input->place = AT_LINE_START;
    return used;
}

static void
feed_header (BrevInput *input, const char *bytes, gsize length)
{
    while (length > 0 && input->place != IN_BODY) {
        gsize used = 1;
        if (input->place == AT_LINE_START)
            hold (input, (guchar) *bytes);
        else
            used = finish_line (input, bytes, length);
        bytes += used;
        length -= used;
    }
    keep (input, bytes, length);
}

static void
finish_header (BrevInput *input)
{
    if (input->n_held > 0)
        begin_no_field (input);
    if (input->place == IN_BODY)
        return;
    if (!input->is_line_complete)
        keep (input, "\n", 1);
    end_header (input, "\n");
}

/* ---- lines ---- */

static void
emit_crs (BrevInput *input)
{
    for (; input->n_crs > 0; input->n_crs--)
        feed_header (input, "\r", 1);
}

static gboolean
is_smtp (const BrevInput *input)
{
    return input->rules.dots == BREV_DOTS_SMTP || input->rules.dots == BREV_DOTS_SMTP_LF;
}

/* Whether LF behind a dot and @n_crs CRs ends the message. Who relays strangers' mail to
 * us may see no end in LF "." LF or in a mixture; if we did, the strangers could write
 * SMTP commands behind it (RFC 5321 4.1.1.4: only CR LF is a line end there). Programs
 * that know nothing but LF use it for every line, the commands too. */
static gboolean
ends_message (const BrevInput *input)
{
    if (!is_smtp (input))
        return TRUE;
    return input->n_crs == 0 ? input->is_lf_only : input->n_crs == 1 && input->is_crlf;
}

/* The byte @c behind a dot that began a line. Returns: whether it is used up */
static gboolean
follow_dot (BrevInput *input, char c)
{
    if (c == '\r') {
        input->n_crs++;
        return TRUE;
    }
    input->has_dot = FALSE;
    if (c == '\n' && ends_message (input)) {
        input->is_ended = TRUE;
        input->n_crs = 0;
        return TRUE;
    }
    /* A lone dot that ends nothing is text. It harms nobody later: the message has lines
     * of our own from here on, and SMTP would double its dots again. */
    if (is_smtp (input) ? c == '\n' : c != '.' || input->n_crs > 0)
        feed_header (input, ".", 1);
    return FALSE;
}

/* The byte @c behind a CR: before LF any number of them goes, elsewhere they stay. */
static gboolean
follow_cr (BrevInput *input, char c)
{
    if (c == '\r') {
        input->n_crs++;
        return TRUE;
    }
    if (c != '\n')
        emit_crs (input);
    else
        input->is_lf_only = FALSE;
    input->n_crs = 0;
    return FALSE;
}

/* Returns: the first dot from @p on that begins a line, else @end */
static const char *
find_dot (const BrevInput *input, const char *bytes, const char *p, const char *end)
{
    if (input->rules.dots == BREV_DOTS_DATA)
        return end;
    while ((p = memchr (p, '.', (gsize) (end - p))) != NULL) {
        if (p == bytes ? input->at_line_start : p[-1] == '\n')
            return p;
        p++;
    }
    return end;
}

static const char *
find_cr (const char *p, const char *end)
{
    const char *cr = memchr (p, '\r', (gsize) (end - p));

    return cr == NULL ? end : cr;
}

gsize
brev_input_feed (BrevInput *input, const char *bytes, gsize length)
{
    const char *end = bytes + length;
    const char *p = bytes;
    const char *dot = NULL, *cr = NULL; /* the next ones from @p on, once looked for */
    const char *crlf = NULL;            /* the last LF behind a CR */

    while (p < end && !input->is_ended) {
        if (input->has_dot || input->n_crs > 0) {
            if (*p == '\n' && input->n_crs > 0)
                crlf = p;
            p += input->has_dot ? follow_dot (input, *p) : follow_cr (input, *p);
            continue;
        }
        if (dot == NULL || dot < p)
            dot = find_dot (input, bytes, p, end);
        if (cr == NULL || cr < p)
            cr = find_cr (p, end);
        feed_header (input, p, (gsize) (MIN (dot, cr) - p));
        if (p < MIN (dot, cr))
            input->is_crlf = crlf == MIN (dot, cr) - 1;
        p = MIN (dot, cr);
        input->at_line_start = p == end && p[-1] == '\n';
        if (p == end)
            break;
        input->has_dot = p == dot;
        input->n_crs = p == cr ? 1 : 0;
        p++;
    }
    return (gsize) (p - bytes);
}

gboolean
brev_input_is_ended (const BrevInput *input)
{
    return input->is_ended;
}

gboolean
brev_input_finish (BrevInput *input, BrevMessageBytes *message, GError **error)
{
    /* A lone dot whose line end is missing is still a lone dot; a field that ends in the
     * middle of CR LF gets a line end of ours. */
    if (!input->has_dot && input->place != IN_FIELD)
        emit_crs (input);
    finish_header (input);
    if (input->fd >= 0 && input->error == NULL)
        (void) spill (input, &input->error);
    if (input->error != NULL) {
        g_propagate_error (error, g_steal_pointer (&input->error));
        return FALSE;
    }
    message->memory = g_steal_pointer (&input->memory);
    message->fd = brev_steal_fd (&input->fd);
    message->length = input->length;
    return TRUE;
}

guint
brev_input_hops (const BrevInput *input)
{
    return input->n_received;
}

gboolean
brev_input_has_recipients (const BrevInput *input)
{
    return input->has_recipients;
}

const char *
brev_input_from_line (const BrevInput *input)
{
    return input->from_line == NULL ? NULL : input->from_line->str;
}

/* Behind the lone dot: a caller that goes on writing must not be killed by SIGPIPE, but one
 * that has said all and waits for us must not wait for ever. People at a terminal do. */
static gboolean
may_go_on (const BrevInput *input, int fd)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };

    return !input->is_ended || poll (&polled, 1, isatty (fd) ? 0 : PATIENCE) != 0;
}

gboolean
brev_input_read_all (BrevInput *input, int fd, guint64 *ignored, GError **error)
{
    char buffer[READ_SIZE];
    gssize got = 0;

    *ignored = 0;
    while (may_go_on (input, fd) &&
           (got = brev_read_some (fd, buffer, sizeof buffer)) > 0)
        *ignored += (guint64) got - brev_input_feed (input, buffer, (gsize) got);
    if (got < 0)
        return brev_throw (
            error, BREV_ERROR_READ,
            "cannot read the message from standard input: %s; nothing was sent",
            g_strerror (errno));
    return TRUE;
}

void
brev_input_drain (int fd)
{
    char buffer[READ_SIZE];

    while (brev_read_some (fd, buffer, sizeof buffer) > 0)
        continue;
}
