/* SPDX-License-Identifier: Apache-2.0 */
/* What an emulated device offers to the firmware of the boot tests: text out and an end. */
#ifndef BOARD_H
#define BOARD_H

void board_put(const char *text);

/* The emulator ends with this exit code. */
__attribute__((noreturn)) void board_end(int code);

#endif
