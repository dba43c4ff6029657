/* SPDX-License-Identifier: MIT */
#include "admin/commands.h"

#define MANY G_MAXUINT
/* clang-format off */
#define ALL { "all", NULL, "every message of the queue" }

const BrevCommand brev_commands[] = {
    { "status", "", 0, 0, "accounts, queue and service at a glance", brev_cmd_status,
      .options = {
          { "check", NULL, "one line and an exit status for a monitor: is anything wrong" },
      },
      .examples = { "status", "status --json", "status --check" } },
    { "queue list", "", 0, 0, "the messages in the queue", brev_cmd_queue_list,
      .options = {
          { "mailq", NULL, "as mailq prints it" },
          { "id", "TEXT", "only those whose id holds TEXT; !TEXT: does not" },
          { "recipient", "TEXT", "likewise, one of the recipients" },
          { "sender", "TEXT", "likewise, the sender" },
          { "peer", "UID", "only what this user submitted; 0: everything" },
      },
      .examples = { "queue list", "queue list --json", "queue list --mailq --peer 1000" } },
    { "queue show", "ID", 1, 1, "all that is known about a message, sent ones included", brev_cmd_queue_show,
      .options = {
          { "message", NULL, "the message itself, as it is kept" },
      },
      .examples = { "queue show 0123456789abcdefghijklmnop" } },
    { "queue retry", "ID...", 0, MANY, "try messages again now", brev_cmd_queue_retry,
      .options = {
          ALL,
          { "id", "TEXT", "with --all: whose id holds TEXT; !TEXT: does not" },
          { "recipient", "TEXT", "likewise, one of the recipients" },
          { "sender", "TEXT", "likewise, the sender" },
          { "peer", "UID", "with --all: only what this user submitted; 0: everything" },
      },
      .examples = { "queue retry 0123456789abcdefghijklmnop", "queue retry --all",
                    "queue retry --all --recipient @example.net" } },
    { "queue wait", "ID", 1, 1, "until delivery of a message was tried once", brev_cmd_queue_wait,
      .options = {
          { "peer", "UID", "only if this user submitted it; 0: whoever did" },
          { "timeout", "SECONDS", "how long to wait; 20" },
      },
      .examples = { "queue wait 0123456789abcdefghijklmnop" } },
    { "queue hold", "ID...", 0, MANY, "keep messages until they are released", brev_cmd_queue_hold,
      .options = { ALL },
      .examples = { "queue hold 0123456789abcdefghijklmnop", "queue hold --all" } },
    { "queue release", "ID...", 0, MANY, "let go what is on hold or parked", brev_cmd_queue_release,
      .options = { ALL },
      .examples = { "queue release 0123456789abcdefghijklmnop" } },
    { "queue delete", "ID...", 0, MANY, "delete messages; nobody is told", brev_cmd_queue_delete,
      .options = { ALL },
      .examples = { "queue delete 0123456789abcdefghijklmnop" } },
    { "trace", "ID", 1, 1, "who sent a message, and what became of it for each recipient", brev_cmd_queue_show,
      .examples = { "trace 0123456789abcdefghijklmnop" } },
    { "compat", "", 0, 0, "which programs send mail, how, and what of it had no effect", brev_cmd_compat,
      .examples = { "compat", "compat --json" } },
    { "forget", "ADDRESS", 1, 1, "erase what is remembered of an address", brev_cmd_forget,
      .examples = { "forget ann@example.net", "forget ann@example.net --json" } },
    { "flush", "", 0, 0, "send everything that waits, now", brev_cmd_flush,
      .options = {
          { "wait", NULL, "until nothing is due, also without a terminal" },
      },
      .examples = { "flush", "flush --wait --json" } },
    { "plan", "FILE", 1, 1, "what would be sent for a message, and what is lost; sends nothing", brev_cmd_plan,
      .options = {
          { "recipient", "ADDRESS", "instead of those in the header" },
          { "sender", "ADDRESS", "envelope sender" },
          { "account", "NAME", "instead of the one that routes choose" },
      },
      .examples = { "plan message.eml", "plan - --recipient ops@example.com < message.eml",
                    "plan message.eml --account outbox --json" } },
    { "verify", "ADDRESS...", 0, MANY, "where addresses lead, by which account and from whom; sends nothing", brev_cmd_verify,
      .options = {
          { "lines", NULL, "addresses stand in the lines of standard input" },
          { "sender", "ADDRESS", "envelope sender; the caller's login name" },
      },
      .examples = { "verify root ops@example.com", "verify --lines < addresses" } },
    { "config check", "", 0, 0, "problems of configuration, aliases and tokens", brev_cmd_config_check,
      .examples = { "config check" } },
    { "config show", "", 0, 0, "every setting, and where it comes from", brev_cmd_config_show,
      .examples = { "config show", "config show --json" } },
    { "providers", "", 0, 0, "what each provider can, and what that rests on", brev_cmd_providers,
      .examples = { "providers", "providers --json" } },
    { "test", "ADDRESS", 1, 1, "send a test message and say what became of it", brev_cmd_test,
      .options = {
          { "timeout", "SECONDS", "how long to follow it; 30" },
      },
      .examples = { "test ops@example.com" } },
    { NULL },
};
/* clang-format on */
