/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Card writes that go wrong: the card gone, torn or refusing at every command.  After each, a
 * device finds the old set, the new set or nothing, and the same write repeated completes.  The
 * sweep is run once with a writer that puts the header first, and must catch it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "applet-tools/softcard.h"
#include "card/imr_adapter.h"
#include "card/writer.h"
#include "codec/ef.h"
#include "codec/tlv.h"
#include "model/set.h"

#define APDUS_MAX 1000

/* ---- a set of a given size ---- */

/* A security account whose identity is as long as is needed and whose key tells the set. */
static size_t encode(uint8_t *out, size_t filler, uint8_t mark)
{
	static uint8_t body[IMP_PAYLOAD_MAX], block[IMP_PAYLOAD_MAX];
	struct imp_wr in = imp_wr(body, sizeof body), tlv, wr = imp_wr(out, IMP_PAYLOAD_MAX);
	const struct imp_ef_object object = { .id = 0 };
	static uint8_t instance[IMP_PAYLOAD_MAX];

	memset(block, mark, sizeof block);
	imp_tlv_put(&in, IMP_TLV_RESOURCE, 0, imp_span_str("coaps://bs.example.com:5684"));
	imp_tlv_put_boolean(&in, IMP_TLV_RESOURCE, 1, true);
	imp_tlv_put_integer(&in, IMP_TLV_RESOURCE, 2, 0);
	imp_tlv_put(&in, IMP_TLV_RESOURCE, 3, imp_span(block, filler));
	imp_tlv_put(&in, IMP_TLV_RESOURCE, 5, imp_span(block, 16));
	tlv = imp_wr(instance, sizeof instance);
	imp_tlv_put(&tlv, IMP_TLV_INSTANCE, 0, imp_wr_span(&in));
	imp_ef_put_header(&wr, 1, (uint16_t)(5 + tlv.n));
	imp_ef_put_object_header(&wr, &object, tlv.n);
	imp_wr_put(&wr, imp_wr_span(&tlv));
	return wr.n;
}

static struct imp_span payload_of(uint8_t *out, size_t size, uint8_t mark)
{
	for (size_t filler = size > 100 ? size - 100 : 1; filler < size; filler++)
		if (encode(out, filler, mark) == size)
			return imp_span(out, size);
	fail();
	return imp_span(NULL, 0);
}

/* ---- the bench ---- */

static uint8_t old_octets[IMP_PAYLOAD_MAX], new_octets[IMP_PAYLOAD_MAX];
static struct imp_secret adm = { "12345678", 8 }, pin = { "1234", 4 };

struct bench {
	struct imp_softcard *soft;
	struct imp_card card;
	struct imp_writer *writer;
	struct imp_diag diag;
	unsigned asked;	 /* before_payload() */
	unsigned hidden; /* UPDATE BINARYs whose data is the payload's */
};

static void bench_end(struct bench *b)
{
	imp_softcard_free(b->soft);
	free(b->writer);
}
#define BENCH __attribute__((cleanup(bench_end))) struct bench

static enum imp_status asked(void *ctx, struct imp_diag *diag)
{
	struct bench *b = (struct bench *)ctx;

	(void)diag;
	b->asked++;
	return b->hidden ? IMP_E_INTERNAL : IMP_OK; /* too late */
}

static void look(void *ctx, const char *line)
{
	struct bench *b = (struct bench *)ctx;

	b->hidden += strncmp(line, "> 00d6", 6) == 0 && strchr(line, '[');
}

static void fresh_writer(struct bench *b, struct imp_span payload)
{
	b->asked = b->hidden = 0;
	free(b->writer);
	b->writer = (struct imp_writer *)calloc(1, sizeof *b->writer);
	assert_non_null(b->writer);
	b->writer->session.card = &b->card;
	b->writer->session.trace = look;
	b->writer->session.trace_ctx = b;
	b->writer->before_payload = asked;
	b->writer->ctx = b;
	b->writer->adm = &adm;
	b->writer->reader_options = IMR_OPT_BASIC_CHANNEL;
	b->writer->wish = (struct imp_wish){
		.payload = payload, .opensc = true, .adm = IMP_REF_ADM1, .pin = IMP_REF_PIN1
	};
}

