/* SPDX-License-Identifier: MIT */
#include "accept/tool.h"

#include <fcntl.h>
#include <string.h>

#include "accept/process.h"
#include "accept/quota.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"

/* clang-format off */
static const struct {
    const char *word;
    const char *command[4]; /* of brevdue, NULL-terminated */
    guint n_ids;            /* words that follow, each a queue id; 0: each a filter */
    guint seconds;
    guint max; /* of all users together, at once */
} tools_table[BREV_TOOL_LAST] = {
    [BREV_TOOL_LIST] = { "list", { "queue", "list", "--mailq" }, 0, 30, BREV_LISTS },
    [BREV_TOOL_WAIT] = { "wait", { "queue", "wait" },            1, 30, BREV_WAITS },
    [BREV_TOOL_RUN]  = { "run",  { "queue", "retry", "--all" },  0, 60, BREV_RUNS },
};

static const struct {
    const char *prefix;
    const char *option;
} filters[] = {
    { "I=", "--id=" },
    { "R=", "--recipient=" },
    { "S=", "--sender=" },
};
/* clang-format on */

void
brev_tools_init (BrevTools *tools)
{
    *tools = (BrevTools){ .running = g_hash_table_new (NULL, NULL) };
}

void
brev_tools_clear (BrevTools *tools)
{
    g_clear_pointer (&tools->running, g_hash_table_unref);
}

static char *
filter_option (const char *word)
{
    for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
        if (g_str_has_prefix (word, filters[i].prefix))
            return g_strconcat (filters[i].option, word + strlen (filters[i].prefix),
                                NULL);
    return NULL;
}

/* Adds what stands behind the request's first word. */
static gboolean
add_words (GPtrArray *argv, BrevTool tool, const char *const *words)
{
    guint n_ids = 0;

    for (; *words != NULL; words++) {
        if (tools_table[tool].n_ids == 0) {
            char *option = filter_option (*words);
            if (option == NULL)
                return FALSE;
            g_ptr_array_add (argv, option);
        } else {
            if (!brev_id_is_valid (*words))
                return FALSE;
            g_ptr_array_add (argv, g_strdup (*words));
            n_ids++;
        }
    }
    return n_ids == tools_table[tool].n_ids;
}

static gboolean
find_tool (const char *word, BrevTool *tool)
{
    for (guint i = 0; word != NULL && i < BREV_TOOL_LAST; i++)
        if (strcmp (word, tools_table[i].word) == 0) {
            *tool = (BrevTool) i;
            return TRUE;
        }
    return FALSE;
}

char **
brev_tool_argv (const char *const *request, guint32 uid, BrevTool *tool)
{
    g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);

    if (!find_tool (request[0], tool))
        return NULL;
    g_ptr_array_add (argv, brev_program_path ("brevdue"));
    for (const char *const *word = tools_table[*tool].command; *word != NULL; word++)
        g_ptr_array_add (argv, g_strdup (*word));
    g_ptr_array_add (argv, g_strdup_printf ("--peer=%u", uid));
    if (!add_words (argv, *tool, request + 1))
        return NULL;
    g_ptr_array_add (argv, NULL);
    return (char **) g_ptr_array_steal (argv, NULL);
}

const char *
brev_tools_start (BrevTools *tools, const BrevConnection *connection)
{
    g_autoptr (GError) error = NULL;
    BrevTool tool;
    g_auto (GStrv) argv = brev_tool_argv ((const char *const *) connection->request,
                                          connection->peer.uid, &tool);
    pid_t pid;

    if (argv == NULL)
        return "refused 64 this is no request that brevdue knows\n";
    if (tools->n[tool] >= tools_table[tool].max)
        return "busy too many of these requests at once\n";
    (void) fcntl (connection->fd, F_SETFL, 0); /* stdio does not expect EAGAIN */
    const BrevProgram program = {
        .argv = (const char *const *) argv,
        .control = -1,
        .out = connection->fd,
        .seconds = tools_table[tool].seconds,
    };
    pid = brev_program_start (&program, &error);
    if (pid < 0) {
        brev_log (BREV_LOG_ERROR, "%s", error->message);
        return "busy the answer was not started\n";
    }
    tools->n[tool]++;
    g_hash_table_insert (tools->running, GINT_TO_POINTER (pid), GINT_TO_POINTER (tool));
    return NULL;
}

void
brev_tools_ended (BrevTools *tools, pid_t pid)
{
    gpointer tool;

    if (g_hash_table_steal_extended (tools->running, GINT_TO_POINTER (pid), NULL, &tool))
        tools->n[GPOINTER_TO_INT (tool)]--;
}
