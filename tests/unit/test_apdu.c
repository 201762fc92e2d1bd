/* SPDX-License-Identifier: Apache-2.0 */
/* Short commands octet by octet (ISO 7816-4), and a session that follows 61xx and 6Cxx. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/hex.h"
#include "card/session.h"

static uint8_t block[300];

static const struct {
	struct imp_apdu apdu;
	size_t data; /* octets of 5A */
	unsigned channel;
	const char *want; /* NULL: does not fit */
} rows[] = {
	{ { .ins = 0xA4, .p1 = 0x08, .p2 = 0x04 }, 0, 0, "00a40804" },
	{ { .ins = 0xB0, .p1 = 0x01, .p2 = 0x02, .le = 256 }, 0, 0, "00b0010200" },
	{ { .ins = 0xB0, .le = 1 }, 0, 3, "03b0000001" },
	{ { .ins = 0xD6 }, 2, 1, "01d60000025a5a" },
	{ { .ins = 0xA4, .le = 256 }, 2, 0, "00a40000025a5a00" },
	{ { .ins = 0xB0, .le = 255 }, 0, 4, "40b00000ff" },
	{ { .ins = 0xB0, .le = 255 }, 0, 19, "4fb00000ff" },
	{ { .cla = 0x80, .ins = 0xF2, .le = 1 }, 0, 2, "82f2000001" },
	{ { .ins = 0xB0, .le = 1 }, 0, 20, NULL },
	{ { .ins = 0xB0, .le = 257 }, 0, 0, NULL },
	{ { .ins = 0xD6 }, 256, 0, NULL },
};

static void encodings(void **state)
{
	(void)state;
	memset(block, 0x5A, sizeof block);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_apdu apdu = rows[i].apdu;
		uint8_t got[IMP_APDU_MAX];
		char text[2 * IMP_APDU_MAX + 1] = "";
		struct imp_wr wr = imp_wr(got, sizeof got), hex = imp_wr(text, sizeof text - 1);

		apdu.data = imp_span(block, rows[i].data);
		imp_apdu_put(&wr, &apdu, rows[i].channel);
		assert_int_equal(wr.st, rows[i].want ? IMP_OK : IMP_E_SPACE);
		imp_hex_put(&hex, imp_wr_span(&wr));
		if (rows[i].want)
			assert_string_equal(text, rows[i].want);
	}
}

static void longest(void **state)
{
	const struct imp_apdu apdu = { .ins = 0xA4, .data = { block, 255 }, .le = 256 };
	uint8_t got[IMP_APDU_MAX];
	struct imp_wr wr = imp_wr(got, sizeof got);

	(void)state;
	imp_apdu_put(&wr, &apdu, 0);
	assert_int_equal(wr.st, IMP_OK);
	assert_int_equal(wr.n, IMP_APDU_MAX);
}

/* ---- a card that says what it is told to ---- */

struct script {
	const char *const *line; /* command, answer, command, answer, ..., NULL */
	enum imp_status end;	 /* what a command behind the last line gets */
};

static size_t octets(const char *text, uint8_t *out, size_t cap)
{
	struct imp_wr wr = imp_wr(out, cap);

	assert_int_equal(imp_hex_get(&wr, imp_span_str(text)), IMP_OK);
	return wr.n;
}

static enum imp_status say(void *ctx, struct imp_span cmd, struct imp_wr *rsp)
{
	struct script *script = (struct script *)ctx;
	uint8_t b[300];
	size_t n;

	if (!script->line[0])
		return script->end;
	n = octets(script->line[0], b, sizeof b);
	assert_true(imp_span_eq(cmd, imp_span(b, n)));
	n = octets(script->line[1], b, sizeof b);
	imp_wr_put(rsp, imp_span(b, n));
	script->line += 2;
	return IMP_OK;
}

