/* SPDX-License-Identifier: MIT */
#pragma once

#include "admin/command.h"

void brev_help_print_command (const BrevCommand *command, gboolean as_json);
void brev_help_print_all (gboolean as_json);