static void bench_on(struct bench *b, struct imp_softcard *soft, struct imp_span payload)
{
	*b = (struct bench){ .soft = soft };
	assert_non_null(soft);
	imp_softcard_as_card(soft, &b->card);
	imp_softcard_count_from_zero(soft);
	fresh_writer(b, payload);
}

static void bench_begin(struct bench *b, unsigned flags, unsigned protocol, struct imp_span payload)
{
	const struct imp_softcard_config config = { .flags = flags, .protocol = protocol };
	struct imp_diag diag = { .status = IMP_OK };

	bench_on(b, imp_softcard_new(&config, &diag), payload);
}

/* Put the true header where the zeros belong: what the negative control does. */
static void header_first(struct imp_writer *writer)
{
	struct imp_plan *plan = &writer->plan;
	struct imp_span header = imp_span(writer->wish.payload.p, IMP_EF_HEADER);

	for (size_t i = 0; i < plan->n; i++)
		if (plan->step[i].kind == IMP_STEP_UPDATE && plan->step[i].offset == 0 &&
			plan->step[i].data.n == IMP_EF_HEADER)
			plan->step[i].data = header;
}

static enum imp_status write_all(struct bench *b, bool wrong)
{
	enum imp_status st = imp_writer_begin(b->writer, &b->diag);

	if (st == IMP_OK)
		st = imp_writer_plan(b->writer, &b->diag);
	if (st == IMP_OK && wrong)
		header_first(b->writer);
	if (st == IMP_OK)
		st = imp_writer_run(b->writer, &b->diag);
	return st == IMP_OK ? imp_writer_verify(b->writer, &b->diag) : st;
}

static void must(struct bench *b, enum imp_status st)
{
	if (st != IMP_OK)
		print_error("%s (%s)\n", b->diag.text, b->diag.hint);
	assert_int_equal(st, IMP_OK);
}

/* What a device finds: 'o' the old set, 'n' the new one, '-' nothing, '!' anything else. */
static char found(struct bench *b)
{
	static uint8_t octets[IMP_PAYLOAD_MAX];
	struct imp_wr out = imp_wr(octets, sizeof octets);
	struct imp_span got;

	(void)b->card.reset(b->card.ctx);
	if (imp_imr_read(&b->card, &pin, IMR_OPT_BASIC_CHANNEL, &out, NULL, NULL) != IMP_OK)
		return '-';
	got = imp_wr_span(&out);
	if (got.n <= sizeof old_octets && memcmp(got.p, old_octets, got.n) == 0)
		return 'o';
	return imp_span_eq(got, b->writer->wish.payload) ? 'n' : '!';
}

/* ---- sweeps ---- */

struct sweep {
	const struct imp_softcard *base; /* the card before the write */
	struct imp_span payload;
	enum imp_softcard_fault_do what;
	unsigned value;
	bool wrong; /* negative control */
	bool had_old;
};

/* Is anything of the new set on the card? */
static bool holds_new(const struct bench *b)
{
	static const uint8_t mark[] = { 0x22, 0x22, 0x22, 0x22 };
	struct imp_span file = { NULL, 0 };

	return imp_softcard_file(b->soft, 0x7F50, 0x6432, &file) == IMP_OK &&
	       memmem(file.p, file.n, mark, sizeof mark) != NULL;
}

/* Asked once, as soon as the payload is sent and not before; never is it on a card unasked. */
static bool asked_rightly(const struct bench *b)
{
	return b->asked == (b->hidden > 0) && (b->asked || !holds_new(b));
}

