/* SPDX-License-Identifier: MIT */
#include "compat/caller.h"

#include <arpa/inet.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "compat/sender.h"

char *
brev_gecos_name (const char *gecos, const char *login)
{
    GString *name = g_string_new (NULL);

    for (const char *p = gecos; *p != '\0' && *p != ','; p++) {
        if (*p != '&') {
            g_string_append_c (name, *p);
            continue;
        }
        g_string_append (name, login);
        name->str[name->len - strlen (login)] = g_ascii_toupper (*login);
    }
    g_strstrip (name->str);
    return g_string_free (name, *name->str == '\0' || brev_text_has_controls (name->str));
}

/* Two names may share a number; the one the environment has is believed if it does. */
static char *
choose_login (const struct passwd *entry, guint32 uid)
{
    const char *names[] = { g_getenv ("LOGNAME"), g_getenv ("USER") };
    g_autofree char *login = g_strdup (entry->pw_name);

    for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
        const struct passwd *other;
        if (names[i] == NULL || g_str_equal (names[i], login))
            continue;
        other = getpwnam (names[i]);
        if (other != NULL && other->pw_uid == uid)
            return g_strdup (other->pw_name);
    }
    return g_steal_pointer (&login);
}

static char *
parent_program (void)
{
    g_autofree char *exe = g_strdup_printf ("/proc/%d/exe", (int) getppid ());
    g_autofree char *comm = g_strdup_printf ("/proc/%d/comm", (int) getppid ());
    g_autofree char *path = g_file_read_link (exe, NULL);
    char *name = NULL;

    if (path != NULL)
        return g_path_get_basename (path);
    if (g_file_get_contents (comm, &name, NULL, NULL))
        g_strchomp (name);
    return name;
}

BrevCaller *
brev_caller_look_up (void)
{
    BrevCaller *caller = g_new0 (BrevCaller, 1);
    const char *name = g_getenv ("NAME");
    const struct passwd *entry;

    caller->uid = getuid ();
    entry = getpwuid (caller->uid);
    if (entry == NULL) {
        caller->login = g_strdup_printf ("uid-%u", caller->uid);
    } else {
        caller->full_name = brev_gecos_name (entry->pw_gecos, entry->pw_name);
        caller->login = choose_login (entry, caller->uid);
    }
    if (name != NULL && *name != '\0' && !brev_text_has_controls (name)) {
        g_free (caller->full_name);
        caller->full_name = g_strdup (name);
    }
    caller->program = parent_program ();
    return caller;
}

void
brev_caller_take_peer (BrevCaller *caller, int fd)
{
    struct sockaddr_storage address = { 0 };
    const struct sockaddr_in *v4 = (const void *) &address;
    const struct sockaddr_in6 *v6 = (const void *) &address;
    socklen_t size = sizeof address;
    char text[INET6_ADDRSTRLEN] = "";

    if (getpeername (fd, (struct sockaddr *) &address, &size) < 0 ||
        (address.ss_family != AF_INET && address.ss_family != AF_INET6))
        return;
    caller->is_remote = TRUE;
    g_clear_pointer (&caller->full_name, g_free);
    g_free (caller->program);
    if (address.ss_family == AF_INET)
        (void) inet_ntop (AF_INET, &v4->sin_addr, text, sizeof text);
    else
        (void) inet_ntop (AF_INET6, &v6->sin6_addr, text, sizeof text);
    /* Both families have the port at the same place. */
    caller->program = g_strdup_printf ("smtp[%s]:%u", text, ntohs (v4->sin_port));
}

void
brev_caller_free (BrevCaller *caller)
{
    if (caller == NULL)
        return;
    g_free (caller->login);
    g_free (caller->full_name);
    g_free (caller->program);
    g_free (caller);
}

void
brev_caller_complete (const BrevCaller *caller, BrevEnvelope *envelope)
{
    if (envelope->sender == NULL) {
        envelope->sender = g_strdup (caller->login);
        envelope->sender_is_login = TRUE;
    }
    if (envelope->full_name == NULL)
        envelope->full_name = g_strdup (caller->full_name);
    envelope->login = g_strdup (caller->login);
    envelope->program = g_strdup (caller->program);
    envelope->submitted = brev_clock_now ();
}
