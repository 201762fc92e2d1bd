/* SPDX-License-Identifier: Apache-2.0 */
/* What an emulated device offers to the firmware of the boot tests: text out and an end. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

void board_put(const char *text);

/* The emulator ends with this exit code. */
__attribute__((noreturn)) void board_end(int code);

/* All RAM that the firmware uses, stack included. */
void board_ram(const volatile uint8_t **from, const volatile uint8_t **to);

#endif
