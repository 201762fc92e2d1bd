/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the CoAP net that need no socket: blocks, bodies, answers remembered, addresses, suites.
 */
#include "link/coap_address.h"
#include "link/coap_body.h"
#include "link/coap_dedup.h"
#include "link/coap_suites.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- blocks -------------------------------------------------------------------------------------
 */

static void block_option(void **state)
{
	static const struct {
		uint8_t p[4];
		size_t n;
		enum imp_status st;
		struct imp_block block;
	} rows[] = {
		{ { 0 }, 0, IMP_OK, { 0, false, 0 } },
		{ { 0x0E }, 1, IMP_OK, { 0, true, 6 } },
		{ { 0x16 }, 1, IMP_OK, { 1, false, 6 } },
		{ { 0x12, 0x3D }, 2, IMP_OK, { 0x123, true, 5 } },
		{ { 0xFF, 0xFF, 0xF6 }, 3, IMP_OK, { 0xFFFFF, false, 6 } },
		{ { 0x00, 0x00, 0x16 }, 3, IMP_OK, { 1, false, 6 } },
		{ { 0x07 }, 1, IMP_E_FORMAT, { 0, false, 0 } },
		{ { 0x0F }, 1, IMP_E_FORMAT, { 0, false, 0 } },
		{ { 0, 0, 0, 0 }, 4, IMP_E_FORMAT, { 0, false, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_block b = { 77, true, 3 };

		assert_int_equal(imp_block_read(imp_span(rows[i].p, rows[i].n), &b), rows[i].st);
		if (rows[i].st != IMP_OK) {
			assert_int_equal(b.num, 77);
			continue;
		}
		assert_int_equal(b.num, rows[i].block.num);
		assert_int_equal(b.more, rows[i].block.more);
		assert_int_equal(b.szx, rows[i].block.szx);
		assert_int_equal(
			imp_block_value(&b) & 0xF, rows[i].n ? rows[i].p[rows[i].n - 1] & 0xF : 0);
	}
}

static void block_cut(void **state)
{
	static const struct {
		size_t n;
		uint32_t num;
		uint8_t szx;
		enum imp_status st;
		size_t at, part;
		bool more;
	} rows[] = {
		{ 0, 0, 6, IMP_OK, 0, 0, false },
		{ 1, 0, 6, IMP_OK, 0, 1, false },
		{ 1024, 0, 6, IMP_OK, 0, 1024, false },
		{ 1025, 0, 6, IMP_OK, 0, 1024, true },
		{ 1025, 1, 6, IMP_OK, 1024, 1, false },
		{ 1024, 1, 6, IMP_E_SPACE, 0, 0, false },
		{ 0, 1, 6, IMP_E_SPACE, 0, 0, false },
		{ 33, 2, 0, IMP_OK, 32, 1, false },
		{ 33, 1, 0, IMP_OK, 16, 16, true },
		{ 33, 0xFFFFF, 6, IMP_E_SPACE, 0, 0, false },
	};
	uint8_t body[1025];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_block b = { rows[i].num, !rows[i].more, rows[i].szx };
		struct imp_span part = { NULL, 0 };

		assert_int_equal(imp_block_cut(imp_span(body, rows[i].n), &b, &part), rows[i].st);
		if (rows[i].st != IMP_OK)
			continue;
		assert_int_equal(part.n, rows[i].part);
		assert_int_equal(b.more, rows[i].more);
		if (part.n)
			assert_ptr_equal(part.p, body + rows[i].at);
	}
}

/* Any body in blocks of any size comes out as it went in, whatever is asked in between. */
static void bodies(void **state)
{
	struct imp_body_pool pool = { 0, 1 << 20 };
	static uint8_t in[5000];

	(void)state;
	for (size_t i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i * 3 + i / 255);
	for (uint8_t szx = 0; szx <= 6; szx++)
		for (size_t n = 0; n <= sizeof in; n += 61) {
			struct imp_body body = { NULL, 0, 0 };
			struct imp_block b = { 0, true, szx };
			enum imp_body_step step = IMP_BODY_MORE;

			for (; step == IMP_BODY_MORE; b.num++) {
				struct imp_span part;

				assert_int_equal(imp_block_cut(imp_span(in, n), &b, &part), IMP_OK);
				step = imp_body_take(&body, &pool, &b, part, sizeof in);
			}
			assert_int_equal(step, IMP_BODY_DONE);
			assert_true(imp_span_eq(imp_span(body.p, body.n), imp_span(in, n)));
			imp_body_drop(&body, &pool);
			assert_int_equal(pool.used, 0);
		}
}

static void body_limits(void **state)
{
	struct imp_body_pool pool = { 0, 4096 };
	struct imp_body a = { NULL, 0, 0 }, b = { NULL, 0, 0 };
	static const uint8_t part[1024];
	struct imp_span whole = { part, sizeof part };

	(void)state;
	assert_int_equal(imp_body_take(&a, &pool, &(struct imp_block){ 0, true, 6 }, whole, 1024),
		IMP_BODY_MORE);
	assert_int_equal(imp_body_take(&a, &pool, &(struct imp_block){ 1, false, 6 }, whole, 2047),
		IMP_BODY_LARGE);
	assert_int_equal(pool.used, 0);
	assert_int_equal(
		imp_body_take(&a, &pool, &(struct imp_block){ 0, true, 6 }, whole, 1 << 20),
		IMP_BODY_MORE);
	assert_int_equal(
		imp_body_take(&b, &pool, &(struct imp_block){ 0, true, 6 }, whole, 1 << 20),
		IMP_BODY_MORE);
	assert_int_equal(pool.used, 4096);
	assert_int_equal(
		imp_body_take(&a, &pool, &(struct imp_block){ 1, true, 6 }, whole, 1 << 20),
		IMP_BODY_MORE);
	assert_int_equal(
		imp_body_take(&a, &pool, &(struct imp_block){ 2, true, 6 }, whole, 1 << 20),
		IMP_BODY_NO_ROOM);
	assert_int_equal(pool.used, 2048);
	assert_int_equal(
		imp_body_take(&a, &pool, &(struct imp_block){ 3, true, 6 }, whole, 1 << 20),
		IMP_BODY_GAP);
	imp_body_drop(&b, &pool);
	assert_int_equal(pool.used, 0);
}

/* ---- answers remembered
 * -------------------------------------------------------------------------- */

static struct imp_answer answer_of(uint8_t code, const void *p, size_t n)
{
	struct imp_answer a = IMP_ANSWER(code);

	a.payload = imp_span(p, n);
	a.location = imp_span("0/1", 3);
	a.block1 = 14;
	return a;
}

static void remembered(void **state)
{
	struct imp_dedup d = { NULL, 0, 0, 0, 0 };
	const struct imp_answer *found;
	char text[] = "value";
	struct imp_answer a = answer_of(69, text, 5);

	(void)state;
	assert_null(imp_dedup_find(&d, 1, 0));
	imp_dedup_keep(&d, 1, &a, 1000);
	text[0] = 'X'; /* a copy was kept */
	found = imp_dedup_find(&d, 1, 1000 + 246999);
	assert_non_null(found);
	assert_int_equal(found->code, 69);
	assert_int_equal(found->block1, 14);
	assert_int_equal(found->block2, -1);
	assert_true(imp_span_eq(found->payload, imp_span_str("value")));
	assert_true(imp_span_eq(found->location, imp_span_str("0/1")));
	assert_null(imp_dedup_find(&d, 2, 1000));
	assert_null(imp_dedup_find(&d, 1, 1000 + 247000)); /* EXCHANGE_LIFETIME */
	assert_int_equal(d.n, 0);
	imp_dedup_free(&d);
}

static void the_latest_are_remembered(void **state)
{
	struct imp_dedup d = { NULL, 0, 0, 0, 0 };
	static const uint8_t big[20000];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct imp_answer a = answer_of((uint8_t)i, &i, sizeof i);

		imp_dedup_keep(&d, (uint16_t)i, &a, i);
		for (unsigned k = 0; k <= i; k++)
			if (k == i || k % 16 == 0)
				assert_int_equal(imp_dedup_find(&d, (uint16_t)k, i) != NULL,
					k + IMP_DEDUP_MAX > i);
	}
	assert_int_equal(d.n, IMP_DEDUP_MAX);
	{
		struct imp_answer a = answer_of(1, big, sizeof big);

		imp_dedup_keep(&d, 5000, &a, 1000);
		imp_dedup_keep(&d, 5001, &a, 1000);
		assert_null(imp_dedup_find(&d, 5000, 1000));
		assert_non_null(imp_dedup_find(&d, 5001, 1000));
		assert_true(d.octets <= IMP_DEDUP_OCTETS);
	}
	imp_dedup_free(&d);
}

