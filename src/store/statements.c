/* SPDX-License-Identifier: MIT */
#include "store/sql.h"

#define MESSAGE_COLUMNS                                                                    \
    "n, id, imported, uid, arrival, finished, size, checksum, sender, message_id, login, " \
    "program, way, held, crashes, paused, parked, owner, total, options, ignored, "        \
    "dot_bytes, script, rewritten, storm, local, bulk"
#define RECIPIENT_COLUMNS                                                                      \
    "idx, address, original, account, state, due, attempts, maybe_sent, key, remote_id, dsn, " \
    "reply, report, changed, notify, orcpt, "                                                  \
    "warn_from, doubt_from, unanswered"
#define OF_ID "message = (SELECT n FROM messages WHERE id = ?1)"

/* States are written as numbers, which the indices of schema.c are made for. */
G_STATIC_ASSERT (BREV_STATE_QUEUED == 0 && BREV_STATE_DEFERRED == 1);
G_STATIC_ASSERT (BREV_STATE_SENDING == 2 && BREV_STATE_PARKED == 3);
G_STATIC_ASSERT (BREV_STATE_SENT == 4 && BREV_STATE_DELETED == 8);
G_STATIC_ASSERT (BREV_STORE_MAX_CRASHES == 3);

/* the condition of index recipients_waiting */
#define WAITING "state <= 1 AND held = 0"
/* and that of recipients_unwarned */
#define UNWARNED WAITING " AND warn_from > 0"

/* Finished in time, in full, and no report about it is still to be written. */
#define FORGETTABLE                                                \
    "SELECT n FROM messages WHERE finished > 0 AND finished <= ?1" \
    " AND total > 0 AND NOT EXISTS (SELECT 1 FROM recipients"      \
    " WHERE message = messages.n AND report_due = 1) ORDER BY finished, n LIMIT ?2"

/* The recipients of digest ?1, of kind ?2, that there still is something to tell of. */
#define TOLD_OF                                                                   \
    "FROM recipients r JOIN messages m ON m.n = r.message WHERE r.report_due = 1" \
    " AND r.report = ?1 AND CASE ?2 WHEN 0 THEN m.storm = 1 AND r.state <= 3"     \
    " ELSE r.state NOT IN (4, 5, 8) END"
G_STATIC_ASSERT (BREV_DIGEST_HELD == 0);

/* What is left tells a late copy of the message from another one. */
#define TEXTLESS                                                                     \
    "UPDATE messages SET total = 0, sender = '', message_id = NULL, login = NULL,"   \
    " program = NULL, options = NULL, ignored = NULL, dot_bytes = 0, script = NULL," \
    " rewritten = NULL, caller = 0"

