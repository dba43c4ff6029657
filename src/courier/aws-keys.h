/* SPDX-License-Identifier: MIT */
#pragma once

#include "courier/access.h"

/* The keys that AWS gives to what runs there: of the container, where one of the variables
 * AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI is set, else of the machine (IMDSv2).
 * As requests show them: "ID:SECRET:SESSION". */
extern const BrevKeySource brev_aws_keys;