/* One write with the fault at command n.  False when the write did not get that far. */
static bool strike(const struct sweep *sweep, uint32_t n, size_t *bad)
{
	const struct imp_softcard_fault fault = { n, 0, sweep->what, sweep->value };
	enum imp_status st;
	BENCH b;
	char what;

	bench_on(&b, imp_softcard_clone(sweep->base), sweep->payload);
	assert_int_equal(imp_softcard_add_fault(b.soft, &fault), IMP_OK);
	st = write_all(&b, sweep->wrong);
	if (imp_softcard_counts(b.soft)->apdus < n)
		return false;
	imp_softcard_clear_faults(b.soft);
	imp_softcard_insert(b.soft);
	if (!asked_rightly(&b))
		++*bad;
	what = found(&b);
	if (what == '!' || (what == 'o' && !sweep->had_old) || (st == IMP_OK && what != 'n'))
		++*bad;
	if (sweep->wrong)
		return true;
	fresh_writer(&b, sweep->payload);
	must(&b, write_all(&b, false));
	assert_int_equal(found(&b), 'n');
	return true;
}

static size_t sweep_all(const struct sweep *sweep)
{
	size_t bad = 0;
	uint32_t n = 1;

	while (n < APDUS_MAX && strike(sweep, n, &bad))
		n++;
	assert_in_range(n, 10, APDUS_MAX - 1);
	return bad;
}

static struct imp_softcard *card_with_old(size_t size, unsigned protocol)
{
	BENCH b;
	struct imp_softcard *soft;

	bench_begin(&b, IMP_SOFTCARD_ADF, protocol, payload_of(old_octets, size, 0x11));
	must(&b, write_all(&b, false));
	soft = imp_softcard_clone(b.soft);
	assert_non_null(soft);
	return soft;
}

static struct imp_softcard *card_blank(unsigned flags, unsigned protocol)
{
	const struct imp_softcard_config config = { .flags = flags, .protocol = protocol };

	memset(old_octets, 0xEE, sizeof old_octets);
	return imp_softcard_new(&config, NULL);
}

static const struct {
	enum imp_softcard_fault_do what;
	unsigned value;
} faults[] = {
	{ IMP_SOFTCARD_GONE, 0 },
	{ IMP_SOFTCARD_GONE_AFTER, 0 },
	{ IMP_SOFTCARD_TORN, 1 },
	{ IMP_SOFTCARD_TORN, 3 },
	{ IMP_SOFTCARD_TORN, 100 },
	{ IMP_SOFTCARD_MUTE, 0 },
	{ IMP_SOFTCARD_SW, 0x6581 },
	{ IMP_SOFTCARD_SW, 0x6982 },
	{ IMP_SOFTCARD_SW, 0x6A84 },
	{ IMP_SOFTCARD_SW_AFTER, 0x6500 },
	{ IMP_SOFTCARD_SW, 0x6F00 },
};

static void sweep_card(struct imp_softcard *base, bool had_old)
{
	struct sweep sweep = { .base = base, .had_old = had_old };

	sweep.payload = payload_of(new_octets, 600, 0x22);
	assert_non_null(base);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		sweep.what = faults[i].what;
		sweep.value = faults[i].value;
		assert_int_equal(sweep_all(&sweep), 0);
	}
	imp_softcard_free(base);
}

static void faults_while_creating(void **state)
{
	(void)state;
	sweep_card(card_blank(IMP_SOFTCARD_ADF, 1), false);
}

static void faults_while_creating_the_application(void **state)
{
	(void)state;
	sweep_card(card_blank(0, 0), false);
}

static void faults_while_rewriting(void **state)
{
	(void)state;
	sweep_card(card_with_old(600, 1), true);
	sweep_card(card_with_old(900, 0), true);
}

/* The ledger refuses at the last moment: nothing of the set is on the card, and the card stays as
 * good as any. */
static enum imp_status refuse(void *ctx, struct imp_diag *diag)
{
	(void)ctx;
	return imp_diag(diag, IMP_E_DENIED, "not this card");
}

static void refused_before_payload(void **state)
{
	BENCH b;

	(void)state;
	bench_on(&b, card_blank(0, 1), payload_of(new_octets, 600, 0x22));
	b.writer->before_payload = refuse;
	assert_int_equal(write_all(&b, false), IMP_E_DENIED);
	assert_string_equal(b.diag.text, "not this card");
	assert_int_equal(b.hidden, 0);
	assert_false(holds_new(&b));
	assert_int_equal(found(&b), '-');
	fresh_writer(&b, imp_span(new_octets, 600));
	must(&b, write_all(&b, false));
	assert_true(asked_rightly(&b) && b.asked == 1 && holds_new(&b));
	/* Control: keys on a card of which nobody was asked. */
	b.asked = 0;
	assert_false(asked_rightly(&b));
	/* Nothing is sent, nobody is asked. */
	fresh_writer(&b, imp_span(new_octets, 600));
	must(&b, write_all(&b, false));
	assert_int_equal(b.asked, 0);
}

