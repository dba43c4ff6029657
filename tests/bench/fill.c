/* SPDX-License-Identifier: MIT */
/* Writes queue files, unsynced, of three users or of one.
 * Usage: fill QUEUE NUMBER [UID] < MESSAGE */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/fs.h"
#include "envelope/frame.h"

static void
write_file (int dir, const GByteArray *message, guint number, guint uid)
{
    char id[BREV_ID_LENGTH + 1];
    g_autofree char *recipient = g_strdup_printf ("user%u@example.net", number);
    g_autoptr (BrevEnvelope) envelope = brev_envelope_new ();
    g_autoptr (GByteArray) head = NULL;
    BrevOrigin origin = { .uid = uid,
                          .arrival = brev_clock_now (),
                          .way = BREV_WAY_SOCKET };
    guint8 record[BREV_ORIGIN_SIZE], tail[BREV_FRAME_TAIL];
    brev_autofd int fd = -1;

    brev_id_new (id);
    g_free (envelope->sender);
    envelope->sender = g_strdup ("web@example.com");
    envelope->login = g_strdup ("www-data");
    envelope->program = g_strdup ("php-fpm8.2");
    envelope->options = g_strdup ("-t -i");
    g_ptr_array_add (envelope->recipients, g_steal_pointer (&recipient));
    head = brev_frame_head (id, envelope);
    brev_origin_write (&origin, record);
    brev_frame_tail (
        message->len,
        brev_crc32c (brev_crc32c (0, head->data, head->len), message->data, message->len),
        tail);
    fd = openat (dir, id, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || !brev_write_all (fd, record, sizeof record) ||
        !brev_write_all (fd, head->data, head->len) ||
        !brev_write_all (fd, message->data, message->len) ||
        !brev_write_all (fd, tail, sizeof tail))
        g_error ("cannot write to the queue: %s", g_strerror (errno));
}

int
main (int argc, char **argv)
{
    g_autoptr (GByteArray) message = g_byte_array_new ();
    guint8 buffer[65536];
    gssize got;
    brev_autofd int dir =
        argc == 3 || argc == 4 ? open (argv[1], O_RDONLY | O_DIRECTORY) : -1;

    if (dir < 0)
        return 64;
    while ((got = brev_read_some (STDIN_FILENO, buffer, sizeof buffer)) > 0)
        (void) g_byte_array_append (message, buffer, (guint) got);
    for (guint i = 0; i < (guint) atoi (argv[2]); i++)
        write_file (dir, message, i, argc == 4 ? (guint) atoi (argv[3]) : 33 + i % 3);
    return 0;
}
