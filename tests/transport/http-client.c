/* SPDX-License-Identifier: MIT */
/* A client for tests of src/transport. Each line of standard input is a URL, to which a
 * request is sent at once; an empty line waits until all that are open have their reply;
 * "wake" waits for one event only, and "quit" ends whatever is open.
 * Each reply is one line of NAME=VALUE pairs, tabs between them. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "transport/http.h"

typedef struct {
    char *method;
    char **headers;
    char *text;
    char *file; /* sent as base64, as an attachment would be */
    gint64 connect_timeout;
    gint64 stall_timeout;
    gint64 total_timeout;
} Options;

typedef struct {
    const Options *options;
    BrevHttp *http;
    GPtrArray *urls; /* owned, of char *: what was asked for */
    BrevPart part;   /* the whole of file */
    int fd;
} Client;

static void
print_reply (const BrevHttpReply *reply, gpointer data)
{
    gsize length;
    const char *bytes = g_bytes_get_data (reply->body, &length);
    g_autofree char *start = g_strndup (length > 0 ? bytes : "", MIN (length, 400));
    g_autofree char *body = g_strescape (start, NULL);
    g_autofree char *error = g_strescape (reply->error != NULL ? reply->error : "", NULL);
    const char *url = data;
    const char *after = brev_http_reply_header (reply, "retry-after");

    printf ("url=%s\tstatus=%d\tleft=%d\tcomplete=%d\tlength=%" G_GSIZE_FORMAT
            "\tafter=%s\tbody=%s"
            "\terror=%s\n",
            url, reply->status, reply->may_have_left, reply->is_complete, length,
            after != NULL ? after : "", body, error);
    fflush (stdout);
}

static void
send_one (Client *client, const char *url)
{
    const Options *options = client->options;
    BrevBody *body = brev_body_new ();
    BrevHttpRequest *request = brev_http_request_new (url, "", body);

    if (options->method != NULL) {
        g_free (request->method);
        request->method = g_strdup (options->method);
    }
    if (options->text != NULL)
        brev_body_add (body, options->text);
    if (client->fd >= 0)
        brev_body_add_part (body, client->fd, &client->part, BREV_AS_BASE64);
    for (char **line = options->headers; line != NULL && *line != NULL; line++) {
        g_auto (GStrv) pair = g_strsplit (*line, ":", 2);
        brev_http_request_header (request, pair[0], pair[1] != NULL ? pair[1] : "", TRUE);
    }
    g_ptr_array_add (client->urls, g_strdup (url));
    brev_http_send (client->http, request, print_reply,
                    client->urls->pdata[client->urls->len - 1]);
}

static void
wait_for_replies (Client *client)
{
    while (brev_http_open (client->http) > 0)
        g_main_context_iteration (NULL, TRUE);
}

static void
run (Client *client)
{
    char line[4096];

    while (fgets (line, sizeof line, stdin) != NULL) {
        g_strchomp (line);
        if (strcmp (line, "quit") == 0)
            return;
        if (strcmp (line, "wake") == 0)
            g_main_context_iteration (NULL, TRUE);
        else if (*line == '\0')
            wait_for_replies (client);
        else
            send_one (client, line);
    }
    wait_for_replies (client);
}

static gboolean
open_file (Client *client, const char *path)
{
    struct stat status;

    client->fd = path != NULL ? open (path, O_RDONLY | O_CLOEXEC) : -1;
    if (path == NULL)
        return TRUE;
    if (client->fd < 0 || fstat (client->fd, &status) < 0)
        return FALSE;
    client->part.length = (guint64) status.st_size;
    client->part.type = g_strdup ("application/octet-stream");
    return TRUE;
}

int
main (int argc, char **argv)
{
    Options options = { .connect_timeout = 5000,
                        .stall_timeout = 5000,
                        .total_timeout = 20000 };
    const GOptionEntry entries[] = {
        { "method", 0, 0, G_OPTION_ARG_STRING, &options.method, NULL, NULL },
        { "header", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.headers, NULL, NULL },
        { "text", 0, 0, G_OPTION_ARG_STRING, &options.text, NULL, NULL },
        { "file", 0, 0, G_OPTION_ARG_FILENAME, &options.file, NULL, NULL },
        { "connect", 0, 0, G_OPTION_ARG_INT64, &options.connect_timeout, NULL, NULL },
        { "stall", 0, 0, G_OPTION_ARG_INT64, &options.stall_timeout, NULL, NULL },
        { "total", 0, 0, G_OPTION_ARG_INT64, &options.total_timeout, NULL, NULL },
        { NULL },
    };
    g_autoptr (GOptionContext) context = g_option_context_new (NULL);
    g_autoptr (GError) error = NULL;
    Client client = { .options = &options };
    BrevHttpLimits limits;

    g_option_context_add_main_entries (context, entries, NULL);
    if (!g_option_context_parse (context, &argc, &argv, &error)) {
        g_printerr ("http-client: %s\n", error->message);
        return 2;
    }
    if (!open_file (&client, options.file)) {
        g_printerr ("http-client: cannot open '%s'\n", options.file);
        return 2;
    }
    limits = (BrevHttpLimits){ options.connect_timeout, options.stall_timeout,
                               options.total_timeout };
    client.http = brev_http_new (&limits);
    client.urls = g_ptr_array_new_with_free_func (g_free);
    run (&client);
    brev_http_free (client.http);
    g_ptr_array_unref (client.urls);
    g_free (client.part.type);
    g_free (options.method);
    g_free (options.text);
    g_free (options.file);
    g_strfreev (options.headers);
    return 0;
}
