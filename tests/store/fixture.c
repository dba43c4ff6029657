/* SPDX-License-Identifier: MIT */
#include "tests/store/fixture.h"

#include <glib/gstdio.h>

#include "envelope/frame.h"

char *
fixture_reopen (Fixture *fixture, gint64 now)
{
    g_autoptr (GError) error = NULL;
    char *damaged = NULL;

    brev_store_free (fixture->store);
    fixture->store =
        brev_store_open (fixture->directory, BREV_STORE_COURIER, now, &damaged, &error);
    g_assert_no_error (error);
    return damaged;
}

Fixture
fixture (BrevStoreMode mode, gint64 now)
{
    g_autoptr (GError) error = NULL;
    Fixture fixture = { g_dir_make_tmp ("brevdue-store-XXXXXX", &error), NULL };

    g_assert_no_error (error);
    fixture.store = brev_store_open (fixture.directory, mode, now, NULL, &error);
    g_assert_no_error (error);
    return fixture;
}

void
fixture_clear (Fixture *fixture)
{
    g_autoptr (GDir) dir = g_dir_open (fixture->directory, 0, NULL);
    const char *name;

    brev_store_free (fixture->store);
    while ((name = g_dir_read_name (dir)) != NULL) {
        g_autofree char *path = g_build_filename (fixture->directory, name, NULL);
        g_assert_cmpint (g_unlink (path), ==, 0);
    }
    g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
    g_free (fixture->directory);
}

BrevStoreMessage *
new_message (const char *id, guint32 uid, gint64 now)
{
    BrevStoreMessage *message = brev_store_message_new (id);

    message->uid = uid;
    message->arrival = now;
    message->checksum = 42;
    message->size = 1;
    message->way = BREV_WAY_SOCKET;
    g_free (message->sender);
    message->sender = g_strdup ("sender@example.com");
    (void) brev_store_message_add (message, "a@example.com", "a", "main", now);
    return message;
}

GPtrArray *
message_array (void)
{
    return g_ptr_array_new_with_free_func ((GDestroyNotify) brev_store_message_free);
}

BrevStoreRecipient *
first (const BrevStoreMessage *message)
{
    g_assert_cmpuint (message->recipients->len, >, 0);
    return message->recipients->pdata[0];
}

BrevStoreMessage *
get_message (BrevStore *store, const char *id)
{
    g_autoptr (GError) error = NULL;
    BrevStoreMessage *message = brev_store_get (store, id, &error);

    g_assert_no_error (error);
    g_assert_nonnull (message);
    return message;
}

void
import_message (BrevStore *store, BrevStoreMessage *message, gint64 now)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) messages = g_ptr_array_new ();

    g_ptr_array_add (messages, message);
    g_assert_true (brev_store_import (store, messages, now, NULL, &error));
    g_assert_no_error (error);
}

void
import_in_state (BrevStore *store, const char *id, BrevState state, gint64 now)
{
    g_autoptr (BrevStoreMessage) message = new_message (id, 1000, now);
    BrevClaim claim = { .account = "main", .max_messages = 1, .now = now, .only_id = id };
    g_autoptr (GPtrArray) claimed = NULL;

    if (state != BREV_STATE_SENDING)
        first (message)->state = state;
    import_message (store, message, now);
    if (state != BREV_STATE_SENDING)
        return;
    claimed = brev_store_claim (store, &claim, NULL);
    assert_ids (claimed, id);
}

static char *
join_ids (const GPtrArray *messages)
{
    GString *ids = g_string_new (NULL);

    for (guint i = 0; i < messages->len; i++) {
        const BrevStoreMessage *message = messages->pdata[i];
        g_string_append_printf (ids, "%s%s", i > 0 ? " " : "", message->id);
    }
    return g_string_free (ids, FALSE);
}

void
assert_ids (const GPtrArray *messages, const char *want)
{
    g_autofree char *got = NULL;

    g_assert_nonnull (messages);
    got = join_ids (messages);
    g_assert_cmpstr (got, ==, want);
}

static GPtrArray *
claim (BrevStore *store, guint max, gint64 now)
{
    g_autoptr (GError) error = NULL;
    BrevClaim wish = { .account = "main", .max_messages = max, .now = now };
    GPtrArray *messages = brev_store_claim (store, &wish, &error);

    g_assert_no_error (error);
    return messages;
}

void
claim_ids (BrevStore *store, guint max, gint64 now, const char *want)
{
    g_autoptr (GPtrArray) messages = claim (store, max, now);

    assert_ids (messages, want);
}

char *
claim_key (BrevStore *store, gint64 now)
{
    g_autoptr (GPtrArray) messages = claim (store, 1, now);

    g_assert_cmpuint (messages->len, ==, 1);
    return g_strdup (first (messages->pdata[0])->key);
}

void
begin_import (BrevStore *store, const char *ids, gint64 now, const char *want)
{
    g_autoptr (GError) error = NULL;
    g_auto (GStrv) split = g_strsplit (ids, " ", -1);
    g_autoptr (GPtrArray) wish = g_ptr_array_new ();
    g_autoptr (GPtrArray) chosen = NULL;
    g_autofree char *got = NULL;

    for (char **id = split; *id != NULL; id++)
        g_ptr_array_add (wish, *id);
    chosen = brev_store_begin_import (store, wish, now, &error);
    g_assert_no_error (error);
    g_ptr_array_add (chosen, NULL);
    got = g_strjoinv (" ", (char **) chosen->pdata);
    g_assert_cmpstr (got, ==, want);
}

guint
settle_one (BrevStore *store, const char *id, guint index, BrevState state, gint64 now)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) finished = NULL;
    BrevSettlement settlement = {
        .id = id, .index = index, .state = state, .due = now, .was_tried = TRUE
    };

    g_assert_true (brev_store_settle (store, &settlement, 1, now, &finished, &error));
    g_assert_no_error (error);
    return finished->len;
}
