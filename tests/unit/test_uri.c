/* SPDX-License-Identifier: Apache-2.0 */
/* Server URIs: parts, and schemes against security modes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "model/uri.h"
#include "tests/fake/vec.h"

static void parts(void **state)
{
	static const struct {
		const char *text, *scheme, *host;
		uint16_t port;
	} rows[] = {
		{ "coaps://dm.example.com:5684", "coaps", "dm.example.com", 5684 },
		{ "coap://a", "coap", "a", 0 },
		{ "coap://a/path?x=1#y", "coap", "a", 0 },
		{ "coap://a:1/p", "coap", "a", 1 },
		{ "coap://a:65535", "coap", "a", 65535 },
		{ "coap://192.0.2.1?x", "coap", "192.0.2.1", 0 },
		{ "coaps+tcp://[2001:db8::1]:5684", "coaps+tcp", "2001:db8::1", 5684 },
		{ "coaps://[::1]", "coaps", "::1", 0 },
		{ "CoAPs://A%20b", "CoAPs", "A%20b", 0 },
		{ "", NULL, NULL, 0 },
		{ "coap", NULL, NULL, 0 },
		{ "coap:", NULL, NULL, 0 },
		{ "coap:/a", NULL, NULL, 0 },
		{ "coap://", NULL, NULL, 0 },
		{ "coap:///path", NULL, NULL, 0 },
		{ "coap://:5683", NULL, NULL, 0 },
		{ "coap://a:", NULL, NULL, 0 },
		{ "coap://a:0", NULL, NULL, 0 },
		{ "coap://a:65536", NULL, NULL, 0 },
		{ "coap://a:123456", NULL, NULL, 0 },
		{ "coap://a:5x", NULL, NULL, 0 },
		{ "coap://a:5:5", NULL, NULL, 0 },
		{ "coap://user@a", NULL, NULL, 0 },
		{ "coap://[::1", NULL, NULL, 0 },
		{ "coap://[]", NULL, NULL, 0 },
		{ "coap://[::1]x", NULL, NULL, 0 },
		{ "coap://a]", NULL, NULL, 0 },
		{ "1coap://a", NULL, NULL, 0 },
		{ "co_ap://a", NULL, NULL, 0 },
		{ "://a", NULL, NULL, 0 },
		{ "coap://a b", NULL, NULL, 0 },
		{ "coap://a\n", NULL, NULL, 0 },
		{ "coap://\xc3\xa9", NULL, NULL, 0 },
		{ "bs.example.com", NULL, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_span in = vec_copy(imp_span_str(rows[i].text));
		struct imp_uri u = { .port = 4711 };
		enum imp_status st = imp_uri(in, &u);

		if ((st == IMP_OK) != (rows[i].scheme != NULL))
			fail_msg("'%s'", rows[i].text);
		if (st) {
			assert_int_equal(st, IMP_E_FORMAT);
			assert_int_equal(u.port, 4711);
		} else {
			assert_true(imp_span_eq(u.scheme, imp_span_str(rows[i].scheme)));
			assert_true(imp_span_eq(u.host, imp_span_str(rows[i].host)));
			assert_int_equal(u.port, rows[i].port);
		}
		vec_free(in);
	}
}

static void longest(void **state)
{
	char text[257] = "coap://";
	struct imp_uri u;

	(void)state;
	memset(text + 7, 'a', 249);
	assert_int_equal(imp_uri(imp_span(text, 255), &u), IMP_OK);
	assert_int_equal(imp_uri(imp_span(text, 256), &u), IMP_E_FORMAT);
}

static void schemes(void **state)
{
	static const struct {
		const char *text;
		enum imp_uri_security security;
	} rows[] = {
		{ "coap://a", IMP_URI_PLAIN },
		{ "COAP://a", IMP_URI_PLAIN },
		{ "coap+tcp://a", IMP_URI_PLAIN },
		{ "coap+ws://a", IMP_URI_PLAIN },
		{ "coaps://a", IMP_URI_SECURE },
		{ "CoapS+TCP://a", IMP_URI_SECURE },
		{ "coapx://a", IMP_URI_FOREIGN },
		{ "coapsx://a", IMP_URI_FOREIGN },
		{ "coa://a", IMP_URI_FOREIGN },
		{ "mqtt://a", IMP_URI_FOREIGN },
		{ "https://a", IMP_URI_FOREIGN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imp_uri u;

		assert_int_equal(imp_uri(imp_span_str(rows[i].text), &u), IMP_OK);
		assert_int_equal(imp_uri_security(&u), rows[i].security);
		for (int64_t mode = 0; mode <= 4; mode++)
			assert_int_equal(imp_uri_fits_mode(&u, mode),
				rows[i].security == IMP_URI_FOREIGN ||
					(rows[i].security == IMP_URI_PLAIN) == (mode == 3));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),
		cmocka_unit_test(longest),
		cmocka_unit_test(schemes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
