/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts: each rule has a row that breaks it alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "flash/layout.h"

struct row {
	struct imp_layout l;
	const char *says; /* NULL: good */
};

#define L(base, size, erase, program, a, b, slot)               \
	{                                                       \
		"t", base, size, erase, program, { a, b }, slot \
	}

static const struct row rows[] = {
	{ L(0x0803E000, 8192, 2048, 8, 0, 4096, 4096), NULL },
	{ L(0, 65536, 4096, 1, 0, 32768, 32768), NULL },
	{ L(0, 4096, 4096, 32, 0, 0, 4096), NULL },
	{ L(0, 8192, 2048, 8, 4096, 0, 4096), NULL },
	{ L(0xFFFFF000, 4096, 1024, 1, 0, 2048, 2048), NULL },
	{ L(0, 8192, 3000, 8, 0, 4096, 4096), "erase block" },
	{ L(0, 8192, 0, 8, 0, 4096, 4096), "erase block" },
	{ L(0, 8192, 16, 8, 0, 4096, 4096), "erase block" },
	{ L(0, 8192, 2048, 3, 0, 4096, 4096), "program unit" },
	{ L(0, 8192, 2048, 64, 0, 4096, 4096), "program unit" },
	{ L(0, 8192, 2048, 0, 0, 4096, 4096), "program unit" },
	{ L(0, 0, 2048, 8, 0, 4096, 4096), "area" },
	{ L(0, 8200, 2048, 8, 0, 4096, 4096), "area" },
	{ L(0, 32U << 20, 2048, 8, 0, 4096, 4096), "area" },
	{ L(100, 8192, 2048, 8, 0, 4096, 4096), "base address" },
	{ L(0xFFFFF000, 8192, 1024, 1, 0, 2048, 2048), "address space" },
	{ L(0, 8192, 2048, 8, 0, 4096, 0), "whole number" },
	{ L(0, 8192, 2048, 8, 0, 4096, 3000), "whole number" },
	{ L(0, 8192, 2048, 8, 1000, 4096, 2048), "begin on" },
	{ L(0, 8192, 2048, 8, 0, 6144, 4096), "beyond" },
	{ L(0, 8192, 2048, 8, 0, 8192, 2048), "beyond" },
	{ L(0, 8192, 2048, 8, 0, 0x80000000, 2048), "beyond" },
	{ L(0, 8192, 2048, 8, 0, 2048, 4096), "overlap" },
	{ L(0, 8192, 2048, 8, 2048, 0, 4096), "overlap" },
};

static void every_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_diag diag = { 0 };
		enum imp_status st = imp_layout_check(&rows[i].l, &diag);

		if (rows[i].says ? st != IMP_E_FORMAT || !strstr(diag.text, rows[i].says)
				 : st != IMP_OK)
			fail_msg("row %zu: %d %s", i, st, diag.text);
	}
}

static void room_for_payloads(void **state)
{
	const struct imp_layout small = L(0, 4096, 2048, 8, 0, 2048, 2048);
	const struct imp_layout large = L(0, 1U << 20, 4096, 8, 0, 65536, 65536);

	(void)state;
	assert_int_equal(imp_layout_payload_max(&small, false), 2048 - 64);
	assert_int_equal(imp_layout_payload_max(&small, true), 2048 - 96);
	assert_int_equal(imp_layout_payload_max(&large, false), 32768);
	assert_int_equal(imp_layout_payload_max(&large, true), 32768);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule),
		cmocka_unit_test(room_for_payloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
