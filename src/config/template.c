/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "config/load.h"

#define TEMPLATE_MAX (64 * 1024)

void
brev_account_read_template (BrevConfig *config, BrevAccount *account)
{
    const char *path = account->template_file;
    g_autoptr (GError) error = NULL;
    gsize length = 0;

    account->template_text = g_strdup (account->template_setting);
    if (path == NULL)
        return;
    if (account->template_text != NULL) {
        brev_config_problem (
            config, path, 0,
            "[account %s] has 'template' and 'template-file': one is enough",
            account->name);
        return;
    }
    account->template_text =
        brev_read_file_at (AT_FDCWD, path, TEMPLATE_MAX, &length, &error);
    if (account->template_text == NULL)
        brev_config_problem (config, path, 0, "'template-file' of [account %s]: %s",
                             account->name, error->message);
    else if (strlen (account->template_text) != length)
        brev_config_problem (config, path, 0, "'template-file' holds a NUL byte");
}
