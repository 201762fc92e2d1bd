/* SPDX-License-Identifier: Apache-2.0 */
/* CCID: cards read through readers of every level and packet size, and readers that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "card/imr_adapter.h"
#include "link/ccid_slot.h"
#include "tests/fake/ccid_device.h"
#include "tests/fake/ready_card.h"
#include "tests/fake/seen.h"
#include "tests/fake/vec.h"

#define TRANSFERS_MAX 900 /* that any single command may take */

static struct imp_softcard *softcard;
static struct imp_card inside;
static struct ccid_device device;
static struct imp_ccid_slot slot;
static struct imp_diag diag;
static uint8_t payload[32768], buffer[32768];

/* ---- the wire ---- */

static enum imp_status out(void *ctx, struct imp_span octets)
{
	struct ccid_device *d = (struct ccid_device *)ctx;
	struct imp_span copy = vec_copy(octets);

	ccid_device_out(d, copy);
	vec_free(copy);
	return d->unplugged ? IMP_E_ABSENT : IMP_OK;
}

/* Nothing to send is a timeout, at once. */
static enum imp_status in(void *ctx, uint8_t *to, size_t n, unsigned timeout_ms, size_t *got)
{
	struct ccid_device *d = (struct ccid_device *)ctx;
	long n_in;

	assert_true(timeout_ms > 0);
	n_in = ccid_device_in(d, to, n);
	if (n_in < 0)
		return d->unplugged ? IMP_E_ABSENT : IMP_E_IO;
	*got = (size_t)n_in;
	return IMP_OK;
}

static enum imp_status abort_request(void *ctx, uint8_t number, uint8_t sequence)
{
	struct ccid_device *d = (struct ccid_device *)ctx;

	if (d->unplugged)
		return IMP_E_ABSENT;
	return ccid_device_abort(d, number, sequence) ? IMP_OK : IMP_E_IO;
}

static enum imp_status clear(void *ctx)
{
	return ((struct ccid_device *)ctx)->unplugged ? IMP_E_ABSENT : IMP_OK;
}

/* The device as it is set, its descriptor read. */
static void attach(void)
{
	const struct imp_ccid_pipe pipe = { &device, out, in, abort_request, clear, device.packet,
		0 };
	struct imp_ccid_info info;
	uint8_t class[54];

	assert_int_equal(imp_ccid_info(&info, ccid_device_class(&device, class), "r", &diag), 0);
	imp_ccid_slot(&slot, &pipe, &info, 0);
}

static void make(unsigned protocol, size_t n)
{
	imp_softcard_free(softcard);
	softcard = ready_card(protocol, ready_payload(payload, n));
	assert_non_null(softcard);
	imp_softcard_as_card(softcard, &inside);
	ccid_device(&device, &inside);
}

static enum imp_status power(void)
{
	memset(&diag, 0, sizeof diag);
	return imp_ccid_power_on(&slot, "r", &diag);
}

static enum imp_status card_transceive(void *ctx, struct imp_span cmd, struct imp_wr *rsp)
{
	return imp_ccid_transceive((struct imp_ccid_slot *)ctx, cmd, rsp);
}

static const struct imp_card card = { .ctx = &slot, .transceive = card_transceive };

/* ---- descriptors ---- */