/* clang-format off */
static const char *const texts[SQL_LAST] = {
    [SQL_BEGIN]      = "BEGIN IMMEDIATE",
    [SQL_BEGIN_READ] = "BEGIN",
    [SQL_COMMIT]     = "COMMIT",
    [SQL_ROLLBACK]   = "ROLLBACK",

    [SQL_GET_META] = "SELECT value FROM meta WHERE name = ?1",
    [SQL_SET_META] = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",

    [SQL_GET_MESSAGE] = "SELECT " MESSAGE_COLUMNS " FROM messages WHERE id = ?1",
    [SQL_GET_RECIPIENTS] =
        "SELECT " RECIPIENT_COLUMNS " FROM recipients WHERE message = ?1 ORDER BY idx",
    [SQL_LIST_ALL] =
        "SELECT " MESSAGE_COLUMNS " FROM messages WHERE (finished = 0 OR total > 0)"
        " AND (?1 < 0 OR uid = ?1) ORDER BY arrival, n LIMIT ?2",
    [SQL_LIST_UNFINISHED] =
        "SELECT " MESSAGE_COLUMNS " FROM messages WHERE finished = 0"
        " AND (?1 < 0 OR uid = ?1) ORDER BY arrival, n LIMIT ?2",
    [SQL_LIST_FINISHED] =
        "SELECT " MESSAGE_COLUMNS " FROM messages WHERE finished > 0 AND total > 0"
        " AND (?1 < 0 OR uid = ?1) ORDER BY arrival, n LIMIT ?2",

    [SQL_BEGIN_IMPORT] =
        "INSERT INTO messages (id, owner, arrival) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (id) DO UPDATE SET owner = excluded.owner WHERE imported = 0",
    [SQL_IMPORT_MESSAGE] =
        "INSERT INTO messages (id, uid, arrival, finished, size, checksum, sender, message_id,"
        " login, program, way, held, crashes, paused, total, options, ignored, dot_bytes,"
        " script, rewritten, caller, storm, local, bulk, imported, owner)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
        " ?18, ?19, ?20, ?21, ?22, ?23, ?24, 1, 0)"
        " ON CONFLICT (id) DO UPDATE SET uid = ?2, arrival = ?3, finished = ?4, size = ?5,"
        " checksum = ?6, sender = ?7, message_id = ?8, login = ?9, program = ?10, way = ?11,"
        " held = max (held, ?12), crashes = ?13, paused = paused + ?14, total = ?15,"
        " options = ?16, ignored = ?17, dot_bytes = ?18, script = ?19, rewritten = ?20,"
        " caller = ?21, storm = ?22, local = ?23, bulk = ?24,"
        " imported = 1, owner = 0, parked = NULL WHERE imported = 0"
        " RETURNING n, held",
    [SQL_IMPORT_RECIPIENT] =
        "INSERT INTO recipients (message, uid, held, bulk, " RECIPIENT_COLUMNS ")"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
        " ?18, ?19, ?20, ?21, ?22, ?23)",
    [SQL_REPORT_WANTED] =
        "UPDATE recipients SET report_due = NOT EXISTS"
        " (SELECT 1 FROM messages WHERE id = report AND imported = 1)"
        " WHERE message = ?1 AND idx = ?2 AND report IS NOT NULL",
    [SQL_REPORT_IMPORTED] =
        "UPDATE recipients SET report_due = 0 WHERE report_due = 1 AND report = ?1",
    [SQL_MISSING_REPORTS] =
        "SELECT DISTINCT m.id, r.report FROM recipients r JOIN messages m ON m.n = r.message"
        " WHERE r.report_due = 1 AND r.state < 8"
        " AND NOT EXISTS (SELECT 1 FROM digests WHERE id = r.report) ORDER BY r.report",
    [SQL_NEXT_WARNING] =
        "SELECT min (warn_from) FROM recipients WHERE " UNWARNED " AND warn_from > ?1",
    [SQL_DELAYED_ACCOUNTS] =
        "SELECT DISTINCT account FROM recipients WHERE " UNWARNED " AND warn_from <= ?1",
    [SQL_DELAYED_MESSAGES] =
        "SELECT DISTINCT message FROM recipients INDEXED BY recipients_unwarned WHERE " UNWARNED
        " AND warn_from <= ?1 AND account = ?2 AND due > ?3 LIMIT ?4",
    [SQL_WARN] =
        "UPDATE recipients SET warn_from = 0, report = ?2, report_due = 1"
        " WHERE message = ?1 AND " UNWARNED
        " AND warn_from <= ?3 AND account = ?4 AND due > ?5",

    /* not as one row value: SQLite would step over all that is equal to it, one by one */
    [SQL_NEXT_SUBMITTER] =
        "SELECT account, uid, bulk, due FROM recipients WHERE " WAITING
        " AND account = ?1 AND uid > ?2 ORDER BY uid, bulk, due LIMIT 1",
    [SQL_BULK_OF_SUBMITTER] =
        "SELECT account, uid, bulk, due FROM recipients WHERE " WAITING
        " AND account = ?1 AND uid = ?2 AND bulk > ?3 ORDER BY bulk, due LIMIT 1",
    [SQL_NEXT_ACCOUNT] =
        "SELECT account, uid, bulk, due FROM recipients WHERE " WAITING
        " AND account > ?1 ORDER BY account, uid, bulk, due LIMIT 1",
    [SQL_OLDEST_WAITING] =
        "SELECT message FROM recipients WHERE " WAITING
        " AND account = ?1 AND uid = ?2 AND bulk = ?3 ORDER BY due LIMIT 1",
    [SQL_CLAIM_MESSAGE] = "SELECT " MESSAGE_COLUMNS " FROM messages WHERE n = ?1",
    [SQL_GET_RECIPIENT] =
        "SELECT " RECIPIENT_COLUMNS " FROM recipients WHERE message = ?1 AND idx = ?2",
    [SQL_WAITING_OF] =
        "SELECT " RECIPIENT_COLUMNS " FROM recipients WHERE message = ?1"
        " AND account = ?2 AND state <= 1 AND held = 0 AND due <= ?3 ORDER BY idx",
    [SQL_CLAIM_RECIPIENT] =
        "UPDATE recipients SET state = 2, key = ?3, owner = ?4, changed = ?5"
        " WHERE message = ?1 AND idx = ?2",
    [SQL_GET_TURN] = "SELECT uid FROM turns WHERE account = ?1",
    [SQL_SET_TURN] = "INSERT OR REPLACE INTO turns (account, uid) VALUES (?1, ?2)",

    [SQL_NEXT_OWNER] =
        "SELECT min (owner) FROM ("
        "SELECT min (owner) AS owner FROM recipients WHERE state = 2 AND owner > ?1"
        " UNION ALL "
        "SELECT min (owner) AS owner FROM messages WHERE imported = 0 AND owner > ?1)",
    [SQL_CRASHED_MESSAGES] =
        "UPDATE messages SET crashes = crashes + 1 WHERE n IN"
        " (SELECT message FROM recipients WHERE state = 2 AND owner = ?1)",
    [SQL_CRASHED_IMPORTS] =
        "UPDATE messages SET crashes = crashes + 1, owner = 0, parked = CASE"
        " WHEN crashes + 1 >= 3 THEN 'a courier died three times while it read this file'"
        " END WHERE imported = 0 AND owner = ?1 RETURNING n, -1",
    [SQL_RECOVER_RECIPIENTS] =
        "UPDATE recipients SET owner = 0, due = ?2, due_named = 0, changed = ?2,"
        " maybe_sent = 1, doubt_from = ?2, unanswered = 0, attempts = attempts + 1,"
        " reply = ?3, report_due = report_due AND NOT m.deleted, state = CASE"
        " WHEN m.deleted THEN 8 WHEN m.crashes >= 3 THEN 3 ELSE 1 END"
        " FROM messages m WHERE m.n = recipients.message"
        " AND recipients.state = 2 AND recipients.owner = ?1 RETURNING message, idx",
    [SQL_LET_IMPORTS_GO] =
        "UPDATE messages SET owner = 0 WHERE imported = 0 AND owner = ?1",
    [SQL_DELETED_IDS] = "SELECT id FROM messages INDEXED BY messages_deleted"
                        " WHERE deleted = 1 AND finished = 0",

    [SQL_SETTLE_STATE] =
        "SELECT r.message, r.state, r.owner, m.deleted FROM messages m"
        " JOIN recipients r ON r.message = m.n WHERE m.id = ?1 AND r.idx = ?2",
    [SQL_SETTLE_RECIPIENT] =
        "UPDATE recipients SET state = ?3, due = ?4, due_named = ?5, attempts = attempts + ?6,"
        " maybe_sent = maybe_sent | ?7, account = coalesce (?8, account),"
        " remote_id = coalesce (?9, remote_id), dsn = ?10, reply = ?11,"
        /* what is final has a report of its own, or none */
        " report = CASE WHEN ?3 < 4 THEN coalesce (?12, report) ELSE ?12 END,"
        " report_due = report_due AND ?3 < 4, owner = 0, changed = ?13,"
        " doubt_from = ?14, unanswered = ?15"
        " WHERE message = ?1 AND idx = ?2",
    [SQL_SETTLE_MESSAGE] =
        "UPDATE messages SET crashes = CASE WHEN ?3 THEN 0 ELSE crashes END,"
        " paused = paused + ?2 WHERE id = ?1 AND (crashes > 0 OR ?2 > 0)",
    [SQL_FINISH_MESSAGE] =
        "UPDATE messages SET finished = ?2, held = 0, storm = 0 WHERE id = ?1 AND imported = 1"
        " AND finished = 0 AND NOT EXISTS"
        " (SELECT 1 FROM recipients WHERE message = messages.n AND state < 4)",

    [SQL_UNFINISHED_IDS] = "SELECT id FROM messages WHERE finished = 0 ORDER BY arrival, n",
    [SQL_RETRY_RECIPIENTS] =
        "UPDATE recipients SET due = ?2, due_named = 0 WHERE " OF_ID " AND state <= 1",
    /* to be asked whether the provider takes mail again: by one message, as after a pause */
    [SQL_PROBE_BUCKETS] =
        "UPDATE buckets SET until = 0, tokens = 1, at = ?2 WHERE until > ?2 AND account IN"
        " (SELECT account FROM recipients WHERE " OF_ID " AND " WAITING ")",
    [SQL_HOLD] =
        "UPDATE messages SET held = ?2 WHERE id = ?1 AND finished = 0 AND held = 0",
    [SQL_HOLD_RECIPIENTS] = "UPDATE recipients SET held = 1 WHERE " OF_ID,
    [SQL_RELEASE] =
        "UPDATE messages SET paused = paused + max (0, CASE WHEN held > 0 THEN ?2 - held"
        " ELSE 0 END, coalesce ((SELECT ?2 - min (changed) FROM recipients"
        " WHERE message = messages.n AND state = 3), 0)),"
        " held = 0, storm = 0, parked = NULL, crashes = 0 WHERE id = ?1 AND finished = 0"
        " AND (held > 0 OR parked IS NOT NULL OR EXISTS"
        " (SELECT 1 FROM recipients WHERE message = messages.n AND state = 3))",
    [SQL_RELEASE_RECIPIENTS] =
        "UPDATE recipients SET held = 0, due = min (due, ?2),"
        " changed = CASE state WHEN 3 THEN ?2 ELSE changed END,"
        " state = CASE WHEN state < 3 THEN state ELSE (attempts > 0 OR maybe_sent) END"
        " WHERE " OF_ID " AND state < 4",
    [SQL_DELETE] =
        "UPDATE messages SET deleted = 1, parked = NULL, imported = 1"
        " WHERE id = ?1 AND finished = 0 AND deleted = 0",
    [SQL_DELETE_RECIPIENTS] =
        "UPDATE recipients SET state = 8, changed = ?2, report_due = 0,"
        " reply = 'deleted by an administrator'"
        " WHERE " OF_ID " AND state IN (0, 1, 3)",
    [SQL_PARK] = "UPDATE messages SET parked = ?2, owner = 0 WHERE id = ?1 AND imported = 0",
    [SQL_PARK_RECIPIENTS] =
        "UPDATE recipients SET state = 3, reply = ?2, changed = ?3"
        " WHERE " OF_ID " AND state <= 1",

    [SQL_MEND_RECIPIENTS] =
        "UPDATE recipients SET due = ?1, doubt_from = min (doubt_from, ?1)"
        " WHERE " WAITING " AND due > ?2 AND due_named = 0",
    [SQL_MEND_WARNINGS] =
        "UPDATE recipients SET warn_from = ?1 WHERE " UNWARNED " AND warn_from > ?2",
    [SQL_MEND_ARRIVALS] =
        "UPDATE messages SET arrival = min (arrival, ?1), held = min (held, ?1)"
        " WHERE finished = 0 AND (arrival > ?2 OR held > ?2)",
    [SQL_MEND_FINISHED] =
        "UPDATE messages SET finished = ?1, arrival = min (arrival, ?1) WHERE finished > ?2"
        " AND finished > 0 AND total > 0",
    [SQL_MEND_KNOWN] =
        "UPDATE messages SET finished = ?1, arrival = min (arrival, ?1) WHERE finished > ?2"
        " AND finished > 0 AND total = 0",
    [SQL_MEND_PROBLEMS] =
        "UPDATE problems SET until = min (until, ?1), since = min (since, ?1)"
        " WHERE until > ?2 OR since > ?2",

    [SQL_MEND_DIGESTS] = "UPDATE digests SET due = ?1 WHERE due > ?2",

    [SQL_FORGET_RECIPIENTS] = "DELETE FROM recipients WHERE message IN (" FORGETTABLE ")",
    [SQL_FORGET_TEXTS] = TEXTLESS " WHERE n IN (" FORGETTABLE ")",
    [SQL_FORGET_MESSAGES] =
        "DELETE FROM messages WHERE finished > 0 AND finished <= ?1 AND total = 0",
    /* nobody waits for their end any more; that of an account stays for all to see */
    [SQL_FORGET_PROBLEMS] =
        "DELETE FROM problems WHERE scope <> 'account' AND until <= ?1 AND NOT EXISTS"
        " (SELECT 1 FROM recipients WHERE account = problems.account AND " WAITING ")",
    [SQL_NAMING] =
        "SELECT n, EXISTS (SELECT 1 FROM recipients WHERE message = n AND report_due = 1)"
        " FROM messages WHERE finished > 0 AND total > 0"
        " AND (names (sender, ?1) OR names (rewritten, ?1) OR names (message_id, ?1)"
        " OR EXISTS (SELECT 1 FROM recipients WHERE message = n AND (names (address, ?1)"
        " OR names (original, ?1) OR names (orcpt, ?1) OR names (reply, ?1)"
        " OR names (remote_id, ?1))))",
    [SQL_ERASE_RECIPIENTS] = "DELETE FROM recipients WHERE message = ?1",
    [SQL_ERASE_TEXTS] = TEXTLESS " WHERE n = ?1",
    [SQL_ERASE_PROBLEMS] =
        "DELETE FROM problems WHERE names (scope, ?1) OR names (problem, ?1)",

    [SQL_SET_PROBLEM] =
        "INSERT INTO problems (account, scope, problem, since, until)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (account, scope)"
        " DO UPDATE SET problem = excluded.problem, until = excluded.until",
    /* what was not even tried meanwhile: it cannot be paused for longer than it exists */
    [SQL_PAUSE_MESSAGES] =
        "UPDATE messages SET paused = max (paused,"
        " min (?3 - arrival, paused + ?3 - max (arrival, p.since))) FROM problems p"
        " WHERE p.account = ?1 AND p.scope = ?2 AND ?2 = 'account' AND finished = 0"
        " AND n IN (SELECT message FROM recipients WHERE account = ?1 AND " WAITING ")",
    /* what was held for it, and nothing that waits for another reason */
    [SQL_RESUME_RECIPIENTS] =
        "UPDATE recipients SET due = ?3 WHERE " WAITING " AND account = ?1 AND due > ?3"
        " AND due = (SELECT until FROM problems WHERE account = ?1 AND scope = ?2)",
    [SQL_CLEAR_PROBLEM] = "DELETE FROM problems WHERE account = ?1 AND scope = ?2",
    [SQL_COUNT_OUTCOMES] =
        "SELECT count (DISTINCT id) FROM (SELECT n, id FROM messages WHERE finished = 0"
        " UNION ALL SELECT n, id FROM messages WHERE finished > 0 AND finished >= ?2"
        " AND total > 0)"
        " JOIN recipients ON message = n WHERE state = ?1 AND changed >= ?2",
    [SQL_PROBLEMS] =
        "SELECT account, scope, problem, since, until FROM problems ORDER BY since, account",

    [SQL_GET_STORM] =
        "SELECT uid, sum, since, seen, began, total, held, digest FROM storms"
        " WHERE uid = ?1 AND slot = ?2",
    [SQL_SET_STORM] =
        "INSERT OR REPLACE INTO storms (uid, slot, sum, since, seen, began, total, held, digest)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [SQL_STORMS] =
        "SELECT uid, sum, since, seen, began, total, held, digest FROM storms"
        " WHERE began > 0 ORDER BY began, uid, slot",
    [SQL_FORGET_STORMS] = "DELETE FROM storms WHERE since <= ?1",

    [SQL_GET_REPORT_COUNT] =
        "SELECT since, sent, digest FROM report_counts WHERE sum = ?1",
    [SQL_SET_REPORT_COUNT] =
        "INSERT OR REPLACE INTO report_counts (sum, since, sent, digest)"
        " VALUES (?1, ?2, ?3, ?4)",
    [SQL_FORGET_REPORT_COUNTS] = "DELETE FROM report_counts WHERE since <= ?1",
    [SQL_SENDER] = "SELECT sender FROM messages WHERE n = ?1",

    [SQL_OPEN_DIGEST] = "INSERT OR IGNORE INTO digests (id, kind, due) VALUES (?1, ?2, ?3)",
    [SQL_NEXT_DIGEST] = "SELECT min (due) FROM digests WHERE closed = 0",
    [SQL_CLOSE_DIGESTS] = "UPDATE digests SET closed = 1 WHERE closed = 0 AND due <= ?1",
    [SQL_LEAVE_DIGESTS] =
        "UPDATE storms SET digest = '' WHERE digest <> ''"
        " AND digest NOT IN (SELECT id FROM digests WHERE closed = 0)",
    [SQL_LEAVE_REPORT_DIGESTS] =
        "UPDATE report_counts SET digest = '' WHERE digest <> ''"
        " AND digest NOT IN (SELECT id FROM digests WHERE closed = 0)",
    [SQL_CLOSED_DIGESTS] = "SELECT id, kind FROM digests WHERE closed = 1 ORDER BY id",
    [SQL_DIGEST_MESSAGES] = "SELECT DISTINCT m.n " TOLD_OF " LIMIT ?3",
    [SQL_DIGEST_RECIPIENTS] =
        "SELECT " RECIPIENT_COLUMNS " FROM recipients WHERE message = ?1 AND report = ?2"
        " AND report_due = 1 ORDER BY idx LIMIT ?3",
    [SQL_COUNT_DIGEST] = "SELECT count (DISTINCT m.n), count (*) " TOLD_OF,
    [SQL_END_DIGEST] = "DELETE FROM digests WHERE id = ?1",
    [SQL_FORGET_DIGEST] =
        "UPDATE recipients SET report = NULL, report_due = 0"
        " WHERE report_due = 1 AND report = ?1",
    [SQL_SALVAGE_DIGESTS] = "SELECT id, kind, due FROM digests",

    [SQL_GET_BUCKET] =
        "SELECT tokens, at, rate, base, until, day_from, day_used FROM buckets"
        " WHERE account = ?1",
    [SQL_SET_BUCKET] =
        "INSERT OR REPLACE INTO buckets"
        " (account, tokens, at, rate, base, until, day_from, day_used)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",

    [SQL_FIND_CALLER] =
        "SELECT n FROM callers WHERE uid = ?1 AND rest = 0 AND login = ?2 AND program = ?3"
        " AND script = ?4",
    [SQL_COUNT_CALLERS] =
        "SELECT (SELECT count (*) FROM callers WHERE uid = ?1 AND rest = 0),"
        " (SELECT coalesce (max (n), 0) FROM callers)",
    [SQL_ADD_CALLER] =
        "INSERT INTO callers (uid, rest, login, program, script, first)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (uid, rest, login, program, script)"
        " DO UPDATE SET first = min (first, excluded.first) RETURNING n",
    [SQL_COUNT_CALLS] =
        "UPDATE callers SET messages = messages + ?2, dot_messages = dot_messages + ?3,"
        " dot_bytes = dot_bytes + ?4, rewritten = rewritten + ?5, last = ?6 WHERE n = ?1",
    [SQL_COUNT_OPTION] =
        "INSERT INTO caller_options (caller, option, used, ignored)"
        " SELECT ?1, CASE WHEN EXISTS"
        " (SELECT 1 FROM caller_options WHERE caller = ?1 AND option = ?2) OR"
        " (SELECT count (*) FROM caller_options WHERE caller = ?1) < 64 THEN ?2 ELSE ?5 END,"
        " ?3, ?4 WHERE true ON CONFLICT (caller, option)"
        " DO UPDATE SET used = used + excluded.used, ignored = ignored + excluded.ignored",
    [SQL_NOTE_REWRITTEN] =
        "UPDATE messages SET rewritten = ?2 WHERE id = ?1 AND rewritten IS NULL",
    [SQL_COUNT_REWRITTEN] =
        "UPDATE callers SET rewritten = rewritten + 1"
        " WHERE n = (SELECT caller FROM messages WHERE id = ?1)",
    [SQL_CALLERS] =
        "SELECT n, uid, rest, login, program, script, first, last, messages, dot_messages,"
        " dot_bytes, rewritten FROM callers NOT INDEXED ORDER BY n",
    [SQL_CALLER_OPTIONS] =
        "SELECT option, used, ignored FROM caller_options WHERE caller = ?1"
        " ORDER BY used DESC, option",

    [SQL_SALVAGE_UP]   = "SELECT " MESSAGE_COLUMNS " FROM messages NOT INDEXED ORDER BY n",
    [SQL_SALVAGE_DOWN] = "SELECT " MESSAGE_COLUMNS " FROM messages NOT INDEXED ORDER BY n DESC",
    [SQL_PARK_UNVOUCHED] =
        "UPDATE recipients SET state = 3, maybe_sent = 1, doubt_from = ?1, owner = 0,"
        " changed = ?1, reply = ?2 WHERE state < 3",
};
/* clang-format on */

const char *
brev_sql_text (BrevSql sql)
{
    return texts[sql];
}