static void header_first_is_caught(void **state)
{
	struct imp_softcard *base = card_with_old(600, 1);
	struct sweep sweep = {
		.base = base, .what = IMP_SOFTCARD_GONE, .wrong = true, .had_old = true
	};

	(void)state;
	sweep.payload = payload_of(new_octets, 600, 0x22);
	assert_true(sweep_all(&sweep) > 0);
	imp_softcard_free(base);
}

/* ---- counts (ref card E.2, E.3) ---- */

/* +2: header of zeros and commit mark.  OpenSC's EF(TokenInfo) takes three more. */
static void counts_of_writes(void **state)
{
	static const struct {
		size_t size;
		unsigned create, rewrite, read;
	} rows[] = {
		{ 600, 17 + 2, 9 + 2, 13 },
		{ 4096, 44 + 2, 36 + 2, 26 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (unsigned protocol = 0; protocol < 2; protocol++) {
			BENCH b;

			bench_begin(&b, IMP_SOFTCARD_ADF, protocol,
				payload_of(old_octets, rows[i].size, 1));
			b.writer->wish.opensc = false;
			must(&b, write_all(&b, false));
			assert_int_equal(b.writer->write_apdus, rows[i].create);
			assert_int_equal(b.writer->write_apdus, b.writer->plan.n);
			/* T=0 adds a GET RESPONSE to each SELECT and a repetition to EF(DIR). */
			assert_in_range(b.writer->reader.apdus, 1, rows[i].read + 8U * !protocol);
			if (protocol)
				print_message("%zu octets: create %u, verify %u\n", rows[i].size,
					b.writer->write_apdus, b.writer->verify_apdus);

			fresh_writer(&b, payload_of(new_octets, rows[i].size, 2));
			b.writer->wish.opensc = false;
			must(&b, write_all(&b, false));
			assert_int_equal(b.writer->write_apdus, rows[i].rewrite);

			fresh_writer(&b, imp_span(new_octets, rows[i].size));
			must(&b, write_all(&b, false));
			/* Only EF(TokenInfo) is missing: nothing of the set is written again. */
			assert_in_range(b.writer->write_apdus, 1, 5);

			fresh_writer(&b, imp_span(new_octets, rows[i].size));
			must(&b, write_all(&b, false));
			assert_int_equal(b.writer->write_apdus, 0);
		}
	}
}

static void counts_of_reading(void **state)
{
	static const struct {
		size_t size;
		unsigned apdus;
	} rows[] = { { 600, 13 }, { 4096, 26 } };
	static uint8_t octets[IMP_PAYLOAD_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct imp_session session;
		struct imp_wr out = imp_wr(octets, sizeof octets);
		BENCH b;

		bench_begin(&b, IMP_SOFTCARD_ADF, 1, payload_of(new_octets, rows[i].size, 1));
		must(&b, write_all(&b, false));
		session = (struct imp_session){ .card = &b.card };
		must(&b, imp_session_reset(&session, &b.diag));
		must(&b, imp_uicc_channel_open(&session, &b.diag));
		must(&b, imp_card_walk(&session, NULL, false, &b.writer->map, &b.diag));
		must(&b, imp_card_payload(&session, NULL, &b.writer->map, false, &out, &b.diag));
		imp_uicc_channel_close(&session);
		assert_true(imp_span_eq(imp_wr_span(&out), imp_span(new_octets, rows[i].size)));
		assert_in_range(session.apdus, 1, rows[i].apdus);
	}
}

/* ---- habits of cards ---- */

static void odd_cards(void **state)
{
	static const unsigned flags[] = { 0, IMP_SOFTCARD_DIR | IMP_SOFTCARD_ADF, IMP_SOFTCARD_EFS,
		IMP_SOFTCARD_EFS | IMP_SOFTCARD_DIR, IMP_SOFTCARD_ADF | IMP_SOFTCARD_NO_CHANNELS,
		IMP_SOFTCARD_ADF | IMP_SOFTCARD_NO_FCP_P2_00,
		IMP_SOFTCARD_ADF | IMP_SOFTCARD_LE_MAX_128 };
	static const size_t sizes[] = { 54 + 5 + 4 + 30, 254, 255, 256, 257, 258, 259, 260, 511,
		512, 513, 515, 1023 };

	(void)state;
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
			BENCH b;

			bench_begin(
				&b, flags[i], (unsigned)k & 1, payload_of(new_octets, sizes[k], 3));
			must(&b, write_all(&b, false));
			assert_int_equal(found(&b), 'n');
		}
	}
}

