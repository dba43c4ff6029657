/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <sysexits.h>

/* clang-format off */
G_DEFINE_QUARK (brev-error-quark, brev_error)
/* clang-format on */

/* clang-format off */
static const int exit_statuses[] = {
    [BREV_ERROR_USAGE]        = EX_USAGE,
    [BREV_ERROR_CONFIG]       = EX_CONFIG,
    [BREV_ERROR_INPUT]        = EX_DATAERR,
    [BREV_ERROR_NO_FILE]      = EX_NOINPUT,
    [BREV_ERROR_READ]         = EX_IOERR,
    [BREV_ERROR_DENIED]       = EX_NOPERM,
    [BREV_ERROR_SYSTEM]       = EX_OSERR,
    [BREV_ERROR_NETWORK]      = EX_OSERR,
    [BREV_ERROR_BUSY]         = EX_OSERR,
    [BREV_ERROR_REFUSED]      = EX_UNAVAILABLE,
    [BREV_ERROR_NO_RECIPIENT] = EX_NOUSER,
    [BREV_ERROR_INTERNAL]     = EX_SOFTWARE,
};
/* clang-format on */
G_STATIC_ASSERT (G_N_ELEMENTS (exit_statuses) == BREV_ERROR_LAST);

gboolean
brev_throw (GError **error, BrevError code, const char *format, ...)
{
    va_list args;

    va_start (args, format);
    if (error != NULL)
        *error = g_error_new_valist (BREV_ERROR, (int) code, format, args);
    va_end (args);
    return FALSE;
}

gboolean
brev_throw_errno (GError **error, int number, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start (args, format);
    what = g_strdup_vprintf (format, args);
    va_end (args);
    return brev_throw (error, BREV_ERROR_SYSTEM, "%s: %s", what, g_strerror (number));
}

int
brev_exit_status (const GError *error)
{
    if (error == NULL)
        return EX_OK;
    if (error->domain != BREV_ERROR)
        return EX_SOFTWARE;
    g_assert (error->code >= 0 && error->code < BREV_ERROR_LAST);
    return exit_statuses[error->code];
}
