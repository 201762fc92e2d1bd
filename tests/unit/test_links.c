/* SPDX-License-Identifier: Apache-2.0 */
/* Bootstrap-Discover as devices answer it, in the forms of 1.0 and later. */
#include "bootstrap/links.h"

#include "tests/fake/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *text;
	enum imp_status st;
	size_t n;
	int32_t account;
};

static const struct row rows[] = {
	{ "", IMP_OK, 0, -1 },
	{ "</>;lwm2m=1.1,</0/0>;ssid=101;uri=\"coaps://a\",</0/1>,</1/0>;ssid=101,</3/0>,</5>",
		IMP_OK, 5, 1 },
	{ "lwm2m=\"1.0\",</0/0>;ssid=1,</0/1>,</1/0>;ssid=1,</3/0>", IMP_OK, 4, 1 },
	{ "</>;lwm2m=1.2, </0/7>, </21/0>", IMP_OK, 2, 7 },
	{ "</0/0>;uri=\"coaps://a,</0/1>;x\",</0/2>;ssid=\"3\"", IMP_OK, 2, 0 },
	{ "</0/0>;uri=\"a\\\",</0/9>\",</0/2>;ssid=2", IMP_OK, 2, 0 },
	{ "</0/0>,</0/1>", IMP_OK, 2, -1 }, /* two without ssid: which one is not known */
	{ "</0/0>;ssid=1", IMP_OK, 1, -1 },
	{ "</rd>,</0/65535>,</0/1/2>,</70000/1>,</a/1>,<http://x>", IMP_OK, 0, -1 },
	{ "</0/1>;ver=\"1.1\"", IMP_OK, 1, 1 },
	{ "</0/0>;ssid=70000", IMP_OK, 1, 0 },
	{ "0/0", IMP_OK, 0, -1 },
	{ "</0/1>,</0", IMP_E_FORMAT, 0, -1 },
	{ "</0/1>,lwm2m", IMP_E_FORMAT, 0, -1 },
	{ "</0/1>,,</0/2>", IMP_E_FORMAT, 0, -1 },
	{ ",", IMP_E_FORMAT, 0, -1 },
};

static void every_form(void **state)
{
	static struct imp_links links;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_span text = vec_copy(imp_span_str(rows[i].text));

		print_message("%s\n", rows[i].text);
		assert_int_equal(imp_links_read(text, &links), rows[i].st);
		assert_int_equal(links.n, rows[i].n);
		assert_int_equal(imp_links_account(&links), rows[i].account);
		vec_free(text);
	}
}

static void more_links_than_there_is_room_for(void **state)
{
	static char text[(IMP_LINKS_MAX + 1) * 9];
	static struct imp_links links;
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < IMP_LINKS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s</3/%u>", i ? "," : "", i);
	assert_int_equal(imp_links_read(imp_span(text, n), &links), IMP_OK);
	assert_int_equal(links.n, IMP_LINKS_MAX);
	n += (size_t)snprintf(text + n, sizeof text - n, ",</4/0>");
	assert_int_equal(imp_links_read(imp_span(text, n), &links), IMP_E_SPACE);
	assert_int_equal(links.n, 0);
}

static bool reads_outside(void *ctx, struct imp_span input)
{
	static struct imp_links links;

	(void)ctx;
	return imp_links_read(input, &links) == IMP_OK && links.n > 5; /* more than there were */
}

static void every_prefix_and_bit_is_harmless(void **state)
{
	struct imp_span text = imp_span_str(rows[1].text);

	(void)state;
	assert_int_equal(vec_prefixes(text, reads_outside, NULL), 0);
	assert_int_equal(vec_flips(text, reads_outside, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form),
		cmocka_unit_test(more_links_than_there_is_room_for),
		cmocka_unit_test(every_prefix_and_bit_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