static void largest_set(void **state)
{
	const struct imp_softcard_config config = { .flags = IMP_SOFTCARD_ADF };
	BENCH b;

	(void)state;
	bench_on(&b, imp_softcard_new(&config, NULL), payload_of(new_octets, 32768, 3));
	must(&b, write_all(&b, false));
	assert_int_equal(found(&b), 'n');
	fresh_writer(&b, payload_of(new_octets, 32768, 4));
	must(&b, write_all(&b, false));
	assert_int_equal(found(&b), 'n');
}

/* A shorter set leaves nothing of the longer one behind it. */
static void old_tail_is_gone(void **state)
{
	struct imp_span content;
	BENCH b;

	(void)state;
	bench_begin(&b, IMP_SOFTCARD_ADF, 1, payload_of(old_octets, 900, 0x77));
	must(&b, write_all(&b, false));
	fresh_writer(&b, payload_of(new_octets, 300, 0x22));
	must(&b, write_all(&b, false));
	assert_int_equal(imp_softcard_file(b.soft, 0x7F50, 0x6432, &content), IMP_OK);
	assert_null(memchr(content.p, 0x77, content.n));
}

static void wiped(void **state)
{
	struct imp_span content;
	BENCH b;

	(void)state;
	bench_begin(&b, IMP_SOFTCARD_ADF, 1, payload_of(new_octets, 900, 0x77));
	must(&b, write_all(&b, false));
	fresh_writer(&b, imp_span(NULL, 0));
	must(&b, imp_writer_begin(b.writer, &b.diag));
	must(&b, imp_writer_plan_wipe(b.writer, &b.diag));
	must(&b, imp_writer_run(b.writer, &b.diag));
	must(&b, imp_writer_verify_wiped(b.writer, &b.diag));
	assert_int_equal(imp_softcard_file(b.soft, 0x7F50, 0x6432, &content), IMP_OK);
	assert_null(memchr(content.p, 0x77, content.n));
}

/* ---- refusals ---- */

static void refused(struct bench *b, enum imp_status want, const char *word)
{
	assert_int_equal(write_all(b, false), want);
	assert_int_equal(b->diag.status, want);
	if (!strstr(b->diag.text, word))
		fail_msg("'%s' does not say '%s'", b->diag.text, word);
	assert_int_not_equal(found(b), '!');
}

static void too_small(void **state)
{
	BENCH b;

	(void)state;
	bench_begin(&b, IMP_SOFTCARD_EFS, 1, payload_of(new_octets, 1025, 1));
	refused(&b, IMP_E_SPACE, "6432 has 1024 octets");
	assert_int_equal(imp_softcard_tries(b.soft, 0x0A), 10);
	fresh_writer(&b, imp_span(new_octets, 1025));
	b.writer->wish.recreate = true;
	must(&b, write_all(&b, false));
	assert_int_equal(found(&b), 'n');
}

static void card_is_full(void **state)
{
	const struct imp_softcard_config config = { .flags = IMP_SOFTCARD_ADF, .memory = 2048 };
	BENCH b;

	(void)state;
	bench_on(&b, imp_softcard_new(&config, NULL), payload_of(new_octets, 4096, 1));
	refused(&b, IMP_E_REFUSED, "6A84");
}