static const struct {
	const char *line[12];
	enum imp_status end, want;
	const char *data;
	uint16_t sw;
	unsigned apdus, tpdus;
} dialogues[] = {
	{ { "01b0000000", "aabb9000" }, IMP_E_IO, IMP_OK, "aabb", 0x9000, 1, 1 },
	{ { "01b0000000", "6102", "01c0000002", "aabb9000" }, IMP_E_IO, IMP_OK, "aabb", 0x9000, 1,
		2 },
	{ { "01b0000000", "aa6101", "01c0000001", "bb9000" }, IMP_E_IO, IMP_OK, "aabb", 0x9000, 1,
		2 },
	{ { "01b0000000", "6c02", "01b0000002", "aabb9000" }, IMP_E_IO, IMP_OK, "aabb", 0x9000, 1,
		2 },
	{ { "01b0000000", "6100", "01c0000000", "6c02", "01c0000002", "aabb9110" }, IMP_E_IO,
		IMP_OK, "aabb", 0x9110, 1, 3 },
	{ { "01b0000000", "6982" }, IMP_E_IO, IMP_OK, "", 0x6982, 1, 1 },
	{ { NULL }, IMP_E_ABSENT, IMP_E_ABSENT, "", 0, 1, 1 },
	{ { "01b0000000", "6102" }, IMP_E_ABSENT, IMP_E_ABSENT, "", 0, 1, 2 },
	{ { "01b0000000", "90" }, IMP_E_IO, IMP_E_IO, "", 0, 1, 1 },
	{ { "01b0000000", "" }, IMP_E_IO, IMP_E_IO, "", 0, 1, 1 },
};

static void following(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof dialogues / sizeof *dialogues; i++) {
		struct script script = { dialogues[i].line, dialogues[i].end };
		const struct imp_card card = { .ctx = &script, .transceive = say };
		struct imp_session session = { .card = &card, .channel = 1 };
		const struct imp_apdu apdu = { .ins = 0xB0, .le = 256 };
		uint8_t got[300], want[300];
		struct imp_wr out = imp_wr(got, sizeof got);
		struct imp_diag diag = { .status = IMP_OK };
		uint16_t sw = 1;

		assert_int_equal(
			imp_session_send(&session, &apdu, &out, &sw, &diag), dialogues[i].want);
		assert_int_equal(sw, dialogues[i].sw);
		assert_int_equal(diag.status, dialogues[i].want);
		assert_int_equal(session.apdus, dialogues[i].apdus);
		assert_int_equal(session.tpdus, dialogues[i].tpdus);
		if (dialogues[i].want == IMP_OK)
			assert_true(imp_span_eq(imp_wr_span(&out),
				imp_span(want, octets(dialogues[i].data, want, sizeof want))));
	}
}

/* A card that never comes to an end does not hold the program. */
static enum imp_status forever(void *ctx, struct imp_span cmd, struct imp_wr *rsp)
{
	(void)cmd;
	imp_wr_put(rsp, imp_span(ctx, 2));
	return IMP_OK;
}

static void endless(void **state)
{
	static uint8_t sw[][2] = { { 0x61, 0x10 }, { 0x6C, 0x10 }, { 0x9F, 0x01 } };

	(void)state;
	for (size_t i = 0; i < sizeof sw / sizeof *sw; i++) {
		const struct imp_card card = { .ctx = sw[i], .transceive = forever };
		struct imp_session session = { .card = &card };
		const struct imp_apdu apdu = { .ins = 0xB0, .le = 256 };
		uint16_t got;

		assert_int_equal(imp_session_send(&session, &apdu, NULL, &got, NULL), IMP_E_IO);
		assert_in_range(session.tpdus, 2, 64);
	}
}

/* 6Cxx to a command that asked for nothing ends it: a PIN must not be sent a second time. */
static void once(void **state)
{
	static uint8_t sw[2] = { 0x6C, 0x08 };
	static const uint8_t pin[8] = { '1', '2', '3', '4', 0xFF, 0xFF, 0xFF, 0xFF };
	const struct imp_card card = { .ctx = sw, .transceive = forever };
	struct imp_session session = { .card = &card };
	struct imp_apdu apdu = { .ins = 0x20, .p2 = 0x01, .data = { pin, sizeof pin } };
	uint16_t got;

	(void)state;
	assert_int_equal(imp_session_send(&session, &apdu, NULL, &got, NULL), IMP_OK);
	assert_int_equal(got, 0x6C08);
	assert_int_equal(session.tpdus, 1);
	apdu.data = imp_span(NULL, 0);
	assert_int_equal(imp_session_send(&session, &apdu, NULL, &got, NULL), IMP_OK);
	assert_int_equal(session.tpdus, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodings),
		cmocka_unit_test(longest),
		cmocka_unit_test(following),
		cmocka_unit_test(endless),
		cmocka_unit_test(once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
