/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* The one table of settings: it makes the parser, "brevdue config show", the hint for a
 * misspelt name, and a test compares it with brevdue.conf(5). */

typedef enum {
    BREV_GROUP_BREVDUE, /* [brevdue] */
    BREV_GROUP_ACCOUNT, /* [account NAME] */
    BREV_GROUP_ROUTE,   /* [route NAME] */
    BREV_GROUP_LAST
} BrevGroup;

extern const char *const brev_group_names[BREV_GROUP_LAST];

/* Each type knows how to read, print and free its field: schema.c. */
typedef enum {
    BREV_TYPE_TEXT,
    BREV_TYPE_NAME, /* of a section: letters, digits, ".", "_", "-" */
    BREV_TYPE_DOMAIN,
    BREV_TYPE_MAILBOX, /* text with an address that has a domain */
    BREV_TYPE_PATH,    /* absolute; at most max bytes */
    BREV_TYPE_URL,     /* https, or http on loopback; without a slash at its end */
    BREV_TYPE_LIST,    /* between spaces or commas */
    BREV_TYPE_CHOICE,
    BREV_TYPE_BOOLEAN,
    BREV_TYPE_COUNT,
    BREV_TYPE_SIZE,     /* bytes: 50M */
    BREV_TYPE_DURATION, /* ms: 30s, 5d */
    BREV_TYPE_RATE,     /* per second: 50/s, 100/m */
    BREV_TYPE_LAST
} BrevType;

extern const char *const brev_type_names[BREV_TYPE_LAST];

typedef struct {
    BrevGroup group;
    const char *key;
    BrevType type;
    gsize offset;       /* of its field in the group's struct */
    const char *preset; /* the default as it would be written; "" is none */
    gint64 min, max;    /* of what is a number; of a path's length */
    const char *const *choices;
    const char *help;
    gboolean is_secret;
    gboolean (*is_word) (const char *word); /* of a list; NULL: any word will do */
    const char *example;                    /* "a domain": what such a word is */
} BrevSetting;

/* Where a value comes from, in the order in which they were applied: the last one holds.
 */
typedef struct {
    BrevGroup group;
    const BrevSetting *setting; /* NULL: the head of a section */
    char *section;              /* owned: its name; "" in [brevdue] */
    char *file;                 /* owned: or the name of a variable */
    guint line;                 /* 0: a variable */
} BrevSource;

const BrevSetting *brev_settings (guint *n);

/* (nullable) */
const BrevSetting *brev_setting_find (BrevGroup group, const char *key);

/**
 * brev_setting_nearest:
 *
 * Returns: (transfer full): " (did you mean 'x'?)" for a key of @group that looks like
 * @key, else ""
 */
char *brev_setting_nearest (BrevGroup group, const char *key);
char *brev_group_nearest (const char *name);
/* Whether somebody who wrote @written may have meant @name. */
gboolean brev_name_is_near (const char *written, const char *name);

/**
 * brev_setting_parse:
 * @target: a BrevConfig, BrevAccount or BrevRoute, as the setting's group has it
 * @text: an empty one stands for the default
 *
 * Returns: %FALSE with @error, and the field as it was
 */
gboolean brev_setting_parse (const BrevSetting *setting, gpointer target,
                             const char *text, GError **error);

/* Returns: (transfer full): the value as it would be written; a secret is "***" */
char *brev_setting_format (const BrevSetting *setting, gconstpointer target);

/* Gives every setting of @group its default, in a struct filled with zeros. */
void brev_settings_preset (BrevGroup group, gpointer target);
/* Frees what the settings of @group own; secrets are wiped. */
void brev_settings_clear (BrevGroup group, gpointer target);