static void no_application_allowed(void **state)
{
	BENCH b;

	(void)state;
	bench_begin(&b, IMP_SOFTCARD_NO_CREATE_DF, 1, payload_of(new_octets, 300, 1));
	refused(&b, IMP_E_REFUSED, "6A81");
	assert_non_null(strstr(b.diag.hint, "PKCS#15"));
}

static void wrong_adm(void **state)
{
	static struct imp_secret wrong = { "87654321", 8 };
	BENCH b;

	(void)state;
	bench_begin(&b, IMP_SOFTCARD_ADF, 1, payload_of(new_octets, 300, 1));
	for (unsigned left = 10; left > 3; left--) {
		fresh_writer(&b, imp_span(new_octets, 300));
		b.writer->adm = &wrong;
		refused(&b, IMP_E_REFUSED, "ADM1 is wrong");
		assert_int_equal(b.diag.sw, 0x63C0 | (left - 1));
		assert_int_equal(imp_softcard_tries(b.soft, 0x0A), left - 1);
	}
	/* The guard: not even the right one is sent now, and nothing is lost by asking. */
	fresh_writer(&b, imp_span(new_octets, 300));
	refused(&b, IMP_E_DENIED, "only 3 tries");
	assert_int_equal(imp_softcard_tries(b.soft, 0x0A), 3);
	fresh_writer(&b, imp_span(new_octets, 300));
	b.writer->force = true;
	must(&b, write_all(&b, false));
	assert_int_equal(imp_softcard_tries(b.soft, 0x0A), 10);
}

static void blocked_adm(void **state)
{
	static struct imp_secret wrong = { "87654321", 8 };
	BENCH b;

	(void)state;
	bench_begin(&b, IMP_SOFTCARD_ADF, 1, payload_of(new_octets, 300, 1));
	for (unsigned left = 10; left > 0; left--) {
		fresh_writer(&b, imp_span(new_octets, 300));
		b.writer->adm = &wrong;
		b.writer->force = true;
		assert_int_not_equal(write_all(&b, false), IMP_OK);
	}
	fresh_writer(&b, imp_span(new_octets, 300));
	b.writer->force = true;
	refused(&b, IMP_E_DENIED, "blocked");
}

static void adm_missing(void **state)
{
	BENCH b;

	(void)state;
	bench_begin(&b, IMP_SOFTCARD_ADF, 1, payload_of(new_octets, 300, 1));
	b.writer->adm = NULL;
	refused(&b, IMP_E_USAGE, "ADM1");
}

/* ---- reading with the PIN ---- */

static void pin_rule(void **state)
{
	static struct imp_secret wrong = { "9999", 4 };
	BENCH b;

	(void)state;
	bench_begin(&b, IMP_SOFTCARD_ADF, 0, payload_of(new_octets, 600, 1));
	b.writer->wish.read = IMP_CARD_READ_PIN;
	refused(&b, IMP_E_USAGE, "--read-rule pin");

	fresh_writer(&b, imp_span(new_octets, 600));
	b.writer->wish.read = IMP_CARD_READ_PIN;
	b.writer->pin = &pin;
	must(&b, write_all(&b, false));
	assert_int_equal(found(&b), 'n');

	/* Again: it is there.  Without the PIN it cannot be told. */
	fresh_writer(&b, imp_span(new_octets, 600));
	b.writer->pin = &pin;
	must(&b, write_all(&b, false));
	assert_int_equal(b.writer->write_apdus, 0);
	fresh_writer(&b, imp_span(new_octets, 600));
	assert_int_equal(write_all(&b, false), IMP_E_REFUSED);
	assert_non_null(strstr(b.diag.text, "6982"));

	/* A wrong one costs one try and no more; the last is not spent. */
	for (unsigned left = 2; left > 0; left--) {
		fresh_writer(&b, imp_span(new_octets, 600));
		b.writer->pin = &wrong;
		assert_int_equal(write_all(&b, false), IMP_E_REFUSED);
		assert_int_equal(imp_softcard_tries(b.soft, 0x01), left);
	}
	fresh_writer(&b, imp_span(new_octets, 600));
	b.writer->pin = &pin;
	assert_int_equal(write_all(&b, false), IMP_E_DENIED);
	assert_int_equal(imp_softcard_tries(b.soft, 0x01), 1);

	/* Another rule only by making the file anew. */
	fresh_writer(&b, imp_span(new_octets, 600));
	b.writer->pin = &pin;
	b.writer->force = true;
	b.writer->wish.read = IMP_CARD_READ_ALWAYS;
	assert_int_equal(write_all(&b, false), IMP_E_DENIED);
	fresh_writer(&b, imp_span(new_octets, 600));
	b.writer->wish.read = IMP_CARD_READ_ALWAYS;
	b.writer->wish.recreate = true;
	must(&b, write_all(&b, false));
}

