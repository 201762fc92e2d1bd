/* SPDX-License-Identifier: Apache-2.0 */
/* Status words: class and status of every row that decides something, and all 65536 have one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "codec/sw.h"

static const struct {
	uint16_t sw;
	enum imp_sw_class klass;
	enum imp_status st;
} rows[] = {
	{ 0x9000, IMP_SW_DONE, IMP_OK },
	{ 0x9112, IMP_SW_DONE, IMP_OK },
	{ 0x9204, IMP_SW_DONE, IMP_OK },
	{ 0x6200, IMP_SW_NOTE, IMP_OK },
	{ 0x6110, IMP_SW_MORE, IMP_E_REFUSED },
	{ 0x9F10, IMP_SW_MORE, IMP_E_REFUSED },
	{ 0x6C10, IMP_SW_LENGTH, IMP_E_REFUSED },
	{ 0x6281, IMP_SW_ERROR, IMP_E_REFUSED },
	{ 0x6282, IMP_SW_END, IMP_E_REFUSED },
	{ 0x6283, IMP_SW_DEACTIVATED, IMP_E_REFUSED },
	{ 0x63C0, IMP_SW_TRIES, IMP_E_REFUSED },
	{ 0x63CF, IMP_SW_TRIES, IMP_E_REFUSED },
	{ 0x6300, IMP_SW_ERROR, IMP_E_REFUSED },
	{ 0x6581, IMP_SW_WORN, IMP_E_REFUSED },
	{ 0x6700, IMP_SW_WRONG_LENGTH, IMP_E_REFUSED },
	{ 0x6881, IMP_SW_UNSUPPORTED, IMP_E_REFUSED },
	{ 0x6982, IMP_SW_SECURITY, IMP_E_REFUSED },
	{ 0x6983, IMP_SW_BLOCKED, IMP_E_DENIED },
	{ 0x9840, IMP_SW_BLOCKED, IMP_E_DENIED },
	{ 0x6A82, IMP_SW_ABSENT, IMP_E_ABSENT },
	{ 0x6A83, IMP_SW_ABSENT, IMP_E_ABSENT },
	{ 0x6A84, IMP_SW_FULL, IMP_E_REFUSED },
	{ 0x6A89, IMP_SW_EXISTS, IMP_E_REFUSED },
	{ 0x6D00, IMP_SW_UNSUPPORTED, IMP_E_REFUSED },
	{ 0x6E00, IMP_SW_UNSUPPORTED, IMP_E_REFUSED },
	{ 0x6F37, IMP_SW_ERROR, IMP_E_REFUSED },
	{ 0x9300, IMP_SW_BUSY, IMP_E_REFUSED },
	{ 0x0000, IMP_SW_ERROR, IMP_E_REFUSED },
	{ 0x9001, IMP_SW_ERROR, IMP_E_REFUSED },
};

static void classes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(imp_sw_class(rows[i].sw), rows[i].klass);
		assert_int_equal(imp_sw_status(rows[i].sw), rows[i].st);
		assert_int_equal(imp_sw_ok(rows[i].sw), rows[i].st == IMP_OK);
	}
}

static void every_one_has_a_text(void **state)
{
	unsigned done = 0;

	(void)state;
	for (unsigned sw = 0; sw <= 0xFFFF; sw++) {
		const struct imp_sw *row = imp_sw((uint16_t)sw);

		assert_true(row->text[0] != '\0');
		assert_non_null(row->hint);
		assert_int_equal(sw & row->mask, row->value);
		done += imp_sw_ok((uint16_t)sw);
	}
	/* 9000, 91xx, 92xx, 6200: nothing else may be taken for success. */
	assert_int_equal(done, 1 + 256 + 256 + 1);
}

static void tries(void **state)
{
	(void)state;
	assert_int_equal(imp_sw_tries(0x63C0), 0);
	assert_int_equal(imp_sw_tries(0x63CA), 10);
	assert_int_equal(imp_sw_tries(0x6300), -1);
	assert_int_equal(imp_sw_tries(0x9000), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes),
		cmocka_unit_test(every_one_has_a_text),
		cmocka_unit_test(tries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
