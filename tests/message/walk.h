/* SPDX-License-Identifier: MIT */
#pragma once

#include "message/message.h"

/**
 * test_walk:
 *
 * Reads all that a message has, every part in every way, and checks what must hold for
 * any input: valid UTF-8, no line ends in what becomes a header, parts within the file.
 */
void test_walk (int fd, const BrevMessage *message);