/* ---- addresses ----------------------------------------------------------------------------------
 */

static void uris(void **state)
{
	static const struct {
		const char *text;
		bool any;
		enum imp_status st;
		bool secure, literal;
		unsigned port;
		const char *host;
	} rows[] = {
		{ "coap://127.0.0.1", false, IMP_OK, false, true, 5683, "127.0.0.1" },
		{ "coaps://127.0.0.1", false, IMP_OK, true, true, 5684, "127.0.0.1" },
		{ "COAPS://bs.example.org:15684/bs?x=1", false, IMP_OK, true, false, 15684,
			"bs.example.org" },
		{ "coaps://[::1]:5684", false, IMP_OK, true, true, 5684, "::1" },
		{ "coaps://[2001:db8::7]", false, IMP_OK, true, true, 5684, "2001:db8::7" },
		{ "coap://h:/", false, IMP_OK, false, false, 5683, "h" },
		{ "coap://h?ep=1:2", false, IMP_OK, false, false, 5683, "h" },
		{ "coap://h:65535", false, IMP_OK, false, false, 65535, "h" },
		{ "coap://h:0", true, IMP_OK, false, false, 0, "h" },
		{ "coap://h:0", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://h:65536", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://h:000080", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://h:8x", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://h:-1", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap:///x", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://:5683", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://[::1", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://[]", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://[h]", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://[127.0.0.1]", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://[::1]x", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://me@h", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://a b", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap://a%41", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap+tcp://h", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "http://h", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "coap:h", false, IMP_E_FORMAT, false, false, 0, "" },
		{ "", false, IMP_E_FORMAT, false, false, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_coap_uri uri = { .port = 1 };
		struct imp_diag diag = { 0 };

		print_message("%s\n", rows[i].text);
		assert_int_equal(imp_coap_uri(rows[i].text, rows[i].any, &uri, &diag), rows[i].st);
		if (rows[i].st != IMP_OK) {
			assert_int_equal(uri.port, 1);
			assert_true(diag.text[0] && diag.hint[0]);
			continue;
		}
		assert_int_equal(uri.secure, rows[i].secure);
		assert_int_equal(uri.literal, rows[i].literal);
		assert_int_equal(uri.port, rows[i].port);
		assert_string_equal(uri.host, rows[i].host);
	}
}

static void long_uri(void **state)
{
	char text[400] = "coap://";
	struct imp_coap_uri uri;

	(void)state;
	memset(text + 7, 'h', IMP_HOST_MAX);
	assert_int_equal(imp_coap_uri(text, false, &uri, NULL), IMP_OK);
	text[7 + IMP_HOST_MAX] = 'h';
	assert_int_equal(imp_coap_uri(text, false, &uri, NULL), IMP_E_FORMAT);
}

static void address_text(void **state)
{
	static const char *const texts[] = { "coap://127.0.0.1:15", "coap://[::1]:15" };
	static const char *const want[] = { "127.0.0.1:15", "[::1]:15" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct sockaddr_storage a;
		struct imp_coap_uri uri;
		char text[IMP_ADDRESS_TEXT];
		socklen_t n;

		assert_int_equal(imp_coap_uri(texts[i], false, &uri, NULL), IMP_OK);
		assert_int_equal(imp_coap_resolve(&uri, false, &a, &n, NULL), IMP_OK);
		imp_address_text((const struct sockaddr *)&a, n, text);
		assert_string_equal(text, want[i]);
	}
}

/* ---- suites -------------------------------------------------------------------------------------
 */

/* Suites that GnuTLS would offer with this string. */
static bool offers(const char *priority, uint16_t suite)
{
	gnutls_priority_t p;
	unsigned index, sessions = 0;
	unsigned char id[2];
	bool found = false;

	assert_int_equal(gnutls_priority_init(&p, priority, NULL), 0);
	for (unsigned i = 0; !found; i++) {
		int st = gnutls_priority_get_cipher_suite_index(p, i, &index);

		if (st == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (st < 0)
			continue;
		sessions++;
		if (gnutls_cipher_suite_info(index, id, NULL, NULL, NULL, NULL))
			found = (unsigned)(id[0] << 8 | id[1]) == suite;
	}
	gnutls_priority_deinit(p);
	return found;
}

static void suites(void **state)
{
	/* All that LwM2M names, and what common peers have. */
	static const uint16_t all[] = { 0xC0A8, 0x00AE, 0xC0AE, 0xC023, 0x00A8, 0xC0AC, 0xC02B,
		0xC037 };
	static const uint16_t mixed[] = { 0x1301, 0x4242, 0xC0A8 }, none[] = { 0x1301, 0x4242 };
	char text[IMP_PRIORITY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		assert_int_equal(imp_suites_priority(&all[i], 1, text, NULL), IMP_OK);
		for (size_t k = 0; k < sizeof all / sizeof *all; k++)
			assert_int_equal(offers(text, all[k]), i == k);
	}
	assert_int_equal(imp_suites_priority(NULL, 0, text, NULL), IMP_OK);
	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		assert_true(offers(text, all[k]));
	assert_int_equal(imp_suites_priority(mixed, 3, text, NULL), IMP_OK);
	assert_true(offers(text, 0xC0A8));
	assert_int_equal(imp_suites_priority(none, 2, text, NULL), IMP_E_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(block_option),
		cmocka_unit_test(block_cut),
		cmocka_unit_test(bodies),
		cmocka_unit_test(body_limits),
		cmocka_unit_test(remembered),
		cmocka_unit_test(the_latest_are_remembered),
		cmocka_unit_test(uris),
		cmocka_unit_test(long_uri),
		cmocka_unit_test(address_text),
		cmocka_unit_test(suites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