static void rule_by_reference(void **state)
{
	BENCH b;

	(void)state;
	bench_begin(&b, IMP_SOFTCARD_ADF, 1, payload_of(new_octets, 600, 1));
	b.writer->wish.read = IMP_CARD_READ_PIN;
	b.writer->wish.arr = (struct imp_arr){ 0x6F06, 1, 2 };
	b.writer->pin = &pin;
	must(&b, write_all(&b, false));
	assert_int_equal(found(&b), 'n');
}

/* ---- another card ---- */

static void swapped_card(void **state)
{
	const struct imp_softcard_config config = { .iccid = "8988211000000000029",
		.flags = IMP_SOFTCARD_ADF };
	struct imp_softcard *second = imp_softcard_new(&config, NULL);
	BENCH b;

	(void)state;
	bench_begin(&b, IMP_SOFTCARD_ADF, 1, payload_of(new_octets, 300, 1));
	must(&b, imp_writer_begin(b.writer, &b.diag));
	must(&b, imp_writer_plan(b.writer, &b.diag));
	must(&b, imp_writer_run(b.writer, &b.diag));
	imp_softcard_as_card(second, &b.card);
	assert_int_equal(imp_writer_verify(b.writer, &b.diag), IMP_E_MISMATCH);
	assert_non_null(strstr(b.diag.text, "8988211000000000029"));
	imp_softcard_free(second);
}

/* ---- secrets in traces ---- */

static void collect(void *ctx, const char *line)
{
	char *all = (char *)ctx;

	strcat(all, line);
	strcat(all, "\n");
}

static void trace_shows_no_secret(void **state)
{
	static char all[1 << 18];
	BENCH b;

	(void)state;
	bench_begin(&b, IMP_SOFTCARD_ADF, 1, payload_of(new_octets, 600, 0x5C));
	b.writer->session.trace = collect;
	b.writer->session.trace_ctx = all;
	b.writer->pin = &pin;
	b.writer->wish.read = IMP_CARD_READ_PIN;
	must(&b, write_all(&b, false));
	assert_non_null(strstr(all, "00e00000"));		/* the dialogue is there */
	assert_null(strstr(all, "3132333435363738"));		/* ADM1 */
	assert_null(strstr(all, "31323334"));			/* PIN1 */
	assert_null(strstr(all, "5c5c5c5c"));			/* key and identity */
	assert_non_null(strstr(all, "0020000a 08 [8 octets]")); /* and says what it hides */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_of_writes),
		cmocka_unit_test(counts_of_reading),
		cmocka_unit_test(odd_cards),
		cmocka_unit_test(largest_set),
		cmocka_unit_test(old_tail_is_gone),
		cmocka_unit_test(wiped),
		cmocka_unit_test(too_small),
		cmocka_unit_test(card_is_full),
		cmocka_unit_test(no_application_allowed),
		cmocka_unit_test(wrong_adm),
		cmocka_unit_test(blocked_adm),
		cmocka_unit_test(adm_missing),
		cmocka_unit_test(pin_rule),
		cmocka_unit_test(rule_by_reference),
		cmocka_unit_test(swapped_card),
		cmocka_unit_test(trace_shows_no_secret),
		cmocka_unit_test(header_first_is_caught),
		cmocka_unit_test(refused_before_payload),
		cmocka_unit_test(faults_while_creating),
		cmocka_unit_test(faults_while_creating_the_application),
		cmocka_unit_test(faults_while_rewriting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
