/* SPDX-License-Identifier: Apache-2.0 */
/* The RISC-V machine "virt": its UART and its test device. */
#include "board.h"

#include <stdint.h>

#define UART (*(volatile uint8_t *)0x10000000U)
#define TEST (*(volatile uint32_t *)0x00100000U)
#define TEST_PASS 0x5555U
#define TEST_FAIL 0x3333U
#define EXIT_FAULT 99

int main(void);
void board_start(void);

extern uint8_t link_ram, link_stack;

void board_put(const char *text)
{
	while (*text)
		UART = (uint8_t)*text++;
}

void board_end(int code)
{
	for (;;)
		TEST = code ? (uint32_t)code << 16 | TEST_FAIL : TEST_PASS;
}

void board_ram(const volatile uint8_t **from, const volatile uint8_t **to)
{
	*from = &link_ram;
	*to = &link_stack;
}

static __attribute__((aligned(4), used)) void fault(void)
{
	board_put("exception\n");
	board_end(EXIT_FAULT);
}

__attribute__((section(".init"), naked, used)) void board_start(void)
{
	__asm__ volatile(".option arch, +zicsr\n\t"
			 "la sp, link_stack\n\t"
			 "la t0, fault\n\t"
			 "csrw mtvec, t0\n\t"
			 "call main\n\t"
			 "call board_end");
}
