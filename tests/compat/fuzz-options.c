/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "compat/options.h"
#include "compat/sender.h"
#include "envelope/frame.h"

/* Arguments between '|', the first is the program's name. Whatever they are: a refusal is
 * one of two kinds and says why; what is accepted has recipients only where they make
 * sense, holds no control character, and fits into a frame. */

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static void
check_refusal (const GError *error)
{
    g_assert_true (g_error_matches (error, BREV_ERROR, BREV_ERROR_USAGE) ||
                   g_error_matches (error, BREV_ERROR, BREV_ERROR_INPUT));
    g_assert_cmpstr (error->message, !=, "");
}

static gboolean
is_clean (const char *text)
{
    return text == NULL || !brev_text_has_controls (text);
}

static void
check_envelope (const BrevOptions *options)
{
    const BrevEnvelope *envelope = options->envelope;

    g_assert_true (is_clean (envelope->sender) && is_clean (envelope->full_name) &&
                   is_clean (envelope->envid) && is_clean (options->tag));
    for (guint i = 0; i < envelope->recipients->len; i++)
        g_assert_true (is_clean (envelope->recipients->pdata[i]));
    if (options->mode == BREV_MODE_MESSAGE)
        g_assert_true (envelope->recipients->len > 0 || envelope->header_recipients);
    if (options->mode == BREV_MODE_SMTP || options->mode == BREV_MODE_DAEMON)
        g_assert_cmpuint (envelope->recipients->len, ==, 0);
}

/* The service reads what we write. */
static void
check_frame (BrevEnvelope *envelope)
{
    g_autoptr (BrevFrameReader) reader = brev_frame_reader_new (4096);
    g_autoptr (GByteArray) head = NULL;
    g_autoptr (GError) error = NULL;

    if (envelope->sender == NULL)
        envelope->sender = g_strdup ("root");
    head = brev_frame_head ("0123456789abcdefghijklmnop", envelope);
    (void) brev_frame_reader_feed (reader, head->data, head->len, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (brev_frame_reader_envelope (reader)->recipients->len, ==,
                      envelope->recipients->len);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
    g_autofree char *line = g_strndup ((const char *) data, size);
    g_auto (GStrv) argv = g_strsplit (line, "|", -1);
    g_autoptr (BrevOptions) options = brev_options_new ();
    g_autoptr (GError) error = NULL;

    if (!brev_options_parse (options, (int) g_strv_length (argv), argv, &error)) {
        check_refusal (error);
        return 0;
    }
    g_assert_no_error (error);
    check_envelope (options);
    if (options->mode == BREV_MODE_MESSAGE)
        check_frame (options->envelope);
    return 0;
}
