/* SPDX-License-Identifier: MIT */
#pragma once

#include "courier/report-text.h"

/* Inside report-*.c and digest-text.c only: what the parts of a report have in common. */

/* (transfer full): the mailbox that reports come from */
char *brev_report_from (const BrevConfig *config);

/* (transfer full): one line for a person, of bounded length */
char *brev_report_words (const char *text);
/* (transfer full): the same for a field that must be ASCII */
char *brev_report_ascii (const char *text);
/* "    Label: text", or nothing where there is no @text (nullable). */
void brev_report_append_line (GString *out, const char *label, const char *text);
/* (transfer full): for a header */
char *brev_report_date (gint64 time);
/* (transfer full): the domain we speak for */
char *brev_report_domain (const BrevConfig *config);
/* (transfer none): whose API the recipient's account is */
const char *brev_report_provider (const BrevReport *report,
                                  const BrevStoreRecipient *recipient);
/* (transfer full): until when a message is tried */
char *brev_report_until (const BrevReport *report);
/* (transfer none): the status code that goes with @action */
const char *brev_report_code (const BrevStoreRecipient *recipient, BrevAction action);

void brev_report_begin_part (GString *out, const BrevReport *report, const char *type,
                             const char *description);
/* The part for programs, message/delivery-status. */
void brev_report_append_status (GString *out, const BrevReport *report);