static void descriptors(void **state)
{
	static const struct {
		const char *why;
		size_t at, n;
		uint8_t value;
		enum imp_status st;
	} rows[] = {
		{ "as it is", 0, 54, 54, IMP_OK },
		{ "cut", 0, 53, 54, IMP_E_FORMAT },
		{ "another type", 1, 54, 0x22, IMP_E_ABSENT },
		{ "another length", 0, 54, 53, IMP_E_FORMAT },
		{ "a length of none", 0, 54, 0, IMP_E_FORMAT },
		{ "character level", 42, 54, 0, IMP_E_UNSUPPORTED },
		{ "two levels", 42, 54, 3, IMP_E_UNSUPPORTED },
		{ "TPDU level", 42, 54, 1, IMP_OK },
		{ "message of a header", 44, 54, 10, IMP_E_FORMAT },
		{ "message of an octet more", 44, 54, 11, IMP_OK },
		{ "256 slots", 4, 54, 255, IMP_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_ccid_info info;
		uint8_t class[54];
		struct imp_span copy;
		enum imp_status st;

		ccid_device(&device, NULL);
		(void)ccid_device_class(&device, class);
		class[45] = 0;
		class[44] = 100;
		class[rows[i].at] = rows[i].value;
		copy = vec_copy(imp_span(class, rows[i].n));
		st = imp_ccid_info(&info, copy, "r", &diag);
		vec_free(copy);
		if (st != rows[i].st)
			fail_msg("%s: %s", rows[i].why, imp_status_text(st));
		assert_true(st == IMP_OK || diag.text[0] == 'r');
		assert_true(st != IMP_OK || (info.slots >= 1 && info.slots <= 16));
	}
}

static bool info_bad(void *ctx, struct imp_span extra)
{
	struct imp_ccid_info info = { .slots = 1 };
	enum imp_status st = imp_ccid_info(&info, extra, "r", NULL);

	(void)ctx;
	return st == IMP_OK && (info.slots < 1 || info.slots > 16 || info.message_max <= 10);
}

static void descriptors_cut_and_flipped(void **state)
{
	uint8_t two[9 + 54] = { 9, 5 };
	struct imp_ccid_info info;

	(void)state;
	ccid_device(&device, NULL);
	(void)ccid_device_class(&device, two + 9);
	assert_int_equal(imp_ccid_info(&info, imp_span(two, sizeof two), "r", NULL), IMP_OK);
	for (size_t n = 0; n < sizeof two; n++) {
		struct imp_span copy = vec_copy(imp_span(two, n));

		assert_int_not_equal(imp_ccid_info(&info, copy, "r", NULL), IMP_OK);
		vec_free(copy);
	}
	assert_int_equal(vec_flips(imp_span(two, sizeof two), info_bad, NULL), 0);
}

/* ---- cards read ---- */

static void reads(const char *why, size_t n)
{
	static struct seen seen, plain;
	struct imp_imr_card adapter;
	struct imr_report report;
	struct imr_config config = { .card = &adapter.imr,
		.buffer = buffer,
		.size = sizeof buffer,
		.visit = seen_visit,
		.ctx = &seen };
	enum imp_status st;

	attach();
	st = power();
	if (st != IMP_OK)
		fail_msg("%s: %s", why, diag.text);
	imp_imr_adapt(&adapter, &card, NULL);
	seen_init(&seen);
	seen_init(&plain);
	assert_int_equal(imr_payload(payload, n, 0, seen_visit, &plain), IMR_OK);
	if (imr_load(&config, &report) != IMR_OK)
		fail_msg("%s: %s, SW %04X, %s", why, imr_status_text(report.card), report.card_sw,
			device.complaint ? device.complaint : "");
	assert_true(seen_equal(&seen, &plain));
	if (device.complaints)
		fail_msg("%s: %s", why, device.complaint);
	imp_ccid_power_off(&slot);
	assert_false(device.powered);
}

static const uint8_t atr_t0[] = { 0x3B, 0x9F, 0x96, 0x80, 0x1F, 0xC7, 0x80, 0x31, 0xE0, 0x73, 0xFE,
	0x21, 0x13, 0x57, 0x12, 0x29, 0x11, 0x02, 0x01, 0x00, 0x00, 0xC2 };

static void levels(void **state)
{
	static const size_t packets[] = { 8, 16, 32, 64, 512 };
	static const size_t sizes[] = { 40, 256, 600, 4096 };
	static const struct {
		uint32_t features, message_max;
	} readers[] = {
		{ CCID_APDU | CCID_AUTO, 65544 },
		{ CCID_APDU | CCID_AUTO, 271 },
		{ CCID_APDU | CCID_AUTO, 64 },
		{ CCID_APDU | CCID_AUTO, 15 },
		{ CCID_SHORT_APDU | CCID_AUTO, 271 },
		{ CCID_SHORT_APDU, 271 },
		{ CCID_TPDU | CCID_AUTO, 271 },
		{ CCID_TPDU, 271 },
	};
	unsigned done = 0;

	(void)state;
	for (size_t r = 0; r < sizeof readers / sizeof *readers; r++)
		for (size_t p = 0; p < sizeof packets / sizeof *packets; p++)
			for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
				for (unsigned zlp = 0; zlp < 2; zlp++) {
					bool tpdu = readers[r].features & CCID_TPDU;
					char why[80];

					make(tpdu ? 0 : 1, sizes[s]);
					device.features = readers[r].features;
					device.message_max = readers[r].message_max;
					device.packet = packets[p];
					device.no_zlp = zlp;
					if (tpdu)
						device.atr = imp_span(atr_t0, sizeof atr_t0);
					snprintf(why, sizeof why, "%x max %u packet %zu n %zu",
						device.features, device.message_max, device.packet,
						sizes[s]);
					reads(why, sizes[s]);
					done++;
				}
	printf("%u ways to read a card\n", done);
}

/* Answers of every length: 52, 116, 180 and 244 octets of data fill packets of 64. */
static void whole_packets(void **state)
{
	static const uint8_t select[] = { 0x00, 0xA4, 0x08, 0x0C, 0x04, 0x7F, 0x50, 0x64, 0x32 };
	uint8_t rsp[258];
	unsigned whole = 0;

	(void)state;
	for (unsigned zlp = 0; zlp < 2; zlp++) {
		struct imp_wr wr = imp_wr(rsp, sizeof rsp);

		make(1, 600);
		device.no_zlp = zlp;
		attach();
		assert_int_equal(power(), IMP_OK);
		assert_int_equal(
			imp_ccid_transceive(&slot, imp_span(select, sizeof select), &wr), IMP_OK);
		for (unsigned le = 1; le <= 256; le++) {
			uint8_t cmd[] = { 0x00, 0xB0, 0x00, 0x00, (uint8_t)le };

			wr = imp_wr(rsp, sizeof rsp);
			assert_int_equal(
				imp_ccid_transceive(&slot, imp_span(cmd, sizeof cmd), &wr), IMP_OK);
			assert_int_equal(wr.n, le + 2);
			whole += (10 + wr.n) % device.packet == 0;
		}
		assert_int_equal(device.complaints, 0);
	}
	assert_int_equal(whole, 2 * 4);
}

/* ---- power ---- */

static void voltages(void **state)
{
	(void)state;
	for (uint8_t v = 1; v <= 3; v++) {
		make(1, 40);
		device.features = CCID_SHORT_APDU;
		device.voltage = v;
		attach();
		assert_int_equal(power(), IMP_OK);
	}
	device.voltage = 9;
	assert_int_equal(power(), IMP_E_IO);
	assert_non_null(strstr(diag.text, "does not answer"));
}

static void answers_to_reset(void **state)
{
	static const struct {
		const char *why;
		const char *atr;
		size_t n;
		uint32_t level;
		enum imp_status st;
		unsigned protocol, parameters;
	} rows[] = {
		{ "T=0 by default", "\x3B\x00", 2, CCID_TPDU, IMP_OK, 0, 1 },
		{ "inverse", "\x3F\x00", 2, CCID_TPDU, IMP_OK, 0, 1 },
		{ "T=1", "\x3B\x80\x01\x81", 4, CCID_TPDU, IMP_E_UNSUPPORTED, 1, 0 },
		{ "T=1, whole APDUs", "\x3B\x80\x01\x81", 4, CCID_SHORT_APDU, IMP_OK, 1, 0 },
		{ "T=0 before T=1", "\x3B\x80\x80\x01\x01", 5, CCID_TPDU, IMP_OK, 0, 1 },
		{ "TA2 says T=1", "\x3B\x80\x90\x01\x01", 5, CCID_TPDU, IMP_E_UNSUPPORTED, 1, 0 },
		{ "TA2 says T=0", "\x3B\xF0\x96\x00\x00\x10\x00", 7, CCID_TPDU, IMP_OK, 0, 1 },
		{ "wrong beginning", "\x3A\x00", 2, CCID_SHORT_APDU, IMP_E_IO, 0, 0 },
		{ "cut", "\x3B\x80", 2, CCID_SHORT_APDU, IMP_E_IO, 0, 0 },
		{ "one octet", "\x3B", 1, CCID_SHORT_APDU, IMP_E_IO, 0, 0 },
		{ "none", "", 0, CCID_SHORT_APDU, IMP_E_IO, 0, 0 },
		{ "34 octets", "\x3B\x0F..............................::", 34, CCID_SHORT_APDU,
			IMP_E_IO, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		make(0, 40);
		device.features = rows[i].level;
		device.atr = imp_span(rows[i].atr, rows[i].n);
		attach();
		if (power() != rows[i].st || device.parameters != rows[i].parameters)
			fail_msg("%s: %s", rows[i].why, diag.text);
		assert_true(diag.status == rows[i].st);
		if (rows[i].st == IMP_OK)
			assert_int_equal(slot.protocol, rows[i].protocol);
		if (rows[i].st == IMP_E_UNSUPPORTED)
			assert_non_null(strstr(diag.text, "T=1"));
	}
}

static void presence(void **state)
{
	bool present = false;

	(void)state;
	make(1, 40);
	attach();
	assert_int_equal(imp_ccid_present(&slot, &present), IMP_OK);
	assert_true(present);
	device.present = false;
	assert_int_equal(imp_ccid_present(&slot, &present), IMP_OK);
	assert_false(present);
	assert_int_equal(power(), IMP_E_ABSENT);
	assert_non_null(strstr(diag.text, "no card"));
	device.unplugged = true;
	assert_int_equal(imp_ccid_present(&slot, &present), IMP_E_ABSENT);
	assert_int_equal(power(), IMP_E_ABSENT);
	assert_non_null(strstr(diag.text, "gone"));
}

/* ---- readers that misbehave ---- */

static const uint8_t select_iccid[] = { 0x00, 0xA4, 0x00, 0x04, 0x02, 0x2F, 0xE2, 0x00 };

/* One command that meets the fault; the answer without it is in plain. */
static enum imp_status meets(enum ccid_fault fault, unsigned value, struct imp_span plain)
{
	uint8_t octets[258];
	struct imp_wr wr = imp_wr(octets, sizeof octets);
	enum imp_status st;
	unsigned before;

	device.fault = fault;
	device.value = value;
	device.at = device.blocks + 1;
	before = device.transfers;
	st = imp_ccid_transceive(&slot, imp_span(select_iccid, sizeof select_iccid), &wr);
	device.at = 0;
	assert_true(device.transfers - before < TRANSFERS_MAX);
	if (st == IMP_OK)
		assert_true(plain.n == 0 || imp_span_eq(imp_wr_span(&wr), plain));
	else
		assert_int_equal(wr.n, 0);
	return st;
}

/* The plain answer to the command; it is made of a fresh device. */
static struct imp_span fresh(uint8_t octets[258])
{
	struct imp_wr wr = imp_wr(octets, 258);

	make(1, 600);
	attach();
	assert_int_equal(power(), IMP_OK);
	assert_int_equal(
		imp_ccid_transceive(&slot, imp_span(select_iccid, sizeof select_iccid), &wr),
		IMP_OK);
	assert_true(wr.n > 10);
	return imp_wr_span(&wr);
}

static void faults(void **state)
{
	static const struct {
		const char *why;
		enum ccid_fault fault;
		unsigned value;
		enum imp_status st;
		bool again; /* works after a reset */
	} rows[] = {
		{ "none", CCID_FINE, 0, IMP_OK, true },
		{ "wrong sequence", CCID_SEQUENCE, 0, IMP_E_IO, true },
		{ "wrong slot", CCID_SLOT, 0, IMP_E_IO, true },
		{ "a stale answer", CCID_STALE, 1, IMP_OK, true },
		{ "many stale answers", CCID_STALE, 40, IMP_E_IO, true },
		{ "more time", CCID_EXTEND, 1, IMP_OK, true },
		{ "more time again and again", CCID_EXTEND, 50, IMP_OK, true },
		{ "more time for ever", CCID_EXTEND_FOREVER, 0, IMP_E_IO, true },
		{ "no answer", CCID_MUTE, 0, IMP_E_IO, true },
		{ "no answer to anything", CCID_DEAD, 0, IMP_E_IO, false },
		{ "mute card", CCID_FAILED, 0xFE, IMP_E_IO, true },
		{ "parity", CCID_FAILED, 0xFD, IMP_E_IO, true },
		{ "octet 7 refused", CCID_FAILED, 7, IMP_E_IO, true },
		{ "card out", CCID_REMOVED, 0, IMP_E_ABSENT, false },
		{ "reader out", CCID_UNPLUGGED, 0, IMP_E_ABSENT, false },
		{ "longer than said", CCID_LONGER, 1, IMP_E_IO, true },
		{ "much longer", CCID_LONGER, 300, IMP_E_IO, true },
		{ "another type", CCID_TYPE, 0, IMP_E_IO, true },
		{ "no octet", CCID_SHORT, 0, IMP_E_IO, true },
		{ "one octet", CCID_SHORT, 1, IMP_E_IO, true },
		{ "an empty packet before", CCID_EMPTY, 1, IMP_OK, true },
		{ "empty packets", CCID_EMPTY, 30, IMP_E_IO, true },
		{ "a chain without beginning", CCID_CHAIN, 3, IMP_E_IO, true },
		{ "the end of a chain", CCID_CHAIN, 2, IMP_E_IO, true },
		{ "a reader that wants more", CCID_CHAIN, 16, IMP_E_IO, true },
		{ "an unknown chain", CCID_CHAIN, 0x7F, IMP_E_IO, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (unsigned no_abort = 0; no_abort < 2; no_abort++) {
			uint8_t octets[258];
			struct imp_span plain = fresh(octets);
			enum imp_status st;

			device.no_abort = no_abort;
			st = meets(rows[i].fault, rows[i].value, plain);
			if (st != rows[i].st)
				fail_msg("%s: %s", rows[i].why, imp_status_text(st));
			if (no_abort && device.flood)
				continue; /* nothing stops this one */
			st = power();
			if ((st == IMP_OK) != rows[i].again)
				fail_msg("%s, reset: %s", rows[i].why, diag.text);
			if (rows[i].again)
				assert_int_equal(meets(CCID_FINE, 0, plain), IMP_OK);
			if (device.complaints)
				fail_msg("%s: %s", rows[i].why, device.complaint);
		}
}

static void cuts(void **state)
{
	uint8_t octets[258];
	struct imp_span plain = fresh(octets);

	(void)state;
	for (unsigned n = 0; n < 10 + plain.n; n++) {
		assert_int_equal(meets(CCID_CUT, n, plain), IMP_E_IO);
		assert_int_equal(meets(CCID_FINE, 0, plain), IMP_OK);
	}
	/* Control: a cut behind the end is none. */
	assert_int_equal(meets(CCID_CUT, 10 + (unsigned)plain.n, plain), IMP_OK);
	assert_int_equal(device.complaints, 0);
}

/* A flipped bit of the header is refused, or changes nothing; data has no check of its own. */
static void flips(void **state)
{
	uint8_t octets[258];
	struct imp_span plain = fresh(octets);
	unsigned refused = 0;

	(void)state;
	for (unsigned bit = 0; bit < 80; bit++) {
		if (meets(CCID_FLIP, bit, plain) != IMP_OK)
			refused++;
		if (bit / 8 == 9) /* a chain, so that more is asked for */
			device.complaints = 0;
		assert_int_equal(power(), IMP_OK);
		assert_int_equal(meets(CCID_FINE, 0, plain), IMP_OK);
	}
	printf("%u of 80 header bits flipped are refused, the others mean nothing\n", refused);
	assert_true(refused >= 60 && refused < 80);
	assert_int_equal(device.complaints, 0);
}

/* A chain of answers that never ends, one that grows too long, one cut off by a fault. */
static void chains(void **state)
{
	uint8_t octets[258];
	struct imp_span plain;

	(void)state;
	for (unsigned at = 1; at <= 24; at++)
		for (unsigned fault = CCID_SEQUENCE; fault <= CCID_CHAIN; fault++) {
			unsigned before;
			struct imp_wr wr = imp_wr(octets, sizeof octets);
			enum imp_status st;

			make(1, 600);
			device.message_max = 13;
			attach();
			assert_int_equal(power(), IMP_OK);
			device.at = at;
			device.fault = (enum ccid_fault)fault;
			device.value = 1;
			before = device.transfers;
			st = imp_ccid_transceive(
				&slot, imp_span(select_iccid, sizeof select_iccid), &wr);
			assert_true(device.transfers - before < TRANSFERS_MAX);
			assert_true((st == IMP_OK) == (wr.n > 0));
			if (device.dead || device.unplugged || !device.present)
				continue;
			device.at = 0;
			assert_int_equal(power(), IMP_OK);
			wr.n = 0;
			assert_int_equal(imp_ccid_transceive(&slot,
						 imp_span(select_iccid, sizeof select_iccid), &wr),
				IMP_OK);
			if (device.complaints)
				fail_msg("%u at %u: %s", fault, at, device.complaint);
		}
	/* The same command in one message and in many has the same answer. */
	plain = fresh(octets);
	device.message_max = 13;
	attach();
	assert_int_equal(power(), IMP_OK);
	assert_int_equal(meets(CCID_FINE, 0, plain), IMP_OK);
}

/* Whatever goes wrong at whichever exchange: the device's reader ends, with a name for it. */
static void loads(void **state)
{
	unsigned runs = 0;

	(void)state;
	for (unsigned at = 1; at <= 16; at++)
		for (unsigned fault = CCID_SEQUENCE; fault <= CCID_CHAIN; fault++) {
			struct imp_imr_card adapter;
			struct imr_report report;
			struct imr_config config = {
				.card = &adapter.imr, .buffer = buffer, .size = sizeof buffer
			};
			enum imr_status st;

			make(1, 600);
			attach();
			assert_int_equal(power(), IMP_OK);
			device.at = at;
			device.fault = (enum ccid_fault)fault;
			device.value = 3;
			imp_imr_adapt(&adapter, &card, NULL);
			st = imr_load(&config, &report);
			assert_true(st == IMR_OK || st == IMR_E_IO || st == IMR_E_DAMAGED ||
				    st == IMR_E_REFUSED || st == IMR_E_NONE);
			if (fault == CCID_UNPLUGGED && st != IMR_OK)
				assert_int_equal(adapter.link, IMP_E_ABSENT);
			assert_true(device.transfers < 20 * TRANSFERS_MAX);
			runs++;
		}
	printf("%u loads through a reader that fails once\n", runs);
}

static void commands(void **state)
{
	static const uint8_t long_one[IMP_APDU_MAX + 1] = { 0x00, 0xD6 };
	uint8_t octets[258];
	struct imp_wr wr = imp_wr(octets, sizeof octets), small = imp_wr(octets, 5);

	(void)state;
	(void)fresh(octets);
	for (size_t n = 0; n < 4; n++)
		assert_int_equal(imp_ccid_transceive(&slot, imp_span(long_one, n), &wr), IMP_E_IO);
	assert_int_equal(
		imp_ccid_transceive(&slot, imp_span(long_one, sizeof long_one), &wr), IMP_E_IO);
	assert_int_equal(
		imp_ccid_transceive(&slot, imp_span(select_iccid, sizeof select_iccid), &small),
		IMP_E_SPACE);
	assert_int_equal(small.n, 0);
	assert_int_equal(wr.n, 0);
}

static int end(void **state)
{
	(void)state;
	imp_softcard_free(softcard);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors),
		cmocka_unit_test(descriptors_cut_and_flipped),
		cmocka_unit_test(levels),
		cmocka_unit_test(whole_packets),
		cmocka_unit_test(voltages),
		cmocka_unit_test(answers_to_reset),
		cmocka_unit_test(presence),
		cmocka_unit_test(faults),
		cmocka_unit_test(cuts),
		cmocka_unit_test(flips),
		cmocka_unit_test(chains),
		cmocka_unit_test(loads),
		cmocka_unit_test(commands),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
