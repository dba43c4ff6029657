/* SPDX-License-Identifier: MIT */
/* A client for tests of SMTP in src/transport. Each line of standard input is a URL, to
 * which the message is sent at once; an empty line waits until all that are open have
 * their reply. Each reply is one line of NAME=VALUE pairs, tabs between them. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "transport/http.h"

typedef struct {
    BrevSmtp *smtp; /* as the options say; copied for each request */
    char *sender;
    char **recipients; /* "ADDRESS", "ADDRESS NOTIFY" or "ADDRESS NOTIFY ORCPT" */
    char *ret;
    char *file;
    BrevHttpLimits limits;
    BrevHttp *http;
    BrevPart part; /* the whole of file */
    int fd;
} Client;

static const char *const stages[] = { "OPEN", "TLS",  "AUTH", "MAIL",
                                      "RCPT", "DATA", "BODY", "END" };

static void
print_reply (const BrevHttpReply *reply, gpointer data)
{
    g_autofree char *error = g_strescape (reply->error != NULL ? reply->error : "", NULL);

    printf ("status=%d\tleft=%d\tcomplete=%d\terror=%s", reply->status,
            reply->may_have_left, reply->is_complete, error);
    if (reply->smtp != NULL) {
        const BrevSmtpAnswer *answer = reply->smtp;
        printf ("\tstage=%s\tlast=%s\trecipients=", stages[answer->stage],
                answer->last.text != NULL ? answer->last.text : "");
        for (guint i = 0; i < answer->n; i++)
            printf ("%s%d %s", i == 0 ? "" : "|", answer->recipients[i].code,
                    answer->recipients[i].text != NULL ? answer->recipients[i].text : "");
    }
    printf ("\n");
    fflush (stdout);
}

static void
send_one (Client *client, const char *url)
{
    BrevBody *body = brev_body_new ();
    BrevSmtp *smtp = brev_smtp_new (client->sender != NULL ? client->sender : "");

    brev_smtp_peer_copy (&client->smtp->peer, &smtp->peer);
    smtp->ret = client->ret;
    smtp->envid = g_strdup (client->smtp->envid);
    for (char **line = client->recipients; line != NULL && *line != NULL; line++) {
        g_auto (GStrv) words = g_strsplit (*line, " ", 3);
        brev_smtp_add_recipient (smtp, words[0], words[1],
                                 words[1] != NULL ? words[2] : NULL);
    }
    brev_body_add_part (body, client->fd, &client->part, BREV_AS_BYTES);
    brev_http_send (client->http, brev_http_request_smtp (url, body, smtp), print_reply,
                    NULL);
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
        if (*line == '\0')
            wait_for_replies (client);
        else
            send_one (client, line);
    }
    wait_for_replies (client);
}

static gboolean
open_file (Client *client)
{
    struct stat status;

    client->fd = client->file != NULL ? open (client->file, O_RDONLY | O_CLOEXEC) : -1;
    if (client->fd < 0 || fstat (client->fd, &status) < 0)
        return FALSE;
    client->part.length = (guint64) status.st_size;
    client->part.type = g_strdup ("application/octet-stream");
    return TRUE;
}

int
main (int argc, char **argv)
{
    Client client = { .smtp = brev_smtp_new (""), .limits = { 5000, 5000, 20000 } };
    BrevSmtpPeer *peer = &client.smtp->peer;
    const GOptionEntry entries[] = {
        { "sender", 0, 0, G_OPTION_ARG_FILENAME, &client.sender, NULL, NULL },
        { "to", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &client.recipients, NULL, NULL },
        { "ret", 0, 0, G_OPTION_ARG_STRING, &client.ret, NULL, NULL },
        { "envid", 0, 0, G_OPTION_ARG_STRING, &client.smtp->envid, NULL, NULL },
        { "file", 0, 0, G_OPTION_ARG_FILENAME, &client.file, NULL, NULL },
        { "user", 0, 0, G_OPTION_ARG_STRING, &peer->user, NULL, NULL },
        { "password", 0, 0, G_OPTION_ARG_STRING, &peer->password, NULL, NULL },
        { "mechanism", 0, 0, G_OPTION_ARG_STRING, &peer->mechanism, NULL, NULL },
        { "plaintext", 0, 0, G_OPTION_ARG_NONE, &peer->is_plaintext, NULL, NULL },
        { "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &peer->ca_file, NULL, NULL },
        { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &peer->certificate, NULL, NULL },
        { "key", 0, 0, G_OPTION_ARG_FILENAME, &peer->key, NULL, NULL },
        { "connect", 0, 0, G_OPTION_ARG_INT64, &client.limits.connect_timeout, NULL,
          NULL },
        { "stall", 0, 0, G_OPTION_ARG_INT64, &client.limits.stall_timeout, NULL, NULL },
        { "total", 0, 0, G_OPTION_ARG_INT64, &client.limits.total_timeout, NULL, NULL },
        { NULL },
    };
    g_autoptr (GOptionContext) context = g_option_context_new (NULL);
    g_autoptr (GError) error = NULL;

    g_option_context_add_main_entries (context, entries, NULL);
    if (!g_option_context_parse (context, &argc, &argv, &error)) {
        g_printerr ("smtp-client: %s\n", error->message);
        return 2;
    }
    if (!open_file (&client)) {
        g_printerr ("smtp-client: cannot open '%s'\n", client.file);
        return 2;
    }
    peer->helo = g_strdup ("client.example.com");
    client.http = brev_http_new (&client.limits);
    run (&client);
    brev_http_free (client.http);
    brev_smtp_free (client.smtp);
    g_free (client.part.type);
    g_free (client.sender);
    g_free (client.ret);
    g_free (client.file);
    g_strfreev (client.recipients);
    return 0;
}
