/* SPDX-License-Identifier: Apache-2.0 */
/* Any Cortex-M under semihosting: reset, faults, text and exit code. */
#include "board.h"

#include <stddef.h>
#include <stdint.h>

#define SYS_WRITE0 0x04U
#define SYS_EXIT_EXTENDED 0x20U
#define APPLICATION_EXIT 0x20026U
#define EXIT_FAULT 99

int main(void);
void board_reset(void);

extern uint32_t link_stack, link_data, link_data_end, link_data_from, link_bss, link_bss_end;

static void semihost(uint32_t operation, const void *argument)
{
	register uint32_t r0 __asm__("r0") = operation;
	register const void *r1 __asm__("r1") = argument;

	__asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void board_put(const char *text)
{
	semihost(SYS_WRITE0, text);
}

void board_end(int code)
{
	const uint32_t block[] = { APPLICATION_EXIT, (uint32_t)code };

	for (;;)
		semihost(SYS_EXIT_EXTENDED, block);
}

void board_ram(const volatile uint8_t **from, const volatile uint8_t **to)
{
	*from = (const volatile uint8_t *)&link_data;
	*to = (const volatile uint8_t *)&link_stack;
}

void board_reset(void)
{
	const uint32_t *from = &link_data_from;

	for (uint32_t *to = &link_data; to < &link_data_end;)
		*to++ = *from++;
	for (uint32_t *to = &link_bss; to < &link_bss_end;)
		*to++ = 0;
	board_end(main());
}

static void fault(void)
{
	board_put("exception\n");
	board_end(EXIT_FAULT);
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
	(void (*)(void))(uintptr_t)&link_stack,
	board_reset,
	fault,
	fault,
	fault,
	fault,
	fault,
	fault,
};
